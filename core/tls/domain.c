/*
 * A domain: pools in one piece of memory, entropy, and the order of handshakes.
 */
#include <stddef.h>
#include <string.h>

#include "tls/internal.h"
#include "tls/wipe.h"

_Static_assert(sizeof(struct thm_slot) <= THM_TLS_HANDSHAKE_SIZE &&
                   sizeof(struct thm_slot) + 32 > THM_TLS_HANDSHAKE_SIZE,
               "what tls.h says of a handshake slot suffices and gives nothing away");

struct layout {
    size_t serving, engines, slots, in_buffers, out_buffers, total;
};

static size_t place(struct layout *l, size_t bytes)
{
    size_t at = l->total;

    l->total += (bytes + 15) & ~(size_t)15;
    return at;
}

static void lay_out(struct layout *l, const struct thm_tls_config *config)
{
    l->total = 0;
    place(l, sizeof(struct thm_tls_domain));
    l->serving = place(l, thm_is_server(config) ? thm_serving_size(config) : 0);
    l->engines = place(l, thm_pool_size(thm_engine_size(config), config->connections));
    l->out_buffers = place(l, thm_pool_size(sizeof(struct thm_out_buffer), config->out_buffers));
    l->in_buffers = place(l, thm_pool_size(THM_TLS_IN, config->in_buffers));
    l->slots = place(l, config->handshake_memory
                            ? 0
                            : thm_pool_size(sizeof(struct thm_slot), config->handshakes));
}

size_t thm_tls_domain_size(const struct thm_tls_config *config)
{
    struct layout l;

    lay_out(&l, config);
    return l.total;
}

#if THM_ENROLL
static bool enrolment_is_valid(const struct thm_tls_config *config)
{
    const char *alpn = config->enroll_alpn;

    return !alpn || (THM_TLS_ADMITS && config->role == THM_FOR_SERVER && config->admits &&
                     alpn[0] != '\0' && strlen(alpn) <= 255 && strcmp(alpn, config->alpn) != 0);
}
#else
#define enrolment_is_valid(config) true
#endif

static bool is_valid(const struct thm_tls_config *config)
{
    size_t alpn_len = config->alpn ? strlen(config->alpn) : 0;

    if (config->role == THM_FOR_SERVER && !THM_TLS_SERVES)
        return false;
    if (config->role == THM_FOR_PEER && (THM_CALLS == 0 || config->sessions != 0))
        return false;
    if (config->handshake_memory &&
        (config->handshakes != 1 || (uintptr_t)config->handshake_memory % 16 != 0))
        return false;
    return config->port && alpn_len >= 1 && alpn_len <= 255 && enrolment_is_valid(config) &&
           config->connections >= 1 && config->handshakes >= 1 && config->in_buffers >= 1 &&
           config->out_buffers >= 1;
}

static int draw_seeds(struct thm_tls_domain *d)
{
    if (d->config.port->ops->entropy(d->config.port, d->seeds, sizeof d->seeds) != THM_OK)
        return THM_E_ENTROPY;
    d->seeds_left = THM_TLS_SEEDS;
    return THM_OK;
}

int thm_domain_seed(struct thm_tls_domain *d, br_ssl_engine_context *engine)
{
    uint8_t *seed;

    if (d->seeds_left == 0 && draw_seeds(d) != THM_OK)
        return THM_E_ENTROPY;
    seed = d->seeds[--d->seeds_left];
    thm_engine_seed(engine, d->profile.sha256, seed);
    thm_wipe(seed, THM_SEED);
    return THM_OK;
}

static void make_pools(struct thm_tls_domain *d, const struct layout *l)
{
    const struct thm_tls_config *c = &d->config;
    unsigned char *base = (unsigned char *)d;

    thm_pool_init(&d->engines, base + l->engines, thm_engine_size(c), c->connections);
    thm_pool_init(&d->out_buffers, base + l->out_buffers, sizeof(struct thm_out_buffer),
                  c->out_buffers);
    thm_pool_init(&d->in_buffers, base + l->in_buffers, THM_TLS_IN, c->in_buffers);
    thm_pool_init(&d->slots, c->handshake_memory ? c->handshake_memory : base + l->slots,
                  sizeof(struct thm_slot), c->handshakes);
}

