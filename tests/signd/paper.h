/* Keys, requests and CAs for the tests of thimble-signd, good ones and bad ones. Whatever fails here ends the test. */
#ifndef SIGND_PAPER_H
#define SIGND_PAPER_H

#include <stdint.h>

#include <openssl/evp.h>

#include "issue.h"

#define PAPER_NOW  INT64_C(1800000000)         /* 2027 */
#define PAPER_ENDS (PAPER_NOW + 1000 * 86400L) /* of the CA */

struct paper {
    size_t len;
    uint8_t der[2048];
};

/** A key of "P-256", "P-384" ... */
EVP_PKEY *paper_key(const char *curve);

/** The request of `key`, signed by `by` with `digest`, of somebody who wants to be an administrator. */
void paper_request(struct paper *out, EVP_PKEY *key, EVP_PKEY *by, const EVP_MD *digest);

/** The usual one, of a new key. */
void paper_good_request(struct paper *out);

/** A CA's certificate and key in PEM, terminated; `constraints` say whether it may sign. */
void paper_issuer(EVP_PKEY *key, const char *constraints, char *cert, char *key_pem, size_t cap);

/** A CA that works. */
struct issuer *paper_open(void);

/** Its certificate, of the last paper_open(), as it verifies others. */
X509 *paper_ca(void);

#endif
