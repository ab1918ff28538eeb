#!/usr/bin/env bash
# Installs the build into a folder of its own and uses it from there, by the CMake package and by pkg-config.
# Usage: test.sh BUILD SOURCE
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/usr" >"$work/install.log"
signd=()
[[ ! -e $build/thimble-signd ]] || signd=(bin/thimble-signd share/man/man8/thimble-signd.8
  lib/systemd/system/thimble-signd.service lib/sysusers.d/thimble-signd.conf)
for file in "${signd[@]}" bin/thimble bin/thimbled bin/thimblectl bin/thimble-passcode bin/thimble-ca share/man/man1/thimble.1 \
  share/man/man1/thimble-ca.1 share/man/man8/thimbled.8 share/man/man8/thimblectl.8 lib/systemd/system/thimbled.service \
  lib/sysusers.d/thimbled.conf share/doc/thimble/LICENSE share/doc/thimble/docs/PROTOCOL.md; do
  [[ -e $work/usr/$file ]] || { echo "not installed: $file"; exit 1; }
done
[[ $("$work/usr/bin/thimbled" --version) == "thimbled "* ]]
grep -q "^ExecStart=$work/usr/bin/thimbled " "$work/usr/lib/systemd/system/thimbled.service"
((${#signd[@]} == 0)) ||
  grep -q "^ExecStart=$work/usr/bin/thimble-signd " "$work/usr/lib/systemd/system/thimble-signd.service"

echo "the example configurations:"
# All they lack are the files that each names first.
example() { # PROGRAM [OPTION]...
  local said
  said=$("$work/usr/bin/$1" --config "$work/usr/share/doc/thimble/examples/$1.conf" "${@:2}" </dev/null 2>&1 || true)
  [[ $said == *"can't read $work/usr/share/doc/thimble/examples/ca.crt"* ]] || { echo "$said"; exit 1; }
}
example thimbled --data "$work/data" # not where a real server may keep its own
example thimble

echo "with the CMake package:"
cmake -S "$source/tests/consumer/project" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/usr" >"$work/cmake.log"
cmake --build "$work/build" >>"$work/cmake.log" || { cat "$work/cmake.log"; exit 1; }
"$work/build/consumer"

echo "with pkg-config:"
pc=$(dirname "$(find "$work/usr" -name thimble.pc)")
read -ra flags <<<"$(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs thimble)"
cc -std=c11 -o "$work/consumer" "$source/tests/consumer/project/consumer.c" "${flags[@]}"
"$work/consumer"

if grep -rIl -e "$build" -e "$source" "$work/usr/lib" "$work/usr/include"; then
  echo "these name the place where they were built"
  exit 1
fi
