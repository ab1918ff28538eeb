/*
 * The sockets that TLS sees. A handle is the place of a path; its bytes go by TCP or by the relay.
 */
#include "call/internal.h"

#if THM_CALLS > 0

static struct thm_calls *calls_of(struct thm_port *port)
{
    return (struct thm_calls *)port;
}

static enum thm_io on_recv(struct thm_port *port, thm_socket s, void *buf, size_t cap, size_t *n)
{
    struct thm_calls *k = calls_of(port);
    struct thm_path *p = thm_path_at(k, s);

    return p->relayed ? thm_relay_recv(k, p, buf, cap, n)
                      : k->config.port->ops->recv(k->config.port, p->socket, buf, cap, n);
}

static enum thm_io on_send(struct thm_port *port, thm_socket s, const void *buf, size_t len,
                           size_t *n)
{
    struct thm_calls *k = calls_of(port);
    struct thm_path *p = thm_path_at(k, s);

    return p->relayed ? thm_relay_send(k, p, buf, len, n)
                      : k->config.port->ops->send(k->config.port, p->socket, buf, len, n);
}

static enum thm_io on_want(struct thm_port *port, thm_socket s, size_t n)
{
    struct thm_calls *k = calls_of(port);
    struct thm_path *p = thm_path_at(k, s);

    return p->relayed ? thm_relay_want(p, n)
                      : k->config.port->ops->want(k->config.port, p->socket, n);
}

static void on_shutdown(struct thm_port *port, thm_socket s)
{
    struct thm_calls *k = calls_of(port);
    struct thm_path *p = thm_path_at(k, s);

    if (p->relayed)
        thm_relay_close(k, p, THM_OK);
    else
        k->config.port->ops->shutdown(k->config.port, p->socket);
}

static void end(struct thm_calls *k, struct thm_path *p,
                void (*how)(struct thm_port *port, thm_socket s))
{
    if (p->relayed)
        thm_relay_close(k, p, THM_OK);
    else if (p->socket != THM_SOCKET_NONE)
        how(k->config.port, p->socket);
    p->socket = THM_SOCKET_NONE;
}

static void on_close(struct thm_port *port, thm_socket s)
{
    struct thm_calls *k = calls_of(port);

    end(k, thm_path_at(k, s), k->config.port->ops->close);
}

static void on_abort(struct thm_port *port, thm_socket s)
{
    struct thm_calls *k = calls_of(port);

    end(k, thm_path_at(k, s), k->config.port->ops->abort);
}

static int on_entropy(struct thm_port *port, void *buf, size_t len)
{
    struct thm_port *own = calls_of(port)->config.port;

    return own->ops->entropy(own, buf, len);
}

const struct thm_port_ops thm_call_sockets = {
    .recv = on_recv,
    .send = on_send,
    .want = on_want,
    .shutdown = on_shutdown,
    .close = on_close,
    .abort = on_abort,
    .entropy = on_entropy,
};

#endif
