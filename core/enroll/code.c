/* What is told of a request without reading it. */
#include <bearssl.h>
#include <string.h>

#include "thimble/enroll.h"
#include "tls/leaf.h"

unsigned thm_enroll_code(const uint8_t *request, size_t len)
{
    br_sha256_context sha;
    uint8_t hash[br_sha256_SIZE];

    br_sha256_init(&sha);
    br_sha256_update(&sha, request, len);
    br_sha256_out(&sha, hash);
    return ((unsigned)hash[0] << 12 | (unsigned)hash[1] << 4 | hash[2] >> 4) % 1000000;
}

bool thm_enroll_requested_key(const uint8_t *request, size_t len, uint8_t hash[THM_KEY_HASH])
{
    const size_t spki = THM_SPKI_PREFIX + 65;
    br_sha256_context sha;

    for (size_t at = 0; at + spki <= len; at++) {
        if (memcmp(request + at, thm_spki_prefix, THM_SPKI_PREFIX) != 0)
            continue;
        br_sha256_init(&sha);
        br_sha256_update(&sha, request + at, spki);
        br_sha256_out(&sha, hash);
        return true;
    }
    return false;
}
