/* What the operator asked thimbled for. */
#ifndef THIMBLED_SETTINGS_H
#define THIMBLED_SETTINGS_H

#include <stdbool.h>

#include "thimble/server.h"

#include "options.h"
#include "retention.h"

#if THIMBLED_SQLITE
#include "thimble/sqlite_store.h"
#endif

enum { STORE_SQLITE, STORE_RAM };
enum { AUTH_CERTIFICATE, AUTH_PASSCODE };
enum { HISTORY_JOINED, HISTORY_ALL };

struct settings {
    struct option_list listen;
    const char *cafile, *cert, *key, *denylist;
    const char *users_cafile,
        *signer;             /* of enrolment: the issuing CA, thimble-signd's socket; or NULL */
    bool approve;            /* certificates are made by hand */
    const char *invite_host; /* NULL: the name in the server's certificate, and its first port */
    const char *name;
    unsigned auth;    /* AUTH_* */
    unsigned history; /* HISTORY_* */
    unsigned max_clients, max_relays;
    unsigned store; /* STORE_* */
    unsigned store_mb;
    const char *data; /* folder of the database; NULL: as thimbled(8) says */
    const char *retain_rooms, *retain_inboxes;
    struct retention rooms, inboxes;       /* what these two say */
    struct option_rate limits[THM_LIMITS]; /* of one device, by enum thm_limit_kind */
    unsigned log_level;                    /* enum thm_log_level */
    unsigned log_json;
    bool no_console;
    const char *control, *control_group; /* the control socket; NULL: at its usual place; "none" */
    const char *audit;                   /* the audit log; NULL: at its usual place; "none" */
    const char *config;
#if THIMBLED_SQLITE
    /* No option: for a test's own main, which ends the process there. */
    void (*store_point)(void *ctx, enum thm_sqlite_point point);
    unsigned store_recent; /* likewise: struct thm_sqlite_config has it; 0: as it is for people */
#endif
};

/** Reads the command line and the configuration file. OPTIONS_OK, or an exit code after a message. */
int settings_read(struct settings *s, int argc, char **argv);

#endif
