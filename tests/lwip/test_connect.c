/*
 * Dialling: addresses, names, and how each failure shows.
 */
#include <string.h>

#include "lwip/pair.h"

static const char name[] = "thimble.example";

static thm_socket dial(struct world *w, const char *host)
{
    struct node *o = &w->nodes[OWN];
    thm_socket s = THM_SOCKET_NONE;

    assert_int_equal(o->ops->connect(o->port, host, SERVICE, DIALLED, &s), THM_OK);
    return s;
}

static thm_socket peer_listens(struct world *w)
{
    struct node *p = &w->nodes[PEER];
    thm_socket listener;

    assert_int_equal(p->ops->listen(p->port, "0.0.0.0", SERVICE, LISTENER, &listener), THM_OK);
    return listener;
}

static void close_own(struct world *w, thm_socket s)
{
    w->nodes[OWN].ops->close(w->nodes[OWN].port, s);
}

static void know_name(struct world *w)
{
    memcpy(&w->name_server_says, "\x0a\0\0\x02", 4); /* PEER_ADDRESS */
}

/* The connection works, from its first WRITE. */
static void expect_connected(struct world *w, thm_socket s, thm_socket listener)
{
    struct node *o = &w->nodes[OWN], *p = &w->nodes[PEER];
    struct thm_address address;
    thm_socket peer, other;
    char buf[4];

    await(w, PEER, LISTENER, THM_EV_ACCEPT);
    assert_int_equal(p->ops->accept(p->port, listener, ACCEPTED, &peer), THM_IO_OK);
    assert_int_equal(p->ops->accept(p->port, listener, ACCEPTED, &other), THM_IO_AGAIN);
    assert_int_equal(o->ops->peer_addr(o->port, s, &address), THM_OK);
    assert_int_equal(address.family, 4);
    assert_memory_equal(address.ip, "\x0a\0\0\x02", 4);
    assert_int_equal(address.number, SERVICE);
    send_all(w, OWN, s, DIALLED, "ping", 4);
    receive_all(w, PEER, peer, ACCEPTED, buf, 4);
    assert_memory_equal(buf, "ping", 4);
}

static void expect_failed(struct world *w, thm_socket s)
{
    struct node *o = &w->nodes[OWN];
    char byte;
    size_t n;

    assert_int_equal(o->ops->send(o->port, s, "x", 1, &n), THM_IO_ERROR);
    assert_int_equal(o->ops->recv(o->port, s, &byte, 1, &n), THM_IO_ERROR);
    assert_int_equal(o->ops->want(o->port, s, 1), THM_IO_ERROR);
    expect_silence(w, DIALLED, 1000);
    close_own(w, s);
    expect_nothing_lent(w, OWN);
}

static void test_an_address_connects(void **state)
{
    struct world *w = *state;
    thm_socket listener = peer_listens(w), s = dial(w, PEER_ADDRESS);

    assert_int_equal(await(w, OWN, DIALLED, THM_EV_WRITE), THM_EV_WRITE);
    expect_connected(w, s, listener);
}

static void test_a_refused_connection_fails(void **state)
{
    struct world *w = *state;
    thm_socket s = dial(w, PEER_ADDRESS);

    await(w, OWN, DIALLED, THM_EV_WRITE);
    expect_failed(w, s);
}

static void test_an_address_without_anybody_fails(void **state)
{
    struct world *w = *state;
    thm_socket s = dial(w, "10.0.0.77");

    await(w, OWN, DIALLED, THM_EV_WRITE);
    expect_failed(w, s);
}

static void test_a_name_connects(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN];
    thm_socket listener = peer_listens(w), s;
    char byte;
    size_t n;

    know_name(w);
    s = dial(w, name);
    assert_int_equal(o->ops->send(o->port, s, "x", 1, &n), THM_IO_AGAIN);
    assert_int_equal(o->ops->recv(o->port, s, &byte, 1, &n), THM_IO_AGAIN);
    await(w, OWN, DIALLED, THM_EV_RESOLVED | THM_EV_WRITE);
    expect_connected(w, s, listener);
}

/* Also when lwIP still remembers the name. */
static void test_a_name_connects_twice(void **state)
{
    struct world *w = *state;
    thm_socket listener = peer_listens(w), s;

    know_name(w);
    for (unsigned i = 0; i < 2; i++) {
        s = dial(w, name);
        await(w, OWN, DIALLED, THM_EV_WRITE);
        expect_connected(w, s, listener);
        close_own(w, s);
    }
}

static void test_an_unknown_name_fails(void **state)
{
    struct world *w = *state;
    thm_socket s = dial(w, name);

    assert_false(await(w, OWN, DIALLED, THM_EV_WRITE) & THM_EV_RESOLVED);
    expect_failed(w, s);
}

static void test_a_silent_name_server_fails(void **state)
{
    struct world *w = *state;

    w->name_server_is_silent = true;
    thm_socket s = dial(w, name);
    uint64_t start = w->now_ms;
    assert_false(await(w, OWN, DIALLED, THM_EV_WRITE) & THM_EV_RESOLVED);
    assert_true(w->now_ms - start < 10000); /* before the core would give up */
    expect_failed(w, s);
}

