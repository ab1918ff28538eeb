/*
 * Strings without a terminator, and what messages say.
 */
#ifndef THM_WIRE_WORDS_H
#define THM_WIRE_WORDS_H

#include <string.h>

#include "thimble/wire.h"

/** A terminated string as a slice. */
static inline struct thm_slice thm_slice_of(const char *text)
{
    return (struct thm_slice){text, strlen(text)};
}

/** Whether a slice holds the same bytes as a terminated string. */
bool thm_slice_is(struct thm_slice s, const char *text);

/** Copies a slice, cut to fit, and terminates it. */
void thm_slice_copy(char *to, size_t cap, struct thm_slice s);

/** Takes the first word off `s`, and the blanks around the rest. */
struct thm_slice thm_slice_word(struct thm_slice *s);

/** The decimal number that `s` is; 0 for anything else. */
uint64_t thm_slice_number(struct thm_slice s);

/** Whether the message says `text` there. An absent key says "". */
bool thm_msg_is(const struct thm_msg *m, enum thm_key key, const char *text);

/** Copies what it says there, cut to fit, and terminates it. */
void thm_msg_copy(const struct thm_msg *m, enum thm_key key, char *to, size_t cap);

/** The error that it gives as `code`, or `otherwise`. */
int thm_msg_code(const struct thm_msg *m, int otherwise);

#endif
