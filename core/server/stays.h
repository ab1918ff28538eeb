/*
 * When a user was in a room: the runs of its entries that he may read.
 *
 * A run begins when he joins and ends when he leaves or is sent away; a user who only closes his client stays. Numbers are those of
 * the room's log, from 1.
 */
#ifndef THM_SERVER_STAYS_H
#define THM_SERVER_STAYS_H

#include "thimble/wire.h"

#define THM_STAYS      4 /* runs that are remembered; of an older one nothing may be read any more */
#define THM_STAYS_TEXT 140 /* bytes that they take in words, with the end */

struct thm_stay {
    uint64_t first, last; /* last UINT64_MAX: he is in the room */
};

/* In the order of their numbers; all zero: he was never there. */
struct thm_stays {
    uint8_t count;
    struct thm_stay at[THM_STAYS];
};

/** A stay in a log that may be read whole. */
void thm_stays_all(struct thm_stays *s);

/** Whether the user is in the room. */
bool thm_stays_open(const struct thm_stays *s);

/** He joins behind entry `head`; or leaves, having seen all up to it. Nothing changes for who is in, or not in. */
void thm_stays_begin(struct thm_stays *s, uint64_t head);
void thm_stays_end(struct thm_stays *s, uint64_t head);

/** The first entry from `n` on that he may read; UINT64_MAX: none. */
uint64_t thm_stays_next(const struct thm_stays *s, uint64_t n);

/** The log ends at `head`: of a log that began anew he may read what he would have heard. */
void thm_stays_fit(struct thm_stays *s, uint64_t head);

/** "5-9 21-". Reading is false when it is not of that form; of nothing it makes no stay. */
bool thm_stays_read(struct thm_stays *s, struct thm_slice text);
void thm_stays_print(const struct thm_stays *s, char text[THM_STAYS_TEXT]);

#endif
