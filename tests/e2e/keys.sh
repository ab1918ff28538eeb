#!/usr/bin/env bash
# keys.sh: a passcode becomes a verifier for the server and keys for boards, where nobody else learns of it.
. "$(dirname "$0")/lib.sh"
own_ca
PATH=${THIMBLE_PASSCODE%/*}:$PATH

mine() { (umask 077 && printf '%s\n' "$2" >"$1"); } # FILE LINE
mode() { stat -c %a "$1"; }
fails() { # WORDS COMMAND...: with status 1, and nothing on standard output
  "${@:2}" >"$tmp/out" 2>"$tmp/err" </dev/null
  is $? 1 && has "$(cat "$tmp/err")" "$1" && is "$(cat "$tmp/out")" ''
}
board() { # [OPTION]...: leaves what was said in $tmp/out
  "$THIMBLE_CA" board --dir "$CA" pump --server localhost "$@" >"$tmp/out" 2>"$tmp/err"
}
keys_of() { od -An -v -tx1 "$1" | tr -d ' \n'; } # FILE

mine "$tmp/code" 'correct horse battery'
mine "$tmp/other" 'another horse battery'
operator() { "$THIMBLECTL" --socket "$tmp/control" "$@"; }

# --- thimble-passcode ---------------------------------------------------------------------------------

"$THIMBLE_PASSCODE" --passcode-file "$tmp/code" --keys "$tmp/k1" >"$tmp/v1"
ok 'a verifier has the form of RFC 5803' grep -Eqx 'SCRAM-SHA-256\$100000:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=' "$tmp/v1"
ok 'keys are for their owner alone' is "$(mode "$tmp/k1")" 600
ok 'iterations, two keys, the salt' is "$(stat -c %s "$tmp/k1")" $((4 + 32 + 32 + 16))
# By what openssl knows of them: StoredKey is the hash of ClientKey, ServerKey is itself.
ok 'ClientKey belongs to StoredKey' is "$(tail -c +5 "$tmp/k1" | head -c 32 | openssl dgst -sha256 -binary | base64)" \
  "$(sed 's/.*\$//; s/:.*//' "$tmp/v1")"
ok 'ServerKey is that of the verifier' is "$(tail -c +37 "$tmp/k1" | head -c 32 | base64)" "$(sed 's/.*://' "$tmp/v1")"
ok 'nothing is overwritten' fails "$tmp/k1: File exists" "$THIMBLE_PASSCODE" --passcode-file "$tmp/code" --keys "$tmp/k1"
"$THIMBLE_PASSCODE" <"$tmp/code" >"$tmp/v2"
ok 'the next one has another salt' not cmp -s "$tmp/v1" "$tmp/v2"
"$THIMBLE_PASSCODE" --like "$tmp/v1" --keys "$tmp/k2" <"$tmp/code" >"$tmp/v2"
ok '--like: the same passcode, the same verifier' cmp "$tmp/v1" "$tmp/v2"
ok '... and the same keys' cmp "$tmp/k1" "$tmp/k2"
"$THIMBLE_PASSCODE" --like "$tmp/v1" <"$tmp/other" >"$tmp/v2"
ok '... another one, another salt' not is "$(cut -d'$' -f2 "$tmp/v1")" "$(cut -d'$' -f2 "$tmp/v2")"
ok 'what is no verifier is refused' fails 'is no verifier' "$THIMBLE_PASSCODE" --passcode-file "$tmp/code" --like "$tmp/code"
chmod 644 "$tmp/other"
ok 'a file that others can read as well' fails 'chmod 600' "$THIMBLE_PASSCODE" --passcode-file "$tmp/other"
chmod 600 "$tmp/other"
ok 'no passcode at all' fails 'no passcode was given' "$THIMBLE_PASSCODE"

# --- thimble-ca board ---------------------------------------------------------------------------------

verifier=$CA/boards/pump.verifier
ok 'a board is given keys' board --passcode-file "$tmp/code"
ok '... and it is said what the server needs' has "$(cat "$tmp/out")" "thimblectl user add pump --verifier FILE"
ok '... the verifier is its owner'\''s' is "$(mode "$verifier")" 600
ok '... the blob as well' is "$(mode "$CA/boards/pump@default.bin")" 600
cp "$verifier" "$tmp/first"
"$THIMBLE_PASSCODE" --like "$verifier" --passcode-file "$tmp/code" --keys "$tmp/k3" >/dev/null
ok '... the blob has them' has "$(keys_of "$CA/boards/pump@default.bin")" "125400$(keys_of "$tmp/k3")"
cd "$tmp" || exit 1
ok 'another board of the same user' board --device shed --passcode-file code
ok '... shares the passcode' cmp "$tmp/first" "$verifier"
ok '... which is said' has "$(cat "$tmp/out")" 'as before'
ok 'another passcode' board --passcode-file "$tmp/other"
ok '... makes another verifier' not cmp -s "$tmp/first" "$verifier"
ok '... and that is said' has "$(cat "$tmp/out")" 'provision all boards of pump anew'
before=$(cat "$verifier")
ok 'a passcode that is none changes nothing' not board --passcode-file "$tmp/v1.none"
ok '... neither verifier' is "$(cat "$verifier")" "$before"
ok 'a server has none' not "$THIMBLE_CA" board --dir "$CA" localhost --as-server --passcode-file "$tmp/code"
ok 'no passcode is in the folder' not grep -qr horse "$CA"

# --- the server ---------------------------------------------------------------------------------------

start_server --auth passcode --control "$tmp/control"
"$THIMBLE_PASSCODE" <"$tmp/code" | operator user add ali --verifier - >/dev/null
echo 'let in' | run_client ali@default --passcode-file "$tmp/code"
ok 'who made his verifier himself is let in by his passcode' is $status 0
ok 'nobody has seen it' not grep -qr -e horse "$log" "$tmp/data"
