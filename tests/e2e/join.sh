#!/usr/bin/env bash
# join.sh SIGND: who has an invitation gets in by one command, with a key that was born there; and stays in.
. "$(dirname "$0")/lib.sh"
own_ca
signd=("$1" --issuer "$CA/issuer" --socket "$tmp/signd.sock")
"$THIMBLE_CA" issuer --dir "$CA" >/dev/null || give_up 'no issuing CA'

operator() { timeout "$PATIENCE" "$THIMBLECTL" --socket "$tmp/control" "$@"; }
invite() { # USER [OPTION]...: prints the invitation, one word
  local line
  line=$(operator invite "$@") && printf '%s\n' "${line#thimble join }"
}
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

certifies=(--users-cafile "$CA/issuer/issuer.crt" --control "$tmp/control")
denies=(--denylist "$CA/denylist")
start_signd
start_server "${certifies[@]}" "${denies[@]}" --signer "$tmp/signd.sock"
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
ok 'the certificate is the issuing CA'\''s' openssl verify -CAfile "$CA/issuer/issuer.crt" "$folder/gina@default.crt"
ok 'the CA is the one that was pinned' cmp <(openssl x509 -in "$CA/ca.crt" -outform DER) <(openssl x509 -in "$folder/ca.crt" -outform DER)
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

# --- what the operator sees -------------------------------------------------------------------------------

ok 'invitations are listed' has "$(operator invite list)" 'gina@default'
ok '... with what became of them' has "$(operator invite list | grep gina)" ' used '
ok 'the log says who was enrolled' await_log ' enrolled .*user=gina device=default '
ok 'the audit log as well' grep -q ' invite by=uid:[0-9]* .*user=gina' "$tmp/data/audit.log"
ok '... and never a secret' not grep -rqF "${token##*/}" "$tmp/data" "$log"
invite rose --device phone --expires 30m >/dev/null
ok 'an invitation is taken back by name' has "$(operator invite revoke rose@phone)" 'taken back'
ok '... once' not operator invite revoke rose@phone
ok 'a fleet' is "$(operator invite pump --count 3 --csv | cut -d, -f1,2 | tr '\n' ' ')" 'user,device pump-001,default pump-002,default pump-003,default '
ok 'a QR code' is "$(operator invite qr --qr | tail -n +2 | wc -l)" 21
ok '... fits 80 columns' at_most "$(operator invite qr --device b --qr | tail -n +2 | wc -L)" 80
ok 'a time that is none' has "$(operator invite sam --expires never 2>&1)" '--expires is a time like 30m, 24h or 7d'
ok 'a user that is none' has "$(operator invite 'Sam' 2>&1)" 'whom? invite USER'

# --- invitations that are of no use ------------------------------------------------------------------------

home seventh
token=$(invite tom)
operator invite revoke tom@default >/dev/null
ok 'one that was taken back' refuses 6 'taken back' "$token"
ok '... leaves no configuration' not test -e "$folder/config"
token=$(invite tom --device late --expires 1s)
until operator invite list | grep -q 'tom@late .*expired'; do sleep 0.1; done
ok 'one that has run out' refuses 6 'run out' "$token"
token=$(invite tom --device two)
ok 'a secret that nobody gave out' refuses 6 'does not know this invitation' "${token%/*}/AAAAAAAAAAAAAAAAAAAAAA"
ok 'another CA than the one that is meant' refuses 5 'its CA is another one' "${token%%/*}/AAAAAAAAAAAAAAAAAAAAAA/${token##*/}"
ok 'another server in between' refuses 5 'for another name' "${token/localhost/127.0.0.1}/elsewhere.example"
ok 'nothing is left of that' is "$(ls "$folder" 2>/dev/null | grep -v '^joining.key$')" ''

# --- another server in the middle: it has a certificate, of another CA ---

"$THIMBLE_CA" init --dir "$tmp/evil" >/dev/null && "$THIMBLE_CA" server --dir "$tmp/evil" localhost >/dev/null || give_up 'no evil CA'
openssl s_server -accept 127.0.0.1:0 -cert "$tmp/evil/server/localhost.crt" -key "$tmp/evil/server/localhost.key" \
  -chainCAfile "$tmp/evil/ca.crt" -Verify 1 -alpn thimble-enroll/1 -tls1_2 </dev/zero >"$tmp/evil.log" 2>&1 &
children+=($!)
await "$tmp/evil.log" '^ACCEPT ' || give_up 'no evil server'
evil=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$tmp/evil.log")
ok 'a server of another CA is not believed' refuses 5 'its CA is another one' "${token/:$port/:$evil}"
ok '... and was told nothing' not grep -q enroll_request "$tmp/evil.log"

