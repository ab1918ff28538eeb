#!/usr/bin/env bash
# make_certs.sh THIMBLE_CA DIR: certificates for the tests of this folder, good ones and bad ones, made once.
#
#   ca/      a server "localhost"; ali, bianca, carol, dora; ali@other; early (not yet valid), late (expired);
#            servers example.org and old (expired); tampered: ali's certificate with one bit changed
#   other/   another CA: its server "localhost" and its ali
set -euo pipefail
ca=$1 dir=$2
. "$(dirname "$0")/flip_bit.sh"
[[ ! -e $dir/.complete ]] || exit 0
rm -rf "$dir"
mkdir -p "$dir"

make() { "$ca" "${@:2}" --dir "$dir/$1" >/dev/null; }

for which in ca other; do
  make $which init
  make $which server localhost
  make $which user ali
done
for user in bianca carol dora eve; do
  make ca user $user
done
make ca user ali --device other
make ca user early --startdate 20980101000000Z --enddate 20990101000000Z
make ca user late --enddate 20240201000000Z
make ca server example.org
make ca server localhost.old --alt localhost --enddate 20240201000000Z

# The signature is what a certificate ends with.
openssl x509 -in "$dir/ca/users/ali@default.crt" -outform DER -out "$dir/der"
flip_bit "$dir/der" $(($(stat -c %s "$dir/der") - 1))
openssl x509 -inform DER -in "$dir/der" -out "$dir/ca/users/tampered.crt"
cp "$dir/ca/users/ali@default.key" "$dir/ca/users/tampered.key"
touch "$dir/.complete"
