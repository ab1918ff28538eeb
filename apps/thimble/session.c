#include "session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "credentials.h"
#include "report.h"
#include "signals.h"

#define EVENTS   16
#define LEAVE_MS 5000u /* for what is not acknowledged yet */

/* --- what the core asks for --------------------------------------------------------------------- */

int session_utc_offset(void *ctx, uint64_t utc_ms)
{
    (void)ctx;
    time_t seconds = (time_t)(utc_ms / 1000);
    struct tm local;
    return localtime_r(&seconds, &local) ? (int)(local.tm_gmtoff / 60) : 0;
}

static void on_print(void *ctx, const struct thm_piece *piece)
{
    struct session *s = ctx;
    s->front->print(s, piece);
}

/* A message counts once, with its last part; one that has waited since before the login does not. */
static bool counts(const struct session *s, const struct thm_msg *m)
{
    if (m->type != THM_MSG_MESSAGE && m->type != THM_MSG_WHISPER)
        return false;
    if (thm_msg_get_num(m, THM_KEY_TIME, UINT64_MAX) < s->since)
        return false;
    return thm_msg_get_num(m, THM_KEY_PART, 1) == thm_msg_get_num(m, THM_KEY_PARTS, 1);
}

static void take_line(struct session *s, const struct thm_msg *m)
{
    struct thm_slice alias = thm_msg_get(m, THM_KEY_ALIAS);
    if (m->type == THM_MSG_ALIAS && !s->settings->alias)
        state_set_alias(&s->state, alias.data, alias.len);
    if (m->type == THM_MSG_AUTH_REPLY && s->since == 0)
        s->since = thm_msg_get_num(m, THM_KEY_TIME, 0);
    if (counts(s, m))
        session_count(s);
}

void session_count(struct session *s)
{
    if (++s->messages == s->settings->count)
        session_leave(s, EXIT_DONE);
}

static void keep_cause(struct session *s, const struct thm_client_event *event)
{
    s->cause = event->code;
    s->words[0] = '\0';
    if (!event->msg)
        return;
    struct thm_slice reason = thm_msg_get(event->msg, THM_KEY_REASON);
    const char *known = thm_error_text(event->code); /* that will be said anyhow */
    if (reason.len == strlen(known) && memcmp(reason.data, known, reason.len) == 0)
        reason.len = 0;
    struct thm_slice address = thm_msg_get(event->msg, THM_KEY_ADDRESS);
    snprintf(s->words, sizeof s->words, "%s%.*s%s%.*s", reason.len ? ": " : "", (int)reason.len,
             reason.data, address.len ? ", at " : "", (int)address.len, address.data);
}

static void on_event(void *ctx, const struct thm_client_event *event)
{
    struct session *s = ctx;
    if (event->kind == THM_CLIENT_STATE && event->state == THM_CLIENT_ONLINE)
        s->was_online = true;
    if (event->kind == THM_CLIENT_STATE && event->code != THM_OK)
        keep_cause(s, event);
    if (event->kind == THM_CLIENT_STATE || event->kind == THM_CLIENT_ASKED)
        session_prove_event(s, event);
    if (event->kind == THM_CLIENT_ENDED) {
        s->ended = true;
        s->wrong = event->wrong;
        keep_cause(s, event);
    }
    renewal_event(s, event);
    if (!calls_client_event(s, event))
        return;
    if (event->kind == THM_CLIENT_LINE && s->leaving)
        return; /* what -C asked for has come */
    s->front->event(s, event);
    if (event->kind == THM_CLIENT_LINE)
        take_line(s, event->msg);
}

/* --- start -------------------------------------------------------------------------------------- */

static void say(void *ctx, bool ended, const char *text)
{
    (void)ctx;
    (void)ended;
    report("%s", text);
}

static int open_credentials(struct session *s)
{
    const struct settings *o = s->settings;
    const struct credential_files files = {o->cafile, o->cert, o->key, NULL};
    char why[512];
    s->credentials = &s->stock[0];
    if (credentials_read(s->credentials, &files, THM_FOR_CLIENT, why, sizeof why) != THM_OK)
        return report_fail(EXIT_CREDENTIALS, "%s", why);
    renewal_open(s);
    credentials_check(s->credentials, &files, s->renewal.at_s, say, NULL);
    return OPTIONS_OK;
}

