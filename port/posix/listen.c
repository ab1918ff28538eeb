/*
 * Making sockets: what every one is set to, listeners, and what they accept.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "posix.h"

/* Asks for twice the bytes: the kernel counts its own bookkeeping into them. It cuts down silently
 * what the system doesn't allow, hence the look at what became of it. */
static int set_buffer(int fd, int option, int bytes)
{
    int asked = 2 * bytes, granted = 0;
    socklen_t len = sizeof granted;

    if (bytes == 0)
        return THM_OK;
    if (setsockopt(fd, SOL_SOCKET, option, &asked, sizeof asked) != 0 ||
        getsockopt(fd, SOL_SOCKET, option, &granted, &len) != 0)
        return THM_E_PORT;
    return granted >= asked ? THM_OK : THM_E_LIMIT;
}

/* Accepted sockets inherit all of this from their listener. */
int posix_open_tcp(const struct posix *p, int family, int *fd)
{
    const int on = 1;
    int s = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (s < 0)
        return errno == EMFILE || errno == ENFILE ? THM_E_LIMIT : THM_E_PORT;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    int code = set_buffer(s, SO_SNDBUF, p->send_buffer);
    if (code == THM_OK)
        code = set_buffer(s, SO_RCVBUF, p->receive_buffer);
    if (code != THM_OK) {
        close(s);
        return code;
    }
    *fd = s;
    return THM_OK;
}

static int bind_and_listen(const struct posix *p, const union posix_address *a, int fd)
{
    const int on = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return THM_E_PORT;
    if (a->any.sa_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
        return THM_E_PORT;
    if (bind(fd, &a->any, posix_address_len(a)) != 0 || listen(fd, p->backlog) != 0)
        return errno == EADDRINUSE ? THM_E_IN_USE : THM_E_PORT;
    return THM_OK;
}

/* Makes `fd` a socket of the port, or closes it. */
static struct posix_socket *adopt(struct posix *p, int fd, enum posix_state state, unsigned armed,
                                  uint32_t tag)
{
    struct posix_socket *s = posix_new(p, tag);

    if (!s) {
        close(fd);
        return NULL;
    }
    s->fd = fd;
    s->state = (uint8_t)state;
    s->armed = (uint8_t)armed;
    if (p->backend->add(p, s) != THM_OK) {
        posix_free(p, s);
        close(fd);
        return NULL;
    }
    return s;
}

int posix_listen(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                 thm_socket *out)
{
    struct posix *p = posix_of(port);
    union posix_address a;
    int fd, code;

    if (!posix_numeric(host, number, &a))
        return THM_E_ADDRESS;
    code = posix_open_tcp(p, a.any.sa_family, &fd);
    if (code != THM_OK)
        return code;
    code = bind_and_listen(p, &a, fd);
    if (code != THM_OK) {
        close(fd);
        return code;
    }
    struct posix_socket *s = adopt(p, fd, POSIX_LISTENING, THM_EV_ACCEPT, tag);
    if (!s)
        return THM_E_LIMIT;
    *out = posix_handle(p, s);
    return THM_OK;
}

/* -1 with errno EAGAIN when none waits; connections that died in the backlog are passed over, as
 * accept(2) advises. */
static int accept_one(int listener, union posix_address *peer)
{
    for (;;) {
        socklen_t len = sizeof *peer;
        int fd = accept4(listener, &peer->any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            return fd;
        switch (errno) {
        case EINTR:
        case ECONNABORTED:
        case EPROTO:
        case ENETDOWN:
        case ENETUNREACH:
        case EHOSTUNREACH:
        case ENOPROTOOPT:
        case EOPNOTSUPP: continue;
        default: return -1;
        }
    }
}

enum thm_io posix_accept(struct thm_port *port, thm_socket listener, uint32_t tag, thm_socket *out)
{
    struct posix *p = posix_of(port);
    struct posix_socket *l = posix_find(p, listener);

    if (!l || l->state != POSIX_LISTENING)
        return THM_IO_ERROR;
    if (posix_is_full(p)) {
        posix_starve(p, l);
        return THM_IO_AGAIN;
    }
    p->newest = THM_SOCKET_NONE;
    int fd = accept_one(l->fd, &p->newest_peer);
    if (fd < 0) {
        if (errno == EAGAIN)
            l->armed = THM_EV_ACCEPT;
        else
            posix_starve(p, l); /* no descriptor or no memory: the connection waits */
        return THM_IO_AGAIN;
    }
    struct posix_socket *s = adopt(p, fd, POSIX_OPEN, THM_EV_READ, tag);
    if (!s) {
        posix_starve(p, l);
        return THM_IO_AGAIN;
    }
    *out = p->newest = posix_handle(p, s);
    return THM_IO_OK;
}
