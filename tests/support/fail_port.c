#include "support/fail_port.h"

#include <stdlib.h>
#include <string.h>

#include "thimble/error.h"

static struct fail_port *of(struct thm_port *port)
{
    return (struct fail_port *)port;
}

/* Counts a call; true when it is the one to fail. */
static bool fails(struct fail_port *f)
{
    return ++f->calls == f->fail_at;
}

static struct fail_port_socket *find(struct fail_port *f, thm_socket s)
{
    for (unsigned i = 0; i < FAIL_PORT_SOCKETS; i++)
        if (f->sockets[i].socket == s)
            return &f->sockets[i];
    return NULL;
}

/* A test that opens more sockets than the wrapper knows would go on untested. */
static void remember(struct fail_port *f, thm_socket s, uint32_t tag)
{
    struct fail_port_socket *unused = find(f, THM_SOCKET_NONE);

    if (!unused)
        abort();
    *unused = (struct fail_port_socket){.socket = s, .tag = tag};
}

static void forget(struct fail_port *f, thm_socket s)
{
    struct fail_port_socket *known = find(f, s);

    if (known && s != THM_SOCKET_NONE)
        *known = (struct fail_port_socket){.socket = THM_SOCKET_NONE};
}

/* The calls that would block, and the event that follows each. */
enum transfer { ACCEPT, RECV, SEND, WANT };
static const uint32_t event_of[] = {
    [ACCEPT] = THM_EV_ACCEPT, [RECV] = THM_EV_READ, [SEND] = THM_EV_WRITE, [WANT] = THM_EV_READ};

/* What to say instead of making the call; OK: make it. */
static enum thm_io before(struct fail_port *f, thm_socket s, enum transfer transfer)
{
    struct fail_port_socket *known = find(f, s);
    const uint32_t bit = 1u << transfer;
    bool failing = fails(f);

    if (!known || s == THM_SOCKET_NONE)
        return failing ? THM_IO_ERROR : THM_IO_OK;
    known->broken = known->broken || (failing && transfer != ACCEPT);
    if (failing || known->broken)
        return THM_IO_ERROR;
    if (f->would_block && !(known->blocked & bit)) {
        known->blocked |= bit;
        known->synthetic |= event_of[transfer];
        return THM_IO_AGAIN;
    }
    known->blocked &= ~bit;
    return THM_IO_OK;
}

static int fail_listen(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                       thm_socket *out)
{
    struct fail_port *f = of(port);

    if (fails(f))
        return THM_E_PORT;
    int code = f->inner->ops->listen(f->inner, host, number, tag, out);
    if (code == THM_OK)
        remember(f, *out, tag);
    return code;
}

static enum thm_io fail_accept(struct thm_port *port, thm_socket listener, uint32_t tag,
                               thm_socket *out)
{
    struct fail_port *f = of(port);
    enum thm_io io = before(f, listener, ACCEPT);

    if (io != THM_IO_OK)
        return io;
    io = f->inner->ops->accept(f->inner, listener, tag, out);
    if (io == THM_IO_OK)
        remember(f, *out, tag);
    return io;
}

static int fail_connect(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                        thm_socket *out)
{
    struct fail_port *f = of(port);

    if (fails(f))
        return THM_E_PORT;
    int code = f->inner->ops->connect(f->inner, host, number, tag, out);
    if (code == THM_OK)
        remember(f, *out, tag);
    return code;
}

static enum thm_io fail_recv(struct thm_port *port, thm_socket s, void *buf, size_t cap, size_t *n)
{
    struct fail_port *f = of(port);
    enum thm_io io = before(f, s, RECV);

    *n = 0;
    return io != THM_IO_OK ? io : f->inner->ops->recv(f->inner, s, buf, cap, n);
}

static enum thm_io fail_send(struct thm_port *port, thm_socket s, const void *buf, size_t len,
                             size_t *n)
{
    struct fail_port *f = of(port);
    enum thm_io io = before(f, s, SEND);

    *n = 0;
    return io != THM_IO_OK ? io : f->inner->ops->send(f->inner, s, buf, len, n);
}

