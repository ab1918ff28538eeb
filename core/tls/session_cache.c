#include "tls/session_cache.h"

#include <string.h>

#include "tls/wipe.h"

#if THM_TLS_SERVES

static struct thm_cached *cached_at(const struct thm_session_cache *cache, uint32_t number)
{
    return thm_pool_at(&cache->pool, number);
}

/* Session ids are random and our own: 8 bytes of one are a hash that nobody can steer. */
static uint64_t hash_of(const uint8_t id[THM_SESSION_ID])
{
    uint64_t hash;

    memcpy(&hash, id, sizeof hash);
    return hash;
}

size_t thm_session_cache_size(uint32_t count)
{
    if (count == 0)
        return 0;
    return thm_pool_size(sizeof(struct thm_cached), count) + thm_index_size(count);
}

void thm_session_cache_init(struct thm_session_cache *cache, void *memory, uint32_t count)
{
    memset(cache, 0, sizeof *cache);
    if (count == 0)
        return;
    thm_pool_init(&cache->pool, memory, sizeof(struct thm_cached), count);
    thm_index_init(&cache->index,
                   (unsigned char *)memory + thm_pool_size(sizeof(struct thm_cached), count),
                   count);
}

static struct thm_links by_use(const struct thm_session_cache *cache)
{
    return THM_LINKS(&cache->pool, struct thm_cached, use);
}

static void forget(struct thm_session_cache *cache, uint32_t number)
{
    struct thm_cached *s = cached_at(cache, number);

    thm_list_remove(&cache->uses, by_use(cache), number);
    thm_index_remove(&cache->index, hash_of(s->proven.id), number);
    thm_wipe(s, sizeof *s);
    thm_pool_give(&cache->pool, number);
}

void thm_session_cache_put(struct thm_session_cache *cache, const struct thm_cached *session)
{
    uint32_t number;

    if (cache->pool.count == 0)
        return;
    number = thm_pool_lend(&cache->pool);
    if (number == 0) {
        forget(cache, cache->uses.first);
        number = thm_pool_lend(&cache->pool);
    }
    *cached_at(cache, number) = *session;
    thm_index_add(&cache->index, hash_of(session->proven.id), number);
    thm_list_append(&cache->uses, by_use(cache), number);
}

struct wanted {
    const struct thm_session_cache *cache;
    const uint8_t *id;
};

static bool is_wanted(const void *ctx, uint32_t number)
{
    const struct wanted *wanted = ctx;

    return memcmp(cached_at(wanted->cache, number)->proven.id, wanted->id, THM_SESSION_ID) == 0;
}

const struct thm_cached *thm_session_cache_get(struct thm_session_cache *cache,
                                               const uint8_t id[THM_SESSION_ID],
                                               const struct thm_policy *policy)
{
    const struct wanted wanted = {cache, id};
    const struct thm_cached *s;
    uint32_t number;

    if (cache->pool.count == 0)
        return NULL;
    number = thm_index_find(&cache->index, hash_of(id), is_wanted, &wanted);
    if (number == THM_INDEX_NONE)
        return NULL;
    s = cached_at(cache, number);
    if (s->epoch != policy->epoch || policy->utc_s > s->made_s + THM_SESSION_S ||
        !thm_may_resume(s->proven.who.key_hash, s->proven.who.not_after, policy->denylist,
                        policy->utc_s)) {
        forget(cache, number);
        return NULL;
    }
    thm_list_remove(&cache->uses, by_use(cache), number);
    thm_list_append(&cache->uses, by_use(cache), number);
    return s;
}

#endif
