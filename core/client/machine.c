/*
 *                 START          CONNECTED           OPENED         GRANTED
 *     STOPPED ----------> DIALLING ----------> HANDSHAKE -----> LOGIN -----> ONLINE
 *        ^                 ^    |                  |              |            |
 *        |         EXPIRED |    +------------------+-------+------+------------+
 *        |                 |    |  FAILED, EXPIRED         |      |            |
 *        |    STOP         |    v                          |      |  STOP      |
 *        +<-------------- WAITING                          |      +-----+------+
 *        |                                    FINAL, STOP  |            v
 *        +<------------------------------------------------+         LEAVING
 *        ^                                        (LOGIN and            |
 *        |                                     ONLINE: FINAL only)      |
 *        +<-------------------------------------------------------------+
 *                              FAILED, FINAL, EXPIRED
 *
 * A pair that is not in the table changes nothing.
 */
#include "client/machine.h"

static const struct {
    enum thm_client_state from;
    enum thm_machine_event event;
    enum thm_client_state to;
} transitions[] = {
    {THM_CLIENT_STOPPED, THM_MACHINE_START, THM_CLIENT_DIALLING},

    {THM_CLIENT_DIALLING, THM_MACHINE_CONNECTED, THM_CLIENT_HANDSHAKE},
    {THM_CLIENT_DIALLING, THM_MACHINE_FAILED, THM_CLIENT_WAITING},
    {THM_CLIENT_DIALLING, THM_MACHINE_FINAL, THM_CLIENT_STOPPED},
    {THM_CLIENT_DIALLING, THM_MACHINE_EXPIRED, THM_CLIENT_WAITING},
    {THM_CLIENT_DIALLING, THM_MACHINE_STOP, THM_CLIENT_STOPPED},

    {THM_CLIENT_HANDSHAKE, THM_MACHINE_OPENED, THM_CLIENT_LOGIN},
    {THM_CLIENT_HANDSHAKE, THM_MACHINE_FAILED, THM_CLIENT_WAITING},
    {THM_CLIENT_HANDSHAKE, THM_MACHINE_FINAL, THM_CLIENT_STOPPED},
    {THM_CLIENT_HANDSHAKE, THM_MACHINE_EXPIRED, THM_CLIENT_WAITING},
    {THM_CLIENT_HANDSHAKE, THM_MACHINE_STOP, THM_CLIENT_STOPPED},

    {THM_CLIENT_LOGIN, THM_MACHINE_GRANTED, THM_CLIENT_ONLINE},
    {THM_CLIENT_LOGIN, THM_MACHINE_FAILED, THM_CLIENT_WAITING},
    {THM_CLIENT_LOGIN, THM_MACHINE_FINAL, THM_CLIENT_STOPPED},
    {THM_CLIENT_LOGIN, THM_MACHINE_EXPIRED, THM_CLIENT_WAITING},
    {THM_CLIENT_LOGIN, THM_MACHINE_STOP, THM_CLIENT_LEAVING},

    {THM_CLIENT_ONLINE, THM_MACHINE_FAILED, THM_CLIENT_WAITING},
    {THM_CLIENT_ONLINE, THM_MACHINE_FINAL, THM_CLIENT_STOPPED},
    {THM_CLIENT_ONLINE, THM_MACHINE_EXPIRED, THM_CLIENT_WAITING},
    {THM_CLIENT_ONLINE, THM_MACHINE_STOP, THM_CLIENT_LEAVING},

    {THM_CLIENT_WAITING, THM_MACHINE_EXPIRED, THM_CLIENT_DIALLING},
    {THM_CLIENT_WAITING, THM_MACHINE_STOP, THM_CLIENT_STOPPED},

    {THM_CLIENT_LEAVING, THM_MACHINE_FAILED, THM_CLIENT_STOPPED},
    {THM_CLIENT_LEAVING, THM_MACHINE_FINAL, THM_CLIENT_STOPPED},
    {THM_CLIENT_LEAVING, THM_MACHINE_EXPIRED, THM_CLIENT_STOPPED},
};

enum thm_client_state thm_machine_next(enum thm_client_state state, enum thm_machine_event event)
{
    for (unsigned i = 0; i < sizeof transitions / sizeof transitions[0]; i++)
        if (transitions[i].from == state && transitions[i].event == event)
            return transitions[i].to;
    return state;
}
