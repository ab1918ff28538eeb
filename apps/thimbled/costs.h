/* What the server's limits cost. */
#ifndef THIMBLED_COSTS_H
#define THIMBLED_COSTS_H

#include "thimble/server.h"

#include "log.h"

/** Logs a summary, and at the level debug each part; `store`: bytes that the store of messages takes at most. */
void costs_log(struct log *log, size_t store, const struct thm_server_config *config);

#endif
