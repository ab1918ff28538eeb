/* Adding to the deny-list, the file. */
#ifndef THIMBLED_DENYLIST_H
#define THIMBLED_DENYLIST_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Appends a line, atomically: a reader sees the old list or the new one, also after a loss of power. Blocks for as long
 * as the disk takes.
 *
 * @param path  of the list, or of a link to it
 * @param line  without its newline
 * @param why   receives one sentence when it fails; then the list is as it was
 */
bool denylist_append(const char *path, const char *line, char *why, size_t cap);

#endif
