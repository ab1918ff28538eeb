/* The control socket: who may use it, what a slow, a rude or a sudden client can do, and that nobody waits for him. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "control.h"
#include "control_path.h"
#include "stand_in.h"

#define TAG 3u

static char folder[] = "/tmp/thimble-control-XXXXXX";
static char path[64], why[512];
static struct control control;
static struct thm_port_posix port;
static uint64_t now;

static int set_up(void **state)
{
    const struct thm_port_posix_config config = {.max_sockets = 4};
    (void)state;
    stand_in_begin(NULL);
    now = 1000000;
    assert_int_equal(thm_port_posix_init(&port, &config), THM_OK);
    assert_int_equal(
        control_open(&control, &port, TAG, &stand_in.host, path, NULL, why, sizeof why),
        SOCKET_OPEN);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    control_close(&control);
    thm_port_posix_destroy(&port);
    stand_in_end();
    return 0;
}

/* One turn of the loop, which does not wait. How often the port woke it. */
static int turn(void)
{
    struct thm_event events[8];
    int n = port.port.ops->wait(&port.port, 0, events, 8);
    assert_true(n >= 0);
    for (int i = 0; i < n; i++)
        if (events[i].tag == TAG)
            control_ready(&control);
    control_step(&control, now);
    stand_in.log.held_len = 0;
    return n;
}

static void turns(unsigned count)
{
    while (count-- > 0)
        turn();
}

static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    turn();
    return fd;
}

static void tell(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    turns(3);
}

/* All that is there to be read, and whether the other end has closed. */
static char heard[1 << 18];
static bool closed;

static const char *hear(int fd)
{
    size_t len = 0;
    ssize_t n;
    while ((n = recv(fd, heard + len, sizeof heard - 1 - len, 0)) > 0)
        len += (size_t)n;
    closed = n == 0 || errno == ECONNRESET;
    heard[len] = '\0';
    return heard;
}

static unsigned clients(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        count += control.clients[i].fd >= 0 || control.clients[i].call.busy;
    return count;
}

/* --- the file ----------------------------------------------------------------------------------- */

static unsigned mode(const char *of)
{
    struct stat info;
    assert_int_equal(lstat(of, &info), 0);
    return info.st_mode & 07777;
}

static void test_only_the_user_may_use_it(void **state)
{
    char own[64];
    (void)state;
    assert_int_equal(mode(path), 0600);
    snprintf(own, sizeof own, "%.*s", (int)(strrchr(path, '/') - path), path);
    assert_int_equal(mode(own), 0700);
    control_close(&control);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(control_open(&control, &port, TAG, &stand_in.host, path, "0", why, sizeof why),
                     SOCKET_OPEN);
    assert_int_equal(mode(path), 0660);
    assert_int_equal(mode(own), 0710);
    control_close(&control);
    assert_int_equal(chmod(own, 0700), 0);
    assert_int_equal(
        control_open(&control, &port, TAG, &stand_in.host, path, "nobody-here", why, sizeof why),
        SOCKET_FAILED);
    assert_non_null(strstr(why, "no group 'nobody-here'"));
}

static void test_a_live_socket_is_refused_and_a_dead_one_replaced(void **state)
{
    static struct control second;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)state;
    assert_int_equal(control_open(&second, &port, TAG, &stand_in.host, path, NULL, why, sizeof why),
                     SOCKET_TAKEN);
    assert_non_null(strstr(why, "another thimbled answers at the control socket"));
    assert_non_null(strstr(why, "--control none"));
    int fd = dial();
    tell(fd, "stats\n"); /* the first is unharmed */
    assert_non_null(strstr(hear(fd), "\nok\n"));
    close(fd);
    control_close(&control);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd); /* a server that was killed leaves this */
    assert_int_equal(
        control_open(&control, &port, TAG, &stand_in.host, path, NULL, why, sizeof why),
        SOCKET_OPEN);
    fd = dial();
    tell(fd, "stats\n");
    assert_non_null(strstr(hear(fd), "\nok\n"));
    close(fd);
}

