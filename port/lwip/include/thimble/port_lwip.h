/*
 * The port for bare metal: port.h over lwIP's raw API (NO_SYS), on whatever board.h is given. lwIP's stack is
 * one for the whole program, and so is this port.
 *
 *     thm_lwip_init(&port, &config);
 *     ... thm_client_init with .port = &port.base ...
 *     n = port.base.ops->wait(&port.base, until, events, cap);    runs lwIP, sleeps by thm_board_idle()
 *
 * wait() also ends, with THM_EV_WOKEN, as soon as the board's console has input.
 */
#ifndef THIMBLE_PORT_LWIP_H
#define THIMBLE_PORT_LWIP_H

#include <stdbool.h>

#include "thimble/config.h"
#include "thimble/error.h"
#include "thimble/port.h"

/* Sockets at a time: 2 for a client. A server counts its listeners, its connections, and as many as may wait to be
 * accepted: those that find no socket wait outside, unanswered. */
#ifndef THM_LWIP_SOCKETS
#define THM_LWIP_SOCKETS 2
#endif
_Static_assert(THM_LWIP_SOCKETS <= 255, "a handle has 8 bits for its place");

/* Bytes that nv_write() takes. */
#define THM_LWIP_NV_MAX 510

/* An IPv4 configuration by hand; all four in network order. `ip` 0: DHCP. */
struct thm_lwip_address {
    uint32_t ip, mask, gateway, dns;
};

/* All pointers are only read during thm_lwip_init(). */
struct thm_lwip_config {
    struct thm_lwip_address address;
    const char *hostname;        /* for DHCP; must live on; NULL: none */
    const uint8_t *factory_seed; /* 32 bytes that only this board has */
    const uint8_t *secret;       /* more that only this board has, such as its key; may be NULL */
    size_t secret_len;
    uint64_t time_floor_ms; /* UTC; it is at least this late: the later of build and provisioning */
    uint32_t provision; /* sequence number of the provisioning; a new one resets the trusted time */
};

/* The port's own state and lwIP's are static: there is one of each. */
struct thm_port_lwip {
    struct thm_port base; /* first */
};

/**
 * Starts the stack. Loads the seed that was kept, and stores the next one before anything is drawn from the
 * generator: a board that can't store it does not start.
 *
 * @return THM_OK; THM_E_ENTROPY: the next seed could not be stored
 */
int thm_lwip_init(struct thm_port_lwip *port, const struct thm_lwip_config *config);

/** Whether the cable is plugged in, at both ends. */
bool thm_lwip_has_link(const struct thm_port_lwip *port);

/** Whether there is a link and an address; `text` receives it: "10.0.2.15". */
bool thm_lwip_has_address(const struct thm_port_lwip *port, char text[16]);

/** Boots so far, by the counter that is kept. */
uint32_t thm_lwip_boots(const struct thm_port_lwip *port);

/**
 * Offers a server's time for the board's own, after a login. It is taken, and kept over restarts, only if it is
 * later than what is known already and within the validity of both certificates: else a server that lies could make the
 * board refuse its own certificate for good. What is kept may be up to an hour behind: storage wears out.
 *
 * @param utc_ms            what the server said
 * @param own_not_after     of the board's certificate, seconds since 1970
 * @param server_not_after  of the server's
 * @return whether it was taken
 */
bool thm_lwip_trust_time(struct thm_port_lwip *port, uint64_t utc_ms, uint64_t own_not_after,
                         uint64_t server_not_after);

/* What is lent by the port and by lwIP at the moment: all but `timers` are 0 once every socket is closed and lwIP is through
 * with it (TIME_WAIT takes two minutes, unless a new connection needs its place). */
struct thm_lwip_usage {
    uint32_t sockets, pcbs, segments, pool_buffers, timers;
    size_t heap; /* bytes of lwIP's heap */
};
void thm_lwip_usage(const struct thm_port_lwip *port, struct thm_lwip_usage *out);

#endif
