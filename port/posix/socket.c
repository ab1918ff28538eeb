/*
 * What the core does with a connection: recv, send, want, and its end.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "posix.h"

/* What close() reads and drops at most, so that the peer gets our last bytes instead of a reset. */
#define DISCARD_MAX (64u * 1024u)

static size_t waiting(struct posix_socket *s)
{
    int n = 0;

    if (ioctl(s->fd, FIONREAD, &n) != 0 || n < 0)
        n = 0;
    s->known = n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
    return (size_t)n;
}

int posix_apply_want(struct posix_socket *s)
{
    int want = s->want;

    s->lowat = s->want;
    return setsockopt(s->fd, SOL_SOCKET, SO_RCVLOWAT, &want, sizeof want);
}

/* Lets READ be reported again. The mark is told to the kernel only here, so that a `want` met at once
 * costs nothing, and only when it changed or when some bytes wait: the kernel then looks whether it has
 * room for the others, and reports READ when it has not. True: the bytes have come meanwhile. */
static bool arm_read(struct posix_socket *s)
{
    s->armed |= THM_EV_READ;
    if (s->lowat == s->want && (s->want == 1 || waiting(s) == 0))
        return false;
    posix_apply_want(s);
    return waiting(s) >= s->want;
}

static void broken(struct posix_socket *s, int error_number)
{
    if (s->error != THM_OK)
        return;
    switch (error_number) {
    case ECONNRESET:
    case EPIPE: s->error = THM_E_CLOSED; break;
    case ETIMEDOUT: s->error = THM_E_TIMEOUT; break;
    default: s->error = THM_E_PORT;
    }
}

/* What recv, send and want say before they ask the kernel. */
static enum thm_io transferable(const struct posix_socket *s)
{
    if (!s || s->state == POSIX_LISTENING || s->state == POSIX_FAILED)
        return THM_IO_ERROR;
    return s->state == POSIX_OPEN ? THM_IO_OK : THM_IO_AGAIN;
}

/* `got` of `cap` bytes were there. */
static void after_recv(struct posix *p, struct posix_socket *s, size_t got, size_t cap)
{
    s->crammed = false;
    s->known = got < s->known ? (uint16_t)(s->known - got) : 0;
    if (got == cap)
        return;
    /* No edge follows the peer's end: whoever takes a short transfer for the last must be told. */
    if (s->seen != 0 || arm_read(s))
        posix_pend(p, s, THM_EV_READ);
    else
        s->drained = true;
}

enum thm_io posix_recv(struct thm_port *port, thm_socket handle, void *buf, size_t cap, size_t *n)
{
    struct posix *p = posix_of(port);
    struct posix_socket *s = posix_find(p, handle);
    enum thm_io io = transferable(s);

    *n = 0;
    if (io != THM_IO_OK)
        return io;
    if (s->drained && s->error == THM_OK)
        return THM_IO_AGAIN;
    for (;;) {
        ssize_t got = recv(s->fd, buf, cap, 0);
        if (got > 0) {
            *n = (size_t)got;
            after_recv(p, s, *n, cap);
            return THM_IO_OK;
        }
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN && s->error == THM_OK) {
            if (arm_read(s))
                continue;
            s->drained = s->seen == 0;
            return THM_IO_AGAIN;
        }
        if (got < 0)
            broken(s, errno);
        s->ended = got == 0;
        s->known = 0;
        /* CLOSED would be no news any more */
        s->seen |= got < 0 ? POSIX_DONE | POSIX_BROKEN : POSIX_DONE;
        s->armed &= (uint8_t)~THM_EV_READ;
        posix_unpend(p, s, THM_EV_READ);
        return s->error != THM_OK ? THM_IO_ERROR : THM_IO_EOF;
    }
}

static void arm_write(const struct posix *p, struct posix_socket *s)
{
    s->armed |= THM_EV_WRITE;
    p->backend->watch_room(p, s);
}

enum thm_io posix_send(struct thm_port *port, thm_socket handle, const void *buf, size_t len,
                       size_t *n)
{
    struct posix *p = posix_of(port);
    struct posix_socket *s = posix_find(p, handle);
    enum thm_io io = transferable(s);
    ssize_t sent;

    *n = 0;
    if (io != THM_IO_OK)
        return io;
    if (s->error != THM_OK)
        return THM_IO_ERROR;
    do
        sent = send(s->fd, buf, len, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        *n = (size_t)sent;
        if (*n < len)
            arm_write(p, s);
        return THM_IO_OK;
    }
    if (errno == EAGAIN) {
        arm_write(p, s);
        return THM_IO_AGAIN;
    }
    broken(s, errno);
    return THM_IO_ERROR;
}

