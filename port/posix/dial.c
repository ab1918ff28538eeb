/*
 * connect(): a name's addresses are tried one after another until one answers. A numeric address is
 * a list of one.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "posix.h"

static int dial(struct posix *p, struct posix_socket *s, const union posix_address *a)
{
    int code = posix_open_tcp(p, a->any.sa_family, &s->fd);

    if (code != THM_OK)
        return code;
#ifdef TCP_SYNCNT
    /* An address that swallows everything must not use up the time of those behind it: 3 s. */
    const int retries = 1;
    if (s->dial->at < s->dial->count)
        setsockopt(s->fd, IPPROTO_TCP, TCP_SYNCNT, &retries, sizeof retries);
#endif
    s->lowat = 1;
    if (s->want != s->lowat)
        posix_apply_want(s);
    if (connect(s->fd, &a->any, posix_address_len(a)) != 0 && errno != EINPROGRESS)
        return THM_E_CONNECT;
    return p->backend->add(p, s);
}

static void hang_up(struct posix_socket *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

void posix_dial_forget(struct posix_socket *s)
{
    free(s->dial);
    s->dial = NULL;
}

static void fail(struct posix *p, struct posix_socket *s, int code)
{
    s->state = POSIX_FAILED;
    s->error = (int16_t)code;
    posix_dial_forget(s);
    posix_pend(p, s, THM_EV_WRITE);
}

static void dial_next(struct posix *p, struct posix_socket *s)
{
    int code = THM_E_CONNECT;

    while (s->dial->at < s->dial->count) {
        s->state = POSIX_CONNECTING;
        s->armed = THM_EV_READ | THM_EV_WRITE;
        s->seen = 0;
        code = dial(p, s, &s->dial->addresses[s->dial->at++]);
        if (code == THM_OK)
            return;
        hang_up(s);
    }
    fail(p, s, code);
}

/* The backend has something to say about a socket that is connecting. True: it is connected. */
bool posix_dial_ended(struct posix *p, struct posix_socket *s)
{
    int error_number = 0;
    socklen_t len = sizeof error_number;

    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error_number, &len) != 0 || error_number != 0) {
        hang_up(s);
        dial_next(p, s);
        return false;
    }
    s->state = POSIX_OPEN;
    posix_dial_forget(s);
    return true;
}

void posix_dial_resolved(struct posix *p, struct posix_dial *dial)
{
    struct posix_socket *s = posix_find(p, dial->socket);

    if (!s) {
        free(dial); /* closed meanwhile */
        return;
    }
    s->dial = dial;
    if (dial->count == 0) {
        fail(p, s, THM_E_RESOLVE);
        return;
    }
    posix_pend(p, s, THM_EV_RESOLVED);
    dial_next(p, s);
}

int posix_connect(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                  thm_socket *out)
{
    struct posix *p = posix_of(port);
    size_t len = strlen(host);

    if (len == 0 || len >= THM_PORT_POSIX_HOST_MAX)
        return THM_E_ADDRESS;
    struct posix_dial *d = calloc(1, sizeof *d);
    if (!d)
        return THM_E_MEMORY;
    struct posix_socket *s = posix_new(p, tag);
    if (!s) {
        free(d);
        return THM_E_LIMIT;
    }
    *out = d->socket = posix_handle(p, s);
    if (posix_numeric(host, number, &d->addresses[0])) {
        d->count = 1;
        s->dial = d;
        dial_next(p, s);
        return THM_OK;
    }
    memcpy(d->host, host, len);
    d->number = number;
    s->state = POSIX_RESOLVING;
    int code = posix_resolve(p, d);
    if (code != THM_OK) {
        free(d);
        posix_free(p, s);
    }
    return code;
}
