#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

static int ends[2] = {-1, -1};

static void on_signal(int number)
{
    int error = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t n = write(ends[1], &byte, 1); /* a full pipe wakes the loop as well */
    (void)n;
    errno = error;
}

/* A background job of a script is not meant by Ctrl-C: who started it has said so. */
static bool is_ignored(int number)
{
    struct sigaction now;
    return (number == SIGINT || number == SIGQUIT) && sigaction(number, NULL, &now) == 0 &&
           now.sa_handler == SIG_IGN;
}

int signals_open(const int *signals)
{
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (; *signals; signals++)
        if (!is_ignored(*signals) && sigaction(*signals, &action, NULL) < 0)
            return -1;
    return ends[0];
}

int signals_next(void)
{
    unsigned char byte;
    return read(ends[0], &byte, 1) == 1 ? byte : 0;
}
