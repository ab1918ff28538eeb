/*
 * What is typed and pasted becomes lines.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "thimble/port_posix.h"

#include "completion.h"
#include "editor_internal.h"
#include "keys.h"
#include "paste.h"

#define PASTE_SILENCE 50 /* ms without input that end a paste of a terminal without brackets */
#define ANSWER_MAX    2  /* bytes of a key with Enter; more at once was not typed */

/* --- entering lines ----------------------------------------------------------------------------- */

void editor_retry(struct editor *e)
{
    while (!editor_is_asking(e) && e->lines.len > 0) {
        const char *end = memchr(e->lines.data, '\n', e->lines.len);
        size_t len = (size_t)(end - e->lines.data);
        if (!e->handler.line(e->ctx, e->lines.data, len))
            return;
        buffer_remove(&e->lines, 0, len + 1);
    }
}

uint32_t editor_unsent(const struct editor *e)
{
    uint32_t count = 0;
    for (size_t i = 0; i < e->lines.len; i++)
        count += e->lines.data[i] == '\n';
    return count;
}

static void set_line(struct editor *e, const char *text, size_t len)
{
    buffer_remove(&e->line, 0, e->line.len);
    buffer_add(&e->line, text, len);
    e->cursor = len;
}

static void remember(struct editor *e)
{
    HistEvent event;
    history(e->history, &event, H_ENTER, buffer_text(&e->line));
}

/* Takes the typed line off the screen; what becomes of it is shown by what it brings about. */
static void enter(struct editor *e)
{
    editor_hide(e);
    editor_run_command(e, KEY_RESET);
    if (e->line.len > 0) {
        remember(e);
        buffer_add(&e->line, "\n", 1);
        buffer_add(&e->lines, e->line.data, e->line.len);
    }
    set_line(e, "", 0);
    editor_retry(e);
}

static bool line_is_empty(struct editor *e)
{
    const LineInfo *line = editor_typed(e);
    return e->hidden ? e->line.len == 0 : line->buffer == line->lastchar;
}

bool editor_is_empty(struct editor *e)
{
    return e->mode == TYPING && e->lines.len == 0 && line_is_empty(e);
}

void editor_clear(struct editor *e)
{
    editor_hide(e);
    editor_run_command(e, KEY_RESET);
    set_line(e, "", 0);
    buffer_remove(&e->paste, 0, e->paste.len);
    buffer_remove(&e->lines, 0, e->lines.len);
    e->mode = TYPING;
}

void editor_interrupt(struct editor *e)
{
    bool empty = editor_is_empty(e);
    editor_clear(e);
    if (e->handler.interrupt && e->handler.interrupt(e->ctx, empty))
        return;
    if (empty)
        e->handler.end(e->ctx, false);
}

/* --- pastes ------------------------------------------------------------------------------------- */

/* Enters what was pasted amid the typed line: whole lines at once; the last piece stays to be edited. */
static void take_paste(struct editor *e)
{
    editor_run_command(e, KEY_RESET);
    buffer_insert(&e->paste, 0, buffer_text(&e->line), e->cursor);
    buffer_add(&e->paste, buffer_text(&e->line) + e->cursor, e->line.len - e->cursor);
    size_t whole = e->paste.len;
    while (whole > 0 && e->paste.data[whole - 1] != '\n')
        whole--;
    set_line(e, buffer_text(&e->paste) + whole, e->paste.len - whole);
    buffer_add(&e->lines, buffer_text(&e->paste), whole);
    buffer_remove(&e->paste, 0, e->paste.len);
    editor_retry(e);
}

static void end_paste(struct editor *e)
{
    e->mode = TYPING;
    size_t newlines = paste_clean(&e->paste);
    editor_hide(e);
    if (newlines == 0) {
        buffer_insert(&e->line, e->cursor, buffer_text(&e->paste), e->paste.len);
        e->cursor += e->paste.len;
        buffer_remove(&e->paste, 0, e->paste.len);
        return;
    }
    if (newlines <= PASTE_LINES) {
        take_paste(e);
        return;
    }
    e->asked = newlines;
    e->mode = ASKING; /* meanwhile `line` stays as it is */
}

