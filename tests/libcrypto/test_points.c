/*
 * Points: the backend multiplies like BearSSL's br_ec_p256_m31, and refuses what that refuses.
 */
#include "fixture.h"

#define ROUNDS 300

static const br_ec_impl *ours(void)
{
    const struct thm_tls_backend *b = thm_libcrypto_backend();

    assert_non_null(b);
    return b->ec;
}

static void test_constants(void **state)
{
    size_t len, model_len;

    (void)state;
    assert_int_equal(ours()->supported_curves, 1u << BR_EC_secp256r1);
    const unsigned char *g = ours()->generator(CURVE, &len);
    assert_int_equal(len, POINT_LEN);
    assert_memory_equal(g, model->generator(CURVE, &model_len), POINT_LEN);
    const unsigned char *n = ours()->order(CURVE, &len);
    assert_int_equal(len, SCALAR_LEN);
    assert_memory_equal(n, model->order(CURVE, &model_len), SCALAR_LEN);
    assert_int_equal(ours()->xoff(CURVE, &len), 1);
    assert_int_equal(len, SCALAR_LEN);
}

/* Multiplies by both, and compares. */
static void check_scalar(const unsigned char *x, size_t len)
{
    unsigned char p[POINT_LEN], a[POINT_LEN], b[POINT_LEN];

    random_point(p);
    memcpy(a, p, sizeof a);
    memcpy(b, p, sizeof b);
    assert_int_equal(ours()->mul(a, POINT_LEN, x, len, CURVE), 1);
    assert_int_equal(model->mul(b, POINT_LEN, x, len, CURVE), 1);
    assert_memory_equal(a, b, POINT_LEN);

    assert_int_equal(ours()->mulgen(a, x, len, CURVE), POINT_LEN);
    assert_int_equal(model->mulgen(b, x, len, CURVE), POINT_LEN);
    assert_memory_equal(a, b, POINT_LEN);
}

static void test_random_scalars(void **state)
{
    unsigned char x[SCALAR_LEN];

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        random_scalar(x);
        check_scalar(x, sizeof x);
    }
}

static void test_edge_scalars(void **state)
{
    unsigned char x[SCALAR_LEN + 8] = {0};

    (void)state;
    for (unsigned char small = 1; small < 20; small++)
        check_scalar(&small, 1);
    for (int delta = -1; delta >= -20; delta--) {
        near_order(x, delta);
        check_scalar(x, SCALAR_LEN);
    }
    for (size_t len = 1; len <= SCALAR_LEN; len++) { /* short ones, and powers of 256 */
        memset(x, 0, sizeof x);
        x[0] = 1;
        check_scalar(x, len);
    }
    memset(x, 0, sizeof x); /* leading zeros beyond the order's length */
    random_scalar(x + 8);
    check_scalar(x, sizeof x);
}

/* A multiple that is the point at infinity has no encoding. */
static void test_infinity(void **state)
{
    unsigned char p[POINT_LEN], x[SCALAR_LEN] = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        random_point(p);
        assert_int_equal(ours()->mul(p, POINT_LEN, x, sizeof x, CURVE), 0);
        assert_int_equal(ours()->mulgen(p, x, sizeof x, CURVE), 0);
        near_order(x, 0);
    }
}

static void test_muladd(void **state)
{
    unsigned char x[SCALAR_LEN], y[SCALAR_LEN];
    unsigned char a[POINT_LEN], b[POINT_LEN], q[POINT_LEN];

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        const unsigned char *second = i % 2 ? q : NULL;
        random_point(a);
        memcpy(b, a, sizeof b);
        random_point(q);
        random_scalar(x);
        random_scalar(y);
        assert_int_equal(ours()->muladd(a, second, POINT_LEN, x, 32, y, 32, CURVE), 1);
        assert_int_equal(model->muladd(b, second, POINT_LEN, x, 32, y, 32, CURVE), 1);
        assert_memory_equal(a, b, POINT_LEN);
    }
}

