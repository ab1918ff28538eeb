/* Luminary's EK-LM3S6965 (lm3s6965evb): clocks, vectors, and what is too small for a file of its own. */
#include <string.h>

#include "lm3s6965.h"
#include "../cortex-m/at24c.h"
#include "../cortex-m/drivers.h"
#include "thimble/board.h"
#include "thimble/error.h"

#define LED 1u /* PF0 */

const char thm_board_name[] = "lm3s6965evb";

__attribute__((section(".vectors.irq"), used)) static thm_vector *const irqs[IRQ_ETHERNET + 1] = {
    [0 ... IRQ_UART0 - 1] = thm_unexpected,
    [IRQ_UART0 + 1 ... IRQ_ETHERNET - 1] = thm_unexpected,
    [IRQ_UART0] = lm3s_uart_interrupt,
    [IRQ_ETHERNET] = lm3s_ethernet_interrupt,
};

/* 50 MHz from the 8 MHz crystal, in the order that the data sheet asks for: the PLL is bypassed until it locked. */
static void start_clock(void)
{
    uint32_t rcc = (SYSCTL_RCC | RCC_BYPASS) & ~RCC_USESYSDIV & ~RCC_MOSCDIS;
    SYSCTL_RCC = rcc;
    rcc = (rcc & ~(RCC_XTAL | RCC_OSCSRC | RCC_PWRDN | RCC_SYSDIV)) | RCC_XTAL_8MHZ;
    SYSCTL_RCC = rcc;
    for (int n = 0; n < 100000 && (SYSCTL_RIS & RIS_PLLLRIS) == 0; n++) {
    }
    rcc |= RCC_SYSDIV_4 | RCC_USESYSDIV;
    SYSCTL_RCC = rcc;
    SYSCTL_RCC = rcc & ~RCC_BYPASS;
}

static void start_peripherals(void)
{
    SYSCTL_RCGC0 |= RCGC0_ADC;
    SYSCTL_RCGC1 |= RCGC1_UART0 | RCGC1_I2C0 | RCGC1_TIMER0;
    SYSCTL_RCGC2 |= RCGC2_GPIOA | RCGC2_GPIOB | RCGC2_GPIOF | RCGC2_EMAC0 | RCGC2_EPHY0;
    (void)SYSCTL_RCGC2; /* a clock needs a few cycles before its registers may be touched */
    (void)SYSCTL_RCGC2;
}

void thm_board_init(void)
{
    start_clock();
    start_peripherals();
    lm3s_uart_start();
    lm3s_i2c_start();
    lm3s_adc_start();
    GPIO_DIR(GPIOF) |= LED;
    GPIO_DEN(GPIOF) |= LED;
    thm_systick_start(LM3S_HZ);
}

void thm_board_led(bool on)
{
    GPIO_DATA(GPIOF, LED) = on ? LED : 0;
}

bool thm_board_led_is_on(void)
{
    return GPIO_DATA(GPIOF, LED) != 0;
}

const unsigned char *thm_board_provision(unsigned slot)
{
    return (const unsigned char *)(LM3S_PROVISION + slot * THM_BOARD_PROVISION_SIZE);
}

/* The EEPROM is what the emulator has, or what is wired to PB2 and PB3; the chip alone has its flash. */
int thm_board_storage_read(unsigned slot, void *buf, size_t len)
{
    if (!THM_LM3S_FLASH_STORAGE)
        return thm_at24c_read((uint16_t)(slot * THM_BOARD_SLOT_SIZE), buf, len);
    memcpy(buf, (const void *)(LM3S_STORAGE(slot)), len);
    return THM_OK;
}

int thm_board_storage_write(unsigned slot, const void *buf, size_t len)
{
    if (!THM_LM3S_FLASH_STORAGE)
        return thm_at24c_write((uint16_t)(slot * THM_BOARD_SLOT_SIZE), buf, len);
    return lm3s_flash_write(slot, buf, len);
}
