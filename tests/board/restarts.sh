#!/usr/bin/env bash
# restarts.sh BOARD: what is lost, repeated and told when a connection, a link, a server or a board ends at any time.
. "$(dirname "$0")/lib.sh"
store=(--store ram) # whose restart shows as a gap

# Ali hears this line of the board's once, and it is the last that he hears of it.
hears_once() { # TEXT
  await "$tmp/ali.out" "\"from\":\"board1\".*\"text\":\"$1\"" && is "$(texts_from ali board1 | grep -c "^$1\$")" 1 &&
    is "$(texts_from ali board1 | tail -n 1)" "$1"
}
strictly_rising() { # the numbers of "line N" in stdin
  sort -nuc -k 2
}

start_server
start_network board1="$1"
provision board1
boot board1
enters board1 || give_up 'the board is not in'
join_with_file ali ali@default

# --- the connection -------------------------------------------------------------------------------

look_from_here board1 && mark
hub reset board1
ok 'a connection that is reset: the UART says so' reads board1 '^.*! .*(reset|lost|closed)'
ok 'the next handshake resumes the session' await_log ' handshake .*user=board1 .*detail=resumed'
ok 'and the board is back' reads board1 '\* connected again'
type_line board1 'after the reset'
ok 'to be heard' hears_once 'after the reset'

# --- the link -------------------------------------------------------------------------------------

look_from_here board1
hub cut board1
type_line board1 'while it was cut'
say ali 'to one who is cut off'
hub restore board1
ok 'a link that was cut: what was typed meanwhile arrives' hears_once 'while it was cut'
ok 'as does what was said' reads board1 'ali: to one who is cut off'
if [[ ${model[board1]} != linux ]]; then
  look_from_here board1
  monitor board1 'set_link net off'
  type_line board1 'without a carrier'
  say ali 'to one without carrier'
  monitor board1 'set_link net on'
  ok 'a cable that was pulled out: what was typed meanwhile arrives' hears_once 'without a carrier'
  ok 'as does what was said ' reads board1 'ali: to one without carrier'
fi

# --- the server -----------------------------------------------------------------------------------

# It is killed while the board talks, and the last lines are typed when nobody is there.
look_from_here board1
for ((i = 1; i <= 60; i++)); do type_line board1 "line $i"; done
await "$tmp/ali.out" '"text":"line 20"'
end_by_force "$server"
ok 'a server that was killed: the UART says so' reads board1 '! .*(reset|lost|closed)'
type_line board1 'line 61'
type_line board1 'line 62'
restart_server
ok 'the board comes back by itself' reads board1 '\* connected again'
ok 'what the server lost is shown as a gap' reads board1 '! the server has lost .*#lobby'
ok 'the last that was typed arrives' hears_once 'line 62'
ok 'nothing is repeated, and nothing out of order' strictly_rising < <(texts_from ali board1 | grep '^line ')
await_log ' login .*user=board1'
unacknowledged() { # what the second server was told is what the first had not acknowledged: no line of it is missing
  local heard
  heard=$(texts_from ali board1 | grep '^line ' | tail -n "$(count_log ' message user=board1')")
  is "$heard" "$(for ((i = 63 - $(wc -l <<<"$heard"); i <= 62; i++)); do echo "line $i"; done)"
}
ok 'nothing that was not acknowledged is lost' unacknowledged
ok 'the board shows all that it said once' is \
  "$(texts_at board1 board1 | grep '^line ' | sort -k 2 -n | uniq -d)" ''

# --- the board ------------------------------------------------------------------------------------

say ali 'before the end'
reads board1 'ali: before the end'
until_true keeps_cursor board1 || give_up 'the board keeps nothing'
pull_plug board1
say ali 'in the dark'
look_from_here board1
boot board1
ok 'a board whose plug was pulled comes back' enters board1
ok 'it reads what was said meanwhile' reads board1 'ali: in the dark'
ok 'and nothing again' is "$(count_printed board1 'ali: before the end')" 0
type_line board1 'after the boot'
ok 'it is heard' hears_once 'after the boot'
