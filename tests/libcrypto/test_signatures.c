/*
 * Signatures: the backend verifies and signs like BearSSL's i31 code, byte for byte.
 */
#include "fixture.h"

#define ROUNDS 100

static const struct thm_tls_backend *ours(void)
{
    const struct thm_tls_backend *b = thm_libcrypto_backend();

    assert_non_null(b);
    return b;
}

struct pair {
    unsigned char x[SCALAR_LEN], q[POINT_LEN];
    br_ec_private_key sk;
    br_ec_public_key pk;
};

static void pair_of(struct pair *p)
{
    p->sk = (br_ec_private_key){CURVE, p->x, SCALAR_LEN};
    p->pk = (br_ec_public_key){CURVE, p->q, POINT_LEN};
    assert_int_equal(model->mulgen(p->q, p->x, SCALAR_LEN, CURVE), POINT_LEN);
}

static uint32_t verify(const struct pair *p, const void *hash, size_t hash_len, const void *sig,
                       size_t len)
{
    uint32_t ok = ours()->verify(ours()->ec, hash, hash_len, &p->pk, sig, len);

    assert_int_equal(ok, br_ecdsa_i31_vrfy_asn1(model, hash, hash_len, &p->pk, sig, len));
    return ok;
}

/* Signs by both, compares, and verifies by both. */
static size_t sign(const struct pair *p, const br_hash_class *hf, const void *hash,
                   unsigned char sig[80])
{
    unsigned char theirs[80];
    size_t hash_len = (hf->desc >> BR_HASHDESC_OUT_OFF) & BR_HASHDESC_OUT_MASK;

    size_t len = ours()->sign(ours()->ec, hf, hash, &p->sk, sig);
    assert_in_range(len, 8, 72);
    assert_int_equal(len, br_ecdsa_i31_sign_asn1(model, hf, hash, &p->sk, theirs));
    assert_memory_equal(sig, theirs, len);
    assert_int_equal(verify(p, hash, hash_len, sig, len), 1);
    return len;
}

/* RFC 6979, section A.2.5. */
static void test_rfc6979(void **state)
{
    static const unsigned char key[SCALAR_LEN] = {0xC9, 0xAF, 0xA9, 0xD8, 0x45, 0xBA, 0x75, 0x16,
                                                  0x6B, 0x5C, 0x21, 0x57, 0x67, 0xB1, 0xD6, 0x93,
                                                  0x4E, 0x50, 0xC3, 0xDB, 0x36, 0xE8, 0x9B, 0x12,
                                                  0x7B, 0x8A, 0x62, 0x2B, 0x12, 0x0F, 0x67, 0x21};
    static const struct {
        const char *message;
        unsigned char r[SCALAR_LEN], s[SCALAR_LEN];
    } vectors[] = {
        {"sample",
         {0xEF, 0xD4, 0x8B, 0x2A, 0xAC, 0xB6, 0xA8, 0xFD, 0x11, 0x40, 0xDD,
          0x9C, 0xD4, 0x5E, 0x81, 0xD6, 0x9D, 0x2C, 0x87, 0x7B, 0x56, 0xAA,
          0xF9, 0x91, 0xC3, 0x4D, 0x0E, 0xA8, 0x4E, 0xAF, 0x37, 0x16},
         {0xF7, 0xCB, 0x1C, 0x94, 0x2D, 0x65, 0x7C, 0x41, 0xD4, 0x36, 0xC7,
          0xA1, 0xB6, 0xE2, 0x9F, 0x65, 0xF3, 0xE9, 0x00, 0xDB, 0xB9, 0xAF,
          0xF4, 0x06, 0x4D, 0xC4, 0xAB, 0x2F, 0x84, 0x3A, 0xCD, 0xA8}},
        {"test",
         {0xF1, 0xAB, 0xB0, 0x23, 0x51, 0x83, 0x51, 0xCD, 0x71, 0xD8, 0x81,
          0x56, 0x7B, 0x1E, 0xA6, 0x63, 0xED, 0x3E, 0xFC, 0xF6, 0xC5, 0x13,
          0x2B, 0x35, 0x4F, 0x28, 0xD3, 0xB0, 0xB7, 0xD3, 0x83, 0x67},
         {0x01, 0x9F, 0x41, 0x13, 0x74, 0x2A, 0x2B, 0x14, 0xBD, 0x25, 0x92,
          0x6B, 0x49, 0xC6, 0x49, 0x15, 0x5F, 0x26, 0x7E, 0x60, 0xD3, 0x81,
          0x4B, 0x4C, 0x0C, 0xC8, 0x42, 0x50, 0xE4, 0x6F, 0x00, 0x83}},
    };
    struct pair p;

    (void)state;
    memcpy(p.x, key, sizeof key);
    pair_of(&p);
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        unsigned char hash[32], sig[80];
        br_sha256_context sha;
        br_sha256_init(&sha);
        br_sha256_update(&sha, vectors[i].message, strlen(vectors[i].message));
        br_sha256_out(&sha, hash);
        size_t len = sign(&p, &br_sha256_vtable, hash, sig);
        assert_int_equal(br_ecdsa_asn1_to_raw(sig, len), 64);
        assert_memory_equal(sig, vectors[i].r, SCALAR_LEN);
        assert_memory_equal(sig + SCALAR_LEN, vectors[i].s, SCALAR_LEN);
    }
}

