#include "wire/table.h"

#include <string.h>

const struct thm_key_row thm_key_rows[THM_KEYS_END] = {
#define KEY_ROW(name, word, kind, min, max) {(word), (min), (max), (kind), sizeof(word) - 1},
    THM_KEYS(KEY_ROW)
#undef KEY_ROW
};

const struct thm_type_row thm_type_rows[THM_TYPES_END] = {{"", 0, 0, 0, 0},
#define TYPE_ROW(name, word, flags, required, optional)                                            \
    {(word), (required), (optional), (flags), sizeof(word) - 1},
                                                          THM_TYPES(TYPE_ROW)
#undef TYPE_ROW
};

/* With constant lengths each test is one comparison of the length and, rarely, one or two of words:
 * quicker than a search, and there is no second table to keep sorted. */
#define IS(literal)                                                                                \
    (len == sizeof(literal) - 1 && memcmp(word, (literal), sizeof(literal) - 1) == 0)

enum thm_key thm_key_find(const char *word, size_t len)
{
#define KEY_FIND(name, literal, kind, min, max)                                                    \
    if (IS(literal))                                                                               \
        return THM_KEY_##name;
    THM_KEYS(KEY_FIND)
#undef KEY_FIND
    return THM_KEYS_END;
}

enum thm_type thm_type_find(const char *word, size_t len)
{
#define TYPE_FIND(name, literal, flags, required, optional)                                        \
    if (IS(literal))                                                                               \
        return THM_MSG_##name;
    THM_TYPES(TYPE_FIND)
#undef TYPE_FIND
    return THM_MSG_NONE;
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
    return thm_key_rows[key].kind;
}

void thm_key_range(enum thm_key key, uint64_t *min, uint64_t *max)
{
    *min = thm_key_rows[key].min;
    *max = thm_key_rows[key].max;
}
