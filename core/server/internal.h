/*
 * What the files of core/server/ share. docs/DESIGN.md, "The server", draws the whole.
 *
 * Everything is an item of a pool and is named by its number; 0 is none. A connection that waits for the store
 * is named together with its serial number, so that a late answer never meets a newer connection.
 */
#ifndef THM_SERVER_INTERNAL_H
#define THM_SERVER_INTERNAL_H

#include "thimble/server.h"
#include "server/machine.h"
#include "util/hash.h"
#include "util/list.h"
#include "util/pool.h"
#include "util/text.h"

#define LISTENERS_MAX 8
#define TOMBS         16 /* leavers that a room remembers by name until all members were told */
/* How long the store is left alone after it failed. */
#define STORE_RETRY_MS 100

/* Connections with the same kind of deadline are in one list, in the order of their deadlines, because all
 * deadlines of a kind are equally long. */
enum deadline_kind {
    DEADLINE_NONE,
    DEADLINE_HELLO,     /* no handshake slot yet: silent, or waiting for its turn */
    DEADLINE_HANDSHAKE, /* has one */
    DEADLINE_LOGIN,
    DEADLINE_IDLE,
    DEADLINE_STALL,
    DEADLINE_CLOSE,
    DEADLINE_KINDS
};

/* What a connection may have to wait for because all are in use. */
enum wait_kind {
    WAIT_JOB,    /* its input waits for a job */
    WAIT_READ,   /* its output waits for a read job */
    WAIT_OUTPUT, /* input and output wait for an output buffer */
    WAIT_KINDS
};

/* Bits of connection.attention: why it is in the list of connections to look at. */
enum {
    LOOK_READ = 1 << 0, /* input may be there, or the handshake may go on */
    LOOK_WRITE = 1 << 1 /* output may go on, or there is something to say */
};

/* Why a session is to be told an alias that it did not ask for. */
enum rename { RENAME_NONE, RENAME_ELSEWHERE /* by another session */, RENAME_RECLAIMED };

/* A request whose answer is too long for one buffer, continued whenever there is room. */
struct walk {
    uint8_t
        kind; /* enum thm_type of the request: LIST, WHO, WHOIS, ROOMS, HISTORY, QUIT; 0: none */
    bool started;              /* what it is about was looked up */
    bool reading;              /* HISTORY: a read is on its way */
    uint32_t at;               /* next item of the pool to look at */
    uint32_t target;           /* WHO, HISTORY: stream */
    uint32_t count;            /* rows said */
    uint64_t next, last;       /* HISTORY: entries still to say; before that, what was asked for */
    char id[41];               /* HISTORY: correlation id, "" none */
    char user[THM_ID_MAX + 1]; /* WHOIS */
};

struct connection {
    struct thm_tls tls;
    uint32_t serial;   /* number since the start, from 1 */
    uint8_t state;     /* enum thm_conn_state */
    uint8_t attention; /* LOOK_* */
    uint8_t queued;    /* in the list of connections to look at */
    uint8_t deadline_kind;
    uint64_t deadline; /* ms */
    struct thm_link deadline_link;
    uint32_t look_next;
    uint32_t events; /* THM_EV_* not yet given to TLS */
    struct thm_address address;
    bool waiting;  /* for a handshake slot, or for its address's turn */
    bool polite;   /* stated a credit and acknowledges */
    uint8_t waits; /* set of 1 << enum wait_kind: the lists that it waits in */
    uint32_t wait_next[WAIT_KINDS];
    uint8_t renamed;   /* enum rename: the session is to be told its user's alias */
    uint8_t auto_join; /* streams still to join for a plain hello: 1 inbox, 2 default room */
    int16_t code;      /* why it ends */
    uint16_t jobs;     /* store requests whose completion its input waits for */
    uint16_t appends;  /* messages on their way to the store */
    uint16_t rooms;    /* memberships */
    /* session */
    uint32_t user;
    struct thm_link user_link; /* sessions of the same user */
    uint64_t since;            /* UTC ms */
    uint64_t client;           /* incarnation of the client's state */
    uint32_t memberships;      /* first of a list */
    uint32_t reading;          /* stream that entries are being read of, 0: none */
    uint32_t credit;           /* bytes */
    uint64_t sent, acked;      /* bytes of lines since auth_reply */
    uint64_t max_message;
    char agent[65];
    /* lines */
    struct thm_line_reader reader;
    uint32_t line_buffer; /* lent to the reader */
    uint32_t out;         /* output buffer */
    uint32_t out_len, out_sent;
    struct walk walk;
};

