/* Of libcrypto only the compression is used: it alone takes a state as BearSSL keeps it. Its function is
 * deprecated in favour of EVP, which has none. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "sha256.h"

#include <string.h>

#include <openssl/sha.h>

#define BLOCK 64

static void compress(br_sha256_context *cc, const unsigned char *block)
{
    SHA256_CTX c;

    memcpy(c.h, cc->val, sizeof c.h);
    SHA256_Transform(&c, block);
    memcpy(cc->val, c.h, sizeof c.h);
}

static void init(const br_hash_class **ctx)
{
    br_sha256_init((br_sha256_context *)(void *)ctx);
    *ctx = &thm_libcrypto_sha256;
}

static void update(const br_hash_class **ctx, const void *data, size_t len)
{
    br_sha256_context *cc = (br_sha256_context *)(void *)ctx;
    const unsigned char *bytes = data;

    while (len > 0) {
        size_t at = cc->count % BLOCK, n = BLOCK - at < len ? BLOCK - at : len;
        if (n == BLOCK) {
            compress(cc, bytes);
        } else {
            memcpy(cc->buf + at, bytes, n);
            if (at + n == BLOCK)
                compress(cc, cc->buf);
        }
        cc->count += n;
        bytes += n;
        len -= n;
    }
}

static uint64_t state(const br_hash_class *const *ctx, void *dst)
{
    return br_sha256_state((const br_sha256_context *)(const void *)ctx, dst);
}

static void set_state(const br_hash_class **ctx, const void *stb, uint64_t count)
{
    br_sha256_set_state((br_sha256_context *)(void *)ctx, stb, count);
}

/* Pads a copy: a one, zeros, and the length in bits (FIPS 180-4, section 5.1.1). */
static void out(const br_hash_class *const *ctx, void *dst)
{
    br_sha256_context c = *(const br_sha256_context *)(const void *)ctx;
    unsigned char tail[BLOCK + 8] = {0x80};
    uint64_t bits = c.count * 8;
    size_t zeros_end = BLOCK - (c.count + 8) % BLOCK;

    for (size_t i = 0; i < 8; i++)
        tail[zeros_end + i] = (unsigned char)(bits >> (56 - 8 * i));
    update(&c.vtable, tail, zeros_end + 8);
    state(&c.vtable, dst);
}

const br_hash_class thm_libcrypto_sha256 = {
    .context_size = sizeof(br_sha256_context),
    .desc = BR_HASHDESC_ID(br_sha256_ID) | BR_HASHDESC_OUT(32) | BR_HASHDESC_STATE(32) |
            BR_HASHDESC_LBLEN(6) | BR_HASHDESC_MD_PADDING | BR_HASHDESC_MD_PADDING_BE,
    .init = init,
    .update = update,
    .out = out,
    .state = state,
    .set_state = set_state,
};

/* --- TLS's PRF ------------------------------------------------------------------------------ */

static void update_seed(br_hmac_context *hmac, const char *label, size_t seed_num,
                        const br_tls_prf_seed_chunk *seed)
{
    br_hmac_update(hmac, label, strlen(label));
    for (size_t i = 0; i < seed_num; i++)
        br_hmac_update(hmac, seed[i].data, seed[i].len);
}

/* P_SHA256 of RFC 5246, section 5. */
void thm_libcrypto_prf(void *dst, size_t len, const void *secret, size_t secret_len,
                       const char *label, size_t seed_num, const br_tls_prf_seed_chunk *seed)
{
    unsigned char a[br_sha256_SIZE], piece[br_sha256_SIZE], *at = dst;
    br_hmac_key_context key;
    br_hmac_context hmac;

    br_hmac_key_init(&key, &thm_libcrypto_sha256, secret, secret_len);
    br_hmac_init(&hmac, &key, 0);
    update_seed(&hmac, label, seed_num, seed); /* A(1) */
    while (len > 0) {
        size_t n = len < sizeof piece ? len : sizeof piece;
        br_hmac_out(&hmac, a);
        br_hmac_init(&hmac, &key, 0);
        br_hmac_update(&hmac, a, sizeof a);
        update_seed(&hmac, label, seed_num, seed);
        br_hmac_out(&hmac, piece);
        memcpy(at, piece, n);
        at += n;
        len -= n;
        br_hmac_init(&hmac, &key, 0);
        br_hmac_update(&hmac, a, sizeof a); /* A(i + 1) */
    }
}
