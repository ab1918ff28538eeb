/*
 * The RAM store's records: an array of slots, and their numbers in the order of kinds and keys. One search
 * serves to get, to put and to list.
 */
#ifndef THM_STREAM_RECORDS_H
#define THM_STREAM_RECORDS_H

#include "thimble/stream.h"

struct thm_record_slot;

struct thm_records {
    struct thm_record_slot *slots;
    uint32_t *order; /* all slots: first the used ones, sorted, then the free ones */
    uint32_t cap;
    uint32_t used;
};

/** Bytes of memory for `cap` records. */
size_t thm_records_size(uint32_t cap);

/** Makes an empty table in `memory` (4-byte aligned), which it keeps. */
void thm_records_init(struct thm_records *records, void *memory, uint32_t cap);

/** Sets or erases a record. THM_OK, or THM_E_LIMIT: all slots are in use. */
int thm_records_put(struct thm_records *records, const struct thm_store_record *put);

/** Copies a record's value into the request's buffer; `len` is 0 when there is none. */
void thm_records_get(const struct thm_records *records, struct thm_store_request *r);

/** Puts the records that a LIST asks for into its buffer, as many as fit. */
void thm_records_list(const struct thm_records *records, struct thm_store_request *r);

#endif
