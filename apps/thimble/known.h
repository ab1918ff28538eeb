/*
 * The keys of others that were seen, in a file beside the state of a user's devices, which all of them share. A line each:
 *
 *     bianca@default 4c0f...e1 2025-03-01T18:35:00Z     whose, the hash of the key, and when it was first seen
 *
 * It may be read and edited by people; what is no such line stays as it is.
 */
#ifndef THIMBLE_KNOWN_H
#define THIMBLE_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "thimble/tls.h"

/* Lines that are kept; the oldest goes for another one. */
#define KNOWN_MAX 1000

/**
 * Looks up a device's key.
 *
 * @param who      names a user, and a device or none: then whichever was seen last for the first time. Receives the rest.
 * @param since_s  receives when it was first seen, seconds since 1970
 * @return false: none is known; or the file can't be read, which is said
 */
bool known_find(const char *file, struct thm_identity *who, uint64_t *since_s);

/** Keeps a device's key instead of the one before. False: it can't, which is said. */
bool known_keep(const char *file, const struct thm_identity *who, uint64_t now_s);

#endif
