/*
 * The client: one session with one server that comes back by itself, loses nothing and repeats
 * nothing. The state machine is a table in core/client/machine.c, charted in docs/DESIGN.md.
 *
 * The caller provides all memory, runs the loop, and passes the time in:
 *
 *     n = port->ops->wait(port, thm_client_deadline(c), events, cap);
 *     thm_client_step(c, now_ms, events, n);
 */
#ifndef THIMBLE_CLIENT_H
#define THIMBLE_CLIENT_H

#include "thimble/port.h"
#include "thimble/tls.h"
#include "thimble/wire.h"

enum thm_client_state {
    THM_CLIENT_STOPPED,   /* before start, after stop, or after a final answer: see `ended` */
    THM_CLIENT_DIALLING,  /* resolving and connecting */
    THM_CLIENT_HANDSHAKE, /* TLS */
    THM_CLIENT_LOGIN,     /* hello is sent */
    THM_CLIENT_ONLINE, /* granted: rooms are joined again and what is unacknowledged is sent again */
    THM_CLIENT_WAITING, /* for the next attempt */
    THM_CLIENT_LEAVING  /* goodbye is on its way */
};

enum thm_client_event_kind {
    THM_CLIENT_STATE, /* the state changed; code says why, retry_ms when WAITING */
    THM_CLIENT_LINE,  /* a message of the server, `msg` and the line as it came; never one twice */
    THM_CLIENT_ACKED, /* what was sent as `csn` is accepted or stored: `msg` is the answer */
    THM_CLIENT_LOST,  /* what was sent as `csn` was refused for good: `msg` says why */
    THM_CLIENT_ENDED  /* the session is over and does not come back: code says why */
};

struct thm_client_event {
    enum thm_client_event_kind kind;
    enum thm_client_state state;
    int code;                  /* THM_E_*, or THM_OK */
    uint32_t retry_ms;         /* WAITING: how long */
    uint64_t csn;              /* ACKED, LOST */
    const struct thm_msg *msg; /* LINE, ACKED, LOST; borrowed until the callback returns */
    const char *line;          /* LINE: as it came, without newline; borrowed likewise */
    size_t len;
};

struct thm_client;

/* Called from within thm_client_step() and the calls below. It may call thm_client_* functions, except
 * _init, _step and _stop. */
typedef void (*thm_client_on_event)(void *ctx, const struct thm_client_event *event);

/* All pointers must live as long as the client. */
struct thm_client_config {
    struct thm_port *port;
    const struct thm_credentials *credentials;
    const struct thm_tls_backend *backend; /* may be NULL */
    bool prefer_aes;
    const char *host;        /* name or address to dial */
    uint16_t number;         /* TCP port */
    const char *server_name; /* name that the server's certificate must carry; never empty */
    const char *agent;       /* what this program is called, shown by /whois; may be NULL */
    const char *alias;       /* wished for at login; NULL: the server's choice (the user id) */
    uint32_t credit;         /* bytes, at most THM_CREDIT_MAX; 0: THM_CLIENT_CREDIT */
    uint32_t max_message;    /* bytes, the largest logical message taken; 0: THM_TEXT_MAX */
    uint32_t tag;            /* of its socket in the port's events; unique among the port's users */
    void *tls_memory;        /* thm_client_tls_size() bytes, 16-byte aligned */
    size_t tls_memory_size;
    thm_client_on_event on_event;
    void *ctx;
};

/* What is remembered of a stream that is followed. */
struct thm_client_stream {
    char name[THM_ROOM_MAX + 1]; /* "" : free */
    uint64_t incarnation;        /* 0: never joined */
    uint64_t n;                  /* last entry taken */
    bool joined;                 /* in this connection */
    bool acked;                  /* the server was told n */
};

/* The last message taken from a sender in a stream, so that nothing shows twice when it is sent again after the
 * server lost its log. */
struct thm_client_seen {
    uint64_t key; /* hash of stream, user, device and the sender's incarnation; 0: free */
    uint64_t csn;
};

