/* Bytes as test vectors write them. */
#ifndef TESTS_AUTH_HEX_H
#define TESTS_AUTH_HEX_H

#include "util/text.h"

static inline void assert_hex(const uint8_t bytes[32], const char *hex)
{
    char text[65];
    struct thm_text t;

    thm_text_init(&t, text, sizeof text);
    thm_text_hex(&t, bytes, 32);
    assert_string_equal(text, hex);
}

#endif
