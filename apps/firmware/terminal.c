/* The front of a terminal at the UART: the console, and a line to type in. */
#include <string.h>

#include "firmware.h"
#include "line_editor.h"
#include "thimble/board.h"
#include "thimble/console.h"
#include "util/text.h"

#define LEAVE_MS 5000u /* for what is not acknowledged yet */
#define NEVER    UINT64_MAX
#define CTRL_C   3

const char front_name[] = "thimble-terminal";

static struct {
    struct thm_console console;
    struct line_editor editor;
    uint64_t leave_by; /* ms; NEVER: nobody wants to */
} terminal;

/* --- what the editor asks for ------------------------------------------------------------------- */

static void on_write(void *ctx, const char *bytes, size_t len)
{
    (void)ctx;
    thm_board_write(bytes, len);
}

static bool on_line(void *ctx, const char *text, size_t len)
{
    const struct firmware *f = ctx;
    bool taken = thm_console_line(&terminal.console, text, len) != THM_E_LIMIT;
    if (terminal.console.quitting && terminal.leave_by == NEVER)
        terminal.leave_by = f->now + LEAVE_MS;
    return taken;
}

/* What was typed without a connection is not lost: the prompt says that it waits. */
static size_t on_prompt(void *ctx, char *buf, size_t cap)
{
    const struct firmware *f = ctx;
    struct thm_text t;
    thm_text_init(&t, buf, cap);
    if (f->client.state != THM_CLIENT_ONLINE) {
        uint32_t pending = thm_client_pending(&f->client);
        thm_text_str(&t, "(offline");
        if (pending > 0) {
            thm_text_str(&t, ", ");
            thm_text_uint(&t, pending, 0);
            thm_text_str(&t, " unsent");
        }
        thm_text_str(&t, ") ");
    }
    return t.len + thm_console_prompt(&terminal.console, buf + t.len, cap - t.len);
}

/* --- the console -------------------------------------------------------------------------------- */

static void on_print(void *ctx, const struct thm_piece *piece)
{
    if (piece->first && piece->style == THM_STYLE_NAMED)
        thm_board_write("\a", 1);
    front_print(ctx, piece->text, piece->len, piece->last);
}

static void open_console(struct firmware *f)
{
    const struct thm_console_config config = {
        .client = &f->client,
#if THM_CALLS > 0
        .calls = &f->calls.calls,
#endif
        .print = on_print,
        .ctx = f,
        .echo_commands = true
    };
    thm_console_init(&terminal.console, &config);
    if (f->provision.room_count > 0) {
        memcpy(terminal.console.room, f->provision.rooms[0].data, f->provision.rooms[0].len);
        terminal.console.room[f->provision.rooms[0].len] = '\0';
    }
    terminal.leave_by = NEVER;
}

/* --- the front ---------------------------------------------------------------------------------- */

void front_open(struct firmware *f)
{
    static const struct line_editor_handler handler = {on_write, on_line, on_prompt};
    line_editor_init(&terminal.editor, &handler, f);
    front_print(f, "", 0, true); /* whatever the row held before */
}

void front_begin(struct firmware *f)
{
    open_console(f);
}

void front_print(struct firmware *f, const char *text, size_t len, bool last)
{
    (void)f;
    line_editor_print(&terminal.editor, text, len, last);
}

void front_event(struct firmware *f, const struct thm_client_event *event)
{
    thm_console_event(&terminal.console, event);
    if (event->kind == THM_CLIENT_ENDED && terminal.console.quitting)
        open_console(f); /* who comes back begins anew */
}

#if THM_CALLS > 0
const bool front_answers = false;

void front_call(struct firmware *f, const struct thm_call_event *event)
{
    (void)f;
    thm_console_call_event(&terminal.console, event);
}
#endif

/* Ctrl-C ends a direct session, where one is talked in; else it is the editor's. */
static void on_key(int key)
{
#if THM_CALLS > 0
    if (key == CTRL_C && thm_console_hang_up(&terminal.console))
        return;
#endif
    line_editor_key(&terminal.editor, (unsigned char)key);
}

/* With nothing typed, the next line is for the place that the prompt names. */
static void rest(void)
{
#if THM_CALLS > 0
    if (terminal.editor.len == 0)
        thm_console_at_rest(&terminal.console);
#endif
}

static void leave(struct firmware *f)
{
    if (terminal.leave_by == NEVER)
        return;
    if (thm_client_pending(&f->client) == 0 || f->client.state != THM_CLIENT_ONLINE ||
        f->now >= terminal.leave_by) {
        terminal.leave_by = NEVER;
        thm_client_stop(&f->client);
    }
}

void front_turn(struct firmware *f)
{
    int c;
    line_editor_retry(&terminal.editor);
    while (line_editor_ready(&terminal.editor) && (c = thm_board_getc()) >= 0) {
#if THM_RECEIPTS
        thm_client_read(&f->client);
#endif
        on_key(c);
    }
    rest();
    leave(f);
    line_editor_show(&terminal.editor);
}
