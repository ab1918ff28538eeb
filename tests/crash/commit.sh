#!/usr/bin/env bash
# commit.sh: nothing is shown or acknowledged before the store's transaction is written, however long that takes.
. "$(dirname "$0")/../e2e/lib.sh"

# Milliseconds from saying something until it is seen at the other end.
takes() { # TEXT
  local begun=${EPOCHREALTIME/./}
  say ali "$1"
  hear eve "*\"text\":\"$1\"*" || return 1
  echo $(((${EPOCHREALTIME/./} - begun) / 1000))
}

for point in before in after; do
  store=(--data "$tmp/$point")
  export THIMBLE_CRASH="$point 1 hold"
  start_server
  join ali ali@default
  join eve eve@default
  ms=$(takes "held $point")
  ok "a commit that is held $point for 500 ms: nobody sees anything for $ms ms" at_most 495 "$ms"
  hang_up ali
  hang_up eve
  stop_server
done
unset THIMBLE_CRASH
start_server
join ali ali@default
join eve eve@default
ms=$(takes 'not held')
ok "one that is not: $ms ms" at_most "$ms" 400
