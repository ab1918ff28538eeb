/* The control socket as a file: who may use it, and whose it is when two servers want it. */
#ifndef THIMBLED_CONTROL_SOCKET_H
#define THIMBLED_CONTROL_SOCKET_H

#include <stddef.h>

enum control_result { CONTROL_OPEN, CONTROL_TAKEN, CONTROL_FAILED };

struct control_socket {
    char *path;
    int fd, lock; /* it listens; PATH-lock, held */
};

/**
 * Makes the socket, mode 600, and its folder when there is none, mode 700. One that a server left behind is replaced.
 *
 * @param group  whose members may use it too (660, and 710 for a folder that was the user's alone); NULL: nobody's
 * @param why    receives one sentence unless it is CONTROL_OPEN
 * @return CONTROL_TAKEN: another server has it
 */
enum control_result control_socket_open(struct control_socket *s, const char *path,
                                        const char *group, char *why, size_t cap);

/** Takes it away. */
void control_socket_close(struct control_socket *s);

#endif
