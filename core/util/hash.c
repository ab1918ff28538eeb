#include "util/hash.h"

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;
}

/* Up to 8 bytes as a little-endian number, whatever their alignment. */
static uint64_t load(const uint8_t *bytes, size_t len)
{
    uint64_t word = 0;

    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)bytes[i] << 8 * i;
    return word;
}

uint64_t thm_hash(const struct thm_hash_key *key, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    size_t left = len;
    uint64_t v[4] = {key->k0 ^ 0x736f6d6570736575, key->k1 ^ 0x646f72616e646f6d,
                     key->k0 ^ 0x6c7967656e657261, key->k1 ^ 0x7465646279746573};

    for (; left >= 8; bytes += 8, left -= 8)
        sip_word(v, load(bytes, 8));
    sip_word(v, load(bytes, left) | (uint64_t)len << 56);
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint32_t slot_count(uint32_t cap)
{
    uint32_t slots = 4;

    while (slots - slots / 4 < cap)
        slots *= 2;
    return slots;
}

size_t thm_index_size(uint32_t cap)
{
    return slot_count(cap) * sizeof(struct thm_index_slot);
}

void thm_index_init(struct thm_index *index, void *memory, uint32_t cap)
{
    index->slots = memory;
    index->mask = slot_count(cap) - 1;
    index->cap = cap;
    index->count = 0;
    for (uint32_t i = 0; i <= index->mask; i++)
        index->slots[i].value = THM_INDEX_NONE;
}

uint32_t thm_index_find(const struct thm_index *index, uint64_t hash,
                        bool (*same)(const void *ctx, uint32_t value), const void *ctx)
{
    for (uint32_t at = (uint32_t)hash & index->mask;; at = (at + 1) & index->mask) {
        const struct thm_index_slot *slot = &index->slots[at];
        if (slot->value == THM_INDEX_NONE)
            return THM_INDEX_NONE;
        if (slot->hash == (uint32_t)hash && same(ctx, slot->value))
            return slot->value;
    }
}

bool thm_index_add(struct thm_index *index, uint64_t hash, uint32_t value)
{
    uint32_t at = (uint32_t)hash & index->mask;

    if (index->count == index->cap)
        return false;
    while (index->slots[at].value != THM_INDEX_NONE)
        at = (at + 1) & index->mask;
    index->slots[at] = (struct thm_index_slot){(uint32_t)hash, value};
    index->count++;
    return true;
}

/* Moves back what stands behind the hole and would no longer be found from its own place. */
static void close_hole(struct thm_index *index, uint32_t hole)
{
    for (uint32_t at = (hole + 1) & index->mask; index->slots[at].value != THM_INDEX_NONE;
         at = (at + 1) & index->mask) {
        uint32_t from_home = (at - index->slots[at].hash) & index->mask;
        uint32_t from_hole = (at - hole) & index->mask;
        if (from_home >= from_hole) {
            index->slots[hole] = index->slots[at];
            hole = at;
        }
    }
    index->slots[hole].value = THM_INDEX_NONE;
}

bool thm_index_remove(struct thm_index *index, uint64_t hash, uint32_t value)
{
    uint32_t at = (uint32_t)hash & index->mask;

    while (index->slots[at].value != value) {
        if (index->slots[at].value == THM_INDEX_NONE)
            return false;
        at = (at + 1) & index->mask;
    }
    close_hole(index, at);
    index->count--;
    return true;
}
