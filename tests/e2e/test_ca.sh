#!/usr/bin/env bash
#
# Tests certs/thimble-ca from outside: what it makes is read back with openssl.
# Usage: test_ca.sh [PATH-OF-thimble-ca]; exit status 0 (all passed) or 1.

set -u
export LC_ALL=C
unset CDPATH

here=$(cd "$(dirname "$0")" && pwd)
tool=${1:-$here/../../certs/thimble-ca}
case $tool in /*) ;; *) tool=$PWD/$tool ;; esac
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1

count=0 failed=0 status=0
out=$tmp/stdout err=$tmp/stderr
ca=$tmp/ca

# --- helpers -------------------------------------------------------------------

ok() {  # DESCRIPTION COMMAND...: passes if the command succeeds
  local what=$1
  shift
  count=$((count + 1))
  if "$@" >"$tmp/detail" 2>&1; then
    echo "ok $count - $what"
  else
    failed=$((failed + 1))
    echo "not ok $count - $what"
    sed 's/^/# /' "$tmp/detail" "$err"
  fi
}

not() { ! "$@"; }
ca() { "$tool" "$@" >"$out" 2>"$err"; status=$?; }
is() { [[ $1 == "$2" ]] || { echo "have '$1'"; echo "want '$2'"; return 1; }; }
has() { [[ $1 == *"$2"* ]] || { echo "no '$2' in '$1'"; return 1; }; }
lacks() { [[ $1 != *"$2"* ]] || { echo "'$2' in '$1'"; return 1; }; }
mode() { stat -c %a "$1"; }

# Exactly one line on stderr, nothing on stdout, and the text in it.
refused() {  # STATUS TEXT
  is "$status" "$1" && is "$(wc -l <"$err")" 1 && is "$(cat "$out")" '' && has "$(cat "$err")" "$2"
}

x509() { openssl x509 -noout -in "$@"; }
text() { x509 "$1" -text; }
san() { x509 "$1" -ext subjectAltName | sed -n '2s/^ *//p'; }
spki() { x509 "$1" -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1; }
key_spki() { openssl pkey -in "$1" -pubout -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1; }
serial() { x509 "$1" -serial | cut -d= -f2; }
# All that the CA directory holds, with contents, as one line.
snapshot() { (cd "$ca" && find . -type f ! -name .lock -exec sha256sum {} + | sort | sha256sum); }
verify() { openssl verify -x509_strict -CAfile "$ca/ca.crt" "$@"; }
days_left() {  # CERTIFICATE: rounded
  local end
  end=$(date -u -d "$(x509 "$1" -enddate | cut -d= -f2)" +%s)
  echo $(((end - $(date -u +%s) + 43200) / 86400))
}

# --- usage ------------------------------------------------------------------------

test_usage() {
  ca --version
  ok 'version' is "$status $(cat "$out")" '0 thimble-ca 0.1.0'
  ca --help
  ok 'help exits 0' is "$status" 0
  local word
  for word in init server user issuer renew revoke list --dir --alt --device --days --startdate --enddate 'Exit status'; do
    ok "help speaks of $word" has "$(cat "$out")" "$word"
  done
  ca renew --help
  ok 'help of a command' is "$status" 0
  ca
  ok 'no command' refused 2 'name a command'
  ca frob
  ok 'unknown command' refused 2 "unknown command 'frob'"
  ca init
  ok 'no directory' refused 2 '--dir'
  ca init --dir
  ok 'option without value' refused 2 'needs a value'
  ca list --dir "$ca" --days 3
  ok "another command's option" refused 2 'list has no option --days'
  ca user --dir "$tmp/none" ali
  ok 'no CA there: names init' refused 1 "run 'thimble-ca init --dir $tmp/none'"
  ok 'no CA there: nothing made' not test -e "$tmp/none"
  mkdir "$tmp/other"
  ca list --dir "$tmp/other"
  ok 'a directory without CA' refused 1 'init'
  ok 'a directory without CA stays empty' is "$(ls -A "$tmp/other")" ''
}

# --- init -----------------------------------------------------------------------------

