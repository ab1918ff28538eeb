#!/usr/bin/env bash
# devices.sh: a device is in one place at a time, and no two clients ever fight for it.
. "$(dirname "$0")/lib.sh"

start_server
logins() { count_log " login .*user=ali device=$1 "; } # DEVICE

# --- another device -------------------------------------------------------------------------------

# A terminal is open while a script says something a hundred times.
chat_in_terminal ali ali@default
press ali Enter
see ali 'you are in #lobby' || give_up "$(screen ali)"
join watcher bianca@default
for ((i = 1; i <= 100; i++)); do
  echo "x $i" | run_client ali@default --device other
  ((status == 0)) || break
done
ok '100 runs under another --device: each exits with 0' is $status 0
for ((n = 1; n <= 100; n++)); do hear watcher '*"msgtype":"message"*' && [[ $heard == *"\"text\":\"x $n\""* ]] || break; done
ok 'each is heard once, in order' is $n 101
ok 'the terminal has seen the last' see ali 'ali: x 100'
ok 'the terminal was never disconnected' is "$(logins default)" 1

# --- the same state -------------------------------------------------------------------------------

echo 'x' | run_client ali@default
ok 'a second client on the same state: exit 8' is $status 8
ok 'it names the cures' grep -q -e '^thimble: another thimble .* ali@default: .*--device .*--state' "$tmp/err"
ok 'and did not go near the server' is "$(logins default)" 1

# --- the same device ------------------------------------------------------------------------------

join second ali@default --state "$tmp/elsewhere"
ok 'the first says why it leaves' see ali 'another session of the same device took over'
ok 'and how to avoid it' see ali '--device'
ok 'once' is "$(screen ali | grep -c 'another session')" 1
ok 'with exit 7' see ali 'status 7'
say second 'still here'
ok 'the second goes on' hear second '*"text":"still here"*'
# Longer than the longest first wait before a reconnect would be.
read -r -t 2 <> <(:)
ok 'one takeover, then quiet' is "$(logins default)" 2

talk third "$THIMBLE" "${options[@]}" --json --state "$tmp/third"
hear third '*"joined","room":"#lobby"*'
await_end second
ok 'without a terminal: exit 7' is $status 7
ok 'and one line says why' grep -q '^thimble: another session of the same device took over.*: .*--device' "$tmp/second.err"
