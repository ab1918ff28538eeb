/*
 * The limits on a board with megabytes of RAM, which can also serve: those of a small board's client, and what a server
 * for four clients needs beside it (THM_CONFIG_FILE of every image for such a board).
 */
#ifndef FIRMWARE_SERVER_CONFIG_H
#define FIRMWARE_SERVER_CONFIG_H

#include "thimble_config.h"

/* --- TLS: both ends. A client that asks for records of 512 bytes is granted them only by a server that takes longer
 * ones itself; and no thimble client sends longer ones, whether it asks or not. --- */
#undef THM_TLS_SERVER
#undef THM_TLS_IN
#undef THM_TLS_OUT
#define THM_TLS_SERVER 1
#define THM_TLS_IN     1349
#define THM_TLS_OUT    1109

/* --- the client: every image can prove a passcode, and claim its identity by an invitation: there is room --- */
#undef THM_CLIENT_PASSCODE
#define THM_CLIENT_PASSCODE 1
#undef THM_ENROLL
#define THM_ENROLL 1

/* --- moderated rooms: a server knows of them, though one whose store is memory has none --- */
#undef THM_MODERATION
#define THM_MODERATION 1

/* --- direct sessions: a server has the directory and the relay for its clients, and this board's own terminal has one --- */
#undef THM_CALLS
#define THM_CALLS 1

/* --- the console: there is flash enough --- */
#undef THM_CONSOLE_PAGES
#define THM_CONSOLE_PAGES 1

/* --- receipts: those who are served have them, and so does this board's own terminal; for a few people --- */
#undef THM_RECEIPTS
#define THM_RECEIPTS        1
#define THM_CLIENT_RECEIPTS 4

/* --- the server --- */

/* Two lines that answer a request, and what is owed: the least. */
#define THM_OUT_BUFFER 6144
/* A server says what is wrong in whole sentences. */
#undef THM_ALL_SENTENCES
#define THM_ALL_SENTENCES 1
#undef THM_FAULT_DETAILS
#define THM_FAULT_DETAILS 1

/* --- lwIP: a listener, four sessions, two connections that are told "full", and one that waits to be accepted. A window
 * holds the longest record and a line beside it. --- */
#undef THM_LWIP_LISTENERS
#define THM_LWIP_LISTENERS   1
#define THM_LWIP_SOCKETS     8
#define THM_LWIP_CONNECTIONS 12 /* some linger */
#define THM_LWIP_WINDOW      (8 * TCP_MSS)
#define THM_LWIP_BUFFERS     96
#define THM_LWIP_SEGMENTS    64
#define THM_LWIP_HEAP        40000

#endif
