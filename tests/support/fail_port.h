/*
 * A port around another one that fails on demand: "the Nth call fails, for every N", and a mode in
 * which every transfer would block once before it goes through.
 *
 * Counted are the calls that can fail: listen, accept, connect, recv, send, want, entropy, utc,
 * nv_read, nv_write. The others pass.
 */
#ifndef TEST_SUPPORT_FAIL_PORT_H
#define TEST_SUPPORT_FAIL_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "thimble/port.h"

#define FAIL_PORT_SOCKETS 64u

/* What the wrapper knows of a socket of the port inside. */
struct fail_port_socket {
    thm_socket socket; /* THM_SOCKET_NONE: unused */
    uint32_t tag;
    uint32_t blocked;   /* calls that have said AGAIN: their next one goes through */
    uint32_t synthetic; /* THM_EV_* to be reported by the next wait() */
    bool broken;        /* a transfer was made to fail, and so will all that follow */
};

struct fail_port {
    struct thm_port port;
    struct thm_port *inner;
    uint64_t calls;   /* counted so far */
    uint64_t fail_at; /* this one fails, counted from 1; 0: none */
    bool would_block; /* accept, recv, send and want first say AGAIN, every time */
    struct fail_port_socket sockets[FAIL_PORT_SOCKETS];
};

/** Wraps `inner`, which must outlive it. Set fail_at and would_block afterwards, at any time. */
void fail_port_init(struct fail_port *f, struct thm_port *inner);

/** How many sockets are open: what a conversation leaves is a leak. */
unsigned fail_port_open_sockets(const struct fail_port *f);

#endif
