/*
 * crash [--restore] SERVER CLIENT BOARD-CLIENT CA-DIR FOLDER CRASHES SECONDS: a server that is killed again and again, and
 * clients that are killed too, while they talk. In the end what everybody was shown and what the database holds is
 * compared with what was acknowledged. It ends when there were so many crashes, or after so many seconds.
 *
 * SERVER is thimbled-crash: it is killed at random moments, and at random points of its commits. With --restore
 * it is not the server that is tried, but the clients: each time, an older copy of the database takes its place, and
 * clients are killed before, meanwhile and after.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "journal.h"

#define CLIENTS  6
#define BOARD    4      /* which of them has a board's limits */
#define STUCK_MS 20000u /* without any progress */
#define QUIET_MS 1000u  /* after which everything has arrived */
#define POINT_MS 1500u  /* that a server may take to come to the point where it ends */

static const char *const names[CLIENTS] = {"ali@default",   "ali@other",    "bianca@default",
                                           "carol@default", "dora@default", "eve@default"};
static const char *const streams[] = {"#lobby", "@ali", "@bianca", "@carol", "@dora", "@eve"};
enum { STREAMS = sizeof streams / sizeof streams[0] };

static const char *server_program, *client_program, *board_program, *ca, *folder;
static char port[8], database[512];
static pid_t server, clients[CLIENTS];
static unsigned crashes, at_points, client_crashes, restores;
static bool restoring;

static void end_all(void)
{
    if (server > 0)
        kill(server, SIGKILL);
    for (unsigned i = 0; i < CLIENTS; i++)
        if (clients[i] > 0)
            kill(clients[i], SIGKILL);
}

static _Noreturn void fail(const char *what, const char *more)
{
    end_all();
    printf("not ok - %s%s%s\n", what, more[0] != '\0' ? ": " : "", more);
    exit(1);
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void pass(uint64_t ms)
{
    const struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static uint32_t draw(uint32_t below)
{
    static uint32_t state;
    while (state == 0)
        if (getrandom(&state, sizeof state, 0) < 0)
            state = (uint32_t)now_ms();
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

static char *path_in(const char *name, const char *suffix)
{
    static char paths[4][600];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s%s", folder, name, suffix);
    return path;
}

/* --- processes ---------------------------------------------------------------------------------- */

static pid_t start(char *const argv[], const char *crash, const char *log)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(fd, 1);
    dup2(fd, 2);
    if (crash != NULL)
        setenv("THIMBLE_CRASH", crash, 1);
    execv(argv[0], argv);
    _exit(127);
}

static struct sockaddr_in address(void)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(port)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void choose_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = address();
    socklen_t len = sizeof a;
    if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) < 0)
        fail("no free port", strerror(errno));
    snprintf(port, sizeof port, "%u", ntohs(a.sin_port));
    close(fd);
}

static bool listens(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = address();
    bool good = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    close(fd);
    return good;
}

