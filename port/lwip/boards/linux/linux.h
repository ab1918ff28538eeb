/*
 * A Linux process that is a board. What a real one is wired to, this one finds in its environment; all of it is
 * optional:
 *
 *   THIMBLE_BOARD_LINK       PATH: its cable is a pair of datagram sockets, one raw Ethernet frame a datagram. The board
 *                            is at PATH.board and sends to PATH.hub, as QEMU does with
 *                            -netdev dgram,local.type=unix,local.path=PATH.board,remote.type=unix,remote.path=PATH.hub
 *   THIMBLE_BOARD_MAC        its hardware address; 02:00:00:00:00:01
 *   THIMBLE_BOARD_STORAGE    a file that is its storage, made when it is not there
 *   THIMBLE_BOARD_PROVISION  a file with a credential blob, for slot 0
 *   THIMBLE_BOARD_PROVISION1 the same for slot 1
 *
 * The console is standard input and output.
 */
#ifndef BOARD_LINUX_H
#define BOARD_LINUX_H

/** Opens the cable. */
void board_link_init(void);

/** Opens the storage, and loads the credential blobs. */
void board_storage_init(void);

/** Puts a terminal into the mode of a serial line, until the process ends. */
void board_console_init(void);

/** What idle() has to wait for; a descriptor of -1 is none. */
int board_link_fd(void);
int board_console_fd(void);

/** Fills in the hardware address. */
void board_mac(unsigned char mac[6]);

/** Ends the process: its environment is wrong. */
_Noreturn void board_die(const char *what);

#endif
