/*
 * Each call makes what it needs and frees it: that costs 2 of a call's 15 to 70 microseconds, needs
 * no state per thread, and wipes as it frees (BN_CTX_free, EC_KEY_free, BN_clear_free).
 */

/* The EC_KEY functions are deprecated in favour of EVP, whose fetching of a key and its algorithm
 * takes longer than the arithmetic. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "thimble/libcrypto.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/objects.h>

#include "sha256.h"

#define SCALAR_LEN 32
#define POINT_LEN  65
/* Bytes of the longest ASN.1 signature that BearSSL takes, and of what it may grow to when decoded. */
#define SIGNATURE_MAX 144
#define RAW_MAX       (2 * SIGNATURE_MAX)

static EC_GROUP *group; /* set once, then only read */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;

static void make_group(void)
{
    group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
}

/* ------------------------------------------------------------------------------------------- */

/* BearSSL takes uncompressed points only; EC_POINT_oct2point() checks that it is on the curve. */
static EC_POINT *decode_point(const unsigned char *bytes, size_t len, BN_CTX *ctx)
{
    if (len != POINT_LEN || bytes[0] != POINT_CONVERSION_UNCOMPRESSED)
        return NULL;
    EC_POINT *p = EC_POINT_new(group);
    if (p != NULL && EC_POINT_oct2point(group, p, bytes, len, ctx))
        return p;
    EC_POINT_free(p);
    return NULL;
}

/* The point at infinity has another length, and fails. */
static uint32_t encode_point(unsigned char *bytes, const EC_POINT *p, BN_CTX *ctx)
{
    unsigned char buf[POINT_LEN];

    uint32_t ok = EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, buf, sizeof buf,
                                     ctx) == sizeof buf;
    if (ok)
        memcpy(bytes, buf, sizeof buf);
    OPENSSL_cleanse(buf, sizeof buf);
    return ok;
}

static BIGNUM *decode_scalar(const unsigned char *bytes, size_t len, BN_CTX *ctx)
{
    BIGNUM *k = BN_CTX_get(ctx);

    if (k == NULL || BN_bin2bn(bytes, (int)len, k) == NULL)
        return NULL;
    BN_set_flags(k, BN_FLG_CONSTTIME);
    return k;
}

/* result = x * p + y * q; q NULL: the generator; y NULL: x * p alone; p NULL: y * q alone. */
static int combine(EC_POINT *result, const EC_POINT *p, const BIGNUM *x, const EC_POINT *q,
                   const BIGNUM *y, BN_CTX *ctx)
{
    if (q == NULL)
        return EC_POINT_mul(group, result, y, p, x, ctx);

    EC_POINT *yq = EC_POINT_new(group);
    int ok = yq != NULL && EC_POINT_mul(group, yq, NULL, q, y, ctx) &&
             EC_POINT_mul(group, result, NULL, p, x, ctx) &&
             EC_POINT_add(group, result, result, yq, ctx);
    EC_POINT_clear_free(yq);
    return ok;
}

static uint32_t muladd_points(unsigned char *out, const EC_POINT *p, const BIGNUM *x,
                              const EC_POINT *q, const BIGNUM *y, BN_CTX *ctx)
{
    EC_POINT *result = EC_POINT_new(group);

    uint32_t ok =
        result != NULL && combine(result, p, x, q, y, ctx) && encode_point(out, result, ctx);
    EC_POINT_clear_free(result);
    return ok;
}

/* ------------------------------------------------------------------------------------------- */

static const unsigned char *ec_generator(int curve, size_t *len)
{
    return br_ec_p256_m31.generator(curve, len);
}

static const unsigned char *ec_order(int curve, size_t *len)
{
    return br_ec_p256_m31.order(curve, len);
}

static size_t ec_xoff(int curve, size_t *len)
{
    return br_ec_p256_m31.xoff(curve, len);
}

static uint32_t ec_mul(unsigned char *point, size_t len, const unsigned char *x, size_t xlen,
                       int curve)
{
    (void)curve;
    BN_CTX *ctx = BN_CTX_new();
    if (ctx == NULL)
        return 0;
    BN_CTX_start(ctx);
    EC_POINT *p = decode_point(point, len, ctx);
    BIGNUM *k = decode_scalar(x, xlen, ctx);
    uint32_t ok = p != NULL && k != NULL && muladd_points(point, p, k, NULL, NULL, ctx);
    EC_POINT_free(p);
    BN_CTX_end(ctx);
    BN_CTX_free(ctx);
    return ok;
}

