#!/usr/bin/env bash
# refusals.sh BOARD: who may not come in is told why at the UART, and a board without credentials does nothing else.
. "$(dirname "$0")/lib.sh"

# Boots with what the board has now: the UART is to say why it can't go on.
refused() { # EXTENDED-REGEX
  look_from_here board1
  boot board1
  reads board1 "$1"
}
switch_off() {
  pull_plug board1
  rm -f "$tmp/board1".{eeprom,blob}
}

start_server --denylist "$CA/denylist"
start_network board1="$1"

# --- credentials ----------------------------------------------------------------------------------

ok 'no credentials: it says so' refused "! this board's credentials are missing: .*thimble-ca board"
look_from_here board1
type_line board1 'hello?'
ok '... again at a key' reads board1 "! this board's credentials are missing"
ok '... and sends nothing' has_counted board1 sent 0
switch_off

provision board1
flip_bit "$tmp/board1.blob" 100
ok 'damaged credentials: it says so' refused "! this board's credentials are damaged"
switch_off

# --- certificates ---------------------------------------------------------------------------------

good_ca=$CA
CA=$CERTS/other
cp -r "$CA" "$tmp/other"
CA=$tmp/other
provision board1
CA=$good_ca
ok 'a server of another CA' refused '! .*certificate.*(trusted|CA)'
switch_off

provision board1
"$THIMBLE_CA" revoke --dir "$CA" board1 >/dev/null
reload
ok 'a board that was revoked' refused '! .*(refuse|revoke).*'
ok '... tries again when somebody asks it to' reads board1 'trying again in .* at a key'
switch_off
stop_server

"$THIMBLED" --store ram --listen 127.0.0.1:0 --cafile "$CA/ca.crt" --cert "$CA/server/localhost.old.crt" \
  --key "$CA/server/localhost.old.key" </dev/null 2>"$tmp/old.log" &
children+=($!)
log=$tmp/old.log marked=0
await_log ' listening ' || give_up 'the server does not start'
port=$(sed -n 's/.* listening address=.*:\([0-9]*\)$/\1/p' "$log")
provision board1
ok "a server's certificate that has expired" refused '! .*expired'
switch_off