# --- nobody signs just now -----------------------------------------------------------------------------------

home eighth
token=$(invite una)
stop_signd
run_join "$token" --timeout 1 </dev/null
ok 'without thimble-signd nobody gets one' is $status 4
ok '... and is told so' has "$(cat "$tmp/err")" "can't have certificates signed now"
start_signd
run_join "$token" </dev/null
ok '... and gets it when that is there again' is $status 0

home eleventh
token=$(invite xeno)
stop_signd
"$THIMBLE_CA" init --dir "$tmp/other-ca" >/dev/null && "$THIMBLE_CA" issuer --dir "$tmp/other-ca" >/dev/null || give_up 'no other CA'
mv "$CA/issuer" "$CA/former" && cp -r "$tmp/other-ca/issuer" "$CA/issuer"
start_signd
run_join "$token" --timeout 1 </dev/null
ok 'what is signed by a CA that the server does not trust is given to nobody' is $status 4
ok '... the log says why' await_log ' not-signed .*a CA that is not trusted here'
stop_signd
rm -r "$CA/issuer" && mv "$CA/former" "$CA/issuer"
start_signd
run_join "$token" </dev/null
ok '... and the invitation is not used up by it' is $status 0
home eighth

# --- a device is lost ------------------------------------------------------------------------------------------

echo 'x' | timeout "$PATIENCE" "$THIMBLE" >/dev/null 2>"$tmp/err"
ok 'a device is revoked by its name' has "$(operator device revoke una@default)" 'una@default is revoked'
echo 'x' | timeout "$PATIENCE" "$THIMBLE" >/dev/null 2>"$tmp/err"
ok '... and is out' has "$(cat "$tmp/err")" 'revoked'
stop_server
restart_server "${certifies[@]}" --signer "$tmp/signd.sock"
ok '... also one that was not here since the start' has "$(operator device revoke ida@default)" 'ida@default is revoked'
home fourth
echo 'x' | timeout "$PATIENCE" "$THIMBLE" >/dev/null 2>"$tmp/err"
ok '... is out' has "$(cat "$tmp/err")" 'revoked'

# --- a device that had many keys ---

for i in {1..18}; do # more than are denied at a time
  run_join "$(invite max)" --dir "$tmp/max$i" </dev/null
done
ok 'a name may be had by one machine after the other' is $status 0
ok '... and is revoked' has "$(operator device revoke max@default)" 'max@default is revoked'
ok '... with every key that it ever had' is "$(grep -c ' # max@default ' "$CA/denylist")" 18
ok '... once' has "$(operator device revoke max@default)" 'max@default was revoked before'

# --- by hand -----------------------------------------------------------------------------------------------------

stop_server
restart_server "${certifies[@]}" --approve
home ninth
token=$(invite vic)
talk vic "$THIMBLE" join "$token"
await "$tmp/vic.err" 'has to approve this machine first' || give_up "nobody is asked: $(cat "$tmp/vic.err")"
code=$(operator approve list | sed -n 's/^\([0-9]*\)  vic@default .*/\1/p')
ok 'both sides show the same code' has "$(cat "$tmp/vic.err")" "its code, $code"
operator approve show "$code" >"$tmp/vic.csr"
ok 'a certificate for somebody else is not taken' has "$("$THIMBLE_CA" sign --dir "$CA" will@default "$tmp/vic.csr" | operator approve "$code" - 2>&1)" 'not for vic@default'
openssl ecparam -name prime256v1 -genkey -noout -out "$tmp/other.key" && openssl req -new -subj / -key "$tmp/other.key" -out "$tmp/other.csr"
ok '... nor one for another key' has "$("$THIMBLE_CA" sign --dir "$CA" vic@default "$tmp/other.csr" | operator approve "$code" - 2>&1)" 'not for the key of that request'
ok '... nor what is none' has "$(operator approve "$code" "$tmp/vic.csr" 2>&1)" "that is no device's certificate"
"$THIMBLE_CA" sign --dir "$CA" vic@default "$tmp/vic.csr" >"$tmp/vic.crt"
ok 'the right one is' has "$(operator approve "$code" "$tmp/vic.crt")" 'vic@default gets it'
IFS= read -r -t "$PATIENCE" line <&"${output[vic]}"
ok '... and lets in' is "$line" 'joined as vic@default'
token=$(invite wes)
home tenth
talk wes "$THIMBLE" join "$token"
await "$tmp/wes.err" 'has to approve this machine first' || give_up 'nobody is asked for wes'
code=$(operator approve list | sed -n 's/^\([0-9]*\)  wes@default .*/\1/p')
ok 'one may be refused' has "$(operator approve deny "$code")" 'wes@default is refused'
await_end wes
ok '... and is told so' is $status 6
stop_server
