/*
 * Decoding of credentials into fixed memory. BearSSL's decoders do the parsing; the own leaf is
 * judged by the same rules as a peer's. Left out when there is no memory for it.
 */
#include "tls/credentials.h"

#include <stddef.h>
#include <string.h>

#include "tls/key.h"
#include "tls/leaf.h"
#include "tls/pem.h"
#include "tls/profile.h"
#include "tls/wipe.h"

#if THM_CREDENTIALS_MAX

static bool is_certificate(const char *name)
{
    return strcmp(name, "CERTIFICATE") == 0 || strcmp(name, "X509 CERTIFICATE") == 0;
}

/* Takes room for bytes that are put there in pieces. */
static void store(struct thm_loaded *c, const void *bytes, size_t len, bool *full)
{
    if (len > sizeof c->store - c->used) {
        *full = true;
        return;
    }
    memcpy(c->store + c->used, bytes, len);
    c->used += len;
}

/* --- CAs --- */

struct ca_reading {
    struct thm_loaded *loaded;
    br_x509_decoder_context decoder;
    size_t name_at; /* where in the store the subject's name starts */
    bool full;
};

static void append_name(void *ctx, const void *bytes, size_t len)
{
    struct ca_reading *r = ctx;

    store(r->loaded, bytes, len, &r->full);
}

static int begin_ca(void *ctx)
{
    struct ca_reading *r = ctx;

    if (r->loaded->anchor_count == THM_CA_MAX)
        return THM_E_LIMIT;
    r->name_at = r->loaded->used;
    br_x509_decoder_init(&r->decoder, append_name, r);
    return THM_OK;
}

static void push_ca(void *ctx, const void *der, size_t len)
{
    struct ca_reading *r = ctx;

    br_x509_decoder_push(&r->decoder, der, len);
}

static int end_ca(void *ctx)
{
    struct ca_reading *r = ctx;
    struct thm_loaded *c = r->loaded;
    const br_x509_pkey *key = br_x509_decoder_get_pkey(&r->decoder);
    br_x509_trust_anchor *anchor = &c->anchors[c->anchor_count];
    uint8_t unused[THM_KEY_HASH];

    if (!key || !br_x509_decoder_isCA(&r->decoder) || thm_leaf_key_hash(key, unused) != THM_OK)
        return THM_E_CA;
    anchor->dn = (br_x500_name){c->store + r->name_at, c->used - r->name_at};
    anchor->flags = BR_X509_TA_CA;
    anchor->pkey = *key;
    anchor->pkey.key.ec.q = c->store + c->used;
    store(c, key->key.ec.q, key->key.ec.qlen, &r->full);
    if (r->full)
        return THM_E_LIMIT;
    c->anchor_count++;
    return THM_OK;
}

static int load_cas(struct thm_loaded *c, const char *ca, size_t len)
{
    static const struct thm_pem_reader reader = {is_certificate, begin_ca, push_ca, end_ca};
    struct ca_reading r = {.loaded = c};
    int count = thm_pem_read(ca, len, &reader, &r);

    if (count < 0)
        return count;
    /* Without a CA's name no client certificate would be asked for. */
    if (count == 0)
        return THM_E_CA;
    return THM_OK;
}

/* --- own chain --- */

struct chain_reading {
    struct thm_loaded *loaded;
    size_t len; /* certificates of the chain, so far */
    bool
        shown; /* they are CAs, of which those are left out for which there is no room in a chain */
    bool skips; /* that is so */
    bool full;
};

static int begin_certificate(void *ctx)
{
    struct chain_reading *r = ctx;
    struct thm_loaded *c = r->loaded;

    r->skips = r->len == THM_CHAIN_MAX;
    if (r->skips)
        return r->shown ? THM_OK : THM_E_LIMIT;
    c->chain[r->len].data = c->store + c->used;
    return THM_OK;
}

static void push_certificate(void *ctx, const void *der, size_t len)
{
    struct chain_reading *r = ctx;

    if (!r->skips)
        store(r->loaded, der, len, &r->full);
}

static int end_certificate(void *ctx)
{
    struct chain_reading *r = ctx;
    struct thm_loaded *c = r->loaded;
    br_x509_certificate *certificate;

    if (r->skips)
        return THM_OK;
    certificate = &c->chain[r->len++];
    certificate->data_len = (size_t)(c->store + c->used - certificate->data);
    return r->full || certificate->data_len > THM_CERT_MAX ? THM_E_LIMIT : THM_OK;
}

/* Reads a leaf as a peer will: at its last second, so that only its content counts, and with no CA, so that "not
 * trusted" is the best that can come out. */
static int judge_leaf(const br_x509_certificate *leaf, br_x509_minimal_context *x509,
                      struct thm_leaf_names *names, uint64_t last_second)
{
    br_x509_minimal_init(x509, &br_sha256_vtable, NULL, 0);
    br_x509_minimal_set_hash(x509, br_sha256_ID, &br_sha256_vtable);
    br_x509_minimal_set_name_elements(x509, names->elements, 3);
    thm_set_time(x509, last_second);
    x509->vtable->start_chain(&x509->vtable, NULL);
    x509->vtable->start_cert(&x509->vtable, (uint32_t)leaf->data_len);
    x509->vtable->append(&x509->vtable, leaf->data, leaf->data_len);
    x509->vtable->end_cert(&x509->vtable);
    return x509->vtable->end_chain(&x509->vtable) == BR_ERR_X509_NOT_TRUSTED ? THM_OK : THM_E_CERT;
}

static uint64_t last_second(const br_x509_certificate *leaf)
{
    struct thm_validity validity;

    thm_validity_start(&validity);
    thm_validity_push(&validity, leaf->data, leaf->data_len);
    return thm_validity_end(&validity);
}

