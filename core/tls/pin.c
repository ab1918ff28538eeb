#include "tls/pin.h"

#include <string.h>

#include "tls/leaf.h"

#if THM_TLS_PINS

static struct thm_pinned *pinned_of(const br_x509_class *const *ctx)
{
    return (struct thm_pinned *)(void *)(uintptr_t)ctx;
}

static void start_chain(const br_x509_class **ctx, const char *server_name)
{
    struct thm_pinned *pinned = pinned_of(ctx);
    struct thm_ca_pin *pin = pinned->pin;

    pin->ca_len = pin->read.leaf = pin->read.ca = 0;
    pin->read.certificates = 0;
    pin->read.found = false;
    pinned->inner->vtable->start_chain(&pinned->inner->vtable, server_name);
}

static void start_cert(const br_x509_class **ctx, uint32_t length)
{
    struct thm_ca_pin *pin = pinned_of(ctx)->pin;

    (void)length;
    pin->read.certificates++;
    if (!pin->read.found)
        pin->read.ca = 0;
}

/* A certificate of more than THM_CERT_MAX bytes was refused before. */
static void append(const br_x509_class **ctx, const unsigned char *buf, size_t len)
{
    struct thm_ca_pin *pin = pinned_of(ctx)->pin;
    bool is_leaf = pin->read.certificates == 1;
    size_t *at = is_leaf ? &pin->read.leaf : &pin->read.ca;

    if ((!is_leaf && pin->read.found) || len > THM_CERT_MAX - *at)
        return;
    memcpy((is_leaf ? pin->leaf : pin->ca) + *at, buf, len);
    *at += len;
}

static void take_name(void *ctx, const void *bytes, size_t len)
{
    struct thm_ca_pin *pin = ctx;

    (void)bytes;
    if (pin->read.name_len == 0)
        pin->read.name_at = pin->read.at;
    pin->read.name_len += len;
}

/* Whether `ca` is the CA that was meant. The decoder gets it byte for byte, so that the subject is where that has got to. */
static bool is_meant(struct thm_ca_pin *pin)
{
    br_x509_decoder_context decoder;
    const br_x509_pkey *key;
    uint8_t hash[THM_KEY_HASH];

    pin->read.name_len = 0;
    br_x509_decoder_init(&decoder, take_name, pin);
    for (pin->read.at = 0; pin->read.at < pin->read.ca; pin->read.at++)
        br_x509_decoder_push(&decoder, pin->ca + pin->read.at, 1);
    key = br_x509_decoder_get_pkey(&decoder);
    if (!key || !br_x509_decoder_isCA(&decoder) || thm_leaf_key_hash(key, hash) != THM_OK ||
        memcmp(hash, pin->hash, sizeof pin->hash) != 0)
        return false;
    memcpy(pin->point, key->key.ec.q, sizeof pin->point);
    return true;
}

static void end_cert(const br_x509_class **ctx)
{
    struct thm_ca_pin *pin = pinned_of(ctx)->pin;

    if (pin->read.certificates > 1 && !pin->read.found)
        pin->read.found = is_meant(pin);
}

/* Its name is none that anybody vouches for; but a leaf that its key has signed names its issuer. */
static void trust(struct thm_pinned *pinned)
{
    struct thm_ca_pin *pin = pinned->pin;

    pinned->anchor.dn = (br_x500_name){pin->ca + pin->read.name_at, pin->read.name_len};
    pinned->anchor.flags = BR_X509_TA_CA;
    pinned->anchor.pkey.key_type = BR_KEYTYPE_EC;
    pinned->anchor.pkey.key.ec = (br_ec_public_key){BR_EC_secp256r1, pin->point, sizeof pin->point};
}

static unsigned end_chain(const br_x509_class **ctx)
{
    struct thm_pinned *pinned = pinned_of(ctx);
    struct thm_ca_pin *pin = pinned->pin;
    const br_x509_class **inner = &pinned->inner->vtable;
    unsigned verdict;

    if (!pin->read.found)
        return BR_ERR_X509_NOT_TRUSTED;
    trust(pinned);
    (*inner)->start_cert(inner, (uint32_t)pin->read.leaf);
    (*inner)->append(inner, pin->leaf, pin->read.leaf);
    (*inner)->end_cert(inner);
    verdict = (*inner)->end_chain(inner);
    if (verdict == 0)
        pin->ca_len = pin->read.ca;
    return verdict;
}

static const br_x509_pkey *get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
    const br_x509_minimal_context *inner = pinned_of(ctx)->inner;

    return inner->vtable->get_pkey(&inner->vtable, usages);
}

static const br_x509_class pinned_class = {
    sizeof(struct thm_pinned), start_chain, start_cert, append, end_cert, end_chain, get_pkey,
};

void thm_pinned_init(struct thm_pinned *pinned, struct thm_ca_pin *pin,
                     br_x509_minimal_context *inner)
{
    memset(pinned, 0, sizeof *pinned);
    pinned->vtable = &pinned_class;
    pinned->inner = inner;
    pinned->pin = pin;
}

#endif
