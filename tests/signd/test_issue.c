/* What is signed, and what is not: the request counts by its key alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "paper.h"

#define LIFETIME (90 * 86400)

static struct issuer *issuer;
static struct issued issued;
static const char *why;

static int set_up(void **state)
{
    (void)state;
    issuer = paper_open();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    issue_close(issuer);
    return 0;
}

static enum issue_result issue_as(const char *user, const char *device, const struct paper *request)
{
    memset(&issued, 0, sizeof issued);
    why = NULL;
    return issue(issuer, user, device, request->der, request->len, PAPER_NOW, LIFETIME, &issued,
                 &why);
}

static X509 *certificate(void)
{
    const unsigned char *at = issued.certificate;
    X509 *cert = d2i_X509(NULL, &at, (long)issued.len);
    assert_non_null(cert);
    assert_ptr_equal(at, issued.certificate + issued.len);
    return cert;
}

static int64_t seconds_of(const ASN1_TIME *when)
{
    struct tm tm;
    assert_int_equal(ASN1_TIME_to_tm(when, &tm), 1);
    return (int64_t)timegm(&tm);
}

/* What OpenSSL says of the certificate as a client's, and as a server's. */
static int verify(X509 *cert, int purpose)
{
    X509 *ca = paper_ca();
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_STORE_add_cert(store, ca);
    X509_STORE_CTX_init(ctx, store, cert, NULL);
    X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT);
    X509_STORE_CTX_set_time(ctx, 0, (time_t)PAPER_NOW);
    X509_STORE_CTX_set_purpose(ctx, purpose);
    X509_verify_cert(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(ca);
    return error;
}

/* --- what is signed ------------------------------------------------------------------------------ */

static void test_a_request_becomes_a_certificate(void **state)
{
    struct paper request;
    char name[128];
    (void)state;
    paper_good_request(&request);
    assert_int_equal(issue_as("ali", "phone", &request), ISSUE_OK);
    X509 *cert = certificate();
    assert_int_equal(verify(cert, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
    assert_int_equal(X509_get_version(cert), X509_VERSION_3);
    assert_string_equal(X509_NAME_oneline(X509_get_subject_name(cert), name, sizeof name),
                        "/CN=ali@phone");
    assert_int_equal(seconds_of(X509_get0_notBefore(cert)), 1704067200);
    assert_int_equal(seconds_of(X509_get0_notAfter(cert)), PAPER_NOW + LIFETIME);
    assert_int_equal(issued.not_after, PAPER_NOW + LIFETIME);
    assert_int_equal(X509_check_ca(cert), 0);
    assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(cert), UINT32_MAX); /* none: it may also listen */
    assert_int_equal(X509_get_ext_count(cert), 5);
    X509_free(cert);
}

static void test_its_name_is_who_it_is_for_and_nothing_else(void **state)
{
    struct paper request;
    (void)state;
    paper_good_request(&request);
    assert_int_equal(issue_as("ali", "phone", &request), ISSUE_OK);
    X509 *cert = certificate();
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(names), 1);
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, 0);
    assert_int_equal(name->type, GEN_URI);
    const char uri[] = "thimble:ali@phone";
    assert_int_equal(ASN1_STRING_length(name->d.uniformResourceIdentifier), sizeof uri - 1);
    assert_memory_equal(ASN1_STRING_get0_data(name->d.uniformResourceIdentifier), uri,
                        sizeof uri - 1);
    GENERAL_NAMES_free(names);
    X509_free(cert);
}

/* BearSSL refuses critical extensions that it does not know. */
static void test_what_is_critical_is_known_to_bearssl(void **state)
{
    struct paper request;
    (void)state;
    paper_good_request(&request);
    assert_int_equal(issue_as("ali", "phone", &request), ISSUE_OK);
    X509 *cert = certificate();
    for (int i = 0; i < X509_get_ext_count(cert); i++) {
        X509_EXTENSION *extension = X509_get_ext(cert, i);
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
        bool known = nid == NID_basic_constraints || nid == NID_key_usage;
        assert_int_equal(X509_EXTENSION_get_critical(extension), known);
    }
    X509_free(cert);
}

