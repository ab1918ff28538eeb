/* Retention: what is dropped, when, and that nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "sqlite/fixture.h"

#define HOUR UINT64_C(3600000)

/* Opens a stream and reads all of it: what is between first and head must be there; gives first. */
static uint64_t first_of(struct fixture *f, const char *name, uint64_t head)
{
    static char buf[32768];
    struct thm_store_request s = fx_stream(f, name), r = {.op = THM_STORE_READ,
                                                          .stream = s.stream,
                                                          .from = 1,
                                                          .max = 1000,
                                                          .buf = buf,
                                                          .cap = sizeof buf};
    uint64_t n = s.first;

    assert_true(s.head == head);
    do {
        struct thm_entry e;
        size_t at = 0;
        assert_int_equal(fx_run(f, &r), THM_OK);
        for (; thm_read_next(&r, &at, &e); n++)
            assert_true(e.n == n);
        r.from = n;
    } while (r.len > 0);
    assert_true(n == head + 1);
    return s.first;
}

static void pass(struct fixture *f, unsigned turns)
{
    struct thm_store_request *done;

    while (turns-- > 0)
        assert_int_equal(f->store->ops->collect(f->store, &done, 1), 0);
}

static void rooms_and_inboxes_keep_their_counts(void **state)
{
    struct fixture f;

    (void)state;
    fx_init(&f);
    f.config.rooms.count = 10;
    f.config.inboxes.count = 100;
    fx_open(&f);
    uint32_t room = fx_stream(&f, "#lobby").stream, inbox = fx_stream(&f, "@ali").stream;
    for (uint64_t n = 1; n <= 10; n++)
        assert_int_equal(fx_append(&f, room, n), THM_OK);
    assert_true(first_of(&f, "#lobby", 10) == 1);
    for (uint64_t n = 11; n <= 200; n++) {
        assert_int_equal(fx_append(&f, room, n), THM_OK);
        assert_true(first_of(&f, "#lobby", n) == n - 9);
    }
    fx_append_all(&f, inbox, 1, 200);
    assert_true(first_of(&f, "@ali", 200) == 101);
    fx_close(&f);
    fx_open(&f);
    assert_true(first_of(&f, "#lobby", 200) == 191);
    assert_true(first_of(&f, "@ali", 200) == 101);
    fx_clean(&f);
}

static void bytes_are_counted_as_they_are(void **state)
{
    struct fixture f;
    struct thm_store_request r;
    char line[1000];

    (void)state;
    memset(line, 'x', sizeof line);
    fx_init(&f);
    f.config.inboxes.bytes = 3000;
    fx_open(&f);
    uint32_t inbox = fx_stream(&f, "@ali").stream;
    fx_append_all(&f, inbox, 1, 600); /* 5 bytes each */
    assert_true(first_of(&f, "@ali", 600) == 1);
    for (uint64_t n = 601; n <= 603; n++) {
        r = fx_append_of(inbox, n);
        r.append[0].entry.line = line;
        r.append[0].entry.len = sizeof line;
        assert_int_equal(fx_run(&f, &r), THM_OK);
        assert_true(fx_stream(&f, "@ali").first > 1);
    }
    f.utc += 10 * HOUR;
    fx_close(&f);
    fx_open(
        &f); /* an append makes room for about as much as came; the rest is dropped in the walk */
    pass(&f, 20);
    assert_true(first_of(&f, "@ali", 603) == 601);
    fx_clean(&f);
}

static void what_is_too_old_goes(void **state)
{
    struct fixture f;

    (void)state;
    fx_init(&f);
    f.config.rooms.age_ms = HOUR;
    fx_open(&f);
    uint32_t room = fx_stream(&f, "#lobby").stream, inbox = fx_stream(&f, "@ali").stream;
    fx_append_all(&f, room, 1, 1000);
    fx_append_all(&f, inbox, 1, 10);
    f.utc += HOUR;
    fx_append_all(&f, room, 1001, 1010);
    pass(&f, 20);
    assert_true(first_of(&f, "#lobby", 1010) == 1);
    f.utc += 600001; /* the next walk */
    pass(&f, 20);
    assert_true(first_of(&f, "#lobby", 1010) == 1001);
    f.utc += 2 * HOUR;
    pass(&f, 20);
    assert_true(first_of(&f, "#lobby", 1010) == 1011);
    assert_true(first_of(&f, "@ali", 10) == 1);
    fx_append_all(&f, room, 1011, 1012);
    assert_true(first_of(&f, "#lobby", 1012) == 1011);
    fx_close(&f);
    fx_open(&f);
    assert_true(first_of(&f, "#lobby", 1012) == 1011);
    fx_clean(&f);
}

