/*
 * The smallest port that TLS runs over: pairs of sockets in memory, in one thread, with no events.
 * A test calls both ends in turn until nothing moves any more.
 */
#ifndef TEST_TLS_PAIR_PORT_H
#define TEST_TLS_PAIR_PORT_H

#include <stdbool.h>

#include "thimble/port.h"

#define PAIR_SOCKETS 512u
#define PAIR_BUFFER  40000u

/* One end. What it has sent and the other end has not read waits in `bytes`. */
struct pair_end {
    bool open;     /* the handle is valid */
    bool finished; /* FIN was sent */
    bool reset;    /* RST was sent or received */
    size_t len;
    unsigned char bytes[PAIR_BUFFER];
};

struct pair_port {
    struct thm_port port;
    size_t most;      /* bytes of a transfer at most; 0: any number */
    size_t capacity;  /* bytes in flight at most, up to PAIR_BUFFER */
    uint64_t calls;   /* that can fail: recv, send, want, entropy */
    uint64_t fail_at; /* this one fails, counted from 1; 0: none */
    bool no_entropy;
    uint64_t random; /* state of the entropy */
    uint64_t sends;  /* successful calls of send */
    uint64_t moved;  /* bytes sent and received, to see whether anything moves */
    struct pair_end ends[PAIR_SOCKETS];
};

/** Makes an empty port. */
void pair_port_init(struct pair_port *p);

/** Makes two connected sockets. */
void pair_port_connect(struct pair_port *p, thm_socket *a, thm_socket *b);

/** How many sockets are open. */
unsigned pair_port_open(const struct pair_port *p);

/** The other end of a socket. */
thm_socket pair_port_peer(thm_socket s);

#endif
