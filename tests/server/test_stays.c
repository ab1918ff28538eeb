/* When a user was in a room, and what he may read therefore. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "server/stays.h"
#include "wire/words.h"

static void assert_stays(const struct thm_stays *s, const char *text)
{
    char printed[THM_STAYS_TEXT];

    thm_stays_print(s, printed);
    assert_string_equal(printed, text);
}

static void coming_and_going(void **state)
{
    struct thm_stays s = {0};

    (void)state;
    assert_true(thm_stays_next(&s, 1) == UINT64_MAX && !thm_stays_open(&s));
    thm_stays_begin(&s, 4);
    assert_stays(&s, "5-");
    thm_stays_begin(&s, 7); /* he is there already */
    assert_stays(&s, "5-");
    thm_stays_end(&s, 9);
    thm_stays_end(&s, 12); /* gone already */
    assert_stays(&s, "5-9");
    thm_stays_begin(&s, 20);
    assert_stays(&s, "5-9 21-");
    assert_true(thm_stays_next(&s, 1) == 5 && thm_stays_next(&s, 5) == 5);
    assert_true(thm_stays_next(&s, 9) == 9 && thm_stays_next(&s, 10) == 21);
    assert_true(thm_stays_next(&s, 22) == 22 && thm_stays_open(&s));
}

static void who_missed_nothing_never_left(void **state)
{
    struct thm_stays s = {0};

    (void)state;
    thm_stays_begin(&s, 4);
    thm_stays_end(&s, 4); /* nothing was said meanwhile */
    assert_stays(&s, "");
    thm_stays_begin(&s, 4);
    thm_stays_end(&s, 9);
    thm_stays_begin(&s, 9);
    assert_stays(&s, "5-");
}

static void the_latest_are_remembered(void **state)
{
    struct thm_stays s = {0};

    (void)state;
    for (uint64_t n = 10; n <= 50; n += 10) {
        thm_stays_begin(&s, n);
        thm_stays_end(&s, n + 5);
    }
    assert_stays(&s, "21-25 31-35 41-45 51-55");
    assert_true(thm_stays_next(&s, 11) == 21);
}

static void a_log_that_began_anew_is_read_by_who_is_in(void **state)
{
    struct thm_stays s = {0};

    (void)state;
    thm_stays_begin(&s, 4);
    thm_stays_end(&s, 9);
    thm_stays_begin(&s, 20);
    thm_stays_fit(&s, 20);
    assert_stays(&s, "5-9 21-");
    thm_stays_fit(&s, 12);
    assert_stays(&s, "5-9 13-");
    thm_stays_fit(&s, 0);
    assert_true(thm_stays_open(&s) && thm_stays_next(&s, 1) <= 5);
}

static void what_is_kept_is_read_again(void **state)
{
    static const char *const good[] = {
        "", "1-", "5-9", "5-5", "5-9 21-", "1-2 3-4 5-6 7-", "9007199254740991-"};
    static const char *const bad[] = {"5",       "-",
                                      "-5",      "0-",
                                      "9-5",     "5-9 9-12",
                                      "5- 9-12", "5-9,21-",
                                      "x-9",     "5-x",
                                      "5--",     "1-2 3-4 5-6 7-8 9-",
                                      "5-9 7-",  "90071992547409910-"};
    struct thm_stays s;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(thm_stays_read(&s, thm_slice_of(good[i])));
        assert_stays(&s, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(thm_stays_read(&s, thm_slice_of(bad[i])));
        assert_int_equal(s.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coming_and_going),
        cmocka_unit_test(who_missed_nothing_never_left),
        cmocka_unit_test(the_latest_are_remembered),
        cmocka_unit_test(a_log_that_began_anew_is_read_by_who_is_in),
        cmocka_unit_test(what_is_kept_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
