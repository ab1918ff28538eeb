/*
 * What the TLS tests share: certificates made by make_certs.sh, a server's and a client's domain over
 * a pair_port, and running both ends until nothing moves.
 */
#ifndef TEST_TLS_FIXTURE_H
#define TEST_TLS_FIXTURE_H

#include "thimble/tls.h"
#include "tls/files.h"
#include "tls/pair_port.h"

#define SERVER_NAME "chat.example"

/* One end's domain and what it is made of. */
struct end {
    struct thm_credentials credentials;
    struct thm_tls_config config;
    struct thm_tls_domain *domain;
    void *memory;
    size_t size;
};

struct world {
    struct pair_port port;
    struct end server, client;
    uint64_t server_utc, client_utc;
};

/* One connection of a world, both ends. */
struct link {
    struct thm_tls server, client;
};

/** Loads NAME.crt (or NAME itself when it has a dot) with KEY.key under CA.crt. */
int load(struct thm_credentials *c, const char *ca, const char *chain, const char *key,
         enum thm_role role);

/** A world where "server" meets "ali", both under "root", a day after the certificates were made. */
struct world *world_new(void);

/** A world of two clients: "bianca" calls "ali", who is the server's end of TLS. */
struct world *world_of_peers(void);

/** The name that our client's end expects: NULL among peers. */
const char *expected_name(const struct world *w);

/** Changes an end's configuration: makes its domain anew from `config` and `credentials`. */
void end_remake(struct end *e);

/** Loads other credentials into an end and hands them to its domain. */
void end_use(struct end *e, const char *ca, const char *chain, const char *key);

/** Ends it; fails the test when something is still lent or open. */
void world_free(struct world *w);

/** Fails the test unless both domains have everything back. */
void assert_nothing_lent(const struct world *w);

/** Starts both ends of a connection. */
void link_start(struct world *w, struct link *l, struct thm_tls_session *session);

/** Runs both ends until nothing moves. */
void link_run(struct world *w, struct link *l);

/** Both: starts, runs, and expects OPEN at both ends. */
void link_open(struct world *w, struct link *l, struct thm_tls_session *session);

/** Closes both ends and runs them to CLOSED. */
void link_close(struct world *w, struct link *l);

/** Sends `len` bytes from one end and expects the same at the other. */
void expect_carried(struct thm_tls *from, struct thm_tls *to, const void *data, size_t len);

/** A connection in which both sides must fail; what the server and the client say. */
void expect_refused(struct world *w, int server_error, int client_error);

#endif
