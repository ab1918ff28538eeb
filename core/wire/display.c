#include "wire/utf8.h"

#include "util/text.h"

static void put_number(struct thm_text *t, const char *start, uint32_t value)
{
    char piece[16];
    struct thm_text p;
    unsigned shift = 28;

    thm_text_init(&p, piece, sizeof piece);
    thm_text_str(&p, start);
    while (shift > 0 && value >> shift == 0)
        shift -= 4;
    for (int s = (int)shift; s >= 0; s -= 4)
        thm_text_char(&p, "0123456789ABCDEF"[value >> s & 15]);
    thm_text_char(&p, '}');
    thm_text_bytes(t, piece, p.len);
}

size_t thm_text_display(const char *text, size_t len, bool keep_newline, char *buf, size_t cap)
{
    struct thm_text t;
    uint32_t code, previous = 0;

    thm_text_init(&t, buf, cap);
    for (size_t i = 0; i < len && !t.truncated;) {
        unsigned n = thm_utf8_next(text + i, len - i, &code);
        if (n == 0) {
            n = 1;
            code = 0;
            put_number(&t, "\\x{", (uint8_t)text[i]);
        } else if (code == '\n' || code == '\t') {
            thm_text_char(&t, keep_newline ? (char)code : ' ');
        } else if (thm_utf8_shown(previous, code)) {
            thm_text_bytes(&t, text + i, n);
        } else {
            put_number(&t, "\\u{", code);
            code = 0;
        }
        previous = code;
        i += n;
    }
    return t.len;
}
