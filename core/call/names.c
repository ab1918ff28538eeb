/*
 * Words for people, and the code that two people compare.
 */
#include <bearssl.h>

#include "call/internal.h"

#if THM_CALLS > 0

static const char *const availabilities[] = {
    [THM_AVAILABLE] = "available", [THM_BUSY] = "busy", [THM_AWAY] = "away"};

const char *thm_availability_word(enum thm_availability availability)
{
    return availabilities[availability];
}

bool thm_availability_find(struct thm_slice word, enum thm_availability *availability)
{
    for (unsigned i = 0; i < sizeof availabilities / sizeof availabilities[0]; i++) {
        if (!thm_slice_is(word, availabilities[i]))
            continue;
        *availability = (enum thm_availability)i;
        return true;
    }
    return false;
}

#define GROUPS 5
#define DIGITS 5

void thm_verification_code(const uint8_t mine[THM_KEY_HASH], const uint8_t theirs[THM_KEY_HASH],
                           char code[THM_VERIFICATION_CODE + 1])
{
    static const char purpose[] = "thimble-verify/1";
    bool first = memcmp(mine, theirs, THM_KEY_HASH) <= 0;
    uint8_t hash[br_sha256_SIZE];
    br_sha256_context sha;
    struct thm_text t;

    br_sha256_init(&sha);
    br_sha256_update(&sha, purpose, sizeof purpose - 1);
    br_sha256_update(&sha, first ? mine : theirs, THM_KEY_HASH);
    br_sha256_update(&sha, first ? theirs : mine, THM_KEY_HASH);
    br_sha256_out(&sha, hash);
    thm_text_init(&t, code, THM_VERIFICATION_CODE + 1);
    for (unsigned i = 0; i < GROUPS; i++) {
        const uint8_t *h = hash + 6 * i; /* 48 bits each, so that the remainder is even */
        uint32_t group = 0;
        for (unsigned j = 0; j < 6; j++)
            group = ((group << 8) | h[j]) % 100000;
        if (i > 0)
            thm_text_char(&t, ' ');
        thm_text_uint(&t, group, DIGITS);
    }
}

#endif
