/*
 * Passcodes: SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), both ends of it, bound to the server's certificate by
 * `tls-server-end-point` (RFC 5929, section 4). Without that binding there is no exchange, and no fallback.
 *
 *     client                                server
 *     thm_scram_client_start()    ------->  thm_scram_server_first()       p=tls-server-end-point,,n=ali,r=...
 *                                           thm_scram_server_challenge()
 *     thm_scram_client_challenge() <------                                 r=...,s=...,i=...
 *     thm_scram_client_answer()   ------->  thm_scram_server_final()       c=...,r=...,p=...
 *     thm_scram_client_verify()   <-------                                 v=... or e=...
 *
 * Pure state machines over structs of the caller's: no I/O, no clock, no memory but theirs; random bytes and the
 * certificate's hash are passed in. A call takes microseconds, but thm_scram_keys_step() and thm_pbkdf2_step(), which take
 * as long as they are told. Stack: less than 1.5 KB on a Cortex-M3. Different structs may be used in different threads.
 *
 * The server stores a verifier, which can't be used to log in, but makes guessing as cheap as one derivation a guess,
 * and lets a thief play the server's part. A client that keeps no passcode, as a board, keeps struct thm_scram_keys,
 * which is as good as the passcode at this server and at no other, since others have another salt.
 *
 * Passcodes are bytes here: whoever reads them prepares them (RFC 4013), so that every keyboard's "é" is the same.
 */
#ifndef THIMBLE_AUTH_H
#define THIMBLE_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thimble/config.h"
#include "thimble/error.h"

/* The mechanism's name, as in the key `mechanism` (RFC 7677, section 4). */
#define THM_SCRAM_MECHANISM "SCRAM-SHA-256-PLUS"

/* Bytes of SHA-256: keys, signatures, proofs, the certificate's hash. */
#define THM_SCRAM_KEY 32
/* Random bytes that each end puts in for one exchange: 24 characters. */
#define THM_SCRAM_ENTROPY 18
/* Bytes of the longest message that either end makes, with its terminator; and of the longest server-first that a client
 * takes. */
#define THM_SCRAM_MESSAGE 320
/* Bytes of a verifier as text, with its terminator. */
#define THM_SCRAM_VERIFIER_TEXT 200

/* X(name, word, sentence). The word is the server-error-value of RFC 5802, section 7, where it has one: it stands in
 * `e=` and in logs. The sentence is for the person at the client. */
#define THM_SCRAM_REASONS(X)                                                                       \
    X(THM_SCRAM_OK, "ok", "the passcode is right")                                                 \
    /* either end */                                                                               \
    X(THM_SCRAM_STATE, "other-error", "the login's messages came in a wrong order")                \
    X(THM_SCRAM_MALFORMED, "invalid-encoding", "a message of the login is not of its form")        \
    X(THM_SCRAM_EXTENSION, "extensions-not-supported",                                             \
      "the other side asks for an extension of the login that is not known here")                  \
    X(THM_SCRAM_NONCE, "other-error", "an answer belongs to another login")                        \
    X(THM_SCRAM_BAD_SALT, "other-error", "the passcode's salt is too short or too long")           \
    X(THM_SCRAM_TOO_FEW, "other-error", "the passcode would be guarded by too few iterations")     \
    X(THM_SCRAM_TOO_MANY, "other-error", "the server asks for more iterations than are done here") \
    /* the server */                                                                               \
    X(THM_SCRAM_NO_BINDING, "server-does-support-channel-binding",                                 \
      THM_ELSEWHERE("the login must be bound to the server's certificate"))                        \
    X(THM_SCRAM_BINDING_TYPE, "unsupported-channel-binding-type",                                  \
      THM_ELSEWHERE("the login can be bound by tls-server-end-point only"))                        \
    X(THM_SCRAM_BINDING, "channel-bindings-dont-match",                                            \
      "the login is bound to another server's certificate")                                        \
    X(THM_SCRAM_AUTHZID, "authzid-not-supported",                                                  \
      THM_ELSEWHERE("nobody can act for somebody else"))                                           \
    X(THM_SCRAM_USER, "invalid-username-encoding",                                                 \
      THM_ELSEWHERE("the user's name is not of its form"))                                         \
    X(THM_SCRAM_PROOF, "invalid-proof", "the passcode is wrong")                                   \
    /* the client */                                                                               \
    X(THM_SCRAM_OTHER_KEYS, "other-error",                                                         \
      "the passcode was changed at the server since this device was given its keys: provision it " \
      "anew")                                                                                      \
    X(THM_SCRAM_NO_KEYS, "other-error",                                                            \
      "the server asks for a passcode, and this device was given no keys of one: provision it "    \
      "anew")                                                                                      \
    X(THM_SCRAM_REFUSED, "other-error", "the server refused the passcode")                         \
    X(THM_SCRAM_SERVER, "other-error",                                                             \
      "the server could not prove that it knows this user: it may be another one")

