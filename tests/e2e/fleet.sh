#!/usr/bin/env bash
# fleet.sh SIGND: 10,000 open invitations, over a restart: each of them lets one machine in.
. "$(dirname "$0")/lib.sh"
signd=$1
own_ca
"$THIMBLE_CA" issuer --dir "$CA" >/dev/null || give_up 'no issuing CA'
"$signd" --issuer "$CA/issuer" --socket "$tmp/signd.sock" </dev/null 2>"$tmp/signd.log" &
children+=($!)
await "$tmp/signd.log" ' listening ' || give_up 'thimble-signd does not start'

operator() { timeout "$PATIENCE" "$THIMBLECTL" --socket "$tmp/control" "$@"; }
certifies=(--users-cafile "$CA/issuer/issuer.crt" --control "$tmp/control" --signer "$tmp/signd.sock")

# A machine of its own joins by the invitation in that line.
joins() { # NUMBER [MACHINE]
  local token home=$tmp/machine-${2:-$1}
  token=$(sed -n "$1p" "$tmp/invitations" | cut -d, -f4)
  XDG_CONFIG_HOME=$home/config XDG_STATE_HOME=$home/state \
    timeout "$PATIENCE" "$THIMBLE" join "$token" </dev/null >"$tmp/out" 2>"$tmp/err"
}

start_server "${certifies[@]}"
for name in a b c d e f g h i j; do
  operator invite "$name" --count 1000 --csv | sed 1d >>"$tmp/invitations"
done
ok '10,000 invitations are made' is "$(sort -u "$tmp/invitations" | wc -l)" 10000
ok '... and listed' is "$(operator invite list | tail -n 1)" '10000 invitations'
ok 'the first of them lets in' joins 1
ok 'the last as well' joins 10000
stop_server
restart_server "${certifies[@]}"
ok 'after a restart they are there' is "$(operator invite list | grep -c ' open ')" 9998
ok '... and let in' joins 5000
ok '... one machine each' not joins 5000 other
ok '... and say why' has "$(cat "$tmp/err")" 'was used already'
ok 'one is taken back among so many' has "$(operator invite revoke f-678@default)" 'taken back'
ok '... and lets nobody in' not joins 5678
stop_server
