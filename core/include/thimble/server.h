/*
 * The server: one shard. One loop, one thread, its own connections, blocks and randomness; all memory from
 * the caller. A process may run several that share a store.
 *
 *     n = port->ops->wait(port, thm_server_deadline(s), events, cap);
 *     thm_server_step(s, now_ms, events, n);
 */
#ifndef THIMBLE_SERVER_H
#define THIMBLE_SERVER_H

#include "thimble/port.h"
#include "thimble/stream.h"
#include "thimble/tls.h"
#include "thimble/wire.h"

enum thm_log_level { THM_LOG_ERROR, THM_LOG_WARNING, THM_LOG_INFO, THM_LOG_DEBUG };

/*
 * One thing worth a line in the log: who, when, where, how much and why, never text or secrets. The
 * strings are borrowed until the callback returns; NULL or 0 where they don't apply.
 */
struct thm_log_record {
    enum thm_log_level level;
    const char *event;   /* a stable word: "connect", "login", "message", "refused", "close" ... */
    uint32_t connection; /* number of the connection since the start, 0: none */
    const struct thm_address *address;
    const char *user, *device, *alias;
    const uint8_t *key_hash; /* THM_KEY_HASH bytes */
    const char *room;
    const char *to; /* of a whisper: USER or USER@DEVICE */
    uint64_t n;     /* the entry's number */
    uint64_t size;  /* bytes */
    int code;       /* THM_E_*, the reason */
    const char *detail;
};

/* What a device may do only so often, over all its connections; config.h says what counts as what. */
enum thm_limit_kind {
    THM_LIMIT_LINES,
    THM_LIMIT_BYTES,
    THM_LIMIT_JOINS,
    THM_LIMIT_LOGINS,
    THM_LIMIT_LOOKUPS,
    THM_LIMITS
};
struct thm_limit {
    uint32_t rate;  /* a second, at most THM_LIMIT_MAX; 0: no limit */
    uint32_t burst; /* at once, 1 to THM_LIMIT_MAX */
};
#define THM_LIMIT_MAX (1u << 30)
/* How a user proves who he is. */
enum thm_auth_policy {
    THM_AUTH_DEFAULT, /* of a user: as the server's configuration says; of a server: CERTIFICATE */
    THM_AUTH_CERTIFICATE, /* the device's certificate suffices */
    THM_AUTH_PASSCODE     /* the certificate, and the user's passcode */
};

/*
 * A certificate that is to be made for a device, by somebody else than the server: it has no CA's key. `request` is what the
 * device sent, not looked at; only its key counts.
 */
struct thm_signing {
    char user[THM_ID_MAX + 1], device[THM_ID_MAX + 1]; /* whom the certificate shall name */
    size_t request_len;
    uint8_t request[THM_CSR_MAX]; /* PKCS#10, DER */
    /* The answer. THM_OK; THM_E_CSR: the request is no good; THM_E_APPROVAL: somebody has to agree first, and the same
     * request will come again; THM_E_NOT_ALLOWED: he did not; THM_E_SIGNER: not now. */
    int result;
    uint8_t key_hash[THM_KEY_HASH]; /* of the certificate's key */
    uint64_t not_after_s;           /* and its end, seconds since 1970 */
    size_t certificate_len;
    uint8_t certificate[THM_ISSUED_MAX]; /* DER */
};

/* What a server is made of. Counts are 1 or more. */
struct thm_server_config {
    struct thm_port *port;
    struct thm_store *store;
    const struct thm_tls_backend *backend; /* NULL: BearSSL's own */
    bool prefer_aes;
    const char *name;         /* how it calls itself in auth_reply */
    uint32_t max_clients;     /* sessions at a time */
    uint32_t spare_clients;   /* further connections that are told `full`; 2 or more */
    uint32_t max_handshakes;  /* at a time; the excess waits */
    uint32_t max_per_address; /* handshakes at a time from one address */
    uint32_t max_rooms;
    uint32_t max_users;    /* whose inbox and alias are remembered; at least max_clients */
    uint32_t memberships;  /* of all sessions in all rooms, inboxes included */
    uint32_t states;       /* retained states of devices */
    uint32_t blocks;       /* THM_BLOCK bytes each, for the newest entries of all streams */
    uint32_t appends;      /* messages on their way to the store */
    uint32_t reads;        /* reads from the store at a time */
    uint32_t lines;        /* partial lines at a time, THM_LINE_MAX bytes each */
    uint32_t outputs;      /* output buffers, THM_OUT_BUFFER bytes each */
    uint32_t tls_sessions; /* resumable sessions */
    uint32_t devices;      /* whose limits are remembered; at least max_clients + spare_clients */
    struct thm_limit limits[THM_LIMITS]; /* of one device */
    /* Direct sessions, where THM_CALLS is not 0; these may be 0. */
    uint32_t
        callables; /* sessions that can be called, at a time: more than max_clients are of no use; 0: there is no directory */
    uint32_t relays; /* between two of them at a time; 0: nothing is relayed */
    /* Accounts, where the store keeps records; else PASSCODE is THM_E_CONFIG and the counts are not looked at. */
    bool history_all;          /* in a new room who joins may read what was said before */
    enum thm_auth_policy auth; /* of users whose account says nothing else */
    uint32_t logins;           /* by passcode at a time, max_per_address of them from one address */
    uint32_t attempts;         /* devices whose wrong passcodes are counted, 1 to 2^20 */
    /* Enrolment and renewal. Has a certificate made: never blocks; the answer comes by thm_server_signed(), once, in the
     * server's thread and not from within this call. False: not now. NULL: this server has none made. */
    bool (*sign)(void *ctx, struct thm_signing *signing);
    void *sign_ctx;
    uint32_t signings; /* at a time */
    uint32_t
        invitations; /* that are kept at a time, used and expired ones for a while; needs records in the store */
    void (*log)(void *ctx, const struct thm_log_record *record);
    void *log_ctx;
};

