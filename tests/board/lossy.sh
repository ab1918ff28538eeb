#!/usr/bin/env bash
# lossy.sh BOARD: the conversation of chat.sh on a network that loses, repeats, delays and mixes.
PATIENCE=$((3 * ${PATIENCE:-20})) # lost segments are sent again after seconds
FAULTS=('loss board1 1' 'duplicate board1 2' 'reorder board1 2' 'delay board1 2' 'jitter board1 5')
. "$(dirname "$0")/chat.sh"
