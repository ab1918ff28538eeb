/*
 * The end of a connection, in order or not.
 */
#include "tls/internal.h"

/* Bytes that are read and dropped in one turn while the peer's end is awaited. */
#define DISCARD_MAX 65536

static void keep_error(struct thm_tls *t, int error)
{
    if (t->error == THM_OK)
        t->error = (int16_t)error;
}

static void reclaim(struct thm_tls *t)
{
    if (t->slot != 0)
        t->domain->failed++;
    thm_domain_reclaim(t);
}

void thm_finish(struct thm_tls *t, int error)
{
    struct thm_port *port = t->domain->config.port;

    keep_error(t, error);
    reclaim(t);
    port->ops->close(port, t->socket);
    t->socket = THM_SOCKET_NONE;
    t->phase = THM_TLS_CLOSED;
}

void thm_tls_abort(struct thm_tls *t, int error)
{
    struct thm_port *port;

    if (t->phase == THM_TLS_IDLE || t->phase == THM_TLS_CLOSED)
        return;
    port = t->domain->config.port;
    keep_error(t, error);
    reclaim(t);
    port->ops->abort(port, t->socket);
    t->socket = THM_SOCKET_NONE;
    t->phase = THM_TLS_CLOSED;
}

/* All is said. What still comes is dropped: closing a socket with unread bytes would reset the
 * connection, and the peer might never see our last words. */
static enum thm_tls_phase discard(struct thm_tls *t)
{
    struct thm_port *port = t->domain->config.port;
    uint8_t scratch[512];

    for (size_t total = 0; total < DISCARD_MAX;) {
        size_t n;
        enum thm_io io = port->ops->recv(port, t->socket, scratch, sizeof scratch, &n);
        if (io == THM_IO_AGAIN)
            return t->phase;
        if (io != THM_IO_OK)
            break;
        total += n;
    }
    thm_finish(t, THM_OK);
    return t->phase;
}

static enum thm_tls_phase say_no_more(struct thm_tls *t)
{
    struct thm_port *port = t->domain->config.port;

    reclaim(t);
    port->ops->shutdown(port, t->socket);
    port->ops->want(port, t->socket, 1);
    t->phase = THM_TLS_CLOSING;
    return discard(t);
}

void thm_linger(struct thm_tls *t, int error)
{
    keep_error(t, error);
    say_no_more(t);
}

enum thm_tls_phase thm_closing_advance(struct thm_tls *t)
{
    if (t->engine == 0)
        return discard(t);
    if (t->out_buffer != 0 && thm_output_send(t, thm_out_of(t)) == THM_IO_AGAIN)
        return t->phase;
    return say_no_more(t);
}

void thm_tls_close(struct thm_tls *t)
{
    if (t->phase == THM_TLS_CLOSING)
        return;
    if (t->phase != THM_TLS_OPEN) {
        thm_tls_abort(t, THM_OK);
        return;
    }
    /* The engine makes our close_notify and is given back once that is sent: it would wait for the
     * peer's, and 0.6 for ever when there is data that nobody has read. */
    if (thm_output_lend(t))
        br_ssl_engine_close(&thm_engine_of(t)->ssl.base);
    t->phase = THM_TLS_CLOSING;
    thm_closing_advance(t);
}

enum thm_tls_phase thm_tls_advance(struct thm_tls *t, uint32_t what, uint64_t utc_s)
{
    if (what & THM_EV_CLOSED)
        t->peer_closed = 1;
    switch (t->phase) {
    case THM_TLS_HELLO:
    case THM_TLS_QUEUED:
    case THM_TLS_HANDSHAKE: return thm_handshake_advance(t, utc_s);
    case THM_TLS_OPEN: thm_tls_flush(t); break;
    case THM_TLS_CLOSING: return thm_closing_advance(t);
    default: break;
    }
    return t->phase;
}

const uint8_t *thm_tls_server_leaf_hash(const struct thm_tls *t)
{
    return t->server_leaf_hash;
}
