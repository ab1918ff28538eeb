/*
 * Noise: RAM that nothing initialises, and how the core's clock stands to something that it does not drive. An
 * emulator's RAM is empty, so it is given random bytes there.
 */
#include "thimble/board.h"
#include "cortex_m.h"
#include "drivers.h"

extern const uint8_t __noise_start[], __noise_end[]; /* by the linker script */

size_t thm_board_noise(void *buf, size_t cap)
{
    uint8_t *out = buf;
    size_t len = (size_t)(__noise_end - __noise_start);
    if (len > cap)
        len = cap;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(__noise_start[i] ^ thm_noise_sample() ^ SYST_CVR);
    return len;
}