test_init() {
  ca init --dir "$ca" --name 'Test Fleet (1)'
  ok 'init' is "$status" 0
  ok 'mode of D' is "$(mode "$ca")" 700
  ok 'mode of ca.key' is "$(mode "$ca/ca.key")" 600
  ok 'mode of server/' is "$(mode "$ca/server")" 700
  ok 'mode of users/' is "$(mode "$ca/users")" 700
  ok 'ca.crt is public' is "$(mode "$ca/ca.crt")" 644
  local t
  t=$(text "$ca/ca.crt")
  ok 'CA: version 3' has "$t" 'Version: 3'
  ok 'CA: name' has "$t" 'Subject: CN = Test Fleet (1)'
  ok 'CA: basicConstraints' has "$t" $'X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0\n'
  ok 'CA: keyUsage' has "$t" $'X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n'
  ok 'CA: P-256' has "$t" 'NIST CURVE: P-256'
  ok 'CA: signature' has "$t" 'ecdsa-with-SHA256'
  ok 'CA: dated back' has "$t" 'Not Before: Jan  1 00:00:00 2024 GMT'
  ok 'CA: 3650 days' is "$(days_left "$ca/ca.crt")" 3650
  ok 'CA: self-signed' verify "$ca/ca.crt"
  ok 'denylist: only a comment' is "$(grep -c '^#' "$ca/denylist") $(grep -vc '^#' "$ca/denylist")" '1 0'

  local before
  before=$(snapshot)
  ca init --dir "$ca"
  ok 'second init' refused 1 'there is a CA'
  ok 'second init changes nothing' is "$(snapshot)" "$before"

  mkdir -m 755 "$tmp/open" "$tmp/busy"
  touch "$tmp/busy/file"
  ca init --dir "$tmp/open"
  ok 'an empty directory is closed to others' is "$status $(mode "$tmp/open")" '0 700'
  ca init --dir "$tmp/busy"
  ok 'an open directory in use is left alone' refused 1 'not empty'
  ok 'and keeps its mode' is "$(mode "$tmp/busy") $(ls -A "$tmp/busy")" '755 file'
  ca init --dir "$tmp/days" --days 30
  ok 'init --days' is "$(days_left "$tmp/days/ca.crt")" 30
  ok 'the default names of two CAs differ' not is "$(x509 "$tmp/days/ca.crt" -subject)" "$(x509 "$tmp/open/ca.crt" -subject)"
  ca user --dir "$tmp/days" ali
  ok 'a leaf ends with its CA' is "$(x509 "$tmp/days/users/ali@default.crt" -enddate)" "$(x509 "$tmp/days/ca.crt" -enddate)"
  ca init --dir "$tmp/bad" --name $'x\nCN = y'
  ok 'a name with a line break' refused 2 'bad name'
  # shellcheck disable=SC2016 # meant as it stands
  ca init --dir "$tmp/bad" --name '$ENV::HOME'
  ok 'a name that openssl would expand' refused 2 'bad name'
  ok 'nothing made for a bad name' not test -e "$tmp/bad"
  # shellcheck disable=SC2016 # meant as it stands
  local odd='-odd $dir #1'
  ca init --dir "$odd"
  ca user --dir "$odd" ali
  ok 'a directory with an odd name' test -f "./$odd/users/ali@default.crt"
}

# --- leaves ---------------------------------------------------------------------------

common_leaf() {  # WHAT BASE CN
  local t
  t=$(text "$2.crt")
  ok "$1: mode of the key" is "$(mode "$2.key")" 600
  ok "$1: mode of the certificate" is "$(mode "$2.crt")" 644
  ok "$1: key belongs to certificate" is "$(key_spki "$2.key")" "$(spki "$2.crt")"
  ok "$1: key is PKCS #8 or SEC1" grep -Eqx -- '-----BEGIN (EC )?PRIVATE KEY-----' "$2.key"
  ok "$1: chain" verify "$2.crt"
  ok "$1: CN" has "$t" "Subject: CN = $3"$'\n'
  ok "$1: dated back" has "$t" 'Not Before: Jan  1 00:00:00 2024 GMT'
  ok "$1: version 3" has "$t" 'Version: 3'
  ok "$1: P-256" has "$t" 'NIST CURVE: P-256'
  ok "$1: signature" has "$t" 'ecdsa-with-SHA256'
  ok "$1: keyUsage" has "$t" $'X509v3 Key Usage: critical\n                Digital Signature\n'
  ok "$1: basicConstraints" has "$t" 'CA:FALSE'
  ok "$1: no nameConstraints" lacks "$t" 'Name Constraints'
  ok "$1: no critical extendedKeyUsage" lacks "$t" 'Extended Key Usage: critical'
}

