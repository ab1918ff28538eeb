/*
 * What each stream took from each device. A csn lies with its entry; the table of senders is what the entries up to
 * `streams.senders` came to, written once for many. A sender is what the table has of it and its entries since;
 * in memory, as far as there is room, as it is.
 */
#include <stdlib.h>

#include "internal.h"

/* Entries by which the table may stay behind: read for each sender who is not in memory, against a few pages written
 * for all of them. 257, unless a test has little of `recent`. */
#define BEHIND_MAX(s) ((s)->config.recent / 4096 + 1)

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

/* Adds what an entry says. */
static void take(struct sender *sender, uint64_t client, uint64_t csn, uint64_t n)
{
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
}

/* Reads what the table has of a device in a stream; zeros when it has nothing. */
static bool read_row(struct sqlite_store *s, struct sender *sender)
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

/* Reads what the database has: the table, and the entries since. */
static bool load(struct sqlite_store *s, struct sender *sender, const struct extent *x)
{
    uint64_t before = thm_sql_key(sender->stream, 0);
    int got = 0;

    if (!read_row(s, sender))
        return false;
    if (x->senders >= x->head)
        return true;
    thm_sql_int(s, Q_ENTRY_SENDER, 1, before + x->senders + 1);
    thm_sql_int(s, Q_ENTRY_SENDER, 2, before + x->head);
    thm_sql_int(s, Q_ENTRY_SENDER, 3, sender->from.device);
    while ((got = thm_sql_row(s, Q_ENTRY_SENDER)) > 0)
        take(sender, thm_sql_column(s, Q_ENTRY_SENDER, 1), thm_sql_column(s, Q_ENTRY_SENDER, 2),
             thm_sql_column(s, Q_ENTRY_SENDER, 0) - before);
    return got == 0;
}

static bool write_row(struct sqlite_store *s, const struct sender *sender)
{
    uint8_t numbers[4 * THM_WINDOW];

    pack(sender, numbers);
    thm_sql_int(s, Q_SENDER_SET, 1, (uint64_t)sender->stream);
    thm_sql_int(s, Q_SENDER_SET, 2, sender->from.device);
    thm_sql_int(s, Q_SENDER_SET, 3, sender->from.client);
    thm_sql_int(s, Q_SENDER_SET, 4, sender->last);
    thm_sql_int(s, Q_SENDER_SET, 5, sender->taken);
    thm_sql_blob(s, Q_SENDER_SET, 6, numbers, sizeof numbers);
    return thm_sql_run(s, Q_SENDER_SET);
}

/* A slot that is in use by none: the longest unused one. */
static struct sender *take_slot(struct senders *t)
{
    struct sender *sender;

    if (t->fresh < t->cap) {
        thm_order_add(&t->order, 0, t->fresh);
        return &t->slots[t->fresh++];
    }
    sender = &t->slots[thm_order_oldest(&t->order, 0)];
    t->spilled |= sender->dirty;
    if (sender->used)
        forget(t, sender);
    return sender;
}

static struct sender *find(const struct senders *t, int64_t stream, uint64_t device, uint64_t hash)
{
    struct pair pair = {t, stream, device};
    uint32_t at = thm_index_find(&t->index, hash, same_pair, &pair);

    return at != THM_INDEX_NONE ? &t->slots[at] : NULL;
}

struct sender *thm_sql_sender(struct sqlite_store *s, const struct stream *stream, uint64_t device)
{
    struct senders *t = &s->senders;
    uint64_t hash = pair_hash(t, stream->row, device);
    struct sender *sender = find(t, stream->row, device, hash);

    if (sender == NULL) {
        sender = take_slot(t);
        *sender = (struct sender){.stream = stream->row, .from = {.device = device}};
        if (!load(s, sender, &stream->now))
            return NULL;
        sender->used = true;
        thm_index_add(&t->index, hash, (uint32_t)(sender - t->slots));
    }
    thm_order_touch(&t->order, 0, (uint32_t)(sender - t->slots));
    return sender;
}

uint64_t thm_sql_sender_last(const struct sender *sender, uint64_t client)
{
    return sender->from.client == client ? sender->last : 0;
}

void thm_sql_sender_take(struct sqlite_store *s, struct sender *sender, uint64_t client,
                         uint64_t csn, uint64_t n)
{
    struct senders *t = &s->senders;

    take(sender, client, csn, n);
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

/* Who is in memory is written as it is; of the others what the table has and this entry. */
static bool keep_one(struct sqlite_store *s, int64_t row, uint64_t n)
{
    struct senders *t = &s->senders;
    uint64_t device = thm_sql_column(s, Q_ENTRY_SENDERS, 1);
    struct sender *known = find(t, row, device, pair_hash(t, row, device));
    struct sender other = {.stream = row, .from = {.device = device}};

    if (known != NULL) {
        bool again = known->written == t->settlings;
        known->written = t->settlings;
        return again || write_row(s, known);
    }
    if (!read_row(s, &other))
        return false;
    take(&other, thm_sql_column(s, Q_ENTRY_SENDERS, 2), thm_sql_column(s, Q_ENTRY_SENDERS, 3), n);
    return write_row(s, &other);
}

bool thm_sql_senders_keep(struct sqlite_store *s, int64_t row, struct extent *x, uint64_t drop)
{
    uint64_t before = thm_sql_key(row, 0);
    bool good = true;
    int got = 0;

    if (x->head - x->senders < BEHIND_MAX(s) && drop <= x->senders)
        return true;
    s->senders.settlings++;
    thm_sql_int(s, Q_ENTRY_SENDERS, 1, before + x->senders + 1);
    thm_sql_int(s, Q_ENTRY_SENDERS, 2, before + x->head);
    while (good && (got = thm_sql_row(s, Q_ENTRY_SENDERS)) > 0)
        good = keep_one(s, row, thm_sql_column(s, Q_ENTRY_SENDERS, 0) - before);
    if (got > 0)
        thm_sql_reset(s, Q_ENTRY_SENDERS);
    x->senders = x->head;
    return good && got == 0;
}

/* What an undone transaction had changed is read anew. A dirty one that made room may have been read again since, to any
 * place: then all go. */
void thm_sql_senders_settle(struct senders *t, bool undo)
{
    for (uint32_t i = 0; i < t->dirties; i++) {
        struct sender *sender = &t->slots[t->dirty[i]];
        if (undo && sender->used)
            forget(t, sender);
        sender->dirty = false;
    }
    for (uint32_t at = 0; undo && t->spilled && at < t->fresh; at++)
        if (t->slots[at].used)
            forget(t, &t->slots[at]);
    t->dirties = 0;
    t->spilled = false;
}
