#!/usr/bin/env bash
# signd.sh SIGND UNIX-TALK: the process that makes certificates of users: what it signs, for whom, what its certificates
# are good for at a real server, and what a thief of its key can't do.
. "$(dirname "$0")/lib.sh"
unix_talk=$2

socket=$XDG_RUNTIME_DIR/thimble/signd.sock
own_ca
"$THIMBLE_CA" issuer --dir "$CA" >/dev/null || give_up 'no issuing CA'
issuer=$CA/issuer signd=("$1" --issuer "$CA/issuer")

signd_refuses() { # STATUS WORDS [OPTION]...
  timeout "$PATIENCE" "$signd" "${@:3}" </dev/null >"$tmp/out" 2>"$tmp/err"
  is $? "$1" && is "$(wc -l <"$tmp/err")" 1 && has "$(cat "$tmp/err")" "$2"
}

ask() { # LINE...: sets `answer`, the last one
  answer=$(printf '%s\n' "$@" | timeout "$PATIENCE" "$unix_talk" "$socket" 2>"$tmp/err" | tail -n 1)
}

answers() { # PATTERN LINE...
  ask "${@:2}"
  [[ $answer == $1 ]] || { echo "have $answer"; echo "want $1"; return 1; }
}

# A key and the request of it: sets `request`.
make_request() { # NAME [OPTION OF openssl req]...
  openssl ecparam -name prime256v1 -genkey -noout -out "$tmp/$1.key" &&
    openssl req -new -key "$tmp/$1.key" -subj '/CN=admin' "${@:2}" -outform DER -out "$tmp/$1.csr" || give_up 'no request'
  request=$(base64 -w 0 "$tmp/$1.csr")
}

# Has a certificate made: $tmp/NAME.crt.
enrol() { # NAME USER@DEVICE [OPTION OF openssl req]...
  make_request "$1" "${@:3}"
  answers 'ok *' "sign $2 $request" || return 1
  base64 -d <<<"${answer##* }" | openssl x509 -inform DER -out "$tmp/$1.crt"
}

spki() { openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1; }
verify() { openssl verify -x509_strict -CAfile "$issuer/issuer.crt" "$@"; }

# --- mistakes ---------------------------------------------------------------------------------------

ok 'an issuer that is not there' signd_refuses 3 "can't read $tmp/none/issuer.crt: No such file" --issuer "$tmp/none"
ok 'a lifetime that is none' signd_refuses 2 "--lifetime must be 90d, 12h or 600s, not '3 weeks'" --issuer "$issuer" --lifetime '3 weeks'
ok 'a lifetime of nothing' signd_refuses 2 "not '0d'" --issuer "$issuer" --lifetime 0d
ok 'a limit that is none' signd_refuses 2 'RATE/BURST' --issuer "$issuer" --limit 5
ok 'an unknown group' signd_refuses 4 "no group 'nobody-here' for the socket" --issuer "$issuer" --group nobody-here
chmod 640 "$issuer/issuer.key"
ok 'a key that others can read' signd_refuses 3 "others can read the key $issuer/issuer.key: chmod 600" --issuer "$issuer"
chmod 600 "$issuer/issuer.key"
mkdir "$tmp/mixed" && cp "$issuer/issuer.crt" "$tmp/mixed" && cp -p "$CA/ca.key" "$tmp/mixed/issuer.key"
ok "another CA's key" signd_refuses 3 'does not belong to its certificate' --issuer "$tmp/mixed"
cp "$CA/users/ali@default.crt" "$tmp/mixed/issuer.crt" && cp -p "$CA/users/ali@default.key" "$tmp/mixed/issuer.key"
ok "a user's certificate" signd_refuses 3 "certificate is no CA's" --issuer "$tmp/mixed"

# --- what is signed -----------------------------------------------------------------------------------

start_signd
ok 'the socket is the user'\''s alone' is "$(stat -c '%A' "$socket" "${socket%/*}" | tr '\n' ' ')" 'srw------- drwx------ '
ok 'no core file is ever made of it' grep -Eq '^Max core file size +0 +0 ' "/proc/$signer/limits"
ok 'a second one does not take the socket' signd_refuses 4 "another thimble-signd answers at the socket $socket: stop it, or give this one another by --socket FILE" \
  --issuer "$issuer"
