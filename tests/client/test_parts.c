/* Long messages are put together, whoever else talks meanwhile; what can't be is shown all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/parts.h"

static _Alignas(8) char memory[THM_CONSOLE_PARTS * 4096];
static struct thm_parts parts;
static struct thm_slice whole;

static struct thm_msg part(const char *from, unsigned number, unsigned count, unsigned of,
                           const char *text)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_MESSAGE);
    THM_SET(&m, ROOM, "#lobby");
    THM_SET(&m, FROM, from);
    THM_SET(&m, DEVICE, "d");
    thm_msg_num(&m, THM_KEY_PART, number);
    thm_msg_num(&m, THM_KEY_PARTS, count);
    thm_msg_num(&m, THM_KEY_OF, of);
    THM_SET(&m, TEXT, text);
    return m;
}

static enum thm_parts_got add(const char *from, unsigned number, unsigned count, unsigned of,
                              const char *text)
{
    struct thm_msg m = part(from, number, count, of, text);
    struct thm_parts_rest rest;

    assert_false(thm_parts_give_up(&parts, &m, &rest));
    return thm_parts_add(&parts, &m, &whole);
}

static int setup(void **state)
{
    (void)state;
    thm_parts_init(&parts, memory, sizeof memory, THM_CONSOLE_PARTS);
    return 0;
}

static void assert_whole(const char *text)
{
    assert_int_equal(whole.len, strlen(text));
    assert_memory_equal(whole.data, text, whole.len);
}

static void parts_of_several_people_interleave(void **state)
{
    (void)state;
    assert_int_equal(add("bob", 1, 3, 7, "a"), THM_PARTS_HELD);
    assert_int_equal(add("eve", 1, 2, 7, "x"), THM_PARTS_HELD);
    assert_int_equal(add("bob", 2, 3, 7, "b"), THM_PARTS_HELD);
    assert_int_equal(add("eve", 2, 2, 7, "y"), THM_PARTS_WHOLE);
    assert_whole("xy");
    assert_int_equal(add("bob", 3, 3, 7, "c"), THM_PARTS_WHOLE);
    assert_whole("abc");
}

static void a_message_whose_beginning_is_missing_is_shown_alone(void **state)
{
    (void)state;
    assert_int_equal(add("bob", 2, 3, 7, "b"), THM_PARTS_ALONE);
    assert_int_equal(add("bob", 3, 3, 7, "c"), THM_PARTS_ALONE);
}

static void a_message_that_is_broken_off_is_given_up(void **state)
{
    struct thm_msg next = part("bob", 1, 2, 9, "n");
    struct thm_parts_rest rest;

    (void)state;
    assert_int_equal(add("bob", 1, 3, 7, "a"), THM_PARTS_HELD);
    assert_int_equal(add("bob", 2, 3, 7, "b"), THM_PARTS_HELD);
    assert_true(thm_parts_give_up(&parts, &next, &rest));
    assert_string_equal(rest.from, "bob");
    assert_string_equal(rest.room, "#lobby");
    assert_int_equal(rest.have, 2);
    assert_int_equal(rest.parts, 3);
    assert_memory_equal(rest.text.data, "ab", 2);
    assert_int_equal(thm_parts_add(&parts, &next, &whole), THM_PARTS_HELD);
    assert_int_equal(add("bob", 2, 2, 9, "m"), THM_PARTS_WHOLE);
    assert_whole("nm");
}

static void a_part_that_comes_twice_spoils_nothing(void **state)
{
    struct thm_msg again = part("bob", 1, 3, 7, "a");
    struct thm_parts_rest rest;

    (void)state;
    assert_int_equal(add("bob", 1, 3, 7, "a"), THM_PARTS_HELD);
    assert_true(thm_parts_give_up(&parts, &again, &rest));
    assert_int_equal(thm_parts_add(&parts, &again, &whole), THM_PARTS_HELD);
    assert_int_equal(add("bob", 2, 3, 7, "b"), THM_PARTS_HELD);
    assert_int_equal(add("bob", 3, 3, 7, "c"), THM_PARTS_WHOLE);
    assert_whole("abc");
}

static void the_oldest_makes_room(void **state)
{
    static const char *const people[] = {"a", "b", "c", "d"};
    struct thm_msg next = part("e", 1, 2, 1, "n");
    struct thm_parts_rest rest;

    (void)state;
    for (unsigned i = 0; i < THM_CONSOLE_PARTS; i++)
        assert_int_equal(add(people[i], 1, 3, 1, "x"), THM_PARTS_HELD);
    assert_int_equal(add("a", 2, 3, 1, "x"), THM_PARTS_HELD);
    assert_true(thm_parts_give_up(&parts, &next, &rest));
    assert_string_equal(rest.from, "b");
    assert_int_equal(thm_parts_add(&parts, &next, &whole), THM_PARTS_HELD);
}

static void what_can_not_fit_is_shown_in_parts(void **state)
{
    static char text[THM_TEXT_MAX + 1];

    (void)state;
    memset(text, 'a', THM_TEXT_MAX);
    assert_int_equal(add("bob", 1, 3, 1, text), THM_PARTS_HELD);
    assert_int_equal(add("bob", 2, 3, 1, text), THM_PARTS_HELD);
    assert_int_equal(add("bob", 3, 3, 1, text), THM_PARTS_WHOLE);
    assert_int_equal(whole.len, 3 * THM_TEXT_MAX);
    assert_int_equal(add("bob", 1, 4, 4, text), THM_PARTS_ALONE);
}

static void without_memory_all_is_shown_in_parts(void **state)
{
    (void)state;
    thm_parts_init(&parts, NULL, 0, THM_CONSOLE_PARTS);
    assert_int_equal(add("bob", 1, 2, 1, "a"), THM_PARTS_ALONE);
    thm_parts_init(&parts, memory, 100, THM_CONSOLE_PARTS);
    assert_int_equal(add("bob", 1, 2, 1, "a"), THM_PARTS_ALONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(parts_of_several_people_interleave, setup),
        cmocka_unit_test_setup(a_message_whose_beginning_is_missing_is_shown_alone, setup),
        cmocka_unit_test_setup(a_message_that_is_broken_off_is_given_up, setup),
        cmocka_unit_test_setup(a_part_that_comes_twice_spoils_nothing, setup),
        cmocka_unit_test_setup(the_oldest_makes_room, setup),
        cmocka_unit_test_setup(what_can_not_fit_is_shown_in_parts, setup),
        cmocka_unit_test_setup(without_memory_all_is_shown_in_parts, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
