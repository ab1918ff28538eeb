/*
 * A store on the bench: requests are put into a batch, which is then run to its end. Whatever the store
 * completes late is waited for, what it fails with THM_E_STORE is tried again, and on the way the order of
 * completions and the fate of what stood behind a failed append are checked.
 *
 * The content of an entry follows from its stream and number, so what is read needs nothing to compare with.
 */
#ifndef THM_TEST_STORE_RIG_H
#define THM_TEST_STORE_RIG_H

#include "stream/store_conformance.h"

enum { RIG_BATCH = 16 };

struct rig {
    const struct thm_store_suite *suite;
    struct thm_store *store;
    struct thm_store_request requests[RIG_BATCH]; /* the batch; results stay until the next one */
    unsigned used;
    char lines[RIG_BATCH][2][THM_LINE_MAX];
    uint64_t random;
};

/** A pseudo-random number below `limit`. */
uint32_t rig_below(struct rig *rig, uint32_t limit);

/** Adds a request to the batch. */
struct thm_store_request *rig_add(struct rig *rig, enum thm_store_op op, uint32_t stream);

/** Adds an append of entry `n`. */
struct thm_store_request *rig_add_append(struct rig *rig, uint32_t stream, uint64_t n);

/** Makes an append one of two entries. */
void rig_add_second(struct rig *rig, struct thm_store_request *r, uint32_t stream, uint64_t n);

/** Runs the batch until nothing of it fails for the store's sake, and empties it. */
void rig_settle(struct rig *rig);

/** The same for the only request of the batch; gives its result. */
int rig_run(struct rig *rig, const struct thm_store_request *r);

/** Opens a stream; gives the completed request. */
struct thm_store_request rig_open(struct rig *rig, const char *name);

/** Appends entries `from` to `to`, one after the other. */
void rig_append(struct rig *rig, uint32_t stream, uint64_t from, uint64_t to);

/** Appends entry `n` as a sender's csn; gives the result. */
int rig_append_csn(struct rig *rig, uint32_t stream, uint64_t n, struct thm_sender sender,
                   uint64_t csn);

/** What a csn became, and the last one taken. */
uint64_t rig_find(struct rig *rig, uint32_t stream, struct thm_sender sender, uint64_t csn,
                  uint64_t *last_csn);

/** Checks both. */
void rig_check_find(struct rig *rig, uint32_t stream, struct thm_sender sender, uint64_t csn,
                    uint64_t last_csn, uint64_t n);

/** Reads with a buffer of `cap` bytes and checks what comes; gives the number of entries. */
unsigned rig_read(struct rig *rig, uint32_t stream, uint64_t from, unsigned max, size_t cap);

/** The number of the newest entry. */
uint64_t rig_head(struct rig *rig, uint32_t stream);

#endif
