#include <bearssl.h>

#include "thimble/enroll.h"

unsigned thm_enroll_code(const uint8_t *request, size_t len)
{
    br_sha256_context sha;
    uint8_t hash[br_sha256_SIZE];

    br_sha256_init(&sha);
    br_sha256_update(&sha, request, len);
    br_sha256_out(&sha, hash);
    return ((unsigned)hash[0] << 12 | (unsigned)hash[1] << 4 | hash[2] >> 4) % 1000000;
}
