/*
 * The front of --terminal: log in, name a user, talk, end the talk; whoever calls is answered. No rooms are shown.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aside.h"
#include "editor.h"
#include "report.h"
#include "session.h"

#define PROMPT "Enter destination user ID: "

struct phone {
    struct editor *editor;
    struct aside aside; /* until the login */
    bool colors;
    enum { OUT, FREE, CALLING, TALKING } step;
    unsigned call;                   /* CALLING, TALKING */
    char target[2 * THM_ID_MAX + 2]; /* as it was typed */
    bool mending;                    /* that was said */
    bool asked;                      /* the passcode, and the cursor is behind the question still */
    bool trouble;                    /* that there is no connection was said */
};

static struct phone *phone(struct session *s)
{
    return s->own;
}

/* --- what is printed ---------------------------------------------------------------------------- */

static void say(struct phone *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct phone *p, const char *format, ...)
{
    va_list args;
    editor_hide(p->editor);
    if (p->asked)
        putchar('\n');
    p->asked = false;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static void print(struct session *s, const struct thm_piece *piece)
{
    struct phone *p = phone(s);
    const char *color = !p->colors                        ? ""
                        : piece->style == THM_STYLE_ERROR ? "\033[31m"
                        : piece->style == THM_STYLE_OWN   ? ""
                                                          : "\033[32m";
    if (piece->first) {
        editor_hide(p->editor);
        fputs(color, stdout);
    }
    fputs(piece->text, stdout);
    if (piece->last)
        puts(*color ? "\033[0m" : "");
}

/* --- a talk ------------------------------------------------------------------------------------- */

static void become_free(struct session *s)
{
    phone(s)->step = FREE;
    thm_calls_set_availability(&s->calls, THM_AVAILABLE);
    thm_calls_auto_answer(&s->calls, true);
}

/* Somebody else who calls meanwhile is told that this one is busy. */
static void become_busy(struct session *s, unsigned call, bool talks)
{
    struct phone *p = phone(s);
    p->call = call;
    p->step = talks ? TALKING : CALLING;
    p->mending = false;
    thm_calls_auto_answer(&s->calls, false);
    if (talks)
        thm_calls_set_availability(&s->calls, THM_BUSY);
}

static void begin(struct session *s, const struct thm_call_event *e)
{
    struct phone *p = phone(s);
    bool called = p->step != CALLING || p->call != e->call;
    if (p->step == TALKING) {
        thm_call_hang_up(&s->calls, e->call);
        return;
    }
    if (p->step == CALLING && called) { /* whoever was quicker */
        p->step = OUT;
        thm_call_hang_up(&s->calls, p->call);
    }
    if (p->step == FREE) { /* the question stays on the screen */
        editor_clear(p->editor);
        say(p, PROMPT);
    }
    become_busy(s, e->call, true);
    thm_console_judge_key(&s->console, e->peer);
    if (called)
        say(p, "Connection received from user %s, type your messages", e->peer->user);
    else
        say(p, "Connection established, type your messages");
    if (e->elsewhere)
        say(p, "(the server sees %s at another address: a translator, or a VPN, may be in between)",
            e->peer->user);
}

static void show_move(struct phone *p, const struct thm_call_event *e)
{
    bool mending = e->state == THM_CALL_MENDING;
    if (mending != p->mending)
        say(p, mending ? "(the connection broke, and is being mended: what you type waits)"
                       : "(the connection is mended)");
    p->mending = mending;
}

static const struct {
    int code;
    const char *sentence;
} refusals[] = {
    {THM_E_AWAY, " is not logged in, or there is no such user."},
    {THM_E_BUSY, " is busy."},
    {THM_E_UNAVAILABLE, " is away."},
    {THM_E_DECLINED, " does not take the call."},
    {THM_E_NO_ANSWER, " does not answer."},
};

/* What a call came to that was never answered. */
static void show_refusal(struct phone *p, const struct thm_call_event *e)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].code != e->code)
            continue;
        say(p, "%s%s", p->target, refusals[i].sentence);
        return;
    }
    say(p, "No connection to %s: %s.", p->target, thm_error_text(e->code));
}

