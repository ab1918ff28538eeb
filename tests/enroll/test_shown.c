/*
 * Certificate and request: the same for the same key, within what is said of their length, nothing written behind them.
 */
#include "enroll/hex.h"

#include "thimble/enroll.h"

typedef size_t (*writer)(const uint8_t *key, uint8_t *der);

static void check(writer write, const uint8_t *key, size_t max)
{
    uint8_t first[THM_BOOTSTRAP_MAX + 8], second[THM_BOOTSTRAP_MAX];
    size_t len;

    memset(first, 0x5a, sizeof first);
    len = write(key, first);
    assert_in_range(len, 64, max);
    for (size_t i = max; i < sizeof first; i++)
        assert_int_equal(first[i], 0x5a);
    assert_int_equal(write(key, second), len);
    assert_memory_equal(first, second, len);
}

static void they_are_the_same_each_time(void **state)
{
    uint8_t key[THM_ENROLL_KEY];

    (void)state;
    for (uint8_t i = 0; i < 50; i++) {
        thm_enroll_derive_key(&i, 1, key);
        check(thm_enroll_certificate, key, THM_BOOTSTRAP_MAX);
        check(thm_enroll_request, key, 220);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(they_are_the_same_each_time)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
