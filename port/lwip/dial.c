/*
 * connect(): a name is looked up by lwIP's resolver, which knows numeric addresses as well.
 */
#include "lwip/dns.h"
#include "state.h"

#include <string.h>

static void fail(struct thm_lwip_socket *s)
{
    struct tcp_pcb *pcb = thm_lwip_detach(s);

    if (pcb)
        tcp_abort(pcb);
    s->state = THM_LWIP_OPEN;
    s->pending |= THM_EV_WRITE;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct thm_lwip_socket *s = arg;

    (void)pcb;
    (void)err; /* always ERR_OK: a failure is on_err()'s */
    s->state = THM_LWIP_OPEN;
    s->pending |= THM_EV_WRITE;
    return ERR_OK;
}

/* False: there is no pcb or no way there. */
static bool dial(struct thm_lwip_socket *s, const ip_addr_t *address)
{
    s->pcb = tcp_new();
    if (!s->pcb)
        return false;
    s->state = THM_LWIP_CONNECTING;
    s->armed = THM_EV_READ;
    thm_lwip_attach(s);
    return tcp_connect(s->pcb, address, s->number, on_connected) == ERR_OK;
}

/* `arg` is the handle: the socket may be closed by now. lwIP gives up after about 7 s. */
static void on_resolved(const char *name, const ip_addr_t *address, void *arg)
{
    struct thm_lwip_socket *s = thm_lwip_find((thm_socket)(uintptr_t)arg);

    (void)name;
    if (!s)
        return;
    if (address)
        s->pending = THM_EV_RESOLVED;
    if (!address || !dial(s, address))
        fail(s);
}

int thm_lwip_connect(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                     thm_socket *out)
{
    struct thm_lwip_socket *s;
    ip_addr_t address;

    (void)port;
    if (host[0] == '\0' || strlen(host) >= DNS_MAX_NAME_LENGTH)
        return THM_E_ADDRESS;
    s = thm_lwip_new(NULL, tag, THM_LWIP_RESOLVING);
    if (!s)
        return THM_E_LIMIT;
    s->number = number;
    *out = s->handle;
    switch (dns_gethostbyname(host, &address, on_resolved, (void *)(uintptr_t)s->handle)) {
    case ERR_INPROGRESS: return THM_OK;
    case ERR_OK:
        if (!dial(s, &address))
            fail(s);
        return THM_OK;
    default:
        thm_lwip_free(s);
        return THM_E_RESOLVE; /* no name server is known, or it is being asked for another name */
    }
}
