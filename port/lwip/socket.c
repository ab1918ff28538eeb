/*
 * What the core does with a connection: recv, send, want, and its end.
 */
#include "lwip/stats.h"
#include "state.h"

#include <string.h>

/* What recv, send and want say before they look further. */
static enum thm_io transferable(const struct thm_lwip_socket *s)
{
    if (!s || s->state == THM_LWIP_LISTENING)
        return THM_IO_ERROR;
    return s->state == THM_LWIP_OPEN ? THM_IO_OK : THM_IO_AGAIN;
}

/* What recv and want say when too little waits. A reset after the peer's end takes nothing from what was received. */
static enum thm_io too_little(struct thm_lwip_socket *s)
{
    if (s->ended)
        return THM_IO_EOF;
    if (!s->pcb)
        return THM_IO_ERROR;
    s->armed |= THM_EV_READ;
    return THM_IO_AGAIN;
}

/* The end of a connection would be no news any more. */
static void forget_end(struct thm_lwip_socket *s)
{
    const unsigned news = s->pcb ? THM_EV_READ | THM_EV_CLOSED : UINT8_MAX;

    s->pending = (uint8_t)(s->pending & ~news);
    s->armed = (uint8_t)(s->armed & ~news);
}

enum thm_io thm_lwip_recv(struct thm_port *port, thm_socket handle, void *buf, size_t cap,
                          size_t *n)
{
    struct thm_lwip_socket *s = thm_lwip_find(handle);
    enum thm_io io = transferable(s);

    (void)port;
    *n = 0;
    if (io != THM_IO_OK)
        return io;
    if (!s->received) {
        io = too_little(s);
        if (io != THM_IO_AGAIN)
            forget_end(s);
        return io;
    }
    *n = pbuf_copy_partial(s->received, buf, cap < UINT16_MAX ? (uint16_t)cap : UINT16_MAX, 0);
    thm_lwip_take(s, (uint16_t)*n);
    if (*n < cap)
        s->armed |= THM_EV_READ;
    return THM_IO_OK;
}

/* What lwIP's heap takes for a segment besides its content. */
#define SEGMENT_HEAD (sizeof(struct pbuf) + PBUF_TRANSPORT + 8)

static bool has_memory(size_t len)
{
    return lwip_stats.mem.used + SEGMENT_HEAD + len + THM_LWIP_HEAP_RESERVE <= MEM_SIZE;
}

/* A segment at a time, so that as much goes as there is memory for. */
static size_t write_segments(struct tcp_pcb *pcb, const uint8_t *at, size_t len)
{
    size_t written = 0;

    while (written < len) {
        size_t room = LWIP_MIN(tcp_sndbuf(pcb), tcp_mss(pcb));
        size_t n = LWIP_MIN(len - written, room);
        if (n == 0 || !has_memory(n) ||
            tcp_write(pcb, at + written, (uint16_t)n, TCP_WRITE_FLAG_COPY) != ERR_OK)
            break;
        written += n;
    }
    return written;
}

enum thm_io thm_lwip_send(struct thm_port *port, thm_socket handle, const void *buf, size_t len,
                          size_t *n)
{
    struct thm_lwip_socket *s = thm_lwip_find(handle);
    enum thm_io io = transferable(s);

    (void)port;
    *n = 0;
    if (io != THM_IO_OK)
        return io;
    if (!s->pcb || (s->pcb->state != ESTABLISHED && s->pcb->state != CLOSE_WAIT))
        return THM_IO_ERROR;
    *n = write_segments(s->pcb, buf, len);
    if (*n < len)
        s->armed |= THM_EV_WRITE;
    if (*n == 0)
        return THM_IO_AGAIN;
    tcp_output(s->pcb); /* what it can't send now, lwIP's timer does */
    return THM_IO_OK;
}

enum thm_io thm_lwip_want(struct thm_port *port, thm_socket handle, size_t n)
{
    struct thm_lwip_socket *s = thm_lwip_find(handle);
    enum thm_io io = transferable(s);

    (void)port;
    if (io == THM_IO_ERROR || n == 0 || n > UINT16_MAX)
        return THM_IO_ERROR;
    s->want = (uint16_t)n;
    if (io == THM_IO_AGAIN)
        return THM_IO_AGAIN;
    const bool lasts = s->pcb && !s->ended;
    if (s->received && (s->received->tot_len >= n || (lasts && thm_lwip_is_readable(s))))
        return THM_IO_OK;
    return too_little(s);
}

void thm_lwip_shutdown(struct thm_port *port, thm_socket handle)
{
    struct thm_lwip_socket *s = thm_lwip_find(handle);

    (void)port;
    if (s && s->state == THM_LWIP_OPEN && s->pcb)
        tcp_shutdown(s->pcb, 0, 1);
}

/* lwIP would reset the connection, and drop what is queued, if anything were left unread. */
static void end(struct thm_lwip_socket *s)
{
    if (s->received)
        thm_lwip_take(s, s->received->tot_len);
    struct tcp_pcb *pcb = thm_lwip_detach(s);
    if (pcb && pcb->state != LISTEN)
        tcp_setprio(pcb, THM_LWIP_PRIO_CLOSED);
    if (pcb && tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
    thm_lwip_free(s);
}

static void reset(struct thm_lwip_socket *s)
{
    struct tcp_pcb *pcb = thm_lwip_detach(s);

    if (pcb)
        tcp_abort(pcb);
    thm_lwip_drop(s);
}

void thm_lwip_close(struct thm_port *port, thm_socket handle)
{
    struct thm_lwip_socket *s = thm_lwip_find(handle), *waiting;

    (void)port;
    if (!s)
        return;
    while (s->state == THM_LWIP_LISTENING && (waiting = thm_lwip_waiting(s)) != NULL)
        reset(waiting);
    end(s);
}

void thm_lwip_abort(struct thm_port *port, thm_socket handle)
{
    struct thm_lwip_socket *s = thm_lwip_find(handle);

    if (s && s->state == THM_LWIP_LISTENING)
        thm_lwip_close(port, handle);
    else if (s)
        reset(s);
}

int thm_lwip_peer_addr(struct thm_port *port, thm_socket handle, struct thm_address *out)
{
    const struct thm_lwip_socket *s = thm_lwip_find(handle);

    (void)port;
    *out = (struct thm_address){0};
    if (!s)
        return THM_E_STATE;
    if (!s->pcb)
        return THM_E_PORT;
    bool own = s->state == THM_LWIP_LISTENING;
    out->family = 4;
    out->number = own ? s->pcb->local_port : s->pcb->remote_port;
    memcpy(out->ip, own ? &s->pcb->local_ip : &s->pcb->remote_ip, 4);
    return THM_OK;
}