static void start_server(const char *crash)
{
    char listen[32], cafile[512], cert[512], key[512], data[600];
    snprintf(listen, sizeof listen, "127.0.0.1:%s", port);
    snprintf(cafile, sizeof cafile, "%s/ca.crt", ca);
    snprintf(cert, sizeof cert, "%s/server/localhost.crt", ca);
    snprintf(key, sizeof key, "%s/server/localhost.key", ca);
    snprintf(data, sizeof data, "%s/data", folder);
    char *argv[] = {(char *)server_program,
                    "--listen",
                    listen,
                    "--cafile",
                    cafile,
                    "--cert",
                    cert,
                    "--key",
                    key,
                    "--data",
                    data,
                    "--log-level",
                    "error",
                    "--no-console",
                    NULL};
    server = start(argv, crash, path_in("server", ".log"));
    uint64_t end = now_ms() + STUCK_MS;
    while (!listens()) {
        int status;
        if (waitpid(server, &status, WNOHANG) == server) {
            server = 0;
            if (crash != NULL && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
                return; /* before it listened */
            fail("the server does not start again", "see server.log");
        }
        if (now_ms() >= end)
            fail("the server does not listen", "");
        pass(2);
    }
}

/* Ends the server; what it says of itself may only be what was asked of it. */
static void end_server(int number)
{
    int status;
    if (server == 0)
        return;
    kill(server, number);
    if (waitpid(server, &status, 0) != server || (WIFEXITED(status) && WEXITSTATUS(status) != 0))
        fail("the server ended by itself", "see server.log");
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
        fail("the server crashed by itself", strsignal(WTERMSIG(status)));
    server = 0;
}

static void start_client(unsigned i)
{
    char *argv[] = {(char *)(i == BOARD ? board_program : client_program),
                    port,
                    (char *)ca,
                    (char *)names[i],
                    path_in(names[i], ".journal"),
                    "ali",
                    "bianca",
                    "carol",
                    "dora",
                    "eve",
                    NULL};
    clients[i] = start(argv, NULL, path_in("clients", ".log"));
}

static void check_clients(void)
{
    for (unsigned i = 0; i < CLIENTS; i++)
        if (clients[i] > 0 && waitpid(clients[i], NULL, WNOHANG) == clients[i])
            fail("a client gave up", "see clients.log");
}

static void crash_client(unsigned i)
{
    kill(clients[i], SIGKILL);
    waitpid(clients[i], NULL, 0);
    client_crashes++;
    start_client(i);
}

/* --- progress ----------------------------------------------------------------------------------- */

static uint64_t written(void)
{
    uint64_t sum = 0;
    struct stat s;
    for (unsigned i = 0; i < CLIENTS; i++)
        if (stat(path_in(names[i], ".journal"), &s) == 0)
            sum += (uint64_t)s.st_size;
    return sum;
}

/* Until the journals have grown by so much. */
static void await_talk(uint64_t bytes)
{
    uint64_t before = written(), end = now_ms() + STUCK_MS;
    while (written() < before + bytes) {
        check_clients();
        if (now_ms() >= end)
            fail("nobody says anything any more", "");
        pass(5);
    }
}

static unsigned count_lines(const char *path, const char *begin)
{
    char *line = NULL;
    size_t cap = 0;
    unsigned count = 0;
    FILE *f = fopen(path, "r");
    while (f != NULL && getline(&line, &cap, f) > 0)
        count += strncmp(line, begin, strlen(begin)) == 0;
    free(line);
    if (f != NULL)
        fclose(f);
    return count;
}

static unsigned count_all(const char *begin, unsigned *least)
{
    unsigned sum = 0;
    *least = UINT32_MAX;
    for (unsigned i = 0; i < CLIENTS; i++) {
        unsigned count = count_lines(path_in(names[i], ".journal"), begin);
        sum += count;
        *least = count < *least ? count : *least;
    }
    return sum;
}

/* Nobody says anything more, and all that was said has arrived. */
static void settle(void)
{
    uint64_t end = now_ms() + 3 * STUCK_MS, size = written(), since = now_ms();
    unsigned least = 0;
    for (unsigned i = 0; i < CLIENTS; i++)
        kill(clients[i], SIGTERM);
    while (least == 0 || now_ms() - since < QUIET_MS) {
        check_clients();
        if (now_ms() >= end)
            fail("it does not come to rest", least == 0 ? "somebody waits for an answer" : "");
        pass(50);
        if (written() != size) {
            size = written();
            since = now_ms();
        }
        if (least == 0)
            count_all("I", &least);
    }
}

/* --- crashes ------------------------------------------------------------------------------------ */

static void crash_at_random(void)
{
    start_server(NULL);
    if (draw(8) != 0)
        await_talk(1 + draw(4000));
    pass(draw(100));
    end_server(SIGKILL);
}

static void crash_at_point(void)
{
    static const char *const points[] = {"before", "in", "after"};
    char crash[32];
    int status;
    snprintf(crash, sizeof crash, "%s %u kill", points[draw(3)], 1 + draw(60));
    start_server(crash);
    uint64_t end = now_ms() + POINT_MS;
    while (server != 0 && now_ms() < end) {
        if (waitpid(server, &status, WNOHANG) == server) {
            if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
                fail("the server ended by itself", "see server.log");
            server = 0;
            at_points++;
        }
        pass(2);
    }
    end_server(SIGKILL);
}

static void crash(unsigned most, uint64_t until)
{
    while (crashes < most && now_ms() < until) {
        if (draw(2) == 0)
            crash_at_random();
        else
            crash_at_point();
        crashes++;
        if (draw(3) == 0)
            crash_client(draw(CLIENTS));
        check_clients();
    }
    start_server(NULL);
    await_talk(2000);
}

/* --- older copies ------------------------------------------------------------------------------- */

static void copy(const char *from, const char *to)
{
    static char buf[1 << 16];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t n;
    while ((n = read(in, buf, sizeof buf)) > 0)
        if (write(out, buf, (size_t)n) != n)
            n = -1;
    if (in < 0 || out < 0 || n < 0 || close(in) < 0 || close(out) < 0)
        fail("the copy can't be made", strerror(errno));
}

/* Until each has written so many lines that begin so. */
static void await_lines(const char *begin, unsigned each, const char *otherwise)
{
    uint64_t end = now_ms() + STUCK_MS;
    unsigned least;
    do {
        check_clients();
        pass(10);
        count_all(begin, &least);
        if (now_ms() >= end)
            fail(otherwise, "");
    } while (least < each);
}

/* The WAL belongs to the database: a copy after a crash is of both. */
static void copy_database(const char *from, const char *to)
{
    char wal_from[600], wal_to[600];
    snprintf(wal_from, sizeof wal_from, "%s-wal", from);
    snprintf(wal_to, sizeof wal_to, "%s-wal", to);
    unlink(wal_to);
    unlink(to);
    copy(from, to);
    if (access(wal_from, F_OK) == 0)
        copy(wal_from, wal_to);
}

/* Kills about a third of them; a little later, so that it may be in the midst of anything. */
static void crash_some(void)
{
    pass(draw(60));
    for (unsigned i = 0; i < CLIENTS; i++)
        if (draw(3) == 0)
            crash_client(i);
}

static void restore(unsigned most, uint64_t until)
{
    start_server(NULL);
    await_lines("J #lobby", 1, "somebody does not come in");
    while (restores < most && now_ms() < until) {
        end_server(draw(8) == 0 ? SIGTERM : SIGKILL); /* after a goodbye all wait for a second */
        copy_database(database, path_in("copy", ".db"));
        start_server(NULL);
        await_talk(2000 + draw(6000));
        if (draw(2) == 0)
            crash_some();
        end_server(draw(8) == 0 ? SIGTERM : SIGKILL);
        copy_database(path_in("copy", ".db"), database);
        if (draw(2) == 0)
            crash_some();
        start_server(NULL);
        restores++;
        if (draw(2) == 0)
            crash_some(); /* some have been told of the gap, some not yet */
        await_lines("G #lobby", restores, "somebody is not told that the log is another one");
        await_talk(2000);
    }
}

/* --- the verdict -------------------------------------------------------------------------------- */

static int judge(void)
{
    struct held held[STREAMS] = {{{0}, 0, 0, NULL}};
    struct verdict v = {0};
    uint64_t entries = 0;
    if (!held_read(database, streams, STREAMS, held))
        return 1;
    for (unsigned i = 0; i < STREAMS; i++) {
        judge_held(&held[i], &v);
        entries += held[i].head;
    }
    for (unsigned i = 0; i < CLIENTS; i++)
        judge_journal(path_in(names[i], ".journal"), held, STREAMS, restoring, &v);
    held_free(held, STREAMS);
    unsigned least,
        wrong = v.lost + v.twice + v.disordered + v.holes + v.foreign + v.missing + v.refused;
    unsigned lobby = count_all("G #lobby", &least);
    if (restoring && (least != restores || lobby != restores * CLIENTS)) {
        printf("# %u gaps of #lobby for %u clients and %u copies\n", lobby, CLIENTS, restores);
        wrong++;
    }
    printf("%s - ", wrong == 0 ? "ok" : "not ok");
    if (restoring)
        printf("%u older copies restored, %u crashes of clients, %u gaps shown", restores,
               client_crashes, v.gaps);
    else
        printf("%u crashes of the server, %u of them within a commit, %u of clients", crashes,
               at_points, client_crashes);
    printf("; %u messages acknowledged, %llu entries held, %u shown: %u lost, %u twice, %u out of "
           "order, %u numbers missing, %u shown that are not held, %u not shown, %u refused\n",
           v.acknowledged, (unsigned long long)entries, v.shown, v.lost, v.twice, v.disordered,
           v.holes, v.foreign, v.missing, v.refused);
    return wrong == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    restoring = argc > 1 && strcmp(argv[1], "--restore") == 0;
    argv += restoring;
    argc -= restoring;
    if (argc != 8) {
        fputs("Usage: crash [--restore] SERVER CLIENT BOARD-CLIENT CA-DIR FOLDER CRASHES SECONDS\n",
              stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    server_program = argv[1];
    client_program = argv[2];
    board_program = argv[3];
    ca = argv[4];
    folder = argv[5];
    snprintf(database, sizeof database, "%s/data/thimbled.db", folder);
    choose_port();
    for (unsigned i = 0; i < CLIENTS; i++)
        start_client(i);
    uint64_t until = now_ms() + 1000u * (uint64_t)atoi(argv[7]);
    if (restoring)
        restore((unsigned)atoi(argv[6]), until);
    else
        crash((unsigned)atoi(argv[6]), until);
    settle();
    end_all();
    while (wait(NULL) > 0)
        ;
    server = 0;
    return judge();
}
