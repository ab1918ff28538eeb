/*
 * The durable store: streams and records in one SQLite database (WAL, synchronous=FULL). A request is
 * completed only after the transaction that it belongs to is on the disk.
 *
 * A thread of the store's own does all the work. Whatever was submitted while a transaction was being written
 * goes into the next one. The owner, one thread, calls the store's operations and what is declared here; no call of the
 * operations takes a lock or waits, except in a store without a thread, where collect() works.
 *
 * Beside PATH lie PATH-wal, SQLite's, and PATH-lock, which is held while the store is open and
 * tells a database from a copy of it. Memory is allocated by open, to the counts of the configuration; SQLite
 * allocates its own, most of it bounded by cache_kb.
 */
#ifndef THIMBLE_SQLITE_STORE_H
#define THIMBLE_SQLITE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thimble/stream.h"

/* What opening may come to. */
enum thm_sqlite_result {
    THM_SQLITE_OK = 0,
    THM_SQLITE_CONFIG,    /* a value of the configuration is out of its range */
    THM_SQLITE_MEMORY,    /* the system gave no memory, no thread or no random bytes */
    THM_SQLITE_LOCKED,    /* another process has the database open */
    THM_SQLITE_NO_ACCESS, /* the directory does not exist, or the file can't be opened */
    THM_SQLITE_READ_ONLY, /* the file, its directory or the file system can't be written */
    THM_SQLITE_FULL,      /* the disk is full */
    THM_SQLITE_IO,        /* the system could not read or write */
    THM_SQLITE_DAMAGED,   /* the file is damaged, or no database at all */
    THM_SQLITE_FOREIGN,   /* a database, but not a store of thimble's */
    THM_SQLITE_NEWER      /* made by a newer thimble */
};

/* Where a test may end the process. */
enum thm_sqlite_point {
    THM_SQLITE_BEFORE_COMMIT, /* nothing of the transaction is in the files */
    THM_SQLITE_IN_COMMIT,     /* its pages are, the mark that makes them count is not */
    THM_SQLITE_AFTER_COMMIT   /* it is durable, and nobody was told */
};

/* What may be dropped of a stream, oldest first: what any of the three says. 0: that one says nothing. */
struct thm_sqlite_retention {
    uint64_t age_ms; /* older entries; looked for every ten minutes */
    uint64_t count;  /* entries beyond so many */
    uint64_t bytes;  /* entries whose lines are beyond so many bytes */
};

struct thm_sqlite_config {
    const char *path; /* of the database; made when it is not there, its directory is not */
    bool threaded;    /* false: collect() does the work, for simulations and tests */
    uint32_t batch;   /* requests in one transaction at most, 1 to 4,096; 0: 512 */
    /* Streams in memory, 1 to 2^20, and at least as many as are open at a time (some 180 B each); 0: 16,384. */
    uint32_t streams;
    /* (stream, device) pairs in memory, 1 to 2^22 (some 150 B each), the others are read when needed; 0: 16,384. */
    uint32_t senders;
    uint32_t cache_kb; /* SQLite's pages in memory; 0: 8,192 */
    /* Bytes of new entries, at most 2^30, after which they are put in the order of their streams: the more, the less
     * an entry costs, and the longer that takes. 0: 1 MB. */
    uint32_t recent;
    struct thm_sqlite_retention rooms, inboxes; /* names that begin with '@' are inboxes */

    void *ctx; /* of all that follow */
    /* There is something to collect: the port's wake. Called in the store's thread. */
    void (*wake)(void *ctx);
    /* In collect(): the store can't write or read, once when it begins; `sentence` is static. Requests fail with
     * THM_E_STORE meanwhile. */
    void (*trouble)(void *ctx, const char *sentence);
    /* In collect(): it can again. */
    void (*over)(void *ctx);
    /* Random bytes for lives and incarnations: THM_OK or an error. NULL: the system's. */
    int (*entropy)(void *ctx, void *buf, size_t len);
    /* Milliseconds since 1970, for the age of entries; in the store's thread. NULL: the system's. */
    uint64_t (*utc_ms)(void *ctx);
    /* For tests: called in the store's thread within every commit. May be NULL. */
    void (*point)(void *ctx, enum thm_sqlite_point point);
    /* For tests: a VFS that is registered with SQLite. There is then no PATH-lock and no telling of copies. */
    const char *vfs;
};

/**
 * Opens or makes a store. Takes milliseconds, whatever the size; after a run that did not end by close, the
 * entries are checked in the background, and damage is told by trouble().
 *
 * @param out     receives the store
 * @param config  copied, but for the strings, which are used during the call only
 * @param why     receives, unless it is THM_SQLITE_OK, a sentence that says what is wrong and what to do
 * @param cap     bytes at why
 * @return a value of enum thm_sqlite_result
 */
int thm_sqlite_store_open(struct thm_store **out, const struct thm_sqlite_config *config, char *why,
                          size_t cap);

/**
 * Carries out all that was submitted, and ends the store. Nothing is handed out any more: requests and buffers
 * are the caller's again. Blocks until all is written.
 */
void thm_sqlite_store_close(struct thm_store *store);

/* A copy on its way. The caller owns it and leaves it alone until done() is called. */
struct thm_sqlite_backup {
    const char *
        path; /* where the copy goes; only an older copy there is replaced, when this one is whole */
    /* In collect(): THM_SQLITE_OK, or what went wrong, with a static sentence. */
    void (*done)(struct thm_sqlite_backup *backup, int result, const char *sentence);
    void *owner; /* the caller's own */
    /* the store's own */
    int result;
    const char *sentence;
};

/**
 * Writes a copy of the database as it is at one moment at the end of copying, while the store goes on working.
 * The copy is marked: opened as a store, each of its streams has another incarnation.
 *
 * @return THM_OK, or THM_E_LIMIT: another copy is under way. Never blocks.
 */
int thm_sqlite_store_backup(struct thm_store *store, struct thm_sqlite_backup *backup);

#endif
