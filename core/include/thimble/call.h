/*
 * Direct sessions: two clients talk over TLS of their own, with nobody in between, or through the server, which then carries
 * what it can't read (docs/PROTOCOL.md, section 11). A session ("call") has numbered lines; connections ("paths") carry it, one
 * after the other, so that a path may break or be changed and no line is lost or repeated. The state machine of a path is a
 * table in core/call/machine.c, charted in docs/DESIGN.md.
 *
 * It stands beside a struct thm_client, by which it is registered, looks others up, and relays. The caller provides all memory
 * and runs the loop:
 *
 *     n = port->ops->wait(port, min(thm_client_deadline(c), thm_calls_deadline(k)), events, cap);
 *     thm_client_step(c, now_ms, events, n);     thm_client_config.on_event calls thm_calls_client_event()
 *     thm_calls_step(k, now_ms, events, n);
 *
 * Without a connection to the server sessions go on; only new ones need it.
 */
#ifndef THIMBLE_CALL_H
#define THIMBLE_CALL_H

#include "thimble/client.h"

#if THM_CALLS > 0

/* Hexadecimal digits of a ticket, by which a session is known. */
#define THM_TICKET_MAX 32
/* Bytes of an address that is dialled. */
#define THM_CALL_HOST_MAX 64
/* Characters of thm_verification_code(), without terminator. */
#define THM_VERIFICATION_CODE 29
/* Tags that direct sessions use, from thm_call_config.tag on. */
#define THM_CALL_TAGS (1 + THM_CALL_PATHS)

/* Whether one may be called. */
enum thm_availability { THM_AVAILABLE, THM_BUSY, THM_AWAY };

enum thm_call_state {
    THM_CALL_FREE = 0, /* no session at this place */
    THM_CALL_CALLING,  /* ours, on its way: looked up, connected, ringing there */
    THM_CALL_RINGING,  /* somebody's, verified: answer or decline it */
    THM_CALL_TALKING,  /* lines come and go */
    THM_CALL_MENDING,  /* its path broke; lines that are said wait for another one */
    THM_CALL_ENDING    /* OVER was told; what was said last is still being sent */
};

enum thm_path_state {
    THM_PATH_FREE = 0,
    THM_PATH_LOOKUP,     /* the server was asked where the other one is */
    THM_PATH_DIALLING,   /* TCP is being connected */
    THM_PATH_OPENING,    /* the server was asked for a relay */
    THM_PATH_SECURING,   /* TLS, as the one that dialled */
    THM_PATH_REQUESTING, /* connect_request was sent */
    THM_PATH_ADMITTING,  /* TLS, as the one that was dialled */
    THM_PATH_EXPECTING,  /* connect_request is to come */
    THM_PATH_CHECKING,   /* the server was asked about who sent it */
    THM_PATH_RINGING,    /* the person was asked */
    THM_PATH_CARRYING,   /* the session's lines */
    THM_PATH_CLOSING     /* last words */
};

enum thm_call_event_kind {
    /* Ours is on its way: `path` says how far. */
    THM_CALL_PROGRESS,
    /* `peer` calls and is verified: thm_call_answer() or thm_call_decline(), now or later. Not where thm_calls_auto_answer()
     * is on, or this device was calling that one as well. */
    THM_CALL_RINGS,
    /* It was answered: lines may be said. */
    THM_CALL_STANDS,
    /* Its path has changed: `relayed`; or broke (state MENDING), which is being mended. */
    THM_CALL_MOVED,
    /* The other side said a line. */
    THM_CALL_TEXT,
    /* It is over, or never came about: `code` says why, THM_OK when somebody hung up; `ours` when that was this side.
     * Lines that the other side has not acknowledged are counted in `unsaid`. */
    THM_CALL_OVER,
    /* The answer to thm_calls_find(): `peer`; or `code` THM_E_AWAY, without `peer`. */
    THM_CALL_FOUND
};

/* Everything is borrowed until the callback returns. */
struct thm_call_event {
    enum thm_call_event_kind kind;
    unsigned call; /* its place, 0 to THM_CALLS - 1; not of FOUND */
    enum thm_call_state state;
    enum thm_path_state path; /* PROGRESS */
    const struct thm_identity
        *peer;     /* NULL while it is not known whom a name means; else user, device, key */
    bool incoming; /* the other side calls */
    bool relayed;  /* the path is the server's relay */
    bool
        elsewhere; /* RINGS, STANDS: the address is not the one that the server sees the caller at */
    bool ours;     /* OVER */
    int code;      /* THM_E_*, or THM_OK */
    struct thm_slice reason; /* OVER: words of the other side's, or empty */
    struct thm_slice text;   /* TEXT */
    uint32_t unsaid;         /* OVER */
};

