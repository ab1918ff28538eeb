/*
 * The wrapper that makes calls fail, around a real port: an echo through it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "port_posix/fixture.h"
#include "support/fail_port.h"

enum { CALLER = 50, CALLEE = 51 };

#define WORD     "thimble"
#define WORD_LEN 7u

/* A caller sends a word to a callee of the same port, who sends it back. */
struct echo {
    struct thm_port *port;
    thm_socket listener, caller, callee;
    char word[WORD_LEN];
    size_t sent, heard, echoed, received;
};

#define WORD     "thimble"
#define WORD_LEN 7u

static bool is_fatal(enum thm_io io)
{
    return io == THM_IO_ERROR || io == THM_IO_EOF;
}

static bool caller_step(struct echo *e)
{
    const struct thm_port_ops *ops = e->port->ops;
    char back[WORD_LEN];
    size_t n;

    if (e->sent < WORD_LEN) {
        if (is_fatal(ops->send(e->port, e->caller, WORD + e->sent, WORD_LEN - e->sent, &n)))
            return false;
        e->sent += n;
    }
    if (is_fatal(ops->recv(e->port, e->caller, back, sizeof back, &n)))
        return false;
    assert_memory_equal(back, WORD + e->received, n);
    e->received += n;
    return true;
}

static bool callee_step(struct echo *e)
{
    const struct thm_port_ops *ops = e->port->ops;
    enum thm_io io;
    size_t n;

    if (e->callee == THM_SOCKET_NONE)
        return !is_fatal(ops->accept(e->port, e->listener, CALLEE, &e->callee));
    if (e->heard < WORD_LEN) {
        io = ops->want(e->port, e->callee, 1);
        if (io == THM_IO_OK)
            io = ops->recv(e->port, e->callee, e->word + e->heard, WORD_LEN - e->heard, &n);
        if (is_fatal(io))
            return false;
        e->heard += io == THM_IO_OK ? n : 0;
    }
    if (e->echoed < e->heard) {
        io = ops->send(e->port, e->callee, e->word + e->echoed, e->heard - e->echoed, &n);
        if (is_fatal(io))
            return false;
        e->echoed += n;
    }
    return true;
}

static void hang_up(struct echo *e)
{
    e->port->ops->close(e->port, e->listener);
    e->port->ops->close(e->port, e->caller);
    e->port->ops->close(e->port, e->callee);
}

/* Runs the conversation to its end or to the first error; true when the word came back. */
static bool converse(struct fail_port *faulty)
{
    struct echo e = {.port = &faulty->port};
    const struct thm_port_ops *ops = e.port->ops;
    struct thm_address address;
    struct thm_event events[8];
    bool alive;

    if (ops->listen(e.port, "127.0.0.1", 0, LISTENER, &e.listener) != THM_OK)
        return false;
    ops->peer_addr(e.port, e.listener, &address);
    alive = ops->connect(e.port, "127.0.0.1", address.number, CALLER, &e.caller) == THM_OK;
    while (alive && e.received < WORD_LEN) {
        alive = callee_step(&e) && caller_step(&e);
        if (alive && e.received < WORD_LEN)
            assert_true(ops->wait(e.port, thm_port_posix_now_ms() + 2000, events, 8) > 0);
    }
    hang_up(&e);
    assert_int_equal(fail_port_open_sockets(faulty), 0);
    return alive;
}

static void test_every_call_can_fail(void **state)
{
    struct fixture *f = *state;
    struct fail_port faulty;
    bool succeeded = false;
    uint64_t n;

    for (n = 1; !succeeded; n++) {
        fail_port_init(&faulty, f->port);
        faulty.fail_at = n;
        succeeded = converse(&faulty);
        assert_int_equal(succeeded, faulty.calls < n);
    }
    assert_true(n > 7); /* listen, connect, accept, send, want, recv, send, recv */
}

/* With everything blocking once, the conversation takes longer, and comes to the same end. */
static void test_would_block_delays_only(void **state)
{
    struct fixture *f = *state;
    struct fail_port faulty;

    fail_port_init(&faulty, f->port);
    assert_true(converse(&faulty));
    uint64_t calls = faulty.calls;
    fail_port_init(&faulty, f->port);
    faulty.would_block = true;
    assert_true(converse(&faulty));
    assert_true(faulty.calls >= calls + 4);
}

static void test_would_block_is_followed_by_an_event(void **state)
{
    struct fixture *f = *state;
    struct fail_port faulty;
    struct thm_event event;
    thm_socket s;
    size_t n;

    fail_port_init(&faulty, f->port);
    struct thm_port *port = &faulty.port;
    assert_int_equal(port->ops->connect(port, "127.0.0.1", f->number, CALLER, &s), THM_OK);
    await(f, CALLER, THM_EV_WRITE);
    faulty.would_block = true;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(port->ops->send(port, s, "x", 1, &n), THM_IO_AGAIN);
        assert_int_equal(n, 0);
        assert_int_equal(port->ops->wait(port, UINT64_MAX, &event, 1), 1);
        assert_int_equal(event.tag, CALLER);
        assert_int_equal(event.what, THM_EV_WRITE);
        assert_int_equal(port->ops->send(port, s, "x", 1, &n), THM_IO_OK);
    }
    port->ops->close(port, s);
}

/* Each kind of call fails in its own way, and a transfer that failed goes on failing. */
static void test_how_calls_fail(void **state)
{
    struct fixture *f = *state;
    struct fail_port faulty;
    struct thm_port *port = &faulty.port;
    uint64_t ms;
    uint8_t byte;
    thm_socket s;
    size_t n;

    fail_port_init(&faulty, f->port);
    faulty.fail_at = 1;
    assert_int_equal(port->ops->entropy(port, &byte, 1), THM_E_ENTROPY);
    assert_int_equal(port->ops->entropy(port, &byte, 1), THM_OK);
    faulty.fail_at = 3;
    assert_int_equal(port->ops->utc(port, &ms), THM_E_CLOCK);
    faulty.fail_at = 4;
    assert_int_equal(port->ops->nv_read(port, 0, &byte, 1, &n), THM_E_PORT);
    faulty.fail_at = 5;
    assert_int_equal(port->ops->connect(port, "127.0.0.1", f->number, CALLER, &s), THM_E_PORT);
    faulty.fail_at = 7;
    assert_int_equal(port->ops->connect(port, "127.0.0.1", f->number, CALLER, &s), THM_OK);
    assert_int_equal(port->ops->send(port, s, "x", 1, &n), THM_IO_ERROR);
    assert_int_equal(port->ops->recv(port, s, &byte, 1, &n), THM_IO_ERROR);
    port->ops->abort(port, s);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_every_call_can_fail),
        WITH_FIXTURE(test_would_block_delays_only),
        WITH_FIXTURE(test_would_block_is_followed_by_an_event),
        WITH_FIXTURE(test_how_calls_fail),
    };

    return RUN_ON_BOTH(tests);
}
