/*
 * The port for Linux and other POSIX systems: TCP sockets with edge-triggered epoll, or with poll
 * where there is no epoll.
 *
 * Everything but wake() belongs to one thread; several ports may live in one process.
 */
#ifndef THIMBLE_PORT_POSIX_H
#define THIMBLE_PORT_POSIX_H

#include <stddef.h>
#include <stdint.h>

#include "thimble/port.h"

/* How readiness is asked for. */
enum thm_port_posix_backend {
    THM_PORT_POSIX_AUTO, /* epoll where the system has it */
    THM_PORT_POSIX_EPOLL,
    THM_PORT_POSIX_POLL /* a wait() costs O(sockets) */
};

/* What an application may watch beside the sockets (stdin, a signalfd ...). */
#define THM_PORT_POSIX_WATCH_MAX 16u

/* The smallest receive buffer: one TLS record of full size has to fit, or want() could wait for
 * bytes that never find room. */
#define THM_PORT_POSIX_RECEIVE_MIN 16709u

/* Largest host name, terminator included (RFC 1035, section 2.3.4). */
#define THM_PORT_POSIX_HOST_MAX 256u

/* All zero is valid except for max_sockets. */
struct thm_port_posix_config {
    uint32_t max_sockets; /* listeners included; 1 to 1,048,576; about 48 bytes each */
    uint32_t backlog;     /* of each listener; 0: 1,024 (the system may allow less) */
    uint32_t send_buffer; /* bytes that send() takes from a peer's stop onwards; 0: the system's */
    uint32_t receive_buffer; /* bytes; 0: the system's, else at least THM_PORT_POSIX_RECEIVE_MIN */
    const char *nv_path;     /* an existing directory for nv_write; NULL: no non-volatile memory */
    enum thm_port_posix_backend backend;
};

struct posix;

/* The caller provides it and hands `&port->port` to the core. */
struct thm_port_posix {
    struct thm_port port;
    struct posix *posix;
};

/**
 * Makes a port. Its memory is allocated here, once; only connect() to a name allocates later.
 *
 * @param port    receives the port; must stay where it is until thm_port_posix_destroy()
 * @param config  limits; not kept
 * @return THM_OK; THM_E_CONFIG when a value is out of range, the backend does not exist here, or
 *         nv_path is not a directory; THM_E_MEMORY; THM_E_PORT when the system is out of descriptors
 */
int thm_port_posix_init(struct thm_port_posix *port, const struct thm_port_posix_config *config);

/**
 * Closes all sockets, ends the resolver's thread and frees the memory. A name that is just being
 * looked up is waited for: as long as the system's resolver takes, several seconds at worst.
 */
void thm_port_posix_destroy(struct thm_port_posix *port);

/**
 * Why a socket failed: asked for after recv, send or want gave THM_IO_ERROR, before close().
 *
 * @return THM_OK when it did not fail; THM_E_RESOLVE, THM_E_CONNECT, THM_E_CLOSED (reset by the
 *         peer), THM_E_TIMEOUT, THM_E_LIMIT (no descriptor left), THM_E_PORT (anything else);
 *         THM_E_STATE when there is no such socket
 */
int thm_port_posix_last_error(const struct thm_port_posix *port, thm_socket s);

/**
 * Lets wait() report {tag, THM_EV_READ} as long as the descriptor is readable, at its end or
 * broken: by level, unlike the sockets. A regular file is always readable. The descriptor stays the
 * caller's, who unwatches it before closing it; its O_NONBLOCK is not touched.
 *
 * @return THM_OK; THM_E_LIMIT when THM_PORT_POSIX_WATCH_MAX are watched; THM_E_STATE when this one
 *         is watched already; THM_E_PORT when it is no open descriptor
 */
int thm_port_posix_watch_fd(struct thm_port_posix *port, int fd, uint32_t tag);

/** Ends thm_port_posix_watch_fd(); does nothing when `fd` is not watched. */
void thm_port_posix_unwatch_fd(struct thm_port_posix *port, int fd);

/** Milliseconds of the monotonic clock that wait()'s `until_ms` is measured by. Any thread. */
uint64_t thm_port_posix_now_ms(void);

/**
 * Splits "ADDR:PORT" or "[ADDR]:PORT". ADDR may be a name; whether it exists is not looked at.
 *
 * @param text    terminated
 * @param host    receives ADDR, terminated; left alone on failure
 * @param cap     bytes at host; THM_PORT_POSIX_HOST_MAX always suffices for what connect() takes
 * @param number  receives PORT, 0 to 65535
 * @return THM_OK, or THM_E_ADDRESS: another form (an IPv6 address needs its brackets) or too long
 */
int thm_port_posix_parse_address(const char *text, char *host, size_t cap, uint16_t *number);

#endif