static void test_its_key_is_the_requests(void **state)
{
    struct paper request;
    uint8_t der[256], hash[THM_KEY_HASH], *at = der;
    (void)state;
    EVP_PKEY *key = paper_key("P-256");
    paper_request(&request, key, key, EVP_sha256());
    assert_int_equal(issue_as("ali", "phone", &request), ISSUE_OK);
    X509 *cert = certificate();
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(cert), key), 1);
    SHA256(der, (size_t)i2d_PUBKEY(key, &at), hash);
    assert_memory_equal(issued.key_hash, hash, sizeof hash);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void test_serial_numbers_differ(void **state)
{
    struct paper request;
    (void)state;
    paper_good_request(&request);
    assert_int_equal(issue_as("ali", "phone", &request), ISSUE_OK);
    X509 *a = certificate();
    assert_int_equal(issue_as("ali", "phone", &request), ISSUE_OK);
    X509 *b = certificate();
    assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(a), X509_get0_serialNumber(b)), 0);
    assert_true(ASN1_STRING_length(X509_get0_serialNumber(a)) <= 16);
    X509_free(a);
    X509_free(b);
}

static void test_the_longest_names_fit(void **state)
{
    struct paper request;
    char id[33];
    (void)state;
    memset(id, 'z', 32);
    id[32] = '\0';
    paper_good_request(&request);
    assert_int_equal(issue_as(id, id, &request), ISSUE_OK);
    print_message("with the longest names a certificate has %zu bytes\n", issued.len);
    assert_true(issued.len < THM_ISSUED_MAX - 64); /* room for a CA's longer name */
    X509 *cert = certificate();
    assert_int_equal(verify(cert, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
    X509_free(cert);
}

/* --- names --------------------------------------------------------------------------------------- */

static void test_names_that_are_none(void **state)
{
    static const char *const bad[] = {
        "",       ".ali", "-ali",  "_ali",
        "Ali",    "al i", "ali@x", "ali,DNS:x",
        "ali\n",  "al/",  "\xc3",  "ali:",
        "ali%00", "ali=", "ali;",  "012345678901234567890123456789012"};
    struct paper request;
    (void)state;
    paper_good_request(&request);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(issue_as(bad[i], "phone", &request), ISSUE_NAME);
        assert_int_equal(issue_as("ali", bad[i], &request), ISSUE_NAME);
        assert_non_null(why);
    }
    assert_int_equal(issue_as("9.a_b-c", "0", &request), ISSUE_OK);
}

/* --- times --------------------------------------------------------------------------------------- */

static void test_nothing_outlasts_the_ca(void **state)
{
    struct paper request;
    (void)state;
    paper_good_request(&request);
    assert_int_equal(issue_ends(issuer), PAPER_ENDS);
    const int64_t lifetimes[] = {PAPER_ENDS - PAPER_NOW + 1, INT64_MAX};
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(issue(issuer, "ali", "phone", request.der, request.len, PAPER_NOW,
                               lifetimes[i], &issued, &why),
                         ISSUE_OK);
        X509 *cert = certificate();
        assert_int_equal(seconds_of(X509_get0_notAfter(cert)), PAPER_ENDS);
        assert_int_equal(issued.not_after, PAPER_ENDS);
        X509_free(cert);
    }
    assert_int_equal(issue(issuer, "ali", "phone", request.der, request.len, PAPER_ENDS - 1,
                           LIFETIME, &issued, &why),
                     ISSUE_OK);
    assert_int_equal(issue(issuer, "ali", "phone", request.der, request.len, PAPER_ENDS, LIFETIME,
                           &issued, &why),
                     ISSUE_SIGNER);
}

/* --- requests ------------------------------------------------------------------------------------ */

static void refuses(const struct paper *request, const char *words)
{
    assert_int_equal(issue_as("ali", "phone", request), ISSUE_REQUEST);
    assert_non_null(strstr(why, words));
    assert_int_equal(issued.len, 0);
}

static void test_another_key_signed_it(void **state)
{
    struct paper request;
    (void)state;
    EVP_PKEY *key = paper_key("P-256"), *other = paper_key("P-256");
    paper_request(&request, key, other, EVP_sha256());
    refuses(&request, "not signed by its own key");
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

static void test_another_hash(void **state)
{
    struct paper request;
    (void)state;
    EVP_PKEY *key = paper_key("P-256");
    paper_request(&request, key, key, EVP_sha512());
    refuses(&request, "not signed by ECDSA with SHA-256");
    EVP_PKEY_free(key);
}

static void test_keys_of_other_kinds(void **state)
{
    static const char *const curves[] = {"P-384", "secp256k1", "P-521"};
    struct paper request;
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        EVP_PKEY *key = paper_key(curves[i]);
        paper_request(&request, key, key, EVP_sha256());
        refuses(&request, "no uncompressed point of P-256");
        EVP_PKEY_free(key);
    }
    EVP_PKEY *key = EVP_RSA_gen(2048);
    paper_request(&request, key, key, EVP_sha256());
    refuses(&request, "no uncompressed point of P-256");
    EVP_PKEY_free(key);
}

