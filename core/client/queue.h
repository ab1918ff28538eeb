/*
 * Messages that were said and not yet answered, oldest first, packed into the client's queue.
 *
 *     head                 unsent              tail
 *      | in flight: answer  | to be sent,       |
 *      | awaited, or given  | or sent again     | free
 *
 * Answers may come in another order than messages went (two streams are stored independently), so a record
 * is marked as answered and leaves when it is the oldest. Order of sending never changes.
 */
#ifndef THM_CLIENT_QUEUE_H
#define THM_CLIENT_QUEUE_H

#include "thimble/client.h"

/* One message. The strings lie in the queue and move when it changes. */
struct thm_record {
    uint64_t csn;
    struct thm_slice to;
    struct thm_slice text;
    uint8_t part, parts; /* 1 of 1 when it is alone */
    bool answered;
};

/** Bytes that a record takes. */
size_t thm_queue_cost(size_t to_len, size_t text_len);

/** Bytes that are free. */
size_t thm_queue_room(const struct thm_client_queue *q);

/** Appends a copy of a record; there must be room. */
void thm_queue_push(struct thm_client_queue *q, const struct thm_record *record);

/** The next record to send; false when there is none. */
bool thm_queue_next(const struct thm_client_queue *q, struct thm_record *record);

/** Walks the records that are not answered, oldest first: start with *at = 0; false at the end. */
bool thm_queue_walk(const struct thm_client_queue *q, uint32_t *at, struct thm_record *record);

/** Adds `by` to the numbers above `csn`. */
void thm_queue_shift(struct thm_client_queue *q, uint64_t csn, uint64_t by);

/** The next record was sent, or need not be: it is in flight now. */
void thm_queue_advance(struct thm_client_queue *q);

/** All that is not answered is to be sent again. */
void thm_queue_rewind(struct thm_client_queue *q);

/** An answer for a message in flight, which is copied to `record`. False: none of that number waits for one. */
bool thm_queue_answer(struct thm_client_queue *q, uint64_t csn, struct thm_record *record);

#endif
