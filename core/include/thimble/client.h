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

#include "thimble/auth.h"
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
    THM_CLIENT_LEAVING, /* goodbye is on its way */
    THM_CLIENT_PROVING  /* the server asks for the passcode (THM_CLIENT_PASSCODE) */
};

enum thm_client_event_kind {
    THM_CLIENT_STATE, /* the state changed; code says why, retry_ms when WAITING */
    THM_CLIENT_LINE,  /* a message of the server: `msg`, and the line as it came; never one twice */
    THM_CLIENT_ACKED, /* what was sent as `csn` is accepted or stored: `msg` is the answer */
    THM_CLIENT_LOST,  /* what was sent as `csn` was refused for good: `msg` says why */
    THM_CLIENT_ENDED, /* the session is over and does not come back: code says why */
    /* The passcode of `proof` is needed: answer with thm_client_passcode() or thm_client_keys(), now or later. It
     * is asked for anew in every login until one was right. Never where keys were configured, nor without
     * THM_CLIENT_DERIVES. */
    THM_CLIENT_ASKED,
    /* The certificate is to be renewed, over this session: answer with thm_client_enroll(), now or later. If nothing came
     * of it, it comes again after an hour, or in the next connection, though a minute later at the earliest. Only where
     * THM_ENROLL is, as the next one. */
    THM_CLIENT_RENEWS,
    /* The answer to a certificate request: `certificate` if `code` is THM_OK. Else THM_E_APPROVAL: somebody has to approve
     * it first; THM_E_KEY_MISSING, THM_E_CERT: granted, but the certificate is not there or can't be read; or why the
     * server refuses, with its words in `msg`. */
    THM_CLIENT_ISSUED
};

/* What a login by passcode is about. Strings are the client's and last as long as the login. */
struct thm_client_proof {
    const char *user;
    const uint8_t *salt;
    size_t salt_len;
    uint32_t iterations;
    enum thm_scram
        wrong; /* why the login before did not succeed; THM_SCRAM_OK: there was none, or it broke off */
};

struct thm_client_event {
    enum thm_client_event_kind kind;
    enum thm_client_state state;
    int code;                  /* THM_E_*, or THM_OK */
    uint32_t retry_ms;         /* WAITING: how long */
    uint64_t csn;              /* ACKED, LOST */
    unsigned part;             /* ACKED, LOST: of the text, from 1 */
    struct thm_slice to, text; /* ACKED, LOST: the message; borrowed until something else is said */
    /* LINE, ACKED, LOST: the line; STATE, ENDED: the line that caused it, or NULL. Borrowed until
     * the callback returns. */
    const struct thm_msg *msg; /* ISSUED: the line without `data` */
    /* LINE: as it came, without newline, borrowed likewise; NULL and 0 when THM_CLIENT_RAW_LINES is 0 */
    const char *line;
    size_t len;
    const struct thm_client_proof *proof; /* ASKED */
    const uint8_t *certificate; /* ISSUED: DER, NULL if `code` is not THM_OK; borrowed likewise */
    size_t certificate_len;
    /* STATE, ENDED with THM_E_PASSCODE: what was wrong, THM_SCRAM_OK when only the server's line says it */
    enum thm_scram wrong;
};

#if THM_RECEIPTS
/* What people may be told of what became of their whispers here. */
enum thm_receipts {
    THM_RECEIPTS_NONE,
    THM_RECEIPTS_DELIVERED, /* that this client has them */
    THM_RECEIPTS_READ       /* also that its user has read them: thm_client_read() */
};
#endif

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
#if THM_CLIENT_PASSCODE
    /* Kept in place of a passcode, for which nobody is asked then; only read. NULL: there are none. If they are not
     * those of the passcode that the server has now, the client ends. */
    const struct thm_scram_keys *keys;
#endif
#if THM_RECEIPTS
    enum thm_receipts receipts; /* what may be told, at first; those of others come in any case */
#endif
#if THM_ENROLL
    /* A client that is to get its first certificate: `credentials` are those of an invitation (THM_FOR_ENROLMENT), and this
     * is what it sends (thm_enroll_request()) in every connection. ISSUED tells each answer. The certificate itself, or a
     * refusal for good, is followed by ENDED, with THM_OK or the refusal's code; anything else by WAITING and another
     * attempt, without an end. Nothing is said or joined. NULL: it has one. */
    const uint8_t *request;
    size_t request_len; /* at most THM_CSR_MAX */
    uint64_t
        renew_at_s; /* UTC, seconds since 1970: when the certificate is to be renewed; 0: never */
#endif
    uint32_t tag;     /* of its socket in the port's events; unique among the port's users */
    void *tls_memory; /* thm_client_tls_size() bytes, 16-byte aligned */
    size_t tls_memory_size;
    thm_client_on_event on_event;
    void *ctx;
};

