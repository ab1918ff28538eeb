/* Input: lines out of TLS, and from each line to the function that answers it. */
#include "server/internal.h"

#include <string.h>

#include "tls/wipe.h"

/* Lines that one connection may have handled in one turn, so that all get their share. */
#define LINES_PER_TURN 64

void thm_input_error(struct thm_server *s, struct connection *c, const struct thm_msg *request,
                     int code, const char *key)
{
    thm_input_error_saying(s, c, request, code, key, thm_error_text(code));
}

void thm_input_error_saying(struct thm_server *s, struct connection *c,
                            const struct thm_msg *request, int code, const char *key,
                            const char *reason)
{
    static const enum thm_key echoed[] = {THM_KEY_ID, THM_KEY_ROOM, THM_KEY_TO};
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_ERROR);
    THM_SET(&m, CODE, thm_error_word(code));
    THM_SET(&m, REASON, reason);
    THM_SET(&m, IN, thm_type_word(request->type));
    if (key != NULL)
        THM_SET(&m, KEY, key);
    for (unsigned i = 0; i < sizeof echoed / sizeof echoed[0]; i++)
        if (thm_msg_has(request, echoed[i]))
            thm_msg_str(&m, echoed[i], request->v[echoed[i]].str.data,
                        request->v[echoed[i]].str.len);
    thm_output_msg(s, c, &m);
}

/* --- one line ------------------------------------------------------------------------------- */

static void on_ack(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    (void)s;
    uint64_t bytes = thm_msg_get_num(m, THM_KEY_BYTES, c->acked);

    if (bytes > c->sent) {
        thm_input_error(s, c, m, THM_E_KEY_RANGE, "bytes");
        return;
    }
    if (bytes > c->acked)
        c->acked = bytes;
    thm_conn_look(s, c, LOOK_WRITE);
}

static void on_ping(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct thm_msg pong = *m;

    pong.type = THM_MSG_PONG;
    thm_output_msg(s, c, &pong);
}

static void on_nothing(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    (void)s;
    (void)c;
    (void)m;
}

typedef void (*handler)(struct thm_server *s, struct connection *c, const struct thm_msg *m);

static const handler handlers[THM_TYPES_END] = {
    [THM_MSG_HELLO] = thm_login_hello,
    [THM_MSG_AUTH_REQUEST] = thm_login_auth_request,
#if THM_CALLS > 0
    [THM_MSG_REGISTER] = thm_call_register,
    [THM_MSG_LOOKUP_REQUEST] = thm_call_lookup,
    [THM_MSG_RELAY] = thm_relay_line,
#endif
    [THM_MSG_ENROLL_REQUEST] = thm_certify_request,
    [THM_MSG_SAY] = thm_say_room,
    [THM_MSG_WHISPER] = thm_say_whisper,
    [THM_MSG_RECEIPT] = thm_receipt_request,
    [THM_MSG_JOIN] = thm_join_request,
    [THM_MSG_LEAVE] = thm_join_leave,
    [THM_MSG_MODERATE] = thm_moderate_request,
    [THM_MSG_ACK] = on_ack,
    [THM_MSG_HISTORY] = thm_query_start,
    [THM_MSG_STATE] = thm_presence_state,
    [THM_MSG_ALIAS] = thm_presence_alias,
    [THM_MSG_TOPIC] = thm_presence_topic,
    [THM_MSG_AWAY] = thm_presence_away,
    [THM_MSG_LIST] = thm_query_start,
    [THM_MSG_ROOMS] = thm_query_start,
    [THM_MSG_WHO] = thm_query_start,
    [THM_MSG_WHOIS] = thm_query_start,
    [THM_MSG_STATUS] = thm_query_status,
    [THM_MSG_CMD] = thm_command_forward,
    [THM_MSG_RESULT] = thm_command_forward,
    [THM_MSG_PING] = on_ping,
    [THM_MSG_PONG] = on_nothing,
    [THM_MSG_QUIT] = thm_query_quit,
};

/* What a line counts as beside its bytes. What keeps a session going is free: a client that hears much acknowledges
 * much. */
