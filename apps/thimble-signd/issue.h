/*
 * Makes certificates of users' devices: a request and a name in, a certificate out. No files, no clock, no log; only
 * random numbers come from outside, from libcrypto's own source.
 *
 * Of a request its key counts, and that it is signed by it. Who the certificate is for is said by who asks: what the
 * request wants to be called, and all that it wants besides, is ignored.
 */
#ifndef THIMBLE_ISSUE_H
#define THIMBLE_ISSUE_H

#include <stddef.h>
#include <stdint.h>

#include "thimble/tls.h"

struct issuer;

enum issue_result {
    ISSUE_OK,
    ISSUE_NAME,    /* the user or the device can't be called so */
    ISSUE_REQUEST, /* the request is no good */
    ISSUE_SIGNER   /* this CA can't sign now */
};

struct issued {
    uint8_t key_hash[THM_KEY_HASH]; /* SHA-256 of the SubjectPublicKeyInfo */
    int64_t not_after;              /* seconds since 1970 */
    size_t len;
    uint8_t certificate[THM_ISSUED_MAX]; /* DER */
};

/**
 * Takes an issuing CA: a certificate with a P-256 key that may sign others, and that key, both in PEM.
 *
 * @param why  receives one sentence, static, unless it is ISSUE_OK
 * @return ISSUE_OK or ISSUE_SIGNER
 */
enum issue_result issue_open(struct issuer **out, const char *cert, size_t cert_len,
                             const char *key, size_t key_len, const char **why);

/** Ends it, and wipes the key. NULL does nothing. */
void issue_close(struct issuer *issuer);

/** When the CA's own certificate ends, seconds since 1970: nothing that it signs lasts longer. */
int64_t issue_ends(const struct issuer *issuer);

/**
 * Makes a certificate, valid from 2024 on, as boards without a clock need it.
 *
 * @param request   PKCS#10, DER, `len` bytes: a P-256 key as an uncompressed point, ECDSA with SHA-256 by that key
 * @param now_s     seconds since 1970
 * @param lifetime_s  1 or more; cut where the CA ends
 * @param why       receives one sentence, static, unless it is ISSUE_OK
 */
enum issue_result issue(const struct issuer *issuer, const char *user, const char *device,
                        const uint8_t *request, size_t len, int64_t now_s, int64_t lifetime_s,
                        struct issued *out, const char **why);

#endif
