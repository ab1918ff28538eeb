/*
 * The parts of a domain and how the files of this folder share them.
 *
 *   profile, credentials, leaf, denylist   what is decided before any connection
 *   guard, session                         whom a peer proves to be, in full and resumed handshakes
 *   engine                                 BearSSL's engine, and lending it buffers
 *   domain                                 the pools, and entropy
 *   handshake, resume, record, close       a connection's life
 */
#ifndef THM_TLS_INTERNAL_H
#define THM_TLS_INTERNAL_H

#include <bearssl.h>

#include "thimble/tls.h"
#include "tls/credentials.h"
#include "tls/engine.h"
#include "tls/guard.h"
#include "tls/profile.h"
#include "tls/session.h"
#include "util/list.h"

#define THM_SEEDS 16 /* drawn together */

/* An engine and what belongs to it for as long as a connection has it. */
struct thm_engine {
    union { /* first: BearSSL's session cache class is given a pointer to it */
        br_ssl_engine_context base;
        br_ssl_server_context server;
        br_ssl_client_context client;
    } ssl;
    struct thm_tls *owner;
    uint8_t server_leaf_hash[32];
};

/* What a connection needs only while its handshake lasts. */
struct thm_slot {
    struct thm_tls *owner;
    const struct thm_credentials *credentials;
    uint64_t progress_ms;      /* when the last record of the peer was complete */
    struct thm_link waiting;   /* among the slots in use */
    bool started;              /* the engine is set up */
    bool answered;             /* server: ClientHello was answered */
    bool tentative;            /* a session was found or offered, and may turn out to be resumed */
    struct thm_cached session; /* that session: id, peer, hash of the server's leaf */
    struct thm_tls_session *remembered; /* client: where to keep a new session; may be NULL */
    const char *server_name;            /* client: whom it expects */
    size_t arrived;                     /* bytes of the record that is coming in */
    uint8_t ahead_len;                  /* bytes that were read beyond it */
    unsigned char ahead[64];
    unsigned pieces; /* headers and bodies of records that came */
    struct thm_guard guard;
    struct thm_out_buffer out;
    unsigned char in[THM_TLS_IN];
};

struct thm_tls_domain {
    const br_ssl_session_cache_class *cache_class; /* first: BearSSL gets a pointer to it */
    struct thm_tls_config config;
    const char *alpn[1];
    struct thm_profile profile;
    const struct thm_credentials *credentials;
    const struct thm_denylist *denylist;
    uint8_t ca_hash[32]; /* of the CAs that are trusted now */
    uint32_t epoch;      /* counts their changes */
    uint64_t now_ms;
    br_hmac_drbg_context rng;
    uint32_t draws; /* batches drawn since fresh entropy was mixed in */
    uint32_t seeds_left;
    uint8_t seeds[THM_SEEDS][THM_SEED]; /* drawn together, which is cheaper; each is used once */
    struct thm_pool engines, slots, in_buffers, out_buffers;
    struct thm_list waiting; /* slots in use, in order of progress */
    struct thm_session_cache cache;
    uint64_t full, resumed, failed;
    struct thm_engine template; /* of every engine: configured once, then copied */
};

/* --- domain.c --- */

static inline struct thm_engine *thm_engine_of(const struct thm_tls *t)
{
    return thm_pool_at(&t->domain->engines, t->engine);
}

static inline struct thm_slot *thm_slot_of(const struct thm_tls *t)
{
    return thm_pool_at(&t->domain->slots, t->slot);
}

/** Lends engine and slot together, or neither. */
bool thm_domain_lend(struct thm_tls *t);

/** Takes back whatever a connection was lent. */
void thm_domain_reclaim(struct thm_tls *t);

/** Takes back the handshake's slot alone. */
void thm_domain_reclaim_slot(struct thm_tls *t);

/** Moves a handshake to the end of the order of progress. */
void thm_domain_progress(struct thm_tls *t);

/** Gives a seed for one engine, or fails with THM_E_ENTROPY. */
int thm_domain_seed(struct thm_tls_domain *d, uint8_t seed[THM_SEED]);

/* --- resume.c --- */

/** The server's session cache; its context is the domain. */
extern const br_ssl_session_cache_class thm_cache_class;

/** Client: offers the session that is remembered of this server. False: there is none. */
bool thm_resume_offer(struct thm_tls *t, uint64_t utc_s);

/** Client: remembers the session of a full handshake. */
void thm_resume_remember(const struct thm_tls *t);

/** Whether the handshake that has just ended resumed the slot's tentative session. */
bool thm_resume_happened(const struct thm_tls *t);

/* --- handshake.c --- */

/** Makes the engine that is copied for every connection; credentials are set. */
void thm_handshake_template(struct thm_tls_domain *d);

enum thm_tls_phase thm_handshake_advance(struct thm_tls *t, uint64_t utc_s);

/* --- record.c --- */

/** Sends what the engine has; `out` is what it was lent. OK: nothing is left. */
enum thm_io thm_output_send(struct thm_tls *t, struct thm_out_buffer *out);

/** Lends an output buffer to an open connection; NULL when there is none. */
struct thm_out_buffer *thm_output_lend(struct thm_tls *t);

/** Takes the output buffer back when nothing is left in it. */
void thm_output_settle(struct thm_tls *t);

/* --- close.c --- */

/** Gives everything back and closes the socket; phase CLOSED. Keeps an error that is set. */
void thm_finish(struct thm_tls *t, int error);

/** Gives everything back but the socket, which is read until the peer has closed; phase CLOSING. */
void thm_linger(struct thm_tls *t, int error);

enum thm_tls_phase thm_closing_advance(struct thm_tls *t);

#endif
