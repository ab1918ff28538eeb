/*
 * From an accepted or dialled socket to OPEN.
 */
#include <string.h>

#include "tls/error_map.h"
#include "tls/internal.h"
#include "tls/wipe.h"

#define RECORD_HEADER    5
#define RECORD_CCS       6 /* bytes of a ChangeCipherSpec record */
#define RECORD_HANDSHAKE 22
#define RECORD_ALERT     21
/* Headers and bodies that a handshake may take: about 12 when nobody plays for time. */
#define PIECES_MAX 128

/* --- setting up an engine --- */

static void set_own_certificate(struct thm_engine *engine, const struct thm_profile *profile,
                                enum thm_role role, const struct thm_loaded *own)
{
    if (role == THM_FOR_SERVER)
        br_ssl_server_set_single_ec(&engine->ssl.server, own->chain, own->chain_len, &own->key,
                                    BR_KEYTYPE_SIGN, BR_KEYTYPE_EC, profile->ec, profile->sign);
    else
        br_ssl_client_set_single_ec(&engine->ssl.client, own->chain, own->chain_len, &own->key,
                                    BR_KEYTYPE_SIGN, BR_KEYTYPE_EC, profile->ec, profile->sign);
}

void thm_handshake_template(struct thm_tls_domain *d)
{
    struct thm_engine *engine = &d->template;
    const struct thm_loaded *own = thm_loaded(d->credentials);

    memset(engine, 0, sizeof *engine);
    thm_profile_apply(&d->profile, &engine->ssl.base, d->alpn);
    thm_engine_expect_seed(&engine->ssl.base, d->profile.sha256);
    if (d->config.role == THM_FOR_SERVER) {
        /* Client certificates are only asked for because this list is not empty. */
        br_ssl_server_set_trust_anchor_names_alt(&engine->ssl.server, own->anchors,
                                                 own->anchor_count);
        br_ssl_server_set_cache(&engine->ssl.server, &d->cache_class);
    }
}

static bool reset_engine(struct thm_tls *t, uint64_t utc_s)
{
    struct thm_engine *engine = thm_engine_of(t);

    if (t->domain->config.role == THM_FOR_SERVER)
        return br_ssl_server_reset(&engine->ssl.server);
    return br_ssl_client_reset(&engine->ssl.client, thm_slot_of(t)->server_name,
                               thm_resume_offer(t, utc_s));
}

/* Copies the template and replaces what must be a connection's own: pointers, buffers, entropy. */
static int start(struct thm_tls *t, uint64_t utc_s)
{
    struct thm_tls_domain *d = t->domain;
    struct thm_engine *engine = thm_engine_of(t);
    struct thm_slot *slot = thm_slot_of(t);
    const struct thm_loaded *own = thm_loaded(d->credentials);
    enum thm_role peer = d->config.role == THM_FOR_SERVER ? THM_FOR_CLIENT : THM_FOR_SERVER;
    uint8_t seed[THM_SEED];
    int result = thm_domain_seed(d, seed);

    if (result != THM_OK)
        return result;
    slot->started = true;
    slot->credentials = d->credentials;
    memcpy(engine, &d->template, sizeof *engine);
    engine->owner = t;
    set_own_certificate(engine, &d->profile, d->config.role, own);
    thm_guard_init(&slot->guard, peer, own->anchors, own->anchor_count, d->profile.ec,
                   d->profile.verify, &d->denylist);
    br_ssl_engine_set_x509(&engine->ssl.base, &slot->guard.vtable);
    br_ssl_engine_set_buffers_bidi(&engine->ssl.base, slot->in, sizeof slot->in, slot->out.data,
                                   sizeof slot->out.data);
    thm_engine_seed(&engine->ssl.base, seed);
    thm_wipe(seed, sizeof seed);
    if (!reset_engine(t, utc_s))
        return thm_tls_error(br_ssl_engine_last_error(&engine->ssl.base));
    return THM_OK;
}

/* Lends what a handshake needs. */
static bool prepare(struct thm_tls *t)
{
    struct thm_slot *slot;

    if (!thm_domain_lend(t))
        return false;
    slot = thm_slot_of(t);
    slot->owner = t;
    slot->credentials = t->domain->credentials;
    slot->started = slot->answered = slot->tentative = false;
    slot->remembered = NULL;
    slot->server_name = NULL;
    slot->arrived = 0;
    slot->ahead_len = 0;
    slot->pieces = 0;
    slot->out.at = slot->out.end = 0;
    return true;
}