static void test_random(void **state)
{
    static const br_hash_class *const hashes[] = {&br_sha1_vtable, &br_sha224_vtable,
                                                  &br_sha256_vtable, &br_sha384_vtable,
                                                  &br_sha512_vtable};
    unsigned char hash[64], sig[80];
    struct pair p;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        random_scalar(p.x);
        pair_of(&p);
        random_bytes(hash, sizeof hash);
        sign(&p, hashes[i % 5], hash, sig);
    }
}

/* Hashes that are above the order and just below it; keys that are 1 and order - 1. */
static void test_edges(void **state)
{
    unsigned char hash[3][32], sig[80];
    struct pair p;

    (void)state;
    near_order(hash[0], -1);
    near_order(hash[1], 1);
    memset(hash[2], 0xff, sizeof hash[2]);
    for (int i = 0; i < 6; i++) {
        memset(p.x, 0, sizeof p.x);
        if (i < 3)
            p.x[SCALAR_LEN - 1] = 1;
        else
            near_order(p.x, -1);
        pair_of(&p);
        sign(&p, &br_sha256_vtable, hash[i % 3], sig);
    }
}

static void check_bad_key(unsigned char *x, size_t len, int curve)
{
    unsigned char sig[80];
    const unsigned char hash[32] = {1};
    const br_ec_private_key sk = {curve, x, len};

    assert_int_equal(ours()->sign(ours()->ec, &br_sha256_vtable, hash, &sk, sig), 0);
    assert_int_equal(br_ecdsa_i31_sign_asn1(model, &br_sha256_vtable, hash, &sk, sig), 0);
}

static void test_bad_keys(void **state)
{
    unsigned char x[SCALAR_LEN] = {0};

    (void)state;
    check_bad_key(x, sizeof x, CURVE);
    check_bad_key(x, 0, CURVE);
    near_order(x, 0);
    check_bad_key(x, sizeof x, CURVE);
    near_order(x, 1);
    check_bad_key(x, sizeof x, CURVE);
    random_scalar(x);
    check_bad_key(x, sizeof x, BR_EC_secp384r1);
}

