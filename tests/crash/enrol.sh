#!/usr/bin/env bash
# enrol.sh SIGND: thimbled is killed around every commit of an enrolment, and while a certificate is made. The same
# `thimble join` gets its certificate from the next thimbled, or the same command does; the invitation is worth nothing to
# anybody else.
. "$(dirname "$0")/../e2e/lib.sh"
signd=$1
own_ca
"$THIMBLE_CA" issuer --dir "$CA" >/dev/null || give_up 'no issuing CA'
socket=$tmp/signd.sock
with_signer=(--users-cafile "$CA/issuer/issuer.crt" --signer "$socket" --control "$tmp/control")

"$signd" --issuer "$CA/issuer" --socket "$socket" </dev/null 2>"$tmp/signd.log" &
signer=$!
children+=("$signer")
await "$tmp/signd.log" ' listening ' || give_up "thimble-signd does not start: $(cat "$tmp/signd.log")"

# Another invitation of a server with a database of its own: sets `token` and `here`.
invite() { # NAME
  here=$tmp/$1
  store=(--data "$here.data")
  start_server "${with_signer[@]}"
  token=$("$THIMBLECTL" --socket "$tmp/control" invite carol --device "$1" 2>"$tmp/err" | grep -o 'THM1:[^ ]*')
  [[ -n $token ]] || give_up "no invitation: $(cat "$tmp/err")"
}

begin_join() {
  "$THIMBLE" join "$token" --dir "$here" --timeout "$PATIENCE" </dev/null >"$here.out" 2>&1 &
  joiner=$!
  children+=("$joiner")
  await "$here.out" connecting
}

# It is certified, as whom the invitation says.
joined() { # DEVICE
  wait "$joiner" || { cat "$here.out"; return 1; }
  openssl verify -CAfile "$CA/issuer/issuer.crt" -partial_chain "$here"/*@*.crt &&
    has "$(openssl x509 -in "$(ls "$here"/*@*.crt)" -noout -ext subjectAltName)" "thimble:carol@$1"
}

nobody_else() {
  "$THIMBLE" join "$token" --dir "$here.thief" --timeout "$PATIENCE" </dev/null >"$tmp/out" 2>&1
  is $? 6 && has "$(cat "$tmp/out")" used && not ls "$here.thief"/*@*.crt
}

is_settled() { has "$("$THIMBLECTL" --socket "$tmp/control" invite list)" ' used '; }

again() { restart_server "${with_signer[@]}"; }

ended() { # PROCESS...: one of them has
  local pid
  for pid; do kill -0 "$pid" 2>/dev/null || return 0; done
  return 1
}

listens_or_ended() { grep -q ' listening ' "$log" || ended "$server"; }

# The server again, which dies at that point of its Nth commit; and somebody joins. False: it came to no such point.
dies_at() { # POINT N
  stop_server
  : >"$tmp/again.log"
  log=$tmp/again.log
  THIMBLE_CRASH="$1 $2 kill" "$THIMBLED" --listen "127.0.0.1:$port" --cafile "$CA/ca.crt" --cert "$CA/server/localhost.crt" \
    --key "$CA/server/localhost.key" "${store[@]}" "${with_signer[@]}" </dev/null 2>>"$log" &
  server=$!
  children+=("$server")
  until_true listens_or_ended
  begin_join
  until_true ended "$server" "$joiner"
  ended "$server" || return 1
  { wait "$server"; } 2>/dev/null # which would say that it was killed
  return 0
}

everybody_is_served() { # NAME WHAT
  ok "$2: who joins gets in" joined "$1"
  ok '... and nobody else by that invitation' nobody_else
  ok '... which is used' is_settled
  stop_server
}

for point in before in after; do
  for ((n = 1; n < 20; n++)); do
    invite "$point$n"
    dies_at "$point" "$n" || break
    again
    everybody_is_served "$point$n" "killed $point commit $n"
  done
  everybody_is_served "$point$n" 'not killed'
  writes=$((n - 1)) # the last one is the invitation's
  ok "there were commits to be killed $point: $writes" at_most 2 $writes
done

# --- while it is signed -------------------------------------------------------------------------------

asks() { [[ $(descriptors) == $(($1 + 2)) ]]; } # who joins, and the signer

invite signing
idle=$(descriptors)
kill -STOP "$signer"
begin_join
ok 'a certificate is asked for' until_true asks "$idle"
kill -KILL "$server"
{ wait "$server"; } 2>/dev/null
kill -CONT "$signer"
again
everybody_is_served signing 'killed while it was signed'

# Who joins was gone when the server came back: the same command goes on later.
invite later
ok 'killed with the answer written' dies_at after "$writes"
kill "$joiner"
{ wait "$joiner"; } 2>/dev/null
again
begin_join
everybody_is_served later 'whoever gave up, and tries again'
