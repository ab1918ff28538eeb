/* The clock of 1 ms, and sleeping on it. */
#include "thimble/board.h"
#include "cortex_m.h"
#include "drivers.h"

static volatile uint64_t now_ms;

void thm_systick(void)
{
    now_ms++;
}

void thm_systick_start(uint32_t hz)
{
    SYST_RVR = hz / 1000 - 1;
    SYST_CVR = 0;
    SYST_CSR = SYST_CLKSOURCE | SYST_TICKINT | SYST_ENABLE;
}

uint64_t thm_board_now_ms(void)
{
    uint64_t first, second = now_ms;
    do { /* a tick may fall between its two halves */
        first = second;
        second = now_ms;
    } while (first != second);
    return second;
}

/* Interrupts are off from the look until the core sleeps: one that comes in between still ends the WFI. */
static bool sleep_once(void)
{
    thm_irqs_off();
    bool waits = thm_board_input_waits() || thm_ethernet_waits();
    if (!waits)
        __asm volatile("dsb\n wfi" ::: "memory");
    thm_irqs_on();
    return !waits;
}

void thm_board_idle(uint32_t ms)
{
    uint64_t until = thm_board_now_ms() + ms;
    while (sleep_once() && thm_board_now_ms() < until) {
    }
}
