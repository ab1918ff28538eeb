/*
 * port.h: all that a platform has to supply.
 *
 * A port is a table of functions over a context of its own. The rules that hold for all of them:
 *  - every call returns at once, and none ever calls back into the core;
 *  - status and byte count are separate results; a short transfer is normal;
 *  - only `wake` may be called from another thread (or an interrupt);
 *  - a socket is a small handle with a generation count: using a closed one is an error, never
 *    another connection;
 *  - time is never asked for: the caller of the core passes it in. `now_ms` and `until_ms` are
 *    milliseconds of one monotonic clock whose zero does not matter.
 *
 * Three ports exist: port/posix, port/lwip, and tests/sim (seeded, with faults).
 */
#ifndef THIMBLE_PORT_H
#define THIMBLE_PORT_H

#include <stddef.h>
#include <stdint.h>

/* What a transfer came to. */
enum thm_io {
    THM_IO_OK = 0, /* *n bytes were moved, at least 1 */
    THM_IO_AGAIN,  /* nothing now; an event follows when it is worth trying again */
    THM_IO_EOF,    /* the peer has finished sending (recv, want only) */
    THM_IO_ERROR   /* the connection is broken; close or abort it */
};

/* Conditions that wait() reports; a set of bits. */
enum {
    THM_EV_ACCEPT = 1 << 0, /* a listener has connections to accept */
    THM_EV_READ = 1 << 1,   /* bytes wait (at least as many as `want` said), or EOF or an error */
    THM_EV_WRITE = 1 << 2,  /* send takes bytes again; after connect: connected, or failed */
    THM_EV_CLOSED = 1 << 3, /* the peer has closed or the connection broke: read on to EOF/ERROR */
    THM_EV_RESOLVED = 1 << 4, /* the name given to connect was resolved; dialling goes on */
    THM_EV_WOKEN = 1 << 5     /* wake() was called; `tag` is 0 */
};

/* One condition of one socket. `tag` is what the caller gave to listen, accept or connect. */
struct thm_event {
    uint32_t tag;
    uint32_t what;
};

/* 0 is never a valid handle. */
typedef uint32_t thm_socket;
#define THM_SOCKET_NONE ((thm_socket)0)

/* An address as the core needs it: to compare, to log, and to hand out. */
struct thm_address {
    uint8_t family;  /* 4, 6, or 0 when unknown */
    uint8_t ip[16];  /* network order; IPv4 uses the first 4 bytes; the rest is 0 */
    uint16_t number; /* TCP port, host order */
};

/* Largest text form with terminator: "[IPv6]:65535". */
#define THM_ADDRESS_TEXT_MAX 56

struct thm_port;

/*
 * The table. `port` is always the object itself. Functions that return int give THM_OK or a
 * negative THM_E_* code.
 */
struct thm_port_ops {
    /* Listens on a numeric address ("127.0.0.1", "::1", "0.0.0.0", "::"); number 0 picks a free
     * one, which peer_addr() of the listener then tells. */
    int (*listen)(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                  thm_socket *out);

    /* Takes one waiting connection. AGAIN: none waits, ACCEPT is reported when one comes.
     * A listener that is not asked leaves connections in the backlog. */
    enum thm_io (*accept)(struct thm_port *port, thm_socket listener, uint32_t tag,
                          thm_socket *out);

    /* Starts to resolve and dial `host` (a name or an address, copied). WRITE is reported once
     * connected or failed; the first send or recv tells which. */
    int (*connect)(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                   thm_socket *out);

    /* Takes up to `cap` waiting bytes. OK with fewer than `cap` means that nothing more waits for
     * now, as AGAIN does: READ is reported when there is more. (After CLOSED was reported, go on
     * until EOF or ERROR.) */
    enum thm_io (*recv)(struct thm_port *port, thm_socket s, void *buf, size_t cap, size_t *n);

    /* Queues up to `len` bytes; *n may be less. Fewer than `len` means: WRITE is reported when
     * there is room again. The bytes are copied. */
    enum thm_io (*send)(struct thm_port *port, thm_socket s, const void *buf, size_t len,
                        size_t *n);

    /* Asks for READ only when `n` bytes wait (n >= 1; at most 16,709, one TLS record), so that a
     * buffer is lent only for a record that is wholly there. OK: they wait now; or fewer do, and
     * the system has no room for the others until those are taken. AGAIN: READ will be reported.
     * EOF, ERROR: as recv would say. The setting stays until the next call. */
    enum thm_io (*want)(struct thm_port *port, thm_socket s, size_t n);

    /* Sends what is queued, then FIN; receiving goes on. */
    void (*shutdown)(struct thm_port *port, thm_socket s);

    /* Gives the handle back; queued bytes are still sent. No event of it follows. */
    void (*close)(struct thm_port *port, thm_socket s);

    /* Gives the handle back and resets the connection; queued bytes are dropped. */
    void (*abort)(struct thm_port *port, thm_socket s);

    /* The other end's address; of a listener its own. */
    int (*peer_addr)(struct thm_port *port, thm_socket s, struct thm_address *out);

    /* Waits until something is ready or `until_ms` has come (UINT64_MAX: no limit; 0: don't wait)
     * and fills up to `cap` events. Returns their number, or a negative code. A condition is
     * reported once and again only after a call found it gone (AGAIN, or a short transfer). */
    int (*wait)(struct thm_port *port, uint64_t until_ms, struct thm_event *events, unsigned cap);

    /* Ends a wait() that is under way, or the next one. Any thread, any interrupt. */
    void (*wake)(struct thm_port *port);

    /* Fills all of `buf` from a source fit for keys, or fails with THM_E_ENTROPY: no fallback. */
    int (*entropy)(struct thm_port *port, void *buf, size_t len);

    /* UTC in milliseconds since 1970, or THM_E_CLOCK when the clock was never set. */
    int (*utc)(struct thm_port *port, uint64_t *ms);

    /* Two slots (0, 1) of non-volatile memory for a client's state. nv_read fills up to `cap`
     * bytes and sets *n (0: never written). nv_write replaces a slot whole or, on failure, may
     * damage that slot but never the other. */
    int (*nv_read)(struct thm_port *port, unsigned slot, void *buf, size_t cap, size_t *n);
    int (*nv_write)(struct thm_port *port, unsigned slot, const void *buf, size_t len);
};

/* The head of every port's own context. */
struct thm_port {
    const struct thm_port_ops *ops;
};

/**
 * Writes an address as text: "192.0.2.1:8443", "[2001:db8::1]:8443", "?" when unknown.
 *
 * @param address  the address
 * @param text     receives at most THM_ADDRESS_TEXT_MAX bytes, always terminated
 */
void thm_address_text(const struct thm_address *address, char text[THM_ADDRESS_TEXT_MAX]);

#endif
