/*
 * office.h: a server in the emulated network that has certificates made, by the code of thimble-signd, a while after it asked;
 * and what it had to do.
 *
 *     office_init(&o);
 *     o.lifetime_s = 3600;     (and whatever else is to be otherwise)
 *     office_serve(&o);
 *     ...
 *     office_kill(&o, SIM_DEATH_RESET);
 *     office_serve(&o);        (over the same store)
 *     ...
 *     office_end(&o);
 */
#ifndef RENEWAL_OFFICE_H
#define RENEWAL_OFFICE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "issue.h"
#include "sim_net.h"
#include "thimble/enroll.h"
#include "thimble/server.h"

#define OFFICE_PORT 8443
#define OFFICE_UTC  UINT64_C(1800000000000) /* ms: 2027-01-15 */
#define DAY_S       86400
#define DAY_MS      UINT64_C(86400000)
#define HOUR_MS     UINT64_C(3600000)
#define MINUTE_MS   UINT64_C(60000)

#define OFFICE_SIGNINGS 64 /* as thimbled has it */

/* What the server logged, and how often. */
enum office_event {
    OFFICE_HANDSHAKE,
    OFFICE_LOGIN,
    OFFICE_CLOSE,
    OFFICE_RENEWED,
    OFFICE_ENROLLED,
    OFFICE_NOT_CERTIFIED,
    OFFICE_EVENTS
};

struct office {
    struct sim_world *world;
    struct sim_host *host;
    struct thm_server_config config;
    struct thm_ram_store_config store_config;
    struct thm_store *store;
    void *store_memory;
    struct thm_server *server;
    void *memory;
    char ca[8192]; /* PEM */
    struct thm_credentials credentials;
    /* Called where the server may die, by office_die(): before each turn, when it has something signed, before and after it is
     * told that that is done. May be NULL. */
    void (*at_point)(void *ctx);
    void *point_ctx;
    uint64_t
        poll_at; /* the world's time: when the store is to be asked again; UINT64_MAX: it need not be */
    jmp_buf death;
    bool died;
    /* the signer */
    struct issuer *issuer;
    int64_t lifetime_s;      /* of what it signs */
    uint32_t takes_ms;       /* for a signature */
    uint32_t rate, burst;    /* signatures a second, and at once; rate 0: no limit */
    uint64_t tokens, filled; /* thousandths of one; when that was */
    bool closed;             /* it can't be reached */
    struct {
        struct thm_signing *signing;
        uint64_t due;
    } waiting[OFFICE_SIGNINGS];
    unsigned waiting_count, most_waiting;
    uint64_t asked, signed_count, over_limit;
    uint64_t second;                    /* the world's, that is counted */
    unsigned in_second, most_in_second; /* signatures */
    uint64_t counts[OFFICE_EVENTS];     /* of all servers together */
    int refused;                        /* why a connection was refused last */
};

/** A world with a server's host in it; nothing runs yet. Certificates come from the folder in THM_TEST_CERTS. */
void office_init(struct office *o);

/** Makes the store, which office_serve() does otherwise. */
void office_open_store(struct office *o);

/** Starts the server. */
void office_serve(struct office *o);

/** It dies in the middle of what it does; from within at_point, or from a store that it asks. `died` is set, and it can be served
 * anew. Does not return. */
_Noreturn void office_die(struct office *o);

/** It dies, and the signer forgets what it was asked for; the store stays as it is. */
void office_kill(struct office *o, enum sim_death how);

/** Expects that everybody has left and that nothing is lent or open, and frees all, with the world. */
void office_end(struct office *o);

/** Has a device's first certificate made, without a server. */
void office_certify(const struct office *o, const char *user, const uint8_t *request, size_t len,
                    struct issued *out);

/** Seconds since 1970, by the server's clock. */
uint64_t office_utc_s(const struct office *o);

struct thm_server_stats office_stats(const struct office *o);

/** Lets so much time pass. */
void office_pass(struct office *o, uint64_t ms);

#endif
