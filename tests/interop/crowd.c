/*
 * crowd PORT ADDRESS SILENT HELLOS once|again: opens SILENT connections from a local address that never say a word
 * and HELLOS that send a ClientHello and nothing more; `again`: whichever the server closes is opened again at
 * once. Says when all were opened; ends, with the number of connections that it made, when its standard input ends.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls_peer.h"

#define CROWD_MAX 16384

static struct pollfd members[1 + CROWD_MAX]; /* the first is standard input */
static unsigned silent, total, opened;
static bool again;
static unsigned char hello[1024];
static size_t hello_len;
static struct sockaddr_in server = {.sin_family = AF_INET}, here = {.sin_family = AF_INET};

static void make_hello(void)
{
    SSL_CTX *context = peer_context(NULL, NULL);
    SSL *ssl = SSL_new(context);
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
    SSL_connect(ssl);
    int n = BIO_read(out, hello, sizeof hello);
    if (n <= 0)
        peer_die("no ClientHello");
    hello_len = (size_t)n;
    SSL_free(ssl);
    SSL_CTX_free(context);
}

static void open_member(struct pollfd *m)
{
    m->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (m->fd < 0)
        peer_die("too few descriptors: raise 'ulimit -Hn'");
    if (bind(m->fd, (const struct sockaddr *)&here, sizeof here) < 0)
        peer_die("no such address here");
    connect(m->fd, (const struct sockaddr *)&server, sizeof server); /* or POLLERR follows */
    m->events = POLLOUT;
    opened++;
}

static void serve_member(struct pollfd *m)
{
    char bytes[4096];
    bool talks = m - members > silent;
    if ((m->revents & POLLOUT) != 0) {
        if (talks && send(m->fd, hello, hello_len, MSG_NOSIGNAL) < 0)
            m->revents |= POLLERR;
        m->events = POLLIN;
    }
    if ((m->revents & (POLLERR | POLLHUP)) == 0 &&
        ((m->revents & POLLIN) == 0 || recv(m->fd, bytes, sizeof bytes, 0) > 0))
        return;
    close(m->fd);
    m->fd = -1; /* poll() leaves it out */
    if (again)
        open_member(m);
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    if (argc != 6 || inet_pton(AF_INET, argv[2], &here.sin_addr) != 1)
        return 2;
    server.sin_port = htons((uint16_t)atoi(argv[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    silent = (unsigned)atoi(argv[3]);
    total = silent + (unsigned)atoi(argv[4]);
    again = strcmp(argv[5], "again") == 0;
    if (total > CROWD_MAX)
        return 2;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    make_hello();
    members[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    for (unsigned i = 1; i <= total; i++)
        open_member(&members[i]);
    puts("{\"opened\":true}");
    fflush(stdout);
    while (poll(members, 1 + total, -1) > 0 && members[0].revents == 0)
        for (unsigned i = 1; i <= total; i++)
            if (members[i].revents != 0)
                serve_member(&members[i]);
    printf("{\"connections\":%u}\n", opened);
    return 0;
}
