/*
 * Known answers for every primitive that the TLS profile uses, in the implementations that it chooses:
 * the distribution's build of BearSSL runs no tests of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tls/profile.h"

static size_t unhex(const char *text, unsigned char *out)
{
    size_t n = 0;

    for (; text[0] != '\0'; text += 2) {
        unsigned value = 0;
        for (int i = 0; i < 2; i++) {
            char c = text[i];
            value = value * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        out[n++] = (unsigned char)value;
    }
    return n;
}

static void assert_hex(const unsigned char *bytes, const char *expected)
{
    unsigned char wanted[512];
    size_t len = unhex(expected, wanted);

    assert_memory_equal(bytes, wanted, len);
}

static struct thm_profile chosen(void)
{
    struct thm_profile profile;

    thm_profile_choose(&profile, NULL, true);
    return profile;
}

/* FIPS 180-4 examples */
static void sha256(void **state)
{
    static const struct {
        const char *text, *hash;
    } known[] = {
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        br_sha256_context ctx;
        unsigned char hash[32];
        br_sha256_init(&ctx);
        br_sha256_update(&ctx, known[i].text, strlen(known[i].text));
        br_sha256_out(&ctx, hash);
        assert_hex(hash, known[i].hash);
    }
}

/* RFC 4231, test case 2 */
static void hmac_sha256(void **state)
{
    br_hmac_key_context key;
    br_hmac_context hmac;
    unsigned char out[32];

    (void)state;
    br_hmac_key_init(&key, &br_sha256_vtable, "Jefe", 4);
    br_hmac_init(&hmac, &key, 0);
    br_hmac_update(&hmac, "what do ya want for nothing?", 28);
    br_hmac_out(&hmac, out);
    assert_hex(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* NIST CAVP, HMAC_DRBG without reseeding, SHA-256, no personalisation, count 0 */
static void hmac_drbg(void **state)
{
    unsigned char seed[48], out[128];
    br_hmac_drbg_context ctx;

    (void)state;
    unhex("ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488"
          "659ba96c601dc69fc902940805ec0ca8",
          seed);
    br_hmac_drbg_init(&ctx, &br_sha256_vtable, seed, sizeof seed);
    br_hmac_drbg_generate(&ctx, out, sizeof out);
    br_hmac_drbg_generate(&ctx, out, sizeof out);
    assert_hex(out, "e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89"
                    "d54fbb978a15b5c443c9ec21036d2460b6f73ebad0dc2aba6e624abf07745bc1"
                    "07694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668"
                    "961df86803482cb37ed6d5c0bb8d50cf1f50d476aa0458bdaba806f48be9dcb8");
}

/* The TLS 1.2 PRF with SHA-256: the vector of the IETF TLS list (2009) that everybody uses */
static void prf_sha256(void **state)
{
    unsigned char secret[16], seed[16], out[100];
    const br_tls_prf_seed_chunk chunk = {seed, sizeof seed};

    (void)state;
    unhex("9bbe436ba940f017b17652849a71db35", secret);
    unhex("a0ba9f936cda311827a6f796ffd5198c", seed);
    br_tls12_sha256_prf(out, sizeof out, secret, sizeof secret, "test label", 1, &chunk);
    assert_hex(out, "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
                    "6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
                    "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701"
                    "87347b66");
}

/* The GCM specification (McGrew and Viega), test case 4 */
static void aes_128_gcm(void **state)
{
    const struct thm_profile profile = chosen();
    const struct {
        const br_block_ctr_class *ctr;
        br_ghash ghash;
    } both[] = {{profile.aes_ctr, profile.ghash}, {&br_aes_ct64_ctr_vtable, THM_GHASH}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        unsigned char key[16], iv[12], aad[20], text[60], tag[16];
        br_aes_gen_ctr_keys aes;
        br_gcm_context gcm;
        unhex("feffe9928665731c6d6a8f9467308308", key);
        unhex("cafebabefacedbaddecaf888", iv);
        unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2", aad);
        unhex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
              "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
              text);
        both[i].ctr->init(&aes.vtable, key, sizeof key);
        br_gcm_init(&gcm, &aes.vtable, both[i].ghash);
        br_gcm_reset(&gcm, iv, sizeof iv);
        br_gcm_aad_inject(&gcm, aad, sizeof aad);
        br_gcm_flip(&gcm);
        br_gcm_run(&gcm, 1, text, sizeof text);
        br_gcm_get_tag(&gcm, tag);
        assert_hex(text, "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
                         "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091");
        assert_hex(tag, "5bc94fbc3221a5db94fae95ae7121a47");
    }
}

/* RFC 8439, section 2.8.2 */
static void chacha20_poly1305(void **state)
{
    static const char plain[] = "Ladies and Gentlemen of the class of '99: If I could offer you "
                                "only one tip for the future, sunscreen would be it.";
    const struct thm_profile profile = chosen();
    const struct {
        br_chacha20_run chacha20;
        br_poly1305_run poly1305;
    } both[] = {{profile.chacha20, profile.poly1305}, {&br_chacha20_ct_run, THM_POLY}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        unsigned char key[32], nonce[12], aad[12], text[sizeof plain - 1], tag[16];
        unhex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", key);
        unhex("070000004041424344454647", nonce);
        unhex("50515253c0c1c2c3c4c5c6c7", aad);
        memcpy(text, plain, sizeof text);
        both[i].poly1305(key, nonce, text, sizeof text, aad, sizeof aad, tag, both[i].chacha20, 1);
        assert_hex(text, "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
                         "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
                         "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
                         "3ff4def08e4b7a9de576d26586cec64b6116");
        assert_hex(tag, "1ae10b594f09e26a7e902ecbd0600691");
    }
}

/* RFC 6979, section A.2.5: P-256, SHA-256, "sample" */
static void ecdsa_p256(void **state)
{
    const struct thm_profile profile = chosen();
    unsigned char x[32], point[65], expected[65], hash[32], sig[80];
    br_ec_private_key key = {BR_EC_secp256r1, x, sizeof x};
    br_ec_public_key public_key = {BR_EC_secp256r1, point, sizeof point};
    br_sha256_context sha;
    size_t len;

    (void)state;
    unhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", x);
    unhex("0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
          "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
          expected);
    assert_int_equal(profile.ec->mulgen(point, x, sizeof x, BR_EC_secp256r1), 65);
    assert_memory_equal(point, expected, 65);
    br_sha256_init(&sha);
    br_sha256_update(&sha, "sample", 6);
    br_sha256_out(&sha, hash);
    len = profile.sign(profile.ec, &br_sha256_vtable, hash, &key, sig);
    assert_int_equal(len, 72);
    assert_hex(sig, "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
    assert_int_equal(profile.verify(profile.ec, hash, 32, &public_key, sig, len), 1);
    hash[0] ^= 1;
    assert_int_equal(profile.verify(profile.ec, hash, 32, &public_key, sig, len), 0);
    hash[0] ^= 1;
    sig[20] ^= 1;
    assert_int_equal(profile.verify(profile.ec, hash, 32, &public_key, sig, len), 0);
}

/* RFC 5903, section 8.1: Diffie-Hellman on P-256 */
static void ecdh_p256(void **state)
{
    const struct thm_profile profile = chosen();
    unsigned char i[32], r[65], bad[65];
    size_t len, off = profile.ec->xoff(BR_EC_secp256r1, &len);

    (void)state;
    unhex("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433", i);
    unhex("04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
          "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
          r);
    memcpy(bad, r, sizeof bad);
    assert_int_equal(profile.ec->mul(r, sizeof r, i, sizeof i, BR_EC_secp256r1), 1);
    assert_int_equal(len, 32);
    assert_hex(r + off, "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
    bad[64] ^= 1; /* no point of the curve */
    assert_int_equal(profile.ec->mul(bad, sizeof bad, i, sizeof i, BR_EC_secp256r1), 0);
    memset(bad + 1, 0, 64);
    assert_int_equal(profile.ec->mul(bad, sizeof bad, i, sizeof i, BR_EC_secp256r1), 0);
    assert_int_equal(profile.ec->supported_curves, 1u << BR_EC_secp256r1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256),      cmocka_unit_test(hmac_sha256),
        cmocka_unit_test(hmac_drbg),   cmocka_unit_test(prf_sha256),
        cmocka_unit_test(aes_128_gcm), cmocka_unit_test(chacha20_poly1305),
        cmocka_unit_test(ecdsa_p256),  cmocka_unit_test(ecdh_p256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