static void test_other_forms_of_the_same_point(void **state)
{
    static const char *const forms[] = {"compressed", "hybrid"};
    struct paper request;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        EVP_PKEY *key = paper_key("P-256");
        assert_int_equal(EVP_PKEY_set_utf8_string_param(
                             key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, forms[i]),
                         1);
        paper_request(&request, key, key, EVP_sha256());
        refuses(&request, "no uncompressed point of P-256");
        EVP_PKEY_free(key);
    }
}

static void test_a_curve_that_is_spelled_out(void **state)
{
    struct paper request;
    (void)state;
    EVP_PKEY *key = paper_key("P-256");
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"),
                     1);
    paper_request(&request, key, key, EVP_sha256());
    refuses(&request, "no uncompressed point of P-256");
    EVP_PKEY_free(key);
}

static void test_something_behind_it(void **state)
{
    struct paper request;
    (void)state;
    paper_good_request(&request);
    request.der[request.len++] = 0;
    refuses(&request, "not one PKCS#10");
}

/* Wherever it is cut, and whichever bit is another one, nothing is signed, and nothing breaks. */
static void test_damaged_requests(void **state)
{
    struct paper request, broken;
    (void)state;
    paper_good_request(&request);
    broken = request;
    for (broken.len = 0; broken.len < request.len; broken.len++)
        assert_int_equal(issue_as("ali", "phone", &broken), ISSUE_REQUEST);
    for (size_t bit = 0; bit < 8 * request.len; bit++) {
        broken = request;
        broken.der[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(issue_as("ali", "phone", &broken), ISSUE_REQUEST);
    }
}

/* --- the CA -------------------------------------------------------------------------------------- */

static void opens_not(const char *cert, const char *key, const char *words)
{
    struct issuer *none = NULL;
    why = NULL;
    assert_int_equal(issue_open(&none, cert, strlen(cert), key, strlen(key), &why), ISSUE_SIGNER);
    assert_null(none);
    assert_non_null(strstr(why, words));
}

static void test_cas_that_are_none(void **state)
{
    char cert[2048], key_pem[2048], other[2048], unused[2048];
    (void)state;
    EVP_PKEY *key = paper_key("P-256"), *second = paper_key("P-256"), *large = paper_key("P-384");
    paper_issuer(second, "critical,CA:TRUE", unused, other, sizeof unused);
    paper_issuer(key, "critical,CA:TRUE", cert, key_pem, sizeof cert);
    opens_not("", key_pem, "certificate is not PEM");
    opens_not(cert, "", "key is not PEM");
    opens_not(cert, other, "does not belong");
    paper_issuer(key, "critical,CA:FALSE", cert, key_pem, sizeof cert);
    opens_not(cert, key_pem, "is no CA's");
    paper_issuer(large, "critical,CA:TRUE", cert, key_pem, sizeof cert);
    opens_not(cert, key_pem, "not of P-256");
    EVP_PKEY_free(key);
    EVP_PKEY_free(second);
    EVP_PKEY_free(large);
}

static void test_a_key_with_a_passphrase_asks_nobody(void **state)
{
    char cert[2048], key_pem[2048];
    (void)state;
    EVP_PKEY *key = paper_key("P-256");
    paper_issuer(key, "critical,CA:TRUE", cert, key_pem, sizeof cert);
    BIO *out = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(out, key, EVP_aes_128_cbc(), NULL, 0, NULL, (void *)"secret");
    key_pem[BIO_read(out, key_pem, sizeof key_pem - 1)] = '\0';
    opens_not(cert, key_pem, "passphrase");
    BIO_free(out);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_becomes_a_certificate),
        cmocka_unit_test(test_its_name_is_who_it_is_for_and_nothing_else),
        cmocka_unit_test(test_what_is_critical_is_known_to_bearssl),
        cmocka_unit_test(test_its_key_is_the_requests),
        cmocka_unit_test(test_serial_numbers_differ),
        cmocka_unit_test(test_the_longest_names_fit),
        cmocka_unit_test(test_names_that_are_none),
        cmocka_unit_test(test_nothing_outlasts_the_ca),
        cmocka_unit_test(test_another_key_signed_it),
        cmocka_unit_test(test_another_hash),
        cmocka_unit_test(test_keys_of_other_kinds),
        cmocka_unit_test(test_other_forms_of_the_same_point),
        cmocka_unit_test(test_a_curve_that_is_spelled_out),
        cmocka_unit_test(test_something_behind_it),
        cmocka_unit_test(test_damaged_requests),
        cmocka_unit_test(test_cas_that_are_none),
        cmocka_unit_test(test_a_key_with_a_passphrase_asks_nobody),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
