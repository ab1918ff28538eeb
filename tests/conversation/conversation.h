/*
 * conversation.h: whole conversations over the emulated network: one server and several clients that
 * talk in #lobby and by whisper while everything that can go wrong does, and a judge who holds what
 * everybody saw against what was promised.
 *
 * The promises (docs/PROTOCOL.md, sections 5 and 6):
 *  - entries of a stream arrive in the order of their numbers, and the same number is the same entry for
 *    everybody;
 *  - nothing arrives twice, and each sender's messages arrive in the order in which they were said;
 *  - what was acknowledged is received by every member, unless an explicit gap says what is missing;
 *  - once the faults stop, everything said is acknowledged, everything ends, and nothing leaks.
 */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include <stdbool.h>
#include <stdint.h>

#include "sim_net.h"
#include "thimble/client.h"
#include "thimble/server.h"

#define TALKERS  4  /* clients */
#define SAYINGS  12 /* messages that each says */
#define PARTS    3  /* parts of the long one among them */
#define TEXT_CAP 64

/* How the store behaves. */
struct store_faults {
    uint32_t late_ppm, late_max; /* completions that wait for some collects */
    uint32_t fail_ppm;           /* requests that fail */
};

/* What is to be played. */
struct plan {
    uint64_t seed;
    struct sim_faults faults;
    struct store_faults store;
    uint32_t store_blocks; /* small: retention drops entries, receivers get gaps */
    unsigned restarts;     /* of the server, at random moments */
    bool store_survives;   /* a restart: the store keeps its entries; else it is empty */
    bool backend;          /* P-256 by libcrypto where it is built */
};

struct talker;

struct conversation {
    struct plan plan;
    struct sim_world *world;
    struct sim_host *server_host;
    struct thm_server *server;
    void *server_memory;
    struct thm_store *store;
    void *store_memory;
    unsigned restarts_done;
    uint64_t next_restart; /* the world's time */
    bool calm;             /* the faults have stopped */
    struct talker *talkers;
};

/** A plan drawn from a seed: faults of every kind, or hardly any. */
struct plan conversation_plan(uint64_t seed);

/** Makes the world and starts all programs; certificates come from the folder in THM_TEST_CERTS. */
void conversation_start(struct conversation *c, const struct plan *plan);

/**
 * Plays to the end: says everything under faults, stops the faults, waits until all is acknowledged and
 * received, leaves, and judges.
 *
 * @return NULL, or what promise was broken (static or in a buffer of the conversation's)
 */
const char *conversation_play(struct conversation *c);

void conversation_free(struct conversation *c);

#endif
