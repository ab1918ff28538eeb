/*
 * What thimble keeps of a device between two runs, in one folder: the history of typed lines, the alias, how
 * far the inbox was read, and the lock that keeps two clients from being the same device at a time.
 */
#ifndef THIMBLE_STATE_H
#define THIMBLE_STATE_H

#include <stddef.h>
#include <stdint.h>

struct state {
    char *history;                       /* path of the file */
    char *alias_file;                    /* likewise */
    char *inbox_file;                    /* likewise */
    char *alias;                         /* NULL: none was chosen yet */
    uint64_t inbox_incarnation, inbox_n; /* 0: never read */
    int lock;                            /* descriptor that holds the lock */
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

/** Remembers how far the inbox was read; does nothing when that is known. */
void state_set_inbox(struct state *s, uint64_t incarnation, uint64_t n);

#endif
