/*
 * Readiness: what wait() reports, from the backend and from the list of sockets with something
 * pending (a name resolved, a connect that failed at once ...).
 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "posix.h"

static void sink_put(struct posix_sink *sink, uint32_t tag, unsigned what)
{
    sink->events[sink->n++] = (struct thm_event){.tag = tag, .what = what};
}

void posix_pend(struct posix *p, struct posix_socket *s, unsigned what)
{
    if (s->pending == 0)
        posix_list_add(p, &p->ready, s);
    s->pending = (uint8_t)(s->pending | what);
}

void posix_unpend(struct posix *p, struct posix_socket *s, unsigned what)
{
    if (s->pending == 0)
        return;
    s->pending = (uint8_t)(s->pending & ~what);
    if (s->pending == 0)
        posix_list_remove(p, &p->ready, s);
}

static void report_pending(struct posix *p, struct posix_sink *sink)
{
    struct posix_socket *s;

    while (sink->n < sink->cap && (s = posix_list_first(p, &p->ready)) != NULL) {
        p->touched++;
        sink_put(sink, s->tag, s->pending);
        posix_unpend(p, s, s->pending);
    }
}

/* The listener's edge is used up, yet connections wait: try again when a descriptor may be free. */
void posix_starve(struct posix *p, struct posix_socket *listener)
{
    p->revive_at_ms = thm_port_posix_now_ms() + POSIX_STARVED_MS;
    if (listener->starved || listener->pending != 0)
        return;
    listener->starved = true;
    posix_list_add(p, &p->starved, listener);
}

void posix_revive(struct posix *p)
{
    struct posix_socket *listener;

    while ((listener = posix_list_first(p, &p->starved)) != NULL) {
        posix_list_remove(p, &p->starved, listener);
        listener->starved = false;
        posix_pend(p, listener, THM_EV_ACCEPT);
    }
}

void posix_report(struct posix *p, struct posix_socket *s, unsigned found, struct posix_sink *sink)
{
    p->touched++;
    s->drained = false;
    if (s->state == POSIX_LISTENING) {
        if (found != 0 && (s->armed & THM_EV_ACCEPT))
            sink_put(sink, s->tag, THM_EV_ACCEPT);
        s->armed = 0;
        return;
    }
    if (s->state == POSIX_CONNECTING && (found == 0 || !posix_dial_ended(p, s)))
        return;

    unsigned what = 0;
    if (found & (POSIX_IN | POSIX_DONE))
        what |= THM_EV_READ;
    if (found & (POSIX_OUT | POSIX_BROKEN))
        what |= THM_EV_WRITE;
    what &= s->armed;
    if ((what & THM_EV_READ) && s->lowat == s->want)
        s->crammed = true;
    s->armed = (uint8_t)(s->armed & ~what);

    unsigned news = found & (POSIX_DONE | POSIX_BROKEN) & ~(unsigned)s->seen;
    s->seen = (uint8_t)(s->seen | news);
    if (news != 0)
        what |= THM_EV_CLOSED | THM_EV_READ;
    if (what != 0)
        sink_put(sink, s->tag, what);
}

void posix_report_watch(const struct posix_watch *w, struct posix_sink *sink)
{
    sink_put(sink, w->tag, THM_EV_READ);
}

/* The descriptor only ends the waiting; what happened is told by `woken` and by the resolver. It is
 * emptied before `woken` is looked at: a wake() in between is then seen either here or next time. */
void posix_report_wake(struct posix *p, struct posix_sink *sink)
{
    uint64_t scratch[16];

    while (read(p->wake_fd[0], scratch, sizeof scratch) == (ssize_t)sizeof scratch)
        ;
    if (atomic_exchange(&p->woken, false))
        sink_put(sink, 0, THM_EV_WOKEN);
    posix_resolve_collect(p);
}

/* Also from a signal handler: errno is kept. */
void posix_wake(struct thm_port *port)
{
    struct posix *p = posix_of(port);
    const uint64_t one = 1;
    int kept = errno;

    /* Who finds the flag set leaves the writing to whoever has set it. A full pipe wakes as well. */
    if (!atomic_exchange(&p->woken, true) && write(p->wake_fd[1], &one, sizeof one) < 0)
        errno = kept;
}

static int timeout_ms(const struct posix *p, uint64_t until_ms)
{
    if (p->starved.first != POSIX_NO_INDEX && p->revive_at_ms < until_ms)
        until_ms = p->revive_at_ms;
    if (until_ms == UINT64_MAX)
        return -1;
    if (until_ms == 0)
        return 0;
    uint64_t now = thm_port_posix_now_ms();
    if (until_ms <= now)
        return 0;
    return until_ms - now > INT_MAX ? INT_MAX : (int)(until_ms - now);
}

static bool is_past(uint64_t until_ms)
{
    return until_ms == 0 || (until_ms != UINT64_MAX && thm_port_posix_now_ms() >= until_ms);
}

int posix_wait(struct thm_port *port, uint64_t until_ms, struct thm_event *events, unsigned cap)
{
    struct posix *p = posix_of(port);
    struct posix_sink sink = {.events = events, .cap = cap};

    if (cap == 0)
        return THM_E_ARGUMENT;
    for (;;) {
        int seen = 0;
        report_pending(p, &sink);
        if (sink.n < cap)
            seen = p->backend->wait(p, sink.n > 0 ? 0 : timeout_ms(p, until_ms), &sink);
        if (seen < 0)
            return seen;
        if (p->starved.first != POSIX_NO_INDEX && is_past(p->revive_at_ms))
            posix_revive(p);
        bool more = p->ready.first != POSIX_NO_INDEX || seen > 0;
        if (sink.n > 0 || (!more && is_past(until_ms)))
            return (int)sink.n;
    }
}

int thm_port_posix_watch_fd(struct thm_port_posix *port, int fd, uint32_t tag)
{
    struct posix *p = port->posix;
    struct posix_watch *unused = NULL;

    for (unsigned i = 0; i < THM_PORT_POSIX_WATCH_MAX; i++) {
        struct posix_watch *w = &p->watches[i];
        if (w->fd >= 0 && w->fd == fd)
            return THM_E_STATE;
        if (w->fd < 0 && !unused)
            unused = w;
    }
    if (!unused)
        return THM_E_LIMIT;
    *unused = (struct posix_watch){.fd = fd, .tag = tag};
    int code = p->backend->watch(p, unused);
    if (code != THM_OK)
        unused->fd = -1;
    return code;
}

void thm_port_posix_unwatch_fd(struct thm_port_posix *port, int fd)
{
    struct posix *p = port->posix;

    for (unsigned i = 0; i < THM_PORT_POSIX_WATCH_MAX; i++) {
        struct posix_watch *w = &p->watches[i];
        if (fd >= 0 && w->fd == fd) {
            p->backend->unwatch(p, w);
            w->fd = -1;
        }
    }
}
