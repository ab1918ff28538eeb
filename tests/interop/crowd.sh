#!/usr/bin/env bash
# crowd.sh CROWD: 1,000 connections that say nothing and 1,000 that send a ClientHello and stop neither keep a real
# client out nor disturb one who is in; and when they are gone the server holds no more than before. They come from
# the real client's own address, and from another one, then again and again. CROWD is the program of crowd.c.
crowd=$1
. "$(dirname "$0")/lib.sh"
readonly SOON_MS=5000 # how long getting in may take meanwhile

real_client() { # TEXT: gets in, says it, and leaves when it is acknowledged; took: ms
  local start=${EPOCHREALTIME/./}
  HOME=$tmp XDG_CONFIG_HOME=$tmp timeout "$PATIENCE" "$THIMBLE" -h 127.0.0.1 -p "$port" --server-name localhost \
    --cafile "$CA/ca.crt" --cert "$CA/users/bianca@default.crt" --state "$tmp/state" <<<"$1" || return 1
  took=$(((${EPOCHREALTIME/./} - start) / 1000))
}

besieged() { # TEXT
  ok "a real client gets in" real_client "$1" || return
  echo "# in $took ms"
  ok 'soon enough' at_most $took $SOON_MS
  ok 'who was in before hears it' hear ali "*\"text\":\"$1\"*"
}

crowd() { # ADDRESS once|again
  local i
  echo "# a crowd from $1, $2"
  mark
  talk crowd "$crowd" "$port" "$1" 1000 1000 "$2"
  hear crowd '*opened*' || give_up 'the crowd does not gather'
  for i in 1 2 3; do besieged "$1 $2 $i"; done
  ok 'the silent are given up' await_log ' refused .*code=timeout'
  exec {input[crowd]}>&-
  hear crowd '*connections*'
  echo "# $heard"
  hang_up crowd
  ok 'all of the crowd is gone' until_true holds "$base"
}

start_server
credentials_of users/ali@default
talk ali openssl s_client -connect "127.0.0.1:$port" -quiet "${modern[@]}" "${credentials[@]}"
say ali '{"msgtype":"hello"}'
hear ali '*"joined","room":"#lobby"*' || give_up 'ali does not get in'
ok 'without a crowd a real client gets in' real_client 'calm'
echo "# in $took ms"
base=$(descriptors)
crowd 127.0.0.1 once
crowd 127.0.0.2 again
once=$(resident_kb)
crowd 127.0.0.2 again
twice=$(resident_kb)
echo "# memory: $once kB after a crowd, $twice kB after the next"
# A sanitizer keeps what libcrypto gave back.
[[ -n ${SANITIZE-} ]] || ok 'the next crowd costs no more memory' at_most "$twice" $((once + 256))
