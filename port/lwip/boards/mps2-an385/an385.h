/*
 * The registers of an MPS2 with the AN385 image that are used, by the names of Arm's application note 385 and of the
 * CMSDK's manual.
 */
#ifndef THIMBLE_AN385_H
#define THIMBLE_AN385_H

#include "../cortex-m/cortex_m.h"

#define AN385_HZ        25000000u
#define AN385_PROVISION 0x3FC000u /* two slots of 4 KB */

/* Interrupts. */
#define IRQ_UART0_RX 0u
#define IRQ_ETHERNET 13u

/* UART0. */
#define UART_DATA     THM_REG(0x40004000)
#define UART_STATE    THM_REG(0x40004004)
#define UART_CTRL     THM_REG(0x40004008)
#define UART_INTCLEAR THM_REG(0x4000400C)
#define UART_BAUDDIV  THM_REG(0x40004010)

#define STATE_TXFULL  (1u << 0)
#define STATE_RXFULL  (1u << 1)
#define CTRL_TX_EN    (1u << 0)
#define CTRL_RX_EN    (1u << 1)
#define CTRL_RX_INTEN (1u << 3)
#define INTCLEAR_RX   (1u << 1)

/* The I2C bus of the shield, port 1: two lines to be moved by hand. */
#define SB_CONTROL  THM_REG(0x4002A000) /* when read */
#define SB_CONTROLS THM_REG(0x4002A000) /* lets lines go high */
#define SB_CONTROLC THM_REG(0x4002A004) /* pulls lines low */

#define SB_SCL (1u << 0)
#define SB_SDA (1u << 1)

#define FPGAIO_LED0 THM_REG(0x40028000)

void an385_uart_start(void);
void an385_i2c_start(void);
void lan9118_reset(void);

thm_vector an385_uart_interrupt, lan9118_interrupt;

#endif
