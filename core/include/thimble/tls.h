/*
 * Mutual TLS 1.2 over the abstract sockets of port.h, on BearSSL 0.6.
 *
 * Only this folder sees BearSSL's SSL types. A connection (struct thm_tls) is small; what is large
 * is lent from the pools of a domain: an engine from the first handshake byte to the end of the
 * connection; a handshake slot (X.509 context and notes), an input and an output buffer while the handshake
 * lasts; then an input buffer only while a wholly arrived record is opened, and an output buffer only while
 * a record is being sent. So an idle connection holds an engine and nothing else.
 *
 * A domain and its connections belong to one thread.
 */
#ifndef THIMBLE_TLS_H
#define THIMBLE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thimble/config.h"
#include "thimble/error.h"
#include "thimble/port.h"

/* What of enrolment a build has: a server admits who has no certificate yet; a client may know its CA by a hash alone, for
 * which it needs the decoders. */
#define THM_TLS_ADMITS (THM_ENROLL && THM_TLS_SERVES)
#define THM_TLS_PINS   (THM_ENROLL && THM_CREDENTIALS_MAX > 0)

#define THM_KEY_HASH 32 /* bytes of SHA-256 of a SubjectPublicKeyInfo */
#define THM_CA_PIN   16 /* and of what is pinned of a CA's: its first bytes */

/* Who a certificate says that its holder is. For a server leaf only key_hash and not_after are set. */
struct thm_identity {
    char user[THM_ID_MAX + 1];
    char device[THM_ID_MAX + 1];
    uint8_t key_hash[THM_KEY_HASH]; /* of the leaf's public key; renewal keeps it */
    uint64_t not_after;             /* of the leaf, seconds since 1970 */
};

/* ------------------------------------------------------------------------------------------- */

/*
 * Credentials: own chain and key, and the CAs that are trusted. Decoded once, then only read; one may
 * be shared by any number of domains and threads. Points into itself: must not be copied.
 */
struct thm_credentials {
    _Alignas(
        16) unsigned char opaque[THM_CREDENTIALS_MAX + (THM_CREDENTIALS_MAX > 0 ? 40 : 0) + 184 +
                                 (11 + 8 * THM_CA_MAX + THM_TLS_ADMITS + THM_TLS_PINS) *
                                     sizeof(void *)];
};

/**
 * Reads credentials in PEM, or in DER. Wipes what it decoded of the key when it fails. Missing when
 * THM_CREDENTIALS_MAX is 0.
 *
 * @param c        receives them; must outlive every domain and handshake that uses it. Any failure
 *                 leaves it wiped.
 * @param ca       1 to THM_CA_MAX CA certificates in PEM; a server keeps what it shows of them to those who enrol
 * @param chain    own certificate first, then intermediate ones, in PEM; at most THM_CHAIN_MAX
 * @param key      own P-256 private key in PEM, PKCS#8 or SEC1
 * @param role     THM_FOR_SERVER or THM_FOR_CLIENT: what the own leaf must be; the latter for THM_FOR_PEER as well
 * @return THM_OK, THM_E_PEM, THM_E_CA, THM_E_CERT, THM_E_KEY (also: key and leaf don't belong together),
 *         THM_E_ROLE (leaf lacks its role's SAN), THM_E_LIMIT (too large for THM_CREDENTIALS_MAX)
 */
enum thm_role {
    THM_FOR_SERVER,
    THM_FOR_CLIENT,
    THM_FOR_ENROLMENT, /* thm_credentials_set(): a client without an identity yet, see enroll.h */
    THM_FOR_PEER       /* a domain: clients among themselves, each with a client's credentials */
};
int thm_credentials_load(struct thm_credentials *c, const char *ca, size_t ca_len,
                         const char *chain, size_t chain_len, const char *key, size_t key_len,
                         enum thm_role role);

/* Credentials that were decoded beforehand, as a board's provisioning holds them. */
struct thm_credential_parts {
    struct {
        const unsigned char *name; /* subject, DER */
        size_t name_len;
        const unsigned char *point; /* P-256 key: 65 bytes, uncompressed */
    } ca[THM_CA_MAX];
    unsigned ca_count;
    struct {
        const unsigned char *der;
        size_t len;
    } chain[THM_CHAIN_MAX]; /* own certificate first */
    unsigned chain_len;
    const unsigned char *key; /* P-256 scalar: 32 bytes, big-endian */
    struct thm_identity identity;
#if THM_ENROLL
    /* For enrolment, without any `ca`: trusts the one CA whose key has this hash, as the server shows it. NULL: there is none.
     * Needs THM_TLS_PINS. */
    struct thm_ca_pin *pin;
#endif
};

