/*
 * The parts of a domain and how the files of this folder share them.
 *
 *   profile, credentials, leaf, denylist   what is decided before any connection
 *   guard, pin, session_cache              whom a peer proves to be, in full and resumed handshakes
 *   engine                                 BearSSL's engine, and lending it buffers
 *   domain                                 the pools, and entropy
 *   handshake, record, close               a connection's life
 *   resume_client                          a client's memory of a server
 *   accept                                 what only a server's end has: left out without THM_TLS_SERVER
 *   serving, resume_server                 what only a server's domain has: left out without THM_TLS_SERVES
 */
#ifndef THM_TLS_INTERNAL_H
#define THM_TLS_INTERNAL_H

#include <bearssl.h>

#include "thimble/tls.h"
#include "tls/credentials.h"
#include "tls/engine.h"
#include "tls/guard.h"
#include "tls/profile.h"
#include "tls/session_cache.h"
#include "util/list.h"

/* An engine and what belongs to it for as long as a connection has it. */
struct thm_engine {
    union { /* first: BearSSL's session cache class is given a pointer to it */
        br_ssl_engine_context base;
        br_ssl_client_context client;
#if THM_TLS_SERVER
        br_ssl_server_context server;
#endif
    } ssl;
#if THM_TLS_SERVES
    struct thm_tls *owner; /* of an accepted one's alone */
#endif
};

/* Records (RFC 5246, section 6.2.1). */
#define THM_RECORD_HEADER    5
#define THM_RECORD_ALERT     21
#define THM_RECORD_HANDSHAKE 22
#define THM_RECORD_DATA      23

/* What a connection needs only while its handshake lasts. The pool's notes on a slot that nobody has are at its
 * front; the rest of such a slot is zero. */
struct thm_slot {
    uint64_t progress_ms;    /* server: when the last record of the peer was complete */
    struct thm_link waiting; /* server: among the slots in use */
    struct thm_tls *owner;
    const struct thm_credentials *credentials;
    bool started;              /* the engine is set up */
    bool answered;             /* server: ClientHello was answered */
    bool tentative;            /* a session was found or offered, and may turn out to be resumed */
    struct thm_proven session; /* that session */
    struct thm_tls_session *remembered; /* client: where to keep a new session; may be NULL */
    const char *server_name;            /* client: whom it expects */
    size_t arrived;                     /* bytes of the record that is coming in */
    unsigned pieces;                    /* headers and bodies of records that came */
    uint8_t ahead_len;                  /* bytes that were read beyond it */
    unsigned char ahead[64];
    struct thm_guard guard; /* last: what is before it is zeroed when the slot is lent */
};

/* What only a server's domain has, in memory of its own. */
struct thm_serving {
    const br_ssl_session_cache_class *cache_class; /* BearSSL is given a pointer to it */
    struct thm_session_cache cache;
    uint8_t ca_hash[32]; /* of the CAs that are trusted now */
    uint32_t epoch;      /* counts their changes */
    uint64_t now_ms;
    struct thm_list waiting; /* slots in use, in order of progress */
#if THM_TLS_ADMITS
    br_ssl_server_policy_class policy; /* BearSSL's own, with another choice in it */
    thm_engine_choice choice;          /* and the one that it had */
#endif
};

struct thm_tls_domain {
    struct thm_tls_config config;
    const char *alpn[1 + THM_TLS_ADMITS];
    struct thm_profile profile;
    const struct thm_credentials *credentials;
    const struct thm_denylist *denylist;
    uint32_t seeds_left;
    uint8_t seeds[THM_TLS_SEEDS][THM_SEED]; /* drawn together; each is used once */
    struct thm_pool engines, slots, in_buffers, out_buffers;
    uint64_t full, resumed, failed;
#if THM_TLS_SERVES
    struct thm_serving *serving; /* NULL: it is none */
#endif
};

/* Whether a domain is a server's, and whether a connection is TLS's server end: of a server's domain all are. Code behind these
 * is left out of a build that has none. */
#if THM_TLS_SERVES
static inline bool thm_is_server(const struct thm_tls_config *config)
{
    return config->role == THM_FOR_SERVER;
}
#else
#define thm_is_server(config) false
#endif
#define thm_serves(d) thm_is_server(&(d)->config)

#if THM_TLS_SERVER
static inline bool thm_accepted(const struct thm_tls *t)
{
    return t->accepted != 0;
}
#else
#define thm_accepted(t) false
#endif

/* Whether a domain's connections are between two clients, each either end. Left out likewise. */
#if THM_CALLS
static inline bool thm_is_peers(const struct thm_tls_config *config)
{
    return config->role == THM_FOR_PEER;
}
#else
#define thm_is_peers(config) false
#endif
#define thm_peers(d) thm_is_peers(&(d)->config)

/* --- domain.c --- */

/** Bytes of an engine: that of a domain which only dials is the shorter context alone. */
static inline size_t thm_engine_size(const struct thm_tls_config *config)
{
    return config->role == THM_FOR_CLIENT ? sizeof(br_ssl_client_context)
                                          : sizeof(struct thm_engine);
}

