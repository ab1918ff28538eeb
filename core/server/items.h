/*
 * What a server is made of. docs/DESIGN.md, "The server", draws the whole.
 *
 * Everything is an item of a pool and is named by its number; 0 is none. What a request to the store is for is
 * named together with a serial number, so that a late answer never meets a newer connection.
 */
#ifndef THM_SERVER_ITEMS_H
#define THM_SERVER_ITEMS_H

#include "auth/attempts.h"
#include "server/calls.h"
#include "server/fields.h"
#include "server/invite.h"
#include "server/machine.h"
#include "server/pace.h"
#include "server/rules.h"
#include "thimble/admin.h"
#include "util/hash.h"
#include "util/list.h"
#include "util/pool.h"

#define LISTENERS_MAX 16
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
    DEADLINE_PROOF,
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
    uint8_t kind;              /* enum thm_type: LIST, WHO, WHOIS, ROOMS, HISTORY, QUIT; 0: none */
    bool started;              /* what it is about was looked up */
    bool reading;              /* HISTORY, ROOMS: the store was asked for more */
    uint32_t at;               /* next item of the pool to look at */
    uint32_t target;           /* WHO, HISTORY: stream */
    uint32_t count;            /* rows said */
    uint64_t next, last;       /* HISTORY: entries still to say; before that, what was asked for */
    uint64_t first, kept;      /* HISTORY: the first entry of the answer, and the oldest of all */
    char id[41];               /* HISTORY: correlation id, "" none */
    char user[THM_ID_MAX + 1]; /* WHOIS; ROOMS: the last one told, without its # */
};

struct connection {
    struct thm_tls tls;
    uint32_t serial;   /* number since the start, from 1 */
    uint8_t state;     /* enum thm_conn_state */
    uint8_t attention; /* LOOK_* */
    bool queued;       /* in the list of connections to look at */
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
    uint32_t pace;    /* its device's limits; 0: not known yet */
    bool held;        /* its input waits, in the list of this kind */
    uint8_t held_for; /* enum thm_limit_kind */
    bool lagging;     /* it waited, and not all that came meanwhile was taken */
    struct thm_link held_link;
    uint64_t held_until;   /* ms */
    uint32_t uncounted;    /* bytes of a line whose end has not come */
    uint64_t told_at;      /* ms, when it was told of that; 0: never */
    uint8_t renamed;       /* enum rename: the session is to be told its user's alias */
    bool stranger;         /* it was not logged in when the server began to stop */
    bool namesake;         /* it wished for an alias at login that is another user's id */
    bool resumes;          /* it states its cursors itself */
    bool receipts;         /* it takes receipts */
    uint8_t auto_join;     /* streams that a plain hello still has to join */
    int16_t code;          /* why it ends */
    uint16_t jobs;         /* store requests whose completion its input waits for */
    uint16_t appends;      /* messages on their way to the store */
    uint16_t rooms;        /* memberships */
    uint32_t told_trouble; /* the store's trouble that it was told of last */
    /* session */
    uint32_t login; /* of those by passcode, while it lasts */
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
#if THM_CALLS > 0
    uint32_t callable;       /* what it has registered, 0: nothing */
    struct thm_list tickets; /* for calls of its own */
    struct thm_list relays;  /* its ends */
#endif
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
    uint64_t emptied;   /* entries up to this one were dropped at once */
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
    struct thm_room_rules rules;
    bool ruled;   /* they are kept */
    bool closing; /* the operator removes it */
    uint64_t state_version;
    struct thm_list states; /* retained ones, by last change */
    /* what of it the store keeps, see record.c */
    bool read;           /* topic and states were read */
    bool writing;        /* in the list of rooms with changes to write */
    bool topic_unkept;   /* it has changed since it was written */
    uint64_t state_kept; /* states up to this version are written */
    uint64_t write_due;  /* ms */
    uint32_t write_next;
};

