/*
 * The module: board.h for the port, by way of the host.
 */
#include "lwip/node.h"

#include <string.h>

#include "lwip/etharp.h"
#include "lwip/mem.h"
#include "thimble/board.h"

static const struct node_host *host;
static struct thm_port_lwip lwip_port;

static int start(const struct node_host *h, const struct thm_lwip_config *config)
{
    host = h;
    return thm_lwip_init(&lwip_port, config);
}

static struct thm_port *port(void)
{
    return &lwip_port.base;
}

static bool has_address(char text[16])
{
    return thm_lwip_has_address(&lwip_port, text);
}

static void usage(struct thm_lwip_usage *out)
{
    thm_lwip_usage(&lwip_port, out);
}

static uint32_t boots(void)
{
    return thm_lwip_boots(&lwip_port);
}

static void *take_heap(size_t bytes)
{
    return mem_malloc((mem_size_t)bytes);
}

extern const struct node_api node_api;
__attribute__((visibility("default"))) const struct node_api node_api = {
    .start = start,
    .port = port,
    .has_address = has_address,
    .usage = usage,
    .boots = boots,
    .take_heap = take_heap,
    .give_heap = mem_free,
};

/* --- board.h ----------------------------------------------------------------------------------- */

uint64_t thm_board_now_ms(void)
{
    return host->now_ms(host->ctx);
}

void thm_board_idle(uint32_t ms)
{
    host->idle(host->ctx, ms);
}

bool thm_board_input_waits(void)
{
    return host->input_waits(host->ctx);
}

static err_t transmit(struct netif *netif, struct pbuf *p)
{
    uint8_t frame[ETH_PAD_SIZE + NODE_FRAME_MAX];
    u16_t len = pbuf_copy_partial(p, frame, sizeof frame, 0);

    (void)netif;
    host->transmit(host->ctx, frame + ETH_PAD_SIZE, (size_t)(len - ETH_PAD_SIZE));
    return ERR_OK;
}

int8_t thm_board_netif_init(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = 1500;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    memcpy(netif->hwaddr, host->mac, ETH_HWADDR_LEN);
    netif->output = etharp_output;
    netif->linkoutput = transmit;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    return ERR_OK;
}

void thm_board_netif_poll(struct netif *netif)
{
    uint8_t frame[ETH_PAD_SIZE + NODE_FRAME_MAX];
    size_t n;

    if (!netif_is_link_up(netif))
        netif_set_link_up(netif);
    while ((n = host->receive(host->ctx, frame + ETH_PAD_SIZE, NODE_FRAME_MAX)) > 0) {
        u16_t len = (u16_t)(ETH_PAD_SIZE + n);
        struct pbuf *p = pbuf_alloc(PBUF_RAW, len, PBUF_POOL);
        if (!p)
            continue;
        pbuf_take(p, frame, len);
        if (netif->input(p, netif) != ERR_OK)
            pbuf_free(p);
    }
}

int thm_board_storage_read(unsigned slot, void *buf, size_t len)
{
    return host->storage_read(host->ctx, slot, buf, len);
}

int thm_board_storage_write(unsigned slot, const void *buf, size_t len)
{
    return host->storage_write(host->ctx, slot, buf, len);
}

/* A board without any: all that differs from boot to boot is what it keeps. */
size_t thm_board_noise(void *buf, size_t cap)
{
    (void)buf;
    (void)cap;
    return 0;
}

size_t thm_board_unique_id(void *buf, size_t cap)
{
    (void)cap;
    memcpy(buf, host->mac, sizeof host->mac);
    return sizeof host->mac;
}
