#include "issue.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define EPOCH        1704067200 /* 2024-01-01T00:00:00Z; certs/thimble-ca says why */
#define SERIAL_BYTES 16
#define NAME_MAX_CN  64 /* of a common name (RFC 5280, appendix A.1); the whole name is in the URI */
#define POINT        65 /* an uncompressed point of P-256 */
#define UNCOMPRESSED 4

struct issuer {
    X509 *cert;
    EVP_PKEY *key;
    int64_t ends;
};

static enum issue_result refuse(enum issue_result result, const char **why, const char *sentence)
{
    *why = sentence;
    return result;
}

/* --- the CA ------------------------------------------------------------------------------------- */

/* Nobody is there to type one. */
static int no_passphrase(char *to, int cap, int writes, void *ctx)
{
    (void)to;
    (void)cap;
    (void)writes;
    (void)ctx;
    return -1;
}

static X509 *read_cert(const char *pem, size_t len)
{
    BIO *in = BIO_new_mem_buf(pem, (int)len);
    X509 *cert = in ? PEM_read_bio_X509(in, NULL, no_passphrase, NULL) : NULL;
    BIO_free(in);
    return cert;
}

static EVP_PKEY *read_key(const char *pem, size_t len)
{
    BIO *in = BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL) : NULL;
    BIO_free(in);
    return key;
}

static bool is_p256(const EVP_PKEY *key)
{
    char group[32];
    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
           OBJ_txt2nid(group) == NID_X9_62_prime256v1;
}

static int64_t seconds_of(const ASN1_TIME *when)
{
    struct tm tm;
    return ASN1_TIME_to_tm(when, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* NULL: it may sign. */
static const char *fault_of(const struct issuer *ca)
{
    if (!ca->cert)
        return "the issuing CA's certificate is not PEM";
    if (!ca->key)
        return "the issuing CA's key is not PEM, or has a passphrase";
    if (X509_check_ca(ca->cert) != 1)
        return "the issuing CA's certificate is no CA's";
    if (!is_p256(ca->key))
        return "the issuing CA's key is not of P-256";
    if (X509_check_private_key(ca->cert, ca->key) != 1)
        return "the issuing CA's key does not belong to its certificate";
    return X509_get0_subject_key_id(ca->cert) ? NULL
                                              : "the issuing CA's certificate names no key id";
}

enum issue_result issue_open(struct issuer **out, const char *cert, size_t cert_len,
                             const char *key, size_t key_len, const char **why)
{
    struct issuer *ca = OPENSSL_zalloc(sizeof *ca);
    if (!ca)
        return refuse(ISSUE_SIGNER, why, "there is no memory");
    ca->cert = read_cert(cert, cert_len);
    ca->key = read_key(key, key_len);
    const char *fault = fault_of(ca);
    ERR_clear_error();
    if (fault) {
        issue_close(ca);
        return refuse(ISSUE_SIGNER, why, fault);
    }
    ca->ends = seconds_of(X509_get0_notAfter(ca->cert));
    *out = ca;
    return ISSUE_OK;
}

void issue_close(struct issuer *issuer)
{
    if (!issuer)
        return;
    X509_free(issuer->cert);
    EVP_PKEY_free(issuer->key);
    OPENSSL_clear_free(issuer, sizeof *issuer);
}

int64_t issue_ends(const struct issuer *issuer)
{
    return issuer->ends;
}

/* --- the request -------------------------------------------------------------------------------- */

/* The key as it stands there: named curve, whole point. What libcrypto would take besides, BearSSL would not. */
static bool has_plain_key(X509_REQ *request)
{
    X509_ALGOR *algorithm;
    const ASN1_OBJECT *kind;
    const unsigned char *point;
    const void *curve;
    int len, type;
    X509_PUBKEY *key = X509_REQ_get_X509_PUBKEY(request);
    if (!key || X509_PUBKEY_get0_param(NULL, &point, &len, &algorithm, key) != 1)
        return false;
    X509_ALGOR_get0(&kind, &type, &curve, algorithm);
    return OBJ_obj2nid(kind) == NID_X9_62_id_ecPublicKey && type == V_ASN1_OBJECT &&
           OBJ_obj2nid(curve) == NID_X9_62_prime256v1 && len == POINT && point[0] == UNCOMPRESSED;
}

/* Its key, which is the request's own; NULL and a sentence. */
static EVP_PKEY *key_of(X509_REQ *request, const char **why)
{
    if (X509_REQ_get_version(request) != X509_REQ_VERSION_1)
        *why = "the request is of an unknown version";
    else if (!has_plain_key(request) || !X509_REQ_get0_pubkey(request))
        *why = "the request's key is no uncompressed point of P-256";
    else if (X509_REQ_get_signature_nid(request) != NID_ecdsa_with_SHA256)
        *why = "the request is not signed by ECDSA with SHA-256";
    else if (X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) != 1)
        *why = "the request is not signed by its own key";
    else
        return X509_REQ_get0_pubkey(request);
    return NULL;
}

/* --- the certificate ---------------------------------------------------------------------------- */

static bool is_id(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    return len >= 1 && len <= THM_ID_MAX && text[len] == '\0' && !strchr("._-", text[0]);
}

static bool set_serial(X509 *cert)
{
    unsigned char bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
    return set;
}

static bool set_names(X509 *cert, const X509 *ca, const char *who)
{
    size_t len = strlen(who);
    return X509_NAME_add_entry_by_NID(X509_get_subject_name(cert), NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)who,
                                      (int)(len < NAME_MAX_CN ? len : NAME_MAX_CN), -1, 0) == 1 &&
           X509_set_issuer_name(cert, X509_get_subject_name(ca)) == 1;
}

