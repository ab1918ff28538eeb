/*
 * Whatever comes from a UART: the line stays valid UTF-8 with the cursor between two characters, and its row ends
 * before the last column. Of the bytes that no text has, 0 draws the row, 0xfe prints a line and 0xff changes whether
 * lines are taken; all others are keys.
 */
#include "fuzz/fuzz.h"

#include "line_editor.h"
#include "thimble/wire.h"

static bool willing;

static void on_write(void *ctx, const char *bytes, size_t len)
{
    (void)ctx;
    (void)bytes;
    (void)len;
}

static void check_text(const char *text, size_t len, size_t cursor)
{
    size_t at = 0;
    uint32_t code;
    assert(cursor <= len && len <= LINE_EDITOR_LINE);
    while (at < len) {
        unsigned n = thm_utf8_next(text + at, len - at, &code);
        assert(n > 0 && code >= ' ');
        assert(cursor <= at || cursor >= at + n);
        at += n;
    }
}

static bool on_line(void *ctx, const char *text, size_t len)
{
    (void)ctx;
    check_text(text, len, len);
    return willing;
}

static size_t on_prompt(void *ctx, char *buf, size_t cap)
{
    (void)ctx;
    assert(cap > 3);
    memcpy(buf, "#> ", 4);
    return 3;
}

static void check_row(const struct line_editor *e)
{
    unsigned columns = 3, width;
    assert(e->left <= e->cursor && e->cursor <= e->len);
    for (size_t at = e->left; at < e->cursor; columns += width)
        at += line_editor_next(e, at, &width);
    assert(columns < LINE_EDITOR_COLUMNS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct line_editor_handler handler = {on_write, on_line, on_prompt};
    static struct line_editor e;
    line_editor_init(&e, &handler, NULL);
    willing = true;
    for (size_t i = 0; i < size; i++) {
        if (data[i] == 0) {
            line_editor_show(&e);
            check_row(&e);
        } else if (data[i] == 0xfe) {
            line_editor_print(&e, "said", 4, true);
        } else if (data[i] == 0xff) {
            willing = !willing;
            line_editor_retry(&e);
        } else if (line_editor_ready(&e)) {
            line_editor_key(&e, data[i]);
        }
        check_text(e.line, e.len, e.cursor);
    }
    return 0;
}