#if THM_ENROLL
/* A CA of which only its key's hash is known, until a server that it has certified itself, without one in between, has shown
 * it. The caller owns it, for one handshake at a time, which writes it. */
struct thm_ca_pin {
    uint8_t hash[THM_CA_PIN];
    size_t ca_len; /* bytes of `ca`, once a server's chain was verified by it; else 0 */
    unsigned char ca[THM_CERT_MAX];
    /* The handshake's own. */
    struct {
        size_t leaf, ca; /* bytes that came */
        size_t at, name_at, name_len;
        unsigned certificates;
        bool found;
    } read;
    unsigned char leaf[THM_CERT_MAX], point[65];
};
#endif

/**
 * Takes credentials that whoever decoded them has also checked: that key and leaf belong together, and that the
 * leaf is of its role. Needs no X.509 decoder and no memory for them: everything that `parts` points to is
 * borrowed and must outlive `c`.
 *
 * @return THM_OK; THM_E_CA, THM_E_CERT, THM_E_KEY: one is missing or has a wrong size (THM_E_CA: also a pin beside CAs, or not
 *         for enrolment); THM_E_ROLE: identity without a user for a client, or with one for another role. Any failure leaves
 *         `c` wiped.
 */
int thm_credentials_set(struct thm_credentials *c, const struct thm_credential_parts *parts,
                        enum thm_role role);

#if THM_ENROLL
/**
 * The first dNSName in a server's own leaf, which is what clients may expect of it. Missing when THM_CREDENTIALS_MAX is 0.
 *
 * @param name  receives it, terminated; "" when there is none
 * @param cap   bytes at `name`, at least 1; 256 hold any name that BearSSL reads
 * @return bytes of it, without the terminator; 0: the leaf has none, or it doesn't fit
 */
size_t thm_credentials_server_name(const struct thm_credentials *c, char *name, size_t cap);
#endif

/** The own leaf's identity (user and device empty for a server). */
const struct thm_identity *thm_credentials_identity(const struct thm_credentials *c);

/** SHA-256 of the own leaf's DER: what `tls-server-end-point` binds to (RFC 5929, section 4.1). A leaf that is signed with
 * SHA-384 or SHA-512, whose binding would be that hash, is taken by neither end. */
const uint8_t *thm_credentials_leaf_hash(const struct thm_credentials *c);

/**
 * Reads what a certificate says of its holder, by the rules that a peer is judged by; but not who has signed it, nor whether
 * it has ended. Missing when THM_CREDENTIALS_MAX is 0.
 *
 * @param role  what it has to be for
 * @param who   receives it
 * @return THM_OK, THM_E_CERT, THM_E_KEY (not P-256), THM_E_ROLE, THM_E_LIMIT (more than THM_CERT_MAX bytes)
 */
int thm_certificate_read(const unsigned char *der, size_t len, enum thm_role role,
                         struct thm_identity *who);

/**
 * Whether a certificate was signed by one of the CAs that are trusted, whenever it ends. Missing when THM_CREDENTIALS_MAX is 0.
 *
 * @return THM_OK, THM_E_CERT, THM_E_UNTRUSTED
 */
int thm_certificate_judge(const struct thm_credentials *trusted, const unsigned char *der,
                          size_t len);

/**
 * How the CA is known that has certified the own chain: the first bytes of its key's hash.
 *
 * @return false: it is none of those that are trusted
 */
bool thm_credentials_ca_pin(const struct thm_credentials *c, uint8_t pin[THM_CA_PIN]);

/** Own chain: DER of certificate `i`, or NULL past the end; for tools that show it. */
const unsigned char *thm_credentials_der(const struct thm_credentials *c, unsigned i, size_t *len);

/** Wipes the key. */
void thm_credentials_wipe(struct thm_credentials *c);

/* ------------------------------------------------------------------------------------------- */

/* Deny-list: key hashes of revoked devices, sorted. The caller owns the memory. */
struct thm_denylist {
    uint8_t (*hashes)[THM_KEY_HASH];
    uint32_t count;
    uint32_t cap;
};

/**
 * Reads a deny-list: one hash of 64 hexadecimal digits a line, '#' starts a comment, empty lines are
 * skipped.
 *
 * @param list     hashes and cap set by the caller; hashes and count are replaced
 * @param bad_line receives the number of the first bad line (1...), or 0
 * @return THM_OK, THM_E_DENYLIST, THM_E_LIMIT (more than cap)
 */
