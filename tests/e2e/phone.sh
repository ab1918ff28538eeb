#!/usr/bin/env bash
# phone.sh: thimble --terminal: both sessions of the description that it follows, word by word, and what may go wrong in between.
. "$(dirname "$0")/lib.sh"

passcode='correct horse battery'
start_server --auth passcode --control "$tmp/control"
operator() { "$THIMBLECTL" --socket "$tmp/control" "$@"; }
for user in ali bianca carol; do
  operator user add $user --passcode <<<"$passcode" >/dev/null || give_up 'there are no accounts'
done

phone() { # NAME USER@DEVICE: what each keeps is his own
  chat_in_terminal "$1" "$2" --terminal --state "$tmp/state-$1" --listen 127.0.0.1:0
}
answer() { type_text "$1" "$2" && press "$1" Enter; } # NAME TEXT
log_in() {                                            # NAME USER
  see_last "$1" 'Login:' && answer "$1" "$2" && see_last "$1" 'Enter passcode on keypad.' &&
    answer "$1" "$passcode" && see_last "$1" 'Enter destination user ID:'
}
rows_are() { is "$(screen "$1" | sed 's/ *$//' | grep -v '^$')" "$(printf '%s\n' "${@:2}")"; } # NAME ROW...
screen_is() { until_true rows_are "$@"; }
waits_at_prompt() { see_last "$1" 'Enter destination user ID:'; }

# --- the first session: ali calls, and ends it ----------------------------------------------------

phone bianca bianca@default
phone ali ali@default
ok 'a terminal asks who logs in' see_last ali 'Login:'
answer ali bianca
ok 'which has to be whom the certificate names' see ali "The certificate of this terminal is ali's: nobody else"
ok 'and is asked for again' see_last ali 'Login:'
answer ali ali
ok 'the passcode is asked for' see_last ali 'Enter passcode on keypad.'
answer ali 'a wrong horse'
ok 'a wrong one is said to be wrong' see ali 'Refused: '
ok 'and asked for again' see_last ali 'Enter passcode on keypad.'
answer ali "$passcode"
waits_at_prompt ali
ok 'the right one logs in, and is not shown' not shows ali horse
press ali C-c
ok 'Ctrl-C at the destination leaves' see ali 'status 0'
press ali Enter # closes the window

log_in bianca bianca
phone ali ali@default
log_in ali ali
answer ali bianca
see ali 'Connection established'
answer ali 'Hello, how are you today?'
see bianca 'Hello, how are you today?'
answer bianca 'I am fine, how about you?'
see ali 'I am fine, how about you?'
answer ali 'I am well. Goodbye.'
see bianca 'I am well. Goodbye.'
press ali C-c
ok 'the first session reads as described' screen_is ali \
  'Login: ali' \
  'Enter passcode on keypad. Logged in.' \
  'Enter destination user ID: bianca' \
  'Connection established, type your messages' \
  'Hello, how are you today?' \
  'I am fine, how about you?' \
  'I am well. Goodbye.' \
  'connection ended' \
  'Enter destination user ID:'
bianca_saw=('Login: bianca'
  'Enter passcode on keypad. Logged in.'
  'Enter destination user ID:'
  'Connection received from user ali, type your messages'
  'Hello, how are you today?'
  'I am fine, how about you?'
  'I am well. Goodbye.'
  'Connection ended'
  'Enter destination user ID:')
ok 'and from the other side' screen_is bianca "${bianca_saw[@]}"

# --- the second session: bianca calls, and ends it ------------------------------------------------

phone second ali@other
log_in second ali
answer bianca ali@other
see bianca 'Connection established'
answer second 'Hello, how are you today?'
see bianca 'Hello, how are you today?'
answer bianca 'I am fine, how about you?'
see second 'I am fine, how about you?'
answer second 'I am well. Goodbye.'
see bianca 'I am well. Goodbye.'
press bianca C-c
ok 'the second session reads as described' screen_is second \
  'Login: ali' \
  'Enter passcode on keypad. Logged in.' \
  'Enter destination user ID:' \
  'Connection received from user bianca, type your messages' \
  'Hello, how are you today?' \
  'I am fine, how about you?' \
  'I am well. Goodbye.' \
  'Connection ended' \
  'Enter destination user ID:'

# --- destinations that can't be reached -----------------------------------------------------------

answer ali nobody
ok 'nobody of that name' see ali 'nobody is not logged in, or there is no such user.'
answer ali 'Is that you?'
ok 'what is no name' see ali 'That is no user ID'
ok 'the prompt is there again' waits_at_prompt ali
answer second bianca
see second 'Connection established'
answer ali bianca
ok 'who talks is busy' see ali 'bianca is busy.'
waits_at_prompt ali
type_text second 'half a sent'
press second C-c
ok 'Ctrl-C ends the talk in the middle of a line' see second 'connection ended'
ok 'of which nothing is left' waits_at_prompt second
ok 'nor has it been sent' not shows bianca 'half a sent'
press second C-c
ok 'the second Ctrl-C leaves' see second 'status 0'

# --- a talk that survives its server --------------------------------------------------------------

answer ali bianca
twice() { (($(screen ali | grep -c established) == 2)); }
until_true twice
kill -KILL "$server"
wait "$server" 2>/dev/null
ok 'that the server is gone is said' see ali '(no connection to the server: '
answer ali 'are you still there?'
ok 'and the talk goes on' see bianca 'are you still there?'
answer bianca 'I am'
ok 'both ways' see ali 'I am'
press bianca C-c
see ali 'Connection ended'
waits_at_prompt ali
answer ali bianca
ok 'a new one needs the server' see ali 'There is no connection to the server just now'

run_client ali@default --terminal </dev/null
ok 'without a terminal there is none' is $status 2
ok 'which is said' has "$(cat "$tmp/err")" '--terminal needs a terminal'
