/* Connections: coming, waiting their turn, running, ending. */
#include "server/internal.h"

#include <string.h>

/* Half-open handshakes that are silent for so long make room for others that wait. */
#define PATIENCE_MS 1000
/* How often waiting handshakes are looked at. */
#define ADMIT_MS 100
/* What a client that finds the server full is told to wait, seconds. */
#define FULL_RETRY_S 30

static uint32_t tag_of(uint32_t number)
{
    return THM_SERVER_TAG_FIRST + LISTENERS_MAX + number;
}

/* --- deadlines ------------------------------------------------------------------------------ */

static const uint32_t deadline_ms[DEADLINE_KINDS] = {
    [DEADLINE_HELLO] = THM_HANDSHAKE_MS, [DEADLINE_HANDSHAKE] = THM_HANDSHAKE_MS,
    [DEADLINE_LOGIN] = THM_LOGIN_MS,     [DEADLINE_PROOF] = THM_PROOF_MS,
    [DEADLINE_IDLE] = THM_IDLE_MS,       [DEADLINE_STALL] = THM_STALL_MS,
    [DEADLINE_CLOSE] = THM_CLOSE_MS,
};

static struct thm_links by_deadline(const struct thm_server *s)
{
    return THM_LINKS(&s->connections, struct connection, deadline_link);
}

static void stop_deadline(struct thm_server *s, struct connection *c)
{
    if (c->deadline_kind == DEADLINE_NONE)
        return;
    thm_list_remove(&s->deadlines[c->deadline_kind], by_deadline(s), conn_number(s, c));
    c->deadline_kind = DEADLINE_NONE;
}

void thm_conn_deadline(struct thm_server *s, struct connection *c, enum deadline_kind kind)
{
    stop_deadline(s, c);
    c->deadline_kind = (uint8_t)kind;
    c->deadline = s->now + deadline_ms[kind];
    thm_list_append(&s->deadlines[kind], by_deadline(s), conn_number(s, c));
}

/* --- coming and going ----------------------------------------------------------------------- */

struct connection *thm_conn_if(struct thm_server *s, uint32_t number, uint32_t serial)
{
    if (number == 0)
        return NULL;
    struct connection *c = conn_at(s, number);
    return c->state != CONN_FREE && c->serial == serial ? c : NULL;
}

void thm_conn_look(struct thm_server *s, struct connection *c, unsigned why)
{
    c->attention |= (uint8_t)why;
    if (c->queued)
        return;
    c->queued = true;
    c->look_next = 0;
    uint32_t number = conn_number(s, c);
    if (s->look_last != 0)
        conn_at(s, s->look_last)->look_next = number;
    else
        s->look_first = number;
    s->look_last = number;
}

void thm_conn_wait(struct thm_server *s, struct connection *c, enum wait_kind kind)
{
    uint32_t number = conn_number(s, c);
    struct thm_list *list = &s->wait[kind];

    if ((c->waits >> kind & 1) != 0)
        return;
    c->waits |= (uint8_t)(1u << kind);
    c->wait_next[kind] = 0;
    if (list->last != 0)
        conn_at(s, list->last)->wait_next[kind] = number;
    else
        list->first = number;
    list->last = number;
}

static void wake_one(struct thm_server *s, enum wait_kind kind)
{
    struct thm_list *list = &s->wait[kind];
    uint32_t number = list->first;
    struct connection *c = conn_at(s, number);
    list->first = c->wait_next[kind];
    if (list->first == 0)
        list->last = 0;
    c->waits &= (uint8_t) ~(1u << kind);
    if (c->state != CONN_FREE)
        thm_conn_look(s, c, LOOK_READ | LOOK_WRITE);
    else if (!c->queued && c->waits == 0)
        thm_pool_give(&s->connections, number);
}

