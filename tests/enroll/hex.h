/* Bytes as test vectors write them. */
#ifndef TESTS_ENROLL_HEX_H
#define TESTS_ENROLL_HEX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static inline void from_hex(const char *hex, uint8_t *bytes)
{
    for (; hex[0] != '\0'; hex += 2) {
        unsigned value;
        assert_int_equal(sscanf(hex, "%2x", &value), 1);
        *bytes++ = (uint8_t)value;
    }
}

static inline void assert_hex(const uint8_t *bytes, const char *hex)
{
    uint8_t expected[400];

    assert_true(strlen(hex) <= 2 * sizeof expected);
    from_hex(hex, expected);
    assert_memory_equal(bytes, expected, strlen(hex) / 2);
}

#endif
