#!/bin/sh
# certs.sh THIMBLE_CA DIR: certificates for the tests, made once: a server, users u0 to u3, and a second device of u1.
set -eu
ca=$1
dir=$2
[ ! -e "$dir/.made-2" ] || exit 0
rm -rf "$dir"
"$ca" init --dir "$dir" >/dev/null
"$ca" server --dir "$dir" server >/dev/null
for user in u0 u1 u2 u3; do
    "$ca" user --dir "$dir" $user >/dev/null
done
"$ca" user --dir "$dir" u1 --device phone >/dev/null
# the same server as after a renewal: another certificate
cp "$dir/server/server.crt" "$dir/server.crt"
cp "$dir/server/server.key" "$dir/server.key"
"$ca" renew --dir "$dir" server >/dev/null
mv "$dir/server/server.crt" "$dir/server/renewed.crt"
cp "$dir/server/server.key" "$dir/server/renewed.key"
mv "$dir/server.crt" "$dir/server/server.crt"
mv "$dir/server.key" "$dir/server/server.key"
touch "$dir/.made-2"
