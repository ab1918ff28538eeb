/* Delivery: from the cursors of a session to its output buffer. */
#include "server/internal.h"

#include <string.h>

/* Entries that one read from the store may bring. */
#define READ_MAX 64

static bool say_gap(struct thm_server *s, struct connection *c, const struct stream *st,
                    uint64_t first, uint64_t last, const char *reason)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_GAP);
    THM_SET(&m, ROOM, st->name);
    thm_msg_num(&m, THM_KEY_INCARNATION, st->incarnation);
    if (first != 0)
        thm_msg_num(&m, THM_KEY_FIRST, first);
    if (last != 0)
        thm_msg_num(&m, THM_KEY_LAST, last);
    THM_SET(&m, REASON, reason);
    return thm_output_news(s, c, &m);
}

static bool say_skip(struct thm_server *s, struct connection *c, const struct stream *st,
                     uint64_t n)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_SKIP);
    THM_SET(&m, ROOM, st->name);
    thm_msg_num(&m, THM_KEY_N, n);
    return thm_output_news(s, c, &m);
}

/* Whether an entry is for this session; else it is told only that there is one. */
static bool is_for(const struct connection *c, const struct thm_entry *e)
{
    if (thm_receipt_is(e))
        return c->receipts;
    if (e->for_device != 0 &&
        e->for_device != thm_device_tag(c->tls.peer.device, strlen(c->tls.peer.device)))
        return false;
    return true;
}

/* Hands one entry to the session. False: no credit or no room. */
static bool entry(struct thm_server *s, struct connection *c, struct membership *m,
                  const struct thm_entry *e)
{
    const struct stream *st = stream_at(s, m->stream);

    if (!is_for(c, e)) {
        if (!say_skip(s, c, st, e->n))
            return false;
    } else {
        if (!thm_output_entry(s, c, e))
            return false;
        s->stats.deliveries++;
    }
    m->n = e->n;
    return true;
}

/* --- reading from the store ----------------------------------------------------------------- */

bool thm_deliver_read(struct thm_server *s, struct connection *c, uint32_t stream, uint64_t from,
                      unsigned max, bool history)
{
    uint32_t number = s->read_retry > s->now ? 0 : thm_pool_lend(&s->reads);

    if (number == 0)
        return false;
    struct read_job *r = read_at(s, number);
    memset(r, 0, offsetof(struct read_job, buffer));
    r->number = number;
    r->connection = conn_number(s, c);
    r->serial = c->serial;
    r->stream = stream;
    r->history = history;
    r->request.op = THM_STORE_READ;
    r->request.stream = stream_at(s, stream)->store;
    r->request.from = from;
    r->request.max = max;
    r->request.buf = r->buffer;
    r->request.cap = sizeof r->buffer;
    r->request.owner = r;
    r->request.tag = TAG_READ;
    if (s->config.store->ops->submit(s->config.store, &r->request) != THM_OK) {
        thm_pool_give(&s->reads, number);
        s->read_retry = s->now + STORE_RETRY_MS;
        return false;
    }
    thm_stream_hold(s, stream);
    return true;
}

/* The store no longer holds what comes next: say so and go on behind it. */
static bool skip_lost(struct thm_server *s, struct connection *c, struct membership *m,
                      uint64_t first)
{
    const struct stream *st = stream_at(s, m->stream);

    if (first <= m->n + 1)
        return true;
    if (!say_gap(s, c, st, m->n + 1, first - 1, "no longer kept"))
        return false;
    m->n = first - 1;
    return true;
}

static void deliver_from_read(struct thm_server *s, struct connection *c, struct membership *m,
                              const struct read_job *r)
{
    const struct stream *st = stream_at(s, m->stream);
    struct thm_entry e;
    size_t at = 0;

    if (r->request.result == THM_E_STORE)
        return; /* tried again a little later */
    if (r->request.result != THM_OK) {
        skip_lost(s, c, m, st->log.first);
        return;
    }
    if (r->request.incarnation != st->incarnation)
        return; /* of a log that has been replaced meanwhile */
    if (!skip_lost(s, c, m, r->request.first))
        return;
    while (thm_read_next(&r->request, &at, &e)) {
        if (thm_stays_next(&m->standing.stays, m->n + 1) != m->n + 1)
            return; /* that is told first */
        if (e.n == m->n + 1 && !entry(s, c, m, &e))
            return;
    }
}

