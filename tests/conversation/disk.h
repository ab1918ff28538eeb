/*
 * disk.h: a durable store and the disk under it, whose power may fail at any moment. Conversations know both by these
 * operations alone; the test that has such a disk brings it in its plan, so that the others need no database.
 */
#ifndef DISK_H
#define DISK_H

#include "sim_net.h"
#include "thimble/stream.h"

struct disk;

/* How a store ends. */
enum disk_end {
    DISK_ORDERLY,   /* it is closed, and all is written */
    DISK_POWER_LOSS /* what was not synced is there, or is not */
};

struct disk_ops {
    /** Opens the store over what the disk has kept. The power may fail meanwhile, and be there again. */
    struct thm_store *(*start)(struct disk *disk);
    /** The store ends; what was submitted to it is never answered. */
    void (*stop)(struct disk *disk, enum disk_end end);
    /** The power is to fail within one of the next writes; and whether it has. */
    void (*cut_soon)(struct disk *disk);
    bool (*is_off)(const struct disk *disk);
    /** Probability that a write fails, SIM_ALWAYS: all do. */
    void (*fail)(struct disk *disk, uint32_t ppm);
};

struct disk {
    const struct disk_ops *ops;
    const struct sim_world *world; /* whose clock the store goes by */
    unsigned power_losses;
    unsigned within_writes; /* so many of them */
    char broken[160];       /* what the store said is damaged, "" nothing */
};

#endif
