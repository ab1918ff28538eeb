/*
 * What thimble keeps of a device between two runs, in one folder: the history of typed lines, the alias, and
 * the lock that keeps two clients from being the same device at a time.
 */
#ifndef THIMBLE_STATE_H
#define THIMBLE_STATE_H

#include <stddef.h>

struct state {
    char *history;    /* path of the file */
    char *alias_file; /* likewise */
    char *alias;      /* NULL: none was chosen yet */
    int lock;         /* descriptor that holds the lock */
};

/**
 * Opens the state of "user@device" and locks it for as long as the process lives.
 *
 * @param folder  from --state; NULL: the user's own, $XDG_STATE_HOME/thimble
 * @return OPTIONS_OK, or an exit code after a message
 */
int state_open(struct state *s, const char *folder, const char *user, const char *device);

/** Remembers the alias for the next run. */
void state_set_alias(struct state *s, const char *alias, size_t len);

#endif
