/*
 * pair SERVER CLIENT [NAME]: runs two programs as the two ends of two connections, on file descriptors 3 and 4,
 * and fails unless both are content. With the name of a certificate they are clients among themselves.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(const char *program, const char *role, const char *name, const int ends[2])
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    dup2(ends[0], 3);
    dup2(ends[1], 4);
    execl(program, program, role, name, (char *)NULL);
    perror(program);
    _exit(127);
}

static int failed(pid_t pid, const char *program)
{
    int status;

    if (waitpid(pid, &status, 0) == pid && status == 0)
        return 0;
    fprintf(stderr, "%s failed (%#x)\n", program, (unsigned)status);
    return 1;
}

/* A pair of sockets on descriptors that the children's 3 and 4 can't collide with. */
static int make(int sockets[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        int moved = fcntl(sockets[i], F_DUPFD_CLOEXEC, 10);
        close(sockets[i]);
        sockets[i] = moved;
    }
    return 0;
}

int main(int argc, char **argv)
{
    int first[2], second[2];
    const char *name;
    pid_t server, client;

    if (argc < 3 || argc > 4 || make(first) != 0 || make(second) != 0)
        return 2;
    name = argv[3];
    server = start(argv[1], name ? "callee" : "server", name, (int[]){first[0], second[0]});
    client = start(argv[2], name ? "caller" : "client", name, (int[]){first[1], second[1]});
    for (int i = 0; i < 2; i++) {
        close(first[i]);
        close(second[i]);
    }
    return failed(client, argv[2]) + failed(server, argv[1]);
}
