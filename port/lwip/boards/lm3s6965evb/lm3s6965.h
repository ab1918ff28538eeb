/*
 * The LM3S6965: the registers that are used, by the names of its data sheet, and the map of its flash.
 *
 *     0x00000  the image, 240 KB at most
 *     0x3C000  credentials, two slots of 4 KB
 *     0x3E000  storage, eight pages of 1 KB: slots 4 to 7, then 0 to 3 (with THM_LM3S_FLASH_STORAGE)
 */
#ifndef THIMBLE_LM3S6965_H
#define THIMBLE_LM3S6965_H

#include <stddef.h>

#include "../cortex-m/cortex_m.h"

/* Where storage is kept: 1 in the flash, 0 in an EEPROM. */
#ifndef THM_LM3S_FLASH_STORAGE
#define THM_LM3S_FLASH_STORAGE 0
#endif

#define LM3S_HZ         50000000u
#define LM3S_PROVISION  0x3C000u
#define LM3S_FLASH_PAGE 1024u

/* Where a slot is kept in the flash: a page, which is what a large one holds. */
#define LM3S_STORAGE(slot) (0x3E000u + ((slot) ^ 4u) * LM3S_FLASH_PAGE)

/* Interrupts. */
#define IRQ_UART0    5u
#define IRQ_ETHERNET 42u

/* System control. */
#define SYSCTL_RIS       THM_REG(0x400FE050)
#define SYSCTL_RCC       THM_REG(0x400FE060)
#define SYSCTL_RCGC0     THM_REG(0x400FE100)
#define SYSCTL_RCGC1     THM_REG(0x400FE104)
#define SYSCTL_RCGC2     THM_REG(0x400FE108)
#define SYSCTL_USECRL    THM_REG(0x400FE140)
#define SYSCTL_USER_REG0 THM_REG(0x400FE1E0)
#define SYSCTL_USER_REG1 THM_REG(0x400FE1E4)

#define USER_REG_ERASED 0xFFFFFFFFu
#define RIS_PLLLRIS     (1u << 6)
#define RCC_MOSCDIS     (1u << 0)
#define RCC_OSCSRC      (3u << 4) /* 0: main oscillator */
#define RCC_XTAL        (15u << 6)
#define RCC_XTAL_8MHZ   (14u << 6)
#define RCC_BYPASS      (1u << 11)
#define RCC_PWRDN       (1u << 13)
#define RCC_USESYSDIV   (1u << 22)
#define RCC_SYSDIV      (15u << 23)
#define RCC_SYSDIV_4    (3u << 23) /* 200 MHz / 4 */
#define RCGC0_ADC       (1u << 16)
#define RCGC1_UART0     (1u << 0)
#define RCGC1_I2C0      (1u << 12)
#define RCGC1_TIMER0    (1u << 16)
#define RCGC2_GPIOA     (1u << 0)
#define RCGC2_GPIOB     (1u << 1)
#define RCGC2_GPIOF     (1u << 5)
#define RCGC2_EMAC0     (1u << 28)
#define RCGC2_EPHY0     (1u << 30)

/* GPIO. */
#define GPIOA 0x40004000u
#define GPIOB 0x40005000u
#define GPIOF 0x40025000u

#define GPIO_DATA(port, pins) THM_REG((port) + 4 * (pins)) /* touches only these pins */
#define GPIO_DIR(port)        THM_REG((port) + 0x400)
#define GPIO_AFSEL(port)      THM_REG((port) + 0x420)
#define GPIO_ODR(port)        THM_REG((port) + 0x50C)
#define GPIO_DEN(port)        THM_REG((port) + 0x51C)

/* UART0. */
#define UART_DR   THM_REG(0x4000C000)
#define UART_FR   THM_REG(0x4000C018)
#define UART_IBRD THM_REG(0x4000C024)
#define UART_FBRD THM_REG(0x4000C028)
#define UART_LCRH THM_REG(0x4000C02C)
#define UART_CTL  THM_REG(0x4000C030)
#define UART_IM   THM_REG(0x4000C038)
#define UART_ICR  THM_REG(0x4000C044)

#define FR_BUSY     (1u << 3)
#define FR_RXFE     (1u << 4)
#define FR_TXFF     (1u << 5)
#define LCRH_FEN    (1u << 4)
#define LCRH_WLEN_8 (3u << 5)
#define CTL_UARTEN  (1u << 0)
#define CTL_TXE     (1u << 8)
#define CTL_RXE     (1u << 9)
#define IM_RX       (1u << 4)
#define IM_RT       (1u << 6) /* fewer bytes than the FIFO's mark, and then none for a while */

