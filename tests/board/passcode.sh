#!/usr/bin/env bash
# passcode.sh BOARD: a board logs in where a passcode is asked for, by keys that it was given in its place; and says what
# is the matter when they don't fit, or when it is not the server that they were made for.
. "$(dirname "$0")/lib.sh"

suffix=''
[[ $1 != lm3s6965evb ]] || suffix=-passcode
changed='! the passcode was changed at the server since this device was given its keys: provision it anew'

operator() { "$THIMBLECTL" --socket "$tmp/control" "$@" >/dev/null; }
knows() { operator user passwd board1 --verifier "$1" || give_up 'the server takes no verifier'; } # FILE
part() { IFS=':$' read -r _ iterations salt stored_key server_key <"$1"; } # FILE: a verifier's parts
starts_anew() { # [IMAGE]: and is looked at from here on
  pull_plug board1
  look_from_here board1
  boot board1 "${1:-thimble-terminal$suffix}"
}

start_server --auth passcode --control "$tmp/control"
start_network board1="$1"
(umask 077 && echo 'correct horse battery' >"$tmp/code" && echo 'another horse battery' >"$tmp/other")
verifier=$CA/boards/board1.verifier

# --- the way in -------------------------------------------------------------------------------------

provision board1 --passcode-file "$tmp/code"
operator user add board1 --verifier "$verifier" || give_up 'there are no accounts'
cp "$verifier" "$tmp/right"
boot board1 "thimble-terminal$suffix"
ok 'its keys let it in' enters board1
look_from_here board1
mark
operator kick board1
ok 'one that was sent away rests' reads board1 'trying again in 1 h, or at a key'
type_line board1 ''
ok '... comes back by a session that is resumed' await_log ' handshake .*user=board1 .*detail=resumed'
ok '... and is let in by the same keys' await_log ' login .*user=board1 '
look_from_here board1
stop_server
restart_server --auth passcode --control "$tmp/control"
ok 'and again when the server was away' reads board1 'connected again'

# --- another passcode -------------------------------------------------------------------------------

operator user passwd board1 <"$tmp/other"
look_from_here board1
stop_server
restart_server --auth passcode --control "$tmp/control"
ok 'the passcode was changed: it says so, and what to do' reads board1 "$changed"
ok '... and rests' reads board1 'trying again in 1 h, or at a key'
look_from_here board1
type_line board1 ''
ok '... at a key it asks again' reads board1 "$changed"
ok '... once' reads board1 'trying again in 1 h, or at a key'
ok '... so the server has seen it twice' is "$(grep -c ' handshake ' "$log")" 2

provision board1 --passcode-file "$tmp/other"
knows "$verifier"
starts_anew
ok 'provisioned anew it is let in' enters board1

part "$verifier"
part_of_right=$(cut -d'$' -f3 "$tmp/right")
printf 'SCRAM-SHA-256$%s:%s$%s\n' "$iterations" "$salt" "$part_of_right" >"$tmp/wrong"
knows "$tmp/wrong"
starts_anew
ok 'the same salt, another passcode: that is said as well' reads board1 "$changed"
starts_anew "thimble-bot$suffix"
ok 'also by a bot' reads board1 "$changed"

# --- another server ---------------------------------------------------------------------------------

# It would let anybody in; what it does not know is the key that proves who it is.
printf 'SCRAM-SHA-256$%s:%s$%s:%s\n' "$iterations" "$salt" "$stored_key" "${part_of_right#*:}" >"$tmp/liar"
knows "$tmp/liar"
starts_anew
ok 'a server that can prove nothing is refused' reads board1 '! the server could not prove that it knows this user'
ok '... and rested from' reads board1 'trying again in 1 h, or at a key'
ok '... though it would have let the board in' not is "$(count_printed board1 'you are in')" 1

# --- no keys ----------------------------------------------------------------------------------------

provision board1
starts_anew
ok 'without keys: it says so' reads board1 '! the server asks for a passcode, and this device was given no keys'

ok 'no passcode is in the log' not grep -q horse "$log"
ok 'nor at the UART, nor in what the board was given' not grep -q horse "$tmp/board1.uart" "$tmp/board1.blob"
