/*
 * Dialling: addresses, names, and how each failure is told.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port_posix/fixture.h"
#include "posix.h"

/* A number on 127.0.0.1 at which nobody listens. */
static uint16_t dead_number(void)
{
    uint16_t number;

    close(plain_listener(1, &number));
    return number;
}

static thm_socket dial(struct fixture *f, const char *host, uint16_t number)
{
    thm_socket s = THM_SOCKET_NONE;

    assert_int_equal(f->ops->connect(f->port, host, number, DIALLED, &s), THM_OK);
    return s;
}

/* The connection works, from its first WRITE. */
static void expect_connected(struct fixture *f, thm_socket s, int listener)
{
    struct thm_address address;
    char buf[4];
    size_t n;
    int peer = accept(listener, NULL, NULL);

    assert_true(peer >= 0);
    assert_int_equal(f->ops->peer_addr(f->port, s, &address), THM_OK);
    assert_int_equal(address.family, 4);
    assert_int_equal(f->ops->send(f->port, s, "ping", 4, &n), THM_IO_OK);
    peer_receive(peer, buf, 4);
    peer_send(peer, "pong", 4);
    receive_all(f, s, DIALLED, buf, 4);
    assert_memory_equal(buf, "pong", 4);
    close(peer);
}

static void expect_failed(struct fixture *f, thm_socket s, int code)
{
    char byte;
    size_t n;

    assert_int_equal(f->ops->send(f->port, s, "x", 1, &n), THM_IO_ERROR);
    assert_int_equal(f->ops->recv(f->port, s, &byte, 1, &n), THM_IO_ERROR);
    assert_int_equal(f->ops->want(f->port, s, 1), THM_IO_ERROR);
    assert_int_equal(thm_port_posix_last_error(&f->posix, s), code);
    expect_silence(f, DIALLED, 0);
    f->ops->close(f->port, s);
}

static void test_an_address_connects(void **state)
{
    struct fixture *f = *state;
    uint16_t number;
    int listener = plain_listener(4, &number);
    thm_socket s = dial(f, "127.0.0.1", number);

    await(f, DIALLED, THM_EV_WRITE);
    expect_connected(f, s, listener);
    close(listener);
}

static void test_a_refused_connection_fails(void **state)
{
    struct fixture *f = *state;
    thm_socket s = dial(f, "127.0.0.1", dead_number());

    await(f, DIALLED, THM_EV_WRITE);
    expect_failed(f, s, THM_E_CONNECT);
}

static void test_a_name_connects(void **state)
{
    struct fixture *f = *state;
    uint16_t number;
    int listener = plain_listener(4, &number);
    thm_socket s = dial(f, "localhost", number);
    char byte;
    size_t n;

    assert_int_equal(f->ops->send(f->port, s, "x", 1, &n), THM_IO_AGAIN);
    assert_int_equal(f->ops->recv(f->port, s, &byte, 1, &n), THM_IO_AGAIN);
    await(f, DIALLED, THM_EV_RESOLVED | THM_EV_WRITE);
    expect_connected(f, s, listener);
    close(listener);
}

static void test_an_unknown_name_fails(void **state)
{
    struct fixture *f = *state;
    thm_socket s = dial(f, "no-such-host.invalid", 8443);

    unsigned got = await(f, DIALLED, THM_EV_WRITE);
    assert_false(got & THM_EV_RESOLVED);
    expect_failed(f, s, THM_E_RESOLVE);
}

static void test_a_name_nobody_listens_at_fails(void **state)
{
    struct fixture *f = *state;
    thm_socket s = dial(f, "localhost", dead_number());

    await(f, DIALLED, THM_EV_RESOLVED | THM_EV_WRITE);
    expect_failed(f, s, THM_E_CONNECT);
}

/* Hands a socket the addresses that a name would have resolved to. */
static thm_socket dial_list(struct fixture *f, const uint16_t *numbers, unsigned count)
{
    struct posix *p = f->posix.posix;
    struct posix_dial *d = calloc(1, sizeof *d);
    struct posix_socket *s = posix_new(p, DIALLED);

    s->state = POSIX_RESOLVING;
    d->socket = posix_handle(p, s);
    d->count = count;
    for (unsigned i = 0; i < count; i++)
        assert_true(posix_numeric("127.0.0.1", numbers[i], &d->addresses[i]));
    posix_dial_resolved(p, d);
    return posix_handle(p, s);
}

