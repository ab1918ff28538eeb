#!/usr/bin/env bash
# direct.sh: direct sessions as people have them at terminals, and scripts.
. "$(dirname "$0")/lib.sh"

start_server
person() { # NAME USER@DEVICE [OPTION]...: with a state of his own
  chat_in_terminal "$1" "$2" --alias "${2%@*}" --state "$tmp/state-$1" --listen 127.0.0.1:0 "${@:3}"
  see_last "$1" '#lobby>' || give_up "$(screen "$1")"
}
enter() { type_text "$1" "$2" && press "$1" Enter; } # NAME TEXT
shows_times() { (($(screen "$1" | grep -Fce "$2") == $3)); } # NAME TEXT TIMES

person ali ali@default
person bianca bianca@default
person carol carol@default

# --- called, answered, ended ----------------------------------------------------------------------

enter ali '/call bianca'
ok 'the prompt shows who is called' see_last ali 'bianca (calling)>'
ok 'how far it is, too' see ali '* calling bianca: it rings there'
ok 'who is called is told by whom' see bianca '* ali@default calls, and is verified: /answer or /decline'
ok 'and stays where he is' see_last bianca '#lobby>'
enter bianca '/answer'
ok 'who answers is there' see_last bianca 'ali (direct)>'
ok 'and who called' see_last ali 'bianca (direct)>'
ok 'which is said' see ali '* you talk to bianca@default directly'
enter ali 'Hello, how are you today?'
ok 'a line is shown at once' see ali '] direct -> bianca: Hello, how are you today?'
ok 'and there' see bianca '] direct ali: Hello, how are you today?'
enter bianca 'I am fine, how about you?'
ok 'both ways' see ali '] direct bianca: I am fine, how about you?'
ok 'nobody else sees it' not shows carol 'how are you'
type_text bianca 'half a sen'
see_last bianca 'ali (direct)> half a sen'
press ali C-c
ok 'Ctrl-C ends the session' see ali '* the direct session with bianca is over'
ok 'and the program goes on' see_last ali '#lobby>'
ok 'the other side is told' see bianca '* ali has ended the direct session'
press bianca Enter
ok 'what was being typed does not slip into the room' see bianca '! not said: the direct session is over'
enter bianca 'for all'
ok 'what is typed then is for it' see carol '] bianca: for all'
ok 'and only that' not shows carol 'half a sen'

# --- declined, busy, away -------------------------------------------------------------------------

enter bianca '/call ali'
see ali '* bianca@default calls'
enter ali '/decline'
ok 'a call is declined' see bianca '! ali declined'
enter ali '/availability busy'
see ali '* to who calls you are busy'
enter bianca '/call ali'
ok 'who is busy is not called' see bianca '! ali is busy: try again later'
enter ali '/availability away'
see ali '* to who calls you are away'
enter bianca '/call ali'
ok 'nor who is away' see bianca '! ali is away: try again later'
enter ali '/availability available'
see ali '* to who calls you are available'
enter bianca '/call dora'
ok 'nor who is not there' see bianca "! dora is not online, or can't be called"
enter bianca '/call ali'
until_true shows_times ali '* bianca@default calls' 2
press bianca C-c
ok 'Ctrl-C gives up calling' see bianca '* ali is not called any more'
ok 'which is seen there' see ali '* bianca does not call any more'
see_last bianca '#lobby>'

# --- several at a time ----------------------------------------------------------------------------

enter ali '/call bianca'
until_true shows_times bianca '* ali@default calls' 2
enter bianca '/answer ali'
see_last ali 'bianca (direct)>'
enter ali '/call carol'
see carol '* ali@default calls'
enter carol '/answer'
ok 'a second session is another place' see_last ali 'carol (direct)>'
enter bianca 'from bianca'
ok 'what is said elsewhere is counted' see_last ali 'carol (direct) [bianca 1]>'
enter ali 'for carol'
see carol '] direct ali: for carol'
enter ali '/switch'
ok '/switch goes on to the room' see_last ali '#lobby [bianca 1]>'
enter ali '/switch'
ok 'and to the first session' see_last ali 'bianca (direct)>'
enter ali 'for bianca'
ok 'where lines go then' see bianca '] direct ali: for bianca'
ok 'and nowhere else' not shows carol 'for bianca'
enter ali '/switch carol'
see_last ali 'carol (direct)>'
enter ali '/calls'
ok '/calls lists them' see ali '-- direct sessions: 2'

