/*
 * The tables of keys and message types that wire.h lists, and quick ways into them.
 */
#ifndef THM_WIRE_TABLE_H
#define THM_WIRE_TABLE_H

#include "thimble/wire.h"

struct thm_key_row {
    const char *word;
    uint64_t min, max; /* as thm_kind_check() takes them */
    enum thm_kind kind;
    uint8_t word_len;
};

struct thm_type_row {
    const char *word;
    uint64_t required, optional; /* sets of THM_HAS() bits */
    uint8_t flags;
    uint8_t word_len;
};

extern const struct thm_key_row thm_key_rows[THM_KEYS_END];
extern const struct thm_type_row thm_type_rows[THM_TYPES_END]; /* row 0 is THM_MSG_NONE: empty */

/** The key that a word names, or THM_KEYS_END when no key does. */
enum thm_key thm_key_find(const char *word, size_t len);

/** The type that a msgtype names, or THM_MSG_NONE. */
enum thm_type thm_type_find(const char *word, size_t len);

#endif
