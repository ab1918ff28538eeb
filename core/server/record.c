/*
 * Topics and retained states over a restart.
 *
 * They are read when a room is opened, before the first who joins it is told so. A change is written a second
 * later, with all that followed it meanwhile: a room costs at most one write a second for its topic and one for each
 * device whose state changed. What changed in the last second before a crash is lost with it.
 */
#include "server/record.h"

#include <string.h>

#include "server/internal.h"

#define WRITE_MS 1000
#define TIME     8 /* bytes */

bool thm_record_kept(const struct thm_server *s)
{
    return s->config.store->durable && s->config.store->records;
}

static void put_time(uint8_t *at, uint64_t time)
{
    for (unsigned i = 0; i < TIME; i++)
        at[i] = (uint8_t)(time >> 8 * i);
}

static uint64_t get_time(const uint8_t *at)
{
    uint64_t time = 0;

    for (unsigned i = 0; i < TIME; i++)
        time |= (uint64_t)at[i] << 8 * i;
    return time;
}

/* --- reading -------------------------------------------------------------------------------- */

static void take_topic(struct stream *st, const uint8_t *value, size_t len)
{
    size_t from = len > TIME ? value[TIME] : 0;

    if (len <= TIME + 1 + from || from > THM_ID_MAX || len - TIME - 1 - from > THM_SHORT_MAX)
        return; /* none, or written by nobody we know */
    st->topic_time = get_time(value);
    thm_slice_copy(st->topic_from, sizeof st->topic_from,
                   (struct thm_slice){(const char *)value + TIME + 1, from});
    thm_slice_copy(
        st->topic, sizeof st->topic,
        (struct thm_slice){(const char *)value + TIME + 1 + from, len - TIME - 1 - from});
}

static size_t state_key(const struct stream *st, const struct state *state,
                        char key[THM_RECORD_KEY])
{
    struct thm_text t;

    thm_text_init(&t, key, THM_RECORD_KEY);
    thm_text_str(&t, st->name);
    thm_text_char(&t, ' ');
    thm_text_str(&t, state->user);
    thm_text_char(&t, '@');
    thm_text_str(&t, state->device);
    return t.len;
}

/* Several who join may read at the same time. All read in the order of keys, so what is up to the last one taken is
 * there already. */
static bool taken_before(const struct thm_server *s, const struct stream *st,
                         const struct thm_record *r)
{
    char last[THM_RECORD_KEY];

    if (st->states.last == 0)
        return false;
    size_t len = state_key(st, state_at(s, st->states.last), last);
    int order = memcmp(r->key, last, len < r->key_len ? len : r->key_len);
    return order < 0 || (order == 0 && r->key_len <= len);
}

/* A state that finds no place stays in the store. */
static void take_state(struct thm_server *s, uint32_t stream, const struct thm_record *r)
{
    struct stream *st = stream_at(s, stream);
    const char *key = (const char *)r->key, *end = key + r->key_len;
    const char *user = memchr(key, ' ', r->key_len);
    const char *at = user != NULL ? memchr(user, '@', (size_t)(end - user)) : NULL;

    if (at == NULL || r->value_len <= TIME || r->value_len - TIME > THM_STATE_MAX ||
        at - user - 1 > THM_ID_MAX || end - at - 1 > THM_ID_MAX || taken_before(s, st, r))
        return;
    uint32_t number = thm_pool_take(&s->states);
    if (number == 0)
        return;
    struct state *state = state_at(s, number);
    thm_slice_copy(state->user, sizeof state->user,
                   (struct thm_slice){user + 1, (size_t)(at - user - 1)});
    thm_slice_copy(state->device, sizeof state->device,
                   (struct thm_slice){at + 1, (size_t)(end - at - 1)});
    state->time = get_time(r->value);
    state->version = ++st->state_version;
    state->len = (uint16_t)(r->value_len - TIME);
    memcpy(state->text, r->value + TIME, state->len);
    thm_list_append(&st->states, state_links(s), number);
    st->state_kept = st->state_version;
}