void thm_conn_wake_waiting(struct thm_server *s)
{
    const struct thm_pool *const pools[WAIT_KINDS] = {
        [WAIT_JOB] = &s->jobs, [WAIT_READ] = &s->reads, [WAIT_OUTPUT] = &s->outputs};

    for (unsigned kind = 0; kind < WAIT_KINDS; kind++) {
        uint32_t free = pools[kind]->count - pools[kind]->used;
        if (kind == WAIT_READ && s->read_retry > s->now)
            continue;
        for (; free > 0 && s->wait[kind].first != 0; free--)
            wake_one(s, (enum wait_kind)kind);
    }
}

static void start(struct thm_server *s, uint32_t number, thm_socket socket)
{
    struct connection *c = conn_at(s, number);

    c->serial = ++s->serial;
    c->state = CONN_HANDSHAKE;
    s->stats.accepted++;
    s->config.port->ops->peer_addr(s->config.port, socket, &c->address);
    thm_conn_deadline(s, c, DEADLINE_HELLO);
    thm_log_event(s, THM_LOG_DEBUG, "connect", c, THM_OK, NULL);
    int code = thm_tls_accept(&c->tls, s->tls, socket);
    if (code != THM_OK) {
        s->config.port->ops->abort(s->config.port, socket);
        thm_conn_drop(s, c, code);
        return;
    }
    c->events |= THM_EV_READ; /* the first bytes may have come with the connection */
    thm_conn_look(s, c, LOOK_READ);
}

/* The oldest connection before login gives its place to one in the backlog; one without a handshake slot first. */
static bool make_place(struct thm_server *s)
{
    uint32_t number = s->deadlines[DEADLINE_HELLO].first;

    if (number == 0)
        number = s->deadlines[DEADLINE_HANDSHAKE].first;
    if (number == 0)
        return false;
    struct connection *c = conn_at(s, number);
    if (s->now + THM_HANDSHAKE_MS < c->deadline + PATIENCE_MS)
        return false;
    thm_conn_drop(s, c, THM_E_TIMEOUT);
    return true;
}

/* Accepts from one listener until none waits. False: there is no place, or the port has a problem. */
static bool accept_all(struct thm_server *s, thm_socket listener)
{
    struct thm_port *port = s->config.port;
    enum thm_io io;

    do {
        if (s->connections.used == s->connections.count && !make_place(s))
            return false;
        uint32_t number = thm_pool_take(&s->connections);
        if (number == 0) /* the place is in a list, and free after its turn there */
            return false;
        thm_socket socket;
        io = port->ops->accept(port, listener, tag_of(number), &socket);
        if (io == THM_IO_OK)
            start(s, number, socket);
        else
            thm_pool_give(&s->connections, number);
    } while (io == THM_IO_OK);
    return io == THM_IO_AGAIN;
}

void thm_conn_accept(struct thm_server *s)
{
    s->accepting = false;
    for (unsigned i = 0; i < s->listener_count; i++)
        if (!accept_all(s, s->listeners[i]))
            s->accepting = true;
    if (s->accepting) /* nobody tells when that has changed */
        s->admit_at = s->now + ADMIT_MS;
}

/* Gives back all that a connection has. Its item stays in the lists that it is in until its turn there. */
static void release(struct thm_server *s, struct connection *c)
{
    stop_deadline(s, c);
    thm_hold_leave(s, c);
    if (c->waiting)
        s->waiting--;
    if (c->line_buffer != 0)
        thm_pool_give(&s->lines, c->line_buffer);
    if (c->out != 0)
        thm_pool_give(&s->outputs, c->out);
    c->waiting = false;
    c->line_buffer = c->out = 0;
    c->state = CONN_FREE;
    if (!c->queued && c->waits == 0)
        thm_pool_give(&s->connections, conn_number(s, c));
}

