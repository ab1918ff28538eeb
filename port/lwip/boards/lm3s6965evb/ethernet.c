/* The LM3S6965's Ethernet controller with its PHY: one FIFO of 2 KB each way, moved word by word. */
#include "lm3s6965.h"
#include "../cortex-m/drivers.h"
#include "../cortex-m/frame.h"
#include "thimble/board.h"

#define LEDS     (4u | 8u) /* PF2, PF3: the socket's lights */
#define MDC_HZ   2500000u
#define OVERHEAD 6u        /* a received frame's length counts itself and the checksum */
#define LONGEST  2048u     /* the FIFO */
#define HEADER   (2 + 14u) /* what the length of a frame to be sent does not count */
#define SEND_MS  5u        /* 1,514 bytes at 10 Mbit/s, and collisions */
#define TCTL     (TCTL_CRC | TCTL_PADEN | TCTL_TXEN)

bool thm_ethernet_address(uint8_t mac[6])
{
    uint32_t half[2] = {SYSCTL_USER_REG0, SYSCTL_USER_REG1};
    if (half[0] == USER_REG_ERASED || half[1] == USER_REG_ERASED)
        return false;
    for (unsigned i = 0; i < 6; i++)
        mac[i] = (uint8_t)(half[i / 3] >> 8 * (i % 3));
    return true;
}

/* Empties the receiver by reading: after a mere reset of its FIFO, the emulator takes no more frames if it was full. */
static void restart_receiver(void)
{
    MAC_RCTL = RCTL_BADCRC;
    for (unsigned n = 0; n < 32 * LONGEST / 4 && thm_ethernet_waits(); n++)
        (void)MAC_DATA;
    MAC_RCTL = RCTL_BADCRC | RCTL_RSTFIFO;
    MAC_RCTL = RCTL_BADCRC | RCTL_RXEN;
}

void thm_ethernet_start(const uint8_t mac[6])
{
    MAC_IM = 0; /* a reset leaves all of them on */
    MAC_IACK = MAC_INT_ALL;
    GPIO_AFSEL(GPIOF) |= LEDS;
    GPIO_DEN(GPIOF) |= LEDS;
    MAC_MDV = LM3S_HZ / (2 * MDC_HZ) - 1;
    MAC_IA0 = mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24;
    MAC_IA1 = mac[4] | (uint32_t)mac[5] << 8;
    MAC_THR = THR_WHOLE;
    MAC_TCTL = TCTL;
    restart_receiver();
    thm_irq_enable(IRQ_ETHERNET);
}

void lm3s_ethernet_interrupt(void)
{
    MAC_IM = 0;
}

void thm_ethernet_listen(void)
{
    MAC_IACK = MAC_INT_ALL;
    MAC_IM = MAC_INT_RX;
}

bool thm_ethernet_waits(void)
{
    return (MAC_NP & NP_NPR) != 0;
}

struct pbuf *thm_ethernet_receive(void)
{
    uint32_t first = MAC_DATA; /* the length, and the frame's first two bytes */
    unsigned len = first & 0xFFFF;
    if (len < OVERHEAD || len > LONGEST) { /* the place in the FIFO is lost */
        restart_receiver();
        return NULL;
    }
    return thm_frame_read(&MAC_DATA, first, (len + 3) / 4 - 1, (uint16_t)(len - 4));
}

bool thm_ethernet_send(struct pbuf *frame)
{
    if (frame->tot_len < HEADER)
        return false;
    uint64_t until = thm_board_now_ms() + SEND_MS;
    while ((MAC_TR & TR_NEWTX) != 0)
        if (thm_board_now_ms() >= until)
            return false;
    *(uint16_t *)frame->payload = (uint16_t)(frame->tot_len - HEADER);
    thm_frame_write(&MAC_DATA, frame);
    MAC_TR = TR_NEWTX;
    return true;
}

uint16_t thm_phy_read(unsigned reg)
{
    MAC_MCTL = MCTL_REGADR(reg) | MCTL_START;
    for (int n = 0; n < 10000 && (MAC_MCTL & MCTL_START) != 0; n++) {
    }
    return (uint16_t)MAC_MRXD;
}

void thm_ethernet_duplex(bool full)
{
    MAC_TCTL = TCTL | (full ? TCTL_DUPLEX : 0);
}
