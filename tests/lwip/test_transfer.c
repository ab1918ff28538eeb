/*
 * recv, send, want: bytes between two boards, of which one is as small as they come.
 */
#include <stdlib.h>
#include <string.h>

#include "lwip/pair.h"

#define RECORD_MAX 16709u
#define WINDOW     1072u /* of the small board */

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

static void test_bytes_pass_both_ways(void **state)
{
    struct pair c = connected(state);
    char buf[8];
    size_t n;

    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_AGAIN);
    peer_send(&c, "hello", 5);
    receive_all(c.w, OWN, c.o, DIALLED, buf, 5);
    assert_memory_equal(buf, "hello", 5);
    assert_int_equal(own_send(&c, "world", 5, &n), THM_IO_OK);
    assert_int_equal(n, 5);
    receive_all(c.w, PEER, c.p, ACCEPTED, buf, 5);
    assert_memory_equal(buf, "world", 5);
}

/* READ once, not again while bytes wait unread, and again after a short transfer. */
static void test_read_is_reported_once(void **state)
{
    struct pair c = connected(state);
    char buf[8];
    size_t n;

    peer_send(&c, "ab", 2);
    await(c.w, OWN, DIALLED, THM_EV_READ);
    peer_send(&c, "cd", 2);
    expect_silence(c.w, DIALLED, 20);
    receive_all(c.w, OWN, c.o, DIALLED, buf, 4);
    assert_memory_equal(buf, "abcd", 4);
    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_AGAIN);
    expect_silence(c.w, DIALLED, 20);
    peer_send(&c, "e", 1);
    await(c.w, OWN, DIALLED, THM_EV_READ);
    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_OK);
    peer_send(&c, "f", 1);
    await(c.w, OWN, DIALLED, THM_EV_READ);
}

static void test_single_bytes_arrive_in_order(void **state)
{
    struct pair c = connected(state);

    for (size_t i = 0; i < 1000; i++) {
        uint8_t out = pattern(i), in;
        size_t n;
        peer_send(&c, &out, 1);
        receive_all(c.w, OWN, c.o, DIALLED, &in, 1);
        assert_int_equal(in, out);
        assert_int_equal(own_send(&c, &in, 1, &n), THM_IO_OK);
        receive_all(c.w, PEER, c.p, ACCEPTED, &in, 1);
        assert_int_equal(in, out);
    }
}

/* What one node has sent and the other has received of the pattern. */
struct stream {
    size_t sent, received;
};

static void push(struct node *n, thm_socket s, struct stream *t, size_t total)
{
    uint8_t piece[700];
    size_t sent;

    while (t->sent < total) {
        size_t len = total - t->sent < sizeof piece ? total - t->sent : sizeof piece;
        for (size_t i = 0; i < len; i++)
            piece[i] = pattern(t->sent + i);
        enum thm_io io = n->ops->send(n->port, s, piece, len, &sent);
        assert_true(io == THM_IO_OK || io == THM_IO_AGAIN);
        t->sent += sent;
        if (sent < len)
            return;
    }
}

static void pull(struct node *n, thm_socket s, struct stream *t)
{
    uint8_t piece[700];
    size_t got;
    enum thm_io io;

    while ((io = n->ops->recv(n->port, s, piece, sizeof piece, &got)) == THM_IO_OK) {
        for (size_t i = 0; i < got; i++)
            if (piece[i] != pattern(t->received + i))
                fail_msg("byte %u is wrong", (unsigned)(t->received + i));
        t->received += got;
    }
    assert_int_equal(io, THM_IO_AGAIN);
}

static bool has_event(struct world *w, unsigned which, unsigned what)
{
    struct node *n = &w->nodes[which];
    bool found = false;

    for (unsigned i = 0; i < n->event_count; i++)
        found = found || (n->events[i].what & what);
    return found;
}

