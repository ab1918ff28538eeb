/*
 * sim_talk.h: the simplest pair of programs for the emulated network: a caller dials a callee, each
 * sends a known stream of bytes, finishes, and reads the other's to its end. When the connection
 * breaks or makes no progress, the caller starts anew. They act on events alone, so that an event
 * that the network owes and does not give is a talk that hangs.
 */
#ifndef SIM_TALK_H
#define SIM_TALK_H

#include "sim_net.h"

struct talker {
    struct sim_host *host;
    struct sim_world *world;
    bool calls;
    uint32_t amount;   /* bytes that each side sends */
    uint64_t patience; /* ms without progress; 0: for ever */
    thm_socket listener, stream;
    uint32_t tag; /* of the stream: another for each */
    bool closed;  /* CLOSED was reported */
    bool eof, finished;
    bool done;       /* the caller: all went both ways */
    bool retry_open; /* listen or connect failed at once: at the next deadline */
    uint32_t sent, received;
    uint64_t deadline;
    unsigned broken, late; /* connections lost by an error, given up by the deadline */
};

struct talk {
    struct sim_world *world;
    struct talker caller, callee;
};

/** Starts both, `faults` (NULL: none) from the first moment on. */
void talk_start(struct talk *talk, uint64_t seed, const struct sim_faults *faults, uint32_t amount,
                uint64_t patience);

/** Runs on until the caller is done and both have closed their streams. */
bool talk_finish(struct talk *talk, uint64_t limit_ms);

/** Checks that nothing leaks and frees the world. */
void talk_end(struct talk *talk);

/** Starts the program (anew). */
void talker_run(struct talker *talker);

#endif
