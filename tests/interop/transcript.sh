#!/usr/bin/env bash
# transcript.sh openssl|gnutls PROTOCOL.md: replays the document's transcript by the document's command, against
# the server that the document's command starts.
. "$(dirname "$0")/lib.sh"
tool=$1 document=$2

# The command of the document that starts with a word, on one line.
command_of() { # WORD
  sed -n "/^    $1 /{:more;/\\\\\$/{s/.\$//;N;b more};s/\n/ /g;p}" "$document"
}

# What the document calls D/ is here; and the port is the server's.
words() { # WORD: sets `command`
  local text
  text=$(command_of "$1")
  text=${text//localhost:8443/localhost:$port}
  text=${text//-p 8443/-p $port}
  text=${text// D\// $CA/}
  read -ra command <<<"$text"
}

# A line of the transcript as a pattern: only * stands for something else.
pattern() { # LINE
  local text=${1//\\/\\\\}
  text=${text//[/\\[}
  printf '%s' "${text//\?/\\?}"
}

answers() { # LINE
  next_line tool || return 1
  [[ $heard == $(pattern "$1") ]] || is "$heard" "$1"
}

port=8443
words thimbled
ok 'the document starts the server' is "${command[*]:1}" \
  "--cafile $CA/ca.crt --cert $CA/server/localhost.crt --key $CA/server/localhost.key"
start_server
if [[ $tool == openssl ]]; then words 'openssl s_client'; else words gnutls-cli; fi
((${#command[@]} > 5)) || give_up "no command for $tool in $document"
talk tool "${command[@]}"

lines=0
while IFS= read -r line; do
  lines=$((lines + 1))
  case $line in
    '> '*) say tool "${line#> }" ;;
    '< '*) ok "$line" answers "${line#< }" || { cat "$tmp/tool.err"; exit 1; } ;;
    *) give_up "not a line of a transcript: $line" ;;
  esac
done < <(sed -n '/^```transcript$/,/^```$/{/^```/d;p}' "$document")
ok 'the transcript is there' test "$lines" -gt 20
ok 'the server saw who it was' await_log ' close .*user=ali device=default'
hang_up tool
