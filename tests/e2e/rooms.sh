#!/usr/bin/env bash
# rooms.sh: rooms with rules, as people type them and as the operator sets them: who may join, who may read what.
. "$(dirname "$0")/lib.sh"

ctl() { "$THIMBLECTL" "$@" 2>&1; }
audited() { # EXTENDED-REGEX: behind the time
  until_true grep -Eq -e "^20[0-9-]+T[0-9:.]+Z $1\$" "$tmp/audit" || { tail -n 20 "$tmp/audit"; return 1; }
}
# What a member is told of the past of the room that he is in.
past() { # NAME: sets `texts`
  local line
  texts=''
  say "$1" /history
  while hear "$1" '{*' && [[ $heard != *'"msgtype":"end"'* ]]; do
    [[ $heard != *'"msgtype":"past"'* ]] || texts+=${heard##*\"text\":}
  done
}
# Nothing that matches one pattern comes before what matches the other.
unheard_before() { # NAME PATTERN PATTERN
  until next_line "$1" && [[ $heard == $3 ]]; do
    [[ -n $heard && $heard != $2 ]] || { echo "$heard"; return 1; }
  done
}
past_is() { past "$1" && is "$texts" "$2"; } # NAME TEXTS

start_server --audit "$tmp/audit"
join ali ali@default
join bianca bianca@default

# --- a room of one's own ----------------------------------------------------------------------------

say ali '/join #den'
hear ali '*"msgtype":"joined","room":"#den"*'
say ali 'before anybody came'
hear ali '*before anybody came*'
say bianca '/join #den'
hear bianca '*"msgtype":"joined","room":"#den"*'
say ali 'after that'
ok 'who joins hears what follows' hear bianca '*"text":"after that"*'
ok '... and reads no more than that' past_is bianca '"after that"}'
ok 'who made it reads all' past_is ali '"before anybody came"}"after that"}'
say bianca '/room invite-only'
ok 'who did not make it sets no rules' hear bianca '*"code":"not-moderator"*'
say ali '/room invite-only'
ok 'who made it does' hear ali '*"msgtype":"moderated","room":"#den","from":"ali","action":"invite-only"*'
ok '... and the others hear of it' hear bianca '*"action":"invite-only"*'
say ali '/room'
ok 'the rules are told' hear ali '*"msgtype":"room","room":"#den",*"access":"invite-only","history":"joined"*'

say ali '/ban nobody'
ok 'who is not known is named' hear ali '*"msgtype":"error"*"to":"nobody"*"code":"no-such-user"*'
join carol carol@default
say carol '/join #den'
ok 'nobody else gets in' hear carol '*"code":"invite-only"*'
say carol /rooms
ok '... or sees it' unheard_before carol '*#den*' '*"in":"rooms"*'
say ali '/invite carol'
ok 'who is invited hears of it' hear carol '*"msgtype":"moderated","room":"#den","from":"ali","userid":"carol","action":"invite"*'
say carol '/join #den'
ok '... and gets in' hear carol '*"msgtype":"joined","room":"#den"*'
say ali '/kick carol that was enough'
ok 'who is sent away hears why' hear carol '*"msgtype":"left","room":"#den","code":"sent-away","reason":"ali: that was enough"*'
say carol '/join #den'
ok '... and needs another invitation' hear carol '*"code":"invite-only"*'

# --- over a restart ---------------------------------------------------------------------------------

stop_server
restart_server --audit "$tmp/audit"
hear ali '*"msgtype":"joined","room":"#den"*'
hear bianca '*"msgtype":"joined","room":"#den"*'
ok 'members are members' past_is bianca '"after that"}'
say ali '/op bianca'
hear bianca '*"userid":"bianca","action":"op"*'
say bianca '/ban ali'
ok 'a moderator may send away who made the room' hear ali '*"msgtype":"left","room":"#den","code":"banned"*'
say ali '/join #den'
ok '... and keep him out' hear ali '*"code":"banned"*'

# --- the operator -----------------------------------------------------------------------------------

ok 'room list' has "$(ctl room list)" '#den                        1 online  invite-only history joined since 20'
ok 'room users' is "$(ctl room users den | tr -s ' ')" $'ali away banned\nbianca member moderator \n2 users'
ok 'room unban' is "$(ctl room unban den ali)" '#den: ali is not banned any more'
ok 'room op' is "$(ctl room op '#den' ali)" '#den: ali is a moderator'
say ali '/join #den'
ok 'a moderator may come in uninvited' hear ali '*"msgtype":"joined","room":"#den"*'
ok 'room set' is "$(ctl room set den open history-all)" '#den is changed: open history-all'
ok '... is heard of' hear bianca '*"msgtype":"moderated","room":"#den","action":"history-all"*'
say carol '/join #den'
hear carol '*"msgtype":"joined","room":"#den"*'
ok '... and holds' past_is carol '"before anybody came"}"after that"}'
ok 'room create' is "$(ctl room create ops invite-only)" '#ops is there: invite-only'
say carol '/join #ops'
ok '... keeps others out' hear carol '*"code":"invite-only"*'
ok '... not twice' is "$(ctl room create ops)" 'thimblectl: #ops: it is there already: room set changes its rules'
ok 'a rule that is none' has "$(ctl room set ops closed)" 'a rule is open, invite-only, history-joined or history-all'
ok 'a room that is not there' is "$(ctl room kick nowhere ali)" 'thimblectl: #nowhere: there is no such room: room list names them'
ok 'a user who is not there' is "$(ctl room ban ops nobody)" 'thimblectl: #ops: nobody is not known here: user list names who is'
ok 'who is not in it' is "$(ctl room kick ops carol)" 'thimblectl: #ops: carol is not in the room, nor invited'
ok 'room remove' is "$(ctl room remove den)" '#den is removed, with all that was said in it'
ok '... sends all away' hear carol '*"msgtype":"left","room":"#den","code":"room-removed"*'
say carol '/join #den'
hear carol '*"msgtype":"joined","room":"#den"*'
ok '... and forgets what was said' past_is carol ''

# --- who did what -----------------------------------------------------------------------------------

ok 'a moderator is audited' audited 'moderate user=ali to=carol room=#den detail=kick'
ok 'a rule' audited 'moderate user=ali room=#den detail=invite-only'
ok 'the operator' audited "room-op by=uid:$EUID user=ali room=#den"
ok '... what he set' audited "room-set by=uid:$EUID room=#den detail=\"open history-all\""
ok '... what failed' audited "room-kick by=uid:$EUID user=carol room=#ops code=not-member"

# --- another default ----------------------------------------------------------------------------------

stop_server
start_server --store ram --history all
ok 'a store in memory keeps no rooms' has "$(ctl room create den)" 'this server keeps no rooms'
ok '... and lists those that are there' is "$(ctl room list)" '0 rooms'
