/*
 * The lines between two clients.
 */
#include "call/internal.h"

#if THM_CALLS > 0

/* --- what is said ------------------------------------------------------------------------------ */

static bool put(struct thm_path *p, const struct thm_msg *m)
{
    char *out = p->phase.session.out;
    size_t len = 0;

    p->out_len -= p->out_sent;
    memmove(out, out + p->out_sent, p->out_len);
    p->out_sent = 0;
    if (thm_wire_encode(m, out + p->out_len, THM_CALL_OUT - p->out_len, &len) != THM_OK)
        return false;
    p->out_len += (uint32_t)len;
    return true;
}

static bool put_request(struct thm_calls *k, struct thm_path *p)
{
    struct thm_call *c = thm_call_of(k, p->call);
    char name[2 * THM_ID_MAX + 2];
    struct thm_msg m;

    thm_directory_name(thm_credentials_identity(k->config.credentials), name);
    thm_msg_init(&m, THM_MSG_CONNECT_REQUEST);
    THM_SET(&m, INITIATOR, name);
    if (p->goes_on) {
        THM_SET(&m, ID, c->id);
        thm_msg_num(&m, THM_KEY_N, c->taken);
    }
    if (p->ticket[0] != '\0')
        THM_SET(&m, TICKET, p->ticket);
    return put(p, &m);
}

static bool put_reply(struct thm_calls *k, struct thm_path *p)
{
    char plain[THM_TEXT_PLAIN];
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_CONNECT_REPLY);
    THM_SET(&m, STATUS, p->accepts ? "accepted" : "refused");
    if (p->accepts) {
        thm_msg_num(&m, THM_KEY_N, thm_call_of(k, p->call)->taken);
    } else {
        THM_SET(&m, CODE, thm_error_word(p->code));
        THM_SET(&m, REASON, thm_text_plain(thm_error_text(p->code), plain));
    }
    return put(p, &m);
}

static bool put_ack(struct thm_calls *k, struct thm_path *p)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_ACK);
    thm_msg_num(&m, THM_KEY_N, thm_call_of(k, p->call)->taken);
    return put(p, &m);
}

static bool put_bare(struct thm_path *p, enum thm_type type)
{
    struct thm_msg m;

    thm_msg_init(&m, type);
    return put(p, &m);
}

static bool put_lines(struct thm_call *c, struct thm_path *p)
{
    struct thm_slice text;
    struct thm_msg m;

    while (thm_lines_next(&c->lines, &text)) {
        thm_msg_init(&m, THM_MSG_SAY);
        thm_msg_num(&m, THM_KEY_CSN, c->sent + 1);
        thm_msg_str(&m, THM_KEY_TEXT, text.data, text.len);
        if (!put(p, &m))
            return false;
        thm_lines_advance(&c->lines);
        c->sent++;
    }
    return true;
}

void thm_talk_fill(struct thm_calls *k, struct thm_path *p)
{
    struct thm_call *c = thm_call_of(k, p->call);

    if (p->request_due)
        p->request_due = !put_request(k, p);
    if (p->reply_due && put_reply(k, p))
        p->reply_due = false;
    if (p->request_due || p->reply_due)
        return;
    if (c != NULL && c->path == thm_path_place(k, p)) {
        if (p->ack_due)
            p->ack_due = !put_ack(k, p);
        if (p->ping_due)
            p->ping_due = !put_bare(p, THM_MSG_PING);
        if (!put_lines(c, p))
            return;
    }
    if (p->quit_due)
        p->quit_due = !put_bare(p, THM_MSG_QUIT);
}

/* --- what is heard ------------------------------------------------------------------------------ */

static void violated(struct thm_calls *k, struct thm_path *p, int code)
{
    thm_path_fail(k, p, code);
}