enum thm_scram {
#define THM_SCRAM_ENUM(name, word, sentence) name,
    THM_SCRAM_REASONS(THM_SCRAM_ENUM)
#undef THM_SCRAM_ENUM
};

/** The word of a reason; a static string. */
const char *thm_scram_word(enum thm_scram reason);

/** One sentence for whoever logs in; the word where the sentence was left out (THM_ALL_SENTENCES). A static string. */
const char *thm_scram_text(enum thm_scram reason);

/* ------------------------------------------------------------------------------------------- */

/*
 * PBKDF2 with HMAC-SHA-256 (RFC 8018, section 5.2) for 32 bytes, which are its first block, in steps: it is made to be slow,
 * and neither a board's loop nor a server's may stand still. Only written by the functions below.
 */
struct thm_pbkdf2 {
    _Alignas(8) unsigned char key[136];
    uint8_t u[THM_SCRAM_KEY], sum[THM_SCRAM_KEY];
    uint32_t left; /* iterations still to be done */
};

/**
 * Begins, and does the first iteration. Neither passcode nor salt is needed afterwards.
 *
 * @param iterations  at least 1; 0 counts as 1
 */
void thm_pbkdf2_start(struct thm_pbkdf2 *p, const void *passcode, size_t len, const uint8_t *salt,
                      size_t salt_len, uint32_t iterations);

/**
 * Goes on by at most `iterations`.
 *
 * @return true: all are done
 */
bool thm_pbkdf2_step(struct thm_pbkdf2 *p, uint32_t iterations);

/**
 * Gives the result and wipes `p`.
 *
 * @return false: not all iterations are done, nothing happened
 */
bool thm_pbkdf2_done(struct thm_pbkdf2 *p, uint8_t out[THM_SCRAM_KEY]);

/* ------------------------------------------------------------------------------------------- */

/* What a client needs in place of the passcode. As secret as the passcode. */
struct thm_scram_keys {
    uint32_t iterations;
    uint8_t salt_len;
    uint8_t salt[THM_SCRAM_SALT_MAX];
    uint8_t client_key[THM_SCRAM_KEY];
    uint8_t server_key[THM_SCRAM_KEY];
};

/* What a server stores of a passcode. To be kept from others' eyes all the same: it can be guessed against. */
struct thm_scram_verifier {
    uint32_t iterations; /* THM_SCRAM_ITERATIONS_MIN to _MAX */
    uint8_t salt_len;    /* THM_SCRAM_SALT_MIN to _MAX; new ones have THM_SCRAM_SALT */
    uint8_t salt[THM_SCRAM_SALT_MAX];
    uint8_t stored_key[THM_SCRAM_KEY];
    uint8_t server_key[THM_SCRAM_KEY];
};

/* A derivation of keys that is under way. */
struct thm_scram_job {
    struct thm_pbkdf2 pbkdf2;
    struct thm_scram_keys *keys;
};

/**
 * Begins to derive keys from a passcode.
 *
 * @param keys      receives them when the job is done; must live until then
 * @param passcode  prepared, `len` bytes; not needed afterwards
 * @param salt      random for a new verifier, else the server's
 * @return THM_SCRAM_OK; THM_SCRAM_BAD_SALT, THM_SCRAM_TOO_FEW, THM_SCRAM_TOO_MANY: out of the range that config.h gives
 */
enum thm_scram thm_scram_keys_start(struct thm_scram_job *job, struct thm_scram_keys *keys,
                                    const void *passcode, size_t len, const uint8_t *salt,
                                    size_t salt_len, uint32_t iterations);

/**
 * Goes on with a job by at most `iterations` (1 or more): on a desktop 1,000 take about a millisecond.
 *
 * @return true: the keys are there and the job is wiped; not to be called again
 */
bool thm_scram_keys_step(struct thm_scram_job *job, uint32_t iterations);

