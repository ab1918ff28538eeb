/*
 * cortex_m.h: the registers of a Cortex-M3 that are used here, by the names of the ARMv7-M manual, and what the files
 * of this folder offer to a board.
 */
#ifndef THIMBLE_CORTEX_M_H
#define THIMBLE_CORTEX_M_H

#include <stdbool.h>
#include <stdint.h>

/* A register of 32 bits at an address. */
#define THM_REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define SYST_CSR     THM_REG(0xE000E010)
#define SYST_RVR     THM_REG(0xE000E014)
#define SYST_CVR     THM_REG(0xE000E018)
#define NVIC_ISER(n) THM_REG(0xE000E100 + 4 * (n))
#define NVIC_ISPR(n) THM_REG(0xE000E200 + 4 * (n))
#define SCB_ICSR     THM_REG(0xE000ED04)
#define SCB_AIRCR    THM_REG(0xE000ED0C)
#define SCB_CFSR     THM_REG(0xE000ED28)
#define SCB_BFAR     THM_REG(0xE000ED38)

#define SYST_ENABLE       1u
#define SYST_TICKINT      2u
#define SYST_CLKSOURCE    4u
#define ICSR_VECTACTIVE   0x1FFu
#define AIRCR_VECTKEY     0x05FA0000u
#define AIRCR_SYSRESETREQ 4u

typedef void thm_vector(void);

thm_vector thm_systick;

/* Where an interrupt goes that the board does not use: it ends as a fault does. */
thm_vector thm_unexpected;

/** Lets interrupt `n` of the NVIC through. */
static inline void thm_irq_enable(unsigned n)
{
    NVIC_ISER(n / 32) = 1u << n % 32;
}

/** Interrupts as `n` does, once it may. */
static inline void thm_irq_pend(unsigned n)
{
    NVIC_ISPR(n / 32) = 1u << n % 32;
}

static inline void thm_irqs_off(void)
{
    __asm volatile("cpsid i" ::: "memory");
}

static inline void thm_irqs_on(void)
{
    __asm volatile("cpsie i" ::: "memory");
}

/** Starts the clock of 1 ms, for a core that runs at `hz`. */
void thm_systick_start(uint32_t hz);

#endif
