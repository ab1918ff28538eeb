#include "wire/json.h"

#include <string.h>

_Static_assert(THM_LINE_MAX <= UINT16_MAX, "a position in a line has 16 bits");
_Static_assert(THM_NESTING_MAX <= 32, "open arrays and objects are the bits of a word");

struct reader {
    char *text;
    size_t len;
    size_t at; /* the byte to look at next */
    struct thm_fault *fault;
};

static int wrong(struct reader *r, int code, enum thm_why why)
{
    if (THM_FAULT_DETAILS) {
        r->fault->at = (uint16_t)(r->at + 1);
        r->fault->why = (uint8_t)why;
    }
    return code;
}

static int expected(struct reader *r, enum thm_why why)
{
    return wrong(r, THM_E_JSON, r->at < r->len ? why : THM_WHY_EARLY_END);
}

/* The next byte; NUL, which JSON has nowhere, at the end. */
static char peek(const struct reader *r)
{
    return r->at < r->len ? r->text[r->at] : '\0';
}

/* The next byte that is no space. A newline can't be part of a line. */
static char peek_token(struct reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\r')
        r->at++;
    return peek(r);
}

static bool take(struct reader *r, char c)
{
    if (peek_token(r) != c)
        return false;
    r->at++;
    return true;
}

/* --- values --------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static int take_escape(struct reader *r)
{
    r->at++;
    char letter = peek(r);
    if (letter != 'u' && thm_json_escaped_byte(letter) == '\0')
        return expected(r, THM_WHY_BAD_ESCAPE);
    r->at++;
    for (int i = 0; letter == 'u' && i < 4; i++, r->at++)
        if (!is_hex(peek(r)))
            return expected(r, THM_WHY_BAD_ESCAPE);
    return THM_OK;
}

/* Takes what is not one byte of ASCII, or can't be in a string. */
static int take_odd(struct reader *r)
{
    uint32_t code;

    if (peek(r) == '\\')
        return take_escape(r);
    if (r->at == r->len)
        return expected(r, THM_WHY_EARLY_END);
    if ((uint8_t)peek(r) < 0x20)
        return wrong(r, THM_E_CONTROL, THM_WHY_RAW_CONTROL);
    unsigned n = thm_utf8_next(r->text + r->at, r->len - r->at, &code);
    if (n == 0)
        return wrong(r, THM_E_UTF8, THM_WHY_NONE);
    r->at += n;
    return THM_OK;
}

/* Takes a string with its quotes. */
static int take_string(struct reader *r)
{
    int code = THM_OK;

    for (r->at++; code == THM_OK && peek(r) != '"';) {
        uint8_t c = (uint8_t)peek(r);
        if (c >= 0x20 && c < 0x80 && c != '\\')
            r->at++;
        else
            code = take_odd(r);
    }
    r->at++;
    return code;
}

static const char *digits(const char *s, const char *end)
{
    while (s < end && is_digit(*s))
        s++;
    return s;
}

static bool is_number(const char *s, const char *end)
{
    s += s < end && *s == '-';
    const char *start = s;
    s = digits(s, end);
    if (s == start || (*start == '0' && s > start + 1))
        return false;
    if (s < end && *s == '.') {
        start = ++s;
        s = digits(s, end);
        if (s == start)
            return false;
    }
    if (s < end && (*s | 0x20) == 'e') {
        s++;
        s += s < end && (*s == '+' || *s == '-');
        start = s;
        s = digits(s, end);
        if (s == start)
            return false;
    }
    return s == end;
}

/* Takes a number, true, false or null. */
static int take_bare(struct reader *r)
{
    const char *s = r->text + r->at;
    size_t len = 0;

    while (r->at + len < r->len && strchr(",:[]{}\" \t\r", s[len]) == NULL)
        len++;
    if (len == 0)
        return expected(r, THM_WHY_NO_VALUE);
    if (!(len == 4 && (memcmp(s, "true", 4) == 0 || memcmp(s, "null", 4) == 0)) &&
        !(len == 5 && memcmp(s, "false", 5) == 0) && !is_number(s, s + len))
        return wrong(r, THM_E_JSON,
                     len > 1 && s[0] == '0' ? THM_WHY_LEADING_ZERO : THM_WHY_BAD_VALUE);
    r->at += len;
    return THM_OK;
}

/* --- objects and arrays --------------------------------------------------------------------- */

static int take_key(struct reader *r, struct thm_json_value *key)
{
    if (peek_token(r) != '"')
        return expected(r, THM_WHY_NO_KEY);
    key->at = (uint16_t)r->at;
    int code = take_string(r);
    key->len = (uint16_t)(r->at - key->at);
    return code == THM_OK && !take(r, ':') ? expected(r, THM_WHY_NO_COLON) : code;
}

static int take_scalar(struct reader *r)
{
    return peek_token(r) == '"' ? take_string(r) : take_bare(r);
}

/* Takes a value: an array or object with all that is in it. */
static int take_value(struct reader *r)
{
    uint32_t objects = 0; /* what is open, the innermost as lowest bit: 1 an object, 0 an array */
    unsigned depth = 0;
    struct thm_json_value key;

    for (;;) {
        char c = peek_token(r);
        bool opened = c == '{' || c == '[';
        int code = THM_OK;
        if (opened && depth++ == THM_NESTING_MAX)
            return wrong(r, THM_E_NESTING, THM_WHY_NONE);
        if (opened) {
            objects = objects << 1 | (c == '{');
            r->at++;
        } else if ((code = take_scalar(r)) != THM_OK) {
            return code;
        }
        for (; depth > 0 && take(r, objects & 1 ? '}' : ']'); depth--) {
            objects >>= 1;
            opened = false;
        }
        if (depth == 0)
            return THM_OK;
        if (!opened && !take(r, ','))
            return expected(r, objects & 1 ? THM_WHY_NO_COMMA : THM_WHY_NO_COMMA_IN_ARRAY);
        if ((objects & 1) != 0 && (code = take_key(r, &key)) != THM_OK)
            return code;
    }
}

static int take_member(struct reader *r, thm_json_member_fn *member, void *arg)
{
    struct thm_json_value key, value;

    int code = take_key(r, &key);
    if (code != THM_OK)
        return code;
    peek_token(r);
    value.at = (uint16_t)r->at;
    code = take_value(r);
    if (code != THM_OK)
        return code;
    value.len = (uint16_t)(r->at - value.at);

    size_t key_len = key.len - 2u;
    code = thm_json_unescape(r->text + key.at + 1, &key_len, &r->fault->why);
    if (code != THM_OK)
        r->fault->at = key.at + 2u;
    else
        member(arg, r->text + key.at + 1, key_len, value);
    return code;
}

int thm_json_object(char *text, size_t len, thm_json_member_fn *member, void *arg,
                    struct thm_fault *fault)
{
    struct reader r = {text, len, 0, fault};
    int code = THM_OK;

    if (!take(&r, '{'))
        return wrong(&r, THM_E_JSON, r.at < len ? THM_WHY_NO_OBJECT : THM_WHY_EMPTY);
    if (!take(&r, '}')) {
        do {
            code = take_member(&r, member, arg);
        } while (code == THM_OK && take(&r, ','));
        if (code == THM_OK && !take(&r, '}'))
            code = expected(&r, THM_WHY_NO_COMMA);
    }
    peek_token(&r);
    if (code == THM_OK && r.at < len)
        code = wrong(&r, THM_E_JSON, THM_WHY_MORE);
    return code;
}
