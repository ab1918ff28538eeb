/*
 * What the files of core/call/ share.
 *
 *   machine.c    which state of a path follows which    lines.c      what was said and is not acknowledged
 *   calls.c      what the application asks for          sockets.c    the sockets that TLS sees
 *   session.c    sessions: made, mended, over           relay.c      a path through the server
 *   path.c       the life of a path                     directory.c  the server: who is where, who called
 *   talk.c       the lines between two clients          names.c      words, and the code that people compare
 *
 * What is to be sent is derived from flags and queues whenever there is room, so nothing depends on when there is.
 */
#ifndef THM_CALL_INTERNAL_H
#define THM_CALL_INTERNAL_H

#include <string.h>

#include "call/lines.h"
#include "call/machine.h"
#include "util/text.h"
#include "wire/words.h"

#if THM_CALLS > 0

#define THM_NEVER UINT64_MAX

/* --- places: from 1; where there is but one of something, its place is no arithmetic --- */

static inline struct thm_path *thm_path_at(struct thm_calls *k, unsigned place)
{
    return place != 0 ? &k->paths[THM_CALL_PATHS > 1 ? place - 1 : 0] : NULL;
}
static inline struct thm_call *thm_call_of(struct thm_calls *k, unsigned place)
{
    return place != 0 ? &k->calls[THM_CALLS > 1 ? place - 1 : 0] : NULL;
}
static inline uint8_t thm_path_place(const struct thm_calls *k, const struct thm_path *p)
{
    return (uint8_t)(THM_CALL_PATHS > 1 ? p - k->paths + 1 : 1);
}
static inline uint8_t thm_call_place(const struct thm_calls *k, const struct thm_call *c)
{
    return (uint8_t)(THM_CALLS > 1 ? c - k->calls + 1 : 1);
}

/* --- path.c --- */

/** A path that nobody has; one that a stranger has held for too long gives way. NULL: none. */
struct thm_path *thm_path_take(struct thm_calls *k);

/** Goes where the table says. */
void thm_path_turn(struct thm_calls *k, struct thm_path *p, enum thm_path_event event, int code);

/** It is over because of `code`; or goes on by the relay, if what failed is a direct connection. */
void thm_path_fail(struct thm_calls *k, struct thm_path *p, int code);

/** Refuses whoever came by it. */
void thm_path_refuse(struct thm_calls *k, struct thm_path *p, int code);

/** It is not wanted any more. `quit`: the session is over with it. */
void thm_path_stop(struct thm_calls *k, struct thm_path *p, bool quit);

/** Does what is due, or what an event of its socket allows. */
void thm_path_move(struct thm_calls *k, struct thm_path *p, uint32_t what);

/** Takes connections that wait at the listener. */
void thm_path_admit(struct thm_calls *k);

/* --- session.c --- */

/** Our call to somebody that he has not answered yet: his own would cross it. Keys are not compared. NULL: none. */
struct thm_call *thm_session_crossing(struct thm_calls *k, const struct thm_identity *peer);

/** Whether our call stands when both sides call each other. */
bool thm_session_outranks(const struct thm_calls *k, const struct thm_identity *peer);

/** A free place, or NULL. */
struct thm_call *thm_session_free(struct thm_calls *k);

/** A caller was verified: it rings, or is answered at once, or refused. */
void thm_session_verified(struct thm_calls *k, struct thm_path *p);

/** A session goes on by this path from now on. */
void thm_session_carried(struct thm_calls *k, struct thm_path *p);

/** The other side has all lines up to `n`. False: so many were not said. */
bool thm_session_has(struct thm_calls *k, struct thm_path *p, uint64_t n);

/** The path at a place that was a session's is gone, or was refused, because of `code`. */
void thm_session_lost(struct thm_calls *k, struct thm_call *c, uint8_t place, int code);

/** Nobody has answered the caller who came by it. */
void thm_session_unanswered(struct thm_calls *k, struct thm_path *p);

/** A session is over. */
void thm_session_over(struct thm_calls *k, struct thm_call *c, int code, bool ours,
                      struct thm_slice reason);

/** Mends, moves, gives up: what is due by time. And when that is. */
void thm_session_run(struct thm_calls *k, struct thm_call *c);
uint64_t thm_session_deadline(const struct thm_calls *k, const struct thm_call *c);

/** Tells the application. */
void thm_session_tell(struct thm_calls *k, const struct thm_call *c, struct thm_call_event *event);

/* --- talk.c --- */

/** Writes what is due into `out`; takes what came. */
void thm_talk_fill(struct thm_calls *k, struct thm_path *p);
size_t thm_talk_take(struct thm_calls *k, struct thm_path *p, char *data, size_t len);

/** Whether lines come and go in a state. */
static inline bool thm_path_talks(const struct thm_path *p)
{
    return p->state == THM_PATH_REQUESTING ||
           (p->state >= THM_PATH_EXPECTING && p->state <= THM_PATH_CARRYING);
}

/* --- sockets.c --- */

extern const struct thm_port_ops thm_call_sockets;

/* --- relay.c --- */

enum thm_io thm_relay_recv(struct thm_calls *k, struct thm_path *p, void *buf, size_t cap,
                           size_t *n);
enum thm_io thm_relay_send(struct thm_calls *k, struct thm_path *p, const void *buf, size_t len,
                           size_t *n);
enum thm_io thm_relay_want(const struct thm_path *p, size_t n);

/** Begins an end: ours, which is to be asked for, or one that came in with so much granted. */
void thm_relay_open(struct thm_path *p, bool ours, uint64_t granted);

/** No more of it. */
void thm_relay_close(struct thm_calls *k, struct thm_path *p, int code);

/** Says what is due: openings, grants, farewells. */
void thm_call_relay_fill(struct thm_calls *k);

/** Takes a line. */
void thm_call_relay_line(struct thm_calls *k, const struct thm_msg *m);

/* --- directory.c --- */

/** Says what is due: that one is here, and questions. */
void thm_directory_fill(struct thm_calls *k);

/** Takes an answer, or an error that may be one. */
void thm_directory_reply(struct thm_calls *k, const struct thm_msg *m);
void thm_directory_error(struct thm_calls *k, const struct thm_msg *m);

/** Writes USER@DEVICE. */
void thm_directory_name(const struct thm_identity *who, char name[2 * THM_ID_MAX + 2]);

static inline bool thm_same_key(const uint8_t a[THM_KEY_HASH], const uint8_t b[THM_KEY_HASH])
{
    return memcmp(a, b, THM_KEY_HASH) == 0; /* hashes of public keys */
}

static inline uint64_t thm_earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
#endif
