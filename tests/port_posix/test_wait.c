/*
 * wait(): its cost, its limits, wake() and watched descriptors.
 */
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

#include "port_posix/fixture.h"
#include "posix.h"

enum { WATCHED = 77 };

/* The linker leads the port's calls here. */
static unsigned epoll_ctl_calls;
int __real_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    epoll_ctl_calls++;
    return __real_epoll_ctl(epoll, op, fd, event);
}

static void test_wait_ends_at_its_time(void **state)
{
    struct fixture *f = *state;
    struct thm_event event;
    uint64_t start = thm_port_posix_now_ms();

    assert_int_equal(f->ops->wait(f->port, 0, &event, 1), 0);
    assert_int_equal(f->ops->wait(f->port, start, &event, 1), 0);
    assert_int_equal(f->ops->wait(f->port, start + 30, &event, 1), 0);
    assert_true(thm_port_posix_now_ms() >= start + 30);
    assert_int_equal(f->ops->wait(f->port, 0, &event, 0), THM_E_ARGUMENT);
}

static void expect_woken(struct fixture *f)
{
    struct thm_event events[4];

    assert_int_equal(f->ops->wait(f->port, UINT64_MAX, events, 4), 1);
    assert_int_equal(events[0].tag, 0);
    assert_int_equal(events[0].what, THM_EV_WOKEN);
}

/* Many calls before a wait() are one event; a call before it is not lost. */
static void test_wake_before_wait(void **state)
{
    struct fixture *f = *state;

    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 100; i++)
            f->ops->wake(f->port);
        expect_woken(f);
        expect_silence(f, 0, 0);
    }
}

struct ping {
    struct thm_port *port;
    atomic_uint asked, answered;
};

static void *wake_on_demand(void *context)
{
    struct ping *ping = context;

    for (unsigned i = 1; i <= 2000; i++) {
        while (atomic_load(&ping->asked) < i)
            ;
        atomic_store(&ping->answered, i);
        ping->port->ops->wake(ping->port);
    }
    return NULL;
}

/* What a thread wrote before its wake() is seen by whoever was woken, every time. */
static void test_wake_from_a_thread(void **state)
{
    struct fixture *f = *state;
    struct ping ping = {.port = f->port};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, wake_on_demand, &ping), 0);
    for (unsigned i = 1; i <= 2000; i++) {
        atomic_store(&ping.asked, i);
        do
            expect_woken(f);
        while (atomic_load(&ping.answered) < i);
    }
    pthread_join(thread, NULL);
}

static struct thm_port *signalled;

static void on_alarm(int signal)
{
    (void)signal;
    signalled->ops->wake(signalled);
}

static void test_wake_from_a_signal(void **state)
{
    const struct itimerval soon = {.it_value.tv_usec = 10000};
    struct sigaction action = {.sa_handler = on_alarm}, before;
    struct fixture *f = *state;

    signalled = f->port;
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &soon, NULL);
    expect_woken(f);
    sigaction(SIGALRM, &before, NULL);
}

/* Nobody is left out or told twice when more are ready than fit. */
static void test_more_ready_than_asked_for(void **state)
{
    enum { PEERS = 12 };
    struct fixture *f = *state;
    int peers[PEERS];
    unsigned told[PEERS] = {0}, total = 0;
    struct thm_event events[5];
    thm_socket s;

    for (uint32_t i = 0; i < PEERS; i++) {
        peers[i] = dial_fixture(f);
        assert_int_equal(f->ops->accept(f->port, f->listener, 100 + i, &s), THM_IO_OK);
        peer_send(peers[i], "x", 1);
    }
    assert_int_equal(f->ops->accept(f->port, f->listener, 0, &s), THM_IO_AGAIN);
    while (total < PEERS) {
        int n = f->ops->wait(f->port, thm_port_posix_now_ms() + 1000, events, 5);
        assert_true(n > 0 && n <= 5);
        for (int i = 0; i < n; i++) {
            assert_int_equal(events[i].what, THM_EV_READ);
            told[events[i].tag - 100]++;
            total++;
        }
    }
    for (unsigned i = 0; i < PEERS; i++) {
        assert_int_equal(told[i], 1);
        close(peers[i]);
    }
}

