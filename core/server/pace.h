/*
 * How much a device may do: a bucket of tokens for each kind of thing, kept by device and not by connection, so
 * that coming back brings nothing.
 *
 * A bucket holds `burst` tokens at most and gains `rate` a second. What is taken is paid for afterwards, so a bucket may be
 * overdrawn; then nothing more is to be taken until it has been made good. So the first `burst` come at once, and what follows
 * comes at the rate, whatever the size of the things. Counted in thousandths of tokens, of which a rate is exactly so many a
 * millisecond: nothing is rounded, and nothing drifts.
 *
 * The table is bounded. A device that is connected always has its record. Of the others one gives way that owes
 * nothing, the longest away first; if all owe, the newcomer takes over what the longest away owes. So who has more keys than there
 * are records gains nothing by taking turns with them.
 */
#ifndef THM_SERVER_PACE_H
#define THM_SERVER_PACE_H

#include "thimble/server.h"
#include "util/hash.h"
#include "util/list.h"
#include "util/pool.h"

struct thm_bucket {
    uint64_t at;   /* ms: when `debt` was so */
    uint64_t debt; /* thousandths of tokens that are missing */
};

/** Thousandths of tokens that are missing now. */
uint64_t thm_bucket_debt(const struct thm_bucket *b, struct thm_limit limit, uint64_t now);

/**
 * Takes tokens, whether they are there or not.
 *
 * @return how long nothing more is to be taken, ms: at most THM_PACE_WAIT_MS + THM_PACE_TICK_MS + 1, what
 *         would take longer to be made good is forgiven; 0: go on
 */
uint64_t thm_bucket_spend(struct thm_bucket *b, struct thm_limit limit, uint64_t now,
                          uint32_t tokens);

/** How long until a whole token is there, ms; 0: it is. */
uint64_t thm_bucket_wait(const struct thm_bucket *b, struct thm_limit limit, uint64_t now);

struct thm_pace_device {
    struct thm_bucket buckets[THM_LIMITS];
    uint64_t ready_at;           /* ms: no input is taken before */
    uint64_t row_since, row_end; /* ms: it was held again and again from then until then */
    uint64_t logged_at;          /* ms, 0: never */
    struct thm_link link; /* not connected: in `rested` or in `owing`, the longest away first */
    uint32_t connections;
    uint32_t held; /* connections whose input waits */
    uint8_t why;   /* enum thm_limit_kind: what ready_at is for */
    bool owes;     /* not connected: which of the two */
    uint8_t key[THM_KEY_HASH];
};

struct thm_pace {
    struct thm_limit limits[THM_LIMITS];
    struct thm_hash_key hash_key;
    struct thm_pool devices; /* made by the owner, with an index of as many */
    struct thm_index index;
    struct thm_list rested, owing;
};

static inline struct thm_pace_device *thm_pace_at(const struct thm_pace *p, uint32_t number)
{
    return thm_pool_at(&p->devices, number);
}

/** A connection of a device begins: the number of its record. 0: all belong to others that are connected. */
uint32_t thm_pace_enter(struct thm_pace *p, const uint8_t key[THM_KEY_HASH], uint64_t now);

/** And ends. */
void thm_pace_leave(struct thm_pace *p, uint32_t number, uint64_t now);

/** When a device may go on, ms; 0: nothing is known of it. */
uint64_t thm_pace_ready_at(const struct thm_pace *p, const uint8_t key[THM_KEY_HASH]);

/** Takes tokens of a kind. */
void thm_pace_spend(struct thm_pace *p, uint32_t number, enum thm_limit_kind kind, uint32_t tokens,
                    uint64_t now);

#endif
