/*
 * A domain: pools in one piece of memory, entropy, and the order of handshakes.
 */
#include <string.h>

#include "tls/internal.h"
#include "tls/wipe.h"

#define BATCHES_PER_ENTROPY 16 /* of seeds; then fresh entropy is mixed in */

struct layout {
    size_t engines, slots, in_buffers, out_buffers, sessions, total;
};

static size_t place(struct layout *l, size_t bytes)
{
    size_t at = l->total;

    l->total += (bytes + 15) & ~(size_t)15;
    return at;
}

static uint32_t cached_sessions(const struct thm_tls_config *config)
{
    return config->role == THM_FOR_SERVER ? config->sessions : 0;
}

static void lay_out(struct layout *l, const struct thm_tls_config *config)
{
    l->total = 0;
    place(l, sizeof(struct thm_tls_domain));
    l->sessions = place(l, thm_session_cache_size(cached_sessions(config)));
    l->engines = place(l, thm_pool_size(sizeof(struct thm_engine), config->connections));
    l->out_buffers = place(l, thm_pool_size(sizeof(struct thm_out_buffer), config->out_buffers));
    l->in_buffers = place(l, thm_pool_size(THM_TLS_IN, config->in_buffers));
    l->slots = place(l, thm_pool_size(sizeof(struct thm_slot), config->handshakes));
}

size_t thm_tls_domain_size(const struct thm_tls_config *config)
{
    struct layout l;

    lay_out(&l, config);
    return l.total;
}

static bool is_valid(const struct thm_tls_config *config)
{
    size_t alpn_len = config->alpn ? strlen(config->alpn) : 0;

    return config->port && alpn_len >= 1 && alpn_len <= 255 && config->connections >= 1 &&
           config->handshakes >= 1 && config->in_buffers >= 1 && config->out_buffers >= 1;
}

static int mix_entropy(struct thm_tls_domain *d)
{
    uint8_t fresh[64];
    int result = d->config.port->ops->entropy(d->config.port, fresh, sizeof fresh);

    if (result == THM_OK) {
        br_hmac_drbg_update(&d->rng, fresh, sizeof fresh);
        d->draws = 0;
    }
    thm_wipe(fresh, sizeof fresh);
    return result == THM_OK ? THM_OK : THM_E_ENTROPY;
}

static int draw_seeds(struct thm_tls_domain *d)
{
    if (d->draws == BATCHES_PER_ENTROPY && mix_entropy(d) != THM_OK)
        return THM_E_ENTROPY;
    d->draws++;
    br_hmac_drbg_generate(&d->rng, d->seeds, sizeof d->seeds);
    d->seeds_left = THM_SEEDS;
    return THM_OK;
}

int thm_domain_seed(struct thm_tls_domain *d, uint8_t seed[THM_SEED])
{
    if (d->seeds_left == 0 && draw_seeds(d) != THM_OK)
        return THM_E_ENTROPY;
    d->seeds_left--;
    memcpy(seed, d->seeds[d->seeds_left], THM_SEED);
    thm_wipe(d->seeds[d->seeds_left], THM_SEED);
    return THM_OK;
}

int thm_tls_domain_init(struct thm_tls_domain **out, void *memory, size_t size,
                        const struct thm_tls_config *config)
{
    struct thm_tls_domain *d = memory;
    unsigned char *base = memory;
    struct layout l;

    *out = NULL;
    if (!is_valid(config))
        return THM_E_CONFIG;
    lay_out(&l, config);
    if (size < l.total || (uintptr_t)memory % 16 != 0)
        return THM_E_MEMORY;
    memset(d, 0, sizeof *d);
    d->config = *config;
    d->alpn[0] = config->alpn;
    d->cache_class = &thm_cache_class;
    thm_profile_choose(&d->profile, config->backend, config->prefer_aes);
    thm_session_cache_init(&d->cache, base + l.sessions, cached_sessions(config));
    thm_pool_init(&d->engines, base + l.engines, sizeof(struct thm_engine), config->connections);
    thm_pool_init(&d->out_buffers, base + l.out_buffers, sizeof(struct thm_out_buffer),
                  config->out_buffers);
    thm_pool_init(&d->in_buffers, base + l.in_buffers, THM_TLS_IN, config->in_buffers);
    thm_pool_init(&d->slots, base + l.slots, sizeof(struct thm_slot), config->handshakes);
    br_hmac_drbg_init(&d->rng, d->profile.sha256, NULL, 0);
    if (mix_entropy(d) != THM_OK)
        return THM_E_ENTROPY;
    *out = d;
    return THM_OK;
}

