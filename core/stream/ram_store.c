/*
 * The RAM store: logs over a pool of their own, found by name.
 *
 * A request is carried out when it is submitted and handed out by a later collect: by the next one, unless
 * the fault hook delays it. Whatever touches a stream comes out no earlier than what was submitted for
 * that stream before.
 */
#include "thimble/stream.h"

#include <string.h>

#include "stream/order.h"
#include "stream/records.h"
#include "stream/senders.h"
#include "util/hash.h"

struct stream {
    struct thm_log log;
    uint64_t incarnation;
    uint64_t due;                    /* the turn in which its latest request comes out */
    struct thm_store_request *broke; /* the failed append, not collected yet, that left a hole */
    uint32_t generation;             /* which use of the slot this is */
    bool open;                       /* opened and not released: it stays */
    char name[THM_ROOM_MAX + 1];
};

/* The orders of use that streams are in; the first ones make room first, those that are open never. */
enum { NEVER_WRITTEN, ROOMS, INBOXES, OPEN, ORDERS };

struct ram_store {
    struct thm_store store;
    struct thm_ram_store_config config;
    struct thm_hash_key name_key, incarnation_key;
    uint64_t incarnations; /* drawn so far */
    struct thm_blocks *pool;
    struct stream *streams;
    uint32_t fresh;     /* slots that were ever in use */
    uint32_t slot_bits; /* of an id; the generation has the others */
    struct thm_index names;
    struct thm_order order;
    struct thm_senders senders;
    struct thm_records records;
    struct thm_store_request *put_broke; /* the failed PUT that was not collected yet */
    uint64_t put_due, latest_due;        /* the turns of the latest PUT and of the latest of all */
    uint64_t turn;                       /* collects so far */
    struct thm_store_request *first;     /* the submitted, in order */
    struct thm_store_request **end;
};

/* --- streams --- */

/* The slot counts from 1 in an id, so that no id is 0. */
static uint32_t id_of(const struct ram_store *s, const struct stream *stream)
{
    return stream->generation << s->slot_bits | ((uint32_t)(stream - s->streams) + 1);
}

/* NULL when the id is stale or was never one. */
static struct stream *stream_of(const struct ram_store *s, uint32_t id)
{
    uint32_t slot = (id & ((1u << s->slot_bits) - 1)) - 1;

    if (slot >= s->fresh || id_of(s, &s->streams[slot]) != id)
        return NULL;
    return &s->streams[slot];
}

static uint32_t order_of(const struct stream *stream)
{
    if (stream->open)
        return OPEN;
    if (stream->log.head == 0)
        return NEVER_WRITTEN;
    return stream->name[0] == '@' ? INBOXES : ROOMS;
}

static void touch(struct ram_store *s, const struct stream *stream)
{
    thm_order_touch(&s->order, order_of(stream), (uint32_t)(stream - s->streams));
}

struct wanted_name {
    const struct ram_store *store;
    const char *name;
};

static bool same_name(const void *ctx, uint32_t value)
{
    const struct wanted_name *wanted = ctx;

    return strcmp(wanted->store->streams[value].name, wanted->name) == 0;
}

static uint64_t name_hash(const struct ram_store *s, const char *name)
{
    return thm_hash(&s->name_key, name, strlen(name));
}

static struct stream *find_stream(const struct ram_store *s, const char *name)
{
    struct wanted_name wanted = {s, name};
    uint32_t slot = thm_index_find(&s->names, name_hash(s, name), same_name, &wanted);

    return slot != THM_INDEX_NONE ? &s->streams[slot] : NULL;
}

static uint64_t draw_incarnation(struct ram_store *s)
{
    uint64_t drawn;

    do {
        s->incarnations++;
        drawn = thm_hash(&s->incarnation_key, &s->incarnations, sizeof s->incarnations);
    } while (drawn == 0);
    return drawn;
}

