/*
 * The one TLS profile of thimble: TLS 1.2, ECDHE with ECDSA on P-256, SHA-256, and two AEADs (one without THM_TLS_AES).
 */
#ifndef THM_TLS_PROFILE_H
#define THM_TLS_PROFILE_H

#include <bearssl.h>

#include "thimble/tls.h"
#include "thimble/tls_backend.h"

/* BearSSL's own P-256 and ECDSA. The 15-bit ones where a 32-bit multiplication takes a time that
 * depends on its operands (Cortex-M0 to M3). */
#if THM_SLOW_MULTIPLY
#define THM_EC    (&br_ec_p256_m15)
#define THM_VRFY  (&br_ecdsa_i15_vrfy_asn1)
#define THM_SIGN  (&br_ecdsa_i15_sign_asn1)
#define THM_GHASH (&br_ghash_ctmul32)
#define THM_POLY  (THM_TLS_SMALL ? &br_poly1305_i15_run : &br_poly1305_ctmul32_run)
#else
#define THM_EC    (&br_ec_p256_m31)
#define THM_VRFY  (&br_ecdsa_i31_vrfy_asn1)
#define THM_SIGN  (&br_ecdsa_i31_sign_asn1)
#define THM_GHASH (sizeof(void *) == 8 ? &br_ghash_ctmul64 : &br_ghash_ctmul)
#define THM_POLY  (&br_poly1305_ctmul_run)
#endif

/* Implementations, chosen once: asking the CPU what it can do is slow in a virtual machine. */
struct thm_profile {
    const br_ec_impl *ec;
    br_ecdsa_vrfy verify;
    br_ecdsa_sign sign;
    const br_hash_class *sha256;
    br_tls_prf_impl prf_sha256;
    br_chacha20_run chacha20;
    br_poly1305_run poly1305;
#if THM_TLS_AES
    const br_block_ctr_class *aes_ctr;
    br_ghash ghash;
    bool prefer_aes;
#endif
};

/** Chooses the fastest constant-time implementations of this machine. */
void thm_profile_choose(struct thm_profile *profile, const struct thm_tls_backend *backend,
                        bool prefer_aes);

/**
 * Configures what both ends have in common: versions, suites, hash, algorithms, flags, ALPN.
 *
 * @param alpn  protocol names, the best first; the array lives as long as engines do
 */
void thm_profile_apply(const struct thm_profile *profile, br_ssl_engine_context *engine,
                       const char **alpn, size_t alpn_count);

#endif
