/*
 * A board's direct session (THM_CALLS): called by others, and calling. Without it nothing of this is there.
 */
#ifndef FIRMWARE_CALLS_H
#define FIRMWARE_CALLS_H

#include "thimble/call.h"

struct firmware;

#if THM_CALLS > 0

/* Bytes of thm_calls_tls_size(): a domain, an engine, and a buffer each way. An image says at its start if they are too few. */
#if UINTPTR_MAX > 0xffffffffu
#define CALLS_TLS_ENGINE 4704
#else
#define CALLS_TLS_ENGINE 4240
#endif
#define CALLS_TLS_MEMORY                                                                           \
    (CALLS_TLS_ENGINE + (THM_TLS_IN + 15) / 16 * 16 + (THM_TLS_OUT + 11 + 15) / 16 * 16)

/* Beside the client: its session, its place to listen, its memory of TLS. */
struct calls {
    struct thm_calls calls;
    _Alignas(16) unsigned char tls_memory[CALLS_TLS_MEMORY];
};

/** Listens. The client is prepared already. @return what thm_calls_init() does */
int calls_open(struct firmware *f);

/** Before and after a turn: when it has to be over, and what came of it. */
uint64_t calls_deadline(const struct firmware *f);
void calls_turn(struct firmware *f, const struct thm_event *events, int n);

/** An event of the client. */
void calls_event(struct firmware *f, const struct thm_client_event *event);

#else

#define calls_open(f)         THM_OK
#define calls_deadline(f)     UINT64_MAX
#define calls_turn(f, e, n)   ((void)(f))
#define calls_event(f, event) ((void)(f))

#endif
#endif
