/*
 * The ways in which a connection ends.
 */
#include <string.h>

#include "lwip/pair.h"

static void test_the_last_bytes_come_before_the_end(void **state)
{
    struct pair c = connected(state);
    char buf[8];
    size_t n;

    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_AGAIN);
    peer_send(&c, "bye", 3);
    c.peer->ops->shutdown(c.peer->port, c.p);
    await(c.w, OWN, DIALLED, THM_EV_READ | THM_EV_CLOSED);
    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_OK);
    assert_int_equal(n, 3);
    await(c.w, OWN, DIALLED, THM_EV_READ);
    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_EOF);
    assert_int_equal(own_send(&c, "ok", 2, &n), THM_IO_OK);
    expect_silence(c.w, DIALLED, 1000);
    receive_all(c.w, PEER, c.p, ACCEPTED, buf, 2);
}

/* Who was told of bytes and has not read them yet is told of the end all the same. */
static void test_an_end_after_unread_bytes_is_reported(void **state)
{
    struct pair c = connected(state);

    peer_send(&c, "x", 1);
    await(c.w, OWN, DIALLED, THM_EV_READ);
    peer_close(&c);
    await(c.w, OWN, DIALLED, THM_EV_READ | THM_EV_CLOSED);
}

/* The end follows after the bytes were read: no further bytes announce it. */
static void test_an_end_alone_is_reported(void **state)
{
    struct pair c = connected(state);
    char buf[8];
    size_t n;

    peer_send(&c, "x", 1);
    await(c.w, OWN, DIALLED, THM_EV_READ);
    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_OK);
    peer_close(&c);
    await(c.w, OWN, DIALLED, THM_EV_READ | THM_EV_CLOSED);
    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_EOF);
}

static void test_a_reset_is_an_error(void **state)
{
    struct pair c = connected(state);
    char buf[8];
    size_t n;

    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_AGAIN);
    peer_abort(&c);
    await(c.w, OWN, DIALLED, THM_EV_READ | THM_EV_CLOSED);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_ERROR);
        assert_int_equal(own_send(&c, "x", 1, &n), THM_IO_ERROR);
        assert_int_equal(own_want(&c, 5), THM_IO_ERROR);
    }
    expect_silence(c.w, DIALLED, 1000);
}

/* A peer that says something and slams the door is still heard, though our send fails. */
static void test_bytes_before_a_reset_are_readable(void **state)
{
    struct pair c = connected(state);
    char buf[8];
    size_t n;

    peer_send(&c, "why", 3);
    await(c.w, OWN, DIALLED, THM_EV_READ);
    peer_abort(&c);
    await(c.w, OWN, DIALLED, THM_EV_CLOSED);
    assert_int_equal(own_send(&c, "x", 1, &n), THM_IO_ERROR);
    assert_int_equal(own_want(&c, 3), THM_IO_OK);
    assert_int_equal(own_want(&c, 4), THM_IO_ERROR);
    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_OK);
    assert_memory_equal(buf, "why", 3);
    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_ERROR);
}

static void test_want_tells_an_end_that_comes_too_early(void **state)
{
    struct pair c = connected(state);
    char buf[16];
    size_t n;

    assert_int_equal(own_want(&c, 5), THM_IO_AGAIN);
    peer_send(&c, "abc", 3);
    c.peer->ops->shutdown(c.peer->port, c.p);
    await(c.w, OWN, DIALLED, THM_EV_READ | THM_EV_CLOSED);
    assert_int_equal(own_want(&c, 5), THM_IO_EOF);
    assert_int_equal(own_want(&c, 3), THM_IO_OK);
    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_OK);
    assert_int_equal(n, 3);
    assert_int_equal(own_want(&c, 1), THM_IO_EOF);
}

static void test_a_stale_handle_is_an_error(void **state)
{
    struct pair c = connected(state), old = c;
    struct thm_address address;
    char buf[4];
    size_t n;

    own_close(&c);
    peer_close(&c);
    connect_both(c.w, &c.o, &c.p);
    assert_int_not_equal(old.o, c.o);
    peer_send(&c, "new", 3);
    assert_int_equal(own_recv(&old, buf, sizeof buf, &n), THM_IO_ERROR);
    assert_int_equal(own_send(&old, "x", 1, &n), THM_IO_ERROR);
    assert_int_equal(own_want(&old, 1), THM_IO_ERROR);
    assert_int_equal(c.own->ops->peer_addr(c.own->port, old.o, &address), THM_E_STATE);
    c.own->ops->abort(c.own->port, old.o);
    c.own->ops->close(c.own->port, old.o);
    c.own->ops->shutdown(c.own->port, old.o);
    c.own->ops->close(c.own->port, THM_SOCKET_NONE);
    receive_all(c.w, OWN, c.o, DIALLED, buf, 3);
    assert_memory_equal(buf, "new", 3);
}

static void test_nothing_is_reported_after_close(void **state)
{
    struct pair c = connected(state);

    peer_send(&c, "x", 1);
    own_close(&c);
    peer_close(&c);
    expect_silence(c.w, DIALLED, 5000);
    expect_nothing_lent(c.w, OWN);
}

/* Even though the peer had sent what nobody read, and the cable is bad. */
static void test_close_still_sends_what_is_queued(void **state)
{
    struct pair c = connected(state);
    uint8_t bytes[1000] = {0}, got[1000];
    size_t n;

    c.w->lose_one_in = 4;
    peer_send(&c, "unread", 6);
    await(c.w, OWN, DIALLED, THM_EV_READ);
    assert_int_equal(own_send(&c, bytes, sizeof bytes, &n), THM_IO_OK);
    own_close(&c);
    receive_all(c.w, PEER, c.p, ACCEPTED, got, n);
    assert_int_equal(receive_end(c.w, PEER, c.p, ACCEPTED), THM_IO_EOF);
    peer_close(&c);
    c.w->lose_one_in = 0;
    expect_nothing_lent(c.w, OWN);
}

