#!/usr/bin/env bash
#
# Tests `thimble-ca board` from outside: the blob's bytes are read by the description in
# apps/firmware/provision.h and held to what openssl says of the same files.
# Usage: test_ca_board.sh [PATH-OF-thimble-ca]; exit status 0 (all passed) or 1.

set -u
export LC_ALL=C

tool=$(realpath "${1:-$(dirname "$0")/../../certs/thimble-ca}")
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1

count=0 failed=0

ok() {  # DESCRIPTION HAVE WANT
  count=$((count + 1))
  if [[ $2 == "$3" ]]; then
    echo "ok $count - $1"
  else
    failed=$((failed + 1))
    printf 'not ok %d - %s\n# have %s\n# want %s\n' "$count" "$1" "$2" "$3"
  fi
}

hex() { od -An -v -tx1 "$@" | tr -d ' \n'; }
text() { printf %s "$1" | hex; }

little() {  # HEX: as a number
  local i digits=''
  for ((i = ${#1} - 2; i >= 0; i -= 2)); do digits+=${1:i:2}; done
  echo $((16#$digits))
}

# Sets all values of a tag, a space between them.
field() {  # BLOB TAG
  local blob at=24 end len
  blob=$(hex "$1")
  end=$((at + 2 * $(little "${blob:12:4}")))
  while ((at < end)); do
    len=$(little "${blob:at+2:4}")
    [[ $((16#${blob:at:2})) != "$2" ]] || printf '%s ' "${blob:at+6:2*len}"
    at=$((at + 6 + 2 * len))
  done
}

refused() {  # DESCRIPTION TEXT ARGUMENT...
  local error status=0
  error=$("$tool" board --dir ca "${@:3}" 2>&1 >/dev/null) || status=$?
  ok "$1" "$status $([[ $error == *"$2"* ]] && echo said || echo "$error")" '2 said'
}

{ "$tool" init --dir ca && "$tool" init --dir next && "$tool" server --dir ca hub.lan; } >/dev/null
before=$(date +%s)
"$tool" board --dir ca pump --also-ca next/ca.crt --room '#ops' --room '#garden' --allow 'ali *' \
  --allow 'carol@phone temp uptime' --address 192.0.2.7/26,192.0.2.1 >/dev/null
blob=ca/boards/pump@default.bin crt=ca/users/pump@default.crt

ok 'it is for its owner alone' "$(stat -c %a $blob)" 600
ok 'magic, version' "$(head -c 6 $blob | hex)" 54484d420100
first=$(little "$(head -c 12 $blob | tail -c 4 | hex)")
ok 'its number is the time' $((first >= before && first <= $(date +%s))) 1
size=$(stat -c %s $blob)
ok 'its length is that of its fields' "$(little "$(head -c 8 $blob | tail -c 2 | hex)")" $((size - 16))
ok 'the checksum is that of all before it' "$(tail -c 4 $blob | hex)" \
  "$(head -c -4 $blob | gzip -c | tail -c 8 | head -c 4 | hex)"

points=''
for ca in ca next; do
  points+=$(openssl x509 -in $ca/ca.crt -noout -pubkey | openssl pkey -pubin -outform DER | tail -c 65 | hex)' '
done
ok 'the keys of both CAs' "$(field $blob 2)" "$points"
names=$(field $blob 1)
for ca in ca next; do
  to_bytes=$(sed 's/../\\x&/g' <<<"${names%% *}")
  # What openssl hashes is the name in its canonical form; the names are compared by it.
  printf '%b' "$to_bytes" >name.der
  ok "the subject of $ca" "$(openssl asn1parse -inform DER -in name.der | sed -n 's/.*STRING *://p')" \
    "$(openssl x509 -in $ca/ca.crt -noout -subject -nameopt multiline | sed -n 's/.*commonName *= //p')"
  names=${names#* }
done
ok 'the certificate' "$(field $blob 3)" "$(openssl x509 -in $crt -outform DER | hex) "
# An EC key of RFC 5915 made of that scalar alone has the public key of the certificate.
scalar=$(field $blob 4)
printf '%b' "$(sed 's/../\\x&/g' <<<"30310201010420${scalar% }a00a06082a8648ce3d030107")" >key.der
ok 'the private key' "$(openssl pkey -inform DER -in key.der -pubout)" "$(openssl x509 -in $crt -noout -pubkey)"
ok 'the hash of its public key' "$(field $blob 5)" \
  "$(openssl x509 -in $crt -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1) "
end=$(field $blob 6)
ok 'the end of the certificate' "$(little "${end% }")" "$(date -d "$(openssl x509 -in $crt -noout -enddate | cut -d= -f2)" +%s)"
ok 'a client' "$(field $blob 7)" '00 '
ok 'user and device' "$(field $blob 8)$(field $blob 9)" "$(text pump) $(text default) "
ok 'the only server there is, and its name' "$(field $blob 10)$(field $blob 12)" "$(text hub.lan) $(text hub.lan) "
ok 'the usual port' "$(field $blob 11)" 'fb20 '
floor=$(field $blob 13)
floor=$(little "${floor% }")
ok 'the time floor is now' $((floor >= before * 1000 && floor <= $(date +%s) * 1000)) 1
seed=$(field $blob 14)
ok '32 bytes of seed' ${#seed} 65
ok 'the fixed address' "$(field $blob 15)" 'c0000207ffffffc0c000020100000000 '
ok 'the rooms, in order' "$(field $blob 16)" "$(text '#ops') $(text '#garden') "
ok 'who may command what' "$(field $blob 17)" "$(text 'ali *') $(text 'carol@phone temp uptime') "

"$tool" board --dir ca pump --server 192.0.2.9:7000 --server-name hub.lan --out second >/dev/null
ok 'the second has a higher number' $(($(little "$(head -c 12 second | tail -c 4 | hex)") > first)) 1
ok 'the same certificate' "$(field second 3)" "$(field $blob 3)"
ok 'another seed' "$([[ $(field second 14) != "$seed" ]] && echo other)" other
ok 'address and name apart' "$(field second 10)$(field second 11)$(field second 12)" "$(text 192.0.2.9) 581b $(text hub.lan) "
ok 'no address: DHCP' "$(field second 15)" ''
"$tool" board --dir ca pump --seq 4000000000 --out third >/dev/null
"$tool" board --dir ca pump --out fourth >/dev/null
ok 'numbers go on from the one that was given' "$(little "$(head -c 12 fourth | tail -c 4 | hex)")" 4000000001

"$tool" revoke --dir ca pump >/dev/null
"$tool" board --dir ca pump --out fifth >/dev/null 2>&1
ok 'a revoked board gets a new key' "$([[ $(field fifth 5) != "$(field $blob 5)" ]] && echo new)" new

"$tool" board --dir ca board.lan --as-server --server :7000 >/dev/null
ok 'a server: role, port, no user' "$(field ca/boards/board.lan.bin 7)$(field ca/boards/board.lan.bin 11)$(field ca/boards/board.lan.bin 8)" '01 581b '

# --- an invitation in place of a certificate ---

# 16 bytes as an invitation has them, from their digits.
base64url() { printf '%b' "$(sed 's/../\\x&/g' <<<"$1")" | openssl base64 -A | tr '+/' '-_' | tr -d =; }
pin=$(openssl x509 -in ca/ca.crt -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | head -c 32)
secret=fbefbe00000000000000000000ffffff
ca=$(base64url "$pin") word=$(base64url $secret)
before=$(sha256sum ca/users/* ca/denylist)
"$tool" board --dir ca --claim "THM1:hub.lan:7443/$ca/$word" --room '#ops' --allow 'ali *' --out claim >/dev/null
ok 'a claim: the secret' "$(field claim 19)" "$secret "
ok '... no certificate, key, hash, end, user, device' \
  "$(for tag in 3 4 5 6 8 9; do field claim $tag; done)" ''
ok '... a client' "$(field claim 7)" '00 '
ok '... of this CA' "$(field claim 2)" "${points%% *} "
ok '... dials where the invitation leads' "$(field claim 10)$(field claim 11)$(field claim 12)" \
  "$(text hub.lan) 131d $(text hub.lan) "
ok '... with a seed' "$(field claim 14 | tr -d '\n' | wc -c)" 65
ok '... and what it may do' "$(field claim 16)$(field claim 17)" "$(text '#ops') $(text 'ali *') "
ok '... for its owner alone' "$(stat -c %a claim)" 600
ok '... and no certificate was made, or changed' "$(sha256sum ca/users/* ca/denylist)" "$before"
printf ' THM1:192.0.2.9:7443/%s/%s/hub.lan \r\n' "$ca" "$word" |
  "$tool" board --dir ca --claim - >said
hash=$(printf '%b' "$(sed 's/../\\x&/g' <<<$secret)" | sha256sum | head -c 12)
ok 'from standard input, named by its hash' "$(field ca/boards/claim-$hash.bin 19)" "$secret "
ok '... server and name apart' "$(field ca/boards/claim-$hash.bin 10)$(field ca/boards/claim-$hash.bin 12)" \
  "$(text 192.0.2.9) $(text hub.lan) "
ok '... and nobody is told the secret' "$(grep -ce "$word" said)" 0
ok 'the second has a higher number ' \
  $(($(little "$(head -c 12 ca/boards/claim-$hash.bin | tail -c 4 | hex)") > $(little "$(head -c 12 claim | tail -c 4 | hex)"))) 1
"$tool" board --dir ca --claim "THM1:hub.lan:7443/$ca/$word" --server 10.0.2.2 --server-name localhost --out third >/dev/null
ok 'the server may be given, the port stays' "$(field third 10)$(field third 11)$(field third 12)" \
  "$(text 10.0.2.2) 131d $(text localhost) "
"$tool" board --dir ca --claim "THM1:hub.lan:7443/$ca/$word" --server 10.0.2.2:99 --out third >/dev/null
ok '... unless that is given, too; the name stays' "$(field third 11)$(field third 12)" "6300 $(text hub.lan) "
error=$("$tool" board --dir next --claim "THM1:hub.lan:7443/$ca/$word" 2>&1)
ok "another CA's invitation" "$? $error" \
  '1 thimble-ca: the invitation is to a server of another CA than next/ca.crt: name the directory of that CA'
refused 'what is no invitation' 'that is no invitation' --claim hub.lan:7443
refused 'half of one' 'that is no invitation' --claim "THM1:hub.lan:7443/$ca/${word%?}"
refused 'bits that belong to no byte' 'that is no invitation' --claim "THM1:hub.lan:7443/$ca/${word%?}x"
refused 'an IPv6 address in it' 'IPv4' --claim "THM1:[::1]:7443/$ca/$word"
refused 'who it becomes is not to be said' 'says the invitation' pump --claim "THM1:hub.lan:7443/$ca/$word"
refused 'nor its device' 'goes without --device' --device shed --claim "THM1:hub.lan:7443/$ca/$word"
refused 'nor a passcode' 'goes without' --passcode-file - --claim "THM1:hub.lan:7443/$ca/$word"
refused 'nor that it is a server' 'goes without' --as-server --claim "THM1:hub.lan:7443/$ca/$word"

refused 'no server named, and two there are' 'with --server'  pump
refused 'IPv6, which boards do not speak' 'IPv4' pump --server '[::1]:7000'
refused 'a bad port' 'port' pump --server hub.lan:70000
refused 'a bad room' 'bad room' pump --server hub.lan --room ops
refused 'four rooms' 'at most 3' pump --server hub.lan --room '#a' --room '#b' --room '#c' --room '#d'
refused 'nobody named to allow' 'bad --allow' pump --server hub.lan --allow ali
refused 'a bad address' 'bad address' pump --server hub.lan --address 192.0.2.300/24,192.0.2.1
refused 'a bad number' '--seq' pump --server hub.lan --seq 0

echo "1..$count"
((failed == 0)) || { echo "# $failed of $count failed"; exit 1; }
