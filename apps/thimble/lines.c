/*
 * The front without a terminal: each line of stdin is sent, each message is a line of stdout; what went wrong
 * is said on stderr.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "report.h"
#include "session.h"

/* A line of input may be longer than what can be sent, so that it can be refused as a whole. */
#define INPUT_MAX 131072u

/* The ping behind the last line: once it is answered, all the answers before it have come. */
#define LAST_PING "end-of-input"

struct lines {
    struct buffer input;
    struct buffer line; /* of the output, as far as it was printed */
    uint64_t number;    /* of the line that is next */
    bool watching;      /* stdin */
    bool sending;       /* a line is being sent: what is printed is about it */
    bool skipping;      /* the rest of a line that is too long */
    bool eof;
    bool broken; /* stdout */
    enum { TALKING, ASKED, ANSWERED } last_ping;
    uint64_t give_up_at;                  /* ms, without any connection; 0: not set yet */
    const struct thm_client_event *event; /* that is being shown */
    bool calling;                         /* one of the direct sessions is being shown */
};

static struct lines *lines(struct session *s)
{
    return s->own;
}

/* --- input -------------------------------------------------------------------------------------- */

static void watch(struct session *s, bool on)
{
    struct lines *l = lines(s);
    if (l->watching == on)
        return;
    l->watching = on;
    if (on)
        thm_port_posix_watch_fd(&s->port, STDIN_FILENO, TAG_STDIN);
    else
        thm_port_posix_unwatch_fd(&s->port, STDIN_FILENO);
}

/* Text goes to the room, or the direct session, as it is, a bare "quit" too; only a slash makes a command. Text for a session
 * that is on its way waits for it. */
static int take_line(struct session *s, const char *text, size_t len)
{
    bool command = len > 0 && text[0] == '/';
    if (!command && thm_console_calling(&s->console))
        return THM_E_LIMIT;
    return (command ? thm_console_line : thm_console_text)(&s->console, text, len);
}

/* False: not now. */
static bool send_line(struct session *s, const char *text, size_t len)
{
    struct lines *l = lines(s);
    if (len > 0 && text[len - 1] == '\r')
        len--;
    l->sending = true;
    int code = take_line(s, text, len);
    l->sending = false;
    if (code == THM_E_LIMIT)
        return false;
    l->number++;
    s->failed |= code != THM_OK;
    return true;
}

/* Refuses a line that is longer than any that could be sent, and drops the rest of it. */
static void drop_long_line(struct session *s)
{
    struct lines *l = lines(s);
    if (!l->skipping) {
        report("line %llu: %s", (unsigned long long)l->number + 1, thm_error_text(THM_E_PARTS));
        s->failed = true;
    }
    l->skipping = true;
    buffer_remove(&l->input, 0, l->input.len);
}

static void end_long_line(struct lines *l, size_t len)
{
    buffer_remove(&l->input, 0, len);
    l->skipping = false;
    l->number++;
}

/* /quit ends the input where it stands. */
static void quit(struct session *s)
{
    struct lines *l = lines(s);
    buffer_remove(&l->input, 0, l->input.len);
    l->eof = true;
}

static bool needs_server(const char *text)
{
    size_t len = strcspn(text, " \r\n");
    for (const struct thm_command *c = thm_console_commands(); c->name && text[0] == '/'; c++)
        if (strlen(c->name) == len && memcmp(c->name, text, len) == 0)
            return c->needs != THM_MSG_NONE && c->needs != THM_MSG_REGISTER;
    return false;
}

/* A direct session goes on without a server; what is for the server waits for it. */
static bool may_send(const struct session *s, const char *text)
{
    return s->client.state == THM_CLIENT_ONLINE ||
           (thm_console_is_direct(&s->console) && !needs_server(text));
}

/* Sends what has been read, as far as it goes now. */
static void send_lines(struct session *s)
{
    struct lines *l = lines(s);
    size_t used = 0;
    while (used < l->input.len && !s->console.quitting) {
        const char *text = buffer_text(&l->input) + used;
        if (!may_send(s, text))
            break;
        size_t left = l->input.len - used;
        const char *end = memchr(text, '\n', left);
        if (!end && !l->eof)
            break;
        size_t len = end ? (size_t)(end - text) : left;
        if (!l->skipping && !send_line(s, text, len))
            break;
        used += len + (end ? 1 : 0);
        if (l->skipping) {
            end_long_line(l, used);
            used = 0;
        }
    }
    buffer_remove(&l->input, 0, used);
    if (s->console.quitting)
        quit(s);
    if (!memchr(buffer_text(&l->input), '\n', l->input.len) && l->input.len > INPUT_MAX)
        drop_long_line(s);
}

static void input(struct session *s)
{
    struct lines *l = lines(s);
    char chunk[16384];
    ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0)
        l->eof = true;
    else
        buffer_add(&l->input, chunk, (size_t)n);
}

/* --- the end of the input ----------------------------------------------------------------------- */

static void ping(struct session *s)
{
    struct thm_msg m;
    thm_msg_init(&m, THM_MSG_PING);
    THM_SET(&m, ID, LAST_PING);
    if (thm_client_request(&s->client, &m) == THM_OK)
        lines(s)->last_ping = ASKED;
}

