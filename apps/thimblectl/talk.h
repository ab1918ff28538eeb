/* The control socket from its other end: see apps/thimbled/control.h. */
#ifndef THIMBLECTL_TALK_H
#define THIMBLECTL_TALK_H

#include <stdbool.h>

/**
 * Finds a server.
 *
 * @param path  of its socket; NULL: the usual places
 * @return a descriptor; -1 after a message that says which were tried and what to do
 */
int talk_connect(const char *path);

/**
 * Asks, and prints the answer as it comes.
 *
 * @param line  without newline
 * @param qr    invitations in it are shown as QR codes, too
 * @return an exit code, after a message unless it is EXIT_DONE
 */
int talk_ask(int fd, const char *line, bool qr);

#endif