static void show_end(struct phone *p, const struct thm_call_event *e)
{
    if (e->ours)
        say(p, "connection ended");
    else if (p->step == CALLING)
        show_refusal(p, e);
    else if (e->code == THM_OK)
        say(p, "Connection ended");
    else
        say(p, "Connection ended: %s", thm_error_text(e->code));
    if (e->unsaid > 0)
        say(p, "(your last lines may not have arrived: %u)", e->unsaid);
}

/* What was being typed, or waited, was for nobody else. */
static void end(struct session *s, const struct thm_call_event *e)
{
    struct phone *p = phone(s);
    if (p->step < CALLING || p->call != e->call)
        return;
    editor_clear(p->editor);
    if (p->step == TALKING || e->code != THM_E_CROSSING) /* else the other's call stands next */
        show_end(p, e);
    become_free(s);
}

static void on_call(struct session *s, const struct thm_call_event *e)
{
    struct phone *p = phone(s);
    bool current = p->step == TALKING && p->call == e->call;
    switch (e->kind) {
    case THM_CALL_RINGS: thm_call_decline(&s->calls, e->call); break;
    case THM_CALL_STANDS: begin(s, e); break;
    case THM_CALL_OVER: end(s, e); break;
    case THM_CALL_MOVED:
        if (current)
            show_move(p, e);
        break;
    case THM_CALL_TEXT:
        if (current)
            thm_console_print(&s->console, THM_STYLE_DIRECT, "", e->text);
        break;
    case THM_CALL_PROGRESS:
    case THM_CALL_FOUND: break;
    }
}

/* --- what is typed ------------------------------------------------------------------------------ */

static void dial(struct session *s, const char *text, size_t len)
{
    struct phone *p = phone(s);
    unsigned call;
    while (len > 0 && text[len - 1] == ' ')
        len--;
    for (; len > 0 && *text == ' '; len--)
        text++;
    snprintf(p->target, sizeof p->target, "%.*s", (int)len, text);
    thm_console_print(&s->console, THM_STYLE_OWN, PROMPT, (struct thm_slice){text, len});
    int code =
        len < sizeof p->target ? thm_call_dial(&s->calls, p->target, &call) : THM_E_KEY_RANGE;
    if (code == THM_OK)
        become_busy(s, call, false);
    else if (code == THM_E_KEY_RANGE)
        say(p, "That is no user ID: it has up to 32 of a-z 0-9 . _ -, or is USER@DEVICE.");
    else if (code == THM_E_STATE && s->client.state == THM_CLIENT_ONLINE)
        say(p, "This server does not know where others are: it is too old for that.");
    else if (code == THM_E_STATE)
        say(p, "There is no connection to the server just now: try again in a moment.");
    else
        say(p, "No connection: %s.", thm_error_text(code));
}

static bool talk(struct session *s, const char *text, size_t len)
{
    struct phone *p = phone(s);
    int code = thm_call_say(&s->calls, p->call, text, len);
    if (code == THM_E_LIMIT)
        return false;
    if (code == THM_OK)
        thm_console_print(&s->console, THM_STYLE_OWN, "", (struct thm_slice){text, len});
    else
        say(p, "(not sent: %s)", thm_error_text(code));
    return true;
}

static bool on_line(void *ctx, const char *text, size_t len)
{
    struct session *s = ctx;
    switch (phone(s)->step) {
    case FREE: dial(s, text, len); return true;
    case TALKING: return talk(s, text, len);
    default: return false; /* it waits for the other one to answer */
    }
}

/* Ctrl-C: the end of a talk, or of an attempt at one. */
static bool on_interrupt(void *ctx, bool empty)
{
    struct session *s = ctx;
    struct phone *p = phone(s);
    (void)empty;
    if (p->step < CALLING)
        return false;
    thm_call_hang_up(&s->calls, p->call);
    return true;
}

static void on_end(void *ctx, bool gone)
{
    (void)gone;
    session_leave(ctx, EXIT_DONE);
}

static size_t on_prompt(void *ctx, char *buf, size_t cap)
{
    return (size_t)snprintf(buf, cap, "%s", phone(ctx)->step == FREE ? PROMPT : "");
}

/* --- the login ---------------------------------------------------------------------------------- */

