/*
 * The table of sockets. A handle is generation << 8 | place; a socket that is given back gets the next generation, so that
 * a stale handle finds nothing.
 */
#include "state.h"

#include <string.h>

#define GENERATION 0x100u

struct thm_lwip_socket thm_lwip_sockets[THM_LWIP_SOCKETS];

uint8_t thm_lwip_place(const struct thm_lwip_socket *s)
{
    return (uint8_t)(s - thm_lwip_sockets);
}

void thm_lwip_table_init(void)
{
    memset(thm_lwip_sockets, 0, sizeof thm_lwip_sockets);
    for (unsigned i = 0; i < THM_LWIP_SOCKETS; i++)
        thm_lwip_sockets[i].handle = GENERATION | i;
}

/* A connection that would find no socket is not answered: it stays outside until there is room. */
static void set_backlogs(void)
{
    unsigned room = 0;

    for (unsigned i = 0; i < THM_LWIP_SOCKETS; i++)
        room += thm_lwip_sockets[i].state == THM_LWIP_FREE;
    for (unsigned i = 0; i < THM_LWIP_SOCKETS; i++)
        if (thm_lwip_sockets[i].state == THM_LWIP_LISTENING)
            ((struct tcp_pcb_listen *)thm_lwip_sockets[i].pcb)->backlog = (uint8_t)room;
}

struct thm_lwip_socket *thm_lwip_new(struct tcp_pcb *pcb, uint32_t tag,
                                     enum thm_lwip_socket_state state)
{
    for (unsigned i = 0; i < THM_LWIP_SOCKETS; i++) {
        struct thm_lwip_socket *s = &thm_lwip_sockets[i];
        if (s->state != THM_LWIP_FREE)
            continue;
        *s = (struct thm_lwip_socket){
            .pcb = pcb, .handle = s->handle, .tag = tag, .want = 1, .state = (uint8_t)state};
        set_backlogs();
        return s;
    }
    return NULL;
}

void thm_lwip_free(struct thm_lwip_socket *s)
{
    s->state = THM_LWIP_FREE;
    s->handle += GENERATION;
    if (s->handle < GENERATION)
        s->handle += GENERATION;
    set_backlogs();
}

struct thm_lwip_socket *thm_lwip_find(thm_socket handle)
{
    const unsigned place = handle % GENERATION;

    if (place >= THM_LWIP_SOCKETS)
        return NULL;
    struct thm_lwip_socket *s = &thm_lwip_sockets[place];
    return s->state != THM_LWIP_FREE && s->handle == handle ? s : NULL;
}
