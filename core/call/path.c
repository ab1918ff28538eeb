/*
 * The life of a path: states, their deadlines, and moving bytes between TLS and the lines.
 */
#include "call/internal.h"
#include "util/divide.h"

#if THM_CALLS > 0

/* A stranger keeps a path from others for so long, ms, if all are taken. */
#define STRANGER_MS 1000u
/* What a caller waits beyond the time that the person called has. */
#define RING_MARGIN_MS 15000u

static struct thm_port *port_of(const struct thm_calls *k)
{
    return k->config.port;
}

/* --- what a state begins with ------------------------------------------------------------------- */

static void enter_asking(struct thm_calls *k, struct thm_path *p)
{
    (void)k;
    p->ask_due = true;
}

/* Of an address no RESOLVED is reported, and the server names nothing else. */
static void enter_dialling(struct thm_calls *k, struct thm_path *p)
{
    const struct thm_call *c = thm_call_of(k, p->call);
    int code = port_of(k)->ops->connect(port_of(k), c->host, c->number,
                                        k->config.tag + thm_path_place(k, p), &p->socket);

    if (code == THM_OK)
        return;
    p->socket = THM_SOCKET_NONE;
    thm_path_fail(k, p, code);
}

static void enter_opening(struct thm_calls *k, struct thm_path *p)
{
    (void)k;
    thm_relay_open(p, true, 0);
}

static void secure(struct thm_calls *k, struct thm_path *p, int code)
{
    p->pending = true;
    if (code != THM_OK)
        thm_path_fail(k, p, code);
}

static void enter_securing(struct thm_calls *k, struct thm_path *p)
{
    secure(k, p, thm_tls_connect(&p->tls, k->domain, thm_path_place(k, p), NULL, NULL));
}

static void enter_admitting(struct thm_calls *k, struct thm_path *p)
{
    secure(k, p, thm_tls_accept(&p->tls, k->domain, thm_path_place(k, p)));
}

static void enter_requesting(struct thm_calls *k, struct thm_path *p)
{
    (void)k;
    p->request_due = p->pending = true;
}

static void enter_carrying(struct thm_calls *k, struct thm_path *p)
{
    p->ping_at = k->now + THM_CALL_PING_MS;
    p->pending = true;
    thm_session_carried(k, p);
}

static void enter_closing(struct thm_calls *k, struct thm_path *p)
{
    (void)k;
    p->pending = true;
}

/* What a state is given to do, and how long it may take. */
static const struct {
    const char *word;
    uint32_t limit_ms; /* 0: as long as it takes */
    void (*enter)(struct thm_calls *k, struct thm_path *p);
} states[THM_PATH_STATES] = {
    [THM_PATH_FREE] = {"free", 0, NULL},
    [THM_PATH_LOOKUP] = {"lookup", THM_LOOKUP_MS, enter_asking},
    [THM_PATH_DIALLING] = {"dialling", THM_DIRECT_MS, enter_dialling},
    [THM_PATH_OPENING] = {"opening", THM_LOOKUP_MS, enter_opening},
    [THM_PATH_SECURING] = {"securing", THM_HANDSHAKE_MS, enter_securing},
    [THM_PATH_REQUESTING] = {"requesting", THM_RING_MS + RING_MARGIN_MS, enter_requesting},
    [THM_PATH_ADMITTING] = {"admitting", THM_HANDSHAKE_MS, enter_admitting},
    [THM_PATH_EXPECTING] = {"expecting", THM_HANDSHAKE_MS, NULL},
    [THM_PATH_CHECKING] = {"checking", THM_LOOKUP_MS, enter_asking},
    [THM_PATH_RINGING] = {"ringing", THM_RING_MS, NULL},
    [THM_PATH_CARRYING] = {"carrying", 0, enter_carrying}, /* see run_timers() */
    [THM_PATH_CLOSING] = {"closing", THM_CLOSE_MS, enter_closing},
};

const char *thm_path_word(enum thm_path_state state)
{
    return states[state].word;
}

/* --- from one state to the next ------------------------------------------------------------------ */

/* Gives up whatever there is of a connection. */
static void drop(struct thm_calls *k, struct thm_path *p)
{
    if (p->tls.phase != THM_TLS_IDLE && p->tls.phase != THM_TLS_CLOSED) {
        thm_tls_close(&p->tls);
        if (p->tls.phase != THM_TLS_CLOSED)
            thm_tls_abort(&p->tls, THM_E_CLOSED);
    }
    if (p->relayed)
        thm_relay_close(k, p, THM_OK);
    else if (p->socket != THM_SOCKET_NONE)
        port_of(k)->ops->abort(port_of(k), p->socket);
    p->socket = THM_SOCKET_NONE;
    p->tls = (struct thm_tls){.phase = THM_TLS_IDLE};
}

/* The person who called is told how far it is. */
static void tell_progress(struct thm_calls *k, const struct thm_path *p)
{
    const struct thm_call *c = thm_call_of(k, p->call);
    struct thm_call_event e = {.kind = THM_CALL_PROGRESS, .path = p->state};

    if (c != NULL && c->state == THM_CALL_CALLING && p->state != THM_PATH_CARRYING)
        thm_session_tell(k, c, &e);
}

