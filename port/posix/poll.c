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

/* What an entry of `polled` is for, as a number: the wake pipe, then the watches, then the sockets. */
enum { ID_WAKE = 0, ID_WATCH = 1, ID_SOCKET = ID_WATCH + THM_PORT_POSIX_WATCH_MAX };

static int poll_backend_open(struct posix *p)
{
    p->polled = calloc(ID_SOCKET + p->max_sockets, sizeof *p->polled);
    p->polled_id = calloc(ID_SOCKET + p->max_sockets, sizeof *p->polled_id);
    if (!p->polled || !p->polled_id)
        return THM_E_MEMORY;
    return pipe2(p->wake_fd, O_CLOEXEC | O_NONBLOCK) == 0 ? THM_OK : THM_E_PORT;
}

static void poll_backend_close(struct posix *p)
{
    close(p->wake_fd[0]);
    close(p->wake_fd[1]);
    free(p->polled);
    free(p->polled_id);
}

static int poll_backend_add(struct posix *p, struct posix_socket *s)
{
    (void)p;
    (void)s;
    return THM_OK;
}

static void poll_backend_watch_room(const struct posix *p, struct posix_socket *s)
{
    (void)p; /* `armed` says it */
    (void)s;
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

    if (s->armed & (THM_EV_READ | THM_EV_ACCEPT))
        events |= POLLIN;
    if (s->armed & THM_EV_WRITE)
        events |= POLLOUT;
    if (s->state != POSIX_LISTENING && !(s->seen & POSIX_DONE))
        events |= POLLRDHUP;
    return (short)events;
}

static void ask(struct posix *p, unsigned *n, int fd, short events, uint32_t id)
{
    if (fd < 0 || events == 0)
        return;
    p->polled[*n] = (struct pollfd){.fd = fd, .events = events};
    p->polled_id[(*n)++] = id;
}

static unsigned fill(struct posix *p)
{
    unsigned n = 0;

    ask(p, &n, p->wake_fd[0], POLLIN, ID_WAKE);
    for (unsigned i = 0; i < THM_PORT_POSIX_WATCH_MAX; i++)
        ask(p, &n, p->watches[i].fd, POLLIN, ID_WATCH + i);
    for (uint32_t i = 0; i < p->used; i++)
        ask(p, &n, p->sockets[i].fd, asked_of(&p->sockets[i]), ID_SOCKET + i);
    p->touched += p->used;
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
    uint32_t id = p->polled_id[i];

    if (id >= ID_SOCKET)
        posix_report(p, &p->sockets[id - ID_SOCKET], found_in(p->polled[i].revents), sink);
    else if (id >= ID_WATCH)
        posix_report_watch(&p->watches[id - ID_WATCH], sink);
    else
        posix_report_wake(p, sink);
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
    .watch_room = poll_backend_watch_room,
    .watch = poll_backend_watch,
    .unwatch = poll_backend_unwatch,
    .wait = poll_backend_wait,
};
