#!/usr/bin/env bash
# server.sh BOARD CLIENT: a server on a board, for clients of this machine, at a port that is forwarded to it, and for
# another board on the same network.
. "$(dirname "$0")/lib.sh"

readonly PEOPLE=(ali bianca carol dora)

# Whoever says something is heard by everybody, in order.
all_hear() { # WHO TEXT
  local name
  say "$1" "$2"
  for name in "${PEOPLE[@]}"; do hear "$name" "*\"from\":\"$1\"*\"text\":\"$2\"*" || return 1; done
}
chat() {
  local i name
  for ((i = 1; i <= 10; i++)); do
    for name in "${PEOPLE[@]}"; do say "$name" "$1 $i"; done
  done
  for name in "${PEOPLE[@]}"; do
    for ((i = 1; i <= 40; i++)); do hear "$name" "*\"msgtype\":\"message\"*\"text\":\"$1 *" || return 1; done
  done
}
is_injected() { has_counted board1 injecting 0; }

start_network board1="$1" board2="$2"
boot board1 thimble-server
ok 'without credentials it says so' reads board1 "! this board's credentials are missing: .*--as-server"
ok '... and sends nothing' has_counted board1 sent 0
pull_plug board1
"$THIMBLE_CA" board --dir "$CA" localhost --as-server --out "$tmp/board1.blob" >/dev/null ||
  give_up 'no credentials for the server'
boot board1 thimble-server
ok 'it listens' reads board1 '\* listening at 10\.0\.2\.15' || give_up 'the server does not start'
hub forward board1 8443
port=${answer//[!0-9]/}

for name in "${PEOPLE[@]}"; do join "$name" "$name@default"; done
ok 'four are in' all_hear ali 'who is here?'
ok 'and chat' chat first
run_client eve@default --connect-timeout 3 </dev/null
ok 'a fifth is told that it is full' grep -q 'full' "$tmp/err"
ok 'they chat on' chat second

hub flood board1 8443 2000
ok 'a flood of SYNs' until_true is_injected
ok 'they chat on' chat third
hub fuzz board1 2000
ok 'frames that nobody should send' until_true is_injected
ok 'they chat on, or again' until_true all_hear bianca 'still there?'
hang_up dora
provision board2 --server 10.0.2.15:8443
boot board2
ok 'who leaves makes room for a board' enters board2
type_line board2 'from board to board'
ok 'which is heard' hear ali '*"from":"board2"*"text":"from board to board"*'
say ali 'and back'
ok 'and hears' reads board2 'ali: and back'
type_line board2 '/quit'
ok 'it leaves' reads board2 'goodbye'
client_options dora@default
ok 'and makes room' join dora dora@default
ok 'it has never rebooted' is "$(grep -c '^\* thimble-server ' "$tmp/board1.uart")" 2

pull_plug board1
boot board1 thimble-server
ok 'after a restart all come back' hear ali '*"msgtype":"gap","room":"#lobby"*'
for name in bianca carol dora; do hear "$name" '*"msgtype":"gap","room":"#lobby"*'; done
ok 'and chat' chat fourth