/* Each side is called only when it was told to: what is not reported would stand still. */
static void pass_both_ways(struct pair *c, size_t total)
{
    struct stream up = {0}, down = {0};
    const uint64_t until = c->w->now_ms + 3600000;

    for (bool first = true; up.received < total || down.received < total; first = false) {
        if (first || has_event(c->w, OWN, THM_EV_WRITE))
            push(c->own, c->o, &up, total);
        if (first || has_event(c->w, PEER, THM_EV_WRITE))
            push(c->peer, c->p, &down, total);
        if (first || has_event(c->w, OWN, THM_EV_READ))
            pull(c->own, c->o, &down);
        if (first || has_event(c->w, PEER, THM_EV_READ))
            pull(c->peer, c->p, &up);
        c->own->event_count = c->peer->event_count = 0;
        if (c->w->now_ms > until)
            fail_msg("%u of %u bytes up, %u down", (unsigned)up.received, (unsigned)total,
                     (unsigned)down.received);
        turn(c->w);
    }
}

static void test_200_kb_pass_both_ways_at_once(void **state)
{
    struct pair c = connected(state);

    pass_both_ways(&c, 200000);
}

static void test_200_kb_pass_a_bad_cable(void **state)
{
    struct pair c = connected(state);

    c.w->lose_one_in = 25;
    c.w->delay_ms = 20;
    pass_both_ways(&c, 200000);
}

/* The window is smaller than a record: all of it passes, in pieces that `want` gives out. */
static void test_want_gives_what_the_window_holds(void **state)
{
    struct pair c = connected(state);
    uint8_t *record = malloc(RECORD_MAX), *at = record;
    size_t n, sent = 0;

    assert_non_null(record);
    for (size_t i = 0; i < RECORD_MAX; i++)
        record[i] = pattern(i);
    uint8_t *copy = malloc(RECORD_MAX);
    assert_non_null(copy);
    memcpy(copy, record, RECORD_MAX);
    while ((size_t)(at - record) < RECORD_MAX) {
        if (sent < RECORD_MAX &&
            c.peer->ops->send(c.peer->port, c.p, copy + sent, RECORD_MAX - sent, &n) == THM_IO_OK)
            sent += n;
        if (own_want(&c, RECORD_MAX - (size_t)(at - record)) == THM_IO_AGAIN)
            await(c.w, OWN, DIALLED, THM_EV_READ);
        assert_int_equal(own_want(&c, RECORD_MAX - (size_t)(at - record)), THM_IO_OK);
        assert_int_equal(own_recv(&c, at, RECORD_MAX, &n), THM_IO_OK);
        assert_true(n > WINDOW / 3 || n == RECORD_MAX - (size_t)(at - record));
        at += n;
    }
    assert_memory_equal(record, copy, RECORD_MAX);
    free(record);
    free(copy);
}

/* Neither connection's window is full, but together they hold most of lwIP's buffers: who has some is told. */
static void test_want_gives_what_the_buffers_hold(void **state)
{
    enum { PIECE = 121 }; /* of which a buffer holds one */
    struct pair first = connected(state), second = first;
    const uint8_t piece[PIECE] = {0};

    connect_both(first.w, &second.o, &second.p);
    assert_int_equal(own_want(&first, WINDOW), THM_IO_AGAIN);
    assert_int_equal(own_want(&second, WINDOW), THM_IO_AGAIN);
    run_for(first.w, 10);
    for (unsigned i = 0; i < 2; i++)
        peer_send(&first, piece, PIECE);
    expect_silence(first.w, DIALLED, 20);
    assert_int_equal(own_want(&first, WINDOW), THM_IO_AGAIN);
    peer_send(&second, piece, PIECE);
    await(first.w, OWN, DIALLED, THM_EV_READ);
    assert_int_equal(own_want(&first, WINDOW), THM_IO_OK);
    assert_int_equal(own_want(&second, WINDOW), THM_IO_OK);
}

/* What comes at once while the board is busy, in small segments or full ones. None is lost for want of a buffer, for then it
 * would have to be sent again. */
static void expect_to_take(void **state, size_t total, size_t segment)
{
    struct pair c = connected(state);
    uint8_t piece[WINDOW], buf[WINDOW];
    size_t n;

    run_for(c.w, 10);
    for (size_t at = 0; at < total; at += segment) {
        for (size_t i = 0; i < segment; i++)
            piece[i] = pattern(at + i);
        peer_send(&c, piece, segment);
    }
    const uint64_t start = c.w->now_ms;
    receive_all(c.w, OWN, c.o, DIALLED, buf, total);
    for (size_t i = 0; i < total; i++)
        assert_int_equal(buf[i], pattern(i));
    assert_true(c.w->now_ms - start < 100);
    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_AGAIN);
}

static void test_many_small_segments_at_once(void **state)
{
    expect_to_take(state, 900, 30);
}

