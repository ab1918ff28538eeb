/*
 * What every store promises (thimble/stream.h), checked the same way for each of them.
 */
#ifndef THM_TEST_STORE_CONFORMANCE_H
#define THM_TEST_STORE_CONFORMANCE_H

#include "thimble/stream.h"

/*
 * A kind of store. It keeps at least 8 streams, 64 (stream, device) pairs, 1 MB of entries and 64 records. It may complete
 * requests late and fail them with THM_E_STORE now and then; what fails is tried again.
 */
struct thm_store_suite {
    void *ctx;
    /* Makes a store with nothing in it. */
    struct thm_store *(*make)(void *ctx);
    void (*destroy)(void *ctx, struct thm_store *store);
    /* Ends the store and makes another of what it had kept. NULL: it keeps nothing. */
    struct thm_store *(*reopen)(void *ctx, struct thm_store *store);
    /* Waits until there may be something to collect. NULL: collecting again is enough. */
    void (*wait)(void *ctx, struct thm_store *store);
};

/** Runs all checks, each on a fresh store; fails the running cmocka test when one does not hold. */
void thm_store_conformance(const struct thm_store_suite *suite);

#endif
