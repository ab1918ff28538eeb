/* The LAN9118 (and its relative LAN9220), by the names of its data sheet. */
#ifndef THIMBLE_LAN9118_H
#define THIMBLE_LAN9118_H

#include "../cortex-m/cortex_m.h"

#define LAN9118(offset) THM_REG(0x40200000 + (offset))

#define RX_DATA_FIFO   LAN9118(0x00)
#define TX_DATA_FIFO   LAN9118(0x20)
#define RX_STATUS_FIFO LAN9118(0x40)
#define TX_STATUS_FIFO LAN9118(0x48)
#define IRQ_CFG        LAN9118(0x54)
#define INT_STS        LAN9118(0x58)
#define INT_EN         LAN9118(0x5C)
#define BYTE_TEST      LAN9118(0x64)
#define FIFO_INT       LAN9118(0x68)
#define RX_CFG         LAN9118(0x6C)
#define TX_CFG         LAN9118(0x70)
#define HW_CFG         LAN9118(0x74)
#define RX_FIFO_INF    LAN9118(0x7C)
#define TX_FIFO_INF    LAN9118(0x80)
#define PMT_CTRL       LAN9118(0x84)
#define FREE_RUN       LAN9118(0x9C)
#define MAC_CSR_CMD    LAN9118(0xA4)
#define MAC_CSR_DATA   LAN9118(0xA8)
#define AFC_CFG        LAN9118(0xAC)
#define E2P_CMD        LAN9118(0xB0)

#define RXS_ES              (1u << 15)
#define RXS_LENGTH(status)  ((status) >> 16 & 0x3FFF)
#define IRQ_CFG_TYPE        (1u << 0) /* push-pull */
#define IRQ_CFG_POL         (1u << 4) /* active high */
#define IRQ_CFG_EN          (1u << 8)
#define INT_RSFL            (1u << 3) /* frames have been received */
#define INT_RXE             (1u << 14)
#define RX_CFG_RXDOFF(n)    ((n) << 8) /* bytes before a frame */
#define RX_CFG_RX_DUMP      (1u << 15)
#define TX_CFG_TX_ON        (1u << 1)
#define HW_CFG_SRST         (1u << 0)
#define HW_CFG_TX_FIF_SZ(n) ((n) << 16) /* KB */
#define HW_CFG_MBO          (1u << 20)  /* must be one */
#define RX_FIFO_RXSUSED     (0xFFu << 16)
#define TX_FIFO_TXSUSED     (0xFFu << 16)
#define TX_FIFO_TDFREE      0xFFFFu
#define PMT_CTRL_READY      (1u << 0)
#define MAC_CSR_BUSY        (1u << 31)
#define MAC_CSR_READ        (1u << 30)
#define E2P_CMD_BUSY        (1u << 31)
#define E2P_CMD_LOADED      (1u << 8) /* the EEPROM held an address */
#define TX_CMD_A_LAST       (1u << 12)
#define TX_CMD_A_FIRST      (1u << 13)
#define TX_CMD_A_OFFSET(n)  ((n) << 16) /* bytes before the frame */

/* Registers of the MAC, behind MAC_CSR_CMD. */
#define MAC_CR   1u
#define ADDRH    2u
#define ADDRL    3u
#define MII_ACC  6u
#define MII_DATA 7u

#define MAC_CR_RXEN    (1u << 2)
#define MAC_CR_TXEN    (1u << 3)
#define MAC_CR_FDPX    (1u << 20)
#define MII_ACC_BUSY   (1u << 0)
#define MII_ACC_REG(n) ((n) << 6)
#define MII_ACC_PHY    (1u << 11) /* the one inside has address 1 */

#endif
