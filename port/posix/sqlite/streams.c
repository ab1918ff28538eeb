/*
 * Streams in memory: all that are open, and of the others those used last.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

bool thm_sql_streams_init(struct sqlite_store *s)
{
    struct streams *t = &s->streams;
    uint32_t cap = s->config.streams;

    t->cap = cap;
    t->key = (struct thm_hash_key){thm_sql_random(s), 1};
    while (cap >> t->slot_bits != 0)
        t->slot_bits++;
    t->slots = calloc(cap, sizeof *t->slots);
    t->dirty = calloc(cap, sizeof *t->dirty);
    t->names.slots = malloc(thm_index_size(cap));
    t->order.links = malloc(thm_order_size(cap, ORDERS));
    if (t->slots == NULL || t->dirty == NULL || t->names.slots == NULL || t->order.links == NULL)
        return false;
    thm_index_init(&t->names, t->names.slots, cap);
    thm_order_init(&t->order, t->order.links, cap, ORDERS);
    return true;
}

void thm_sql_streams_free(struct streams *t)
{
    free(t->slots);
    free(t->dirty);
    free(t->names.slots);
    free(t->order.links);
}

static uint32_t slot_of(const struct streams *t, const struct stream *stream)
{
    return (uint32_t)(stream - t->slots);
}

/* The slot counts from 1 in an id, so that no id is 0. */
uint32_t thm_sql_stream_id(const struct streams *t, const struct stream *stream)
{
    return stream->generation << t->slot_bits | (slot_of(t, stream) + 1);
}

struct stream *thm_sql_stream(const struct streams *t, uint32_t id)
{
    uint32_t slot = (id & ((1u << t->slot_bits) - 1)) - 1;

    if (slot >= t->fresh || !t->slots[slot].used || thm_sql_stream_id(t, &t->slots[slot]) != id)
        return NULL;
    return &t->slots[slot];
}

struct wanted {
    const struct streams *streams;
    const char *name;
};

static bool same_name(const void *ctx, uint32_t value)
{
    const struct wanted *wanted = ctx;

    return strcmp(wanted->streams->slots[value].name, wanted->name) == 0;
}

static uint64_t name_hash(const struct streams *t, const char *name)
{
    return thm_hash(&t->key, name, strlen(name));
}

struct stream *thm_sql_stream_find(const struct streams *t, const char *name)
{
    struct wanted wanted = {t, name};
    uint32_t slot = thm_index_find(&t->names, name_hash(t, name), same_name, &wanted);

    return slot != THM_INDEX_NONE ? &t->slots[slot] : NULL;
}

void thm_sql_stream_forget(struct streams *t, struct stream *stream)
{
    thm_index_remove(&t->names, name_hash(t, stream->name), slot_of(t, stream));
    stream->used = stream->dirty = stream->fresh = false;
    thm_order_touch(&t->order, RELEASED, slot_of(t, stream));
}

struct stream *thm_sql_stream_add(struct streams *t, const char *name)
{
    uint32_t slot, generation;
    struct stream *stream;

    if (t->fresh < t->cap) {
        slot = t->fresh++;
        thm_order_add(&t->order, RELEASED, slot);
    } else {
        slot = thm_order_oldest(&t->order, RELEASED);
        if (slot == THM_ORDER_NONE || t->slots[slot].dirty)
            return NULL;
        if (t->slots[slot].used)
            thm_sql_stream_forget(t, &t->slots[slot]);
    }
    stream = &t->slots[slot];
    generation = stream->generation + 1;
    *stream = (struct stream){.generation = generation, .used = true};
    memcpy(stream->name, name, strlen(name) + 1);
    thm_index_add(&t->names, name_hash(t, name), slot);
    return stream;
}

void thm_sql_stream_touch(struct streams *t, struct stream *stream, bool open)
{
    thm_order_touch(&t->order, open ? OPEN : RELEASED, slot_of(t, stream));
}

void thm_sql_stream_dirty(struct streams *t, struct stream *stream)
{
    if (stream->dirty)
        return;
    stream->dirty = true;
    t->dirty[t->dirties++] = slot_of(t, stream);
}
