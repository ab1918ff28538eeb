/*
 * Faults, and interrupts that nobody expected: one line on the console for whoever has to find the cause, and a
 * fresh start.
 */
#include "thimble/board.h"
#include "cortex_m.h"
#include "drivers.h"

/* What the core pushed on the stack: r0-r3, r12, lr, pc, xPSR. */
enum { FRAME_LR = 5, FRAME_PC = 6 };

_Noreturn void thm_fault(const uint32_t *frame);

static void put_text(const char *text)
{
    while (*text != '\0')
        thm_uart_put((uint8_t)*text++);
}

static void put_hex(const char *name, uint32_t value)
{
    put_text(name);
    for (int shift = 28; shift >= 0; shift -= 4)
        thm_uart_put((uint8_t) "0123456789abcdef"[value >> shift & 15]);
}

__attribute__((used)) _Noreturn void thm_fault(const uint32_t *frame)
{
    put_hex("\r\nfault: exception ", SCB_ICSR & ICSR_VECTACTIVE);
    put_hex(" pc ", frame[FRAME_PC]);
    put_hex(" lr ", frame[FRAME_LR]);
    put_hex(" cfsr ", SCB_CFSR);
    put_hex(" bfar ", SCB_BFAR);
    put_text("\r\n");
    thm_board_restart();
}

/* The stack may be what broke: the report is made on a fresh one. */
__attribute__((naked)) void thm_unexpected(void)
{
    __asm volatile("mrs r0, msp\n"
                   "ldr r1, =__stack_top\n"
                   "sub r1, r1, #64\n" /* spares the frame when the stack was nearly empty */
                   "cmp r0, r1\n"
                   "it lo\n"
                   "movlo sp, r1\n"
                   "b thm_fault\n"
                   ".ltorg");
}

_Noreturn void thm_board_restart(void)
{
    thm_uart_flush();
    SCB_AIRCR = AIRCR_VECTKEY | AIRCR_SYSRESETREQ;
    for (;;) {
    }
}
