#include "tls/credentials.h"

#include <string.h>

#include "tls/wipe.h"

_Static_assert(sizeof(struct thm_loaded) <= sizeof(struct thm_credentials) &&
                   sizeof(struct thm_loaded) + 32 > sizeof(struct thm_credentials),
               "what tls.h shows of credentials suffices and gives nothing away");

#define POINT 65 /* bytes of a P-256 key, uncompressed */

void thm_credentials_hash(struct thm_loaded *c)
{
    br_sha256_context sha;

    br_sha256_init(&sha);
    br_sha256_update(&sha, c->chain[0].data, c->chain[0].data_len);
    br_sha256_out(&sha, c->leaf_hash);
    br_sha256_init(&sha);
    for (size_t i = 0; i < c->anchor_count; i++) {
        const br_x509_trust_anchor *anchor = &c->anchors[i];
        unsigned char length[2] = {(unsigned char)(anchor->dn.len >> 8),
                                   (unsigned char)anchor->dn.len};
        br_sha256_update(&sha, length, sizeof length);
        br_sha256_update(&sha, anchor->dn.data, anchor->dn.len);
        br_sha256_update(&sha, anchor->pkey.key.ec.q, anchor->pkey.key.ec.qlen);
    }
    br_sha256_out(&sha, c->ca_hash);
}

/* --- from parts --- */

/* What BearSSL's types point to is only read, but they don't say so. */
static unsigned char *borrowed(const unsigned char *bytes)
{
    return (unsigned char *)(uintptr_t)bytes;
}

static int borrow_cas(struct thm_loaded *c, const struct thm_credential_parts *parts,
                      enum thm_role role)
{
    (void)role;
#if THM_TLS_PINS
    if (parts->pin) {
        c->pin = parts->pin;
        return role == THM_FOR_ENROLMENT && parts->ca_count == 0 ? THM_OK : THM_E_CA;
    }
#endif
    if (parts->ca_count == 0 || parts->ca_count > THM_CA_MAX)
        return THM_E_CA;
    for (; c->anchor_count < parts->ca_count; c->anchor_count++) {
        br_x509_trust_anchor *anchor = &c->anchors[c->anchor_count];
        const unsigned char *name = parts->ca[c->anchor_count].name;
        const unsigned char *point = parts->ca[c->anchor_count].point;
        size_t name_len = parts->ca[c->anchor_count].name_len;
        if (!name || name_len == 0 || !point || point[0] != 4)
            return THM_E_CA;
        anchor->dn = (br_x500_name){borrowed(name), name_len};
        anchor->flags = BR_X509_TA_CA;
        anchor->pkey.key_type = BR_KEYTYPE_EC;
        anchor->pkey.key.ec = (br_ec_public_key){BR_EC_secp256r1, borrowed(point), POINT};
    }
    return THM_OK;
}

static int borrow_chain(struct thm_loaded *c, const struct thm_credential_parts *parts)
{
    if (parts->chain_len == 0 || parts->chain_len > THM_CHAIN_MAX)
        return THM_E_CERT;
    for (; c->chain_len < parts->chain_len; c->chain_len++) {
        const unsigned char *der = parts->chain[c->chain_len].der;
        size_t len = parts->chain[c->chain_len].len;
        if (!der || len == 0 || len > THM_CERT_MAX)
            return THM_E_CERT;
        c->chain[c->chain_len] = (br_x509_certificate){borrowed(der), len};
    }
#if THM_TLS_ADMITS
    c->shown_len = c->chain_len;
#endif
    return THM_OK;
}

static int borrow_key(struct thm_loaded *c, const struct thm_credential_parts *parts,
                      enum thm_role role)
{
    bool is_user = parts->identity.user[0] != '\0';

    if (!parts->key)
        return THM_E_KEY;
    if (is_user != (role == THM_FOR_CLIENT))
        return THM_E_ROLE;
    c->key = (br_ec_private_key){BR_EC_secp256r1, borrowed(parts->key), THM_SCALAR};
    c->identity = parts->identity;
    return THM_OK;
}

int thm_credentials_set(struct thm_credentials *credentials,
                        const struct thm_credential_parts *parts, enum thm_role role)
{
    struct thm_loaded *c = (struct thm_loaded *)(void *)credentials->opaque;
    int result;

    thm_credentials_wipe(credentials);
    result = borrow_cas(c, parts, role);
    if (result == THM_OK)
        result = borrow_chain(c, parts);
    if (result == THM_OK)
        result = borrow_key(c, parts, role);
    if (result == THM_OK)
        thm_credentials_hash(c);
    else
        thm_credentials_wipe(credentials);
    return result;
}

/* --- what they are --- */

const struct thm_identity *thm_credentials_identity(const struct thm_credentials *c)
{
    return &thm_loaded(c)->identity;
}

const uint8_t *thm_credentials_leaf_hash(const struct thm_credentials *c)
{
    return thm_loaded(c)->leaf_hash;
}

const unsigned char *thm_credentials_der(const struct thm_credentials *c, unsigned i, size_t *len)
{
    const struct thm_loaded *loaded = thm_loaded(c);

    if (i >= loaded->chain_len)
        return NULL;
    *len = loaded->chain[i].data_len;
    return loaded->chain[i].data;
}

void thm_credentials_wipe(struct thm_credentials *c)
{
    thm_wipe(c, sizeof *c);
}
