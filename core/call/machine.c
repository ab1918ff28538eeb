/*
 * The one that calls:
 *
 *     FREE --LOOK_UP--> LOOKUP --REACHABLE--> DIALLING --CONNECTED--> SECURING --SECURED--> REQUESTING --ACCEPTED--> CARRYING
 *       |                  |                   ^   |                  |   ^                   |
 *       +----------------- | ------DIAL--------+   +-----BEHIND---+---+   | CONNECTED         | REFUSED, STOP
 *                          |                                      v       |                   v
 *                          +-----------------BEHIND-----------> OPENING --+                CLOSING
 *
 * The one that is called:
 *
 *     FREE --ARRIVED--> ADMITTING --SECURED--> EXPECTING --REQUESTED--> CHECKING --VERIFIED--> RINGING --ACCEPTED--> CARRYING
 *                                                 |  |                     |                      |
 *                                                 |  +--- REFUSED, STOP ---+----------------------+--> CLOSING
 *                                                 +--KNOWN--> CARRYING
 *
 *     CARRYING                                   --STOP--> CLOSING
 *     LOOKUP, DIALLING, OPENING, SECURING, ADMITTING --STOP--> FREE
 *     all                                        --FAILED--> FREE
 *
 * So nothing is carried that did not pass SECURED, and then either VERIFIED, KNOWN or, for who called, SECURED as the device
 * that the server named. A pair that is not in the table changes nothing.
 */
#include "call/machine.h"

#if THM_CALLS > 0

static const struct {
    uint8_t from, event, to;
} transitions[] = {
    {THM_PATH_FREE, THM_PATH_LOOK_UP, THM_PATH_LOOKUP},
    {THM_PATH_FREE, THM_PATH_DIAL, THM_PATH_DIALLING},
    {THM_PATH_FREE, THM_PATH_ARRIVED, THM_PATH_ADMITTING},

    {THM_PATH_LOOKUP, THM_PATH_REACHABLE, THM_PATH_DIALLING},
    {THM_PATH_LOOKUP, THM_PATH_BEHIND, THM_PATH_OPENING},
    {THM_PATH_LOOKUP, THM_PATH_STOP, THM_PATH_FREE},
    {THM_PATH_LOOKUP, THM_PATH_FAILED, THM_PATH_FREE},

    {THM_PATH_DIALLING, THM_PATH_CONNECTED, THM_PATH_SECURING},
    {THM_PATH_DIALLING, THM_PATH_BEHIND, THM_PATH_OPENING},
    {THM_PATH_DIALLING, THM_PATH_STOP, THM_PATH_FREE},
    {THM_PATH_DIALLING, THM_PATH_FAILED, THM_PATH_FREE},

    {THM_PATH_OPENING, THM_PATH_CONNECTED, THM_PATH_SECURING},
    {THM_PATH_OPENING, THM_PATH_STOP, THM_PATH_FREE},
    {THM_PATH_OPENING, THM_PATH_FAILED, THM_PATH_FREE},

    {THM_PATH_SECURING, THM_PATH_SECURED, THM_PATH_REQUESTING},
    {THM_PATH_SECURING, THM_PATH_BEHIND, THM_PATH_OPENING},
    {THM_PATH_SECURING, THM_PATH_STOP, THM_PATH_FREE},
    {THM_PATH_SECURING, THM_PATH_FAILED, THM_PATH_FREE},

    {THM_PATH_REQUESTING, THM_PATH_ACCEPTED, THM_PATH_CARRYING},
    {THM_PATH_REQUESTING, THM_PATH_REFUSED, THM_PATH_CLOSING},
    {THM_PATH_REQUESTING, THM_PATH_STOP, THM_PATH_CLOSING},
    {THM_PATH_REQUESTING, THM_PATH_FAILED, THM_PATH_FREE},

    {THM_PATH_ADMITTING, THM_PATH_SECURED, THM_PATH_EXPECTING},
    {THM_PATH_ADMITTING, THM_PATH_STOP, THM_PATH_FREE},
    {THM_PATH_ADMITTING, THM_PATH_FAILED, THM_PATH_FREE},

    {THM_PATH_EXPECTING, THM_PATH_REQUESTED, THM_PATH_CHECKING},
    {THM_PATH_EXPECTING, THM_PATH_KNOWN, THM_PATH_CARRYING},
    {THM_PATH_EXPECTING, THM_PATH_REFUSED, THM_PATH_CLOSING},
    {THM_PATH_EXPECTING, THM_PATH_STOP, THM_PATH_CLOSING},
    {THM_PATH_EXPECTING, THM_PATH_FAILED, THM_PATH_FREE},

    {THM_PATH_CHECKING, THM_PATH_VERIFIED, THM_PATH_RINGING},
    {THM_PATH_CHECKING, THM_PATH_REFUSED, THM_PATH_CLOSING},
    {THM_PATH_CHECKING, THM_PATH_STOP, THM_PATH_CLOSING},
    {THM_PATH_CHECKING, THM_PATH_FAILED, THM_PATH_FREE},

    {THM_PATH_RINGING, THM_PATH_ACCEPTED, THM_PATH_CARRYING},
    {THM_PATH_RINGING, THM_PATH_REFUSED, THM_PATH_CLOSING},
    {THM_PATH_RINGING, THM_PATH_STOP, THM_PATH_CLOSING},
    {THM_PATH_RINGING, THM_PATH_FAILED, THM_PATH_FREE},

    {THM_PATH_CARRYING, THM_PATH_STOP, THM_PATH_CLOSING},
    {THM_PATH_CARRYING, THM_PATH_FAILED, THM_PATH_FREE},

    {THM_PATH_CLOSING, THM_PATH_FAILED, THM_PATH_FREE},
};

enum thm_path_state thm_path_next(enum thm_path_state state, enum thm_path_event event)
{
    for (unsigned i = 0; i < sizeof transitions / sizeof transitions[0]; i++)
        if (transitions[i].from == state && transitions[i].event == event)
            return (enum thm_path_state)transitions[i].to;
    return state;
}

#endif