/* The session that a request names, if it is this peer's. */
static struct thm_call *find_known(struct thm_calls *k, const struct thm_path *p,
                                   struct thm_slice id)
{
    for (unsigned i = 0; i < THM_CALLS; i++) {
        struct thm_call *c = &k->calls[i];
        if ((c->state == THM_CALL_TALKING || c->state == THM_CALL_MENDING) &&
            thm_slice_is(id, c->id) && thm_same_key(c->peer.key_hash, p->tls.peer.key_hash))
            return c;
    }
    return NULL;
}

/* Another path for a session that stands. If both sides try at once, who made the call has his way. */
static void go_on(struct thm_calls *k, struct thm_path *p, const struct thm_msg *m)
{
    struct thm_call *c = find_known(k, p, thm_msg_get(m, THM_KEY_ID));
    struct thm_path *own = c != NULL ? thm_path_at(k, c->attempt) : NULL;

    if (c == NULL) {
        thm_path_refuse(k, p, THM_E_NO_CALL);
        return;
    }
    if (own != NULL && own->state == THM_PATH_REQUESTING && !c->incoming) {
        thm_path_refuse(k, p, THM_E_CROSSING);
        return;
    }
    if (own != NULL)
        thm_path_stop(k, own, false);
    p->call = thm_call_place(k, c);
    c->attempt = thm_path_place(k, p);
    if (!thm_session_has(k, p, thm_msg_get_num(m, THM_KEY_N, 0))) {
        p->call = c->attempt = 0;
        thm_path_refuse(k, p, THM_E_NO_CALL);
        return;
    }
    p->accepts = p->reply_due = true;
    thm_path_turn(k, p, THM_PATH_KNOWN, THM_OK);
}

static void on_request(struct thm_calls *k, struct thm_path *p, const struct thm_msg *m)
{
    struct thm_slice ticket = thm_msg_get(m, THM_KEY_TICKET);
    char name[2 * THM_ID_MAX + 2];

    thm_directory_name(&p->tls.peer, name);
    if (!thm_msg_is(m, THM_KEY_INITIATOR, name)) {
        thm_path_refuse(k, p, THM_E_UNVERIFIED);
        return;
    }
    if (thm_msg_has(m, THM_KEY_ID)) {
        go_on(k, p, m);
        return;
    }
    if (ticket.len != THM_TICKET_MAX || (p->relayed && !thm_slice_is(ticket, p->ticket))) {
        thm_path_refuse(k, p, THM_E_UNVERIFIED);
        return;
    }
    if (k->availability != THM_AVAILABLE) {
        thm_path_refuse(k, p, k->availability == THM_BUSY ? THM_E_BUSY : THM_E_UNAVAILABLE);
        return;
    }
    thm_slice_copy(p->ticket, sizeof p->ticket, ticket);
    thm_path_turn(k, p, THM_PATH_REQUESTED, THM_OK);
}

static void on_reply(struct thm_calls *k, struct thm_path *p, const struct thm_msg *m)
{
    if (!thm_msg_is(m, THM_KEY_STATUS, "accepted"))
        thm_path_turn(k, p, THM_PATH_REFUSED, thm_msg_code(m, THM_E_DECLINED));
    else if (!thm_session_has(k, p, thm_msg_get_num(m, THM_KEY_N, 0)))
        violated(k, p, THM_E_KEY_RANGE);
    else
        thm_path_turn(k, p, THM_PATH_ACCEPTED, THM_OK);
}

/* Each line once and in order; what came by a path before is only acknowledged. */
static void on_say(struct thm_calls *k, struct thm_path *p, const struct thm_msg *m)
{
    struct thm_call *c = thm_call_of(k, p->call);
    struct thm_call_event e = {.kind = THM_CALL_TEXT, .text = thm_msg_get(m, THM_KEY_TEXT)};
    uint64_t csn = thm_msg_get_num(m, THM_KEY_CSN, 0);

    if (csn == 0 || csn > c->taken + 1) {
        violated(k, p, THM_E_CSN);
        return;
    }
    p->ack_due = true;
    if (csn <= c->taken)
        return;
    c->taken = csn;
    thm_session_tell(k, c, &e);
}