/* A slot for a new stream: untouched, or that of the stream that matters least; NONE: all are open. */
static uint32_t take_slot(struct ram_store *s)
{
    uint32_t slot;
    struct stream *stream;

    if (s->fresh < s->config.streams) {
        slot = s->fresh++;
        s->streams[slot].generation = 0;
        thm_order_add(&s->order, NEVER_WRITTEN, slot);
        return slot;
    }
    slot = THM_ORDER_NONE;
    for (uint32_t order = NEVER_WRITTEN; order < OPEN && slot == THM_ORDER_NONE; order++)
        slot = thm_order_oldest(&s->order, order);
    if (slot == THM_ORDER_NONE)
        return THM_ORDER_NONE;
    stream = &s->streams[slot];
    thm_log_release(&stream->log);
    thm_index_remove(&s->names, name_hash(s, stream->name), slot);
    return slot;
}

static struct stream *add_stream(struct ram_store *s, const char *name)
{
    uint32_t slot = take_slot(s), generation;
    struct stream *stream;

    if (slot == THM_ORDER_NONE)
        return NULL;
    stream = &s->streams[slot];
    generation = stream->generation + 1;

    *stream = (struct stream){.generation = generation, .incarnation = draw_incarnation(s)};
    memcpy(stream->name, name, strlen(name) + 1);
    thm_log_init(&stream->log, s->pool, 0);
    thm_index_add(&s->names, name_hash(s, name), slot);
    return stream;
}

/* --- what requests do; each returns its result --- */

static void report(const struct stream *stream, struct thm_store_request *r)
{
    r->incarnation = stream->incarnation;
    r->first = stream->log.first;
    r->head = stream->log.head;
}

static int do_open(struct ram_store *s, struct thm_store_request *r)
{
    struct stream *stream = stream_of(s, r->stream);

    if (stream == NULL) {
        stream = add_stream(s, r->name);
        if (stream == NULL)
            return THM_E_LIMIT;
        r->stream = id_of(s, stream);
    }
    stream->open = true;
    touch(s, stream);
    report(stream, r);
    return THM_OK;
}

/* Whether an append may follow `before`, which goes first in the same transaction, or NULL. */
static int check_append(const struct ram_store *s, const struct thm_store_append *a,
                        const struct thm_store_append *before)
{
    const struct stream *stream = stream_of(s, a->stream);
    bool same_stream = before != NULL && before->stream == a->stream;
    uint64_t last;

    if (stream == NULL)
        return THM_E_STATE;
    if (stream->broke != NULL)
        return THM_E_STORE;
    if (a->entry.n != stream->log.head + (same_stream ? 2 : 1) || a->entry.len > THM_LINE_MAX)
        return THM_E_STATE;
    if (a->csn == 0)
        return THM_OK;
    last = thm_senders_last(&s->senders, a->stream, &a->sender);
    if (same_stream && before->csn != 0 && before->sender.device == a->sender.device)
        last = before->csn;
    return a->csn > last ? THM_OK : THM_E_STATE;
}

static void apply_append(struct ram_store *s, const struct thm_store_append *a)
{
    struct stream *stream = stream_of(s, a->stream);

    (void)thm_log_append(&stream->log, &a->entry);
    if (a->csn != 0)
        thm_senders_take(&s->senders, a->stream, &a->sender, a->csn, a->entry.n);
    touch(s, stream);
}

static int do_append(struct ram_store *s, struct thm_store_request *r)
{
    for (unsigned i = 0; i < r->appends; i++) {
        int result = check_append(s, &r->append[i], i > 0 ? &r->append[i - 1] : NULL);
        if (result != THM_OK)
            return result;
    }
    for (unsigned i = 0; i < r->appends; i++)
        apply_append(s, &r->append[i]);
    report(stream_of(s, r->append[0].stream), r);
    return THM_OK;
}

static int do_read(struct ram_store *s, struct thm_store_request *r)
{
    struct stream *stream = stream_of(s, r->stream);
    struct thm_log_place place = {0};
    struct thm_entry e;
    uint64_t n;

    r->len = 0;
    if (stream == NULL)
        return THM_E_STATE;
    touch(s, stream);
    report(stream, r);
    n = r->from > r->first ? r->from : r->first;
    for (unsigned i = 0; i < r->max && thm_log_get(&stream->log, n, &place, &e); i++, n++)
        if (!thm_read_put(r, &e))
            break;
    return THM_OK;
}

