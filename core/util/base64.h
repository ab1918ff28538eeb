/*
 * Base64 (RFC 4648, section 4), strict: the alphabet with '+' and '/', padding required, one form for each value.
 *
 * Keys and proofs are written so: neither direction looks a table up or branches by what a character or byte is.
 * How long a text is, and whether it was well formed, is no secret.
 */
#ifndef THM_UTIL_BASE64_H
#define THM_UTIL_BASE64_H

#include "util/text.h"

/* Characters that `len` bytes become, without a terminator. */
#define THM_BASE64_LEN(len) (((len) + 2) / 3 * 4)

/** Appends bytes in Base64, or nothing and sets `truncated`. */
void thm_text_base64(struct thm_text *t, const uint8_t *bytes, size_t len);

/**
 * Reads Base64: nothing but its alphabet, a multiple of 4 characters, padding exactly where it belongs, and no bit set that
 * belongs to no byte.
 *
 * @param text  `len` characters (0: no bytes), need not be terminated
 * @param to    receives the bytes, at most `cap`; may be where the text lies; holds some of them also when the text is refused
 * @param n     receives their number
 * @return false: not of that form, or more than `cap` bytes
 */
bool thm_base64_read(const char *text, size_t len, uint8_t *to, size_t cap, size_t *n);

#endif
