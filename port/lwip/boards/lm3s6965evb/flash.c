/*
 * The LM3S6965's flash as storage, a page for each slot. NEVER RUN: no emulator has the controller. It follows the
 * data sheet's chapter on internal memory.
 */
#include <string.h>

#include "lm3s6965.h"
#include "thimble/board.h"
#include "thimble/error.h"

#define TRIES 10000000 /* looks at the controller; erasing a page takes 20 ms */

static bool command(uint32_t what)
{
    FLASH_FMC = FMC_WRKEY | what;
    for (int n = 0; n < TRIES; n++)
        if ((FLASH_FMC & what) == 0)
            return true;
    return false;
}

int lm3s_flash_write(unsigned slot, const void *buf, size_t len)
{
    uint32_t page = LM3S_STORAGE(slot);
    SYSCTL_USECRL = LM3S_HZ / 1000000 - 1;
    FLASH_FMA = page;
    if (!command(FMC_ERASE))
        return THM_E_PORT;
    for (size_t at = 0; at < len; at += 4) {
        uint32_t word = 0xFFFFFFFF;
        memcpy(&word, (const uint8_t *)buf + at, len - at < 4 ? len - at : 4);
        FLASH_FMA = page + at;
        FLASH_FMD = word;
        if (!command(FMC_WRITE))
            return THM_E_PORT;
    }
    return memcmp((const void *)page, buf, len) == 0 ? THM_OK : THM_E_PORT;
}
