#!/usr/bin/env bash
# hostile.sh RUDE: single peers that behave badly harm nobody else: garbage, halves of everything, and readers
# that stop. RUDE is the program of rude.c.
rude=$1
. "$(dirname "$0")/lib.sh"

start_server --max-clients 16 --store-size 1
empty=$(descriptors)

person() { # WHO: OpenSSL's client as him
  credentials_of "users/$1@default"
  person=(openssl s_client -connect "127.0.0.1:$port" "${modern[@]}" -quiet "${credentials[@]}")
}

enter() { # WHO: logs in
  person "$1"
  talk "$1" "${person[@]}"
  say "$1" '{"msgtype":"hello"}'
  hear "$1" '*"joined","room":"#lobby"*'
}

# ali and bianca chat through everything that follows.
spoken=0
chat() {
  spoken=$((spoken + 1))
  say ali "{\"msgtype\":\"say\",\"text\":\"ali $spoken\"}"
  hear bianca "*\"from\":\"ali\"*\"text\":\"ali $spoken\"*" || return 1
  say bianca "{\"msgtype\":\"say\",\"text\":\"bianca $spoken\"}"
  hear ali "*\"from\":\"bianca\"*\"text\":\"bianca $spoken\"*"
}

enter ali
enter bianca
ok 'two chat' chat
base=$(descriptors)

# --- before and during the handshake -----------------------------------------------------------------

sends() { # CODE COMMAND...: what the command prints is refused, on a connection of its own
  local code=$1 raw
  shift
  mark
  exec {raw}<>"/dev/tcp/127.0.0.1/$port" || return 1
  ("$@") >&$raw
  timeout "$PATIENCE" cat <&$raw >/dev/null # until the server has said its last word
  exec {raw}>&-
  await_log " refused .*code=$code "
}
request() { printf 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'; }
random() { head -c 5000 /dev/urandom; }
broken_hello() { printf '\x16\x03\x01\x00\x10\x01\x00\x00\x0cgarbage-garb'; }
ok 'HTTP instead of TLS' sends tls request
ok 'garbage instead of TLS' sends tls random
ok 'garbage in a handshake record' sends tls broken_hello
ok 'they chat on' chat

# --- after login --------------------------------------------------------------------------------------

credentials_of users/carol@default
rude() { # WHAT CODE: closed for it
  mark
  timeout "$PATIENCE" "$rude" "$port" "$CA/users/carol@default.crt" "$CA/users/carol@default.key" "$1" || return 1
  await_log " close .*user=carol.*code=$2 "
}
ok 'no TLS any more' rude noise tls-record
ok 'a forged record' rude forged tls-record
ok 'a record larger than any' rude oversized tls-record

half_record() {
  talk half "$rude" "$port" "$CA/users/carol@default.crt" "$CA/users/carol@default.key" half-record
  hear half '*done*' && chat && chat || return 1
  mark
  hang_up half
  await_log ' close .*user=carol'
}
ok 'half a record, and they chat on' half_record

answer() { # WHO: the next line that is not of the chat goes to `heard`
  next_line "$1" || return 1
  [[ $heard != *'"msgtype":"message"'* ]] || answer "$1"
}

enter dora
half_line() {
  printf '{"msgtype":"say","text":"never' >&"${input[dora]}"
  chat && chat && printf ' mind"}\n' >&"${input[dora]}" && hear ali '*"text":"never mind"*'
}
ok 'half a line, and they chat on' half_line
endless_line() {
  head -c 1000000 /dev/zero | tr '\0' x >&"${input[dora]}"
  chat || return 1
  answer dora && has "$heard" '"code":"line-too-long"' || return 1
  say dora 'the end of it'
  say dora '{"msgtype":"ping","id":"1"}'
  answer dora && is "$heard" '{"msgtype":"pong","id":"1"}'
}
ok 'an endless line is one error, and they chat on' endless_line
binary() {
  head -c 100000 /dev/urandom >&"${input[dora]}"
  chat && printf '\n{"msgtype":"ping","id":"2"}\n' >&"${input[dora]}" && hear dora '*"pong"*"id":"2"*'
}
ok 'binary lines are errors, and they chat on' binary
hang_up dora
hang_up ali
hang_up bianca
ok 'nothing is left behind' until_true holds "$empty"
