/* A durable store in a directory of the test's own, and one request after the other. */
#ifndef THM_TEST_SQLITE_FIXTURE_H
#define THM_TEST_SQLITE_FIXTURE_H

#include <semaphore.h>

#include "thimble/sqlite_store.h"

struct fixture {
    struct thm_sqlite_config config;
    struct thm_store *store; /* NULL: it is not open */
    char directory[64];
    char path[96];
    char why[256];       /* what the last open said */
    sem_t woken;         /* by the store's thread */
    uint64_t utc;        /* what the store's clock says */
    unsigned troubles;   /* told so far */
    unsigned overs;      /* likewise */
    const char *trouble; /* the last one */
};

/** Makes the directory, and a configuration with its path, without a thread, with small counts. */
void fx_init(struct fixture *f);

/** Closes the store and removes the directory. */
void fx_clean(struct fixture *f);

/** Opens the store; gives what opening gave. */
int fx_try(struct fixture *f);

/** Opens the store, which must work. */
void fx_open(struct fixture *f);
void fx_close(struct fixture *f);

/** Waits a little for the store's thread. */
void fx_wait(struct fixture *f);

/** Runs one request to its end; gives its result. */
int fx_run(struct fixture *f, struct thm_store_request *r);

struct thm_store_request fx_stream(struct fixture *f, const char *name);

/** Prepares an append of a short line. */
struct thm_store_request fx_append_of(uint32_t stream, uint64_t n);
int fx_append(struct fixture *f, uint32_t stream, uint64_t n);
void fx_append_all(struct fixture *f, uint32_t stream, uint64_t from, uint64_t to);

/** The text that a record has: static, "" when there is none. */
const char *fx_get(struct fixture *f, const char *key);
int fx_put(struct fixture *f, const char *key, const char *value);

/** Runs SQL on a file with a connection of its own; the store must be closed. */
void fx_sql(const char *path, const char *sql);

/** "DIRECTORY/NAME"; of two calls the first is overwritten by the third. */
const char *fx_path(const struct fixture *f, const char *name);

/** Copies a file as cp does: over what is there. */
void fx_copy(const char *from, const char *to);

#endif