/* All is sent, acknowledged and answered: nothing is left to do, unless messages are waited for. */
static void finish(struct session *s)
{
    struct lines *l = lines(s);
    if (!l->eof || l->input.len > 0 || thm_client_pending(&s->client) > 0 || !calls_all_said(s) ||
        s->client.state != THM_CLIENT_ONLINE)
        return;
    if (!s->console.quitting && (s->settings->count > 0 || s->settings->seconds > 0))
        return;
    if (l->last_ping == TALKING)
        ping(s);
    else if (l->last_ping == ANSWERED)
        session_leave(s, EXIT_DONE);
}

static void give_up(struct session *s)
{
    struct lines *l = lines(s);
    const struct settings *o = s->settings;
    if (l->give_up_at == 0)
        l->give_up_at = o->connect_timeout ? s->now + o->connect_timeout * 1000u : UINT64_MAX;
    if (s->was_online || s->now < l->give_up_at || s->leaving)
        return;
    session_leave(s, report_fail(EXIT_UNREACHED, "%s:%u: %s", o->host, o->port,
                                 thm_error_text(s->cause ? s->cause : THM_E_TIMEOUT)));
}

/* --- output ------------------------------------------------------------------------------------- */

/* What is neither a message nor the answer to a command goes unsaid. */
static bool is_chatter(const struct thm_client_event *event)
{
    if (!event || event->kind != THM_CLIENT_LINE)
        return event && event->kind == THM_CLIENT_STATE;
    enum thm_type type = event->msg->type;
    return type == THM_MSG_PRESENCE || type == THM_MSG_JOINED || type == THM_MSG_LEFT ||
           type == THM_MSG_AUTH_REPLY || type == THM_MSG_RECEIPT;
}

static void print_line(struct session *s, enum thm_style style, const char *text)
{
    const struct lines *l = lines(s);
    if (style == THM_STYLE_ERROR && strncmp(text, "! ", 2) == 0)
        text += 2; /* report() marks what went wrong in its own way */
    /* An object says it; or it is what was just said. */
    bool silent = s->settings->json && (l->calling || style == THM_STYLE_DIRECT);
    if (style == THM_STYLE_ERROR && l->sending)
        report("line %llu: %s", (unsigned long long)l->number + 1, text);
    else if (style == THM_STYLE_ERROR || (s->settings->json && !l->event && !silent))
        report("%s", text);
    else if (!s->settings->json && !is_chatter(l->event))
        puts(text);
}

static void print(struct session *s, const struct thm_piece *piece)
{
    struct buffer *line = &lines(s)->line;
    buffer_add(line, piece->text, piece->len);
    if (!piece->last)
        return;
    print_line(s, piece->style, buffer_text(line));
    buffer_remove(line, 0, line->len);
}

static void on_event(struct session *s, const struct thm_client_event *event)
{
    struct lines *l = lines(s);
    if (event->kind == THM_CLIENT_STATE && event->state != THM_CLIENT_ONLINE)
        l->last_ping = TALKING;
    if (event->kind == THM_CLIENT_LINE && event->msg->type == THM_MSG_PONG) {
        l->last_ping = ANSWERED;
        return;
    }
    if (event->kind == THM_CLIENT_LINE && s->settings->json)
        printf("%.*s\n", (int)event->len, event->line);
    if (event->kind == THM_CLIENT_ENDED)
        return; /* the last message of the program says why */
    l->event = event;
    thm_console_event(&s->console, event);
    l->event = NULL;
}

static void on_call(struct session *s, const struct thm_call_event *event)
{
    struct lines *l = lines(s);
    if (s->settings->json)
        calls_print_json(s, event);
    l->calling = true;
    thm_console_call_event(&s->console, event);
    l->calling = false;
}

/* --- the front ---------------------------------------------------------------------------------- */

static int open_lines(struct session *s)
{
    static struct lines own = {.watching = true};
    s->own = &own;
    return OPTIONS_OK;
}

/* Lines that were read and wait for a connection; an empty one says nothing. */
static uint32_t unsent(struct session *s)
{
    const struct buffer *input = &lines(s)->input;
    uint32_t count = 0;
    for (size_t i = 0; i < input->len; i++) {
        bool ends = i + 1 == input->len || input->data[i + 1] == '\n';
        count += ends && input->data[i] != '\n';
    }
    return count;
}

static void close_lines(struct session *s)
{
    buffer_free(&lines(s)->input);
    buffer_free(&lines(s)->line);
    fflush(stdout);
}

static void on_signal(struct session *s, int number)
{
    session_leave(s, 128 + number);
}

/* What can't be printed must not pass for done, even when the session is about to end well. */
static void check_output(struct session *s)
{
    struct lines *l = lines(s);
    if (fflush(stdout) != EOF || l->broken)
        return;
    l->broken = true;
    s->leaving = true;
    s->exit_code = report_fail(EXIT_FAILED, "can't write to standard output: %s", strerror(errno));
}

static void on_turn(struct session *s)
{
    struct lines *l = lines(s);
    send_lines(s);
    s->failed |= s->console.errors > 0;
    finish(s);
    give_up(s);
    bool has_line = memchr(buffer_text(&l->input), '\n', l->input.len) != NULL;
    watch(s, !l->eof && !(has_line && l->input.len > INPUT_MAX / 2));
    check_output(s);
}

static uint64_t deadline(struct session *s)
{
    return s->was_online ? UINT64_MAX : lines(s)->give_up_at;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, 0};

const struct front front_lines = {.chats = true,
                                  .signals = signals,
                                  .open = open_lines,
                                  .close = close_lines,
                                  .input = input,
                                  .signal = on_signal,
                                  .event = on_event,
                                  .call = on_call,
                                  .print = print,
                                  .turn = on_turn,
                                  .deadline = deadline,
                                  .unsent = unsent};