/* --- the end of a handshake, good or bad --- */

static void send_alert(struct thm_tls *t, int description)
{
    const uint8_t alert[] = {RECORD_ALERT, 3, 3, 0, 2, 2 /* fatal */, (uint8_t)description};
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
    const struct thm_slot *slot = thm_slot_of(t);
    int description = thm_tls_alert(error, t->bearssl_error);

    if (slot->started && description >= 0 && slot->out.at == slot->out.end &&
        thm_engine_sends_clear(&thm_engine_of(t)->ssl.base))
        send_alert(t, description);
    if (t->domain->config.role == THM_FOR_SERVER)
        thm_linger(t, error);
    else
        thm_finish(t, error);
    return t->phase;
}

static enum thm_tls_phase fail_engine(struct thm_tls *t)
{
    int e = br_ssl_engine_last_error(&thm_engine_of(t)->ssl.base);

    t->bearssl_error = (int16_t)e;
    if (e == THM_GUARD_REVOKED)
        t->peer = thm_slot_of(t)->guard.who;
    return fail(t, e == BR_ERR_OK ? THM_E_CLOSED : thm_tls_error(e));
}

/* Who the peer is: proven by a chain just now, or when the session that was resumed was made. */
static bool adopt_peer(struct thm_tls *t)
{
    struct thm_engine *engine = thm_engine_of(t);
    const struct thm_slot *slot = thm_slot_of(t);

    if (slot->guard.verified) {
        const uint8_t *hash = t->domain->config.role == THM_FOR_SERVER
                                  ? thm_loaded(slot->credentials)->leaf_hash
                                  : slot->guard.leaf_hash;
        t->peer = slot->guard.who;
        memcpy(engine->server_leaf_hash, hash, sizeof engine->server_leaf_hash);
        thm_resume_remember(t);
        return true;
    }
    if (!thm_resume_happened(t))
        return false;
    t->resumed = 1;
    t->peer = slot->session.who;
    memcpy(engine->server_leaf_hash, slot->session.server_leaf_hash,
           sizeof engine->server_leaf_hash);
    return true;
}

static enum thm_tls_phase open_connection(struct thm_tls *t)
{
    struct thm_tls_domain *d = t->domain;
    const struct thm_slot *slot = thm_slot_of(t);
    br_ssl_engine_context *engine = &thm_engine_of(t)->ssl.base;

    if (slot->ahead_len > RECORD_HEADER)
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
    thm_engine_lend_input(engine, NULL);
    thm_engine_lend_output(engine, NULL);
    thm_domain_reclaim_slot(t);
    d->full += !t->resumed;
    d->resumed += t->resumed;
    t->phase = THM_TLS_OPEN;
    return t->phase;
}

/* --- under way --- */

/* A server looks at its own answer before it is sent: one that names no protocol stays unsent. */
static bool answer_is_good(struct thm_tls *t)
{
    struct thm_slot *slot = thm_slot_of(t);
    br_ssl_engine_context *engine = &thm_engine_of(t)->ssl.base;
    const unsigned char *bytes;

    if (t->domain->config.role != THM_FOR_SERVER || slot->answered)
        return true;
    thm_engine_gather(engine, &slot->out);
    if (thm_engine_pending(engine, &slot->out, &bytes) == 0)
        return true;
    slot->answered = true;
    if (bytes[0] != RECORD_HANDSHAKE || br_ssl_engine_get_selected_protocol(engine))
        return true;
    slot->out.end = 0;
    return false;
}

/* How much may be read beyond a header's or a body's end. What is sure to belong to the handshake, for
 * application data has its own buffers: the peer's last two records, of which this may be the first.
 * And a header, for which every connection has room. */
static size_t room_ahead(const br_ssl_engine_context *engine, size_t cap)
{
    size_t finished = thm_engine_finished_len(engine);
    size_t ahead = finished + RECORD_HEADER;

    if (thm_engine_between_records(engine))
        ahead = finished > 0 ? RECORD_CCS + finished : 0;
    return RECORD_HEADER + cap + ahead <= THM_TLS_IN ? ahead : 0;
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
    if (thm_engine_between_records(engine)) /* a header alone is no progress */
        thm_domain_progress(t);
    return slot->pieces <= PIECES_MAX ? THM_IO_OK : THM_IO_ERROR;
}

static enum thm_tls_phase run(struct thm_tls *t)
{
    struct thm_slot *slot = thm_slot_of(t);
    br_ssl_engine_context *engine = &thm_engine_of(t)->ssl.base;

