#include "tls/profile.h"

#if THM_TLS_AES
static void choose_aes(struct thm_profile *profile, bool prefer)
{
    br_ghash clmul = br_ghash_pclmul_get();

    profile->aes_ctr = br_aes_x86ni_ctr_get_vtable();
    if (!profile->aes_ctr)
        profile->aes_ctr = sizeof(void *) == 8 ? &br_aes_ct64_ctr_vtable : &br_aes_ct_ctr_vtable;
    profile->ghash = clmul ? clmul : THM_GHASH;
    profile->prefer_aes = prefer;
}

static void apply_suites(const struct thm_profile *profile, br_ssl_engine_context *engine)
{
    static const uint16_t aes_first[] = {BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                                         BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256};
    static const uint16_t chacha_first[] = {BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                                            BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256};

    br_ssl_engine_set_suites(engine, profile->prefer_aes ? aes_first : chacha_first, 2);
    br_ssl_engine_set_gcm(engine, &br_sslrec_in_gcm_vtable, &br_sslrec_out_gcm_vtable);
    br_ssl_engine_set_aes_ctr(engine, profile->aes_ctr);
    br_ssl_engine_set_ghash(engine, profile->ghash);
}
#else
static void choose_aes(struct thm_profile *profile, bool prefer)
{
    (void)profile, (void)prefer;
}

static void apply_suites(const struct thm_profile *profile, br_ssl_engine_context *engine)
{
    static const uint16_t chacha[] = {BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256};

    (void)profile;
    br_ssl_engine_set_suites(engine, chacha, 1);
}
#endif

void thm_profile_choose(struct thm_profile *profile, const struct thm_tls_backend *backend,
                        bool prefer_aes)
{
    static const struct thm_tls_backend own = {0};
    const struct thm_tls_backend *b = backend ? backend : &own;

    profile->ec = b->ec ? b->ec : THM_EC;
    profile->verify = b->verify ? b->verify : THM_VRFY;
    profile->sign = b->sign ? b->sign : THM_SIGN;
    profile->sha256 = b->sha256 ? b->sha256 : &br_sha256_vtable;
    profile->prf_sha256 = b->prf_sha256 ? b->prf_sha256 : br_tls12_sha256_prf;
    profile->chacha20 = br_chacha20_sse2_get();
    if (!profile->chacha20)
        profile->chacha20 = &br_chacha20_ct_run;
    profile->poly1305 = br_poly1305_ctmulq_get();
    if (!profile->poly1305)
        profile->poly1305 = THM_POLY;
    choose_aes(profile, prefer_aes);
}

void thm_profile_apply(const struct thm_profile *profile, br_ssl_engine_context *engine,
                       const char **alpn, size_t alpn_count)
{
    br_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
    apply_suites(profile, engine);
    br_ssl_engine_set_hash(engine, br_sha256_ID, profile->sha256);
    br_ssl_engine_set_prf_sha256(engine, profile->prf_sha256);
    br_ssl_engine_set_ec(engine, profile->ec);
    /* Also on a server: it is what checks the client's CertificateVerify. */
    br_ssl_engine_set_ecdsa(engine, profile->verify);
    br_ssl_engine_set_chapol(engine, &br_sslrec_in_chapol_vtable, &br_sslrec_out_chapol_vtable);
    br_ssl_engine_set_chacha20(engine, profile->chacha20);
    br_ssl_engine_set_poly1305(engine, profile->poly1305);
    br_ssl_engine_set_all_flags(engine, BR_OPT_NO_RENEGOTIATION |
                                            BR_OPT_ENFORCE_SERVER_PREFERENCES |
                                            BR_OPT_FAIL_ON_ALPN_MISMATCH);
    br_ssl_engine_set_protocol_names(engine, alpn, alpn_count);
}
