/* Which CA has certified the own leaf, of those that are trusted. */
#include <string.h>

#include "tls/credentials.h"
#include "tls/leaf.h"

struct der {
    const unsigned char *at, *end;
};

/* Takes the next element: all of it, or its value. False: there is no whole one. */
static bool take(struct der *d, struct der *element, struct der *value)
{
    size_t left = (size_t)(d->end - d->at), head = 2, len;

    if (left < 2)
        return false;
    len = d->at[1];
    if (len == 0x81 && left >= 3) {
        len = d->at[2];
        head = 3;
    } else if (len == 0x82 && left >= 4) {
        len = (size_t)d->at[2] << 8 | d->at[3];
        head = 4;
    } else if (len >= 0x80) {
        return false;
    }
    if (len > left - head)
        return false;
    *element = (struct der){d->at, d->at + head + len};
    *value = (struct der){d->at + head, d->at + head + len};
    d->at += head + len;
    return true;
}

/* The issuer's name in a certificate (RFC 5280, section 4.1). */
static bool find_issuer(const br_x509_certificate *certificate, struct der *issuer)
{
    const unsigned char version = 0xa0;
    struct der all = {certificate->data, certificate->data + certificate->data_len};
    struct der value, tbs, element;

    if (!take(&all, &element, &value) || !take(&value, &element, &tbs))
        return false;
    if (tbs.at < tbs.end && *tbs.at == version && !take(&tbs, &element, &value))
        return false;
    return take(&tbs, &element, &value) /* serialNumber */ &&
           take(&tbs, &element, &value) /* signature */ && take(&tbs, issuer, &value);
}

bool thm_credentials_ca_pin(const struct thm_credentials *credentials, uint8_t pin[THM_CA_PIN])
{
    const struct thm_loaded *c = thm_loaded(credentials);
    uint8_t hash[THM_KEY_HASH];
    struct der issuer;

    if (!find_issuer(&c->chain[c->chain_len - 1], &issuer))
        return false;
    for (size_t i = 0; i < c->anchor_count; i++) {
        const br_x509_trust_anchor *anchor = &c->anchors[i];
        if (anchor->dn.len != (size_t)(issuer.end - issuer.at) ||
            memcmp(anchor->dn.data, issuer.at, anchor->dn.len) != 0 ||
            thm_leaf_key_hash(&anchor->pkey, hash) != THM_OK)
            continue;
        memcpy(pin, hash, THM_CA_PIN);
        return true;
    }
    return false;
}
