/* What a terminal sends becomes keys, pastes and completed words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "completion.h"
#include "keys.h"
#include "paste.h"

static void test_a_key_is_taken_whole(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } keys[] = {{"a", 1},           {"\xc3\xbc", 2}, {"\xe4\xbd\xa0", 3}, {"\xf0\x9f\x98\x80", 4},
                {"\033[A", 3},      {"\033OH", 3},   {"\033[1;5C", 6},    {KEY_PASTE_BEGIN, 6},
                {"\033[[A", 4},     {"\033b", 2},    {"\033\xc3\xbc", 3}, {"\x18\x05", 2},
                {"\x16\xc3\xbc", 3}};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char more[16] = "";
        assert_int_equal(key_length(keys[i].bytes, keys[i].len), keys[i].len);
        memcpy(more, keys[i].bytes, keys[i].len);
        strcat(more, "xy");
        assert_int_equal(key_length(more, keys[i].len + 2), keys[i].len);
        for (size_t part = 1; part < keys[i].len; part++)
            assert_int_equal(key_length(keys[i].bytes, part), 0);
    }
}

static void test_what_is_no_key_is_passed_over(void **state)
{
    char endless[64];
    (void)state;
    assert_int_equal(key_length("\xff", 1), 1);
    assert_int_equal(key_length("\xc3x", 2), 1);
    assert_int_equal(key_length("\xe4\xbdx", 3), 1);
    assert_int_equal(key_length("\033\033[A", 4), 1);
    assert_int_equal(key_length("\033[1\r", 4), 3);
    memset(endless, '1', sizeof endless);
    memcpy(endless, "\033[", 2);
    assert_true(key_length(endless, sizeof endless) > 0);
}

/* A paste arrives in pieces of any size; its end is never mistaken, and never shows. */
static void test_a_marked_paste_has_an_end(void **state)
{
    static const char text[] = "one\r\ntwo\033[20\rthree\033" KEY_PASTE_END "typed";
    const size_t len = sizeof text - 1, end = len - strlen("typed");
    (void)state;
    for (size_t piece = 1; piece <= len; piece++) {
        struct buffer paste = {0};
        size_t from = 0, upto = 0;
        bool ended = false;
        while (!ended) {
            upto = upto + piece < len ? upto + piece : len;
            from += paste_take(&paste, text + from, upto - from, &ended);
            assert_true(ended || upto < len);
        }
        assert_int_equal(from, end);
        assert_int_equal(paste_clean(&paste), 2);
        assert_string_equal(paste.data, "one\ntwo[20\nthree");
        buffer_free(&paste);
    }
}

static void test_many_lines_at_once_were_not_typed(void **state)
{
    (void)state;
    assert_false(paste_suspected("a\rb\rc\rd\re\r", 10));
    assert_true(paste_suspected("a\rb\rc\rd\re\rf\r", 12));
    assert_false(paste_suspected(KEY_PASTE_BEGIN "\r\r\r\r\r\r\r", 13));
}

static size_t source(void *ctx, const char *line, size_t len, unsigned index, char *buf, size_t cap)
{
    const char *const *words = ctx;
    size_t start = len;
    while (start > 0 && line[start - 1] != ' ')
        start--;
    for (; *words; words++) {
        if (strncmp(*words, line + start, len - start) == 0 && index-- == 0) {
            assert_true(strlen(*words) < cap);
            strcpy(buf, *words);
            return strlen(*words);
        }
    }
    return 0;
}

/* Completes `before` with `after` behind the cursor. */
static void complete(const char *before, const char *after, const char *expected,
                     const char *expected_choices)
{
    static const char *words[] = {"bianca", "bi\xc3\xb6", "bi\xc3\xbc", "/who", NULL};
    struct buffer line = {0}, choices = {0};
    size_t cursor = strlen(before);
    buffer_add(&line, before, strlen(before));
    buffer_add(&line, after, strlen(after));
    completion_run(&line, &cursor, source, words, &choices);
    buffer_insert(&line, cursor, "|", 1);
    assert_string_equal(line.data, expected);
    assert_string_equal(buffer_text(&choices), expected_choices);
    buffer_free(&line);
    buffer_free(&choices);
}

static void test_completion(void **state)
{
    (void)state;
    complete("/w", "", "/who |", "");
    complete("say bia", " now", "say bianca | now", "");
    complete("b", "", "bi|", "");
    complete("bi", "", "bi|", "bianca  bi\xc3\xb6  bi\xc3\xbc  ");
    complete("bi\xc3\xb6", "", "bi\xc3\xb6 |", "");
    complete("nobody", "", "nobody|", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_is_taken_whole),
        cmocka_unit_test(test_what_is_no_key_is_passed_over),
        cmocka_unit_test(test_a_marked_paste_has_an_end),
        cmocka_unit_test(test_many_lines_at_once_were_not_typed),
        cmocka_unit_test(test_completion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
