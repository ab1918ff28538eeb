/*
 * The log: one line an event on stderr, as text or as JSON, in the form that journald wants when it reads
 * along. Whatever stands in a value, it can't end the line or pass for another value.
 *
 * Lines are gathered and written once a turn of the loop, and a reader of stderr that stands still delays
 * nobody: what does not fit meanwhile is counted, and the number is logged.
 */
#ifndef THIMBLED_LOG_H
#define THIMBLED_LOG_H

#include <stdbool.h>

#include "thimble/server.h"

#include "line.h"

struct editor;

#define LOG_HELD 65536 /* bytes that may wait to be written */

struct log {
    enum thm_log_level level; /* the least that is written */
    bool json;
    bool journal;          /* stderr is the journal's: it adds the time, and reads the <N> */
    struct editor *editor; /* of the terminal that stderr goes to; NULL: none */
    uint64_t dropped;      /* lines that found no room */
    size_t held_len;
    char held[LOG_HELD];
    struct line_clock clock;
};

/** Begins to log; finds out whether stderr leads to the journal. */
void log_open(struct log *log, enum thm_log_level level, bool json);

/** Writes what the server reports; for struct thm_server_config. */
void log_record(void *ctx, const struct thm_log_record *record);

/** Writes what waits, as far as stderr takes it now. False: something still waits. */
bool log_flush(struct log *log);

/** Writes what waits, however long that takes, up to a second. */
void log_drain(struct log *log);

/** Writes a line of the program's own; `detail` may be NULL. */
void log_note(struct log *log, enum thm_log_level level, const char *event, const char *detail);

#endif