/* How far a stream is followed in the present connection. */
enum thm_client_follow {
    THM_FOLLOW_FREE = 0, /* the place is not used */
    THM_FOLLOW_WANTED,   /* join is to be sent */
    THM_FOLLOW_HELD,     /* the server could not do it just now; asked again a little later */
    THM_FOLLOW_ASKED,    /* join was sent */
    THM_FOLLOW_JOINED,   /* entries come */
    THM_FOLLOW_LEAVING   /* leave is to be sent */
};

/* What is remembered of a stream that is followed. */
struct thm_client_stream {
    char name[THM_ROOM_MAX + 1];
    uint8_t follow;       /* enum thm_client_follow */
    bool acked;           /* the server was told n */
    uint64_t incarnation; /* 0: never joined */
    uint64_t n;           /* last entry taken */
};

/* The last message taken from a sender in a stream, so that nothing shows twice when it is sent again after the
 * server lost its log. */
struct thm_client_seen {
    uint64_t key; /* hash of stream, user, device and the sender's incarnation */
    uint64_t csn; /* 0: free */
};

#if THM_RECEIPTS
/* What somebody is to be told of his latest whisper. */
struct thm_client_receipt {
    char to[THM_ID_MAX + 1];
    char id[41];
    uint8_t due;  /* enum thm_receipts: what he may be told now */
    uint8_t said; /* and what he was told */
    bool sure;    /* the server has taken that */
};
#endif

/* Messages that wait to be sent or answered, oldest first, as records of core/client/queue.c. */
struct thm_client_queue {
    uint32_t head, unsent,
        tail;           /* offsets in `bytes`; records before `unsent` wait for an answer */
    uint32_t in_flight; /* records before `unsent` */
    uint32_t count;     /* records not answered */
    unsigned char bytes[THM_CLIENT_QUEUE];
};

/* Memory that serves one thing while TLS shakes hands, and another afterwards. */
union thm_client_phase {
    _Alignas(16) unsigned char handshake[THM_TLS_HANDSHAKE_SIZE];
    struct {
        char line[THM_LINE_MAX];  /* the reader's buffer */
        char out[THM_CLIENT_OUT]; /* lines on their way to TLS */
    } session;
};

#if THM_CLIENT_PASSCODE
/* A login by passcode, and the keys that the last one took. */
struct thm_client_login {
    uint8_t step;          /* of core/client/prove.c */
    uint8_t wrong, before; /* enum thm_scram: why this login, and the last one that failed, did */
    struct thm_scram_client scram;
#if THM_CLIENT_DERIVES
    bool deriving;                 /* keys are being derived; whatever becomes of the connection */
    struct thm_client_proof proof; /* as the application was asked */
    struct thm_scram_job job;
    struct thm_scram_keys keys;
#endif
};
#endif

/* Visible so that a board can place it; only core/client/ touches the members. Times are ms of the
 * caller's clock, UINT64_MAX: never. */
struct thm_client {
    uint8_t state;              /* enum thm_client_state */
    bool resolved;              /* the name that is dialled was found */
    bool was_online;            /* once, since start */
    bool ack_due;               /* what was received is to be acknowledged now */
    bool busy;                  /* the application gave something to send */
    thm_socket socket;          /* while dialling; then TLS has it */
    uint32_t min_wait_ms;       /* what the server asked for before the next attempt */
    uint32_t attempts;          /* since the last stable session */
    uint32_t credit;            /* bytes, granted */
    uint32_t out_len, out_sent; /* bytes of `out` */
    struct thm_line_reader reader;
    uint64_t now;      /* of the step under way */
    uint64_t deadline; /* of the state */
    uint64_t ping_at, ack_at, retry_at;
    uint64_t answer_by; /* something that was sent is not answered yet */
    uint64_t online_since;
    uint64_t secret;      /* key of the hashes in `seen`, and of the jitter */
    uint64_t incarnation; /* of this client's state: 64 random bits */
    uint64_t next_csn;
#if THM_CLIENT_RUNS
    uint64_t first_csn,
        sent_csn; /* of this run: the first one, and the highest that was sent; 0: none */
#endif
    uint64_t received, reported; /* bytes of counted lines, and how many the server was told */
    uint64_t server_time_ms;     /* UTC at login, by the server */
    struct thm_client_config config;
    struct thm_tls_domain *domain;
    struct thm_tls tls;
    struct thm_tls_session session;
    char alias[THM_ALIAS_MAX + 1]; /* wished for, then as the server says */
    char user[THM_ID_MAX + 1];     /* as the server says; "" before the first login */
    char device[THM_ID_MAX + 1];
    struct thm_client_stream streams[THM_CLIENT_STREAMS]; /* the first is for the inbox */
    struct thm_client_seen seen[THM_CLIENT_SENDERS];
    struct thm_client_queue queue;
    union thm_client_phase phase;
#if THM_RECEIPTS
    struct thm_client_receipt receipts[THM_CLIENT_RECEIPTS]; /* who whispered last is last */
    uint32_t receipt_count;
    bool takes_receipts; /* the server does */
    uint64_t receipt_at; /* when some are to be sent */
#endif
#if THM_ENROLL
    bool issues;    /* the server makes certificates */
    bool requested; /* one, in this connection: its answer is not there yet */
    bool has_asked; /* RENEWS was told, at asked_at */
    uint64_t asked_at;
    uint32_t spread_ms; /* by how much it is put off at most, lest all ask at once */
    uint64_t renew_at;  /* when to see whether the certificate is to be renewed */
#endif
#if THM_CLIENT_PASSCODE
    struct thm_client_login login;
#endif
#if THM_CLIENT_RAW_LINES
    char decoded[THM_LINE_MAX]; /* the line being taken, with its strings unescaped */
#endif
};