static void test_what_is_no_socket_is_left_alone(void **state)
{
    (void)state;
    control_close(&control);
    FILE *file = fopen(path, "w");
    fputs("mine", file);
    fclose(file);
    assert_int_equal(
        control_open(&control, &port, TAG, &stand_in.host, path, NULL, why, sizeof why),
        SOCKET_FAILED);
    assert_non_null(strstr(why, "is no socket"));
    assert_string_equal(file_text(path), "mine");
    unlink(path);
    char longer[200];
    memset(longer, 'x', sizeof longer - 1);
    memcpy(longer, "/tmp/", 5);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(
        control_open(&control, &port, TAG, &stand_in.host, longer, NULL, why, sizeof why),
        SOCKET_FAILED);
    assert_non_null(strstr(why, "more than 107 bytes"));
}

static void place(char *found, const char *want)
{
    if (want)
        assert_string_equal(found, want);
    else
        assert_null(found);
    free(found);
}

/* Where the one makes it, the other looks for it. */
static void test_the_usual_places(void **state)
{
    (void)state;
    setenv("RUNTIME_DIRECTORY", "/run/thimble:/run/other", 1);
    setenv("XDG_RUNTIME_DIR", "/run/user/1000", 1);
    place(control_path_of_server(), "/run/thimble/control");
    unsetenv("RUNTIME_DIRECTORY");
    place(control_path_of_server(), "/run/user/1000/thimble/control");
    place(control_path_to_try(0), "/run/user/1000/thimble/control");
    place(control_path_to_try(1), "/run/thimble/control");
    place(control_path_to_try(2), NULL);
    setenv("XDG_RUNTIME_DIR", "relative", 1); /* which the specification has ignored */
    place(control_path_to_try(0), "/run/thimble/control");
    place(control_path_to_try(1), NULL);
    place(control_path_of_server(), geteuid() == 0 ? "/run/thimble/control" : NULL);
    unsetenv("XDG_RUNTIME_DIR");
}

/* --- requests ----------------------------------------------------------------------------------- */

static void test_requests_follow_each_other(void **state)
{
    (void)state;
    int fd = dial();
    tell(fd, "kick eve\nkick nobody\nd");
    tell(fd, "ance\r\n");
    turns(5);
    assert_string_equal(hear(fd),
                        "1 session ended\nok\n0 sessions ended\nok\nerror command: unknown "
                        "command 'dance': help lists them; say TEXT speaks to all\n");
    assert_false(closed);
    tell(fd, "reload\n");
    shutdown(fd, SHUT_WR);
    turns(3);
    assert_string_equal(hear(fd), "read anew\nok\n");
    assert_true(closed);
    assert_int_equal(clients(), 0);
    close(fd);
}

static void test_what_is_said_before_hanging_up_is_answered(void **state)
{
    (void)state;
    int fd = dial();
    assert_int_equal(send(fd, "kick eve\nkick nobody\nhalf", 25, 0), 25);
    shutdown(fd, SHUT_WR);
    turns(1);
    assert_int_equal(control_deadline(&control, now),
                     0); /* more is to be done, and nobody will wake us for it */
    turns(7);
    assert_string_equal(hear(fd), "1 session ended\nok\n0 sessions ended\nok\n");
    assert_true(closed);
    close(fd);
}

static void test_no_line_passes_for_the_last(void **state)
{
    static const char *const rows[] = {"ok", "error state: x", " spaced", "okay", "errors"};
    (void)state;
    int fd = dial();
    tell(fd, "user list\n");
    assert_non_null(stand_in.request);
    struct call *call = stand_in.request->owner;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        call->line(call, rows[i]);
    stand_in.request->done(stand_in.request, THM_OK);
    turns(2);
    assert_string_equal(hear(fd), " ok\n error state: x\n  spaced\nokay\nerrors\n0 accounts\nok\n");
    close(fd);
}

