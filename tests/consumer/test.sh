#!/usr/bin/env bash
# Installs the build into a folder of its own and uses it from there, by the CMake package and by pkg-config.
# Usage: test.sh BUILD SOURCE
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/usr" >"$work/install.log"
for file in bin/thimble bin/thimbled bin/thimble-ca share/man/man1/thimble.1 \
  share/man/man1/thimble-ca.1 share/man/man8/thimbled.8 lib/systemd/system/thimbled.service; do
  [[ -e $work/usr/$file ]] || { echo "not installed: $file"; exit 1; }
done
[[ $("$work/usr/bin/thimbled" --version) == "thimbled "* ]]

echo "with the CMake package:"
cmake -S "$source/tests/consumer/project" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/usr" >"$work/cmake.log"
cmake --build "$work/build" >>"$work/cmake.log" || { cat "$work/cmake.log"; exit 1; }
"$work/build/consumer"

echo "with pkg-config:"
pc=$(dirname "$(find "$work/usr" -name thimble.pc)")
# The package was configured for another prefix: where it is now is said here.
read -ra flags <<<"$(PKG_CONFIG_PATH=$pc pkg-config --define-variable=prefix="$work/usr" --cflags --libs thimble)"
cc -std=c11 -o "$work/consumer" "$source/tests/consumer/project/consumer.c" "${flags[@]}"
"$work/consumer"

if grep -rIl -e "$build" -e "$source" "$work/usr/lib" "$work/usr/include"; then
  echo "these name the place where they were built"
  exit 1
fi
