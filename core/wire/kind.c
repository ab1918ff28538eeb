#include "wire/kind.h"

#include <string.h>

#include "util/text.h"
#include "wire/json.h"
#include "wire/table.h"
#include "wire/utf8.h"
#include "wire/why.h"

/* Controls are C0, DEL and C1; what else is invisible may be said, and is only shown escaped. */
static int check_text(const char *data, size_t len)
{
    uint32_t code;

    for (size_t i = 0; i < len;) {
        uint8_t c = (uint8_t)data[i];
        if (c >= 0x20 && c < 0x7F) {
            i++;
            continue;
        }
        unsigned n = thm_utf8_next(data + i, len - i, &code);
        if (n == 0)
            return THM_E_UTF8;
        if (code <= 0x9F && code != '\n' && code != '\t')
            return THM_E_CONTROL;
        i += n;
    }
    return THM_OK;
}

static bool fits(const char *data, size_t len)
{
    /* the controls that a text may hold, '"' and '\' take two bytes, all else one */
    return len <= THM_TEXT_ESCAPED_MAX / 2 ||
           thm_json_escaped_len(data, len) <= THM_TEXT_ESCAPED_MAX;
}

static int check_short(const char *data, size_t len)
{
    uint32_t code, previous = 0;

    for (size_t i = 0; i < len; previous = code) {
        unsigned n = thm_utf8_next(data + i, len - i, &code);
        if (n == 0)
            return THM_E_UTF8;
        if (!thm_utf8_shown(previous, code))
            return THM_E_CONTROL;
        i += n;
    }
    return THM_OK;
}

/* Blanks other than the space would make an alias that nobody sees, or can't tell from another. */
static bool is_blank(uint32_t code)
{
    return code == ' ' || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) ||
           code == 0x202F || code == 0x205F || code == 0x2800 || code == 0x3000;
}

static int check_alias(const char *data, size_t len)
{
    uint32_t code, previous = ' ';
    unsigned chars = 0;

    for (size_t i = 0; i < len; previous = code) {
        unsigned n = thm_utf8_next(data + i, len - i, &code);
        if (n == 0)
            return THM_E_UTF8;
        if (!thm_utf8_printable(code))
            return THM_E_CONTROL;
        if (is_blank(code) && (code != ' ' || previous == ' '))
            return THM_E_KEY_RANGE;
        i += n;
        chars++;
    }
    return previous != ' ' && chars <= THM_ALIAS_CHARS ? THM_OK : THM_E_KEY_RANGE;
}

static bool is_id_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_id(const char *data, size_t len)
{
    if (len == 0 || len > THM_ID_MAX || !is_id_start(data[0]))
        return false;
    for (size_t i = 1; i < len; i++)
        if (!is_id_start(data[i]) && data[i] != '.' && data[i] != '_' && data[i] != '-')
            return false;
    return true;
}

static bool is_target(const char *data, size_t len)
{
    const char *at = memchr(data, '@', len);
    size_t user = at != NULL ? (size_t)(at - data) : len;

    return is_id(data, user) && (at == NULL || is_id(at + 1, len - user - 1));
}

static bool is_stream(const char *data, size_t len, const char *signs)
{
    return len > 1 && strchr(signs, data[0]) != NULL && is_id(data + 1, len - 1);
}

static bool is_word(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = data[i];
        if (!is_id_start(c) && !(c >= 'A' && c <= 'Z') && c != '.' && c != '_' && c != ':' &&
            c != '-')
            return false;
    }
    return true;
}

static enum thm_why not_a_digit(char c)
{
    switch (c) {
    case '-': return THM_WHY_MINUS;
    case '.': return THM_WHY_FRACTION;
    case 'e':
    case 'E': return THM_WHY_EXPONENT;
    default: return THM_WHY_NONE;
    }
}

static int read_uint(const char *data, size_t len, uint64_t *value, uint8_t *why)
{
    uint64_t v = 0;

    for (size_t i = 0; i < len; i++) {
        char c = data[i];
        if (c < '0' || c > '9') {
            *why = (uint8_t)not_a_digit(c);
            return THM_E_KEY_RANGE;
        }
        v = v * 10 + (uint64_t)(c - '0');
        if (v > THM_UINT_MAX)
            return THM_E_KEY_RANGE;
    }
    *value = v;
    return len == 1 || (len > 1 && data[0] != '0') ? THM_OK : THM_E_KEY_RANGE;
}

bool thm_kind_is_number(enum thm_kind kind)
{
    return kind == THM_KIND_UINT || kind == THM_KIND_BOOL || kind == THM_KIND_HEX64;
}

int thm_kind_number(enum thm_kind kind, const char *data, size_t len, uint64_t *value, uint8_t *why)
{
    bool ok;

    *why = THM_WHY_NONE;
    switch (kind) {
    case THM_KIND_UINT: return read_uint(data, len, value, why);
    case THM_KIND_HEX64: ok = len == 16 && thm_hex_u64(data, len, value); break;
    default:
        *value = len == 4;
        ok = (len == 4 && memcmp(data, "true", 4) == 0) ||
             (len == 5 && memcmp(data, "false", 5) == 0);
    }
    return ok ? THM_OK : THM_E_KEY_RANGE;
}

int thm_kind_check(enum thm_kind kind, const char *data, size_t len, uint64_t min, uint64_t max)
{
    uint8_t why;
    uint64_t value;
    bool ok = false;
    int code = THM_OK;

    if (thm_kind_is_number(kind)) {
        code = thm_kind_number(kind, data, len, &value, &why);
        if (kind == THM_KIND_UINT && code == THM_OK && (value < min || value > max))
            code = THM_E_KEY_RANGE;
        return code;
    }
    if (len < min)
        return THM_E_KEY_RANGE;
    if (len > max)
        return kind == THM_KIND_TEXT ? THM_E_TEXT_LONG : THM_E_KEY_RANGE;
    switch (kind) {
    case THM_KIND_TEXT:
        code = check_text(data, len);
        return code == THM_OK && !fits(data, len) ? THM_E_TEXT_LONG : code;
    case THM_KIND_SHORT: return check_short(data, len);
    case THM_KIND_ALIAS: return check_alias(data, len);
    case THM_KIND_ID: ok = is_id(data, len); break;
    case THM_KIND_TARGET: ok = is_target(data, len); break;
    case THM_KIND_ROOM: ok = is_stream(data, len, "#"); break;
    case THM_KIND_STREAM: ok = is_stream(data, len, "#@"); break;
    case THM_KIND_WORD: ok = is_word(data, len); break;
    default: break;
    }
    return ok ? THM_OK : THM_E_KEY_RANGE;
}

int thm_key_check(enum thm_key key, const char *data, size_t len)
{
    const struct thm_key_row *row = &thm_key_rows[key];

    return thm_kind_check((enum thm_kind)row->kind, data, len, row->min, thm_row_max(row));
}

size_t thm_text_fit(const char *text, size_t len)
{
    size_t used = 0, escaped = 0;
    uint32_t code;

    while (used < len) {
        unsigned n = thm_utf8_next(text + used, len - used, &code);
        n = n > 0 ? n : 1;
        escaped += thm_json_escaped_len(text + used, n);
        if (used + n > THM_TEXT_MAX || escaped > THM_TEXT_ESCAPED_MAX)
            break;
        used += n;
    }
    return used;
}
