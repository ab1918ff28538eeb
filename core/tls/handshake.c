/*
 * From an accepted or dialled socket to OPEN.
 */
#include <string.h>

#include "tls/error_map.h"
#include "tls/internal.h"

#define RECORD_CCS 6 /* bytes of a ChangeCipherSpec record */
/* Headers and bodies that a handshake may take: about 12 when nobody plays for time. */
#define PIECES_MAX 128

/* --- setting up an engine --- */

static bool start_client(struct thm_tls *t, uint64_t utc_s)
{
    const struct thm_tls_domain *d = t->domain;
    const struct thm_loaded *own = thm_loaded(d->credentials);
    br_ssl_client_context *client = &thm_engine_of(t)->ssl.client;

    br_ssl_client_set_single_ec(client, own->chain, own->chain_len, &own->key, BR_KEYTYPE_SIGN,
                                BR_KEYTYPE_EC, d->profile.ec, d->profile.sign);
    return br_ssl_client_reset(client, thm_slot_of(t)->server_name, thm_resume_offer(t, utc_s));
}

static void start_guard(struct thm_tls *t)
{
    const struct thm_tls_domain *d = t->domain;
    const struct thm_loaded *own = thm_loaded(d->credentials);
    struct thm_guard *guard = &thm_slot_of(t)->guard;

    thm_guard_init(guard, thm_accepted(t) || thm_peers(d) ? THM_FOR_CLIENT : THM_FOR_SERVER, own,
                   d->profile.ec, d->profile.verify, &d->denylist);
    br_ssl_engine_set_x509(&thm_engine_of(t)->ssl.base, &guard->vtable);
}

#if THM_TLS_ADMITS
static size_t alpn_count(const struct thm_tls_domain *d)
{
    return d->config.enroll_alpn ? 2 : 1;
}
#else
#define alpn_count(d) 1
#endif

static int start(struct thm_tls *t, uint64_t utc_s)
{
    struct thm_tls_domain *d = t->domain;
    struct thm_engine *engine = thm_engine_of(t);
    struct thm_out_buffer *out = thm_out_of(t);
    struct thm_slot *slot = thm_slot_of(t);

    memset(engine, 0, thm_engine_size(&d->config));
    if (thm_domain_seed(d, &engine->ssl.base) != THM_OK)
        return THM_E_ENTROPY;
    slot->started = true;
    slot->credentials = d->credentials;
    thm_profile_apply(&d->profile, &engine->ssl.base, d->alpn, alpn_count(d));
    start_guard(t);
    out->at = out->end = 0;
    br_ssl_engine_set_buffers_bidi(&engine->ssl.base, thm_pool_at(&d->in_buffers, t->in_buffer),
                                   THM_TLS_IN, out->data, sizeof out->data);
    if (thm_peers(d))
        thm_engine_limit_records(&engine->ssl.base);
    if (!(thm_accepted(t) ? thm_accept_start(t) : start_client(t, utc_s)))
        return thm_tls_error(br_ssl_engine_last_error(&engine->ssl.base));
    return THM_OK;
}

bool thm_handshake_prepare(struct thm_tls *t)
{
    struct thm_slot *slot;

    if (!thm_domain_lend(t))
        return false;
    slot = thm_slot_of(t);
    slot->owner = t;
    slot->credentials = t->domain->credentials;
    return true;
}

/* --- the end of a handshake, good or bad --- */

static void send_alert(struct thm_tls *t, int description)
{
    const uint8_t alert[] = {THM_RECORD_ALERT, 3, 3, 0, 2, 2 /* fatal */, (uint8_t)description};
    struct thm_port *port = t->domain->config.port;
    size_t n;

    port->ops->send(port, t->socket, alert, sizeof alert, &n);
}

/*
 * BearSSL sends no alert for what it finds wrong itself, so it is done here while nothing is encrypted.
 * A server then goes on reading: its client may be in the middle of a flight, and a reset would
 * overtake the alert.
 */
static enum thm_tls_phase fail(struct thm_tls *t, int error)
{
    const struct thm_out_buffer *out = thm_out_of(t);
    int description = thm_tls_alert(error, t->bearssl_error);

    if (thm_slot_of(t)->started && description >= 0 && out->at == out->end &&
        thm_engine_sends_clear(&thm_engine_of(t)->ssl.base))
        send_alert(t, description);
    if (thm_accepted(t))
        thm_linger(t, error);
    else
        thm_finish(t, error);
    return t->phase;
}

