/*
 * drivers.h: what a board's own drivers supply to the files of this folder, which make board.h of it. All of it is
 * called from the main program; what an interrupt may call says so.
 */
#ifndef THIMBLE_BOARD_DRIVERS_H
#define THIMBLE_BOARD_DRIVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pbuf;

/* --- UART: its receive interrupt calls thm_console_receive() -------------------------------------- */

/** Whether a received byte waits in the UART, and that byte. Also called from the interrupt. */
bool thm_uart_waits(void);
uint8_t thm_uart_take(void);

/** Whether received bytes interrupt; one that waits already, too. Also called from the interrupt. */
void thm_uart_listen(bool on);

/** Sends a byte, as soon as the UART takes it. */
void thm_uart_put(uint8_t byte);

/** Returns when the last byte is on the line. */
void thm_uart_flush(void);

/** Moves what the UART has into the ring; the interrupt's handler calls it. */
void thm_console_receive(void);

/* --- Ethernet: its interrupt masks itself, having woken the core ---------------------------------- */

/** The address that the silicon was given. False: none; `mac` is untouched. */
bool thm_ethernet_address(uint8_t mac[6]);

/** Starts the controller. */
void thm_ethernet_start(const uint8_t mac[6]);

/** Lets the next frame interrupt. */
void thm_ethernet_listen(void);

/** Whether a frame waits. */
bool thm_ethernet_waits(void);

/**
 * Takes the frame that waits out of the controller.
 *
 * @return ETH_PAD_SIZE bytes and the frame, without its checksum; NULL: it had to be dropped
 */
struct pbuf *thm_ethernet_receive(void);

/** Sends ETH_PAD_SIZE bytes (which it may overwrite) and a frame. False: the controller took no more. */
bool thm_ethernet_send(struct pbuf *frame);

/** Reads a register of the PHY (IEEE 802.3, clause 22). 0: none answers. */
uint16_t thm_phy_read(unsigned reg);

/** Makes the MAC send in full or in half duplex, as was negotiated. */
void thm_ethernet_duplex(bool full);

/* --- I2C, as master ------------------------------------------------------------------------------- */

/** One transfer from start to stop. False: the device did not acknowledge. `len` is at least 1. */
bool thm_i2c_write(uint8_t device, const uint8_t *bytes, size_t len);
bool thm_i2c_read(uint8_t device, uint8_t *bytes, size_t len);

/* --- noise ---------------------------------------------------------------------------------------- */

/** A number whose low bits depend on something that the core's clock does not drive. */
uint32_t thm_noise_sample(void);

#endif
