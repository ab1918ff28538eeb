/*
 * recv, send, want and the ways a connection ends.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port_posix/fixture.h"

#define RECORD_MAX 16709u

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

static void test_bytes_pass_both_ways(void **state)
{
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);
    char buf[8];
    size_t n;

    assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_AGAIN);
    peer_send(peer, "hello", 5);
    receive_all(f, s, ACCEPTED, buf, 5);
    assert_memory_equal(buf, "hello", 5);
    assert_int_equal(f->ops->send(f->port, s, "world", 5, &n), THM_IO_OK);
    assert_int_equal(n, 5);
    peer_receive(peer, buf, 5);
    assert_memory_equal(buf, "world", 5);
    close(peer);
}

/* READ once, not again while bytes wait unread, and again after a short transfer. */
static void test_read_is_reported_once(void **state)
{
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);
    char buf[8];
    size_t n;

    peer_send(peer, "ab", 2);
    await(f, ACCEPTED, THM_EV_READ);
    expect_silence(f, ACCEPTED, 0);
    peer_send(peer, "cd", 2);
    expect_silence(f, ACCEPTED, 20);
    receive_all(f, s, ACCEPTED, buf, 4);
    assert_memory_equal(buf, "abcd", 4);
    assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_AGAIN);
    expect_silence(f, ACCEPTED, 0);
    peer_send(peer, "e", 1);
    await(f, ACCEPTED, THM_EV_READ);
    assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_OK);
    peer_send(peer, "f", 1);
    await(f, ACCEPTED, THM_EV_READ);
    close(peer);
}

static void test_single_bytes_arrive_in_order(void **state)
{
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);

    for (size_t i = 0; i < 1000; i++) {
        uint8_t out = pattern(i), in;
        size_t n;
        peer_send(peer, &out, 1);
        receive_all(f, s, ACCEPTED, &in, 1);
        assert_int_equal(in, out);
        assert_int_equal(f->ops->send(f->port, s, &in, 1, &n), THM_IO_OK);
        peer_receive(peer, &in, 1);
        assert_int_equal(in, out);
    }
    close(peer);
}

/* The sender fills what it may and goes on when WRITE says so: nothing is lost or doubled. */
static void test_a_full_socket_reports_write(void **state)
{
    enum { TOTAL = 8 * 1024 * 1024, PIECE = 65536 };
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);
    uint8_t *piece = malloc(PIECE);
    size_t sent = 0, received = 0, n;

    while (received < TOTAL) {
        while (sent < TOTAL) {
            size_t len = sent + PIECE < TOTAL ? PIECE : TOTAL - sent;
            for (size_t i = 0; i < len; i++)
                piece[i] = pattern(sent + i);
            enum thm_io io = f->ops->send(f->port, s, piece, len, &n);
            sent += n;
            if (io == THM_IO_AGAIN || n < len)
                break;
            assert_int_equal(io, THM_IO_OK);
        }
        expect_silence(f, ACCEPTED, 0);
        while (received < sent) {
            ssize_t got = recv(peer, piece, PIECE, 0);
            assert_true(got > 0);
            for (ssize_t i = 0; i < got; i++)
                if (piece[i] != pattern(received + (size_t)i))
                    fail_msg("byte %zu is wrong", received + (size_t)i);
            received += (size_t)got;
        }
        if (sent < TOTAL)
            await(f, ACCEPTED, THM_EV_WRITE);
    }
    free(piece);
    close(peer);
}

/* A server's promise to its slow clients: what fits the send buffer is taken whole, in small
 * writes, while the peer reads nothing. */
static void test_the_send_buffer_holds_what_was_asked_for(void **state)
{
    enum { BUFFER = 65536, WRITE = 150 };
    struct fixture f;
    const uint8_t bytes[WRITE] = {0};
    size_t sent = 0, n;

    (void)state;
    open_fixture(&f, (struct thm_port_posix_config){.max_sockets = 4, .send_buffer = BUFFER});
    int peer = dial_fixture_narrowly(&f);
    thm_socket s = accept_next(&f);
    while (sent + WRITE <= BUFFER) {
        assert_int_equal(f.ops->send(f.port, s, bytes, WRITE, &n), THM_IO_OK);
        assert_int_equal(n, WRITE);
        sent += n;
    }
    close(peer);
    close_fixture(&f);
}

