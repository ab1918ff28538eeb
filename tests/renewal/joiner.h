/* joiner.h: somebody who comes by an invitation, with a key of his own, until he has a certificate or is told why not. */
#ifndef RENEWAL_JOINER_H
#define RENEWAL_JOINER_H

#include "office.h"
#include "thimble/client.h"

struct joiner {
    struct office *office;
    struct sim_host *host;
    struct thm_client client;
    void *tls_memory;
    uint8_t bootstrap[THM_ENROLL_KEY], shown[THM_BOOTSTRAP_MAX];
    struct thm_ca_pin pin;
    struct thm_credentials credentials;
    uint8_t key[THM_ENROLL_KEY], request[THM_BOOTSTRAP_MAX];
    size_t request_len;
    /* what became of it */
    bool ended;
    int code;
    size_t certificate_len; /* 0: none came */
    uint8_t certificate[THM_ISSUED_MAX];
};

/** Makes its host, and a key. `name` must stay valid. */
void joiner_init(struct joiner *j, struct office *o, const char *name,
                 const uint8_t secret[THM_ENROLL_SECRET]);

/** Comes, or comes again, with the same request. */
void joiner_start(struct joiner *j);

/** Whether it has ended. For sim_world_run_until(). */
bool joiner_has_ended(void *joiner);

void joiner_free(struct joiner *j);

#endif