/* Signatures that say something else than what was signed. */
static void test_wrong(void **state)
{
    unsigned char hash[32], sig[80];
    struct pair p, other;

    (void)state;
    random_scalar(p.x);
    pair_of(&p);
    random_scalar(other.x);
    pair_of(&other);
    random_bytes(hash, sizeof hash);
    size_t len = sign(&p, &br_sha256_vtable, hash, sig);

    assert_int_equal(verify(&other, hash, 32, sig, len), 0);
    hash[31] ^= 1;
    assert_int_equal(verify(&p, hash, 32, sig, len), 0);
    hash[31] ^= 1;
    assert_int_equal(verify(&p, hash, 31, sig, len), 0);
    for (size_t bit = 0; bit < len * 8; bit++) {
        sig[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        assert_int_equal(verify(&p, hash, 32, sig, len), 0);
        sig[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    }
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(verify(&p, hash, 32, sig, cut), 0);
    assert_int_equal(verify(&p, hash, 32, sig, len), 1);

    p.pk.curve = BR_EC_secp384r1;
    assert_int_equal(ours()->verify(ours()->ec, hash, 32, &p.pk, sig, len), 0);
    p.pk.curve = CURVE;
    p.pk.qlen = POINT_LEN - 1;
    assert_int_equal(verify(&p, hash, 32, sig, len), 0);
    p.pk.qlen = POINT_LEN;
    p.q[POINT_LEN - 1] ^= 1;
    assert_int_equal(verify(&p, hash, 32, sig, len), 0);
}

/* SEQUENCE { r, s } with chosen bytes, `pad` zeros before each integer, and a short or long length. */
static size_t encode(unsigned char *out, const unsigned char *r, const unsigned char *s, size_t pad,
                     int long_form)
{
    size_t n = 0, part = pad + SCALAR_LEN;

    out[n++] = 0x30;
    if (long_form)
        out[n++] = 0x81;
    out[n++] = (unsigned char)(2 * (2 + part));
    for (int i = 0; i < 2; i++) {
        out[n++] = 0x02;
        out[n++] = (unsigned char)part;
        memset(out + n, 0, pad);
        memcpy(out + n + pad, i == 0 ? r : s, SCALAR_LEN);
        n += part;
    }
    return n;
}

/* What DER forbids but BearSSL takes is taken, what BearSSL refuses is refused. */
static void test_encodings(void **state)
{
    unsigned char hash[32], sig[80], odd[256];
    struct pair p;

    (void)state;
    random_scalar(p.x);
    pair_of(&p);
    random_bytes(hash, sizeof hash);
    size_t len = sign(&p, &br_sha256_vtable, hash, sig);
    assert_int_equal(br_ecdsa_asn1_to_raw(sig, len), 64);

    unsigned accepted = 0;
    for (size_t pad = 0; pad < 70; pad++) {
        for (int long_form = 0; long_form < 2; long_form++) {
            len = encode(odd, sig, sig + SCALAR_LEN, pad, long_form);
            accepted += verify(&p, hash, 32, odd, len);
            odd[len] = 0; /* a byte too many */
            assert_int_equal(verify(&p, hash, 32, odd, len + 1), 0);
        }
    }
    assert_in_range(accepted, 2, 139); /* some, and the overlong not */
}

/* r and s out of range: 0, the order, and above. */
static void test_ranges(void **state)
{
    unsigned char hash[32], odd[80], values[4][SCALAR_LEN] = {{0}};
    struct pair p;

    (void)state;
    random_scalar(p.x);
    pair_of(&p);
    random_bytes(hash, sizeof hash);
    near_order(values[1], 0);
    near_order(values[2], 1);
    random_scalar(values[3]);
    for (int r = 0; r < 4; r++) {
        for (int s = 0; s < 4; s++) {
            size_t len = encode(odd, values[r], values[s], 1, 0);
            assert_int_equal(verify(&p, hash, 32, odd, len), 0);
        }
    }
}

/* A hash of zero, which nobody can find a message for, is where BearSSL errs: it takes (0, s) for a
 * signature of anybody's, and refuses the true one. */
static void test_zero_hash(void **state)
{
    const unsigned char hash[32] = {0}, zero[SCALAR_LEN] = {0};
    unsigned char s[SCALAR_LEN], sig[80];
    struct pair p;

    (void)state;
    random_scalar(p.x);
    pair_of(&p);
    random_scalar(s);
    size_t len = encode(sig, zero, s, 0, 0);
    assert_int_equal(ours()->verify(ours()->ec, hash, sizeof hash, &p.pk, sig, len), 0);
    len = ours()->sign(ours()->ec, &br_sha256_vtable, hash, &p.sk, sig);
    assert_int_equal(ours()->verify(ours()->ec, hash, sizeof hash, &p.pk, sig, len), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc6979), cmocka_unit_test(test_random),
        cmocka_unit_test(test_edges),   cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_wrong),   cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_ranges),  cmocka_unit_test(test_zero_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