/* With room for one event, a socket that is always ready can't keep the others from being told. */
static void test_nobody_is_always_the_last(void **state)
{
    struct fixture *f = *state;
    unsigned told[4] = {0};
    struct thm_event event;
    thm_socket s[4];
    int peers[4];
    char byte;
    size_t n;

    for (uint32_t i = 0; i < 4; i++) {
        peers[i] = dial_fixture(f);
        assert_int_equal(f->ops->accept(f->port, f->listener, 100 + i, &s[i]), THM_IO_OK);
    }
    assert_int_equal(f->ops->accept(f->port, f->listener, 0, &s[0]), THM_IO_AGAIN);
    for (unsigned turn = 0; turn < 40; turn++) {
        for (unsigned i = 0; i < 4; i++)
            peer_send(peers[i], "xy", 2);
        assert_int_equal(f->ops->wait(f->port, thm_port_posix_now_ms() + 1000, &event, 1), 1);
        unsigned who = event.tag - 100;
        told[who]++;
        thm_socket ready = s[who];
        while (f->ops->recv(f->port, ready, &byte, 1, &n) == THM_IO_OK)
            ;
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_true(told[i] >= 8);
        close(peers[i]);
    }
}

/* `count` connected sockets, then the cost of a turn in which one of them is ready. Peers that
 * nobody accepts need no descriptor. */
static uint64_t cost_of_a_turn(unsigned count)
{
    enum { PER_LISTENER = 4000, LISTENERS = 3, TURNS = 100 };
    int listeners[LISTENERS];
    uint16_t numbers[LISTENERS];
    struct fixture f;
    struct thm_event events[64];
    thm_socket s, ready = THM_SOCKET_NONE;
    size_t n;
    char byte;

    open_fixture(&f, (struct thm_port_posix_config){.max_sockets = count + 16});
    for (unsigned i = 0; i < LISTENERS; i++)
        listeners[i] = plain_listener(4096, &numbers[i]);
    for (uint32_t i = 0; i < count; i++) {
        uint16_t number = numbers[i / PER_LISTENER];
        assert_int_equal(f.ops->connect(f.port, "127.0.0.1", number, 100 + i, &s), THM_OK);
        ready = i == 0 ? s : ready;
    }
    int peer = accept(listeners[0], NULL, NULL);
    for (unsigned connected = 0; connected < count;) {
        int got = f.ops->wait(f.port, thm_port_posix_now_ms() + 5000, events, 64);
        assert_true(got > 0);
        connected += (unsigned)got;
    }
    uint64_t before = f.posix.posix->touched;
    epoll_ctl_calls = 0;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        peer_send(peer, "x", 1);
        await(&f, 100, THM_EV_READ);
        while (f.ops->recv(f.port, ready, &byte, 1, &n) == THM_IO_OK)
            assert_int_equal(f.ops->send(f.port, ready, &byte, 1, &n), THM_IO_OK);
        peer_receive(peer, &byte, 1);
    }
    uint64_t cost = f.posix.posix->touched - before;
    close(peer);
    for (unsigned i = 0; i < LISTENERS; i++)
        close(listeners[i]);
    close_fixture(&f);
    return cost;
}

/* A turn costs what is ready, not what is connected, and a message no epoll_ctl. */
static void test_a_turn_costs_what_is_ready(void **state)
{
    (void)state;
    uint64_t few = cost_of_a_turn(10);
    assert_int_equal(epoll_ctl_calls, 0);
    uint64_t many = cost_of_a_turn(10000);
    assert_int_equal(epoll_ctl_calls, 0);
    print_message("sockets looked at in 100 turns: %u of 10, %u of 10000\n", (unsigned)few,
                  (unsigned)many);
    assert_int_equal(few, 100);
    assert_int_equal(many, few);
}

static void test_a_pipe_is_watched_by_level(void **state)
{
    struct fixture *f = *state;
    int ends[2];
    char byte;

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(thm_port_posix_watch_fd(&f->posix, ends[0], WATCHED), THM_OK);
    assert_int_equal(thm_port_posix_watch_fd(&f->posix, ends[0], WATCHED), THM_E_STATE);
    expect_silence(f, WATCHED, 0);
    assert_int_equal(write(ends[1], "ab", 2), 2);
    for (unsigned i = 0; i < 3; i++)
        await(f, WATCHED, THM_EV_READ);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    await(f, WATCHED, THM_EV_READ);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    expect_silence(f, WATCHED, 0);
    close(ends[1]);
    await(f, WATCHED, THM_EV_READ);
    thm_port_posix_unwatch_fd(&f->posix, ends[0]);
    expect_silence(f, WATCHED, 0);
    close(ends[0]);
}