int thm_denylist_parse(struct thm_denylist *list, const char *text, size_t len, unsigned *bad_line);

/** Whether a key is denied. NULL denies nobody. */
bool thm_denylist_has(const struct thm_denylist *list, const uint8_t key_hash[THM_KEY_HASH]);

/* ------------------------------------------------------------------------------------------- */

/* Arithmetic and hashing of another library: see tls_backend.h. */
struct thm_tls_backend;

/* What a domain is made of. */
struct thm_tls_config {
    /* THM_FOR_SERVER, THM_FOR_CLIENT: which end of TLS its connections are. THM_FOR_PEER: between two clients, each
     * connection is what it was started as. Both ends show a user's certificate and judge the other's as a server does a
     * client's, no name is sent, and no session kept, offered or taken. */
    enum thm_role role;
    struct thm_port *port;                 /* for sockets and entropy */
    const struct thm_tls_backend *backend; /* NULL: BearSSL's own */
    const char *alpn;                      /* "thimble/1"; static */
#if THM_ENROLL
    /* Server: a second protocol, for whoever has no certificate yet but a self-signed one whose key is admitted. Nobody else
     * gets it, its sessions are not resumed, and the CAs that were loaded go with the server's chain, as far as THM_CHAIN_MAX
     * leaves room. NULL: there is none. Who offers both protocols gets `alpn`. Static, as that is. */
    const char *enroll_alpn;
    /* Whether a key is that of an invitation; called within thm_tls_advance(), before the peer has proven that it has the
     * key. */
    bool (*admits)(void *ctx, const uint8_t key_hash[THM_KEY_HASH]);
    void *admits_ctx;
#endif
    uint32_t connections; /* engines: connections at a time */
    uint32_t handshakes;  /* handshake slots; the rest wait their turn */
    uint32_t in_buffers;  /* input buffers, at least 1; a handshake holds one */
    uint32_t out_buffers; /* output buffers, likewise */
    uint32_t sessions;    /* entries of a server's session cache; 0: no resumption. Else 0 */
    bool
        prefer_aes; /* AES-128-GCM first: the CPU has AES instructions; without THM_TLS_AES not looked at */
    /* With one handshake at a time: where its slot lies, THM_TLS_HANDSHAKE_SIZE bytes, 16-byte aligned. It is
     * used from thm_tls_connect(), or an accepted end's leaving HELLO or QUEUED, until the connection is OPEN, CLOSING
     * or CLOSED, and is left wiped; in between the caller may use it for something else. NULL: the domain's own
     * memory. */
    void *handshake_memory;
};

/* Bytes of a handshake slot: BearSSL's X.509 context and what a handshake notes. */
#if UINTPTR_MAX > 0xffffffffu
#define THM_TLS_HANDSHAKE_SIZE (3168 + 816 + (THM_TLS_PINS ? 96 : 0) + (THM_TLS_ADMITS ? 8 : 0))
#else
#define THM_TLS_HANDSHAKE_SIZE (3048 + 744 + (THM_TLS_PINS ? 48 : 0) + (THM_TLS_ADMITS ? 8 : 0))
#endif

struct thm_tls_domain;

/** Bytes of memory that a domain of this configuration takes (16-byte aligned). */
size_t thm_tls_domain_size(const struct thm_tls_config *config);

/**
 * Makes a domain in the caller's memory, which it keeps until the domain is no longer used.
 * Memory that is never touched stays untouched: large pools cost nothing until they are used.
 *
 * @return THM_OK, THM_E_MEMORY, THM_E_CONFIG (also: a server's, in a build without THM_TLS_SERVES, and one between clients
 *         without THM_CALLS), THM_E_ENTROPY
 */
int thm_tls_domain_init(struct thm_tls_domain **out, void *memory, size_t size,
                        const struct thm_tls_config *config);

/**
 * Sets, or replaces, what new handshakes use. Running handshakes go on with the former credentials,
 * which must stay alive until thm_tls_domain_uses() says false; the new deny-list (NULL: nobody is
 * denied) holds for them as well, and the former one is not looked at any more. Sessions that were
 * made under other CAs are not resumed; any other is checked against the deny-list in force.
 */
void thm_tls_domain_set(struct thm_tls_domain *d, const struct thm_credentials *credentials,
                        const struct thm_denylist *denylist);
