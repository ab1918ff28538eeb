#include "thimble/enroll.h"

#if THM_ENROLL

#include <string.h>

#include "tls/leaf.h"
#include "tls/profile.h"
#include "tls/wipe.h"

/* What RFC 9180 puts in front of each label (section 4), with the suite_id of DHKEM(P-256, HKDF-SHA256) (section 4.1). */
#define LABELED "HPKE-v1KEM\x00\x10"

/* Whether 1 <= key < n, in a time that tells nothing else of the key. */
static bool is_scalar(const uint8_t key[THM_ENROLL_KEY])
{
    size_t len;
    const unsigned char *order = THM_EC->order(BR_EC_secp256r1, &len);
    uint32_t borrow = 0, any = 0;

    for (size_t i = THM_ENROLL_KEY; i-- > 0;) {
        borrow = ((uint32_t)key[i] - order[i] - borrow) >> 31;
        any |= key[i];
    }
    return (borrow & (0 - any) >> 31) != 0;
}

/* DeriveKeyPair ends at its first candidate but once in 2^32 times, and its limit of 256 is never met. */
void thm_enroll_derive_key(const uint8_t *ikm, size_t len, uint8_t key[THM_ENROLL_KEY])
{
    /* I2OSP(Nsk, 2), what is in front of a label, the label, I2OSP(counter, 1) */
    unsigned char info[] = "\0\x20" LABELED "candidate";
    br_hkdf_context hkdf;

    do {
        br_hkdf_init(&hkdf, &br_sha256_vtable, "", 0);
        br_hkdf_inject(&hkdf, LABELED "dkp_prk", sizeof LABELED "dkp_prk" - 1);
        br_hkdf_inject(&hkdf, ikm, len);
        br_hkdf_flip(&hkdf);
        br_hkdf_produce(&hkdf, info, sizeof info, key, THM_ENROLL_KEY);
        info[sizeof info - 1]++;
    } while (!is_scalar(key));
    thm_wipe(&hkdf, sizeof hkdf);
}

void thm_enroll_bootstrap_key(const uint8_t secret[THM_ENROLL_SECRET], uint8_t key[THM_ENROLL_KEY])
{
    uint8_t ikm[sizeof THM_ENROLL_ALPN - 1 + THM_ENROLL_SECRET] = THM_ENROLL_ALPN;

    memcpy(ikm + sizeof THM_ENROLL_ALPN - 1, secret, THM_ENROLL_SECRET);
    thm_enroll_derive_key(ikm, sizeof ikm, key);
    thm_wipe(ikm, sizeof ikm);
}

int thm_enroll_new_key(struct thm_port *port, uint8_t key[THM_ENROLL_KEY])
{
    /* One candidate in 2^32 is none: a source that gives several of those is broken. */
    for (int tries = 0; tries < 4; tries++)
        if (port->ops->entropy(port, key, THM_ENROLL_KEY) != THM_OK)
            break;
        else if (is_scalar(key))
            return THM_OK;
    thm_wipe(key, THM_ENROLL_KEY);
    return THM_E_ENTROPY;
}

void thm_enroll_point(const uint8_t key[THM_ENROLL_KEY], uint8_t point[65])
{
    THM_EC->mulgen(point, key, THM_ENROLL_KEY, BR_EC_secp256r1);
}

void thm_enroll_key_hash(const uint8_t key[THM_ENROLL_KEY], uint8_t hash[THM_KEY_HASH])
{
    uint8_t point[65];
    br_x509_pkey public = {.key_type = BR_KEYTYPE_EC};

    thm_enroll_point(key, point);
    public.key.ec = (br_ec_public_key){BR_EC_secp256r1, point, sizeof point};
    thm_leaf_key_hash(&public, hash);
}

#endif
