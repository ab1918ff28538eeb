/*
 * Sessions that can be resumed: a server's cache, and a client's memory of one server.
 *
 * Resuming skips certificates, so whatever they proved is kept with the master secret and judged
 * again: deny-list, end of validity, and the CAs that were trusted then.
 */
#ifndef THM_TLS_SESSION_H
#define THM_TLS_SESSION_H

#include <stdbool.h>

#include <bearssl.h>

#include "thimble/tls.h"
#include "tls/credentials.h"
#include "util/hash.h"
#include "util/list.h"

#define THM_SESSION_ID 32

/* A session in a server's cache. */
struct thm_cached {
    uint8_t id[THM_SESSION_ID];
    uint8_t master_secret[48];
    uint16_t version, suite;
    uint32_t epoch;  /* the policy it was made under */
    uint64_t made_s; /* UTC in seconds */
    struct thm_identity who;
    uint8_t server_leaf_hash[32]; /* of the leaf that the client saw */
    struct thm_link use;          /* in order of use */
};

/* What has to hold for a session to be resumed now. */
struct thm_policy {
    uint32_t epoch;
    const struct thm_denylist *denylist;
    uint64_t utc_s; /* 0: not known, so nothing is resumed */
};

struct thm_session_cache {
    struct thm_pool pool; /* of struct thm_cached */
    struct thm_index index;
    struct thm_list uses; /* the longest unused first */
};

/** Bytes of memory for a cache of `count` sessions; 0 for none. */
size_t thm_session_cache_size(uint32_t count);

/** Makes an empty cache in `memory`, which it keeps. A cache of 0 sessions never holds anything. */
void thm_session_cache_init(struct thm_session_cache *cache, void *memory, uint32_t count);

/** Adds a session; the one that was not used for longest gives way. */
void thm_session_cache_put(struct thm_session_cache *cache, const struct thm_cached *session);

/**
 * Looks for a session that may be resumed now. One that may not is forgotten.
 *
 * @return the session, valid until the next call on the cache, or NULL
 */
const struct thm_cached *thm_session_cache_get(struct thm_session_cache *cache,
                                               const uint8_t id[THM_SESSION_ID],
                                               const struct thm_policy *policy);

/* --- the client's side --- */

/* What struct thm_tls_session holds. Without pointers, so that it may be stored. */
struct thm_remembered {
    uint8_t bound_to[32]; /* server name, trusted CAs and own leaf; zero: no session */
    uint8_t id[THM_SESSION_ID];
    uint8_t master_secret[48];
    uint8_t server_key_hash[THM_KEY_HASH];
    uint8_t server_leaf_hash[32];
    uint64_t not_after; /* of the server's leaf */
    uint16_t suite;
};

/** Keeps a session that was just agreed on. */
void thm_session_remember(struct thm_tls_session *session, const struct thm_loaded *credentials,
                          const char *server_name, const br_ssl_session_parameters *parameters,
                          const struct thm_identity *server, const uint8_t server_leaf_hash[32]);

/**
 * Gives the session parameters to offer to a server.
 *
 * @return what is remembered, or NULL when a full handshake is needed: no session, another name, other
 *         credentials, or the server is denied or past its notAfter
 */
const struct thm_remembered *thm_session_recall(const struct thm_tls_session *session,
                                                const struct thm_loaded *credentials,
                                                const char *server_name,
                                                const struct thm_policy *policy,
                                                br_ssl_session_parameters *parameters);

#endif
