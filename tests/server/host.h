/* host.h: what rig.c and peer.c share: a client's host, and the peers that run on it. */
#ifndef SERVER_HOST_H
#define SERVER_HOST_H

#include "server/rig.h"
#include "thimble/enroll.h"

#define PEER_OUT 262144

struct host {
    struct sim_host *sim;
    char name[16];
    struct peer *peers[PEERS]; /* the tag of peers[i] is i + 1 */
    unsigned count;
};

/** The credentials of a certificate of tests/certs.sh, loaded once. */
const struct thm_credentials *credentials_of(const char *name, enum thm_role role);

/** Dials from a host. */
struct peer *peer_new(struct rig *r, const char *who, struct host *host);

/** The same by an invitation's secret. */
struct peer *peer_invited(struct rig *r, const uint8_t secret[THM_ENROLL_SECRET],
                          struct host *host);
void peer_free(struct peer *p);

/** Does what can be done now. */
void peer_move(struct peer *p, uint32_t what);

#endif
