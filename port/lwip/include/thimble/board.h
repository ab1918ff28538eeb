/*
 * board.h: all that a board has to supply to port/lwip and to apps/firmware. One folder of port/lwip/boards/
 * implements it for one board; boards/linux is a process that behaves like one.
 *
 * Everything is called from the main program, never from an interrupt. A board's own interrupt handlers only
 * move bytes into rings or set flags; none of them calls lwIP or the core.
 */
#ifndef THIMBLE_BOARD_H
#define THIMBLE_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netif; /* lwIP's */

/** What the board is called, as /whois shows it: "lm3s6965evb". */
extern const char thm_board_name[];

/** Brings up clocks, console, storage and the Ethernet controller. Called once, first. */
void thm_board_init(void);

/** Milliseconds since the start, of a clock that never jumps. */
uint64_t thm_board_now_ms(void);

/**
 * Sleeps until a frame or console input waits, at most `ms` milliseconds; returns at once when one waits already.
 * It may return early for no reason.
 */
void thm_board_idle(uint32_t ms);

/** Starts the board anew, as the reset button does. */
_Noreturn void thm_board_restart(void);

/* --- console: a UART, 8N1 ----------------------------------------------------------------------- */

/** The next byte that was typed (0 to 255), or -1 when none waits. */
int thm_board_getc(void);

/** Whether thm_board_getc() has one. */
bool thm_board_input_waits(void);

/** Writes bytes; returns when the UART has taken them all. */
void thm_board_write(const char *bytes, size_t len);

/* --- network ------------------------------------------------------------------------------------ */

/** Fills in a netif (hardware address, MTU, output, flags), as netif_add()'s `init`. Returns an err_t. */
int8_t thm_board_netif_init(struct netif *netif);

/** Hands every frame that waits to netif->input, and tells lwIP when the link came up or went down. */
void thm_board_netif_poll(struct netif *netif);

/* --- storage that survives ---------------------------------------------------------------------- */

/* Slots 0 to 3 hold THM_BOARD_SLOT_SIZE bytes each, 4 and 6 twice that: they have the place of the next number, too, which is
 * no slot of its own. Each is erased and written by itself. */
#define THM_BOARD_SLOTS      8   /* numbers of slots */
#define THM_BOARD_SLOT_SIZE  512 /* bytes that a number stands for */
#define THM_BOARD_LARGE_SLOT 4   /* the first that holds two of them */
#define THM_BOARD_SLOT_BYTES(slot)                                                                 \
    ((slot) < THM_BOARD_LARGE_SLOT ? THM_BOARD_SLOT_SIZE : 2 * THM_BOARD_SLOT_SIZE)

/** Reads the first `len` bytes of a slot. @return THM_OK or THM_E_PORT */
int thm_board_storage_read(unsigned slot, void *buf, size_t len);

/** Replaces a slot whole. A failure or a loss of power may damage it, but never another.
 * @return THM_OK or THM_E_PORT, also when what was written does not read back */
int thm_board_storage_write(unsigned slot, const void *buf, size_t len);

#define THM_BOARD_PROVISIONS     2    /* slots into which credential blobs are flashed */
#define THM_BOARD_PROVISION_SIZE 4096 /* bytes of each */

/** A credential blob's slot, memory-mapped and THM_BOARD_PROVISION_SIZE bytes long, whatever it holds. */
const unsigned char *thm_board_provision(unsigned slot);

/* --- what else a board may have ----------------------------------------------------------------- */

/**
 * Bits that differ from boot to boot, as far as the board has any: timer against oscillator, uninitialised RAM, a
 * hardware generator. They are mixed with the seed that is kept, and need not suffice by themselves.
 *
 * @return bytes written, at most `cap`; 0 when there is none
 */
size_t thm_board_noise(void *buf, size_t cap);

/** An id that is this one device's, as far as the silicon has one. Returns its bytes, at most `cap`; 0: none. */
size_t thm_board_unique_id(void *buf, size_t cap);

/** A light. */
void thm_board_led(bool on);
bool thm_board_led_is_on(void);

/** The board's temperature in thousandths of a degree Celsius. False: it has no sensor. */
bool thm_board_temperature(int32_t *milli_celsius);

/** Bytes of stack reserved, and the most that was ever used (by the paint that is gone). */
size_t thm_board_stack_size(void);
size_t thm_board_stack_worst(void);

#endif
