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

uint32_t thm_stream_find(const struct thm_server *s, const char *name, size_t len)
{
    struct name n = {s, name, len};
    uint32_t number =
        thm_index_find(&s->stream_index, thm_hash(&s->hash_key, name, len), same_name, &n);
    return number == THM_INDEX_NONE ? 0 : number;
}

/* --- streams that nobody follows, longest first ---------------------------------------------- */

static bool in_use(const struct stream *st)
{
    return st->members.first != 0 || st->jobs != 0;
}

static struct thm_links idle(const struct thm_server *s)
{
    return THM_LINKS(&s->streams, struct stream, idle_link);
}

static enum stream_kind kind_of(const char *name)
{
    return name[0] == '#' ? STREAM_ROOM : STREAM_INBOX;
}

static void idle_link(struct thm_server *s, uint32_t number)
{
    enum stream_kind kind = kind_of(stream_at(s, number)->name);

    thm_list_append(&s->streams_idle[kind], idle(s), number);
}

static void idle_unlink(struct thm_server *s, uint32_t number)
{
    enum stream_kind kind = kind_of(stream_at(s, number)->name);

    thm_list_remove(&s->streams_idle[kind], idle(s), number);
}

static void states_forget(struct thm_server *s, struct stream *st)
{
    uint32_t number;

    while ((number = st->states.first) != 0) {
        thm_list_remove(&st->states, state_links(s), number);
        thm_pool_give(&s->states, number);
    }
}

bool thm_stream_drop_idle_states(struct thm_server *s)
{
    for (uint32_t n = s->streams_idle[STREAM_ROOM].first; n != 0;
         n = stream_at(s, n)->idle_link.next) {
        if (stream_at(s, n)->states.first == 0)
            continue;
        states_forget(s, stream_at(s, n));
        stream_at(s, n)->read = false; /* what the store keeps comes back with the next who joins */
        return true;
    }
    return false;
}

void thm_stream_emptied(struct thm_server *s, uint32_t number)
{
    struct stream *st = stream_at(s, number);

    st->emptied = st->log.head;
    thm_log_release(&st->log);
    thm_log_init(&st->log, s->blocks, st->emptied);
}

void thm_stream_strip(struct thm_server *s, uint32_t number)
{
    struct stream *st = stream_at(s, number);

    states_forget(s, st);
    for (uint32_t n = st->members.first; n != 0; n = next_member(s, n))
        member_at(s, n)->state = 0;
    st->topic[0] = st->topic_from[0] = '\0';
    st->topic_time = 0;
    st->topic_unkept = false;
    st->read = false; /* if it is not removed in the end, all of that comes back */
}

/* A durable store keeps all of it; another one the entries, but no topic and no states of devices. */
static void forget(struct thm_server *s, uint32_t number)
{
    struct stream *st = stream_at(s, number);

    idle_unlink(s, number);
    s->config.store->ops->release(s->config.store, st->store);
    s->streams_held[kind_of(st->name)]--;
    thm_log_release(&st->log);
    states_forget(s, st);
    thm_index_remove(&s->stream_index, thm_hash(&s->hash_key, st->name, strlen(st->name)), number);
    thm_pool_give(&s->streams, number);
}

/* Rooms and inboxes are limited apart, so that rooms that somebody makes leave each user his inbox. One that
 * is in a list of news or counts keeps its place until it comes out of it. */
static bool make_place(struct thm_server *s, enum stream_kind kind)
{
    uint32_t most = kind == STREAM_ROOM ? s->config.max_rooms : s->config.max_users;
    uint32_t n = s->streams_idle[kind].first;

    if (s->streams_held[kind] < most)
        return true;
    while (n != 0 && (stream_at(s, n)->dirty || stream_at(s, n)->counting))
        n = stream_at(s, n)->idle_link.next;
    if (n != 0)
        forget(s, n);
    return n != 0;
}

uint32_t thm_stream_need(struct thm_server *s, const char *name, size_t len)
{
    uint32_t number = thm_stream_find(s, name, len);

    if (number != 0 || !make_place(s, kind_of(name)))
        return number;
    number = thm_pool_take(&s->streams);
    struct stream *st = stream_at(s, number);
    memcpy(st->name, name, len);
    st->name[len] = '\0';
    s->streams_held[kind_of(name)]++;
    thm_log_init(&st->log, s->blocks, 0);
    thm_index_add(&s->stream_index, thm_hash(&s->hash_key, name, len), number);
    idle_link(s, number);
    return number;
}

void thm_stream_hold(struct thm_server *s, uint32_t number)
{
    struct stream *st = stream_at(s, number);

    if (!in_use(st))
        idle_unlink(s, number);
    st->jobs++;
}

void thm_stream_release(struct thm_server *s, uint32_t number)
{
    struct stream *st = stream_at(s, number);

    st->jobs--;
    if (!in_use(st))
        idle_link(s, number);
}

void thm_stream_opened(struct thm_server *s, uint32_t number, const struct thm_store_request *r)
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
    for (uint32_t n = st->members.first; n != 0; n = next_member(s, n)) {
        struct membership *m = member_at(s, n);
        memset(&m->place, 0, sizeof m->place);
        if (restarted) {
            m->restarted = true;
            thm_stays_fit(&m->standing.stays, r->head);
            m->n = thm_stays_next(&m->standing.stays, 1) - 1;
        }
    }
    thm_stream_dirty(s, number);
}

