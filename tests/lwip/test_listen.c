/*
 * Listeners, what they accept, and what happens when there is no room.
 */
#include <string.h>

#include "lwip/pair.h"

static thm_socket listen_at(struct node *n, uint16_t number)
{
    thm_socket s;

    assert_int_equal(n->ops->listen(n->port, "0.0.0.0", number, LISTENER, &s), THM_OK);
    return s;
}

/* PEER dials OWN. */
static thm_socket dial_own(struct world *w, uint32_t tag)
{
    struct node *p = &w->nodes[PEER];
    thm_socket s;

    assert_int_equal(p->ops->connect(p->port, OWN_ADDRESS, SERVICE, tag, &s), THM_OK);
    return s;
}

static enum thm_io accept_own(struct world *w, thm_socket listener, thm_socket *s)
{
    struct node *o = &w->nodes[OWN];

    return o->ops->accept(o->port, listener, ACCEPTED, s);
}

static void test_listening_says_why_it_fails(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN];
    thm_socket s;

    listen_at(o, SERVICE);
    assert_int_equal(o->ops->listen(o->port, "0.0.0.0", SERVICE, OTHER, &s), THM_E_IN_USE);
    assert_int_equal(o->ops->listen(o->port, "localhost", 1, OTHER, &s), THM_E_ADDRESS);
    assert_int_equal(o->ops->listen(o->port, "::", 1, OTHER, &s), THM_E_ADDRESS);
    assert_int_equal(o->ops->listen(o->port, "", 1, OTHER, &s), THM_E_ADDRESS);
    listen_at(o, 1);
    assert_int_equal(o->ops->listen(o->port, "0.0.0.0", 2, OTHER, &s), THM_E_LIMIT);
}

static void test_addresses(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN], *p = &w->nodes[PEER];
    thm_socket listener = listen_at(o, 0), accepted, dialled;
    struct thm_address address;

    assert_int_equal(o->ops->peer_addr(o->port, listener, &address), THM_OK);
    assert_int_not_equal(address.number, 0);
    assert_int_equal(p->ops->connect(p->port, OWN_ADDRESS, address.number, DIALLED, &dialled),
                     THM_OK);
    await(w, OWN, LISTENER, THM_EV_ACCEPT);
    assert_int_equal(accept_own(w, listener, &accepted), THM_IO_OK);
    assert_int_equal(o->ops->peer_addr(o->port, accepted, &address), THM_OK);
    assert_int_equal(address.family, 4);
    assert_memory_equal(address.ip, "\x0a\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    assert_int_not_equal(address.number, 0);
}

/* ACCEPT once, however many come, and again once accept() said AGAIN. */
static void test_accept_until_again(void **state)
{
    struct world *w = *state;
    thm_socket listener = listen_at(&w->nodes[OWN], SERVICE), s;

    for (uint32_t i = 0; i < 3; i++) {
        dial_own(w, 10 + i);
        await(w, PEER, 10 + i, THM_EV_WRITE);
    }
    await(w, OWN, LISTENER, THM_EV_ACCEPT);
    expect_silence(w, LISTENER, 1000);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(accept_own(w, listener, &s), THM_IO_OK);
    assert_int_equal(accept_own(w, listener, &s), THM_IO_AGAIN);
    expect_silence(w, LISTENER, 1000);
    dial_own(w, 20);
    await(w, OWN, LISTENER, THM_EV_ACCEPT);
}

/* PEER has dialled OWN, said something and ended, before anybody asked for the connection: it is accepted now. */
static thm_socket accept_late(struct world *w)
{
    struct node *o = &w->nodes[OWN], *p = &w->nodes[PEER];
    thm_socket listener = listen_at(o, SERVICE), dialled = dial_own(w, DIALLED), s;

    await(w, PEER, DIALLED, THM_EV_WRITE);
    send_all(w, PEER, dialled, DIALLED, "early", 5);
    p->ops->shutdown(p->port, dialled);
    run_for(w, 1000);
    assert_int_equal(accept_own(w, listener, &s), THM_IO_OK);
    return s;
}

static void read_early(struct world *w, thm_socket s)
{
    struct node *o = &w->nodes[OWN];
    char buf[8];
    size_t n;

    assert_int_equal(o->ops->recv(o->port, s, buf, sizeof buf, &n), THM_IO_OK);
    assert_memory_equal(buf, "early", 5);
    assert_int_equal(o->ops->recv(o->port, s, buf, sizeof buf, &n), THM_IO_EOF);
}

static void test_bytes_wait_for_accept(void **state)
{
    struct world *w = *state;
    thm_socket s = accept_late(w);

    await(w, OWN, ACCEPTED, THM_EV_READ | THM_EV_CLOSED);
    read_early(w, s);
}

/* Who has read up to the end before being told of it knows. */
static void test_an_end_that_was_read_is_not_reported(void **state)
{
    struct world *w = *state;

    read_early(w, accept_late(w));
    expect_silence(w, ACCEPTED, 1000);
}