int thm_tls_domain_init(struct thm_tls_domain **out, void *memory, size_t size,
                        const struct thm_tls_config *config)
{
    struct thm_tls_domain *d = memory;
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
#if THM_TLS_ADMITS
    d->alpn[1] = config->enroll_alpn; /* last: who offers both gets the other */
#endif
    thm_profile_choose(&d->profile, config->backend, config->prefer_aes);
    make_pools(d, &l);
    if (thm_serves(d))
        thm_serving_init(d, (unsigned char *)memory + l.serving);
    if (draw_seeds(d) != THM_OK)
        return THM_E_ENTROPY;
    *out = d;
    return THM_OK;
}

void thm_tls_domain_set(struct thm_tls_domain *d, const struct thm_credentials *credentials,
                        const struct thm_denylist *denylist)
{
    d->credentials = credentials;
    d->denylist = denylist;
    if (thm_serves(d))
        thm_serving_trust(d, thm_loaded(credentials));
}

bool thm_tls_domain_denies(const struct thm_tls_domain *d, const uint8_t key_hash[THM_KEY_HASH])
{
    return thm_denylist_has(d->denylist, key_hash);
}

bool thm_tls_domain_uses(const struct thm_tls_domain *d, const struct thm_credentials *credentials)
{
    bool uses = d->credentials == credentials;

    for (uint32_t i = 1; i <= d->slots.fresh && !uses; i++) {
        const struct thm_slot *slot = thm_pool_at(&d->slots, i);
        uses = slot->credentials == credentials; /* NULL in a slot that nobody has */
    }
    return uses;
}

void thm_tls_domain_usage(const struct thm_tls_domain *d, struct thm_tls_usage *out)
{
    *out = (struct thm_tls_usage){
        .engines = d->engines.used,
        .handshakes = d->slots.used,
        .in_buffers = d->in_buffers.used,
        .out_buffers = d->out_buffers.used,
        .full = d->full,
        .resumed = d->resumed,
        .failed = d->failed,
        .sessions = thm_serves(d) ? thm_serving_sessions(d) : 0,
    };
}

/* --- lending --- */

static bool is_out(const struct thm_pool *pool)
{
    return pool->used == pool->count;
}

bool thm_domain_lend(struct thm_tls *t)
{
    struct thm_tls_domain *d = t->domain;

    if (is_out(&d->slots) || is_out(&d->engines) || is_out(&d->in_buffers) ||
        is_out(&d->out_buffers))
        return false;
    t->slot = thm_pool_lend(&d->slots);
    t->engine = thm_pool_lend(&d->engines);
    t->in_buffer = thm_pool_lend(&d->in_buffers);
    t->out_buffer = thm_pool_lend(&d->out_buffers);
    memset(thm_slot_of(t), 0, offsetof(struct thm_slot, guard));
    if (thm_serves(d))
        thm_waiting_add(t);
    return true;
}

void thm_domain_reclaim_slot(struct thm_tls *t)
{
    struct thm_tls_domain *d = t->domain;

    if (t->slot == 0)
        return;
    if (thm_serves(d))
        thm_waiting_remove(t);
    thm_wipe(thm_slot_of(t), sizeof(struct thm_slot));
    if (d->config.handshake_memory) /* the caller's again: nothing of the pool's may be there */
        thm_pool_init(&d->slots, d->slots.items, sizeof(struct thm_slot), 1);
    else
        thm_pool_give(&d->slots, t->slot);
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
        thm_wipe(thm_engine_of(t), thm_engine_size(&t->domain->config));
    give(&t->domain->engines, &t->engine);
    give(&t->domain->in_buffers, &t->in_buffer);
    give(&t->domain->out_buffers, &t->out_buffer);
}
