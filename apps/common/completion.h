/* Completing the word before the cursor. */
#ifndef THIMBLE_COMPLETION_H
#define THIMBLE_COMPLETION_H

#include <stddef.h>

#include "buffer.h"

/* Gives one candidate after another for the word at the end of `line`, as thm_console_complete() does. */
typedef size_t (*completion_source)(void *ctx, const char *line, size_t len, unsigned index,
                                    char *buf, size_t cap);

/**
 * Replaces the word before the cursor by what all candidates have in common, and, when there is one only, adds
 * a space.
 *
 * @param choices  receives the candidates, side by side, when there is nothing to add; else left alone
 */
void completion_run(struct buffer *line, size_t *cursor, completion_source source, void *ctx,
                    struct buffer *choices);

#endif