static void change(struct thm_server *s, struct connection *c, enum thm_conn_event event)
{
    enum thm_conn_state before = (enum thm_conn_state)c->state;
    enum thm_conn_state after = thm_conn_next(before, event);

    if (after == before)
        return;
    if (before == CONN_HANDSHAKE && s->waiting > 0)
        s->admit_at = s->now;
    if (before == CONN_ONLINE)
        thm_login_leave(s, c);
    thm_proof_forget(s, c);
    c->state = (uint8_t)after;
    if (after == CONN_LEAVING)
        thm_tls_cork(&c->tls);
    if (after != CONN_FREE) {
        static const uint8_t kinds[CONN_STATES] = {
            [CONN_LOGIN] = DEADLINE_LOGIN,   [CONN_ENROLLING] = DEADLINE_LOGIN,
            [CONN_PROVING] = DEADLINE_PROOF, [CONN_ONLINE] = DEADLINE_IDLE,
            [CONN_LEAVING] = DEADLINE_CLOSE, [CONN_CLOSING] = DEADLINE_CLOSE,
        };
        thm_conn_deadline(s, c, (enum deadline_kind)kinds[after]);
        return;
    }
    if (c->tls.phase != THM_TLS_CLOSED && c->tls.phase != THM_TLS_IDLE)
        thm_tls_abort(&c->tls, c->code);
    if (before == CONN_HANDSHAKE) {
        if (c->code == THM_E_INVITATION)
            thm_hold_stranger(s, c);
        s->stats.refused++;
        thm_log_event(s, THM_LOG_WARNING, "refused", c, c->code, NULL);
    } else {
        thm_log_event(s, THM_LOG_INFO, "close", c, c->code, NULL);
    }
    release(s, c);
}

void thm_conn_drop(struct thm_server *s, struct connection *c, int code)
{
    if (c->code == THM_OK)
        c->code = (int16_t)code;
    change(s, c, CONN_LOST);
}

void thm_conn_end(struct thm_server *s, struct connection *c, int code)
{
    if (c->code == THM_OK)
        c->code = (int16_t)code;
    change(s, c, CONN_END);
    if (c->state != CONN_FREE)
        thm_conn_look(s, c, LOOK_WRITE);
}

void thm_conn_goodbye(struct thm_server *s, struct connection *c, int code, const char *reason,
                      uint32_t retry_after)
{
    struct thm_msg m;

    if (conn_talks(c)) {
        thm_msg_init(&m, THM_MSG_GOODBYE);
        THM_SET(&m, REASON, reason);
        if (code != THM_OK)
            THM_SET(&m, CODE, thm_error_word(code));
        if (retry_after != 0)
            thm_msg_num(&m, THM_KEY_RETRY_AFTER, retry_after);
        thm_output_last(s, c, &m);
    }
    thm_conn_end(s, c, code);
}

/* --- handshakes ----------------------------------------------------------------------------- */

static bool same_address(const struct connection *a, const struct connection *b)
{
    return a->address.family == b->address.family &&
           memcmp(a->address.ip, b->address.ip, sizeof a->address.ip) == 0;
}

bool thm_conn_address_busy(const struct thm_server *s, const struct connection *c,
                           enum deadline_kind kind)
{
    uint32_t same = 0;

    for (uint32_t n = s->deadlines[kind].first; n != 0; n = conn_at(s, n)->deadline_link.next)
        same += same_address(c, conn_at(s, n));
    return same >= s->config.max_per_address;
}

static void set_waiting(struct thm_server *s, struct connection *c, bool waiting)
{
    if (c->waiting == waiting)
        return;
    c->waiting = waiting;
    if (waiting) {
        if (s->waiting++ == 0)
            s->admit_at = s->now + ADMIT_MS;
    } else {
        s->waiting--;
    }
}

bool thm_conn_too_many(const struct thm_server *s, const struct connection *c)
{
    if (s->sessions < s->config.max_clients)
        return false;
    uint32_t user = thm_user_find(s, c->tls.peer.user, strlen(c->tls.peer.user));
    return user == 0 ||
           thm_user_session(s, user, c->tls.peer.device, strlen(c->tls.peer.device)) == NULL;
}

