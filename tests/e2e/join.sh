#!/usr/bin/env bash
# join.sh: who has an invitation gets in by one command, with a key that was born there; and stays in.
. "$(dirname "$0")/lib.sh"
own_ca

operator() { "$THIMBLECTL" --socket "$tmp/control" "$@"; }
invite() { operator invite add "$@"; } # USER [OPTION]...: prints the invitation, one word
mode() { stat -c %a "$1"; }
home() { # NAME: a machine of its own
  export XDG_CONFIG_HOME=$tmp/$1/config XDG_STATE_HOME=$tmp/$1/state
  folder=$XDG_CONFIG_HOME/thimble
}
# Runs thimble join to its end: sets status, and leaves what it printed in $tmp/out and $tmp/err.
run_join() { # [WORD]... <INPUT
  timeout "$PATIENCE" "$THIMBLE" join "$@" >"$tmp/out" 2>"$tmp/err"
  status=$?
}
refuses() { # STATUS WORDS WORD...: in one line that is an answer, behind those that say how far it got
  run_join "${@:3}" </dev/null
  is $status "$1" && has "$(tail -n 1 "$tmp/err")" "$2"
}
key_of() { openssl pkey -in "$1" -pubout 2>/dev/null; } # KEY

# --- words that are none ------------------------------------------------------------------------------

home none
ok 'no word' refuses 2 'which invitation?'
ok 'a word that is no invitation' refuses 2 'that is no invitation' THM1:nowhere
ok 'an option that there is not' refuses 2 'unknown option --nope (see thimble join --help)' THM1:nowhere --nope
ok 'nothing was made for that' not test -e "$folder"
ok 'thimble join --help' has "$("$THIMBLE" join --help)" 'Usage: thimble join'

# --- joining --------------------------------------------------------------------------------------------

start_server --control "$tmp/control"
home first
token=$(invite gina)
run_join "$token" </dev/null
ok 'an invitation lets in' is $status 0
ok 'it is said as whom' is "$(cat "$tmp/out")" 'joined as gina@default'
ok 'it is said what happens' has "$(cat "$tmp/err")" 'the server is proven by CA'
ok 'the folder is the user'\''s own' is "$(mode "$folder")" 700
ok 'the key as well' is "$(mode "$folder/gina@default.key")" 600
ok 'no secret is left' not grep -rqF "${token##*/}" "$folder"
ok 'no joining.key is left' not test -e "$folder/joining.key"
ok 'the certificate is the CA'\''s' openssl verify -CAfile "$CA/ca.crt" "$folder/gina@default.crt"
ok 'the server has not seen the key' not grep -rqF "$(sed -n 2p "$folder/gina@default.key")" "$tmp/data" "$log"
echo 'hello' | timeout "$PATIENCE" "$THIMBLE" >"$tmp/out" 2>"$tmp/err"
ok 'plain thimble works from then on' is $? 0
ok 'joining once more changes nothing' refuses 1 'config already: to join anew, move it away' "$token"

home second
ok 'an invitation that was used, with another key' refuses 6 'used' "$token"

home third
invite hal | run_join -
ok 'the invitation may come by standard input' is $status 0
home fourth
{ invite ida; echo 'from the pipe'; } | run_join -
ok 'lines behind it are said' is $status 0

# --- interrupted ------------------------------------------------------------------------------------------

# The key is there before anything is sent, and the next attempt has the same.
home fifth
token=$(invite joe)
kill -STOP "$server"
run_join "$token" --timeout 1 </dev/null
kill -CONT "$server"
ok 'a server that does not answer: exit 4' is $status 4
ok 'the same command goes on later' has "$(cat "$tmp/err")" 'the same command goes on later'
before=$(key_of <(sed 1d "$folder/joining.key"))
ok 'the key is its owner'\''s' is "$(mode "$folder/joining.key")" 600
ok 'there is no configuration yet' not test -e "$folder/config"
run_join "$token" </dev/null
ok 'it went on' is $status 0
ok '... with the same key' is "$(key_of "$folder/joe@default.key")" "$before"

# --- elsewhere ----------------------------------------------------------------------------------------------

home sixth
run_join "$(invite kim)" --dir "$tmp/elsewhere" </dev/null
ok '--dir' is $status 0
ok '... says how to start then' has "$(cat "$tmp/err")" "thimble --config $tmp/elsewhere/config"
echo 'x' | timeout "$PATIENCE" "$THIMBLE" --config "$tmp/elsewhere/config" >/dev/null 2>"$tmp/err"
ok '... which works' is $? 0

# --- renewal --------------------------------------------------------------------------------------------------

home first
before=$(cat "$folder/gina@default.crt")
echo 1 >"$folder/gina@default.renew" # it is long due
sleep 1                              # the new one has to end later, and that is counted in seconds
echo 'while it is renewed' | timeout "$PATIENCE" "$THIMBLE" >"$tmp/out" 2>"$tmp/err"
ok 'a session in which the certificate is renewed' is $? 0
ok '... says nothing of it' is "$(cat "$tmp/err")" ''
ok '... has a new certificate' not is "$(cat "$folder/gina@default.crt")" "$before"
ok '... and keeps the one before' is "$(cat "$folder/gina@default.crt.old")" "$before"
ok '... and knows the next time' at_most "$(date +%s)" "$(cat "$folder/gina@default.renew")"
echo 'x' | timeout "$PATIENCE" "$THIMBLE" >"$tmp/out" 2>"$tmp/err"
ok 'the next run has it' is $? 0
