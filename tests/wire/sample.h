/*
 * Messages made from the tables alone, so that a new type or key is tested without a new test.
 */
#ifndef TESTS_WIRE_SAMPLE_H
#define TESTS_WIRE_SAMPLE_H

#include "thimble/wire.h"

/** Starts a message with the keys of a set, each at its smallest or largest value. The strings are
 * shared: they hold until the next call. */
void sample(struct thm_msg *m, enum thm_type type, uint64_t keys, bool largest);

/** Whether two messages have the same type and the same values. */
bool same_message(const struct thm_msg *a, const struct thm_msg *b);

#endif
