#include "sample.h"

#include <string.h>

static char strings[THM_KEYS_END][THM_TEXT_MAX];

static size_t repeat(char *s, const char *unit, size_t times)
{
    size_t len = strlen(unit);

    for (size_t i = 0; i < times; i++)
        memcpy(s + i * len, unit, len);
    return times * len;
}

static size_t smallest(char *s, enum thm_kind kind, uint64_t min)
{
    size_t len = min > 0 ? 1 : 0;

    s[0] = kind == THM_KIND_STREAM || kind == THM_KIND_ROOM ? '#' : 'a';
    if (s[0] == '#')
        s[len++] = 'a';
    return len;
}

/* The largest in bytes, and as far as that goes in escapes too. */
static size_t largest_string(char *s, enum thm_kind kind, uint64_t max)
{
    size_t quotes = THM_TEXT_ESCAPED_MAX - THM_TEXT_MAX, len;

    switch (kind) {
    case THM_KIND_TEXT:
        len = repeat(s, "\"", quotes);
        return len + repeat(s + len, "x", max - quotes);
    case THM_KIND_SHORT: return repeat(s, "\\", max);
    case THM_KIND_ALIAS: return repeat(s, "\xF0\x9D\x95\xAC", THM_ALIAS_CHARS);
    case THM_KIND_TARGET:
        len = repeat(s, "u", THM_ID_MAX);
        s[len++] = '@';
        return len + repeat(s + len, "d", THM_ID_MAX);
    case THM_KIND_ROOM:
    case THM_KIND_STREAM: s[0] = '#'; return 1 + repeat(s + 1, "r", THM_ID_MAX);
    default: return repeat(s, "w", max);
    }
}

static void set(struct thm_msg *m, enum thm_key key, bool largest)
{
    enum thm_kind kind = thm_key_kind(key);
    uint64_t min, max;
    char *s = strings[key];

    thm_key_range(key, &min, &max);
    if (kind == THM_KIND_HEX64)
        thm_msg_num(m, key, largest ? UINT64_MAX : 0);
    else if (kind == THM_KIND_UINT || kind == THM_KIND_BOOL)
        thm_msg_num(m, key, largest ? max : min);
    else
        thm_msg_str(m, key, s, largest ? largest_string(s, kind, max) : smallest(s, kind, min));
}

void sample(struct thm_msg *m, enum thm_type type, uint64_t keys, bool largest)
{
    thm_msg_init(m, type);
    for (unsigned key = 0; key < THM_KEYS_END; key++)
        if (keys >> key & 1)
            set(m, (enum thm_key)key, largest);
}

static bool same_value(enum thm_kind kind, const union thm_value *a, const union thm_value *b)
{
    if (kind == THM_KIND_HEX64 || kind == THM_KIND_UINT || kind == THM_KIND_BOOL)
        return a->num == b->num;
    return a->str.len == b->str.len &&
           (a->str.len == 0 || memcmp(a->str.data, b->str.data, a->str.len) == 0);
}

bool same_message(const struct thm_msg *a, const struct thm_msg *b)
{
    if (a->type != b->type || a->has != b->has)
        return false;
    for (unsigned key = 0; key < THM_KEYS_END; key++)
        if ((a->has >> key & 1) != 0 &&
            !same_value(thm_key_kind((enum thm_key)key), &a->v[key], &b->v[key]))
            return false;
    return true;
}
