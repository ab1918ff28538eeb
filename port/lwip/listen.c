/*
 * Listeners. lwIP hands over a connection when it is established; it takes a socket then, which waits for the core to ask.
 * When there is none to take, lwIP leaves SYNs unanswered (table.c, set_backlogs), and the peer tries again.
 */
#include "state.h"

#if THM_LWIP_LISTENERS > 0

static err_t bind_and_listen(struct tcp_pcb **pcb, const ip4_addr_t *address, uint16_t number)
{
    tcp_setprio(*pcb, THM_LWIP_PRIO_ACCEPTED);
    ip_set_option(*pcb, SOF_KEEPALIVE | SOF_REUSEADDR);
    err_t err = tcp_bind(*pcb, address, number);
    if (err != ERR_OK)
        return err;
    struct tcp_pcb *listener = tcp_listen_with_backlog_and_err(*pcb, 1, &err);
    if (listener)
        *pcb = listener;
    return err;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    const struct thm_lwip_socket *listener = arg;
    struct thm_lwip_socket *s;

    if (err != ERR_OK)
        return err; /* lwIP had no pcb */
    s = thm_lwip_new(pcb, 0, THM_LWIP_WAITING);
    if (!s)
        return ERR_MEM; /* a dial has taken the last socket since: lwIP resets it */
    s->from = thm_lwip_place(listener);
    thm_lwip_attach(s);
    return ERR_OK;
}

int thm_lwip_listen(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                    thm_socket *out)
{
    ip4_addr_t address;
    struct tcp_pcb *pcb;
    struct thm_lwip_socket *s = NULL;

    (void)port;
    if (!ip4addr_aton(host, &address))
        return THM_E_ADDRESS;
    pcb = tcp_new();
    if (!pcb)
        return THM_E_LIMIT;
    err_t err = bind_and_listen(&pcb, &address, number);
    if (err == ERR_OK)
        s = thm_lwip_new(pcb, tag, THM_LWIP_LISTENING);
    if (!s) {
        tcp_close(pcb);
        return err == ERR_USE ? THM_E_IN_USE : THM_E_LIMIT;
    }
    s->armed = THM_EV_ACCEPT;
    tcp_arg(pcb, s);
    tcp_accept(pcb, on_accept);
    *out = s->handle;
    return THM_OK;
}

struct thm_lwip_socket *thm_lwip_waiting(const struct thm_lwip_socket *listener)
{
    for (unsigned i = 0; i < THM_LWIP_SOCKETS; i++) {
        struct thm_lwip_socket *s = &thm_lwip_sockets[i];
        if (s->state == THM_LWIP_WAITING && s->from == thm_lwip_place(listener))
            return s;
    }
    return NULL;
}

enum thm_io thm_lwip_accept(struct thm_port *port, thm_socket listener, uint32_t tag,
                            thm_socket *out)
{
    struct thm_lwip_socket *l = thm_lwip_find(listener), *s;

    (void)port;
    if (!l || l->state != THM_LWIP_LISTENING)
        return THM_IO_ERROR;
    s = thm_lwip_waiting(l);
    if (!s) {
        l->armed = THM_EV_ACCEPT;
        return THM_IO_AGAIN;
    }
    s->state = THM_LWIP_OPEN;
    s->tag = tag;
    s->armed = THM_EV_READ;
    tcp_setprio(s->pcb, THM_LWIP_PRIO_OPEN);
    *out = s->handle;
    return THM_IO_OK;
}

#else /* an image that only dials: lwIP has no listener to lend */

int thm_lwip_listen(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                    thm_socket *out)
{
    (void)port;
    (void)host;
    (void)number;
    (void)tag;
    (void)out;
    return THM_E_LIMIT;
}

struct thm_lwip_socket *thm_lwip_waiting(const struct thm_lwip_socket *listener)
{
    (void)listener;
    return NULL;
}

enum thm_io thm_lwip_accept(struct thm_port *port, thm_socket listener, uint32_t tag,
                            thm_socket *out)
{
    (void)port;
    (void)listener;
    (void)tag;
    (void)out;
    return THM_IO_ERROR;
}

#endif
