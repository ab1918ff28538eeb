/*
 * The devices that were here since the start, and their keys, so that one can be revoked that is gone. Of bounded
 * memory: those that were away longest give way.
 */
#ifndef THIMBLED_DEVICES_H
#define THIMBLED_DEVICES_H

#include <stdbool.h>

#include "thimble/server.h"

struct device {
    char user[THM_ID_MAX + 1]; /* "": no device */
    char name[THM_ID_MAX + 1];
    uint8_t key_hash[THM_KEY_HASH];
    uint64_t seen_ms;    /* UTC: the last login */
    uint32_t connection; /* of the session that it has, 0: none */
};

struct devices {
    struct device *all;
    uint32_t sets; /* of DEVICES_SET each; a power of two */
};

#define DEVICES_SET 8u

/** Makes room for at least so many. Memory that is not used is not touched. False: there is none. */
bool devices_open(struct devices *d, uint32_t count);
void devices_close(struct devices *d);

/** Takes note of a record of the server's: of logins and their end. */
void devices_record(struct devices *d, const struct thm_log_record *record, uint64_t utc_ms);

/** Walks them: start with *at = 0; NULL at the end. */
const struct device *devices_next(const struct devices *d, uint32_t *at);

/** The device USER@DEVICE, or the one whose key hash, in hexadecimal digits, is or begins with `what` (16 digits or more).
 * NULL: it was not here, or two begin so. */
const struct device *devices_find(const struct devices *d, const char *what);

/** Reads a key hash of 64 hexadecimal digits. */
bool devices_hash(const char *text, uint8_t hash[THM_KEY_HASH]);

#endif