static void test_the_last_bytes_come_before_the_end(void **state)
{
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);
    char buf[8];
    size_t n;

    assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_AGAIN);
    peer_send(peer, "bye", 3);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    await(f, ACCEPTED, THM_EV_READ | THM_EV_CLOSED);
    assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_OK);
    assert_int_equal(n, 3);
    await(f, ACCEPTED, THM_EV_READ);
    assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_EOF);
    assert_int_equal(f->ops->send(f->port, s, "ok", 2, &n), THM_IO_OK);
    expect_silence(f, ACCEPTED, 0);
    peer_receive(peer, buf, 2);
    close(peer);
}

/* Who was told of bytes and has not read them yet is told of the end all the same. */
static void test_an_end_after_unread_bytes_is_reported(void **state)
{
    struct fixture *f = *state;
    int peer;

    accept_peer(f, &peer);
    peer_send(peer, "x", 1);
    await(f, ACCEPTED, THM_EV_READ);
    close(peer);
    await(f, ACCEPTED, THM_EV_READ | THM_EV_CLOSED);
}

/* The end follows after the bytes were read: no further bytes announce it. */
static void test_an_end_alone_is_reported(void **state)
{
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);
    char buf[8];
    size_t n;

    peer_send(peer, "x", 1);
    await(f, ACCEPTED, THM_EV_READ);
    assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_OK);
    close(peer);
    await(f, ACCEPTED, THM_EV_READ | THM_EV_CLOSED);
    assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_EOF);
}

static void test_a_reset_is_an_error_with_its_reason(void **state)
{
    const struct linger reset = {.l_onoff = 1};
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);
    char buf[8];
    size_t n;

    assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_AGAIN);
    assert_int_equal(thm_port_posix_last_error(&f->posix, s), THM_OK);
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(peer);
    await(f, ACCEPTED, THM_EV_READ | THM_EV_CLOSED);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_ERROR);
        assert_int_equal(f->ops->send(f->port, s, "x", 1, &n), THM_IO_ERROR);
        assert_int_equal(f->ops->want(f->port, s, 5), THM_IO_ERROR);
    }
    assert_int_equal(thm_port_posix_last_error(&f->posix, s), THM_E_CLOSED);
    expect_silence(f, ACCEPTED, 0);
}

/* A peer that says something and slams the door is still heard, though our send fails. */
static void test_bytes_before_a_reset_are_readable(void **state)
{
    const struct linger reset = {.l_onoff = 1};
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);
    char buf[8];
    size_t n;

    peer_send(peer, "why", 3);
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(peer);
    assert_int_equal(f->ops->send(f->port, s, "x", 1, &n), THM_IO_ERROR);
    assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_OK);
    assert_memory_equal(buf, "why", 3);
    assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_ERROR);
}

static void test_want_waits_for_enough(void **state)
{
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);
    char buf[16];
    size_t n;

    assert_int_equal(f->ops->want(f->port, s, 5), THM_IO_AGAIN);
    peer_send(peer, "abcd", 4);
    expect_silence(f, ACCEPTED, 20);
    assert_int_equal(f->ops->want(f->port, s, 4), THM_IO_OK);
    assert_int_equal(f->ops->want(f->port, s, 5), THM_IO_AGAIN);
    peer_send(peer, "e", 1);
    await(f, ACCEPTED, THM_EV_READ);
    assert_int_equal(f->ops->want(f->port, s, 5), THM_IO_OK);
    assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_OK);
    assert_int_equal(n, 5);
    close(peer);
}

/* The mark moves both ways, also when the bytes for the new one wait already. */
static void test_want_is_what_the_last_call_said(void **state)
{
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);
    char buf[16];
    size_t n;

    assert_int_equal(f->ops->want(f->port, s, 1000), THM_IO_AGAIN);
    peer_send(peer, "abcdef", 6);
    expect_silence(f, ACCEPTED, 20);
    assert_int_equal(f->ops->want(f->port, s, 2), THM_IO_OK);
    receive_all(f, s, ACCEPTED, buf, 6);
    assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_AGAIN);
    peer_send(peer, "g", 1);
    expect_silence(f, ACCEPTED, 20);
    peer_send(peer, "h", 1);
    await(f, ACCEPTED, THM_EV_READ);
    assert_int_equal(f->ops->want(f->port, s, 2), THM_IO_OK);
    close(peer);
}

