/*
 * The lines of a session: what is done with those that come, and which ones are due.
 */
#include "client/internal.h"

int thm_session_put(struct thm_client *c, const struct thm_msg *msg)
{
    char *out = c->phase.session.out;
    size_t len = 0;

    c->out_len -= c->out_sent;
    memmove(out, out + c->out_sent, c->out_len);
    c->out_sent = 0;
    int code = thm_wire_encode(msg, out + c->out_len, THM_CLIENT_OUT - c->out_len, &len);
    if (code == THM_OK)
        c->out_len += (uint32_t)len;
    return code == THM_E_LINE_TOO_LONG && c->out_len > 0 ? THM_E_LIMIT : code;
}

void thm_session_reset(struct thm_client *c)
{
    c->reader = (struct thm_line_reader){.buf = c->phase.session.line};
    c->out_len = c->out_sent = 0;
    c->received = c->reported = 0;
    c->ack_due = false;
    c->ping_at = c->ack_at = c->retry_at = c->answer_by = THM_NEVER;
    thm_receipts_reset(c);
    thm_enrol_reset(c);
    thm_follow_reset(c);
    thm_queue_rewind(&c->queue);
}

void thm_session_watch(struct thm_client *c)
{
    if (c->queue.in_flight == 0 && !thm_follow_awaits(c))
        c->answer_by = THM_NEVER;
    else if (c->answer_by == THM_NEVER)
        c->answer_by = c->now + THM_ANSWER_MS;
    else if (c->now >= c->answer_by)
        thm_client_fail(c, THM_E_TIMEOUT, NULL);
}

/* --- what is sent --------------------------------------------------------------------------- */

void thm_session_hello(struct thm_client *c)
{
    struct thm_msg m;

    if (thm_enrol_is(c)) {
        thm_enrol_start(c);
        return;
    }
    thm_msg_init(&m, THM_MSG_HELLO);
    thm_msg_num(&m, THM_KEY_CLIENT, c->incarnation);
    thm_msg_num(&m, THM_KEY_CREDIT, c->config.credit);
    thm_msg_num(&m, THM_KEY_RESUME, true);
#if THM_RECEIPTS
    thm_msg_num(&m, THM_KEY_RECEIPTS, true);
#endif
    if (c->alias[0] != '\0')
        THM_SET(&m, ALIAS, c->alias);
    if (c->config.agent != NULL)
        THM_SET(&m, AGENT, c->config.agent);
    if (c->config.max_message != 0)
        thm_msg_num(&m, THM_KEY_MAX_MESSAGE, c->config.max_message);
    thm_session_put(c, &m);
}

static void put_bare(struct thm_client *c, enum thm_type type)
{
    struct thm_msg m;

    thm_msg_init(&m, type);
    thm_session_put(c, &m); /* without room for it, what waits before it does as well */
}

void thm_session_quit(struct thm_client *c)
{
    if (!thm_enrol_is(c))
        put_bare(c, THM_MSG_QUIT);
}

void thm_session_ping(struct thm_client *c)
{
    put_bare(c, THM_MSG_PING);
}

static bool put_message(struct thm_client *c, const struct thm_record *r)
{
    bool room = r->to.data[0] == '#';
    struct thm_msg m;

    thm_msg_init(&m, room ? THM_MSG_SAY : THM_MSG_WHISPER);
    thm_msg_str(&m, room ? THM_KEY_ROOM : THM_KEY_TO, r->to.data, r->to.len);
    thm_msg_num(&m, THM_KEY_CSN, r->csn);
    thm_msg_str(&m, THM_KEY_TEXT, r->text.data, r->text.len);
    if (r->parts > 1) {
        thm_msg_num(&m, THM_KEY_PART, r->part);
        thm_msg_num(&m, THM_KEY_PARTS, r->parts);
        thm_msg_num(&m, THM_KEY_OF, r->csn - r->part + 1);
    }
    bool put = thm_session_put(c, &m) == THM_OK;
#if THM_CLIENT_RUNS
    if (put && r->csn > c->sent_csn)
        c->sent_csn = r->csn;
#endif
    return put;
}

static void fill_messages(struct thm_client *c)
{
    struct thm_record r;

    while (c->queue.in_flight < THM_WINDOW && thm_queue_next(&c->queue, &r)) {
        if (!r.answered && (!thm_follow_ready(c, r.to) || !put_message(c, &r)))
            return;
        thm_queue_advance(&c->queue);
    }
}

void thm_session_fill(struct thm_client *c)
{
    if (c->state != THM_CLIENT_ONLINE || !thm_follow_fill(c))
        return;
    if (c->ack_due) {
        if (!thm_follow_fill_acks(c))
            return;
        c->ack_due = false;
        c->ack_at = THM_NEVER;
    }
    if (!thm_receipts_fill(c))
        return;
    fill_messages(c);
}

