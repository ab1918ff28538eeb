#include "wire/json.h"

#include <string.h>

#include "wire/utf8.h"

/* The letters of the two-byte escapes and the bytes that they stand for. */
static const char letters[] = "\"\\/bfnrt";
static const char bytes[] = "\"\\/\b\f\n\r\t";

char thm_json_escaped_byte(char letter)
{
    const char *at = letter != '\0' ? strchr(letters, letter) : NULL;

    return at != NULL ? bytes[at - letters] : '\0';
}

static uint32_t hex4(const char *s)
{
    uint32_t v = 0;

    for (int i = 0; i < 4; i++) {
        uint8_t c = (uint8_t)s[i];
        v = v << 4 | (c <= '9' ? c - (unsigned)'0' : (c & 7u) + 9u);
    }
    return v;
}

/* Reads what follows "\u": `*in` is moved behind it. */
static int unescape_code(const char **in, const char *end, uint32_t *code, uint8_t *why)
{
    uint32_t c = hex4(*in);

    *in += 4;
    if (c == 0) {
        *why = THM_WHY_NUL;
        return THM_E_CONTROL;
    }
    if (c >= 0xD800 && c <= 0xDFFF) {
        uint32_t low = end - *in >= 6 && (*in)[0] == '\\' && (*in)[1] == 'u' ? hex4(*in + 2) : 0;
        if (c > 0xDBFF || low < 0xDC00 || low > 0xDFFF) {
            *why = THM_WHY_HALF_PAIR;
            return THM_E_UTF8;
        }
        *in += 6;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    *code = c;
    return THM_OK;
}

int thm_json_unescape(char *s, size_t *len, uint8_t *why)
{
    const char *in = memchr(s, '\\', *len), *end = s + *len;
    uint32_t code;

    if (in == NULL)
        return THM_OK;
    char *out = s + (in - s);
    while (in < end) {
        if (*in != '\\') {
            *out++ = *in++;
        } else if (in[1] == 'u') {
            in += 2;
            int result = unescape_code(&in, end, &code, why);
            if (result != THM_OK)
                return result;
            out += thm_utf8_put(code, out);
        } else {
            *out++ = thm_json_escaped_byte(in[1]);
            in += 2;
        }
    }
    *len = (size_t)(out - s);
    return THM_OK;
}

unsigned thm_json_escape(char c, char out[6])
{
    const char hex[] = "0123456789abcdef";
    uint8_t byte = (uint8_t)c;

    if (byte >= 0x20 && c != '"' && c != '\\') {
        out[0] = c;
        return 1;
    }
    out[0] = '\\';
    if (c == '"' || c == '\\' || c == '\n' || c == '\t') {
        out[1] = c == '\n' ? 'n' : c == '\t' ? 't' : c;
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = hex[byte >> 4];
    out[5] = hex[byte & 15];
    return 6;
}

size_t thm_json_escaped_len(const char *text, size_t len)
{
    char escape[6];
    size_t total = 0;

    for (size_t i = 0; i < len; i++)
        total += thm_json_escape(text[i], escape);
    return total;
}