/* Whose certificate is an invitation's has that refused with it. */
static int reason(const struct thm_tls *t, int e)
{
    int error = thm_tls_error(e);

    (void)t;
#if THM_ENROLL
    if (error == THM_E_CERT_REJECTED && thm_joins(t))
        return THM_E_INVITATION;
#endif
    return error;
}

static enum thm_tls_phase fail_engine(struct thm_tls *t)
{
    int e = br_ssl_engine_last_error(&thm_engine_of(t)->ssl.base);

    t->bearssl_error = (int16_t)e;
    if (e == THM_GUARD_REVOKED)
        t->peer = thm_slot_of(t)->guard.who;
    return fail(t, e == BR_ERR_OK ? THM_E_CLOSED : reason(t, e));
}

/* Who the peer is: proven by a chain just now, or when the session that was resumed was made. */
static bool adopt_peer(struct thm_tls *t)
{
    struct thm_engine *engine = thm_engine_of(t);
    const struct thm_slot *slot = thm_slot_of(t);
    const uint8_t *hash = slot->session.server_leaf_hash;

#if THM_TLS_ADMITS
    t->enrols = thm_enrols(t);
#endif
    if (slot->guard.verified) {
        t->peer = slot->guard.who;
        hash = thm_accepted(t) ? thm_loaded(slot->credentials)->leaf_hash : slot->guard.leaf_hash;
        thm_resume_remember(t);
    } else if (slot->tentative && !thm_enrols(t) &&
               thm_engine_in_session(&engine->ssl.base, slot->session.id)) {
        t->peer = slot->session.who;
        t->resumed = 1;
    } else {
        return false;
    }
    memcpy(t->server_leaf_hash, hash, sizeof t->server_leaf_hash);
    return true;
}

static enum thm_tls_phase open_connection(struct thm_tls *t)
{
    struct thm_tls_domain *d = t->domain;
    const struct thm_slot *slot = thm_slot_of(t);
    br_ssl_engine_context *engine = &thm_engine_of(t)->ssl.base;

    if (slot->ahead_len > THM_RECORD_HEADER)
        return fail(t, THM_E_TLS_RECORD);
    memcpy(t->header, slot->ahead, slot->ahead_len);
    t->header_len = slot->ahead_len;
    if (!br_ssl_engine_get_selected_protocol(engine))
        return fail(t, THM_E_ALPN);
    if (!adopt_peer(t))
        return fail(t, THM_E_NO_CERT);
    /* The deny-list may have changed since the peer was judged. */
    if (thm_denylist_has(d->denylist, t->peer.key_hash))
        return fail(t, THM_E_REVOKED);
    thm_input_settle(t);
    thm_output_settle(t);
    thm_domain_reclaim_slot(t);
    d->full += !t->resumed;
    d->resumed += t->resumed;
    t->phase = THM_TLS_OPEN;
    return t->phase;
}

/* --- under way --- */

/* How much may be read beyond a header's or a body's end. What is sure to belong to the handshake, for
 * application data has its own buffers: the peer's last two records, of which this may be the first.
 * And a header, for which every connection has room. */
static size_t room_ahead(const br_ssl_engine_context *engine, size_t cap)
{
    size_t finished = thm_engine_finished_len(engine);
    size_t ahead = finished + THM_RECORD_HEADER;

    if (thm_engine_between_records(engine))
        ahead = finished > 0 ? RECORD_CCS + finished : 0;
    return THM_RECORD_HEADER + cap + ahead <= THM_TLS_IN ? ahead : 0;
}

static void take_ahead(struct thm_slot *slot, unsigned char *buf, size_t cap)
{
    size_t n = cap - slot->arrived;

    if (n > slot->ahead_len)
        n = slot->ahead_len;
    memcpy(buf + slot->arrived, slot->ahead, n);
    slot->arrived += n;
    slot->ahead_len = (uint8_t)(slot->ahead_len - n);
    memmove(slot->ahead, slot->ahead + n, slot->ahead_len);
}

static enum thm_io read_piece(struct thm_tls *t, unsigned char *buf, size_t cap, size_t ahead)
{
    struct thm_slot *slot = thm_slot_of(t);
    struct thm_port *port = t->domain->config.port;
    size_t n;
    enum thm_io io =
        port->ops->recv(port, t->socket, buf + slot->arrived, cap + ahead - slot->arrived, &n);

