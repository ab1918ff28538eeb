#include "callers.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STEPS 8 /* requests of one in a turn */

void callers_open(struct callers *c, struct desk *desk, int fd)
{
    c->fd = fd;
    c->desk = desk;
    for (unsigned i = 0; i < CALLERS_MAX; i++)
        c->all[i].fd = -1;
}

static void hang_up(struct caller *one)
{
    close(one->fd);
    one->fd = -1;
}

void callers_close(struct callers *c)
{
    for (unsigned i = 0; i < CALLERS_MAX; i++)
        if (c->all[i].fd >= 0)
            hang_up(&c->all[i]);
}

static bool must_send(const struct caller *one)
{
    return one->sent < one->out_len;
}

static const char *next_end(const struct caller *one)
{
    return memchr(one->in, '\n', one->in_len);
}

nfds_t callers_wanted(const struct callers *c, struct pollfd fds[CALLERS_MAX + 1], bool *busy)
{
    nfds_t n = 0;
    *busy = false;
    fds[n++] = (struct pollfd){.fd = c->fd, .events = POLLIN};
    for (unsigned i = 0; i < CALLERS_MAX; i++) {
        const struct caller *one = &c->all[i];
        if (one->fd < 0)
            continue;
        fds[n++] = (struct pollfd){.fd = one->fd, .events = must_send(one) ? POLLOUT : POLLIN};
        *busy = *busy || (!must_send(one) && next_end(one));
    }
    return n;
}

/* --- one of them -------------------------------------------------------------------------------- */

/* False: the rest has to wait, or nobody takes it any more. */
static bool send_out(struct caller *one)
{
    while (must_send(one)) {
        ssize_t n = send(one->fd, one->out + one->sent, one->out_len - one->sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            hang_up(one);
        if (n < 0)
            return false;
        one->sent += (size_t)n;
    }
    return true;
}

static void say(struct caller *one, const char *text)
{
    one->out_len = strlen(text);
    one->sent = 0;
    memcpy(one->out, text, one->out_len);
}

/* False: there is nothing to read now. */
static bool read_in(struct caller *one, uint64_t now_ms)
{
    if (one->last)
        return false;
    if (one->in_len == sizeof one->in) {
        one->last = true;
        one->in_len = 0;
        say(one, "error argument the request is longer than a request may be\n");
        return true;
    }
    ssize_t n = recv(one->fd, one->in + one->in_len, sizeof one->in - one->in_len, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        one->last = true;
    if (n <= 0)
        return false;
    one->in_len += (size_t)n;
    one->heard_ms = now_ms;
    return true;
}

static void take_line(struct callers *c, struct caller *one, const char *end, int64_t now_s,
                      uint64_t now_ms)
{
    size_t len = (size_t)(end - one->in), whole = len + 1;
    if (len > 0 && one->in[len - 1] == '\r')
        len--;
    one->in[len] = '\0';
    one->out_len = desk_answer(c->desk, one->in, len, now_s, now_ms, one->out);
    one->sent = 0;
    one->in_len -= whole;
    memmove(one->in, one->in + whole, one->in_len);
}

static void serve(struct callers *c, struct caller *one, int64_t now_s, uint64_t now_ms)
{
    for (unsigned i = 0; i < STEPS; i++) {
        if (!send_out(one))
            return;
        const char *end = next_end(one);
        if (end)
            take_line(c, one, end, now_s, now_ms);
        else if (!read_in(one, now_ms))
            break;
    }
    if (send_out(one) && one->last && !next_end(one))
        hang_up(one);
}

/* --- all ---------------------------------------------------------------------------------------- */

/* A place for a new one. Where all are taken, who was silent for the longest time loses his: he can come again. */
static struct caller *find_place(struct callers *c)
{
    struct caller *place = &c->all[0];
    for (unsigned i = 0; i < CALLERS_MAX; i++) {
        struct caller *one = &c->all[i];
        if (one->fd < 0)
            return one;
        if (one->heard_ms < place->heard_ms)
            place = one;
    }
    hang_up(place);
    return place;
}

void callers_step(struct callers *c, int64_t now_s, uint64_t now_ms)
{
    for (unsigned i = 0; i < CALLERS_MAX; i++) {
        int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            break;
        struct caller *one = find_place(c);
        *one = (struct caller){.fd = fd, .heard_ms = now_ms};
    }
    for (unsigned i = 0; i < CALLERS_MAX; i++)
        if (c->all[i].fd >= 0)
            serve(c, &c->all[i], now_s, now_ms);
}
