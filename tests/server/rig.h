/*
 * rig.h: a server on the emulated network, a store that does as the test says, and peers that say raw lines.
 *
 *     rig_start(&r, NULL);
 *     struct peer *u0 = rig_login(&r, 0, "{\"msgtype\":\"hello\"}");
 *     say(u0, "{'msgtype':'say','text':'hello'}");           (' stands for ")
 *     expect(u0, "*'message'*'text':'hello'}");               (* stands for anything)
 *     rig_end(&r);                                            (and nothing may be left lent or open)
 */
#ifndef SERVER_RIG_H
#define SERVER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/peer.h"
#include "sim_net.h"
#include "thimble/server.h"

#define RIG_PORT 8443
#define RIG_UTC  1800000000000u /* ms: 2027-01-15 */
#define PEERS    40

/* Who there is: people[0] to people[3] are u0 to u3, people[4] is u1's phone. */
#define U1_PHONE 4
extern const char *const rig_people[5];

/* The store of the test: a RAM store that may be late, busy or down. */
struct rig_store {
    struct thm_store store; /* first */
    struct thm_store *inner;
    void *memory;
    bool late;                /* nothing comes back, */
    unsigned pass;            /* but so many completions */
    bool busy;                /* nothing is taken */
    unsigned fail;            /* so many coming requests fail with THM_E_STORE */
    unsigned limit;           /* so many coming OPEN requests fail with THM_E_LIMIT */
    unsigned submitted, puts; /* the latter among the former */
};

struct rig {
    struct sim_world *world;
    struct sim_host *host;
    struct thm_server_config config;
    struct thm_ram_store_config store_config;
    struct rig_store store;
    bool durable; /* the store says of itself that it is */
    struct thm_server *server;
    void *memory;
    struct peer *peers[PEERS];
    struct host *hosts[PEERS];
    unsigned peer_count, host_count;
    const char *watched;          /* an event of the log; NULL: none */
    unsigned logged;              /* how often it was logged */
    int logged_code;              /* and with which code last, */
    char logged_detail[64];       /* and detail */
    struct thm_log_record record; /* the last one of a message */
    char to[2 * THM_ID_MAX + 2];  /* and to whom it was whispered */
};

/**
 * Starts a server in a calm world. `change` (may be NULL) may change r->config and r->store_config first: room
 * for four people, and ample pools.
 */
void rig_start(struct rig *r, void (*change)(struct rig *r));

/** Has everybody leave, and fails the test when the server then still holds anything. */
void rig_end(struct rig *r);

/** The server dies and starts anew; its store lives on. All peers are gone. */
void rig_restart(struct rig *r);

/** Whether a peer's TLS is open, or over; for sim_world_run_until(). */
bool rig_is_open(void *peer);

/** The credentials that the server has. */
const struct thm_credentials *rig_server_credentials(void);

/** A peer that comes by an invitation's secret, on a host of its own; dials at once. */
struct peer *rig_dial_invited(struct rig *r, const uint8_t *secret);

/** The same on the host of another. */
struct peer *rig_neighbour_invited(struct rig *r, const uint8_t *secret,
                                   const struct peer *neighbour);

/** A peer of people[who], on a host of its own or on that of `neighbour`; dials at once. */
struct peer *rig_dial(struct rig *r, unsigned who, const struct peer *neighbour);

/** The same, once TLS is open. */
struct peer *rig_open(struct rig *r, unsigned who);

/** The same, logged in by a hello (a line as say() takes it); its auth_reply is read. */
struct peer *rig_login(struct rig *r, unsigned who, const char *hello);

/** The same with a plain hello and both `joined` read. */
struct peer *rig_plain(struct rig *r, unsigned who);

/** Says hello with `resume` and ample credit, and joins #lobby; all answers are read. */
struct peer *rig_member(struct rig *r, unsigned who);

/** Ends the server and starts another one on the same store; those who were there have to dial again. */
void rig_restart(struct rig *r);

/** Lets so much time pass. */
void rig_pass(struct rig *r, uint64_t ms);

/** Has the server's loop turn: something was done to it from outside. */
void rig_poke(struct rig *r);

/** Ends what a late store holds back. */
void rig_store_on_time(struct rig *r);

struct thm_server_stats rig_stats(struct rig *r);

#endif
