/* The connection by which a machine joins: asks for its certificate until it has one, and says what happens. */
#ifndef THIMBLE_INVITED_H
#define THIMBLE_INVITED_H

#include "home.h"

/**
 * Joins.
 *
 * @param key      of the machine, THM_ENROLL_KEY bytes
 * @param timeout  seconds without an answer after which it gives up
 * @param who      receives "USER@DEVICE"
 * @return OPTIONS_OK: all is kept; or an exit code after a message
 */
int invited_join(struct home *home, struct thm_port *port, const struct thm_invitation *invitation,
                 const uint8_t key[THM_ENROLL_KEY], unsigned timeout, char who[2 * THM_ID_MAX + 2]);

#endif