void thm_conn_full(struct thm_server *s, struct connection *c)
{
    struct thm_msg m;

    s->stats.refused++;
    thm_msg_init(&m, THM_MSG_FULL);
    thm_msg_num(&m, THM_KEY_RETRY_AFTER, FULL_RETRY_S);
    THM_SET(&m, REASON, thm_error_text(THM_E_FULL));
    thm_output_last(s, c, &m);
    thm_conn_end(s, c, THM_E_FULL);
}

/* Connections of one device that may be open without having said hello. */
#define SILENT_MAX 4

/* A device has one session, and now and then a connection beside it that comes or goes. If there are more that say nothing,
 * the oldest gives way, or one device would keep all others out. */
static void limit_silent(struct thm_server *s, const struct connection *c)
{
    struct connection *oldest = NULL;
    unsigned silent = 0;

    for (uint32_t n = s->deadlines[DEADLINE_LOGIN].last; n != 0;
         n = conn_at(s, n)->deadline_link.prev) {
        struct connection *other = conn_at(s, n);
        if (other->pace != c->pace)
            continue;
        oldest = other;
        silent++;
    }
    if (c->pace != 0 && silent > SILENT_MAX)
        thm_conn_drop(s, oldest, THM_E_LIMIT);
}

static void opened(struct thm_server *s, struct connection *c)
{
    change(s, c, c->tls.enrols ? CONN_INVITED : CONN_OPENED);
    thm_hold_enter(s, c);
    limit_silent(s, c);
    thm_log_event(s, THM_LOG_INFO, "handshake", c, THM_OK, c->tls.resumed ? "resumed" : "full");
    if (thm_conn_too_many(s, c))
        thm_conn_full(s, c);
    else
        thm_conn_look(s, c, LOOK_READ | LOOK_WRITE);
}

static void run_handshake(struct thm_server *s, struct connection *c)
{
    if (c->tls.slot == 0 && (c->events & THM_EV_CLOSED) == 0 &&
        (thm_conn_address_busy(s, c, DEADLINE_HANDSHAKE) || thm_hold_estranged(s, c))) {
        set_waiting(s, c, true);
        return;
    }
    uint32_t what = c->events;
    c->events = 0;
    enum thm_tls_phase phase = thm_tls_advance(&c->tls, what, s->utc_ms / 1000);
    set_waiting(s, c, phase == THM_TLS_QUEUED);
    if (c->tls.slot != 0 && c->deadline_kind == DEADLINE_HELLO)
        thm_conn_deadline(s, c, DEADLINE_HANDSHAKE);
    if (phase == THM_TLS_OPEN)
        opened(s, c);
    else if (phase == THM_TLS_CLOSED)
        thm_conn_drop(s, c, c->tls.error != THM_OK ? c->tls.error : THM_E_CLOSED);
}

static bool slots_taken(const struct thm_server *s)
{
    struct thm_tls_usage usage;

    thm_tls_domain_usage(s->tls, &usage);
    return usage.handshakes >= s->config.max_handshakes;
}

/* Handshakes that have been silent too long give their slots to those that wait, and to no more. Who guesses needs none. */
static void evict_silent(struct thm_server *s)
{
    for (uint32_t n = s->deadlines[DEADLINE_HELLO].first; n != 0;
         n = conn_at(s, n)->deadline_link.next) {
        if (!conn_at(s, n)->waiting || thm_hold_estranged(s, conn_at(s, n)))
            continue;
        struct thm_tls *silent = thm_tls_evict(s->tls, s->now, PATIENCE_MS);
        if (silent == NULL)
            return;
        void *owner = (unsigned char *)silent - offsetof(struct connection, tls);
        thm_conn_drop(s, owner, THM_E_TIMEOUT);
    }
}

