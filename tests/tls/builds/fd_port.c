#include "tls/builds/fd_port.h"

#include <errno.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "thimble/error.h"

static enum thm_io result(ssize_t got, size_t *n)
{
    *n = got > 0 ? (size_t)got : 0;
    if (got >= 0)
        return got > 0 ? THM_IO_OK : THM_IO_EOF;
    return errno == EAGAIN ? THM_IO_AGAIN : THM_IO_ERROR;
}

size_t fd_longest_record;

/* Headers of records in what comes, of one connection at a time. */
static void note(const uint8_t *bytes, size_t n)
{
    static size_t have, left;
    static uint8_t header[5];

    for (size_t i = 0; i < n; i++) {
        if (left > 0) {
            left--;
            continue;
        }
        header[have++] = bytes[i];
        if (have < sizeof header)
            continue;
        have = 0;
        left = (size_t)header[3] << 8 | header[4];
        fd_longest_record = left > fd_longest_record ? left : fd_longest_record;
    }
}

static enum thm_io recv_(struct thm_port *port, thm_socket s, void *buf, size_t cap, size_t *n)
{
    enum thm_io io = result(recv((int)s, buf, cap, MSG_DONTWAIT), n);

    (void)port;
    note(buf, *n);
    return io;
}

static enum thm_io send_(struct thm_port *port, thm_socket s, const void *buf, size_t len,
                         size_t *n)
{
    (void)port;
    return result(send((int)s, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL), n);
}

static enum thm_io want(struct thm_port *port, thm_socket s, size_t wanted)
{
    unsigned char scratch[20000];
    size_t n;
    enum thm_io io = result(recv((int)s, scratch, wanted, MSG_DONTWAIT | MSG_PEEK), &n);

    (void)port;
    return io == THM_IO_OK && n < wanted ? THM_IO_AGAIN : io;
}

static void shutdown_(struct thm_port *port, thm_socket s)
{
    (void)port;
    shutdown((int)s, SHUT_WR);
}

static void close_(struct thm_port *port, thm_socket s)
{
    (void)port;
    close((int)s);
}

static int entropy(struct thm_port *port, void *buf, size_t len)
{
    (void)port;
    return getrandom(buf, len, 0) == (ssize_t)len ? THM_OK : THM_E_ENTROPY;
}

static const struct thm_port_ops ops = {
    .recv = recv_,
    .send = send_,
    .want = want,
    .shutdown = shutdown_,
    .close = close_,
    .abort = close_,
    .entropy = entropy,
};

struct thm_port fd_port = {.ops = &ops};

void fd_wait(thm_socket fd, int out)
{
    struct pollfd p = {(int)fd, (short)(POLLIN | (out ? POLLOUT : 0)), 0};

    poll(&p, 1, -1);
}
