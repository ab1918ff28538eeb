/*
 * The port of one end in a process of its own: sockets are file descriptors that were there at the start.
 */
#ifndef TEST_TLS_FD_PORT_H
#define TEST_TLS_FD_PORT_H

#include "thimble/port.h"

extern struct thm_port fd_port;

/* Bytes of the longest record that came, without its header; set to 0 by the test before a connection. */
extern size_t fd_longest_record;

/** Waits until something can be read, or written when `out` is set. */
void fd_wait(thm_socket fd, int out);

#endif
