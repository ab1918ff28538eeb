#!/usr/bin/env bash
# control.sh: the operator at a running server, by thimblectl: who may, every command, and what is told when it fails.
. "$(dirname "$0")/lib.sh"

socket=$tmp/run/thimble/control
readonly PASSCODE=correct-horse-canary

memory=(--store ram) # for a server beside another, and where there is to be no database

ctl() { # ARGUMENT...: sets status, and leaves what was said in $tmp/out and $tmp/err
  timeout "$PATIENCE" "$THIMBLECTL" "$@" >"$tmp/out" 2>"$tmp/err"
  status=$?
}

# A command succeeds, says nothing on stderr, and prints a line that matches.
does() { # PATTERN ARGUMENT...
  ctl "${@:2}" </dev/null
  is $status 0 && is "$(cat "$tmp/err")" '' || return 1
  [[ -z $1 ]] || grep -Eq -e "$1" "$tmp/out" || { cat "$tmp/out"; return 1; }
}

# It ends with this status and one line, which has these words.
refused() { # STATUS WORDS ARGUMENT...
  ctl "${@:3}" </dev/null
  is $status "$1" && is "$(wc -l <"$tmp/err")" 1 && has "$(cat "$tmp/err")" "$2" &&
    has "$(cat "$tmp/err")" 'thimblectl: ' && is "$(cat "$tmp/out")" ''
}

# --- no server ------------------------------------------------------------------------------------

# The second of the usual places is the machine's own, where a real server may be.
[[ -e /run/thimble ]] || ok 'nobody there: the usual places are named' refused 3 \
  "no server answers at $socket or /run/thimble/control: is" list
ok 'nobody there' refused 3 "no server answers at $tmp/nope: is thimbled running? --socket names another" \
  --socket "$tmp/nope" list
ok 'no command' refused 2 'give a command (see thimblectl --help)'
ok 'an unknown option' refused 2 'unknown option --nope' --nope list
ok 'a passcode for nobody is not asked for' refused 3 'no server answers' \
  --socket "$tmp/nope" user add ali --passcode

# --- who may use it ---------------------------------------------------------------------------------