struct user {
    char id[THM_ID_MAX + 1];
    char alias[THM_ALIAS_MAX + 1]; /* equals id unless chosen */
    char away[THM_SHORT_MAX + 1];
    uint32_t life;             /* which use of the record this is; 0: none */
    struct thm_list sessions;  /* the newest last; empty: not online */
    struct thm_link idle_link; /* not online: in the order of leaving */
};

/* Somebody who left, until every member was told. */
struct tomb {
    uint32_t user, life; /* his record, and which use of it */
    uint64_t version;
};

enum { STREAM_NEW, STREAM_OPEN };
enum stream_kind { STREAM_ROOM, STREAM_INBOX, STREAM_KINDS };

/* A room or an inbox, as long as somebody follows it or it has something to remember. */
struct stream {
    char name[THM_ROOM_MAX + 1];
    uint8_t state;  /* STREAM_* */
    bool dirty;     /* in the list of streams with something new */
    bool counting;  /* in the list of large rooms whose count is due */
    uint32_t store; /* the store's id */
    uint64_t incarnation;
    struct thm_log log; /* the newest entries; its head is the newest entry that exists */
    uint64_t tail;      /* last number given to an append under way */
    uint32_t jobs;      /* store requests under way */
    struct thm_list members;
    uint32_t member_count;     /* of those that have joined */
    struct thm_link idle_link; /* nobody follows: in the order of that */
    uint32_t dirty_next;
    /* rooms only */
    char topic[THM_SHORT_MAX + 1];
    char topic_from[THM_ID_MAX + 1];
    uint64_t topic_time;
    uint64_t version;      /* of the roster: rises with every change */
    uint64_t joined, left; /* users, since the start: what large rooms count */
    uint64_t told_until;   /* leavers up to this version are no longer known by name */
    struct tomb tombs[TOMBS];
    uint32_t tomb_next;
    uint64_t count_due; /* ms */
    uint32_t count_next;
    uint64_t state_version;
    struct thm_list states; /* retained ones, by last change */
};

/* One session in one stream: the cursor, and what it was told of the roster. */
struct membership {
    uint32_t connection, stream;
    uint32_t next; /* of the same connection */
    struct thm_link stream_link;
    bool active;    /* joined was said */
    bool restarted; /* a gap is to be said: the log is another than it was */
    uint64_t n;     /* last entry handed to the connection */
    struct thm_log_place place;
    uint64_t last_csn; /* highest csn of this sender in the stream */
    uint64_t told_version, told_joined, told_left, told_state;
    uint64_t told_topic; /* topic_time */
    uint32_t state;      /* the device's retained state in the room, once looked up; 0: none */
    /* roster */
    bool stands;      /* of the user's sessions in the room, this one stands for him */
    uint64_t came;    /* version at which he came */
    uint64_t version; /* of his last change */
    uint8_t event;    /* enum presence_event */
};

enum presence_event { EVENT_NONE, EVENT_JOINED, EVENT_ALIAS, EVENT_AWAY, EVENT_BACK, EVENT_LEFT };

/* A device's retained state in a room. */
struct state {
    uint32_t stream;
    struct thm_link link;
    uint64_t version;
    uint64_t time;
    char user[THM_ID_MAX + 1];
    char device[THM_ID_MAX + 1];
    char text[THM_STATE_MAX + 1];
    uint16_t len;
};

/* What a job does next with the answer of the store. */
enum job_step {
    JOB_OPEN_TO_JOIN, /* the stream is opened for a membership */
    JOB_FIND_TO_JOIN, /* the sender's last csn in it is looked up */
    JOB_FIND_REPEAT,  /* a csn that was taken before is looked up */
    JOB_OPEN_TO_SAY, /* in the list of appends; a stream that the message goes to is opened first */
    JOB_FIND_TO_SAY, /* in the list of appends; whether the store has taken it already is looked up */
    JOB_APPEND       /* in the list of appends, see append.c */
};

