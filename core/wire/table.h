/*
 * The tables of keys and message types that wire.h lists, and quick ways into them.
 */
#ifndef THM_WIRE_TABLE_H
#define THM_WIRE_TABLE_H

#include "thimble/wire.h"

struct thm_key_row {
    const char *word;
    uint32_t max; /* see thm_row_max() */
    uint16_t min;
    uint8_t kind;
    uint8_t word_len;
};

struct thm_type_row {
    uint64_t required, optional; /* sets of THM_HAS() bits */
    const char *word;
    uint8_t flags;
    uint8_t word_len;
};

extern const struct thm_key_row thm_key_rows[THM_KEYS_END];
extern const struct thm_type_row thm_type_rows[THM_TYPES_END]; /* row 0 is THM_MSG_NONE: empty */

/** The largest length or value that a key may have; THM_UINT_MAX does not fit in a row. */
static inline uint64_t thm_row_max(const struct thm_key_row *row)
{
    return row->max == UINT32_MAX ? THM_UINT_MAX : row->max;
}

/** Whether a number is in the range of a key of a kind that is a number. */
static inline bool thm_row_takes(const struct thm_key_row *row, uint64_t value)
{
    return row->kind != THM_KIND_UINT || (value >= row->min && value <= thm_row_max(row));
}

/** The key that a word names, or THM_KEYS_END when no key does. */
enum thm_key thm_key_find(const char *word, size_t len);

/** The type that a msgtype names, or THM_MSG_NONE. */
enum thm_type thm_type_find(const char *word, size_t len);

#endif
