/*
 * board-hub [--seed N] [--pcap FILE] --board NAME=PATH...: the network of the boards, with the faults that it is
 * told to have. It ends with its standard input.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

#define LINE 4096 /* bytes of a command: `inject` is long */

static struct lan lan;

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "board-hub: %s: %s\n", what, strerror(errno));
    exit(1);
}

_Noreturn static void usage(int code)
{
    puts("Usage: board-hub [--seed N] [--pcap FILE] --board NAME=PATH...\n\nCommands on standard "
         "input:");
    command_help();
    exit(code);
}

static void attach(char *value, uint64_t seed)
{
    char *path = strchr(value, '=');
    if (path == NULL)
        usage(2);
    *path++ = '\0';
    if (!lan_attach(&lan, value, path, seed + lan.count))
        die(path);
}

static void read_options(char **argv)
{
    uint64_t seed = 1;
    for (; argv[0] != NULL && argv[1] != NULL; argv += 2) {
        if (strcmp(argv[0], "--seed") == 0)
            seed = strtoull(argv[1], NULL, 10) * LAN_BOARDS;
        else if (strcmp(argv[0], "--board") == 0)
            attach(argv[1], seed);
        else if (strcmp(argv[0], "--pcap") != 0)
            usage(2);
        else if ((lan.capture = pcap_open(argv[1])) == NULL)
            die(argv[1]);
    }
    if (argv[0] != NULL || lan.count == 0)
        usage(argv[0] != NULL && strcmp(argv[0], "--help") == 0 ? 0 : 2);
}

/* Obeys every whole line that has come. False: the input has ended. */
static bool read_commands(void)
{
    static char line[LINE];
    static size_t len;
    char *end;
    ssize_t n = read(STDIN_FILENO, line + len, sizeof line - 1 - len);
    if (n <= 0)
        return false;
    len += (size_t)n;
    line[len] = '\0';
    while ((end = strchr(line, '\n')) != NULL) {
        *end++ = '\0';
        command_obey(&lan, line);
        len -= (size_t)(end - line);
        memmove(line, end, len + 1);
    }
    return len < sizeof line - 1;
}

/* One round: waits, then moves what there is to move. False: the end. */
static bool run_once(void)
{
    struct pollfd fds[1 + LAN_BOARDS + GATEWAY_FDS] = {{.fd = STDIN_FILENO, .events = POLLIN}};
    uint64_t now = lan_now_ms(), next = lan_run(&lan, now);
    uint32_t timeout = next <= now ? 0 : next - now > 1000 ? 1000 : (uint32_t)(next - now);
    for (unsigned i = 0; i < lan.count; i++)
        fds[1 + i] = (struct pollfd){.fd = lan.boards[i].fd, .events = POLLIN};
    unsigned used = 1 + lan.count + gateway_prepare(lan.gateway, fds + 1 + lan.count, &timeout);
    if (poll(fds, used, (int)timeout) < 0)
        die("poll");
    now = lan_now_ms();
    for (unsigned i = 0; i < lan.count; i++)
        lan_receive(&lan.boards[i], now);
    gateway_run(lan.gateway, fds + 1 + lan.count);
    return fds[0].revents == 0 || read_commands();
}

int main(int argc, char **argv)
{
    (void)argc;
    lan.boards = calloc(LAN_BOARDS, sizeof *lan.boards);
    lan.gateway = gateway_new(lan_from_gateway, &lan);
    if (lan.boards == NULL || lan.gateway == NULL)
        die("memory");
    signal(SIGPIPE, SIG_IGN); /* libslirp writes to connections that end at any time */
    read_options(argv + 1);
    puts("{\"ready\":true}");
    fflush(stdout);
    while (run_once())
        continue;
    gateway_free(lan.gateway);
    free(lan.boards);
    return 0;
}