static size_t ec_mulgen(unsigned char *point, const unsigned char *x, size_t xlen, int curve)
{
    (void)curve;
    BN_CTX *ctx = BN_CTX_new();
    if (ctx == NULL)
        return 0;
    BN_CTX_start(ctx);
    BIGNUM *k = decode_scalar(x, xlen, ctx);
    size_t len = k != NULL && muladd_points(point, NULL, NULL, NULL, k, ctx) ? POINT_LEN : 0;
    BN_CTX_end(ctx);
    BN_CTX_free(ctx);
    return len;
}

static uint32_t ec_muladd(unsigned char *a, const unsigned char *b, size_t len,
                          const unsigned char *x, size_t xlen, const unsigned char *y, size_t ylen,
                          int curve)
{
    (void)curve;
    BN_CTX *ctx = BN_CTX_new();
    if (ctx == NULL)
        return 0;
    BN_CTX_start(ctx);
    EC_POINT *p = decode_point(a, len, ctx);
    EC_POINT *q = b != NULL ? decode_point(b, len, ctx) : NULL;
    BIGNUM *kx = decode_scalar(x, xlen, ctx);
    BIGNUM *ky = decode_scalar(y, ylen, ctx);
    uint32_t ok = p != NULL && (b == NULL || q != NULL) && kx != NULL && ky != NULL &&
                  muladd_points(a, p, kx, q, ky, ctx);
    EC_POINT_free(p);
    EC_POINT_free(q);
    BN_CTX_end(ctx);
    BN_CTX_free(ctx);
    return ok;
}

static const br_ec_impl ec_impl = {
    .supported_curves = UINT32_C(1) << BR_EC_secp256r1,
    .generator = ec_generator,
    .order = ec_order,
    .xoff = ec_xoff,
    .mul = ec_mul,
    .mulgen = ec_mulgen,
    .muladd = ec_muladd,
};

/* ------------------------------------------------------------------------------------------- */

/* BearSSL's decoder, so that exactly the same encodings are taken. */
static ECDSA_SIG *decode_signature(const unsigned char *asn1, size_t len)
{
    unsigned char raw[RAW_MAX];

    if (len > SIGNATURE_MAX)
        return NULL;
    memcpy(raw, asn1, len);
    size_t half = br_ecdsa_asn1_to_raw(raw, len) / 2;
    if (half == 0)
        return NULL;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, (int)half, NULL);
    BIGNUM *s = BN_bin2bn(raw + half, (int)half, NULL);
    if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s))
        return sig;
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(sig);
    return NULL;
}

static EC_KEY *public_key(const br_ec_public_key *pk)
{
    EC_POINT *q = decode_point(pk->q, pk->qlen, NULL);
    EC_KEY *key = EC_KEY_new();
    int ok =
        q != NULL && key != NULL && EC_KEY_set_group(key, group) && EC_KEY_set_public_key(key, q);

    EC_POINT_free(q);
    if (ok)
        return key;
    EC_KEY_free(key);
    return NULL;
}

/* The interface of br_ecdsa_vrfy; OpenSSL multiplies by itself, so `impl` is not used. */
static uint32_t verify(const br_ec_impl *impl, const void *hash, size_t hash_len,
                       const br_ec_public_key *pk, const void *asn1, size_t len)
{
    (void)impl;
    if (pk->curve != BR_EC_secp256r1)
        return 0;
    ECDSA_SIG *sig = decode_signature(asn1, len);
    EC_KEY *key = sig != NULL ? public_key(pk) : NULL;
    uint32_t ok = key != NULL && ECDSA_do_verify(hash, (int)hash_len, sig, key) == 1;
    EC_KEY_free(key);
    ECDSA_SIG_free(sig);
    return ok;
}

/* ------------------------------------------------------------------------------------------- */

/* A private key from 1 to order - 1. */
static EC_KEY *private_key(const br_ec_private_key *sk)
{
    EC_KEY *key = EC_KEY_new();
    BIGNUM *x = BN_bin2bn(sk->x, (int)sk->xlen, NULL);
    int ok = key != NULL && x != NULL && !BN_is_zero(x) &&
             BN_cmp(x, EC_GROUP_get0_order(group)) < 0 && EC_KEY_set_group(key, group) &&
             EC_KEY_set_private_key(key, x);

    BN_clear_free(x);
    if (ok)
        return key;
    EC_KEY_free(key);
    return NULL;
}

/* The nonce of RFC 6979, section 3.2, for P-256, whose order has as many bits as it has bytes times 8. */
static int make_nonce(BIGNUM *k, const EC_KEY *key, const br_hash_class *hf, const BIGNUM *hash)
{
    const BIGNUM *order = EC_GROUP_get0_order(group);
    unsigned char buf[2 * SCALAR_LEN];
    br_hmac_drbg_context drbg;

    if (BN_bn2binpad(EC_KEY_get0_private_key(key), buf, SCALAR_LEN) < 0 ||
        BN_bn2binpad(hash, buf + SCALAR_LEN, SCALAR_LEN) < 0)
        return 0;
    br_hmac_drbg_init(&drbg, hf, buf, sizeof buf);
    int ok;
    do {
        br_hmac_drbg_generate(&drbg, buf, SCALAR_LEN);
        ok = BN_bin2bn(buf, SCALAR_LEN, k) != NULL;
    } while (ok && (BN_is_zero(k) || BN_cmp(k, order) >= 0));
    OPENSSL_cleanse(buf, sizeof buf);
    OPENSSL_cleanse(&drbg, sizeof drbg);
    return ok;
}