/* `point` receives the public key. */
static int read_leaf(const br_x509_certificate *leaf, enum thm_role role, struct thm_identity *who,
                     unsigned char point[65])
{
    br_x509_minimal_context x509;
    struct thm_leaf_names names;
    const br_x509_pkey *key;
    unsigned usages;
    int result;

    who->not_after = last_second(leaf);
    if (who->not_after == 0)
        return THM_E_CERT;
    thm_leaf_names_init(&names);
    result = judge_leaf(leaf, &x509, &names, who->not_after);
    if (result != THM_OK)
        return result;
    key = x509.vtable->get_pkey(&x509.vtable, &usages);
    if (!(usages & BR_KEYTYPE_SIGN))
        return THM_E_ROLE;
    if (thm_leaf_key_hash(key, who->key_hash) != THM_OK)
        return THM_E_KEY;
    memcpy(point, key->key.ec.q, 65);
    return role == THM_FOR_SERVER ? thm_leaf_server(&names) : thm_leaf_user(&names, who);
}

int thm_certificate_read(const unsigned char *der, size_t len, enum thm_role role,
                         struct thm_identity *who)
{
    const br_x509_certificate leaf = {(unsigned char *)(uintptr_t)der, len}; /* only read */
    unsigned char point[65];

    memset(who, 0, sizeof *who);
    return len > THM_CERT_MAX ? THM_E_LIMIT : read_leaf(&leaf, role, who, point);
}

int thm_certificate_judge(const struct thm_credentials *credentials, const unsigned char *der,
                          size_t len)
{
    const struct thm_loaded *own = thm_loaded(credentials);
    const br_x509_certificate leaf = {(unsigned char *)(uintptr_t)der, len}; /* only read */
    uint64_t end = len > THM_CERT_MAX ? 0 : last_second(&leaf);
    br_x509_minimal_context x509;

    if (end == 0)
        return THM_E_CERT;
    br_x509_minimal_init(&x509, &br_sha256_vtable, own->anchors, own->anchor_count);
    br_x509_minimal_set_hash(&x509, br_sha256_ID, &br_sha256_vtable);
    br_x509_minimal_set_ecdsa(&x509, THM_EC, THM_VRFY);
    thm_set_time(&x509, end);
    x509.vtable->start_chain(&x509.vtable, NULL);
    x509.vtable->start_cert(&x509.vtable, (uint32_t)len);
    x509.vtable->append(&x509.vtable, der, len);
    x509.vtable->end_cert(&x509.vtable);
    return x509.vtable->end_chain(&x509.vtable) == 0 ? THM_OK : THM_E_UNTRUSTED;
}

/* Whether the leaf is of its role, and the key belongs to it: its public point is the same. */
static int check_leaf(struct thm_loaded *c, enum thm_role role)
{
    unsigned char of_leaf[65], of_key[65];
    int result = read_leaf(&c->chain[0], role, &c->identity, of_leaf);
    bool derived = THM_EC->mulgen(of_key, c->scalar, sizeof c->scalar, BR_EC_secp256r1) == 65;

    if (result == THM_OK && (!derived || memcmp(of_leaf, of_key, sizeof of_leaf) != 0))
        return THM_E_KEY;
    return result;
}

/* The own chain, or, when that is there, the CAs behind it. */
static int load_chain(struct thm_loaded *c, const char *text, size_t len, size_t *total)
{
    static const struct thm_pem_reader reader = {is_certificate, begin_certificate,
                                                 push_certificate, end_certificate};
    struct chain_reading r = {.loaded = c, .len = c->chain_len, .shown = c->chain_len > 0};
    int count = thm_pem_read(text, len, &reader, &r);

    *total = r.len;
    if (count < 0)
        return count;
    return count == 0 ? THM_E_CERT : THM_OK;
}

/* --- own key --- */

static int load_key(struct thm_loaded *c, const char *text, size_t len)
{
    c->key = (br_ec_private_key){BR_EC_secp256r1, c->scalar, sizeof c->scalar};
    return thm_key_read(text, len, c->scalar);
}

/* --- all together --- */

int thm_credentials_load(struct thm_credentials *credentials, const char *ca, size_t ca_len,
                         const char *chain, size_t chain_len, const char *key, size_t key_len,
                         enum thm_role role)
{
    struct thm_loaded *c = (struct thm_loaded *)(void *)credentials->opaque;
    int result;

    memset(c, 0, sizeof *c);
    result = load_cas(c, ca, ca_len);
    if (result == THM_OK)
        result = load_chain(c, chain, chain_len, &c->chain_len);
    if (result == THM_OK)
        result = load_key(c, key, key_len);
    if (result == THM_OK)
        result = check_leaf(c, role);
#if THM_TLS_ADMITS
    if (result == THM_OK && role == THM_FOR_SERVER)
        result = load_chain(c, ca, ca_len, &c->shown_len);
#endif
    if (result == THM_OK)
        thm_credentials_hash(c);
    else
        thm_credentials_wipe(credentials);
    return result;
}

#if THM_ENROLL
size_t thm_credentials_server_name(const struct thm_credentials *c, char *name, size_t cap)
{
    const struct thm_loaded *loaded = thm_loaded(c);
    br_x509_minimal_context x509;
    struct thm_leaf_names names;

    thm_leaf_names_init(&names);
    thm_leaf_names_want_dns(&names, name, cap);
    if (judge_leaf(&loaded->chain[0], &x509, &names, loaded->identity.not_after) != THM_OK ||
        thm_leaf_server(&names) != THM_OK)
        name[0] = '\0';
    return strlen(name);
}
#endif

#endif
