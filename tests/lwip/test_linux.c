/*
 * The Linux board: two processes that are boards, on one cable of UNIX datagram sockets. One echoes; the other one checks
 * what else it is wired to, restarts itself, and then has 50 KB echoed.
 *
 * The program starts itself as each of them: the environment variable ROLE says as which.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <poll.h>

#include <cmocka.h>

#include "thimble/board.h"
#include "thimble/port_lwip.h"

#define ROLE     "LINUX_BOARD_ROLE"
#define SERVICE  7000
#define TOTAL    50000u
#define DEADLINE 30000u

/* --- the boards ---------------------------------------------------------------------------------- */

static struct thm_port_lwip lwip;
static const struct thm_port_ops *ops;

#define CHECK(what) check(what, #what)
static void check(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s: %s does not hold\n", getenv(ROLE), what);
    _exit(1);
}

static void start(uint8_t last_of_address)
{
    static const uint8_t seed[32];
    struct thm_lwip_config config = {.factory_seed = seed};
    const uint8_t ip[4] = {10, 0, 0, last_of_address}, mask[4] = {255, 255, 255, 0};
    struct thm_event event;

    memcpy(&config.address.ip, ip, 4);
    memcpy(&config.address.mask, mask, 4);
    thm_board_init();
    CHECK(thm_lwip_init(&lwip, &config) == THM_OK);
    ops = lwip.base.ops;
    ops->wait(&lwip.base, 0, &event, 1);
}

static void wait_for_news(void)
{
    struct thm_event events[4];

    CHECK(thm_board_now_ms() < DEADLINE);
    ops->wait(&lwip.base, thm_board_now_ms() + 100, events, 4);
}

static void echo(void)
{
    uint8_t buf[500];
    thm_socket listener, s;
    enum thm_io io;
    size_t n, sent;

    start(2);
    CHECK(ops->listen(&lwip.base, "0.0.0.0", SERVICE, 1, &listener) == THM_OK);
    while (ops->accept(&lwip.base, listener, 2, &s) != THM_IO_OK)
        wait_for_news();
    while ((io = ops->recv(&lwip.base, s, buf, sizeof buf, &n)) != THM_IO_EOF) {
        CHECK(io != THM_IO_ERROR);
        if (io == THM_IO_AGAIN)
            wait_for_news();
        for (size_t at = 0; at < n; at += sent) {
            CHECK(ops->send(&lwip.base, s, buf + at, n - at, &sent) != THM_IO_ERROR);
            if (sent < n - at)
                wait_for_news();
        }
    }
}

static void have_it_echoed(thm_socket s)
{
    uint8_t buf[500];
    size_t sent = 0, received = 0, n;

    while (received < TOTAL) {
        for (size_t i = 0; i < sizeof buf; i++)
            buf[i] = (uint8_t)((sent + i) * 7 % 251);
        if (sent < TOTAL && ops->send(&lwip.base, s, buf, sizeof buf, &n) == THM_IO_OK)
            sent += n;
        enum thm_io io = ops->recv(&lwip.base, s, buf, sizeof buf, &n);
        CHECK(io == THM_IO_OK || io == THM_IO_AGAIN);
        for (size_t i = 0; i < n; i++)
            CHECK(buf[i] == (uint8_t)((received + i) * 7 % 251));
        received += n;
        if (io == THM_IO_AGAIN)
            wait_for_news();
    }
}

static void caller(void)
{
    struct thm_event event;
    thm_socket s;
    char kept[8];
    size_t n;

    start(1);
    CHECK(ops->nv_read(&lwip.base, 1, kept, sizeof kept, &n) == THM_OK);
    if (thm_lwip_boots(&lwip) == 1) {
        CHECK(n == 0);
        CHECK(ops->nv_write(&lwip.base, 1, "kept", 4) == THM_OK);
        thm_board_write("first\n", 6);
        thm_board_restart();
    }
    CHECK(thm_lwip_boots(&lwip) == 2);
    CHECK(n == 4 && memcmp(kept, "kept", 4) == 0);
    CHECK(memcmp(thm_board_provision(0), "blob", 4) == 0);
    CHECK(thm_board_provision(1)[0] == 0xff);
    CHECK(ops->wait(&lwip.base, thm_board_now_ms() + DEADLINE, &event, 1) == 1);
    CHECK(event.what == THM_EV_WOKEN);
    CHECK(thm_board_getc() == 'k');
    CHECK(thm_board_getc() == -1);
    CHECK(ops->connect(&lwip.base, "10.0.0.2", SERVICE, 1, &s) == THM_OK);
    have_it_echoed(s);
    ops->close(&lwip.base, s);
    for (unsigned i = 0; i < 3; i++)
        wait_for_news();
    thm_board_write("second\n", 7);
}