static void on_pong(struct thm_calls *k, struct thm_path *p, const struct thm_msg *m)
{
    (void)k, (void)p, (void)m; /* that something came was noted */
}

static void on_ping(struct thm_calls *k, struct thm_path *p, const struct thm_msg *m)
{
    struct thm_msg pong = *m;

    (void)k;
    pong.type = THM_MSG_PONG;
    put(p, &pong); /* without room for it, what waits before it is a sign of life as well */
}

static void on_ack(struct thm_calls *k, struct thm_path *p, const struct thm_msg *m)
{
    if (!thm_session_has(k, p, thm_msg_get_num(m, THM_KEY_N, 0)))
        violated(k, p, THM_E_KEY_RANGE);
}

static void on_quit(struct thm_calls *k, struct thm_path *p, const struct thm_msg *m)
{
    struct thm_call *c = thm_call_of(k, p->call);

    if (c == NULL) { /* nobody knows of it yet */
        thm_path_turn(k, p, THM_PATH_STOP, THM_OK);
        return;
    }
    int code = c->state == THM_CALL_RINGING ? THM_E_CLOSED : THM_OK;
    thm_session_over(k, c, code, false, thm_msg_get(m, THM_KEY_REASON));
}

/* Which line is for which states. */
static const struct {
    uint8_t type, first, last; /* enum thm_type, enum thm_path_state */
    void (*take)(struct thm_calls *k, struct thm_path *p, const struct thm_msg *m);
} lines[] = {
    {THM_MSG_CONNECT_REQUEST, THM_PATH_EXPECTING, THM_PATH_EXPECTING, on_request},
    {THM_MSG_CONNECT_REPLY, THM_PATH_REQUESTING, THM_PATH_REQUESTING, on_reply},
    {THM_MSG_SAY, THM_PATH_CARRYING, THM_PATH_CARRYING, on_say},
    {THM_MSG_ACK, THM_PATH_CARRYING, THM_PATH_CARRYING, on_ack},
    {THM_MSG_PING, THM_PATH_REQUESTING, THM_PATH_CARRYING, on_ping},
    {THM_MSG_PONG, THM_PATH_REQUESTING, THM_PATH_CARRYING, on_pong},
    {THM_MSG_QUIT, THM_PATH_REQUESTING, THM_PATH_CARRYING, on_quit},
    {THM_MSG_ERROR, THM_PATH_REQUESTING, THM_PATH_CARRYING, on_pong},
};

static void dispatch(struct thm_calls *k, struct thm_path *p, const struct thm_msg *m)
{
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (lines[i].type != m->type || p->state < lines[i].first || p->state > lines[i].last)
            continue;
        lines[i].take(k, p, m);
        return;
    }
    violated(k, p, THM_E_DIRECTION);
}

static void take_line(struct thm_calls *k, struct thm_path *p, struct thm_slice line)
{
    struct thm_msg m;
    struct thm_fault fault;

    if (line.len == 0)
        return;
    int code = thm_wire_decode((char *)(uintptr_t)line.data, line.len, THM_FROM_PEER, &m, &fault);
    if (code == THM_E_UNKNOWN_TYPE) /* a newer client may know more than we do */
        return;
    if (code != THM_OK)
        violated(k, p, code);
    else
        dispatch(k, p, &m);
}

size_t thm_talk_take(struct thm_calls *k, struct thm_path *p, char *data, size_t len)
{
    size_t used = 0;

    while (used < len && thm_path_talks(p)) {
        size_t taken = 0;
        struct thm_slice line;
        int got = thm_line_feed(&p->reader, data + used, len - used, &taken, &line);
        used += taken;
        if (got == 1)
            take_line(k, p, line);
        else if (got < 0)
            violated(k, p, got);
    }
    return used;
}

#endif
