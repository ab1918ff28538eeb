/* What a terminal sends for one press of a key. */
#ifndef THIMBLE_KEYS_H
#define THIMBLE_KEYS_H

#include <stddef.h>

#define KEY_PASTE_BEGIN "\033[200~"
#define KEY_PASTE_END   "\033[201~"

/**
 * How many of the bytes are the first key: one character of UTF-8, or an escape sequence (ECMA-48, section
 * 5.4), or a prefix (Escape, Ctrl-X, Ctrl-V) with the key that belongs to it.
 *
 * @return 1 to len; 0 when the key is not complete yet. A byte that begins nothing valid is a key of 1.
 */
size_t key_length(const char *data, size_t len);

#endif
