/*
 * inject.h: frames that no decent peer sends. They are made from a seed and from frames that the board was sent
 * before, so that many of them belong to connections that it has.
 */
#ifndef HUB_INJECT_H
#define HUB_INJECT_H

#include "frame.h"
#include "random.h"

#define INJECT_SEEN    32 /* frames that are remembered */
#define INJECT_AT_ONCE 8  /* frames that wait for the board at a time */

struct injector {
    struct random random;
    struct frame seen[INJECT_SEEN];
    unsigned seen_count;  /* all that were seen; the last ones are kept */
    unsigned fuzz, flood; /* frames still to come of each kind */
    uint16_t flood_port;  /* the board's port that is flooded with SYNs */
};

/** Remembers a frame that the board is sent. */
void inject_see(struct injector *in, const struct frame *f);

/** Makes the reset (RFC 9293, section 3.10.7.4) that ends the connection of the last segment of TCP that was seen.
 * False: none was. */
bool inject_reset(const struct injector *in, struct frame *f);

/** Makes the next frame, if any is still to come. mac, ip: the board's. */
bool inject_next(struct injector *in, const unsigned char mac[MAC_SIZE],
                 const unsigned char ip[IP_SIZE], struct frame *f);

#endif
