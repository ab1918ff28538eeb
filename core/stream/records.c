#include "stream/records.h"

#include <string.h>

struct thm_record_slot {
    uint16_t value_len;
    uint8_t kind;
    uint8_t key_len;
    uint8_t key[THM_RECORD_KEY];
    uint8_t value[THM_RECORD_MAX];
};

size_t thm_records_size(uint32_t cap)
{
    return cap * (sizeof(uint32_t) + sizeof(struct thm_record_slot));
}

void thm_records_init(struct thm_records *records, void *memory, uint32_t cap)
{
    records->order = memory;
    records->slots = (struct thm_record_slot *)(void *)(records->order + cap);
    records->cap = cap;
    records->used = 0;
    for (uint32_t i = 0; i < cap; i++)
        records->order[i] = i;
}

/* How a slot's place compares with that of a key: below, at or above 0. */
static int compare(const struct thm_record_slot *slot, uint8_t kind, const void *key, size_t len)
{
    size_t common = slot->key_len < len ? slot->key_len : len;
    int difference;

    if (slot->kind != kind)
        return slot->kind < kind ? -1 : 1;
    difference = common > 0 ? memcmp(slot->key, key, common) : 0;
    return difference != 0 ? difference : (int)slot->key_len - (int)len;
}

/* The place of the first record that is not before a key; `*found`: it is the key's own. */
static uint32_t search(const struct thm_records *records, uint8_t kind, const void *key, size_t len,
                       bool *found)
{
    uint32_t low = 0, high = records->used;

    *found = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int difference = compare(&records->slots[records->order[middle]], kind, key, len);
        *found = *found || difference == 0;
        if (difference < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Moves a place of the order to another one; those between close up. */
static void move(struct thm_records *records, uint32_t from, uint32_t to)
{
    uint32_t slot = records->order[from];
    uint32_t *order = records->order;

    if (from > to)
        memmove(order + to + 1, order + to, (from - to) * sizeof *order);
    else
        memmove(order + from, order + from + 1, (to - from) * sizeof *order);
    order[to] = slot;
}

int thm_records_put(struct thm_records *records, const struct thm_store_record *put)
{
    struct thm_record_slot *slot;
    bool found;
    uint32_t at = search(records, put->kind, put->key, put->key_len, &found);

    if (put->value_len == 0) {
        if (found)
            move(records, at, --records->used);
        return THM_OK;
    }
    if (!found) {
        if (records->used == records->cap)
            return THM_E_LIMIT;
        move(records, records->used++, at);
    }
    slot = &records->slots[records->order[at]];
    slot->kind = put->kind;
    slot->key_len = put->key_len;
    slot->value_len = put->value_len;
    memcpy(slot->key, put->key, put->key_len);
    memcpy(slot->value, put->value, put->value_len);
    return THM_OK;
}

void thm_records_get(const struct thm_records *records, struct thm_store_request *r)
{
    const struct thm_record_slot *slot;
    bool found;
    uint32_t at = search(records, r->record.kind, r->record.key, r->record.key_len, &found);

    r->len = 0;
    if (!found)
        return;
    slot = &records->slots[records->order[at]];
    memcpy(r->buf, slot->value, slot->value_len);
    r->len = slot->value_len;
}

void thm_records_list(const struct thm_records *records, struct thm_store_request *r)
{
    const struct thm_store_record *list = &r->record;
    bool found;
    uint32_t after = search(records, list->kind, list->key, list->key_len, &found);
    uint32_t at;

    if (found)
        after++;
    at = search(records, list->kind, list->prefix, list->prefix_len, &found);
    if (at < after)
        at = after;
    r->len = 0;
    for (; at < records->used; at++) {
        const struct thm_record_slot *slot = &records->slots[records->order[at]];
        struct thm_record record = {slot->key, slot->value, slot->key_len, slot->value_len};
        if (slot->kind != list->kind || slot->key_len < list->prefix_len ||
            (list->prefix_len > 0 && memcmp(slot->key, list->prefix, list->prefix_len) != 0))
            break;
        if (!thm_record_put(r, &record))
            break;
    }
}
