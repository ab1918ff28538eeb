#!/bin/sh
# Makes the certificates of the TLS tests in a directory: good ones, and one for every way to be bad.
# They all last for years but "brief", which lasts 30 days: tests choose the date themselves.
set -eu
export OPENSSL_CONF=/dev/null LC_ALL=C
script=$(readlink -f "$0")
mkdir -p "$1"
cd "$1"
# Those that an older script made lack some.
[ ! -e complete ] || [ "$script" -nt complete ] || exit 0

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null; }

root() { # NAME
  new_key "$1"
  openssl req -x509 -new -key "$1.key" -subj "/CN=test root $1" -days 3650 -out "$1.crt" \
    -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign' 2>/dev/null
}

# The key is there. Extensions come one to an argument.
issue() { # NAME ISSUER SUBJECT DAYS EXTENSION...; signed with $digest, SHA-256 if that is not set
  name=$1 issuer=$2 subject=$3 days=$4
  shift 4
  printf '%s\n' "$@" >"$name.ext"
  openssl req -new -key "$name.key" -subj "$subject" -out "$name.csr" -config /dev/null 2>/dev/null
  openssl x509 -req -in "$name.csr" -CA "$issuer.crt" -CAkey "$issuer.key" -days "$days" "-${digest:-sha256}" \
    -set_serial "0x$(openssl rand -hex 8)" -extfile "$name.ext" -out "$name.crt" 2>/dev/null
  rm -f "$name.csr" "$name.ext"
}

leaf() { # NAME ISSUER EXTENSION...
  name=$1 issuer=$2
  shift 2
  new_key "$name"
  issue "$name" "$issuer" "/CN=$name" 3650 'keyUsage=critical,digitalSignature' "$@"
}

ca() { # NAME ISSUER
  new_key "$1"
  issue "$1" "$2" "/CN=test $1" 3650 'basicConstraints=critical,CA:TRUE' 'keyUsage=critical,keyCertSign'
}

san() { printf 'subjectAltName=%s' "$1"; }

root root
root other
cat root.crt other.crt >both.crt
leaf server root "$(san DNS:chat.example,DNS:192.0.2.1)"
leaf server2 root "$(san DNS:chat.example)"
leaf elsewhere root "$(san DNS:elsewhere.example)"
leaf ali root "$(san URI:thimble:ali@desk)"
leaf bianca root "$(san URI:thimble:bianca@phone-2.0_x)"
leaf stranger other "$(san URI:thimble:ali@desk)"
leaf impostor other "$(san DNS:chat.example)"

# Bad ones.
leaf no_san root 'subjectKeyIdentifier=hash'
leaf two_uris root "$(san URI:thimble:ali@desk,URI:thimble:root@desk)"
leaf web_uri root "$(san URI:https://ali.example/desk)"
leaf upper root "$(san URI:thimble:Ali@desk)"
leaf no_device root "$(san URI:thimble:ali)"
leaf dot_first root "$(san URI:thimble:.ali@desk)"
leaf two_ats root "$(san URI:thimble:ali@desk@home)"
leaf longest root "$(san URI:thimble:a2345678901234567890123456789012@d2345678901234567890123456789012)"
leaf too_long root "$(san URI:thimble:a23456789012345678901234567890123@desk)"
leaf user_and_dns root "$(san URI:thimble:ali@desk,DNS:chat.example)"
leaf server_and_uri root "$(san DNS:chat.example,URI:thimble:ali@desk)"
leaf eku root "$(san URI:thimble:ali@desk)" 'extendedKeyUsage=critical,clientAuth'
# "thimble:ali@desk", a zero byte, ".evil"
leaf zero_byte root 'subjectAltName=DER:30:18:86:16:74:68:69:6d:62:6c:65:3a:61:6c:69:40:64:65:73:6b:00:2e:65:76:69:6c'
new_key cn_host
issue cn_host root /CN=chat.example 3650 "$(san URI:thimble:ali@desk)"
new_key cn_only
issue cn_only root /CN=chat.example 3650 'subjectKeyIdentifier=hash'
new_key brief
issue brief root /CN=brief 30 "$(san URI:thimble:ali@desk)"
new_key sealed
issue sealed root /CN=sealed 3650 "$(san URI:thimble:ali@desk)" 'keyUsage=critical,keyEncipherment'
cp ali.key renewed.key
issue renewed root /CN=renewed 3650 "$(san URI:thimble:ali@desk)"
digest=sha384
leaf user_sha384 root "$(san URI:thimble:ali@desk)"
leaf server_sha384 root "$(san DNS:chat.example)"
digest=sha512
leaf server_sha512 root "$(san DNS:chat.example)"
digest=sha256
leaf leaf_signed ali "$(san URI:thimble:root@desk)"
cat ali.crt >>leaf_signed.crt

# Chains: user below an intermediate CA, and below eleven.
ca step root
leaf below_step step "$(san URI:thimble:ali@desk)"
cat step.crt >>below_step.crt
leaf bulky step "$(san URI:thimble:ali@desk)" "nsComment=$(printf %01200d 0)"
cat step.crt >>bulky.crt
above=root chain=
for i in 1 2 3 4 5 6 7 8 9 10 11; do
  ca "deep$i" "$above"
  above=deep$i chain="deep$i.crt $chain"
done
leaf deep "$above" "$(san URI:thimble:ali@desk)"
cat deep.crt $chain >deep_chain.crt

# Other kinds of keys, and other forms of the same key.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384.key 2>/dev/null
issue p384 root /CN=p384 3650 "$(san URI:thimble:ali@desk)"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key 2>/dev/null
issue rsa root /CN=rsa 3650 "$(san URI:thimble:ali@desk)"
openssl ec -in ali.key -out ali_sec1.key 2>/dev/null
{ openssl ecparam -name prime256v1; cat ali_sec1.key; } >ali_parameters.key
openssl pkcs8 -topk8 -in ali.key -passout pass:secret -out ali_encrypted.key 2>/dev/null
openssl ec -in ali.key -outform DER -out ali_key.der 2>/dev/null
openssl x509 -in ali.crt -outform DER -out ali.der
openssl x509 -in root.crt -outform DER -out root.der

# Enrolment: servers whose CA is told by its hash, and who must not get in.
leaf server_step step "$(san DNS:chat.example)"
cat step.crt >>server_step.crt
for name in impostor bianca elsewhere; do cat "$name.crt" root.crt >"${name}_root.crt"; done
cat stranger.crt other.crt >stranger_other.crt
cat server.crt other.crt root.crt >server_both.crt
cat server.crt step.crt other.crt >server_others.crt
leaf signs_servers root "$(san URI:thimble:ali@desk)"
leaf below_no_ca signs_servers "$(san DNS:chat.example)"
cat signs_servers.crt >>below_no_ca.crt
cp p384.key p384_stranger.key
issue p384_stranger other /CN=p384 3650 "$(san URI:thimble:ali@desk)"

# A signature with its last byte changed.
openssl x509 -in ali.crt -outform DER -out tampered.der
size=$(wc -c <tampered.der)
last=$(tail -c 1 tampered.der | od -An -tu1)
printf "$(printf '\\%03o' $((last ^ 1)))" | dd of=tampered.der bs=1 seek=$((size - 1)) conv=notrunc 2>/dev/null

# What openssl says of ali, for comparison.
openssl x509 -in ali.crt -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1 >ali.spki
openssl x509 -in ali.crt -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1 >ali.hash
date -u -d "$(openssl x509 -in ali.crt -noout -enddate | cut -d= -f2)" +%s >ali.end
: >complete
