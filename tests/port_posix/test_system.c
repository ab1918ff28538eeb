/*
 * What a port supplies beside sockets: its configuration, clocks, entropy, files, addresses.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "port_posix/fixture.h"

struct store {
    char path[32];
    struct thm_port_posix posix;
};

static int open_store(void **state)
{
    struct store *t = calloc(1, sizeof *t);

    strcpy(t->path, "/tmp/thimble-nv-XXXXXX");
    if (!mkdtemp(t->path))
        return -1;
    const struct thm_port_posix_config config = {.max_sockets = 1, .nv_path = t->path};
    *state = t;
    return thm_port_posix_init(&t->posix, &config);
}

static int close_store(void **state)
{
    struct store *t = *state;
    DIR *dir = opendir(t->path);

    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(t->path);
    thm_port_posix_destroy(&t->posix);
    free(t);
    return 0;
}

static void test_configurations_are_checked(void **state)
{
    const struct thm_port_posix_config bad[] = {
        {.max_sockets = 0},
        {.max_sockets = (1u << 20) + 1},
        {.max_sockets = 1, .receive_buffer = THM_PORT_POSIX_RECEIVE_MIN - 1},
        {.max_sockets = 1, .send_buffer = UINT32_MAX},
        {.max_sockets = 1, .backlog = UINT32_MAX},
        {.max_sockets = 1, .nv_path = "/nonexistent"},
        {.max_sockets = 1, .nv_path = "/dev/null"},
        {.max_sockets = 1, .backend = (enum thm_port_posix_backend)9},
    };
    const struct thm_port_posix_config good = {.max_sockets = 1u << 20};
    struct thm_port_posix port;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(thm_port_posix_init(&port, &bad[i]), THM_E_CONFIG);
        thm_port_posix_destroy(&port);
    }
    assert_int_equal(thm_port_posix_init(&port, &good), THM_OK);
    thm_port_posix_destroy(&port);
    thm_port_posix_destroy(&port);
}

static void test_slots_keep_what_was_written(void **state)
{
    struct store *t = *state;
    struct thm_port *port = &t->posix.port;
    uint8_t buf[64];
    size_t n = 99;

    assert_int_equal(port->ops->nv_read(port, 0, buf, sizeof buf, &n), THM_OK);
    assert_int_equal(n, 0);
    assert_int_equal(port->ops->nv_write(port, 0, "first and longer", 16), THM_OK);
    assert_int_equal(port->ops->nv_write(port, 1, "other", 5), THM_OK);
    assert_int_equal(port->ops->nv_write(port, 0, "second", 6), THM_OK);
    assert_int_equal(port->ops->nv_read(port, 0, buf, sizeof buf, &n), THM_OK);
    assert_int_equal(n, 6);
    assert_memory_equal(buf, "second", 6);
    assert_int_equal(port->ops->nv_read(port, 1, buf, 3, &n), THM_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(buf, "oth", 3);
    assert_int_equal(port->ops->nv_read(port, 2, buf, sizeof buf, &n), THM_E_ARGUMENT);
    assert_int_equal(port->ops->nv_write(port, 2, "x", 1), THM_E_ARGUMENT);
}

/* Nobody else may read a slot, whatever a crash has left beside it; nothing else stays behind. */
static void test_slots_are_private(void **state)
{
    struct store *t = *state;
    struct thm_port *port = &t->posix.port;
    char path[64], beside[64];
    struct stat about;

    snprintf(path, sizeof path, "%s/slot0", t->path);
    snprintf(beside, sizeof beside, "%s/slot0.new", t->path);
    int fd = open(beside, O_CREAT | O_WRONLY, 0666);
    assert_int_equal(fchmod(fd, 0666), 0);
    close(fd);
    assert_int_equal(port->ops->nv_write(port, 0, "secret", 6), THM_OK);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(stat(beside, &about), -1);
}

