/*
 * The state machine of a path: which state follows which on what. It knows nothing else. tests/call has a model of two clients
 * and a server that runs on this table.
 */
#ifndef THM_CALL_MACHINE_H
#define THM_CALL_MACHINE_H

#include "thimble/call.h"

#define THM_PATH_STATES (THM_PATH_CLOSING + 1)

enum thm_path_event {
    /* the one that calls */
    THM_PATH_LOOK_UP,   /* the server is to be asked */
    THM_PATH_DIAL,      /* an address is known from before */
    THM_PATH_REACHABLE, /* the server named an address, and a ticket */
    THM_PATH_BEHIND,    /* there is none, or nothing comes of it: by the relay */
    THM_PATH_CONNECTED, /* TCP stands, or the other side takes part in the relay */
    /* the one that is called */
    THM_PATH_ARRIVED,   /* a connection, or a relay, came in */
    THM_PATH_REQUESTED, /* connect_request, for a new session */
    THM_PATH_KNOWN,     /* connect_request, for one that was verified before, by the same key */
    THM_PATH_VERIFIED,  /* the server vouches for what the caller has proven */
    /* both */
    THM_PATH_SECURED,  /* TLS stands, and is whose it should be as far as that is known */
    THM_PATH_ACCEPTED, /* by the person here, or by connect_reply of the other side */
    THM_PATH_REFUSED,  /* likewise */
    THM_PATH_STOP,     /* no longer wanted here */
    THM_PATH_FAILED,   /* broken, ended by the other side, or too late */
    THM_PATH_EVENTS
};

/**
 * The state after an event.
 *
 * @return the next state; the same state when the event means nothing in it
 */
enum thm_path_state thm_path_next(enum thm_path_state state, enum thm_path_event event);

#endif
