/* An I2C EEPROM of the AT24C family that is addressed by two bytes, such as the AT24C32 (4 KB). */
#ifndef THIMBLE_AT24C_H
#define THIMBLE_AT24C_H

#include <stddef.h>
#include <stdint.h>

/** @return THM_OK; THM_E_PORT: nothing answers */
int thm_at24c_read(uint16_t address, uint8_t *buf, size_t len);

/**
 * Writes from the start of a page on, sparing pages that hold the bytes already.
 *
 * @return THM_OK; THM_E_PORT: nothing answers, or a page does not read back as written
 */
int thm_at24c_write(uint16_t address, const uint8_t *buf, size_t len);

#endif