test_server() {
  ca server --dir "$ca" chat.example.org --alt localhost --alt 192.0.2.7 --alt localhost
  ok 'server' is "$status" 0
  common_leaf server "$ca/server/chat.example.org" chat.example.org
  ok 'server: SAN' is "$(san "$ca/server/chat.example.org.crt")" \
    'DNS:chat.example.org, DNS:localhost, DNS:192.0.2.7, IP Address:192.0.2.7'
  ok 'server: 825 days' is "$(days_left "$ca/server/chat.example.org.crt")" 825
  ok 'server: for servers' verify -purpose sslserver "$ca/server/chat.example.org.crt"
  ok 'server: not for clients' not verify -purpose sslclient "$ca/server/chat.example.org.crt"
  ok 'server: host matches' verify -verify_hostname localhost "$ca/server/chat.example.org.crt"
  ok "server: another host doesn't" not verify -verify_hostname example.org "$ca/server/chat.example.org.crt"

  ca server --dir "$ca" 127.0.0.1 --days 10
  common_leaf IPv4 "$ca/server/127.0.0.1" 127.0.0.1
  ok 'IPv4: SAN' is "$(san "$ca/server/127.0.0.1.crt")" 'DNS:127.0.0.1, IP Address:127.0.0.1'
  ok 'IPv4: --days' is "$(days_left "$ca/server/127.0.0.1.crt")" 10
  ca server --dir "$ca" ::1
  common_leaf IPv6 "$ca/server/::1" ::1
  ok 'IPv6: SAN' is "$(san "$ca/server/::1.crt")" 'DNS:::1, IP Address:0:0:0:0:0:0:0:1'
  ok 'IPv6: address matches' verify -verify_ip ::1 "$ca/server/::1.crt"
  ca server --dir "$ca" ::ffff:192.0.2.1
  ok 'IPv6 with an IPv4 tail' is "$(san "$ca/server/::ffff:192.0.2.1.crt")" \
    'DNS:::ffff:192.0.2.1, IP Address:0:0:0:0:0:FFFF:C000:201'

  local before
  before=$(snapshot)
  ca server --dir "$ca" chat.example.org
  ok 'server again: refused, names renew' refused 1 "'thimble-ca renew --dir $ca chat.example.org'"
  ok 'server again: nothing changed' is "$(snapshot)" "$before"
}

test_user() {
  ca user --dir "$ca" ali
  ok 'user' is "$status" 0
  common_leaf user "$ca/users/ali@default" ali@default
  ok 'user: SAN is the URI alone' is "$(san "$ca/users/ali@default.crt")" 'URI:thimble:ali@default'
  ok 'user: 825 days' is "$(days_left "$ca/users/ali@default.crt")" 825
  ok 'user: for clients' verify -purpose sslclient "$ca/users/ali@default.crt"
  ca user --dir "$ca" ali --device=phone
  common_leaf 'second device' "$ca/users/ali@phone" ali@phone
  ok 'second device: SAN' is "$(san "$ca/users/ali@phone.crt")" 'URI:thimble:ali@phone'
  ok 'two devices have two keys' not is "$(spki "$ca/users/ali@phone.crt")" "$(spki "$ca/users/ali@default.crt")"
  ok 'two certificates have two serials' not is "$(serial "$ca/users/ali@phone.crt")" "$(serial "$ca/users/ali@default.crt")"
  ok 'a serial has about 128 bits' grep -Eqx '[0-9A-F]{24,32}' <<<"$(serial "$ca/users/ali@phone.crt")"

  local before long=abcdefghijklmnopqrstuvwxyz012345
  before=$(snapshot)
  ca user --dir "$ca" ali
  ok 'user again: refused, names renew' refused 1 "'thimble-ca renew --dir $ca ali@default'"
  ok 'user again: nothing changed' is "$(snapshot)" "$before"
  ca user --dir "$ca" $long --device $long
  ok 'the longest names: SAN in full' is "$(san "$ca/users/$long@$long.crt")" "URI:thimble:$long@$long"
}

