#include <string.h>

#include "util/text.h"
#include "wire/json.h"
#include "wire/kind.h"
#include "wire/table.h"

/* Where bytes go until the first ones that do not fit. */
struct out {
    char *at;
    size_t room;
    bool full;
};

static void put(struct out *o, const char *s, size_t len)
{
    if (o->full || len > o->room) {
        o->full = true;
        return;
    }
    memcpy(o->at, s, len);
    o->at += len;
    o->room -= len;
}

#define PUT(o, literal) put((o), (literal), sizeof(literal) - 1)

static void put_escaped(struct out *o, const char *s, size_t len)
{
    char escape[6];
    size_t run = 0; /* where the bytes begin that need no escape */

    for (size_t i = 0; i < len; i++) {
        unsigned n = thm_json_escape(s[i], escape);
        if (n == 1)
            continue;
        put(o, s + run, i - run);
        put(o, escape, n);
        run = i + 1;
    }
    put(o, s + run, len - run);
}

static int put_number(struct out *o, const struct thm_key_row *row, uint64_t value)
{
    char digits[24];
    struct thm_text t;

    thm_text_init(&t, digits, sizeof digits);
    if (!thm_row_takes(row, value))
        return THM_E_KEY_RANGE;
    switch (row->kind) {
    case THM_KIND_BOOL: thm_text_str(&t, value != 0 ? "true" : "false"); break;
    case THM_KIND_HEX64:
        thm_text_char(&t, '"');
        thm_text_hex64(&t, value);
        thm_text_char(&t, '"');
        break;
    default: thm_text_uint(&t, value, 0);
    }
    put(o, t.data, t.len);
    return THM_OK;
}

static int put_value(struct out *o, enum thm_key key, const union thm_value *value)
{
    const struct thm_key_row *row = &thm_key_rows[key];

    if (thm_kind_is_number((enum thm_kind)row->kind))
        return put_number(o, row, value->num);
    int code = thm_key_check(key, value->str.data, value->str.len);
    if (code != THM_OK)
        return code;
    PUT(o, "\"");
    if (value->str.len > 0) /* else the bytes may be NULL */
        put_escaped(o, value->str.data, value->str.len);
    PUT(o, "\"");
    return THM_OK;
}

int thm_wire_encode(const struct thm_msg *msg, char *buf, size_t cap, size_t *len)
{
    struct out o = {buf, cap, false};

    if (msg->type <= THM_MSG_NONE || msg->type >= THM_TYPES_END)
        return THM_E_UNKNOWN_TYPE;
    const struct thm_type_row *type = &thm_type_rows[msg->type];
    if ((type->required & ~msg->has) != 0)
        return THM_E_KEY_MISSING;
    if ((msg->has & ~(type->required | type->optional)) != 0)
        return THM_E_KEY_RANGE;

    PUT(&o, "{\"msgtype\":\"");
    put(&o, type->word, type->word_len);
    PUT(&o, "\"");
    uint64_t has = msg->has;
    for (unsigned key = 0; has != 0; key++, has >>= 1) {
        const struct thm_key_row *row = &thm_key_rows[key];
        if ((has & 1) == 0)
            continue;
        PUT(&o, ",\"");
        put(&o, row->word, row->word_len);
        PUT(&o, "\":");
        int code = put_value(&o, (enum thm_key)key, &msg->v[key]);
        if (code != THM_OK)
            return code;
    }
    PUT(&o, "}\n");
    *len = cap - o.room;
    return o.full || *len > THM_LINE_MAX ? THM_E_LINE_TOO_LONG : THM_OK;
}