static bool add_constant(X509 *cert, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, ctx, nid, value);
    bool added = extension && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool add_uri(X509 *cert, const char *who)
{
    char text[sizeof "thimble:@" + 2 * THM_ID_MAX];
    int len = snprintf(text, sizeof text, "thimble:%s", who);
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *uri = ASN1_IA5STRING_new();
    bool added = false;
    if (names && name && uri && ASN1_STRING_set(uri, text, len) == 1) {
        GENERAL_NAME_set0_value(name, GEN_URI, uri);
        uri = NULL;
        if (sk_GENERAL_NAME_push(names, name) > 0) {
            name = NULL;
            added = X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND) == 1;
        }
    }
    ASN1_IA5STRING_free(uri);
    GENERAL_NAME_free(name);
    GENERAL_NAMES_free(names);
    return added;
}

/* As thimble-ca's of users: no extendedKeyUsage, since a device may be the listening end of a direct session. */
static bool add_extensions(X509 *cert, X509 *ca, const char *who)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, ca, cert, NULL, NULL, 0);
    return add_constant(cert, &ctx, NID_basic_constraints, "critical,CA:FALSE") &&
           add_constant(cert, &ctx, NID_key_usage, "critical,digitalSignature") &&
           add_constant(cert, &ctx, NID_subject_key_identifier, "hash") &&
           add_constant(cert, &ctx, NID_authority_key_identifier, "keyid:always") &&
           add_uri(cert, who);
}

static bool fill(X509 *cert, const struct issuer *ca, EVP_PKEY *key, const char *who,
                 int64_t not_after)
{
    return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
           set_names(cert, ca->cert, who) && ASN1_TIME_set(X509_getm_notBefore(cert), EPOCH) &&
           ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)not_after) &&
           X509_set_pubkey(cert, key) == 1 && add_extensions(cert, ca->cert, who) &&
           X509_sign(cert, ca->key, EVP_sha256()) > 0;
}

static bool write_out(X509 *cert, struct issued *out)
{
    unsigned char *key = NULL, *at = out->certificate;
    int key_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &key);
    int len = i2d_X509(cert, NULL);
    bool fits = key_len > 0 && len > 0 && (size_t)len <= sizeof out->certificate;
    if (fits) {
        SHA256(key, (size_t)key_len, out->key_hash);
        out->len = (size_t)i2d_X509(cert, &at);
    }
    OPENSSL_free(key);
    return fits;
}

static enum issue_result certify(const struct issuer *ca, EVP_PKEY *key, const char *who,
                                 struct issued *out, const char **why)
{
    X509 *cert = X509_new();
    bool made = cert && fill(cert, ca, key, who, out->not_after) && write_out(cert, out);
    X509_free(cert);
    return made ? ISSUE_OK : refuse(ISSUE_SIGNER, why, "libcrypto makes no certificate");
}

enum issue_result issue(const struct issuer *issuer, const char *user, const char *device,
                        const uint8_t *request, size_t len, int64_t now_s, int64_t lifetime_s,
                        struct issued *out, const char **why)
{
    char who[2 * THM_ID_MAX + 2];
    const unsigned char *at = request;
    if (!is_id(user) || !is_id(device))
        return refuse(ISSUE_NAME, why,
                      "a user and a device have 1 to 32 of a-z 0-9 . _ -, a letter or digit first");
    if (now_s >= issuer->ends)
        return refuse(ISSUE_SIGNER, why, "the issuing CA has expired: make a new one");
    out->not_after = lifetime_s < issuer->ends - now_s ? now_s + lifetime_s : issuer->ends;
    snprintf(who, sizeof who, "%s@%s", user, device);
    X509_REQ *read = d2i_X509_REQ(NULL, &at, (long)len);
    enum issue_result result = ISSUE_REQUEST;
    EVP_PKEY *key = NULL;
    if (!read || at != request + len)
        *why = "the request is not one PKCS#10 in DER";
    else
        key = key_of(read, why);
    if (key)
        result = certify(issuer, key, who, out, why);
    X509_REQ_free(read);
    ERR_clear_error();
    return result;
}