static void count(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    enum thm_limit_kind kind = THM_LIMIT_LINES;

    switch (m->type) {
    case THM_MSG_HELLO:
    case THM_MSG_AUTH_REQUEST:
    case THM_MSG_ACK:
    case THM_MSG_PING:
    case THM_MSG_PONG:
#if THM_CALLS > 0
    case THM_MSG_RELAY: /* as others' bytes, it waits for the chat anyhow */
#endif
    case THM_MSG_QUIT: return;
    case THM_MSG_ENROLL_REQUEST: kind = THM_LIMIT_JOINS; break; /* as much work as a few joins */
    case THM_MSG_JOIN:
        if (thm_msg_get(m, THM_KEY_ROOM).data[0] == '#')
            kind = THM_LIMIT_JOINS;
        break;
    case THM_MSG_RECEIPT: /* a client has few to send, and they lie in somebody else's inbox */
    case THM_MSG_LIST:
    case THM_MSG_WHO:
    case THM_MSG_WHOIS:
    case THM_MSG_ROOMS:
    case THM_MSG_HISTORY:
#if THM_CALLS > 0
    case THM_MSG_LOOKUP_REQUEST:
#endif
        kind = THM_LIMIT_LOOKUPS;
        break;
    default: break;
    }
    thm_hold_spend(s, c, kind, 1);
}

static void say_fault(struct thm_server *s, struct connection *c, const struct thm_fault *fault)
{
    char reason[THM_SHORT_MAX + 1];
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_ERROR);
    THM_SET(&m, CODE, thm_error_word(fault->code));
    thm_msg_str(&m, THM_KEY_REASON, reason, thm_fault_text(fault, reason, sizeof reason));
    if (fault->type != THM_MSG_NONE)
        THM_SET(&m, IN, thm_type_word(fault->type));
    thm_output_msg(s, c, &m);
    thm_log_event(s, THM_LOG_DEBUG, "bad-line", c, fault->code, NULL);
}

/* Whether a line has the key: the word between quotes, and a colon behind it. Within a string no quote stands bare. */
static bool has_key(struct thm_slice line, const char *quoted)
{
    size_t len = strlen(quoted);

    for (size_t i = 0; i + len < line.len; i++) {
        size_t behind = i + len;
        if (memcmp(line.data + i, quoted, len) != 0 || (i > 0 && line.data[i - 1] == '\\'))
            continue;
        while (behind < line.len && strchr(" \t", line.data[behind]) != NULL)
            behind++;
        if (behind < line.len && line.data[behind] == ':')
            return true;
    }
    return false;
}

/* Who sends a passcode is told not to, and nothing of the line is looked at, kept or logged. */
static bool refuse_passcode(struct thm_server *s, struct connection *c, struct thm_slice line)
{
    struct thm_msg m;

    if (c->state == CONN_ONLINE || !has_key(line, "\"passcode\""))
        return false;
    thm_wipe((char *)(uintptr_t)line.data, line.len);
    thm_msg_init(&m, THM_MSG_ERROR);
    THM_SET(&m, CODE, thm_error_word(THM_E_NOT_ALLOWED));
    THM_SET(&m, REASON,
            "a passcode is never sent, plain or hashed: it is proven by " THM_SCRAM_MECHANISM);
    THM_SET(&m, KEY, "passcode");
    thm_output_msg(s, c, &m);
    thm_log_event(s, THM_LOG_WARNING, "bad-line", c, THM_E_NOT_ALLOWED, "passcode");
    return true;
}

static void on_line(struct thm_server *s, struct connection *c, struct thm_slice line)
{
    struct thm_msg m;
    struct thm_fault fault;

    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    if (line.len == 0)
        return;
    if (c->state == CONN_ONLINE)
        thm_conn_deadline(s, c, DEADLINE_IDLE);
    s->stats.lines_paced += c->lagging;
    if (refuse_passcode(s, c, line))
        return;
    if (thm_wire_decode((char *)(uintptr_t)line.data, line.len, THM_FROM_CLIENT, &m, &fault) !=
        THM_OK) {
        thm_hold_spend(s, c, THM_LIMIT_LINES, 1);
        say_fault(s, c, &fault);
        return;
    }
    count(s, c, &m);
    if (c->state == CONN_ENROLLING) {
        thm_certify_line(s, c, &m);
        return;
    }
    if (c->state != CONN_ONLINE && (thm_type_flags(m.type) & THM_EARLY) == 0) {
        thm_input_error(s, c, &m, THM_E_NOT_YET, NULL);
        return;
    }
    thm_call_active(s, c, m.type);
    if (handlers[m.type] != NULL)
        handlers[m.type](s, c, &m);
    else
        thm_input_error(s, c, &m, THM_E_DIRECTION, NULL);
}

