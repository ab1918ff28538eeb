/*
 * The log: one line an event on stderr, as text or as JSON, in the form that journald wants when it reads
 * along. Whatever stands in a value, it can't end the line or pass for another value.
 */
#ifndef THIMBLED_LOG_H
#define THIMBLED_LOG_H

#include <stdbool.h>

#include "thimble/server.h"

struct editor;

struct log {
    enum thm_log_level level; /* the least that is written */
    bool json;
    bool journal;          /* stderr is the journal's: it adds the time, and reads the <N> */
    struct editor *editor; /* of the terminal that stderr goes to; NULL: none */
};

/** Begins to log; finds out whether stderr leads to the journal. */
void log_open(struct log *log, enum thm_log_level level, bool json);

/** Writes what the server reports; for struct thm_server_config. */
void log_record(void *ctx, const struct thm_log_record *record);

/** Writes a line of the program's own; `detail` may be NULL. */
void log_note(struct log *log, enum thm_log_level level, const char *event, const char *detail);

#endif
