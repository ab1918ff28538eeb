#include "wire/json.h"

#include <string.h>

#include "wire/utf8.h"

#define JSMN_STATIC
#define JSMN_STRICT
#include <jsmn.h>

_Static_assert(THM_TOKENS_MAX >= 3 + 2 * THM_KEYS_END, "a line may hold every key once");
_Static_assert(THM_LINE_MAX <= UINT16_MAX, "a position in a line has 16 bits");

static int found(struct thm_fault *fault, int code, size_t at, const char *why)
{
    fault->at = (uint16_t)(at + 1);
    fault->why = why;
    return code;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static size_t after_space(const char *text, size_t at, size_t len)
{
    while (at < len && is_space(text[at]))
        at++;
    return at;
}

/* A raw newline can't be part of a line; tab and CR may stand between tokens, and are counted. */
static int check_bytes(const char *text, size_t len, size_t *spaces, struct thm_fault *fault)
{
    uint32_t code;

    *spaces = 0;
    for (size_t i = 0; i < len;) {
        uint8_t c = (uint8_t)text[i];
        if (c >= 0x20 && c < 0x80) {
            i++;
        } else if (c == '\t' || c == '\r') {
            i++;
            ++*spaces;
        } else if (c < 0x20) {
            return found(fault, THM_E_CONTROL, i, "JSON wants them escaped");
        } else {
            unsigned n = thm_utf8_next(text + i, len - i, &code);
            if (n == 0)
                return found(fault, THM_E_UTF8, i, NULL);
            i += n;
        }
    }
    return THM_OK;
}

static int tokenise(const char *text, size_t len, jsmntok_t *tokens, struct thm_fault *fault)
{
    jsmn_parser parser;
    size_t start = after_space(text, 0, len);

    if (start == len)
        return found(fault, THM_E_JSON, len, "the line is empty");
    if (text[start] != '{')
        return found(fault, THM_E_JSON, start, "it does not start with {");
    jsmn_init(&parser);
    int count = jsmn_parse(&parser, text, len, tokens, THM_TOKENS_MAX);
    if (count == JSMN_ERROR_NOMEM)
        return THM_E_TOO_MANY_TOKENS;
    if (count == JSMN_ERROR_PART)
        return found(fault, THM_E_JSON, parser.pos, "it ends too early");
    if (count < 0)
        return found(fault, THM_E_JSON, parser.pos, "an unexpected character or a bad escape");
    return count;
}

static size_t raw_start(const jsmntok_t *t)
{
    return (size_t)t->start - (t->type == JSMN_STRING);
}

static size_t raw_end(const jsmntok_t *t)
{
    return (size_t)t->end + (t->type == JSMN_STRING);
}

static int check_strings(const char *text, const jsmntok_t *tokens, int count,
                         struct thm_fault *fault)
{
    for (int i = 0; i < count; i++) {
        if (tokens[i].type != JSMN_STRING)
            continue;
        for (int at = tokens[i].start; at < tokens[i].end; at++)
            if (text[at] == '\t' || text[at] == '\r')
                return found(fault, THM_E_CONTROL, (size_t)at, "JSON wants them escaped");
    }
    return THM_OK;
}

static const char *digits(const char *s, const char *end)
{
    while (s < end && *s >= '0' && *s <= '9')
        s++;
    return s;
}

static bool is_number(const char *s, const char *end)
{
    const char *start;

    s += s < end && *s == '-';
    start = s;
    s = digits(s, end);
    if (s == start || (*start == '0' && s > start + 1))
        return false;
    if (s < end && *s == '.') {
        start = ++s;
        s = digits(s, end);
        if (s == start)
            return false;
    }
    if (s < end && (*s == 'e' || *s == 'E')) {
        s++;
        s += s < end && (*s == '+' || *s == '-');
        start = s;
        s = digits(s, end);
        if (s == start)
            return false;
    }
    return s == end;
}

static int check_primitive(const char *text, const jsmntok_t *t, struct thm_fault *fault)
{
    const char *s = text + t->start;
    size_t len = (size_t)(t->end - t->start);

    if ((len == 4 && (memcmp(s, "true", 4) == 0 || memcmp(s, "null", 4) == 0)) ||
        (len == 5 && memcmp(s, "false", 5) == 0) || is_number(s, s + len))
        return THM_OK;
    if (len > 1 && s[0] == '0')
        return found(fault, THM_E_JSON, (size_t)t->start, "a number with a leading zero");
    return found(fault, THM_E_JSON, (size_t)t->start, "not a JSON value");
}

struct walk {
    char *text;
    const jsmntok_t *tokens;
    int count;
    int next;   /* index of the next token */
    size_t at;  /* first byte that was not looked at yet */
    size_t end; /* where the object's closing brace is */
    struct thm_fault *fault;
};

/* jsmn takes punctuation almost anywhere, so each token must stand exactly where the last one and
 * the punctuation after it lead. Returns NULL when it doesn't. */
static const jsmntok_t *token_here(struct walk *w)
{
    const jsmntok_t *t = &w->tokens[w->next];

    w->at = after_space(w->text, w->at, w->end);
    if (w->next >= w->count || raw_start(t) != w->at)
        return NULL;
    w->at = raw_end(t);
    while (w->next < w->count && raw_start(&w->tokens[w->next]) < w->at)
        w->next++;
    return t;
}

static bool punctuation_here(struct walk *w, char c)
{
    w->at = after_space(w->text, w->at, w->end);
    if (w->at == w->end || w->text[w->at] != c)
        return false;
    w->at++;
    return true;
}

static int walk_member(struct walk *w, thm_json_member_fn *member, void *arg)
{
    const jsmntok_t *key = token_here(w);
    if (key == NULL || key->type != JSMN_STRING)
        return found(w->fault, THM_E_JSON, w->at, "a key in double quotes is expected");
    if (!punctuation_here(w, ':'))
        return found(w->fault, THM_E_JSON, w->at, "a colon is expected after a key");
    const jsmntok_t *value = token_here(w);
    if (value == NULL)
        return found(w->fault, THM_E_JSON, w->at, "a value is expected after a colon");

    int code = THM_OK;
    if (value->type == JSMN_PRIMITIVE)
        code = check_primitive(w->text, value, w->fault);
    if (code != THM_OK)
        return code;

    size_t key_len = (size_t)(key->end - key->start);
    code = thm_json_unescape(w->text + key->start, &key_len, &w->fault->why);
    if (code != THM_OK)
        return found(w->fault, code, (size_t)key->start, w->fault->why);
    struct thm_json_value raw = {(uint16_t)raw_start(value),
                                 (uint16_t)(raw_end(value) - raw_start(value))};
    return member(arg, w->text + key->start, key_len, raw);
}

int thm_json_object(char *text, size_t len, thm_json_member_fn *member, void *arg,
                    struct thm_fault *fault)
{
    jsmntok_t tokens[THM_TOKENS_MAX];
    size_t spaces;

    int code = check_bytes(text, len, &spaces, fault);
    if (code != THM_OK)
        return code;
    int count = tokenise(text, len, tokens, fault);
    if (count < 0)
        return count;
    if (spaces > 0 && (code = check_strings(text, tokens, count, fault)) != THM_OK)
        return code;

    struct walk w = {text, tokens, count, 1, (size_t)tokens[0].start + 1, (size_t)tokens[0].end - 1,
                     fault};
    bool empty = after_space(text, w.at, w.end) == w.end;
    while (!empty) {
        code = walk_member(&w, member, arg);
        if (code != THM_OK)
            return code;
        if (punctuation_here(&w, ','))
            continue;
        if (w.at != w.end)
            return found(fault, THM_E_JSON, w.at, "a comma or } is expected after a value");
        break;
    }
    size_t rest = after_space(text, w.end + 1, len);
    return rest == len ? THM_OK : found(fault, THM_E_JSON, rest, "something follows the object");
}
