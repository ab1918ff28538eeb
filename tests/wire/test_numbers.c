/*
 * Decimal numbers of 64 bits by divisions of 32 bits.
 */
#include <stdio.h>

#include "unit.h"

#include "util/divide.h"
#include "util/text.h"

/* What 16-bit digits can be at their worst: all ones, a carry between two of them, and next to that. */
static const uint64_t values[] = {
    0,
    1,
    9,
    10,
    59999,
    60000,
    65535,
    65536,
    UINT32_MAX - 1u,
    UINT32_MAX,
    UINT64_C(1) << 32,
    42949672960,
    281474976710655,
    281474976710656,
    THM_UINT_MAX,
    UINT64_C(0x0001FFFFFFFFFFFF),
    UINT64_C(0xFFFFFFFF00000000),
    UINT64_C(0xFFFF0000FFFF0000),
    UINT64_C(0x8000800080008000),
    UINT64_MAX - 1,
    UINT64_MAX,
};
#define VALUES (sizeof values / sizeof values[0])

static void quotients(void **state)
{
    static const uint16_t divisors[] = {1, 2, 3, 10, 1000, 43200, 60000, 65534, 65535};

    (void)state;
    for (size_t v = 0; v < VALUES; v++)
        for (size_t d = 0; d < sizeof divisors / sizeof divisors[0]; d++)
            assert_true(thm_divide(values[v], divisors[d]) == values[v] / divisors[d]);
}

static void decimals(void **state)
{
    char text[32], expected[32];
    struct thm_text t;

    (void)state;
    for (size_t v = 0; v < VALUES; v++) {
        for (unsigned width = 0; width <= 20; width += 5) {
            thm_text_init(&t, text, sizeof text);
            thm_text_uint(&t, values[v], width);
            snprintf(expected, sizeof expected, "%0*llu", (int)width,
                     (unsigned long long)values[v]);
            assert_string_equal(text, expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotients),
        cmocka_unit_test(decimals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
