/*
 * What a stream took from each device: the last csn, and the entries that the latest THM_WINDOW became, so
 * that a message that is sent again is answered with its number and not stored twice.
 */
#ifndef THM_STREAM_SENDERS_H
#define THM_STREAM_SENDERS_H

#include "stream/order.h"
#include "thimble/stream.h"
#include "util/hash.h"

struct thm_sender_record;

/* A fixed number of records; the one that was written longest ago makes room. */
struct thm_senders {
    struct thm_sender_record *records;
    struct thm_index index; /* (stream, device) -> record */
    struct thm_order order;
    struct thm_hash_key key;
    uint32_t cap;
    uint32_t fresh; /* so many were ever in use */
};

/** Bytes of memory for `cap` records (1 to 2^24). */
size_t thm_senders_size(uint32_t cap);

/** Makes an empty table in `memory` (8-byte aligned), which it keeps. */
void thm_senders_init(struct thm_senders *senders, void *memory, uint32_t cap,
                      const struct thm_hash_key *key);

/**
 * Notes that `csn` became entry `n` of `stream`. Another client of the same device starts anew.
 *
 * @param csn  above the last one taken
 */
void thm_senders_take(struct thm_senders *senders, uint32_t stream, const struct thm_sender *from,
                      uint64_t csn, uint64_t n);

/** The last csn taken, 0: none. */
uint64_t thm_senders_last(const struct thm_senders *senders, uint32_t stream,
                          const struct thm_sender *from);

/** The entry of `stream`, whose newest is `head`, that `csn` became; 0: none, or no longer known. */
uint64_t thm_senders_find(const struct thm_senders *senders, uint32_t stream,
                          const struct thm_sender *from, uint64_t csn, uint64_t head);

#endif
