/*
 * However a stream is cut into chunks, the same lines come out of it.
 */
#undef NDEBUG
#include "unit.h"

#include "transcript.h"

#define LONGEST (THM_LINE_MAX - 1) /* without the newline */

struct stream {
    char data[5 * THM_LINE_MAX];
    size_t len;
};

static void add(struct stream *s, char c, size_t count)
{
    memset(s->data + s->len, c, count);
    s->len += count;
}

static void add_line(struct stream *s, char c, size_t count)
{
    add(s, c, count);
    add(s, '\n', 1);
}

static void assert_lines(const struct stream *s, size_t first, size_t chunk, const char *expected,
                         size_t expected_len)
{
    static char data[sizeof s->data], out[sizeof s->data];
    struct transcript t = {.out = out};

    memcpy(data, s->data, s->len);
    transcript_feed(&t, data, first);
    for (size_t at = first; at < s->len; at += chunk)
        transcript_feed(&t, data + at, s->len - at < chunk ? s->len - at : chunk);
    assert_int_equal(t.len, expected_len);
    assert_memory_equal(out, expected, expected_len);
}

static void every_split(void **state)
{
    struct stream in = {.len = 0}, expected = {.len = 0};

    (void)state;
    add_line(&in, 'a', 3);
    add_line(&in, 'b', 0);
    add_line(&in, 'c', LONGEST);
    add_line(&in, 'd', LONGEST + 1);
    add_line(&in, 'e', 1);
    add_line(&in, 'f', 2 * THM_LINE_MAX + 5);
    add_line(&in, '\r', 1);
    memcpy(&expected, &in, sizeof in);
    expected.len = 3 + 1 + 1 + LONGEST + 1;
    add_line(&expected, '!', 1);
    add_line(&expected, 'e', 1);
    add_line(&expected, '!', 1);
    add_line(&expected, '\r', 1);
    add(&in, 'g', 10); /* incomplete: not a line */

    for (size_t first = 0; first <= in.len; first++)
        assert_lines(&in, first, in.len, expected.data, expected.len);
    for (size_t chunk = 1; chunk <= 64; chunk++)
        assert_lines(&in, 0, chunk, expected.data, expected.len);
}

static void a_buffer_is_needed_only_for_half_a_line(void **state)
{
    struct thm_line_reader r = {.buf = NULL};
    char data[] = "one\ntwo\nthr", more[] = "ee\n", buf[THM_LINE_MAX];
    struct thm_slice line;
    size_t taken;

    (void)state;
    assert_int_equal(thm_line_feed(&r, data, 11, &taken, &line), 1);
    assert_ptr_equal(line.data, data);
    assert_int_equal(line.len, 3);
    assert_int_equal(thm_line_feed(&r, data + 4, 7, &taken, &line), 1);
    assert_ptr_equal(line.data, data + 4);
    assert_int_equal(thm_line_feed(&r, data + 8, 3, &taken, &line), THM_E_MEMORY);
    assert_int_equal(taken, 0);
    r.buf = buf;
    assert_int_equal(thm_line_feed(&r, data + 8, 3, &taken, &line), 0);
    assert_int_equal(taken, 3);
    assert_int_equal(thm_line_feed(&r, more, 3, &taken, &line), 1);
    assert_int_equal(taken, 3);
    assert_int_equal(line.len, 5);
    assert_memory_equal(line.data, "three", 5);
}

static void an_endless_line_is_told_once_and_needs_no_buffer(void **state)
{
    struct thm_line_reader r = {.buf = NULL};
    static char data[THM_LINE_MAX];
    struct thm_slice line;
    size_t taken;

    (void)state;
    memset(data, 'x', sizeof data);
    assert_int_equal(thm_line_feed(&r, data, sizeof data, &taken, &line), THM_E_LINE_TOO_LONG);
    assert_int_equal(taken, sizeof data);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(thm_line_feed(&r, data, sizeof data, &taken, &line), 0);
        assert_int_equal(taken, sizeof data);
    }
    memcpy(data, "\nhalf", 5); /* its end, and a line that does need one */
    assert_int_equal(thm_line_feed(&r, data, 5, &taken, &line), THM_E_MEMORY);
    assert_int_equal(taken, 0);
    r.buf = data + 16;
    assert_int_equal(thm_line_feed(&r, data, 5, &taken, &line), 0);
    assert_int_equal(taken, 5);
    assert_int_equal(r.used, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split),
        cmocka_unit_test(a_buffer_is_needed_only_for_half_a_line),
        cmocka_unit_test(an_endless_line_is_told_once_and_needs_no_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
