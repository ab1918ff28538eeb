/*
 * tls_peer.h: OpenSSL's end of a TLS connection with the wire in our hands, for peers that do with its bytes what
 * OpenSSL itself never would. Whatever fails ends the program with a message.
 */
#ifndef TLS_PEER_H
#define TLS_PEER_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

struct tls_peer {
    int fd;
    SSL *ssl;
    BIO *in, *out; /* what came from the server, and what is to be sent */
};

/** A TCP connection to 127.0.0.1, as fast as the system makes it. */
int peer_connect(uint16_t port);

/** TLS 1.2 with ALPN, and a user's certificate unless `cert` is NULL. */
SSL_CTX *peer_context(const char *cert, const char *key);

/** Connects, shakes hands and says hello. */
void peer_greet(struct tls_peer *p, uint16_t port, SSL_CTX *context);

/** The same, and is let in. peer_end() gives back what it takes, without a word to the server. */
void peer_log_in(struct tls_peer *p, uint16_t port, SSL_CTX *context);

void peer_end(struct tls_peer *p);

/** The bytes that wait to be sent, taken; at most `cap`. */
size_t peer_take(struct tls_peer *p, void *buf, size_t cap);

/** Sends bytes as they are. */
void peer_send(const struct tls_peer *p, const void *data, size_t len);

/** Reads on until the server has sent a text. 1: it came; 0: it closed the connection before. */
int peer_hear(struct tls_peer *p, const char *text);

/** What came last, while it was listened. */
const char *peer_heard(void);

_Noreturn void peer_die(const char *what);

#endif
