#!/usr/bin/env bash
# crash.sh PROGRAM OPTION...: runs it in a folder of its own, which is kept when something was wrong.
tmp=$(mktemp -d) || exit 1
if [[ $2 == --restore ]]; then
  "$1" --restore "${@:3:4}" "$tmp" "${@:7}"
else
  "$1" "${@:2:4}" "$tmp" "${@:6}"
fi
code=$?
if ((code == 0)); then
  rm -rf "$tmp"
else
  echo "# journals and database: $tmp"
  tail -n 5 "$tmp"/*.log | sed 's/^/# /'
fi
exit $code