/* A request to the store with all that is needed when it comes back. */
struct job {
    struct thm_store_request request;
    uint32_t number;     /* its own in the pool */
    uint8_t step;        /* enum job_step */
    bool waited_for;     /* the connection's input waits for it */
    uint32_t connection; /* who asked, and its serial number */
    uint32_t serial;
    uint32_t stream[2]; /* of the appends: the room; or the sender's inbox and the receiver's */
    unsigned streams;
    /* joining: what the client stated */
    bool has_after;
    uint64_t after, incarnation;
    uint64_t first; /* and the oldest entry that the store keeps */
    /* saying */
    uint32_t next; /* in the list of appends */
    bool submitted;
    uint8_t opening; /* OPEN_TO_SAY: which of its streams */
    uint8_t misfits; /* how often the store did not take it for what it is */
    bool unsure;     /* whether its csn was taken is to be looked up */
    uint8_t part, parts;
    uint64_t csn, of, time;
    struct thm_sender sender;
    char to[2 * THM_ID_MAX + 2]; /* of a whisper; "" otherwise */
    char from[THM_ID_MAX + 1];
    char device[THM_ID_MAX + 1];
    char alias[THM_ALIAS_MAX + 1];
    uint16_t text_len;
    char text[THM_TEXT_MAX];
    char line[2][THM_LINE_MAX];
};

/* A read from the store and the buffer it goes to. */
struct read_job {
    struct thm_store_request request;
    uint32_t number;
    uint32_t connection, serial;
    uint32_t stream;
    bool history;
    unsigned char buffer[THM_OUT_BUFFER];
};

struct thm_server {
    struct thm_server_config config;
    struct thm_tls_domain *tls;
    uint64_t now;
    uint64_t utc_ms;      /* 0: the clock was never set */
    uint64_t started;     /* the first turn's `now` */
    uint64_t started_utc; /* ms */
    bool unfinished;      /* the last step ended before all came to rest */
    uint64_t random;      /* state of a generator for what needs no secrecy */
    struct thm_hash_key hash_key;
    thm_socket listeners[LISTENERS_MAX];
    unsigned listener_count;
    bool accepting; /* a listener may have connections waiting */
    bool stopping;
    uint64_t stop_by; /* ms */
    uint32_t serial;
    uint32_t sessions;
    struct thm_list deadlines[DEADLINE_KINDS];
    uint32_t look_first, look_last;
    uint32_t dirty_first;
    uint32_t count_first, count_last;
    uint32_t append_first, append_last; /* jobs, in the order of their numbers */
    uint32_t append_flying;             /* submitted, not completed */
    bool append_failing;                /* one failed: wait for the rest, then send again */
    uint64_t append_retry;              /* ms, 0: none */
    struct thm_list users_idle, streams_idle[STREAM_KINDS];
    uint32_t streams_held[STREAM_KINDS];
    uint32_t user_lives;              /* records of users made so far */
    struct thm_list wait[WAIT_KINDS]; /* singly linked */
    uint64_t read_retry; /* ms: nothing is read before, because the store failed; 0: none */
    uint32_t waiting;    /* connections that wait for a handshake slot */
    uint64_t admit_at;   /* ms: when those are looked at again, 0: never */
    struct thm_pool connections, users, streams, memberships, states, jobs, reads, lines, outputs;
    struct thm_blocks *blocks;
    struct thm_index user_index, alias_index, stream_index;
    const struct thm_denylist *denylist;
    struct thm_server_stats stats;
};

/* --- pools, by type ------------------------------------------------------------------------- */

