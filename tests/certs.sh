#!/bin/sh
# certs.sh THIMBLE_CA DIR: certificates for the tests, made once: a server, users u0 to u3, and a second device of u1.
set -eu
ca=$1
dir=$2
[ ! -e "$dir/.made" ] || exit 0
rm -rf "$dir"
"$ca" init --dir "$dir" >/dev/null
"$ca" server --dir "$dir" server >/dev/null
for user in u0 u1 u2 u3; do
    "$ca" user --dir "$dir" $user >/dev/null
done
"$ca" user --dir "$dir" u1 --device phone >/dev/null
touch "$dir/.made"
