/*
 * The judge of a peer's certificate chain: a BearSSL X.509 class that wraps br_x509_minimal and adds
 * what that does not know: limits on the chain, the leaf's role and identity, and revocation.
 */
#ifndef THM_TLS_GUARD_H
#define THM_TLS_GUARD_H

#include "tls/credentials.h"
#include "tls/leaf.h"
#include "tls/pin.h"

/* Why the guard itself refused a chain: codes beside BearSSL's own (0 to 63). */
enum {
    THM_GUARD_CHAIN = 100, /* too many or too large certificates */
    THM_GUARD_CLOCK,       /* what time it is is not known */
    THM_GUARD_LEAF,        /* the leaf's key or dates are of no use */
    THM_GUARD_ROLE,        /* the leaf's SAN is not that of the expected role */
    THM_GUARD_REVOKED,     /* the leaf's key is on the deny-list */
    THM_GUARD_INVITATION   /* who wants to enrol has a key that is not admitted */
};

struct thm_guard {
    const br_x509_class *vtable; /* first: what the engine gets is a pointer to it */
    br_x509_minimal_context inner;
#if THM_TLS_PINS
    struct thm_pinned pinned;
    const br_x509_class **judge; /* `inner`, or `pinned` before it */
#endif
#if THM_TLS_ADMITS
    const struct thm_tls_config
        *admission; /* set once the peer is known to enrol: who is admitted */
#endif
    struct thm_leaf_names names;
    struct thm_validity validity;
    br_sha256_context hash;
    const struct thm_denylist *const *denylist; /* the one in force when the chain ends */
    uint64_t utc_s;                             /* 0: not known */
    enum thm_role role;                         /* what the peer has to be */
    unsigned certificates;                      /* of the chain, so far */
    unsigned refused;                           /* THM_GUARD_*, or 0 */
    bool verified;                              /* a chain was shown and all is well */
    struct thm_identity who;                    /* with leaf_hash: valid once verified */
    uint8_t leaf_hash[32];                      /* SHA-256 of the leaf's DER */
};

/**
 * Makes a guard for one handshake.
 *
 * @param role      what the peer has to be
 * @param own       whom these trust is trusted
 * @param ec        arithmetic for P-256, and the verification of signatures with it
 * @param denylist  where the pointer to the deny-list is found; may change while the handshake lasts
 */
void thm_guard_init(struct thm_guard *guard, enum thm_role role, const struct thm_loaded *own,
                    const br_ec_impl *ec, br_ecdsa_vrfy verify,
                    const struct thm_denylist *const *denylist);

#endif
