/*
 * A server's cache of sessions that can be resumed.
 */
#ifndef THM_TLS_SESSION_CACHE_H
#define THM_TLS_SESSION_CACHE_H

#include "tls/session.h"
#include "util/hash.h"
#include "util/list.h"

/* A session in the cache. */
struct thm_cached {
    struct thm_proven proven;
    uint8_t master_secret[48];
    uint16_t version, suite;
    uint32_t epoch;      /* the policy it was made under */
    uint64_t made_s;     /* UTC in seconds */
    struct thm_link use; /* in order of use */
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

#endif
