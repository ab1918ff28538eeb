#!/usr/bin/env bash
# refusals.sh: whom the server turns away, on handshakes in full and on resumed ones, seen from OpenSSL: each
# refusal ends the handshake, is logged with its reason, and leaves nothing behind.
. "$(dirname "$0")/lib.sh"

cp -r "$CA" "$tmp/ca"
CA=$tmp/ca # to revoke in
trusted=$tmp/trusted.crt
cp "$CA/ca.crt" "$trusted"
start_server --max-clients 2 --denylist "$CA/denylist" --cafile "$trusted"
base=$(descriptors)

connect() { timeout "$PATIENCE" openssl s_client -connect "127.0.0.1:$port" "$@" </dev/null; }

turned_away() { # CODE OPTION...: of s_client
  local code=$1
  shift
  mark
  ! connect "$@" || { echo 'it was let in'; return 1; }
  await_log " refused .*code=$code " && until_true holds "$base"
}

# Logs in and leaves; `whoami` is who the server says one is.
login() { # OPTION...: of s_client
  mark
  talk one openssl s_client -connect "127.0.0.1:$port" -quiet "${modern[@]}" "$@"
  say one '{"msgtype":"hello"}'
  hear one '*"auth_reply"*GRANTED*' || { hang_up one; return 1; }
  whoami=${heard#*\"userid\":\"} whoami=${whoami%%\"*}
  say one '{"msgtype":"quit"}'
  hear one '*goodbye*'
  hang_up one
  await_log ' close ' && until_true holds "$base"
}

resumes() { # SESSION WHO OPTION...: it does, and as that user
  login -sess_in "$1" "${@:3}" && is "$whoami" "$2" && await_log ' handshake .*detail=resumed'
}

# --- in full ----------------------------------------------------------------------------------------

credentials_of users/ali@default
good=("${credentials[@]}")
ok 'a good certificate is let in' login "${good[@]}"
ok 'no certificate' turned_away no-certificate "${modern[@]}"
ok "another CA's" turned_away untrusted "${modern[@]}" \
  -cert "$CERTS/other/users/ali@default.crt" -key "$CERTS/other/users/ali@default.key"
credentials_of server/localhost
ok "a server's" turned_away role "${modern[@]}" "${credentials[@]}"
credentials_of users/late@default
ok 'expired' turned_away expired "${modern[@]}" "${credentials[@]}"
credentials_of users/early@default
ok 'not valid yet' turned_away expired "${modern[@]}" "${credentials[@]}"
credentials_of users/tampered
ok 'tampered' turned_away untrusted "${modern[@]}" "${credentials[@]}"
ok 'TLS 1.0' turned_away tls-version -tls1 -cipher DEFAULT@SECLEVEL=0 -alpn thimble/1 "${good[@]}"
ok 'TLS 1.1' turned_away tls-version -tls1_1 -cipher DEFAULT@SECLEVEL=0 -alpn thimble/1 "${good[@]}"
# Who speaks 1.3 alone claims 1.2 for the sake of old machines, and offers none of its suites (RFC 8446, 4.1.2).
ok 'TLS 1.3 only' turned_away tls-suite -tls1_3 -alpn thimble/1 "${good[@]}"
for suites in AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES128-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384; do
  ok "$suites only" turned_away tls-suite "${modern[@]}" -cipher "$suites" "${good[@]}"
done
ok 'no ALPN' turned_away alpn -tls1_2 "${good[@]}"
ok "another protocol's ALPN" turned_away alpn -tls1_2 -alpn http/1.1 "${good[@]}"

# s_client renegotiates when it is told R.
renegotiates() {
  mark
  talk one openssl s_client -connect "127.0.0.1:$port" "${modern[@]}" "${good[@]}"
  say one '{"msgtype":"hello"}'
  hear one '*"auth_reply"*GRANTED*' || return 1
  say one R
  await_log ' close ' || return 1
  wait "${program[one]}"
  grep -q 'no renegotiation' "$tmp/one.err" || { cat "$tmp/one.err"; return 1; }
  hang_up one
  until_true holds "$base"
}
ok 'renegotiation' renegotiates

# --- resumed ----------------------------------------------------------------------------------------

# The session as DER, with one bit of one of its OCTET STRINGs changed: 1 the id, 2 the master secret.
spoil() { # SESSION WHICH OUT
  local offset
  openssl sess_id -in "$1" -outform DER -out "$tmp/der"
  offset=$(openssl asn1parse -inform DER -in "$tmp/der" | grep 'OCTET STRING' | sed -n "$(($2 + 1))s/:.*//p")
  flip_bit "$tmp/der" $((offset + 2))
  openssl sess_id -inform DER -in "$tmp/der" -out "$3"
}

ali=$tmp/ali.session
ok 'a session to resume' login "${good[@]}" -sess_out "$ali"
ok 'it is resumed' resumes "$ali" ali "${good[@]}"
credentials_of users/bianca@default
ok 'somebody else comes in between' login "${credentials[@]}"
ok "with another's certificate one is who began the session" resumes "$ali" ali "${credentials[@]}"
ok 'without a certificate as well' resumes "$ali" ali
spoil "$ali" 2 "$tmp/guessed.session"
ok 'who knows only the id of a session' turned_away tls-record "${modern[@]}" -sess_in "$tmp/guessed.session"
spoil "$ali" 1 "$tmp/unknown.session"
ok 'an unknown session and no certificate' turned_away no-certificate "${modern[@]}" -sess_in "$tmp/unknown.session"

credentials_of users/eve@default
eve=("${credentials[@]}" -sess_out "$tmp/eve.session")
ok 'somebody who will be revoked' login "${eve[@]}"
"$THIMBLE_CA" revoke --dir "$CA" eve >/dev/null
ok 'the deny-list is read' reload
ok 'revoked' turned_away revoked "${modern[@]}" "${credentials[@]}"
ok 'revoked meanwhile' turned_away revoked "${modern[@]}" "${credentials[@]}" -sess_in "$tmp/eve.session"
ok 'revoked meanwhile, without a certificate' turned_away no-certificate "${modern[@]}" -sess_in "$tmp/eve.session"

end=$(($(date +%s) + 4))
"$THIMBLE_CA" user --dir "$CA" brief --enddate "$(date -u -d "@$end" +%Y%m%d%H%M%SZ)" >/dev/null
credentials_of users/brief@default
ok 'somebody whose certificate ends soon' login "${credentials[@]}" -sess_out "$tmp/brief.session"
past() { (($(date +%s) > $1)); }
until_true past "$end"
ok 'expired meanwhile' turned_away expired "${modern[@]}" "${credentials[@]}" -sess_in "$tmp/brief.session"
ok 'expired meanwhile, without a certificate' turned_away no-certificate "${modern[@]}" -sess_in "$tmp/brief.session"

cp "$CERTS/other/ca.crt" "$trusted"
ok 'another CA is trusted' reload
ok 'the CA was changed meanwhile' turned_away untrusted "${modern[@]}" "${good[@]}" -sess_in "$ali"
ok 'the CA was changed meanwhile, without a certificate' turned_away no-certificate "${modern[@]}" -sess_in "$ali"
cat "$CA/ca.crt" "$CERTS/other/ca.crt" >"$trusted"
ok 'both CAs are trusted' reload
ok 'and those of both are let in' login "${good[@]}"
ok 'and those of both are let in' login \
  -cert "$CERTS/other/users/ali@default.crt" -key "$CERTS/other/users/ali@default.key"
