/* The running server: port, store, core and log, from the first listen to the last goodbye. */
#ifndef THIMBLED_SERVICE_H
#define THIMBLED_SERVICE_H

#include "settings.h"

/** Runs the server until a signal, or the operator, ends it. Returns the program's exit code. */
int service_run(const struct settings *settings);

#endif
