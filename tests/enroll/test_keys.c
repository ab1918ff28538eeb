/*
 * Keys: RFC 9180's vectors, a vector of ours that must never change, and keys that are drawn.
 */
#include "enroll/hex.h"

#include "thimble/enroll.h"

/* RFC 9180, A.3.1.1: DHKEM(P-256, HKDF-SHA256). */
static void they_are_derived_as_rfc_9180_says(void **state)
{
    uint8_t ikm[32], key[THM_ENROLL_KEY], point[65];

    (void)state;
    from_hex("4270e54ffd08d79d5928020af4686d8f6b7d35dbe470265f1f5aa22816ce860e", ikm);
    thm_enroll_derive_key(ikm, sizeof ikm, key);
    assert_hex(key, "4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb");
    thm_enroll_point(key, point);
    assert_hex(point, "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac9"
                      "8536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4");
    from_hex("668b37171f1072f3cf12ea8a236a45df23fc13b82af3609ad1e354f6ef817550", ikm);
    thm_enroll_derive_key(ikm, sizeof ikm, key);
    assert_hex(key, "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2");
}

#define FROZEN_KEY  "1728ec6979e558b07efd3bf8f5a2e8632fb6643bbf9963ac5366e2ad5dd9349a"
#define FROZEN_HASH "824cf19ae593a3e1d937ea19d7723f8f3d22b2a547894baa3f86f0615be76897"

/* Invitations are handed out for other programs and later versions to read: secret, key, and the key's hash. */
static void a_secret_gives_the_same_key_for_ever(void **state)
{
    uint8_t secret[THM_ENROLL_SECRET], key[THM_ENROLL_KEY], hash[THM_KEY_HASH];

    (void)state;
    from_hex("000102030405060708090a0b0c0d0e0f", secret);
    thm_enroll_bootstrap_key(secret, key);
    assert_hex(key, FROZEN_KEY);
    thm_enroll_key_hash(key, hash);
    assert_hex(hash, FROZEN_HASH);
    secret[15] ^= 1;
    thm_enroll_bootstrap_key(secret, key);
    from_hex(FROZEN_KEY, hash);
    assert_memory_not_equal(key, hash, THM_ENROLL_KEY);
}

/* --- keys that are drawn --- */

struct source {
    struct thm_port port;
    const char *const *draws; /* one after the other; NULL: the source fails */
};

static int entropy(struct thm_port *port, void *buf, size_t len)
{
    struct source *source = (struct source *)(void *)port;
    const char *draw = *source->draws++;

    assert_int_equal(len, THM_ENROLL_KEY);
    if (!draw)
        return THM_E_ENTROPY;
    from_hex(draw, buf);
    return THM_OK;
}

static int draw_key(const char *const *draws, uint8_t key[THM_ENROLL_KEY])
{
    static const struct thm_port_ops ops = {.entropy = entropy};
    struct source source = {{.ops = &ops}, draws};

    memset(key, 0x5a, THM_ENROLL_KEY);
    return thm_enroll_new_key(&source.port, key);
}

#define ZERO      "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE       "0000000000000000000000000000000000000000000000000000000000000001"
#define TOP       "8000000000000000000000000000000000000000000000000000000000000000"
#define LAST      "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550" /* n - 1 */
#define ORDER     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define ORDER_256 "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632651"
#define BEYOND    "ffffffff00000001000000000000000000000000000000000000000000000000"
#define ALL_ONES  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static void any_number_below_the_order_is_a_key(void **state)
{
    static const char *const keys[] = {ONE, TOP, LAST};
    uint8_t key[THM_ENROLL_KEY];

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_int_equal(draw_key(&keys[i], key), THM_OK);
        assert_hex(key, keys[i]);
    }
}

static void what_is_no_key_is_drawn_again(void **state)
{
    static const char *const none[] = {ZERO, ORDER, ORDER_256, BEYOND, ALL_ONES};
    uint8_t key[THM_ENROLL_KEY];

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        const char *const draws[] = {none[i], LAST};
        assert_int_equal(draw_key(draws, key), THM_OK);
        assert_hex(key, LAST);
    }
}

static void a_source_that_fails_or_repeats_itself_gives_no_key(void **state)
{
    static const char *const fails[] = {NULL}, *const fails_later[] = {ZERO, NULL};
    static const char *const repeats[] = {ALL_ONES, ALL_ONES, ALL_ONES, ALL_ONES, LAST};
    static const char *const *const bad[] = {fails, fails_later, repeats};
    uint8_t key[THM_ENROLL_KEY];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(draw_key(bad[i], key), THM_E_ENTROPY);
        assert_hex(key, ZERO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_derived_as_rfc_9180_says),
        cmocka_unit_test(a_secret_gives_the_same_key_for_ever),
        cmocka_unit_test(any_number_below_the_order_is_a_key),
        cmocka_unit_test(what_is_no_key_is_drawn_again),
        cmocka_unit_test(a_source_that_fails_or_repeats_itself_gives_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