static int open_port(struct session *s)
{
    const struct thm_port_posix_config config = {.max_sockets = 4 + THM_CALL_TAGS};
    int fd = signals_open(s->front->signals);
    int code = fd < 0 ? THM_E_PORT : thm_port_posix_init(&s->port, &config);
    if (code == THM_OK)
        code = thm_port_posix_watch_fd(&s->port, fd, TAG_SIGNAL);
    if (code == THM_OK)
        code = thm_port_posix_watch_fd(&s->port, STDIN_FILENO, TAG_STDIN);
    return code == THM_OK ? OPTIONS_OK
                          : report_fail(EXIT_FAILED, "can't start: %s", thm_error_text(code));
}

static void enter(struct session *s, const char *name)
{
    const struct cursor *c = state_cursor(&s->state, name);
    int code = THM_OK;
    if (c)
        code = thm_client_set_cursor(&s->client, name, c->incarnation, c->n);
    else if (name[0] == '#')
        code = thm_client_join(&s->client, name);
    if (code == THM_E_LIMIT)
        report("%s is one room too many: leave another by /part, then /join it", name);
}

/* The inbox and the rooms go on where this device left them, unless nobody is shown what comes; a room that it was not in begins with what is said next.
 * A person is in all rooms again that he did not leave, a script in those that it names. */
static void set_cursors(struct session *s)
{
    const struct option_list *rooms = &s->settings->rooms;
    char inbox[THM_ROOM_MAX + 1];
    snprintf(inbox, sizeof inbox, "@%s", thm_credentials_identity(s->credentials)->user);
    if (!s->front->chats)
        return;
    enter(s, inbox);
    for (unsigned i = 0; i < rooms->count; i++)
        enter(s, rooms->items[i]);
    for (unsigned i = 0; i < s->state.cursor_count && s->front == &front_terminal; i++)
        if (s->state.cursors[i].name[0] == '#')
            enter(s, s->state.cursors[i].name);
}

static int open_client(struct session *s)
{
    const struct settings *o = s->settings;
    size_t tls_size = thm_client_tls_size();
    const struct thm_client_config config = {
        .port = &s->port.port,
        .credentials = s->credentials,
        .host = o->host,
        .number = (uint16_t)o->port,
        .server_name = o->server_name,
        .agent = "thimble " THM_VERSION,
        .alias = o->alias ? o->alias : s->state.alias,
        .receipts = s->front->chats ? (enum thm_receipts)o->receipts : THM_RECEIPTS_NONE,
        .renew_at_s = s->renewal.at_s,
        .tag = TAG_CLIENT,
        .tls_memory = aligned_alloc(16, (tls_size + 15) & ~(size_t)15),
        .tls_memory_size = tls_size,
        .on_event = on_event,
        .ctx = s};
    static char parts[THM_PARTS_MAX * (THM_TEXT_MAX + 1)];
    struct thm_console_config console = {.client = &s->client,
                                         .print = on_print,
                                         .utc_offset = session_utc_offset,
                                         .ctx = s,
                                         .parts_memory = parts,
                                         .parts_memory_size = sizeof parts,
                                         .echo_commands = s->front == &front_terminal};
    int code = thm_client_init(&s->client, &config);
    if (code != THM_OK)
        return report_fail(EXIT_FAILED, "can't start: %s", thm_error_text(code));
    int result = calls_open(s);
    if (result != OPTIONS_OK)
        return result;
    calls_console(s, &console);
    set_cursors(s);
    uint32_t waiting = s->front->chats ? unsent_open(&s->unsent, &s->state, &s->client,
                                                     s->front == &front_terminal)
                                       : 0;
    thm_console_init(&s->console, &console);
    snprintf(s->console.room, sizeof s->console.room, "%s", o->rooms.items[0]);
    if (waiting > 0)
        report("%u message%s of the run before wait%s to be sent", waiting, waiting == 1 ? "" : "s",
               waiting == 1 ? "s" : "");
    return OPTIONS_OK;
}