static inline struct thm_engine *thm_engine_of(const struct thm_tls *t)
{
    return thm_pool_at(&t->domain->engines, t->engine);
}

static inline struct thm_slot *thm_slot_of(const struct thm_tls *t)
{
    return thm_pool_at(&t->domain->slots, t->slot);
}

static inline struct thm_out_buffer *thm_out_of(const struct thm_tls *t)
{
    return t->out_buffer != 0 ? thm_pool_at(&t->domain->out_buffers, t->out_buffer) : NULL;
}

/** Whether a domain has what its connections show: between two clients that is a user's certificate. */
static inline bool thm_has_credentials(const struct thm_tls_domain *d)
{
    return d->credentials &&
           (!thm_peers(d) || thm_loaded(d->credentials)->identity.user[0] != '\0');
}

/** Whether the protocol that was agreed on is the one for enrolment. A server's question. */
#if THM_TLS_ADMITS
static inline bool thm_enrols(const struct thm_tls *t)
{
    const char *enroll = t->domain->config.enroll_alpn;

    return enroll && br_ssl_engine_get_selected_protocol(&thm_engine_of(t)->ssl.base) == enroll;
}
#else
#define thm_enrols(t) false
#endif

/** Whether this is a client without an identity yet, whose certificate is an invitation's. */
#if THM_ENROLL
static inline bool thm_joins(const struct thm_tls *t)
{
    return !thm_serves(t->domain) &&
           thm_loaded(thm_slot_of(t)->credentials)->identity.user[0] == '\0';
}
#else
#define thm_joins(t) false
#endif

/** Lends engine, slot and both buffers together, or nothing. */
bool thm_domain_lend(struct thm_tls *t);

/** Takes back whatever a connection was lent. */
void thm_domain_reclaim(struct thm_tls *t);

/** Takes back the handshake's slot alone. */
void thm_domain_reclaim_slot(struct thm_tls *t);

/** Seeds an engine, or fails with THM_E_ENTROPY. */
int thm_domain_seed(struct thm_tls_domain *d, br_ssl_engine_context *engine);

/* --- resume_client.c --- */

/** Offers the session that is remembered of this server. False: there is none. */
bool thm_resume_offer(struct thm_tls *t, uint64_t utc_s);

/** Remembers the session of a full handshake, if that is wanted. */
void thm_resume_remember(const struct thm_tls *t);

/* --- handshake.c --- */

/** Lends what a handshake needs; false when something is missing. */
bool thm_handshake_prepare(struct thm_tls *t);

enum thm_tls_phase thm_handshake_advance(struct thm_tls *t, uint64_t utc_s);

/* --- record.c --- */

/** Sends what the engine has; `out` is what it was lent. OK: nothing is left. */
enum thm_io thm_output_send(struct thm_tls *t, struct thm_out_buffer *out);

/** Lends an output buffer to an open connection; NULL when there is none. */
struct thm_out_buffer *thm_output_lend(struct thm_tls *t);

/** Takes the output buffer back when nothing is left in it. */
void thm_output_settle(struct thm_tls *t);

/** Takes the input buffer back between two records. */
void thm_input_settle(struct thm_tls *t);

/* --- close.c --- */

/** Gives everything back and closes the socket; phase CLOSED. Keeps an error that is set. */
void thm_finish(struct thm_tls *t, int error);

/** Gives everything back but the socket, which is read until the peer has closed; phase CLOSING. */
void thm_linger(struct thm_tls *t, int error);

enum thm_tls_phase thm_closing_advance(struct thm_tls *t);

/* --- serving.c --- */

/** Bytes of memory that a server's domain takes beside its pools. */
size_t thm_serving_size(const struct thm_tls_config *config);

void thm_serving_init(struct thm_tls_domain *d, void *memory);

/** Sessions that are kept now. */
uint32_t thm_serving_sessions(const struct thm_tls_domain *d);

/** Notes the CAs that are trusted from now on. */
void thm_serving_trust(struct thm_tls_domain *d, const struct thm_loaded *own);

/** Takes a handshake into the order of progress, moves it to the end of it, takes it out. */
void thm_waiting_add(struct thm_tls *t);
void thm_waiting_progress(struct thm_tls *t);
void thm_waiting_remove(struct thm_tls *t);

/* --- accept.c --- */

/** Waits for the whole first record; brings the phase from HELLO or QUEUED to HANDSHAKE. */
enum thm_tls_phase thm_accept_hello(struct thm_tls *t);

/** Makes a configured engine a server's, ready for the first record. */
bool thm_accept_start(struct thm_tls *t);

/** Looks at the own answer before it is sent: one that names no protocol stays unsent. False: that is so. */
bool thm_accept_answer(struct thm_tls *t);

/* --- resume_server.c --- */

/** The session cache as BearSSL asks for it. */
extern const br_ssl_session_cache_class thm_cache_class;

#endif
