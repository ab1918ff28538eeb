/*
 * Wrong passcodes: how long one waits, when one is suspended, and that no crowd washes a count away.
 */
#include "unit.h"

#include "auth/attempts.h"

#define PLACES 8
#define START  1000

static struct thm_attempts a;
static uint64_t now;

static int set_up(void **state)
{
    static uint64_t memory[256];
    const struct thm_hash_key key = {1, 2};

    (void)state;
    assert_true(thm_attempts_size(PLACES) <= sizeof memory);
    memset(memory, 0xff, sizeof memory);
    thm_attempts_init(&a, memory, PLACES, &key);
    now = START;
    return 0;
}

static const uint8_t *device(unsigned number)
{
    static uint8_t hash[32];

    hash[3] = (uint8_t)number;
    hash[4] = (uint8_t)(number >> 8);
    hash[5] = (uint8_t)(number >> 16);
    return hash;
}

static unsigned fails(unsigned number, const char *user)
{
    return thm_attempts_failed(&a, now, device(number), user);
}

static uint64_t wait_of(unsigned number, const char *user)
{
    return thm_attempts_may(&a, now, device(number), user, NULL);
}

static bool suspended(unsigned number, const char *user)
{
    bool is;

    thm_attempts_may(&a, now, device(number), user, &is);
    return is;
}

static void waits_grow(void **state)
{
    static const unsigned seconds[] = {0,   1,   2,   4,   8,   16,  32,  64,  128, 256,
                                       512, 900, 900, 900, 900, 900, 900, 900, 900};

    (void)state;
    assert_int_equal(wait_of(1, "ali"), 0);
    for (unsigned i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        assert_int_equal(fails(1, "ali"), i + 1);
        assert_int_equal(wait_of(1, "ali"), seconds[i] * 1000);
        assert_false(suspended(1, "ali"));
        now += 999;
        assert_int_equal(wait_of(1, "ali"), seconds[i] > 0 ? seconds[i] * 1000 - 999 : 0);
        now += seconds[i] * 1000;
        assert_int_equal(wait_of(1, "ali"), 0);
    }
    assert_int_equal(fails(1, "ali"), 20);
    assert_true(suspended(1, "ali"));
    assert_int_equal(wait_of(1, "ali"), 86400000);
    now += 86399999;
    assert_int_equal(wait_of(1, "ali"), 1);
    assert_true(suspended(1, "ali"));
    now++;
    assert_int_equal(wait_of(1, "ali"), 0);
    assert_false(suspended(1, "ali"));
    assert_int_equal(fails(1, "ali"), 1);
    /* Who fails on and on does not run over. */
    for (int i = 0; i < 300; i++)
        fails(1, "ali");
    assert_true(suspended(1, "ali"));
    assert_int_equal(fails(1, "ali"), 255);
}

static void devices_and_users_are_told_apart(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        fails(1, "ali");
    assert_int_equal(wait_of(1, "ali"), 8000);
    assert_int_equal(wait_of(2, "ali"), 0);
    assert_int_equal(wait_of(1, "al"), 0);
    assert_int_equal(wait_of(1, "alia"), 0);
    assert_int_equal(fails(2, "ali"), 1);
    assert_int_equal(fails(1, "alia"), 1);
    assert_int_equal(wait_of(1, "ali"), 8000);
}

/* Found by trying: with this test's key each pair has the same 32 bits of hash, which is all that the index has of it. */
static void devices_and_users_of_one_hash(void **state)
{
    (void)state;
    fails(165776, "ali");
    assert_int_equal(fails(165776, "ali"), 2);
    assert_int_equal(fails(334049, "ali"), 1);
    fails(1, "u255594");
    assert_int_equal(fails(1, "u255594"), 2);
    assert_int_equal(fails(1, "u374195"), 1);
}

static void a_right_passcode_ends_it(void **state)
{
    (void)state;
    thm_attempts_succeeded(&a, device(1), "ali");
    for (int i = 0; i < 5; i++) {
        fails(1, "ali");
        fails(2, "ali");
    }
    thm_attempts_succeeded(&a, device(1), "ali");
    assert_int_equal(wait_of(1, "ali"), 0);
    assert_int_equal(wait_of(2, "ali"), 8000);
    assert_int_equal(fails(1, "ali"), 1);
}

static void the_operator_resumes_a_user_everywhere(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        fails(1, "ali");
        fails(2, "ali");
        fails(2, "bianca");
    }
    thm_attempts_clear(&a, "ali");
    assert_false(suspended(1, "ali"));
    assert_false(suspended(2, "ali"));
    assert_true(suspended(2, "bianca"));
    assert_int_equal(a.index.count, 1);
    thm_attempts_clear(&a, "");
    assert_int_equal(a.index.count, 1);
}