/* Called from within thm_calls_step(), thm_calls_client_event() and the calls below. It may call thm_call_* functions. */
typedef void (*thm_calls_on_event)(void *ctx, const struct thm_call_event *event);

/* All pointers must live as long as the sessions. */
struct thm_calls_config {
    struct thm_port *port;
    struct thm_client *client; /* initialised; of the same device */
    const struct thm_credentials *credentials;
    const struct thm_tls_backend *backend; /* may be NULL */
    bool prefer_aes;
    const char *
        listen; /* numeric address to listen on; NULL: nobody dials this device, it is called by relay alone */
    uint16_t number; /* first TCP port to try, of `ports`; 0: THM_CALL_PORT and THM_CALL_PORTS */
    uint16_t ports;
    uint16_t
        known_as; /* TCP port that others are told, behind a translator; 0: the one that is listened on */
    bool relay_only;  /* never dials, and is told no address of its own */
    bool auto_answer; /* at first, see thm_calls_auto_answer() */
    uint32_t tag;     /* the first of THM_CALL_TAGS tags, unique among the port's users */
    void *tls_memory; /* thm_calls_tls_size() bytes, 16-byte aligned */
    size_t tls_memory_size;
    thm_calls_on_event on_event;
    void *ctx;
};

/* Lines that were said, and that the other side has not acknowledged: records of core/call/lines.c. */
struct thm_call_lines {
    uint32_t head, unsent,
        tail; /* offsets in `bytes`; what is before `unsent` went by the present path */
    unsigned char bytes[THM_CALL_QUEUE];
};

/* One end of a relay: counts are bytes of the stream since it was opened. */
struct thm_relay_end {
    bool opened;             /* the other side takes part */
    bool closed;             /* it, or the server, does not any more */
    bool open_due;           /* it is to be asked */
    uint64_t sent, granted;  /* to the other side */
    uint64_t received, told; /* from it, and how many it was told that it may have sent */
    uint32_t at, len;        /* of `bytes` */
    unsigned char bytes[THM_CALL_WINDOW];
};

/* Memory that serves a handshake, and lines afterwards; where there is more than one path handshakes have their own. */
union thm_call_phase {
    _Alignas(16) unsigned char handshake[THM_CALL_PATHS == 1 ? THM_TLS_HANDSHAKE_SIZE : 16];
    struct {
        char line[THM_LINE_MAX];
        char out[THM_CALL_OUT];
    } session;
};

/* Visible so that a board can place them; only core/call/ touches the members, others read those of `struct thm_call` that
 * say who it is. Times are ms of the caller's clock, UINT64_MAX: never. Places are counted from 1; 0 is none. */
struct thm_path {
    uint8_t state;  /* enum thm_path_state */
    uint8_t call;   /* the session that it is for; 0: that isn't known yet */
    bool relayed;   /* by `relay`, else by `socket` */
    bool moves;     /* it is to take over from a relay that works */
    bool goes_on;   /* connect_request is for a session that stands */
    bool resolved;  /* while dialling: the name was found */
    bool elsewhere; /* the caller's address is not the one that the server told */
    bool pending;   /* something is to be done without an event of its socket */
    bool ask_due, request_due, reply_due, accepts, quit_due, ack_due, ping_due; /* to be sent */
    int16_t code;    /* THM_E_*: why it ends, or what is replied */
    uint32_t serial; /* of the lookup that is awaited */
    thm_socket socket;
    uint64_t since, deadline, ping_at;
    uint32_t out_len, out_sent; /* bytes of `out` */
    struct thm_line_reader reader;
    struct thm_tls tls;
    char ticket[THM_TICKET_MAX + 1];
    struct thm_relay_end relay;
    union thm_call_phase phase;
};

struct thm_call {
    uint8_t state;   /* enum thm_call_state */
    uint8_t path;    /* that carries it */
    uint8_t attempt; /* that is being made for it */
    bool incoming;   /* the other side called */
    bool known;      /* `peer` is */
    bool relayed;    /* as it was told last */
    bool crossed;    /* the other side's call is to come instead */
    uint16_t number; /* where the other side listens; 0: it does not */
    struct thm_identity peer;
    char host[THM_CALL_HOST_MAX + 1];
    char target[2 * THM_ID_MAX + 2]; /* who is called */
    char id[THM_TICKET_MAX + 1];
    uint64_t said, sent,
        acked; /* csn of the last line of ours, of the last that went by this path, and that is there */
    uint64_t taken; /* and of the other side's last one */
    uint64_t until, retry_at;
    struct thm_call_lines lines;
};