/* Texts and keys of whoever had it before are gone, too. */
static void begin(struct thm_path *p)
{
    memset(p, 0, sizeof *p);
    p->deadline = p->ping_at = THM_NEVER;
}

static void set_free(struct thm_calls *k, struct thm_path *p)
{
    int code = p->code;
    struct thm_call *c = thm_call_of(k, p->call);

    drop(k, p);
    begin(p); /* before anybody is told, who may want it */
    if (c != NULL)
        thm_session_lost(k, c, thm_path_place(k, p), code);
}

void thm_path_turn(struct thm_calls *k, struct thm_path *p, enum thm_path_event event, int code)
{
    enum thm_path_state from = p->state, to = thm_path_next(from, event);

    if (to == from)
        return;
    if (p->code == THM_OK) /* else the reason came before, as a relay's */
        p->code = (int16_t)code;
    p->state = (uint8_t)to;
    p->since = k->now;
    p->ping_at = THM_NEVER;
    p->deadline = states[to].limit_ms != 0 ? k->now + states[to].limit_ms : THM_NEVER;
    if (to == THM_PATH_FREE) {
        set_free(k, p);
        return;
    }
    if (from == THM_PATH_REQUESTING && event == THM_PATH_REFUSED) {
        struct thm_call *c = thm_call_of(k, p->call);
        p->call = 0;
        if (c != NULL)
            thm_session_lost(k, c, thm_path_place(k, p), code);
    }
    if (states[to].enter != NULL)
        states[to].enter(k, p); /* may turn again, so it comes last */
    if (p->state == to)
        tell_progress(k, p);
}

void thm_path_fail(struct thm_calls *k, struct thm_path *p, int code)
{
    bool direct = !p->relayed && (p->state == THM_PATH_DIALLING || p->state == THM_PATH_SECURING);

    if (direct && !p->moves && k->online && p->ticket[0] != '\0') {
        drop(k, p);
        thm_path_turn(k, p, THM_PATH_BEHIND, THM_OK);
    } else {
        thm_path_turn(k, p, THM_PATH_FAILED, code);
    }
}

void thm_path_refuse(struct thm_calls *k, struct thm_path *p, int code)
{
    p->accepts = false;
    p->reply_due = true;
    thm_path_turn(k, p, THM_PATH_REFUSED, code);
}

void thm_path_stop(struct thm_calls *k, struct thm_path *p, bool quit)
{
    p->quit_due = quit;
    thm_path_turn(k, p, THM_PATH_STOP, THM_OK);
}

struct thm_path *thm_path_take(struct thm_calls *k)
{
    struct thm_path *oldest = NULL;

    for (unsigned i = 0; i < THM_CALL_PATHS; i++) {
        struct thm_path *p = &k->paths[i];
        bool stranger = p->state == THM_PATH_ADMITTING || p->state == THM_PATH_EXPECTING;
        if (p->state == THM_PATH_FREE)
            return p;
        if (stranger && (oldest == NULL || p->since < oldest->since))
            oldest = p;
    }
    if (oldest == NULL || k->now - oldest->since < STRANGER_MS)
        return NULL;
    thm_path_turn(k, oldest, THM_PATH_FAILED, THM_E_TIMEOUT);
    return oldest->state == THM_PATH_FREE ? oldest : NULL;
}

void thm_path_admit(struct thm_calls *k)
{
    struct thm_port *port = port_of(k);

    for (;;) {
        struct thm_path *p = thm_path_take(k);
        uint32_t tag = k->config.tag + (p != NULL ? thm_path_place(k, p) : 0);
        thm_socket s;
        if (port->ops->accept(port, k->listener, tag, &s) != THM_IO_OK)
            return;
        if (p == NULL) { /* the caller tries the relay, where he can be told why */
            port->ops->abort(port, s);
            continue;
        }
        p->socket = s;
        thm_path_turn(k, p, THM_PATH_ARRIVED, THM_OK);
    }
}

/* --- bytes --------------------------------------------------------------------------------------- */

static void lost(struct thm_calls *k, struct thm_path *p)
{
    thm_path_fail(k, p, p->tls.error != THM_OK ? p->tls.error : THM_E_CLOSED);
}

static void heard(struct thm_calls *k, struct thm_path *p)
{
    if (p->state != THM_PATH_CARRYING)
        return;
    p->ping_at = k->now + THM_CALL_PING_MS;
    p->deadline = THM_NEVER;
}

static void receive(struct thm_calls *k, struct thm_path *p)
{
    while (thm_path_talks(p)) {
        unsigned char *data;
        size_t len;
        enum thm_io io = thm_tls_read(&p->tls, &data, &len);
        if (io == THM_IO_AGAIN)
            return;
        if (io != THM_IO_OK) {
            lost(k, p);
            return;
        }
        size_t used = thm_talk_take(k, p, (char *)data, len);
        if (!thm_path_talks(p))
            return; /* what comes behind is nobody's */
        thm_tls_consume(&p->tls, used);
        heard(k, p);
    }
}

