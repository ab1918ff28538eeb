/* A Unix socket that listens, as a file: who may use it, and whose it is when two programs want it. */
#ifndef THIMBLE_LOCAL_SOCKET_H
#define THIMBLE_LOCAL_SOCKET_H

#include <stddef.h>

enum socket_result { SOCKET_OPEN, SOCKET_TAKEN, SOCKET_FAILED };

/* What the sentences say. */
struct socket_words {
    const char *name;    /* "control socket" */
    const char *program; /* that listens there: "thimbled" */
    const char
        *cure; /* what helps when another one has it: "give this one another by --control FILE" */
};

struct local_socket {
    char *path;
    int fd, lock; /* it listens; PATH-lock, held */
};

/**
 * Makes the socket, mode 600, and its folder when there is none, mode 700. One that a program left behind is replaced.
 *
 * @param group  whose members may use it too (660, and 710 for a folder that was the user's alone); NULL: nobody's
 * @param why    receives one sentence unless it is SOCKET_OPEN
 * @return SOCKET_TAKEN: another program has it
 */
enum socket_result local_socket_open(struct local_socket *s, const struct socket_words *words,
                                     const char *path, const char *group, char *why, size_t cap);

/** Takes it away. */
void local_socket_close(struct local_socket *s);

#endif