static void take_states(struct thm_server *s, struct job *j)
{
    struct thm_record r;
    size_t at = 0;

    while (thm_record_next(&j->request, &at, &r)) {
        take_state(s, j->stream[0], &r);
        j->key_len = (uint8_t)r.key_len;
        memcpy(j->text + sizeof j->request.name, r.key, r.key_len);
    }
}

/* What is read, in this order. */
enum { READ_NOTHING, READ_TOPIC, READ_RULES, READ_STATES };

static void take_rules(struct thm_server *s, struct stream *st, const struct job *j)
{
    struct thm_fields record = {.len = (uint16_t)j->request.len};

    if (record.len == 0)
        return; /* it is new, or of a version that had none */
    memcpy(record.text, j->request.buf, record.len);
    st->ruled = true;
    if (thm_rules_read(&st->rules, &record))
        return;
    st->rules.invite_only = true; /* better none in than the wrong ones */
    thm_log_event(s, THM_LOG_ERROR, "room-damaged", NULL, THM_E_STORE, st->name);
}

static void take(struct thm_server *s, struct job *j)
{
    struct stream *st = stream_at(s, j->stream[0]);

    if (j->request.result != THM_OK)
        return;
    if (j->reading == READ_TOPIC)
        take_topic(st, j->request.buf, j->request.len);
    else if (j->reading == READ_RULES)
        take_rules(s, st, j);
    else if (j->reading == READ_STATES)
        take_states(s, j);
}

/* What is read after that. False: nothing. */
static bool read_next(struct job *j)
{
    bool more = j->reading == READ_STATES && j->request.len > 0;

    if (!more)
        j->reading++;
    return j->reading <= READ_STATES;
}

/* The names lie in the job's text, which is not used before there is something to say. */
static void ask(struct job *j, const char *room)
{
    struct thm_store_record *record = &j->request.record;
    size_t len = strlen(room);

    *record = (struct thm_store_record){.key = j->text, .key_len = (uint8_t)len};
    memcpy(j->text, room, len);
    j->request.op = THM_STORE_GET;
    record->kind = j->reading == READ_TOPIC ? THM_KIND_ROOM_RECORD : THM_KIND_RULES_RECORD;
    if (j->reading == READ_STATES) {
        j->text[len] = ' ';
        j->request.op = THM_STORE_LIST;
        record->kind = THM_KIND_STATE_RECORD;
        record->prefix = j->text;
        record->prefix_len = (uint8_t)(len + 1);
        record->key = j->text + sizeof j->request.name;
        record->key_len = j->key_len;
    }
    j->request.buf = j->line;
    j->request.cap = sizeof j->line;
}

bool thm_record_read(struct thm_server *s, struct job *j, bool first)
{
    struct stream *st = stream_at(s, j->stream[0]);

    if (st->read || st->name[0] != '#' || !thm_record_kept(s))
        return false;
    if (first)
        j->reading = READ_NOTHING;
    else
        take(s, j);
    if (!read_next(j)) {
        st->read = true;
        return false;
    }
    ask(j, st->name);
    return true;
}

/* --- writing -------------------------------------------------------------------------------- */

void thm_record_changed(struct thm_server *s, uint32_t number)
{
    struct stream *st = stream_at(s, number);

    if (!thm_record_kept(s) || st->writing)
        return;
    st->writing = true;
    st->write_due = s->now + WRITE_MS;
    st->write_next = 0;
    thm_stream_hold(s, number);
    if (s->write_last != 0)
        stream_at(s, s->write_last)->write_next = number;
    else
        s->write_first = number;
    s->write_last = number;
}

/* The state that changed first of those that are not written; 0: none. */
static uint32_t unwritten(const struct thm_server *s, const struct stream *st)
{
    uint32_t n = st->states.last, found = 0;

    for (; n != 0 && state_at(s, n)->version > st->state_kept; n = state_at(s, n)->link.prev)
        found = n;
    return found;
}

