# flip_bit FILE OFFSET: changes the lowest bit of one byte. Sourced.
flip_bit() {
  local byte
  byte=$(od -An -tu1 -N1 -j "$2" "$1")
  printf '%b' "\\0$(printf %o $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
