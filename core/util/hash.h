/*
 * A keyed hash for short names, and an index over it.
 *
 * Names come from strangers, so every table hashes with a secret key: nobody can choose names that
 * all fall into one place.
 */
#ifndef THM_UTIL_HASH_H
#define THM_UTIL_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key. Any two numbers will do when at least one is secret and random; a second key for another purpose
 * may share that one and differ in the other. */
struct thm_hash_key {
    uint64_t k0, k1;
};

/** SipHash-2-4 (Aumasson and Bernstein, 2012) of `len` bytes; the same on every machine. */
uint64_t thm_hash(const struct thm_hash_key *key, const void *data, size_t len);

/* What thm_index_find() gives when there is nothing; never a value. */
#define THM_INDEX_NONE UINT32_MAX

struct thm_index_slot {
    uint32_t hash;
    uint32_t value; /* THM_INDEX_NONE: the slot is empty */
};

/*
 * Finds values (as a rule places in an array of the caller's) by hash: open addressing, linear probing, at
 * most three quarters full. Removal leaves no tombstones, so an index never wears out.
 */
struct thm_index {
    struct thm_index_slot *slots;
    uint32_t mask; /* slots - 1; their number is a power of two */
    uint32_t cap;
    uint32_t count; /* values held */
};

/** Bytes of memory that an index of up to `cap` values (1 to 2^28) takes: 11 to 22 a value. */
size_t thm_index_size(uint32_t cap);

/** Makes an empty index in `memory` (thm_index_size(cap) bytes, 4-byte aligned), which it keeps. */
void thm_index_init(struct thm_index *index, void *memory, uint32_t cap);

/**
 * Finds the value added with `hash` for which `same` holds. Only values whose hash agrees are asked
 * about, so `same` is rarely called more than once.
 *
 * @param same  says whether `value` is what is looked for; must not change the index
 * @param ctx   passed to `same`
 * @return the value, or THM_INDEX_NONE
 */
uint32_t thm_index_find(const struct thm_index *index, uint64_t hash,
                        bool (*same)(const void *ctx, uint32_t value), const void *ctx);

/**
 * Adds a value. The caller has made sure that it is not there.
 *
 * @param value  anything but THM_INDEX_NONE
 * @return false: the index holds `cap` values already and is unchanged
 */
bool thm_index_add(struct thm_index *index, uint64_t hash, uint32_t value);

/** Removes the value that was added with this hash. False when it is not there. */
bool thm_index_remove(struct thm_index *index, uint64_t hash, uint32_t value);

#endif