/** Bytes of TLS memory that a client needs. */
size_t thm_client_tls_size(void);

/**
 * Prepares a client; nothing is sent yet. Draws its incarnation from the port's entropy.
 *
 * @return THM_OK; THM_E_CONFIG: no port, credentials, host or on_event, an alias or agent of a wrong form, a credit
 *         out of its range; THM_E_NAME_EMPTY; THM_E_MEMORY: tls_memory is too small; THM_E_ENTROPY
 */
int thm_client_init(struct thm_client *c, const struct thm_client_config *config);

/**
 * How far a stream was taken, for the application to keep between two runs of a device. A stream without a cursor begins
 * anew: the inbox with all that it keeps, a room with what is said from then on.
 *
 * @param i            0 is the inbox's place, the rooms have the others up to THM_CLIENT_STREAMS - 1, in any order
 * @param name         receives "@user" or "#room"; valid until something else is joined there
 * @param incarnation  receives that of the stream's log
 * @param n            receives the last entry that was taken
 * @return false: there is no cursor at this place
 */
bool thm_client_cursor(const struct thm_client *c, unsigned i, const char **name,
                       uint64_t *incarnation, uint64_t *n);

/**
 * Goes on where an earlier run stopped; between _init and _start. A room is joined by it as after a reconnect: what was
 * missed comes, or a gap that says what is gone. The cursor of an inbox is forgotten if somebody else is logged in.
 *
 * @param name         "@user" or "#room"
 * @param incarnation  0: as without a cursor
 * @return THM_OK; THM_E_KEY_RANGE: not a stream's name; THM_E_LIMIT: there are THM_CLIENT_STREAMS already; THM_E_STATE: it
 *         is started
 */
int thm_client_set_cursor(struct thm_client *c, const char *name, uint64_t incarnation, uint64_t n);

#if THM_CLIENT_RUNS
/* A message that was said and is not answered yet. Strings are the client's, until it is called again. */
struct thm_client_said {
    uint64_t csn;
    const char *to, *text; /* not terminated */
    size_t to_len, text_len;
    unsigned part, parts; /* 1 of 1 when it is alone */
};

/**
 * What an application keeps that wants to send what one run said in the next one: the client's incarnation, a csn that was
 * never used, and what is not answered. It has to be kept before the next step, which may send it. Start the walk with
 * *at = 0; false at the end.
 */
uint64_t thm_client_incarnation(const struct thm_client *c, uint64_t *next_csn);
bool thm_client_unanswered(const struct thm_client *c, uint32_t *at, struct thm_client_said *said);

/**
 * Goes on with it; between _init and _start, before anything else is said. The server takes nothing twice that it had taken
 * already. A room that something is for has to be joined. Should the server know numbers of this incarnation that were never
 * used here (what was kept is an older copy), what is said in this run moves behind them.
 *
 * @param next_csn  above every one that was ever used with this incarnation
 * @param said      in the order of their csn, all below `next_csn`
 * @return THM_OK; THM_E_KEY_RANGE, THM_E_UTF8 ...: it can't have been said; THM_E_LIMIT: the queue is full; THM_E_NO_ROOM;
 *         THM_E_STATE: it is started, or something was said already
 */
int thm_client_go_on(struct thm_client *c, uint64_t incarnation, uint64_t next_csn);
int thm_client_say_again(struct thm_client *c, const struct thm_client_said *said);
#endif

/**
 * Starts to connect; from then on it reconnects by itself until stopped or finally refused. A certificate
 * that does not fit is final until the session was online once, and afterwards tried again: a server may be in
 * the middle of a renewal. What was queued before is sent.
 *
 * @return THM_OK; THM_E_STATE: it is started already
 */
