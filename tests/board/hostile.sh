#!/usr/bin/env bash
# hostile.sh BOARD: whatever comes by the network, a board neither hangs nor reboots, and comes back.
# MEDDLER, of the environment, is the program of meddler.c.
. "$(dirname "$0")/lib.sh"
meddler=$MEDDLER

spoken=0
chats() { # both ways, on the connection that is or the one that comes
  spoken=$((spoken + 1))
  look_from_here board1
  type_line board1 "to ali $spoken"
  await "$tmp/ali.out" "\"from\":\"board1\".*\"text\":\"to ali $spoken\"" || { printed board1 | tail -n 5; return 1; }
  say ali "to board1 $spoken"
  reads board1 "ali: to board1 $spoken"
}
is_injected() { has_counted board1 injecting 0; }
has_booted_once() { is "$(grep -c '^thimble-terminal ' "$tmp/board1.uart")" 1; }

start_server
join_with_file ali ali@default
start_network board1="$1"

# --- a server that is none ------------------------------------------------------------------------

deeds=(noise forged late record huge cut)
talk meddler "$meddler" "$port" "${deeds[@]}"
hear meddler '{"port":*'
port=${heard//[!0-9]/}
provision board1
boot board1
for deed in "${deeds[@]}"; do
  ok "a server whose words are changed: $deed" hear meddler "{\"done\":\"$deed\"}"
  if [[ $deed == noise || $deed == forged ]]; then # who is not known to be the server is not asked all the time
    ok 'the board says why it waits' reads board1 '! the peer'
    ok 'and for what' reads board1 'trying again in .* at a key'
    look_from_here board1
    type_line board1 ''
  fi
done
ok 'the board comes back' chats
ok 'and has not rebooted' has_booted_once

# --- frames ---------------------------------------------------------------------------------------

for seed in 1 2 3; do
  hub fuzz board1 2000
  ok "2,000 frames that nobody should send, the ${seed}th time" until_true is_injected
  ok 'the board comes back' chats
done
hub flood board1 8443 2000
ok '2,000 SYNs to where nobody listens' until_true is_injected
ok 'the board comes back' chats
hub loss board1 10
hub duplicate board1 10
hub reorder board1 10
hub jitter board1 20
ok 'a network that loses, repeats and mixes' chats
ok 'the board has never rebooted' has_booted_once
