/*
 * One port on one backend, and plain blocking sockets as its peers.
 */
#ifndef TEST_PORT_POSIX_FIXTURE_H
#define TEST_PORT_POSIX_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "thimble/error.h"
#include "thimble/port_posix.h"

/* Group set-ups: which backend the fixtures of the group use. */
int on_epoll(void **state);
int on_poll(void **state);

/* Runs the tests on epoll, then on poll; the number of failures. */
#define RUN_ON_BOTH(tests)                                                                         \
    cmocka_run_group_tests_name("epoll", tests, on_epoll, NULL) +                                  \
        cmocka_run_group_tests_name("poll", tests, on_poll, NULL)

enum { LISTENER = 1, ACCEPTED = 2, DIALLED = 3 };

struct fixture {
    struct thm_port_posix posix;
    struct thm_port *port;
    const struct thm_port_ops *ops;
    thm_socket listener;
    uint16_t number; /* that it listens on, 127.0.0.1 */
};

/* Opens a port with `config` (its backend is replaced) and listens. */
void open_fixture(struct fixture *f, struct thm_port_posix_config config);
void close_fixture(struct fixture *f);

/* cmocka set-up and tear-down: a fixture of 16 sockets. */
int set_up(void **state);
int tear_down(void **state);

/* A peer: a blocking socket that is connected to the fixture's listener. */
int dial_fixture(const struct fixture *f);

/* The same, with the smallest receive buffer: what it does not read stays at the sender. */
int dial_fixture_narrowly(const struct fixture *f);

/* The port's end of the next connection, tag ACCEPTED. */
thm_socket accept_next(struct fixture *f);

/* dial_fixture() and accept_next(). */
thm_socket accept_peer(struct fixture *f, int *peer);

/* A plain listener on 127.0.0.1 outside the port. */
int plain_listener(int backlog, uint16_t *number);

/* All events until `tag` has had all of `what`; fails after 5 s. What else `tag` got is returned. */
unsigned await(struct fixture *f, uint32_t tag, unsigned what);

/* Fails when anything is reported for `tag` within `ms`; 0: right now. */
void expect_silence(struct fixture *f, uint32_t tag, unsigned ms);

/* Receives exactly `len` bytes, waiting for READ between. */
void receive_all(struct fixture *f, thm_socket s, uint32_t tag, void *buf, size_t len);

/* The same at the peer. */
void peer_receive(int peer, void *buf, size_t len);
void peer_send(int peer, const void *buf, size_t len);

#endif
