/*
 * What thm_credentials holds, for the rest of this folder.
 */
#ifndef THM_TLS_CREDENTIALS_H
#define THM_TLS_CREDENTIALS_H

#include <bearssl.h>

#include "thimble/tls.h"
#include "tls/key.h"

struct thm_loaded {
    br_x509_certificate chain[THM_CHAIN_MAX];
    size_t chain_len;
    br_x509_trust_anchor anchors[THM_CA_MAX];
    size_t anchor_count;
    br_ec_private_key key;
    struct thm_identity identity;
    uint8_t leaf_hash[32];
    uint8_t ca_hash[32]; /* of all anchors: the policy that sessions were made under */
#if THM_TLS_ADMITS
    size_t shown_len; /* of `chain`, with the CAs behind it that are shown to those who enrol */
#endif
#if THM_TLS_PINS
    struct thm_ca_pin *pin; /* NULL: `anchors` are trusted */
#endif
#if THM_CREDENTIALS_MAX
    /* What all those point to when it was loaded. */
    unsigned char scalar[THM_SCALAR];
    size_t used; /* bytes of `store` */
    unsigned char store[THM_CREDENTIALS_MAX];
#endif
};

static inline const struct thm_loaded *thm_loaded(const struct thm_credentials *c)
{
    return (const struct thm_loaded *)(const void *)c->opaque;
}

/** Hashes the own leaf, and what the trust rests on: names and keys of the CAs, whatever else is in their
 * certificates. */
void thm_credentials_hash(struct thm_loaded *c);

#endif
