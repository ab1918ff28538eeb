/*
 * conversation.h: whole conversations over the emulated network: one server and several clients that
 * talk in #lobby and by whisper while everything that can go wrong does, and a judge who holds what
 * everybody saw against what the store took.
 *
 * The promises (docs/PROTOCOL.md, sections 5 to 8):
 *  - a number is given once, without holes, and the same number is the same line for everybody;
 *  - every number arrives, or is excused: a gap says that it is no longer kept, it is for another device, or it
 *    is the repetition of a message that was shown before a restart;
 *  - nothing is shown twice, and each sender's messages are shown in the order in which they were said;
 *  - what was acknowledged is in the log under that number; what was refused is not; nothing is refused without a
 *    reason that holds;
 *  - a log that was lost is said by a gap, once and before anything of the new one; a durable store loses none,
 *    whenever the power fails;
 *  - once the faults stop, everything said is acknowledged and received, promptly; all know the same states, topic
 *    and people, and the same history; everything ends, and nothing leaks.
 *
 * A conversation is drawn from its seed, and the same seed plays the same again: SIM_SEED=42 test_seeds plays seed
 * 42 alone, and SIM_TRACE=1 prints everything that happens in it.
 */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include "ledger.h"
#include "sim_net.h"
#include "thimble/client.h"
#include "thimble/server.h"

#define TALKERS_MAX 5 /* u0 to u3 at their default device, and u1@phone */
#define SAYINGS_MAX 14
#define PARTS       3 /* of the long one among them */
#define CSN_MAX     (SAYINGS_MAX + PARTS)

#define CONVERSATION_PORT 8443
#define CONVERSATION_UTC  1800000000000u /* ms: 2027-01-15 */

/* What may happen in the middle of a conversation. */
enum happening {
    HAPPEN_KILL, /* the server dies, by a loss of power where the store is durable, and starts again */
    HAPPEN_SHUTDOWN,   /* the server says goodbye, ends and starts again */
    HAPPEN_JUMP,       /* a clock jumps, as after a suspend */
    HAPPEN_SLEEP,      /* a client stops reading for a while */
    HAPPEN_RESET,      /* all connections of a host are reset */
    HAPPEN_CUT,        /* or dead, and nobody is told */
    HAPPEN_STORE_DOWN, /* the store fails everything for a while */
    HAPPENINGS
};

/* What is to be played. */
struct plan {
    uint64_t seed;
    struct sim_faults faults;
    struct store_plan store;
    unsigned talkers, sayings; /* sayings of each */
    uint32_t pause_ms;         /* longest, between two sayings */
    uint32_t faulty_ms;        /* how long the faults go on */
    unsigned happenings;       /* at random moments of that time */
    unsigned may_happen;       /* set of 1 << enum happening */
    bool
        store_survives; /* a restart of the server: the store keeps its entries; else it is empty */
    struct disk *disk;  /* a durable store is on it, over every restart; NULL: it is in RAM */
    bool tight;         /* the server has few buffers and jobs */
    bool backend;       /* P-256 by libcrypto where it is built */
    bool steady;        /* nothing is to happen that may break a connection */
    bool late_fault;    /* something may go wrong even when all is calm, once */
    bool
        passcodes; /* users prove theirs: u0 and u1 by policy of the server, u2 and u3 have other ones */
    bool twin; /* the second talker has the first one's credentials */
};

struct talker;

struct conversation {
    struct plan plan;
    struct sim_world *world;
    struct sim_host *server_host;
    struct thm_server *server;
    void *server_memory;
    struct ledger ledger;
    bool restarted;   /* the server has forgotten its users */
    bool calm;        /* the faults have stopped */
    bool converged;   /* and everybody has what was said */
    bool leaving;     /* the clients were told to end */
    uint64_t guessed; /* proofs that were not right, of servers that have ended */
    struct talker *talkers;
    char verdict[256]; /* the first promise that was broken, "" none */
};

/** A plan drawn from a seed: faults of every kind, or hardly any. */
struct plan conversation_plan(uint64_t seed);

/** The same over a durable store: some losses of power, and whatever else. The disk is the caller's. */
struct plan conversation_durable(uint64_t seed, struct disk *disk);

/** A plan without faults, as short as a conversation can be. */
struct plan conversation_short(uint64_t seed);

/**
 * Makes the world with its hosts. Certificates come from the folder in THM_TEST_CERTS; no program runs yet, so
 * a test may let calls of a host fail from the first one on.
 */
void conversation_init(struct conversation *c, const struct plan *plan);

/** Starts the server, again until it does. */
void conversation_serve(struct conversation *c);

/**
 * Plays to the end: starts all programs, says everything under faults, stops the faults, waits until all is
 * acknowledged and received, leaves, and judges.
 *
 * @return NULL, or what promise was broken (a buffer of the conversation's)
 */
const char *conversation_play(struct conversation *c);

void conversation_free(struct conversation *c);

/** Credentials out of THM_TEST_CERTS, loaded once: "server/server", "users/u0@default". */
const struct thm_credentials *conversation_credentials(const char *name, enum thm_role role);

#endif
