/*
 * What a node sends to its own address comes back to it, as from a switch with a hairpin port: so a client can share
 * its server's node, and has a cable without faults.
 */
#ifndef DAY_HAIRPIN_H
#define DAY_HAIRPIN_H

#include "lwip/world.h"

/** Bends the cable of a node. The node must be on; to be called again after restart(). */
void hairpin(struct node *n);

#endif
