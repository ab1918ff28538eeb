#include "identity.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define PEM_MAX 4096
#define DAY     86400

static struct {
    char pem[PEM_MAX];
    long len;
    X509 *certificate;
    EVP_PKEY *key;
} ca;
static long serial;

static _Noreturn void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

static long read_file(char out[PEM_MAX], const char *format, ...)
{
    char path[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(path, sizeof path, format, args);
    va_end(args);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        die("%s can't be read", path);
    long len = (long)fread(out, 1, PEM_MAX, f);
    fclose(f);
    return len;
}

static const struct thm_credentials *load(const char *chain, long chain_len, const char *key,
                                          long key_len, enum thm_role role)
{
    struct thm_credentials *c = aligned_alloc(16, (sizeof *c + 15) & ~(size_t)15);
    int code = c == NULL ? THM_E_MEMORY
                         : thm_credentials_load(c, ca.pem, (size_t)ca.len, chain, (size_t)chain_len,
                                                key, (size_t)key_len, role);
    if (code != THM_OK)
        die("credentials: %s", thm_error_text(code));
    return c;
}

void identity_open(const char *dir)
{
    char key[PEM_MAX];
    long len = read_file(key, "%s/ca.key", dir);
    ca.len = read_file(ca.pem, "%s/ca.crt", dir);
    BIO *in = BIO_new_mem_buf(ca.pem, (int)ca.len);
    ca.certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);
    BIO_free(in);
    in = BIO_new_mem_buf(key, (int)len);
    ca.key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    BIO_free(in);
    if (ca.certificate == NULL || ca.key == NULL)
        die("%s is not a CA", dir);
}

static int extend(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    int ok = e != NULL && X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    return ok;
}

static X509 *certify(EVP_PKEY *key, const char *user, const char *device)
{
    char uri[16 + 2 * THM_ID_MAX + 2];
    X509 *x = X509_new();
    snprintf(uri, sizeof uri, "URI:thimble:%s@%s", user, device);
    if (x == NULL || !X509_set_version(x, X509_VERSION_3) ||
        !ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial) ||
        !X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                    (const unsigned char *)user, -1, -1, 0) ||
        !X509_set_issuer_name(x, X509_get_subject_name(ca.certificate)) ||
        X509_gmtime_adj(X509_getm_notBefore(x), -DAY) == NULL ||
        X509_gmtime_adj(X509_getm_notAfter(x), DAY) == NULL || !X509_set_pubkey(x, key) ||
        !extend(x, NID_key_usage, "critical,digitalSignature") ||
        !extend(x, NID_subject_alt_name, uri) || !X509_sign(x, ca.key, EVP_sha256()))
        die("no certificate for %s@%s", user, device);
    return x;
}

const struct thm_credentials *identity_new(const char *user, const char *device)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = certify(key, user, device);
    BIO *chain = BIO_new(BIO_s_mem()), *secret = BIO_new(BIO_s_mem());
    char *chain_pem, *key_pem;
    if (!PEM_write_bio_X509(chain, x) ||
        !PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL))
        die("out of memory");
    long chain_len = BIO_get_mem_data(chain, &chain_pem);
    long key_len = BIO_get_mem_data(secret, &key_pem);
    const struct thm_credentials *c = load(chain_pem, chain_len, key_pem, key_len, THM_FOR_CLIENT);
    BIO_free(chain);
    BIO_free(secret);
    X509_free(x);
    EVP_PKEY_free(key);
    return c;
}

static const struct thm_credentials *of_files(const char *dir, const char *folder, const char *name,
                                              enum thm_role role)
{
    char chain[PEM_MAX], key[PEM_MAX];
    long chain_len = read_file(chain, "%s/%s/%s.crt", dir, folder, name);
    long key_len = read_file(key, "%s/%s/%s.key", dir, folder, name);
    return load(chain, chain_len, key, key_len, role);
}

const struct thm_credentials *identity_user(const char *dir, const char *name)
{
    return of_files(dir, "users", name, THM_FOR_CLIENT);
}

const struct thm_credentials *identity_server(const char *dir, const char *host)
{
    return of_files(dir, "server", host, THM_FOR_SERVER);
}
