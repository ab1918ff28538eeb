/*
 * The client's state machine: which state follows which on what. It knows nothing else.
 */
#ifndef THM_CLIENT_MACHINE_H
#define THM_CLIENT_MACHINE_H

#include "thimble/client.h"

enum thm_machine_event {
    THM_MACHINE_START,     /* thm_client_start() */
    THM_MACHINE_CONNECTED, /* TCP stands */
    THM_MACHINE_OPENED,    /* TLS stands: both ends are proven */
    THM_MACHINE_GRANTED,   /* the server let us in */
    THM_MACHINE_FAILED,    /* the connection is over; another may do better */
    THM_MACHINE_FINAL,     /* the server, or its certificate, said no for good */
    THM_MACHINE_EXPIRED,   /* the state's deadline has come */
    THM_MACHINE_STOP,      /* thm_client_stop() */
    THM_MACHINE_ASKED,     /* the server asks for the passcode */
    THM_MACHINE_EVENTS
};

enum { THM_CLIENT_STATES = (THM_CLIENT_PASSCODE ? THM_CLIENT_PROVING : THM_CLIENT_LEAVING) + 1 };

/**
 * The state after an event.
 *
 * @return the next state; the same state when the event means nothing in it
 */
enum thm_client_state thm_machine_next(enum thm_client_state state, enum thm_machine_event event);

#endif