void thm_deliver_read_done(struct thm_server *s, struct read_job *r)
{
    struct connection *c = thm_conn_if(s, r->connection, r->serial);

    if (r->request.result == THM_E_STORE)
        s->read_retry = s->now + STORE_RETRY_MS;
    if (c != NULL && c->state == CONN_ONLINE) {
        if (r->history) {
            thm_query_history_done(s, c, r);
        } else {
            uint32_t m = thm_member_find(s, c, r->stream);
            c->reading = 0;
            if (m != 0 && member_at(s, m)->active && !member_at(s, m)->restarted)
                deliver_from_read(s, c, member_at(s, m), r);
        }
        thm_conn_look(s, c, LOOK_WRITE);
    }
    thm_stream_release(s, r->stream);
    thm_pool_give(&s->reads, r->number);
}

/* What comes next was said while the user was not in the room: tell so and go on behind it. */
static bool skip_unread(struct thm_server *s, struct connection *c, struct membership *m)
{
    const struct stream *st = stream_at(s, m->stream);
    uint64_t next = thm_stays_next(&m->standing.stays, m->n + 1);

    if (next == m->n + 1)
        return true;
    if (next > st->log.head)
        next = st->log.head + 1;
    if (!say_gap(s, c, st, m->n + 1, next - 1, "not a member"))
        return false;
    m->n = next - 1;
    return true;
}

/* --- one membership after another ----------------------------------------------------------- */

/* False: the session can take no more now. */
static bool serve(struct thm_server *s, struct connection *c, uint32_t number)
{
    struct membership *m = member_at(s, number);
    const struct stream *st = stream_at(s, m->stream);
    struct thm_entry e;

    if (m->dismissed != THM_OK)
        return thm_moderate_tell(s, c, number);
    if (!m->active)
        return true;
    if (m->restarted) {
        if (!say_gap(s, c, st, 0, m->n, "restarted")) /* and where it goes on */
            return false;
        m->restarted = false;
    }
    if (st->name[0] == '#' && !thm_presence_tell(s, c, m))
        return false;
    while (m->n < st->log.head) {
        if (!skip_unread(s, c, m))
            return false;
        if (m->n == st->log.head)
            break;
        if (!thm_log_get(&st->log, m->n + 1, &m->place, &e)) {
            if (c->reading == 0 && thm_output_may(c, THM_LINE_MAX) && thm_output_get(s, c)) {
                if (thm_deliver_read(s, c, m->stream, m->n + 1, READ_MAX, false))
                    c->reading = m->stream;
                else
                    thm_conn_wait(s, c, WAIT_READ);
            }
            return true;
        }
        if (!entry(s, c, m, &e))
            return false;
    }
    return true;
}

/* False: the session can take no more now. */
static bool serve_all(struct thm_server *s, struct connection *c)
{
    for (uint32_t n = c->memberships, next; n != 0; n = next) {
        uint64_t before = member_at(s, n)->n;
        next = member_at(s, n)->next; /* one who was sent away is gone when he was told */
        if (!serve(s, c, n)) {
            if (member_at(s, n)->n != before) /* it had its share: others come first now */
                thm_member_last(s, c, n);
            return false;
        }
    }
    return true;
}

void thm_deliver_fill(struct thm_server *s, struct connection *c)
{
    if (c->walk.kind != 0)
        thm_query_continue(s, c);
    bool all = thm_user_tell_alias(s, c) && thm_append_tell_trouble(s, c) && serve_all(s, c);
    if (all ||
        thm_output_room(c) >= THM_LINE_MAX) /* more is not said now, and not for want of room */
        thm_query_finish(s, c);
    if (all && (c->walk.kind == 0 || c->walk.reading))
        thm_relay_fill(s, c);
}
