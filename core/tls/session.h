/*
 * What a TLS session proved, and whether it may be resumed.
 *
 * Resuming skips certificates, so whatever they proved is kept with the master secret and judged
 * again: deny-list, end of validity, and the CAs that were trusted then.
 */
#ifndef THM_TLS_SESSION_H
#define THM_TLS_SESSION_H

#include "thimble/tls.h"

#define THM_SESSION_ID 32

struct thm_proven {
    uint8_t id[THM_SESSION_ID]; /* of the session */
    struct thm_identity who;
    uint8_t server_leaf_hash[32]; /* of the leaf that the client saw */
};

/** Whether a session with this peer may be resumed now; `utc_s` is 0 when the time is not known. */
static inline bool thm_may_resume(const uint8_t key_hash[THM_KEY_HASH], uint64_t not_after,
                                  const struct thm_denylist *denylist, uint64_t utc_s)
{
    return utc_s != 0 && utc_s <= not_after && !thm_denylist_has(denylist, key_hash);
}

#endif