/* After its OK the bytes wait, so the recv that follows may not say otherwise. */
static enum thm_io fail_want(struct thm_port *port, thm_socket s, size_t n)
{
    struct fail_port *f = of(port);
    enum thm_io io = before(f, s, WANT);

    if (io != THM_IO_OK)
        return io;
    io = f->inner->ops->want(f->inner, s, n);
    if (io == THM_IO_OK && find(f, s))
        find(f, s)->blocked |= 1u << RECV;
    return io;
}

static void fail_shutdown(struct thm_port *port, thm_socket s)
{
    of(port)->inner->ops->shutdown(of(port)->inner, s);
}

static void fail_close(struct thm_port *port, thm_socket s)
{
    forget(of(port), s);
    of(port)->inner->ops->close(of(port)->inner, s);
}

static void fail_abort(struct thm_port *port, thm_socket s)
{
    forget(of(port), s);
    of(port)->inner->ops->abort(of(port)->inner, s);
}

static int fail_peer_addr(struct thm_port *port, thm_socket s, struct thm_address *out)
{
    return of(port)->inner->ops->peer_addr(of(port)->inner, s, out);
}

static unsigned take_synthetic(struct fail_port *f, struct thm_event *events, unsigned cap)
{
    unsigned n = 0;

    for (unsigned i = 0; i < FAIL_PORT_SOCKETS && n < cap; i++) {
        struct fail_port_socket *s = &f->sockets[i];
        if (s->socket == THM_SOCKET_NONE || s->synthetic == 0)
            continue;
        events[n++] = (struct thm_event){.tag = s->tag, .what = s->synthetic};
        s->synthetic = 0;
    }
    return n;
}

static int fail_wait(struct thm_port *port, uint64_t until_ms, struct thm_event *events,
                     unsigned cap)
{
    struct fail_port *f = of(port);
    unsigned n = take_synthetic(f, events, cap);

    if (n == cap)
        return (int)n;
    int more = f->inner->ops->wait(f->inner, n > 0 ? 0 : until_ms, events + n, cap - n);
    return more < 0 ? more : (int)n + more;
}

static void fail_wake(struct thm_port *port)
{
    of(port)->inner->ops->wake(of(port)->inner);
}

static int fail_entropy(struct thm_port *port, void *buf, size_t len)
{
    struct fail_port *f = of(port);

    return fails(f) ? THM_E_ENTROPY : f->inner->ops->entropy(f->inner, buf, len);
}

static int fail_utc(struct thm_port *port, uint64_t *ms)
{
    struct fail_port *f = of(port);

    return fails(f) ? THM_E_CLOCK : f->inner->ops->utc(f->inner, ms);
}

static int fail_nv_read(struct thm_port *port, unsigned slot, void *buf, size_t cap, size_t *n)
{
    struct fail_port *f = of(port);

    *n = 0;
    return fails(f) ? THM_E_PORT : f->inner->ops->nv_read(f->inner, slot, buf, cap, n);
}

static int fail_nv_write(struct thm_port *port, unsigned slot, const void *buf, size_t len)
{
    struct fail_port *f = of(port);

    return fails(f) ? THM_E_PORT : f->inner->ops->nv_write(f->inner, slot, buf, len);
}

static const struct thm_port_ops fail_ops = {
    .listen = fail_listen,
    .accept = fail_accept,
    .connect = fail_connect,
    .recv = fail_recv,
    .send = fail_send,
    .want = fail_want,
    .shutdown = fail_shutdown,
    .close = fail_close,
    .abort = fail_abort,
    .peer_addr = fail_peer_addr,
    .wait = fail_wait,
    .wake = fail_wake,
    .entropy = fail_entropy,
    .utc = fail_utc,
    .nv_read = fail_nv_read,
    .nv_write = fail_nv_write,
};

void fail_port_init(struct fail_port *f, struct thm_port *inner)
{
    memset(f, 0, sizeof *f);
    f->port.ops = &fail_ops;
    f->inner = inner;
}

unsigned fail_port_open_sockets(const struct fail_port *f)
{
    unsigned open = 0;

    for (unsigned i = 0; i < FAIL_PORT_SOCKETS; i++)
        open += f->sockets[i].socket != THM_SOCKET_NONE;
    return open;
}
