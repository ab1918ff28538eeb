/*
 * A client with nothing real around it: the port and TLS are fakes, linked in place of the real ones, and
 * the test is the server. Time stands still unless a test moves it.
 */
#ifndef TESTS_CLIENT_FAKE_H
#define TESTS_CLIENT_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "thimble/client.h"

#define FAKE_TAG 7

struct fake {
    /* what the world does */
    int dial_code;        /* what connect() says */
    bool refuse;          /* the dialled socket fails */
    bool quiet_handshake; /* TLS does not get on */
    int handshake_error;  /* why TLS fails, THM_OK: it opens */
    bool cut;             /* the connection breaks */
    size_t write_room;    /* bytes that one write takes */
    bool no_entropy, no_clock;
    uint64_t utc_ms;       /* moves with `now` from its value at fake_init() */
    const char *alpn;      /* the protocol that the client is to speak */
    uint8_t leaf_hash[32]; /* of the server's certificate */
    /* what it saw */
    unsigned dials, sessions_cleared;
    const struct thm_credentials *credentials;
    size_t largest_record;
    bool tls_open, socket_open;
    uint64_t utc_s; /* as TLS was told */
    /* bytes between the two ends */
    char in[65536], out[65536];
    size_t in_len, in_at, out_len, out_at;
    /* the client */
    uint64_t now;
    struct thm_client_config config;
    struct thm_client client;
    /* what it told, a line an event */
    char log[65536];
    size_t log_len, log_at;
    struct thm_client_event last; /* its msg and line are not valid any more */
    void (*on_event)(const struct thm_client_event *event); /* a test may listen as well */
};

extern struct fake fake;

/** A fresh client that is not started. */
void fake_init(void);

/** The next attempt, which is due: the socket connects, and TLS gets as far as it may. fake_dial(): which is to LOGIN. */
void fake_connect_now(void);
void fake_dial(void);

/** Starts it and goes on until hello was sent, which is taken. */
void fake_login(void);

/** fake_login(), then GRANTED to ali@desk and the inbox joined empty. Nothing is left to read. */
void fake_online(void);

/** Ends the present connection and goes on until hello was sent again, and granted. */
void fake_reconnect(void);

/** Waits for the next attempt and goes on until hello was sent; nothing is left to read. */
void fake_dial_again(void);

/** One step without events; or until time `ms` from now. */
void fake_step(void);
void fake_wait(uint64_t ms);

/** The server says a line (without newline; ' stands for "). */
void fake_line(const char *line);

/** The server says bytes. */
void fake_bytes(const void *bytes, size_t len);

/** The next line that the client sent must be this one (' stands for "); or there must be none. */
void fake_sent(const char *line);
void fake_sent_nothing(void);

/** The next line that the client sent, or NULL. Valid until the next call. */
const char *fake_next_sent(void);

/** The next event must read so; or there must be none. */
void fake_told(const char *event);
void fake_told_nothing(void);

/** Forgets what was sent, or told, so far. */
void fake_skip_sent(void);
void fake_skip_told(void);

#endif