int thm_client_start(struct thm_client *c, uint64_t now_ms);

/** Moves everything on: `events` may hold other tags, which are left alone. Never blocks. */
void thm_client_step(struct thm_client *c, uint64_t now_ms, const struct thm_event *events, int n);

/** When thm_client_step() must be called next at the latest, ms; 0: at once; UINT64_MAX: never. */
uint64_t thm_client_deadline(const struct thm_client *c);

/** Says quit and ends; ENDED follows with THM_OK. What is unacknowledged stays unacknowledged. */
void thm_client_stop(struct thm_client *c);

/**
 * Follows a room from now on, over reconnects; the first time from its head. Or leaves it: what was said there
 * and is not acknowledged yet may then be refused.
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
 *         THM_PARTS_MAX parts or than the whole queue; THM_E_UTF8, THM_E_CONTROL; THM_E_KEY_RANGE: a
 *         bad target;
 *         THM_E_NO_ROOM: that room was not joined
 */
int thm_client_say(struct thm_client *c, const char *to, const char *text, size_t len,
                   uint64_t *csn);

/**
 * Sends a request (list, who, whois, alias, topic, cmd, state ...) with the next step. Unlike what is said it is
 * not sent again when the connection breaks. The answer to a ping with an id is a LINE; other pongs are the client's
 * own and not told.
 *
 * @return THM_OK; THM_E_STATE: not online; THM_E_LIMIT: no room beside what is not sent yet: try again after the next
 *         thm_client_step(); or what thm_wire_encode() says
 */
int thm_client_request(struct thm_client *c, const struct thm_msg *msg);

#if THM_RECEIPTS
/**
 * Changes what whisperers may be told from now on. What they have been told already stays; whispers that were read while
 * that was not to be told are never told of.
 */
void thm_client_set_receipts(struct thm_client *c, enum thm_receipts receipts);

/**
 * The user has read all whispers that were told of as LINE so far. Who whispered is told a little later, if that is
 * allowed; the last THM_CLIENT_RECEIPTS people who did are remembered.
 */
void thm_client_read(struct thm_client *c);
#endif

#if THM_CLIENT_DERIVES
/**
 * Answers THM_CLIENT_ASKED with a passcode. Keys are derived from it in the following steps, and kept in memory for later
 * logins until the client has ended; the passcode is not needed any more. Nothing is sent but a proof.
 *
 * @param passcode  prepared (RFC 4013), `len` bytes; NULL: there is none, and the client ends with THM_E_PASSCODE
 * @return THM_OK; THM_E_STATE: nobody asked, or that login is over
 */
int thm_client_passcode(struct thm_client *c, const void *passcode, size_t len);

/**
 * Answers it with keys that were derived elsewhere; they are copied.
 *
 * @return THM_OK; THM_E_STATE; THM_E_KEY: they are of another salt or number of iterations: it can still be answered
 */
int thm_client_keys(struct thm_client *c, const struct thm_scram_keys *keys);
#endif

#if THM_ENROLL
/**
 * Decides, while the client is stopped, what its next start is for: to get a certificate, or to chat with the one that it
 * has. What was said, joined and read stays.
 *
 * @param credentials, request, request_len, renew_at_s  as in struct thm_client_config
 * @return THM_OK; THM_E_STATE: it is not stopped; THM_E_CSR: the request is empty, or longer than THM_CSR_MAX; THM_E_ENTROPY
 */
int thm_client_prepare(struct thm_client *c, const struct thm_credentials *credentials,
                       const uint8_t *request, size_t request_len, uint64_t renew_at_s);

/**
 * Asks for a certificate over the session: for the same key, or for another one. ISSUED follows, in this connection or never.
 * Whatever the answer is, the session goes on.
 *
 * @param request  DER, copied
 * @return THM_OK; THM_E_STATE: not online, or this server makes none, or an answer is still awaited; THM_E_LIMIT: no room
 *         beside what is not sent yet: try again after the next thm_client_step(); THM_E_CSR: it is empty, or longer than
 *         THM_CSR_MAX
 */
int thm_client_enroll(struct thm_client *c, const uint8_t *request, size_t len);

/**
 * Uses other credentials from the next connection on; the present one goes on as it is. They must name the same user and
 * device. The former ones may be given up once this returns true. Not for a client that enrols.
 *
 * @param renew_at_s  as in the configuration
 * @return false: a handshake or a login with the former ones is under way, and nothing has changed: call again in a later
 *         step
 */
bool thm_client_set_credentials(struct thm_client *c, const struct thm_credentials *credentials,
                                uint64_t renew_at_s);
#endif

/** Messages queued and not yet answered. */
uint32_t thm_client_pending(const struct thm_client *c);

/** One word for a state: "online". */
const char *thm_client_state_word(enum thm_client_state state);

#endif
