/*
 * Passcodes: prepared as RFC 4013 says, read without being shown, and the terminal as before, however it ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

#include "passcode.h"

#define X8  "xxxxxxxx"
#define X64 X8 X8 X8 X8 X8 X8 X8 X8

static const struct {
    const char *typed, *prepared; /* NULL: refused, with a sentence that has `why` in it */
    const char *why;
} cases[] = {
    {"correct horse", "correct horse", NULL},
    {X8, X8, NULL},
    {X64 X64, X64 X64, NULL},
    {"  spaces  ", "  spaces  ", NULL},
    /* RFC 4013, section 3, made long enough */
    {"I\xC2\xADX-------", "IX-------", NULL},     /* SOFT HYPHEN mapped to nothing */
    {"\xC2\xAA--------", "a--------", NULL},      /* NFKC */
    {"\xE2\x85\xA8--------", "IX--------", NULL}, /* ROMAN NUMERAL NINE */
    {"USER--------", "USER--------", NULL},       /* case preserved */
    {"--------\x07", NULL, "control"},            /* prohibited */
    {"\xD8\xA7"
     "1--------",
     NULL, "right to left"}, /* bidirectional check */
    /* the same word from two keyboards */
    {"\xC3\xA9t\xC3\xA9-\xC3\xA9t\xC3\xA9", "\xC3\xA9t\xC3\xA9-\xC3\xA9t\xC3\xA9", NULL},
    {"e\xCC\x81te\xCC\x81-e\xCC\x81te\xCC\x81", "\xC3\xA9t\xC3\xA9-\xC3\xA9t\xC3\xA9", NULL},
    {"correct\xC2\xA0horse", "correct horse", NULL}, /* NO-BREAK SPACE */
    {"xxxxxxx", NULL, "at least 8 bytes"},
    {"", NULL, "at least 8 bytes"},
    {"\xC2\xAD\xC2\xAD\xC2\xAD\xC2\xAD\xC2\xAD", NULL, "at least 8 bytes"}, /* nothing is left */
    {X64 X64 "x", NULL, "128 bytes at most"},
    {X64 X64 X64 X64 X64 X64 X64 X64 X8, NULL, "128 bytes at most"},
    {"--------\x7f", NULL, "control"},
    {"tab\ttab\ttab", NULL, "control"},
    {"--------\xE2\x80\xAE", NULL, "invisible"},       /* RIGHT-TO-LEFT OVERRIDE */
    {"--------\xEE\x80\x80", NULL, "private"},         /* private use */
    {"--------\xF0\x9F\xA7\xB5", NULL, "Unicode 3.2"}, /* a spool of thread */
    {"--------\xC3", NULL, "UTF-8"},
    {"--------\xED\xA0\x80", NULL, "UTF-8"},
};

static void preparing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct passcode p, wiped;
        memset(&p, 'x', sizeof p);
        memset(&wiped, 0, sizeof wiped);
        const char *why = passcode_prepare(&p, cases[i].typed, strlen(cases[i].typed));
        if (cases[i].prepared) {
            if (why)
                fail_msg("%s: %s", cases[i].typed, why);
            assert_string_equal(p.text, cases[i].prepared);
            assert_int_equal(p.len, strlen(cases[i].prepared));
        } else {
            if (!why || !strstr(why, cases[i].why))
                fail_msg("%s: %s", cases[i].typed, why ? why : "taken");
            assert_memory_equal(&p, &wiped, sizeof p);
        }
    }
}

static void a_zero_byte_is_no_end(void **state)
{
    struct passcode p;

    (void)state;
    assert_non_null(passcode_prepare(&p, "xxxxxxxx\0y", 10));
    assert_non_null(passcode_prepare(&p, "xxxxxxxx\0\xC3\xA9", 11));
}

static void wiping(void **state)
{
    struct passcode p, wiped;

    (void)state;
    memset(&wiped, 0, sizeof wiped);
    assert_null(passcode_prepare(&p, X8, 8));
    passcode_wipe(&p);
    assert_memory_equal(&p, &wiped, sizeof p);
}