static int pending_error(const struct posix_socket *s)
{
    int error_number = 0;
    socklen_t len = sizeof error_number;

    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error_number, &len);
    return error_number;
}

enum thm_io posix_want(struct thm_port *port, thm_socket handle, size_t n)
{
    struct posix_socket *s = posix_find(posix_of(port), handle);
    enum thm_io io = transferable(s);

    if (io == THM_IO_ERROR || n == 0 || n > UINT16_MAX)
        return THM_IO_ERROR;
    if (s->want != n)
        s->crammed = false;
    s->want = (uint16_t)n;
    if (io == THM_IO_AGAIN) {
        if (s->fd >= 0)
            posix_apply_want(s);
        return THM_IO_AGAIN;
    }
    if (s->drained && s->lowat == n && s->error == THM_OK)
        return THM_IO_AGAIN;
    if (s->known >= n || waiting(s) >= n)
        return THM_IO_OK;
    if (s->seen & POSIX_BROKEN)
        broken(s, pending_error(s));
    if (s->error != THM_OK)
        return THM_IO_ERROR;
    if (s->seen & POSIX_DONE)
        return waiting(s) >= n ? THM_IO_OK : THM_IO_EOF;
    if (s->crammed && waiting(s) > 0)
        return THM_IO_OK;
    return arm_read(s) ? THM_IO_OK : THM_IO_AGAIN;
}

void posix_shutdown(struct thm_port *port, thm_socket handle)
{
    struct posix_socket *s = posix_find(posix_of(port), handle);

    if (s && s->state == POSIX_OPEN)
        shutdown(s->fd, SHUT_WR);
}

static void give_back(struct posix *p, struct posix_socket *s)
{
    thm_socket handle = posix_handle(p, s);

    posix_unpend(p, s, s->pending);
    if (s->starved)
        posix_list_remove(p, &p->starved, s);
    if (s->state == POSIX_RESOLVING)
        posix_resolve_cancel(p, handle);
    posix_dial_forget(s);
    if (s->fd >= 0)
        close(s->fd);
    posix_free(p, s);
    posix_revive(p);
}

/* Closing a socket with unread bytes would reset the connection and drop what is queued. */
static void discard_unread(const struct posix_socket *s)
{
    uint8_t scratch[4096];
    ssize_t got;

    for (size_t total = 0; total < DISCARD_MAX; total += (size_t)got) {
        got = recv(s->fd, scratch, sizeof scratch, 0);
        if (got <= 0)
            break;
    }
}

void posix_close(struct thm_port *port, thm_socket handle)
{
    struct posix *p = posix_of(port);
    struct posix_socket *s = posix_find(p, handle);

    if (!s)
        return;
    if (s->state == POSIX_OPEN && !s->ended)
        discard_unread(s);
    give_back(p, s);
}

void posix_abort(struct thm_port *port, thm_socket handle)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    struct posix *p = posix_of(port);
    struct posix_socket *s = posix_find(p, handle);

    if (!s)
        return;
    if (s->state == POSIX_OPEN)
        setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    give_back(p, s);
}

static void to_address(const union posix_address *a, struct thm_address *out)
{
    *out = (struct thm_address){0};
    if (a->any.sa_family == AF_INET) {
        out->family = 4;
        out->number = ntohs(a->v4.sin_port);
        memcpy(out->ip, &a->v4.sin_addr, 4);
    } else if (a->any.sa_family == AF_INET6) {
        bool mapped = IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr);
        out->family = mapped ? 4 : 6;
        out->number = ntohs(a->v6.sin6_port);
        memcpy(out->ip, a->v6.sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
    }
}

int posix_peer_addr(struct thm_port *port, thm_socket handle, struct thm_address *out)
{
    struct posix *p = posix_of(port);
    const struct posix_socket *s = posix_find(p, handle);
    union posix_address a;
    socklen_t len = sizeof a;

    *out = (struct thm_address){0};
    if (!s)
        return THM_E_STATE;
    if (handle == p->newest) {
        to_address(&p->newest_peer, out);
        return THM_OK;
    }
    int result = s->state == POSIX_LISTENING ? getsockname(s->fd, &a.any, &len)
                                             : getpeername(s->fd, &a.any, &len);
    if (result != 0)
        return THM_E_PORT;
    to_address(&a, out);
    return THM_OK;
}