static void test_who_waits_hears_that_the_server_ended(void **state)
{
    (void)state;
    int fd = dial();
    tell(fd, "user list\n");
    assert_non_null(stand_in.request);
    control_close(&control);
    assert_string_equal(hear(fd), "error shutdown: the server ended before this was done\n");
    assert_true(closed);
    close(fd);
}

static void test_a_request_may_come_byte_by_byte(void **state)
{
    const char *request = "kick eve\n";
    (void)state;
    int fd = dial();
    for (size_t i = 0; request[i]; i++) {
        assert_string_equal(hear(fd), "");
        assert_int_equal(send(fd, request + i, 1, 0), 1);
        turns(2);
    }
    assert_string_equal(hear(fd), "1 session ended\nok\n");
    close(fd);
}

static void test_who_asks_is_logged(void **state)
{
    char want[128];
    (void)state;
    int fd = dial();
    send(fd, "say a canary\n", 13, 0);
    control_ready(&control);
    control_step(&control, now);
    snprintf(want, sizeof want, " INFO control detail=\"uid %lu, pid %ld: say\"\n",
             (unsigned long)geteuid(), (long)getpid());
    assert_non_null(memmem(stand_in.log.held, stand_in.log.held_len, want, strlen(want)));
    assert_null(memmem(stand_in.log.held, stand_in.log.held_len, "canary", 6));
    close(fd);
}

/* --- rude, slow and sudden clients ---------------------------------------------------------------- */

static void test_what_is_no_line_of_text_is_refused(void **state)
{
    static char big[2 * CONTROL_LINE];
    (void)state;
    int fd = dial();
    assert_int_equal(send(fd, "sta\0ts\n", 7, 0), 7);
    turns(3);
    assert_string_equal(hear(fd), "error utf8: the request is not one line of text\n");
    assert_true(closed);
    close(fd);
    fd = dial();
    tell(fd, "say \xff\n");
    assert_non_null(strstr(hear(fd), "error utf8"));
    close(fd);
    fd = dial();
    memset(big, 'x', sizeof big - 1);
    tell(fd, big);
    turns(10);
    assert_non_null(strstr(hear(fd), "error argument: the request is too long\n"));
    assert_true(closed);
    close(fd);
    turns(3);
    assert_int_equal(clients(), 0);
}

/* Nobody has the loop for himself. */
static void test_a_flood_is_taken_in_small_portions(void **state)
{
    static char flood[4001];
    (void)state;
    memset(flood, '\n', sizeof flood - 1);
    int fd = dial();
    assert_int_equal(send(fd, flood, sizeof flood - 1, 0), sizeof flood - 1);
    turn();
    assert_in_range(control.clients[0].in_len, 3500, 4000);
    assert_int_equal(control_deadline(&control, now), 0);
    turns(100);
    assert_int_equal(control.clients[0].in_len, 0);
    close(fd);
}

static void test_silence_is_cut_off(void **state)
{
    (void)state;
    int silent = dial(), slow = dial();
    now += CONTROL_PATIENCE_MS - 1;
    tell(slow, "kick ev");
    assert_string_equal(hear(silent), "");
    assert_false(closed);
    assert_int_equal(control_deadline(&control, now), now + 1);
    now += 1;
    turns(1);
    hear(silent);
    assert_true(closed);
    hear(slow); /* a part of a request is none */
    assert_true(closed);
    assert_int_equal(clients(), 0);
    assert_int_equal(control_deadline(&control, now), UINT64_MAX);
    close(silent);
    close(slow);
}

static void test_eight_are_served_and_the_ninth_is_told(void **state)
{
    int all[CONTROL_CLIENTS], ninth;
    (void)state;
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        all[i] = dial();
    ninth = dial();
    assert_string_equal(hear(ninth),
                        "error busy: all places at the control socket are taken; try again\n");
    assert_true(closed);
    close(ninth);
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
        tell(all[i], "kick eve\n");
        assert_string_equal(hear(all[i]), "1 session ended\nok\n");
    }
    close(all[3]);
    turns(2);
    ninth = dial();
    tell(ninth, "kick eve\n");
    assert_string_equal(hear(ninth), "1 session ended\nok\n");
    close(ninth);
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        if (i != 3)
            close(all[i]);
}

