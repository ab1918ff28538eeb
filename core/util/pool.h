/*
 * Pools: fixed numbers of equal items in memory of the caller's, handed out by number.
 *
 * Numbers start at 1, so that 0 means none. An item that was never handed out was never touched; the
 * one given back last is handed out first, so that memory in use stays small and warm.
 */
#ifndef THM_UTIL_POOL_H
#define THM_UTIL_POOL_H

#include <stddef.h>
#include <stdint.h>

struct thm_pool {
    unsigned char *items;
    size_t size;    /* bytes of an item, a multiple of 16 */
    uint32_t count; /* items in all */
    uint32_t fresh; /* items never handed out are those from fresh + 1 on */
    uint32_t free;  /* the item given back last, 0: none; each holds the number of the next */
    uint32_t used;  /* items handed out */
};

/** Bytes of memory for `count` items of `size` bytes each. */
size_t thm_pool_size(size_t size, uint32_t count);

/** Makes a pool in `memory` (thm_pool_size() bytes, 16-byte aligned), which it keeps. */
void thm_pool_init(struct thm_pool *pool, void *memory, size_t size, uint32_t count);

/** Hands out an item, zeroed. 0: all are in use. */
uint32_t thm_pool_take(struct thm_pool *pool);

/** Hands out an item as it was left: for buffers that need no zeroing. 0: all are in use. */
uint32_t thm_pool_lend(struct thm_pool *pool);

/** Takes an item back. */
void thm_pool_give(struct thm_pool *pool, uint32_t number);

/** The item of a number that is handed out. */
static inline void *thm_pool_at(const struct thm_pool *pool, uint32_t number)
{
    return pool->items + (size_t)(number - 1) * pool->size;
}

#endif
