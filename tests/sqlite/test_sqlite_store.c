/* The durable store: what every store promises, with a thread and without; and its memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "sqlite/fixture.h"
#include "stream/store_conformance.h"

/* --- the conformance suite --- */

static struct thm_store *suite_make(void *ctx)
{
    struct fixture *f = ctx;

    fx_open(f);
    return f->store;
}

static void suite_destroy(void *ctx, struct thm_store *store)
{
    struct fixture *f = ctx;

    assert_ptr_equal(f->store, store);
    fx_close(f);
    unlink(f->path);
}

static struct thm_store *suite_reopen(void *ctx, struct thm_store *store)
{
    struct fixture *f = ctx;

    assert_ptr_equal(f->store, store);
    fx_close(f);
    fx_open(f);
    return f->store;
}

static void suite_wait(void *ctx, struct thm_store *store)
{
    (void)store;
    fx_wait(ctx);
}

static void conforms(bool threaded, uint32_t batch, uint32_t senders)
{
    struct fixture f;
    struct thm_store_suite suite = {&f, suite_make, suite_destroy, suite_reopen, suite_wait};

    fx_init(&f);
    f.config.threaded = threaded;
    f.config.batch = batch;
    f.config.senders = senders;
    f.config.streams = 8;
    thm_store_conformance(&suite);
    assert_int_equal(f.troubles, 0);
    fx_clean(&f);
}

static void it_conforms_with_a_thread(void **state)
{
    (void)state;
    conforms(true, 0, 64);
}

static void it_conforms_without_a_thread(void **state)
{
    (void)state;
    conforms(false, 0, 64);
}

/* Every sender but one or two is read again whenever it is asked for, and written before the end of a batch. */
static void it_conforms_with_small_batches_and_hardly_any_memory(void **state)
{
    (void)state;
    conforms(false, 3, 2);
}

/* --- streams in memory --- */

static void only_what_was_released_makes_room(void **state)
{
    struct thm_store_request r = {.op = THM_STORE_OPEN, .name = "#d"}, a, b;
    struct fixture f;

    (void)state;
    fx_init(&f);
    f.config.streams = 3;
    fx_open(&f);
    a = fx_stream(&f, "#a");
    b = fx_stream(&f, "#b");
    fx_stream(&f, "#c");
    fx_append_all(&f, a.stream, 1, 3);
    assert_int_equal(fx_run(&f, &r), THM_E_LIMIT);
    f.store->ops->release(f.store, a.stream);
    f.store->ops->release(f.store, a.stream); /* it is stale now, and ignored */
    f.store->ops->release(f.store, 0);
    assert_int_equal(fx_run(&f, &r), THM_OK);
    assert_int_equal(fx_append(&f, a.stream, 4), THM_E_STATE);
    assert_int_equal(fx_append(&f, b.stream, 1), THM_OK);
    f.store->ops->release(f.store, a.stream);
    f.store->ops->release(f.store, r.stream);
    r = fx_stream(&f, "#a");
    assert_true(r.head == 3 && r.incarnation == a.incarnation);
    fx_append_all(&f, r.stream, 4, 5);
    fx_clean(&f);
}

/* Released and opened again before the thread looks: it stays. */
static void opening_again_outweighs_a_release(void **state)
{
    struct fixture f;
    struct thm_store_request a;

    (void)state;
    fx_init(&f);
    f.config.streams = 1;
    fx_open(&f);
    for (unsigned i = 0; i < 3; i++) {
        a = fx_stream(&f, "#a");
        f.store->ops->release(f.store, a.stream);
    }
    a = fx_stream(&f, "#a");
    struct thm_store_request b = {.op = THM_STORE_OPEN, .name = "#b"};
    assert_int_equal(fx_run(&f, &b), THM_E_LIMIT);
    assert_int_equal(fx_append(&f, a.stream, 1), THM_OK);
    fx_clean(&f);
}

static void many_streams_pass_through_little_memory(void **state)
{
    struct fixture f;
    char name[16];

    (void)state;
    fx_init(&f);
    f.config.streams = 5;
    f.config.senders = 4;
    fx_open(&f);
    for (unsigned i = 0; i < 300; i++) {
        struct thm_store_request s, find = {.op = THM_STORE_FIND, .sender = {1, 2}, .csn = 1};
        snprintf(name, sizeof name, "@user%u", i % 100);
        s = fx_stream(&f, name);
        assert_true(s.head == i / 100);
        struct thm_store_request r = fx_append_of(s.stream, s.head + 1);
        r.append[0].sender = (struct thm_sender){1, 2};
        r.append[0].csn = i / 100 + 1;
        assert_int_equal(fx_run(&f, &r), THM_OK);
        find.stream = s.stream;
        assert_int_equal(fx_run(&f, &find), THM_OK);
        assert_true(find.last_csn == i / 100 + 1 && find.n == 1);
        f.store->ops->release(f.store, s.stream);
    }
    fx_clean(&f);
}

/* --- the end of a store --- */

static void close_carries_out_what_was_submitted(void **state)
{
    enum { COUNT = 50 };
    struct thm_store_request r[COUNT];
    struct fixture f;

    (void)state;
    for (int threaded = 0; threaded <= 1; threaded++) {
        fx_init(&f);
        f.config.threaded = threaded;
        f.config.batch = 7;
        fx_open(&f);
        uint32_t stream = fx_stream(&f, "#lobby").stream;
        for (unsigned i = 0; i < COUNT; i++) {
            r[i] = fx_append_of(stream, i + 1);
            f.store->ops->submit(f.store, &r[i]);
        }
        fx_close(&f);
        fx_open(&f);
        assert_true(fx_stream(&f, "#lobby").head == COUNT);
        fx_clean(&f);
    }
}

static void wrong_configurations_are_told(void **state)
{
    struct fixture f;
    struct thm_sqlite_config good;

    (void)state;
    fx_init(&f);
    good = f.config;
    f.config.path = NULL;
    assert_int_equal(fx_try(&f), THM_SQLITE_CONFIG);
    f.config = good;
    f.config.batch = 4097;
    assert_int_equal(fx_try(&f), THM_SQLITE_CONFIG);
    f.config = good;
    f.config.streams = (1u << 20) + 1;
    assert_int_equal(fx_try(&f), THM_SQLITE_CONFIG);
    assert_null(f.store);
    f.config = good;
    fx_open(&f);
    fx_clean(&f);
}

/* --- points --- */

static void on_point(void *ctx, enum thm_sqlite_point point)
{
    char *seen = ((struct fixture *)ctx)->why;

    seen[strlen(seen)] = (char)('0' + point);
}

static void points_are_passed_in_every_commit(void **state)
{
    struct fixture f;

    (void)state;
    fx_init(&f);
    f.config.point = on_point;
    fx_open(&f);
    uint32_t stream = fx_stream(&f, "#lobby").stream;
    memset(f.why, 0, sizeof f.why);
    fx_append_all(&f, stream, 1, 2);
    assert_string_equal(f.why, "012");
    fx_clean(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_conforms_without_a_thread),
        cmocka_unit_test(it_conforms_with_a_thread),
        cmocka_unit_test(it_conforms_with_small_batches_and_hardly_any_memory),
        cmocka_unit_test(only_what_was_released_makes_room),
        cmocka_unit_test(opening_again_outweighs_a_release),
        cmocka_unit_test(many_streams_pass_through_little_memory),
        cmocka_unit_test(close_carries_out_what_was_submitted),
        cmocka_unit_test(wrong_configurations_are_told),
        cmocka_unit_test(points_are_passed_in_every_commit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
