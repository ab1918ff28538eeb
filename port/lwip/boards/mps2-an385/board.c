/* Arm's MPS2 with the AN385 image (mps2-an385): vectors, and what is too small for a file of its own. */
#include "an385.h"
#include "../cortex-m/at24c.h"
#include "../cortex-m/drivers.h"
#include "thimble/board.h"

#define LED 1u

const char thm_board_name[] = "mps2-an385";

__attribute__((section(".vectors.irq"), used)) static thm_vector *const irqs[IRQ_ETHERNET + 1] = {
    [IRQ_UART0_RX + 1 ... IRQ_ETHERNET - 1] = thm_unexpected,
    [IRQ_UART0_RX] = an385_uart_interrupt,
    [IRQ_ETHERNET] = lan9118_interrupt,
};

void thm_board_init(void)
{
    an385_uart_start();
    an385_i2c_start();
    thm_systick_start(AN385_HZ);
    lan9118_reset();
}

void thm_board_led(bool on)
{
    FPGAIO_LED0 = on ? FPGAIO_LED0 | LED : FPGAIO_LED0 & ~LED;
}

bool thm_board_led_is_on(void)
{
    return (FPGAIO_LED0 & LED) != 0;
}

bool thm_board_temperature(int32_t *milli_celsius)
{
    (void)milli_celsius;
    return false;
}

const unsigned char *thm_board_provision(unsigned slot)
{
    return (const unsigned char *)(AN385_PROVISION + slot * THM_BOARD_PROVISION_SIZE);
}

int thm_board_storage_read(unsigned slot, void *buf, size_t len)
{
    return thm_at24c_read((uint16_t)(slot * THM_BOARD_SLOT_SIZE), buf, len);
}

int thm_board_storage_write(unsigned slot, const void *buf, size_t len)
{
    return thm_at24c_write((uint16_t)(slot * THM_BOARD_SLOT_SIZE), buf, len);
}