/* A write that fails leaves the slot as it was. */
static void test_a_failed_write_damages_nothing(void **state)
{
    struct store *t = *state;
    struct thm_port *port = &t->posix.port;
    char beside[64];
    uint8_t buf[8];
    size_t n;

    assert_int_equal(port->ops->nv_write(port, 0, "old", 3), THM_OK);
    snprintf(beside, sizeof beside, "%s/slot0.new", t->path);
    assert_int_equal(mkdir(beside, 0700), 0);
    assert_int_equal(port->ops->nv_write(port, 0, "new", 3), THM_E_PORT);
    assert_int_equal(port->ops->nv_read(port, 0, buf, sizeof buf, &n), THM_OK);
    assert_memory_equal(buf, "old", 3);
    assert_int_equal(rmdir(beside), 0);
}

static void test_without_memory_nothing_was_ever_written(void **state)
{
    const struct thm_port_posix_config config = {.max_sockets = 1};
    struct thm_port_posix posix;
    uint8_t byte;
    size_t n = 99;

    (void)state;
    assert_int_equal(thm_port_posix_init(&posix, &config), THM_OK);
    assert_int_equal(posix.port.ops->nv_read(&posix.port, 0, &byte, 1, &n), THM_OK);
    assert_int_equal(n, 0);
    assert_int_equal(posix.port.ops->nv_write(&posix.port, 0, "x", 1), THM_E_STATE);
    thm_port_posix_destroy(&posix);
}

static void test_clocks_and_entropy(void **state)
{
    struct store *t = *state;
    struct thm_port *port = &t->posix.port;
    uint8_t bytes[2][4096];
    uint64_t utc = 0, now = thm_port_posix_now_ms();
    time_t before = time(NULL);

    assert_int_equal(port->ops->utc(port, &utc), THM_OK);
    assert_true(utc / 1000 >= (uint64_t)before && utc / 1000 <= (uint64_t)before + 2);
    assert_true(thm_port_posix_now_ms() >= now);
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(port->ops->entropy(port, bytes[0], sizeof bytes[0]), THM_OK);
    assert_int_equal(port->ops->entropy(port, bytes[1], sizeof bytes[1]), THM_OK);
    assert_memory_not_equal(bytes[0], bytes[1], sizeof bytes[0]);
    assert_memory_not_equal(bytes[0] + 4064, bytes[0], 32);
}

static void test_addresses_are_split(void **state)
{
    static const struct {
        const char *text, *host;
        uint16_t number;
    } good[] = {
        {"127.0.0.1:8443", "127.0.0.1", 8443},
        {"[::1]:8443", "::1", 8443},
        {"0.0.0.0:0", "0.0.0.0", 0},
        {"chat.example.org:65535", "chat.example.org", 65535},
        {"[fe80::1%lo]:1", "fe80::1%lo", 1},
    };
    static const char *const bad[] = {
        "",      "127.0.0.1", ":8443",     "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "::1:1", "[::1]",     "[::1]8443", "[::1:8443",  "[]:8443",         "127.0.0.1: 8443",
        "a:1x",  "a:0x10",    "a:123456",  "a:1 ",       "[::1]:",          "a:99999",
        "a:+1",
    };
    char host[32];
    uint16_t number;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(thm_port_posix_parse_address(good[i].text, host, sizeof host, &number),
                         THM_OK);
        assert_string_equal(host, good[i].host);
        assert_int_equal(number, good[i].number);
    }
    strcpy(host, "kept");
    number = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(thm_port_posix_parse_address(bad[i], host, sizeof host, &number),
                         THM_E_ADDRESS);
    assert_int_equal(thm_port_posix_parse_address("abcd:1", host, 4, &number), THM_E_ADDRESS);
    assert_string_equal(host, "kept");
    assert_int_equal(number, 7);
    assert_int_equal(thm_port_posix_parse_address("abc:1", host, 4, &number), THM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_configurations_are_checked),
        cmocka_unit_test_setup_teardown(test_slots_keep_what_was_written, open_store, close_store),
        cmocka_unit_test_setup_teardown(test_slots_are_private, open_store, close_store),
        cmocka_unit_test_setup_teardown(test_a_failed_write_damages_nothing, open_store,
                                        close_store),
        cmocka_unit_test(test_without_memory_nothing_was_ever_written),
        cmocka_unit_test_setup_teardown(test_clocks_and_entropy, open_store, close_store),
        cmocka_unit_test(test_addresses_are_split),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
