#!/usr/bin/env bash
# other_servers.sh: whom thimble refuses to talk to, seen from OpenSSL's server, which takes anybody: the exit
# code and the sentence say what is wrong.
. "$(dirname "$0")/lib.sh"

# A server of OpenSSL's on a free port. Its input never ends, or it would.
start_other() { # OPTION...: of s_server
  log=$tmp/other.log
  : >"$log"
  openssl s_server -accept 127.0.0.1:0 -CAfile "$CA/ca.crt" -Verify 2 "$@" \
    <> <(:) >>"$log" 2>&1 &
  server=$!
  children+=("$server")
  await "$log" '^ACCEPT ' || give_up 'openssl s_server does not start'
  port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$log")
}

# thimble in a home of its own, at the port of the server that was started last.
thimble() { # OPTION...
  HOME=$tmp XDG_CONFIG_HOME=$tmp timeout "$PATIENCE" "$THIMBLE" -h 127.0.0.1 -p "$port" \
    --server-name localhost --cafile "$CA/ca.crt" --state "$tmp/state" \
    --cert "$CA/users/ali@default.crt" "$@"
}

refuses() { # EXIT-CODE SENTENCE OPTION...: of s_server
  local said result
  start_other "${@:3}"
  said=$(thimble </dev/null 2>&1)
  result=$?
  kill "$server"
  wait "$server" 2>/dev/null
  is "$(wc -l <<<"$said")" 1 && has "$said" "$2" && is "$result" "$1"
}

credentials_of server/localhost
good=("${credentials[@]}")
credentials_of server/example.org
ok "another host's certificate" refuses 5 "the server's certificate is for another name" \
  "${modern[@]}" "${credentials[@]}"
ok "another CA's" refuses 5 "the peer's certificate was not issued by a trusted CA" "${modern[@]}" \
  -cert "$CERTS/other/server/localhost.crt" -key "$CERTS/other/server/localhost.key"
credentials_of users/ali@other
ok "a user's" refuses 5 "the peer's certificate is not for this role" "${modern[@]}" "${credentials[@]}"
credentials_of server/localhost.old
ok 'an expired one' refuses 5 "the peer's certificate has expired" "${modern[@]}" "${credentials[@]}"
# It has none of the suites of 1.2, and says that first.
ok 'TLS 1.1' refuses 5 'no cipher suite in common' -tls1_1 -cipher DEFAULT@SECLEVEL=0 -alpn thimble/1 "${good[@]}"
ok 'TLS 1.3 only' refuses 5 'TLS 1.2' -tls1_3 -alpn thimble/1 "${good[@]}"
ok 'CBC only' refuses 5 'no cipher suite in common' "${modern[@]}" -cipher ECDHE-ECDSA-AES128-SHA256 "${good[@]}"
ok 'no ALPN' refuses 5 'does not speak the protocol thimble/1' -tls1_2 "${good[@]}"
ok "another protocol's ALPN" refuses 5 'does not speak the protocol thimble/1' -tls1_2 -alpn http/1.1 "${good[@]}"
ok "our certificate is refused" refuses 6 'the peer refused our certificate' "${modern[@]}" "${good[@]}" \
  -CAfile "$CERTS/other/ca.crt" -verify_return_error