static void test_a_name_nobody_listens_at_fails(void **state)
{
    struct world *w = *state;

    know_name(w);
    thm_socket s = dial(w, name);
    await(w, OWN, DIALLED, THM_EV_RESOLVED | THM_EV_WRITE);
    expect_failed(w, s);
}

/* want() before there is a connection holds once there is one. */
static void test_want_is_kept_while_connecting(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN], *p = &w->nodes[PEER];
    thm_socket listener = peer_listens(w), s, peer;

    know_name(w);
    s = dial(w, name);
    assert_int_equal(o->ops->want(o->port, s, 4), THM_IO_AGAIN);
    await(w, OWN, DIALLED, THM_EV_RESOLVED | THM_EV_WRITE);
    await(w, PEER, LISTENER, THM_EV_ACCEPT);
    assert_int_equal(p->ops->accept(p->port, listener, ACCEPTED, &peer), THM_IO_OK);
    send_all(w, PEER, peer, ACCEPTED, "abc", 3);
    expect_silence(w, DIALLED, 1000);
    send_all(w, PEER, peer, ACCEPTED, "d", 1);
    await(w, OWN, DIALLED, THM_EV_READ);
}

/* The answer finds nobody, or the socket's next owner, whom it does not concern. */
static void test_closing_while_resolving_is_silent(void **state)
{
    struct world *w = *state;

    know_name(w);
    close_own(w, dial(w, name));
    thm_socket s = dial(w, "10.0.0.77");
    expect_silence(w, DIALLED, 2000);
    close_own(w, s);
    peer_listens(w);
    s = dial(w, name);
    await(w, OWN, DIALLED, THM_EV_WRITE);
    close_own(w, s);
}

static void test_closing_while_connecting_is_silent(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN];

    peer_listens(w);
    close_own(w, dial(w, PEER_ADDRESS));
    o->ops->abort(o->port, dial(w, PEER_ADDRESS));
    expect_silence(w, DIALLED, 2000);
    expect_nothing_lent(w, OWN);
}

static void test_what_can_not_be_dialled_is_said_at_once(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN];
    char longest[65 + 1];
    thm_socket s;

    memset(longest, 'a', sizeof longest);
    longest[65] = '\0';
    assert_int_equal(o->ops->connect(o->port, "", 1, DIALLED, &s), THM_E_ADDRESS);
    assert_int_equal(o->ops->connect(o->port, longest, 1, DIALLED, &s), THM_E_ADDRESS);
    dial(w, "10.0.0.77");
    dial(w, "10.0.0.77");
    assert_int_equal(o->ops->connect(o->port, "10.0.0.77", 1, DIALLED, &s), THM_E_LIMIT);
}

/* One name at a time is looked up. */
static void test_another_name_has_to_wait(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN];
    thm_socket s;

    w->name_server_is_silent = true;
    dial(w, name);
    assert_int_equal(o->ops->connect(o->port, "other.example", 1, DIALLED, &s), THM_E_RESOLVE);
}

static void test_without_an_address_dialling_fails(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN];
    char text[16];
    thm_socket s;

    restart(w, OWN, NULL);
    run_for(w, 5000);
    assert_false(o->api->has_address(text));
    assert_int_equal(o->ops->connect(o->port, name, 1, DIALLED, &s), THM_E_RESOLVE);
    s = dial(w, PEER_ADDRESS);
    await(w, OWN, DIALLED, THM_EV_WRITE);
    close_own(w, s);
}

static void test_the_address_is_told(void **state)
{
    struct world *w = *state;
    char text[16];

    assert_true(w->nodes[OWN].api->has_address(text));
    assert_string_equal(text, OWN_ADDRESS);
}

/* The small board's lwIP has two pcbs: connections that were closed while the cable was cut, and linger, don't keep new
 * ones out. */
static void test_closed_connections_give_way(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN];
    size_t n;

    peer_listens(w);
    for (unsigned i = 0; i < 5; i++) {
        thm_socket s = dial(w, PEER_ADDRESS);
        await(w, OWN, DIALLED, THM_EV_WRITE);
        w->cut = true;
        assert_int_equal(o->ops->send(o->port, s, "x", 1, &n), THM_IO_OK);
        close_own(w, s);
        w->cut = false;
    }
}

#define ON_SMALL(test) cmocka_unit_test_setup_teardown(test, set_up_small, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SMALL(test_an_address_connects),
        ON_SMALL(test_a_refused_connection_fails),
        ON_SMALL(test_an_address_without_anybody_fails),
        ON_SMALL(test_a_name_connects),
        ON_SMALL(test_a_name_connects_twice),
        ON_SMALL(test_an_unknown_name_fails),
        ON_SMALL(test_a_silent_name_server_fails),
        ON_SMALL(test_a_name_nobody_listens_at_fails),
        ON_SMALL(test_want_is_kept_while_connecting),
        ON_SMALL(test_closing_while_resolving_is_silent),
        ON_SMALL(test_closing_while_connecting_is_silent),
        ON_SMALL(test_what_can_not_be_dialled_is_said_at_once),
        ON_SMALL(test_another_name_has_to_wait),
        ON_SMALL(test_without_an_address_dialling_fails),
        ON_SMALL(test_the_address_is_told),
        ON_SMALL(test_closed_connections_give_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