static int do_find(struct ram_store *s, struct thm_store_request *r)
{
    struct stream *stream = stream_of(s, r->stream);

    if (stream == NULL)
        return THM_E_STATE;
    touch(s, stream);
    r->last_csn = thm_senders_last(&s->senders, r->stream, &r->sender);
    r->n = thm_senders_find(&s->senders, r->stream, &r->sender, r->csn, stream->log.head);
    return THM_OK;
}

static int do_empty(struct ram_store *s, const struct thm_store_request *r)
{
    struct stream *stream = stream_of(s, r->stream);

    if (stream == NULL)
        return THM_E_STATE;
    uint64_t head = stream->log.head;
    thm_log_release(&stream->log);
    thm_log_init(&stream->log, s->pool, head);
    touch(s, stream);
    return THM_OK;
}

static int do_record(struct ram_store *s, struct thm_store_request *r)
{
    if (!thm_record_valid(r))
        return THM_E_STATE;
    if (r->op == THM_STORE_PUT)
        return s->put_broke != NULL ? THM_E_STORE : thm_records_put(&s->records, &r->record);
    if (r->op == THM_STORE_GET)
        thm_records_get(&s->records, r);
    else
        thm_records_list(&s->records, r);
    return THM_OK;
}

static int carry_out(struct ram_store *s, struct thm_store_request *r)
{
    switch (r->op) {
    case THM_STORE_OPEN: return do_open(s, r);
    case THM_STORE_APPEND: return do_append(s, r);
    case THM_STORE_READ: return do_read(s, r);
    case THM_STORE_EMPTY: return do_empty(s, r);
    case THM_STORE_FIND: return do_find(s, r);
    case THM_STORE_GET:
    case THM_STORE_PUT:
    case THM_STORE_LIST: return do_record(s, r);
    }
    return THM_E_STATE;
}

/* --- the queue of requests --- */

/* The streams that a request touches, which are there: 0 to 2. */
static unsigned touched(const struct ram_store *s, const struct thm_store_request *r,
                        struct stream *streams[2])
{
    unsigned count = r->op == THM_STORE_APPEND ? r->appends : 1;
    unsigned found = 0;

    if (r->op >= THM_STORE_GET)
        return 0;
    for (unsigned i = 0; i < count; i++) {
        uint32_t id = r->op == THM_STORE_APPEND ? r->append[i].stream : r->stream;
        streams[found] = stream_of(s, id);
        if (streams[found] != NULL)
            found++;
    }
    return found;
}

/* In which turn it comes out: no earlier than what it must not overtake. */
static void set_due(struct ram_store *s, struct thm_store_request *r, unsigned wait,
                    struct stream *const *streams, unsigned count)
{
    r->due = s->turn + 1 + wait;
    if (r->due < s->put_due)
        r->due = s->put_due;
    if (r->op == THM_STORE_PUT && r->due < s->latest_due)
        r->due = s->latest_due;
    for (unsigned i = 0; i < count; i++)
        if (streams[i]->due > r->due)
            r->due = streams[i]->due;
    for (unsigned i = 0; i < count; i++)
        streams[i]->due = r->due;
    if (r->op == THM_STORE_PUT)
        s->put_due = r->due;
    if (s->latest_due < r->due)
        s->latest_due = r->due;
}

static int submit(struct thm_store *store, struct thm_store_request *r)
{
    struct ram_store *s = (void *)store;
    struct stream *streams[2];
    unsigned count, wait = 0;

    if (r->op == THM_STORE_OPEN) {
        const struct stream *known = find_stream(s, r->name);
        r->stream = known != NULL ? id_of(s, known) : 0;
    }
    r->result = THM_OK;
    if (s->config.fault != NULL)
        wait = s->config.fault(s->config.fault_ctx, r, &r->result);
    if (r->result == THM_OK)
        r->result = carry_out(s, r);

    count = touched(s, r, streams);
    set_due(s, r, wait, streams, count);
    for (unsigned i = 0; i < count; i++)
        if (r->op == THM_STORE_APPEND && r->result == THM_E_STORE && streams[i]->broke == NULL)
            streams[i]->broke = r;
    if (r->op == THM_STORE_PUT && r->result == THM_E_STORE && s->put_broke == NULL)
        s->put_broke = r;
    r->next = NULL;
    *s->end = r;
    s->end = &r->next;
    return THM_OK;
}

