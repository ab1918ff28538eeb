#include "gateway.h"

#include <netinet/in.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct gateway {
    Slirp *slirp;
    void (*send)(void *ctx, const struct frame *f);
    void *ctx;
    struct pollfd *fds;
    unsigned fd_count;
};

/* --- what libslirp calls ------------------------------------------------------------------------ */

static ssize_t send_packet(const void *data, size_t len, void *opaque)
{
    struct gateway *g = opaque;
    struct frame f = {.len = len < FRAME_MAX ? len : FRAME_MAX};
    memcpy(f.bytes, data, f.len);
    g->send(g->ctx, &f);
    return (ssize_t)len;
}

static int64_t clock_ns(void *opaque)
{
    struct timespec t;
    (void)opaque;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void guest_error(const char *text, void *opaque)
{
    (void)text, (void)opaque; /* boards may send what they like */
}

/* Timers serve IPv6 only, which is off. */
static void *timer_new(SlirpTimerCb callback, void *callback_opaque, void *opaque)
{
    (void)callback, (void)callback_opaque;
    return opaque;
}

static void timer_free(void *timer, void *opaque)
{
    (void)timer, (void)opaque;
}

static void timer_mod(void *timer, int64_t at, void *opaque)
{
    (void)timer, (void)at, (void)opaque;
}

static void poll_fd(int fd, void *opaque)
{
    (void)fd, (void)opaque;
}

static void notify(void *opaque)
{
    (void)opaque;
}

static const SlirpCb callbacks = {.send_packet = send_packet,
                                  .guest_error = guest_error,
                                  .clock_get_ns = clock_ns,
                                  .timer_new = timer_new,
                                  .timer_free = timer_free,
                                  .timer_mod = timer_mod,
                                  .register_poll_fd = poll_fd,
                                  .unregister_poll_fd = poll_fd,
                                  .notify = notify};

/* --- its use ------------------------------------------------------------------------------------ */

static struct in_addr address(const unsigned char ip[IP_SIZE])
{
    struct in_addr a;
    memcpy(&a, ip, IP_SIZE);
    return a;
}

struct gateway *gateway_new(void (*send)(void *ctx, const struct frame *f), void *ctx)
{
    static const unsigned char network[] = {10, 0, 2, 0}, mask[] = {255, 255, 255, 0},
                               first[] = {10, 0, 2, 15};
    SlirpConfig config = {.version = 1,
                          .in_enabled = true,
                          .vnetwork = address(network),
                          .vnetmask = address(mask),
                          .vhost = address(gateway_ip),
                          .vdhcp_start = address(first),
                          .vnameserver = address(names_ip)};
    struct gateway *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    g->send = send;
    g->ctx = ctx;
    g->slirp = slirp_new(&config, &callbacks, g);
    return g;
}

void gateway_free(struct gateway *g)
{
    slirp_cleanup(g->slirp);
    free(g);
}

void gateway_input(struct gateway *g, const struct frame *f)
{
    slirp_input(g->slirp, f->bytes, (int)f->len);
}

/* SLIRP_POLL_* and POLL* in pairs. */
static const struct {
    int slirp;
    short host;
} events[] = {{SLIRP_POLL_IN, POLLIN},
              {SLIRP_POLL_OUT, POLLOUT},
              {SLIRP_POLL_PRI, POLLPRI},
              {SLIRP_POLL_ERR, POLLERR},
              {SLIRP_POLL_HUP, POLLHUP}};

static int add_poll(int fd, int wanted, void *opaque)
{
    struct gateway *g = opaque;
    if (g->fd_count == GATEWAY_FDS)
        return -1;
    struct pollfd *p = &g->fds[g->fd_count];
    *p = (struct pollfd){.fd = fd};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (wanted & events[i].slirp)
            p->events |= events[i].host;
    return (int)g->fd_count++;
}

static int get_revents(int index, void *opaque)
{
    struct gateway *g = opaque;
    int found = 0;
    for (size_t i = 0; index >= 0 && i < sizeof events / sizeof events[0]; i++)
        if (g->fds[index].revents & events[i].host)
            found |= events[i].slirp;
    return found;
}

unsigned gateway_prepare(struct gateway *g, struct pollfd fds[GATEWAY_FDS], uint32_t *timeout)
{
    g->fds = fds;
    g->fd_count = 0;
    slirp_pollfds_fill(g->slirp, timeout, add_poll, g);
    return g->fd_count;
}

void gateway_run(struct gateway *g, struct pollfd *fds)
{
    g->fds = fds;
    slirp_pollfds_poll(g->slirp, 0, get_revents, g);
}

/* libslirp does not tell which port it was given, so one is found that is free. */
static int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0), port = -1;
    if (bind(fd, (struct sockaddr *)&a, len) == 0 &&
        getsockname(fd, (struct sockaddr *)&a, &len) == 0)
        port = ntohs(a.sin_port);
    close(fd);
    return port;
}

int gateway_forward(struct gateway *g, const unsigned char ip[IP_SIZE], uint16_t port)
{
    struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
    for (int tries = 0; tries < 10; tries++) {
        int found = free_port();
        if (found > 0 && slirp_add_hostfwd(g->slirp, 0, loopback, found, address(ip), port) == 0)
            return found;
    }
    return -1;
}
