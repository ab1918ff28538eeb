#!/usr/bin/env bash
#
# round_trip.sh THIMBLE_CA PROVISION_DUMP: what `thimble-ca board` writes is what the firmware reads.
set -euo pipefail
ca=$1 dump=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

die() { echo "$*: $(cat got)" >&2; exit 1; }
expect() { grep -qxF -- "$1" got || die "no line '$1'"; } # LINE
read_back() { "$dump" blob >got || die 'refused'; }

{ "$ca" init --dir ca; "$ca" init --dir next; "$ca" server --dir ca chat.example.org; } >/dev/null
"$ca" board --dir ca pump --device shed --server chat.example.org:7000 --room '#ops' --room '#garden' \
  --allow 'ali *' --allow 'carol@phone temp uptime' --address 192.0.2.7/26,192.0.2.1,192.0.2.53 \
  --also-ca next/ca.crt --seq 7 --out blob >/dev/null
read_back
crt=ca/users/pump@shed.crt
expect 'role client'
expect 'sequence 7'
expect 'who pump@shed'
expect 'server chat.example.org:7000 chat.example.org'
expect "certificate $(openssl x509 -in "$crt" -outform DER | od -An -v -tx1 | tr -d ' \n')"
for file in ca/ca.crt next/ca.crt; do
  expect "point $(openssl x509 -in "$file" -noout -pubkey | openssl pkey -pubin -outform DER | tail -c 65 |
    od -An -v -tx1 | tr -d ' \n')"
done
expect "not_after $(date -u -d "$(openssl x509 -in "$crt" -noout -enddate | cut -d= -f2)" +%s)"
for address in 192.0.2.7 255.255.255.192 192.0.2.1 192.0.2.53; do expect "address $address"; done
[[ $(grep ^room got) == $'room #ops\nroom #garden' ]] || die 'rooms'
[[ $(grep ^allow got) == $'allow ali *\nallow carol@phone temp uptime' ]] || die 'allows'

"$ca" board --dir ca pump --device shed --server 192.0.2.9 --server-name chat.example.org --out blob >/dev/null
read_back
[[ $(sed -n 's/^sequence //p' got) -gt 7 ]] || die 'the second number is not higher'
expect 'server 192.0.2.9:8443 chat.example.org'
expect 'address 0.0.0.0'
if grep -q -e '^room' -e '^allow' got; then die 'rooms or allows from nowhere'; fi

if grep -q '^verifier' got; then die 'keys from nowhere'; fi
if command -v thimble-passcode >/dev/null; then
  echo 'correct horse battery' | "$ca" board --dir ca pump --device shed --passcode-file - --out blob >/dev/null
  read_back
  expect "verifier $(<ca/boards/pump.verifier)"
fi

pin=$(openssl x509 -in ca/ca.crt -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary |
  head -c 16 | openssl base64 -A | tr '+/' '-_' | tr -d =)
"$ca" board --dir ca --claim - --out blob <<<"THM1:192.0.2.9:7000/$pin/AAECAwQFBgcICQoLDA0ODw/chat.example.org" >/dev/null
read_back
expect 'role client'
expect 'claim 000102030405060708090a0b0c0d0e0f'
expect 'who @'
expect 'server 192.0.2.9:7000 chat.example.org'
if grep -q '^certificate' got; then die 'a certificate from nowhere'; fi

"$ca" board --dir ca chat.example.org --as-server --out blob >/dev/null
read_back
expect 'role server'
expect 'who @'

printf '\1' | dd of=blob bs=1 seek=40 conv=notrunc status=none
if "$dump" blob >got || ! grep -qx 'result damaged' got; then die 'a damaged one is taken'; fi
