/*
 * What is done to a BearSSL engine beside its API: lending it buffers only while it needs them, and
 * a few questions that the API has no answer to.
 *
 * This is the only part of thimble that touches private fields of BearSSL; it is written for 0.6.
 */
#ifndef THM_TLS_ENGINE_H
#define THM_TLS_ENGINE_H

#include <stdbool.h>

#include <bearssl.h>

#include "thimble/config.h"

/* A buffer for outgoing records. Finished records gather in it so that one write sends them all. */
struct thm_out_buffer {
    uint32_t at, end; /* data[at..end) is to be sent */
    unsigned char data[THM_TLS_OUT];
};

/* --- while a context is made --- */

#define THM_SEED 64 /* bytes */

/** Seeds an engine's generator, an HMAC_DRBG (SP 800-90A, section 10.1.2) on `sha256`, which then asks neither
 * the CPU nor the system. Its working state is two values that nobody can tell from random ones: here they are
 * `seed`, which is random, and needn't be derived from one by hashing. */
void thm_engine_seed(br_ssl_engine_context *engine, const br_hash_class *sha256,
                     const uint8_t seed[THM_SEED]);

/** Whether an engine that was just reset looks as this file expects: the guard against a library that
 * is not 0.6. */
bool thm_engine_is_known(const br_ssl_engine_context *engine);

/** To be called after a server's engine was reset: what it sends before a version is agreed on, an
 * alert, bears this version. 0.6 would write 0.0, which no client takes for TLS. */
void thm_engine_speak_tls12(br_ssl_engine_context *engine);

#if THM_TLS_SERVER
typedef int (*thm_engine_choice)(const br_ssl_server_policy_class **policy,
                                 const br_ssl_server_context *server,
                                 br_ssl_server_choices *choices);

/** Has a server's suite and chain chosen by another function than its policy's own.
 *
 * @param policy  becomes that policy with `choice` in it; lives as long as the engine does
 * @return the policy's own choice, which `choice` may call */
thm_engine_choice thm_engine_choose_by(br_ssl_server_context *server,
                                       br_ssl_server_policy_class *policy,
                                       thm_engine_choice choice);
#endif

/** Has at most THM_PEER_RECORD bytes of plaintext put in a record, whatever the peer allows. To be called when the engine has
 * its buffers, before it is reset. Missing without THM_CALLS. */
void thm_engine_limit_records(br_ssl_engine_context *engine);

/* --- questions --- */

/** Whether the handshake is over and application data may flow. */
bool thm_engine_is_open(const br_ssl_engine_context *engine);

/** Whether nothing was encrypted yet and no record is half sent: an alert may be sent in the clear. */
bool thm_engine_sends_clear(const br_ssl_engine_context *engine);

/** Whether the engine waits for the first byte of a record. */
bool thm_engine_between_records(const br_ssl_engine_context *engine);

/** Whether the engine has no output: no record that is gathering data, none that is being sent. */
bool thm_engine_output_idle(const br_ssl_engine_context *engine);

/** Bytes of the record that brings the peer's Finished, at least: that much is to come after any other
 * record of its handshake. 0 once that record is the next. */
size_t thm_engine_finished_len(const br_ssl_engine_context *engine);

/** Whether this is the session that the engine is in. */
bool thm_engine_in_session(const br_ssl_engine_context *engine, const uint8_t id[32]);

/** What is left of the piece of a handshake message that is being read: within a session cache's
 * load(), the ClientHello from its cipher suites on. */
const unsigned char *thm_engine_unread(const br_ssl_engine_context *engine, size_t *len);

/* --- lending --- */

/** Lends a buffer of THM_TLS_IN bytes, or takes it back (NULL). Only between two records. */
void thm_engine_lend_input(br_ssl_engine_context *engine, unsigned char *buffer);

/** Lends an empty output buffer, or takes it back (NULL). Only while the output is idle. */
void thm_engine_lend_output(br_ssl_engine_context *engine, struct thm_out_buffer *out);

/** Moves finished records into the part of `out` that is to be sent, as long as the engine has room
 * for another behind them. What doesn't fit stays with the engine (sendrec_buf), right behind. */
void thm_engine_gather(br_ssl_engine_context *engine, struct thm_out_buffer *out);

/** Bytes that wait to be sent, gathered or not. */
size_t thm_engine_pending(const br_ssl_engine_context *engine, const struct thm_out_buffer *out,
                          const unsigned char **bytes);

/** Says that `n` of the pending bytes are sent. */
void thm_engine_sent(br_ssl_engine_context *engine, struct thm_out_buffer *out, size_t n);

#endif