/* A limit that was lowered: what is too much goes in small steps, between which requests are served. */
static void a_backlog_goes_in_small_steps(void **state)
{
    struct fixture f;
    uint64_t first = 1, before;
    char name[] = "#a";
    unsigned steps = 0;

    (void)state;
    fx_init(&f);
    fx_open(&f);
    for (; name[1] <= 'c'; name[1]++)
        fx_append_all(&f, fx_stream(&f, name).stream, 1, 3000);
    fx_put(&f, "key", "value");
    fx_close(&f);
    f.config.streams = 2; /* most of the streams are not in memory */
    f.config.rooms.count = 500;
    fx_open(&f);
    do {
        before = first;
        pass(&f, 1);
        first = fx_stream(&f, "#c").first;
        assert_true(first >= before && first - before <= 256);
        assert_string_equal(fx_get(&f, "key"), "value");
    } while (++steps < 60);
    assert_true(first == 2501);
    f.config.streams = 64;
    fx_close(&f);
    fx_open(&f);
    for (name[1] = 'a'; name[1] <= 'c'; name[1]++)
        assert_true(first_of(&f, name, 3000) == 2501);
    fx_clean(&f);
}

static void without_a_rule_nothing_goes(void **state)
{
    struct fixture f;

    (void)state;
    fx_init(&f);
    f.config.inboxes.count = 1;
    fx_open(&f);
    fx_append_all(&f, fx_stream(&f, "#lobby").stream, 1, 5000);
    f.utc += 100000 * HOUR;
    pass(&f, 100);
    fx_close(&f);
    fx_open(&f);
    pass(&f, 100);
    assert_true(first_of(&f, "#lobby", 5000) == 1);
    fx_clean(&f);
}

/* Entries that come many at a time and one by one lie in two tables, in turns: whoever reads or drops sees one stream. */
static void entries_are_one_stream_wherever_they_lie(void **state)
{
    struct fixture f;
    uint64_t n = 0;

    (void)state;
    fx_init(&f);
    f.config.recent = 0;
    fx_open(&f);
    uint32_t room = fx_stream(&f, "#lobby").stream;
    for (int turn = 0; turn < 10; turn++) {
        fx_append_all(&f, room, n + 1, n + 30);
        n += 30;
        for (int i = 0; i < 10; i++)
            assert_int_equal(fx_append(&f, room, ++n), THM_OK);
        assert_true(first_of(&f, "#lobby", n) == 1);
    }
    fx_close(&f);
    fx_sql(f.path, "UPDATE meta SET clean = 0");
    f.config.rooms.count = 55;
    fx_open(&f);
    pass(&f, 20); /* all are counted, too */
    assert_int_equal(f.troubles, 0);
    assert_true(first_of(&f, "#lobby", n) == n - 54);
    fx_clean(&f);
}

/* What a csn became is known although the entry is gone, whether it was in memory or is read. */
static void senders_outlive_their_entries(void **state)
{
    static const uint32_t recents[] = {0, 1}; /* entries stay as they came; or none does */
    struct fixture f;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct thm_store_request r, find = {.op = THM_STORE_FIND, .sender = {1, 10}, .csn = 9};
        fx_init(&f);
        f.config.rooms.count = 2;
        f.config.recent = recents[i / 2];
        fx_open(&f);
        find.stream = fx_stream(&f, "#lobby").stream;
        r = fx_append_of(find.stream, 1);
        r.append[0].sender = find.sender;
        r.append[0].csn = 9;
        assert_int_equal(fx_run(&f, &r), THM_OK);
        fx_append_all(&f, find.stream, 2, 100);
        assert_true(first_of(&f, "#lobby", 100) == 99);
        if (i % 2 == 1) {
            fx_close(&f);
            fx_open(&f);
            find.stream = fx_stream(&f, "#lobby").stream;
        }
        assert_int_equal(fx_run(&f, &find), THM_OK);
        assert_true(find.last_csn == 9 && find.n == 1);
        fx_clean(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rooms_and_inboxes_keep_their_counts),
        cmocka_unit_test(bytes_are_counted_as_they_are),
        cmocka_unit_test(what_is_too_old_goes),
        cmocka_unit_test(a_backlog_goes_in_small_steps),
        cmocka_unit_test(without_a_rule_nothing_goes),
        cmocka_unit_test(entries_are_one_stream_wherever_they_lie),
        cmocka_unit_test(senders_outlive_their_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