static int open_session(struct session *s)
{
    int result = open_credentials(s);
    if (result == OPTIONS_OK) {
        const struct thm_identity *me = thm_credentials_identity(s->credentials);
        result = state_open(&s->state, s->settings->state, me->user, me->device);
    }
    if (result == OPTIONS_OK)
        result = s->front->open(s); /* may ask; signals still do what they always do */
    if (result != OPTIONS_OK)
        return result;
    result = open_port(s);
    if (result == OPTIONS_OK)
        result = open_client(s);
    if (result != OPTIONS_OK)
        s->front->close(s);
    return result;
}

/* --- the loop ----------------------------------------------------------------------------------- */

void session_leave(struct session *s, int exit_code)
{
    if (s->leaving)
        return;
    s->leaving = true;
    s->exit_code = exit_code;
}

static uint64_t next_deadline(struct session *s)
{
    uint64_t until = thm_client_deadline(&s->client), calls = calls_deadline(s);
    if (calls < until)
        until = calls;
    uint64_t front =
        s->asked ? 0 : s->front->deadline(s); /* a question that has no answer is asked again */
    if (front < until)
        until = front;
    if (s->leave_by > 0 && !s->stopping && s->leave_by < until)
        until = s->leave_by;
    return s->end_at < until ? s->end_at : until;
}

static void check_time(struct session *s)
{
    if (s->now < s->end_at || s->leaving)
        return;
    s->end_at = UINT64_MAX;
    if (s->settings->count > 0 && !s->was_online) {
        session_leave(s, report_fail(EXIT_UNREACHED, "%s:%u: %s%s", s->settings->host,
                                     s->settings->port,
                                     thm_error_text(s->cause != THM_OK ? s->cause : THM_E_TIMEOUT),
                                     s->words));
    } else if (s->settings->count > 0) {
        report("%u of %u messages came within %u seconds", s->messages, s->settings->count,
               s->settings->seconds);
        session_leave(s, EXIT_TOO_FEW);
    } else {
        session_leave(s, EXIT_DONE);
    }
}

static void handle(struct session *s, const struct thm_event *event)
{
    int number;
    if (event->tag == TAG_STDIN)
        s->front->input(s);
    while (event->tag == TAG_SIGNAL && (number = signals_next()) != 0)
        s->front->signal(s, number);
}

/* What was said is acknowledged before the client leaves, and a new certificate taken, unless that takes too long: else a
 * device that only ever says a line would never get one. */
static bool may_stop(struct session *s)
{
    if (!s->leaving || s->stopping || !calls_settled(s))
        return false;
    if (s->leave_by == 0)
        s->leave_by = s->now + LEAVE_MS;
    bool settled = thm_client_pending(&s->client) == 0 && !s->renewal.asked;
    return settled || s->client.state != THM_CLIENT_ONLINE || s->now >= s->leave_by;
}

static void keep(struct session *s)
{
    if (!s->front->chats)
        return;
    state_keep_cursors(&s->state, &s->client);
    unsent_keep(&s->unsent, &s->client);
}

static void turn(struct session *s)
{
    struct thm_event events[EVENTS];
    int n = s->port.port.ops->wait(&s->port.port, next_deadline(s), events, EVENTS);
    s->now = thm_port_posix_now_ms();
    if (n < 0) {
        session_leave(s, report_fail(EXIT_FAILED, "%s", thm_error_text(n)));
        n = 0;
    }
    thm_client_step(&s->client, s->now, events, n);
    calls_step(s, events, n);
    for (int i = 0; i < n && !s->leaving; i++)
        handle(s, &events[i]);
    check_time(s);
    session_prove(s);
    renewal_turn(s);
    s->front->turn(s);
    keep(s);
    if (may_stop(s)) {
        s->stopping = true;
        thm_client_stop(&s->client);
    }
}

