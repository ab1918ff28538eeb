/* Telling what is pasted from what is typed. */
#ifndef THIMBLE_PASTE_H
#define THIMBLE_PASTE_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

/* More lines than this at once are only sent when the person says so. */
#define PASTE_LINES 5

/** A terminal that does not mark pastes: so many lines in one read were not typed. */
bool paste_suspected(const char *data, size_t len);

/**
 * Takes bytes of a paste that the terminal has begun to mark.
 *
 * @param ended  receives whether its end came
 * @return the bytes taken; 0: more are needed to tell text from the end
 */
size_t paste_take(struct buffer *paste, const char *data, size_t len, bool *ended);

/** Makes each kind of newline one byte, and drops all other controls but tabs. Returns how many newlines. */
size_t paste_clean(struct buffer *paste);

#endif