    if (io != THM_IO_OK)
        return io;
    slot->arrived += n;
    if (slot->arrived > cap) {
        slot->ahead_len = (uint8_t)(slot->arrived - cap);
        memcpy(slot->ahead, buf + cap, slot->ahead_len);
        slot->arrived = cap;
    }
    return THM_IO_OK;
}

/* Takes in more of a record: first its header, then the rest. The engine gets each when it is
 * complete (or fills the buffer), so that it sees a small message whole. */
static enum thm_io receive(struct thm_tls *t)
{
    struct thm_slot *slot = thm_slot_of(t);
    br_ssl_engine_context *engine = &thm_engine_of(t)->ssl.base;
    size_t cap;
    unsigned char *buf = br_ssl_engine_recvrec_buf(engine, &cap);
    enum thm_io io = THM_IO_OK;

    if (!buf)
        return THM_IO_ERROR;
    take_ahead(slot, buf, cap);
    if (slot->arrived < cap)
        io = read_piece(t, buf, cap, room_ahead(engine, cap));
    if (io != THM_IO_OK || slot->arrived < cap)
        return io;
    slot->arrived = 0;
    br_ssl_engine_recvrec_ack(engine, cap);
    slot->pieces++;
    if (thm_serves(t->domain) && thm_engine_between_records(engine)) /* a header is no progress */
        thm_waiting_progress(t);
    return slot->pieces <= PIECES_MAX ? THM_IO_OK : THM_IO_ERROR;
}

static enum thm_tls_phase run(struct thm_tls *t)
{
    br_ssl_engine_context *engine = &thm_engine_of(t)->ssl.base;

    for (;;) {
        enum thm_io sent, received;
        if (thm_accepted(t) && !thm_accept_answer(t))
            return fail(t, THM_E_ALPN);
        sent = thm_output_send(t, thm_out_of(t));
        if (br_ssl_engine_current_state(engine) == BR_SSL_CLOSED)
            return fail_engine(t);
        if (sent == THM_IO_AGAIN)
            return t->phase;
        if (sent == THM_IO_OK && thm_engine_is_open(engine))
            return open_connection(t);
        /* A peer that doesn't take our bytes any more may have said why. */
        received = receive(t);
        if (received == THM_IO_OK)
            continue;
        if (sent == THM_IO_OK && received == THM_IO_AGAIN)
            return t->phase;
        thm_finish(t, received == THM_IO_EOF ? THM_E_CLOSED : THM_E_PORT);
        return t->phase;
    }
}

enum thm_tls_phase thm_handshake_advance(struct thm_tls *t, uint64_t utc_s)
{
    struct thm_slot *slot;

    if (thm_accepted(t) && t->phase != THM_TLS_HANDSHAKE &&
        thm_accept_hello(t) != THM_TLS_HANDSHAKE)
        return t->phase;
    slot = thm_slot_of(t);
    if (!slot->started) {
        int result = start(t, utc_s);
        if (result != THM_OK)
            return fail(t, result);
    }
    slot->guard.utc_s = utc_s;
    return run(t);
}

/* A server is expected by name; whom a client meets is seen by its certificate, and nothing is remembered. */
static int check_expected(const struct thm_tls_domain *d, const char *server_name,
                          const struct thm_tls_session *session)
{
    const size_t name_max = 255;

    if (!thm_has_credentials(d) || thm_serves(d))
        return THM_E_STATE;
    if (thm_peers(d))
        return server_name || session ? THM_E_STATE : THM_OK;
    if (!server_name || server_name[0] == '\0')
        return THM_E_NAME_EMPTY;
    return strlen(server_name) > name_max ? THM_E_LIMIT : THM_OK;
}

int thm_tls_connect(struct thm_tls *t, struct thm_tls_domain *domain, thm_socket socket,
                    const char *server_name, struct thm_tls_session *session)
{
    int result = check_expected(domain, server_name, session);

    if (result != THM_OK)
        return result;
    *t = (struct thm_tls){.domain = domain, .socket = socket, .phase = THM_TLS_HANDSHAKE};
    if (!thm_handshake_prepare(t)) {
        *t = (struct thm_tls){0};
        return THM_E_LIMIT;
    }
    thm_slot_of(t)->server_name = server_name;
    thm_slot_of(t)->remembered = session;
    return THM_OK;
}
