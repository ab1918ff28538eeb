#include "identity.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "loop.h"

#define DAY 86400

static const char *folder;
static X509 *ca;
static EVP_PKEY *ca_key;

static struct identity {
    X509 *certificate;
    EVP_PKEY *key;
} * identities;
static uint32_t identity_count;

static FILE *open_in(const char *dir, const char *name)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        die("cannot read %s: make a CA with 'thimble-ca init --dir %s'", path, dir);
    return f;
}

void identity_init(const char *dir)
{
    folder = dir;
    FILE *f = open_in(dir, "ca.crt");
    ca = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    f = open_in(dir, "ca.key");
    ca_key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    if (ca == NULL || ca_key == NULL)
        die("%s/ca.crt and ca.key are not a CA", dir);
}

const char *identity_folder(void)
{
    return folder;
}

void identity_trust_ca(SSL_CTX *tls)
{
    if (!X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), ca))
        die("OpenSSL refuses the CA");
}

static int add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    int ok = e != NULL && X509_add_ext(certificate, e, -1);

    X509_EXTENSION_free(e);
    return ok;
}

static X509 *certify(EVP_PKEY *key, uint32_t i)
{
    char name[32], uri[64];
    X509 *x = X509_new();

    snprintf(name, sizeof name, "u%u@bench", i);
    snprintf(uri, sizeof uri, "URI:thimble:%s", name);
    X509_NAME *subject = X509_get_subject_name(x);
    if (x == NULL || !X509_set_version(x, 2) ||
        !ASN1_INTEGER_set(X509_get_serialNumber(x), (long)i + 1) ||
        !X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (unsigned char *)name, -1, -1,
                                    0) ||
        !X509_set_issuer_name(x, X509_get_subject_name(ca)) ||
        X509_gmtime_adj(X509_getm_notBefore(x), -DAY) == NULL ||
        X509_gmtime_adj(X509_getm_notAfter(x), 30 * DAY) == NULL || !X509_set_pubkey(x, key) ||
        !add_extension(x, NID_key_usage, "critical,digitalSignature") ||
        !add_extension(x, NID_subject_alt_name, uri) || !X509_sign(x, ca_key, EVP_sha256()))
        die("OpenSSL cannot make a certificate");
    return x;
}

static void make(uint32_t i)
{
    if (i >= identity_count) {
        uint32_t count = i + 1024;
        identities = realloc(identities, count * sizeof *identities);
        if (identities == NULL)
            die("out of memory");
        for (uint32_t k = identity_count; k < count; k++)
            identities[k] = (struct identity){NULL, NULL};
        identity_count = count;
    }
    if (identities[i].key != NULL)
        return;
    identities[i].key = EVP_EC_gen("P-256");
    identities[i].certificate = certify(identities[i].key, i);
}

void identity_use(SSL *ssl, uint32_t i)
{
    make(i);
    if (!SSL_use_certificate(ssl, identities[i].certificate) ||
        !SSL_use_PrivateKey(ssl, identities[i].key))
        die("OpenSSL refuses certificate %u", i);
}

void identity_prepare(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        make(i);
}

/* What was written to `pem`, which is freed. */
static void take_pem(BIO *pem, char *text, size_t cap)
{
    int len = BIO_read(pem, text, (int)cap - 1);

    if (len <= 0 || BIO_pending(pem) > 0)
        die("a certificate or key of more than %zu bytes", cap);
    text[len] = '\0';
    BIO_free(pem);
}

void identity_pem(uint32_t i, char *ca_pem, char *certificate, char *key, size_t cap)
{
    BIO *pem[3] = {BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem())};

    make(i);
    if (pem[0] == NULL || pem[1] == NULL || pem[2] == NULL || !PEM_write_bio_X509(pem[0], ca) ||
        !PEM_write_bio_X509(pem[1], identities[i].certificate) ||
        !PEM_write_bio_PKCS8PrivateKey(pem[2], identities[i].key, NULL, NULL, 0, NULL, NULL))
        die("OpenSSL cannot write certificate %u", i);
    take_pem(pem[0], ca_pem, cap);
    take_pem(pem[1], certificate, cap);
    take_pem(pem[2], key, cap);
}

size_t identity_request(uint32_t i, unsigned char *der, size_t cap)
{
    X509_REQ *request = X509_REQ_new();

    make(i);
    if (request == NULL || !X509_REQ_set_pubkey(request, identities[i].key) ||
        X509_REQ_sign(request, identities[i].key, EVP_sha256()) <= 0 ||
        i2d_X509_REQ(request, NULL) > (int)cap)
        die("OpenSSL cannot make a request");
    size_t len = (size_t)i2d_X509_REQ(request, &der);
    X509_REQ_free(request);
    return len;
}

void identity_sign_and_verify(const unsigned char *request, size_t len)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char signature[80];
    size_t size = sizeof signature;
    X509_REQ *read = d2i_X509_REQ(NULL, &request, (long)len);

    if (md == NULL || read == NULL || X509_REQ_verify(read, X509_REQ_get0_pubkey(read)) != 1 ||
        EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, ca_key) != 1 ||
        EVP_DigestSign(md, signature, &size, (const unsigned char *)"certificate", 11) != 1)
        die("OpenSSL cannot sign");
    X509_REQ_free(read);
    EVP_MD_CTX_free(md);
}
