/* Streams and memberships: who follows what, and from where on. */
#include "server/internal.h"

#include <string.h>

struct name {
    const struct thm_server *server;
    const char *data;
    size_t len;
};

static bool same_name(const void *ctx, uint32_t number)
{
    const struct name *name = ctx;
    const struct stream *st = stream_at(name->server, number);

    return strlen(st->name) == name->len && memcmp(st->name, name->data, name->len) == 0;
}

uint32_t stream_find(const struct thm_server *s, const char *name, size_t len)
{
    struct name n = {s, name, len};
    uint32_t number =
        thm_index_find(&s->stream_index, thm_hash(&s->hash_key, name, len), same_name, &n);
    return number == THM_INDEX_NONE ? 0 : number;
}

/* --- streams that nobody follows, longest first ---------------------------------------------- */

static bool in_use(const struct stream *st)
{
    return st->members != 0 || st->jobs != 0;
}

static void idle_link(struct thm_server *s, uint32_t number)
{
    struct stream *st = stream_at(s, number);

    st->idle_prev = s->streams_idle_last;
    st->idle_next = 0;
    if (s->streams_idle_last != 0)
        stream_at(s, s->streams_idle_last)->idle_next = number;
    else
        s->streams_idle_first = number;
    s->streams_idle_last = number;
}

static void idle_unlink(struct thm_server *s, uint32_t number)
{
    struct stream *st = stream_at(s, number);

    if (st->idle_prev != 0)
        stream_at(s, st->idle_prev)->idle_next = st->idle_next;
    else
        s->streams_idle_first = st->idle_next;
    if (st->idle_next != 0)
        stream_at(s, st->idle_next)->idle_prev = st->idle_prev;
    else
        s->streams_idle_last = st->idle_prev;
}

static void states_forget(struct thm_server *s, struct stream *st)
{
    while (st->states_old != 0) {
        uint32_t number = st->states_old;
        st->states_old = state_at(s, number)->newer;
        thm_pool_give(&s->states, number);
    }
    st->states_new = 0;
}

/* The store keeps the entries; what is lost here is a topic and the states of devices. */
static void forget(struct thm_server *s, uint32_t number)
{
    struct stream *st = stream_at(s, number);

    idle_unlink(s, number);
    thm_log_release(&st->log);
    states_forget(s, st);
    thm_index_remove(&s->stream_index, thm_hash(&s->hash_key, st->name, strlen(st->name)), number);
    thm_pool_give(&s->streams, number);
}

uint32_t stream_need(struct thm_server *s, const char *name, size_t len)
{
    uint32_t number = stream_find(s, name, len);

    if (number != 0)
        return number;
    /* One that is in the list of news or counts this turn keeps its place until the turn is over. */
    if (s->streams.used == s->streams.count && s->streams_idle_first != 0 &&
        !stream_at(s, s->streams_idle_first)->dirty &&
        !stream_at(s, s->streams_idle_first)->counting)
        forget(s, s->streams_idle_first);
    number = thm_pool_take(&s->streams);
    if (number == 0)
        return 0;
    struct stream *st = stream_at(s, number);
    memcpy(st->name, name, len);
    st->name[len] = '\0';
    thm_log_init(&st->log, s->blocks, 0);
    thm_index_add(&s->stream_index, thm_hash(&s->hash_key, name, len), number);
    idle_link(s, number);
    return number;
}

void stream_hold(struct thm_server *s, uint32_t number)
{
    struct stream *st = stream_at(s, number);

    if (!in_use(st))
        idle_unlink(s, number);
    st->jobs++;
}

void stream_release(struct thm_server *s, uint32_t number)
{
    struct stream *st = stream_at(s, number);

    st->jobs--;
    if (!in_use(st))
        idle_link(s, number);
}

