/*
 * The audit log: who did what to whom, and when, one line each in the form of the log, in a file that is only ever
 * appended to. It is fed from the same records as the log, and by the operator's commands. Never a text, never a secret.
 *
 * Lines are gathered and written once a turn of the loop. A thread brings them to the disk, once a second at most, so the
 * loop never waits for one. When the file can't be written, the log says so once, what finds no room is counted, and
 * the file says how much is missing when it is written again.
 */
#ifndef THIMBLED_AUDIT_H
#define THIMBLED_AUDIT_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "log.h"

#define AUDIT_HELD 65536 /* bytes that may wait to be written */

struct audit {
    const char *path; /* NULL: there is none */
    struct log *log;
    int fd;
    bool torn;                /* the first line that waits was begun in the file */
    bool failing;             /* it can't be written, and the log was told */
    bool unsafe;              /* it could not be synced, and the log was told */
    bool unsynced;            /* something was written since the last sync */
    uint64_t lost;            /* lines that found no room since it fails */
    uint64_t total;           /* such lines since the start */
    uint64_t try_at, sync_at; /* ms */
    struct line_clock clock;
    size_t held_len;
    char held[AUDIT_HELD];
    /* the thread's */
    bool threaded;
    pthread_t thread;
    sem_t wanted;
    atomic_int job;        /* the descriptor to be synced and closed, JOB_NONE or JOB_END */
    atomic_int sync_error; /* errno, 0: none */
};

/* What an operator did. Strings may be NULL. */
struct audit_act {
    const char *event; /* "user-add", "kick" ... */
    const char *by;    /* who asked: "uid=0 ..." */
    const char *user, *device, *key_hash, *room;
    const char *detail; /* what was set */
    int code;           /* THM_E_*, when it failed */
};

/**
 * Opens the file, mode 600 if it is made.
 *
 * @param path  must stay; NULL: all that follows does nothing
 * @param why   receives a sentence when it fails
 */
bool audit_open(struct audit *a, const char *path, struct log *log, char *why, size_t cap);

/** Writes down what the server reports, as far as it belongs here. */
void audit_record(struct audit *a, const struct thm_log_record *record);

/** Writes down what an operator did. */
void audit_act(struct audit *a, const struct audit_act *act);

/** Brings what waits into the file, once a turn of the loop. */
void audit_flush(struct audit *a, uint64_t now_ms);

/** When audit_flush() has something to do at the latest; UINT64_MAX: not by itself. */
uint64_t audit_deadline(const struct audit *a);

/** Goes on in the file that now has the path: it was rotated. */
void audit_reopen(struct audit *a);

/** Writes and syncs what waits, and ends. */
void audit_close(struct audit *a);

#endif
