/* UART0, which the board's debug chip hands on as a USB serial port. 115200 8N1. */
#include "lm3s6965.h"
#include "../cortex-m/drivers.h"

#define PINS    3u /* PA0, PA1 */
#define BAUD    115200u
#define DIVISOR ((LM3S_HZ * 4 + BAUD / 2) / BAUD) /* in 64ths */

void lm3s_uart_start(void)
{
    GPIO_AFSEL(GPIOA) |= PINS;
    GPIO_DEN(GPIOA) |= PINS;
    UART_IBRD = DIVISOR / 64;
    UART_FBRD = DIVISOR % 64;
    UART_LCRH = LCRH_WLEN_8 | LCRH_FEN;
    UART_CTL = CTL_UARTEN | CTL_TXE | CTL_RXE;
    thm_uart_listen(true);
    thm_irq_enable(IRQ_UART0);
}

void lm3s_uart_interrupt(void)
{
    UART_ICR = IM_RX | IM_RT;
    thm_console_receive();
}

bool thm_uart_waits(void)
{
    return (UART_FR & FR_RXFE) == 0;
}

uint8_t thm_uart_take(void)
{
    return (uint8_t)UART_DR;
}

void thm_uart_listen(bool on)
{
    UART_IM = on ? IM_RX | IM_RT : 0;
}

void thm_uart_put(uint8_t byte)
{
    while ((UART_FR & FR_TXFF) != 0) {
    }
    UART_DR = byte;
}

void thm_uart_flush(void)
{
    while ((UART_FR & FR_BUSY) != 0) {
    }
}
