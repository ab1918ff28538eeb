/* UART0, the board's serial connector. 115200 8N1; it holds one byte each way. */
#include "an385.h"
#include "../cortex-m/drivers.h"

#define BAUD 115200u

void an385_uart_start(void)
{
    UART_BAUDDIV = AN385_HZ / BAUD;
    thm_uart_listen(true);
    thm_irq_enable(IRQ_UART0_RX);
}

void an385_uart_interrupt(void)
{
    UART_INTCLEAR = INTCLEAR_RX;
    thm_console_receive();
}

bool thm_uart_waits(void)
{
    return (UART_STATE & STATE_RXFULL) != 0;
}

uint8_t thm_uart_take(void)
{
    return (uint8_t)UART_DATA;
}

void thm_uart_listen(bool on)
{
    UART_CTRL = CTRL_TX_EN | CTRL_RX_EN | (on ? CTRL_RX_INTEN : 0);
    /* It remembers nothing of a byte that came while it was not to interrupt, and takes no other before that is read. */
    if (on && thm_uart_waits())
        thm_irq_pend(IRQ_UART0_RX);
}

void thm_uart_put(uint8_t byte)
{
    thm_uart_flush();
    UART_DATA = byte;
}

void thm_uart_flush(void)
{
    while ((UART_STATE & STATE_TXFULL) != 0) {
    }
}
