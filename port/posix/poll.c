/*
 * poll, for systems without epoll. It reports levels: a socket is asked about only what is armed,
 * and not at all when nothing is.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "posix.h"

/* The first entries of `polled`: the wake pipe and the watches, then the sockets. */
#define FIRST_SOCKET (1u + THM_PORT_POSIX_WATCH_MAX)

static int poll_backend_open(struct posix *p)
{
    p->polled = calloc(FIRST_SOCKET + p->max_sockets, sizeof *p->polled);
    p->polled_socket = calloc(FIRST_SOCKET + p->max_sockets, sizeof *p->polled_socket);
    if (!p->polled || !p->polled_socket)
        return THM_E_MEMORY;
    return pipe2(p->wake_fd, O_CLOEXEC | O_NONBLOCK) == 0 ? THM_OK : THM_E_PORT;
}

static void poll_backend_close(struct posix *p)
{
    close(p->wake_fd[0]);
    close(p->wake_fd[1]);
    free(p->polled);
    free(p->polled_socket);
}

static int poll_backend_add(struct posix *p, struct posix_socket *s)
{
    (void)p;
    (void)s;
    return THM_OK;
}

static int poll_backend_watch(struct posix *p, struct posix_watch *w)
{
    (void)p;
    return fcntl(w->fd, F_GETFD) >= 0 ? THM_OK : THM_E_PORT;
}

static void poll_backend_unwatch(struct posix *p, struct posix_watch *w)
{
    (void)p;
    (void)w;
}

static short asked_of(const struct posix_socket *s)
{
    int events = 0;

    if (s->fd < 0)
        return 0;
    if (s->armed & (THM_EV_READ | THM_EV_ACCEPT))
        events |= POLLIN;
    if (s->armed & THM_EV_WRITE)
        events |= POLLOUT;
    if (s->state != POSIX_LISTENING && !(s->seen & POSIX_DONE))
        events |= POLLRDHUP;
    return (short)events;
}

static unsigned fill(struct posix *p)
{
    unsigned n = FIRST_SOCKET;

    p->polled[0] = (struct pollfd){.fd = p->wake_fd[0], .events = POLLIN};
    for (unsigned i = 0; i < THM_PORT_POSIX_WATCH_MAX; i++)
        p->polled[1 + i] = (struct pollfd){.fd = p->watches[i].fd, .events = POLLIN};
    for (uint32_t i = 0; i < p->used; i++) {
        short events = asked_of(&p->sockets[i]);
        p->touched++;
        if (events == 0)
            continue;
        p->polled[n] = (struct pollfd){.fd = p->sockets[i].fd, .events = events};
        p->polled_socket[n++] = i;
    }
    return n;
}

static unsigned found_in(short events)
{
    unsigned found = 0;

    if (events & POLLIN)
        found |= POSIX_IN;
    if (events & POLLOUT)
        found |= POSIX_OUT;
    if (events & POLLRDHUP)
        found |= POSIX_DONE;
    if (events & POLLHUP)
        found |= POSIX_DONE | POSIX_OUT; /* both directions have ended: send will say so */
    if (events & (POLLERR | POLLNVAL))
        found |= POSIX_BROKEN | POSIX_DONE;
    return found;
}

static void report(struct posix *p, unsigned i, struct posix_sink *sink)
{
    if (i == 0)
        posix_report_wake(p, sink);
    else if (i < FIRST_SOCKET)
        posix_report_watch(&p->watches[i - 1], sink);
    else
        posix_report(p, &p->sockets[p->polled_socket[i]], found_in(p->polled[i].revents), sink);
}

/* Goes round from where the last call ran out of room, so that nobody is always the last. */
static int poll_backend_wait(struct posix *p, int timeout, struct posix_sink *sink)
{
    unsigned count = fill(p), start = p->poll_start < count ? p->poll_start : 0;
    int n = poll(p->polled, count, timeout);

    if (n < 0)
        return errno == EINTR ? 0 : THM_E_PORT;
    p->poll_start = 0;
    for (unsigned k = 0, left = (unsigned)n; left > 0; k++) {
        unsigned i = (start + k) % count;
        if (p->polled[i].revents == 0)
            continue;
        if (sink->n == sink->cap) {
            p->poll_start = i;
            break;
        }
        report(p, i, sink);
        left--;
    }
    return n;
}

const struct posix_backend posix_backend_poll = {
    .open = poll_backend_open,
    .close = poll_backend_close,
    .add = poll_backend_add,
    .watch = poll_backend_watch,
    .unwatch = poll_backend_unwatch,
    .wait = poll_backend_wait,
};