/** Gives a job up and wipes it, and what it began to write. */
void thm_scram_keys_cancel(struct thm_scram_job *job);

/** The verifier that belongs to keys. */
void thm_scram_verifier_of(const struct thm_scram_keys *keys, struct thm_scram_verifier *verifier);

/**
 * Makes a verifier in one go, for programs that may stand still: THM_SCRAM_ITERATIONS take about 0.1 s on a desktop.
 *
 * @return as thm_scram_keys_start()
 */
enum thm_scram thm_scram_verifier_make(struct thm_scram_verifier *verifier, const void *passcode,
                                       size_t len, const uint8_t *salt, size_t salt_len,
                                       uint32_t iterations);

/** Writes a verifier as PostgreSQL does: SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, the last three in
 * Base64. Its ranges must be met. */
void thm_scram_verifier_print(const struct thm_scram_verifier *verifier,
                              char text[THM_SCRAM_VERIFIER_TEXT]);

/**
 * Reads a verifier of exactly that form.
 *
 * @param text  `len` bytes, need not be terminated
 * @return THM_SCRAM_OK; THM_SCRAM_MALFORMED; THM_SCRAM_BAD_SALT, THM_SCRAM_TOO_FEW, THM_SCRAM_TOO_MANY. Any failure leaves
 *         `verifier` wiped.
 */
enum thm_scram thm_scram_verifier_parse(struct thm_scram_verifier *verifier, const char *text,
                                        size_t len);

/* ------------------------------------------------------------------------------------------- */

/* What both ends sign in the end, as far as it has been said (AuthMessage of RFC 5802, section 3), and what the exchange
 * is bound to. */
struct thm_scram_said {
    uint16_t len;
    uint16_t nonce_at; /* in text */
    uint8_t nonce_len;
    uint8_t binding_len;
    uint8_t binding[56]; /* GS2 header and the certificate's hash */
    char text[448];
};

/* A client's end. Only `iterations`, `salt`, `salt_len` and `refusal` are for others to read. */
struct thm_scram_client {
    uint8_t phase;
    uint8_t
        refusal; /* enum thm_scram: what the server gave as its reason, after THM_SCRAM_REFUSED */
    uint8_t salt_len; /* the server's, valid after thm_scram_client_challenge() */
    uint32_t iterations;
    uint8_t salt[THM_SCRAM_SALT_MAX];
    uint8_t server_signature[THM_SCRAM_KEY];
    struct thm_scram_said said;
};

/**
 * Begins an exchange and writes client-first. May be called in any phase; what was there before is wiped.
 *
 * @param user       1 to THM_ID_MAX bytes, prepared
 * @param entropy    random bytes, used once
 * @param leaf_hash  hash of the server's certificate as this connection knows it: thm_tls_server_leaf_hash()
 * @param message    receives what is to be sent, terminated
 * @return THM_SCRAM_OK; THM_SCRAM_USER
 */
enum thm_scram thm_scram_client_start(struct thm_scram_client *c, const char *user,
                                      const uint8_t entropy[THM_SCRAM_ENTROPY],
                                      const uint8_t leaf_hash[THM_SCRAM_KEY],
                                      char message[THM_SCRAM_MESSAGE]);

/**
 * Takes server-first. Then the caller finds keys for the salt and iterations in `c`: those that it keeps, or
 * thm_scram_keys_start() with a passcode.
 *
 * @param message  `len` bytes, need not be terminated
 * @return THM_SCRAM_OK; THM_SCRAM_MALFORMED, THM_SCRAM_EXTENSION, THM_SCRAM_NONCE (does not extend ours), THM_SCRAM_BAD_SALT,
 *         THM_SCRAM_TOO_FEW, THM_SCRAM_TOO_MANY, THM_SCRAM_STATE. Any failure ends the exchange.
 */
enum thm_scram thm_scram_client_challenge(struct thm_scram_client *c, const char *message,
                                          size_t len);

/**
 * Writes client-final.
 *
 * @param keys     only read; not needed afterwards
 * @param message  receives what is to be sent, terminated; empty on failure
 * @return THM_SCRAM_OK; THM_SCRAM_OTHER_KEYS: not of this salt and iterations, the exchange can still be answered with
 *         others; THM_SCRAM_STATE
 */
enum thm_scram thm_scram_client_answer(struct thm_scram_client *c,
                                       const struct thm_scram_keys *keys,
                                       char message[THM_SCRAM_MESSAGE]);

