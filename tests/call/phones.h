/*
 * phones.h: a server and devices with direct sessions on the emulated network: real TLS, the real server, and a note of all that
 * each device was told.
 *
 * Certificates come from the folder in THM_TEST_CERTS.
 */
#ifndef PHONES_H
#define PHONES_H

#include "sim_net.h"
#include "thimble/call.h"
#include "thimble/server.h"

#define PHONES_MAX  5
#define PHONE_LINES 4096

#define PHONES_PORT 8443
#define PHONES_UTC  1800000000000u /* ms: 2027-01-15 */

struct phones;

/* What a device knows of one of its sessions. */
struct phone_call {
    unsigned stood, moved, rang; /* how often it was told so */
    bool over, ours, relayed, elsewhere, incoming;
    int code;
    uint32_t unsaid;
    enum thm_path_state progress; /* the last one told */
    char peer[2 * THM_ID_MAX + 2];
    uint64_t heard; /* lines of the other side's, each of which was the next one */
};

struct phone {
    struct phones *phones;
    const char *user, *device;
    struct sim_host *host;
    struct thm_client client;
    struct thm_calls calls;
    void *client_memory, *calls_memory;
    bool runs, answers; /* answers whoever rings, at once */
    bool breaks_order;  /* a line came that was not the next one */
    unsigned calls_told, found;
    int found_code;
    struct thm_identity found_peer;
    struct phone_call call[THM_CALLS];
    unsigned rings;                              /* in all */
    unsigned last;                               /* the call that an event was last about */
    uint64_t say_to[THM_CALLS], said[THM_CALLS]; /* lines to be said, and said, in each */
    unsigned hang_up_at; /* hangs up when it is told of progress in this state, or 0 */
    unsigned
        freezes_at; /* stands still when it is told of progress in this state, or rings (THM_PATH_RINGING), or 0 */
    bool frozen;
    /* Looks at, and may change, what the server says before the device hears of it. */
    void (*meddle)(struct phone *p, struct thm_msg *m);
};

struct phones {
    struct sim_world *world;
    struct sim_host *server_host;
    struct thm_server *server;
    struct thm_server_config server_config;
    struct thm_store *store;
    void *server_memory, *store_memory;
    struct phone phone[PHONES_MAX];
    unsigned count;
};

/** A world with a server that runs, and no faults. */
void phones_init(struct phones *all, uint64_t seed);
void phones_free(struct phones *all);

/** The server dies, and starts again. */
void phones_kill_server(struct phones *all);
void phones_serve(struct phones *all);

/* How a device takes part. */
enum { PHONE_LISTENS = 1, PHONE_SHIELDED = 2, PHONE_RELAY_ONLY = 4, PHONE_ANSWERS = 8 };

/** Adds a device and starts it: number 0 to 3 are u0 to u3, 4 is u1@phone. */
struct phone *phone_add(struct phones *all, unsigned number, unsigned how);

/** Runs until all devices are known to the directory. Fails the test if that takes long. */
void phones_settle(struct phones *all);

/** Runs until something holds of a device, at most `ms` of the world's time. */
bool phone_until(struct phone *p, bool (*holds)(struct phone *p), uint64_t ms);

/** Calls; the place of the session. Fails the test when that isn't possible. */
unsigned phone_dial(struct phone *p, const char *target);

/** Says `n` lines more in a session, as fast as they are taken. */
void phone_say(struct phone *p, unsigned call, uint64_t n);

/** Runs until each of two sessions has heard so many lines; fails the test otherwise. */
void phones_hear(struct phone *a, unsigned a_call, uint64_t a_lines, struct phone *b,
                 unsigned b_call, uint64_t b_lines);

/** Connects two by a call and fails the test if that doesn't come about: the places on both sides. */
void phones_connect(struct phone *a, struct phone *b, unsigned *a_call, unsigned *b_call);

/** Nothing is left: all paths are free, no session is left, no memory of TLS is lent, no relay at the server. */
void phones_expect_quiet(struct phones *all);

#endif
