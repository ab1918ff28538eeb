/*
 * The start of the stack, and what can be asked of the whole.
 */
#include "kept.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/icmp.h"
#include "lwip/init.h"
#include "lwip/memp.h"
#include "lwip/stats.h"
#include "netif/ethernet.h"
#include "state.h"
#include "thimble/board.h"

struct netif thm_lwip_netif;
static struct dhcp dhcp;

static const struct thm_port_ops ops = {
    .listen = thm_lwip_listen,
    .accept = thm_lwip_accept,
    .connect = thm_lwip_connect,
    .recv = thm_lwip_recv,
    .send = thm_lwip_send,
    .want = thm_lwip_want,
    .shutdown = thm_lwip_shutdown,
    .close = thm_lwip_close,
    .abort = thm_lwip_abort,
    .peer_addr = thm_lwip_peer_addr,
    .wait = thm_lwip_wait,
    .wake = thm_lwip_wake,
    .entropy = thm_lwip_entropy,
    .utc = thm_lwip_utc,
    .nv_read = thm_lwip_nv_read,
    .nv_write = thm_lwip_nv_write,
};

/* Stands for icmp_dest_unreach() where lwIP would tell others which ports and protocols are not served (see
 * ThimbleLwip.cmake). */
void thm_lwip_stay_silent(struct pbuf *p, enum icmp_dur_type why);
void thm_lwip_stay_silent(struct pbuf *p, enum icmp_dur_type why)
{
    (void)p, (void)why;
}

static void start_netif(const struct thm_lwip_config *config)
{
    const ip4_addr_t ip = {config->address.ip}, mask = {config->address.mask},
                     gateway = {config->address.gateway}, dns = {config->address.dns};

    netif_add(&thm_lwip_netif, &ip, &mask, &gateway, NULL, thm_board_netif_init, ethernet_input);
    netif_set_hostname(&thm_lwip_netif, config->hostname);
    netif_set_default(&thm_lwip_netif);
    netif_set_up(&thm_lwip_netif);
    if (ip.addr != 0) {
        dns_setserver(0, &dns);
        return;
    }
    dhcp_set_struct(&thm_lwip_netif, &dhcp);
    dhcp_start(&thm_lwip_netif); /* goes on by itself, whenever there is a link */
}

int thm_lwip_init(struct thm_port_lwip *port, const struct thm_lwip_config *config)
{
    int code = thm_lwip_kept_start(config);

    if (code != THM_OK)
        return code;
    thm_lwip_table_init();
    lwip_init();
    start_netif(config);
    port->base.ops = &ops;
    return THM_OK;
}

bool thm_lwip_has_link(const struct thm_port_lwip *port)
{
    (void)port;
    return netif_is_link_up(&thm_lwip_netif);
}

bool thm_lwip_has_address(const struct thm_port_lwip *port, char text[16])
{
    const ip4_addr_t *ip = netif_ip4_addr(&thm_lwip_netif);

    ip4addr_ntoa_r(ip, text, 16);
    return thm_lwip_has_link(port) && !ip4_addr_isany(ip);
}

void thm_lwip_usage(const struct thm_port_lwip *port, struct thm_lwip_usage *out)
{
    (void)port;
    *out = (struct thm_lwip_usage){
        .pcbs = thm_lwip_pool_used(MEMP_TCP_PCB) + thm_lwip_pool_used(MEMP_TCP_PCB_LISTEN),
        .segments = thm_lwip_pool_used(MEMP_TCP_SEG),
        .pool_buffers = thm_lwip_pool_used(MEMP_PBUF_POOL),
        .timers = thm_lwip_pool_used(MEMP_SYS_TIMEOUT),
        .heap = lwip_stats.mem.used,
    };
    for (unsigned i = 0; i < THM_LWIP_SOCKETS; i++)
        out->sockets += thm_lwip_sockets[i].state != THM_LWIP_FREE;
}
