#!/usr/bin/env bash
# audit.sh: who did what to whom is in the audit log, and what was said never is.
. "$(dirname "$0")/lib.sh"

audit=$tmp/audit.log
readonly CANARY=canary-in-a-coal-mine

audited() { # EXTENDED-REGEX: behind the time
  until_true grep -Eq -e "^20[0-9-]+T[0-9:.]+Z $1\$" "$audit" || { tail -n 20 "$audit"; return 1; }
}

own_ca
start_server --denylist "$CA/denylist" --audit "$audit"
ok 'the file is private' is "$(stat -c '%a' "$audit")" 600
join ali ali@default
join bianca bianca@default
ok 'a login' audited 'login connection=[0-9]+ address=127.0.0.1:[0-9]+ user=ali device=default key_hash=[0-9a-f]{64}'
ok 'who enters a room' audited 'join connection=[0-9]+ user=ali device=default room=#lobby'
say ali "$CANARY"
hear bianca "*$CANARY*"
ok 'a message: who, where, how much' audited "message user=ali device=default room=#lobby n=1 size=${#CANARY}"
say ali "/whisper bianca $CANARY"
hear bianca "*$CANARY*"
ok 'a whisper: from whom to whom' audited "whisper user=ali device=default to=bianca n=[0-9]+ size=${#CANARY}"
say ali '/join #ops'
hear ali '*"joined","room":"#ops"*'
say ali "/topic $CANARY"
say ali '/part #ops'
ok 'a topic, without it' audited 'topic connection=[0-9]+ user=ali device=default room=#ops'
ok 'who leaves a room' audited 'leave connection=[0-9]+ user=ali device=default room=#ops'
"$THIMBLECTL" say "$CANARY" >/dev/null
ok 'a notice, and by whom' audited "say by=uid:$EUID"
"$THIMBLECTL" user add tom >/dev/null
ok 'an account, and by whom' audited "user-add by=uid:$EUID user=tom"
"$THIMBLECTL" user passwd tom <<<"$CANARY" >/dev/null
ok 'a passcode, but not which' audited "user-passwd by=uid:$EUID user=tom detail=\"auth passcode, passcode set\""
"$THIMBLECTL" kick bianca 'no more' >/dev/null
await_end bianca
ok 'a kick, by whom and why' audited "kick by=uid:$EUID user=bianca detail=\"no more\""
ok 'and the end of the session' audited 'logout connection=[0-9]+ user=bianca device=default code=kicked'
"$THIMBLECTL" device revoke ali@default >/dev/null
await_end ali
ok 'a revocation' audited "revoke by=uid:$EUID user=ali device=default key_hash=[0-9a-f]{64}"
run_client ali@default --state "$tmp/reach" </dev/null
ok 'who is refused, and why' audited 'refused connection=[0-9]+ address=127.0.0.1:[0-9]+ user=ali device=default key_hash=[0-9a-f]{64} code=revoked'

mv "$audit" "$audit.1"
reload
ok 'SIGHUP: a new file' test -e "$audit"
"$THIMBLECTL" reload >/dev/null
ok '... which is written from then on' audited "reload by=uid:$EUID detail=.*"
ok 'never a text, nor a passcode, nor what is kept of one' not grep -Eq -e "$CANARY|SCRAM|tea" "$audit" "$audit.1"
ok 'neither in the log' not grep -Eq -e "$CANARY|SCRAM" "$log"
ok 'every line has its time and its event' \
  is "$(cat "$audit.1" "$audit" | grep -Evc '^20[0-9-]{8}T[0-9:]{8}\.[0-9]{3}Z [a-z-]+( [a-z_]+=("([^"\\]|\\.)*"|[^" ]+))*$')" 0
stop_server

timeout "$PATIENCE" "$THIMBLED" --listen 127.0.0.1:0 --cafile "$CA/ca.crt" --cert "$CA/server/localhost.crt" \
  --key "$CA/server/localhost.key" --audit "$tmp/nowhere/audit" </dev/null 2>"$tmp/err"
ok 'a file that can not be written: exit 2' is $? 2
ok '... and a sentence' grep -q "can't write the audit log $tmp/nowhere/audit: No such file" "$tmp/err"
if [[ -c /dev/full ]]; then
  start_server --audit /dev/full
  run_client bianca@default --state "$tmp/reach" </dev/null
  ok 'a full disk is told' await_log ' ERROR audit-failed detail=".*/dev/full: No space left'
  run_client bianca@default --state "$tmp/reach" </dev/null
  run_client bianca@default --state "$tmp/reach" </dev/null
  ok 'and the server serves' is $status 0
  ok 'and says it once' is "$(grep -c audit-failed "$log")" 1
fi
