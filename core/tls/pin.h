/*
 * A CA of which a client knows only its key's hash: a BearSSL X.509 class before br_x509_minimal. It keeps a server's leaf,
 * looks for the CA among what was sent behind it, and then has the leaf judged under that CA and no other. Left out without
 * THM_TLS_PINS.
 */
#ifndef THM_TLS_PIN_H
#define THM_TLS_PIN_H

#include <bearssl.h>

#include "thimble/tls.h"

struct thm_pinned {
    const br_x509_class *vtable; /* first: what it is called by is a pointer to it */
    br_x509_minimal_context *inner;
    struct thm_ca_pin *pin;
    br_x509_trust_anchor anchor; /* `inner` trusts it; nobody's until the chain ends */
};

/** Makes one for a handshake. `inner` is made with `anchor` as its only one. */
void thm_pinned_init(struct thm_pinned *pinned, struct thm_ca_pin *pin,
                     br_x509_minimal_context *inner);

#endif