void thm_tls_domain_set(struct thm_tls_domain *d, const struct thm_credentials *credentials,
                        const struct thm_denylist *denylist)
{
    const struct thm_loaded *loaded = thm_loaded(credentials);

    d->credentials = credentials;
    d->denylist = denylist;
    if (memcmp(d->ca_hash, loaded->ca_hash, sizeof d->ca_hash) != 0)
        d->epoch++;
    memcpy(d->ca_hash, loaded->ca_hash, sizeof d->ca_hash);
    thm_handshake_template(d);
}

bool thm_tls_domain_uses(const struct thm_tls_domain *d, const struct thm_credentials *credentials)
{
    const struct thm_slot *slot;

    if (d->credentials == credentials)
        return true;
    for (uint32_t i = d->waiting.first; i != 0; i = slot->waiting.next) {
        slot = thm_pool_at(&d->slots, i);
        if (slot->credentials == credentials)
            return true;
    }
    return false;
}

void thm_tls_domain_usage(const struct thm_tls_domain *d, struct thm_tls_usage *out)
{
    *out = (struct thm_tls_usage){
        .engines = d->engines.used,
        .handshakes = d->slots.used,
        .in_buffers = d->in_buffers.used,
        .out_buffers = d->out_buffers.used,
        .sessions = d->cache.pool.used,
        .full = d->full,
        .resumed = d->resumed,
        .failed = d->failed,
    };
}

void thm_tls_domain_now(struct thm_tls_domain *d, uint64_t now_ms)
{
    d->now_ms = now_ms;
}

/* --- the order of progress --- */

static struct thm_slot *slot_at(const struct thm_tls_domain *d, uint32_t number)
{
    return thm_pool_at(&d->slots, number);
}

static struct thm_links by_progress(const struct thm_tls_domain *d)
{
    return THM_LINKS(&d->slots, struct thm_slot, waiting);
}

static void link_last(struct thm_tls_domain *d, uint32_t number)
{
    thm_list_append(&d->waiting, by_progress(d), number);
    slot_at(d, number)->progress_ms = d->now_ms;
}

static void take_out(struct thm_tls_domain *d, uint32_t number)
{
    thm_list_remove(&d->waiting, by_progress(d), number);
}

void thm_domain_progress(struct thm_tls *t)
{
    take_out(t->domain, t->slot);
    link_last(t->domain, t->slot);
}

struct thm_tls *thm_tls_evict(struct thm_tls_domain *d, uint64_t now_ms, uint32_t age_ms)
{
    struct thm_tls *longest;

    if (d->waiting.first == 0 ||
        now_ms - slot_at(d, d->waiting.first)->progress_ms < (uint64_t)age_ms)
        return NULL;
    longest = slot_at(d, d->waiting.first)->owner;
    thm_tls_abort(longest, THM_E_TIMEOUT);
    return longest;
}

/* --- lending --- */

bool thm_domain_lend(struct thm_tls *t)
{
    struct thm_tls_domain *d = t->domain;

    t->slot = thm_pool_lend(&d->slots);
    if (t->slot == 0)
        return false;
    t->engine = thm_pool_lend(&d->engines);
    if (t->engine == 0) {
        thm_pool_give(&d->slots, t->slot);
        t->slot = 0;
        return false;
    }
    link_last(d, t->slot);
    return true;
}

void thm_domain_reclaim_slot(struct thm_tls *t)
{
    if (t->slot == 0)
        return;
    take_out(t->domain, t->slot);
    thm_wipe(&thm_slot_of(t)->session, sizeof(struct thm_cached));
    thm_pool_give(&t->domain->slots, t->slot);
    t->slot = 0;
}

static void give(struct thm_pool *pool, uint32_t *number)
{
    if (*number != 0)
        thm_pool_give(pool, *number);
    *number = 0;
}

void thm_domain_reclaim(struct thm_tls *t)
{
    thm_domain_reclaim_slot(t);
    if (t->engine != 0)
        thm_wipe(thm_engine_of(t), sizeof(struct thm_engine));
    give(&t->domain->engines, &t->engine);
    give(&t->domain->in_buffers, &t->in_buffer);
    give(&t->domain->out_buffers, &t->out_buffer);
}