/* What a process with this standard input reads: each passcode, or why not, and what it left on the pipe. */
static void reads_from_a_pipe(const char *input, const char *expected)
{
    char output[1024] = "";
    int in[2], out[2], status;
    size_t len = 0;
    ssize_t n;

    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
        struct passcode p;
        char rest[64];
        dup2(in[0], STDIN_FILENO);
        close(in[1]);
        const char *why = passcode_read(&p, "never shown");
        n = read(STDIN_FILENO, rest, sizeof rest);
        dprintf(out[1], "%s|%.*s", why ? why : p.text, (int)n, rest);
        _exit(0);
    }
    close(in[0]);
    close(out[1]);
    assert_int_equal(write(in[1], input, strlen(input)), strlen(input));
    close(in[1]);
    while ((n = read(out[0], output + len, sizeof output - 1 - len)) > 0)
        len += (size_t)n;
    close(out[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_string_equal(output, expected);
}

static void from_a_pipe(void **state)
{
    (void)state;
    reads_from_a_pipe("correct horse\nhello\n", "correct horse|hello\n");
    reads_from_a_pipe("correct horse\r\nhello\n", "correct horse|hello\n");
    reads_from_a_pipe("correct horse", "correct horse|");
    reads_from_a_pipe("", "no passcode was given|");
    reads_from_a_pipe("\ncorrect horse\n", "a passcode must have at least 8 bytes|correct horse\n");
    reads_from_a_pipe(X64 X64 "x\nhello\n", "a passcode can have 128 bytes at most|hello\n");
    reads_from_a_pipe(X64 X64 X64 X64 X64 X64 X64 X64 X64 X64 "\nhello\n",
                      "a passcode can have 128 bytes at most|hello\n");
}

/* --- at a terminal --- */

struct terminal {
    int master;
    pid_t child;
    char seen[1024];
};

static void ask(void)
{
    struct passcode p;
    const char *why = passcode_read(&p, "passcode: ");

    dprintf(STDOUT_FILENO, "<%s>", why ? why : p.text);
    _exit(7);
}

/* A process that asks for a passcode and then says what it got. */
static void start(struct terminal *t)
{
    memset(t, 0, sizeof *t);
    t->child = forkpty(&t->master, NULL, NULL, NULL);
    assert_true(t->child >= 0);
    if (t->child == 0)
        ask();
}

/* A shell of which it is a job, which may be stopped. */
static void start_in_a_shell(struct terminal *t)
{
    memset(t, 0, sizeof *t);
    t->child = forkpty(&t->master, NULL, NULL, NULL);
    assert_true(t->child >= 0);
    if (t->child > 0)
        return;
    struct termios mode;
    int status;
    pid_t job = fork();
    if (job == 0) {
        setpgid(0, 0);
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(STDIN_FILENO, getpid());
        signal(SIGTTOU, SIG_DFL);
        ask();
    }
    waitpid(job, &status, WUNTRACED);
    tcgetattr(STDIN_FILENO, &mode);
    dprintf(STDOUT_FILENO, "[%s, %s]", WIFSTOPPED(status) ? "stopped" : "ended",
            mode.c_lflag & ECHO ? "shown" : "hidden");
    kill(job, SIGCONT);
    waitpid(job, &status, 0);
    _exit(0);
}

static bool echoes(const struct terminal *t)
{
    struct termios mode;

    assert_int_equal(tcgetattr(t->master, &mode), 0);
    return (mode.c_lflag & ECHO) != 0;
}

/* Reads on until `wanted` was written on the terminal `times` times. */
static void see(struct terminal *t, const char *wanted, int times)
{
    size_t len = strlen(t->seen);

    for (;;) {
        int found = 0;
        for (const char *at = t->seen; (at = strstr(at, wanted)); at++)
            found++;
        if (found >= times)
            return;
        ssize_t n = read(t->master, t->seen + len, sizeof t->seen - 1 - len);
        if (n <= 0)
            fail_msg("not seen: %s, but: %s", wanted, t->seen);
        len += (size_t)n;
    }
}

static void type(struct terminal *t, const char *keys)
{
    assert_int_equal(write(t->master, keys, strlen(keys)), strlen(keys));
}

static int end(struct terminal *t)
{
    int status;

    assert_int_equal(waitpid(t->child, &status, 0), t->child);
    close(t->master);
    return status;
}

static void at_a_terminal(void **state)
{
    struct terminal t;

    (void)state;
    start(&t);
    see(&t, "passcode: ", 1);
    assert_false(echoes(&t));
    type(&t, "correct horsf\177e\n");
    see(&t, "<correct horse>", 1);
    assert_true(echoes(&t));
    assert_string_equal(t.seen, "passcode: \r\n<correct horse>"); /* and nothing else was */
    int status = end(&t);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void signals_at_a_terminal(void **state)
{
    static const struct {
        int number;
        const char *key; /* NULL: from elsewhere */
    } signals[] = {{SIGINT, "\003"}, {SIGQUIT, "\034"}, {SIGTERM, NULL}, {SIGHUP, NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct terminal t;
        start(&t);
        see(&t, "passcode: ", 1);
        type(&t, "secret");
        if (signals[i].key)
            type(&t, signals[i].key);
        else
            kill(t.child, signals[i].number);
        int status;
        assert_int_equal(waitpid(t.child, &status, 0), t.child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i].number);
        assert_true(echoes(&t));
        close(t.master);
    }
}

/* Stopped, it leaves the terminal as the shell wants it; continued, it asks again, and nothing of before counts. */
static void stopped_and_continued(void **state)
{
    struct terminal t;

    (void)state;
    start_in_a_shell(&t);
    see(&t, "passcode: ", 1);
    type(&t, "secret\032");
    see(&t, "[stopped, shown]", 1);
    see(&t, "passcode: ", 2);
    assert_false(echoes(&t));
    type(&t, "correct horse\n");
    see(&t, "<correct horse>", 1);
    assert_true(echoes(&t));
    end(&t);
}

static void nothing_typed(void **state)
{
    struct terminal t;

    (void)state;
    start(&t);
    see(&t, "passcode: ", 1);
    type(&t, "\004");
    see(&t, "<no passcode was given>", 1);
    assert_true(echoes(&t));
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(preparing),
        cmocka_unit_test(a_zero_byte_is_no_end),
        cmocka_unit_test(wiping),
        cmocka_unit_test(from_a_pipe),
        cmocka_unit_test(at_a_terminal),
        cmocka_unit_test(signals_at_a_terminal),
        cmocka_unit_test(stopped_and_continued),
        cmocka_unit_test(nothing_typed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