test_dates() {
  ca user --dir "$ca" old --startdate 20240201000000Z --enddate 20240301000000Z
  ok 'startdate' is "$(x509 "$ca/users/old@default.crt" -startdate)" 'notBefore=Feb  1 00:00:00 2024 GMT'
  ok 'enddate' is "$(x509 "$ca/users/old@default.crt" -enddate)" 'notAfter=Mar  1 00:00:00 2024 GMT'
  ok 'an expired user is expired' not verify "$ca/users/old@default.crt"
  ca server --dir "$ca" old.example.org --enddate 20240301000000Z
  ok 'an expired server' is "$(x509 "$ca/server/old.example.org.crt" -enddate)" 'notAfter=Mar  1 00:00:00 2024 GMT'
  ca user --dir "$ca" far --enddate 20650301000000Z
  ok 'an end past 2050' is "$(x509 "$ca/users/far@default.crt" -enddate)" 'notAfter=Mar  1 00:00:00 2065 GMT'

  ca user --dir "$ca" nodate --enddate tomorrow
  ok 'a bad date' refused 2 'YYYYMMDDHHMMSSZ'
  ca user --dir "$ca" nodate --enddate 20230101000000Z
  ok 'an end before the start' refused 2 'before it starts'
  ca user --dir "$ca" nodate --enddate 20309901000000Z
  ok 'a date that no calendar has' refused 1 'failed'
  ca user --dir "$ca" nodate --days 10 --enddate 20300101000000Z
  ok 'two ends' refused 2 'not both'
  local days
  for days in 0 -1 1.5 36501 999999 x 010; do
    ca user --dir "$ca" nodate --days $days
    ok "--days $days" refused 2 '--days'
  done
  ok 'nothing made for bad dates' is "$(find "$ca/users" -name 'nodate*')" ''
}

test_bad_names() {
  local name before
  before=$(snapshot)
  for name in '' A ../ali /ali ali/x .ali _ali -- 'ali x' ali@phone ali:x 'ali*' $'ali\nx' \
    älï abcdefghijklmnopqrstuvwxyz0123456; do
    ca user --dir "$ca" -- "$name"
    ok "bad user '${name//$'\n'/\\n}'" is "$status $(wc -l <"$out")" '2 0'
    ca user --dir "$ca" --device "$name" ali
    ok "bad device '${name//$'\n'/\\n}'" is "$status $(wc -l <"$out")" '2 0'
  done
  # shellcheck disable=SC2016 # meant as it stands
  for name in '' ../x a/b .a a. a..b -a a- a_b 'a b' '*.example.org' '[::1]' ::1::2 ::: 1:2:3 12345::1 fe80::1%lo \
    256.0.0.1 1.2.3 01.2.3.4 host:8443 'x,DNS:y' $'x\nDNS.9 = y' '$HOME' \
    abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl.org; do
    ca server --dir "$ca" -- "$name"
    ok "bad host '${name//$'\n'/\\n}'" is "$status $(wc -l <"$out")" '2 0'
  done
  ca server --dir "$ca" good.example.org --alt 'bad_'
  ok 'a bad --alt' refused 2 "bad host 'bad_'"
  ca renew --dir "$ca" ../ca
  ok 'renew: a bad name' refused 2 'bad'
  ca revoke --dir "$ca" 'ali@*'
  ok 'revoke: a bad name' refused 2 'bad device'
  ca user --dir "$ca"
  ok 'no user named' refused 2 'name the USER'
  ca user --dir "$ca" ali bob
  ok 'two users named' refused 2 'one USER at a time'
  ok 'nothing changed for bad names' is "$(snapshot)" "$before"
}

# --- renewing and revoking ----------------------------------------------------------