static void fill(struct call *call, size_t bytes)
{
    char line[1001];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    for (size_t n = 0; n < bytes; n += sizeof line)
        call->line(call, line);
}

/* Who does not read is neither waited for nor does he cost more than the bound. */
static void test_a_slow_reader_is_cut_when_his_buffer_is_full(void **state)
{
    (void)state;
    int slow = dial(), other = dial();
    tell(slow, "user list\n");
    struct thm_admin_request *request = stand_in.request;
    fill(request->owner, CONTROL_OUT_MAX - 2000);
    assert_false(control.clients[0].cut);
    fill(request->owner, 4000);
    assert_true(control.clients[0].cut);
    assert_true(control.clients[0].out.len <= CONTROL_OUT_MAX);
    turns(1);
    assert_int_equal(control.clients[0].fd, -1);
    assert_int_equal(clients(), 2); /* the server still has his request */
    int third = dial();             /* so his place is not given away */
    assert_int_equal(control.clients[0].fd, -1);
    assert_true(control.clients[2].fd >= 0);
    close(third);
    turns(2);
    tell(other, "kick eve\n");
    assert_string_equal(hear(other), "1 session ended\nok\n");
    fill(request->owner, 4000); /* for nobody */
    assert_int_equal(control.clients[0].out.len, 0);
    request->done(request, THM_OK);
    turns(1);
    assert_int_equal(clients(), 1);
    close(slow);
    close(other);
}

static void test_a_long_answer_waits_for_who_reads_slowly(void **state)
{
    (void)state;
    stand_in.room_count = 20000;
    stand_in.admin = THM_E_STATE; /* no records: rooms are those that somebody is in */
    int slow = dial();
    tell(slow, "room list\n");
    turns(200);
    assert_true(control.clients[0].call.busy);
    assert_true(control.clients[0].out.len - control.clients[0].sent < CONTROL_OUT_MAX);
    assert_in_range(control_deadline(&control, now), now + 1,
                    now + 100); /* it is tried again soon, */
    tell(slow, "stats\n");
    assert_int_equal(turn(), 0); /* and the port does not wake the loop all the while */
    size_t len = 0;
    while (control.clients[0].call.busy || control.clients[0].out.len > 0) {
        len += strlen(hear(slow));
        now += 20;
        turn();
    }
    len += strlen(hear(slow));
    assert_true(len > 1000000);
    assert_non_null(strstr(heard, "20000 rooms\nok\n"));
    turns(3);
    assert_non_null(strstr(hear(slow), "\nok\n")); /* the next request had waited */
    tell(slow, "room list\n");
    turns(200);
    now += CONTROL_PATIENCE_MS; /* and nobody waits for ever */
    turns(1);
    assert_int_equal(clients(), 0);
    close(slow);
}

static void test_who_goes_while_the_server_is_asked_leaves_nothing(void **state)
{
    (void)state;
    int fd = dial();
    tell(fd, "user add ali\n");
    struct thm_admin_request *request = stand_in.request;
    assert_non_null(request);
    now += 10 * CONTROL_PATIENCE_MS; /* the server takes its time, which is not his fault */
    turns(1);
    assert_int_equal(control.clients[0].fd >= 0, 1);
    assert_int_equal(control_deadline(&control, now), UINT64_MAX);
    close(fd);
    turns(2);
    request->done(request, THM_OK);
    turns(3);
    assert_int_equal(clients(), 0);
    fd = dial();
    tell(fd, "kick eve\n");
    assert_string_equal(hear(fd), "1 session ended\nok\n");
    close(fd);
}

/* --- as much of HTTP as a scrape needs -------------------------------------------------------------- */

