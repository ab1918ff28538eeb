/* Direct sessions of a run: whether it takes part, where it listens, its credentials, its end. */
#ifndef THIMBLE_CALLS_H
#define THIMBLE_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "thimble/console.h"

struct session;

/** Prepares them, if the run takes part, beside its client, which is initialised. OPTIONS_OK, or an exit code after a message. */
int calls_open(struct session *s);

/** Says how the console meets them. */
void calls_console(struct session *s, struct thm_console_config *config);

/** Takes an event of the client. False: it is about direct sessions, and nothing to be shown. */
bool calls_client_event(struct session *s, const struct thm_client_event *event);

/** Does what is due; once a turn, behind the client. */
void calls_step(struct session *s, const struct thm_event *events, int n);

/** When that is to be done next, ms. */
uint64_t calls_deadline(const struct session *s);

/** Whether nothing is left to be sent since the run began to leave; the client has to stay until then, for its relay. */
bool calls_settled(const struct session *s);

/** Whether all that was said is acknowledged. */
bool calls_all_said(const struct session *s);

/** Prints an event as one line of JSON. */
void calls_print_json(const struct session *s, const struct thm_call_event *event);

#endif