/* Many who fail once don't drive out somebody who failed often. */
static void a_crowd_washes_nothing_away(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        fails(0, "victim");
    for (unsigned i = 1; i < 1000; i++) {
        now++;
        fails(i, "crowd");
    }
    /* A crowd of 8 places and 1,000 failures: the victim may have given way, but then nobody counts less than it did. */
    for (unsigned i = 0; i < PLACES; i++)
        assert_true(a.places[i].failures >= 5);
    now += 1000;
    assert_true(fails(0, "victim") >= 6);
}

static void the_least_and_oldest_gives_way(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PLACES; i++) {
        now++;
        fails(i, "ali");
        if (i != 2 && i != 5)
            fails(i, "ali");
    }
    now++;
    assert_int_equal(fails(100, "ali"), 2); /* in place of device 2, and from its count on */
    assert_int_equal(fails(101, "ali"), 2); /* of device 5 */
    now += 5000;
    assert_int_equal(fails(0, "ali"), 3); /* the others are where they were */
    assert_int_equal(fails(7, "ali"), 3);
    assert_int_equal(a.index.count, PLACES);
    /* Now devices 1, 3, 4, 6, 100 and 101 have two: the oldest is 1. */
    assert_int_equal(fails(2, "ali"), 3);
    assert_int_equal(fails(3, "ali"), 3);
}

/* ... wherever it lies. */
static void a_place_that_was_free_is_not_an_old_one(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PLACES; i++, now++)
        fails(i, "ali");
    thm_attempts_succeeded(&a, device(0), "ali");
    fails(10, "ali");
    now++;
    assert_int_equal(fails(11, "ali"), 2);
    assert_memory_equal(a.places[0].tag, device(10), THM_ATTEMPT_TAG);
    assert_memory_equal(a.places[1].tag, device(11), THM_ATTEMPT_TAG);
    assert_int_equal(a.index.count, PLACES);
}

static void what_is_forgotten_gives_way_first(void **state)
{
    (void)state;
    for (int n = 0; n < 20; n++)
        fails(0, "ali");
    now += 86400000;
    for (unsigned i = 1; i < PLACES; i++)
        fails(i, "ali");
    assert_int_equal(fails(100, "ali"), 1);
    assert_int_equal(wait_of(0, "ali"), 0);
}

/* Nobody who is suspended comes free because others fail; those others wait together. */
static void when_all_are_suspended(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PLACES; i++)
        for (int n = 0; n < 20; n++)
            fails(i, "ali");
    for (unsigned i = 100; i < 200; i++)
        fails(i, "crowd");
    for (unsigned i = 0; i < PLACES; i++)
        assert_true(suspended(i, "ali"));
    assert_int_equal(wait_of(300, "bianca"), 900000);
    assert_false(suspended(300, "bianca"));
    now += 900000;
    assert_int_equal(wait_of(300, "bianca"), 0);
    fails(300, "bianca");
    assert_int_equal(wait_of(300, "bianca"), 900000);
    /* With a place free, a newcomer is a newcomer again. */
    thm_attempts_succeeded(&a, device(0), "ali");
    assert_int_equal(wait_of(300, "bianca"), 0);
    assert_int_equal(fails(300, "bianca"), 1);
}

/* For who takes over from one with many failures, one of his own is not the end. */
static void nobody_is_suspended_for_others(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PLACES; i++)
        for (int n = 0; n < 19; n++)
            fails(i, "ali");
    assert_int_equal(fails(100, "bianca"), 19);
    assert_false(suspended(100, "bianca"));
    assert_int_equal(fails(100, "bianca"), 20);
    assert_true(suspended(100, "bianca"));
}

static void a_name_that_is_too_long(void **state)
{
    static const char name[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

    (void)state;
    assert_int_equal(fails(1, name), 1);
    assert_int_equal(fails(1, name), 2);
    assert_int_equal(wait_of(1, name), 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(waits_grow),
        TEST(devices_and_users_are_told_apart),
        TEST(devices_and_users_of_one_hash),
        TEST(a_right_passcode_ends_it),
        TEST(the_operator_resumes_a_user_everywhere),
        TEST(a_crowd_washes_nothing_away),
        TEST(the_least_and_oldest_gives_way),
        TEST(a_place_that_was_free_is_not_an_old_one),
        TEST(what_is_forgotten_gives_way_first),
        TEST(when_all_are_suspended),
        TEST(nobody_is_suspended_for_others),
        TEST(a_name_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