/* --- what they are wired to ---------------------------------------------------------------------- */

static char dir[] = "/tmp/linux-board-XXXXXX";

static const char *path(const char *name)
{
    static char text[4][64];
    static unsigned at;
    char *next = text[at++ % 4];

    snprintf(next, sizeof text[0], "%s/%s", dir, name);
    return next;
}

static int hub_end(const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(a.sun_path, sizeof a.sun_path, "%s.hub", path(name));
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void pass_frame(int from, int to, const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    uint8_t frame[1600];
    ssize_t n = recv(from, frame, sizeof frame, 0);

    snprintf(a.sun_path, sizeof a.sun_path, "%s.board", path(name));
    assert_true(n > 0);
    sendto(to, frame, (size_t)n, MSG_DONTWAIT, (const struct sockaddr *)&a, sizeof a);
}

static pid_t switch_on(const char *role, const char *mac, int in, int out)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    setenv(ROLE, role, 1);
    setenv("THIMBLE_BOARD_LINK", path(role), 1);
    setenv("THIMBLE_BOARD_MAC", mac, 1);
    setenv("THIMBLE_BOARD_STORAGE", path(strcmp(role, "echo") == 0 ? "e" : "c"), 1);
    setenv("THIMBLE_BOARD_PROVISION", path("blob"), 1);
    execl("/proc/self/exe", role, (char *)NULL);
    _exit(127);
}

/* The hub, until the caller has ended. */
static int run_cable(pid_t until, int echo_fd, int caller_fd)
{
    struct pollfd fds[] = {{.fd = echo_fd, .events = POLLIN}, {.fd = caller_fd, .events = POLLIN}};
    int status;

    while (waitpid(until, &status, WNOHANG) == 0) {
        if (poll(fds, 2, 50) <= 0)
            continue;
        if (fds[0].revents & POLLIN)
            pass_frame(echo_fd, caller_fd, "caller");
        if (fds[1].revents & POLLIN)
            pass_frame(caller_fd, echo_fd, "echo");
    }
    return status;
}

static void test_two_processes_talk(void **state)
{
    static const char *const left[] = {"blob",       "c",          "e",           "echo.hub",
                                       "echo.board", "caller.hub", "caller.board"};
    int typed[2], printed[2];
    char said[32];

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(pipe(typed), 0);
    assert_int_equal(pipe(printed), 0);
    FILE *blob = fopen(path("blob"), "w");
    assert_non_null(blob);
    fputs("blob", blob);
    fclose(blob);
    int echo_fd = hub_end("echo"), caller_fd = hub_end("caller");
    pid_t e = switch_on("echo", "02:00:00:00:00:02", STDIN_FILENO, STDOUT_FILENO);
    pid_t c = switch_on("caller", "02:00:00:00:00:01", typed[0], printed[1]);
    assert_int_equal(read(printed[0], said, 6), 6);
    assert_int_equal(write(typed[1], "k", 1), 1);
    assert_int_equal(run_cable(c, echo_fd, caller_fd), 0);
    assert_int_equal(read(printed[0], said, sizeof said), 7);
    assert_memory_equal(said, "second\n", 7);
    assert_int_equal(run_cable(e, echo_fd, caller_fd), 0);
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        unlink(path(left[i]));
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_processes_talk),
    };
    const char *role = getenv(ROLE);

    if (!role)
        return cmocka_run_group_tests(tests, NULL, NULL);
    if (strcmp(role, "echo") == 0)
        echo();
    else
        caller();
    return 0;
}
