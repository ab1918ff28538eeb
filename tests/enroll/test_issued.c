/*
 * What is read of a certificate that was issued. Ours, by which a joiner shows itself, stands for it: its key is known.
 */
#include <stdlib.h>

#include "enroll/hex.h"

#include "thimble/enroll.h"

static uint8_t key[THM_ENROLL_KEY], hash[THM_KEY_HASH], der[THM_ISSUED_MAX + 1];
static size_t len;
static struct thm_msg reply;
static struct thm_identity who;

static void begin(uint8_t n)
{
    thm_enroll_derive_key(&n, 1, key);
    thm_enroll_key_hash(key, hash);
    len = thm_enroll_certificate(key, der);
    thm_msg_init(&reply, THM_MSG_ENROLL_REPLY);
    THM_SET(&reply, USERID, "pump");
    THM_SET(&reply, DEVICE, "shed");
}

static int read_it(void)
{
    memset(&who, 0x5a, sizeof who);
    return thm_enroll_read(der, len, &reply, hash, &who);
}

static void who_and_until_when(void **state)
{
    (void)state;
    for (uint8_t n = 0; n < 20; n++) {
        begin(n);
        assert_int_equal(read_it(), THM_OK);
        assert_string_equal(who.user, "pump");
        assert_string_equal(who.device, "shed");
        assert_memory_equal(who.key_hash, hash, sizeof hash);
        assert_int_equal(who.not_after, 253402300799); /* 9999-12-31 23:59:59 */
    }
}

/* A real one has a version, and an end before 2050. */
static void a_version(void **state)
{
    static const uint8_t version[] = {0xa0, 3, 2, 1, 2};

    (void)state;
    begin(1);
    memmove(der + 7 + sizeof version, der + 7, len - 7);
    memcpy(der + 7, version, sizeof version);
    len += sizeof version;
    der[3] = (uint8_t)(der[3] + sizeof version);
    der[6] = (uint8_t)(der[6] + sizeof version);
    assert_int_equal(read_it(), THM_OK);
}

static void for_another_key(void **state)
{
    (void)state;
    begin(1);
    hash[31] ^= 1;
    assert_int_equal(read_it(), THM_E_KEY);
}

/* No bit of the key may be another one. */
static void any_other_key(void **state)
{
    uint8_t point[65], *at = der;

    (void)state;
    begin(2);
    thm_enroll_point(key, point);
    while (memcmp(at, point, sizeof point) != 0)
        at++;
    for (unsigned bit = 0; bit < 8 * sizeof point; bit++) {
        at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(read_it(), THM_E_KEY);
        at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(read_it(), THM_OK);
}

/* Whatever is missing or wrong: never more is read than there is, and what can't be found is not taken. */
static void cut_anywhere(void **state)
{
    (void)state;
    begin(3);
    const size_t whole = len;
    for (len = 0; len < whole; len++) {
        uint8_t *copy = malloc(len > 0 ? len : 1); /* so that a sanitizer sees its end */
        memcpy(copy, der, len);
        assert_true(thm_enroll_read(copy, len, &reply, hash, &who) != THM_OK);
        free(copy);
    }
}

static void wrong_anywhere(void **state)
{
    (void)state;
    begin(4);
    for (size_t i = 0; i < 0x6c; i++) /* all before the key */
        for (unsigned value = 0; value < 256; value++) {
            uint8_t before = der[i], *copy = malloc(len);
            der[i] = (uint8_t)value;
            memcpy(copy, der, len);
            int code = thm_enroll_read(copy, len, &reply, hash, &who);
            assert_true(code == THM_OK || code == THM_E_KEY || code == THM_E_CERT);
            der[i] = before;
            free(copy);
        }
}

static void too_long(void **state)
{
    (void)state;
    begin(5);
    len = sizeof der;
    assert_int_equal(read_it(), THM_E_CERT);
}

static void for_nobody(void **state)
{
    (void)state;
    begin(6);
    reply.has &= ~THM_HAS(DEVICE);
    THM_SET(&reply, DEVICE, "");
    assert_int_equal(read_it(), THM_E_KEY_MISSING);
}

static void secrets_are_told_apart(void **state)
{
    uint8_t secret[THM_ENROLL_SECRET] = {0}, other[THM_KEY_HASH];

    (void)state;
    thm_enroll_secret_hash(secret, hash);
    assert_hex(hash, "374708fff7719dd5979ec875d56cd2286f6d3cf7ec317a3b25632aab28ec37bb");
    secret[15] = 1;
    thm_enroll_secret_hash(secret, other);
    assert_memory_not_equal(hash, other, sizeof hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_and_until_when),
        cmocka_unit_test(a_version),
        cmocka_unit_test(for_another_key),
        cmocka_unit_test(any_other_key),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(wrong_anywhere),
        cmocka_unit_test(too_long),
        cmocka_unit_test(for_nobody),
        cmocka_unit_test(secrets_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
