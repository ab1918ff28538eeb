/*
 * What the server keeps as records of a durable store, beside the streams.
 *
 *     kind                    key               value
 *     THM_KIND_ROOM_RECORD    #room             u64 time of the topic (ms), u8 length, user who set it, topic
 *     THM_KIND_STATE_RECORD   #room user@device u64 time (ms), text
 *
 * Numbers are little endian. No record, or an empty one: no topic, no state.
 */
#ifndef THM_SERVER_RECORD_H
#define THM_SERVER_RECORD_H

#include "server/items.h"
#include "server/kinds.h"

/** Whether the store keeps records over a restart; else nothing is written. */
bool thm_record_kept(const struct thm_server *s);

/** The next step of reading what is kept of a job's room; its first one when `first`. False: all is read. */
bool thm_record_read(struct thm_server *s, struct job *j, bool first);

/** The topic of a room, or a state in it, has changed: it is written a little later. */
void thm_record_changed(struct thm_server *s, uint32_t stream);

/** Writes what is due. */
void thm_record_run(struct thm_server *s);

/** A write came back. */
void thm_record_done(struct thm_server *s, struct write_job *w);

/** Whether nothing waits to be written any more. */
bool thm_record_idle(const struct thm_server *s);

/** When thm_record_run() has something to do, ms; 0: never. */
uint64_t thm_record_deadline(const struct thm_server *s);

#endif
