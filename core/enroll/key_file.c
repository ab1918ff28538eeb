/*
 * Keys and certificates as files hold them.
 */
#include "thimble/enroll.h"

#if THM_CREDENTIALS_MAX

#include <bearssl.h>
#include <string.h>

#include "tls/key.h"
#include "tls/pem.h"
#include "tls/wipe.h"

int thm_enroll_read_key(const char *text, size_t len, uint8_t key[THM_ENROLL_KEY])
{
    return thm_key_read(text, len, key);
}

struct copy {
    uint8_t *der;
    size_t cap, len;
};

static bool is_certificate(const char *name)
{
    return strcmp(name, "CERTIFICATE") == 0;
}

static int begin(void *ctx)
{
    const struct copy *copy = ctx;

    return copy->len == 0 ? THM_OK : THM_E_LIMIT;
}

static void push(void *ctx, const void *der, size_t len)
{
    struct copy *copy = ctx;

    if (len <= copy->cap && copy->len <= copy->cap - len)
        memcpy(copy->der + copy->len, der, len);
    copy->len += len;
}

static int end(void *ctx)
{
    const struct copy *copy = ctx;

    return copy->len <= copy->cap ? THM_OK : THM_E_LIMIT;
}

size_t thm_enroll_read_certificate(const char *text, size_t len, uint8_t *der, size_t cap)
{
    static const struct thm_pem_reader reader = {is_certificate, begin, push, end};
    struct copy copy = {.der = der, .cap = cap};

    return thm_pem_read(text, len, &reader, &copy) == 1 ? copy.len : 0;
}

size_t thm_enroll_write_key(const uint8_t key[THM_ENROLL_KEY], char pem[THM_KEY_PEM])
{
    uint8_t scalar[THM_ENROLL_KEY], point[65], der[128];
    const br_ec_private_key sk = {BR_EC_secp256r1, scalar, sizeof scalar};
    const br_ec_public_key pk = {BR_EC_secp256r1, point, sizeof point};

    memcpy(scalar, key, sizeof scalar);
    thm_enroll_point(key, point);
    size_t len = br_encode_ec_raw_der(der, &sk, &pk); /* 121 */
    len = br_pem_encode(pem, der, len, BR_ENCODE_PEM_EC_RAW, BR_PEM_LINE64);
    thm_wipe(scalar, sizeof scalar);
    thm_wipe(der, sizeof der);
    return len;
}

size_t thm_enroll_write_certificate(const uint8_t *der, size_t len, char *pem)
{
    return br_pem_encode(pem, der, len, "CERTIFICATE", BR_PEM_LINE64);
}

#endif