static void test_who_hangs_up_before_accept_is_passed_over(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN], *p = &w->nodes[PEER];
    thm_socket listener = listen_at(o, SERVICE), dialled = dial_own(w, DIALLED), s;

    await(w, PEER, DIALLED, THM_EV_WRITE);
    send_all(w, PEER, dialled, DIALLED, "x", 1);
    run_for(w, 1000);
    p->ops->abort(p->port, dialled);
    run_for(w, 1000);
    assert_int_equal(accept_own(w, listener, &s), THM_IO_AGAIN);
    o->ops->close(o->port, listener);
    expect_nothing_lent(w, OWN);
}

/* The small board: a listener and one connection. Who else comes waits outside, and is let in when there is room. */
static void test_a_full_table_accepts_later(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN], *p = &w->nodes[PEER];
    thm_socket listener = listen_at(o, SERVICE), s, other;

    dial_own(w, DIALLED);
    await(w, OWN, LISTENER, THM_EV_ACCEPT);
    assert_int_equal(accept_own(w, listener, &s), THM_IO_OK);
    thm_socket patient = dial_own(w, OTHER);
    run_for(w, 2000);
    assert_int_equal(p->event_count, 1); /* only the first is connected */
    assert_int_equal(accept_own(w, listener, &other), THM_IO_AGAIN);
    o->ops->close(o->port, s);
    await(w, PEER, OTHER, THM_EV_WRITE);
    await(w, OWN, LISTENER, THM_EV_ACCEPT);
    assert_int_equal(accept_own(w, listener, &other), THM_IO_OK);
    send_all(w, PEER, patient, OTHER, "x", 1);
    await(w, OWN, ACCEPTED, THM_EV_READ);
}

static void test_closing_a_listener_resets_who_waits(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN];
    thm_socket listener = listen_at(o, SERVICE);
    thm_socket dialled[2] = {dial_own(w, 10), dial_own(w, 11)};

    await(w, PEER, 10, THM_EV_WRITE);
    await(w, PEER, 11, THM_EV_WRITE);
    await(w, OWN, LISTENER, THM_EV_ACCEPT);
    o->ops->close(o->port, listener);
    assert_int_equal(receive_end(w, PEER, dialled[0], 10), THM_IO_ERROR);
    assert_int_equal(receive_end(w, PEER, dialled[1], 11), THM_IO_ERROR);
    expect_silence(w, LISTENER, 1000);
    expect_nothing_lent(w, OWN);
}

static void test_listener_calls_are_for_listeners(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN];
    thm_socket listener = listen_at(o, SERVICE), s;
    char byte;
    size_t n;

    dial_own(w, DIALLED);
    await(w, OWN, LISTENER, THM_EV_ACCEPT);
    assert_int_equal(accept_own(w, listener, &s), THM_IO_OK);
    assert_int_equal(accept_own(w, s, &s), THM_IO_ERROR);
    assert_int_equal(o->ops->recv(o->port, listener, &byte, 1, &n), THM_IO_ERROR);
    assert_int_equal(o->ops->send(o->port, listener, &byte, 1, &n), THM_IO_ERROR);
    assert_int_equal(o->ops->want(o->port, listener, 1), THM_IO_ERROR);
    o->ops->shutdown(o->port, listener);
    o->ops->abort(o->port, listener);
    assert_int_equal(accept_own(w, listener, &s), THM_IO_ERROR);
}

static int set_up_dialler(void **state)
{
    return set_up_with(state, NODE_DIALLER);
}

/* An image may do without: then it dials, and that is all. */
static void test_a_board_without_listeners(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN];
    thm_socket own, peer, s;

    assert_int_equal(o->ops->listen(o->port, "0.0.0.0", SERVICE, LISTENER, &s), THM_E_LIMIT);
    assert_int_equal(accept_own(w, THM_SOCKET_NONE, &s), THM_IO_ERROR);
    connect_both(w, &own, &peer);
    send_all(w, PEER, peer, ACCEPTED, "x", 1);
    await(w, OWN, DIALLED, THM_EV_READ);
}

#define ON_SMALL(test) cmocka_unit_test_setup_teardown(test, set_up_small, tear_down)
#define ON_LARGE(test) cmocka_unit_test_setup_teardown(test, set_up_large, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_LARGE(test_listening_says_why_it_fails),
        ON_LARGE(test_addresses),
        ON_LARGE(test_accept_until_again),
        ON_SMALL(test_bytes_wait_for_accept),
        ON_SMALL(test_an_end_that_was_read_is_not_reported),
        ON_SMALL(test_who_hangs_up_before_accept_is_passed_over),
        ON_SMALL(test_a_full_table_accepts_later),
        ON_LARGE(test_closing_a_listener_resets_who_waits),
        ON_SMALL(test_listener_calls_are_for_listeners),
        cmocka_unit_test_setup_teardown(test_a_board_without_listeners, set_up_dialler, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
