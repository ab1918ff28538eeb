/* What systemd hears: sd_notify(3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "notify.h"

/* Binds a socket of that name ('@': an abstract one), sends a state to it, and compares what arrives. */
static void exchange(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char heard[64] = "";
    size_t len = strlen(name);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    memcpy(address.sun_path, name, len);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    assert_int_equal(bind(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
                     0);
    setenv("NOTIFY_SOCKET", name, 1);
    notify("READY=1");
    assert_int_equal(recv(fd, heard, sizeof heard, MSG_DONTWAIT), 7);
    assert_string_equal(heard, "READY=1");
    unsetenv("NOTIFY_SOCKET");
    notify("WATCHDOG=1");
    assert_int_equal(recv(fd, heard, sizeof heard, MSG_DONTWAIT), -1);
    close(fd);
}

static void test_a_state_reaches_the_socket(void **state)
{
    char path[] = "/tmp/thimble-notify-XXXXXX", name[64];
    (void)state;
    assert_non_null(mkdtemp(path));
    snprintf(name, sizeof name, "%s/socket", path);
    exchange(name);
    unlink(name);
    rmdir(path);
    snprintf(name, sizeof name, "@thimble-notify-%ld", (long)getpid());
    exchange(name);
}

static void test_the_watchdog_is_fed_twice_as_often_as_it_asks(void **state)
{
    char pid[24];
    (void)state;
    assert_int_equal(notify_interval(), 0);
    setenv("WATCHDOG_USEC", "60000000", 1);
    assert_int_equal(notify_interval(), 30000);
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(notify_interval(), 30000);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(notify_interval(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_state_reaches_the_socket),
        cmocka_unit_test(test_the_watchdog_is_fed_twice_as_often_as_it_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