ok 'a request' enrol phone ali@phone
read -r _ hash until _ <<<"$answer"
ok '... of that key' is "$hash" "$(spki "$tmp/phone.crt")"
ok '... is a certificate by the issuing CA' verify -purpose sslclient "$tmp/phone.crt"
ok '... and by no other' not openssl verify -CAfile "$CA/ca.crt" "$tmp/phone.crt"
ok '... for whom it was asked' is "$(openssl x509 -in "$tmp/phone.crt" -noout -ext subjectAltName | sed -n 's/^ *URI/URI/p')" URI:thimble:ali@phone
ok '... whatever the request is called' is "$(openssl x509 -in "$tmp/phone.crt" -noout -subject)" 'subject=CN = ali@phone'
ok '... dated back' is "$(openssl x509 -in "$tmp/phone.crt" -noout -startdate)" 'notBefore=Jan  1 00:00:00 2024 GMT'
ok '... for 90 days' at_most $((until - $(date +%s) - 90 * 86400)) 0
ok '... and not less' at_most $(($(date +%s) + 90 * 86400 - until)) "$PATIENCE"
ok '... as it says itself' is "$(date -u -d "$(openssl x509 -in "$tmp/phone.crt" -noout -enddate | cut -d= -f2)" +%s)" "$until"
ok '... is logged' grep -q " INFO signed user=ali device=phone detail=\"key $hash, until 20" "$signd_log"
ok 'extensions that are asked for are not given' enrol wishes ali@wishes -addext subjectAltName=DNS:localhost \
  -addext basicConstraints=critical,CA:TRUE
ok '... neither a server'\''s name' not grep -q DNS: <(openssl x509 -in "$tmp/wishes.crt" -noout -text)
ok '... nor a CA' grep -q CA:FALSE <(openssl x509 -in "$tmp/wishes.crt" -noout -text)
ok 'a name that is none' answers 'error argument *' "sign Ali@phone $request"
ok 'a request that is none' answers 'error certificate-request *' 'sign ali@phone AAAA'
ok '... is logged' grep -q ' WARNING refused user=ali device=phone detail="the request is not one' "$signd_log"
ok 'no request' answers "error argument write it as 'sign USER@DEVICE REQUEST'*" hello
ok 'the key is nowhere in the log' not grep -Eq 'PRIVATE|BEGIN' "$signd_log"

# --- several at a time --------------------------------------------------------------------------------

hear_line() { IFS= read -r -t "$PATIENCE" answer <&"${output[$1]}"; } # NAME

talk silent "$unix_talk" "$socket"
talk slow "$unix_talk" "$socket"
printf 'sign ali@slow %s' "${request:0:40}" >&"${input[slow]}"
ok 'who is silent, or slow, delays nobody' answers 'ok *' "sign ali@quick $request"
printf '%s\nsign ali@slow AAAA\nsign ali@again %s\n' "${request:40}" "$request" >&"${input[slow]}"
hear_line slow
ok 'the slow one is answered' is "${answer%% *}" ok
hear_line slow
ok '... and again, in order' is "${answer:0:25}" 'error certificate-request'
hear_line slow
ok '... also the last one' is "${answer%% *}" ok
hang_up slow
hang_up silent

# --- another CA, no restart -----------------------------------------------------------------------------

signd_hup() { # PATTERN
  local line=$(($(wc -l <"$signd_log") + 1))
  kill -HUP "$signer"
  await "$signd_log" "$1" $line
}

cp -rp "$issuer" "$tmp/kept"
chmod 644 "$issuer/issuer.key"
ok 'SIGHUP: a key that others can read is not taken' signd_hup 'reload-failed detail="others can read the key'
ok '... and the former CA goes on' enrol still ali@still
"$THIMBLE_CA" init --dir "$tmp/new" --name New >/dev/null && "$THIMBLE_CA" issuer --dir "$tmp/new" --days 20 >/dev/null
cp -p "$tmp/new/issuer/"* "$issuer"
ok 'SIGHUP: another CA' signd_hup ' reload detail="the issuing CA is read anew"'
ok '... that will end soon' await "$signd_log" ' WARNING issuer detail="the issuing CA ends on 20'
ok '... signs' enrol other ali@other
ok '... its own' verify "$tmp/other.crt"
ok '... and nothing that outlasts it' is "$(openssl x509 -in "$tmp/other.crt" -noout -enddate)" \
  "$(openssl x509 -in "$issuer/issuer.crt" -noout -enddate)"
cp -p "$tmp/kept/"* "$issuer"
ok 'SIGHUP: the first one again' signd_hup ' reload detail='

# --- the end, and again -----------------------------------------------------------------------------------

kill -KILL "$signer"
wait "$signer" 2>/dev/null
ok 'one that was killed leaves its socket' test -S "$socket"
start_signd --lifetime 600s
ok '... which the next one takes' enrol short ali@short
read -r _ _ until _ <<<"$answer"
ok 'a lifetime in seconds' at_most $((until - $(date +%s))) 600
stop_signd
ok 'SIGTERM ends it well' is $? 0
ok '... and takes the socket away' not test -e "$socket"
start_signd --limit 1/2
ok 'a limit' answers 'error signer too many*' "sign a@b $request" "sign a@b $request" "sign a@b $request"
ok '... that is reached is logged once' is "$(grep -c ' WARNING limit ' "$signd_log")" 1
stop_signd
start_signd --socket "$tmp/group/signd.sock" --group "$(id -g)"
ok 'a group may be let in' is "$(stat -c '%A %g' "$tmp/group/signd.sock")" "srw-rw---- $(id -g)"
stop_signd

