/*
 * What direct sessions need of the server (docs/PROTOCOL.md, section 11): which sessions can be called and where, tickets
 * that vouch for a call, and relays for those that can't reach each other. All of it is in memory only, and ends with the
 * sessions that it is about.
 */
#ifndef THM_SERVER_CALLS_H
#define THM_SERVER_CALLS_H

#include "thimble/tls.h"
#include "thimble/wire.h"
#include "util/list.h"

struct thm_server;
struct connection;

#if THM_CALLS > 0

enum availability { CALL_AVAILABLE, CALL_BUSY, CALL_AWAY };

/* What a session that has registered says of itself. */
struct callable {
    uint64_t active;      /* ms: when it last did what a person does */
    uint16_t port;        /* 0: it does not listen */
    uint8_t availability; /* enum availability, as registered */
    uint16_t certificate_len;
    uint8_t certificate[THM_ISSUED_MAX]; /* DER; 0 bytes: none registered */
};

#define TICKET_BYTES 16
#define TICKET_TEXT  (2 * TICKET_BYTES + 1)

/* One call that a device may make. */
struct ticket {
    uint8_t secret[TICKET_BYTES];
    uint32_t callee, serial; /* the session that is called, and its connection's serial number */
    uint64_t made_at;        /* ms */
    bool looked_up;          /* the callee knows of it */
    bool relayed;            /* a relay was opened by it */
    struct thm_link link;    /* tickets of the same caller, the oldest first */
};

/*
 * One end of a relay: what its device may say, and what is on its way to it. Both ends are items of one pool. One without the
 * other has been closed, and only its device is still to be told.
 */
struct relay_end {
    uint32_t connection;
    uint32_t other;       /* 0: closed */
    struct thm_link link; /* ends of the same connection, the next to have its turn first */
    bool calls;           /* it has opened the relay */
    bool news;            /* called: it is to be told of the relay */
    bool asked;           /* called: in the list of those that have not said a word */
    struct thm_link asked_link;
    uint64_t since;   /* ms */
    uint64_t granted; /* bytes that it takes in all, as it says */
    uint64_t passed;  /* bytes that were handed to its connection */
    uint64_t told;    /* bytes that it may say in all, as it was told */
    uint64_t said;    /* bytes that it has said */
    uint32_t kept;    /* buffer of what is still to be handed to it, 0: nothing is */
    uint16_t kept_at, kept_len;
    char id[TICKET_TEXT];
    char code[33]; /* closed: why, "" where nobody has said */
    char reason[THM_SHORT_MAX + 1];
};

/* --- callable.c ----------------------------------------------------------------------------- */

void thm_call_register(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void thm_call_lookup(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** A line of a session has come. */
void thm_call_active(struct thm_server *s, struct connection *c, enum thm_type type);

/** The session is over: forgets what it registered, its tickets and its relays. */
void thm_call_leave(struct thm_server *s, struct connection *c);

/* --- ticket.c ------------------------------------------------------------------------------- */

/**
 * Makes a ticket for a call from one session to another; the caller's oldest gives way if there are too many.
 *
 * @param text  receives it, terminated
 * @return THM_OK, THM_E_ENTROPY
 */
int thm_ticket_make(struct thm_server *s, struct connection *caller,
                    const struct connection *callee, char text[TICKET_TEXT]);

/** A ticket of a caller's, by what somebody shows; NULL: he has no such ticket that is still good. */
struct ticket *thm_ticket_find(struct thm_server *s, const struct connection *caller,
                               struct thm_slice text);

/** The session that a ticket is for; NULL: it is over. */
struct connection *thm_ticket_callee(struct thm_server *s, const struct ticket *t);

/** Drops all tickets of a caller. */
void thm_ticket_drop(struct thm_server *s, struct connection *caller);

/* --- relay.c -------------------------------------------------------------------------------- */

void thm_relay_line(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** Adds what a session is to get of its relays, when nothing of the chat waits for it. */
void thm_relay_fill(struct thm_server *s, struct connection *c);

/** The session is over, and with it its relays. */
void thm_relay_leave(struct thm_server *s, struct connection *c);

/** Closes relays that nobody took part in, and when that is next, ms; UINT64_MAX: never. */
void thm_relay_expire(struct thm_server *s);
uint64_t thm_relay_deadline(const struct thm_server *s);

#else

static inline void thm_call_active(struct thm_server *s, struct connection *c, enum thm_type type)
{
    (void)s, (void)c, (void)type;
}
static inline void thm_call_leave(struct thm_server *s, struct connection *c)
{
    (void)s, (void)c;
}
static inline void thm_relay_fill(struct thm_server *s, struct connection *c)
{
    (void)s, (void)c;
}
static inline void thm_relay_expire(struct thm_server *s)
{
    (void)s;
}
static inline uint64_t thm_relay_deadline(const struct thm_server *s)
{
    (void)s;
    return UINT64_MAX;
}

#endif

#endif
