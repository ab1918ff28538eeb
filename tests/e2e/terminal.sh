#!/usr/bin/env bash
# terminal.sh: what a person at a terminal sees and types.
. "$(dirname "$0")/lib.sh"

start_server
chat_in_terminal asked ali@default
ok 'the first start asks for an alias' see asked 'Which name shall the others see? (Enter: ali)'
press asked C-c
ok 'where Ctrl-C leaves as well' see asked 'status 130'
chat_in_terminal ali ali@default
see ali 'Which name' || give_up "$(screen ali)"
press ali Enter
ok 'Enter keeps the user id, and enters the lobby' see ali 'you are in #lobby' || give_up "$(screen ali)"
ok 'the prompt names the room' see_last ali '#lobby>'
ok 'the commands that the server supports are shown' see ali '* commands: /join'
join bianca bianca@default

# --- a typed line is never mangled ----------------------------------------------------------------

# Types something, lets messages arrive, and looks whether the line stands whole below them.
survives() { # NAME ROW...: the rows as they must stand on the screen, 60 columns wide
  local typed rows name=$1 i
  shift
  printf -v typed %s "$@"
  type_text ali "${typed#'#lobby> '}"
  for i in 1 2 3; do
    say bianca "$name $i"
    see ali "bianca: $name $i" || return 1
  done
  rows=$(screen ali | grep -v '^ *$' | tail -n $#)
  is "$rows" "$(printf '%s\n' "$@" | sed 's/ *$//')"
}
clear_line() { press ali C-c && see_last ali '#lobby>'; }

ok 'what arrives goes above the line' survives short '#lobby> half a sentence'
ok 'Ctrl-C clears the line' clear_line
ok 'umlauts stay' survives umlauts '#lobby> Grüße an alle Müßiggänger'
clear_line
ok 'characters of two columns stay' survives wide '#lobby> 你好，世界 ok'
press ali Left Left Left Left BSpace
type_text ali 'x界y'
ok 'and are edited as others are' see_last ali '#lobby> 你好，x界y界 ok'
press ali Home
type_text ali '世'
press ali Right Delete
ok 'at the beginning too' see_last ali '#lobby> 世你，x界y界 ok'
clear_line
ok 'a line of three rows stays' survives rows \
  '#lobby> a line that is longer than the terminal is wide, so ' \
  'that it takes more than one row, and even more than two, bec' \
  'ause it goes on'
press ali Home Right Right
say bianca 'while the cursor is elsewhere'
see ali 'while the cursor is elsewhere'
type_text ali 'X'
ok 'the cursor stays where it was' see ali '#lobby> a Xline that is longer'
clear_line
ok 'a wide character that does not fit a row stays whole' survives margin \
  '#lobby> x你好你好你好你好你好你好你好你好你好你好你好你好你' '好你好'
press ali Enter
ok 'what is typed is what is sent' hear bianca '*"from":"ali"*"text":"x你好你好你好你好你好你好你好你好你好你好你好你好你好你好"*'
tm resize-window -t ali -x 40 -y 20
type_text ali 'after the window became smaller'
say bianca 'resized'
see ali 'bianca: resized'
ok 'a smaller window is no trouble' see_last ali '#lobby> after the window became smaller'
tm resize-window -t ali -x 60 -y 24
clear_line

# --- editing --------------------------------------------------------------------------------------

type_text ali 'the first'
press ali Enter
hear bianca '*"text":"the first"*'
press ali Up
ok 'Up brings the line before' see_last ali '#lobby> the first'
clear_line
type_text ali '/w'
press ali Tab
ok 'Tab completes what is common' see_last ali '#lobby> /wh'
press ali Tab
ok 'and shows what there is' see ali '/whois  /whisper'
type_text ali 'is'
press ali Tab
type_text ali 'bi'
press ali Tab
type_text ali 'psst'
ok 'commands and names' see_last ali '#lobby> /whisper bianca psst'
press ali Enter
ok 'a whisper goes to one' hear bianca '*"msgtype":"whisper"*"text":"psst"*'
ok 'and is marked as such' see ali '-> bianca (the server can read this): psst'

# --- pastes ---------------------------------------------------------------------------------------

paste() { # OPTION...: what stands on stdin
  tm load-buffer - && tm paste-buffer -t ali "$@"
}
type_text ali 'and '
printf 'a piece' | paste -p
ok 'a pasted piece is part of the line' see_last ali '#lobby> and a piece'
clear_line
printf 'p1\np2\n' | paste -p
ok 'a few pasted lines are sent' hear bianca '*"text":"p2"*'
for option in -p -r; do # with and without the marks of a paste, newlines as they are
  type_text ali 'typed'
  see_last ali '#lobby> typed'
  seq -f 'many %g' 8 | paste $option
  ok "many are asked about ($option)" see_last ali 'Send 8 lines? (y/n)'
  press ali n
  ok 'n: the line is as it was' see_last ali '#lobby> typed'
  clear_line
done
seq -f 'sure %g' 8 | paste -p
see_last ali 'Send 8 lines? (y/n)'
press ali y
ok 'y: they are sent' hear bianca '*"text":"sure 8"*'
ok 'and what was refused is not' not grep -q 'many' <<<"$(screen ali)"
type_text ali 'typed'
for option in -p -r; do # 'n' and 'y' are letters of this one
  seq -f 'any %g' 8 | paste -p
  see_last ali 'Send 8 lines? (y/n)'
  printf 'only\nmany\nthree' | paste $option
  press ali x
  ok "a paste is no answer ($option)" see_last ali 'Send 8 lines? (y/n)'
  press ali n
  ok 'and leaves nothing behind' see_last ali '#lobby> typed'
done
clear_line
printf 'one\ntwo\nthree' | paste -p
ok 'the last piece of a few lines stays to be edited' see_last ali '#lobby> three'
ok '... and the others are sent whole' hear bianca '*"text":"one"*'
clear_line

# --- attention ------------------------------------------------------------------------------------

say bianca 'hey ali, look'
see ali 'hey ali, look'
ok 'who is named sees it in bold' grep -q $'\e\[[0-9;]*1[;m].*hey ali' <<<"$(tm capture-pane -p -e -t ali)"
type_text ali '/join #ops'
press ali Enter
see_last ali '#ops>'
say bianca 'one for the lobby'
ok 'the prompt counts what is unread elsewhere' see_last ali '#ops [#lobby 1]>'
type_text ali '/join #lobby'
press ali Enter
ok 'and no longer once it is read' see_last ali '#lobby>'

chat_in_terminal carol carol@default --alias Carol --no-color
see carol 'you are in #lobby'
say bianca 'Carol?'
see carol 'Carol?'
ok 'without colours there are none' not grep -q $'\e\[[0-9;]*[1-9]' <<<"$(tm capture-pane -p -e -t carol)"
ok '--alias asks nothing' not shows carol 'Which name'
tm select-window -t ali
say bianca 'Carol, are you there?'
rings() { [[ $(tm display -p -t carol '#{window_bell_flag}') == 1 ]]; }
ok 'a bell rings for who is elsewhere' until_true rings

# --- trouble, and the end -------------------------------------------------------------------------

type_text ali 'in the middle of'
kill -KILL "$server"
wait "$server" 2>/dev/null
ok 'a lost connection is said above the line' see ali 'the connection is lost'
ok 'which stays' see_last ali '(offline) #lobby> in the middle of'
restart_server
ok 'it comes back' await_log ' login .*user=ali '
type_text ali ' something'
ok 'and one can type on' see_last ali '#lobby> in the middle of something'
press ali C-c
see_last ali '#lobby>'
press ali C-c
ok 'Ctrl-C on an empty line leaves' see ali 'status 0'
type_text carol 'quit'
press carol Enter
ok 'a bare quit leaves' see carol 'status 0'
ok 'what was typed is kept, for its owner alone' \
  is "$(stat -c %a "$XDG_STATE_HOME/thimble/ali@default.history")" 600

client_options ali@default
terminal again bash -c 'stty -g >"$1"; shift; "$@"; stty -g >"$0"' "$tmp/after" "$tmp/before" \
  "$THIMBLE" "${options[@]}" --no-color
see again 'you are in #lobby'
ok 'the alias is not asked for again' not shows again 'Which name'
press again Up
ok 'the history outlives the run' see_last again '#lobby> /join #lobby'
press again C-c
see_last again '#lobby>'

client=$(pgrep -f -- "$THIMBLE .*--no-color" | tail -n 1)
tty=$(tm display -p -t again '#{pane_tty}')
stopped() { [[ $(ps -o state= -p "$client") == T ]]; }
type_text again 'half'
see_last again '#lobby> half'
press again C-z
ok 'Ctrl-Z stops it' until_true stopped
ok 'with the terminal as others expect it' grep -q ' icanon' <<<"$(stty -a -F "$tty")"
kill -CONT "$client"
ok 'and it goes on with what was typed' see_last again '#lobby> half'
press again C-c
see_last again '#lobby>'
press again C-d
ok 'Ctrl-D leaves' see again 'status 0'
ok 'the terminal is as it was' is "$(cat "$tmp/after")" "$(cat "$tmp/before")"
