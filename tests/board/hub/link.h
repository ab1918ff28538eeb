/*
 * link.h: one direction of a cable, with its faults. Frames that are put in come out when they are due, in the
 * order in which they are.
 */
#ifndef HUB_LINK_H
#define HUB_LINK_H

#include "frame.h"
#include "random.h"

#define LINK_FRAMES  256 /* in a link at a time; more are lost, as in a switch */
#define LINK_HOLD_MS 30  /* how long a frame is held back that others are to overtake */

struct faults {
    unsigned loss, duplicate, reorder; /* percent of all frames */
    unsigned delay, jitter;            /* milliseconds; jitter is added, from none to all of it */
    bool cut;
};

struct link {
    struct faults faults;
    struct random random;
    unsigned count;
    struct {
        uint64_t due;
        struct frame frame;
    } queue[LINK_FRAMES]; /* by `due` */
};

void link_put(struct link *l, const struct frame *f, uint64_t now_ms);

/** The next frame if it is due, else NULL. It stays until link_drop(). */
const struct frame *link_next(const struct link *l, uint64_t now_ms);
void link_drop(struct link *l);

/** When the next frame is due; UINT64_MAX: there is none. */
uint64_t link_due(const struct link *l);

/** Cuts it, what is on its way included, or restores it. */
void link_cut(struct link *l, bool cut);

#endif
