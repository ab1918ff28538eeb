#include "util/base64.h"

/* All ones when low <= value <= high, else zero; all of them below 2^31. */
static uint32_t between(uint32_t value, uint32_t low, uint32_t high)
{
    return 0u - (((low - 1 - value) & (value - high - 1)) >> 31);
}

static char to_character(uint32_t six)
{
    uint32_t c = 'A' + six;

    c += between(six, 26, 51) & ('a' - 'A' - 26);
    c -= between(six, 52, 61) & ('A' + 52 - '0');
    c -= between(six, 62, 62) & ('A' + 62 - '+');
    c -= between(six, 63, 63) & ('A' + 63 - '/');
    return (char)c;
}

/* The six bits of a character; clears `good` when it has none. */
static uint32_t from_character(char character, uint32_t *good)
{
    uint32_t c = (unsigned char)character;
    uint32_t upper = between(c, 'A', 'Z'), lower = between(c, 'a', 'z');
    uint32_t digit = between(c, '0', '9');
    uint32_t plus = between(c, '+', '+'), slash = between(c, '/', '/');

    *good &= upper | lower | digit | plus | slash;
    return (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (digit & (c - '0' + 52)) | (plus & 62) |
           (slash & 63);
}

void thm_text_base64(struct thm_text *t, const uint8_t *bytes, size_t len)
{
    if (t->cap == 0 || THM_BASE64_LEN(len) > t->cap - 1 - t->len) {
        t->truncated = true;
        return;
    }
    for (size_t at = 0; at < len; at += 3) {
        size_t n = len - at < 3 ? len - at : 3;
        uint32_t bits = (uint32_t)bytes[at] << 16;
        if (n > 1)
            bits |= (uint32_t)bytes[at + 1] << 8;
        if (n > 2)
            bits |= bytes[at + 2];
        for (unsigned i = 0; i < 4; i++)
            thm_text_char(t, i > n ? '=' : to_character(bits >> (18 - 6 * i) & 63));
    }
}

bool thm_base64_read(const char *text, size_t len, uint8_t *to, size_t cap, size_t *n)
{
    size_t padding = 0, bytes;
    uint32_t good = UINT32_MAX, bits = 0;

    if (len % 4 != 0)
        return false;
    while (padding < 2 && len > padding && text[len - 1 - padding] == '=')
        padding++;
    bytes = len / 4 * 3 - padding;
    if (bytes > cap)
        return false;
    for (size_t at = 0, out = 0; at < len; at++) {
        bits <<= 6;
        if (at < len - padding)
            bits |= from_character(text[at], &good);
        if (at % 4 != 3)
            continue;
        for (unsigned shift = 24; shift > 0 && out < bytes; out++) {
            shift -= 8;
            to[out] = (uint8_t)(bits >> shift);
        }
        if (at + 1 < len)
            bits = 0;
    }
    /* What is left over below the last byte is zero in the one canonical form. */
    if (padding > 0 && (bits & ((UINT32_C(1) << 8 * padding) - 1)) != 0)
        return false;
    *n = bytes;
    return good != 0;
}