/* Visible so that a board can place it; only core/client/ touches the members. */
struct thm_client {
    struct thm_client_config config;
    struct thm_tls_domain *domain;
    struct thm_tls tls;
    struct thm_tls_session session;
    uint8_t state;            /* enum thm_client_state */
    int16_t ended;            /* why it is STOPPED */
    int16_t cause;            /* why the last connection ended */
    uint64_t now;             /* ms, of the step under way */
    uint64_t deadline;        /* ms, of the state */
    uint64_t ping_at, ack_at; /* ms, 0: none */
    uint64_t online_since;    /* ms */
    uint32_t attempts;        /* since the last stable session */
    uint64_t random;          /* state of the jitter's generator */
    uint64_t incarnation;     /* of this client's state: 64 random bits */
    uint64_t next_csn;
    char alias[THM_ALIAS_MAX + 1];
    char user[THM_ID_MAX + 1];
    char device[THM_ID_MAX + 1];
    uint64_t received, reported; /* bytes of counted lines, and how many the server was told */
    uint64_t server_time_ms;     /* UTC at login, by the server */
    struct thm_line_reader reader;
    char line[THM_LINE_MAX];    /* the reader's buffer */
    char out[2 * THM_LINE_MAX]; /* requests on their way to TLS */
    uint32_t out_len, out_sent;
    /* messages: a ring of {csn, stream or target, text}; those before `unsent` wait for an answer */
    unsigned char queue[THM_CLIENT_QUEUE];
    uint32_t queue_head, queue_unsent, queue_tail, queue_sent_count, queue_count;
    struct thm_client_stream streams[THM_CLIENT_STREAMS];
    struct thm_client_seen seen[THM_CLIENT_SENDERS];
    uint32_t seen_next;
};

/** Bytes of TLS memory that a client needs. */
size_t thm_client_tls_size(void);

/**
 * Prepares a client; nothing is sent yet. Draws its incarnation from the port's entropy.
 *
 * @return THM_OK, THM_E_CONFIG, THM_E_NAME_EMPTY, THM_E_MEMORY, THM_E_ENTROPY
 */
int thm_client_init(struct thm_client *c, const struct thm_client_config *config);

/** Starts to connect; from then on it reconnects by itself until stopped or finally refused. */
int thm_client_start(struct thm_client *c, uint64_t now_ms);

/** Moves everything on: `events` may hold other tags, which are left alone. Never blocks. */
void thm_client_step(struct thm_client *c, uint64_t now_ms, const struct thm_event *events, int n);

/** When thm_client_step() must be called next at the latest, ms; 0: at once; UINT64_MAX: never. */
uint64_t thm_client_deadline(const struct thm_client *c);

/** Says quit and ends; ENDED follows with THM_OK. What is unacknowledged stays unacknowledged. */
void thm_client_stop(struct thm_client *c);

/**
 * Follows a room from now on, over reconnects; the first time from its head. Or leaves it.
 *
 * @param room  "#name"
 * @return THM_OK, THM_E_KEY_RANGE (not a room's name), THM_E_LIMIT, THM_E_NO_ROOM (leave)
 */
int thm_client_join(struct thm_client *c, const char *room);
int thm_client_leave(struct thm_client *c, const char *room);

/**
 * Queues a text for a room ("#name") or a person ("user" or "user@device"). It is sent when that is possible and
 * sent again until the server answered. Longer text than one message may be goes in parts.
 *
 * @param csn  receives the number of the last part; may be NULL
 * @return THM_OK; THM_E_LIMIT: the queue is full, try again after an ACKED; THM_E_PARTS: longer than
 *         THM_PARTS_MAX parts; THM_E_UTF8, THM_E_CONTROL; THM_E_KEY_RANGE: a bad target;
 *         THM_E_NO_ROOM: that room was not joined
 */
int thm_client_say(struct thm_client *c, const char *to, const char *text, size_t len,
                   uint64_t *csn);

/**
 * Sends a request (list, who, whois, alias, topic, cmd, state ...) at once.
 *
 * @return THM_OK; THM_E_STATE: not online; THM_E_LIMIT: the one before is not sent yet; or what
 *         thm_wire_encode() says
 */
int thm_client_request(struct thm_client *c, const struct thm_msg *msg);

/** Messages queued and not yet answered. */
uint32_t thm_client_pending(const struct thm_client *c);

/** One word for a state: "online". */
const char *thm_client_state_word(enum thm_client_state state);

#endif
