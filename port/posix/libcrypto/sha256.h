/*
 * SHA-256 for BearSSL, a block at a time by libcrypto, which uses what instructions the CPU has for it.
 */
#ifndef THM_LIBCRYPTO_SHA256_H
#define THM_LIBCRYPTO_SHA256_H

#include <bearssl.h>

/** Members of struct thm_tls_backend; see there. */
extern const br_hash_class thm_libcrypto_sha256;
void thm_libcrypto_prf(void *dst, size_t len, const void *secret, size_t secret_len,
                       const char *label, size_t seed_num, const br_tls_prf_seed_chunk *seed);

#endif
