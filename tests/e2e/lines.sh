#!/usr/bin/env bash
# lines.sh: thimble without a terminal: each line of stdin is sent, each message is a line of stdout.
. "$(dirname "$0")/lib.sh"

texts() { sed 's/^\[[0-9][0-9]:[0-9][0-9]\] //' "$1"; } # without the time

# Starts a listener that prints text into a file and ends after so many messages, and remembers nothing from before.
listen_for() { # COUNT
  local state=$tmp/listener$((listeners += 1))
  client_options bianca@default
  mark
  "$THIMBLE" "${options[@]}" --state "$state" -C "$1" -W "$PATIENCE" </dev/null >"$tmp/heard" 2>"$tmp/heard.err" &
  listener=$!
  children+=("$listener")
  await_log ' login .*user=bianca' || give_up 'bianca is not let in'
  until_true grep -q '"lobby"\|bianca' "$log"
}

listeners=0

hears() { # TEXT: what the listener printed until its end
  wait "$listener" || { echo "the listener ended with $?"; cat "$tmp/heard" "$tmp/heard.err"; return 1; }
  is "$(texts "$tmp/heard")" "$1"
}

start_server

# --- what is sent ---------------------------------------------------------------------------------

listen_for 5
printf 'one\n//two\r\n\nquit\n /w bianca no\nlast' | run_client ali@default
ok 'sent: exit 0' is $status 0
ok 'lines arrive as they are; // stands for /; an empty one is none; the last needs no newline' \
  hears 'ali: one
ali: /two
ali: quit
ali:  /w bianca no
ali: last'

listen_for 2
printf 'a\n/nope\n\xff\nb\n' | run_client ali@default
ok 'a line that is not sent: exit 10' is $status 10
ok 'and the error names line, word and escape' \
  grep -q '^thimble: line 2: .*/nope.*unknown command.*//' "$tmp/err"
ok 'bytes that are no UTF-8 are an error' grep -q '^thimble: line 3: .*UTF-8' "$tmp/err"
ok 'the others are sent' hears 'ali: a
ali: b'

long=$(head -c 5000 /dev/zero | tr '\0' x)
listen_for 1
echo "$long" | run_client ali@default
ok 'a long line: exit 0' is $status 0
ok 'a long line arrives whole' hears "ali: $long"

join watcher carol@default
echo "$long" | run_client ali@default
parts=$(for n in 1 2 3 4 5; do next_line watcher; [[ $heard == *presence* ]] && next_line watcher; echo "$heard"; done)
ok 'in parts on the wire' is "$(grep -oE '"part":[0-9]+,"parts":[0-9]+' <<<"$parts" | tr '\n' ' ')" \
  '"part":1,"parts":5 "part":2,"parts":5 "part":3,"parts":5 "part":4,"parts":5 "part":5,"parts":5 '
hang_up watcher

{ head -c 300000 /dev/zero | tr '\0' y; echo; echo after; } >"$tmp/huge"
listen_for 1
run_client ali@default <"$tmp/huge"
ok 'a line too long for any message: exit 10' is $status 10
ok 'named by its number' grep -q '^thimble: line 1: .*more parts' "$tmp/err"
ok 'and nothing else is lost for it' hears 'ali: after'

seq 1 3000 >"$tmp/many"
listen_for 3000
run_client ali@default <"$tmp/many"
ok '3,000 lines at once: exit 0' is $status 0
ok 'all arrive, in order' hears "$(sed 's/^/ali: /' "$tmp/many")"

listen_for 1
printf 'first\nsecond\n' | run_client ali@default
ok '-C 1 prints one, however many come' hears 'ali: first'

listen_for 1
echo '/w bianca psst' | run_client ali@default
wait "$listener" # not in a subshell, whose child it is not
ok 'a whisper is printed' grep -q 'psst' "$tmp/heard"
echo '/w bianca once' | run_client ali@default
run_client bianca@default </dev/null
ok 'a whisper waits for who is away' grep -q 'once' "$tmp/out"
run_client bianca@default </dev/null
ok 'and comes once' not grep -q 'once' "$tmp/out"

echo '/w carol old' | run_client ali@default
client_options carol@default
: >"$tmp/carol"
"$THIMBLE" "${options[@]}" -C 1 -W "$PATIENCE" </dev/null >>"$tmp/carol" 2>&1 &
carol=$!
children+=("$carol")
ok 'what has waited is printed' await "$tmp/carol" 'old$'
echo '/w carol new' | run_client ali@default
wait "$carol"
ok '... and -C counts only what comes' is "$? $(grep -c 'new$' "$tmp/carol")" '0 1'

