#!/bin/sh
# openssl.sh SHOW OPENSSL DIRECTORY: what openssl says of certificates and requests that SHOW writes.
set -eu
export OPENSSL_CONF=/dev/null LC_ALL=C
show=$1 openssl=$2
dir=$3/shown
rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"
"$show" .

fail() {
    echo "$1: $2" >&2
    exit 1
}

for crt in *.crt; do
    n=${crt%.crt}
    "$openssl" x509 -inform DER -in "$crt" -out "$n.pem"
    "$openssl" verify -check_ss_sig -CAfile "$n.pem" "$n.pem" >/dev/null || fail "$crt" "not signed by itself"
    # DER has one form: what openssl writes anew is the same.
    "$openssl" x509 -in "$n.pem" -outform DER | cmp - "$crt" || fail "$crt" "not DER"
    "$openssl" x509 -in "$n.pem" -noout -text >"$n.txt"
    for line in 'Version: 1' 'Issuer: CN *= *thimble invitation' 'Subject: CN *= *thimble invitation' \
        'Not Before: Jan  1 00:00:00 2024 GMT' 'Not After : Dec 31 23:59:59 9999 GMT' \
        'Signature Algorithm: ecdsa-with-SHA256' 'NIST CURVE: P-256'; do
        grep -q "$line" "$n.txt" || fail "$crt" "no '$line'"
    done
    "$openssl" x509 -in "$n.pem" -noout -pubkey | "$openssl" pkey -pubin -outform DER | "$openssl" dgst -sha256 -binary |
        cmp - "$n.hash" || fail "$crt" "another key's hash"

    "$openssl" req -inform DER -in "$n.csr" -verify -noout 2>"$n.said" || fail "$n.csr" "not signed by its key"
    grep -q 'verify OK' "$n.said" || fail "$n.csr" "not signed by its key"
    "$openssl" req -inform DER -in "$n.csr" -outform DER | cmp - "$n.csr" || fail "$n.csr" "not DER"
    test -z "$("$openssl" req -inform DER -in "$n.csr" -noout -subject | sed 's/^subject= *//')" || fail "$n.csr" "a subject"
    "$openssl" req -inform DER -in "$n.csr" -noout -pubkey | "$openssl" pkey -pubin -outform DER |
        "$openssl" dgst -sha256 -binary | cmp - "$n.hash" || fail "$n.csr" "another key"
done
