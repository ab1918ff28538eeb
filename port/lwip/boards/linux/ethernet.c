/*
 * The cable: a pair of UNIX datagram sockets. A datagram that the other end has no room for, or no other end, is a frame
 * lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "linux.h"
#include "lwip/etharp.h"
#include "thimble/board.h"

#define FRAME_MAX 1514

static int cable = -1;
static struct sockaddr_un hub;

static void set_path(struct sockaddr_un *a, const char *path, const char *end)
{
    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(a->sun_path, sizeof a->sun_path, "%s%s", path, end);
    if (n < 0 || (size_t)n >= sizeof a->sun_path)
        board_die("THIMBLE_BOARD_LINK is too long");
}

void board_link_init(void)
{
    const char *path = getenv("THIMBLE_BOARD_LINK");
    struct sockaddr_un own;

    if (!path)
        return;
    set_path(&own, path, ".board");
    set_path(&hub, path, ".hub");
    unlink(own.sun_path);
    cable = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (cable < 0 || bind(cable, (const struct sockaddr *)&own, sizeof own) != 0)
        board_die(own.sun_path);
}

int board_link_fd(void)
{
    return cable;
}

void board_mac(unsigned char mac[6])
{
    const char *text = getenv("THIMBLE_BOARD_MAC");

    if (sscanf(text ? text : "02:00:00:00:00:01", "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0],
               &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) != 6)
        board_die("THIMBLE_BOARD_MAC");
}

static err_t transmit(struct netif *netif, struct pbuf *p)
{
    unsigned char frame[ETH_PAD_SIZE + FRAME_MAX];
    u16_t len = pbuf_copy_partial(p, frame, sizeof frame, 0);

    (void)netif;
    sendto(cable, frame + ETH_PAD_SIZE, len - ETH_PAD_SIZE, 0, (const struct sockaddr *)&hub,
           sizeof hub);
    return ERR_OK;
}

int8_t thm_board_netif_init(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = 1500;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    board_mac(netif->hwaddr);
    netif->output = etharp_output;
    netif->linkoutput = transmit;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    return ERR_OK;
}

void thm_board_netif_poll(struct netif *netif)
{
    unsigned char frame[ETH_PAD_SIZE + FRAME_MAX];
    ssize_t n;

    if (!netif_is_link_up(netif) && cable >= 0)
        netif_set_link_up(netif);
    while ((n = recv(cable, frame + ETH_PAD_SIZE, FRAME_MAX, MSG_TRUNC)) >= 0) {
        if (n > FRAME_MAX)
            continue;
        u16_t len = (u16_t)(ETH_PAD_SIZE + n);
        struct pbuf *p = pbuf_alloc(PBUF_RAW, len, PBUF_POOL);
        if (!p)
            continue; /* lost, as on any board */
        pbuf_take(p, frame, len);
        if (netif->input(p, netif) != ERR_OK)
            pbuf_free(p);
    }
}
