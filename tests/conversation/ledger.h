/*
 * ledger.h: the truth that the judge goes by: a store that hands everything on to a RAM store, or to a durable one over
 * a disk, makes it fail as planned, and writes down what was taken under which number.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "disk.h"
#include "sim_net.h"
#include "thimble/stream.h"
#include "thimble/wire.h"

#define STREAMS 5 /* that conversations use: #lobby and the inboxes of four users */

/* How the store is made, and how it behaves until it is calm. A `_ppm` is a probability per request. */
struct store_plan {
    uint32_t blocks;  /* few: retention drops entries, and receivers get gaps */
    uint32_t streams; /* fewer than there are: the store forgets streams that are in use */
    uint32_t late_ppm, late_max; /* completions that wait for up to so many collects */
    uint32_t fail_ppm;           /* requests that fail; of a durable store, the disk's writes */
    uint32_t busy_ppm;           /* requests that are not even taken */
    uint32_t records;            /* that it keeps; 0: none */
    uint32_t keep;               /* entries that each stream of a durable store keeps; 0: all */
};

/* An entry that the store has taken. */
struct ledger_entry {
    uint64_t for_device;
    char *line; /* as it is to be delivered, without its newline */
    size_t len;
    char *decoded; /* holds the strings of `msg` */
    struct thm_msg msg;
};

/* A stream under one incarnation. */
struct ledger_life {
    char stream[THM_ROOM_MAX + 1];
    uint64_t incarnation;
    uint32_t id; /* the store's, 0: of a store that was lost */
    bool gone;   /* the store answered that it knows it no more */
    uint64_t first,
        head; /* the oldest entry that is kept, as far as the store has said; the newest */
    struct ledger_entry *entries; /* entry n is entries[n - 1] */
};

struct ledger {
    struct thm_store store; /* first: what the server is given */
    struct thm_store *inner;
    void *memory;      /* of the RAM store */
    struct disk *disk; /* of the durable one, NULL: it is in RAM */
    struct sim_world *world;
    struct store_plan plan;
    const struct thm_store_request *own; /* the ledger's, which does not fail */
    unsigned under_way;                  /* requests that have not come back */
    unsigned stalled;                    /* collects that the disk lets everybody wait for */
    bool calm;
    uint64_t down_until;       /* the world's time: all requests fail */
    struct ledger_life *lives; /* in the order of their making */
    unsigned life_count;
    char broken[160]; /* what promise of a log the server broke, "" none */
};

/** Sets a record, whatever else goes wrong. */
void ledger_put(struct ledger *l, uint8_t kind, const char *key, const char *value);

/** Starts with an empty store: in RAM, or on `disk`. */
void ledger_init(struct ledger *l, struct sim_world *world, const struct store_plan *plan,
                 struct disk *disk);
void ledger_free(struct ledger *l);

/** The server has died, the store has not: what was under way is completed. */
void ledger_settle(struct ledger *l);

/** The store is lost with all that it held; an empty one takes its place. */
void ledger_lose(struct ledger *l);

/**
 * The durable store ends and starts again. What was completed must all be there, under the numbers and in the
 * incarnation that it had; what was under way may be, behind it.
 */
void ledger_restart(struct ledger *l, enum disk_end end);

/** The life of that incarnation, or the youngest of a stream; NULL: there is none. */
const struct ledger_life *ledger_life(const struct ledger *l, uint64_t incarnation);
const struct ledger_life *ledger_youngest(const struct ledger *l, struct thm_slice stream);

/** Entry `n`, or NULL: the store never took it. */
const struct ledger_entry *ledger_entry(const struct ledger_life *life, uint64_t n);

/** Whether two entries or lines are the same message: same sender, device and id. A receipt is none. */
bool ledger_same(const struct thm_msg *a, const struct thm_msg *b);

#endif