# --- what the certificates are good for ---------------------------------------------------------------------

start_signd
start_server --users-cafile "$issuer/issuer.crt" --signer "$socket"
ok 'a device with such a certificate gets in' run_client ali@default --cert "$tmp/phone.crt" <<<'from the phone'
ok '... as whom it names' grep -q ' login .*user=ali device=phone ' "$log"
ok '... and is done' is $status 0
run_client ali@default <<<'as before'
ok 'one of the CA'\''s own does, too' is $status 0
cp "$tmp/other.crt" "$tmp/foreign.crt" && cp "$tmp/other.key" "$tmp/foreign.key"
run_client ali@default --cert "$tmp/foreign.crt" <<<hello
ok 'one of another issuing CA does not' is $status 6
stop_server
start_server --signer "$socket"
run_client ali@default --cert "$tmp/phone.crt" <<<hello
ok 'without --users-cafile nobody of it gets in' is $status 6
ok '... which the log foresaw' grep -q ' WARNING signer detail="what --signer signs lets nobody in' "$log"
stop_server
cp "$issuer/issuer.crt" "$tmp/users.crt"
start_server --users-cafile "$tmp/users.crt"
cp "$tmp/new/issuer/issuer.crt" "$tmp/users.crt"
reload
run_client ali@default --cert "$tmp/phone.crt" <<<hello
ok 'who takes the CA out of it revokes all that it signed' is $status 6
cat "$tmp/new/issuer/issuer.crt" "$issuer/issuer.crt" >"$tmp/users.crt"
reload
run_client ali@default --cert "$tmp/phone.crt" <<<hello
ok 'there may be two in it' is $status 0
cat "$tmp/new/ca.crt" "$tmp/new/issuer/issuer.crt" "$issuer/issuer.crt" "$CERTS/other/ca.crt" >"$tmp/users.crt"
too_many() { reload && tail -n 2 "$log" | grep -q "reload-failed detail=\"$CA/ca.crt or $tmp/users.crt: a limit"; }
ok '... and not more than four in all' too_many
stop_server
server_refuses() { # STATUS WORDS [OPTION]...
  timeout "$PATIENCE" "$THIMBLED" --listen 127.0.0.1:0 --cafile "$CA/ca.crt" --cert "$CA/server/localhost.crt" \
    --key "$CA/server/localhost.key" "${store[@]}" --log-level error "${@:3}" </dev/null 2>"$tmp/err"
  is $? "$1" && has "$(cat "$tmp/err")" "$2"
}
ok 'a users-cafile that is not there' server_refuses 3 "$tmp/none: No such file or directory (--users-cafile" --users-cafile "$tmp/none"
ok '... or no CA' server_refuses 3 "$CA/ca.crt or $CA/users/ali@default.crt: " --users-cafile "$CA/users/ali@default.crt"
stop_signd

# --- what a thief of the issuing CA's key can't do ------------------------------------------------------------

# A server's certificate as thimble-ca makes it, signed by the stolen key.
openssl ecparam -name prime256v1 -genkey -noout -out "$tmp/thief.key"
openssl req -new -key "$tmp/thief.key" -subj /CN=localhost -out "$tmp/thief.csr"
printf '%s\n' 'basicConstraints=CA:FALSE' 'keyUsage=critical,digitalSignature' 'extendedKeyUsage=serverAuth' \
  'subjectAltName=DNS:localhost' >"$tmp/thief.ext"
openssl x509 -req -in "$tmp/thief.csr" -CA "$issuer/issuer.crt" -CAkey "$issuer/issuer.key" -set_serial 7 -days 30 \
  -extfile "$tmp/thief.ext" -out "$tmp/thief.crt" 2>/dev/null
start_server --cert "$tmp/thief.crt" --key "$tmp/thief.key"
run_client ali@default <<<secret
ok 'he is no server: the client goes away' is $status 5
ok '... and says why' has "$(cat "$tmp/err")" 'trusted CA'
stop_server
cat "$tmp/thief.crt" "$issuer/issuer.crt" >"$tmp/chain.crt"
start_server --cert "$tmp/chain.crt" --key "$tmp/thief.key"
run_client ali@default <<<secret
ok '... also when he shows that CA' is $status 5
ok 'nothing was said to him' not grep -q ' message ' "$log"
stop_server