static inline struct connection *conn_at(const struct thm_server *s, uint32_t number)
{
    return thm_pool_at(&s->connections, number);
}
static inline struct user *user_at(const struct thm_server *s, uint32_t number)
{
    return thm_pool_at(&s->users, number);
}
static inline struct stream *stream_at(const struct thm_server *s, uint32_t number)
{
    return thm_pool_at(&s->streams, number);
}
static inline struct membership *member_at(const struct thm_server *s, uint32_t number)
{
    return thm_pool_at(&s->memberships, number);
}
static inline struct state *state_at(const struct thm_server *s, uint32_t number)
{
    return thm_pool_at(&s->states, number);
}
static inline struct job *job_at(const struct thm_server *s, uint32_t number)
{
    return thm_pool_at(&s->jobs, number);
}
static inline struct read_job *read_at(const struct thm_server *s, uint32_t number)
{
    return thm_pool_at(&s->reads, number);
}

static inline struct thm_links state_links(const struct thm_server *s)
{
    return THM_LINKS(&s->states, struct state, link);
}

/* The links of the lists that are walked in several files. */
static inline uint32_t next_session(const struct thm_server *s, uint32_t number)
{
    return conn_at(s, number)->user_link.next;
}
static inline uint32_t next_member(const struct thm_server *s, uint32_t number)
{
    return member_at(s, number)->stream_link.next;
}

static inline uint32_t conn_number(const struct thm_server *s, const struct connection *c)
{
    return (uint32_t)((size_t)((const unsigned char *)c - s->connections.items) /
                      s->connections.size) +
           1;
}

/* --- server.c ------------------------------------------------------------------------------- */

/** Fills a log record with what is known of a connection (may be NULL) and passes it on. */
void log_event(struct thm_server *s, enum thm_log_level level, const char *event,
               const struct connection *c, int code, const char *detail);

/** A number that needs no secrecy. */
uint64_t server_random(struct thm_server *s);

/* --- connection.c --------------------------------------------------------------------------- */

/** Accepts while there is room. */
void conn_accept(struct thm_server *s);

/** Notes events of a connection's socket. */
void conn_events(struct thm_server *s, uint32_t number, uint32_t what);

/** Puts a connection into the list of those to look at. */
void conn_look(struct thm_server *s, struct connection *c, unsigned why);

/** Lets a connection wait for something, and lets the one go on that has waited longest. */
void conn_wait(struct thm_server *s, struct connection *c, enum wait_kind kind);

/** Wakes those that have waited longest, as many as there are free items. Asked in every round, because one who
 * was woken may have gone, or need nothing any more. */
void conn_wake_waiting(struct thm_server *s);

/** Does for a connection what can be done now. */
void conn_run(struct thm_server *s, struct connection *c);

/** Ends a connection after what was said to it has gone out. */
void conn_end(struct thm_server *s, struct connection *c, int code);

/** Ends a connection at once. */
void conn_drop(struct thm_server *s, struct connection *c, int code);

/** Says goodbye and ends it. */
void conn_goodbye(struct thm_server *s, struct connection *c, int code, const char *reason,
                  uint32_t retry_after);

/** Tells a connection that the server is full, and ends it. */
void conn_full(struct thm_server *s, struct connection *c);

/** Whether there is no room for a session of a connection's device: it has none to replace, and all are taken. */
bool conn_too_many(const struct thm_server *s, const struct connection *c);

/** Starts the deadline of a kind anew, in place of the one before. */
void conn_deadline(struct thm_server *s, struct connection *c, enum deadline_kind kind);

/** Ends what is overdue and lets waiting handshakes on. Called after what has arrived was taken, so that a
 * clock that jumps, as after a suspend, ends nobody whose word is there. */
void conn_expire(struct thm_server *s);

/** The connection of a number if it still is the one of that serial number, else NULL. */
struct connection *conn_if(struct thm_server *s, uint32_t number, uint32_t serial);

/* --- input.c -------------------------------------------------------------------------------- */

/** Reads and handles lines while the connection may take input. */
void input_run(struct thm_server *s, struct connection *c);

/** Answers with an `error` about a request. `key` and `what` may be NULL. */
void input_error(struct thm_server *s, struct connection *c, const struct thm_msg *request,
                 int code, const char *key);

/** Copies a slice into a terminated array of `cap` bytes; what is longer is cut. */
void slice_copy(char *to, size_t cap, struct thm_slice from);

/* --- output.c ------------------------------------------------------------------------------- */

