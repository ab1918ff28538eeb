/*
 * What the files of core/client/ share.
 *
 *   machine.c   which state follows which          session.c   lines: what comes, what goes
 *   client.c    states, deadlines, events          follow.c    streams, cursors, repetitions
 *   link.c      the socket and TLS                 queue.c     what was said and not yet answered
 *   requests.c  what the application asks for     prove.c    login by passcode
 *   receipts.c  who is told that his whispers came   enrol.c   getting and renewing a certificate
 *
 * What is to be sent is derived from the client's state whenever there is room (thm_session_fill), not queued:
 * a new connection needs no more than that state.
 */
#ifndef THM_CLIENT_INTERNAL_H
#define THM_CLIENT_INTERNAL_H

#include <string.h>

#include "client/machine.h"
#include "client/queue.h"
#include "wire/words.h"

#define THM_NEVER UINT64_MAX

/* --- client.c --- */

/** Goes where the machine's table says, and tells the application. `msg` is the line that caused it, or NULL. */
void thm_client_turn(struct thm_client *c, enum thm_machine_event event, int code,
                     const struct thm_msg *msg);

/** The connection is over because of `code`; decides whether that is final. */
void thm_client_fail(struct thm_client *c, int code, const struct thm_msg *msg);

/** A number from 0 to `most` that differs from client to client, and from time to time: for waits that many begin at once. */
uint32_t thm_client_jitter(const struct thm_client *c, uint32_t most);

/** Tells the application of a line. */
void thm_client_tell(struct thm_client *c, const struct thm_msg *msg, struct thm_slice line);

/* --- link.c --- */

/** Starts to connect. */
void thm_link_dial(struct thm_client *c);

/** Starts TLS on the connected socket. */
void thm_link_secure(struct thm_client *c);

/** Does what an event of the socket allows: handshake, receiving, sending. */
void thm_link_move(struct thm_client *c, uint32_t what);

/** Gives up whatever there is of a connection. */
void thm_link_drop(struct thm_client *c);

/* --- session.c --- */

/** Begins to talk: from here on, what the handshake used is the session's. */
void thm_session_hello(struct thm_client *c);

/** Keeps away for as long as a line of the server's asks. */
void thm_session_heed(struct thm_client *c, const struct thm_msg *m);

/** Queues quit. */
void thm_session_quit(struct thm_client *c);

/** Asks the server for a sign of life. */
void thm_session_ping(struct thm_client *c);

/** Ends a connection on which an answer stays out for too long. */
void thm_session_watch(struct thm_client *c);

/** Forgets all that belongs to one connection. */
void thm_session_reset(struct thm_client *c);

/**
 * Takes bytes from the server. The client may be in another state afterwards.
 *
 * @param data  may be changed
 * @return bytes used: all, unless the state changed or thm_receipts_room() says that something is to be sent first
 */
size_t thm_session_take(struct thm_client *c, char *data, size_t len);

/** Writes lines that are due into the empty places of `out`. */
void thm_session_fill(struct thm_client *c);

/**
 * Appends one line to `out`.
 *
 * @return THM_OK; THM_E_LIMIT: no room beside what waits there; or what thm_wire_encode() says
 */
int thm_session_put(struct thm_client *c, const struct thm_msg *msg);

/** Notes who the server says that we are, and comes online. */
void thm_session_granted(struct thm_client *c, const struct thm_msg *m);

/* --- prove.c --- */

#if THM_CLIENT_PASSCODE
/** Begins to prove that the passcode is known. */
void thm_prove_start(struct thm_client *c);

/** A server's auth_reply while that goes on. */
void thm_prove_reply(struct thm_client *c, const struct thm_msg *m);

/** The connection is over: wipes all but the keys. */
void thm_prove_reset(struct thm_client *c);
#else
static inline void thm_prove_reset(struct thm_client *c)
{
    (void)c;
}
#endif

#if THM_CLIENT_DERIVES
/** Goes on with deriving keys. */
void thm_prove_run(struct thm_client *c);

/** Whether that is to go on at once. */
bool thm_prove_runs(const struct thm_client *c);
#else
static inline void thm_prove_run(struct thm_client *c)
{
    (void)c;
}
static inline bool thm_prove_runs(const struct thm_client *c)
{
    (void)c;
    return false;
}
#endif

/* --- receipts.c --- */

#if THM_RECEIPTS
/** A whisper was taken: who sent it is to be told. Ask thm_receipts_room() before. */
void thm_receipts_note(struct thm_client *c, const struct thm_msg *whisper);

/** Whether another whisper may be taken: there is room for what its sender is told, or for what makes some. */
bool thm_receipts_room(const struct thm_client *c);

/** An answer came: the server has taken what was sent before. */
void thm_receipts_taken(struct thm_client *c);

/** A connection is over: nothing is to be sent. Or a new one is there: what may have been lost is told again. */
void thm_receipts_reset(struct thm_client *c);
void thm_receipts_granted(struct thm_client *c, const struct thm_msg *granted);

/** Whether an error answers a receipt: nobody need know of it. */
bool thm_receipts_refused(struct thm_client *c, const struct thm_msg *error);

/** Writes those that are due; or all, since the client leaves. False: no room for all. */
bool thm_receipts_fill(struct thm_client *c);
void thm_receipts_flush(struct thm_client *c);

/** When some are due. */
uint64_t thm_receipts_deadline(const struct thm_client *c);

