/*
 * From reset to main(): the vectors of the core, memory as C expects it, and the stack's paint. A board's table of
 * its own interrupts follows in section .vectors.irq.
 */
#include "thimble/board.h"
#include "cortex_m.h"

extern uint32_t __stack_bottom[], __stack_top[]; /* by the linker script */
extern uint32_t __data_load[], __data_start[], __data_end[], __bss_start[], __bss_end[];

#define PAINT 0x5AFEC0DEu

int main(void);
thm_vector thm_reset;

struct vectors {
    uint32_t *stack;
    thm_vector *core[15];
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    .stack = __stack_top,
    .core = {thm_reset, thm_unexpected, thm_unexpected, thm_unexpected, thm_unexpected,
             thm_unexpected, NULL, NULL, NULL, NULL, thm_unexpected, thm_unexpected, NULL,
             thm_unexpected, thm_systick},
};

void thm_reset(void)
{
    volatile uint32_t *here = __builtin_frame_address(0); /* what lies above is in use */
    for (volatile uint32_t *word = __stack_bottom; word < here - 16; word++)
        *word = PAINT;
    const uint32_t *from = __data_load;
    for (uint32_t *to = __data_start; to < __data_end;)
        *to++ = *from++;
    for (uint32_t *to = __bss_start; to < __bss_end;)
        *to++ = 0;
    (void)main();
    thm_board_restart();
}

size_t thm_board_stack_size(void)
{
    return (size_t)(__stack_top - __stack_bottom) * sizeof(uint32_t);
}

size_t thm_board_stack_worst(void)
{
    const uint32_t *word = __stack_bottom;
    while (word < __stack_top && *word == PAINT)
        word++;
    return (size_t)(__stack_top - word) * sizeof(uint32_t);
}
