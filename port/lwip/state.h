/*
 * What the files of this port share.
 *
 *   port.c     start, table of functions     listen.c   listen and accept
 *   table.c    sockets and handles           dial.c     connect, names
 *   socket.c   recv, send, want, close ...   wait.c     wait() and wake()
 *   pcb.c      lwIP's callbacks              entropy.c  generator, sequence numbers
 *   record.c   records in two slots          kept.c     seed, boots, time, nv
 *
 * Edges: a socket's `armed` bits say which conditions may be reported. Reporting a condition disarms it; a call that finds
 * the condition gone arms it again. lwIP's callbacks only take down what happened; wait() looks through the sockets, which
 * are few.
 */
#ifndef THM_LWIP_STATE_H
#define THM_LWIP_STATE_H

#include "lwip/tcp.h"
#include "thimble/port_lwip.h"

enum thm_lwip_socket_state {
    THM_LWIP_FREE = 0,
    THM_LWIP_LISTENING,
    THM_LWIP_WAITING, /* connected, and not accepted by the core yet */
    THM_LWIP_RESOLVING,
    THM_LWIP_CONNECTING,
    THM_LWIP_OPEN /* or broken: then it has no pcb */
};

struct thm_lwip_socket {
    struct tcp_pcb *pcb;   /* NULL: lwIP has none, or has done with it */
    struct pbuf *received; /* what was not taken yet */
    thm_socket handle; /* place in the low 8 bits, generation above; the next one's while free */
    uint32_t tag;
    uint16_t want;   /* bytes that READ needs */
    uint16_t number; /* to dial when the name is resolved */
    uint8_t state;   /* enum thm_lwip_socket_state */
    uint8_t armed;   /* THM_EV_ACCEPT, READ, WRITE that may be reported */
    uint8_t pending; /* THM_EV_* to be reported by the next wait() */
    uint8_t from;    /* WAITING: the listener's place */
    bool ended;      /* the peer has finished sending */
};

extern struct thm_lwip_socket thm_lwip_sockets[THM_LWIP_SOCKETS];

/* table.c */
void thm_lwip_table_init(void);
struct thm_lwip_socket *thm_lwip_new(struct tcp_pcb *pcb, uint32_t tag,
                                     enum thm_lwip_socket_state state);
void thm_lwip_free(struct thm_lwip_socket *s);
struct thm_lwip_socket *thm_lwip_find(thm_socket handle);
uint8_t thm_lwip_place(const struct thm_lwip_socket *s);

/* pcb.c: lwIP calls back for the socket's pcb, or no more (the pcb is returned, or NULL) */
void thm_lwip_attach(struct thm_lwip_socket *s);
struct tcp_pcb *thm_lwip_detach(struct thm_lwip_socket *s);
/* ... forgets the first `n` bytes received, which opens the window; or all, and the socket with them */
void thm_lwip_take(struct thm_lwip_socket *s, uint16_t n);
void thm_lwip_drop(struct thm_lwip_socket *s);
/* ... READ holds: enough waits, or all that can, or an end */
bool thm_lwip_is_readable(const struct thm_lwip_socket *s);
/* ... how many of a pool of lwIP's (MEMP_*) are lent */
unsigned thm_lwip_pool_used(unsigned pool);

/* How soon a connection gives way to a new one when lwIP has no more pcbs. */
enum {
    THM_LWIP_PRIO_CLOSED = 1,   /* closed here, and still lingering */
    THM_LWIP_PRIO_ACCEPTED = 2, /* nobody has asked for it yet; also listeners' */
    THM_LWIP_PRIO_OPEN = TCP_PRIO_NORMAL
};

/* listen.c, dial.c, socket.c, wait.c, entropy.c, kept.c: port.h says what they do */
int thm_lwip_listen(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                    thm_socket *out);
enum thm_io thm_lwip_accept(struct thm_port *port, thm_socket listener, uint32_t tag,
                            thm_socket *out);
int thm_lwip_connect(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                     thm_socket *out);
enum thm_io thm_lwip_recv(struct thm_port *port, thm_socket handle, void *buf, size_t cap,
                          size_t *n);
enum thm_io thm_lwip_send(struct thm_port *port, thm_socket handle, const void *buf, size_t len,
                          size_t *n);
enum thm_io thm_lwip_want(struct thm_port *port, thm_socket handle, size_t n);
void thm_lwip_shutdown(struct thm_port *port, thm_socket handle);
void thm_lwip_close(struct thm_port *port, thm_socket handle);
void thm_lwip_abort(struct thm_port *port, thm_socket handle);
int thm_lwip_peer_addr(struct thm_port *port, thm_socket handle, struct thm_address *out);
int thm_lwip_wait(struct thm_port *port, uint64_t until_ms, struct thm_event *events, unsigned cap);
void thm_lwip_wake(struct thm_port *port);

/* port.c */
extern struct netif thm_lwip_netif;

/* listen.c: a connection that waits for accept(), or NULL */
struct thm_lwip_socket *thm_lwip_waiting(const struct thm_lwip_socket *listener);

#endif
