/*
 * A server's end of a handshake: its first record is awaited, its engine set up, its answer looked at.
 */
#include <string.h>

#include "tls/internal.h"

#if THM_TLS_SERVER

/* The first record of a client, up to its header: does it look like TLS at all? */
static bool is_hello_header(const uint8_t header[THM_RECORD_HEADER])
{
    unsigned length = (unsigned)header[3] << 8 | header[4];

    return header[0] == THM_RECORD_HANDSHAKE && header[1] == 3 && length >= 4 && length <= 16384;
}

/* Reads the header, then waits for the rest: until then a client costs nothing but its socket. */
static enum thm_io await_hello(struct thm_tls *t)
{
    struct thm_port *port = t->domain->config.port;
    size_t n, body;

    while (t->header_len < THM_RECORD_HEADER) {
        enum thm_io io = port->ops->recv(port, t->socket, t->header + t->header_len,
                                         THM_RECORD_HEADER - (size_t)t->header_len, &n);
        if (io != THM_IO_OK)
            return io;
        t->header_len = (uint8_t)(t->header_len + n);
    }
    if (!is_hello_header(t->header))
        return THM_IO_EOF;
    body = (size_t)t->header[3] << 8 | t->header[4];
    if (body > THM_TLS_IN - THM_RECORD_HEADER)
        body = THM_TLS_IN - THM_RECORD_HEADER;
    return port->ops->want(port, t->socket, body);
}

enum thm_tls_phase thm_accept_hello(struct thm_tls *t)
{
    enum thm_io io = await_hello(t);

    if (io == THM_IO_AGAIN)
        return t->phase;
    if (io != THM_IO_OK) {
        bool garbage = t->header_len == THM_RECORD_HEADER && !is_hello_header(t->header);
        t->domain->failed++;
        thm_finish(t, garbage ? THM_E_TLS : io == THM_IO_EOF ? THM_E_CLOSED : THM_E_PORT);
        return t->phase;
    }
    t->phase = thm_handshake_prepare(t) ? THM_TLS_HANDSHAKE : THM_TLS_QUEUED;
    return t->phase;
}

#if THM_TLS_ADMITS
/* BearSSL's choice. By then the protocol is agreed on: whoever enrols gets the CAs with the chain, for he may know one by
 * its hash alone, and is judged otherwise. */
static int choose(const br_ssl_server_policy_class **policy, const br_ssl_server_context *server,
                  br_ssl_server_choices *choices)
{
    struct thm_tls *t = ((const struct thm_engine *)(const void *)server)->owner;
    struct thm_slot *slot = thm_slot_of(t);

    if (!t->domain->serving->choice(policy, server, choices))
        return 0;
    if (thm_enrols(t)) {
        choices->chain_len = thm_loaded(slot->credentials)->shown_len;
        slot->guard.admission = &t->domain->config;
    }
    return 1;
}
#endif

bool thm_accept_start(struct thm_tls *t)
{
    struct thm_tls_domain *d = t->domain;
    const struct thm_loaded *own = thm_loaded(d->credentials);
    br_ssl_server_context *server = &thm_engine_of(t)->ssl.server;
    struct thm_slot *slot = thm_slot_of(t);

    br_ssl_server_set_single_ec(server, own->chain, own->chain_len, &own->key, BR_KEYTYPE_SIGN,
                                BR_KEYTYPE_EC, d->profile.ec, d->profile.sign);
#if THM_TLS_ADMITS
    if (d->config.enroll_alpn)
        d->serving->choice = thm_engine_choose_by(server, &d->serving->policy, choose);
#endif
    /* Client certificates are only asked for because this list is not empty. */
    br_ssl_server_set_trust_anchor_names_alt(server, own->anchors, own->anchor_count);
#if THM_TLS_SERVES
    thm_engine_of(t)->owner = t;
    if (thm_serves(d)) /* without a cache BearSSL neither keeps sessions nor takes any */
        br_ssl_server_set_cache(server, &d->serving->cache_class);
#endif
    if (!br_ssl_server_reset(server) || !thm_engine_is_known(&server->eng))
        return false;
    thm_engine_speak_tls12(&server->eng);
    slot->ahead_len = t->header_len;
    memcpy(slot->ahead, t->header, t->header_len);
    d->config.port->ops->want(d->config.port, t->socket, 1);
    return true;
}

bool thm_accept_answer(struct thm_tls *t)
{
    struct thm_slot *slot = thm_slot_of(t);
    struct thm_out_buffer *out = thm_out_of(t);
    br_ssl_engine_context *engine = &thm_engine_of(t)->ssl.base;
    const unsigned char *bytes;

    if (slot->answered)
        return true;
    thm_engine_gather(engine, out);
    if (thm_engine_pending(engine, out, &bytes) == 0)
        return true;
    slot->answered = true;
    if (bytes[0] != THM_RECORD_HANDSHAKE || br_ssl_engine_get_selected_protocol(engine))
        return true;
    out->end = 0;
    return false;
}

int thm_tls_accept(struct thm_tls *t, struct thm_tls_domain *domain, thm_socket socket)
{
    if (!thm_has_credentials(domain) || !(thm_serves(domain) || thm_peers(domain)))
        return THM_E_STATE;
    *t =
        (struct thm_tls){.domain = domain, .socket = socket, .phase = THM_TLS_HELLO, .accepted = 1};
    return THM_OK;
}

#endif