/* Without memory for it, the FIN goes when there is some. */
static void test_close_without_memory(void **state)
{
    struct pair c = connected(state);

    void *taken = take_heap(c.own);
    own_close(&c);
    run_for(c.w, 1000);
    c.own->api->give_heap(taken);
    assert_int_equal(receive_end(c.w, PEER, c.p, ACCEPTED), THM_IO_EOF);
    peer_close(&c);
    expect_nothing_lent(c.w, OWN);
}

static void test_abort_resets(void **state)
{
    struct pair c = connected(state);

    peer_send(&c, "x", 1);
    await(c.w, OWN, DIALLED, THM_EV_READ);
    c.own->ops->abort(c.own->port, c.o);
    assert_int_equal(receive_end(c.w, PEER, c.p, ACCEPTED), THM_IO_ERROR);
    expect_silence(c.w, DIALLED, 1000);
    expect_nothing_lent(c.w, OWN);
}

static void test_shutdown_ends_one_direction(void **state)
{
    struct pair c = connected(state);
    char byte;
    size_t n;

    c.own->ops->shutdown(c.own->port, c.o);
    assert_int_equal(receive_end(c.w, PEER, c.p, ACCEPTED), THM_IO_EOF);
    peer_send(&c, "x", 1);
    receive_all(c.w, OWN, c.o, DIALLED, &byte, 1);
    assert_int_equal(byte, 'x');
    assert_int_equal(own_send(&c, "x", 1, &n), THM_IO_ERROR);
}

/* lwIP keeps such a connection in TIME_WAIT for a while and then frees it without a word, or gives it to another. */
static void test_an_end_after_shutdown_outlives_the_connection(void **state)
{
    struct pair c = connected(state);
    struct thm_address address;
    char buf[8];
    size_t n;

    c.own->ops->shutdown(c.own->port, c.o);
    peer_send(&c, "bye", 3);
    peer_close(&c);
    await(c.w, OWN, DIALLED, THM_EV_READ | THM_EV_CLOSED);
    run_for(c.w, 200000);
    assert_int_equal(own_send(&c, "x", 1, &n), THM_IO_ERROR);
    assert_int_equal(c.own->ops->peer_addr(c.own->port, c.o, &address), THM_E_PORT);
    assert_int_equal(own_recv(&c, buf, 3, &n), THM_IO_OK);
    assert_memory_equal(buf, "bye", 3);
    assert_int_equal(own_recv(&c, buf, 3, &n), THM_IO_EOF);
    own_close(&c);
    expect_nothing_lent(c.w, OWN);
}

/* Both close at once: the FINs cross. */
static void test_ends_that_cross(void **state)
{
    struct pair c = connected(state);
    char buf[8];
    size_t n;

    c.own->ops->shutdown(c.own->port, c.o);
    c.peer->ops->shutdown(c.peer->port, c.p);
    await(c.w, OWN, DIALLED, THM_EV_READ | THM_EV_CLOSED);
    await(c.w, PEER, ACCEPTED, THM_EV_READ | THM_EV_CLOSED);
    run_for(c.w, 200000);
    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_EOF);
    own_close(&c);
    peer_close(&c);
    expect_nothing_lent(c.w, OWN);
    expect_nothing_lent(c.w, PEER);
}

/* The peer ended first: our own end finishes the connection, and still it reads as an end. */
static void test_shutdown_after_the_peers_end(void **state)
{
    struct pair c = connected(state);
    char buf[8];
    size_t n;

    peer_close(&c);
    await(c.w, OWN, DIALLED, THM_EV_CLOSED);
    c.own->ops->shutdown(c.own->port, c.o);
    run_for(c.w, 1000);
    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_EOF);
    own_close(&c);
    expect_nothing_lent(c.w, OWN);
}

/* A cable that is cut shows when what was sent is not acknowledged, or when nothing was heard for long (keepalive). */
static void test_a_cut_cable_is_an_error_in_the_end(void **state)
{
    struct pair c = connected(state);

    c.w->cut = true;
    run_for(c.w, 300000);
    await(c.w, OWN, DIALLED, THM_EV_CLOSED);
    assert_int_equal(receive_end(c.w, OWN, c.o, DIALLED), THM_IO_ERROR);
}

#define ON_SMALL(test) cmocka_unit_test_setup_teardown(test, set_up_small, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SMALL(test_the_last_bytes_come_before_the_end),
        ON_SMALL(test_an_end_after_unread_bytes_is_reported),
        ON_SMALL(test_an_end_alone_is_reported),
        ON_SMALL(test_a_reset_is_an_error),
        ON_SMALL(test_bytes_before_a_reset_are_readable),
        ON_SMALL(test_want_tells_an_end_that_comes_too_early),
        ON_SMALL(test_a_stale_handle_is_an_error),
        ON_SMALL(test_nothing_is_reported_after_close),
        ON_SMALL(test_close_still_sends_what_is_queued),
        ON_SMALL(test_close_without_memory),
        ON_SMALL(test_abort_resets),
        ON_SMALL(test_shutdown_ends_one_direction),
        ON_SMALL(test_an_end_after_shutdown_outlives_the_connection),
        ON_SMALL(test_ends_that_cross),
        ON_SMALL(test_shutdown_after_the_peers_end),
        ON_SMALL(test_a_cut_cable_is_an_error_in_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
