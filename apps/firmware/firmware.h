/*
 * The frame of every client image: main.c brings the board up, finds its credentials, waits for an address and runs
 * the client; a front says what it is for. A terminal's front (terminal.c) or a bot's (bot.c) is linked to it.
 */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#include "calls.h"
#include "claim.h"
#include "cursors.h"
#include "provision.h"
#include "thimble/client.h"
#include "thimble/port_lwip.h"

/* Bytes of thm_client_tls_size(): a domain and its engine, and a buffer each way. An image says at its start if they
 * are too few. */
#if UINTPTR_MAX > 0xffffffffu
#define FIRMWARE_TLS_ENGINE (4096 + THM_ENROLL * 32)
#else
#define FIRMWARE_TLS_ENGINE (3680 + THM_ENROLL * 16 + THM_TLS_SERVES * 16)
#endif
#define FIRMWARE_TLS_MEMORY                                                                        \
    (FIRMWARE_TLS_ENGINE + (THM_TLS_IN + 15) / 16 * 16 + (THM_TLS_OUT + 11 + 15) / 16 * 16)

/* What the person at the UART was told of the network. */
enum firmware_network { NETWORK_UNKNOWN, NETWORK_NO_LINK, NETWORK_NO_ADDRESS, NETWORK_UP };

struct firmware {
    struct provision provision;
    struct thm_port_lwip port;
    struct thm_credentials credentials;
    struct thm_client client;
    struct cursors cursors;
#if THM_CALLS > 0
    struct calls calls;
#endif
#if THM_ENROLL
    struct claim claim;
#endif
    uint64_t now;      /* ms, of this turn */
    uint64_t start_at; /* ms: when the client, which is stopped, starts; UINT64_MAX: at a key */
    uint32_t pause_ms; /* the next wait after a final refusal */
    enum firmware_network network;
    _Alignas(16) unsigned char tls_memory[FIRMWARE_TLS_MEMORY];
};

/** Prints a line of three parts; NULL is none. */
void firmware_say(struct firmware *f, const char *a, const char *b, const char *c);

/* --- the front ---------------------------------------------------------------------------------- */

/** What the image is called: "thimble-terminal". */
extern const char front_name[];

/** Called once, before anything is printed; there may turn out to be no credentials. */
void front_open(struct firmware *f);

/** The client is ready and not started yet; rooms are joined. */
void front_begin(struct firmware *f);

/** Prints a line, or a piece of one. */
void front_print(struct firmware *f, const char *text, size_t len, bool last);

/** An event of the client. */
void front_event(struct firmware *f, const struct thm_client_event *event);

#if THM_CALLS > 0
/** Whether it answers all callers by itself. */
extern const bool front_answers;

/** An event of the direct sessions. */
void front_call(struct firmware *f, const struct thm_call_event *event);
#endif

/** After each turn of the loop, of which there are at least two a second. */
void front_turn(struct firmware *f);

#endif
