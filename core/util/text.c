#include "util/text.h"

#include <string.h>

#include "thimble/port.h"
#include "util/divide.h"

void thm_text_init(struct thm_text *t, char *data, size_t cap)
{
    t->data = data;
    t->cap = cap;
    t->len = 0;
    t->truncated = false;
    if (cap > 0)
        data[0] = '\0';
}

void thm_text_bytes(struct thm_text *t, const void *bytes, size_t len)
{
    if (t->cap == 0 || len > t->cap - 1 - t->len) {
        t->truncated = true;
        return;
    }
    memcpy(t->data + t->len, bytes, len);
    t->len += len;
    t->data[t->len] = '\0';
}

void thm_text_str(struct thm_text *t, const char *s)
{
    thm_text_bytes(t, s, strlen(s));
}

void thm_text_char(struct thm_text *t, char c)
{
    thm_text_bytes(t, &c, 1);
}

void thm_text_uint(struct thm_text *t, uint64_t value, unsigned width)
{
    char digits[20];
    size_t at = sizeof digits;

    while (value > UINT32_MAX) {
        uint64_t tens = thm_divide(value, 10);
        digits[--at] = (char)('0' + (value - 10 * tens));
        value = tens;
    }
    uint32_t rest = (uint32_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    while (at > 0 && sizeof digits - at < width)
        digits[--at] = '0';
    thm_text_bytes(t, digits + at, sizeof digits - at);
}

static const char hex_digits[] = "0123456789abcdef";

void thm_text_hex(struct thm_text *t, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char pair[2] = {hex_digits[bytes[i] >> 4], hex_digits[bytes[i] & 15]};
        thm_text_bytes(t, pair, 2);
    }
}

void thm_text_hex64(struct thm_text *t, uint64_t value)
{
    char digits[16];

    for (unsigned i = sizeof digits; i > 0; value >>= 4)
        digits[--i] = hex_digits[value & 15];
    thm_text_bytes(t, digits, sizeof digits);
}

#if THM_PACKED_TEXTS

#define LEVELS 8 /* of pairs of pairs, as cmake/pack-texts limits them */

static const uint8_t pairs[][2] = {
#include "packed_pairs.h"
};

const char *thm_text_plain(const char *text, char buf[THM_TEXT_PLAIN])
{
    uint8_t second[LEVELS]; /* halves of pairs that come later */
    unsigned waiting = 0;
    size_t len = 0;

    for (uint8_t byte = (uint8_t)*text; byte != 0;) {
        if (byte >= 0x80 || byte < ' ') {
            const uint8_t *pair = pairs[(uint8_t)(byte - 0x80) - (byte < ' ')];
            second[waiting++] = pair[1];
            byte = pair[0];
            continue;
        }
        buf[len++] = (char)byte;
        byte = waiting > 0 ? second[--waiting] : (uint8_t) * ++text;
    }
    buf[len] = '\0';
    return buf;
}

#endif

const char *thm_text_nth(const char *strings, unsigned n)
{
    for (; n > 0; n--)
        strings += strlen(strings) + 1;
    return strings;
}

bool thm_hex_u64(const char *digits, size_t len, uint64_t *value)
{
    uint64_t v = 0;

    if (len == 0 || len > 16)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = digits[i];
        if (c >= '0' && c <= '9')
            v = v << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            v = v << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *value = v;
    return true;
}

static void ipv6_text(struct thm_text *t, const uint8_t ip[16])
{
    int best = -1, best_len = 1; /* the longest run of two or more zero groups becomes "::" */

    for (int i = 0; i < 8; i++) {
        int j = i;
        while (j < 8 && ip[2 * j] == 0 && ip[2 * j + 1] == 0)
            j++;
        if (j - i > best_len) {
            best = i;
            best_len = j - i;
        }
    }
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            thm_text_str(t, "::");
            i += best_len - 1;
            continue;
        }
        if (i > 0 && i != best + best_len)
            thm_text_char(t, ':');
        unsigned group = (unsigned)ip[2 * i] << 8 | ip[2 * i + 1];
        bool started = false;
        for (int shift = 12; shift >= 0; shift -= 4) {
            unsigned digit = group >> shift & 15;
            started = started || digit != 0 || shift == 0;
            if (started)
                thm_text_char(t, hex_digits[digit]);
        }
    }
}

void thm_address_text(const struct thm_address *address, char text[THM_ADDRESS_TEXT_MAX])
{
    struct thm_text t;

    thm_text_init(&t, text, THM_ADDRESS_TEXT_MAX);
    if (address->family == 4) {
        for (int i = 0; i < 4; i++) {
            if (i > 0)
                thm_text_char(&t, '.');
            thm_text_uint(&t, address->ip[i], 0);
        }
    } else if (address->family == 6) {
        thm_text_char(&t, '[');
        ipv6_text(&t, address->ip);
        thm_text_char(&t, ']');
    } else {
        thm_text_char(&t, '?');
        return;
    }
    thm_text_char(&t, ':');
    thm_text_uint(&t, address->number, 0);
}

bool thm_hex_bytes(const char *digits, size_t len, uint8_t *to, size_t bytes)
{
    uint64_t byte;

    for (size_t i = 0; i < bytes && len == 2 * bytes; i++) {
        if (!thm_hex_u64(digits + 2 * i, 2, &byte))
            return false;
        to[i] = (uint8_t)byte;
    }
    return len == 2 * bytes;
}
