#!/usr/bin/env bash
# chat.sh BOARD: a board and a desktop tell each other 200 lines of 1 to 1,000 bytes each way, at the same time. FAULTS
# are commands to the network; lossy.sh gives some.
. "$(dirname "$0")/lib.sh"
[[ -v FAULTS ]] || FAULTS=()

readonly MESSAGES=200

start_server
start_network board1="$1"
provision board1
boot board1
ok 'an address by DHCP' reads board1 '^\* address 10\.0\.2\.15'
ok 'a full handshake, by certificates of both' await_log ' handshake .*user=board1 .*detail=full'
ok 'in the lobby' enters board1 || give_up 'the board is not in'
for fault in "${FAULTS[@]}"; do hub "$fault"; done
look_from_here board1
join_with_file ali ali@default

awk -v SEED=1 -v COUNT=$MESSAGES -f "${0%/*}/texts.awk" >"$tmp/typed"
awk -v SEED=2 -v COUNT=$MESSAGES -f "${0%/*}/texts.awk" >"$tmp/said"
echo 'that was all' | tee -a "$tmp/typed" >>"$tmp/said"
cat "$tmp/said" >&"${input[ali]}" &
said=$!
while IFS= read -r line; do type_line board1 "$line"; done <"$tmp/typed" &
typed=$!
children+=("$said" "$typed")
ended() { ! kill -0 "$1" 2>/dev/null; } # PROCESS
ok 'the board takes all that is typed' until_true ended "$typed"
ok 'the client takes all that is said' until_true ended "$said"

ok 'all that was typed arrives' await "$tmp/ali.out" '"from":"board1".*"text":"that was all"'
ok 'whole and in order' cmp <(texts_from ali board1) "$tmp/typed"
ok 'all that was said arrives' reads board1 'ali: that was all'
ok 'whole and in order, while somebody types' cmp <(texts_at board1 ali) "$tmp/said"
ok 'what was typed is shown' reads board1 'board1: that was all'
ok 'as the others see it' cmp <(texts_at board1 board1) "$tmp/typed"
ok 'in one session' is "$(count_log ' login .*user=board1')" 1
