/*
 * wait(): when it ends, and what it reports.
 */
#include "lwip/pair.h"

static int wait_own(struct world *w, uint64_t until_ms, struct thm_event *events, unsigned cap)
{
    struct node *o = &w->nodes[OWN];

    return o->ops->wait(o->port, until_ms, events, cap);
}

static void test_wait_ends_at_its_time(void **state)
{
    struct world *w = *state;
    struct thm_event event;
    uint64_t start = w->now_ms;

    assert_int_equal(wait_own(w, start + 1234, &event, 1), 0);
    assert_int_equal(w->now_ms, start + 1234);
    assert_int_equal(wait_own(w, 0, &event, 1), 0);
    assert_int_equal(w->now_ms, start + 1234);
    assert_int_equal(wait_own(w, 0, &event, 0), THM_E_ARGUMENT);
}

/* lwIP's timers want to run: a board never sleeps for longer. */
static void test_a_sleep_is_short(void **state)
{
    struct world *w = *state;
    struct thm_event event;

    assert_int_equal(wait_own(w, w->now_ms + 60000, &event, 1), 0);
    assert_true(w->longest_idle_ms > 0 && w->longest_idle_ms <= 250);
}

static void wake(struct world *w)
{
    w->on_idle = NULL;
    w->nodes[OWN].ops->wake(w->nodes[OWN].port);
}

static void expect_woken(struct world *w)
{
    struct thm_event event;

    assert_int_equal(wait_own(w, UINT64_MAX, &event, 1), 1);
    assert_int_equal(event.what, THM_EV_WOKEN);
    assert_int_equal(event.tag, 0);
}

static void test_wake_ends_a_wait_or_the_next(void **state)
{
    struct world *w = *state;
    struct thm_event event;

    wake(w);
    expect_woken(w);
    assert_int_equal(wait_own(w, w->now_ms + 10, &event, 1), 0);
    w->on_idle = wake;
    expect_woken(w);
    assert_int_equal(wait_own(w, w->now_ms + 10, &event, 1), 0);
}

/* For as long as nobody takes it. */
static void test_input_ends_a_wait(void **state)
{
    struct world *w = *state;
    struct thm_event event;

    w->nodes[OWN].input = true;
    expect_woken(w);
    expect_woken(w);
    w->nodes[OWN].input = false;
    assert_int_equal(wait_own(w, w->now_ms + 10, &event, 1), 0);
}

static void test_bytes_end_a_wait(void **state)
{
    struct pair c = connected(state);
    struct thm_event events[4];

    run_for(c.w, 10);
    c.own->event_count = 0;
    peer_send(&c, "x", 1);
    assert_int_equal(wait_own(c.w, UINT64_MAX, events, 4), 1);
    assert_int_equal(events[0].tag, DIALLED);
    assert_int_equal(events[0].what, THM_EV_READ);
}

enum { MANY = 5 };

/* OWN has dialled `MANY` times, tags from 100 on. */
static void dial_many(struct world *w, thm_socket own[MANY], thm_socket peer[MANY])
{
    struct node *o = &w->nodes[OWN], *p = &w->nodes[PEER];
    thm_socket listener;

    assert_int_equal(p->ops->listen(p->port, "0.0.0.0", SERVICE, LISTENER, &listener), THM_OK);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(o->ops->connect(o->port, PEER_ADDRESS, SERVICE, 100 + i, &own[i]), THM_OK);
        await(w, OWN, 100 + i, THM_EV_WRITE);
        while (p->ops->accept(p->port, listener, 200 + i, &peer[i]) == THM_IO_AGAIN)
            turn(w);
    }
    run_for(w, 10);
    o->event_count = 0;
}

/* What finds no room is reported by the next call: all of it, and each once. */
static void test_more_ready_than_asked_for(void **state)
{
    struct world *w = *state;
    thm_socket own[MANY], peer[MANY];
    struct thm_event events[2];
    unsigned told[MANY] = {0};

    dial_many(w, own, peer);
    for (uint32_t i = 0; i < MANY; i++)
        send_all(w, PEER, peer[i], 200 + i, "x", 1);
    for (unsigned total = 0; total < MANY;) {
        int n = wait_own(w, w->now_ms + 1000, events, 2);
        assert_true(n > 0);
        for (int i = 0; i < n; i++, total++)
            told[events[i].tag - 100]++;
    }
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(told[i], 1);
    assert_int_equal(wait_own(w, w->now_ms + 1000, events, 2), 0);
}

/* With room for one event, a socket that is always ready can't keep the others from being told. */
static void test_nobody_is_always_the_last(void **state)
{
    struct world *w = *state;
    struct node *o = &w->nodes[OWN], *p = &w->nodes[PEER];
    thm_socket own[MANY], peer[MANY];
    unsigned told[MANY] = {0};
    struct thm_event event;
    uint8_t buf[64];
    size_t n;

    dial_many(w, own, peer);
    for (unsigned round = 0; round < 40; round++) {
        for (uint32_t i = 0; i < MANY; i++)
            send_all(w, PEER, peer[i], 200 + i, "xy", 2);
        assert_int_equal(wait_own(w, w->now_ms + 1000, &event, 1), 1);
        unsigned who = event.tag - 100;
        told[who]++;
        assert_int_equal(o->ops->recv(o->port, own[who], buf, sizeof buf, &n), THM_IO_OK);
        assert_int_equal(p->ops->wait(p->port, 0, &event, 1), 0); /* it hears of what has arrived */
    }
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(told[i], 40 / MANY);
}

#define ON_SMALL(test) cmocka_unit_test_setup_teardown(test, set_up_small, tear_down)
#define ON_LARGE(test) cmocka_unit_test_setup_teardown(test, set_up_large, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SMALL(test_wait_ends_at_its_time),
        ON_SMALL(test_a_sleep_is_short),
        ON_SMALL(test_wake_ends_a_wait_or_the_next),
        ON_SMALL(test_input_ends_a_wait),
        ON_SMALL(test_bytes_end_a_wait),
        ON_LARGE(test_more_ready_than_asked_for),
        ON_LARGE(test_nobody_is_always_the_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