/* --- lines out of TLS ----------------------------------------------------------------------- */

static bool may_take(struct thm_server *s, struct connection *c)
{
    return conn_talks(c) && c->jobs == 0 && c->auto_join == 0 && c->walk.kind == 0 &&
           c->appends < THM_WINDOW && thm_output_room(c) >= OUTPUT_REQUEST &&
           !thm_tls_holds_output(&c->tls) && thm_hold_ready(s, c) && thm_job_ready(s, c);
}

static void too_long(struct thm_server *s, struct connection *c)
{
    struct thm_fault fault = {.code = THM_E_LINE_TOO_LONG};

    say_fault(s, c, &fault);
}

/* Bytes count once their line is there, so that no line waits more than once; what has no end counts by lines' lengths. */
static void count_bytes(struct thm_server *s, struct connection *c, size_t taken, bool ended)
{
    c->uncounted += (uint32_t)taken;
    if (!ended && c->uncounted < THM_LINE_MAX)
        return;
    thm_hold_spend(s, c, THM_LIMIT_BYTES, c->uncounted);
    c->uncounted = 0;
}

/* Takes lines out of `data`. Returns the bytes used. */
static size_t take_lines(struct thm_server *s, struct connection *c, unsigned char *data,
                         size_t len, unsigned *budget)
{
    size_t used = 0;

    while (used<len && * budget> 0 && may_take(s, c)) {
        size_t taken = 0;
        struct thm_slice line;
        int got = thm_line_feed(&c->reader, (char *)data + used, len - used, &taken, &line);
        used += taken;
        count_bytes(s, c, taken, got != 0);
        if (got == THM_E_MEMORY) {
            c->line_buffer = thm_pool_lend(&s->lines);
            if (c->line_buffer == 0) {
                thm_conn_goodbye(s, c, THM_E_LIMIT, thm_error_text(THM_E_LIMIT), 1);
                break;
            }
            c->reader.buf = thm_pool_at(&s->lines, c->line_buffer);
            continue;
        }
        if (got == 1) {
            (*budget)--;
            on_line(s, c, line);
        } else if (got == THM_E_LINE_TOO_LONG) {
            too_long(s, c);
        }
        if (c->line_buffer != 0 && c->reader.used == 0) {
            thm_pool_give(&s->lines, c->line_buffer);
            c->line_buffer = 0;
            c->reader.buf = NULL;
        }
    }
    return used;
}

void thm_input_run(struct thm_server *s, struct connection *c)
{
    unsigned budget = LINES_PER_TURN;

    if (c->auto_join != 0)
        thm_join_auto(s, c);
    while (may_take(s, c)) {
        unsigned char *data;
        size_t len;
        if (budget == 0)
            thm_conn_look(s, c, LOOK_READ);
        if (budget == 0 || !thm_output_get(s, c))
            return;
        enum thm_io io = thm_tls_read(&c->tls, &data, &len);
        if (io == THM_IO_AGAIN) {
            if (thm_tls_starved(&c->tls))
                thm_conn_look(s, c, LOOK_READ);
            else
                c->lagging = false;
            return;
        }
        if (io == THM_IO_EOF) {
            if (c->tls.error == THM_OK) /* by close_notify: TLS itself takes nothing more */
                thm_output_discard(c);
            thm_conn_end(s, c, THM_E_CLOSED);
            return;
        }
        if (io != THM_IO_OK) {
            thm_conn_drop(s, c, c->tls.error != THM_OK ? c->tls.error : THM_E_CLOSED);
            return;
        }
        size_t used = take_lines(s, c, data, len, &budget);
        s->stats.bytes_in += used;
        if (c->tls.phase == THM_TLS_OPEN)
            thm_tls_consume(&c->tls, used);
    }
}
