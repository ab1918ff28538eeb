#include <string.h>

#include "wire/json.h"
#include "wire/kind.h"
#include "wire/table.h"

/* What a walk over the line has found. The type may come last, so values are looked at afterwards. */
struct findings {
    uint64_t seen;                 /* set of THM_HAS() bits */
    struct thm_json_value msgtype; /* len 0: not seen */
    struct thm_json_value values[THM_KEYS_END];
    const char *twice; /* the key that was seen again, or NULL */
};

static const char msgtype[] = "msgtype";

static void note_member(void *arg, const char *key, size_t key_len, struct thm_json_value value)
{
    struct findings *f = arg;

    if (key_len == sizeof msgtype - 1 && memcmp(key, msgtype, key_len) == 0) {
        if (f->msgtype.len > 0)
            f->twice = msgtype;
        else
            f->msgtype = value;
        return;
    }
    enum thm_key k = thm_key_find(key, key_len);
    if (k == THM_KEYS_END)
        return;
    uint64_t bit = UINT64_C(1) << k;
    if (f->seen & bit)
        f->twice = thm_key_rows[k].word;
    f->seen |= bit;
    f->values[k] = value;
}

static int blame(struct thm_fault *fault, int code, const char *what, size_t len)
{
    if (THM_FAULT_DETAILS)
        thm_text_display(what, len, false, fault->what, sizeof fault->what);
    return code;
}

/* The unescaped bytes of a string, or an error when the value is none. */
static int read_string(char *line, struct thm_json_value value, struct thm_slice *str,
                       struct thm_fault *fault)
{
    if (line[value.at] != '"')
        return THM_E_KEY_TYPE;
    char *s = line + value.at + 1;
    size_t len = value.len - 2u;
    int code = thm_json_unescape(s, &len, &fault->why);
    *str = (struct thm_slice){s, len};
    return code;
}

static int read_type(char *line, const struct findings *f, unsigned from, struct thm_msg *msg,
                     struct thm_fault *fault)
{
    struct thm_slice word;

    if (f->msgtype.len == 0)
        return THM_E_NO_TYPE;
    int code = read_string(line, f->msgtype, &word, fault);
    if (code != THM_OK)
        return blame(fault, code, msgtype, sizeof msgtype - 1);
    msg->type = fault->type = thm_type_find(word.data, word.len);
    if (msg->type == THM_MSG_NONE)
        return blame(fault, THM_E_UNKNOWN_TYPE, word.data, word.len);
    return (thm_type_rows[msg->type].flags & from) != 0 ? THM_OK : THM_E_DIRECTION;
}

/* Numbers and words of JSON start with other characters than strings, objects and arrays. */
static bool has_json_type(char first, enum thm_kind kind)
{
    switch (kind) {
    case THM_KIND_UINT: return first == '-' || (first >= '0' && first <= '9');
    case THM_KIND_BOOL: return first == 't' || first == 'f';
    default: return first == '"';
    }
}

static int read_value(char *line, struct thm_json_value value, enum thm_key key,
                      struct thm_msg *msg, struct thm_fault *fault)
{
    const struct thm_key_row *row = &thm_key_rows[key];
    struct thm_slice str = {line + value.at, value.len};
    enum thm_kind kind = (enum thm_kind)row->kind;
    uint64_t number = 0;
    int code = THM_OK;

    if (!has_json_type(line[value.at], kind))
        return THM_E_KEY_TYPE;
    if (line[value.at] == '"')
        code = read_string(line, value, &str, fault);
    if (code != THM_OK)
        return code;
    if (thm_kind_is_number(kind)) {
        code = thm_kind_number(kind, str.data, str.len, &number, &fault->why);
        if (code == THM_OK && !thm_row_takes(row, number))
            code = THM_E_KEY_RANGE;
        thm_msg_num(msg, key, number);
    } else {
        code = thm_key_check(key, str.data, str.len);
        thm_msg_str(msg, key, str.data, str.len);
    }
    return code;
}

static int read_values(char *line, const struct findings *f, struct thm_msg *msg,
                       struct thm_fault *fault)
{
    const struct thm_type_row *type = &thm_type_rows[msg->type];
    uint64_t wanted = f->seen & (type->required | type->optional);
    uint64_t missing = type->required & ~f->seen;

    for (unsigned key = 0; wanted != 0; key++, wanted >>= 1) {
        if ((wanted & 1) == 0)
            continue;
        int code = read_value(line, f->values[key], (enum thm_key)key, msg, fault);
        if (code != THM_OK)
            return blame(fault, code, thm_key_rows[key].word, thm_key_rows[key].word_len);
    }
    for (unsigned key = 0; missing != 0; key++, missing >>= 1)
        if (missing & 1)
            return blame(fault, THM_E_KEY_MISSING, thm_key_rows[key].word,
                         thm_key_rows[key].word_len);
    return THM_OK;
}

static int decode(char *line, size_t len, unsigned from, struct thm_msg *msg,
                  struct thm_fault *fault)
{
    struct findings f;

    f.seen = 0;
    f.msgtype.len = 0;
    f.twice = NULL;
    if (len >= THM_LINE_MAX)
        return THM_E_LINE_TOO_LONG;
    int code = thm_json_object(line, len, note_member, &f, fault);
    if (code == THM_OK)
        code = read_type(line, &f, from, msg, fault);
    if (code == THM_OK && f.twice != NULL)
        return blame(fault, THM_E_KEY_TWICE, f.twice, strlen(f.twice));
    return code == THM_OK ? read_values(line, &f, msg, fault) : code;
}

int thm_wire_decode(char *line, size_t len, unsigned from, struct thm_msg *msg,
                    struct thm_fault *fault)
{
    thm_msg_init(msg, THM_MSG_NONE);
    fault->type = THM_MSG_NONE;
    fault->why = 0;
    fault->at = 0;
    fault->what[0] = '\0';
    fault->code = decode(line, len, from, msg, fault);
    return fault->code;
}
