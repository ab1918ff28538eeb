#!/usr/bin/env bash
# limits.sh LOGINS: what a device does too much of waits and is not lost, and its user is told. LOGINS is the program of
# ../interop/logins.c.
logins=$1
. "$(dirname "$0")/lib.sh"

# --- a paste --------------------------------------------------------------------------------------

start_server --limit-lines 400/400
client_options bianca@default
"$THIMBLE" "${options[@]}" -C 2000 -W 60 </dev/null >"$tmp/heard" 2>"$tmp/heard.err" &
listener=$!
children+=("$listener")
await_log ' login .*user=bianca' || give_up 'bianca is not let in'
chat_in_terminal ali ali@default --alias ali
see_last ali '#lobby>' || give_up "$(screen ali)"
tm set-option -g history-limit 5000
seq -f 'line %g' 2000 >"$tmp/said"
tm load-buffer "$tmp/said"
begun=${EPOCHREALTIME/./}
tm paste-buffer -t ali -p
see_last ali 'Send 2000 lines? (y/n)' || give_up "$(screen ali)"
press ali y
wait "$listener"
ok 'a listener hears 2,000 pasted lines' is $? 0
took=$(((${EPOCHREALTIME/./} - begun) / 1000))
echo "# 2,000 lines in $took ms"
ok 'at the rate' at_most 4000 "$took"
ok 'whole and in order' cmp <(sed 's/^\[[0-9:]*\] ali: //' "$tmp/heard") "$tmp/said"
all_of_it() { tm capture-pane -p -S - -t ali; }
until_true shows ali 'line 2000'
ok 'who pastes is told, once' is "$(all_of_it | grep -c 'notice: you send faster')" 1
ok '... and how fast it goes on' has "$(all_of_it | tr -d '\n')" '400 lines a second now'
ok 'the log names the device, once' is "$(grep -c ' INFO paced .*user=ali device=default.* detail=lines' "$log")" 1
stop_server

# --- logins ---------------------------------------------------------------------------------------

start_server --limit-logins 10/50 --limit-joins 0
read -r granted refused took < <("$logins" "$port" "$CA/users/ali@default.crt" "$CA/users/ali@default.key" 1000)
echo "# 1,000 logins in $took ms: $granted granted, $refused refused"
ok '1,000 logins in a loop: each is answered, and who is refused is told how long to wait' \
  is $((granted + refused)) 1000
ok 'no more are let in than the limit says' at_most "$granted" $((50 + took / 100 + 2))
ok 'nor fewer' at_most 50 "$granted"
ok 'the log names the device, once' is "$(grep -c ' INFO paced .*user=ali device=default.* detail=logins' "$log")" 1
run_client carol@default </dev/null
ok 'another device is let in at once' is "$status$(cat "$tmp/err")" 0
stop_server

start_server --limit-logins 1/1
for ((i = 0; i < 10; i++)); do # on a slow machine each may be late enough
  run_client dora@default </dev/null
  ((status == 0)) || break
  ! grep -q 'too often' "$tmp/err" || break
done
ok 'thimble says why it waits' grep -q 'this device logs in too often: the next time in 1 s' "$tmp/err"
ok '... and is let in then' is $status 0

# --- options --------------------------------------------------------------------------------------

wrong() { # VALUE
  "$THIMBLED" --limit-lines "$1" 2>"$tmp/err" && return 1
  grep -q -- "--limit-lines must be RATE/BURST" "$tmp/err" || { cat "$tmp/err"; return 1; }
}
for value in 5 5/ /5 5/0 -1/5 5/5/5 x/5 5/1073741825 1073741825/5 00000000000000000005/5; do
  ok "not a limit: '$value'" wrong "$value"
done
