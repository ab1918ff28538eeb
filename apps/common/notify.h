/* Tells systemd how the service is: sd_notify(3) without its library. */
#ifndef THIMBLE_NOTIFY_H
#define THIMBLE_NOTIFY_H

#include <stdint.h>

/** Sends a state, such as "READY=1", to $NOTIFY_SOCKET; does nothing when there is none. */
void notify(const char *state);

/** Milliseconds after which "WATCHDOG=1" is due again; 0: there is no watchdog. */
uint64_t notify_interval(void);

#endif
