#include "paper.h"

#undef NDEBUG
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static char ca_pem[2048];

EVP_PKEY *paper_key(const char *curve)
{
    EVP_PKEY *key = EVP_EC_gen(curve);
    assert(key);
    return key;
}

void paper_request(struct paper *out, EVP_PKEY *key, EVP_PKEY *by, const EVP_MD *digest)
{
    X509_REQ *request = X509_REQ_new();
    unsigned char *at = out->der;
    assert(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_ASC,
                                      (const unsigned char *)"admin@it", -1, -1, 0) == 1);
    STACK_OF(X509_EXTENSION) *wishes = sk_X509_EXTENSION_new_null();
    sk_X509_EXTENSION_push(wishes,
                           X509V3_EXT_nconf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost"));
    sk_X509_EXTENSION_push(
        wishes, X509V3_EXT_nconf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE"));
    assert(X509_REQ_add_extensions(request, wishes) == 1);
    sk_X509_EXTENSION_pop_free(wishes, X509_EXTENSION_free);
    assert(X509_REQ_set_pubkey(request, key) == 1);
    assert(X509_REQ_sign(request, by, digest) > 0);
    assert(i2d_X509_REQ(request, NULL) <= (int)sizeof out->der);
    out->len = (size_t)i2d_X509_REQ(request, &at);
    X509_REQ_free(request);
}

void paper_good_request(struct paper *out)
{
    EVP_PKEY *key = paper_key("P-256");
    paper_request(out, key, key, EVP_sha256());
    EVP_PKEY_free(key);
}

static void take_out(BIO *from, char *to, size_t cap)
{
    int n = BIO_read(from, to, (int)cap - 1);
    assert(n > 0);
    to[n] = '\0';
    BIO_free(from);
}

void paper_issuer(EVP_PKEY *key, const char *constraints, char *cert, char *key_pem, size_t cap)
{
    X509 *x = X509_new();
    X509V3_CTX ctx;
    X509_NAME *name = X509_get_subject_name(x);
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"Test devices", -1,
                               -1, 0);
    X509_set_issuer_name(x, name);
    ASN1_TIME_set(X509_getm_notBefore(x), 1704067200);
    ASN1_TIME_set(X509_getm_notAfter(x), PAPER_ENDS);
    X509_set_pubkey(x, key);
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    const int nids[] = {NID_basic_constraints, NID_key_usage, NID_subject_key_identifier};
    const char *const values[] = {constraints, "critical,keyCertSign", "hash"};
    for (unsigned i = 0; i < 3; i++) {
        X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &ctx, nids[i], values[i]);
        assert(extension);
        X509_add_ext(x, extension, -1);
        X509_EXTENSION_free(extension);
    }
    assert(X509_sign(x, key, EVP_sha256()) > 0);
    BIO *out = BIO_new(BIO_s_mem());
    assert(PEM_write_bio_X509(out, x) == 1);
    take_out(out, cert, cap);
    out = BIO_new(BIO_s_mem());
    assert(PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1);
    take_out(out, key_pem, cap);
    X509_free(x);
}

struct issuer *paper_open(void)
{
    char key_pem[sizeof ca_pem];
    struct issuer *issuer = NULL;
    const char *why = "";
    EVP_PKEY *key = paper_key("P-256");
    paper_issuer(key, "critical,CA:TRUE,pathlen:0", ca_pem, key_pem, sizeof ca_pem);
    EVP_PKEY_free(key);
    assert(issue_open(&issuer, ca_pem, strlen(ca_pem), key_pem, strlen(key_pem), &why) == ISSUE_OK);
    return issuer;
}

X509 *paper_ca(void)
{
    BIO *in = BIO_new_mem_buf(ca_pem, -1);
    X509 *cert = PEM_read_bio_X509(in, NULL, NULL, NULL);
    BIO_free(in);
    assert(cert);
    return cert;
}
