/*
 * Listeners, what they accept, and what happens when there is no room.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port_posix/fixture.h"
#include "posix.h"

static void test_listening_says_why_it_fails(void **state)
{
    struct fixture *f = *state;
    thm_socket s;

    assert_int_equal(f->ops->listen(f->port, "127.0.0.1", f->number, 9, &s), THM_E_IN_USE);
    assert_int_equal(f->ops->listen(f->port, "localhost", 0, 9, &s), THM_E_ADDRESS);
    assert_int_equal(f->ops->listen(f->port, "1.2.3", 0, 9, &s), THM_E_ADDRESS);
    assert_int_equal(f->ops->listen(f->port, "", 0, 9, &s), THM_E_ADDRESS);
    assert_int_equal(f->ops->listen(f->port, "192.0.2.1", 0, 9, &s), THM_E_PORT);
}

/* ACCEPT once, however many come, and again once accept() said AGAIN. */
static void test_accept_until_again(void **state)
{
    struct fixture *f = *state;
    int peers[3];
    thm_socket s;

    for (unsigned i = 0; i < 3; i++)
        peers[i] = dial_fixture(f);
    await(f, LISTENER, THM_EV_ACCEPT);
    expect_silence(f, LISTENER, 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(f->ops->accept(f->port, f->listener, ACCEPTED, &s), THM_IO_OK);
        close(peers[i]);
    }
    assert_int_equal(f->ops->accept(f->port, f->listener, ACCEPTED, &s), THM_IO_AGAIN);
    expect_silence(f, LISTENER, 0);
    peers[0] = dial_fixture(f);
    await(f, LISTENER, THM_EV_ACCEPT);
    close(peers[0]);
}

static int option(const struct fixture *f, thm_socket s, int level, int name)
{
    int value = 0;
    socklen_t len = sizeof value;

    assert_int_equal(getsockopt(posix_find(f->posix.posix, s)->fd, level, name, &value, &len), 0);
    return value;
}