test_renew() {
  local base=$ca/users/ali@default hash old
  hash=$(spki "$base.crt")
  old=$(cat "$base.crt")
  ca renew --dir "$ca" ali@default --days 100
  ok 'renew' is "$status" 0
  common_leaf renewed "$base" ali@default
  ok 'renewed: same key' is "$(spki "$base.crt")" "$hash"
  ok 'renewed: same SAN' is "$(san "$base.crt")" 'URI:thimble:ali@default'
  ok 'renewed: --days' is "$(days_left "$base.crt")" 100
  ok 'renewed: another serial' not is "$(serial "$base.crt")" "$(serial "$base.crt.1")"
  ok 'renewed: the old one is kept' is "$(cat "$base.crt.1")" "$old"
  ok 'renewed: the other device is as it was' not test -e "$ca/users/ali@phone.crt.1"
  ca renew --dir "$ca" ali
  ok 'renew a user: every device' test -e "$base.crt.2" -a -e "$ca/users/ali@phone.crt.1"
  ok 'the first old one is still the same' is "$(cat "$base.crt.1")" "$old"

  local server=$ca/server/chat.example.org names
  names=$(san "$server.crt")
  ca renew --dir "$ca" chat.example.org
  ok 'renew a server: all names stay' is "$(san "$server.crt")" "$names"
  ok 'renew a server: same key' is "$(spki "$server.crt")" "$(spki "$server.crt.1")"
  ca renew --dir "$ca" ::1
  ok 'renew an IPv6 server' is "$status $(san "$ca/server/::1.crt")" '0 DNS:::1, IP Address:0:0:0:0:0:0:0:1'
  ca renew --dir "$ca" old
  ok 'renew what has expired' verify "$ca/users/old@default.crt"

  ca renew --dir "$ca" nobody
  ok 'renew nobody' refused 1 'thimble-ca list'
  mv "$base.key" "$tmp/kept"
  ca renew --dir "$ca" ali@default
  ok 'renew without the key' refused 1 'put it back'
  cp "$ca/users/ali@phone.key" "$base.key"
  ca renew --dir "$ca" ali@default
  ok "renew with another's key" refused 1 'does not belong'
  mv "$tmp/kept" "$base.key"
  ok 'a failed renewal changes nothing' is "$(spki "$base.crt")" "$hash"

  mv "$ca/ca.key" "$tmp/kept"
  ca user --dir "$ca" keyless
  ok "without the CA's key" refused 1 'ca.key is not there'
  mv "$tmp/kept" "$ca/ca.key"
  mv "$ca/ca.crt" "$tmp/kept"
  echo broken >"$ca/ca.crt"
  ca user --dir "$ca" keyless
  ok "with a broken CA's certificate" refused 1 'not a readable certificate'
  mv "$tmp/kept" "$ca/ca.crt"
  ok 'nothing made without a CA' is "$(find "$ca/users" -name 'keyless*')" ''
}

deny_lines() { grep -Ex '[0-9a-f]{64} # [a-z0-9._-]+@[a-z0-9._-]+ [0-9]{4}-[0-9]{2}-[0-9]{2}' "$ca/denylist"; }

test_revoke() {
  ca revoke --dir "$ca" ali@phone
  ok 'revoke a device' is "$status" 0
  ok 'its line' is "$(deny_lines)" "$(spki "$ca/users/ali@phone.crt") # ali@phone $(date -u +%Y-%m-%d)"
  ok 'the comment stays first' has "$(head -n 1 "$ca/denylist")" '# '
  local before
  before=$(cat "$ca/denylist")
  ca revoke --dir "$ca" ali@phone
  ok 'revoke again: still 0' is "$status" 0
  ok 'revoke again: no change' is "$(cat "$ca/denylist")" "$before"
  ca user --dir "$ca" ali --device tab
  printf '# by hand, no line end' >>"$ca/denylist"
  ca revoke --dir "$ca" ali
  ok 'revoke a user: all devices, each once' is "$(deny_lines | cut -d' ' -f1 | sort)" \
    "$(for d in default phone tab; do spki "$ca/users/ali@$d.crt"; done | sort)"
  ok "revoke doesn't eat lines" grep -qx '# by hand, no line end' "$ca/denylist"

  local foreign
  foreign=$(printf '5e%.0s' {1..32})
  ca revoke --dir "$ca" "$foreign"
  ok 'revoke a key without a certificate here' is "$status $(grep -c "^$foreign # " "$ca/denylist")" '0 1'
  ca revoke --dir "$ca" "$foreign"
  ok 'once' is "$status $(grep -c "^$foreign" "$ca/denylist")" '0 1'
  ca revoke --dir "$ca" "${foreign%?}"
  ok 'not by a part of its hash' refused 2 'bad user'
  ca revoke --dir "$ca" nobody
  ok 'revoke nobody' refused 1 'thimble-ca list'
  ca revoke --dir "$ca" al
  ok 'revoke the beginning of a name' refused 1 'no certificate for al '
  ca revoke --dir "$ca" chat.example.org
  ok 'revoke a server' refused 1 'no certificate'
  ca renew --dir "$ca" ali@phone
  ok 'what is revoked is not renewed' is "$status" 1
  ok 'and says so' has "$(cat "$err")" 'ali@phone is revoked'

  local base=$ca/users/ali@phone hash
  hash=$(spki "$base.crt")
  ca user --dir "$ca" ali --device phone
  ok 'a new pair for a revoked name' is "$status" 0
  ok 'has a new key' is "$(key_spki "$base.key") $(grep -c "^$(spki "$base.crt") " "$ca/denylist")" "$(spki "$base.crt") 0"
  ok 'and works' verify "$base.crt"
  ok 'the old pair is kept' is "$(spki "$base.crt.revoked.1") $(key_spki "$base.key.revoked.1")" "$hash $hash"
  ok 'the old key stays denied' grep -q "^$hash " "$ca/denylist"
  ca revoke --dir "$ca" ali@phone
  hash=$(spki "$base.crt")
  mv "$base.crt" "$base.crt.revoked.2"  # as a run leaves it that is killed in the middle
  ca user --dir "$ca" ali --device phone
  ok 'a revoked key alone makes way as well' is "$status $(key_spki "$base.key.revoked.3")" "0 $hash"
  ca revoke --dir "$ca" ali@phone
}