static void test_want_tells_an_end_that_comes_too_early(void **state)
{
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);
    char buf[16];
    size_t n;

    assert_int_equal(f->ops->want(f->port, s, 5), THM_IO_AGAIN);
    peer_send(peer, "abc", 3);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    await(f, ACCEPTED, THM_EV_READ | THM_EV_CLOSED);
    assert_int_equal(f->ops->want(f->port, s, 5), THM_IO_EOF);
    assert_int_equal(f->ops->want(f->port, s, 3), THM_IO_OK);
    assert_int_equal(f->ops->recv(f->port, s, buf, sizeof buf, &n), THM_IO_OK);
    assert_int_equal(n, 3);
    assert_int_equal(f->ops->want(f->port, s, 1), THM_IO_EOF);
    close(peer);
}

/* The smallest receive buffer that the configuration allows, filled in the least favourable way. */
static void test_a_whole_record_fits_in_single_bytes(void **state)
{
    struct fixture f;
    int peer;

    (void)state;
    open_fixture(&f, (struct thm_port_posix_config){.max_sockets = 4,
                                                    .receive_buffer = THM_PORT_POSIX_RECEIVE_MIN});
    thm_socket s = accept_peer(&f, &peer);
    uint8_t *buf = malloc(RECORD_MAX);
    assert_int_equal(f.ops->want(f.port, s, RECORD_MAX), THM_IO_AGAIN);
    for (size_t i = 0; i < RECORD_MAX; i++) {
        uint8_t byte = pattern(i);
        peer_send(peer, &byte, 1);
    }
    while (f.ops->want(f.port, s, RECORD_MAX) == THM_IO_AGAIN)
        await(&f, ACCEPTED, THM_EV_READ);
    receive_all(&f, s, ACCEPTED, buf, RECORD_MAX);
    for (size_t i = 0; i < RECORD_MAX; i++)
        assert_int_equal(buf[i], pattern(i));
    free(buf);
    close(peer);
    close_fixture(&f);
}

/* On the loopback interface the kernel keeps what it got in pieces of 64 KB, each whole until its last byte is
 * taken: soon it has no room for the end of a record whose beginning waits. */
static void test_records_of_a_sender_in_a_hurry(void **state)
{
    enum { HEADER = 5, BODY = 8208, RECORDS = 500 };
    struct fixture *f = *state;
    static uint8_t buf[HEADER + BODY];
    int peer;
    thm_socket s = accept_peer(f, &peer);
    pid_t sender = fork();

    if (sender == 0) {
        for (unsigned i = 0; i < RECORDS; i++)
            send(peer, buf, sizeof buf, MSG_NOSIGNAL);
        _exit(0);
    }
    for (unsigned i = 0; i < RECORDS; i++) {
        assert_int_not_equal(f->ops->want(f->port, s, 1), THM_IO_ERROR);
        receive_all(f, s, ACCEPTED, buf, HEADER);
        while (f->ops->want(f->port, s, BODY) == THM_IO_AGAIN)
            await(f, ACCEPTED, THM_EV_READ);
        size_t n, got = 0;
        while (got < BODY) {
            enum thm_io io = f->ops->recv(f->port, s, buf + got, BODY - got, &n);
            got += n;
            if (io == THM_IO_AGAIN && f->ops->want(f->port, s, 1) == THM_IO_AGAIN)
                await(f, ACCEPTED, THM_EV_READ);
        }
    }
    assert_int_equal(waitpid(sender, NULL, 0), sender);
    close(peer);
}

