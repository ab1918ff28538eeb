#!/usr/bin/env bash
# bot.sh BOARD: a board without a terminal obeys those who may command it, and keeps its state where all can see it.
. "$(dirname "$0")/lib.sh"

# What a client is told of a command of its own.
commands() { # NAME COMMAND PATTERN
  say "$1" "/cmd board1 $2"
  hear "$1" "*\"msgtype\":\"result\",*$3*"
}

start_server
start_network board1="$1"
provision board1 --allow 'ali *' --allow 'bianca uptime temp'
join ali ali@default
boot board1 thimble-bot
hear ali '*"msgtype":"presence"*"userid":"board1"*"joined"*' || give_up 'the bot does not come'

ok 'its state is told in the room' hear ali '*"msgtype":"state"*"from":"board1"*"text":"led off*'
ok 'led on' commands ali 'led on' '"status":"ok"*the led is on'
ok '... which is its new state' hear ali '*"msgtype":"state"*"from":"board1"*"text":"led on*'
join bianca bianca@default
ok 'who comes later is told the state as well' hear bianca '*"msgtype":"state"*"from":"board1"*"text":"led on*'

ok 'uptime' commands ali uptime '"status":"ok"*"text":"up *, boot 1"'
if [[ ${model[board1]} == linux ]]; then
  ok 'temp, of a board without a thermometer' commands ali temp '"status":"failed"*no thermometer'
else
  ok 'mem' commands ali mem '"status":"ok"*"text":"stack [1-9]* of [1-9]* B at worst*'
fi
[[ ${model[board1]} != lm3s6965evb ]] || ok 'temp' commands ali temp '"status":"ok"*"text":"* C"'
ok 'help' commands ali help '"status":"ok"*uptime: '
ok 'what it does not know' commands ali 'dance' '"status":"failed"*no such command'
ok 'what makes no sense' commands ali 'led blue' '"status":"failed"*say led on or led off'

ok 'who may do some may do these' commands bianca uptime '"status":"ok"*'
ok 'but no others' commands bianca 'led off' '"status":"refused"*"code":"not-allowed"*does not allow you'
join carol carol@default
ok 'who is on no list may do nothing' commands carol uptime '"status":"refused"*"code":"not-allowed"*'
ok 'the UART names who it was' reads board1 'carol@default.*not done.*not allow'
ok 'and the light is as it was' commands ali 'led' '"status":"failed"*'
type_line board1 'nobody reads this'
ok 'what is typed at its UART does no harm' commands ali uptime '"status":"ok"*'

pull_plug board1
boot board1 thimble-bot
ok 'after a restart it comes back' hear ali '*"msgtype":"state"*"from":"board1"*"text":"led off*'
ok 'and has counted' commands ali uptime '"status":"ok"*, boot 2"'
