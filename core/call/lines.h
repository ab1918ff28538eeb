/*
 * A session's lines that the other side has not acknowledged, oldest first. Each is one record: its length in two bytes, and
 * its text. Which csn the first one has is the session's to know.
 */
#ifndef THM_CALL_LINES_H
#define THM_CALL_LINES_H

#include "thimble/call.h"

#if THM_CALLS > 0

/** Bytes that a text takes. */
static inline size_t thm_lines_cost(size_t len)
{
    return 2 + len;
}

/** Bytes that are free. */
size_t thm_lines_room(const struct thm_call_lines *l);

/** Appends a text for which there is room. */
void thm_lines_push(struct thm_call_lines *l, const char *text, size_t len);

/** The next one to be sent, without or with moving on behind it. False: there is none. */
bool thm_lines_next(const struct thm_call_lines *l, struct thm_slice *text);
void thm_lines_advance(struct thm_call_lines *l);

/** Forgets the oldest one, which has been sent. */
void thm_lines_drop(struct thm_call_lines *l);

/** All are to be sent again. */
static inline void thm_lines_rewind(struct thm_call_lines *l)
{
    l->unsent = l->head;
}

#endif
#endif