# --- keys -----------------------------------------------------------------------------------------

code_of() { screen "$1" | grep -oE '[0-9]{5}( [0-9]{5}){4}' | tail -n 1; }
enter ali '/verify carol'
see ali '* of the key that is proven in this session'
enter carol '/verify ali'
see carol '* of the key that is proven in this session'
ok 'both see the same code' is "$(code_of ali)" "$(code_of carol)"
ok 'of 25 digits' is "$(code_of ali | wc -c)" 30
enter ali '/verify bianca'
until_true shows ali '* bianca@default: '
other() { [[ $(code_of ali) != "$(code_of carol)" ]]; }
ok 'another pair sees another one' other
known=$tmp/state-ali/ali.known
ok 'keys are remembered' grep -Eq '^carol@default [0-9a-f]{64} [0-9T:-]*Z$' "$known"
ok 'for their owner alone' is "$(stat -c %a "$known")" 600
enter carol '/hangup'
see ali '* carol has ended the direct session'
sed -i '/^carol@/ s/ [0-9a-f]\{4\}/ 0000/' "$known"
enter carol '/call ali'
ok 'a key that has changed is said loudly' see ali '! THE KEY OF carol@default IS NOT THE ONE THAT WAS KNOWN'
first() { screen ali | grep -n "$1" | tail -n 1 | cut -d : -f 1; }
before_the_call() { (($(first 'THE KEY OF carol') < $(first 'carol@default calls, and'))); }
ok 'before all else' before_the_call
enter ali '/answer carol'
see_last ali 'carol (direct)>'
enter ali '/verify carol yes'
ok 'until it was compared' see ali '* the key of carol@default is known from now on'
ok 'and is in the file then' not grep -q '^carol@default 0000' "$known"

# --- without a server -----------------------------------------------------------------------------

kill -KILL "$server"
wait "$server" 2>/dev/null
ok 'the server is gone' see_last ali '(offline) carol (direct)>'
enter ali 'can you hear me?'
ok 'a session goes on' see carol '] direct ali: can you hear me?'
enter carol 'as before'
ok 'both ways' see ali '] direct carol: as before'
enter ali '/switch bianca'
see_last ali '(offline) bianca (direct)>'
enter ali 'you too?'
ok 'every session' see bianca '] direct ali: you too?'
restart_server
await_log ' login .*user=carol ' && await_log ' login .*user=ali ' && await_log ' login .*user=bianca '
ok 'and is there when the server is again' see_last ali 'bianca (direct)>'
press ali C-c
ok 'Ctrl-C ends it' see_last ali '#lobby>'
press ali C-c
ok 'a second one leaves' see ali 'status 0'
ok 'and hangs up on who was left' see carol '* ali has ended the direct session'

# --- scripts --------------------------------------------------------------------------------------

join script ali@default --auto-answer --no-listen
enter carol '/call ali'
ok 'a script is called' hear script '*"msgtype":"call","event":"stands"*"userid":"carol"*"relayed":true*'
ok 'by the relay where it does not listen' see carol "* you talk to ali@default by the server's relay"
see_last carol 'ali (direct)>'
enter carol 'say "hi"'
ok 'hears what is said' hear script '*"event":"text"*"userid":"carol"*"text":"say \\"hi\\""}'
say script '/switch carol'
say script 'hi'
ok 'and says something' see carol '] direct ali: hi'
hang_up script
ok 'its end is one as well' see carol '* ali has ended the direct session'

printf '/call carol\nfrom a script\nand more\n' | run_client ali@default --listen 127.0.0.1:0 &
calling=$!
see carol '* ali@default calls'
enter carol '/answer ali'
ok 'a script calls' see carol '] direct ali: and more'
wait $calling
ok 'and leaves when all is there' grep -q '^\* the direct session with carol is over$' "$tmp/out"
printf '/call dora\nin private\n' | run_client ali@default --listen 127.0.0.1:0
ok 'a call that fails is no success' is $status 10
ok 'and what was for it is said nowhere' not shows carol 'in private'
printf '/call carol\n' | run_client ali@default
ok 'whoever takes no part is told' has "$(cat "$tmp/err")" 'takes no part in direct sessions'

for name in bianca carol; do
  press $name C-c
  ok "$name leaves" see $name 'status 0'
done
