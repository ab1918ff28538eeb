#!/usr/bin/env bash
# unsent.sh: what one run of a client leaves to the next: what was typed and not acknowledged is sent, and stands there
# once; the rooms that were not left are entered again.
. "$(dirname "$0")/lib.sh"

enter() { type_text "$1" "$2" && press "$1" Enter; } # NAME LINE
# The client in a terminal: its process, below the shell that runs it.
client_in() { pgrep -P "$(tm list-panes -t "$1" -F '#{pane_pid}')" -x thimble; } # NAME
kill_client() { # NAME
  kill -KILL "$(client_in "$1")"
  see "$1" 'status 137'
}
chat_again() { # NAME
  tm kill-window -t "$1"
  chat_in_terminal "$1" ali@default --alias ali
}
texts_are() { # TEXT...: what carol reads in the lobby, by history
  local line all=''
  say carol /history
  while hear carol '{*' && [[ $heard != *'"msgtype":"end"'* ]]; do
    [[ $heard != *'"msgtype":"past"'* ]] || line=${heard##*\"text\":\"} all+="${line%%\"*} "
  done
  is "$all" "$*"
}

kill_server() { { kill -KILL "$server" && wait "$server"; } 2>/dev/null; } # what bash says of it is no news

start_server --history all
terminal quiet sleep 1000 # keeps tmux when the others are closed
join carol carol@default
chat_in_terminal ali ali@default --alias ali
see ali 'you are in #lobby' || give_up 'ali is not in'
enter ali one
ok 'at first all is well' see ali ': one'

# --- said while the server was away -----------------------------------------------------------------

kill_server
ok 'the server is gone' see ali '(offline)'
enter ali two
enter ali '/join #den'
enter ali three
ok 'what is typed waits' see ali '(offline, 2 unsent)'
kill_client ali
restart_server --history all
hear carol '*"msgtype":"joined","room":"#lobby"*'
chat_again ali
ok 'the next run says that it is sent' see ali '2 messages of the run before wait to be sent'
ok '... also in a room that it would not be in' see ali ': three'
ok '... and it stands there once' texts_are one two ''

# --- said, but the answer did not come ----------------------------------------------------------------

kill -STOP "$server"
enter ali four
ok 'it is kept at once' until_true grep -q '^four$' "$XDG_STATE_HOME/thimble/ali@default.unsent"
kill_client ali
chat_again ali
kill -CONT "$server"
ok 'it is sent again, and taken once' see ali ': four'
enter ali five
ok 'numbers go on' see ali ': five'
ok 'once and in order' texts_are one two four five ''
nothing_left() { is "$(wc -l <"$XDG_STATE_HOME/thimble/ali@default.unsent")" 1; }
ok 'nothing is left to be sent' until_true nothing_left

# --- leaving ------------------------------------------------------------------------------------------

kill_server
see ali '(offline)'
enter ali six
enter ali /quit
ok 'who leaves is told' see ali '1 message was not acknowledged by the server: sent'
restart_server --history all
hear carol '*"msgtype":"joined","room":"#lobby"*'
client_options ali@default
echo seven | "$THIMBLE" "${options[@]}" >"$tmp/out" 2>"$tmp/err"
ok 'a script is not kept from its work' is $? 0
ok '... and sends what waited first' texts_are one two four five six seven ''

# What a script was told of is its own affair.
kill_server
echo eight | "$THIMBLE" "${options[@]}" --connect-timeout 1 >"$tmp/out" 2>"$tmp/err"
ok 'a script is told what did not arrive' has "$(cat "$tmp/err")" 'was not acknowledged'
ok '... and nothing is kept of it' is "$(wc -l <"$XDG_STATE_HOME/thimble/ali@default.unsent")" 1

# --- a file that is no good ---------------------------------------------------------------------------

restart_server --history all
hear carol '*"msgtype":"joined","room":"#lobby"*'
printf 'client x\n' >"$XDG_STATE_HOME/thimble/ali@default.unsent"
echo nine | "$THIMBLE" "${options[@]}" >"$tmp/out" 2>"$tmp/err"
ok 'a damaged file is told of' has "$(cat "$tmp/err")" 'ali@default.unsent is damaged'
ok '... and does no harm' texts_are one two four five six seven nine ''

# --- a copy of former state, and a folder that can't be written -------------------------------------------

run() { # TEXT: by a script of ali's
  echo "$1" | "$THIMBLE" "${options[@]}" >"$tmp/out" 2>"$tmp/err"
}
cp -a "$XDG_STATE_HOME/thimble" "$tmp/copy"
run eleven
rm -r "$XDG_STATE_HOME/thimble" && cp -a "$tmp/copy" "$XDG_STATE_HOME/thimble"
run twelve
ok 'an older copy of the state loses nothing that is said' texts_are one two four five six seven nine eleven twelve ''
if ((EUID != 0)); then
  chmod 555 "$XDG_STATE_HOME/thimble"
  run thirteen
  run fourteen
  chmod 755 "$XDG_STATE_HOME/thimble"
  ok 'nor does one that stays as it was' texts_are one two four five six seven nine eleven twelve thirteen fourteen ''
fi

# --- rooms ----------------------------------------------------------------------------------------------

rm "$XDG_STATE_HOME/thimble/ali@default.unsent"
chat_again ali
enter ali '/join #club'
see ali 'you are in #club'
say carol '/join #club'
hear carol '*"msgtype":"joined","room":"#club"*'
enter ali /quit
see ali 'status 0'
say carol 'said meanwhile'
hear carol '*said meanwhile*'
chat_again ali
ok 'a person is in his rooms again, and is told what was said there' see ali 'carol: said meanwhile'
enter ali '/part #club'
see ali 'you left #club'
enter ali /quit
see ali 'status 0'
chat_again ali
see ali 'you are in #lobby'
enter ali '/whois ali'
see ali 'end of whois'
ok 'but not where he left' not shows ali '#club'
