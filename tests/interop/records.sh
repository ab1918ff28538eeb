#!/usr/bin/env bash
# records.sh RUDE: records as large as TLS allows are taken from OpenSSL, and none larger than it asked for
# (max_fragment_length, RFC 6066) is sent to it. RUDE is the program of rude.c.
rude=$1
. "$(dirname "$0")/lib.sh"

start_server
credentials_of users/ali@default
ok 'lines in records of 16,384 B' timeout "$PATIENCE" \
  "$rude" "$port" "${credentials[1]}" "${credentials[3]}" full-records </dev/null

# The largest application record that the server sent, its overhead taken off.
largest() { # MSGFILE
  local header size most=0
  while read -r header; do
    size=$((16#${header//[!0-9a-f]/}))
    ((size <= most)) || most=$size
  done < <(grep -A1 '^<<< .*RecordHeader' "$1" | sed -n 's/^ *17 03 03 \(.. ..\)$/\1/p')
  echo $((most - 24))
}

# Asks for much at once, so that the server has something to cut.
records() { # LIMIT OPTION...: the largest is at most LIMIT and more than half of it
  local limit=$1 i size
  talk ali openssl s_client -connect "127.0.0.1:$port" -quiet "${modern[@]}" "${credentials[@]}" \
    -msg -msgfile "$tmp/messages" "${@:2}"
  say ali '{"msgtype":"hello"}'
  hear ali '*"joined","room":"#lobby"*' || return 1
  say ali '{"msgtype":"history","room":"#lobby"}'
  hear ali '*"end"*"count":20*' || return 1
  say ali '{"msgtype":"quit"}'
  hear ali '*"goodbye"*'
  hang_up ali
  size=$(largest "$tmp/messages")
  echo "the largest record: $size"
  at_most "$size" "$limit" && at_most "$limit" $((2 * size))
}

text=$(head -c 900 /dev/zero | tr '\0' x)
talk ali openssl s_client -connect "127.0.0.1:$port" -quiet "${modern[@]}" "${credentials[@]}"
say ali '{"msgtype":"hello"}'
for i in {1..20}; do say ali "{\"msgtype\":\"say\",\"text\":\"$i $text\"}"; done
hear ali '*"text":"20 x*'
hang_up ali
for limit in 512 1024 2048 4096; do
  ok "at most $limit B when that is asked for" records $limit -maxfraglen $limit
done
ok 'and up to 16,384 B when not' records 16384