/* Why the core gave up, as an exit code, and what the person can do about it. */
static const struct {
    int code;
    enum exit_code exit_code;
    const char *cure;
} endings[] = {
    {THM_E_REPLACED, EXIT_REPLACED, "give each of them a --device of its own"},
    {THM_E_KICKED, EXIT_KICKED, NULL},
    {THM_E_REVOKED, EXIT_REFUSED, "ask whoever runs the server"},
    {THM_E_CERT_REJECTED, EXIT_REFUSED,
     "ask whoever runs the server for another invitation, or certificate"},
    {THM_E_NOT_ALLOWED, EXIT_REFUSED, "ask whoever runs the server"},
    {THM_E_PASSCODE, EXIT_PASSCODE, NULL},
    {THM_E_SUSPENDED, EXIT_REFUSED, NULL},
    {THM_E_UNTRUSTED, EXIT_UNTRUSTED, "check --cafile"},
    {THM_E_EXPIRED, EXIT_UNTRUSTED, "ask whoever runs the server to renew it, and check the clock"},
    {THM_E_SERVER_NAME, EXIT_UNTRUSTED, NULL},
    {THM_E_ROLE, EXIT_UNTRUSTED, NULL},
    {THM_E_CHAIN, EXIT_UNTRUSTED, NULL},
    {THM_E_NO_CERT, EXIT_UNTRUSTED, NULL},
    {THM_E_TLS_VERSION, EXIT_UNTRUSTED, "check that a thimble server listens there"},
    {THM_E_TLS_SUITE, EXIT_UNTRUSTED, "check that a thimble server listens there"},
    {THM_E_ALPN, EXIT_UNTRUSTED, "check that a thimble server listens there"},
};

/* The session ended by itself: says why. */
static int explain(const struct session *s)
{
    const char *cure = NULL;
    int exit_code = EXIT_FAILED;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (endings[i].code == s->cause) {
            exit_code = (int)endings[i].exit_code;
            cure = endings[i].cure;
        }
    }
    if (s->wrong != THM_SCRAM_OK)
        return report_fail(exit_code, "%s: %s", thm_error_text(s->cause), thm_scram_text(s->wrong));
    return report_fail(exit_code, "%s%s%s%s", thm_error_text(s->cause), s->words, cure ? ": " : "",
                       cure ? cure : "");
}

/* However the session ends: text that may not have arrived is never passed over in silence. */
static int conclude(const struct session *s, uint32_t open)
{
    int code = s->leaving ? s->exit_code : explain(s);
    uint32_t kept =
        s->unsent.failed ? 0 : s->unsent.count; /* not what the line editor holds, nor a script's */
    if (open > 0 && kept == open)
        report("%u message%s not acknowledged by the server: sent when you are back", open,
               open == 1 ? " was" : "s were");
    else if (open > 0 && kept > 0)
        report("%u messages were not acknowledged by the server; the %u of a run before are kept",
               open, kept);
    else if (open > 0)
        report("%u message%s not acknowledged by the server, and not kept", open,
               open == 1 ? " was" : "s were");
    return code == EXIT_DONE && (open > 0 || s->failed) ? EXIT_UNSENT : code;
}

/* NULL: what was asked for needs a terminal, and there is none. */
static const struct front *choose_front(const struct settings *settings)
{
    bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (settings->terminal)
        return terminal ? &front_phone : NULL;
    return terminal && !settings->json ? &front_terminal : &front_lines;
}

int session_run(struct session *s, const struct settings *settings)
{
    s->settings = settings;
    s->front = choose_front(settings);
    if (!s->front)
        return report_fail(EXIT_USAGE, "--terminal needs a terminal for input and output");
    int result = open_session(s);
    if (result == OPTIONS_OK) {
        s->now = thm_port_posix_now_ms();
        s->end_at = settings->seconds ? s->now + settings->seconds * 1000u : UINT64_MAX;
        thm_client_start(&s->client, s->now);
        s->front->turn(s);
        keep(s);
        while (!s->ended || !calls_settled(s))
            turn(s);
        uint32_t open = thm_client_pending(&s->client) + s->front->unsent(s);
        s->front->close(s);
        result = conclude(s, open);
        thm_port_posix_destroy(&s->port);
    }
    explicit_bzero(s->stock, sizeof s->stock);
    return result;
}
