#!/bin/bash
#
# A server on a board in QEMU: two clients of this machine and one on another board meet in it.
#
#   server_on_board.sh BUILD IMAGES WORK     BUILD has thimble, IMAGES the mps2-an385's images and its script qemu
#
# Descriptors 3, 4 and 5 are what ali, bea and cyd type; what runs must not hold them, or nobody's input would end.
# Exits with 77 (skipped) where there is no image or no emulator.
set -euo pipefail
build=$1 images=$2 work=$3
ca=$(cd "$(dirname "$0")/../../certs" && pwd)/thimble-ca
number=$((20000 + $$ % 10000))

skip() { echo "skipped: $*"; exit 77; }
[[ -e $images/thimble-server.elf && -e $images/thimble-terminal.elf ]] || skip "no images in $images"
command -v qemu-system-arm >/dev/null || skip 'no qemu-system-arm'

rm -rf "$work"
mkdir -p "$work"
cd "$work"
jobs_of_this=()
trap 'kill "${jobs_of_this[@]}" 2>/dev/null; wait 2>/dev/null' EXIT

fail() {
  echo "FAILED: $*"
  for file in *.log *.out *.err; do [[ ! -s $file ]] || { echo "--- $file"; cat "$file"; }; done
  exit 1
}

# Waits until a file has a line that fits.
await() {  # FILE PATTERN
  local i
  for ((i = 0; i < 300; i++)); do
    [[ ! -e $1 ]] || ! grep -q -e "$2" "$1" || return 0
    sleep 0.1
  done
  fail "$1 never said: $2"
}

boot() {  # NAME IMAGE BLOB NETWORK
  mkfifo "$1.pipe.in" "$1.pipe.out"
  "$images/qemu" --eeprom "$1.eeprom" ${3:+--blob "$3"} --net "$4" --uart "pipe:$1.pipe" \
    "$images/$2.elf" 2>"$1.err" 3>&- 4>&- &
  jobs_of_this+=($!)
  cat "$1.pipe.out" >"$1.log" 3>&- 4>&- &
  jobs_of_this+=($!)
}

client() {  # USER: a client of this machine; what is written to its descriptor is said
  mkfifo "$1.in"
  "$build/thimble" -h 127.0.0.1 -p $number --server-name board --cafile ca/ca.crt \
    --cert "ca/users/$1@default.crt" --state "state-$1" <"$1.in" >"$1.out" 2>"$1.err" 3>&- &
  jobs_of_this+=($!)
}

"$ca" init --dir ca >/dev/null
"$ca" user --dir ca ali >/dev/null
"$ca" user --dir ca bea >/dev/null
"$ca" board --dir ca board --as-server --server :7000 >/dev/null
"$ca" board --dir ca cyd --server 10.0.2.2:$number --server-name board >/dev/null

# Without credentials it says so and stays off the network.
boot bare thimble-server '' user
await bare.log "credentials are missing"

boot server thimble-server ca/boards/board.bin "user,hostfwd=tcp:127.0.0.1:$number-10.0.2.15:7000"
await server.log 'listening at 10.0.2.15:7000'
client ali
exec 3>ali.in
await server.log 'login ali@default at'
client bea
exec 4>bea.in
await server.log 'login bea@default at'
boot cyd thimble-terminal ca/boards/cyd@default.bin user
exec 5>cyd.pipe.in
await cyd.log 'you are in #lobby'

for i in 1 2 3 4 5; do
  echo "ali says $i" >&3
  echo "bea says $i" >&4
  printf 'cyd says %s\r' $i >&5
done
for file in ali.out bea.out cyd.log; do
  for who in ali bea cyd; do await $file "$who: $who says 5"; done
done

# Each has everything of each, once and in order.
for file in ali.out bea.out cyd.log; do
  for who in ali bea cyd; do
    said=$(grep -o "$who: $who says [0-9]" "$file" | tr -dc '0-9')
    [[ $said == 12345 ]] || fail "$file has of $who: $said"
  done
done

# A key brings up how it is.
echo >server.pipe.in
await server.log '3 sessions, 15 messages taken; stack'

# Not a word of what was said is in the log.
! grep -q ' says ' server.log || fail 'the log has what was said'
exec 3>&- 4>&-
await server.log 'logout ali@default'
await server.log 'logout bea@default'
echo 'two clients and a board have met on a board'
