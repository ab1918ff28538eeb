#!/usr/bin/env bash
# pair.sh BOARD BOARD: two boards talk to each other through the server.
. "$(dirname "$0")/lib.sh"

readonly MESSAGES=40

start_server
start_network board1="$1" board2="$2"
for name in board1 board2; do
  provision $name
  boot $name
done
enters board1 && enters board2 || give_up 'they are not both in'
look_from_here board1
look_from_here board2
type_line board1 'are you there?'
ok 'one hears the other' reads board2 'board1: are you there[?]'
type_line board2 '/whisper board1 I am'
ok 'whispers too' reads board1 'board2.*I am'

for seed in 1 2; do
  { awk -v SEED=$seed -v COUNT=$MESSAGES -f "${0%/*}/texts.awk" && echo 'that was all'; } >"$tmp/typed$seed"
done
look_from_here board1
look_from_here board2
while IFS= read -r line; do type_line board1 "$line"; done <"$tmp/typed1" &
while IFS= read -r line; do type_line board2 "$line"; done <"$tmp/typed2"
wait $!
ok 'each hears all of the other' reads board1 'board2: that was all'
ok 'both' reads board2 'board1: that was all'
ok 'whole and in order' cmp <(texts_at board1 board2) "$tmp/typed2"
ok 'both ways' cmp <(texts_at board2 board1) "$tmp/typed1"
