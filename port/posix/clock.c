#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "posix.h"

/* 2020-01-01: an earlier date means that nobody ever set the clock. */
#define CLOCK_SET_AFTER_S 1577836800

static uint64_t to_ms(struct timespec t)
{
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t thm_port_posix_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return to_ms(t);
}

int posix_utc(struct thm_port *port, uint64_t *ms)
{
    struct timespec t;

    (void)port;
    if (clock_gettime(CLOCK_REALTIME, &t) != 0 || t.tv_sec < CLOCK_SET_AFTER_S)
        return THM_E_CLOCK;
    *ms = to_ms(t);
    return THM_OK;
}

int posix_entropy(struct thm_port *port, void *buf, size_t len)
{
    uint8_t *at = buf;

    (void)port;
    while (len > 0) {
        ssize_t n = getrandom(at, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return THM_E_ENTROPY;
        at += n;
        len -= (size_t)n;
    }
    return THM_OK;
}