static void transmit(struct thm_calls *k, struct thm_path *p)
{
    enum thm_io io = thm_tls_flush(&p->tls);
    size_t n = 0;

    while (io == THM_IO_OK) {
        if (p->out_sent == p->out_len) {
            p->out_sent = p->out_len = 0;
            thm_talk_fill(k, p);
        }
        size_t waiting = p->out_len - p->out_sent;
        if (waiting == 0)
            return;
        io = thm_tls_write(&p->tls, p->phase.session.out + p->out_sent, waiting, &n);
        if (io != THM_IO_OK)
            break;
        p->out_sent += (uint32_t)n;
        if (n < waiting)
            return;
    }
    if (io == THM_IO_ERROR)
        lost(k, p);
}

/* TLS stands: from here on, what the handshake used is for lines. Who called is told whom he has reached before anything is
 * said. */
static void secured(struct thm_calls *k, struct thm_path *p)
{
    const struct thm_call *c = thm_call_of(k, p->call);
    const struct thm_identity *peer = &p->tls.peer;

    p->reader = (struct thm_line_reader){.buf = p->phase.session.line};
    p->out_len = p->out_sent = 0;
    bool wrong =
        p->state == THM_PATH_SECURING &&
        (c == NULL || !thm_same_key(peer->key_hash, c->peer.key_hash) ||
         strcmp(peer->user, c->peer.user) != 0 || strcmp(peer->device, c->peer.device) != 0);
    if (wrong)
        thm_path_fail(k, p, THM_E_UNVERIFIED);
    else
        thm_path_turn(k, p, THM_PATH_SECURED, THM_OK);
}

/* Leaving: once all is said TLS is closed, and once that is closed it is over. */
static void leave(struct thm_calls *k, struct thm_path *p)
{
    if (p->tls.phase == THM_TLS_OPEN) {
        transmit(k, p);
        if (p->state == THM_PATH_CLOSING && p->out_len == p->out_sent && !p->reply_due &&
            !p->quit_due)
            thm_tls_close(&p->tls);
    }
    if (p->state == THM_PATH_CLOSING && p->tls.phase == THM_TLS_CLOSED)
        thm_path_turn(k, p, THM_PATH_FAILED, THM_OK);
}

static uint64_t utc_seconds(const struct thm_calls *k)
{
    uint64_t ms;

    return port_of(k)->ops->utc(port_of(k), &ms) == THM_OK ? thm_divide(ms, 1000) : 0;
}

static void move_tls(struct thm_calls *k, struct thm_path *p, uint32_t what)
{
    enum thm_tls_phase phase = thm_tls_advance(&p->tls, what, utc_seconds(k));

    if (p->state == THM_PATH_CLOSING) {
        leave(k, p);
    } else if (phase == THM_TLS_CLOSED) {
        lost(k, p);
    } else if (phase == THM_TLS_OPEN) {
        if (p->state == THM_PATH_SECURING || p->state == THM_PATH_ADMITTING)
            secured(k, p);
        receive(k, p);
        if (thm_path_talks(p))
            transmit(k, p);
    }
}

static void dialled(struct thm_calls *k, struct thm_path *p, uint32_t what)
{
    if ((what & (THM_EV_WRITE | THM_EV_CLOSED)) == 0)
        return;
    if (port_of(k)->ops->want(port_of(k), p->socket, 1) == THM_IO_ERROR)
        thm_path_fail(k, p, THM_E_CONNECT);
    else
        thm_path_turn(k, p, THM_PATH_CONNECTED, THM_OK);
}

static void expired(struct thm_calls *k, struct thm_path *p)
{
    switch (p->state) {
    case THM_PATH_CHECKING: thm_path_refuse(k, p, THM_E_UNVERIFIED); break;
    case THM_PATH_RINGING: thm_session_unanswered(k, p); break;
    case THM_PATH_REQUESTING: thm_path_fail(k, p, THM_E_NO_ANSWER); break;
    default: thm_path_fail(k, p, THM_E_TIMEOUT); break;
    }
}

static void run_timers(struct thm_calls *k, struct thm_path *p)
{
    if (p->state == THM_PATH_CARRYING && k->now >= p->ping_at) {
        p->ping_at = THM_NEVER;
        p->ping_due = p->pending = true;
        p->deadline = k->now + THM_CALL_PONG_MS;
    } else if (k->now >= p->deadline) {
        expired(k, p);
    }
}

void thm_path_move(struct thm_calls *k, struct thm_path *p, uint32_t what)
{
    if (p->state != THM_PATH_FREE)
        run_timers(k, p);
    if (p->state == THM_PATH_FREE || (what == 0 && !p->pending && !p->relayed))
        return;
    p->pending = false;
    if (p->state == THM_PATH_DIALLING)
        dialled(k, p, what);
    if (p->state == THM_PATH_OPENING) {
        if (p->relay.closed)
            thm_path_fail(k, p, THM_E_CLOSED);
        else if (p->relay.opened)
            thm_path_turn(k, p, THM_PATH_CONNECTED, THM_OK);
    }
    if (p->state >= THM_PATH_SECURING)
        move_tls(k, p, what);
}

#endif
