/* A server that only says what a test wants: in place of the core's, for the operator's commands. */
#ifndef APPS_STAND_IN_H
#define APPS_STAND_IN_H

#include "commands.h"

#define STAND_IN_SESSIONS 4

extern struct stand_in {
    struct thm_session_info sessions[STAND_IN_SESSIONS];
    uint32_t session_count;
    uint32_t room_count; /* "#r1" ... */
    struct thm_server_stats stats;
    char kicked[80], reason[80], notice[80];
    struct thm_signing *signed_last; /* answered last */
    unsigned signed_count;
    struct thm_admin_request *request; /* the last one; not answered yet */
    struct thm_admin_request seen;     /* as it was when it came */
    int admin;                         /* what thm_server_admin() returns */
    uint8_t denied[THM_KEY_HASH];
    bool reload_fails;
    unsigned reloads, quits;
    struct log log;
    struct audit audit;
    struct devices devices;
    struct trust *trust;
    struct command_host host;
} stand_in;

/** Begins anew; the audit log goes to `audit`, or nowhere. */
void stand_in_begin(const char *audit);
void stand_in_end(void);

/** A whole file as text, in memory that is used again. */
const char *file_text(const char *path);

#endif
