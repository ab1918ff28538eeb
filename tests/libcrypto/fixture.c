#include "fixture.h"

const br_ec_impl *const model = &br_ec_p256_m31;

void random_bytes(void *buf, size_t len)
{
    static br_hmac_drbg_context drbg;
    static int seeded;

    if (!seeded) {
        br_hmac_drbg_init(&drbg, &br_sha256_vtable, "thimble", 7);
        seeded = 1;
    }
    br_hmac_drbg_generate(&drbg, buf, len);
}

void random_scalar(unsigned char x[SCALAR_LEN])
{
    random_bytes(x, SCALAR_LEN);
    x[0] &= 0x7f;
    x[SCALAR_LEN - 1] |= 1;
}

void near_order(unsigned char x[SCALAR_LEN], int delta)
{
    size_t len;

    memcpy(x, model->order(CURVE, &len), SCALAR_LEN);
    x[SCALAR_LEN - 1] = (unsigned char)(x[SCALAR_LEN - 1] + delta);
}

void random_point(unsigned char point[POINT_LEN])
{
    unsigned char x[SCALAR_LEN];

    random_scalar(x);
    assert_int_equal(model->mulgen(point, x, sizeof x, CURVE), POINT_LEN);
}