static void test_the_next_address_is_tried(void **state)
{
    struct fixture *f = *state;
    uint16_t numbers[3] = {dead_number(), dead_number()};
    int listener = plain_listener(4, &numbers[2]);
    thm_socket s = dial_list(f, numbers, 3);

    await(f, DIALLED, THM_EV_RESOLVED | THM_EV_WRITE);
    expect_connected(f, s, listener);
    close(listener);
}

/* want() before there is a connection holds once there is one. */
static void test_want_is_kept_while_connecting(void **state)
{
    struct fixture *f = *state;
    uint16_t number;
    int listener = plain_listener(4, &number);
    thm_socket s = dial(f, "localhost", number);

    assert_int_equal(f->ops->want(f->port, s, 4), THM_IO_AGAIN);
    await(f, DIALLED, THM_EV_RESOLVED | THM_EV_WRITE);
    int peer = accept(listener, NULL, NULL);
    peer_send(peer, "abc", 3);
    expect_silence(f, DIALLED, 20);
    peer_send(peer, "d", 1);
    await(f, DIALLED, THM_EV_READ);
    close(peer);
    close(listener);
}

/* Whether its name is still in the queue, just looked up, or done. */
static void test_closing_while_resolving_is_silent(void **state)
{
    struct fixture *f = *state;
    thm_socket s[8];

    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < 8; i++)
            s[i] = dial(f, "localhost", 1);
        for (unsigned i = 0; i < 8; i++)
            f->ops->close(f->port, s[(i * 3 + round) % 8]);
    }
    expect_silence(f, DIALLED, 20);
    s[0] = dial(f, "localhost", dead_number());
    await(f, DIALLED, THM_EV_RESOLVED | THM_EV_WRITE);
    expect_failed(f, s[0], THM_E_CONNECT);
}

/* Whoever tries again and again while the look-up hangs leaves no queue behind. Nothing is looked
 * up here: the resolver believes that its thread runs. */
static void test_closing_leaves_the_resolvers_queue(void **state)
{
    struct fixture *f = *state;
    struct posix_resolver *r = &f->posix.posix->resolver;
    thm_socket first, kept, last;

    r->started = true;
    first = dial(f, "a.invalid", 1);
    kept = dial(f, "b.invalid", 1);
    last = dial(f, "c.invalid", 1);
    f->ops->close(f->port, last);
    f->ops->close(f->port, first);
    assert_non_null(r->waiting);
    assert_int_equal(r->waiting->socket, kept);
    assert_null(r->waiting->next);
    last = dial(f, "d.invalid", 1);
    assert_int_equal(r->waiting->next->socket, last);
    f->ops->close(f->port, kept);
    f->ops->close(f->port, last);
    assert_null(r->waiting);
    r->started = false;
}

static void test_closing_while_connecting_is_silent(void **state)
{
    struct fixture *f = *state;
    uint16_t number;
    int listener = plain_listener(4, &number);
    thm_socket s = dial(f, "127.0.0.1", number);

    f->ops->close(f->port, s);
    s = dial(f, "127.0.0.1", number);
    f->ops->abort(f->port, s);
    expect_silence(f, DIALLED, 20);
    close(listener);
}

static void test_what_can_not_be_dialled_is_said_at_once(void **state)
{
    struct fixture *f = *state;
    char name[THM_PORT_POSIX_HOST_MAX + 1];
    thm_socket s;

    memset(name, 'a', sizeof name);
    name[THM_PORT_POSIX_HOST_MAX] = '\0';
    assert_int_equal(f->ops->connect(f->port, "", 1, DIALLED, &s), THM_E_ADDRESS);
    assert_int_equal(f->ops->connect(f->port, name, 1, DIALLED, &s), THM_E_ADDRESS);
    for (unsigned i = 0; i < 15; i++)
        dial(f, "127.0.0.1", 1);
    assert_int_equal(f->ops->connect(f->port, "127.0.0.1", 1, DIALLED, &s), THM_E_LIMIT);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_an_address_connects),
        WITH_FIXTURE(test_a_refused_connection_fails),
        WITH_FIXTURE(test_a_name_connects),
        WITH_FIXTURE(test_an_unknown_name_fails),
        WITH_FIXTURE(test_a_name_nobody_listens_at_fails),
        WITH_FIXTURE(test_the_next_address_is_tried),
        WITH_FIXTURE(test_want_is_kept_while_connecting),
        WITH_FIXTURE(test_closing_while_resolving_is_silent),
        WITH_FIXTURE(test_closing_leaves_the_resolvers_queue),
        WITH_FIXTURE(test_closing_while_connecting_is_silent),
        WITH_FIXTURE(test_what_can_not_be_dialled_is_said_at_once),
    };

    return RUN_ON_BOTH(tests);
}
