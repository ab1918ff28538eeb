/*
 * A client's connection: dialling, TLS, and moving bytes between TLS and the session.
 */
#include "client/internal.h"
#include "util/divide.h"

static const struct thm_port_ops *ops(const struct thm_client *c)
{
    return c->config.port->ops;
}

/* Of an address no RESOLVED is reported, for there is nothing to resolve. */
static bool is_address(const char *host)
{
    return strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host);
}

void thm_link_dial(struct thm_client *c)
{
    c->resolved = is_address(c->config.host);
    int code = ops(c)->connect(c->config.port, c->config.host, c->config.number, c->config.tag,
                               &c->socket);
    if (code != THM_OK) {
        c->socket = THM_SOCKET_NONE;
        thm_client_fail(c, code, NULL);
    }
}

static void dialled(struct thm_client *c, uint32_t what)
{
    if (what & THM_EV_RESOLVED)
        c->resolved = true;
    if (!(what & (THM_EV_WRITE | THM_EV_CLOSED)))
        return;
    if (ops(c)->want(c->config.port, c->socket, 1) == THM_IO_ERROR)
        thm_client_fail(c, c->resolved ? THM_E_CONNECT : THM_E_RESOLVE, NULL);
    else
        thm_client_turn(c, THM_MACHINE_CONNECTED, THM_OK, NULL);
}

void thm_link_secure(struct thm_client *c)
{
    int code = thm_tls_connect(&c->tls, c->domain, c->socket, c->config.server_name, &c->session);

    if (code != THM_OK)
        thm_client_fail(c, code, NULL);
    else
        c->socket = THM_SOCKET_NONE;
}

void thm_link_drop(struct thm_client *c)
{
    if (c->socket != THM_SOCKET_NONE)
        ops(c)->abort(c->config.port, c->socket);
    c->socket = THM_SOCKET_NONE;
    if (c->tls.phase == THM_TLS_IDLE || c->tls.phase == THM_TLS_CLOSED)
        return;
    thm_tls_close(&c->tls);
    if (c->tls.phase != THM_TLS_CLOSED)
        thm_tls_abort(&c->tls, THM_E_CLOSED);
}

static void lost(struct thm_client *c)
{
    thm_client_fail(c, c->tls.error != THM_OK ? c->tls.error : THM_E_CLOSED, NULL);
}

static void heard(struct thm_client *c)
{
    if (c->state != THM_CLIENT_ONLINE)
        return;
    c->ping_at = c->now + THM_PING_MS;
    c->deadline = THM_NEVER;
}

static void receive(struct thm_client *c)
{
    while (thm_client_talks(c) && thm_receipts_room(c)) {
        unsigned char *data;
        size_t len;
        enum thm_io io = thm_tls_read(&c->tls, &data, &len);
        if (io == THM_IO_AGAIN)
            return;
        if (io != THM_IO_OK) {
            lost(c);
            return;
        }
        size_t used = thm_session_take(c, (char *)data, len);
        if (!thm_client_talks(c))
            return; /* the connection is gone, and `data` with it */
        thm_tls_consume(&c->tls, used);
        heard(c);
    }
}

/* Sends what is due, a small record at a time: the server may be a board. */
static void transmit(struct thm_client *c)
{
    enum thm_io io = thm_tls_flush(&c->tls);
    size_t n = 0;

    while (io == THM_IO_OK) {
        if (c->out_sent == c->out_len) {
            c->out_sent = c->out_len = 0;
            thm_session_fill(c);
        }
        size_t waiting = c->out_len - c->out_sent;
        if (waiting == 0)
            return;
        size_t chunk = waiting < THM_CLIENT_RECORD ? waiting : THM_CLIENT_RECORD;
        io = thm_tls_write(&c->tls, c->phase.session.out + c->out_sent, chunk, &n);
        if (io != THM_IO_OK)
            break;
        c->out_sent += (uint32_t)n;
        if (n < chunk)
            return;
    }
    if (io == THM_IO_ERROR)
        lost(c);
}

/* Leaving: once all is said, TLS is closed; once that is closed, so are we. */
static void leave(struct thm_client *c)
{
    if (c->tls.phase == THM_TLS_OPEN) {
        transmit(c);
        if (c->state == THM_CLIENT_LEAVING && c->out_len == 0)
            thm_tls_close(&c->tls);
    }
    if (c->tls.phase == THM_TLS_CLOSED)
        thm_client_turn(c, THM_MACHINE_FAILED, THM_OK, NULL);
}

static uint64_t utc_seconds(const struct thm_client *c)
{
    uint64_t ms;

    return ops(c)->utc(c->config.port, &ms) == THM_OK ? thm_divide(ms, 1000) : 0;
}

static void move_tls(struct thm_client *c, uint32_t what)
{
    enum thm_tls_phase phase = thm_tls_advance(&c->tls, what, utc_seconds(c));

    if (c->state == THM_CLIENT_LEAVING) {
        leave(c);
    } else if (phase == THM_TLS_CLOSED) {
        lost(c);
    } else if (phase == THM_TLS_OPEN) {
        if (c->state == THM_CLIENT_HANDSHAKE)
            thm_client_turn(c, THM_MACHINE_OPENED, THM_OK, NULL);
        bool held;
        do {
            receive(c);
            held = !thm_receipts_room(c); /* something is to be sent before more is taken */
            if (thm_client_talks(c))
                transmit(c);
        } while (held && thm_client_talks(c) && thm_receipts_room(c));
    }
}

void thm_link_move(struct thm_client *c, uint32_t what)
{
    if (c->state == THM_CLIENT_DIALLING)
        dialled(c, what);
    if (c->state == THM_CLIENT_HANDSHAKE || c->state == THM_CLIENT_LEAVING || thm_client_talks(c))
        move_tls(c, what);
}
