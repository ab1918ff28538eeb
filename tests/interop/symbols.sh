#!/usr/bin/env bash
# symbols.sh libthimble_core.a [NM]: the core needs nothing of a system but a few functions on memory and strings,
# and BearSSL. So no malloc, no printf, no I/O, no clock, no errno; nothing that it has can be written to; and nothing
# that it offers can clash with a name of an application's.
set -euo pipefail
export LC_ALL=C
library=$1 nm=${2:-nm}

# What docs/PORTING.md says that a board's libc must offer (C11 7.24), and what a compiler may call by itself: on small
# machines also its arithmetic of 64 bits and its tables of jumps.
allowed='mem(chr|cmp|cpy|move|set)|str(chr|cmp|cpy|len|ncmp|spn)|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail'
allowed+='|__aeabi_u?[il](div|divmod|mul|cmp)|__aeabi_l(lsl|lsr|asr)|__[a-z]+[sd]i[23]|__gnu_thumb1_case_[a-z]+'

listing=$("$nm" "$library")
defined=$(awk 'NF == 3 && $2 ~ /^[A-TV-Z]$/ { print $3 }' <<<"$listing" | sort -u)
needed=$(awk '$1 == "U" { print $2 }' <<<"$listing" | sort -u)
(($(wc -l <<<"$defined") > 100)) || { echo "not ok - $library is not the core"; exit 1; }

failed=0
foreign=$(comm -23 <(echo "$needed") <(echo "$defined") | grep -Ev "^(br_[a-z0-9_]+|$allowed)\$" || true)
[[ -z $foreign ]] || { echo "not ok - needed from outside:" $foreign; failed=1; }
# By section: what only relocation writes to (.data.rel.ro) looks like data to plain nm. `erase` is the const
# volatile pointer to memset by which keys are wiped.
writable=$("$nm" -f sysv "$library" | grep -E '[|]([.]t?(data|bss)([.][^|]*)?|[*]COM[*])$' |
  grep -v '[.]data[.]rel[.]ro' | cut -d' ' -f1 | grep -Ev '^erase[.][0-9]+$' || true)
[[ -z $writable ]] || { echo "not ok - global state:" $writable; failed=1; }
unprefixed=$(grep -Ev '^thm_' <<<"$defined" || true)
[[ -z $unprefixed ]] || { echo "not ok - without the prefix thm_:" $unprefixed; failed=1; }
((failed)) || echo "ok - $(wc -l <<<"$needed") symbols needed, none but of memory, strings and BearSSL"
exit $failed
