#!/usr/bin/env bash
# keeping.sh: what the server keeps over a restart, and what it says when it can't.
. "$(dirname "$0")/lib.sh"

data=$tmp/data

# --- over a restart -------------------------------------------------------------------------------

own_ca
"$THIMBLE_CA" user --dir "$CA" bianca --device phone >/dev/null
start_server --denylist "$CA/denylist"
ok 'the folder is for the server alone' is "$(stat -c %a "$data")" 700
ok 'and so is the database' is "$(stat -c %a "$data/thimbled.db")" 600
join ali ali@default
join eve eve@default
say ali 'before the restart'
hear eve '*"msgtype":"message"*"n":1,*"text":"before the restart"*'
before=$heard
say ali '/topic what stays'
hear eve '*"msgtype":"topic"*"topic":"what stays"*'
# Bianca has two devices, and is on neither.
run_client bianca@default </dev/null
run_client bianca@phone </dev/null
for text in one two three; do say ali "/whisper bianca $text"; done
for text in one two three; do hear ali "*\"msgtype\":\"whisper\"*\"text\":\"$text\"*"; done
stop_server
ok 'SIGTERM: exit 0' is $? 0
restart_server
ok 'clients come back' await_log ' login .*user=eve'
say ali 'after it'
hear eve '*"text":"after it"*'
ok 'the room goes on with its numbers' has "$heard" '"n":2,'
hang_up ali
hang_up eve
run_client ali@default --json </dev/null
ok 'nobody is told of a gap' not grep -q '"msgtype":"gap"' "$tmp/out"
ok 'the topic is there' grep -q '"joined","room":"#lobby",.*"topic":"what stays"' "$tmp/out"
ok 'by who set it' has "$(echo /topic | run_client ali@default --json; cat "$tmp/out")" '"from":"ali"'
echo '/history' | run_client ali@default --json
ok 'history is as it was' grep -qF "${before/\"msgtype\":\"message\"/\"msgtype\":\"past\"}" "$tmp/out"
for device in default phone; do
  run_client "bianca@$device" --json </dev/null
  ok "$device: what was whispered meanwhile comes, in order" is \
    "$(sed -n 's/.*"whisper".*"text":"\(.*\)"}/\1/p' "$tmp/out" | tr '\n' ' ')" 'one two three '
  run_client "bianca@$device" --json </dev/null
  ok '... once' is "$(grep -c '"whisper"' "$tmp/out")" 0
done

# docs/SECURITY.md says so.
ok 'whispers lie readable in the database' grep -aq 'three' "$data/thimbled.db" "$data/thimbled.db-wal"
ok 'keys do not' not grep -aq 'PRIVATE KEY' "$data/thimbled.db" "$data/thimbled.db-wal"

# --- a kill, at once ------------------------------------------------------------------------------

join ali ali@default
say ali '/topic written at last'
say ali 'acknowledged'
hear ali '*"text":"acknowledged"*'
sleep 1.5 # a topic is written within a second
kill -KILL "$server"
wait "$server" 2>/dev/null
restart_server
hang_up ali
echo '/history 1' | run_client bianca@default --json
ok 'SIGKILL: what was acknowledged is there' grep -q '"past".*"text":"acknowledged"' "$tmp/out"
ok 'and the topic' grep -q '"joined","room":"#lobby",.*"topic":"written at last"' "$tmp/out"

# --- what can't be opened -------------------------------------------------------------------------

server_refuses() { # WORDS OPTION...
  timeout "$PATIENCE" "$THIMBLED" --log-level error --listen 127.0.0.1:0 --cafile "$CA/ca.crt" \
    --cert "$CA/server/localhost.crt" --key "$CA/server/localhost.key" "${@:2}" </dev/null \
    >"$tmp/out" 2>"$tmp/err"
  is $? 5 && is "$(wc -l <"$tmp/err")" 1 && has "$(cat "$tmp/err")" "$1"
}
ok 'a second server on the same data' server_refuses 'another program has the database open: end it' \
  --data "$data"
stop_server
echo 'no database, whatever its name says, but long enough to be looked at closely' >"$tmp/text"
mkdir "$tmp/bad" && for i in {1..99}; do cat "$tmp/text"; done >"$tmp/bad/thimbled.db"
ok 'a file of another kind' server_refuses 'not a database' --data "$tmp/bad"
ok 'a file in place of the folder' server_refuses "$tmp/text: Not a directory (--data DIR" --data "$tmp/text"
ok 'a folder in one that is not there' server_refuses 'does not exist (--data DIR' --data "$tmp/typo/data"
ok '... which is not made' not test -e "$tmp/typo"
ok 'a folder that nobody can make' server_refuses '(--data DIR names another one)' --data /proc/none
if command -v python3 >/dev/null; then
  cp -r "$data" "$tmp/newer" # user_version is four bytes at 60 of the file
  printf '\0\0\xff\0' | dd of="$tmp/newer/thimbled.db" bs=1 seek=60 conv=notrunc status=none
  ok 'a database of a newer version' server_refuses 'made by a newer thimble' --data "$tmp/newer"
fi

# --- a full disk ----------------------------------------------------------------------------------

# A limit on the size of files stands for it: it can be set and lifted from outside, and needs no other disk.
if command -v prlimit >/dev/null; then
  data=$tmp/small store=(--data "$tmp/small")
  restart_server
  client_options ali@default
  mkfifo "$tmp/typed"
  "$THIMBLE" "${options[@]}" <"$tmp/typed" >"$tmp/screen" 2>&1 &
  children+=($!)
  exec {typed}>"$tmp/typed"
  join eve eve@default
  echo 'there is room' >&$typed
  hear eve '*"text":"there is room"*'
  mark
  prlimit --pid "$server" --fsize=4096:unlimited
  echo 'there is none' >&$typed
  echo 'nor now' >&$typed
  ok 'a full disk is logged' await_log ' ERROR store-trouble detail="the disk is full: make room'
  ok 'the sender sees why' await "$tmp/screen" 'what you say waits, it can.t be stored now: the disk is full'
  sleep 1.5
  ok '... once' is "$(grep -c 'stored now' "$tmp/screen")" 1
  ok 'the log is no flood' at_most "$(count_log store)" 3
  prlimit --pid "$server" --fsize=unlimited:unlimited
  ok 'there is room again: it goes on by itself' hear eve '*"text":"there is none"*'
  ok 'in order' hear eve '*"text":"nor now"*'
  ok 'the sender sees that' await "$tmp/screen" 'the server stores again'
  ok 'which is logged' await_log ' INFO store-well'
fi

# --- who was away -----------------------------------------------------------------------------------

# Dora reads the room, and what was said while she was away when she comes back: once.
start_server --data "$tmp/away"
echo 'dora is here' | run_client dora@default
echo 'while dora was away' | run_client carol@default
run_client dora@default -C 1 -W 1 </dev/null
ok 'a room goes on where a device left it' has "$(cat "$tmp/out")" 'carol: while dora was away'
ok 'and what it had shown is not shown again' not grep -q 'dora is here' "$tmp/out"
ok 'what has waited is not what is waited for' is $status 27
run_client dora@default </dev/null
ok 'nor is it shown again' is "$(cat "$tmp/out")" ''
stop_server

# --- the usual place ------------------------------------------------------------------------------

export XDG_STATE_HOME=$tmp/far/away
store=()
start_server
ok 'the usual folder is made with those above it' test -s "$tmp/far/away/thimble/thimbled.db"
stop_server
