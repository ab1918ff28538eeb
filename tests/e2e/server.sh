#!/usr/bin/env bash
# server.sh: what an operator does to a running server: new files, revoked devices, kicks, an end.
. "$(dirname "$0")/lib.sh"

# The serial number of the certificate that the server shows.
serial() {
  credentials_of users/carol@default
  openssl s_client -connect "localhost:$port" -CAfile "$CA/ca.crt" "${modern[@]}" \
    "${credentials[@]}" </dev/null 2>/dev/null | openssl x509 -noout -serial
}

reaches() { # USER@DEVICE
  run_client "$1" --state "$tmp/reach" </dev/null
  ((status == 0))
}

own_ca
store=(--store ram) # whose restart shows; keeping.sh is about the other one
start_server --denylist "$CA/denylist"
join ali ali@default
join dora dora@default
join eve eve@default

# --- reload ---------------------------------------------------------------------------------------

old=$(serial)
"$THIMBLE_CA" renew --dir "$CA" localhost >/dev/null
ok 'a renewed certificate: the old one is shown until the reload' is "$(serial)" "$old"
reload
ok 'SIGHUP: from then on the new one is shown' not is "$(serial)" "$old"

bad_reload() { # FILE: with nonsense in this file
  cp "$CA/$1" "$tmp/saved"
  echo nonsense >"$CA/$1"
  reload && mark
  cp "$tmp/saved" "$CA/$1"
}
for file in ca.crt server/localhost.crt server/localhost.key denylist; do
  mark
  bad_reload $file
  ok "a bad $file is named in the log" grep -Eq " ERROR reload-failed .*$file" "$log"
  ok '... and changes nothing' reaches bianca@default
done
say ali 'after all that'
ok 'sessions live through it' hear dora '*"text":"after all that"*'

# The server's own certificate, near its end and past it.
"$THIMBLE_CA" server --dir "$CA" soon --days 3 >/dev/null
"$THIMBLE_CA" server --dir "$CA" gone --enddate 20240301000000Z >/dev/null
cp -p "$CA/server/localhost".* "$tmp"
cp "$CA/server/soon.crt" "$CA/server/localhost.crt"
cp "$CA/server/soon.key" "$CA/server/localhost.key"
reload
ok 'a certificate near its end is warned of' \
  grep -Eq " WARNING credentials detail=.*soon ends on .*thimble-ca renew" "$log"
cp "$tmp/localhost".* "$CA/server/"
reload
# Nobody listens there: it ends when it has said what there is to say.
chmod o+r "$CA/server/gone.key"
"$THIMBLED" --listen 192.0.2.1:1 --cafile "$CA/ca.crt" --cert "$CA/server/gone.crt" \
  --key "$CA/server/gone.key" --store ram </dev/null 2>"$tmp/gone.log"
ok "an address of another machine: exit 4" is $? 4
ok "and the system's own words" grep -q 'Cannot assign requested address: use an address of this' "$tmp/gone.log"
ok 'a certificate past its end is an error at the start' \
  grep -q ' ERROR credentials detail=.*gone ended on 2024-03-01: .*thimble-ca renew' "$tmp/gone.log"
ok 'a key that all can read is warned of' \
  grep -q " WARNING credentials detail=.*read the key .*gone.key" "$tmp/gone.log"

# --- revoking -------------------------------------------------------------------------------------

"$THIMBLE_CA" revoke --dir "$CA" dora >/dev/null
begun=${EPOCHREALTIME/./}
reload
await_end dora
ended=${EPOCHREALTIME/./}
ok 'a revoked device: its session ends within a second' at_most $((ended - begun)) 1000000
ok 'with exit 6' is $status 6
ok 'and is told' grep -q '^thimble: .*revoked' "$tmp/dora.err"
run_client dora@default --state "$tmp/reach" </dev/null
ok 'it does not come in again' is $status 6
say ali 'dora is gone'
ok 'the others stay' hear eve '*"text":"dora is gone"*'

# --- the log --------------------------------------------------------------------------------------

ok 'messages are logged with sender, room, number and size' \
  grep -Eq ' INFO message .*user=ali device=default.* room=#lobby n=[0-9]+ size=12' "$log"
ok 'never with their text' not grep -q 'dora is gone' "$log"

# --- the end, and a new beginning ---------------------------------------------------------------------

client_options bianca@default
mark
"$THIMBLE" "${options[@]}" -W "$PATIENCE" </dev/null >"$tmp/out" 2>"$tmp/err" &
children+=($!)
hear eve '*"msgtype":"presence"*"userid":"bianca"*"event":"joined"*'
say ali 'the last'
hear eve '*"text":"the last"*'
stop_server
ok 'SIGTERM: exit 0' is $? 0
ok 'everybody is told' await "$tmp/err" '^thimble: .*the server is going down'
restart_server
ok 'clients come back by themselves' await_log ' login .*user=bianca'
ok 'a restarted store shows as a gap' await "$tmp/err" 'has lost earlier messages of #lobby'
hear ali '*"msgtype":"gap","room":"#lobby"*'
hear eve '*"msgtype":"gap","room":"#lobby"*'
say ali 'and on'
ok 'and never as a wedge' hear eve '*"text":"and on"*'
ok 'a second end is as good' stop_server

# --- the operator's console ---------------------------------------------------------------------------

hang_up ali
hang_up eve
terminal operator bash -c '"$@" 2>"$0"' "$tmp/operator.log" \
  "$THIMBLED" --listen "127.0.0.1:$port" --cafile "$CA/ca.crt" \
  --cert "$CA/server/localhost.crt" --key "$CA/server/localhost.key"
see_last operator 'thimbled>' || give_up "$(screen operator)"
join ali ali@default --alias 'Ali B.'
join eve eve@default
type_text operator list
press operator Enter
ok 'list: who, alias' see operator 'ali@default              Ali B.'
ok 'address and since' see operator '127.0.0.1:'
type_text operator 'say tea is ready'
press operator Enter
ok 'say: everybody hears it' hear ali '*"msgtype":"notice"*"text":"tea is ready"*'
type_text operator 'kick eve because'
press operator Enter
await_end eve
ok 'kick: exit 9' is $status 9
ok 'which is logged' await "$tmp/operator.log" ' INFO kick user=eve detail=because$'
ok 'and says how many' see operator '1 session ended'
ok 'with the reason' grep -q ' operator ended the session: because' "$tmp/eve.err"
type_text operator stats
press operator Enter
ok 'stats' see operator 'logins 2'
type_text operator 'dance'
press operator Enter
ok 'an unknown command names help' see operator "unknown command 'dance': help lists them"
press operator C-d
ok 'Ctrl-D stops nothing, and says what does' see operator 'quit stops the server'
type_text operator quit
press operator Enter
ok 'quit: says goodbye and exits with 0' see operator 'status 0'
