/*
 * Who the clients are: certificate number i is for thimble:u<i>@bench, made on first use straight under
 * the CA and kept.
 */
#ifndef BENCH_IDENTITY_H
#define BENCH_IDENTITY_H

#include <stdint.h>

#include <openssl/ssl.h>

/** Reads DIR/ca.crt and DIR/ca.key, as thimble-ca makes them. */
void identity_init(const char *dir);

/** Trusts the CA. */
void identity_trust_ca(SSL_CTX *tls);

/** Shows certificate number `i`. */
void identity_use(SSL *ssl, uint32_t i);

/** Makes the certificates below `count`, so that later no time is lost. */
void identity_prepare(uint32_t count);

#endif
