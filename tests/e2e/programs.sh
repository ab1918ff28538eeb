#!/usr/bin/env bash
# programs.sh MAN-PAGE...: every program explains itself, and says in one line what is wrong and what to do.
. "$(dirname "$0")/lib.sh"

# --- help, version, manual ------------------------------------------------------------------------

# The manual page of a program, as plain words.
manual_of() { # NAME
  local page
  for page in "${pages[@]}"; do
    [[ ${page##*/} != "$1".[18] ]] || sed 's/\\-/-/g; s/\\f.//g; s/\\//g' "$page"
  done
}

documents_options() { # NAME
  local manual option
  manual=$(manual_of "$1")
  for option in $("$tmp/$1" --help | grep -oE -e '--[a-z-]+' | sort -u); do
    has "$manual" "$option" || return 1
  done
}

documents_exit_codes() { # NAME
  local manual code sentence
  manual=$(manual_of "$1")
  while read -r code sentence; do
    has "$manual" ".B $code"$'\n'"$sentence" || return 1
  done < <("$tmp/$1" --help | sed -n '/^Exit codes/,$ s/^ *\([0-9][0-9]*\)  */\1 /p')
}

# The commands of a program that has some, as --help and the manual write them.
documents_commands() { # NAME
  local manual line
  manual=$(manual_of "$1")
  while read -r line; do
    has "$manual" $'\n'"$line"$'\n' || return 1
  done < <("$tmp/$1" --help | sed -n '/^Commands/,/^$/ s/^  \([^ ].\{47\}\).*/\1/p' | sed 's/ *$//')
}

pages=("$@")
ln -s "$THIMBLED" "$tmp/thimbled"
ln -s "$THIMBLE" "$tmp/thimble"
ln -s "$THIMBLECTL" "$tmp/thimblectl"
ln -s "$THIMBLE_PASSCODE" "$tmp/thimble-passcode"
ln -s "$THIMBLE_CA" "$tmp/thimble-ca"
programs=(thimbled thimble thimblectl thimble-passcode thimble-ca)
if [[ -n $THIMBLE_SIGND ]]; then # where it was built
  ln -s "$THIMBLE_SIGND" "$tmp/thimble-signd"
  programs+=(thimble-signd)
fi
for name in "${programs[@]}"; do
  ok "$name --version" is "$("$tmp/$name" --version)" "$name 0.1.0"
  "$tmp/$name" --help >/dev/full 2>/dev/null
  ok "$name --help that nobody gets is no success" is $? 1
  ok "$name --help" has "$("$tmp/$name" --help)" "Usage: $name"
  ok "$name: the manual has every option" documents_options $name
  ok "$name: the manual has every exit code" documents_exit_codes $name
  [[ $name != thimblectl ]] || ok "$name: the manual has every command" documents_commands $name
done

# --- mistakes -------------------------------------------------------------------------------------

# A client with these options ends with this status and one line that has these words.
refuses() { # STATUS WORDS OPTION...
  timeout "$PATIENCE" "$THIMBLE" "${@:3}" </dev/null >"$tmp/out" 2>"$tmp/err"
  is $? "$1" && one_line && has "$(cat "$tmp/err")" "$2"
}

server_refuses() { # STATUS WORDS OPTION...
  timeout "$PATIENCE" "$THIMBLED" --log-level error --store ram "${@:3}" </dev/null >"$tmp/out" 2>"$tmp/err"
  is $? "$1" && is "$(wc -l <"$tmp/err")" 1 && has "$(cat "$tmp/err")" "$2"
}

start_server --denylist "$CA/denylist"
client_options ali@default
ok 'an unknown option' refuses 2 "unknown option --nope (see thimble --help)" --nope
ok 'a word too many' refuses 2 "unexpected argument nope" nope
ok 'a value that is missing' refuses 2 'a value is missing after --port' --port
ok 'a number that is none' refuses 2 "a number from 1 to 65535, not 'http'" -p http
ok 'a number out of range' refuses 2 "a number from 1 to 65535, not '65536'" --port=65536
ok 'no certificate' refuses 2 "give --cert FILE" --cafile "$CA/ca.crt"
ok 'a room without #' refuses 2 "'lobby' is no room" "${options[@]}" --room lobby
ok 'an alias with a control character' refuses 2 "can't be an alias: it has a character that can't be seen" \
  "${options[@]}" --alias $'a\nb'
ok 'an alias with a wide gap' refuses 2 "it has two spaces in a row" "${options[@]}" --alias 'bad  alias'
ok 'an alias that is long' refuses 2 "it has more than 32 characters" "${options[@]}" \
  --alias "$(printf '%33s' '' | tr ' ' x)"
ok 'a host with its port' refuses 2 'give the port by itself, -h localhost -p 18500' "${options[@]}" \
  -h localhost:18500
ok 'a host in brackets' refuses 2 'leave the brackets out' "${options[@]}" -h '[::1]'
ok 'no place to listen' refuses 2 "listen must be PORT, ADDR:PORT or [ADDR]:PORT, not '::1:7000x'" "${options[@]}" \
  --listen ::1:7000x
ok 'to listen and not to' refuses 2 '--listen and --no-listen exclude each other' "${options[@]}" --listen 7000 --no-listen
ok 'a terminal of JSON' refuses 2 '--terminal and --json exclude each other' "${options[@]}" --terminal --json
ok 'where others listen' refuses 0 "can't listen for direct sessions on 127.0.0.1, port $port: in use" "${options[@]}" \
  --listen "127.0.0.1:$port"
ok 'a file that is not there' refuses 3 "$tmp/nope: No such file" "${options[@]}" --cafile "$tmp/nope"
ok 'a file of another kind' refuses 3 'not PEM' "${options[@]}" --cafile "$0"
ok "somebody else's key" refuses 3 'does not belong to the certificate' "${options[@]}" \
  --key "$CA/users/bianca@default.key"
ok "a server's certificate" refuses 3 "thimble-ca user" "${options[@]}" \
  --cert "$CA/server/localhost.crt"
ok 'a device without certificate' refuses 3 'thimble-ca user --dir DIR ali --device phone' \
  "${options[@]}" --device phone
ok 'nobody listens' refuses 4 'is it running' "${options[@]}" --port 1 --connect-timeout 1
ok 'no such host' refuses 4 'could not be resolved' "${options[@]}" -h nowhere.invalid \
  --connect-timeout 1
ok 'another CA' refuses 5 'trusted CA' "${options[@]}" --cafile "$CERTS/other/ca.crt"
ok 'another name' refuses 5 'check --server-name' "${options[@]}" --server-name example.org
ok 'a device of another CA' refuses 6 'refused our certificate' "${options[@]}" \
  --cert "$CERTS/other/users/ali@default.crt"

keys=(--cafile "$CA/ca.crt" --cert "$CA/server/localhost.crt" --key "$CA/server/localhost.key")
ok 'thimbled: no key' server_refuses 2 'give --key FILE' "${keys[@]:0:4}"
ok 'thimbled: an address that is none' server_refuses 2 'use ADDR:PORT' "${keys[@]}" --listen ::1
ok 'thimbled: an address in use' server_refuses 4 'the address is in use' "${keys[@]}" \
  --listen "127.0.0.1:$port"
ok "thimbled: a user's certificate" server_refuses 3 'thimble-ca server' "${keys[@]:0:2}" \
  --cert "$CA/users/ali@default.crt" --key "$CA/users/ali@default.key"
echo 'not a hash' >"$tmp/denylist"
ok 'thimbled: a bad deny-list names the line' server_refuses 3 "$tmp/denylist:1:" "${keys[@]}" \
  --denylist "$tmp/denylist"
for bad in 0d -1 9x '90 d' 1d,2d 1d, ,1d 0,1d 99999999999999999999 9999999999GB 1kb; do
  ok "thimbled: retention '$bad'" server_refuses 2 \
    "retain-rooms must be 90d, 100000 or 500MB (several with a comma between, 0: no limit), not '$bad'" \
    "${keys[@]}" --retain-rooms "$bad"
done

# --- the configuration file -----------------------------------------------------------------------

mkdir -p "$XDG_CONFIG_HOME/thimble"
cp "$CA/ca.crt" "$XDG_CONFIG_HOME/thimble"
printf '%s\n' '# a comment' "port = $port # another" '#and' ' # so on' 'room = #ops' 'cafile = ca.crt' "cert=$CA/users/ali@default.crt" '' \
  >"$XDG_CONFIG_HOME/thimble/config"
ok 'the configuration file suffices' "$THIMBLE" </dev/null
ok 'a # before a word is part of the value' has "$("$THIMBLE" --json </dev/null)" '"joined","room":"#ops"'
cp "$CA/users/ali@default."* "$tmp"
chmod 644 "$tmp/ali@default.key"
"$THIMBLE" --cert "$tmp/ali@default.crt" </dev/null 2>"$tmp/err"
ok 'a key that all can read is warned of' grep -q "^thimble: everybody .* $tmp/ali@default.key: chmod" "$tmp/err"
ok 'the command line wins over it' refuses 4 'is it running' -p 1 --connect-timeout 1
echo 'colour = no' >"$tmp/bad"
ok 'a name that is none' refuses 2 "$tmp/bad:1: 'colour' is not a setting" --config "$tmp/bad"
echo 'json' >"$tmp/bad"
ok 'a line without =' refuses 2 "$tmp/bad:1: write it as 'name = value'" --config "$tmp/bad"
echo 'json = perhaps' >"$tmp/bad"
ok 'a flag that is neither' refuses 2 "$tmp/bad:1: json must be one of yes|no" --config "$tmp/bad"
ok 'a file that is not there' refuses 2 "can't read $tmp/nope" --config "$tmp/nope"

printf '%s\n' "listen = 127.0.0.1:0" "listen = [::1]:0" "cafile = $CA/ca.crt" \
  "cert = $CA/server/localhost.crt" "key = $CA/server/localhost.key" 'log-format = json' 'store = ram' \
  >"$tmp/thimbled.conf"
: >"$tmp/json.log"
"$THIMBLED" --config "$tmp/thimbled.conf" </dev/null 2>"$tmp/json.log" &
children+=($!)
second=$!
ok 'thimbled listens where its file says' await "$tmp/json.log" '"event":"listening","address":"127'
ok 'on IPv6 too' await "$tmp/json.log" '"event":"listening","address":"\[::1\]:[0-9]+"'
ok 'what the limits cost is logged' grep -q '"event":"memory","detail":"at most [0-9.]* MB, ' "$tmp/json.log"
kill "$second"
wait "$second"
ok 'every line of the log is an object' is "$(grep -vc '^{"time":".*"}$' "$tmp/json.log")" 0
