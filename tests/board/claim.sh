#!/usr/bin/env bash
# claim.sh BOARD: a board that was given an invitation bears its key, gets its certificate, keeps both whatever happens, has
# the certificate renewed, and says why where it gets none.
. "$(dirname "$0")/lib.sh"

suffix=''
[[ $1 != lm3s6965evb ]] || suffix=-claim
socket=$tmp/signd/signd.sock
signd=("$THIMBLE_SIGND" --issuer "$CA/issuer" --socket "$socket")
"$THIMBLE_CA" issuer --dir "$CA" >/dev/null || give_up 'no issuing CA'

operator() { "$THIMBLECTL" --socket "$tmp/control" "$@"; }

invite() { # USER [OPTION]...: sets `token`
  token=$(operator invite "$@") && token=${token#thimble join } || give_up "no invitation: $token"
}
claim() { # [OPTION]...: an invitation becomes the board's blob
  "$THIMBLE_CA" board --dir "$CA" --claim - --server "server.test:$port" "$@" --out "$tmp/board1.blob" <<<"$token" >/dev/null ||
    give_up 'no blob'
}
switch_on() { # [IMAGE]: and look from here on
  [[ ! -e $tmp/board1.uart ]] || look_from_here board1
  mark
  boot board1 "${1:-thimble-terminal}$suffix"
}
starts_anew() { # [IMAGE]
  pull_plug board1
  switch_on "$@"
}
starts_erased() {
  pull_plug board1
  rm "$tmp/board1.eeprom"
  switch_on
}

# The hash of the key that the board has stored: in each of the two slots at which it alternates, if there is one.
stored() { # SLOT
  [[ $(stat -c %s "$tmp/board1.eeprom") -gt $(($1 * 512)) ]] || return 0
  od -An -v -tx1 -j $(($1 * 512 + 12 + 8 + 66)) -N 32 "$tmp/board1.eeprom" | tr -d ' \n'
}
reads_now() { printed board1 "${read_from[board1]}" | grep -q "$1"; } # TEXT: already
rests() { reads board1 'trying again in 1 h, or at a key'; }

start_signd
start_server --users-cafile "$CA/issuer/issuer.crt" --signer "$socket" --control "$tmp/control"
start_network board1="$1"
join_with_file ali ali@default

# --- a key, before anybody answers --------------------------------------------------------------------

stop_signd
invite pump
first=$token
claim --allow 'ali *'
switch_on
ok 'it says what it is about' reads board1 "asking for this board's certificate"
ok 'the server can have nothing signed: it says so' reads board1 "can't have certificates signed now.*trying again"
key=$(stored 4)$(stored 6)
key=${key//ffffffff}
ok 'by then the key is stored' is ${#key} 64
start_signd
starts_anew
ok 'switched off and on it gets its certificate' reads board1 'this board is pump@default now'
ok '... for the same key' is "$(stored 4)$(stored 6)" "$key$key"
ok '... by the invitation' is "$(count_log ' enrolled .*user=pump device=default')" 1
ok '... and is in' enters board1
type_line board1 'hello from the pump'
ok 'it is heard' await "$tmp/ali.out" '"from":"pump","device":"default".*"text":"hello from the pump"'
say ali 'hello pump'
ok '... and hears' reads board1 'ali: hello pump'
hub reset board1
ok 'a lost connection is resumed' await_log ' handshake .*user=pump .*detail=resumed'

starts_anew
ok 'switched off and on it is who it was' enters board1
ok '... without asking again' not reads_now 'asking for'
ok '... or being enrolled again' is "$(count_log ' enrolled ')" 0
ok '... by the same key' is "$(stored 4)$(stored 6)" "$key$key"

# --- renewal ------------------------------------------------------------------------------------------

# Of a blob that was made two hours ago a board believes that it is as late: by that clock two thirds of a certificate's ten
# minutes from now are over when it first hears what time it is.
stop_signd
start_signd --lifetime 600s
invite pump --device shed
date() { command date -d '-2 hours' "$@"; }
export -f date
claim
unset -f date
starts_anew
ok 'another invitation, another device' reads board1 'this board is pump@shed now'
ok '... in the room' enters board1
ok 'its certificate is renewed by itself' reads board1 "this board's certificate is renewed"
ok '... as the server says' await_log ' renewed .*user=pump device=shed'
type_line board1 'renewed'
ok '... and the session goes on' await "$tmp/ali.out" '"device":"shed".*"text":"renewed"'
ok '... as it was' is "$(count_log ' login ')$(count_log ' handshake ')" 12
other=$(stored 4)
ok 'its key is another one' not is "$other" "$key"
ok '... and stayed what it was' is "$(stored 6)" "$other"
starts_anew
ok 'it comes back by the renewed one' enters board1
ok '... which is not renewed again' is "$(count_log ' renewed ')$(count_log ' enrolled ')" 00

# --- a bot ----------------------------------------------------------------------------------------------

invite pump --device bot
claim --allow 'ali led mem'
starts_anew thimble-bot
ok 'a bot gets its certificate as well' reads board1 'this board is pump@bot now'
ok '... and is in' reads board1 'online as pump'
say ali '/cmd pump@bot led on'
ok '... and obeys' await "$tmp/ali.out" '"msgtype":"result".*"device":"bot".*"text":"the led is'

if [[ $1 != linux ]]; then
  say ali '/cmd pump@bot mem'
  ok '... and its stack was deep enough' await "$tmp/ali.out" '"device":"bot".*"text":"stack [1-9][0-9]* of [1-9][0-9]* B'
  grep -o 'stack [0-9]* of [0-9]* B' "$tmp/ali.out" | sed 's/^/# /'
fi

# --- a certificate that has ended -----------------------------------------------------------------------

stop_signd
start_signd --lifetime 1s
invite pump --device late
claim
starts_anew
ok 'a certificate of one second' reads board1 'this board is pump@late now'
pull_plug board1 # while it is on, it has it renewed
until=$(($(date +%s) + 2))
has_ended() { (($(date +%s) > until)); }
until_true has_ended
switch_on
ok 'one that has ended: the invitation is tried again' reads board1 "asking for this board's certificate"
ok '... which gives nothing newer' reads board1 'the certificate that came has ended, or is no newer'
ok '... so it rests' rests
stop_signd
start_signd

# --- invitations that are none --------------------------------------------------------------------------

token=$first
claim
starts_erased
ok 'one that was used' reads board1 'this invitation was used already, with another key'
ok '... it says what to do' reads board1 'flash another one, made by thimble-ca board --claim'
ok '... and rests' rests
look_from_here board1
type_line board1 ''
ok '... at a key it asks again' reads board1 'used already'
invite pump --device gone
claim
operator invite revoke "$(operator invite list | sed -n 's/^\([0-9a-f]*\) .*pump@gone .*/\1/p')" >/dev/null || give_up 'no revoking'
starts_anew
ok 'one that was taken back' reads board1 'this invitation was taken back'
ok '... it rests' rests
invite pump --device slow --expires 1s
claim
is_over() { operator invite list | grep -q 'pump@slow .*expired'; }
until_true is_over
starts_anew
ok 'one that has run out' reads board1 'this invitation has run out'
ok '... it rests' rests
secret=${first##*/}
token=${first%/*}/$(tr 'A-Za-y' 'B-Zb-zA' <<<"${secret:0:20}")${secret:20}
claim
starts_anew
ok 'one that is not known' reads board1 'the server does not know this invitation'
ok '... it rests' rests

# --- a blob that is whole -------------------------------------------------------------------------------

provision board1
starts_anew
ok 'with a certificate of the CA it needs no invitation' enters board1
ok '... and leaves what it was otherwise' is "$(count_log ' enrolled ')" 0
ok 'no secret is at the UART, in the log or in the storage' not grep -q "$secret" "$tmp/board1.uart" "$log"
