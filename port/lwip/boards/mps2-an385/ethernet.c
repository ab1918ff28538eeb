/* The LAN9118, or its relative LAN9220. */
#include "an385.h"
#include "lan9118.h"
#include "../cortex-m/drivers.h"
#include "../cortex-m/frame.h"
#include "thimble/board.h"

#define PAD      2u /* bytes before a frame, as lwIP wants them */
#define CRC      4u
#define LONGEST  1518u
#define COMMANDS 8u  /* bytes that a frame takes in the FIFO beside its own, */
#define SLACK    16u /* and what alignment and the controller may add */
#define READY_MS 100u
#define SEND_MS  5u

/* Waits for bits of a register to be as expected. */
static bool await(volatile const uint32_t *reg, uint32_t bits, uint32_t expected)
{
    uint64_t until = thm_board_now_ms() + READY_MS;
    while ((*reg & bits) != expected)
        if (thm_board_now_ms() >= until)
            return false;
    return true;
}

static uint32_t mac_read(uint32_t reg)
{
    MAC_CSR_CMD = MAC_CSR_BUSY | MAC_CSR_READ | reg;
    (void)await(&MAC_CSR_CMD, MAC_CSR_BUSY, 0);
    return MAC_CSR_DATA;
}

static void mac_write(uint32_t reg, uint32_t value)
{
    MAC_CSR_DATA = value;
    MAC_CSR_CMD = MAC_CSR_BUSY | reg;
    (void)await(&MAC_CSR_CMD, MAC_CSR_BUSY, 0);
}

void lan9118_reset(void)
{
    (void)await(&PMT_CTRL, PMT_CTRL_READY, PMT_CTRL_READY);
    HW_CFG = HW_CFG_SRST;
    (void)await(&HW_CFG, HW_CFG_SRST, 0);
    (void)await(&E2P_CMD, E2P_CMD_BUSY, 0); /* it loads its address */
}

bool thm_ethernet_address(uint8_t mac[6])
{
    if ((E2P_CMD & E2P_CMD_LOADED) == 0)
        return false;
    uint32_t low = mac_read(ADDRL), high = mac_read(ADDRH);
    for (unsigned i = 0; i < 6; i++)
        mac[i] = (uint8_t)(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
    return true;
}

void thm_ethernet_start(const uint8_t mac[6])
{
    HW_CFG = HW_CFG_MBO | HW_CFG_TX_FIF_SZ(5u);
    FIFO_INT = 0; /* one frame interrupts */
    INT_EN = 0;
    IRQ_CFG = IRQ_CFG_EN | IRQ_CFG_POL | IRQ_CFG_TYPE;
    mac_write(ADDRL,
              mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24);
    mac_write(ADDRH, mac[4] | (uint32_t)mac[5] << 8);
    RX_CFG = RX_CFG_RXDOFF(PAD);
    TX_CFG = TX_CFG_TX_ON;
    mac_write(MAC_CR, MAC_CR_RXEN | MAC_CR_TXEN);
    thm_irq_enable(IRQ_ETHERNET);
}

void lan9118_interrupt(void)
{
    INT_EN = 0;
}

void thm_ethernet_listen(void)
{
    if ((INT_STS & INT_RXE) != 0) { /* the place in the FIFO is lost */
        RX_CFG = RX_CFG_RXDOFF(PAD) | RX_CFG_RX_DUMP;
        (void)await(&RX_CFG, RX_CFG_RX_DUMP, 0);
    }
    INT_STS = 0xFFFFFFFF;
    INT_EN = INT_RSFL;
}

bool thm_ethernet_waits(void)
{
    return (RX_FIFO_INF & RX_FIFO_RXSUSED) != 0;
}

struct pbuf *thm_ethernet_receive(void)
{
    uint32_t status = RX_STATUS_FIFO;
    unsigned len = RXS_LENGTH(status); /* with the checksum */
    bool good = (status & RXS_ES) == 0 && len > CRC && len <= LONGEST;
    return thm_frame_read(&RX_DATA_FIFO, RX_DATA_FIFO, (PAD + len + 3) / 4 - 1,
                          good ? (uint16_t)(PAD + len - CRC) : 0);
}

bool thm_ethernet_send(struct pbuf *frame)
{
    uint64_t until = thm_board_now_ms() + SEND_MS;
    while ((TX_FIFO_INF & TX_FIFO_TDFREE) < frame->tot_len + COMMANDS + SLACK)
        if (thm_board_now_ms() >= until)
            return false;
    while ((TX_FIFO_INF & TX_FIFO_TXSUSED) != 0)
        (void)TX_STATUS_FIFO; /* of frames that left: nobody asks, but its FIFO must not fill */
    uint32_t len = frame->tot_len - PAD;
    TX_DATA_FIFO = TX_CMD_A_FIRST | TX_CMD_A_LAST | TX_CMD_A_OFFSET(PAD) | len;
    TX_DATA_FIFO = len; /* command B */
    thm_frame_write(&TX_DATA_FIFO, frame);
    return true;
}

uint16_t thm_phy_read(unsigned reg)
{
    mac_write(MII_ACC, MII_ACC_PHY | MII_ACC_REG(reg) | MII_ACC_BUSY);
    for (int n = 0; n < 10000 && (mac_read(MII_ACC) & MII_ACC_BUSY) != 0; n++) {
    }
    return (uint16_t)mac_read(MII_DATA);
}

void thm_ethernet_duplex(bool full)
{
    mac_write(MAC_CR, MAC_CR_RXEN | MAC_CR_TXEN | (full ? MAC_CR_FDPX : 0));
}

/* The controller counts by an oscillator of its own. */
uint32_t thm_noise_sample(void)
{
    uint32_t sample = 0;
    for (int n = 0; n < 32; n++)
        sample = (sample << 1 | sample >> 31) ^ FREE_RUN;
    return sample;
}
