#!/usr/bin/env bash
# own_server.sh RUN: a server of one's own by one command, `run server`; stopped, it leaves nothing behind but its folder, and
# goes on with that.
. "$(dirname "$0")/lib.sh"
run=$1
THIMBLE_BUILD=$(dirname "$THIMBLED")
export THIMBLE_BUILD THIMBLE_HUB=$tmp/hub
unset port

start_hub() { # HOST [OPTION]...
  log=$tmp/hub$((servers += 1)).log marked=0
  "$run" server "$@" </dev/null >"$log" 2>&1 &
  server=$!
  children+=("$server")
  await_log ' listening ' || give_up "it does not start: $(cat "$log")"
  read -r -a pids <"$tmp/hub/pids"
  children+=("${pids[@]}")
}
gone() { ! kill -0 "${pids[@]}" 2>/dev/null; }
end_hub() { # SIGNAL: what it ends by is in `status`
  kill -"$1" "$server"
  wait "$server"
  status=$?
}
invite() { # USER: sets `token`
  token=$("$THIMBLECTL" --socket "$tmp/hub/control" invite "$1") && token=${token#thimble join } || give_up "no invitation: $token"
}
a_free_port() { # of those that nobody is given at random: from 20000
  local candidate
  for candidate in $((20000 + $$ % 10000)) $((20001 + $$ % 10000)) $((20002 + $$ % 10000)); do
    (: <>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null || { echo "$candidate"; return; }
  done
}

ok 'without a host it asks for one' has "$("$run" server 2>&1)" 'which name or address'
ok 'a port that is none' has "$("$run" server localhost --port nine 2>&1)" '--port is followed by a number'
ok 'nothing was made for that' not test -e "$tmp/hub"

port=$(a_free_port)
start_hub localhost --port "$port"
ok 'it says how to invite somebody' grep -q 'type: invite USER' "$log"
invite gina
ok 'invitations lead to it' has "$token" "THM1:localhost:$port/"
"$THIMBLE" join "$token" <<<'hello' >"$tmp/out" 2>"$tmp/err"
ok 'who is invited gets in' has "$(cat "$tmp/out")" 'gina: hello'
ok 'a second one is not started' has "$("$run" server localhost --port "$port" 2>&1)" 'running here already'
end_hub TERM
ok 'a signal ends it' is $status 143
ok '... and both processes' gone

start_hub localhost --port "$port"
"$THIMBLE" <<<'still here' >"$tmp/out" 2>"$tmp/err"
ok 'the next start goes on with what there is' is $? 0
ok '... and says nothing of names' not grep -q 'from now on' "$log"
kill -TERM "${pids[0]}" # as quit does
wait "$server"
ok 'where the server ends so does all' is $? 0
ok '... both processes' gone

start_hub 127.0.0.1 --port "$port"
ok 'another name: it is said what to do' grep -qF "start it as before: ./run server localhost --port $port" "$log"
sed -i 's/^host = .*/host = 127.0.0.1/' "$XDG_CONFIG_HOME/thimble/config"
"$THIMBLE" <<<'by another name' >"$tmp/out" 2>"$tmp/err"
ok '... which helps' is $? 0
end_hub HUP
ok 'a closed terminal ends it' is $status 129
ok '... and both processes' gone
