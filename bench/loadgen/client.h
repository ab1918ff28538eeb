/*
 * One connection: TLS by OpenSSL, non-blocking, the same for every server.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "server.h"

/* Bytes of what a payload begins with: its number in decimal. */
#define SEQUENCE_LEN 10

enum phase { PHASE_TLS, PHASE_LOGIN, PHASE_ONLINE, PHASE_JOINED, PHASE_CLOSED };

struct group;

struct client {
    struct group *group;
    SSL *ssl;
    int fd;
    uint32_t identity;     /* which certificate and name */
    SSL_SESSION **session; /* receives the newest session; or NULL */
    uint32_t events;       /* watched for */
    bool watched;
    bool paused;
    bool may_close; /* the server may end it: we said goodbye, or it is what we look at */
    enum phase phase;

    char *rest; /* bytes of an incomplete message */
    size_t rest_len;
    char *out; /* bytes that the socket did not take */
    size_t out_len;

    uint64_t messages; /* received */
    uint64_t missed;   /* told to be missed */
    uint64_t gaps;
    uint64_t next; /* number of the next message expected */

    /* thimble: counted bytes of lines, and what was acknowledged of them */
    uint64_t received, acknowledged, credit;
    uint64_t said;
    uint64_t stored; /* of those that it said, acknowledged as kept */
};

/* Clients of one server, in one room. The scenario's side of what happens to them. */
struct group {
    struct server *server;
    struct client *clients;
    uint32_t count;
    char room[32]; /* empty: they join none */

    uint32_t started, online, joined, closed;
    uint64_t messages; /* received by all */
    uint64_t stored;   /* acknowledged to all */

    /* May be NULL. `seq` is the number at the start of the payload. */
    void (*on_message)(struct client *c, uint64_t seq);
    void *context; /* of on_message */
};

/** Makes the TLS settings for a server. */
SSL_CTX *client_tls(struct server *s);

/**
 * Connects. The rest happens in client_ready().
 *
 * @param session  the session to resume, where its successor goes; may be NULL, or point to NULL
 */
void client_open(struct client *c, struct group *g, uint32_t identity, SSL_SESSION **session);

/** Serves the socket, for which `events` were reported; called by the loop. */
void client_ready(struct client *c, uint32_t events);

/** Sends, or keeps what the socket does not take. */
void client_send(struct client *c, const void *data, size_t len);

/** Stops or resumes reading. */
void client_pause(struct client *c, bool pause);

/** Says goodbye; the server then closes. */
void client_quit(struct client *c);

/** Gives the connection up and frees what it holds. */
void client_free(struct client *c);

/* What a protocol reports. */
void client_online(struct client *c);
void client_joined(struct client *c);
void client_message(struct client *c, const char *text, size_t len);
void client_stored(struct client *c);
void client_gap(struct client *c, uint64_t first, uint64_t last);
_Noreturn void client_refused(struct client *c, const char *data, size_t len);

#endif
