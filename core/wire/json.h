/*
 * As much JSON (RFC 8259) as a flat message needs. Knows no keys and no types.
 */
#ifndef THM_WIRE_JSON_H
#define THM_WIRE_JSON_H

#include "thimble/wire.h"
#include "wire/why.h"

/* A value as it stands in the line, a string with its quotes and escapes. */
struct thm_json_value {
    uint16_t at, len;
};

/**
 * Takes one member of the object.
 *
 * @param key  unescaped, `key_len` bytes
 */
typedef void thm_json_member_fn(void *arg, const char *key, size_t key_len,
                                struct thm_json_value value);

/**
 * Walks over the members of the object that a line is. All of the line is checked, nested values too.
 *
 * @param text    the line, below THM_LINE_MAX bytes; keys are unescaped in place
 * @param member  called for each member, in order
 * @param fault   receives why and at when the code is not THM_OK
 * @return THM_OK, THM_E_UTF8, THM_E_CONTROL, THM_E_JSON or THM_E_NESTING
 */
int thm_json_object(char *text, size_t len, thm_json_member_fn *member, void *arg,
                    struct thm_fault *fault);

/**
 * Unescapes a string in place: it never grows.
 *
 * @param s    the bytes between the quotes, as thm_json_object() found them
 * @param len  their number, before and after
 * @param why  receives an enum thm_why when the code is not THM_OK
 * @return THM_OK; THM_E_UTF8 for half of a surrogate pair; THM_E_CONTROL for \u0000
 */
int thm_json_unescape(char *s, size_t *len, uint8_t *why);

/** The byte that the letter of a two-byte escape stands for, or 0 when there is no such escape. */
char thm_json_escaped_byte(char letter);

/**
 * The escape of one byte: of '"', '\' and the controls; all else stays as it is.
 *
 * @param out  receives the bytes
 * @return their number: 1, 2 or 6
 */
unsigned thm_json_escape(char c, char out[6]);

#endif