void thm_stream_dirty(struct thm_server *s, uint32_t number)
{
    struct stream *st = stream_at(s, number);

    if (st->dirty)
        return;
    st->dirty = true;
    st->dirty_next = s->dirty_first;
    s->dirty_first = number;
}

void thm_stream_wake_members(struct thm_server *s)
{
    while (s->dirty_first != 0) {
        struct stream *st = stream_at(s, s->dirty_first);
        s->dirty_first = st->dirty_next;
        st->dirty = false;
        for (uint32_t n = st->members.first; n != 0; n = next_member(s, n))
            thm_conn_look(s, conn_at(s, member_at(s, n)->connection), LOOK_WRITE);
    }
}

/* --- memberships ---------------------------------------------------------------------------- */

uint32_t thm_member_find(const struct thm_server *s, const struct connection *c, uint32_t stream)
{
    uint32_t n = c->memberships;

    while (n != 0 && member_at(s, n)->stream != stream)
        n = member_at(s, n)->next;
    return n;
}

static struct thm_links of_stream(const struct thm_server *s)
{
    return THM_LINKS(&s->memberships, struct membership, stream_link);
}

uint32_t thm_member_add(struct thm_server *s, struct connection *c, uint32_t stream)
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
    thm_stays_all(&m->standing.stays);
    m->next = c->memberships;
    c->memberships = number;
    c->rooms++;
    if (!in_use(st))
        idle_unlink(s, stream);
    thm_list_append(&st->members, of_stream(s), number);
    return number;
}

void thm_member_enter(struct thm_server *s, uint32_t number)
{
    struct membership *m = member_at(s, number);
    struct stream *st = stream_at(s, m->stream);
    const struct connection *c = conn_at(s, m->connection);

    m->active = true;
    st->member_count++;
    if (st->name[0] == '#' && thm_member_of_user(s, c->user, m->stream, c) == 0)
        thm_presence_joined(s, number);
}

/* The user has left the room, unless another session of his is still in it. */
static void leave(struct thm_server *s, struct membership *m)
{
    struct stream *st = stream_at(s, m->stream);
    const struct connection *c = conn_at(s, m->connection);
    uint32_t other = thm_member_of_user(s, c->user, m->stream, c);

    st->member_count--;
    if (st->name[0] != '#')
        return;
    if (other == 0)
        thm_presence_left(s, m->stream, c->user);
    else if (m->stands)
        thm_presence_hand_over(m, member_at(s, other));
}

void thm_member_exit(struct thm_server *s, uint32_t number)
{
    struct membership *m = member_at(s, number);

    if (m->active)
        leave(s, m);
    m->active = m->stands = false;
}

void thm_member_remove(struct thm_server *s, struct connection *c, uint32_t number)
{
    struct membership *m = member_at(s, number);
    struct stream *st = stream_at(s, m->stream);
    uint32_t *link = &c->memberships;

    while (*link != number)
        link = &member_at(s, *link)->next;
    *link = m->next;
    c->rooms--;
    thm_list_remove(&st->members, of_stream(s), number);
    thm_member_exit(s, number);
    if (!in_use(st))
        idle_link(s, m->stream);
    thm_pool_give(&s->memberships, number);
}

uint32_t thm_member_of_user(const struct thm_server *s, uint32_t user, uint32_t stream,
                            const struct connection *except)
{
    for (uint32_t n = user_at(s, user)->sessions.first; n != 0; n = next_session(s, n)) {
        const struct connection *c = conn_at(s, n);
        uint32_t m = c == except ? 0 : thm_member_find(s, c, stream);
        if (m != 0 && member_at(s, m)->active)
            return m;
    }
    return 0;
}

struct membership *thm_member_of_request(struct thm_server *s, struct connection *c,
                                         const struct thm_msg *m)
{
    struct thm_slice name = {THM_DEFAULT_ROOM, strlen(THM_DEFAULT_ROOM)};

    if (thm_msg_has(m, THM_KEY_ROOM))
        name = thm_msg_get(m, THM_KEY_ROOM);
    uint32_t stream = thm_stream_find(s, name.data, name.len);
    uint32_t number = stream == 0 ? 0 : thm_member_find(s, c, stream);
    if (number == 0 || name.data[0] != '#' || !member_at(s, number)->active) {
        thm_input_error(s, c, m, THM_E_NO_ROOM, "room");
        return NULL;
    }
    return member_at(s, number);
}

bool thm_member_is_written(const struct thm_server *s, const char *id, uint32_t stream)
{
    uint32_t user = thm_user_find(s, id, strlen(id));
    char key[THM_RECORD_KEY];

    for (uint32_t n = user != 0 ? user_at(s, user)->sessions.first : 0; n != 0;
         n = next_session(s, n)) {
        uint32_t m = thm_member_find(s, conn_at(s, n), stream);
        if (m != 0 && member_at(s, m)->writing)
            return true;
    }
    return thm_operation_writes(s, THM_KIND_STANDING_RECORD, key,
                                thm_standing_key(stream_at(s, stream)->name, id, key));
}

void thm_member_last(struct thm_server *s, struct connection *c, uint32_t number)
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