/* I2C0, as master. */
#define I2C_MSA  THM_REG(0x40020000)
#define I2C_MCS  THM_REG(0x40020004)
#define I2C_MDR  THM_REG(0x40020008)
#define I2C_MTPR THM_REG(0x4002000C)
#define I2C_MCR  THM_REG(0x40020020)

#define MCS_BUSY  (1u << 0) /* when read */
#define MCS_ERROR (1u << 1)
#define MCS_RUN   (1u << 0) /* when written */
#define MCS_START (1u << 1)
#define MCS_STOP  (1u << 2)
#define MCS_ACK   (1u << 3)
#define MCR_MFE   (1u << 4)

/* Timer 0 and the ADC's sequencer 3. */
#define TIMER_CFG   THM_REG(0x40030000)
#define TIMER_TAMR  THM_REG(0x40030004)
#define TIMER_CTL   THM_REG(0x4003000C)
#define TIMER_TAILR THM_REG(0x40030028)
#define ADC_ACTSS   THM_REG(0x40038000)
#define ADC_RIS     THM_REG(0x40038004)
#define ADC_ISC     THM_REG(0x4003800C)
#define ADC_EMUX    THM_REG(0x40038014)
#define ADC_SSCTL3  THM_REG(0x400380A4)
#define ADC_SSFIFO3 THM_REG(0x400380A8)

#define TAMR_ONE_SHOT 1u
#define CTL_TAEN      (1u << 0)
#define CTL_TAOTE     (1u << 5)
#define ADC_SS3       (1u << 3)
#define EMUX_EM3      (5u << 12) /* a timer starts sequencer 3 */
#define SSCTL_END0    (1u << 1)
#define SSCTL_IE0     (1u << 2)
#define SSCTL_TS0     (1u << 3)

/* Ethernet. */
#define MAC_IACK THM_REG(0x40048000)
#define MAC_IM   THM_REG(0x40048004)
#define MAC_RCTL THM_REG(0x40048008)
#define MAC_TCTL THM_REG(0x4004800C)
#define MAC_DATA THM_REG(0x40048010)
#define MAC_IA0  THM_REG(0x40048014)
#define MAC_IA1  THM_REG(0x40048018)
#define MAC_THR  THM_REG(0x4004801C)
#define MAC_MCTL THM_REG(0x40048020)
#define MAC_MDV  THM_REG(0x40048024)
#define MAC_MRXD THM_REG(0x40048030)
#define MAC_NP   THM_REG(0x40048034)
#define MAC_TR   THM_REG(0x40048038)

#define MAC_INT_RX     (1u << 0)
#define MAC_INT_ALL    0x7Fu
#define RCTL_RXEN      (1u << 0)
#define RCTL_BADCRC    (1u << 3) /* drop frames with a wrong checksum */
#define RCTL_RSTFIFO   (1u << 4)
#define TCTL_TXEN      (1u << 0)
#define TCTL_PADEN     (1u << 1)
#define TCTL_CRC       (1u << 2)
#define TCTL_DUPLEX    (1u << 4)
#define THR_WHOLE      0x3Fu /* send only when told to */
#define MCTL_START     (1u << 0)
#define MCTL_REGADR(n) ((n) << 3)
#define NP_NPR         0x3Fu
#define TR_NEWTX       (1u << 0)

/* Flash controller. */
#define FLASH_FMA THM_REG(0x400FD000)
#define FLASH_FMD THM_REG(0x400FD004)
#define FLASH_FMC THM_REG(0x400FD008)

#define FMC_WRITE (1u << 0)
#define FMC_ERASE (1u << 1)
#define FMC_WRKEY 0xA4420000u

/* An analog sample of the temperature sensor, 10 bits; 0xFFFF: the ADC did not answer. (adc.c) */
unsigned lm3s_adc_temperature(void);
void lm3s_adc_start(void);

/* The flash as storage. (flash.c) */
int lm3s_flash_write(unsigned slot, const void *buf, size_t len);

thm_vector lm3s_uart_interrupt, lm3s_ethernet_interrupt;
void lm3s_uart_start(void);
void lm3s_i2c_start(void);

#endif
