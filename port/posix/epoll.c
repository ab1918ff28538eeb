/*
 * epoll, edge-triggered. A socket is registered once, for all but room to send; what is of no interest
 * just now is filtered when it is reported, so that a message costs no epoll_ctl. Room is looked at
 * from the first send that fell short: else each acknowledgement could wake us for nothing.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "posix.h"

#define BATCH 64

/* The upper half of an event's data; the lower is the socket's handle or the watch's index. */
enum { KIND_SOCKET, KIND_WATCH, KIND_WAKE };

static bool watch(const struct posix *p, int op, int fd, uint32_t events, uint32_t kind,
                  uint32_t id)
{
    struct epoll_event e = {.events = events, .data.u64 = (uint64_t)kind << 32 | id};

    return epoll_ctl(p->epoll_fd, op, fd, &e) == 0;
}

static uint32_t events_of(const struct posix_socket *s)
{
    const uint32_t events = EPOLLIN | EPOLLRDHUP | EPOLLET;

    return s->watches_room ? events | EPOLLOUT : events;
}

static int epoll_backend_open(struct posix *p)
{
    p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    p->wake_fd[0] = p->wake_fd[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->epoll_fd < 0 || p->wake_fd[0] < 0 ||
        !watch(p, EPOLL_CTL_ADD, p->wake_fd[0], EPOLLIN, KIND_WAKE, 0))
        return THM_E_PORT;
    return THM_OK;
}

static void epoll_backend_close(struct posix *p)
{
    close(p->epoll_fd);
    close(p->wake_fd[0]);
}

static int epoll_backend_add(struct posix *p, struct posix_socket *s)
{
    s->watches_room = s->state == POSIX_CONNECTING;
    return watch(p, EPOLL_CTL_ADD, s->fd, events_of(s), KIND_SOCKET, posix_handle(p, s))
               ? THM_OK
               : THM_E_LIMIT;
}

/* Nothing is allocated for it, so it can't fail. */
static void epoll_backend_watch_room(const struct posix *p, struct posix_socket *s)
{
    if (s->watches_room)
        return;
    s->watches_room = true;
    watch(p, EPOLL_CTL_MOD, s->fd, events_of(s), KIND_SOCKET, posix_handle(p, s));
}

static int epoll_backend_watch(struct posix *p, struct posix_watch *w)
{
    if (watch(p, EPOLL_CTL_ADD, w->fd, EPOLLIN, KIND_WATCH, (uint32_t)(w - p->watches)))
        return THM_OK;
    w->always = errno == EPERM;
    return w->always ? THM_OK : THM_E_PORT;
}

static void epoll_backend_unwatch(struct posix *p, struct posix_watch *w)
{
    if (!w->always)
        epoll_ctl(p->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
}

static unsigned found_in(uint32_t events)
{
    unsigned found = 0;

    if (events & EPOLLIN)
        found |= POSIX_IN;
    if (events & EPOLLOUT)
        found |= POSIX_OUT;
    if (events & EPOLLRDHUP)
        found |= POSIX_DONE;
    if (events & EPOLLHUP)
        found |= POSIX_DONE | POSIX_OUT; /* both directions have ended: send will say so */
    if (events & EPOLLERR)
        found |= POSIX_BROKEN | POSIX_DONE;
    return found;
}

static void report(struct posix *p, const struct epoll_event *e, struct posix_sink *sink)
{
    uint32_t kind = (uint32_t)(e->data.u64 >> 32), id = (uint32_t)e->data.u64;
    struct posix_socket *s;

    if (kind == KIND_WAKE)
        posix_report_wake(p, sink);
    else if (kind == KIND_WATCH)
        posix_report_watch(&p->watches[id], sink);
    else if ((s = posix_find(p, id)) != NULL)
        posix_report(p, s, found_in(e->events), sink);
}

static bool is_always(const struct posix_watch *w)
{
    return w->fd >= 0 && w->always;
}

static bool any_always(const struct posix *p)
{
    for (unsigned i = 0; i < THM_PORT_POSIX_WATCH_MAX; i++)
        if (is_always(&p->watches[i]))
            return true;
    return false;
}

/* The files that epoll doesn't take. Sockets come first: these have time. */
static void report_always(const struct posix *p, struct posix_sink *sink)
{
    for (unsigned i = 0; i < THM_PORT_POSIX_WATCH_MAX && sink->n < sink->cap; i++)
        if (is_always(&p->watches[i]))
            posix_report_watch(&p->watches[i], sink);
}

static int epoll_backend_wait(struct posix *p, int timeout, struct posix_sink *sink)
{
    struct epoll_event events[BATCH];
    unsigned room = sink->cap - sink->n;

    if (any_always(p))
        timeout = 0;
    int n = epoll_wait(p->epoll_fd, events, room < BATCH ? (int)room : BATCH, timeout);
    if (n < 0)
        return errno == EINTR ? 0 : THM_E_PORT;
    for (int i = 0; i < n; i++)
        report(p, &events[i], sink);
    report_always(p, sink);
    return n;
}

const struct posix_backend posix_backend_epoll = {
    .open = epoll_backend_open,
    .close = epoll_backend_close,
    .add = epoll_backend_add,
    .watch_room = epoll_backend_watch_room,
    .watch = epoll_backend_watch,
    .unwatch = epoll_backend_unwatch,
    .wait = epoll_backend_wait,
};
