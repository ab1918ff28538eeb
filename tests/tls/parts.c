#include "tls/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls/files.h"
#include "tls/leaf.h"
#include "tls/pem.h"

static void check(bool good)
{
    if (!good)
        abort();
}

/* The objects of a PEM file, in the chain's own form. */
static bool any(const char *name)
{
    return strcmp(name, "EC PARAMETERS") != 0;
}

static int begin(void *ctx)
{
    struct parts *p = ctx;

    p->parts.chain[p->parts.chain_len++].len = 0;
    return THM_OK;
}

static void data(void *ctx, const void *der, size_t len)
{
    struct parts *p = ctx;
    unsigned last = p->parts.chain_len - 1;
    size_t *at = &p->parts.chain[last].len;

    check(*at + len <= THM_CERT_MAX);
    memcpy(p->der[last] + *at, der, len);
    *at += len;
}

static int end(void *ctx)
{
    (void)ctx;
    return THM_OK;
}

static void read_objects(struct parts *p, const char *name, const char *suffix)
{
    static const struct thm_pem_reader reader = {any, begin, data, end};
    char file[64];
    size_t len;
    char *text;

    snprintf(file, sizeof file, "%s%s", name, suffix);
    text = read_cert_file(file, &len);
    p->parts.chain_len = 0;
    for (unsigned i = 0; i < THM_CHAIN_MAX; i++)
        p->parts.chain[i].der = p->der[i];
    check(thm_pem_read(text, len, &reader, p) > 0);
    free(text);
}

static void append_name(void *ctx, const void *bytes, size_t len)
{
    struct parts *p = ctx;

    check(p->name_len + len <= sizeof p->name);
    memcpy(p->name + p->name_len, bytes, len);
    p->name_len += len;
}

static void take_ca(struct parts *p)
{
    br_x509_decoder_context decoder;

    br_x509_decoder_init(&decoder, append_name, p);
    br_x509_decoder_push(&decoder, p->parts.chain[0].der, p->parts.chain[0].len);
    check(br_x509_decoder_get_pkey(&decoder) != NULL);
    memcpy(p->point, br_x509_decoder_get_pkey(&decoder)->key.ec.q, sizeof p->point);
    p->parts.ca[0].name = p->name;
    p->parts.ca[0].name_len = p->name_len;
    p->parts.ca[0].point = p->point;
    p->parts.ca_count = 1;
}

static void take_key(struct parts *p)
{
    br_skey_decoder_context decoder;

    br_skey_decoder_init(&decoder);
    br_skey_decoder_push(&decoder, p->parts.chain[0].der, p->parts.chain[0].len);
    check(br_skey_decoder_get_ec(&decoder) != NULL);
    memcpy(p->key, br_skey_decoder_get_ec(&decoder)->x, sizeof p->key);
    p->parts.key = p->key;
}

static void take_leaf(struct parts *p)
{
    br_x509_decoder_context decoder;
    struct thm_validity validity;

    br_x509_decoder_init(&decoder, NULL, NULL);
    br_x509_decoder_push(&decoder, p->parts.chain[0].der, p->parts.chain[0].len);
    check(thm_leaf_key_hash(br_x509_decoder_get_pkey(&decoder), p->parts.identity.key_hash) ==
          THM_OK);
    thm_validity_start(&validity);
    thm_validity_push(&validity, p->parts.chain[0].der, p->parts.chain[0].len);
    p->parts.identity.not_after = thm_validity_end(&validity);
}

void parts_read(struct parts *p, const char *ca, const char *name)
{
    memset(p, 0, sizeof *p);
    read_objects(p, ca, ".crt");
    take_ca(p);
    read_objects(p, name, ".key");
    take_key(p);
    read_objects(p, name, ".crt");
    take_leaf(p);
}
