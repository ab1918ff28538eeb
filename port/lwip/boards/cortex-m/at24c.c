/* Source: the AT24C32's data sheet (page write, acknowledge polling, sequential read). */
#include <string.h>

#include "at24c.h"
#include "drivers.h"
#include "thimble/board.h"
#include "thimble/error.h"

#define DEVICE  0x50u /* its address on the bus, A2-A0 at ground */
#define PAGE    32u   /* the smallest of the family: larger pages take such writes too */
#define BUSY_MS 20u   /* a page is written in 10 ms at most */

/* Sends an address and what may follow it. The part does not answer as long as it writes the page before. */
static bool send(uint16_t address, const uint8_t *buf, size_t len)
{
    uint8_t message[2 + PAGE] = {(uint8_t)(address >> 8), (uint8_t)address};
    memcpy(message + 2, buf, len);
    uint64_t until = thm_board_now_ms() + BUSY_MS;
    do {
        if (thm_i2c_write(DEVICE, message, 2 + len))
            return true;
    } while (thm_board_now_ms() < until);
    return false;
}

int thm_at24c_read(uint16_t address, uint8_t *buf, size_t len)
{
    if (len == 0)
        return THM_OK;
    return send(address, buf, 0) && thm_i2c_read(DEVICE, buf, len) ? THM_OK : THM_E_PORT;
}

static bool holds(uint16_t address, const uint8_t *buf, size_t len)
{
    uint8_t page[PAGE];
    return thm_at24c_read(address, page, len) == THM_OK && memcmp(page, buf, len) == 0;
}

int thm_at24c_write(uint16_t address, const uint8_t *buf, size_t len)
{
    while (len > 0) {
        size_t part = len < PAGE ? len : PAGE;
        if (!holds(address, buf, part) && !(send(address, buf, part) && holds(address, buf, part)))
            return THM_E_PORT;
        address = (uint16_t)(address + part);
        buf += part;
        len -= part;
    }
    return THM_OK;
}