/* --- what comes ----------------------------------------------------------------------------- */

void thm_session_heed(struct thm_client *c, const struct thm_msg *m)
{
    c->min_wait_ms = (uint32_t)thm_msg_get_num(m, THM_KEY_RETRY_AFTER, 0) * 1000;
}

void thm_session_granted(struct thm_client *c, const struct thm_msg *m)
{
    if (!thm_msg_has(m, THM_KEY_USERID)) {
        thm_client_fail(c, THM_E_KEY_MISSING, m);
        return;
    }
    thm_msg_copy(m, THM_KEY_USERID, c->user, sizeof c->user);
    thm_msg_copy(m, THM_KEY_DEVICE, c->device, sizeof c->device);
    if (thm_msg_has(m, THM_KEY_ALIAS))
        thm_msg_copy(m, THM_KEY_ALIAS, c->alias, sizeof c->alias);
    c->credit = (uint32_t)thm_msg_get_num(m, THM_KEY_CREDIT, c->config.credit);
    c->server_time_ms = thm_msg_get_num(m, THM_KEY_TIME, 0);
    c->received = 0; /* counting starts behind this line */
    thm_follow_inbox(c);
    thm_receipts_granted(c, m);
    thm_enrol_granted(c, m);
    thm_client_turn(c, THM_MACHINE_GRANTED, THM_OK, m);
}

static void on_auth_reply(struct thm_client *c, const struct thm_msg *m)
{
    if (thm_msg_is(m, THM_KEY_STATUS, "GRANTED")) {
        thm_session_granted(c, m);
    } else if (thm_msg_is(m, THM_KEY_STATUS, "REFUSED")) {
        thm_session_heed(c, m);
        thm_client_turn(
            c, thm_msg_has(m, THM_KEY_RETRY_AFTER) ? THM_MACHINE_FAILED : THM_MACHINE_FINAL,
            thm_msg_code(m, THM_E_NOT_ALLOWED), m);
    } else {
        bool able = THM_CLIENT_PASSCODE && thm_msg_is(m, THM_KEY_MECHANISM, THM_SCRAM_MECHANISM);
        thm_client_turn(c, able ? THM_MACHINE_ASKED : THM_MACHINE_FINAL,
                        able ? THM_OK : THM_E_PASSCODE, m);
    }
}

static void on_goodbye(struct thm_client *c, const struct thm_msg *m)
{
    int code = thm_msg_code(m, THM_E_CLOSED);

    thm_session_heed(c, m);
    if (code == THM_E_KICKED)
        thm_client_turn(c, THM_MACHINE_FINAL, code, m);
    else
        thm_client_fail(c, code, m);
}

static void on_answer(struct thm_client *c, const struct thm_msg *m)
{
    bool refused = m->type == THM_MSG_REFUSED;
    struct thm_record said;

    c->answer_by = THM_NEVER;
    thm_receipts_taken(c);
    if (!thm_queue_answer(&c->queue, thm_msg_get_num(m, THM_KEY_CSN, 0), &said))
        return; /* the answer to what was sent twice */
    struct thm_client_event e = {.kind = refused ? THM_CLIENT_LOST : THM_CLIENT_ACKED,
                                 .state = c->state,
                                 .code = refused ? thm_msg_code(m, THM_E_NOT_ALLOWED) : THM_OK,
                                 .csn = said.csn,
                                 .part = said.part,
                                 .to = said.to,
                                 .text = said.text,
                                 .msg = m};
    c->config.on_event(c->config.ctx, &e);
}

static void on_ping(struct thm_client *c, struct thm_msg *m)
{
    m->type = THM_MSG_PONG;
    thm_session_put(c, m); /* without room for it, the server hears what waits before it */
}

/* An error that the client deals with by itself: true. That nothing can be stored now is news all the same. */
static bool on_error(struct thm_client *c, const struct thm_msg *m)
{
    int code = thm_msg_code(m, THM_OK);

    c->answer_by = THM_NEVER;
    if (thm_msg_is(m, THM_KEY_IN, "join"))
        return thm_follow_refused(c, m);
    if (thm_receipts_refused(c, m))
        return true;
    if (!thm_msg_is(m, THM_KEY_IN, "say") && !thm_msg_is(m, THM_KEY_IN, "whisper"))
        return false;
    if (code != THM_E_STORE && code != THM_E_LIMIT && code != THM_E_WINDOW)
        return false;
    c->retry_at = thm_earlier(c->retry_at, c->now + THM_RETRY_MS);
    return code != THM_E_STORE;
}