/* One session in one stream: the cursor, and what it was told of the roster. */
struct membership {
    uint32_t connection, stream;
    uint32_t next; /* of the same connection */
    struct thm_link stream_link;
    bool active;       /* joined was said */
    bool recheck;      /* his standing has changed since it was read for this join */
    bool writing;      /* a room: that the user is in it is on its way to the store */
    int16_t dismissed; /* why he was sent away, which the session is not told yet; 0: he was not */
    struct thm_standing
        standing;   /* the user's; of an inbox and where no records are kept: all may be read */
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

/* A login by passcode, while it lasts. */
struct login {
    char alias[THM_ALIAS_MAX + 1]; /* wished for; "" none */
    uint32_t connection;           /* 0: not in use (a free item's first bytes are the pool's) */
    bool challenged;               /* it was sent server-first */
    bool known;                    /* there is a verifier */
    bool touch;                    /* the record is to be written once the passcode is proven */
    uint64_t epoch;                /* of the accounts when the record was asked for */
    struct thm_scram_verifier verifier; /* the account's */
    struct thm_scram_server scram;
    struct thm_fields record; /* the account as it is to be written */
};

/* What the operator and moderators ask for, one request after the other, see operations.c. */
struct operations {
    struct thm_admin_request *first, *last;
    struct thm_store_request request; /* of the first one */
    uint8_t step;                     /* of its own, 0: it has not begun */
    bool flying;                      /* the store has it */
    bool gone;                        /* and nobody waits for it any more */
    uint64_t retry;                   /* ms: the store's queue was full; 0: it was not */
    uint32_t stream;                  /* held by it; 0: none */
    uint32_t rows;                    /* told so far */
    /* what the store is asked next */
    enum thm_store_op ask;
    uint8_t kind; /* enum thm_server_kind */
    uint8_t key_len, prefix_len;
    char key[THM_RECORD_KEY], prefix[THM_RECORD_KEY];
    struct thm_fields record; /* PUT */
    unsigned char buffer[THM_LINE_MAX + 64];
};

/* Whose a request is, as its tag says when it comes back from the store. */
enum request_tag { TAG_JOB, TAG_READ, TAG_WRITE, TAG_OPERATION };

/* What a job does next with the answer of the store. */
enum job_step {
    JOB_GET_NAMESAKE, /* whether the alias that is wished for at login is the id of somebody who is not here */
    JOB_GET_ACCOUNT, /* the record of who wants to log in */
    JOB_GET_SECRET,  /* what believable verifiers are made from, at its first need */
    JOB_PUT_SECRET,
    JOB_PUT_ACCOUNT,   /* a login is noted; nobody waits for it */
    JOB_GET_INVITE,    /* what is kept of the invitation of who wants a certificate */
    JOB_SIGN,          /* a certificate is made; not the store's */
    JOB_LIST_KEYS,     /* how many others its device has; it was a renewal */
    JOB_PUT_KEY,       /* which key it was made for */
    JOB_PUT_INVITE,    /* the invitation is used, and for what */
    JOB_OPEN_TO_JOIN,  /* the stream is opened for a membership */
    JOB_READ_TO_JOIN,  /* what is kept of the room beside its entries is read */
    JOB_GET_STANDING,  /* the user's standing in it */
    JOB_PUT_STANDING,  /* he is in it from now on */
    JOB_PUT_RULES,     /* and it is new */
    JOB_FIND_TO_JOIN,  /* the sender's last csn in it is looked up */
    JOB_FIND_REPEAT,   /* a csn that was taken before is looked up */
    JOB_LIST_ROOMS,    /* a page of the rooms that are kept, for the walk through them */
    JOB_GET_TO_RENAME, /* the same of one that a session asks for */
    JOB_MODERATE,      /* what a session asked for is one of the operations, see operations.c */
    JOB_GET_TO_SAY,    /* whether there is a user whom a whisper is for; it is said afterwards */
    JOB_GET_TO_TELL,   /* the same for a receipt */
    JOB_OPEN_TO_SAY, /* in the list of appends; a stream that the message goes to is opened first */
    JOB_FIND_TO_SAY, /* in the list of appends; whether the store has taken it already is looked up */
    JOB_APPEND       /* in the list of appends, see append.c */
};

/* Somebody who is to get a certificate. */
struct enrolment {
    union {
        struct {
            char record[THM_RECORD_MAX]; /* of the invitation, as it comes and goes */
            size_t record_len;
            struct thm_fields key; /* the record of the key */
        };
        char listed[THM_LINE_MAX + 64]; /* LIST_KEYS: records of keys */
    };
    unsigned others; /* LIST_KEYS: keys so far */
    uint32_t invite; /* in the table; 0: he has a certificate, and renews it */
    uint8_t request_hash[THM_KEY_HASH];
    struct thm_signing signing;
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
    uint64_t first;  /* and the oldest entry that the store keeps */
    bool founds;     /* the room is made by this */
    uint8_t reading; /* READ_TO_JOIN: what is read, see record.c */
    uint8_t key_len; /* and of the last record that was read */
    /* saying */
    uint32_t next; /* in the list of appends */
    bool submitted;
    uint8_t opening; /* OPEN_TO_SAY: which of its streams */
    uint64_t epoch;  /* of the accounts when a record was asked for */
    uint8_t misfits; /* how often the store did not take it for what it is */
    bool
        unsure; /* whether its csn was taken is to be looked up; GET_TO_SAY: the store failed before */
    bool doomed;     /* if the store fails it, it is refused: the room is being removed */
    uint8_t receipt; /* it is one, see receipt.c: `text` has the id; 0: it is a message */
    uint8_t part, parts;
    uint64_t csn, of, time;
    struct thm_sender sender;
    char to[2 * THM_ID_MAX + 2]; /* of a whisper; "" otherwise */
    char from[THM_ID_MAX + 1];
    char device[THM_ID_MAX + 1];
    char alias[THM_ALIAS_MAX + 1];
    uint16_t text_len;
    char text[THM_TEXT_MAX];
    union {
        char line[2][THM_LINE_MAX];
        struct thm_admin_request admin; /* MODERATE */
        struct enrolment enrolment;     /* GET_INVITE, SIGN, PUT_KEY, PUT_INVITE */
    };
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

/* A change of a room on its way to the store. */
struct write_job {
    struct thm_store_request request;
    uint32_t stream;  /* 0: not in use */
    uint64_t version; /* of the state; 0: the topic */
    char key[THM_RECORD_KEY];
    uint8_t value[8 + 1 + THM_ID_MAX + THM_STATE_MAX];
};
#define WRITE_JOBS 4

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
    uint32_t ask_first;                 /* jobs of whispers that are to ask the store again */
    uint64_t ask_retry;                 /* ms: when, 0: none */
    bool troubled;                      /* the store takes no messages now */
    uint32_t troubles;                  /* how often that began since the start */
    const char *trouble;                /* why, as its owner says; NULL: not known */
    struct write_job writes[WRITE_JOBS];
    uint32_t write_first, write_last; /* rooms with changes to write, in the order of write_due */
    uint64_t write_retry;             /* ms, 0: none */
    struct thm_list users_idle, streams_idle[STREAM_KINDS];
    uint32_t streams_held[STREAM_KINDS];
    uint32_t user_lives;              /* records of users made so far */
    struct thm_list wait[WAIT_KINDS]; /* singly linked */
    uint64_t read_retry; /* ms: nothing is read before, because the store failed; 0: none */
    struct thm_pace pace;
    struct thm_list held[THM_LIMITS]; /* connections whose input waits, the next to go on first */
    uint32_t waiting;                 /* connections that wait for a handshake slot */
    uint64_t admit_at;                /* ms: when those are looked at again, 0: never */
    struct thm_attempts attempts;
    struct thm_scram_unknown unknown;
    bool unknown_drawn, unknown_kept; /* its secret; and the store has it */
    uint64_t account_epoch;           /* accounts that the operator changed so far */
    struct operations operations;
    bool invites_known; /* the table is read */
    bool invites_sweeping;
    uint64_t invites_due; /* ms: the next sweep */
    struct thm_admin_request invites_sweep;
    uint32_t signings; /* that are under way */
#if THM_CALLS > 0
    struct thm_pool callables, tickets, relay_ends, relay_buffers;
    struct thm_list relays_asked; /* ends that have not taken part yet, the longest asked first */
#endif
    struct thm_pool logins;
    struct thm_pool connections, users, streams, memberships, states, jobs, reads, lines, outputs,
        invites;
    struct thm_blocks *blocks;
    struct thm_index user_index, alias_index, stream_index, invite_index;
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
static inline struct login *login_at(const struct thm_server *s, uint32_t number)
{
    return thm_pool_at(&s->logins, number);
}
static inline struct invite *invite_at(const struct thm_server *s, uint32_t number)
{
    return thm_pool_at(&s->invites, number);
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

/* Whether a connection is past its handshake and has not heard the last word. */
static inline bool conn_talks(const struct connection *c)
{
    return c->state == CONN_LOGIN || c->state == CONN_PROVING || c->state == CONN_ENROLLING ||
           c->state == CONN_ONLINE;
}

static inline uint32_t conn_number(const struct thm_server *s, const struct connection *c)
{
    return (uint32_t)((size_t)((const unsigned char *)c - s->connections.items) /
                      s->connections.size) +
           1;
}

#endif
