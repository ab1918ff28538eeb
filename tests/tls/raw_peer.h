/*
 * A BearSSL engine of its own at one end of a connection, set up in ways that thimble's own ends never
 * are: without certificate, with a bad one, with old versions, other suites, without ALPN ...
 */
#ifndef TEST_TLS_RAW_PEER_H
#define TEST_TLS_RAW_PEER_H

#include <bearssl.h>

#include "tls/fixture.h"
#include "tls/leaf.h"

struct raw_peer {
    struct world *world;
    thm_socket socket;
    union {
        br_ssl_engine_context base;
        br_ssl_client_context client;
        br_ssl_server_context server;
    } ssl;
    br_x509_knownkey_context trust_one; /* client: trusts the server's key, whatever else */
    unsigned char server_point[65];
    br_x509_minimal_context x509; /* server: takes any client under "root" */
    unsigned char der[16][2048];
    br_x509_certificate chain[16];
    size_t chain_len;
    br_ec_private_key key;
    unsigned char scalar[32];
    const char *alpn[2];
    br_ssl_session_cache_lru cache;
    unsigned char cache_store[1000];
    unsigned char in[BR_SSL_BUFSIZE_INPUT], out[BR_SSL_BUFSIZE_OUTPUT];
    size_t in_len, out_len; /* what of the buffers is used */
};

/* How a peer starts: with everything that is right. The test then changes what it likes and calls
 * raw_client_go(). */
void raw_client_init(struct raw_peer *r, struct world *w);
void raw_server_init(struct raw_peer *r, struct world *w, const char *chain, const char *key);

/** Gives a client a certificate and key; NULL: none. */
void raw_client_certificate(struct raw_peer *r, const char *chain, const char *key);

/** Connects a client to our server and starts it; `session` to be resumed may be NULL. */
void raw_client_go(struct raw_peer *r, struct thm_tls *server,
                   const br_ssl_session_parameters *session);

/** Connects our client to a raw server. */
void raw_server_go(struct raw_peer *r, struct thm_tls *client);

/** Lets each end do what it can now, the raw one first; `ours` is the other one. */
void raw_step(struct raw_peer *r, struct thm_tls *ours);

/** Runs both ends until nothing moves; `ours` is the other one. */
void raw_run(struct raw_peer *r, struct thm_tls *ours);

/** Whether the raw end may send application data. */
bool raw_is_open(const struct raw_peer *r);

/** The error that the raw end stopped with (BR_ERR_*), or -1 while it is alive. */
int raw_error(const struct raw_peer *r);

/** The fatal alert that the raw end received, or -1. */
int raw_alert(const struct raw_peer *r);

/** Sends application data in one record and expects it at our end. */
void raw_say(struct raw_peer *r, struct thm_tls *ours, const void *data, size_t len);

/** Closes the raw end's socket and brings ours to CLOSED. */
void raw_end(struct raw_peer *r, struct thm_tls *ours);

#endif
