#include "wire/table.h"

#include <string.h>

#define MAX_FITS(name, word, kind, min, max)                                                       \
    _Static_assert((min) <= UINT16_MAX && ((max) < UINT32_MAX || (max) == THM_UINT_MAX), word);
THM_KEYS(MAX_FITS)
#undef MAX_FITS

const struct thm_key_row thm_key_rows[THM_KEYS_END] = {
#define KEY_ROW(name, word, kind, min, max)                                                        \
    {(word), (max) < UINT32_MAX ? (uint32_t)(max) : UINT32_MAX, (min), (kind), sizeof(word) - 1},
    THM_KEYS(KEY_ROW)
#undef KEY_ROW
};

const struct thm_type_row thm_type_rows[THM_TYPES_END] = {{0, 0, "", 0, 0},
#define TYPE_ROW(name, word, flags, required, optional)                                            \
    {(required), (optional), (word), (flags), sizeof(word) - 1},
                                                          THM_TYPES(TYPE_ROW)
#undef TYPE_ROW
};

/* A byte that few words share: one memchr() over the tags finds the row to compare, and there is no
 * second table to keep sorted. The factors are those with the fewest words of one tag. */
#define TAG(word, len)                                                                             \
    (uint8_t)(4u * (uint8_t)(word)[0] + 8u * (uint8_t)(word)[(len) / 2] + (unsigned)(len))

static const uint8_t key_tags[THM_KEYS_END] = {
#define KEY_TAG(name, word, kind, min, max) TAG(word, sizeof(word) - 1),
    THM_KEYS(KEY_TAG)
#undef KEY_TAG
};

static const uint8_t type_tags[THM_TYPES_END] = {TAG("", 0),
#define TYPE_TAG(name, word, flags, required, optional) TAG(word, sizeof(word) - 1),
                                                 THM_TYPES(TYPE_TAG)
#undef TYPE_TAG
};

/* The first place from `from` on where a tag stands, or `count`. */
static unsigned next_of_tag(uint8_t tag, const uint8_t *tags, unsigned from, unsigned count)
{
    const uint8_t *at = memchr(tags + from, tag, count - from);

    return at != NULL ? (unsigned)(at - tags) : count;
}

enum thm_key thm_key_find(const char *word, size_t len)
{
    uint8_t tag = len > 0 ? TAG(word, len) : 0;

    for (unsigned key = 0;; key++) {
        key = next_of_tag(tag, key_tags, key, THM_KEYS_END);
        if (key == THM_KEYS_END ||
            (thm_key_rows[key].word_len == len && memcmp(thm_key_rows[key].word, word, len) == 0))
            return (enum thm_key)key;
    }
}

enum thm_type thm_type_find(const char *word, size_t len)
{
    uint8_t tag = len > 0 ? TAG(word, len) : 0;

    for (unsigned type = 0;; type++) {
        type = next_of_tag(tag, type_tags, type, THM_TYPES_END);
        if (type == THM_TYPES_END)
            return THM_MSG_NONE;
        if (thm_type_rows[type].word_len == len && memcmp(thm_type_rows[type].word, word, len) == 0)
            return (enum thm_type)type;
    }
}

unsigned thm_type_flags(enum thm_type type)
{
    return thm_type_rows[type].flags;
}

const char *thm_type_word(enum thm_type type)
{
    return thm_type_rows[type].word;
}

uint64_t thm_type_required(enum thm_type type)
{
    return thm_type_rows[type].required;
}

uint64_t thm_type_optional(enum thm_type type)
{
    return thm_type_rows[type].optional;
}

const char *thm_key_word(enum thm_key key)
{
    return thm_key_rows[key].word;
}

enum thm_kind thm_key_kind(enum thm_key key)
{
    return (enum thm_kind)thm_key_rows[key].kind;
}

void thm_key_range(enum thm_key key, uint64_t *min, uint64_t *max)
{
    *min = thm_key_rows[key].min;
    *max = thm_row_max(&thm_key_rows[key]);
}