/* x * P + y * P with x == y is a doubling, with x == -y the point at infinity. */
static void test_muladd_of_equal_points(void **state)
{
    unsigned char p[POINT_LEN], a[POINT_LEN], b[POINT_LEN], minus_one[SCALAR_LEN];
    const unsigned char one = 1;
    size_t len;

    (void)state;
    near_order(minus_one, -1);
    for (int generator = 0; generator < 2; generator++) {
        const unsigned char *second = generator ? NULL : p;
        if (generator)
            memcpy(p, model->generator(CURVE, &len), POINT_LEN);
        else
            random_point(p);
        memcpy(a, p, sizeof a);
        memcpy(b, p, sizeof b);
        assert_int_equal(ours()->muladd(a, second, POINT_LEN, &one, 1, &one, 1, CURVE), 1);
        assert_int_equal(model->muladd(b, second, POINT_LEN, &one, 1, &one, 1, CURVE), 1);
        assert_memory_equal(a, b, POINT_LEN);

        memcpy(a, p, sizeof a);
        memcpy(b, p, sizeof b);
        assert_int_equal(ours()->muladd(a, second, POINT_LEN, &one, 1, minus_one, 32, CURVE), 0);
        assert_int_equal(model->muladd(b, second, POINT_LEN, &one, 1, minus_one, 32, CURVE), 0);
    }
}

/* Every way of being no point: both must say so, as first and as second argument. */
static void check_bad_point(const unsigned char *bad, size_t len)
{
    unsigned char a[POINT_LEN + 1], good[POINT_LEN], x[SCALAR_LEN];

    random_scalar(x);
    memcpy(a, bad, len);
    assert_int_equal(ours()->mul(a, len, x, 32, CURVE), 0);
    memcpy(a, bad, len);
    assert_int_equal(model->mul(a, len, x, 32, CURVE), 0);
    memcpy(a, bad, len);
    assert_int_equal(ours()->muladd(a, NULL, len, x, 32, x, 32, CURVE), 0);
    if (len != POINT_LEN)
        return;
    random_point(good);
    assert_int_equal(ours()->muladd(good, bad, len, x, 32, x, 32, CURVE), 0);
    random_point(good);
    assert_int_equal(model->muladd(good, bad, len, x, 32, x, 32, CURVE), 0);
}

static void test_bad_points(void **state)
{
    /* the field's prime: a coordinate must be below it */
    static const unsigned char prime[SCALAR_LEN] = {0xff, 0xff,        0xff, 0xff, 0,    0,    0,
                                                    1,    [20] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                    0xff, 0xff,        0xff, 0xff, 0xff, 0xff};
    unsigned char p[POINT_LEN + 1] = {0};

    (void)state;
    for (size_t i = 1; i < POINT_LEN; i++) { /* off the curve */
        random_point(p);
        p[i] ^= 1;
        check_bad_point(p, POINT_LEN);
    }
    random_point(p);
    check_bad_point(p, POINT_LEN - 1);
    check_bad_point(p, POINT_LEN + 1);
    check_bad_point(p, 0);
    p[0] = (unsigned char)(0x06 | (p[POINT_LEN - 1] & 1)); /* hybrid, which RFC 5480 forbids */
    check_bad_point(p, POINT_LEN);
    p[0] = (unsigned char)(0x02 | (p[POINT_LEN - 1] & 1)); /* compressed */
    check_bad_point(p, POINT_LEN);
    check_bad_point(p, 33);
    memset(p, 0, sizeof p); /* infinity */
    check_bad_point(p, 1);
    check_bad_point(p, POINT_LEN);
    p[0] = 4;
    check_bad_point(p, POINT_LEN);
    random_point(p);
    memcpy(p + 1, prime, sizeof prime);
    check_bad_point(p, POINT_LEN);
    random_point(p);
    memcpy(p + 1 + SCALAR_LEN, prime, sizeof prime);
    check_bad_point(p, POINT_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constants),    cmocka_unit_test(test_random_scalars),
        cmocka_unit_test(test_edge_scalars), cmocka_unit_test(test_infinity),
        cmocka_unit_test(test_muladd),       cmocka_unit_test(test_muladd_of_equal_points),
        cmocka_unit_test(test_bad_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
