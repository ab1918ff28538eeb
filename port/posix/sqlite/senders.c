/*
 * What each stream took from each device, in memory as far as there is room: written once a transaction,
 * read when it is asked for again.
 */
#include <stdlib.h>

#include "internal.h"

_Static_assert(THM_WINDOW <= 32, "a bit of `taken` for each csn of the window");

bool thm_sql_senders_init(struct sqlite_store *s)
{
    struct senders *t = &s->senders;
    uint32_t cap = s->config.senders;

    t->cap = cap;
    t->key = (struct thm_hash_key){thm_sql_random(s), 2};
    t->slots = calloc(cap, sizeof *t->slots);
    t->dirty = calloc(2 * (size_t)s->config.batch, sizeof *t->dirty);
    t->index.slots = malloc(thm_index_size(cap));
    t->order.links = malloc(thm_order_size(cap, 1));
    if (t->slots == NULL || t->dirty == NULL || t->index.slots == NULL || t->order.links == NULL)
        return false;
    thm_index_init(&t->index, t->index.slots, cap);
    thm_order_init(&t->order, t->order.links, cap, 1);
    return true;
}

void thm_sql_senders_free(struct senders *t)
{
    free(t->slots);
    free(t->dirty);
    free(t->index.slots);
    free(t->order.links);
}

struct pair {
    const struct senders *senders;
    int64_t stream;
    uint64_t device;
};

static bool same_pair(const void *ctx, uint32_t value)
{
    const struct pair *pair = ctx;
    const struct sender *sender = &pair->senders->slots[value];

    return sender->from.device == pair->device && sender->stream == pair->stream;
}

static uint64_t pair_hash(const struct senders *t, int64_t stream, uint64_t device)
{
    uint64_t both[2] = {(uint64_t)stream, device};

    return thm_hash(&t->key, both, sizeof both);
}

static void forget(struct senders *t, struct sender *sender)
{
    thm_index_remove(&t->index, pair_hash(t, sender->stream, sender->from.device),
                     (uint32_t)(sender - t->slots));
    sender->used = sender->dirty = false;
}

/* The numbers as the database has them: little endian on every machine. */
static void pack(const struct sender *sender, uint8_t bytes[4 * THM_WINDOW])
{
    for (size_t i = 0; i < 4 * THM_WINDOW; i++)
        bytes[i] = (uint8_t)(sender->n[i / 4] >> 8 * (i % 4));
}

static void unpack(struct sender *sender, const uint8_t bytes[4 * THM_WINDOW])
{
    for (size_t i = 0; i < 4 * THM_WINDOW; i++)
        sender->n[i / 4] |= (uint32_t)bytes[i] << 8 * (i % 4);
}

/* Reads what the database has of a device in a stream; zeros when it has nothing. */
static bool load(struct sqlite_store *s, struct sender *sender)
{
    sqlite3_stmt *q = s->statements[Q_SENDER_GET];
    int got;

    thm_sql_int(s, Q_SENDER_GET, 1, (uint64_t)sender->stream);
    thm_sql_int(s, Q_SENDER_GET, 2, sender->from.device);
    got = thm_sql_row(s, Q_SENDER_GET);
    if (got <= 0)
        return got == 0;
    sender->from.client = thm_sql_column(s, Q_SENDER_GET, 0);
    sender->last = thm_sql_column(s, Q_SENDER_GET, 1);
    sender->taken = (uint32_t)thm_sql_column(s, Q_SENDER_GET, 2);
    if (sqlite3_column_bytes(q, 3) == 4 * THM_WINDOW)
        unpack(sender, sqlite3_column_blob(q, 3));
    else
        sender->taken = 0; /* of a build with another window */
    thm_sql_reset(s, Q_SENDER_GET);
    return true;
}