    for (;;) {
        enum thm_io sent, received;
        if (!answer_is_good(t))
            return fail(t, THM_E_ALPN);
        sent = thm_output_send(t, &slot->out);
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

/* The first record of a client, up to its header: does it look like TLS at all? */
static bool is_hello_header(const uint8_t header[RECORD_HEADER])
{
    unsigned length = (unsigned)header[3] << 8 | header[4];

    return header[0] == RECORD_HANDSHAKE && header[1] == 3 && length >= 4 && length <= 16384;
}

/* Reads the header, then waits for the rest: until then a client costs nothing but its socket. */
static enum thm_io await_hello(struct thm_tls *t)
{
    struct thm_port *port = t->domain->config.port;
    size_t n, body;

    while (t->header_len < RECORD_HEADER) {
        enum thm_io io = port->ops->recv(port, t->socket, t->header + t->header_len,
                                         RECORD_HEADER - (size_t)t->header_len, &n);
        if (io != THM_IO_OK)
            return io;
        t->header_len = (uint8_t)(t->header_len + n);
    }
    if (!is_hello_header(t->header))
        return THM_IO_EOF;
    body = (size_t)t->header[3] << 8 | t->header[4];
    if (body > THM_TLS_IN - RECORD_HEADER)
        body = THM_TLS_IN - RECORD_HEADER;
    return port->ops->want(port, t->socket, body);
}

static int begin(struct thm_tls *t, uint64_t utc_s)
{
    struct thm_port *port = t->domain->config.port;
    br_ssl_engine_context *engine;
    int result = start(t, utc_s);

    if (result != THM_OK)
        return result;
    if (t->domain->config.role == THM_FOR_CLIENT)
        return THM_OK;
    engine = &thm_engine_of(t)->ssl.base;
    if (!thm_engine_is_known(engine))
        return THM_E_CONFIG;
    thm_engine_speak_tls12(engine);
    thm_slot_of(t)->ahead_len = t->header_len;
    memcpy(thm_slot_of(t)->ahead, t->header, t->header_len);
    port->ops->want(port, t->socket, 1);
    return THM_OK;
}

static enum thm_tls_phase hello(struct thm_tls *t)
{
    enum thm_io io = await_hello(t);

    if (io == THM_IO_AGAIN)
        return t->phase;
    if (io != THM_IO_OK) {
        bool garbage = t->header_len == RECORD_HEADER && !is_hello_header(t->header);
        t->domain->failed++;
        thm_finish(t, garbage ? THM_E_TLS : io == THM_IO_EOF ? THM_E_CLOSED : THM_E_PORT);
        return t->phase;
    }
    t->phase = prepare(t) ? THM_TLS_HANDSHAKE : THM_TLS_QUEUED;
    return t->phase;
}

enum thm_tls_phase thm_handshake_advance(struct thm_tls *t, uint64_t utc_s)
{
    struct thm_slot *slot;

    if (t->phase != THM_TLS_HANDSHAKE && hello(t) != THM_TLS_HANDSHAKE)
        return t->phase;
    slot = thm_slot_of(t);
    if (!slot->started) {
        int result = begin(t, utc_s);
        if (result != THM_OK)
            return fail(t, result);
    }
    slot->guard.utc_s = utc_s;
    return run(t);
}

int thm_tls_accept(struct thm_tls *t, struct thm_tls_domain *domain, thm_socket socket)
{
    if (!domain->credentials || domain->config.role != THM_FOR_SERVER)
        return THM_E_STATE;
    *t = (struct thm_tls){.domain = domain, .socket = socket, .phase = THM_TLS_HELLO};
    return THM_OK;
}

int thm_tls_connect(struct thm_tls *t, struct thm_tls_domain *domain, thm_socket socket,
                    const char *server_name, struct thm_tls_session *session)
{
    const size_t name_max = 255;

    if (!domain->credentials || domain->config.role != THM_FOR_CLIENT)
        return THM_E_STATE;
    if (!server_name || server_name[0] == '\0')
        return THM_E_NAME_EMPTY;
    if (strlen(server_name) > name_max)
        return THM_E_LIMIT;
    *t = (struct thm_tls){.domain = domain, .socket = socket, .phase = THM_TLS_HANDSHAKE};
    if (!prepare(t)) {
        *t = (struct thm_tls){0};
        return THM_E_LIMIT;
    }
    thm_slot_of(t)->server_name = server_name;
    thm_slot_of(t)->remembered = session;
    return THM_OK;
}
