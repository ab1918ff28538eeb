/*
 * The front of a terminal: a line to type in, and what others say above it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "editor.h"
#include "report.h"
#include "session.h"
#include "signals.h"

struct terminal {
    struct editor *editor;
    bool colors;
    bool aside;           /* the editor stands aside: somebody proves his passcode */
    bool fresh;           /* a whisper came in this turn: what is typed was typed before */
    bool unread;          /* one was shown, and no key was pressed since */
    struct termios shown; /* the terminal's modes then, but that nothing typed is shown */
};

/* SGR parameters of ECMA-48, section 8.3.117. */
static const char *const colors[] = {
    [THM_STYLE_MESSAGE] = "",   [THM_STYLE_OWN] = "2",     [THM_STYLE_NAMED] = "1;33",
    [THM_STYLE_WHISPER] = "35", [THM_STYLE_NOTICE] = "36", [THM_STYLE_ERROR] = "31"};

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

static size_t on_complete(void *ctx, const char *line, size_t len, unsigned index, char *buf,
                          size_t cap)
{
    struct session *s = ctx;
    return thm_console_complete(&s->console, line, len, index, buf, cap);
}

/* --- while a passcode is proven ----------------------------------------------------------------- */

static void hide_typing(struct terminal *t)
{
    struct termios hidden = t->shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
}

/* From the first question to the login nothing that is typed is chat: it may be a passcode, early or once more. */
static void stand_aside(struct terminal *t)
{
    if (t->aside)
        return;
    editor_leave(t->editor);
    t->aside = tcgetattr(STDIN_FILENO, &t->shown) == 0;
    if (!t->aside)
        editor_return(t->editor);
}

static void come_back(struct terminal *t)
{
    if (!t->aside)
        return;
    t->aside = false;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &t->shown);
    editor_return(t->editor);
}

static void drop_input(struct session *s)
{
    char typed[256];
    ssize_t n = read(STDIN_FILENO, typed, sizeof typed);
    explicit_bzero(typed, sizeof typed);
    if (n == 0)
        session_leave(s, EXIT_DONE);
}

static void signal_aside(struct session *s, int number)
{
    struct terminal *t = s->own;
    if (number == SIGTSTP) {
        tcsetattr(STDIN_FILENO, TCSANOW, &t->shown);
        raise(SIGSTOP);
        hide_typing(t);
    } else if (number != SIGWINCH) {
        session_leave(s, 128 + number);
    }
}

/* --- the alias ---------------------------------------------------------------------------------- */

static void on_interrupt(int number)
{
    (void)number; /* reading has ended */
}

/* False: the person has left. */
static bool read_answer(char *line, int cap)
{
    const struct sigaction interrupt = {.sa_handler = on_interrupt};
    struct sigaction former;
    sigaction(SIGINT, &interrupt, &former);
    bool answered = fgets(line, cap, stdin) != NULL;
    sigaction(SIGINT, &former, NULL);
    return answered;
}

/* Asked once, at the first start; false: the person has left. */
static bool ask_alias(struct session *s)
{
    const char *user = thm_credentials_identity(s->credentials)->user;
    char line[256];
    while (!s->settings->alias && !s->state.alias) {
        printf("Which name shall the others see? (Enter: %s) ", user);
        fflush(stdout);
        if (!read_answer(line, sizeof line)) {
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
    static const struct editor_handler handler = {on_line, on_end, on_prompt, on_complete};
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
    come_back(s->own);
    editor_close(editor(s));
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
    if (t->aside) {
        drop_input(s);
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
    if (((struct terminal *)s->own)->aside)
        signal_aside(s, number);
    else if (number == SIGINT)
        editor_interrupt(editor(s));
    else if (number == SIGWINCH)
        editor_resize(editor(s));
    else if (number == SIGTSTP)
        editor_suspend(editor(s));
    else
        session_leave(s, 128 + number);
}

/* What Ctrl-Z does it does at once: nothing else goes on here. */
static const char *ask_passcode(struct session *s, struct passcode *out, const char *prompt)
{
    struct sigaction stop = {.sa_handler = SIG_DFL}, former;
    struct terminal *t = s->own;
    int number;
    stand_aside(t);
    tcsetattr(STDIN_FILENO, TCSANOW, &t->shown);
    sigaction(SIGTSTP, &stop, &former);
    const char *why = passcode_read(out, prompt);
    sigaction(SIGTSTP, &former, NULL);
    hide_typing(t);
    while (why && (number = signals_next()) != 0)
        on_signal(s, number);
    return why;
}

static void on_event(struct session *s, const struct thm_client_event *event)
{
    struct terminal *t = s->own;
    if (event->kind == THM_CLIENT_STATE && event->state == THM_CLIENT_ONLINE)
        come_back(t);
    if (event->kind == THM_CLIENT_LINE && event->msg->type == THM_MSG_WHISPER)
        t->fresh = true;
    if (event->kind != THM_CLIENT_ENDED) /* the last message of the program says why */
        thm_console_event(&s->console, event);
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
    if (t->aside)
        return;
    editor_retry(editor(s));
    if (!s->leaving)
        editor_show(editor(s));
}

static uint64_t deadline(struct session *s)
{
    return editor_deadline(editor(s));
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, 0};

const struct front front_terminal = {.signals = signals,
                                     .open = open_terminal,
                                     .close = close_terminal,
                                     .input = input,
                                     .signal = on_signal,
                                     .event = on_event,
                                     .print = print,
                                     .turn = on_turn,
                                     .deadline = deadline,
                                     .unsent = unsent,
                                     .passcode = ask_passcode};
