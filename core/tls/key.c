#include "tls/key.h"

#include <bearssl.h>
#include <string.h>

#include "thimble/error.h"
#include "tls/pem.h"
#include "tls/wipe.h"

#if THM_CREDENTIALS_MAX

/* Bytes of a key's DER; one of P-256 takes 138 at most. The decoder of 0.6 writes past its end when it is given one of
 * 1,560. */
#define DER_MAX 512

struct reading {
    br_skey_decoder_context decoder;
    size_t len;
};

static bool is_key(const char *name)
{
    return strcmp(name, "PRIVATE KEY") == 0 || strcmp(name, "EC PRIVATE KEY") == 0;
}

static int begin(void *ctx)
{
    struct reading *r = ctx;

    br_skey_decoder_init(&r->decoder);
    r->len = 0;
    return THM_OK;
}

static void push(void *ctx, const void *der, size_t len)
{
    struct reading *r = ctx;

    r->len += len;
    if (r->len <= DER_MAX)
        br_skey_decoder_push(&r->decoder, der, len);
}

static int end(void *ctx)
{
    struct reading *r = ctx;

    return r->len <= DER_MAX && br_skey_decoder_last_error(&r->decoder) == 0 ? THM_OK : THM_E_KEY;
}

int thm_key_read(const char *text, size_t len, uint8_t scalar[THM_SCALAR])
{
    static const struct thm_pem_reader reader = {is_key, begin, push, end};
    struct reading r;
    int count = thm_pem_read(text, len, &reader, &r);
    const br_ec_private_key *ec = count == 1 ? br_skey_decoder_get_ec(&r.decoder) : NULL;
    int result = count < 0 ? count : THM_E_KEY;

    memset(scalar, 0, THM_SCALAR);
    if (ec != NULL && ec->curve == BR_EC_secp256r1 && ec->xlen <= THM_SCALAR) {
        memcpy(scalar + THM_SCALAR - ec->xlen, ec->x, ec->xlen);
        result = THM_OK;
    }
    thm_wipe(&r, sizeof r);
    return result;
}

#endif
