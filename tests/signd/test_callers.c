/* Who is at the socket: many at once, slow ones, rude ones, and more than there are places for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "callers.h"
#include "paper.h"
#include "util/base64.h"

static struct log log_;
static struct desk desk;
static struct callers callers;
static char good[DESK_LINE];
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static uint64_t now_ms;

static int set_up(void **state)
{
    struct paper request;
    struct thm_text t;
    (void)state;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t len = sizeof address;
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address.sun_family), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0); /* an abstract name */
    assert_int_equal(listen(fd, 64), 0);
    now_ms = 1000;
    desk_open(&desk, &log_, paper_open(), 3600, (struct option_rate){0, 0});
    callers_open(&callers, &desk, fd);
    paper_good_request(&request);
    thm_text_init(&t, good, sizeof good);
    thm_text_str(&t, "sign ali@phone ");
    thm_text_base64(&t, request.der, request.len);
    thm_text_str(&t, "\n");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    callers_close(&callers);
    close(callers.fd);
    issue_close(desk.issuer);
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    return 0;
}

static void turn(void)
{
    now_ms++;
    callers_step(&callers, PAPER_NOW, now_ms);
    log_.held_len = 0;
}

static int dial(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* sun_family, the 0 of an abstract name, and the five digits that Linux picks */
    assert_int_equal(
        connect(fd, (const struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + 6),
        0);
    turn();
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What has come by now begins so many times with these words. */
static unsigned hear(int fd, const char *words)
{
    static char all[1 << 20];
    size_t len = 0;
    ssize_t n;
    while ((n = recv(fd, all + len, sizeof all - 1 - len, 0)) > 0)
        len += (size_t)n;
    all[len] = '\0';
    unsigned count = 0;
    for (const char *at = all; *at; at = strchr(at, '\n') + 1)
        count += strncmp(at, words, strlen(words)) == 0;
    return count;
}

static bool is_hung_up(int fd)
{
    char byte;
    return recv(fd, &byte, 1, 0) == 0;
}

static void test_a_request_in_pieces(void **state)
{
    (void)state;
    int fd = dial();
    for (const char *at = good; *at; at++) {
        assert_int_equal(hear(fd, ""), 0);
        assert_int_equal(send(fd, at, 1, 0), 1);
        turn();
    }
    assert_int_equal(hear(fd, "ok "), 1);
    close(fd);
}

static void test_many_requests_at_once_are_answered_in_turn(void **state)
{
    struct pollfd fds[CALLERS_MAX + 1];
    bool busy;
    (void)state;
    int fd = dial(), other = dial();
    for (unsigned i = 0; i < 50; i++)
        say(fd, i % 2 ? "no\n" : good);
    say(other, good);
    turn();
    assert_int_equal(hear(other, "ok "), 1); /* before the first one has all of his */
    unsigned ok = hear(fd, "ok ");
    assert_true(ok < 25);
    callers_wanted(&callers, fds, &busy);
    assert_true(busy);
    for (unsigned i = 0; i < 50; i++) {
        turn();
        ok += hear(fd, "ok ");
    }
    assert_int_equal(ok, 25);
    callers_wanted(&callers, fds, &busy);
    assert_false(busy);
    close(fd);
    close(other);
}

static void test_one_who_reads_nothing_delays_nobody(void **state)
{
    (void)state;
    int slow = dial(), other = dial(), small = 4096;
    setsockopt(slow, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    unsigned sent = 0;
    for (unsigned i = 0; i < 2000; i++) {
        sent += send(slow, good, strlen(good), MSG_NOSIGNAL) == (ssize_t)strlen(good);
        turn();
    }
    say(other, good);
    turn();
    assert_int_equal(hear(other, "ok "), 1);
    unsigned heard = 0;
    for (unsigned i = 0; i < 4000; i++) {
        heard += hear(slow, "ok ");
        turn();
    }
    assert_true(sent > 10);
    assert_int_equal(heard, sent);
    close(slow);
    close(other);
}

static void test_a_line_without_an_end(void **state)
{
    char all[DESK_LINE + 1];
    (void)state;
    int fd = dial();
    memset(all, 'x', DESK_LINE);
    all[DESK_LINE] = '\0';
    say(fd, all);
    turn();
    assert_int_equal(hear(fd, "error argument the request is longer"), 1);
    assert_true(is_hung_up(fd));
    close(fd);
}

static void test_who_says_no_more_is_answered(void **state)
{
    (void)state;
    int fd = dial();
    say(fd, good);
    say(fd, good);
    shutdown(fd, SHUT_WR);
    turn();
    assert_int_equal(hear(fd, "ok "), 2);
    assert_true(is_hung_up(fd));
    close(fd);
}

static void test_who_is_gone_before_his_answer(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3 * CALLERS_MAX; i++) {
        int fd = dial();
        say(fd, good);
        say(fd, good);
        close(fd);
        turn();
    }
    for (unsigned i = 0; i < CALLERS_MAX; i++)
        assert_int_equal(callers.all[i].fd, -1);
}

static void test_all_places_are_taken(void **state)
{
    int fds[CALLERS_MAX];
    (void)state;
    for (unsigned i = 0; i < CALLERS_MAX; i++)
        fds[i] = dial();
    say(fds[0], good);
    turn();
    assert_int_equal(hear(fds[0], "ok "), 1);
    int another = dial();
    say(another, good);
    turn();
    assert_int_equal(hear(another, "ok "), 1);
    assert_true(is_hung_up(fds[1])); /* silent for the longest time */
    assert_false(is_hung_up(fds[0]));
    close(another);
    for (unsigned i = 0; i < CALLERS_MAX; i++)
        close(fds[i]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_request_in_pieces),
        TEST(test_many_requests_at_once_are_answered_in_turn),
        TEST(test_one_who_reads_nothing_delays_nobody),
        TEST(test_a_line_without_an_end),
        TEST(test_who_says_no_more_is_answered),
        TEST(test_who_is_gone_before_his_answer),
        TEST(test_all_places_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