static void test_accepted_sockets_are_set_up(void **state)
{
    struct fixture f;
    int peer;

    (void)state;
    open_fixture(&f, (struct thm_port_posix_config){
                         .max_sockets = 4, .send_buffer = 40000, .receive_buffer = 30000});
    thm_socket s = accept_peer(&f, &peer);
    int fd = posix_find(f.posix.posix, s)->fd;
    assert_int_equal(option(&f, s, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(option(&f, s, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_true(option(&f, s, SOL_SOCKET, SO_SNDBUF) >= 40000);
    assert_true(option(&f, s, SOL_SOCKET, SO_RCVBUF) >= 30000);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(peer);
    close_fixture(&f);
}

/* A buffer that the system doesn't grant is an error, not a surprise under load. */
static void test_a_buffer_beyond_the_systems_limit_is_refused(void **state)
{
    const struct thm_port_posix_config config = {.max_sockets = 4, .send_buffer = 1u << 28};
    struct thm_port_posix port;
    thm_socket s;

    (void)state;
    assert_int_equal(thm_port_posix_init(&port, &config), THM_OK);
    assert_int_equal(port.port.ops->listen(&port.port, "127.0.0.1", 0, 1, &s), THM_E_LIMIT);
    thm_port_posix_destroy(&port);
}

static void test_addresses_of_both_families(void **state)
{
    static const uint8_t loopback6[16] = {[15] = 1};
    struct fixture *f = *state;
    struct thm_address address;
    thm_socket six, dialled, accepted;
    int peer;

    accepted = accept_peer(f, &peer);
    assert_int_equal(f->ops->peer_addr(f->port, accepted, &address), THM_OK);
    assert_int_equal(address.family, 4);
    assert_memory_equal(address.ip, "\x7f\0\0\1", 4);
    struct sockaddr_in own;
    socklen_t len = sizeof own;
    assert_int_equal(getsockname(peer, (struct sockaddr *)&own, &len), 0);
    assert_int_equal(address.number, ntohs(own.sin_port));
    close(peer);

    if (f->ops->listen(f->port, "::1", 0, 9, &six) != THM_OK)
        skip(); /* no IPv6 here */
    assert_int_equal(f->ops->peer_addr(f->port, six, &address), THM_OK);
    assert_int_equal(address.family, 6);
    assert_int_equal(f->ops->connect(f->port, "::1", address.number, DIALLED, &dialled), THM_OK);
    await(f, DIALLED, THM_EV_WRITE);
    assert_int_equal(f->ops->accept(f->port, six, ACCEPTED, &accepted), THM_IO_OK);
    assert_int_equal(f->ops->peer_addr(f->port, accepted, &address), THM_OK);
    assert_int_equal(address.family, 6);
    assert_memory_equal(address.ip, loopback6, 16);
}

/* An IPv4 peer of a socket of both families is an IPv4 peer. */
static void test_a_mapped_address_is_ipv4(void **state)
{
    struct fixture *f = *state;
    struct thm_address address;
    thm_socket s;

    if (f->ops->connect(f->port, "::ffff:127.0.0.1", f->number, DIALLED, &s) != THM_OK)
        skip();
    await(f, DIALLED, THM_EV_WRITE);
    if (f->ops->peer_addr(f->port, s, &address) != THM_OK)
        skip(); /* no IPv6 here */
    assert_int_equal(address.family, 4);
    assert_memory_equal(address.ip, "\x7f\0\0\1\0\0\0\0", 8);
    assert_int_equal(address.number, f->number);
}

/* The same number can be listened at in both families. */
static void test_ipv6_listeners_leave_ipv4_alone(void **state)
{
    struct fixture *f = *state;
    thm_socket s;
    int code = f->ops->listen(f->port, "::", f->number, 9, &s);

    if (code == THM_E_PORT)
        skip(); /* no IPv6 here */
    assert_int_equal(code, THM_OK);
}

/* A full table leaves the connection in the backlog; ACCEPT comes as soon as there is room. */
static void test_a_full_table_accepts_later(void **state)
{
    struct fixture f;
    struct thm_event event;
    int peers[2];
    thm_socket s, other;

    (void)state;
    open_fixture(&f, (struct thm_port_posix_config){.max_sockets = 2});
    s = accept_peer(&f, &peers[0]);
    peers[1] = dial_fixture(&f);
    await(&f, LISTENER, THM_EV_ACCEPT);
    assert_int_equal(f.ops->accept(f.port, f.listener, ACCEPTED, &other), THM_IO_AGAIN);
    f.ops->close(f.port, s);
    assert_int_equal(f.ops->wait(f.port, 0, &event, 1), 1);
    assert_int_equal(event.what, THM_EV_ACCEPT);
    assert_int_equal(f.ops->accept(f.port, f.listener, ACCEPTED, &other), THM_IO_OK);
    close(peers[0]);
    close(peers[1]);
    close_fixture(&f);
}

static void allow_no_descriptor_above(int highest, struct rlimit *before)
{
    struct rlimit few;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
    few = *before;
    few.rlim_cur = (rlim_t)highest + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
}

/* Without a free descriptor ACCEPT comes back after a while: neither never, nor in a spin. */
static void test_no_free_descriptor(void **state)
{
    struct fixture *f = *state;
    struct rlimit before;
    thm_socket s;
    unsigned tries = 0;
    int peer = dial_fixture(f);

    await(f, LISTENER, THM_EV_ACCEPT);
    allow_no_descriptor_above(peer, &before);
    uint64_t start = thm_port_posix_now_ms();
    for (; tries < 3; tries++) {
        assert_int_equal(f->ops->accept(f->port, f->listener, ACCEPTED, &s), THM_IO_AGAIN);
        expect_silence(f, LISTENER, 0);
        await(f, LISTENER, THM_EV_ACCEPT);
    }
    uint64_t took = thm_port_posix_now_ms() - start;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(took >= 3 * POSIX_STARVED_MS - 3);
    assert_int_equal(f->ops->accept(f->port, f->listener, ACCEPTED, &s), THM_IO_OK);
    close(peer);
}

/* A listener that starves may be closed, and another call's deadline still holds. */
static void test_a_starved_listener_may_go(void **state)
{
    struct fixture *f = *state;
    struct rlimit before;
    struct thm_event event;
    thm_socket s;
    int peer = dial_fixture(f);

    await(f, LISTENER, THM_EV_ACCEPT);
    allow_no_descriptor_above(peer, &before);
    assert_int_equal(f->ops->accept(f->port, f->listener, ACCEPTED, &s), THM_IO_AGAIN);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(f->ops->wait(f->port, thm_port_posix_now_ms() + 1, &event, 1), 0);
    f->ops->close(f->port, f->listener);
    expect_silence(f, LISTENER, POSIX_STARVED_MS + 20);
    close(peer);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_listening_says_why_it_fails),
        WITH_FIXTURE(test_accept_until_again),
        cmocka_unit_test(test_accepted_sockets_are_set_up),
        cmocka_unit_test(test_a_buffer_beyond_the_systems_limit_is_refused),
        WITH_FIXTURE(test_addresses_of_both_families),
        WITH_FIXTURE(test_a_mapped_address_is_ipv4),
        WITH_FIXTURE(test_ipv6_listeners_leave_ipv4_alone),
        cmocka_unit_test(test_a_full_table_accepts_later),
        WITH_FIXTURE(test_no_free_descriptor),
        WITH_FIXTURE(test_a_starved_listener_may_go),
    };

    return RUN_ON_BOTH(tests);
}
