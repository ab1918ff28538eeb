/*
 * The Nth call of the port fails, for every N: an echo of a small board, from listening to the end. Whatever fails, nothing
 * stays lent.
 */
#include <string.h>

#include "lwip/pair.h"
#include "support/fail_port.h"

#define WORD     "thimble"
#define WORD_LEN 7u

/* PEER sends a word to OWN, who sends it back. */
struct echo {
    struct world *w;
    struct thm_port *port; /* OWN's, that fails */
    const struct thm_port_ops *ops;
    thm_socket listener, own, peer;
    char word[WORD_LEN];
    size_t heard, echoed;
};

static bool is_fatal(enum thm_io io)
{
    return io == THM_IO_ERROR || io == THM_IO_EOF;
}

/* False: a call failed. */
static bool own_step(struct echo *e)
{
    enum thm_io io;
    size_t n;

    if (e->own == THM_SOCKET_NONE)
        return !is_fatal(e->ops->accept(e->port, e->listener, ACCEPTED, &e->own));
    if (e->heard < WORD_LEN) {
        io = e->ops->want(e->port, e->own, WORD_LEN);
        if (io == THM_IO_OK)
            io = e->ops->recv(e->port, e->own, e->word, WORD_LEN, &e->heard);
        return !is_fatal(io);
    }
    io = e->ops->send(e->port, e->own, e->word + e->echoed, WORD_LEN - e->echoed, &n);
    e->echoed += n;
    return !is_fatal(io);
}

/* The board's own loop: a step for every event, and one at first. */
static bool run_own(struct echo *e)
{
    struct thm_event events[4];

    while (e->echoed < WORD_LEN) {
        size_t before = e->heard + e->echoed + e->own;
        if (!own_step(e))
            return false;
        if (e->echoed < WORD_LEN && e->heard + e->echoed + e->own == before)
            assert_true(e->ops->wait(e->port, e->w->now_ms + 10000, events, 4) > 0);
    }
    return true;
}

static bool converse(struct world *w, struct fail_port *faulty)
{
    struct echo e = {.w = w, .port = &faulty->port, .ops = faulty->port.ops};
    struct node *p = &w->nodes[PEER];
    char back[WORD_LEN];
    bool alive;

    if (e.ops->listen(e.port, "0.0.0.0", SERVICE, LISTENER, &e.listener) != THM_OK)
        return false;
    assert_int_equal(p->ops->connect(p->port, OWN_ADDRESS, SERVICE, DIALLED, &e.peer), THM_OK);
    await(w, PEER, DIALLED, THM_EV_WRITE);
    send_all(w, PEER, e.peer, DIALLED, WORD, WORD_LEN);
    alive = run_own(&e);
    e.ops->close(e.port, e.own);
    e.ops->close(e.port, e.listener);
    if (alive) {
        receive_all(w, PEER, e.peer, DIALLED, back, WORD_LEN);
        assert_memory_equal(back, WORD, WORD_LEN);
    }
    p->ops->close(p->port, e.peer);
    assert_int_equal(fail_port_open_sockets(faulty), 0);
    expect_nothing_lent(w, OWN);
    return alive;
}

static void test_every_call_can_fail(void **state)
{
    struct world *w = *state;
    struct fail_port faulty;
    bool succeeded = false;
    uint64_t n;

    for (n = 1; !succeeded; n++) {
        fail_port_init(&faulty, w->nodes[OWN].port);
        faulty.fail_at = n;
        succeeded = converse(w, &faulty);
        assert_int_equal(succeeded, faulty.calls < n);
    }
    assert_true(n > 5); /* listen, accept, want, recv, send */
}

/* With everything blocking once, the conversation takes longer, and comes to the same end. */
static void test_would_block_delays_only(void **state)
{
    struct world *w = *state;
    struct fail_port faulty;

    fail_port_init(&faulty, w->nodes[OWN].port);
    faulty.would_block = true;
    assert_true(converse(w, &faulty));
}

#define ON_SMALL(test) cmocka_unit_test_setup_teardown(test, set_up_small, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SMALL(test_every_call_can_fail),
        ON_SMALL(test_would_block_delays_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
