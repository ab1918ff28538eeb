/*
 * The core's limits on a board with 64 KB of RAM (THM_CONFIG_FILE of every image). What each macro means is said in
 * core/include/thimble/config.h; here stands why a board's value is what it is.
 */
#ifndef FIRMWARE_THIMBLE_CONFIG_H
#define FIRMWARE_THIMBLE_CONFIG_H

/* --- direct sessions: it calls nobody, and nobody calls it; the images "-call" have one at a time --- */
#ifndef THM_CALLS
#define THM_CALLS 0
#endif
#define THM_CALL_PATHS  THM_CALLS
#define THM_CALL_QUEUE  1280
#define THM_CALL_OUT    1744
#define THM_CALL_WINDOW 1024

/* --- flow: two lines, the least that is allowed. A board reads at the speed of its UART. --- */
#define THM_CREDIT_MAX     8192
#define THM_CLIENT_CREDIT  4096
#define THM_CREDIT_DEFAULT 4096

/* --- TLS: BearSSL's smallest buffers, for records of 512 bytes. One connection, which the board dials itself; and
 * credentials that were decoded by thimble-ca. --- */
#if THM_CALLS > 0
#define THM_TLS_IN     1349 /* others have records of 1,024 bytes for it */
#define THM_TLS_SERVER 1
#define THM_TLS_SERVES 0
#else
#define THM_TLS_IN     837
#define THM_TLS_SERVER 0
#endif
#define THM_TLS_OUT         597
#define THM_TLS_AES         0
#define THM_TLS_SMALL       1
#define THM_TLS_SEEDS       1
#define THM_CREDENTIALS_MAX 0
#define THM_CA_MAX          2

/* --- lwIP: it only dials; or it listens, and has two connections, and one that waits to be accepted --- */
#if THM_CALLS > 0
#define THM_LWIP_LISTENERS 1
#define THM_LWIP_SOCKETS   4
#define THM_LWIP_BUFFERS   8
#define THM_LWIP_SEGMENTS  10
#define THM_LWIP_HEAP      2400
#else
#define THM_LWIP_LISTENERS 0
#endif

/* --- the client --- */

/* Its certificate has to suffice; the images "-passcode" prove a passcode beside it, by keys that they are given. To
 * derive them here would take minutes. */
#ifndef THM_CLIENT_PASSCODE
#define THM_CLIENT_PASSCODE 0
#endif
#define THM_CLIENT_DERIVES 0
/* Each start is another client. */
#define THM_CLIENT_RUNS 0
/* In moderated rooms it is like anybody else. */
#define THM_MODERATION 0
/* Who whispers to a board sees that the server has it, not that the board has. */
#define THM_RECEIPTS 0
/* The images "-claim" get their certificate by an invitation, and renew it. */
#ifndef THM_ENROLL
#define THM_ENROLL 0
#endif
/* The inbox and three rooms. */
#define THM_CLIENT_STREAMS 4
/* Two of the longest texts: one on its way, and one that was typed meanwhile. */
#define THM_CLIENT_QUEUE 2176
/* The longest line that a client sends. */
#define THM_CLIENT_OUT 1792
/* 16 bytes each; a room where more than 16 people speak while its server loses its log may show a line twice. */
#define THM_CLIENT_SENDERS 16
/* Lines are decoded where they were read; nobody here wants them as they came. */
#define THM_CLIENT_RAW_LINES 0
/* What only a server finds wrong, it says in words of its own. */
#define THM_ALL_SENTENCES 0
#define THM_FAULT_DETAILS 0

/* --- the console --- */

/* A piece of a line: longer ones go to the UART in several. */
#define THM_CONSOLE_LINE 128
/* The line editor completes nothing. */
#define THM_CONSOLE_NAMES 0
/* A long message would take 64 KB to put together: its parts are printed one by one. */
#define THM_CONSOLE_PARTS 0
/* Nobody is remembered over a restart. */
#define THM_CONSOLE_KEYS 0
/* A UART shows one page of the past. */
#define THM_CONSOLE_PAGES 0

#endif