# --- what is printed ------------------------------------------------------------------------------

seq -f 'page %g' 7 | run_client ali@default --room '#past'
printf '/history 3\n/history more 3\n/history more 3\n/history more\n' | run_client ali@default --room '#past'
ok 'the past is told page by page, to its beginning' is "$(texts "$tmp/out" | sed 's/ali: page //')" \
  '-- history of #past
5
6
7
-- end of history: 3 (/history more shows what was before)
-- history of #past
2
3
4
-- end of history: 3 (/history more shows what was before)
-- history of #past
1
-- end of history: 1 (there is nothing before)
-- end of history: 0 (there is nothing before)'

echo '/list' | run_client ali@default
ok 'the answer to a command is printed before the end' has "$(cat "$tmp/out")" 'ali@default'
ok 'without a word about coming and going' not grep -q 'joined\|you are' "$tmp/out"
run_client ali@default </dev/null
ok 'nothing to say: exit 0, and no output' is "$status$(cat "$tmp/out" "$tmp/err")" 0
run_client ali@default -W 1 </dev/null
ok '-W is an end like another' is $status 0
run_client ali@default -W 1 -C 1 </dev/null
ok '-C not reached: exit 27' is $status 27
echo 'x' | run_client ali@default --json -C 1
ok '--json is the wire form' grep -q '^{"msgtype":"message","room":"#lobby","n":[0-9]*,.*"text":"x"}$' "$tmp/out"
ok '-C counts' is $status 0
echo 'x' | run_client ali@default --room '#ops' --json -C 1
ok '--room' grep -q '"msgtype":"message","room":"#ops"' "$tmp/out"

printf 'one\n/list\n/quit\nnever\n' | run_client ali@default --json
ok '/quit: all is acknowledged and answered before the end' is "$status" 0
ok '... and nothing is read behind it' is "$(grep -c '"msgtype":"end"\|"text":"one"\|never' "$tmp/out")" 2
echo '/quit' | run_client ali@default -C 1000000
ok '... even before the messages of -C' is "$status" 0
printf '/whois zzz\nx\n' | run_client ali@default
ok 'a request that is answered by an error: exit 10' is $status 10
ok '... which names it' grep -q '^thimble: nobody called zzz' "$tmp/err"

# --- trouble --------------------------------------------------------------------------------------

client_options ali@default
talk writer "$THIMBLE" "${options[@]}" --json
hear writer '*"joined","room":"#lobby"*'
say writer 'before'
hear writer '*"text":"before"*'
kill -KILL "$server"
wait "$server" 2>/dev/null
until_true grep -q 'the connection is lost' "$tmp/writer.err"
say writer 'meanwhile'
fd=${input[writer]}
exec {fd}>&-
restart_server
ok 'at the end of input it reconnects to deliver' await_log ' message user=ali .*size=9'
await_end writer
ok 'and then exits with 0' is $status 0

run_client ali@default -W 1 -C 1 -p 1 </dev/null
ok 'who never reached the server did not wait in vain for messages' is $status 4
printf 'x\n\ny' | run_client ali@default -W 1 -p 1
ok 'text that was never sent: exit 10' is $status 10
ok '... and how much' grep -q '^thimble: 2 messages were not acknowledged' "$tmp/err"
printf 'x\n' | run_client ali@default --connect-timeout 1 -p 1
ok '... whatever the end' is "$status $(grep -c '1 message was not acknowledged' "$tmp/err")" '4 1'

client_options ali@default
echo 'x' | "$THIMBLE" "${options[@]}" -C 1 >/dev/full 2>"$tmp/err"
ok 'output that goes nowhere: exit 1' is $? 1
ok 'and why' grep -q "can't write to standard output: No space left" "$tmp/err"

kill -STOP "$server"
"$THIMBLE" "${options[@]}" --state "$tmp/fresh" --connect-timeout 30 </dev/null 2>/dev/null &
stuck=$!
children+=("$stuck")
until_true test -e "$tmp/fresh/ali@default.lock"
kill -TERM "$stuck"
wait "$stuck"
ok 'SIGTERM: exit 143, connected or not' is $? 143
kill -CONT "$server"
