/*
 * Who the clients are: certificate number i is for thimble:u<i>@bench, made on first use straight under
 * the CA and kept.
 */
#ifndef BENCH_IDENTITY_H
#define BENCH_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

/** Reads DIR/ca.crt and DIR/ca.key, as thimble-ca makes them. */
void identity_init(const char *dir);

/** That folder. */
const char *identity_folder(void);

/** Trusts the CA. */
void identity_trust_ca(SSL_CTX *tls);

/** Shows certificate number `i`. */
void identity_use(SSL *ssl, uint32_t i);

/** Certificate of the CA, certificate `i` and its key in PEM, each terminated and at most `cap` bytes with that. */
void identity_pem(uint32_t i, char *ca_pem, char *certificate, char *key, size_t cap);

/** Writes the request of identity `i` for its next certificate, PKCS#10 in DER; returns its bytes. */
size_t identity_request(uint32_t i, unsigned char *der, size_t cap);

/** A signature by the CA's key, and the verification of a request: what a certificate takes at the least. */
void identity_sign_and_verify(const unsigned char *request, size_t len);

/** Makes the certificates below `count`, so that later no time is lost. */
void identity_prepare(uint32_t count);

#endif
