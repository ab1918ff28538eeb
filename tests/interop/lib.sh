# lib.sh: what the tests of this folder share: real servers, real clients, and waiting for what they do.
# Sourced by bash. ctest gives the paths: THIMBLED, THIMBLE, THIMBLE_CA, and CERTS (by make_certs.sh).

set -u
unset CDPATH
. "${BASH_SOURCE[0]%/*}/flip_bit.sh"
export LC_ALL=C # bytes, not characters
export OPENSSL_CONF=/dev/null

readonly PATIENCE=${PATIENCE:-20} # seconds that anything awaited may take
CA=$CERTS/ca

tmp=$(mktemp -d) || exit 1
: >"$tmp/detail"
exec 3>&1 # what ok() runs can still be heard
count=0 failed=0 servers=0
log='' port='' server='' heard='' marked=0
export XDG_RUNTIME_DIR=$tmp/run # where a server makes its control socket
children=()
store=(--store ram) # where a server keeps what it keeps
declare -A input output program

# --- the verdict ----------------------------------------------------------------------------------

ok() { # DESCRIPTION COMMAND...: passes if the command succeeds
  local what=$1
  shift
  count=$((count + 1))
  if "$@" >"$tmp/detail" 2>&1; then
    echo "ok $count - $what"
    return 0
  fi
  failed=$((failed + 1))
  echo "not ok $count - $what"
  sed 's/^/# /' "$tmp/detail"
  [[ ! -s $log ]] || tail -n 5 "$log" | sed 's/^/# server: /'
  return 1
}

is() { [[ $1 == "$2" ]] || { printf 'have %s\nwant %s\n' "$1" "$2"; return 1; }; }
not() { ! "$@"; }
has() { [[ $1 == *"$2"* ]] || { printf 'no %s\nin %s\n' "$2" "$1"; return 1; }; }
at_most() { (($1 <= $2)) || { echo "$1 is more than $2"; return 1; }; }

give_up() { # WHY: the test can't go on
  {
    echo "Bail out! $*"
    [[ ! -s $log ]] || tail -n 20 "$log" | sed 's/^/# server: /'
  } >&3
  exit 1
}

clean_up() {
  local code=$?
  ((code == 0 || code == 77 || failed > 0)) || sed 's/^/# /' "$tmp/detail"
  ((${#children[@]} == 0)) || kill -KILL "${children[@]}" 2>/dev/null
  wait 2>/dev/null
  rm -rf "$tmp"
  ((code == 77)) && exit 77 # skipped
  ((code != 0 || failed > 0)) && exit 1
  echo "1..$count"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
trap : PIPE # who talks to a program that has ended is told by an error

# --- waiting ----------------------------------------------------------------------------------------

# Waits until a file holds a line that matches, reading on as it grows. (Where the file system announces nothing,
# tail looks every 20 ms.)
await() { # FILE EXTENDED-REGEX [FIRST-LINE]
  local fd reader result
  until [[ -e $1 ]]; do read -r -t 0.02 <> <(:); done # its writer may not have begun
  exec {fd}< <(exec tail -n "+${3:-1}" -s 0.02 -f "$1")
  reader=$!
  timeout "$PATIENCE" grep -Eqm1 -e "$2" <&$fd
  result=$?
  kill "$reader"
  exec {fd}<&-
  ((result == 0)) || echo "waited $PATIENCE s for '$2'"
  return $result
}

mark() { marked=$(wc -l <"$log"); } # await_log and count_log look behind it
await_log() { await "$log" "$1" $((marked + 1)); }
count_log() { tail -n "+$((marked + 1))" "$log" | grep -Ec -e "$1"; }

# For what nobody announces: asks again and again.
until_true() { # COMMAND...
  local end=$((SECONDS + PATIENCE))
  until "$@"; do
    ((SECONDS < end)) || { echo "never true: $*"; return 1; }
    read -r -t 0.02 <> <(:)
  done
  return 0 # of a loop it would be the last read's
}

# --- the server -------------------------------------------------------------------------------------

# Starts a server on a free port: sets server (its process), port and log.
start_server() { # OPTION...
  log=$tmp/server$((servers += 1)).log
  : >"$log"
  "$THIMBLED" --listen 127.0.0.1:0 --cafile "$CA/ca.crt" --cert "$CA/server/localhost.crt" \
    --key "$CA/server/localhost.key" "${store[@]}" "$@" </dev/null 2>>"$log" &
  server=$!
  children+=("$server")
  marked=0
  await_log ' listening ' || give_up 'the server does not start'
  port=$(sed -n 's/.* listening address=.*:\([0-9]*\)$/\1/p' "$log")
}

stop_server() {
  kill -TERM "$server"
  wait "$server"
}

reload() { # the server takes new certificates and a new deny-list
  local line=$(($(wc -l <"$log") + 1))
  kill -HUP "$server"
  await "$log" ' reload' $line
}

descriptors() { local all=(/proc/"$server"/fd/*) && echo ${#all[@]}; }
resident_kb() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$server/status"; }
holds() { [[ $(descriptors) == "$1" ]]; } # so many descriptors

# --- clients ----------------------------------------------------------------------------------------

# What OpenSSL's programs must offer, and who they are: sets `credentials`.
modern=(-tls1_2 -alpn thimble/1)
credentials_of() { # users/WHO or server/HOST
  credentials=(-cert "$CA/$1.crt" -key "$CA/$1.key")
}

# Starts a program to talk with, through say and hear; its stderr is NAME.err.
talk() { # NAME COMMAND...
  local name=$1 fd
  shift
  mkfifo "$tmp/$name.in" "$tmp/$name.out"
  "$@" <"$tmp/$name.in" >"$tmp/$name.out" 2>"$tmp/$name.err" &
  program[$name]=$!
  children+=("$!")
  exec {fd}>"$tmp/$name.in"
  input[$name]=$fd
  exec {fd}<"$tmp/$name.out"
  output[$name]=$fd
}

say() { # NAME LINE
  printf '%s\n' "$2" >&"${input[$1]}"
}

# The next line that is one of the protocol's goes to `heard`: what a tool says of itself is skipped.
next_line() { # NAME
  heard=''
  until [[ $heard == '{'* ]]; do
    IFS= read -r -t "$PATIENCE" heard <&"${output[$1]}" || { echo "$1 hears nothing"; return 1; }
  done
}

hear() { # NAME PATTERN: waits for a line that matches
  until next_line "$1" && [[ $heard == $2 ]]; do
    [[ -n $heard ]] || { echo "$1 waits for $2"; return 1; }
  done
}

hang_up() { # NAME
  local fd=${input[$1]}
  exec {fd}>&-
  fd=${output[$1]}
  exec {fd}<&-
  kill "${program[$1]}" 2>/dev/null
  wait "${program[$1]}" 2>/dev/null
  rm -f "$tmp/$1.in" "$tmp/$1.out"
}

# --- thimble-signd --------------------------------------------------------------------------------

# Starts it: `signd` is its command line, an array; `signd_log` is what it says.
signds=0
start_signd() { # [OPTION]...
  signd_log=$tmp/signd$((signds += 1)).log
  "${signd[@]}" "$@" </dev/null 2>"$signd_log" &
  signer=$!
  children+=("$signer")
  await "$signd_log" ' listening ' || give_up "thimble-signd does not start: $(cat "$signd_log")"
}

stop_signd() {
  kill -TERM "$signer"
  wait "$signer"
}
