/*
 * Certificates by hand: what devices ask for waits until the operator has looked at it, had it signed elsewhere, and handed the
 * certificate in. In place of thimble-signd, see signer.h.
 *
 * A device asks again and again meanwhile, so nothing here has to survive a restart. Of each device one request waits at a
 * time: who has stolen an invitation can't slip another one in between what was shown and what is approved.
 */
#ifndef THIMBLED_APPROVAL_H
#define THIMBLED_APPROVAL_H

#include "thimble/server.h"

#include "log.h"

#define APPROVAL_WAITING  64u   /* requests at a time */
#define APPROVAL_FORGET_S 3600u /* after which one that was not asked for again is forgotten */

/* A request that waits, or was decided on. */
struct approval {
    char user[THM_ID_MAX + 1], device[THM_ID_MAX + 1]; /* "": no request */
    uint8_t request[THM_CSR_MAX];
    size_t request_len;
    uint64_t first_s, last_s; /* UTC: when it was asked for first, and last */
    bool denied;
    size_t certificate_len; /* 0: not approved yet */
    uint8_t certificate[THM_ISSUED_MAX];
    uint8_t key_hash[THM_KEY_HASH];
    uint64_t not_after_s;
};

struct approvals {
    struct log *log;
    struct approval all[APPROVAL_WAITING];
    struct thm_signing *asked[APPROVAL_WAITING]; /* to be answered in this turn */
    unsigned asked_count;
};

/** For struct thm_server_config: `ctx` is the approvals. */
bool approval_sign(void *ctx, struct thm_signing *signing);

/** Answers what was asked. To be called in each turn, after the server's step. */
void approval_step(struct approvals *a, struct thm_server *server);

/** Walks the requests that wait: start with *at = 0; NULL at the end. */
const struct approval *approval_next(const struct approvals *a, uint32_t *at);

/** The request that waits with this code; NULL: none, or two. */
struct approval *approval_find(struct approvals *a, unsigned code);

/**
 * Hands a certificate in.
 *
 * @return THM_OK; THM_E_CERT ...: it can't be read; THM_E_ROLE: it is not for that user and device; THM_E_KEY: not for the key
 *         of that request; THM_E_LIMIT: too large
 */
int approval_approve(struct approval *request, const uint8_t *der, size_t len);

#endif
