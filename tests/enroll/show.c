/*
 * show DIRECTORY: writes what is shown and sent with some keys, N.crt and N.csr in DER, for openssl to judge; and N.hash, by
 * which a server knows the key.
 */
#include <stdio.h>
#include <stdlib.h>

#include "thimble/enroll.h"

static void write_file(const char *directory, unsigned n, const char *suffix, const void *bytes,
                       size_t len)
{
    char name[512];
    FILE *f;

    snprintf(name, sizeof name, "%s/%u.%s", directory, n, suffix);
    f = fopen(name, "wb");
    if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
        exit(1);
}

int main(int argc, char **argv)
{
    uint8_t secret[THM_ENROLL_SECRET] = {0}, key[THM_ENROLL_KEY], hash[THM_KEY_HASH];
    uint8_t der[THM_BOOTSTRAP_MAX];

    if (argc != 2)
        return 2;
    /* Some, so that numbers of a signature with a zero in front, and shorter ones, are among them. */
    for (unsigned n = 0; n < 12; n++) {
        secret[0] = (uint8_t)n;
        thm_enroll_bootstrap_key(secret, key);
        thm_enroll_key_hash(key, hash);
        write_file(argv[1], n, "hash", hash, sizeof hash);
        write_file(argv[1], n, "crt", der, thm_enroll_certificate(key, der));
        write_file(argv[1], n, "csr", der, thm_enroll_request(key, der));
    }
    return 0;
}
