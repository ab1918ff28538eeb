# lib.sh: what the tests of this folder share, on top of ../e2e/lib.sh: boards on a network of their own, by
# board-hub, and what is typed and read at their UARTs. Sourced by bash. CAPTURE=FILE keeps what the network carries.
#
# ctest gives the paths of ../interop/lib.sh, HUB (board-hub), and for each board the folder of its images:
# lm3s6965evb, mps2_an385 and linux. The latter is a process; its images are programs of this machine.
. "${BASH_SOURCE[0]%/*}/../e2e/lib.sh"

declare -A model read_from
own_ca

skip() { # WHY
  echo "skipped: $*"
  exit 77
}

# --- the network ----------------------------------------------------------------------------------

# Starts the network that boards are on: sets their models, one of the folders' names each.
start_network() { # NAME=MODEL...
  local pair options=()
  [[ -n ${HUB-} ]] || skip 'libslirp-dev is missing'
  for pair in "$@"; do
    model[${pair%=*}]=${pair#*=}
    [[ -n $(images "${pair%=*}") ]] || skip "there are no images for ${pair#*=} (cmake --preset ${pair#*=})"
    [[ $pair == *=linux ]] || command -v qemu-system-arm >/dev/null || skip 'there is no qemu-system-arm'
    options+=(--board "${pair%=*}=$tmp/${pair%=*}")
  done
  talk hub "$HUB" --seed "${SEED:-1}" ${CAPTURE:+--pcap "$CAPTURE"} "${options[@]}"
  hear hub '{"ready":true}' || give_up 'the network does not start'
}

images() { # NAME: the folder of its images; nothing if there are none
  local folder=${model[$1]//-/_}
  [[ ! -x ${!folder-}/qemu && $folder != linux ]] || echo "${!folder}"
}

hub() { # COMMAND: obeys; what it answers is in `answer`
  say hub "$*"
  hear hub '*' || give_up 'the network is down'
  answer=$heard
  [[ $answer == '{"done"'* ]] || hear hub '{"done"*' || give_up "the network: $answer"
}

count_of() { # NAME KEY: one number of the board's traffic
  hub "count $1"
  answer=${answer#*\"$2\":}
  answer=${answer%%[,\}]*}
}

has_counted() { # NAME KEY NUMBER
  count_of "$1" "$2"
  ((answer == $3))
}

# --- boards ---------------------------------------------------------------------------------------

# Writes credentials for a board, $tmp/NAME.blob, that dials the server by name.
provision() { # NAME [OPTION]...
  "$THIMBLE_CA" board --dir "$CA" "$1" --server "server.test:$port" --server-name localhost --out "$tmp/$1.blob" \
    "${@:2}" >/dev/null || give_up "no credentials for $1"
}

# Switches a board on; what it keeps and its credentials are files. It is `program[NAME]`, and what it writes to
# its UART goes on in $tmp/NAME.uart.
boot() { # NAME [IMAGE]
  local name=$1 image=${2:-thimble-terminal} fd
  if [[ ! -p $tmp/$name.in ]]; then
    mkfifo "$tmp/$name.in" "$tmp/$name.monitor.in" "$tmp/$name.monitor.out"
    exec {fd}<>"$tmp/$name.in"
    input[$name]=$fd
    : >"$tmp/$name.uart"
    read_from[$name]=1
  fi
  boot_"$([[ ${model[$name]} == linux ]] && echo linux || echo qemu)" "$name" "$image"
  program[$name]=$!
  children+=($!)
}

mac() { echo "52:54:00:00:00:0${1##*[!0-9]}"; } # NAME: it ends with a digit

boot_linux() { # NAME IMAGE
  local blob=$tmp/$1.blob
  [[ -e $blob ]] || blob=/dev/null
  THIMBLE_BOARD_LINK=$tmp/$1 THIMBLE_BOARD_MAC=$(mac "$1") THIMBLE_BOARD_STORAGE=$tmp/$1.eeprom \
    THIMBLE_BOARD_PROVISION=$blob "$linux/$2-linux" <"$tmp/$1.in" >>"$tmp/$1.uart" 2>"$tmp/$1.err" &
}

boot_qemu() { # NAME IMAGE
  local name=$1 folder blob=()
  folder=$(images "$name")
  [[ ! -e $tmp/$name.blob ]] || blob=(--blob "$tmp/$name.blob")
  "$folder/qemu" --eeprom "$tmp/$name.eeprom" "${blob[@]}" --mac "$(mac "$name")" --net \
    "dgram,local.type=unix,local.path=$tmp/$name.board,remote.type=unix,remote.path=$tmp/$name.hub" \
    "$folder/$2.elf" -chardev pipe,id=monitor,path="$tmp/$name.monitor" -mon monitor "${QEMU_OPTIONS[@]}" \
    <"$tmp/$name.in" >>"$tmp/$name.uart" 2>"$tmp/$name.err" &
}
QEMU_OPTIONS=()

pull_plug() { # NAME
  end_by_force "${program[$1]}"
}
end_by_force() { { kill -KILL "$1" && wait "$1"; } 2>/dev/null; } # PROCESS; what bash says of it is no news

# Of a board in QEMU: a command of its human monitor.
monitor() { # NAME COMMAND
  printf '%s\n' "$2" >"$tmp/$1.monitor.in"
}

runs() { kill -0 "${program[$1]}"; } # NAME

# Types a line; more at a time than the UART takes waits until the board has read it.
type_line() { # NAME LINE
  printf '%s\r' "$2" >&"${input[$1]}"
}

# What a UART showed, without the line that is typed and drawn again and again below it.
printed() { # NAME [FIRST-LINE]
  tail -n "+${2:-1}" "$tmp/$1.uart" | sed -u -e 's/\r$//' -e 's/.*\r\x1b\[K//' -e 's/.*\x1b8//'
}

# Looks from here on only.
look_from_here() { # NAME
  read_from[$1]=$(($(wc -l <"$tmp/$1.uart") + 1))
}

# Waits for a line on the UART.
reads() { # NAME EXTENDED-REGEX
  await "$tmp/$1.uart" "$2" "${read_from[$1]}" || { printed "$1" | tail -n 8; cat "$tmp/$1.err"; return 1; }
}

count_printed() { # NAME EXTENDED-REGEX
  printed "$1" "${read_from[$1]}" | grep -Ec -e "$2"
}

enters() { reads "$1" 'you are in #lobby'; } # NAME

# --- what was said --------------------------------------------------------------------------------

# Starts a desktop client whose JSON goes to a file, $tmp/NAME.out; lines are said to it by say.
join_with_file() { # NAME USER@DEVICE
  local fd
  client_options "$2"
  mkfifo "$tmp/$1.in"
  "$THIMBLE" "${options[@]}" --json <"$tmp/$1.in" >"$tmp/$1.out" 2>"$tmp/$1.err" &
  program[$1]=$!
  children+=($!)
  exec {fd}>"$tmp/$1.in"
  input[$1]=$fd
  await "$tmp/$1.out" '"msgtype":"joined","room":"#' || give_up "$1 is not let in: $(cat "$tmp/$1.err")"
}

# The texts that such a client heard from somebody, one a line.
texts_from() { # NAME USER
  sed -n 's/^{"msgtype":"message",.*"from":"'"$2"'".*"text":"\(.*\)"}$/\1/p' "$tmp/$1.out" | sed 's/\\\(["\\]\)/\1/g'
}

# The same of a UART, from where it is looked at.
texts_at() { # NAME USER
  printed "$1" "${read_from[$1]}" | sed -n 's/^\[[0-9:]*\] '"$2"': //p'
}

# Whether a board has stored how far it has read the lobby: as far as ali has, in the log that there is now. It waits a
# while before it does.
keeps_cursor() { # NAME
  local n incarnation bytes='' i
  n=$(sed -n 's/.*"room":"#lobby".*"n":\([0-9]*\).*/\1/p' "$tmp/ali.out" | tail -n 1)
  incarnation=$(sed -n 's/.*"room":"#lobby","incarnation":"\([0-9a-f]*\)".*/\1/p' "$tmp/ali.out" | tail -n 1)
  for ((i = 14; i >= 0; i -= 2)); do bytes+=${incarnation:i:2}; done
  bytes+=$(printf '%02x%02x000000000000' $((n % 256)) $((n / 256)))$(printf '#lobby' | od -An -tx1 | tr -d ' ')00
  od -An -tx1 -v "$tmp/$1.eeprom" | tr -d ' \n' | grep -q "$bytes" # in digits: a byte may be a newline
}