static void test_a_stale_handle_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct thm_address address;
    char buf[4];
    size_t n;
    int peers[2];
    thm_socket old = accept_peer(f, &peers[0]), other = THM_SOCKET_NONE;

    f->ops->close(f->port, old);
    other = accept_peer(f, &peers[1]);
    assert_int_not_equal(old, other);
    peer_send(peers[1], "new", 3);
    assert_int_equal(f->ops->recv(f->port, old, buf, sizeof buf, &n), THM_IO_ERROR);
    assert_int_equal(f->ops->send(f->port, old, "x", 1, &n), THM_IO_ERROR);
    assert_int_equal(f->ops->want(f->port, old, 1), THM_IO_ERROR);
    assert_int_equal(f->ops->peer_addr(f->port, old, &address), THM_E_STATE);
    assert_int_equal(thm_port_posix_last_error(&f->posix, old), THM_E_STATE);
    f->ops->abort(f->port, old);
    f->ops->close(f->port, old);
    f->ops->shutdown(f->port, old);
    f->ops->close(f->port, THM_SOCKET_NONE);
    receive_all(f, other, ACCEPTED, buf, 3);
    assert_memory_equal(buf, "new", 3);
    close(peers[0]);
    close(peers[1]);
}

static void test_nothing_is_reported_after_close(void **state)
{
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);

    peer_send(peer, "x", 1);
    close(peer);
    f->ops->close(f->port, s);
    expect_silence(f, ACCEPTED, 20);
}

/* Even though the peer had sent what nobody read. */
static void test_close_still_sends_what_is_queued(void **state)
{
    enum { LEN = 100000 };
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);
    uint8_t *buf = calloc(1, LEN);
    size_t n;

    peer_send(peer, "unread", 6);
    await(f, ACCEPTED, THM_EV_READ);
    assert_int_equal(f->ops->send(f->port, s, buf, LEN, &n), THM_IO_OK);
    f->ops->close(f->port, s);
    peer_receive(peer, buf, n);
    assert_int_equal(recv(peer, buf, 1, 0), 0);
    free(buf);
    close(peer);
}

static void test_abort_resets(void **state)
{
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);
    char byte;

    f->ops->abort(f->port, s);
    assert_int_equal(recv(peer, &byte, 1, 0), -1);
    close(peer);
}

/* Sending after it is an error; SIGPIPE would end the test. */
static void test_shutdown_ends_one_direction(void **state)
{
    struct fixture *f = *state;
    int peer;
    thm_socket s = accept_peer(f, &peer);
    char byte;
    size_t n;

    f->ops->shutdown(f->port, s);
    assert_int_equal(recv(peer, &byte, 1, 0), 0);
    peer_send(peer, "x", 1);
    receive_all(f, s, ACCEPTED, &byte, 1);
    assert_int_equal(byte, 'x');
    assert_int_equal(f->ops->send(f->port, s, "x", 1, &n), THM_IO_ERROR);
    close(peer);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_bytes_pass_both_ways),
        WITH_FIXTURE(test_read_is_reported_once),
        WITH_FIXTURE(test_single_bytes_arrive_in_order),
        WITH_FIXTURE(test_a_full_socket_reports_write),
        cmocka_unit_test(test_the_send_buffer_holds_what_was_asked_for),
        WITH_FIXTURE(test_the_last_bytes_come_before_the_end),
        WITH_FIXTURE(test_an_end_after_unread_bytes_is_reported),
        WITH_FIXTURE(test_an_end_alone_is_reported),
        WITH_FIXTURE(test_a_reset_is_an_error_with_its_reason),
        WITH_FIXTURE(test_bytes_before_a_reset_are_readable),
        WITH_FIXTURE(test_want_waits_for_enough),
        WITH_FIXTURE(test_want_is_what_the_last_call_said),
        WITH_FIXTURE(test_want_tells_an_end_that_comes_too_early),
        WITH_FIXTURE(test_records_of_a_sender_in_a_hurry),
        cmocka_unit_test(test_a_whole_record_fits_in_single_bytes),
        WITH_FIXTURE(test_a_stale_handle_is_an_error),
        WITH_FIXTURE(test_nothing_is_reported_after_close),
        WITH_FIXTURE(test_close_still_sends_what_is_queued),
        WITH_FIXTURE(test_abort_resets),
        WITH_FIXTURE(test_shutdown_ends_one_direction),
    };

    return RUN_ON_BOTH(tests);
}
