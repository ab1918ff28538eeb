#!/usr/bin/env bash
# replay.sh CUTS PROGRAM DATA: the conversation in a file through a real server.
cuts=$1 replay=$2 data=${THIMBLE_REPLAY_DATA:-$3}
[[ -r $data ]] || { echo "SKIPPED: $data is not there (THIMBLE_REPLAY_DATA names another)"; exit 77; }
. "$(dirname "$0")/lib.sh"

start_server
base=$(descriptors)
ok "replay with $cuts connections cut" "$replay" "$port" "$CA" "$data" "$cuts"
cat "$tmp/detail"
ok 'the server says so too' is "$(grep -c ' message .*room=#lobby' "$log")" "$(wc -l <"$data")"
ok 'nothing is left behind' until_true holds "$base"
ok 'no text in the log' not grep -F "$(sed -n '3s/.*\t//p' "$data")" "$log"