/* The hash as an integer below the order: its leftmost bits (RFC 6979, section 2.3). */
static int reduce_hash(BIGNUM *m, const unsigned char *hash, size_t len)
{
    const BIGNUM *order = EC_GROUP_get0_order(group);

    if (BN_bin2bn(hash, (int)(len < SCALAR_LEN ? len : SCALAR_LEN), m) == NULL)
        return 0;
    return BN_cmp(m, order) < 0 || BN_sub(m, m, order);
}

/* r = x coordinate of k * generator, and kinv = 1/k, both modulo the order. The inverse is by
 * Fermat's theorem, in constant time. */
static int prepare(BIGNUM *r, BIGNUM *kinv, BIGNUM *k, BN_CTX *ctx)
{
    const BIGNUM *order = EC_GROUP_get0_order(group);
    EC_POINT *p = EC_POINT_new(group);
    BIGNUM *exponent = BN_CTX_get(ctx);

    BN_set_flags(k, BN_FLG_CONSTTIME);
    int ok =
        p != NULL && exponent != NULL && EC_POINT_mul(group, p, k, NULL, NULL, ctx) &&
        EC_POINT_get_affine_coordinates(group, p, r, NULL, ctx) && BN_nnmod(r, r, order, ctx) &&
        BN_copy(exponent, order) != NULL && BN_sub_word(exponent, 2) &&
        BN_mod_exp_mont_consttime(kinv, k, exponent, order, ctx, EC_GROUP_get_mont_data(group));
    EC_POINT_clear_free(p);
    return ok;
}

static ECDSA_SIG *sign_by(EC_KEY *key, const br_hash_class *hf, const unsigned char *hash)
{
    size_t len = (hf->desc >> BR_HASHDESC_OUT_OFF) & BR_HASHDESC_OUT_MASK;
    BN_CTX *ctx = BN_CTX_new();
    ECDSA_SIG *sig = NULL;

    if (ctx == NULL)
        return NULL;
    BN_CTX_start(ctx);
    BIGNUM *m = BN_CTX_get(ctx);
    BIGNUM *k = BN_CTX_get(ctx);
    BIGNUM *kinv = BN_CTX_get(ctx);
    BIGNUM *r = BN_CTX_get(ctx);
    if (r != NULL && reduce_hash(m, hash, len) && make_nonce(k, key, hf, m) &&
        prepare(r, kinv, k, ctx))
        sig = ECDSA_do_sign_ex(hash, (int)len, kinv, r, key);
    BN_CTX_end(ctx);
    BN_CTX_free(ctx);
    return sig;
}

static size_t encode_signature(unsigned char *asn1, const ECDSA_SIG *sig)
{
    unsigned char raw[2 * SCALAR_LEN + 12]; /* br_ecdsa_raw_to_asn1() needs 9 bytes more, at most */

    if (BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, SCALAR_LEN) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + SCALAR_LEN, SCALAR_LEN) < 0)
        return 0;
    size_t len = br_ecdsa_raw_to_asn1(raw, (size_t)2 * SCALAR_LEN);
    memcpy(asn1, raw, len);
    return len;
}

/* The interface of br_ecdsa_sign; OpenSSL multiplies by itself, so `impl` is not used. */
static size_t sign(const br_ec_impl *impl, const br_hash_class *hf, const void *hash,
                   const br_ec_private_key *sk, void *asn1)
{
    (void)impl;
    if (sk->curve != BR_EC_secp256r1)
        return 0;
    EC_KEY *key = private_key(sk);
    ECDSA_SIG *sig = key != NULL ? sign_by(key, hf, hash) : NULL;
    size_t len = sig != NULL ? encode_signature(asn1, sig) : 0;
    ECDSA_SIG_free(sig);
    EC_KEY_free(key);
    return len;
}

/* ------------------------------------------------------------------------------------------- */

const struct thm_tls_backend *thm_libcrypto_backend(void)
{
    static const struct thm_tls_backend backend = {
        .ec = &ec_impl,
        .verify = verify,
        .sign = sign,
        .sha256 = &thm_libcrypto_sha256,
        .prf_sha256 = thm_libcrypto_prf,
    };

    return CRYPTO_THREAD_run_once(&once, make_group) && group != NULL ? &backend : NULL;
}