/* Who may log in here is settled by the certificate. False: the person has left. */
static bool log_in(struct session *s)
{
    const char *user = thm_credentials_identity(s->credentials)->user;
    char line[256];
    for (;;) {
        printf("Login: ");
        fflush(stdout);
        if (!aside_read_line(line, sizeof line)) {
            putchar('\n');
            return false;
        }
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, user) == 0)
            return true;
        printf("The certificate of this terminal is %s's: nobody else can log in here.\n", user);
    }
}

static const char *ask_passcode(struct session *s, struct passcode *out, const char *prompt)
{
    struct phone *p = phone(s);
    (void)prompt;
    fflush(stdout);
    const char *why = aside_ask(&p->aside, s, p->editor, out, "Enter passcode on keypad. ", "");
    p->asked = why == NULL;
    if (why)
        fputs("\n", stderr);
    return why;
}

static void on_online(struct session *s)
{
    struct phone *p = phone(s);
    if (p->step == OUT) {
        p->asked = false; /* the answer stands in the line of the question */
        say(p, "Logged in.");
        become_free(s);
    } else if (p->trouble) {
        say(p, "(connected to the server again)");
    }
    p->trouble = false;
    aside_end(&p->aside);
}

static void on_cut(struct session *s, const struct thm_client_event *event)
{
    struct phone *p = phone(s);
    bool refused = event->code == THM_E_PASSCODE && event->wrong != THM_SCRAM_OK;
    if (refused)
        say(p, "Refused: %s.", thm_scram_text(event->wrong));
    else if (!p->trouble)
        say(p, "(no connection to the server: %s; trying again)", thm_error_text(event->code));
    p->trouble = !refused;
}

static void on_event(struct session *s, const struct thm_client_event *event)
{
    if (event->kind != THM_CLIENT_STATE)
        return;
    if (event->state == THM_CLIENT_ONLINE)
        on_online(s);
    else if (event->state == THM_CLIENT_WAITING && event->code != THM_OK)
        on_cut(s, event);
}

/* --- the front ---------------------------------------------------------------------------------- */

static int open_phone(struct session *s)
{
    static const struct editor_handler handler = {
        .line = on_line, .end = on_end, .prompt = on_prompt, .interrupt = on_interrupt};
    static struct phone own;
    const char *no_color = getenv("NO_COLOR");
    s->own = &own;
    own.colors = !s->settings->no_color && !(no_color && *no_color);
    if (!log_in(s))
        return feof(stdin) ? EXIT_DONE : 128 + SIGINT;
    own.editor = editor_open("thimble", NULL, &handler, s);
    if (!own.editor)
        return report_fail(EXIT_FAILED, "can't use this terminal");
    aside_begin(&own.aside, own.editor);
    return OPTIONS_OK;
}

static void close_phone(struct session *s)
{
    struct phone *p = phone(s);
    aside_end(&p->aside);
    editor_close(p->editor);
}

static void input(struct session *s)
{
    struct phone *p = phone(s);
    if (p->aside.on)
        aside_input(s);
    else
        editor_read(p->editor);
}

static void on_signal(struct session *s, int number)
{
    struct phone *p = phone(s);
    if (p->aside.on)
        aside_signal(&p->aside, s, number);
    else if (number == SIGINT)
        editor_interrupt(p->editor);
    else if (number == SIGWINCH)
        editor_resize(p->editor);
    else if (number == SIGTSTP)
        editor_suspend(p->editor);
    else
        session_leave(s, 128 + number);
}

static void on_turn(struct session *s)
{
    struct phone *p = phone(s);
    if (p->aside.on)
        return;
    editor_retry(p->editor);
    if (!s->leaving)
        editor_show(p->editor);
}

static uint64_t deadline(struct session *s)
{
    return editor_deadline(phone(s)->editor);
}

static uint32_t unsent(struct session *s)
{
    return editor_unsent(phone(s)->editor);
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, 0};

const struct front front_phone = {.calls = true,
                                  .answers = true,
                                  .signals = signals,
                                  .open = open_phone,
                                  .close = close_phone,
                                  .input = input,
                                  .signal = on_signal,
                                  .event = on_event,
                                  .call = on_call,
                                  .print = print,
                                  .turn = on_turn,
                                  .deadline = deadline,
                                  .unsent = unsent,
                                  .passcode = ask_passcode};
