/*
 * What only a server's domain has: sessions under the CAs of the day, and the order in which its
 * handshakes wait for their peers.
 */
#include <string.h>

#include "tls/internal.h"

#if THM_TLS_SERVES

/* The cache lies behind, 16-byte aligned. */
#define OWN ((sizeof(struct thm_serving) + 15) & ~(size_t)15)

size_t thm_serving_size(const struct thm_tls_config *config)
{
    return OWN + thm_session_cache_size(config->sessions);
}

void thm_serving_init(struct thm_tls_domain *d, void *memory)
{
    d->serving = memory;
    memset(d->serving, 0, sizeof *d->serving);
    d->serving->cache_class = &thm_cache_class;
    thm_session_cache_init(&d->serving->cache, (unsigned char *)memory + OWN, d->config.sessions);
}

uint32_t thm_serving_sessions(const struct thm_tls_domain *d)
{
    return d->serving->cache.pool.used;
}

void thm_serving_trust(struct thm_tls_domain *d, const struct thm_loaded *own)
{
    struct thm_serving *s = d->serving;

    if (memcmp(s->ca_hash, own->ca_hash, sizeof s->ca_hash) != 0)
        s->epoch++;
    memcpy(s->ca_hash, own->ca_hash, sizeof s->ca_hash);
}

void thm_tls_domain_now(struct thm_tls_domain *d, uint64_t now_ms)
{
    if (thm_serves(d))
        d->serving->now_ms = now_ms;
}

/* --- the order of progress --- */

static struct thm_links by_progress(const struct thm_tls_domain *d)
{
    return THM_LINKS(&d->slots, struct thm_slot, waiting);
}

void thm_waiting_add(struct thm_tls *t)
{
    thm_list_append(&t->domain->serving->waiting, by_progress(t->domain), t->slot);
    thm_slot_of(t)->progress_ms = t->domain->serving->now_ms;
}

void thm_waiting_remove(struct thm_tls *t)
{
    thm_list_remove(&t->domain->serving->waiting, by_progress(t->domain), t->slot);
}

void thm_waiting_progress(struct thm_tls *t)
{
    thm_waiting_remove(t);
    thm_waiting_add(t);
}

struct thm_tls *thm_tls_evict(struct thm_tls_domain *d, uint64_t now_ms, uint32_t age_ms)
{
    const struct thm_slot *longest;
    struct thm_tls *t;

    if (!thm_serves(d) || d->serving->waiting.first == 0)
        return NULL;
    longest = thm_pool_at(&d->slots, d->serving->waiting.first);
    if (now_ms - longest->progress_ms < (uint64_t)age_ms)
        return NULL;
    t = longest->owner;
    thm_tls_abort(t, THM_E_TIMEOUT);
    return t;
}

#endif