static void answer(struct editor *e, char key)
{
    if (key == 'y' || key == 'Y') {
        editor_hide(e);
        e->mode = TYPING;
        take_paste(e);
    } else if (key == 'n' || key == 'N') {
        editor_hide(e);
        buffer_remove(&e->paste, 0, e->paste.len);
        e->mode = TYPING;
    } else {
        el_beep(e->el);
    }
}

static void end_dropped(struct editor *e)
{
    buffer_remove(&e->dropped, 0, e->dropped.len);
    e->mode = ASKING;
    el_beep(e->el);
}

void editor_end_burst(struct editor *e)
{
    if (e->mode == BURST && thm_port_posix_now_ms() >= e->burst_end)
        end_paste(e);
}

/* --- completion --------------------------------------------------------------------------------- */

static void complete(struct editor *e)
{
    struct buffer choices = {0};
    if (!e->handler.complete)
        return;
    editor_hide(e);
    completion_run(&e->line, &e->cursor, e->handler.complete, e->ctx, &choices);
    if (choices.len > 0)
        editor_print(e, choices.data);
    buffer_free(&choices);
}

/* --- keys --------------------------------------------------------------------------------------- */

static bool is_mark(const char *key, size_t len, const char *mark)
{
    return len == strlen(mark) && memcmp(key, mark, len) == 0;
}

static void press(struct editor *e, const char *key, size_t len)
{
    const char ctrl_c = 'C' & 0x1f, ctrl_d = 'D' & 0x1f;
    if (is_mark(key, len, KEY_PASTE_BEGIN)) {
        e->mode = e->mode == ASKING ? DROPPING : PASTING;
    } else if (is_mark(key, len, KEY_PASTE_END)) {
        return; /* of a paste that was interrupted */
    } else if (e->mode == ASKING) {
        answer(e, key[0]);
    } else if (key[0] == '\r' || key[0] == '\n') {
        enter(e);
    } else if (key[0] == '\t') {
        complete(e);
    } else if (key[0] == ctrl_c) {
        editor_interrupt(e);
    } else if (key[0] == ctrl_d && line_is_empty(e)) {
        e->handler.end(e->ctx, false);
    } else {
        editor_show(e);
        editor_run_key(e, key, len);
    }
}

static void take_input(struct editor *e)
{
    size_t used = 0;
    while (used < e->input.len) {
        const char *data = e->input.data + used;
        size_t len = e->input.len - used, n;
        if (e->mode == PASTING || e->mode == DROPPING) {
            bool ended, dropping = e->mode == DROPPING;
            n = paste_take(dropping ? &e->dropped : &e->paste, data, len, &ended);
            if (ended)
                (dropping ? end_dropped : end_paste)(e);
        } else {
            n = key_length(data, len);
            if (n > 0)
                press(e, data, n);
        }
        if (n == 0)
            break;
        used += n;
    }
    buffer_remove(&e->input, 0, used);
}

void editor_read(struct editor *e)
{
    char chunk[4096];
    ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        e->handler.end(e->ctx, true);
        return;
    }
    if (e->mode == ASKING && n > ANSWER_MAX && chunk[0] != '\033') {
        el_beep(e->el);
        return;
    }
    if (e->mode == TYPING && paste_suspected(chunk, (size_t)n))
        e->mode = BURST;
    if (e->mode == BURST) {
        buffer_add(&e->paste, chunk, (size_t)n);
        e->burst_end = thm_port_posix_now_ms() + PASTE_SILENCE;
        return;
    }
    buffer_add(&e->input, chunk, (size_t)n);
    take_input(e);
}

uint64_t editor_deadline(const struct editor *e)
{
    return e->mode == BURST ? e->burst_end : UINT64_MAX;
}
