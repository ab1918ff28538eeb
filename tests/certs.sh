#!/bin/sh
# certs.sh THIMBLE_CA DIR: certificates for the tests, made once: a server and users u0 to u3.
set -eu
ca=$1
dir=$2
[ ! -e "$dir/.complete" ] || exit 0
rm -rf "$dir"
"$ca" init --dir "$dir" >/dev/null
"$ca" server --dir "$dir" server >/dev/null
for user in u0 u1 u2 u3; do
    "$ca" user --dir "$dir" $user >/dev/null
done
touch "$dir/.complete"
