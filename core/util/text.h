/*
 * Text building without printf: a bounded buffer that never overflows and remembers if it would
 * have. For core/, and for firmware, which has no printf either.
 */
#ifndef THM_UTIL_TEXT_H
#define THM_UTIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thimble/config.h"

struct thm_text {
    char *data;     /* always terminated when cap > 0 */
    size_t cap;     /* bytes at data, terminator included */
    size_t len;     /* bytes written, without the terminator */
    bool truncated; /* something did not fit and was left out whole */
};

/** Starts an empty text in `data`, which the caller owns and keeps. */
void thm_text_init(struct thm_text *t, char *data, size_t cap);

/** Appends `len` bytes, or nothing and sets `truncated`. */
void thm_text_bytes(struct thm_text *t, const void *bytes, size_t len);

/** Appends a terminated string. */
void thm_text_str(struct thm_text *t, const char *s);

/** Appends one byte. */
void thm_text_char(struct thm_text *t, char c);

/** Appends a number in decimal, padded with zeros to `width` digits (0: none). */
void thm_text_uint(struct thm_text *t, uint64_t value, unsigned width);

/** Appends bytes as lower-case hexadecimal digits. */
void thm_text_hex(struct thm_text *t, const uint8_t *bytes, size_t len);

/** Appends 16 hexadecimal digits of a 64-bit number, the form of an incarnation on the wire. */
void thm_text_hex64(struct thm_text *t, uint64_t value);

/* Bytes of the longest THM_T() text, terminator included. */
#define THM_TEXT_PLAIN 256

/**
 * What a THM_T() text says. Where texts are packed (THM_PACKED_TEXTS, which cmake/pack-texts makes true), bytes that are
 * no characters of ASCII stand for two others each; any other printable ASCII string is its own plain text.
 *
 * @param buf  may receive it
 * @return `text` itself, or `buf`
 */
#if THM_PACKED_TEXTS
const char *thm_text_plain(const char *text, char buf[THM_TEXT_PLAIN]);
#else
static inline const char *thm_text_plain(const char *text, char buf[THM_TEXT_PLAIN])
{
    (void)buf;
    return text;
}
#endif

/** The string that follows `n` others in a row of terminated strings. */
const char *thm_text_nth(const char *strings, unsigned n);

/** Reads exactly `bytes` bytes out of `len` lower-case hexadecimal digits; false for anything else. */
bool thm_hex_bytes(const char *digits, size_t len, uint8_t *to, size_t bytes);

/** Reads exactly `len` lower-case hexadecimal digits (1 to 16); false for anything else. */
bool thm_hex_u64(const char *digits, size_t len, uint64_t *value);

#endif
