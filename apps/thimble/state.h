/*
 * What thimble keeps of a device between two runs, in one folder: the history of typed lines, the alias, how
 * far inbox and rooms were read, and the lock that keeps two clients from being the same device at a time. And of a user, for
 * all his devices here: the keys of others.
 */
#ifndef THIMBLE_STATE_H
#define THIMBLE_STATE_H

#include "thimble/client.h"

/* How far a stream was read. */
struct cursor {
    char name[THM_ROOM_MAX + 1];
    uint64_t incarnation, n;
    bool followed; /* in this run */
};

struct state {
    char *history;     /* path of the file */
    char *alias_file;  /* likewise */
    char *cursor_file; /* likewise */
    char *unsent_file; /* likewise, see unsent.h */
    char *known_file;  /* likewise, of the user: see known.h */
    char *alias;       /* NULL: none was chosen yet */
    struct cursor cursors[THM_CLIENT_STREAMS];
    unsigned cursor_count;
    int lock; /* descriptor that holds the lock */
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

/** How far a stream was read in the run before; NULL: it was not. */
const struct cursor *state_cursor(const struct state *s, const char *name);

/**
 * Remembers how far the client has read what it follows; does nothing when that is known. A room that this run did not
 * enter stays as it was, one that it left is forgotten.
 */
void state_keep_cursors(struct state *s, const struct thm_client *client);

#endif
