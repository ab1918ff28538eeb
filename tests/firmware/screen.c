#include "screen.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "thimble/wire.h"

void screen_clear(struct screen *s)
{
    memset(s, 0, sizeof *s);
}

unsigned screen_width(uint32_t code)
{
    if (code == 0x301 || code == 0x200d || code == 0xfe0f)
        return 0;
    return code == 0x6f22 || code == 0x1f600 ? 2 : 1;
}

static void next_row(struct screen *s, bool wraps)
{
    s->wrapped[s->row] = wraps;
    s->row++;
    s->pending = false;
    assert_true(s->row < SCREEN_ROWS);
}

static void character(struct screen *s, uint32_t code)
{
    unsigned width = screen_width(code);
    if (width == 0)
        return; /* drawn over the one before it */
    if (s->pending || s->column + width > SCREEN_COLUMNS) {
        if (!s->pending)
            s->cells[s->row][s->column] =
                SCREEN_WIDE; /* no room for both halves: nothing is there */
        next_row(s, true);
        s->column = 0;
    }
    s->cells[s->row][s->column] = code;
    if (width == 2)
        s->cells[s->row][s->column + 1] = SCREEN_WIDE;
    s->pending = s->column + width == SCREEN_COLUMNS;
    s->column += s->pending ? width - 1 : width;
}

static void control(struct screen *s, char byte)
{
    switch (byte) {
    case '\a': s->bells++; break;
    case '\r': s->column = 0, s->pending = false; break;
    case '\n': next_row(s, false); break;
    default: fail_msg("control character %d", byte);
    }
}

/* True: the escape sequence is whole. */
static bool escape(struct screen *s)
{
    const char *text = s->partial;
    if (s->partial_len < 2)
        return false;
    if (text[1] == '7') {
        s->saved_row = s->row, s->saved_column = s->column;
        assert_false(s->pending); /* whether that is saved differs between terminals */
    } else if (text[1] == '8') {
        s->row = s->saved_row, s->column = s->saved_column, s->pending = false;
    } else if (s->partial_len < 3) {
        return false;
    } else {
        assert_memory_equal(text, "\033[K", 3);
        assert_false(s->pending);
        memset(&s->cells[s->row][s->column], 0, (SCREEN_COLUMNS - s->column) * sizeof(uint32_t));
    }
    return true;
}

static void byte_in(struct screen *s, char byte)
{
    uint32_t code = 0;
    if (s->partial_len == 0 && (unsigned char)byte < ' ' && byte != 033) {
        control(s, byte);
        return;
    }
    s->partial[s->partial_len++] = byte;
    if (s->partial[0] == 033) {
        if (escape(s))
            s->partial_len = 0;
        return;
    }
    assert_true(s->partial_len <= 4);
    if (thm_utf8_next(s->partial, s->partial_len, &code) == 0)
        return;
    s->partial_len = 0;
    character(s, code);
}

void screen_write(struct screen *s, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        byte_in(s, bytes[i]);
}

static size_t encode(uint32_t code, char *to)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n; --i > 0; code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3f));
    to[0] = (char)((0xf00u >> n & 0xf0) | code);
    return n;
}

unsigned screen_text(const struct screen *s, unsigned row, char *buf, size_t cap)
{
    size_t len = 0, end = 0;
    bool more = true;
    for (; more; row++) {
        for (unsigned i = 0; i < SCREEN_COLUMNS; i++) {
            uint32_t code = s->cells[row][i];
            if (code == SCREEN_WIDE)
                continue;
            assert_true(len + 5 < cap);
            len += encode(code ? code : ' ', buf + len);
            end = code && code != ' ' ? len : end;
        }
        more = s->wrapped[row];
    }
    buf[end] = '\0'; /* blanks at the end can't be seen */
    return row;
}
