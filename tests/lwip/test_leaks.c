/*
 * A thousand connections that end in every way, at every moment: what lwIP and the port have lent comes back.
 */
#include "lwip/pair.h"

enum { CONNECTIONS = 1000, WAYS = 4 };

static const uint8_t bytes[600];

static void turns(struct world *w, unsigned count)
{
    while (count-- > 0)
        turn(w);
    w->nodes[OWN].event_count = w->nodes[PEER].event_count = 0;
}

/* Both ends may do so at any time, whatever the other does. */
static void finish(struct node *n, thm_socket s, unsigned way)
{
    switch (way % WAYS) {
    case 0: n->ops->abort(n->port, s); break;
    case 1: n->ops->shutdown(n->port, s); /* fall through */
    default: n->ops->close(n->port, s);
    }
}

static void dial_and_finish(struct world *w, thm_socket listener, unsigned i)
{
    struct node *o = &w->nodes[OWN], *p = &w->nodes[PEER];
    thm_socket own, peer = THM_SOCKET_NONE;
    size_t n;

    assert_int_equal(o->ops->connect(o->port, PEER_ADDRESS, SERVICE, DIALLED, &own), THM_OK);
    turns(w, i % 13);
    o->ops->send(o->port, own, bytes, sizeof bytes, &n);
    p->ops->accept(p->port, listener, ACCEPTED, &peer);
    p->ops->send(p->port, peer, bytes, sizeof bytes, &n);
    turns(w, i % 5);
    finish(o, own, i / 2);
    turns(w, i % 3);
    finish(p, peer, i / 7);
    /* those that were established after their caller had gone */
    while (p->ops->accept(p->port, listener, ACCEPTED, &peer) == THM_IO_OK)
        finish(p, peer, i);
}

static void dial_and_finish_often(struct world *w)
{
    struct node *p = &w->nodes[PEER];
    thm_socket listener;

    assert_int_equal(p->ops->listen(p->port, "0.0.0.0", SERVICE, LISTENER, &listener), THM_OK);
    for (unsigned i = 0; i < CONNECTIONS; i++)
        dial_and_finish(w, listener, i);
    run_for(w, 60000);
    for (thm_socket s; p->ops->accept(p->port, listener, ACCEPTED, &s) == THM_IO_OK;)
        p->ops->abort(p->port, s);
    p->ops->close(p->port, listener);
    w->lose_one_in = w->delay_ms = 0;
    expect_nothing_lent(w, OWN);
    expect_nothing_lent(w, PEER);
}

static void test_nothing_leaks(void **state)
{
    dial_and_finish_often(*state);
}

static void test_nothing_leaks_on_a_bad_cable(void **state)
{
    struct world *w = *state;

    w->lose_one_in = 6;
    w->delay_ms = 8;
    dial_and_finish_often(w);
}

/* Nobody reads, nobody writes: what fills up is given back. */
static void test_full_buffers_come_back(void **state)
{
    struct pair c = connected(state);
    size_t n;

    while (own_send(&c, bytes, sizeof bytes, &n) == THM_IO_OK)
        turns(c.w, 20);
    while (c.peer->ops->send(c.peer->port, c.p, bytes, sizeof bytes, &n) == THM_IO_OK)
        turns(c.w, 20);
    c.own->ops->abort(c.own->port, c.o);
    turns(c.w, 100);
    peer_close(&c);
    expect_nothing_lent(c.w, OWN);
    expect_nothing_lent(c.w, PEER);
}

#define ON_SMALL(test) cmocka_unit_test_setup_teardown(test, set_up_small, tear_down)
#define ON_LARGE(test) cmocka_unit_test_setup_teardown(test, set_up_large, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SMALL(test_nothing_leaks),
        ON_LARGE(test_nothing_leaks),
        ON_SMALL(test_nothing_leaks_on_a_bad_cable),
        ON_LARGE(test_nothing_leaks_on_a_bad_cable),
        ON_SMALL(test_full_buffers_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
