/*
 * What is measured, and how much of it. The first server is compared with the others.
 */
#ifndef BENCH_SCENARIO_H
#define BENCH_SCENARIO_H

#include "client.h"
#include "server.h"

#define ROUNDS_MAX 16

/* How much is done. */
struct effort {
    unsigned rounds;     /* of each measurement, at most ROUNDS_MAX; the median counts */
    unsigned deliveries; /* a round of fan-out */
    unsigned seconds;    /* a round at a fixed rate */
    unsigned connects;   /* a round */
    unsigned crowd[2];   /* idle connections: some, and many */
    unsigned kept;       /* messages of a round that are to be kept */
    unsigned stall_mb;   /* published while a reader stands still */
    unsigned renewals;   /* a round */
    unsigned calls;      /* direct sessions that are made, a round */
    unsigned lines;      /* short ones that are said in one, a round */
};

struct bench {
    struct server servers[SERVERS_MAX];
    unsigned count;
    struct effort effort;
};

void scenario_fanout(struct bench *b);
void scenario_latency(struct bench *b);
void scenario_connect(struct bench *b);
void scenario_idle(struct bench *b);
void scenario_keep(struct bench *b);
void scenario_catchup(struct bench *b);
void scenario_stall(struct bench *b);
void scenario_renew(struct bench *b);
void scenario_call(struct bench *b);

#endif