void stream_opened(struct thm_server *s, uint32_t number, const struct thm_store_request *r)
{
    struct stream *st = stream_at(s, number);
    bool restarted = st->incarnation != 0 && st->incarnation != r->incarnation;

    st->store = r->stream;
    if (st->state == STREAM_OPEN && !restarted)
        return;
    st->state = STREAM_OPEN;
    st->incarnation = r->incarnation;
    st->tail = r->head;
    if (!restarted && st->log.head == r->head)
        return;
    thm_log_release(&st->log);
    thm_log_init(&st->log, s->blocks, r->head);
    for (uint32_t n = st->members; n != 0; n = member_at(s, n)->stream_next) {
        struct membership *m = member_at(s, n);
        memset(&m->place, 0, sizeof m->place);
        if (restarted) {
            m->restarted = true;
            m->n = 0;
        }
    }
    stream_dirty(s, number);
}

void stream_dirty(struct thm_server *s, uint32_t number)
{
    struct stream *st = stream_at(s, number);

    if (st->dirty)
        return;
    st->dirty = true;
    st->dirty_next = s->dirty_first;
    s->dirty_first = number;
}

void stream_wake_members(struct thm_server *s)
{
    while (s->dirty_first != 0) {
        struct stream *st = stream_at(s, s->dirty_first);
        s->dirty_first = st->dirty_next;
        st->dirty = false;
        for (uint32_t n = st->members; n != 0; n = member_at(s, n)->stream_next)
            conn_look(s, conn_at(s, member_at(s, n)->connection), LOOK_WRITE);
    }
}

/* --- memberships ---------------------------------------------------------------------------- */

uint32_t member_find(const struct thm_server *s, const struct connection *c, uint32_t stream)
{
    uint32_t n = c->memberships;

    while (n != 0 && member_at(s, n)->stream != stream)
        n = member_at(s, n)->next;
    return n;
}

uint32_t member_add(struct thm_server *s, struct connection *c, uint32_t stream)
{
    struct stream *st = stream_at(s, stream);

    if (c->rooms > THM_ROOMS_PER_SESSION)
        return 0;
    uint32_t number = thm_pool_take(&s->memberships);
    if (number == 0)
        return 0;
    struct membership *m = member_at(s, number);
    m->connection = conn_number(s, c);
    m->stream = stream;
    m->next = c->memberships;
    c->memberships = number;
    c->rooms++;
    if (!in_use(st))
        idle_unlink(s, stream);
    m->stream_next = st->members;
    if (st->members != 0)
        member_at(s, st->members)->stream_prev = number;
    st->members = number;
    st->member_count++;
    return number;
}

void member_remove(struct thm_server *s, struct connection *c, uint32_t number)
{
    struct membership *m = member_at(s, number);
    struct stream *st = stream_at(s, m->stream);
    uint32_t *link = &c->memberships;

    while (*link != number)
        link = &member_at(s, *link)->next;
    *link = m->next;
    c->rooms--;
    if (m->stream_prev != 0)
        member_at(s, m->stream_prev)->stream_next = m->stream_next;
    else
        st->members = m->stream_next;
    if (m->stream_next != 0)
        member_at(s, m->stream_next)->stream_prev = m->stream_prev;
    st->member_count--;
    if (m->active && st->name[0] == '#' && !user_in_stream(s, c->user, m->stream, c))
        presence_left(s, m->stream, c->user);
    if (!in_use(st))
        idle_link(s, m->stream);
    thm_pool_give(&s->memberships, number);
}

bool user_in_stream(const struct thm_server *s, uint32_t user, uint32_t stream,
                    const struct connection *except)
{
    for (uint32_t n = user_at(s, user)->sessions; n != 0; n = conn_at(s, n)->user_next) {
        const struct connection *c = conn_at(s, n);
        uint32_t m = c == except ? 0 : member_find(s, c, stream);
        if (m != 0 && member_at(s, m)->active)
            return true;
    }
    return false;
}

void member_last(struct thm_server *s, struct connection *c, uint32_t number)
{
    uint32_t *link = &c->memberships;

    while (*link != number)
        link = &member_at(s, *link)->next;
    *link = member_at(s, number)->next;
    while (*link != 0)
        link = &member_at(s, *link)->next;
    *link = number;
    member_at(s, number)->next = 0;
}
