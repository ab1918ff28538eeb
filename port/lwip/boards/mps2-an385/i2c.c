/* I2C of the shield, port 1: two lines that the program moves, at 100 kHz or less. */
#include "an385.h"
#include "../cortex-m/drivers.h"

#define HALF_BIT 30 /* turns of wait() in 5 us, at least */

static void wait(void)
{
    for (int n = 0; n < HALF_BIT; n++)
        __asm volatile("nop");
}

static void set(uint32_t line, bool high)
{
    if (high)
        SB_CONTROLS = line;
    else
        SB_CONTROLC = line;
    wait();
}

/* Clocks a bit out, and what is on the line meanwhile in. */
static bool clock_bit(bool bit)
{
    set(SB_SDA, bit);
    set(SB_SCL, true);
    bool seen = (SB_CONTROL & SB_SDA) != 0;
    set(SB_SCL, false);
    return seen;
}

static uint8_t clock_byte(uint8_t out)
{
    uint8_t in = 0;
    for (int bit = 7; bit >= 0; bit--)
        in = (uint8_t)(in << 1 | clock_bit((out >> bit & 1) != 0));
    return in;
}

/* True: acknowledged. */
static bool put(uint8_t byte)
{
    (void)clock_byte(byte);
    return !clock_bit(true);
}

static void start(void)
{
    set(SB_SDA, true);
    set(SB_SCL, true);
    set(SB_SDA, false);
    set(SB_SCL, false);
}

static void stop(void)
{
    set(SB_SDA, false);
    set(SB_SCL, true);
    set(SB_SDA, true);
}

/* A reset in the middle of a transfer leaves a device that waits for clocks, maybe with the data line low. */
void an385_i2c_start(void)
{
    set(SB_SCL, false);
    for (int n = 0; n < 9; n++)
        (void)clock_bit(true);
    stop();
}

bool thm_i2c_write(uint8_t device, const uint8_t *bytes, size_t len)
{
    start();
    bool taken = put((uint8_t)(device << 1));
    for (; taken && len > 0; len--)
        taken = put(*bytes++);
    stop();
    return taken;
}

bool thm_i2c_read(uint8_t device, uint8_t *bytes, size_t len)
{
    start();
    bool taken = put((uint8_t)(device << 1 | 1));
    for (; taken && len > 0; len--) {
        *bytes++ = clock_byte(0xFF);
        (void)clock_bit(len == 1); /* no acknowledgement ends it */
    }
    stop();
    return taken;
}
