#!/usr/bin/env bash
# replay.sh PROGRAM DATA: the conversation in a file through a server that is killed again and again, among clients that
# are cut off and killed. Everybody ends with the whole of it.
replay=$1 data=${THIMBLE_REPLAY_DATA:-$2}
[[ -r $data ]] || { echo "SKIPPED: $data is not there (THIMBLE_REPLAY_DATA names another)"; exit 77; }
. "$(dirname "$0")/../e2e/lib.sh"

start_server
"$replay" "$port" "$CA" "$data" 60 120 >"$tmp/replay" 2>&1 &
player=$!
children+=("$player")
killed=0
points=(before in after)
while kill -0 "$player" 2>/dev/null; do
  read -r -t "$((RANDOM % 2)).$((RANDOM % 5 + 5))" <> <(:) # 137 clients take a while to be back
  kill -KILL "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  killed=$((killed + 1))
  unset THIMBLE_CRASH
  # Every other one ends by itself, in a commit; if it does before it listens, it is started once more.
  ((killed % 2 == 0)) || export THIMBLE_CRASH="${points[RANDOM % 3]} $((RANDOM % 60 + 20)) kill"
  restart_server --log-level info
done
wait "$player"
status=$?
cat "$tmp/replay"
ok "everybody received all of it, in order, with $killed servers killed" is $status 0
ok 'there were enough of them' at_most 5 "$killed"
