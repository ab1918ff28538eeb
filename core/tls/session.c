#include "tls/session.h"

#include <string.h>

#include "tls/wipe.h"

_Static_assert(sizeof(struct thm_remembered) <= sizeof(struct thm_tls_session),
               "a client's session fits in what the header shows");

static bool may_resume(const struct thm_policy *policy, const uint8_t key_hash[THM_KEY_HASH],
                       uint64_t not_after)
{
    return policy->utc_s != 0 && policy->utc_s <= not_after &&
           !thm_denylist_has(policy->denylist, key_hash);
}

/* --- the server's cache --- */

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
    thm_index_remove(&cache->index, hash_of(s->id), number);
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
    thm_index_add(&cache->index, hash_of(session->id), number);
    thm_list_append(&cache->uses, by_use(cache), number);
}

struct wanted {
    const struct thm_session_cache *cache;
    const uint8_t *id;
};

static bool is_wanted(const void *ctx, uint32_t number)
{
    const struct wanted *wanted = ctx;

    return memcmp(cached_at(wanted->cache, number)->id, wanted->id, THM_SESSION_ID) == 0;
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
        !may_resume(policy, s->who.key_hash, s->who.not_after)) {
        forget(cache, number);
        return NULL;
    }
    thm_list_remove(&cache->uses, by_use(cache), number);
    thm_list_append(&cache->uses, by_use(cache), number);
    return s;
}

/* --- the client's memory --- */

static void bind(const struct thm_loaded *credentials, const char *server_name, uint8_t out[32])
{
    br_sha256_context sha;

    br_sha256_init(&sha);
    br_sha256_update(&sha, credentials->ca_hash, sizeof credentials->ca_hash);
    br_sha256_update(&sha, credentials->leaf_hash, sizeof credentials->leaf_hash);
    br_sha256_update(&sha, server_name, strlen(server_name));
    br_sha256_out(&sha, out);
}

void thm_tls_session_clear(struct thm_tls_session *session)
{
    thm_wipe(session, sizeof *session);
}

void thm_session_remember(struct thm_tls_session *session, const struct thm_loaded *credentials,
                          const char *server_name, const br_ssl_session_parameters *parameters,
                          const struct thm_identity *server, const uint8_t server_leaf_hash[32])
{
    struct thm_remembered *r = (struct thm_remembered *)(void *)session->opaque;

    thm_tls_session_clear(session);
    if (parameters->session_id_len != THM_SESSION_ID)
        return;
    bind(credentials, server_name, r->bound_to);
    memcpy(r->id, parameters->session_id, sizeof r->id);
    memcpy(r->master_secret, parameters->master_secret, sizeof r->master_secret);
    memcpy(r->server_key_hash, server->key_hash, sizeof r->server_key_hash);
    memcpy(r->server_leaf_hash, server_leaf_hash, sizeof r->server_leaf_hash);
    r->not_after = server->not_after;
    r->suite = parameters->cipher_suite;
}

const struct thm_remembered *thm_session_recall(const struct thm_tls_session *session,
                                                const struct thm_loaded *credentials,
                                                const char *server_name,
                                                const struct thm_policy *policy,
                                                br_ssl_session_parameters *parameters)
{
    const struct thm_remembered *r = (const struct thm_remembered *)(const void *)session->opaque;
    uint8_t bound_to[32];

    bind(credentials, server_name, bound_to);
    if (memcmp(bound_to, r->bound_to, sizeof bound_to) != 0 ||
        !may_resume(policy, r->server_key_hash, r->not_after))
        return NULL;
    memset(parameters, 0, sizeof *parameters);
    memcpy(parameters->session_id, r->id, sizeof r->id);
    parameters->session_id_len = sizeof r->id;
    memcpy(parameters->master_secret, r->master_secret, sizeof r->master_secret);
    parameters->version = BR_TLS12;
    parameters->cipher_suite = r->suite;
    return r;
}
