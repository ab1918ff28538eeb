/*
 * meddler PORT DEED...: stands between a board and the server at PORT of 127.0.0.1, and does one deed to each
 * connection; later ones it leaves alone. It prints its own port, and each deed when it is done.
 *
 *   noise   answers with noise instead of the server's words
 *   forged  damages one byte of the server's first flight
 *   late    lets them shake hands, then sends noise
 *   record  the same, but in what looks like a record of TLS
 *   huge    the same, but the record is said to be longer than any may be
 *   cut     closes both ends in the middle of what the server says
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SHAKEN 2 /* turns of the server's that a handshake takes */

struct relay {
    int board, server;
    const char *deed; /* NULL: none, or it is done */
    unsigned turns;   /* times that the server has said something */
};

_Noreturn static void die(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listen_anywhere(void)
{
    struct sockaddr_in a = loopback(0);
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) != 0 || listen(fd, 4) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        die("listen");
    printf("{\"port\":%d}\n", ntohs(a.sin_port));
    return fd;
}

static void pass(int fd, const unsigned char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* the end is seen by poll() */
        data += n;
        len -= (size_t)n;
    }
}

/* 300 bytes that a seed repeats, behind a header. */
static void make_noise(const struct relay *r, const void *header, size_t len)
{
    unsigned char noise[300];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)(rand() >> 7);
    memcpy(noise, header, len);
    pass(r->board, noise, sizeof noise);
}

static bool is(const struct relay *r, const char *deed)
{
    return r->deed != NULL && strcmp(r->deed, deed) == 0;
}

static void done(struct relay *r)
{
    printf("{\"done\":\"%s\"}\n", r->deed);
    r->deed = NULL;
}

/* What the server says, or what is made of it. False: the connection is to end. */
static bool tell_board(struct relay *r, unsigned char *data, size_t len)
{
    static const unsigned char record[] = {23, 3, 3, 1, 0}, huge[] = {23, 3, 3, 0xFF, 0xFF};
    bool early = r->turns == 0, late = r->turns >= SHAKEN, goes_on = true;
    r->turns++;
    if (is(r, "noise") && early) {
        make_noise(r, "", 0);
    } else if (is(r, "forged") && early) {
        data[len / 2] ^= 1;
        pass(r->board, data, len);
    } else if (is(r, "late") && late) {
        make_noise(r, "", 0);
    } else if (is(r, "record") && late) {
        make_noise(r, record, sizeof record);
    } else if (is(r, "huge") && late) {
        make_noise(r, huge, sizeof huge);
    } else if (is(r, "cut") && late) {
        pass(r->board, data, len / 2);
        goes_on = false;
    } else {
        pass(r->board, data, len);
        return true;
    }
    done(r);
    return goes_on;
}

static void run(struct relay *r)
{
    struct pollfd fds[] = {{.fd = r->board, .events = POLLIN}, {.fd = r->server, .events = POLLIN}};
    unsigned char buf[4096];
    for (bool goes_on = true; goes_on && poll(fds, 2, -1) > 0;) {
        if (fds[0].revents != 0) {
            ssize_t n = read(r->board, buf, sizeof buf);
            goes_on = n > 0;
            pass(r->server, buf, n > 0 ? (size_t)n : 0);
        }
        if (goes_on && fds[1].revents != 0) {
            ssize_t n = read(r->server, buf, sizeof buf);
            goes_on = n > 0 && tell_board(r, buf, (size_t)n);
        }
    }
    close(r->board);
    close(r->server);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("Usage: meddler PORT noise|forged|late|record|huge|cut...\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    const struct sockaddr_in server = loopback((unsigned)atoi(argv[1]));
    int listener = listen_anywhere();
    for (char **deed = argv + 2;; deed += *deed != NULL) {
        struct relay r = {.deed = *deed};
        r.board = accept(listener, NULL, NULL);
        r.server = socket(AF_INET, SOCK_STREAM, 0);
        if (r.board < 0 || r.server < 0 ||
            connect(r.server, (const struct sockaddr *)&server, sizeof server) != 0)
            die("connect");
        run(&r);
    }
}
