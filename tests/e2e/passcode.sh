#!/usr/bin/env bash
# passcode.sh: a server that asks for passcodes, and how people and scripts give them.
. "$(dirname "$0")/lib.sh"

passcode='correct horse battery'
start_server --auth passcode --control "$tmp/control"
operator() { "$THIMBLECTL" --socket "$tmp/control" "$@"; }
operator user add ali --passcode <<<"$passcode" >/dev/null || give_up 'there are no accounts'

# --- without a terminal -----------------------------------------------------------------------------

run_client ali@default </dev/null
ok 'a script without a passcode ends with a code of its own' is $status 11
ok 'and is told what to do' has "$(cat "$tmp/err")" '--passcode-file'
ok 'in one line' one_line

printf '%s\n' "$passcode" >"$tmp/code"
chmod 644 "$tmp/code"
run_client ali@default --passcode-file "$tmp/code" </dev/null
ok 'a file that others can read is refused' is $status 11
ok 'with its cure' has "$(cat "$tmp/err")" "chmod 600 $tmp/code"

run_client ali@default --passcode-file "$tmp/none" </dev/null
ok 'one that is not there as well' is $status 11
ok 'by its name' has "$(cat "$tmp/err")" "$tmp/none"

chmod 600 "$tmp/code"
echo 'let in' | run_client ali@default --passcode-file "$tmp/code"
ok 'a file of one'\''s own lets in' is $status 0
ok 'and what is said is shown' has "$(cat "$tmp/out")" 'let in'

printf 'alias = ali\npasscode-file = code\n' >"$tmp/conf"
echo 'let in again' | run_client ali@default --config "$tmp/conf"
ok 'the configuration may name it, beside itself' is $status 0

(umask 077 && echo 'wrong horse battery' >"$tmp/wrong")
run_client ali@default --passcode-file "$tmp/wrong" </dev/null
ok 'a wrong one is not tried again' is $status 11
ok 'and said to be wrong' has "$(cat "$tmp/err")" "the passcode in $tmp/wrong is wrong"

run_client bianca@default --passcode-file "$tmp/code" </dev/null
ok 'who has no passcode is refused like one who gave a wrong one' is $status 11
ok 'in the same words' has "$(cat "$tmp/err")" "the passcode in $tmp/code is wrong"

operator user suspend ali >/dev/null
run_client ali@default --passcode-file "$tmp/code" </dev/null
ok 'a suspended one is refused' is $status 6
ok 'and told whom to ask' has "$(cat "$tmp/err")" 'the account is suspended: ask whoever runs the server'
operator user resume ali >/dev/null

# --- at a terminal ----------------------------------------------------------------------------------

if command -v tmux >/dev/null; then
  prompt='passcode for ali at localhost:'
  chat_in_terminal ali ali@default --alias ali
  ok 'a terminal asks' see_last ali "$prompt"
  type_text ali short
  press ali Enter
  ok 'what can'\''t be one is asked for again' see ali 'a passcode must have at least 8 bytes'
  ok 'at once' see_last ali "$prompt"
  type_text ali 'wrong horse battery'
  press ali Enter
  type_text ali 'a horse that comes too early' # is neither chat nor an answer
  press ali Enter
  ok 'a wrong one is said to be wrong' see ali 'the passcode is wrong'
  ok 'and asked for anew' see_last ali "$prompt"
  type_text ali "$passcode"
  press ali Enter
  ok 'the right one lets in' see ali 'you are in #lobby'
  ok 'nothing of it is on the screen' not shows ali 'horse'
  type_text ali 'typed as ever'
  press ali Enter
  ok 'the line editor is back' see ali '] ali: typed as ever'
  operator user suspend ali >/dev/null
  ok 'suspending ends a session' see ali 'the account is suspended'
  ok 'for good' see ali 'status 6'
  operator user resume ali >/dev/null
  chat_in_terminal leaving ali@default --alias ali
  see_last leaving "$prompt"
  press leaving C-c
  ok 'Ctrl-C at the question leaves' see leaving 'status 130'
fi

ok 'no passcode is in the log' not grep -q horse "$log"
ok 'nor in the database, nor in the audit log' not grep -qr horse "$tmp/data"
ok 'wrong ones are, by user and reason' grep -q ' refused .*user=ali .*code=passcode .*invalid-proof' "$log"
ok 'in the audit log as well' grep -q ' refused .*user=ali .*detail=invalid-proof' "$tmp/data/audit.log"
stop_server

# --- what the policy takes ---------------------------------------------------------------------------

status=0
"$THIMBLED" --listen 127.0.0.1:0 --cafile "$CA/ca.crt" --cert "$CA/server/localhost.crt" \
  --key "$CA/server/localhost.key" --store ram --auth passcode </dev/null 2>"$tmp/ram" || status=$?
ok 'accounts need the database' is $status 2
ok 'and that is said' grep -q 'auth passcode needs accounts' "$tmp/ram"
start_server
run_client bianca@default </dev/null
ok 'by certificate alone one needs no passcode' is $status 0
run_client ali@default </dev/null
ok 'whose account asks for it needs his' is $status 11