own_ca
start_server --denylist "$CA/denylist"
ok 'the socket is the user'\''s alone' is "$(stat -c '%A' "$socket")" srw-------
ok 'and so is its folder' is "$(stat -c '%A' "${socket%/*}")" drwx------
as_nobody() { # the socket, and the way to it
  chmod 711 "$tmp" "$tmp/run" "$tmp/run/thimble"
  cp "$THIMBLECTL" "$tmp/ctl" && chmod 755 "$tmp/ctl"
  setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/ctl" list >"$tmp/out" 2>"$tmp/err"
  status=$?
  chmod 700 "$tmp/run" "$tmp/run/thimble"
  is $status 3 && has "$(cat "$tmp/err")" "you may not use the server's socket $socket: be root"
}
if ((EUID == 0)) && command -v setpriv >/dev/null; then
  ok 'others are told so' as_nobody
fi
refuses_to_start() { # STATUS WORDS OPTION...
  timeout "$PATIENCE" "$THIMBLED" --listen 127.0.0.1:0 --cafile "$CA/ca.crt" "${memory[@]}" \
    --cert "$CA/server/localhost.crt" --key "$CA/server/localhost.key" "${@:3}" </dev/null 2>"$tmp/err"
  is $? "$1" && has "$(cat "$tmp/err")" "$2"
}
ok 'a second server does not take a socket that lives' refuses_to_start 2 \
  "another thimbled answers at the control socket $socket: stop it" --control "$socket"
ok 'nor what is no socket' refuses_to_start 2 'is there and is no socket' --control "$CA/ca.crt"
ok 'an unknown group is named' refuses_to_start 2 "no group 'nobody-here'" --control "$tmp/g" \
  --control-group nobody-here
first=$server
start_server "${memory[@]}"
ok 'at the usual place it goes on without one' grep -q ' WARNING control detail="another thimbled' "$log"
stop_server
ok '... and leaves the first one its own' does '^0 online$' list
log=$tmp/server1.log port=$(sed -n 's/.* listening address=.*:\([0-9]*\)$/\1/p' "$tmp/server1.log")
kill -KILL "$first"
wait "$first" 2>/dev/null
ok 'a server that was killed leaves its socket' test -S "$socket"
ok '... at which nobody answers' refused 3 'no server answers' --socket "$socket" list
start_server --denylist "$CA/denylist"
ok 'it is replaced' does '^0 online$' list
as_other_user() { # who is no member of root's group
  local own=$tmp/nobody
  mkdir "$own" && cp "$THIMBLED" "$own" && cp -r "$CA" "$own/ca" && chown -R 65534:65534 "$own"
  setpriv --reuid 65534 --regid 65534 --clear-groups "$own/thimbled" --listen 127.0.0.1:0 --cafile "$own/ca/ca.crt" \
    --cert "$own/ca/server/localhost.crt" --key "$own/ca/server/localhost.key" --control "$own/control" \
    --control-group 0 "${memory[@]}" </dev/null 2>"$tmp/err"
  is $? 2 && has "$(cat "$tmp/err")" "thimbled's user has to be a member of it"
}
if ((EUID == 0)) && command -v setpriv >/dev/null; then
  ok 'a group that is not the user'\''s own is refused' as_other_user
fi
start_group() {
  first=$server
  start_server "${memory[@]}" --control "$tmp/group/control" --control-group "$(id -g)"
  is "$(stat -c '%A %g' "$tmp/group/control")" "srw-rw---- $(id -g)" && stop_server
}
ok 'a group may be let in' start_group
server=$first
log=$tmp/server3.log port=$(sed -n 's/.* listening address=.*:\([0-9]*\)$/\1/p' "$tmp/server3.log")

# --- people -----------------------------------------------------------------------------------------

join ali ali@default --alias 'Ali B.'
join eve eve@default
ok 'list' does '^ali@default +Ali B\. +127\.0\.0\.1:[0-9]+ +since 20' list
ok 'room list' does '^#lobby +2 online  open +history joined since 20' room list
ok 'device list' does '^eve@default +[0-9a-f]{16} online ' device list
ok 'device list of one user' is "$("$THIMBLECTL" device list ali | wc -l)" 2
ok 'say' does '^told to 2$' say tea  is 'ready; -5 degrees'
ok '... is heard' hear ali '*"msgtype":"notice"*"text":"tea is ready; -5 degrees"*'
ok 'a word with a newline is no second command' refused 2 'what is no text' say $'x\nquit'
ok 'kick' does '^1 session ended$' kick eve@default that is enough
await_end eve
ok '... ends the session' is $status 9
ok '... with the reason' grep -q ' operator ended the session: that is enough' "$tmp/eve.err"
ok 'who asked is logged' grep -Eq " INFO control detail=\"uid $EUID, pid [0-9]+: kick eve@default that is enough\"" "$log"
ok 'and the text of a notice is not' not grep -q 'tea' "$log"
ok 'an unknown command' refused 2 "unknown command 'dance'" dance
ok 'half of one' refused 2 "unknown command 'user'" user
ok 'help' does '^device revoke USER@DEVICE.KEYHASH +add a device' help

# --- accounts ---------------------------------------------------------------------------------------

ok 'user add' does '^tom has an account$' user add tom
ok '... twice is refused' refused 1 'tom: ' user add tom
ok 'a name that is none' refused 2 "'Tom!' can't be a user" user add 'Tom!'
ok 'user list' does '^tom +auth certificate \(default\) +no passcode active ' user list
add_with_passcode() {
  ctl user add zoe --passcode <<<"$PASSCODE"
  is $status 0 && is "$(cat "$tmp/out")" 'zoe has an account: auth passcode, passcode set'
}
ok 'user add --passcode: from a script it is a line' add_with_passcode
ok '... is listed' does '^zoe +auth passcode +passcode +active ' user list
ok 'a passcode that is short is refused here' is "$(timeout 9 "$THIMBLECTL" user passwd zoe <<<short >/dev/null 2>&1; echo $?)" 2
ok 'a verifier is no argument' refused 2 'a verifier is no argument' user add max --verifier 'SCRAM-SHA-256$x'
ok 'a file names it' refused 2 '--verifier needs the file' user add max --verifier
ok '... which is there' refused 2 "$tmp/none: No such file" user add max --verifier "$tmp/none"
echo 'not one' >"$tmp/v"
ok '... and holds one' refused 2 "$tmp/v: its first line is no verifier" user add max --verifier "$tmp/v"
"$THIMBLE_PASSCODE" <<<"$PASSCODE" >"$tmp/v"
sed 's/[$]100000:/$1:/' "$tmp/v" >"$tmp/weak"
ok '... that is worth something' refused 2 'too few iterations' user add max --verifier "$tmp/weak"
ok '... or the passcode is asked for, not both' refused 2 'which of them' user add max --passcode --verifier "$tmp/v"
ok 'what thimble-passcode printed is one' does '^max has an account: auth passcode, passcode set$' user add max --verifier "$tmp/v"
ctl user passwd max --verifier - <"$tmp/v"
ok '... also by standard input' is "$(cat "$tmp/out")" 'max is changed: auth passcode, passcode set'
ok 'user passwd --no-passcode' does '^zoe is changed: auth default, no passcode' user passwd zoe --no-passcode
ok 'user auth' does '^zoe is changed: auth certificate$' user auth zoe certificate
ok 'nobody of that name' refused 1 'nobodyhere: ' user resume nobodyhere
ok 'suspending one known by certificate only' does '^nobodyhere had no account, and has one now that is suspended: ' user suspend nobodyhere
ok '... and undone' does '^nobodyhere has no account any more; ' user remove nobodyhere
if [[ -n $(command -v tmux) ]]; then
  terminal asks "$THIMBLECTL" user passwd tom
  see asks 'Passcode:'
  type_text asks "$PASSCODE"
  press asks Enter
  see asks 'The same again:'
  type_text asks "$PASSCODE."
  press asks Enter
  ok 'at a terminal two that differ are none' see asks 'these were two different passcodes'
  see asks 'status 2'
  terminal asks2 "$THIMBLECTL" user passwd tom
  see asks2 'Passcode:'
  type_text asks2 "$PASSCODE"
  press asks2 Enter
  see asks2 'The same again:'
  type_text asks2 "$PASSCODE"
  press asks2 Enter
  ok 'two that are the same are one' see asks2 'tom is changed: auth passcode, passcode set'
  ok 'and are never shown' not shows asks2 "$PASSCODE"
fi
ctl user add ali # unless his login has made one
ok 'user suspend' does '^ali is suspended$' user suspend ali
await_end ali
ok '... ends the sessions' not is $status 0
ok 'user resume' does '^ali may come in again$' user resume ali
ok 'user remove' does '^tom has no account any more; what was whispered to him is gone$' user remove tom
ok '... once' refused 1 'tom: ' user remove tom
ok 'neither passcode nor verifier is logged' not grep -Eq -e "$PASSCODE|SCRAM" "$log"

# --- revoking, reloading ------------------------------------------------------------------------------

hang_up ali
hang_up eve
join dora dora@default
begun=${EPOCHREALTIME/./}
ok 'device revoke' does '^dora@default is revoked$' device revoke dora@default
await_end dora
ended=${EPOCHREALTIME/./}
ok '... ends the session within a second' at_most $((ended - begun)) 1000000
ok '... with exit 6' is $status 6
run_client dora@default --state "$tmp/reach" </dev/null
ok '... it does not come in again' is $status 6
hash=$("$THIMBLE_CA" list --dir "$CA" | sed -n 's/^user *dora@default .* \([0-9a-f]\{16\}\)  revoked$/\1/p')
ok '... thimble-ca knows it too' test -n "$hash"
ok '... the line says who and when' grep -Eq "^$hash[0-9a-f]{48} # dora@default 20..-..-..$" "$CA/denylist"
ok 'twice is no error' does '^dora@default was revoked before$' device revoke dora@default
ok 'a device that was not here' refused 1 'nobody@tv was neither certified here nor logged in since the start' device revoke nobody@tv
ok 'a key of 64 digits' does ' is revoked$' device revoke "$(printf '%064d' 7)"
ok 'reload' does '^certificates and deny-list read anew, 2 denied$' reload
cp "$CA/server/localhost.crt" "$tmp/saved"
echo nonsense >"$CA/server/localhost.crt"
ok 'reload with a bad certificate says so' refused 1 "$CA/server/localhost.crt" reload
ok '... and what is in use' grep -q 'the former certificates and deny-list stay in use' "$tmp/err"
ok 'a revocation then is told not to be in force' refused 1 'NOT in force' device revoke "$(printf '%064d' 8)"
cp "$tmp/saved" "$CA/server/localhost.crt"
ok '... until the next reload' does ' 3 denied$' reload

# --- numbers, copies, the end -------------------------------------------------------------------------

ok 'stats' does '^since the start: accepted [1-9][0-9]*, logins [1-9]' stats
ok 'metrics' does '^thimble_logins_total [1-9]' metrics
if command -v curl >/dev/null; then
  curl -sSi --max-time "$PATIENCE" --unix-socket "$socket" http://localhost/metrics >"$tmp/scrape"
  ok 'a scrape by curl' grep -q '^Content-Type: text/plain; version=0.0.4' "$tmp/scrape"
  ok '... has the same names' is "$(sed -n 's/^# TYPE //p' "$tmp/scrape")" \
    "$("$THIMBLECTL" metrics | sed -n 's/^# TYPE //p')"
fi
ok 'quit' does '' quit
wait "$server"
ok '... ends the server well' is $? 0
ok '... and takes the socket away' not test -e "$socket"

start_server "${memory[@]}" --control none
ok 'none: there is no socket' not test -e "$socket"
stop_server
start_server "${memory[@]}"
ok 'a server without a database has no copy to give' refused 1 'messages are in memory only' backup x
ok 'without a deny-list the cure is named' refused 1 '--denylist FILE' device revoke ali@default
stop_server

# --- a database ---------------------------------------------------------------------------------------

if ((${#memory[@]} > 0)); then
  start_server --store sqlite --data "$tmp/of-backup"
  cd "$tmp" || give_up "$tmp"
  ok 'backup: in the folder of who asks' does "^$tmp/copy.db is a whole copy\$" backup copy.db
  ok '... which is told when it is there' test -s "$tmp/copy.db"
  ok 'a folder that is not there' refused 1 "$tmp/nowhere/copy.db was not written: " backup nowhere/copy.db
  ok 'the audit log is beside the database' grep -q " backup by=uid:$EUID detail=$tmp/copy.db\$" "$tmp/of-backup/audit.log"
  stop_server
  mkdir "$tmp/restored" && mv "$tmp/copy.db" "$tmp/restored/thimbled.db"
  start_server --store sqlite --data "$tmp/restored"
  ok 'a server takes the copy' does '^0 online$' list
fi
