#include "stream/senders.h"

#include <string.h>

struct thm_sender_record {
    struct thm_sender from;
    uint64_t last; /* the highest csn taken */
    uint32_t stream;
    uint32_t taken;         /* bit i: csn last - i was taken */
    uint32_t n[THM_WINDOW]; /* n[csn % THM_WINDOW]: the low half of what it became */
};

_Static_assert(THM_WINDOW <= 32, "a bit of `taken` for each csn of the window");

struct pair {
    const struct thm_senders *senders;
    uint64_t device;
    uint32_t stream;
};

static bool same_pair(const void *ctx, uint32_t value)
{
    const struct pair *pair = ctx;
    const struct thm_sender_record *record = &pair->senders->records[value];

    return record->from.device == pair->device && record->stream == pair->stream;
}

static uint64_t pair_hash(const struct thm_senders *senders, uint64_t device, uint32_t stream)
{
    uint8_t bytes[12];

    memcpy(bytes, &device, 8);
    memcpy(bytes + 8, &stream, 4);
    return thm_hash(&senders->key, bytes, sizeof bytes);
}

size_t thm_senders_size(uint32_t cap)
{
    return cap * sizeof(struct thm_sender_record) + thm_index_size(cap) + thm_order_size(cap, 1);
}

void thm_senders_init(struct thm_senders *senders, void *memory, uint32_t cap,
                      const struct thm_hash_key *key)
{
    uint8_t *index = (uint8_t *)memory + cap * sizeof(struct thm_sender_record);

    *senders = (struct thm_senders){.records = memory, .key = *key, .cap = cap};
    thm_index_init(&senders->index, index, cap);
    thm_order_init(&senders->order, index + thm_index_size(cap), cap, 1);
}

static uint32_t find_record(const struct thm_senders *senders, uint32_t stream, uint64_t device)
{
    struct pair pair = {senders, device, stream};

    return thm_index_find(&senders->index, pair_hash(senders, device, stream), same_pair, &pair);
}

/* The record of this very client, or NULL. */
static const struct thm_sender_record *find_client(const struct thm_senders *senders,
                                                   uint32_t stream, const struct thm_sender *from)
{
    uint32_t at = find_record(senders, stream, from->device);

    if (at == THM_INDEX_NONE || senders->records[at].from.client != from->client)
        return NULL;
    return &senders->records[at];
}

/* A record for a pair that has none. */
static uint32_t add_record(struct thm_senders *senders, uint32_t stream, uint64_t device)
{
    uint32_t at = senders->fresh;

    if (at < senders->cap) {
        senders->fresh++;
        thm_order_add(&senders->order, 0, at);
    } else {
        at = thm_order_oldest(&senders->order, 0);
        const struct thm_sender_record *old = &senders->records[at];
        thm_index_remove(&senders->index, pair_hash(senders, old->from.device, old->stream), at);
    }
    senders->records[at] = (struct thm_sender_record){.from = {.device = device}, .stream = stream};
    thm_index_add(&senders->index, pair_hash(senders, device, stream), at);
    return at;
}

void thm_senders_take(struct thm_senders *senders, uint32_t stream, const struct thm_sender *from,
                      uint64_t csn, uint64_t n)
{
    uint32_t at = find_record(senders, stream, from->device);
    struct thm_sender_record *record;
    uint64_t advance;

    if (at == THM_INDEX_NONE)
        at = add_record(senders, stream, from->device);
    thm_order_touch(&senders->order, 0, at);
    record = &senders->records[at];
    if (record->from.client != from->client) {
        record->from.client = from->client;
        record->last = 0;
        record->taken = 0;
    }
    advance = csn - record->last;
    record->taken = (advance < 32 ? record->taken << advance : 0) | 1;
    record->last = csn;
    record->n[csn % THM_WINDOW] = (uint32_t)n;
}

uint64_t thm_senders_last(const struct thm_senders *senders, uint32_t stream,
                          const struct thm_sender *from)
{
    const struct thm_sender_record *record = find_client(senders, stream, from);

    return record != NULL ? record->last : 0;
}

uint64_t thm_senders_find(const struct thm_senders *senders, uint32_t stream,
                          const struct thm_sender *from, uint64_t csn, uint64_t head)
{
    const struct thm_sender_record *record = find_client(senders, stream, from);
    uint64_t behind;

    if (record == NULL || csn > record->last)
        return 0;
    behind = record->last - csn;
    if (behind >= THM_WINDOW || (record->taken >> behind & 1) == 0)
        return 0;
    return head - (uint32_t)((uint32_t)head - record->n[csn % THM_WINDOW]);
}