static void get(const char *request, const char *status, const char *part)
{
    char want[64];
    int fd = dial();
    tell(fd, request);
    turns(3);
    hear(fd);
    snprintf(want, sizeof want, "HTTP/1.1 %s\r\n", status);
    assert_int_equal(strncmp(heard, want, strlen(want)), 0);
    assert_non_null(strstr(heard, part));
    const char *body = strstr(heard, "\r\n\r\n"), *length = strstr(heard, "Content-Length: ");
    assert_non_null(body);
    assert_non_null(length);
    assert_int_equal(strtoul(length + 16, NULL, 10), strlen(body + 4));
    assert_non_null(strstr(heard, "\r\nConnection: close\r\n"));
    assert_true(closed);
    close(fd);
}

static void test_a_scrape_is_answered(void **state)
{
    (void)state;
    get("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK",
        "Content-Type: text/plain; version=0.0.4");
    get("GET /metrics HTTP/1.0\n\n", "200 OK", "\nthimble_sessions 0\n");
    get("GET /metrics?x=1 HTTP/1.1\r\n\r\n", "200 OK", "\nthimble_sessions 0\n");
    get("GET / HTTP/1.1\r\n\r\n", "404 Not Found", "/metrics");
    get("GET /metricsx HTTP/1.1\r\n\r\n", "404 Not Found", "/metrics");
    get("POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "405 Method Not Allowed",
        "\r\nAllow: GET\r\n");
    get("DELETE /user/ali HTTP/1.1\r\n\r\n", "405 Method Not Allowed", "Allow: GET");
    int fd = dial();
    tell(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n"); /* the headers' end is waited for, */
    assert_string_equal(hear(fd), "");
    shutdown(fd, SHUT_WR);
    turns(3);
    assert_string_equal(hear(fd), "");
    assert_true(closed);
    close(fd);
    fd = dial(); /* and not for ever */
    tell(fd, "GET /metrics HTTP/1.1\r\n");
    closed = false;
    for (unsigned i = 0; i < 40 && !closed; i++) {
        char header[1000];
        memset(header, 'x', sizeof header);
        header[sizeof header - 1] = '\n';
        (void)!send(fd, header, sizeof header, MSG_NOSIGNAL);
        turns(2);
        hear(fd);
    }
    assert_true(closed);
    close(fd);
    /* What a command is called by HTTP is no command. */
    fd = dial();
    tell(fd, "quit HTTP/1.1\n");
    turns(2);
    close(fd);
    assert_int_equal(stand_in.quits, 0); /* small letters: a command, but nothing may follow it */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_only_the_user_may_use_it),
        TEST(test_a_live_socket_is_refused_and_a_dead_one_replaced),
        TEST(test_what_is_no_socket_is_left_alone),
        TEST(test_the_usual_places),
        TEST(test_requests_follow_each_other),
        TEST(test_what_is_said_before_hanging_up_is_answered),
        TEST(test_no_line_passes_for_the_last),
        TEST(test_who_waits_hears_that_the_server_ended),
        TEST(test_a_request_may_come_byte_by_byte),
        TEST(test_who_asks_is_logged),
        TEST(test_what_is_no_line_of_text_is_refused),
        TEST(test_a_flood_is_taken_in_small_portions),
        TEST(test_silence_is_cut_off),
        TEST(test_eight_are_served_and_the_ninth_is_told),
        TEST(test_a_slow_reader_is_cut_when_his_buffer_is_full),
        TEST(test_a_long_answer_waits_for_who_reads_slowly),
        TEST(test_who_goes_while_the_server_is_asked_leaves_nothing),
        TEST(test_a_scrape_is_answered),
    };
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/run/control", folder);
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    char rest[80];
    snprintf(rest, sizeof rest, "%s-lock", path);
    unlink(rest);
    snprintf(rest, sizeof rest, "%s/run", folder);
    rmdir(rest);
    rmdir(folder);
    return result;
}
