/*
 * day.h: two clients and their server over the port for bare metal, for as long as one likes: time jumps over all in which
 * nothing happens.
 *
 *     OWN   the board: a client of small limits over lwIP's smallest pools; everything that can go wrong does so to it
 *     PEER  the server, in RAM, and the neighbour: a client on the same node, whose way to the server is without faults
 *
 * Both clients say numbered lines in #lobby. What each was shown is held against what was acknowledged:
 *  - nobody is shown a line twice, and each sender's lines come in the order in which they were said;
 *  - what the server that now runs has acknowledged was shown to both, once all is calm;
 *  - what was said is acknowledged, unless the board was switched off in between.
 */
#ifndef DAY_H
#define DAY_H

#include "lwip/world.h"
#include "thimble/console.h"
#include "thimble/server.h"

#define SAYINGS_MAX 16384
#define SOCKETS_MAX 4096

enum { BOARD, NEIGHBOUR, TALKERS };

/* The node's port, with the day's clock, and a note of what a server was given by listen and accept. */
struct day_port {
    struct thm_port base; /* first */
    struct thm_port_ops ops;
    const struct thm_port *inner;
    const struct world *world;
    thm_socket given[SOCKETS_MAX];
    unsigned given_count;
};

/* One thing said. */
struct saying {
    unsigned acked;      /* by which life of the server, from 1; 0: not yet */
    bool forgotten;      /* it was not acknowledged when the board was switched off */
    bool shown[TALKERS]; /* to whom */
};

/* How far a stream was followed, kept as firmware keeps it. */
struct kept {
    char name[THM_ROOM_MAX + 1];
    uint64_t incarnation, n;
};

struct day;

struct talker {
    struct day *day;
    unsigned number; /* BOARD or NEIGHBOUR */
    unsigned node;
    struct day_port port;
    struct thm_credentials credentials;
    struct thm_client client;
    struct thm_console console;
    void *tls_memory;
    struct kept kept[THM_CLIENT_STREAMS];
    struct saying sayings[SAYINGS_MAX]; /* from 1 */
    unsigned said, last_shown[TALKERS];
    uint32_t pause_ms; /* longest, between two sayings; 0: it is silent */
    uint64_t say_at;
    bool leaving, left;
    unsigned gaps;          /* that it was told */
    uint64_t full, resumed; /* handshakes of clients that are gone */
};

struct day {
    struct world *world;
    uint32_t random; /* state of the generator */
    struct talker talkers[TALKERS];
    struct day_port server_port;
    struct thm_credentials server_credentials;
    struct thm_server *server;
    void *server_memory, *store_memory;
    unsigned lives;                   /* of the server */
    unsigned boots;                   /* of the board */
    unsigned cuts;                    /* of the cable */
    uint64_t cut_until, silent_until; /* the cable, and the name server */
};

/** Makes a day of a world that has just been set up; certificates come from the folder in THM_TEST_CERTS. */
void day_begin(struct day *d, struct world *w, uint32_t seed);

/** Ends it; frees what it has allocated. */
void day_end(struct day *d);

/** A number below `below`. */
uint32_t day_draw(struct day *d, uint32_t below);

/** Lets `ms` pass. */
void day_run(struct day *d, uint64_t ms);

/** Lets time pass until `done`, or fails after `ms`: `what` has not happened. */
void day_run_until(struct day *d, bool (*done)(const struct day *d), uint64_t ms, const char *what);

/** The server dies, and its connections are reset; or it says goodbye first. The next one knows nothing. */
void day_kill_server(struct day *d);
void day_end_server(struct day *d);

/** The board is switched off and on. */
void day_restart_board(struct day *d);

/** Everything said is acknowledged, and everybody is online. */
bool day_converged(const struct day *d);

/** Fails unless everybody was shown what the server that runs has acknowledged. */
void day_expect_shown(const struct day *d);

/** Both clients leave, then the server ends. */
void day_leave(struct day *d);

/* --- talker.c ----------------------------------------------------------------------------------- */

void talker_begin(struct day *d, unsigned number, const char *certificate);
void talker_end(struct talker *t);

/** Starts its client on its node, as when it is switched on. */
void talker_start(struct talker *t);

/** Adds those of the present client to `full` and `resumed`: before it is thrown away. */
void talker_count_handshakes(struct talker *t);

/** When it has something to do. */
uint64_t talker_deadline(const struct talker *t);

/** Moves it on. */
void talker_step(struct talker *t, const struct thm_event *events, int n);

void day_port_init(struct day_port *p, const struct world *w, const struct thm_port *inner);
void day_load(struct thm_credentials *c, const char *name, enum thm_role role);

#endif