/** Fills in counts that suit a desktop with so many clients; port, store, name and log are left alone. */
void thm_server_config_default(struct thm_server_config *config, uint32_t max_clients);

struct thm_server;

/* What the memory is for; in the order in which it lies. */
struct thm_server_cost {
    const char *what;
    size_t each, count;
};

/**
 * Bytes of memory that a server of this configuration takes. The store must be set: what accounts take is counted where it
 * keeps records.
 *
 * @param cost  receives up to `cap` rows of what it is for, ended by a NULL `what`; may be NULL
 */
size_t thm_server_size(const struct thm_server_config *config, struct thm_server_cost *cost,
                       unsigned cap);

/**
 * Makes a server in the caller's memory (16-byte aligned, zeroed as mmap gives it: what is never used is
 * never touched).
 *
 * @return THM_OK, THM_E_CONFIG, THM_E_MEMORY, THM_E_ENTROPY
 */
int thm_server_init(struct thm_server **out, void *memory, size_t size,
                    const struct thm_server_config *config);

/**
 * Sets or replaces certificates and deny-list, before the first listen and on a reload. Sessions of denied
 * devices end at once. The former credentials are in use until thm_server_uses() says no.
 */
void thm_server_set_credentials(struct thm_server *s, const struct thm_credentials *credentials,
                                const struct thm_denylist *denylist);
bool thm_server_uses(const struct thm_server *s, const struct thm_credentials *credentials);

/** Listens on a numeric address; up to 16 of them. What port.h's listen returns, or THM_E_LIMIT. */
int thm_server_listen(struct thm_server *s, const char *host, uint16_t number,
                      struct thm_address *bound);

/** Moves everything on. Events with tags below THM_SERVER_TAG_FIRST are not the server's: left alone. */
void thm_server_step(struct thm_server *s, uint64_t now_ms, const struct thm_event *events, int n);
#define THM_SERVER_TAG_FIRST 16u

/** When thm_server_step() must be called next at the latest, ms; 0: at once; UINT64_MAX: never. */
uint64_t thm_server_deadline(const struct thm_server *s);

/**
 * Says goodbye to all and takes no new connections. thm_server_idle() tells when all are gone or were given
 * THM_CLOSE_MS.
 */
void thm_server_shutdown(struct thm_server *s);
bool thm_server_idle(const struct thm_server *s);

/**
 * Says why the store can't write just now, so that people whose messages wait are told: up to 150 bytes, kept until it
 * is replaced. NULL: that is over. May be called from within the store's collect.
 */
void thm_server_store_trouble(struct thm_server *s, const char *sentence);

/** The certificate is made, or can't be; `signing` is the server's again. */
void thm_server_signed(struct thm_server *s, struct thm_signing *signing);

/* --- for the operator at the server's own console ------------------------------------------- */

/* One session as the operator sees it. Strings are the server's, valid until the next step. */
struct thm_session_info {
    uint32_t connection;
    const char *user, *device, *alias;
    struct thm_address address;
    uint64_t since_ms; /* UTC */
    uint32_t rooms;
};

/** Walks the sessions that are logged in: start with *at = 0; false at the end. */
bool thm_server_next_session(const struct thm_server *s, uint32_t *at,
                             struct thm_session_info *info);

/* One room as the operator sees it. Strings are the server's, valid until the next step. */
struct thm_room_info {
    const char *name, *topic; /* "" without a topic */
    uint32_t members;         /* sessions */
    uint64_t n;               /* of the newest message, 0: none yet */
};

/** Walks the rooms that somebody is in: start with *at = 0; false at the end. */
bool thm_server_next_room(const struct thm_server *s, uint32_t *at, struct thm_room_info *info);

/**
 * Ends the sessions of a user, or of one device ("user@device"). Returns how many.
 *
 * @param reason  what they are told: a `reason` of the wire; anything else is replaced by the usual words
 */
unsigned thm_server_kick(struct thm_server *s, const char *target, const char *reason);

/** Sends a notice from the operator to everybody who is online and has credit for it. Returns how many; or
 * THM_E_UTF8 ... */
int thm_server_notice(struct thm_server *s, const char *text, size_t len);

struct thm_server_stats {
    uint32_t connections, sessions, users, rooms, memberships;
    uint64_t accepted;         /* connections since the start */
    uint64_t logins, refused;  /* since the start */
    uint64_t passcodes_failed; /* since the start: proofs that were not right */
    uint64_t messages;         /* entries taken */
    uint64_t deliveries;       /* entries delivered */
    uint64_t bytes_in, bytes_out;
    uint64_t turns, visits; /* of the loop, and connections looked at in them */
    uint32_t blocks_free;
    uint64_t lines_paced;                  /* taken later than they came, since the start */
    uint32_t devices_paced;                /* that wait now */
    uint32_t relays;                       /* now, those included whose end is still to be told */
    uint64_t relays_opened, relayed_bytes; /* since the start */
    uint32_t callables_used, tickets_used, relay_buffers_used; /* 0 when all have gone */
    uint32_t outputs_used, lines_used, appends_used, reads_used,
        logins_used; /* 0 when all is quiet */
    struct thm_tls_usage tls;
};
void thm_server_stats(const struct thm_server *s, struct thm_server_stats *out);

#endif
