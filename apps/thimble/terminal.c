/*
 * The front of a terminal: a line to type in, and what others say above it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aside.h"
#include "editor.h"
#include "report.h"
#include "session.h"

struct terminal {
    struct editor *editor;
    struct aside aside; /* while somebody proves his passcode */
    bool colors;
    bool fresh;  /* a whisper came in this turn: what is typed was typed before */
    bool unread; /* one was shown, and no key was pressed since */
};

/* SGR parameters of ECMA-48, section 8.3.117. */
static const char *const colors[] = {
    [THM_STYLE_MESSAGE] = "",   [THM_STYLE_OWN] = "2",     [THM_STYLE_NAMED] = "1;33",
    [THM_STYLE_WHISPER] = "35", [THM_STYLE_NOTICE] = "36", [THM_STYLE_ERROR] = "31",
    [THM_STYLE_DIRECT] = "32"};

static struct editor *editor(struct session *s)
{
    return ((struct terminal *)s->own)->editor;
}

/* --- what the editor asks for ------------------------------------------------------------------- */

static bool on_line(void *ctx, const char *text, size_t len)
{
    struct session *s = ctx;
    bool taken = thm_console_line(&s->console, text, len) != THM_E_LIMIT;
    if (s->console.quitting)
        session_leave(s, EXIT_DONE);
    return taken;
}

static void on_end(void *ctx, bool gone)
{
    (void)gone;
    session_leave(ctx, EXIT_DONE);
}

/* What was typed without a connection is not lost: the prompt says that it waits. */
static size_t on_prompt(void *ctx, char *buf, size_t cap)
{
    struct session *s = ctx;
    uint32_t pending = thm_client_pending(&s->client);
    int len = 0;
    if (s->client.state != THM_CLIENT_ONLINE && pending > 0)
        len = snprintf(buf, cap, "(offline, %u unsent) ", pending);
    else if (s->client.state != THM_CLIENT_ONLINE)
        len = snprintf(buf, cap, "(offline) ");
    return (size_t)len + thm_console_prompt(&s->console, buf + len, cap - (size_t)len);
}

/* A direct session ends by Ctrl-C, and the program goes on. */
static bool on_interrupt(void *ctx, bool empty)
{
    struct session *s = ctx;
    return empty && thm_console_hang_up(&s->console);
}

static size_t on_complete(void *ctx, const char *line, size_t len, unsigned index, char *buf,
                          size_t cap)
{
    struct session *s = ctx;
    return thm_console_complete(&s->console, line, len, index, buf, cap);
}

/* --- the alias ---------------------------------------------------------------------------------- */

/* Asked once, at the first start; false: the person has left. */
static bool ask_alias(struct session *s)
{
    const char *user = thm_credentials_identity(s->credentials)->user;
    char line[256];
    while (!s->settings->alias && !s->state.alias) {
        printf("Which name shall the others see? (Enter: %s) ", user);
        fflush(stdout);
        if (!aside_read_line(line, sizeof line)) {
            putchar('\n');
            return false;
        }
        line[strcspn(line, "\n")] = '\0';
        const char *alias = line[0] ? line : user;
        const char *fault = alias_fault(alias);
        if (fault) {
            printf("That can't be an alias: it %s.\n", fault);
            continue;
        }
        s->state.alias = strdup(alias);
        state_set_alias(&s->state, alias, strlen(alias));
    }
    return true;
}

/* --- the front ---------------------------------------------------------------------------------- */

static int open_terminal(struct session *s)
{
    static const struct editor_handler handler = {.line = on_line,
                                                  .end = on_end,
                                                  .prompt = on_prompt,
                                                  .complete = on_complete,
                                                  .interrupt = on_interrupt};
    static struct terminal terminal;
    const char *no_color = getenv("NO_COLOR");
    s->own = &terminal;
    terminal.colors = !s->settings->no_color && !(no_color && *no_color);
    if (!ask_alias(s))
        return feof(stdin) ? EXIT_DONE : 128 + SIGINT;
    terminal.editor = editor_open("thimble", s->state.history, &handler, s);
    return terminal.editor ? OPTIONS_OK : report_fail(EXIT_FAILED, "can't use this terminal");
}

static void close_terminal(struct session *s)
{
    struct terminal *t = s->own;
    aside_end(&t->aside);
    editor_close(t->editor);
}

/* Who presses a key has seen what was shown before. */
static void note_read(struct session *s)
{
    struct terminal *t = s->own;
    if (!t->unread)
        return;
    t->unread = false;
    thm_client_read(&s->client);
}

static void input(struct session *s)
{
    const struct terminal *t = s->own;
    if (t->aside.on) {
        aside_input(s);
        return;
    }
    if (!t->fresh)
        note_read(s);
    editor_read(t->editor);
}

static uint32_t unsent(struct session *s)
{
    return editor_unsent(editor(s));
}

static void on_signal(struct session *s, int number)
{
    struct terminal *t = s->own;
    if (t->aside.on)
        aside_signal(&t->aside, s, number);
    else if (number == SIGINT)
        editor_interrupt(editor(s));
    else if (number == SIGWINCH)
        editor_resize(editor(s));
    else if (number == SIGTSTP)
        editor_suspend(editor(s));
    else
        session_leave(s, 128 + number);
}

static const char *ask_passcode(struct session *s, struct passcode *out, const char *prompt)
{
    struct terminal *t = s->own;
    return aside_ask(&t->aside, s, t->editor, out, prompt, "\n");
}

static void on_event(struct session *s, const struct thm_client_event *event)
{
    struct terminal *t = s->own;
    if (event->kind == THM_CLIENT_STATE && event->state == THM_CLIENT_ONLINE)
        aside_end(&t->aside);
    if (event->kind == THM_CLIENT_LINE && event->msg->type == THM_MSG_WHISPER)
        t->fresh = true;
    if (event->kind != THM_CLIENT_ENDED) /* the last message of the program says why */
        thm_console_event(&s->console, event);
}

static void on_call(struct session *s, const struct thm_call_event *event)
{
    thm_console_call_event(&s->console, event);
}

static void print(struct session *s, const struct thm_piece *piece)
{
    const struct terminal *t = s->own;
    const char *color = t->colors ? colors[piece->style] : "";
    if (piece->first) {
        editor_hide(t->editor);
        printf("%s%s%s%s", piece->style == THM_STYLE_NAMED ? "\a" : "", *color ? "\033[" : "",
               color, *color ? "m" : "");
    }
    fputs(piece->text, stdout);
    if (piece->last)
        puts(*color ? "\033[0m" : "");
}

static void on_turn(struct session *s)
{
    struct terminal *t = s->own;
    t->unread |= t->fresh;
    t->fresh = false;
    if (t->aside.on)
        return;
    editor_retry(t->editor);
    if (editor_is_empty(t->editor))
        thm_console_at_rest(&s->console);
    if (!s->leaving)
        editor_show(editor(s));
}

static uint64_t deadline(struct session *s)
{
    return editor_deadline(editor(s));
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, 0};

const struct front front_terminal = {.chats = true,
                                     .calls = true,
                                     .signals = signals,
                                     .open = open_terminal,
                                     .close = close_terminal,
                                     .input = input,
                                     .signal = on_signal,
                                     .event = on_event,
                                     .call = on_call,
                                     .print = print,
                                     .turn = on_turn,
                                     .deadline = deadline,
                                     .unsent = unsent,
                                     .passcode = ask_passcode};
