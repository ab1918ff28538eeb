/*
 * What lwIP tells of a connection: taken down here, and reported by wait().
 */
#include "lwip/memp.h"
#include "lwip/priv/memp_priv.h"
#include "state.h"

/* Buffers that a frame with n bytes of a TCP connection takes, and the most bytes that one has. */
#define FRAME_BUFFERS(n) (((n) + 54u + ETH_PAD_SIZE + PBUF_POOL_BUFSIZE - 1) / PBUF_POOL_BUFSIZE)
#define FRAME_BYTES      1460

/* How often lwIP calls on_poll, in its ticks of 500 ms. */
#define POLL_TICKS 1

unsigned thm_lwip_pool_used(unsigned pool)
{
    const struct memp_desc *d = memp_pools[pool];
    unsigned used = d->num;

    for (const struct memp *unused = *d->tab; unused; unused = unused->next)
        used--;
    return used;
}

/* Whether the peer may be unable to send more before something is taken: the window does not hold another full segment, or
 * the pool not what the window does. QEMU's user-mode network sends all of that in one frame, whatever MSS it was told. */
static bool is_cramped(const struct thm_lwip_socket *s)
{
    return s->pcb->rcv_wnd < TCP_MSS || PBUF_POOL_SIZE - thm_lwip_pool_used(MEMP_PBUF_POOL) <
                                            FRAME_BUFFERS(LWIP_MIN(s->pcb->rcv_wnd, FRAME_BYTES));
}

bool thm_lwip_is_readable(const struct thm_lwip_socket *s)
{
    if (s->ended || !s->pcb)
        return true;
    return s->received && (s->received->tot_len >= s->want || is_cramped(s));
}

static void pend(struct thm_lwip_socket *s, unsigned what)
{
    s->pending = (uint8_t)(s->pending | what);
    s->armed = (uint8_t)(s->armed & ~what);
}

/* The peer's FIN when ours was sent before it: lwIP sees to the rest, and frees the pcb without a word. */
static bool is_over(const struct tcp_pcb *pcb)
{
    return pcb->state == CLOSING || pcb->state == TIME_WAIT;
}

/* Bytes that still fit behind a buffer's content. */
static size_t room_behind(const struct pbuf *p)
{
    const uint8_t *end = (const uint8_t *)p + LWIP_MEM_ALIGN_SIZE(sizeof *p) + PBUF_POOL_BUFSIZE;

    return p->ref == 1 && pbuf_match_type(p, PBUF_POOL)
               ? (size_t)(end - (const uint8_t *)p->payload) - p->len
               : 0;
}

/* Many small segments in a row would take a buffer each, and leave none for the acknowledgements that the connection waits
 * for: what fits goes into the last buffer. */
static void append(struct pbuf *chain, struct pbuf *p)
{
    struct pbuf *last = chain;

    while (last->next)
        last = last->next;
    if (p->tot_len > room_behind(last)) {
        pbuf_cat(chain, p);
        return;
    }
    pbuf_copy_partial(p, (uint8_t *)last->payload + last->len, p->tot_len, 0);
    last->len = (u16_t)(last->len + p->tot_len);
    for (struct pbuf *q = chain; q; q = q->next)
        q->tot_len = (u16_t)(q->tot_len + p->tot_len);
    pbuf_free(p);
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct thm_lwip_socket *s = arg;

    (void)err;
    if (!p) {
        s->ended = true;
        pend(s, THM_EV_READ | THM_EV_CLOSED);
        if (is_over(pcb))
            thm_lwip_detach(s);
    } else if (s->received) {
        append(s->received, p);
    } else {
        s->received = p;
    }
    return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    struct thm_lwip_socket *s = arg;

    (void)pcb;
    (void)len;
    pend(s, s->armed & THM_EV_WRITE);
    return ERR_OK;
}

/* Memory that was short may be there now, though nothing of this connection's was acknowledged. */
static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
    return tcp_sndbuf(pcb) > 0 ? on_sent(arg, pcb, 0) : ERR_OK;
}

/* The pcb is gone already. */
static void on_err(void *arg, err_t err)
{
    struct thm_lwip_socket *s = arg;

    (void)err;
    s->pcb = NULL;
    if (s->state == THM_LWIP_WAITING) {
        thm_lwip_drop(s);
        return;
    }
    pend(s,
         s->state == THM_LWIP_CONNECTING ? THM_EV_WRITE : THM_EV_READ | THM_EV_CLOSED | s->armed);
    s->state = THM_LWIP_OPEN;
}

void thm_lwip_attach(struct thm_lwip_socket *s)
{
    tcp_arg(s->pcb, s);
    tcp_recv(s->pcb, on_recv);
    tcp_sent(s->pcb, on_sent);
    tcp_err(s->pcb, on_err);
    tcp_poll(s->pcb, on_poll, POLL_TICKS);
    tcp_nagle_disable(s->pcb);
    ip_set_option(s->pcb, SOF_KEEPALIVE);
}

struct tcp_pcb *thm_lwip_detach(struct thm_lwip_socket *s)
{
    struct tcp_pcb *pcb = s->pcb;

    s->pcb = NULL;
    if (pcb && pcb->state != LISTEN) {
        tcp_recv(pcb, NULL);
        tcp_sent(pcb, NULL);
        tcp_err(pcb, NULL);
        tcp_poll(pcb, NULL, 0);
    }
    if (pcb)
        tcp_arg(pcb, NULL);
    return pcb;
}

void thm_lwip_take(struct thm_lwip_socket *s, uint16_t n)
{
    s->received = pbuf_free_header(s->received, n);
    if (s->pcb)
        tcp_recved(s->pcb, n);
}

void thm_lwip_drop(struct thm_lwip_socket *s)
{
    if (s->received)
        pbuf_free(s->received);
    s->received = NULL;
    thm_lwip_free(s);
}
