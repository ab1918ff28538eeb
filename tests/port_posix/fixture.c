#include "port_posix/fixture.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 5000

static enum thm_port_posix_backend backend;

int on_epoll(void **state)
{
    (void)state;
    backend = THM_PORT_POSIX_EPOLL;
    return 0;
}

int on_poll(void **state)
{
    (void)state;
    backend = THM_PORT_POSIX_POLL;
    return 0;
}

void open_fixture(struct fixture *f, struct thm_port_posix_config config)
{
    struct thm_address address;

    config.backend = backend;
    assert_int_equal(thm_port_posix_init(&f->posix, &config), THM_OK);
    f->port = &f->posix.port;
    f->ops = f->port->ops;
    assert_int_equal(f->ops->listen(f->port, "127.0.0.1", 0, LISTENER, &f->listener), THM_OK);
    assert_int_equal(f->ops->peer_addr(f->port, f->listener, &address), THM_OK);
    f->number = address.number;
}

void close_fixture(struct fixture *f)
{
    thm_port_posix_destroy(&f->posix);
}

int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    open_fixture(f, (struct thm_port_posix_config){.max_sockets = 16});
    *state = f;
    return 0;
}

int tear_down(void **state)
{
    struct fixture *f = *state;

    close_fixture(f);
    free(f);
    return 0;
}

static struct sockaddr_in loopback(uint16_t number)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(number),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int dial_with_buffer(const struct fixture *f, int receive_buffer)
{
    struct sockaddr_in a = loopback(f->number);
    int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(peer >= 0);
    if (receive_buffer != 0)
        setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    assert_int_equal(connect(peer, (struct sockaddr *)&a, sizeof a), 0);
    return peer;
}

int dial_fixture(const struct fixture *f)
{
    return dial_with_buffer(f, 0);
}

int dial_fixture_narrowly(const struct fixture *f)
{
    return dial_with_buffer(f, 1);
}

thm_socket accept_next(struct fixture *f)
{
    thm_socket s = THM_SOCKET_NONE;
    enum thm_io io;

    while ((io = f->ops->accept(f->port, f->listener, ACCEPTED, &s)) == THM_IO_AGAIN)
        await(f, LISTENER, THM_EV_ACCEPT);
    assert_int_equal(io, THM_IO_OK);
    return s;
}

thm_socket accept_peer(struct fixture *f, int *peer)
{
    *peer = dial_fixture(f);
    return accept_next(f);
}

int plain_listener(int backlog, uint16_t *number)
{
    struct sockaddr_in a = loopback(0);
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *number = ntohs(a.sin_port);
    return fd;
}

unsigned await(struct fixture *f, uint32_t tag, unsigned what)
{
    const uint64_t until = thm_port_posix_now_ms() + PATIENCE_MS;
    struct thm_event events[8];
    unsigned got = 0;

    while ((got & what) != what) {
        int n = f->ops->wait(f->port, until, events, 8);
        assert_true(n >= 0);
        for (int i = 0; i < n; i++)
            if (events[i].tag == tag)
                got |= events[i].what;
        if (n == 0)
            fail_msg("tag %u: waited for %x, got %x", (unsigned)tag, what, got);
    }
    return got;
}

void expect_silence(struct fixture *f, uint32_t tag, unsigned ms)
{
    const uint64_t until = ms == 0 ? 0 : thm_port_posix_now_ms() + ms;
    struct thm_event events[8];
    int n;

    while ((n = f->ops->wait(f->port, until, events, 8)) > 0)
        for (int i = 0; i < n; i++)
            if (events[i].tag == tag)
                fail_msg("tag %u: %x was not to be reported", (unsigned)tag,
                         (unsigned)events[i].what);
    assert_int_equal(n, 0);
}

void receive_all(struct fixture *f, thm_socket s, uint32_t tag, void *buf, size_t len)
{
    uint8_t *at = buf;
    size_t n;

    while (len > 0) {
        enum thm_io io = f->ops->recv(f->port, s, at, len, &n);
        if (io == THM_IO_AGAIN) {
            await(f, tag, THM_EV_READ);
            continue;
        }
        assert_int_equal(io, THM_IO_OK);
        at += n;
        len -= n;
    }
}

void peer_receive(int peer, void *buf, size_t len)
{
    assert_int_equal(recv(peer, buf, len, MSG_WAITALL), (ssize_t)len);
}

void peer_send(int peer, const void *buf, size_t len)
{
    assert_int_equal(send(peer, buf, len, MSG_NOSIGNAL), (ssize_t)len);
}