/** Whether a key is on the deny-list in force. */
bool thm_tls_domain_denies(const struct thm_tls_domain *d, const uint8_t key_hash[THM_KEY_HASH]);

bool thm_tls_domain_uses(const struct thm_tls_domain *d, const struct thm_credentials *credentials);

/** Handshake slots, input buffers and output buffers lent at the moment, for leak tests and stats. */
struct thm_tls_usage {
    uint32_t engines, handshakes, in_buffers, out_buffers, sessions;
    uint64_t full, resumed, failed; /* handshakes since the start */
};
void thm_tls_domain_usage(const struct thm_tls_domain *d, struct thm_tls_usage *out);

/* ------------------------------------------------------------------------------------------- */

/*
 *     accept -> HELLO --whole--> QUEUED --slot free--> HANDSHAKE -> OPEN --close--> CLOSING -> CLOSED
 *     connect -----------------------------------------^   |  |                      ^          ^
 *                                                          |  +- accepted: refused --+          |
 *                                                          +---- dialled: refused --------------+
 *
 * Any phase becomes CLOSED when the socket breaks or by thm_tls_abort(). QUEUED is left out when a slot
 * is free at once. Which way a connection came is its own affair between two clients; a server's are all
 * accepted, those to a server all dialled.
 */
enum thm_tls_phase {
    THM_TLS_IDLE = 0,  /* no connection */
    THM_TLS_HELLO,     /* accepted: waits for the first record; holds nothing but the socket */
    THM_TLS_QUEUED,    /* the first record is there, no handshake slot (engine, buffer) is free */
    THM_TLS_HANDSHAKE, /* under way */
    THM_TLS_OPEN,      /* both sides are proven; application data flows */
    THM_TLS_CLOSING,   /* close_notify is on its way */
    THM_TLS_CLOSED     /* over; `error` says why, the socket is given back */
};

/* One connection. Visible so that it can be embedded; only read by others. */
struct thm_tls {
    struct thm_tls_domain *domain;
    thm_socket socket;
    uint8_t phase;       /* enum thm_tls_phase */
    uint8_t resumed;     /* the session was resumed */
    uint8_t peer_closed; /* CLOSED was reported: read on to the end */
    uint8_t header_len;  /* bytes of the next record's header */
    uint8_t header[5];
    uint8_t starved; /* a record waits for a buffer */
    uint8_t corked;  /* what is written waits for thm_tls_close() */
    uint8_t enrols;  /* OPEN, server: by enroll_alpn; of `peer` only key_hash is set */
#if THM_TLS_SERVER
    uint8_t accepted; /* by thm_tls_accept(): TLS's server end */
#endif
    int16_t error;         /* THM_E_*, why it is CLOSED; THM_OK for a clean end */
    int16_t bearssl_error; /* BR_ERR_*, or 0 */
    uint32_t engine, slot, in_buffer, out_buffer; /* what is lent, 0: nothing */
    uint8_t server_leaf_hash[32];                 /* OPEN: see thm_tls_server_leaf_hash() */
    struct thm_identity peer; /* valid once OPEN; also who was refused with THM_E_REVOKED */
};

/* A client's memory of one server, for resumption. Keep one per (address, expected name). */
struct thm_tls_session {
    _Alignas(8) unsigned char opaque[192];
};

/** Forgets the session: the next handshake is a full one. */
void thm_tls_session_clear(struct thm_tls_session *session);

/**
 * Starts TLS's server end on an accepted socket, or its client end on one that connect gave. Between two clients that is all
 * that the ends differ in: both know by t->peer whom they have met once OPEN, and whether it is whom they expected is for the
 * caller to see before anything is said.
 *
 * @param t            zeroed, or CLOSED before; refers to `domain` and must not move until CLOSED
 * @param socket       belongs to `t` from now on, unless the call fails
 * @param server_name  client: the name that the server's certificate must carry, at most 255 bytes;
 *                     must live until OPEN or CLOSED. NULL or empty: THM_E_NAME_EMPTY. Between clients: NULL
 * @param session      client: may be NULL; read at the start, written once OPEN; must live until then.
 *                     Between clients: NULL
 * @return THM_OK; THM_E_STATE without credentials, or on a domain of the other role, or, between clients, with a name or a
 *         session, or with credentials that are no user's; THM_E_LIMIT for a name that is too long and, for
 *         thm_tls_connect(), when all engines, slots or buffers are lent
 *
 * thm_tls_accept() is missing without THM_TLS_SERVER, thm_tls_evict() and thm_tls_domain_now() without THM_TLS_SERVES.
 */
