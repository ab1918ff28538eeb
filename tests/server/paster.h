/* Peers that say more than they may. */
#ifndef THM_TEST_SERVER_PASTER_H
#define THM_TEST_SERVER_PASTER_H

#include "server/rig.h"

/** For rig_start(): limits of 50 lines a second, 100 at once; no others. "paced" is watched in the log. */
void lines_only(struct rig *r);

/** Says so many lines at once, as a paste does. */
void paste(struct peer *p, unsigned from, unsigned count);

/** Waits until a peer has got so many lines more. False: it had not after `ms`. */
bool hears(struct peer *p, unsigned lines, uint64_t ms);

/** Takes the next `count` messages; whatever else comes is counted as notices. Fails if one is missing or out of order. */
unsigned read_messages(struct peer *p, unsigned from, unsigned count);

#endif
