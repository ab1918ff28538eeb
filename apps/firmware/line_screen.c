/* The row of the screen on which the line is typed. */
#include "line_editor.h"

#include <string.h>

#include "thimble/wire.h"

#define SAVE_CURSOR    "\0337"
#define RESTORE_CURSOR "\0338"
#define ERASE_REST     "\033[K"

/* --- characters --------------------------------------------------------------------------------- */

/* Characters that do not take one column, by blocks of 16; an approximation of Unicode Standard Annex #11. */
#define BLOCKS(first, last, wide)                                                                  \
    {                                                                                              \
        (first) >> 4, (uint16_t)((last) >> 4 | (wide) << 15)                                       \
    }
static const struct {
    uint16_t first, last; /* the highest bit of `last`: two columns; else none */
} blocks[] = {
    BLOCKS(0x300, 0x36f, 0),     BLOCKS(0x1100, 0x115f, 1),   BLOCKS(0x20d0, 0x20ff, 0),
    BLOCKS(0x2e80, 0xa4cf, 1),   BLOCKS(0xac00, 0xd7af, 1),   BLOCKS(0xf900, 0xfaff, 1),
    BLOCKS(0xfe00, 0xfe0f, 0),   BLOCKS(0xfe30, 0xfe6f, 1),   BLOCKS(0xff00, 0xff5f, 1),
    BLOCKS(0xffe0, 0xffef, 1),   BLOCKS(0x1f300, 0x1f64f, 1), BLOCKS(0x1f680, 0x1faff, 1),
    BLOCKS(0x20000, 0x3ffff, 1),
};

unsigned line_editor_width(uint32_t code)
{
    if (code == 0x200d) /* joins two signs to one */
        return 0;
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        if (code >> 4 >= blocks[i].first && code >> 4 <= (blocks[i].last & 0x7fffu))
            return blocks[i].last >> 15 ? 2 : 0;
    return 1;
}

size_t line_editor_next(const struct line_editor *e, size_t at, unsigned *width)
{
    uint32_t code = 0;
    size_t n = thm_utf8_next(e->line + at, e->len - at, &code);
    *width = line_editor_width(code);
    return n;
}

size_t line_editor_before(const struct line_editor *e, size_t at)
{
    unsigned width = 0;
    while (at > 0 && width == 0) {
        do
            at--;
        while (at > 0 && ((unsigned char)e->line[at] & 0xc0) == 0x80);
        line_editor_next(e, at, &width);
    }
    return at;
}

/* --- the row ------------------------------------------------------------------------------------ */

static void put(const struct line_editor *e, const char *text)
{
    e->handler->write(e->ctx, text, strlen(text));
}

/* The first byte that is not within `columns` of `from`. */
static size_t reach(const struct line_editor *e, size_t from, unsigned columns)
{
    unsigned width;
    while (from < e->len) {
        size_t n = line_editor_next(e, from, &width);
        if (width > columns)
            break;
        columns -= width;
        from += n;
    }
    return from;
}

/* Scrolls as little as needed and half a row at a time, so that the cursor is seen. */
static void scroll(struct line_editor *e, unsigned columns)
{
    if (reach(e, 0, columns) == e->len) {
        e->left = 0;
    } else if (e->cursor < e->left || reach(e, e->left, columns) < e->cursor) {
        size_t left = e->cursor;
        while (left > 0 && reach(e, line_editor_before(e, left), columns / 2) >= e->cursor)
            left = line_editor_before(e, left);
        e->left = (uint16_t)left;
    }
}

/* The last column stays free, since terminals differ in what happens behind it; the one before it is for ">". */
static void draw(struct line_editor *e)
{
    size_t len = strlen(e->prompt);
    unsigned columns = LINE_EDITOR_COLUMNS - 2u - (unsigned)len;
    scroll(e, columns);
    size_t right = reach(e, e->left, columns);
    put(e, "\r");
    e->handler->write(e->ctx, e->prompt, len - (len > 0));
    put(e, e->left > 0 ? "<" : " ");
    e->handler->write(e->ctx, e->line + e->left, (size_t)(e->cursor - e->left));
    put(e, SAVE_CURSOR);
    e->handler->write(e->ctx, e->line + e->cursor, right - e->cursor);
    put(e, right < e->len ? ">" ERASE_REST RESTORE_CURSOR : ERASE_REST RESTORE_CURSOR);
}

void line_editor_show(struct line_editor *e)
{
    char prompt[LINE_EDITOR_PROMPT];
    size_t len = e->handler->prompt(e->ctx, prompt, sizeof prompt);
    if (e->shown && memcmp(prompt, e->prompt, len + 1) == 0)
        return;
    memcpy(e->prompt, prompt, len + 1);
    draw(e);
    e->shown = e->drawn = true;
}

void line_editor_print(struct line_editor *e, const char *text, size_t len, bool last)
{
    if (e->drawn)
        put(e, "\r" ERASE_REST);
    e->shown = e->drawn = false;
    e->handler->write(e->ctx, text, len);
    if (last)
        put(e, "\r\n");
}
