#include "tls/engine.h"

#include <stddef.h>
#include <string.h>

/* The layout that this file was written for. */
#if UINTPTR_MAX > 0xffffffffu
_Static_assert(sizeof(br_ssl_server_context) == 4128 && sizeof(br_ssl_client_context) == 3720 &&
                   offsetof(br_ssl_engine_context, ixa) == 48 &&
                   offsetof(br_ssl_engine_context, oxa) == 72 &&
                   offsetof(br_ssl_engine_context, max_frag_len) == 40,
               "thimble is written for BearSSL 0.6");
#else
_Static_assert(offsetof(br_ssl_engine_context, ixa) == 24 &&
                   offsetof(br_ssl_engine_context, oxa) == 36 &&
                   offsetof(br_ssl_engine_context, max_frag_len) == 20,
               "thimble is written for BearSSL 0.6");
#endif

_Static_assert(THM_SEED == 2 * br_sha256_SIZE, "a seed is the generator's K and V");

#define HEADER 5 /* bytes of a record's header */
/* Bytes of a Finished message (RFC 5246, section 7.4.9), and what each suite adds to a record's content
 * (RFC 5288, section 3: nonce and tag; RFC 7905, section 2: tag). */
#define FINISHED      16
#define ADDED_BY_GCM  (8 + 16)
#define ADDED_BY_POLY 16
/* What a buffer must have left for the engine to go on in it: its smallest record and overhead. */
#define ROOM (512 + 85)

void thm_engine_seed(br_ssl_engine_context *engine, const br_hash_class *sha256,
                     const uint8_t seed[THM_SEED])
{
    engine->rng.vtable = &br_hmac_drbg_vtable;
    engine->rng.digest_class = sha256;
    memcpy(engine->rng.K, seed, br_sha256_SIZE);
    memcpy(engine->rng.V, seed + br_sha256_SIZE, br_sha256_SIZE);
    engine->rng_init_done = 2;    /* there and seeded */
    engine->rng_os_rand_done = 1; /* with no need of the system's */
}

void thm_engine_speak_tls12(br_ssl_engine_context *engine)
{
    engine->version_out = BR_TLS12;
}

#if THM_TLS_SERVER
thm_engine_choice thm_engine_choose_by(br_ssl_server_context *server,
                                       br_ssl_server_policy_class *policy, thm_engine_choice choice)
{
    const br_ssl_server_policy_class *own = *server->policy_vtable;

    *policy = *own;
    policy->choose = choice;
    *server->policy_vtable = policy;
    return own->choose;
}
#endif

#if THM_CALLS
void thm_engine_limit_records(br_ssl_engine_context *engine)
{
    const unsigned log = 10;

    _Static_assert(THM_PEER_RECORD == 1 << 10, "a length that TLS can negotiate");
    if (engine->log_max_frag_len <= log)
        return;
    engine->max_frag_len = THM_PEER_RECORD;
    engine->log_max_frag_len = (unsigned char)log; /* else a client that asks for more gets it */
}
#endif

bool thm_engine_is_known(const br_ssl_engine_context *engine)
{
    return thm_engine_between_records(engine) && thm_engine_output_idle(engine) &&
           engine->oxa == HEADER && engine->ibuf_len == THM_TLS_IN &&
           engine->obuf_len == THM_TLS_OUT && engine->rng_init_done == 2 && !engine->incrypt;
}

bool thm_engine_is_open(const br_ssl_engine_context *engine)
{
    return engine->application_data == 1 && br_ssl_engine_last_error(engine) == BR_ERR_OK &&
           br_ssl_engine_current_state(engine) != BR_SSL_CLOSED;
}

bool thm_engine_sends_clear(const br_ssl_engine_context *engine)
{
    return engine->out.vtable == &br_sslrec_out_clear_vtable &&
           (engine->oxa != engine->oxb || engine->oxa == engine->oxc);
}

bool thm_engine_between_records(const br_ssl_engine_context *engine)
{
    return engine->ixa == 0 && engine->ixb == 0 && engine->ixc == HEADER;
}

bool thm_engine_output_idle(const br_ssl_engine_context *engine)
{
    return engine->oxa == engine->oxc && engine->oxa != engine->oxb;
}

size_t thm_engine_finished_len(const br_ssl_engine_context *engine)
{
    bool gcm = engine->session.cipher_suite == BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

    if (engine->incrypt)
        return 0;
    return HEADER + FINISHED + (gcm ? ADDED_BY_GCM : ADDED_BY_POLY);
}

bool thm_engine_in_session(const br_ssl_engine_context *engine, const uint8_t id[32])
{
    return engine->session.session_id_len == 32 && memcmp(engine->session.session_id, id, 32) == 0;
}

const unsigned char *thm_engine_unread(const br_ssl_engine_context *engine, size_t *len)
{
    *len = engine->hlen_in;
    return engine->hbuf_in;
}

void thm_engine_lend_input(br_ssl_engine_context *engine, unsigned char *buffer)
{
    engine->ibuf = buffer;
}

/* Makes ready for a record at the start of obuf, as BearSSL's make_ready_out() does. */
static void ready_output(br_ssl_engine_context *engine)
{
    size_t start = HEADER, end = engine->obuf_len - HEADER;

    engine->out.vtable->max_plaintext(&engine->out.vtable, &start, &end);
    if (end - start > engine->max_frag_len)
        end = start + engine->max_frag_len;
    engine->oxa = start;
    engine->oxb = end;
    engine->oxc = start;
}

/* Starts at the front of a buffer in which nothing is left to be sent. */
static void rewind_output(br_ssl_engine_context *engine, struct thm_out_buffer *out)
{
    out->at = out->end = 0;
    engine->obuf = out->data;
    engine->obuf_len = sizeof out->data;
}

void thm_engine_lend_output(br_ssl_engine_context *engine, struct thm_out_buffer *out)
{
    if (!out) {
        engine->obuf = NULL;
        return;
    }
    rewind_output(engine, out);
    ready_output(engine);
}

void thm_engine_gather(br_ssl_engine_context *engine, struct thm_out_buffer *out)
{
    size_t n;
    unsigned char *record;

    while ((record = br_ssl_engine_sendrec_buf(engine, &n)) != NULL) {
        size_t end = (size_t)(record - out->data) + n;
        if (sizeof out->data - end < ROOM)
            return;
        out->end = (uint32_t)end;
        engine->obuf = out->data + end;
        engine->obuf_len = sizeof out->data - end;
        br_ssl_engine_sendrec_ack(engine, n);
    }
}

size_t thm_engine_pending(const br_ssl_engine_context *engine, const struct thm_out_buffer *out,
                          const unsigned char **bytes)
{
    size_t n;
    const unsigned char *record = br_ssl_engine_sendrec_buf(engine, &n);

    *bytes = out->at < out->end || !record ? out->data + out->at : record;
    return out->end - out->at + n;
}

void thm_engine_sent(br_ssl_engine_context *engine, struct thm_out_buffer *out, size_t n)
{
    size_t gathered = out->end - out->at;
    size_t record;

    if (n < gathered) {
        out->at += (uint32_t)n;
        return;
    }
    n -= gathered;
    out->at = out->end;
    if (!br_ssl_engine_sendrec_buf(engine, &record)) {
        if (thm_engine_output_idle(engine))
            thm_engine_lend_output(engine, out);
        return;
    }
    if (n == record) /* the next record is made ready while this one is acknowledged */
        rewind_output(engine, out);
    if (n > 0)
        br_ssl_engine_sendrec_ack(engine, n);
}
