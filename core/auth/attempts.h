/*
 * Wrong passcodes, counted for each device and user, so that guessing takes time and comes to an end.
 *
 *     failures in a row   1   2   3   4   5  ...  11        12 to 19     20
 *     wait                0   1   2   4   8  ...  512 s     15 min       until the operator resumes, or for 24 h
 *
 * The first is free because typing errors happen. Counting by device as well as by user keeps a stolen device from locking
 * its owner out on another one. The numbers are in config.h.
 *
 * The table is bounded. When it is full, the entry with the fewest failures gives way, of those the oldest, and the newcomer
 * goes on from its count: so no count is ever too low, and who wants to wash a victim's entry out has to fail as often as the
 * victim under as many keys as there are places. A suspended entry never gives way; if all are suspended, those without an
 * entry wait together. Keys can't be made up: a device is known by its certificate, and logs in only as the user it names.
 *
 * What it costs: may and succeeded O(1), and so does a failure, but for the first of a device while the table is full
 * or has holes: O(places). It forgets with the process; the wait starts anew then.
 */
#ifndef THM_AUTH_ATTEMPTS_H
#define THM_AUTH_ATTEMPTS_H

#include "thimble/config.h"
#include "util/hash.h"

/* Bytes of a device's key hash by which it is told apart here. */
#define THM_ATTEMPT_TAG 16

struct thm_attempt {
    uint64_t last_ms; /* of the last failure */
    uint8_t failures; /* in a row; 0: the place is free */
    uint8_t tag[THM_ATTEMPT_TAG];
    char user[THM_ID_MAX + 1];
};

struct thm_attempts {
    struct thm_attempt *places; /* for lists of the operator's; others only read */
    uint32_t cap;
    struct thm_index index;
    struct thm_hash_key key;
    struct thm_attempt rest; /* those who found no place */
};

/** Bytes of memory for `cap` entries (1 to 2^20). */
size_t thm_attempts_size(uint32_t cap);

/**
 * Makes an empty table in `memory` (thm_attempts_size(cap) bytes, 8-byte aligned), which it keeps.
 *
 * @param key  secret and random
 */
void thm_attempts_init(struct thm_attempts *a, void *memory, uint32_t cap,
                       const struct thm_hash_key *key);

/**
 * How long this device has to wait before it may try again as this user. To be asked right before a proof is judged, in the
 * same turn, and not only when a login begins: else many that begin at a time get a guess each.
 *
 * @param now_ms     monotonic
 * @param device     hash of the device's key, THM_ATTEMPT_TAG bytes of it are looked at
 * @param suspended  receives whether only the operator, or a day, will help; may be NULL
 * @return milliseconds; 0: now
 */
uint64_t thm_attempts_may(const struct thm_attempts *a, uint64_t now_ms, const uint8_t *device,
                          const char *user, bool *suspended);

/**
 * Counts a wrong passcode.
 *
 * @return the failures in a row that it is held to have, this one included; THM_ATTEMPTS_SUSPEND and more: it is suspended
 */
unsigned thm_attempts_failed(struct thm_attempts *a, uint64_t now_ms, const uint8_t *device,
                             const char *user);

/** Forgets the failures: the passcode was right. */
void thm_attempts_succeeded(struct thm_attempts *a, const uint8_t *device, const char *user);

/** Resumes a user on every device: for the operator, and when the passcode is changed. */
void thm_attempts_clear(struct thm_attempts *a, const char *user);

#endif
