#!/usr/bin/env bash
# stopped.sh: readers that stop while others publish far more than the server keeps: the others get everything,
# nobody is disconnected, and afterwards the readers get what is still held, after an explicit gap.
. "$(dirname "$0")/lib.sh"
readonly LINES=8000 SIZE=500 # 4 MB through a server that keeps 1

start_server --store-size 1 --limit-lines 0 --limit-bytes 0
client() { # WHO OPTION...: sets `client`, so that the program itself can be stopped
  client=(env HOME="$tmp" XDG_CONFIG_HOME="$tmp" "$THIMBLE" -h 127.0.0.1 -p "$port" --server-name localhost
    --cafile "$CA/ca.crt" --cert "$CA/users/$1@default.crt" --state "$tmp/state.$1" --room '#flood' "${@:2}")
}

# One who acknowledges nothing, one who states a credit, and one who reads on.
credentials_of users/carol@default
talk carol openssl s_client -connect "127.0.0.1:$port" "${modern[@]}" -quiet "${credentials[@]}"
say carol '{"msgtype":"hello","resume":true}'
say carol '{"msgtype":"join","room":"#flood"}'
hear carol '*"joined","room":"#flood"*'
client dora --json
"${client[@]}" <> <(:) >"$tmp/dora" 2>&1 &
dora=$!
client bianca --json -C $LINES
"${client[@]}" <> <(:) >"$tmp/bianca" 2>&1 &
bianca=$!
children+=($dora $bianca)
await "$tmp/dora" '"joined","room":"#flood"' || give_up 'dora does not get in'
await "$tmp/bianca" '"joined","room":"#flood"' || give_up 'bianca does not get in'
cat <&"${output[carol]}" >"$tmp/carol" &
children+=($!)

kill -STOP "${program[carol]}" $dora
filler=$(head -c $SIZE /dev/zero | tr '\0' .)
for ((i = 1; i <= LINES; i++)); do echo "line $i $filler"; done >"$tmp/said"
mark
start=${EPOCHREALTIME/./}
client ali
ok 'everything is said' "${client[@]}" <"$tmp/said"
ok 'who reads on gets everything' wait $bianca
echo "# $LINES messages, $((LINES * SIZE / 1000)) kB, in $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
texts() { sed -n 's/.*"msgtype":"message".*"text":"\(.*\)"}$/\1/p' "$1"; }
ok 'and just that' cmp <(texts "$tmp/bianca") "$tmp/said"
ok 'nobody was disconnected' is "$(count_log ' close .*user=(carol|dora|bianca).*code=')" 0

kill -CONT "${program[carol]}" $dora
# What follows each other, what was held, and what the gaps name make up all that was said.
complete() { # FILE
  await "$1" "\"text\":\"line $LINES " || return 1
  sed -n 's/.*"msgtype":"\(message\|gap\)",\(.*\)/\1 \2/p' "$1" | awk -v last=$LINES '
    function value(key) { return match($0, "\"" key "\":[0-9]+") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) + 0 : 0 }
    /^gap/ && value("first") == n + 1 { n = value("last"); gaps++; next }
    /^message/ && value("n") == n + 1 { n++; held++; next }
    { print "after " n ": " substr($0, 1, 200); exit 1 }
    END { print "# " held " received, " gaps " gap(s)"; exit !(n == last && gaps > 0 && held > 1000) }'
}
ok 'who acknowledges nothing gets what is held' complete "$tmp/carol"
sed -n '/^# /p' "$tmp/detail"
ok 'who states a credit gets what is held' complete "$tmp/dora"
sed -n '/^# /p' "$tmp/detail"