struct thm_calls {
    struct thm_port port; /* TLS's: handles are places of paths, whichever way their bytes go */
    struct thm_calls_config config;
    struct thm_tls_domain *domain;
    thm_socket listener;
    uint16_t number;      /* where it listens; 0: it doesn't */
    uint8_t availability; /* enum thm_availability: as wished */
    uint8_t told;         /* and as the server was told */
    bool online, registered, auto_answer, stopping;
    bool find_due;
    bool due;                     /* something was asked for since the last step */
    uint32_t serial, find_serial; /* of lookups */
    uint64_t now, find_by;
    char find[2 * THM_ID_MAX + 2];
    struct {
        char id[THM_TICKET_MAX + 1]; /* "": free */
        int16_t code;
    } farewells[THM_CALL_PATHS +
                1]; /* relays of which the server is to hear that they are closed */
    struct thm_call calls[THM_CALLS];
    struct thm_path paths[THM_CALL_PATHS];
};

/** Bytes of TLS memory that direct sessions need. */
size_t thm_calls_tls_size(void);

/**
 * Prepares direct sessions; listens if that is wanted.
 *
 * @return THM_OK; THM_E_CONFIG; THM_E_MEMORY: tls_memory is too small; THM_E_ENTROPY; THM_E_IN_USE: none of the ports is free,
 *         and what else listen() of port.h says
 */
int thm_calls_init(struct thm_calls *k, const struct thm_calls_config *config);

/** The port that is listened on; 0: none. */
uint16_t thm_calls_number(const struct thm_calls *k);

/** Does what is due. Events of other users' tags are left alone. */
void thm_calls_step(struct thm_calls *k, uint64_t now_ms, const struct thm_event *events, int n);

/** When thm_calls_step() must be called next at the latest, ms; 0: at once; UINT64_MAX: never. */
uint64_t thm_calls_deadline(const struct thm_calls *k);

/** Takes an event of the client: call it from its on_event, with every one. */
void thm_calls_client_event(struct thm_calls *k, const struct thm_client_event *event);

/** Renewed credentials: for new paths. Those before stay in use until thm_tls_domain_uses() of `domain` says no. */
void thm_calls_set_credentials(struct thm_calls *k, const struct thm_credentials *credentials);

/** Says whether one may be called. While all places are taken the server is told BUSY in any case. */
void thm_calls_set_availability(struct thm_calls *k, enum thm_availability availability);

/** Answers verified callers at once, without RINGS. */
void thm_calls_auto_answer(struct thm_calls *k, bool on);

/**
 * Calls somebody: PROGRESS, then STANDS or OVER.
 *
 * @param target  USER or USER@DEVICE
 * @param call    receives the place of the session
 * @return THM_OK; THM_E_KEY_RANGE: no target; THM_E_STATE: not online; THM_E_LIMIT: as many sessions as there may be
 */
int thm_call_dial(struct thm_calls *k, const char *target, unsigned *call);

/** Answers, or refuses, one that is RINGING. @return THM_OK, THM_E_STATE */
int thm_call_answer(struct thm_calls *k, unsigned call);
int thm_call_decline(struct thm_calls *k, unsigned call);

/** Ends a session, in whatever state; of one that is RINGING like thm_call_decline(). OVER comes at once. Lines that were
 * said are still sent if there is a path. @return THM_OK, THM_E_STATE: there is none */
int thm_call_hang_up(struct thm_calls *k, unsigned call);

/**
 * Says a text, in as many lines as it takes.
 *
 * @return THM_OK; THM_E_STATE: not TALKING or MENDING; THM_E_LIMIT: too much is not acknowledged, nothing was taken: try again
 *         after the next step; THM_E_PARTS: longer than fits at all; what thm_kind_check() says
 */
int thm_call_say(struct thm_calls *k, unsigned call, const char *text, size_t len);

/** The session at a place; FREE ones too. NULL beyond the last. */
const struct thm_call *thm_call_at(const struct thm_calls *k, unsigned call);

/** Asks the server for a device's key: FOUND. One at a time. @return THM_OK, THM_E_KEY_RANGE, THM_E_STATE, THM_E_LIMIT */
int thm_calls_find(struct thm_calls *k, const char *target);

/** Hangs up all and listens no more. thm_calls_idle(): nothing is left to be sent. */
void thm_calls_stop(struct thm_calls *k);
bool thm_calls_idle(const struct thm_calls *k);

/**
 * What both sides of a session can compare by other means, to be sure of each other's keys without trusting server or CA: five
 * groups of five digits, 83 bits of a hash of both keys' hashes; the same on both sides.
 *
 * @param code  receives it, terminated
 */
void thm_verification_code(const uint8_t mine[THM_KEY_HASH], const uint8_t theirs[THM_KEY_HASH],
                           char code[THM_VERIFICATION_CODE + 1]);

/** "available", "busy", "away"; the reverse: false for another word. */
const char *thm_availability_word(enum thm_availability availability);
bool thm_availability_find(struct thm_slice word, enum thm_availability *availability);

/** A word for a state, for people: "calling", "dialling" ... */
const char *thm_path_word(enum thm_path_state state);

#endif
#endif