/* Lets waiting handshakes on, the youngest first: the older are, the likelier their client has given up. */
static void admit_waiting(struct thm_server *s)
{
    uint32_t n = s->deadlines[DEADLINE_HELLO].last;
    const struct connection *busy = NULL; /* one whose address has no slots left */

    s->admit_at = s->waiting > 0 || s->accepting ? s->now + ADMIT_MS : 0;
    while (n != 0 && s->waiting > 0 && !slots_taken(s)) {
        struct connection *c = conn_at(s, n);
        n = c->deadline_link.prev;
        if (!c->waiting || (busy != NULL && same_address(c, busy)))
            continue;
        set_waiting(s, c, false);
        c->events |= THM_EV_READ;
        run_handshake(s, c);
        if (c->waiting)
            busy = c;
    }
}

/* --- running -------------------------------------------------------------------------------- */

void thm_conn_events(struct thm_server *s, uint32_t number, uint32_t what)
{
    if (number == 0 || number > s->connections.fresh)
        return;
    struct connection *c = conn_at(s, number);
    if (c->state == CONN_FREE)
        return;
    c->events |= what;
    thm_conn_look(s, c, LOOK_READ | LOOK_WRITE);
}

void thm_conn_run(struct thm_server *s, struct connection *c)
{
    c->queued = false;
    if (c->state == CONN_FREE) {
        if (c->waits == 0)
            thm_pool_give(&s->connections, conn_number(s, c));
        return;
    }
    unsigned why = c->attention;
    c->attention = 0;
    s->stats.visits++;
    if (c->state == CONN_HANDSHAKE) {
        if (!c->waiting || (c->events & THM_EV_CLOSED) != 0)
            run_handshake(s, c);
        return;
    }
    if (c->events != 0 || c->state == CONN_CLOSING) {
        uint32_t what = c->events;
        c->events = 0;
        if ((what & THM_EV_WRITE) != 0 && c->deadline_kind == DEADLINE_STALL)
            thm_conn_deadline(s, c, DEADLINE_STALL); /* it took some more */
        if (thm_tls_advance(&c->tls, what, s->utc_ms / 1000) == THM_TLS_CLOSED) {
            if (c->code == THM_OK)
                c->code = c->tls.error;
            change(s, c, c->state == CONN_CLOSING ? CONN_CLOSED : CONN_LOST);
            return;
        }
    }
    if ((why & LOOK_READ) != 0 && conn_talks(c))
        thm_input_run(s, c);
    if (conn_talks(c) || c->state == CONN_LEAVING)
        thm_output_run(s, c);
    if (c->state == CONN_LEAVING && c->out_len == 0 && !thm_tls_holds_output(&c->tls)) {
        change(s, c, CONN_DRAINED);
        thm_tls_close(&c->tls);
        if (c->tls.phase == THM_TLS_CLOSED)
            change(s, c, CONN_CLOSED);
    }
}

static int expired_code(const struct connection *c)
{
    if (c->deadline_kind == DEADLINE_IDLE)
        return THM_E_IDLE;
    return c->deadline_kind == DEADLINE_STALL ? THM_E_SLOW : THM_E_TIMEOUT;
}

void thm_conn_expire(struct thm_server *s)
{
    for (unsigned kind = DEADLINE_NONE + 1; kind < DEADLINE_KINDS; kind++) {
        uint32_t n;
        while ((n = s->deadlines[kind].first) != 0 && conn_at(s, n)->deadline <= s->now) {
            struct connection *c = conn_at(s, n);
            int code = expired_code(c);
            if (kind == DEADLINE_IDLE || kind == DEADLINE_LOGIN || kind == DEADLINE_PROOF)
                thm_conn_goodbye(s, c, code, thm_error_text(code), 0);
            else
                thm_conn_drop(s, c, code);
        }
    }
    if (s->admit_at != 0 && s->admit_at <= s->now) {
        admit_waiting(s);
        evict_silent(s); /* for those that still wait: in the next turn */
    }
}
