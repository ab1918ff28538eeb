/* unix-talk SOCKET: standard input to a Unix socket, and what comes from there to standard output, until it hangs up. */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* False: nothing more will come from there. */
static bool move(int from, int to)
{
    char bytes[4096];
    ssize_t n = read(from, bytes, sizeof bytes);
    for (ssize_t sent = 0; sent < n;) {
        ssize_t m = write(to, bytes + sent, (size_t)(n - sent));
        if (m <= 0)
            return false;
        sent += m;
    }
    return n > 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path)
        return 2;
    memcpy(address.sun_path, argv[1], strlen(argv[1]));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        perror(argv[1]);
        return 1;
    }
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    for (;;) {
        poll(fds, 2, -1);
        if (fds[1].revents && !move(STDIN_FILENO, fd)) {
            shutdown(fd, SHUT_WR);
            fds[1].fd = -1;
        }
        if (fds[0].revents && !move(fd, STDOUT_FILENO))
            return 0;
    }
}
