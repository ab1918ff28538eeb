#include "util/pool.h"

#include <string.h>

static size_t rounded(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

size_t thm_pool_size(size_t size, uint32_t count)
{
    return rounded(size) * count;
}

void thm_pool_init(struct thm_pool *pool, void *memory, size_t size, uint32_t count)
{
    pool->items = memory;
    pool->size = rounded(size);
    pool->count = count;
    pool->fresh = 0;
    pool->free = 0;
    pool->used = 0;
}

uint32_t thm_pool_lend(struct thm_pool *pool)
{
    uint32_t number = pool->free;

    if (number != 0)
        memcpy(&pool->free, thm_pool_at(pool, number), sizeof pool->free);
    else if (pool->fresh < pool->count)
        number = ++pool->fresh;
    if (number != 0)
        pool->used++;
    return number;
}

uint32_t thm_pool_take(struct thm_pool *pool)
{
    uint32_t number = thm_pool_lend(pool);

    if (number != 0)
        memset(thm_pool_at(pool, number), 0, pool->size);
    return number;
}

void thm_pool_give(struct thm_pool *pool, uint32_t number)
{
    memcpy(thm_pool_at(pool, number), &pool->free, sizeof pool->free);
    pool->free = number;
    pool->used--;
}