/* A file is readable always, which leaves the sockets their turn. */
static void test_a_file_is_always_readable(void **state)
{
    struct fixture *f = *state;
    FILE *file = tmpfile();
    int peer;
    thm_socket s = accept_peer(f, &peer);
    char byte;

    assert_non_null(file);
    assert_int_equal(thm_port_posix_watch_fd(&f->posix, fileno(file), WATCHED), THM_OK);
    uint64_t start = thm_port_posix_now_ms();
    for (unsigned i = 0; i < 3; i++)
        await(f, WATCHED, THM_EV_READ);
    assert_true(thm_port_posix_now_ms() < start + 1000);
    peer_send(peer, "x", 1);
    await(f, ACCEPTED, THM_EV_READ);
    receive_all(f, s, ACCEPTED, &byte, 1);
    thm_port_posix_unwatch_fd(&f->posix, fileno(file));
    expect_silence(f, WATCHED, 0);
    fclose(file);
    close(peer);
}

static void test_a_terminal_is_watched(void **state)
{
    struct fixture *f = *state;
    int master, terminal;
    char line[8];

    if (openpty(&master, &terminal, NULL, NULL, NULL) != 0)
        skip(); /* no terminals here */
    assert_int_equal(thm_port_posix_watch_fd(&f->posix, terminal, WATCHED), THM_OK);
    expect_silence(f, WATCHED, 0);
    assert_int_equal(write(master, "hi\n", 3), 3);
    await(f, WATCHED, THM_EV_READ);
    assert_int_equal(read(terminal, line, sizeof line), 3);
    expect_silence(f, WATCHED, 0);
    thm_port_posix_unwatch_fd(&f->posix, terminal);
    close(terminal);
    close(master);
}

static void test_what_can_not_be_watched(void **state)
{
    struct fixture *f = *state;
    int ends[THM_PORT_POSIX_WATCH_MAX + 1][2];

    for (unsigned i = 0; i <= THM_PORT_POSIX_WATCH_MAX; i++) {
        assert_int_equal(pipe(ends[i]), 0);
        assert_int_equal(thm_port_posix_watch_fd(&f->posix, ends[i][0], WATCHED),
                         i < THM_PORT_POSIX_WATCH_MAX ? THM_OK : THM_E_LIMIT);
    }
    thm_port_posix_unwatch_fd(&f->posix, ends[0][0]);
    thm_port_posix_unwatch_fd(&f->posix, -1);
    assert_int_equal(thm_port_posix_watch_fd(&f->posix, -1, WATCHED), THM_E_PORT);
    assert_int_equal(thm_port_posix_watch_fd(&f->posix, 9999, WATCHED), THM_E_PORT);
    for (unsigned i = 0; i <= THM_PORT_POSIX_WATCH_MAX; i++) {
        thm_port_posix_unwatch_fd(&f->posix, ends[i][0]);
        close(ends[i][0]);
        close(ends[i][1]);
    }
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest on_every_backend[] = {
    WITH_FIXTURE(test_wait_ends_at_its_time),      WITH_FIXTURE(test_wake_before_wait),
    WITH_FIXTURE(test_wake_from_a_thread),         WITH_FIXTURE(test_wake_from_a_signal),
    WITH_FIXTURE(test_more_ready_than_asked_for),  WITH_FIXTURE(test_nobody_is_always_the_last),
    WITH_FIXTURE(test_a_pipe_is_watched_by_level), WITH_FIXTURE(test_a_file_is_always_readable),
    WITH_FIXTURE(test_a_terminal_is_watched),      WITH_FIXTURE(test_what_can_not_be_watched),
};

int main(void)
{
    const struct CMUnitTest on_epoll_only[] = {
        cmocka_unit_test(test_a_turn_costs_what_is_ready),
    };

    return RUN_ON_BOTH(on_every_backend) +
           cmocka_run_group_tests_name("epoll: cost", on_epoll_only, on_epoll, NULL);
}
