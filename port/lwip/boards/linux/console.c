#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "linux.h"
#include "thimble/board.h"

static struct termios before;
static unsigned char typed[256];
static size_t count, taken;
static bool closed;

static void restore(void)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

void board_console_init(void)
{
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return; /* a pipe or a file */
    raw = before;
    cfmakeraw(&raw);
    raw.c_lflag |= ISIG; /* Ctrl-C pulls the plug */
    raw.c_oflag |= OPOST;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    atexit(restore);
}

int board_console_fd(void)
{
    return closed ? -1 : STDIN_FILENO;
}

bool thm_board_input_waits(void)
{
    struct pollfd in = {.fd = board_console_fd(), .events = POLLIN};

    if (taken < count)
        return true;
    if (poll(&in, 1, 0) != 1)
        return false;
    ssize_t n = read(STDIN_FILENO, typed, sizeof typed);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return false;
    closed = n <= 0;
    taken = 0;
    count = closed ? 0 : (size_t)n;
    return !closed;
}

int thm_board_getc(void)
{
    return thm_board_input_waits() ? typed[taken++] : -1;
}

void thm_board_write(const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* nobody listens, which a UART does not notice */
        bytes += n;
        len -= (size_t)n;
    }
}
