/*
 * Renewal: a session that lasts, or comes back, has its certificate renewed before it ends, and nobody notices. Where the
 * files are not the user's own to write it never tries.
 */
#ifndef THIMBLE_RENEWAL_H
#define THIMBLE_RENEWAL_H

#include <stdbool.h>
#include <stdint.h>

#include "thimble/client.h"

struct session;

struct renewal {
    bool possible;
    bool asked;                   /* the answer is on its way */
    uint64_t at_s;                /* UTC, when the certificate in use is to be renewed; 0: never */
    struct thm_credentials *next; /* that the client has not taken yet; NULL: none */
    uint64_t next_at_s;           /* and when those are */
    struct thm_credentials *former; /* that direct sessions still use; NULL: none */
};

/** Sees whether the credentials in use can be renewed, and when that is due. */
void renewal_open(struct session *s);

/** Takes THM_CLIENT_RENEWS and THM_CLIENT_ISSUED. */
void renewal_event(struct session *s, const struct thm_client_event *event);

/** Has the client and its direct sessions use what came; once a turn. */
void renewal_turn(struct session *s);

#endif