/** "none", "delivered" or "read". */
const char *thm_receipt_word(enum thm_receipts status);
#else
static inline void thm_receipts_note(struct thm_client *c, const struct thm_msg *whisper)
{
    (void)c, (void)whisper;
}
static inline bool thm_receipts_room(const struct thm_client *c)
{
    (void)c;
    return true;
}
static inline void thm_receipts_taken(struct thm_client *c)
{
    (void)c;
}
static inline void thm_receipts_reset(struct thm_client *c)
{
    (void)c;
}
static inline void thm_receipts_granted(struct thm_client *c, const struct thm_msg *granted)
{
    (void)c, (void)granted;
}
static inline bool thm_receipts_refused(struct thm_client *c, const struct thm_msg *error)
{
    (void)c, (void)error;
    return false;
}
static inline bool thm_receipts_fill(struct thm_client *c)
{
    (void)c;
    return true;
}
static inline void thm_receipts_flush(struct thm_client *c)
{
    (void)c;
}
static inline uint64_t thm_receipts_deadline(const struct thm_client *c)
{
    (void)c;
    return THM_NEVER;
}
#endif

#if THM_CLIENT_RUNS
/** A stream was joined that has taken `csn` from this client: if that was never used in this run, and not before it by
 * what was kept either, what is not sent yet gets numbers above it. */
void thm_client_runs_joined(struct thm_client *c, uint64_t csn);
#endif

/* --- enrol.c --- */

#if THM_ENROLL
/** Whether the client is to get its first certificate. */
static inline bool thm_enrol_is(const struct thm_client *c)
{
    return c->config.request != NULL;
}

/** Queues the certificate request with which such a client begins. */
void thm_enrol_start(struct thm_client *c);

/** Takes a line of the server's that is about certificates; of a client that enrols, any but notices. False: it is not. */
bool thm_enrol_line(struct thm_client *c, struct thm_msg *m);

/** A connection is over: no answer comes any more. Or the server has let us in, and says what it can do. */
void thm_enrol_reset(struct thm_client *c);
void thm_enrol_granted(struct thm_client *c, const struct thm_msg *granted);

/** Tells that the certificate is to be renewed, when that is due. */
void thm_enrol_run(struct thm_client *c);

/** When that is. */
uint64_t thm_enrol_deadline(const struct thm_client *c);
#else
static inline bool thm_enrol_is(const struct thm_client *c)
{
    (void)c;
    return false;
}
static inline void thm_enrol_start(struct thm_client *c)
{
    (void)c;
}
static inline bool thm_enrol_line(struct thm_client *c, struct thm_msg *m)
{
    (void)c, (void)m;
    return false;
}
static inline void thm_enrol_reset(struct thm_client *c)
{
    (void)c;
}
static inline void thm_enrol_granted(struct thm_client *c, const struct thm_msg *granted)
{
    (void)c, (void)granted;
}
static inline void thm_enrol_run(struct thm_client *c)
{
    (void)c;
}
static inline uint64_t thm_enrol_deadline(const struct thm_client *c)
{
    (void)c;
    return THM_NEVER;
}
#endif

/* Whether lines come and go. */
static inline bool thm_client_talks(const struct thm_client *c)
{
    return c->state == THM_CLIENT_LOGIN || c->state == THM_CLIENT_ONLINE ||
           (THM_CLIENT_PASSCODE && c->state == THM_CLIENT_PROVING);
}

/* --- follow.c --- */

/** What became of a numbered line. */
enum thm_taken {
    THM_TAKEN,    /* new: show it */
    THM_REPEATED, /* taken before, or of a stream that is not followed: drop it */
    THM_BROKEN    /* a number is missing and no gap was told */
};

/** Whether a join waits for its answer. */
bool thm_follow_awaits(const struct thm_client *c);

/** Whether a room is about to be joined. */
bool thm_follow_joining(const struct thm_client *c);

/** The stream of a name, or NULL when it is not followed. */
struct thm_client_stream *thm_follow_find(struct thm_client *c, struct thm_slice name);

/** Follows the inbox of the user who is logged in. */
void thm_follow_inbox(struct thm_client *c);

/** Follows a room. NULL: no place is left. */
struct thm_client_stream *thm_follow_add(struct thm_client *c, const char *room);

/** A new connection: everything is to be joined again. */
void thm_follow_reset(struct thm_client *c);

/** Asks again for what the server could not do just now. */
void thm_follow_retry(struct thm_client *c);

/** Whether a message may go now. Not while its stream waits to be joined: a server that could not do that just
 * now would refuse the message for good. */
bool thm_follow_ready(struct thm_client *c, struct thm_slice to);

/** Writes joins, leaves and acks that are due. False: no room for all. */
bool thm_follow_fill(struct thm_client *c);
bool thm_follow_fill_acks(struct thm_client *c);

/** Takes the server's lines about streams. */
void thm_follow_joined(struct thm_client *c, const struct thm_msg *m);
void thm_follow_left(struct thm_client *c, const struct thm_msg *m);
enum thm_taken thm_follow_gap(struct thm_client *c, const struct thm_msg *m);
enum thm_taken thm_follow_entry(struct thm_client *c, const struct thm_msg *m);

/**
 * A number for a string, or for several, each taken with the number of those before it. It is the value of two
 * polynomials at points that nobody else knows (Carter and Wegman, 1979): nobody can choose strings of the same number.
 */
uint64_t thm_follow_hash(const struct thm_client *c, uint64_t hash, struct thm_slice s);

/** A join was refused. True: it is tried again a little later, and nobody need know. */
bool thm_follow_refused(struct thm_client *c, const struct thm_msg *m);

/* --- */

/** The earlier of two times. */
static inline uint64_t thm_earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
