/* Cursors over restarts: kept soon, whole whatever the power does, and written seldom enough for a flash to last. */
#include "cursors.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* --- a storage and a client that are none ----------------------------------------------------------- */

static struct {
    uint8_t bytes[512];
    size_t len;
} slots[2];
static unsigned writes;
static bool broken;

static int nv_read(struct thm_port *port, unsigned slot, void *buf, size_t cap, size_t *n)
{
    (void)port;
    *n = slots[slot].len < cap ? slots[slot].len : cap;
    memcpy(buf, slots[slot].bytes, *n);
    return THM_OK;
}

static int nv_write(struct thm_port *port, unsigned slot, const void *buf, size_t len)
{
    (void)port;
    writes++;
    memcpy(slots[slot].bytes, buf, broken ? len / 2 : len);
    slots[slot].len = len;
    return broken ? THM_E_PORT : THM_OK;
}

static const struct thm_port_ops ops = {.nv_read = nv_read, .nv_write = nv_write};
static struct thm_port port = {&ops};

static struct thm_client client; /* only its streams' names, logs and entries are used */
static struct cursors cursors;
static uint32_t now;

bool thm_client_cursor(const struct thm_client *c, unsigned i, const char **name,
                       uint64_t *incarnation, uint64_t *n)
{
    *name = c->streams[i].name;
    *incarnation = c->streams[i].incarnation;
    *n = c->streams[i].n;
    return c->streams[i].incarnation != 0;
}

int thm_client_set_cursor(struct thm_client *c, const char *name, uint64_t incarnation, uint64_t n)
{
    unsigned i = 0;
    while (i < THM_CLIENT_STREAMS && c->streams[i].incarnation != 0)
        i++;
    assert_true(i < THM_CLIENT_STREAMS && strlen(name) <= THM_ROOM_MAX);
    snprintf(c->streams[i].name, sizeof c->streams[i].name, "%s", name);
    c->streams[i].incarnation = incarnation;
    c->streams[i].n = n;
    return THM_OK;
}

static void boot(void)
{
    memset(&client, 0, sizeof client);
    now = UINT32_MAX - 500; /* it wraps before long */
    cursors_load(&cursors, &port, &client);
}

static int begin(void **state)
{
    (void)state;
    memset(slots, 0xff, sizeof slots);
    slots[0].len = slots[1].len = 0;
    writes = 0;
    broken = false;
    boot();
    return 0;
}

static void pass(uint32_t ms)
{
    now += ms;
    assert_int_equal(cursors_turn(&cursors, &client, now, false), THM_OK);
}

/* --- tests ------------------------------------------------------------------------------------------ */

static void test_go_on_after_a_restart(void **state)
{
    (void)state;
    thm_client_set_cursor(&client, "@board1", 0x1111222233334444, 7);
    thm_client_set_cursor(&client, "#a2345678901234567890123456789012", UINT64_MAX, UINT64_MAX);
    pass(0);
    pass(CURSORS_DELAY_MS);
    assert_int_equal(writes, 1);
    boot();
    assert_string_equal(client.streams[0].name, "@board1");
    assert_int_equal(client.streams[0].incarnation, 0x1111222233334444);
    assert_int_equal(client.streams[0].n, 7);
    assert_string_equal(client.streams[1].name, "#a2345678901234567890123456789012");
    assert_int_equal(client.streams[1].n, UINT64_MAX);
    pass(100000);
    assert_int_equal(writes, 1); /* nothing changed */
}

static void test_nothing_kept(void **state)
{
    (void)state;
    assert_int_equal(client.streams[0].incarnation, 0);
    pass(100000);
    assert_int_equal(writes, 0);
}

static void test_many_changes_one_write(void **state)
{
    (void)state;
    thm_client_set_cursor(&client, "#lobby", 5, 1);
    pass(0);
    for (unsigned i = 0; i < 19; i++) {
        client.streams[0].n++;
        pass(CURSORS_DELAY_MS / 20);
        assert_int_equal(writes, 0);
    }
    pass(CURSORS_DELAY_MS / 20);
    assert_int_equal(writes, 1);
    boot();
    assert_int_equal(client.streams[0].n, 20);
}

static void test_at_once_when_leaving(void **state)
{
    (void)state;
    thm_client_set_cursor(&client, "#lobby", 5, 1);
    assert_int_equal(cursors_turn(&cursors, &client, now, true), THM_OK);
    assert_int_equal(writes, 1);
    assert_int_equal(cursors_turn(&cursors, &client, now, true), THM_OK);
    assert_int_equal(writes, 1);
}

/* A year in which somebody speaks every second, and a night before it in which all credits are saved. */
static void test_wear(void **state)
{
    const uint64_t year = UINT64_C(365) * 86400;
    (void)state;
    thm_client_set_cursor(&client, "#lobby", 5, 1);
    for (uint64_t second = 0; second < year; second += 2) {
        client.streams[0].n += 2;
        pass(2000);
        assert_true(client.streams[0].n >= 2);
    }
    assert_true(writes <= CURSORS_CREDITS + year * 1000 / CURSORS_REFILL_MS);
    assert_true(writes >= year * 1000 / CURSORS_REFILL_MS);
}

static void test_credits_come_back(void **state)
{
    (void)state;
    thm_client_set_cursor(&client, "#lobby", 5, 1);
    for (unsigned i = 0; i < 2 * CURSORS_CREDITS; i++) {
        client.streams[0].n++;
        pass(0);
        pass(CURSORS_DELAY_MS);
    }
    assert_int_equal(writes, CURSORS_CREDITS);
    pass(CURSORS_REFILL_MS);
    assert_int_equal(writes, CURSORS_CREDITS + 1); /* what was held back */
    pass(CURSORS_CREDITS * CURSORS_REFILL_MS);
    for (unsigned i = 0; i < 2 * CURSORS_CREDITS; i++) {
        client.streams[0].n++;
        pass(0);
        pass(CURSORS_DELAY_MS);
    }
    assert_int_equal(writes, 2 * CURSORS_CREDITS + 1);
}

/* A write that is cut leaves the one before it. */
static void test_power_is_lost(void **state)
{
    (void)state;
    thm_client_set_cursor(&client, "#lobby", 5, 1);
    assert_int_equal(cursors_turn(&cursors, &client, now, true), THM_OK);
    client.streams[0].n = 2;
    broken = true;
    assert_int_equal(cursors_turn(&cursors, &client, now, true), THM_E_PORT);
    boot();
    assert_int_equal(client.streams[0].n, 1);
    broken = false;
    client.streams[0].n = 3;
    assert_int_equal(cursors_turn(&cursors, &client, now, true), THM_OK);
    boot();
    assert_int_equal(client.streams[0].n, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_go_on_after_a_restart, begin),
        cmocka_unit_test_setup(test_nothing_kept, begin),
        cmocka_unit_test_setup(test_many_changes_one_write, begin),
        cmocka_unit_test_setup(test_at_once_when_leaving, begin),
        cmocka_unit_test_setup(test_wear, begin),
        cmocka_unit_test_setup(test_credits_come_back, begin),
        cmocka_unit_test_setup(test_power_is_lost, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