row() { grep -E "^$1 +$2 " "$out" | tr -s ' '; }

test_list() {
  ca user --dir "$ca" late --enddate 20240301000000Z
  ca list --dir "$ca"
  ok 'list' is "$status" 0
  ok 'list: the CA' has "$(grep '^ca ' "$out")" "$(spki "$ca/ca.crt" | cut -c1-16)  valid"
  local end
  end=$(date -u -d "$(x509 "$ca/server/::1.crt" -enddate | cut -d= -f2)" +%Y-%m-%dT%H:%M:%SZ)
  ok 'list: a server' is "$(row server ::1)" "server ::1 $end $(spki "$ca/server/::1.crt" | cut -c1-16) valid"
  ok 'list: revoked' has "$(row user ali@phone)" "$(spki "$ca/users/ali@phone.crt" | cut -c1-16) revoked"
  ok 'list: expired' has "$(row user late@default)" '2024-03-01T00:00:00Z'
  ok 'list: expired is said' has "$(row user late@default)" 'expired'
  ok 'list: one line each' is "$(wc -l <"$out")" "$((2 + $(find "$ca" -name '*.crt' -path '*/*/*.crt' ! -path "$ca/ca.crt" | wc -l)))"
  echo broken >"$ca/users/broken@default.crt"
  ca list --dir "$ca"
  ok 'list: an unreadable one' has "$(row user broken@default)" unreadable
  rm "$ca/users/broken@default.crt"
}