/* True: the line is for the application. */
static bool on_stream(struct thm_client *c, const struct thm_msg *m)
{
    enum thm_taken taken = THM_TAKEN;

    switch (m->type) {
    case THM_MSG_JOINED:
        c->answer_by = THM_NEVER;
        thm_follow_joined(c, m);
        break;
    case THM_MSG_LEFT: thm_follow_left(c, m); break;
    case THM_MSG_GAP: taken = thm_follow_gap(c, m); break;
    default: taken = thm_follow_entry(c, m); break;
    }
    if (taken == THM_BROKEN)
        thm_client_fail(c, THM_E_KEY_RANGE, NULL);
    if (taken == THM_TAKEN && m->type == THM_MSG_WHISPER)
        thm_receipts_note(c, m);
    return taken == THM_TAKEN && m->type != THM_MSG_SKIP;
}

/* Deals with a line. True: the application is to see it. */
static bool on_line(struct thm_client *c, const struct thm_msg *m)
{
    switch (m->type) {
    case THM_MSG_ACCEPTED:
    case THM_MSG_STORED: on_answer(c, m); return false;
    case THM_MSG_REFUSED:
        if (!thm_msg_has(m, THM_KEY_CSN))
            return true;
        on_answer(c, m);
        return false;
    case THM_MSG_MESSAGE:
    case THM_MSG_WHISPER:
#if THM_RECEIPTS
    case THM_MSG_RECEIPT:
#endif
    case THM_MSG_SKIP:
    case THM_MSG_GAP:
    case THM_MSG_JOINED:
    case THM_MSG_LEFT: return on_stream(c, m);
    case THM_MSG_ERROR: return !on_error(c, m);
    case THM_MSG_ALIAS: thm_msg_copy(m, THM_KEY_ALIAS, c->alias, sizeof c->alias); return true;
    default: return true;
    }
}

/* What every state of a session understands. True: it was one of these. */
static bool on_session_line(struct thm_client *c, struct thm_msg *m)
{
    switch (m->type) {
    case THM_MSG_PING: on_ping(c, m); return true;
    case THM_MSG_PONG:
        thm_receipts_taken(c);
        return !thm_msg_has(m, THM_KEY_ID); /* one with an id was asked for by the application */
    case THM_MSG_GOODBYE: on_goodbye(c, m); return true;
    case THM_MSG_REPLACED: thm_client_turn(c, THM_MACHINE_FINAL, THM_E_REPLACED, m); return true;
    case THM_MSG_FULL:
        thm_session_heed(c, m);
        thm_client_turn(c, THM_MACHINE_FAILED, THM_E_FULL, m);
        return true;
    default: return false;
    }
}

/* True: the application is to see it. */
static bool dispatch(struct thm_client *c, struct thm_msg *m)
{
    if (on_session_line(c, m) || thm_enrol_line(c, m))
        return false;
    if (c->state == THM_CLIENT_ONLINE)
        return on_line(c, m);
#if THM_CLIENT_PASSCODE
    if (m->type == THM_MSG_AUTH_REPLY && c->state == THM_CLIENT_PROVING)
        thm_prove_reply(c, m);
    else
#endif
        if (m->type == THM_MSG_AUTH_REPLY)
        on_auth_reply(c, m);
    return m->type == THM_MSG_ERROR || m->type == THM_MSG_NOTICE || c->state == THM_CLIENT_ONLINE;
}

/* Where a line is decoded: not where it lies, since TLS may take its buffer back while the line is still told of. */
static char *decoding_place(struct thm_client *c)
{
#if THM_CLIENT_RAW_LINES
    return c->decoded;
#else
    return c->phase.session.line; /* the reader has done with it */
#endif
}

static void take_line(struct thm_client *c, struct thm_slice line)
{
    char *text = memmove(decoding_place(c), line.data, line.len);
    struct thm_msg m;
    struct thm_fault fault;

    int code = thm_wire_decode(text, line.len, THM_FROM_SERVER, &m, &fault);
    if (code == THM_E_UNKNOWN_TYPE) /* a newer server may know more than we do */
        return;
    if (code != THM_OK)
        thm_client_fail(c, code, NULL);
    else if (dispatch(c, &m))
        thm_client_tell(c, &m, THM_CLIENT_RAW_LINES ? line : (struct thm_slice){NULL, 0});
}

size_t thm_session_take(struct thm_client *c, char *data, size_t len)
{
    size_t used = 0;

    while (used < len && thm_client_talks(c) && thm_receipts_room(c)) {
        size_t taken = 0;
        struct thm_slice line;
        int got = thm_line_feed(&c->reader, data + used, len - used, &taken, &line);
        used += taken;
        c->received += taken;
        if (got == 1)
            take_line(c, line);
        else if (got < 0)
            thm_client_fail(c, got, NULL);
    }
    if (c->state != THM_CLIENT_ONLINE)
        return used;
    if (c->received - c->reported >= c->credit / 2)
        c->ack_due = true;
    else if (c->received != c->reported)
        c->ack_at = thm_earlier(c->ack_at, c->now + THM_ACK_DELAY_MS);
    return used;
}
