#include "wire/utf8.h"

unsigned thm_utf8_next(const char *data, size_t len, uint32_t *code)
{
    const uint8_t *s = (const uint8_t *)data;
    unsigned n;
    uint32_t c, least; /* smaller ones have a shorter form */

    if (len == 0)
        return 0;
    if (s[0] < 0x80) {
        *code = s[0];
        return 1;
    } else if ((s[0] & 0xE0) == 0xC0) {
        n = 2, least = 0x80, c = s[0] & 0x1F;
    } else if ((s[0] & 0xF0) == 0xE0) {
        n = 3, least = 0x800, c = s[0] & 0x0F;
    } else if ((s[0] & 0xF8) == 0xF0) {
        n = 4, least = 0x10000, c = s[0] & 0x07;
    } else {
        return 0;
    }
    if (len < n)
        return 0;
    for (unsigned i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3F);
    }
    if (c < least || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *code = c;
    return n;
}

unsigned thm_utf8_put(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    unsigned n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (unsigned i = n - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(0xF00 >> n | code); /* n ones and a zero, then the highest bits */
    return n;
}

/* What no terminal is shown, in order: the general categories Cc, Cs, Co, Zl and Zp, the property
 * Default_Ignorable_Code_Point and the interlinear annotations (Unicode 15.0). Noncharacters at the
 * end of each plane are found by their bits. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    {0x0000, 0x001F},   {0x007F, 0x009F},      {0x00AD, 0x00AD},   {0x034F, 0x034F},
    {0x061C, 0x061C},   {0x115F, 0x1160},      {0x17B4, 0x17B5},   {0x180B, 0x180F},
    {0x200B, 0x200F},   {0x2028, 0x202E},      {0x2060, 0x206F},   {0x3164, 0x3164},
    {0xD800, 0xF8FF},   {0xFDD0, 0xFDEF},      {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
    {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},      {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
    {0xE0000, 0xE0FFF}, {0xF0000, UINT32_MAX},
};

bool thm_utf8_printable(uint32_t code)
{
    size_t low = 0, high = sizeof hidden / sizeof hidden[0];

    if (code < 0x7F)
        return code >= 0x20;
    if ((code & 0xFFFE) == 0xFFFE)
        return false;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (code > hidden[middle].last)
            low = middle + 1;
        else if (code < hidden[middle].first)
            high = middle;
        else
            return false;
    }
    return true;
}

bool thm_utf8_shown(uint32_t previous, uint32_t code)
{
    const uint32_t joiner = 0x200D, emoji_style = 0xFE0F;
    bool emoji =
        (previous >= 0x203C && previous <= 0x3299) || (previous >= 0x1F000 && previous <= 0x1FAFF);

    if (code == joiner)
        return emoji || previous == emoji_style;
    return code == emoji_style ? emoji : thm_utf8_printable(code);
}
