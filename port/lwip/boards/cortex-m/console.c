/*
 * The console: a ring that the UART's interrupt fills. A full ring leaves the rest in the UART and stops listening,
 * so that a sender that can wait (an emulator, a UART with flow control) loses nothing.
 */
#include "thimble/board.h"
#include "cortex_m.h"
#include "drivers.h"

#define RING 128u /* bytes; a power of two up to 128: the indices run freely in 8 bits */

static uint8_t ring[RING];
static volatile uint8_t head, tail; /* written by the interrupt, and by getc() */

void thm_console_receive(void)
{
    while ((uint8_t)(head - tail) < RING && thm_uart_waits()) {
        ring[head % RING] = thm_uart_take();
        head++;
    }
    thm_uart_listen((uint8_t)(head - tail) < RING);
}

bool thm_board_input_waits(void)
{
    return head != tail;
}

int thm_board_getc(void)
{
    if (head == tail)
        return -1;
    bool full = (uint8_t)(head - tail) == RING;
    int byte = ring[tail % RING];
    tail++;
    if (full) {
        thm_irqs_off();
        thm_console_receive();
        thm_irqs_on();
    }
    return byte;
}

void thm_board_write(const char *bytes, size_t len)
{
    while (len-- > 0)
        thm_uart_put((uint8_t)*bytes++);
}