static void test_full_segments_at_once(void **state)
{
    expect_to_take(state, WINDOW, 536);
}

static void test_want_waits_for_enough(void **state)
{
    struct pair c = connected(state);
    char buf[16];
    size_t n;

    assert_int_equal(own_want(&c, 5), THM_IO_AGAIN);
    peer_send(&c, "abcd", 4);
    expect_silence(c.w, DIALLED, 20);
    assert_int_equal(own_want(&c, 4), THM_IO_OK);
    assert_int_equal(own_want(&c, 5), THM_IO_AGAIN);
    peer_send(&c, "e", 1);
    await(c.w, OWN, DIALLED, THM_EV_READ);
    assert_int_equal(own_want(&c, 5), THM_IO_OK);
    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_OK);
    assert_int_equal(n, 5);
    assert_memory_equal(buf, "abcde", 5);
    assert_int_equal(own_want(&c, 0), THM_IO_ERROR);
}

/* The mark moves both ways, also when the bytes for the new one wait already. */
static void test_want_is_what_the_last_call_said(void **state)
{
    struct pair c = connected(state);
    char buf[16];
    size_t n;

    assert_int_equal(own_want(&c, 1000), THM_IO_AGAIN);
    peer_send(&c, "abcdef", 6);
    expect_silence(c.w, DIALLED, 20);
    assert_int_equal(own_want(&c, 2), THM_IO_OK);
    receive_all(c.w, OWN, c.o, DIALLED, buf, 6);
    assert_int_equal(own_recv(&c, buf, sizeof buf, &n), THM_IO_AGAIN);
    peer_send(&c, "g", 1);
    expect_silence(c.w, DIALLED, 20);
    peer_send(&c, "h", 1);
    await(c.w, OWN, DIALLED, THM_EV_READ);
    assert_int_equal(own_want(&c, 2), THM_IO_OK);
}

/* Memory that somebody else has taken: nothing of this connection's is under way, and WRITE comes all the same. */
static void test_write_is_reported_when_memory_is_back(void **state)
{
    struct pair c = connected(state);
    uint8_t bytes[500] = {0};
    size_t n;

    void *taken = take_heap(c.own);
    assert_int_equal(own_send(&c, bytes, sizeof bytes, &n), THM_IO_AGAIN);
    expect_silence(c.w, DIALLED, 0);
    c.own->api->give_heap(taken);
    await(c.w, OWN, DIALLED, THM_EV_WRITE);
    assert_int_equal(own_send(&c, bytes, sizeof bytes, &n), THM_IO_OK);
    assert_int_equal(n, sizeof bytes);
}

/* Who has sent all it can, and waits to hear that it arrived, still acknowledges: two such ends would else wait for each
 * other. */
static void test_acknowledgements_find_memory(void **state)
{
    struct pair c = connected(state);
    struct thm_lwip_usage usage;
    uint8_t bytes[500] = {0};
    size_t n;

    c.w->loses_data = true;
    while (own_send(&c, bytes, sizeof bytes, &n) == THM_IO_OK)
        ;
    peer_send(&c, "x", 1);
    run_for(c.w, 400);
    c.peer->api->usage(&usage);
    assert_int_equal(usage.segments, 0);
}

#define ON_SMALL(test) cmocka_unit_test_setup_teardown(test, set_up_small, tear_down)
#define ON_LARGE(test) cmocka_unit_test_setup_teardown(test, set_up_large, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SMALL(test_bytes_pass_both_ways),
        ON_SMALL(test_read_is_reported_once),
        ON_SMALL(test_single_bytes_arrive_in_order),
        ON_SMALL(test_200_kb_pass_both_ways_at_once),
        ON_SMALL(test_200_kb_pass_a_bad_cable),
        ON_SMALL(test_want_gives_what_the_window_holds),
        ON_LARGE(test_want_gives_what_the_window_holds),
        ON_SMALL(test_want_gives_what_the_buffers_hold),
        ON_SMALL(test_many_small_segments_at_once),
        ON_SMALL(test_full_segments_at_once),
        ON_SMALL(test_want_waits_for_enough),
        ON_SMALL(test_want_is_what_the_last_call_said),
        ON_SMALL(test_write_is_reported_when_memory_is_back),
        ON_SMALL(test_acknowledgements_find_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
