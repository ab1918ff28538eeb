#!/usr/bin/env bash
# receipts.sh: who whispers sees that it has come, and that it was read, where that may be told; whoever was away.
. "$(dirname "$0")/lib.sh"

own_ca
"$THIMBLE_CA" user --dir "$CA" bianca --device phone >/dev/null
start_server

# Waits for a receipt, and expects it to be this one: another one before it is a fault.
receipt() { # NAME STATUS FROM DEVICE TEXT-OF-WHISPER
  hear "$1" '*"msgtype":"receipt"*' || return 1
  [[ $heard == *"\"status\":\"$2\""*"\"from\":\"$3\",\"device\":\""$4"\""*"\"id\":\"${id[$5]}\"}" ]] ||
    { echo "$heard"; echo "is not about '$5', ${id[$5]}"; return 1; }
}
declare -A id

# What a client has to tell, it tells before it ends.
leave() { # NAME
  say "$1" /quit
  await_end "$1"
  hang_up "$1"
}

whisper() { # NAME TO TEXT: remembers its id
  say "$1" "/w $2 $3"
  hear "$1" "*\"msgtype\":\"whisper\"*\"text\":\"$3\"*" || return 1
  id[$3]=$(sed 's/.*"id":"\([^"]*\)".*/\1/' <<<"$heard")
}

# Whether no receipt has come until now: whispers to oneself come behind them.
nothing_told() { # NAME USER
  say "$1" "/w $2 that is all"
  until next_line "$1" && [[ $heard == *'that is all'* ]]; do
    [[ -n $heard && $heard != *'"receipt"'* ]] || { echo "$heard"; return 1; }
  done
}

# --- both are there -------------------------------------------------------------------------------

join ali ali@default
join bianca bianca@default
whisper ali bianca one
hear bianca '*"text":"one"*'
ok 'a whisper that came is told of' receipt ali delivered bianca default one
whisper ali bianca two
whisper ali bianca three
hear bianca '*"text":"three"*'
leave bianca
until hear ali '*"msgtype":"receipt"*' && [[ $heard == *"${id[three]}"* ]]; do [[ -n $heard ]] || break; done
ok 'also by who leaves at once' has "$heard" '"status":"delivered"'

# --- one of them is away --------------------------------------------------------------------------

whisper ali bianca four
run_client bianca@default </dev/null
ok 'who was away has it' grep -q 'whispers.*four' "$tmp/out"
ok 'which its sender is told' receipt ali delivered bianca default four
whisper ali bianca five
leave ali
run_client bianca@default </dev/null
client_options ali@default
talk ali "$THIMBLE" "${options[@]}" --json # and reads from its first line on
ok 'a sender who was away is told when he is back' receipt ali delivered bianca default five
whisper ali bianca 'five and a half'
leave ali
run_client bianca@default </dev/null
run_client ali@default </dev/null
ok 'without a terminal no word of it stands among the messages' is "$(cat "$tmp/out" "$tmp/err")" ''
join ali ali@default

# --- several devices ------------------------------------------------------------------------------

join phone bianca@phone
join bianca bianca@default
whisper ali bianca@phone six
hear phone '*"text":"six"*'
ok 'a whisper to one device is told of by that one' receipt ali delivered bianca phone six
credentials_of users/ali@other
talk other openssl s_client -connect "127.0.0.1:$port" -quiet "${modern[@]}" -CAfile "$CA/ca.crt" "${credentials[@]}"
say other '{"msgtype":"hello"}'
hear other '*"joined","room":"#lobby"*'
whisper ali bianca seven
hear other '*"text":"seven"*'
ok 'each device tells' receipt ali delivered bianca '*' seven
ok 'each device tells' receipt ali delivered bianca '*' seven
ok 'a session that takes no receipts skips them' hear other '{"msgtype":"skip","room":"@ali","n":*}'
ok 'each' hear other '{"msgtype":"skip","room":"@ali","n":*}'
hang_up other
leave phone
leave bianca

# --- what may be told -----------------------------------------------------------------------------

join bianca bianca@default --receipts none
whisper ali bianca eight
hear bianca '*"text":"eight"*'
leave bianca
ok '--receipts none tells nothing' nothing_told ali ali
join bianca bianca@default --receipts read
whisper ali bianca nine
hear bianca '*"text":"nine"*'
ok '--receipts read tells that it came' receipt ali delivered bianca default nine
say bianca 'a program reads nothing'
hear ali '*a program reads nothing*'
leave bianca
ok '... and a program has read nothing' nothing_told ali ali
run_client bianca@default --receipts always </dev/null
ok 'another word is wrong usage' is $status 2

[[ -n $(command -v tmux) ]] || exit 0
chat_in_terminal bianca bianca@default --receipts read --alias bianca
see bianca 'you are in #lobby' || give_up "$(screen bianca)"
whisper ali bianca ten
see bianca 'whispers (the server can read this): ten'
ok 'at a terminal it has come' receipt ali delivered bianca default ten
press bianca Left
ok 'and is read with the next key' receipt ali read bianca default ten
leave ali
chat_in_terminal ali ali@default --alias ali
see ali 'you are in #lobby' || give_up "$(screen ali)"
type_text ali '/w bianca eleven'
press ali Enter
ok 'a person is told that it has come' see ali '* bianca@default has got what you whispered'
press bianca Left
ok 'and that it was read' see ali '* bianca has read what you whispered'
type_text bianca '/receipts none'
press bianca Enter
ok 'which may be changed' see bianca '* receipts for whispers: none'