/**
 * Takes server-final, and ends the exchange. A client believes nothing of a login before this has said OK: until then
 * whoever holds the certificate's key may be anybody.
 *
 * @return THM_SCRAM_OK: the server knows the verifier; THM_SCRAM_REFUSED: it refused, c->refusal says why, THM_SCRAM_REFUSED
 *         where that word is not known here; THM_SCRAM_SERVER: its signature is not right; THM_SCRAM_MALFORMED,
 *         THM_SCRAM_EXTENSION, THM_SCRAM_STATE
 */
enum thm_scram thm_scram_client_verify(struct thm_scram_client *c, const char *message, size_t len);

/** Wipes an exchange; to be called when it is given up. */
void thm_scram_client_wipe(struct thm_scram_client *c);

/* ------------------------------------------------------------------------------------------- */

/* What users that are not there are answered with. The secret stays the same for as long as verifiers are kept, or a
 * salt that changes would tell. */
struct thm_scram_unknown {
    uint8_t secret[32];  /* random, the server's own */
    uint32_t iterations; /* those of known users, as a rule THM_SCRAM_ITERATIONS */
};

/* A server's end. Only `user` is for others to read. */
struct thm_scram_server {
    uint8_t phase;
    uint8_t known;
    char user[THM_ID_MAX + 1]; /* whom the client says it is: from thm_scram_server_first() on */
    uint8_t stored_key[THM_SCRAM_KEY];
    uint8_t server_key[THM_SCRAM_KEY];
    struct thm_scram_said said;
};

/**
 * Takes client-first. Then the caller checks that the certificate is of this user (s->user), and looks the verifier up. May
 * be called in any phase; what was there before is wiped.
 *
 * @param message    `len` bytes, need not be terminated
 * @param leaf_hash  hash of the server's certificate as this connection's client saw it: thm_tls_server_leaf_hash()
 * @return THM_SCRAM_OK; THM_SCRAM_NO_BINDING (flag `n` or `y`), THM_SCRAM_BINDING_TYPE, THM_SCRAM_AUTHZID, THM_SCRAM_USER,
 *         THM_SCRAM_EXTENSION, THM_SCRAM_MALFORMED. Any failure ends the exchange; there is no message for it (RFC 5802 has
 *         `e=` in server-final only): thm_scram_word() says why.
 */
enum thm_scram thm_scram_server_first(struct thm_scram_server *s, const char *message, size_t len,
                                      const uint8_t leaf_hash[THM_SCRAM_KEY]);

/**
 * Writes server-first.
 *
 * @param verifier  the user's; NULL: there is none, or the user may not log in. Only read, not needed afterwards. NULL costs
 *                  the same work and gives the same messages up to the final error.
 * @param unknown   only read
 * @param entropy   random bytes, used once: an exchange could be replayed to a server that uses them twice
 * @param message   receives what is to be sent, terminated; empty on failure
 * @return THM_SCRAM_OK; THM_SCRAM_BAD_SALT, THM_SCRAM_TOO_FEW, THM_SCRAM_TOO_MANY: no verifier is like that; THM_SCRAM_STATE
 */
enum thm_scram thm_scram_server_challenge(struct thm_scram_server *s,
                                          const struct thm_scram_verifier *verifier,
                                          const struct thm_scram_unknown *unknown,
                                          const uint8_t entropy[THM_SCRAM_ENTROPY],
                                          char message[THM_SCRAM_MESSAGE]);

/**
 * Takes client-final, writes server-final, and ends the exchange: all but s->user is wiped.
 *
 * @param reply  receives what is to be sent, terminated: v= or e=; empty for THM_SCRAM_STATE
 * @return THM_SCRAM_OK: the client knows the passcode of s->user; THM_SCRAM_PROOF: no word more about why, also for users
 *         that are not there; THM_SCRAM_BINDING: the client saw another certificate, somebody may be in between;
 *         THM_SCRAM_NONCE: of another exchange; THM_SCRAM_MALFORMED, THM_SCRAM_EXTENSION, THM_SCRAM_STATE
 */
enum thm_scram thm_scram_server_final(struct thm_scram_server *s, const char *message, size_t len,
                                      char reply[THM_SCRAM_MESSAGE]);

/** Wipes an exchange; to be called when it is given up. */
void thm_scram_server_wipe(struct thm_scram_server *s);

#endif