/* Bytes that the answer to one request, or one row of a long answer, may take. */
#define OUTPUT_REQUEST (2 * (size_t)THM_LINE_MAX)

/** Drops what is still to be sent: the peer takes nothing more. */
void output_discard(struct connection *c);

/** Makes sure that the connection has an output buffer. False: none is free; it is looked at when one is. */
bool output_lend(struct thm_server *s, struct connection *c);

/** Bytes of room that nothing is owed: for answers to further requests, and for what is said unasked. */
size_t output_room(const struct connection *c);

/** Appends an answer. There is room when the request was taken with OUTPUT_REQUEST bytes of it, or counted in
 * `appends`, `jobs` or `auto_join` until now. False: it could not be encoded. */
bool output_msg(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** Appends something unasked. False: no credit or no room now (nothing was appended). */
bool output_news(struct thm_server *s, struct connection *c, const struct thm_msg *m);
bool output_entry(struct thm_server *s, struct connection *c, const struct thm_entry *e);

/** Whether something unasked of `len` bytes may be said now: credit and room. */
bool output_may(const struct connection *c, size_t len);

/** Appends the last line of a connection: there is always room. */
void output_last(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** Fills and sends until nothing is left or the socket is full. */
void output_run(struct thm_server *s, struct connection *c);

/* --- deliver.c ------------------------------------------------------------------------------ */

/** Adds what the session is to get unasked: entries after its cursors, presence, states. */
void deliver_fill(struct thm_server *s, struct connection *c);

/** A read from the store came back. */
void deliver_read_done(struct thm_server *s, struct read_job *r);

/** Starts to read entries for a membership or a history. False: no read job is free. */
bool deliver_read(struct thm_server *s, struct connection *c, uint32_t stream, uint64_t from,
                  unsigned max, bool history);

/* --- login.c -------------------------------------------------------------------------------- */

void login_hello(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void login_auth_request(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** The session is gone: leaves rooms and lists. */
void login_leave(struct thm_server *s, struct connection *c);

/* --- directory.c ---------------------------------------------------------------------------- */

/** Finds a user; 0: not known. */
uint32_t user_find(const struct thm_server *s, const char *id, size_t len);

/** Finds or makes a user. 0: no more can be remembered. */
uint32_t user_need(struct thm_server *s, const char *id);

/** Says a session its user's alias if it is to be told. False: no credit or no room now. */
bool user_tell_alias(struct thm_server *s, struct connection *c);

/** The user is online with one session more, or one less. */
void user_add_session(struct thm_server *s, uint32_t user, struct connection *c);
void user_remove_session(struct thm_server *s, struct connection *c);

/** The session of a user's device; NULL: none. */
struct connection *user_session(const struct thm_server *s, uint32_t user, const char *device,
                                size_t len);

/** The user of that id or, failing that, who has that alias; in any case of letters. 0: nobody. */
uint32_t user_by_name(const struct thm_server *s, const char *name, size_t len);

/** Gives a session's user an alias, and has his other sessions and rooms told. His own id is always free for
 * him. THM_OK, THM_E_ALIAS_TAKEN. */
int user_set_alias(struct thm_server *s, struct connection *c, struct thm_slice alias);

/* --- stream.c (streams and memberships) ------------------------------------------------------ */

/** Finds or makes the record of a stream. 0: no more can be held. */
uint32_t stream_need(struct thm_server *s, const char *name, size_t len);
uint32_t stream_find(const struct thm_server *s, const char *name, size_t len);

/** Takes what OPEN said. Members of a stream whose log is another than before get a gap. */
void stream_opened(struct thm_server *s, uint32_t number, const struct thm_store_request *r);

/** Something new is in the stream: its members are looked at in this turn. */
void stream_dirty(struct thm_server *s, uint32_t number);
void stream_wake_members(struct thm_server *s);

/** A store request concerns the stream, or no longer does. */
void stream_hold(struct thm_server *s, uint32_t number);
void stream_release(struct thm_server *s, uint32_t number);

/** The membership of a session in a stream; 0: none. */
uint32_t member_find(const struct thm_server *s, const struct connection *c, uint32_t stream);
uint32_t member_add(struct thm_server *s, struct connection *c, uint32_t stream);
void member_remove(struct thm_server *s, struct connection *c, uint32_t membership);

/** Moves a membership to the end of its session's list. */
void member_last(struct thm_server *s, struct connection *c, uint32_t membership);

/** The stream was joined: the session is a member. Has the others told if it is its user's first. */
void member_enter(struct thm_server *s, uint32_t membership);

/** The membership of a session of a user's in the stream, other than `except`; 0: none. */
uint32_t member_of_user(const struct thm_server *s, uint32_t user, uint32_t stream,
                        const struct connection *except);

/* --- join.c --------------------------------------------------------------------------------- */

void join_request(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void join_leave(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** Joins the next stream of a plain hello. */
void join_auto(struct thm_server *s, struct connection *c);

/** A step of joining came back from the store. */
void join_step(struct thm_server *s, struct job *j);

/* --- say.c, append.c ------------------------------------------------------------------------ */

void say_room(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void say_whisper(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void say_step(struct thm_server *s, struct job *j);

/** Who a connection's messages are from, as the store knows it. */
struct thm_sender sender_of(const struct connection *c);

/** Tells the sender what became of a message: `accepted` or `stored`, or `refused`. */
void say_taken(struct thm_server *s, struct connection *c, uint32_t stream, uint64_t csn,
               uint64_t n, uint64_t time);
void say_refused(struct thm_server *s, struct connection *c, uint64_t csn, const char *stream,
                 int code);

/** Whether a line may be handled: it may need a job. False: the connection is looked at when one is free. */
bool job_ready(struct thm_server *s, struct connection *c);

/** Takes a job for a connection; job_ready() has said that there is one. */
struct job *job_take(struct thm_server *s, struct connection *c, enum job_step step, bool wait);
void job_give(struct thm_server *s, struct job *j);

/** Hands a request to the store; false: the store's queue is full (retry in a later turn). */
void job_submit(struct thm_server *s, struct job *j);

/** Puts a job at the end of the list of appends. */
void append_queue(struct thm_server *s, struct job *j);
void append_done(struct thm_server *s, struct job *j);

/** Submits what may be submitted. */
void append_run(struct thm_server *s);

/** The job that appends a sender's csn to a stream, if it is still under way; else NULL. */
struct job *append_find(struct thm_server *s, struct thm_sender sender, uint32_t stream,
                        uint64_t csn);

/** The highest csn of a sender among the appends to a stream that are under way; 0: none. */
uint64_t append_pending_csn(struct thm_server *s, struct thm_sender sender, uint32_t stream);

/** Collects what the store has done. Returns how many. */
unsigned store_collect(struct thm_server *s);

/* --- presence.c, attributes.c ----------------------------------------------------------------------------- */

/** A user came, left or changed. */
void presence_joined(struct thm_server *s, uint32_t membership);
void presence_left(struct thm_server *s, uint32_t stream, uint32_t user);

/** Another session of the same user stands for him in the room from now on. */
void presence_hand_over(const struct membership *from, struct membership *to);

void presence_changed(struct thm_server *s, uint32_t user, enum presence_event event);

/** Says what a member has not been told of the roster, topic and states. False: no room left. */
bool presence_tell(struct thm_server *s, struct connection *c, struct membership *m);

/** Large rooms whose count is due. */
void presence_expire(struct thm_server *s);

void presence_state(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void presence_topic(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void presence_away(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void presence_alias(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/* --- query.c -------------------------------------------------------------------------------- */

void query_start(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void query_lookup(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void query_status(struct thm_server *s, struct connection *c, const struct thm_msg *m);

void query_quit(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** All that could be said was said: ends the session if it was asked to. */
void query_finish(struct thm_server *s, struct connection *c);

/** Goes on with a walk while there is room. */
void query_continue(struct thm_server *s, struct connection *c);
void query_history_done(struct thm_server *s, struct connection *c, struct read_job *r);

/* --- command.c ------------------------------------------------------------------------------ */

/** Hands a cmd or a result on to the devices it is for. */
void command_forward(struct thm_server *s, struct connection *c, const struct thm_msg *m);

#endif
