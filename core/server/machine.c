#include "server/machine.h"

/* clang-format off */
static const unsigned char next_state[CONN_STATES][CONN_EVENTS] = {
    /*                   OPENED          INVITED         ASKED           GRANTED         END           DRAINED         CLOSED     LOST */
    [CONN_FREE]      = {CONN_FREE,      CONN_FREE,      CONN_FREE,      CONN_FREE,      CONN_FREE,    CONN_FREE,      CONN_FREE, CONN_FREE},
    [CONN_HANDSHAKE] = {CONN_LOGIN,     CONN_ENROLLING, CONN_HANDSHAKE, CONN_HANDSHAKE, CONN_FREE,    CONN_HANDSHAKE, CONN_FREE, CONN_FREE},
    [CONN_LOGIN]     = {CONN_LOGIN,     CONN_LOGIN,     CONN_PROVING,   CONN_ONLINE,    CONN_LEAVING, CONN_LOGIN,     CONN_FREE, CONN_FREE},
    [CONN_PROVING]   = {CONN_PROVING,   CONN_PROVING,   CONN_PROVING,   CONN_ONLINE,    CONN_LEAVING, CONN_PROVING,   CONN_FREE, CONN_FREE},
    [CONN_ENROLLING] = {CONN_ENROLLING, CONN_ENROLLING, CONN_ENROLLING, CONN_ENROLLING, CONN_LEAVING, CONN_ENROLLING, CONN_FREE, CONN_FREE},
    [CONN_ONLINE]    = {CONN_ONLINE,    CONN_ONLINE,    CONN_ONLINE,    CONN_ONLINE,    CONN_LEAVING, CONN_ONLINE,    CONN_FREE, CONN_FREE},
    [CONN_LEAVING]   = {CONN_LEAVING,   CONN_LEAVING,   CONN_LEAVING,   CONN_LEAVING,   CONN_LEAVING, CONN_CLOSING,   CONN_FREE, CONN_FREE},
    [CONN_CLOSING]   = {CONN_CLOSING,   CONN_CLOSING,   CONN_CLOSING,   CONN_CLOSING,   CONN_CLOSING, CONN_CLOSING,   CONN_FREE, CONN_FREE},
};
/* clang-format on */

enum thm_conn_state thm_conn_next(enum thm_conn_state state, enum thm_conn_event event)
{
    return (enum thm_conn_state)next_state[state][event];
}

const char *thm_conn_state_word(enum thm_conn_state state)
{
    static const char *const words[CONN_STATES] = {"free",      "handshake", "login",   "proving",
                                                   "enrolling", "online",    "leaving", "closing"};
    return words[state];
}