test_issuer() {
  local t before
  ca issuer --dir "$tmp/none"
  ok 'issuer: no CA there' refused 1 "run 'thimble-ca init --dir $tmp/none'"
  ca issuer --dir "$ca" ali
  ok 'issuer takes no name' refused 2 "issuer takes no name: 'ali'"
  ca issuer --dir "$ca"
  ok 'issuer' is "$status $(cat "$out")" "0 made $ca/issuer/issuer.crt and $ca/issuer/issuer.key"
  ok 'issuer: modes' is "$(mode "$ca/issuer") $(mode "$ca/issuer/issuer.key") $(mode "$ca/issuer/issuer.crt")" '700 600 644'
  t=$(text "$ca/issuer/issuer.crt")
  ok 'issuer: name' has "$t" 'Subject: CN = Test Fleet (1) devices'
  ok 'issuer: its own, not the CA'\''s' has "$t" 'Issuer: CN = Test Fleet (1) devices'
  ok 'issuer: basicConstraints' has "$t" $'X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0\n'
  ok 'issuer: keyUsage' has "$t" $'X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n'
  ok 'issuer: P-256' has "$t" 'NIST CURVE: P-256'
  ok 'issuer: dated back' has "$t" 'Not Before: Jan  1 00:00:00 2024 GMT'
  ok 'issuer: 3650 days' is "$(days_left "$ca/issuer/issuer.crt")" 3650
  ok 'issuer: another key than the CA'\''s' not is "$(spki "$ca/issuer/issuer.crt")" "$(spki "$ca/ca.crt")"
  ok 'issuer: who trusts the CA does not trust it' not verify "$ca/issuer/issuer.crt"
  ok 'issuer: self-signed' openssl verify -x509_strict -CAfile "$ca/issuer/issuer.crt" "$ca/issuer/issuer.crt"
  ok 'issuer: key' is "$(key_spki "$ca/issuer/issuer.key")" "$(spki "$ca/issuer/issuer.crt")"
  before=$(snapshot)
  ca issuer --dir "$ca"
  ok 'a second one' refused 1 'there is an issuing CA'
  ok '... changes nothing' is "$(snapshot)" "$before"
  rm "$ca/issuer/issuer.crt" # as a run leaves it that is killed in the middle
  before=$(key_spki "$ca/issuer/issuer.key")
  ca issuer --dir "$ca" --days 30
  ok 'a key without certificate is used' is "$status $(spki "$ca/issuer/issuer.crt")" "0 $before"
  ok 'issuer --days' is "$(days_left "$ca/issuer/issuer.crt")" 30
  ca list --dir "$ca"
  ok 'list: the issuer' has "$(grep '^issuer ' "$out" | tr -s ' ')" "issuer Test Fleet (1) devices "
  ok 'list: ... its key' has "$(grep '^issuer ' "$out")" "$(spki "$ca/issuer/issuer.crt" | cut -c1-16)  valid"
  openssl req -new -newkey rsa:2048 -nodes -keyout "$tmp/rsa.key" -subj '/CN=NIST CURVE: P-256' -out "$tmp/rsa.csr" 2>/dev/null
  ca sign --dir "$ca" ali@rsa "$tmp/rsa.csr"
  ok 'sign: a request whose name says P-256' refused 1 'not for a P-256 key'
  openssl ecparam -name prime256v1 -genkey -noout -out "$tmp/ec.key"
  openssl req -new -key "$tmp/ec.key" -subj / -outform DER -out "$tmp/ec.der"
  { head -c -1 "$tmp/ec.der"; tail -c 1 "$tmp/ec.der" | tr '\000-\377' '\001-\377\000'; } |
    openssl req -inform DER -out "$tmp/ec.csr" 2>/dev/null
  ca sign --dir "$ca" ali@other "$tmp/ec.csr"
  ok 'sign: a request that another key has signed' refused 1 'that its own key has signed'
  ca init --dir "$tmp/long" --name "$(printf 'a%.0s' {1..64})"
  rm "$tmp/long/ca.key" # which it does not need
  ca issuer --dir "$tmp/long"
  ok 'a long name is cut, and another' is "$(x509 "$tmp/long/issuer/issuer.crt" -subject)" \
    "subject=CN = $(printf 'a%.0s' {1..56}) devices"
}

# --- many at once, and cut short ------------------------------------------------------

at_once() {  # PREFIX: six runs for six users, six for one and the same
  local i
  for i in 1 2 3 4 5 6; do
    "$tool" user --dir "$ca" "$1$i" >/dev/null 2>&1 &
    "$tool" user --dir "$ca" "$1" >>"$tmp/same" 2>/dev/null &
  done
  wait
  for i in 1 2 3 4 5 6; do
    "$tool" revoke --dir "$ca" "$1$i" >/dev/null 2>&1 &
  done
  wait
}

test_concurrency() {
  at_once many
  ok 'at once: all are made' is "$(find "$ca/users" -name 'many[1-6]@default.crt' | wc -l)" 6
  ok 'at once: one of six wins the same name' is "$(grep -c '^made' "$tmp/same")" 1
  ok 'at once: its key and certificate agree' is "$(key_spki "$ca/users/many@default.key")" "$(spki "$ca/users/many@default.crt")"
  ok 'at once: no revocation is lost' is "$(grep -c ' # many[1-6]@default ' "$ca/denylist")" 6
  ok 'at once: nothing is left behind' is "$(find "$ca" -name '.thimble-ca*')" ''
}