int thm_tls_accept(struct thm_tls *t, struct thm_tls_domain *domain, thm_socket socket);
int thm_tls_connect(struct thm_tls *t, struct thm_tls_domain *domain, thm_socket socket,
                    const char *server_name, struct thm_tls_session *session);

/**
 * Moves the connection on after an event of its socket (or after a slot became free for one that is
 * QUEUED): does the I/O and cryptography that can be done now, at most one flight.
 *
 * A handshake that fails here sends the alert that says why. An accepted end then stays CLOSING, with
 * `error` set, until the other has closed, so that the alert isn't overtaken by a reset; it holds
 * nothing but its socket.
 *
 * @param what   THM_EV_* bits that were reported, or 0
 * @param utc_s  UTC in seconds for certificate dates; 0 when the clock is not set (client: every
 *               certificate is then refused with THM_E_CLOCK)
 * @return the phase after it
 */
enum thm_tls_phase thm_tls_advance(struct thm_tls *t, uint32_t what, uint64_t utc_s);

/**
 * Application data that has arrived, in place. Lends an input buffer while a record is open.
 *
 * @param data  receives the bytes; they may be changed in place; valid until thm_tls_consume()
 * @return OK with *len >= 1; AGAIN; EOF after the peer's close_notify (t->error is THM_OK), or when it
 *         closed between records without one (THM_E_CLOSED: something may be missing); ERROR with
 *         t->error set. After EOF and ERROR the connection is to be closed.
 *         AGAIN is also returned when no input buffer is free: call again in a later turn when
 *         thm_tls_starved() says so.
 */
enum thm_io thm_tls_read(struct thm_tls *t, unsigned char **data, size_t *len);

/** Says that `n` of the bytes that thm_tls_read() gave are used. */
void thm_tls_consume(struct thm_tls *t, size_t n);

/** Whether thm_tls_read() stopped for want of a buffer although a record waits. */
bool thm_tls_starved(const struct thm_tls *t);

/**
 * Encrypts and sends application data: as few records as the peer's limits allow, as few writes as
 * possible. What is taken is either sent or held in the output buffer.
 *
 * @param n  receives the bytes taken; fewer than `len` when the socket is full: call again after WRITE.
 *           When nothing is held either (thm_tls_holds_output()), no output buffer was free: call
 *           again in a later turn.
 * @return OK (also with *n == 0), or ERROR with t->error set; what has arrived can still be read
 */
enum thm_io thm_tls_write(struct thm_tls *t, const void *data, size_t len, size_t *n);

/** Sends what is held. OK: nothing is held any more; AGAIN; ERROR. */
enum thm_io thm_tls_flush(struct thm_tls *t);

/** Whether a record is half sent. */
bool thm_tls_holds_output(const struct thm_tls *t);

/** Says that thm_tls_close() comes as soon as thm_tls_write() has taken all. What it takes until then waits for
 * that call, as far as there is room, so that last words and close_notify leave together. */
void thm_tls_cork(struct thm_tls *t);

/**
 * Ends the connection: sends what is held, close_notify and FIN, gives everything back but the socket,
 * and drops what the peer still sends until it has closed as well (else a reset might overtake our last
 * words). CLOSED at once when the peer has closed already, else CLOSING until thm_tls_advance() brings
 * it to CLOSED; who doesn't want to wait calls thm_tls_abort(). During a handshake it is an abort.
 */
void thm_tls_close(struct thm_tls *t);

/** Ends the connection at once, without a word, and gives everything back. `error` is kept as the reason
 * unless one is set already. */
void thm_tls_abort(struct thm_tls *t, int error);

/**
 * Ends the handshake that has waited longest for its peer, if it has waited for at least `age_ms`: it
 * makes room when others are QUEUED, so that half-open handshakes keep nobody out. Only on a server's domain
 * is their order kept.
 *
 * @return the connection that was aborted with THM_E_TIMEOUT, or NULL
 */
struct thm_tls *thm_tls_evict(struct thm_tls_domain *d, uint64_t now_ms, uint32_t age_ms);

/** Tells a server's domain the time of this turn; thm_tls_evict() measures with it. */
void thm_tls_domain_now(struct thm_tls_domain *d, uint64_t now_ms);

/** SHA-256 of the server's leaf as this session saw it first: kept with a session that is resumed. Only
 * while OPEN. */
const uint8_t *thm_tls_server_leaf_hash(const struct thm_tls *t);

#endif