static void fill_topic(const struct stream *st, struct write_job *w)
{
    struct thm_store_record *r = &w->request.record;
    size_t from = strlen(st->topic_from), len = strlen(st->topic);

    r->kind = THM_KIND_ROOM_RECORD;
    r->key_len = (uint8_t)strlen(st->name);
    memcpy(w->key, st->name, r->key_len);
    if (len == 0)
        return;
    put_time(w->value, st->topic_time);
    w->value[TIME] = (uint8_t)from;
    memcpy(w->value + TIME + 1, st->topic_from, from);
    memcpy(w->value + TIME + 1 + from, st->topic, len);
    r->value_len = (uint16_t)(TIME + 1 + from + len);
}

static void fill_state(const struct stream *st, const struct state *state, struct write_job *w)
{
    struct thm_store_record *r = &w->request.record;

    r->kind = THM_KIND_STATE_RECORD;
    r->key_len = (uint8_t)state_key(st, state, w->key);
    if (state->len == 0)
        return;
    put_time(w->value, state->time);
    memcpy(w->value + TIME, state->text, state->len);
    r->value_len = (uint16_t)(TIME + state->len);
}

static struct write_job *free_job(struct thm_server *s)
{
    for (unsigned i = 0; i < WRITE_JOBS; i++)
        if (s->writes[i].stream == 0)
            return &s->writes[i];
    return NULL;
}

/* Hands the store one change of the room. False: there is none, or it takes none now. */
static bool write_one(struct thm_server *s, uint32_t number, struct write_job *w)
{
    struct stream *st = stream_at(s, number);
    uint32_t state = st->topic_unkept ? 0 : unwritten(s, st);

    if (!st->topic_unkept && state == 0)
        return false;
    memset(&w->request, 0, sizeof w->request);
    w->request.op = THM_STORE_PUT;
    w->request.record.key = w->key;
    w->request.record.value = w->value;
    w->request.owner = w;
    w->request.tag = TAG_WRITE;
    w->version = state != 0 ? state_at(s, state)->version : 0;
    if (state != 0)
        fill_state(st, state_at(s, state), w);
    else
        fill_topic(st, w);
    if (s->config.store->ops->submit(s->config.store, &w->request) != THM_OK) {
        s->write_retry = s->now + STORE_RETRY_MS;
        return false;
    }
    if (state != 0)
        st->state_kept = w->version;
    else
        st->topic_unkept = false;
    w->stream = number;
    thm_stream_hold(s, number);
    return true;
}

static bool has_changes(const struct thm_server *s, const struct stream *st)
{
    return st->topic_unkept || unwritten(s, st) != 0;
}

void thm_record_run(struct thm_server *s)
{
    struct write_job *w;

    if (s->write_retry > s->now)
        return;
    s->write_retry = 0;
    while (s->write_first != 0 && (w = free_job(s)) != NULL) {
        uint32_t number = s->write_first;
        struct stream *st = stream_at(s, number);
        if (st->write_due > s->now && !s->stopping)
            return;
        if (write_one(s, number, w))
            continue;
        if (has_changes(s, st))
            return; /* the store's queue is full */
        s->write_first = st->write_next;
        if (s->write_first == 0)
            s->write_last = 0;
        st->writing = false;
        thm_stream_release(s, number);
    }
}

void thm_record_done(struct thm_server *s, struct write_job *w)
{
    struct stream *st = stream_at(s, w->stream);
    uint32_t number = w->stream;

    if (w->request.result == THM_E_STORE) {
        if (w->version == 0)
            st->topic_unkept = !st->closing;
        else if (w->version <= st->state_kept)
            st->state_kept = w->version - 1;
        s->write_retry = s->now + WRITE_MS;
        thm_record_changed(s, number);
    }
    w->stream = 0;
    thm_stream_release(s, number);
}

uint64_t thm_record_deadline(const struct thm_server *s)
{
    if (s->write_retry != 0)
        return s->write_retry;
    for (unsigned i = 0; i < WRITE_JOBS; i++)
        if (s->write_first != 0 && s->writes[i].stream == 0)
            return s->stopping ? s->now : stream_at(s, s->write_first)->write_due;
    return 0;
}

bool thm_record_idle(const struct thm_server *s)
{
    for (unsigned i = 0; i < WRITE_JOBS; i++)
        if (s->writes[i].stream != 0)
            return false;
    return s->write_first == 0;
}