static bool write(struct sqlite_store *s, struct sender *sender)
{
    uint8_t numbers[4 * THM_WINDOW];

    pack(sender, numbers);
    thm_sql_int(s, Q_SENDER_SET, 1, (uint64_t)sender->stream);
    thm_sql_int(s, Q_SENDER_SET, 2, sender->from.device);
    thm_sql_int(s, Q_SENDER_SET, 3, sender->from.client);
    thm_sql_int(s, Q_SENDER_SET, 4, sender->last);
    thm_sql_int(s, Q_SENDER_SET, 5, sender->taken);
    thm_sql_blob(s, Q_SENDER_SET, 6, numbers, sizeof numbers);
    sender->dirty = false;
    return thm_sql_run(s, Q_SENDER_SET);
}

/* A slot that is in use by none: the longest unused one, written if need be. */
static struct sender *take_slot(struct sqlite_store *s)
{
    struct senders *t = &s->senders;
    struct sender *sender;

    if (t->fresh < t->cap) {
        thm_order_add(&t->order, 0, t->fresh);
        return &t->slots[t->fresh++];
    }
    sender = &t->slots[thm_order_oldest(&t->order, 0)];
    if (sender->dirty) {
        t->spilled = true;
        if (!write(s, sender))
            return NULL;
    }
    if (sender->used)
        forget(t, sender);
    return sender;
}

struct sender *thm_sql_sender(struct sqlite_store *s, int64_t stream, uint64_t device)
{
    struct senders *t = &s->senders;
    struct pair pair = {t, stream, device};
    uint64_t hash = pair_hash(t, stream, device);
    uint32_t at = thm_index_find(&t->index, hash, same_pair, &pair);
    struct sender *sender;

    if (at == THM_INDEX_NONE) {
        sender = take_slot(s);
        if (sender == NULL)
            return NULL;
        *sender = (struct sender){.stream = stream, .from = {.device = device}};
        if (!load(s, sender))
            return NULL;
        sender->used = true;
        at = (uint32_t)(sender - t->slots);
        thm_index_add(&t->index, hash, at);
    }
    thm_order_touch(&t->order, 0, at);
    return &t->slots[at];
}

uint64_t thm_sql_sender_last(const struct sender *sender, uint64_t client)
{
    return sender->from.client == client ? sender->last : 0;
}

void thm_sql_sender_take(struct sqlite_store *s, struct sender *sender, uint64_t client,
                         uint64_t csn, uint64_t n)
{
    struct senders *t = &s->senders;
    uint64_t advance;

    if (sender->from.client != client) {
        sender->from.client = client;
        sender->last = 0;
        sender->taken = 0;
    }
    advance = csn - sender->last;
    sender->taken = (advance < 32 ? sender->taken << advance : 0) | 1;
    sender->last = csn;
    sender->n[csn % THM_WINDOW] = (uint32_t)n;
    if (!sender->dirty) {
        sender->dirty = true;
        t->dirty[t->dirties++] = (uint32_t)(sender - t->slots);
    }
}

uint64_t thm_sql_sender_find(const struct sender *sender, uint64_t client, uint64_t csn,
                             uint64_t head)
{
    uint64_t behind = sender->last - csn;

    if (csn == 0 || csn > thm_sql_sender_last(sender, client))
        return 0;
    if (behind >= THM_WINDOW || (sender->taken >> behind & 1) == 0)
        return 0;
    return head - (uint32_t)((uint32_t)head - sender->n[csn % THM_WINDOW]);
}

bool thm_sql_senders_write(struct sqlite_store *s)
{
    struct senders *t = &s->senders;

    for (uint32_t i = 0; i < t->dirties; i++) {
        struct sender *sender = &t->slots[t->dirty[i]];
        if (sender->dirty && !write(s, sender))
            return false;
    }
    return true;
}

/* What an undone transaction had changed is read anew. What had been written for want of room may have been read
 * again since, to any place: then all go. */
void thm_sql_senders_settle(struct senders *t, bool undo)
{
    for (uint32_t i = 0; undo && i < t->dirties; i++)
        if (t->slots[t->dirty[i]].used)
            forget(t, &t->slots[t->dirty[i]]);
    for (uint32_t at = 0; undo && t->spilled && at < t->fresh; at++)
        if (t->slots[at].used)
            forget(t, &t->slots[at]);
    t->dirties = 0;
    t->spilled = false;
}