static void mend(struct ram_store *s, const struct thm_store_request *r)
{
    struct stream *streams[2];
    unsigned count = touched(s, r, streams);

    for (unsigned i = 0; i < count; i++)
        if (streams[i]->broke == r)
            streams[i]->broke = NULL;
    if (s->put_broke == r)
        s->put_broke = NULL;
}

static unsigned collect(struct thm_store *store, struct thm_store_request **done, unsigned cap)
{
    struct ram_store *s = (void *)store;
    struct thm_store_request **at = &s->first;
    unsigned count = 0;

    s->turn++;
    while (*at != NULL && count < cap) {
        struct thm_store_request *r = *at;
        if (r->due > s->turn) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        if (s->end == &r->next)
            s->end = at;
        mend(s, r);
        done[count++] = r;
    }
    return count;
}

static void release(struct thm_store *store, uint32_t id)
{
    struct ram_store *s = (void *)store;
    struct stream *stream = stream_of(s, id);

    if (stream == NULL)
        return;
    stream->open = false;
    touch(s, stream);
}

/* --- the store --- */

/* Where its parts lie, in bytes from the start of the memory. */
struct layout {
    size_t streams, names, order, senders, records, pool, end;
};

static size_t place(size_t *at, size_t size)
{
    size_t placed = *at;

    *at = (placed + size + 15) & ~(size_t)15;
    return placed;
}

static struct layout lay_out(const struct thm_ram_store_config *config)
{
    struct layout l;
    size_t at = 0;

    (void)place(&at, sizeof(struct ram_store));
    l.streams = place(&at, config->streams * sizeof(struct stream));
    l.names = place(&at, thm_index_size(config->streams));
    l.order = place(&at, thm_order_size(config->streams, ORDERS));
    l.senders = place(&at, thm_senders_size(config->senders));
    l.records = place(&at, thm_records_size(config->records));
    l.pool = place(&at, thm_blocks_size(config->blocks));
    l.end = at;
    return l;
}

size_t thm_ram_store_size(const struct thm_ram_store_config *config)
{
    return lay_out(config).end;
}

static bool in_range(uint32_t value, uint32_t most)
{
    return value >= 1 && value <= most;
}

int thm_ram_store_init(struct thm_store **out, void *memory, size_t size,
                       const struct thm_ram_store_config *config)
{
    static const struct thm_store_ops ops = {submit, collect, release};
    struct ram_store *s = memory;
    uint8_t *base = memory;
    struct thm_hash_key sender_key = {config->seed, 3};
    struct layout l;

    if (!in_range(config->blocks, 1u << 20) || !in_range(config->streams, 1u << 20) ||
        !in_range(config->senders, 1u << 24) || config->records > 1u << 20)
        return THM_E_CONFIG;
    l = lay_out(config);
    if (size < l.end)
        return THM_E_MEMORY;
    *s =
        (struct ram_store){.store = {.ops = &ops, .durable = false, .records = config->records > 0},
                           .config = *config,
                           .name_key = {config->seed, 1},
                           .incarnation_key = {config->seed, 2},
                           .streams = (struct stream *)(void *)(base + l.streams)};
    while (config->streams >> s->slot_bits != 0)
        s->slot_bits++;
    s->end = &s->first;
    thm_index_init(&s->names, base + l.names, config->streams);
    thm_order_init(&s->order, base + l.order, config->streams, ORDERS);
    thm_senders_init(&s->senders, base + l.senders, config->senders, &sender_key);
    thm_records_init(&s->records, base + l.records, config->records);
    *out = &s->store;
    return thm_blocks_init(&s->pool, base + l.pool, size - l.pool, config->blocks);
}
