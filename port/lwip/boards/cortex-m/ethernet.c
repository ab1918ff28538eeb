/* board.h's network, over a driver's frames (drivers.h). */
#include <string.h>

#include "lwip/etharp.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "netif/ethernet.h"

#include "drivers.h"
#include "thimble/board.h"

#define LINK_MS     100u /* between two looks at the PHY */
#define FRAMES_POLL 16   /* taken in one call: a flood must not keep the program from its work */

/* The PHY's registers and bits (IEEE 802.3, 22.2.4 and 28.2.4). */
#define BMSR            1u
#define BMSR_LINK       (1u << 2)
#define ANAR            4u
#define ANLPAR          5u
#define ABILITY_10FULL  (1u << 6)
#define ABILITY_100HALF (1u << 7)
#define ABILITY_100FULL (1u << 8)

static uint64_t next_look; /* at the link */

size_t thm_board_unique_id(void *buf, size_t cap)
{
    uint8_t mac[6];
    return cap >= sizeof(mac) && thm_ethernet_address(buf) ? sizeof(mac) : 0;
}

/* A locally administered address that follows from the provisioning (FNV-1a): two boards differ. */
static void invent_address(uint8_t mac[6])
{
    uint32_t hash = 0x811C9DC5u;
    for (unsigned slot = 0; slot < THM_BOARD_PROVISIONS; slot++) {
        const unsigned char *blob = thm_board_provision(slot);
        for (size_t i = 0; i < THM_BOARD_PROVISION_SIZE; i++)
            hash = (hash ^ blob[i]) * 0x01000193u;
    }
    mac[0] = 0x02;
    mac[1] = 0;
    memcpy(mac + 2, &hash, sizeof(hash));
}

static err_t send(struct netif *netif, struct pbuf *frame)
{
    (void)netif;
    return thm_ethernet_send(frame) ? ERR_OK : ERR_IF;
}

int8_t thm_board_netif_init(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = 1500;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif->output = etharp_output;
    netif->linkoutput = send;
    netif->hwaddr_len = sizeof(netif->hwaddr);
    if (!thm_ethernet_address(netif->hwaddr))
        invent_address(netif->hwaddr);
    thm_ethernet_start(netif->hwaddr);
    return ERR_OK;
}

/* A PHY always has a bit set in its status: without one, as in an emulator, the cable can't be seen. */
static bool has_link(void)
{
    uint16_t status = thm_phy_read(BMSR);
    return status == 0 || (status & BMSR_LINK) != 0;
}

/* Whether the best way that both ends know is one of full duplex. */
static bool is_full_duplex(void)
{
    unsigned common = (unsigned)thm_phy_read(ANAR) & thm_phy_read(ANLPAR);
    return (common & ABILITY_100FULL) != 0 ||
           (common & (ABILITY_100HALF | ABILITY_10FULL)) == ABILITY_10FULL;
}

static void look_at_link(struct netif *netif)
{
    uint64_t now = thm_board_now_ms();
    if (now < next_look)
        return;
    next_look = now + LINK_MS;
    bool link = has_link();
    if (link == (netif_is_link_up(netif) != 0))
        return;
    if (link) {
        thm_ethernet_duplex(is_full_duplex());
        netif_set_link_up(netif);
    } else {
        netif_set_link_down(netif);
    }
}

void thm_board_netif_poll(struct netif *netif)
{
    look_at_link(netif);
    thm_ethernet_listen(); /* before the look: a frame that comes after it interrupts */
    for (int n = 0; n < FRAMES_POLL && thm_ethernet_waits(); n++) {
        struct pbuf *frame = thm_ethernet_receive();
        if (frame != NULL && netif->input(frame, netif) != ERR_OK)
            pbuf_free(frame);
    }
}