# The same where there is no flock program, and the lock is a directory.
test_without_flock() {
  local program real=$tool
  mkdir "$tmp/bin"
  for program in bash openssl base64 cat chmod cp date ls mkdir mktemp mv rm rmdir sha256sum sleep sync tail; do
    ln -s "$(command -v "$program")" "$tmp/bin/$program"
  done
  printf '#!%s\nPATH=%q exec bash %q "$@"\n' "$tmp/bin/bash" "$tmp/bin" "$tool" >"$tmp/noflock"
  chmod +x "$tmp/noflock"
  tool=$tmp/noflock
  : >"$tmp/same"
  at_once few
  ok 'without flock: all are made' is "$(find "$ca/users" -name 'few[1-6]@default.crt' | wc -l)" 6
  ok 'without flock: one of six wins' is "$(grep -c '^made' "$tmp/same")" 1
  ok 'without flock: no revocation is lost' is "$(grep -c ' # few[1-6]@default ' "$ca/denylist")" 6
  ok 'without flock: the lock is gone' not test -e "$ca/.lock.d"
  tool=$real
}

cut_short() {  # SIGNAL MILLISECONDS ARGUMENT...
  { timeout -s "$1" "$(($2 / 1000)).$(printf %03d $(($2 % 1000)))" "$tool" "${@:3}"; } >/dev/null 2>&1
}

# A certificate without its key, or one that doesn't verify, is a half state.
whole() {
  local crt
  for crt in "$ca"/users/cut*.crt; do
    [[ -e $crt ]] || continue
    is "$(key_spki "${crt%.crt}.key")" "$(spki "$crt")" && verify "$crt" || return 1
  done
}

test_killed() {
  local i signal started took
  started=$(date +%s%N)
  ca user --dir "$ca" uncut
  took=$((($(date +%s%N) - started) / 1000000))
  # The signals are spread over a little more than the time of a whole run.
  for i in $(seq 1 24); do
    signal=KILL
    ((i % 3)) || signal=TERM
    cut_short $signal $((i * took / 18)) user --dir "$ca" "cut$i"
  done
  echo "# $(find "$ca/users" -name 'cut*.crt' | wc -l) of 24 runs were done before their signal"
  ok 'killed runs leave nothing half' whole
  ok 'no key is open to others' is "$(find "$ca" -name '*.key' -perm /077)" ''
  local missing=0
  for i in $(seq 1 24); do
    "$tool" user --dir "$ca" "cut$i" >/dev/null 2>&1
    [[ -e $ca/users/cut$i@default.crt ]] || missing=$((missing + 1))
  done
  ok 'the same commands again complete them' is "$missing" 0
  ok 'and they are whole' whole
  ok 'working directories of killed runs are gone' is "$(find "$ca" -name '.thimble-ca*')" ''

  # What a run leaves that dies between its two last steps.
  local hash
  hash=$(key_spki "$ca/users/cut1@default.key")
  rm "$ca/users/cut1@default.crt"
  ca user --dir "$ca" cut1
  ok 'a key without certificate is used' is "$status $(spki "$ca/users/cut1@default.crt")" "0 $hash"
  for i in $(seq 1 12); do
    cut_short KILL $((i * took / 9)) init --dir "$tmp/cut$i"
    ca init --dir "$tmp/cut$i"
    [[ $status == 0 || $(cat "$err") == *'there is a CA'* ]] || missing=$((missing + 1))
    ca user --dir "$tmp/cut$i" ali
    openssl verify -CAfile "$tmp/cut$i/ca.crt" "$tmp/cut$i/users/ali@default.crt" >/dev/null 2>&1 || missing=$((missing + 1))
  done
  ok 'an init that was killed can be run again' is "$missing" 0
}

# No key is readable by others even for a moment, whatever the caller's umask.
test_umask() {
  local log=$tmp/trace
  (umask 000 && ca init --dir "$tmp/mask" && ca user --dir "$tmp/mask" ali)
  ok 'umask 000: keys' is "$(find "$tmp/mask" -name '*.key' -perm /077)" ''
  ok 'umask 000: directories' is "$(find "$tmp/mask" -type d -perm /077)" ''
  command -v strace >/dev/null || { echo "# skipped: no strace to watch the creation of keys"; return; }
  (umask 000 && strace -f -e trace=openat,creat,mkdir -o "$log" "$tool" user --dir "$tmp/mask" bob >/dev/null 2>&1)
  ok 'no key is ever created open' is "$(grep -E 'key".*O_CREAT' "$log" | grep -vc ', 0600)')" 0
}

test_usage
test_init
test_server
test_user
test_dates
test_bad_names
test_renew
test_revoke
test_list
test_issuer
test_concurrency
test_without_flock
test_killed
test_umask

echo "1..$count"
((failed == 0)) || { echo "# $failed of $count failed"; exit 1; }
