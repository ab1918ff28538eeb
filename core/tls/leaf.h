/*
 * What a leaf certificate says about its holder: names in its SAN, public key, end of validity.
 */
#ifndef THM_TLS_LEAF_H
#define THM_TLS_LEAF_H

#include <stdbool.h>

#include <bearssl.h>

#include "thimble/tls.h"

#define THM_URI_SCHEME "thimble:"
/* The longest URI SAN that can be an identity, with its terminator. */
#define THM_URI_BUFFER (sizeof THM_URI_SCHEME - 1 + THM_ID_MAX + 1 + THM_ID_MAX + 1)

/*
 * The SAN entries that decide about the role. BearSSL fills `elements`; the first entry of a kind is
 * given to the first element that asks for it, so a second URI shows in an element of its own.
 */
struct thm_leaf_names {
    br_name_element elements[3];
    char uri[THM_URI_BUFFER];
    char second_uri[1], dns[1]; /* only whether they are there */
};

/** Points `elements` at the buffers; the object must not move afterwards. */
void thm_leaf_names_init(struct thm_leaf_names *names);

/** Has the first dNSName itself written to `dns`, `cap` bytes with its terminator; "" when it doesn't fit. */
void thm_leaf_names_want_dns(struct thm_leaf_names *names, char *dns, size_t cap);

/**
 * Whether the leaf is a server's, which has a dNSName and no URI. The common name never counts.
 *
 * @return THM_OK or THM_E_ROLE
 */
int thm_leaf_server(const struct thm_leaf_names *names);

/**
 * Whether the leaf is a user's, which has exactly one URI, `thimble:USER@DEVICE`, and no dNSName. The
 * common name never counts.
 *
 * @param who  receives user and device
 * @return THM_OK or THM_E_ROLE
 */
int thm_leaf_user(const struct thm_leaf_names *names, struct thm_identity *who);

/** Whether a leaf has a dNSName. */
bool thm_leaf_has_dns(const struct thm_leaf_names *names);

/* SubjectPublicKeyInfo of id-ecPublicKey on prime256v1, up to the point (RFC 5480). */
#define THM_SPKI_PREFIX 26
extern const unsigned char thm_spki_prefix[THM_SPKI_PREFIX];

/**
 * SHA-256 of the SubjectPublicKeyInfo of a P-256 key.
 *
 * @return THM_OK, or THM_E_CERT when the key is not an uncompressed point of P-256
 */
int thm_leaf_key_hash(const br_x509_pkey *key, uint8_t hash[THM_KEY_HASH]);

/* Finds notAfter in a certificate that comes in pieces: BearSSL checks it but doesn't tell it. */
struct thm_validity {
    uint8_t step;
    uint8_t head_len, date_len;
    uint8_t head[4]; /* tag and length of the element under way */
    uint32_t left;   /* bytes of its value that are still to come */
    char date[15];
};

void thm_validity_start(struct thm_validity *v);
void thm_validity_push(struct thm_validity *v, const unsigned char *der, size_t len);

/** notAfter in seconds since 1970, or 0 when none was found. */
uint64_t thm_validity_end(const struct thm_validity *v);

/** Sets the date at which BearSSL judges certificates; `utc_s` > 0, so that it never asks the system. */
void thm_set_time(br_x509_minimal_context *ctx, uint64_t utc_s);

#endif
