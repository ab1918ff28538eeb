/* Who is at the socket: several at a time, of whom none waits for another one that is silent or slow. */
#ifndef THIMBLE_SIGND_CALLERS_H
#define THIMBLE_SIGND_CALLERS_H

#include <poll.h>
#include <stdbool.h>

#include "desk.h"

#define CALLERS_MAX 16u

struct caller {
    int fd;    /* -1: nobody */
    bool last; /* says no more; what it said is answered */
    uint64_t heard_ms;
    size_t in_len, out_len, sent;
    char in[DESK_LINE], out[DESK_LINE];
};

struct callers {
    int fd; /* listens */
    struct desk *desk;
    struct caller all[CALLERS_MAX];
};

/** @param fd  a socket that listens, non-blocking; stays the caller's */
void callers_open(struct callers *c, struct desk *desk, int fd);

/**
 * What poll() shall look at.
 *
 * @param fds   receives as many as there are, CALLERS_MAX + 1 at most
 * @param busy  receives whether a whole request waits for its turn: then poll() shall not
 */
nfds_t callers_wanted(const struct callers *c, struct pollfd fds[CALLERS_MAX + 1], bool *busy);

/** Reads, answers and sends what can be done at once; of each some, so that all have their turn. */
void callers_step(struct callers *c, int64_t now_s, uint64_t now_ms);

void callers_close(struct callers *c);

#endif
