/* I2C0 on PB2 (clock) and PB3 (data), 100 kHz. */
#include "lm3s6965.h"
#include "../cortex-m/drivers.h"

#define SCL   4u
#define SDA   8u
#define HZ    100000u
#define TRIES 100000 /* looks at a transfer of one byte, far more than it takes */

void lm3s_i2c_start(void)
{
    GPIO_AFSEL(GPIOB) |= SCL | SDA;
    GPIO_ODR(GPIOB) |= SDA;
    GPIO_DEN(GPIOB) |= SCL | SDA;
    I2C_MCR = MCR_MFE;
    I2C_MTPR = LM3S_HZ / (20 * HZ) - 1;
}

/* Moves one byte. An error leaves the bus free. */
static bool step(uint32_t command)
{
    I2C_MCS = command;
    for (int n = 0; n < TRIES; n++) {
        uint32_t status = I2C_MCS;
        if ((status & MCS_BUSY) != 0)
            continue;
        if ((status & MCS_ERROR) == 0)
            return true;
        break;
    }
    I2C_MCS = MCS_STOP;
    return false;
}

bool thm_i2c_write(uint8_t device, const uint8_t *bytes, size_t len)
{
    I2C_MSA = (uint32_t)device << 1;
    uint32_t first = MCS_START;
    for (; len > 0; len--, first = 0) {
        I2C_MDR = *bytes++;
        if (!step(first | MCS_RUN | (len == 1 ? MCS_STOP : 0)))
            return false;
    }
    return true;
}

bool thm_i2c_read(uint8_t device, uint8_t *bytes, size_t len)
{
    I2C_MSA = (uint32_t)device << 1 | 1;
    uint32_t first = MCS_START;
    for (; len > 0; len--, first = 0) {
        if (!step(first | MCS_RUN | (len == 1 ? MCS_STOP : MCS_ACK)))
            return false;
        *bytes++ = (uint8_t)I2C_MDR;
    }
    return true;
}
