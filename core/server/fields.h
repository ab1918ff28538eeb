/*
 * What a record's value says: lines "name value\n", readable by whoever opens the store.
 *
 * A name is [a-z][a-z0-9-]{0,30} and stands once; a value is 1 or more bytes of printable ASCII. Names that this version
 * does not know are kept: a newer one may have written them.
 */
#ifndef THM_SERVER_FIELDS_H
#define THM_SERVER_FIELDS_H

#include "thimble/wire.h"

struct thm_fields {
    uint16_t len;
    char text[THM_RECORD_MAX];
};

/** Whether all of it is of that form. What is not is never read in part. */
bool thm_fields_valid(const struct thm_fields *f);

/** The value of a name; empty: it is not there. Borrowed until something is set. */
struct thm_slice thm_fields_get(const struct thm_fields *f, const char *name);

/** A decimal number below 2^53; false: it is not there, or no such number. */
bool thm_fields_get_num(const struct thm_fields *f, const char *name, uint64_t *value);

/** Sets a value, or takes the name out (NULL). False: no room for it; nothing was changed. */
bool thm_fields_set(struct thm_fields *f, const char *name, const char *value);
bool thm_fields_set_num(struct thm_fields *f, const char *name, uint64_t value);

#endif
