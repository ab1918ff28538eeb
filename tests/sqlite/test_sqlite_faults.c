/* A disk that is full, fails or is damaged while the store runs: what fails is told, and it recovers by itself. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>

#include "sqlite/fixture.h"
#include "sqlite/mem_vfs.h"
#include "stream/store_conformance.h"

static struct mem_disk disk;

static void set_up(struct fixture *f)
{
    fx_init(f);
    mem_disk_init(&disk, "thimble-mem", 1);
    f->config.vfs = "thimble-mem";
    f->config.path = "store";
    f->config.cache_kb = 1;
}

static void tear_down(struct fixture *f)
{
    fx_clean(f);
    mem_disk_free(&disk);
}

/* --- the conformance suite on a disk that fails now and then --- */

static struct thm_store *suite_make(void *ctx)
{
    struct fixture *f = ctx;
    uint64_t random = disk.random;

    mem_disk_free(&disk);
    mem_disk_init(&disk, "thimble-mem", random);
    fx_open(f);
    disk.fail_one_in = 20;
    return f->store;
}

static void suite_destroy(void *ctx, struct thm_store *store)
{
    (void)store;
    disk.fail_one_in = 0;
    fx_close(ctx);
}

static struct thm_store *suite_reopen(void *ctx, struct thm_store *store)
{
    struct fixture *f = ctx;

    suite_destroy(ctx, store);
    fx_open(f);
    disk.fail_one_in = 20;
    return f->store;
}

static void conforms(uint32_t batch, uint32_t senders)
{
    struct fixture f;
    struct thm_store_suite suite = {&f, suite_make, suite_destroy, suite_reopen, NULL};

    set_up(&f);
    f.config.batch = batch;
    f.config.senders = senders;
    f.config.streams = 8;
    thm_store_conformance(&suite);
    assert_true(f.troubles > 100 && f.overs > 100);
    tear_down(&f);
}

static void it_conforms_on_a_failing_disk(void **state)
{
    (void)state;
    conforms(0, 64);
    conforms(3, 2);
}

/* --- trouble, told once --- */

static void a_full_disk_is_told_once_and_gets_over(void **state)
{
    static const int errors[] = {SQLITE_FULL, SQLITE_IOERR, SQLITE_READONLY};
    static const char *const words[] = {"full", "dmesg", "can't be written"};
    struct fixture f;

    (void)state;
    set_up(&f);
    fx_open(&f);
    uint32_t stream = fx_stream(&f, "#lobby").stream;
    fx_append_all(&f, stream, 1, 5);
    for (unsigned i = 0; i < 3; i++) {
        disk.fails = errors[i];
        for (int tries = 0; tries < 3; tries++) {
            assert_int_equal(fx_append(&f, stream, 6 + i), THM_E_STORE);
            assert_int_equal(fx_put(&f, "key", "value"), THM_E_STORE);
            assert_true(fx_stream(&f, "#lobby").head == 5 + i);
        }
        assert_int_equal(f.troubles, i + 1);
        assert_non_null(strstr(f.trouble, words[i]));
        assert_int_equal(f.overs, i);
        disk.fails = SQLITE_OK;
        assert_int_equal(fx_append(&f, stream, 6 + i), THM_OK);
        assert_int_equal(f.overs, i + 1);
    }
    assert_int_equal(f.troubles, 3);
    tear_down(&f);
}

static void it_gets_over_without_a_request(void **state)
{
    struct thm_store_request *done;
    struct fixture f;

    (void)state;
    set_up(&f);
    fx_open(&f);
    uint32_t stream = fx_stream(&f, "#lobby").stream;
    disk.fails = SQLITE_FULL;
    assert_int_equal(fx_append(&f, stream, 1), THM_E_STORE);
    for (int i = 0; i < 3; i++) {
        f.utc += 1000;
        assert_int_equal(f.store->ops->collect(f.store, &done, 1), 0);
        assert_true(f.troubles == 1 && f.overs == 0);
    }
    disk.fails = SQLITE_OK;
    f.utc += 1000;
    assert_int_equal(f.store->ops->collect(f.store, &done, 1), 0);
    assert_true(f.troubles == 1 && f.overs == 1);
    tear_down(&f);
}

static void limit_files_to(rlim_t bytes)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* With a thread, and with files of the system's: they may not grow for a while. */
static void a_thread_gets_over_trouble_too(void **state)
{
    struct thm_store_request *done;
    struct fixture f;
    uint64_t n = 1;
    int result;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    fx_init(&f);
    f.config.threaded = true;
    f.config.utc_ms = NULL;
    fx_open(&f);
    uint32_t stream = fx_stream(&f, "#lobby").stream;
    limit_files_to(100000);
    while ((result = fx_append(&f, stream, n)) == THM_OK)
        n++;
    assert_int_equal(result, THM_E_STORE);
    assert_true(n > 1 && n < 100 && f.troubles == 1);
    assert_int_equal(fx_append(&f, stream, n), THM_E_STORE);
    limit_files_to(RLIM_INFINITY);
    for (int waits = 0; f.overs == 0; waits++) { /* it tries by itself */
        assert_true(waits < 5000);
        fx_wait(&f);
        f.store->ops->collect(f.store, &done, 1);
    }
    assert_int_equal(fx_append(&f, stream, n), THM_OK);
    assert_true(f.troubles == 1 && f.overs == 1);
    fx_clean(&f);
}

/* Of a request that fails together with others nothing is left in memory. */
static void what_failed_is_as_if_it_had_never_been(void **state)
{
    struct thm_sender ali = {1, 10};
    struct thm_store_request r[3], *done[3], find = {.op = THM_STORE_FIND, .sender = {1, 10}};
    struct fixture f;

    (void)state;
    set_up(&f);
    fx_open(&f);
    uint32_t stream = fx_stream(&f, "#lobby").stream;
    fx_append_all(&f, stream, 1, 5);
    r[0] = fx_append_of(stream, 6);
    r[0].append[0].sender = ali;
    r[0].append[0].csn = 9;
    r[1] = fx_append_of(stream, 7);
    r[2] = (struct thm_store_request){.op = THM_STORE_OPEN, .name = "#new"};
    disk.fails = SQLITE_FULL;
    for (unsigned i = 0; i < 3; i++)
        f.store->ops->submit(f.store, &r[i]);
    assert_int_equal(f.store->ops->collect(f.store, done, 3), 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(r[i].result, THM_E_STORE);
    disk.fails = SQLITE_OK;
    find.stream = stream;
    assert_int_equal(fx_run(&f, &find), THM_OK);
    assert_true(find.last_csn == 0);
    assert_int_equal(fx_append(&f, stream, 7), THM_E_STATE);
    assert_int_equal(fx_run(&f, &r[0]), THM_OK);
    struct thm_store_request made = fx_stream(&f, "#new");
    assert_true(made.head == 0);
    fx_append_all(&f, made.stream, 1, 3);
    fx_close(&f);
    fx_open(&f);
    assert_true(fx_stream(&f, "#new").head == 3);
    assert_true(fx_stream(&f, "#lobby").head == 6);
    tear_down(&f);
}

/* What only reads does not fail with what could not be written; it finds nothing of that. */
static void what_reads_is_answered_among_what_fails(void **state)
{
    enum { PUT, GET, LIST, APPEND, READ, FIND, OPEN, MAKE, ALL };
    static char bufs[ALL][2 * THM_LINE_MAX];
    const struct thm_store_record key = {.key = "k", .key_len = 1, .value = "new", .value_len = 3};
    struct thm_store_request r[ALL], *done[ALL];
    struct thm_record listed;
    size_t at = 0;
    struct fixture f;

    (void)state;
    set_up(&f);
    fx_open(&f);
    uint32_t stream = fx_stream(&f, "#lobby").stream, other = fx_stream(&f, "#other").stream;
    fx_append_all(&f, stream, 1, 5);
    fx_append_all(&f, other, 1, 2);
    f.store->ops->release(f.store, other);
    assert_int_equal(fx_put(&f, "k", "old"), THM_OK);
    r[PUT] = (struct thm_store_request){.op = THM_STORE_PUT, .record = key};
    r[GET] = (struct thm_store_request){.op = THM_STORE_GET, .record = key};
    r[LIST] = (struct thm_store_request){.op = THM_STORE_LIST};
    r[APPEND] = fx_append_of(stream, 6);
    r[APPEND].append[0].sender = (struct thm_sender){1, 10};
    r[APPEND].append[0].csn = 9;
    r[READ] =
        (struct thm_store_request){.op = THM_STORE_READ, .stream = stream, .from = 5, .max = 9};
    r[FIND] = (struct thm_store_request){
        .op = THM_STORE_FIND, .stream = stream, .sender = {1, 10}, .csn = 9};
    r[OPEN] = (struct thm_store_request){.op = THM_STORE_OPEN, .name = "#other"};
    r[MAKE] = (struct thm_store_request){.op = THM_STORE_OPEN, .name = "#new"};
    disk.fails = SQLITE_FULL;
    for (unsigned i = 0; i < ALL; i++) {
        r[i].buf = bufs[i];
        r[i].cap = sizeof bufs[i];
        f.store->ops->submit(f.store, &r[i]);
    }
    assert_int_equal(f.store->ops->collect(f.store, done, ALL), ALL);
    for (unsigned i = 0; i < ALL; i++) {
        bool writes = i == PUT || i == APPEND || i == MAKE;
        assert_int_equal(r[i].result, writes ? THM_E_STORE : THM_OK);
    }
    assert_true(r[GET].len == 3 && memcmp(bufs[GET], "old", 3) == 0);
    assert_true(thm_record_next(&r[LIST], &at, &listed) && memcmp(listed.value, "old", 3) == 0);
    assert_true(r[READ].head == 5 && r[READ].len > 0);
    assert_true(r[FIND].last_csn == 0 && r[FIND].n == 0);
    assert_true(r[OPEN].head == 2);
    disk.fails = SQLITE_OK;
    assert_int_equal(fx_append(&f, r[OPEN].stream, 3), THM_OK);
    assert_int_equal(fx_append(&f, stream, 6), THM_OK);
    tear_down(&f);
}

/* A sender that was written before the end of the batch, for want of room, and read again within it. */
static void nor_is_anything_left_of_a_sender_that_made_room(void **state)
{
    enum { Z, A, B, C };
    static const struct {
        bool append;
        unsigned device;
    } steps[] = {{0, Z}, {1, A}, {1, B}, {0, Z}, {1, C}, {0, B}, {0, A}};
    struct thm_store_request r[7], *done[7];
    struct fixture f;
    uint64_t n = 0;

    (void)state;
    set_up(&f);
    f.config.senders = 3;
    f.config.cache_kb = 1000;
    fx_open(&f);
    uint32_t stream = fx_stream(&f, "#lobby").stream;
    disk.fails = SQLITE_FULL;
    for (unsigned i = 0; i < 7; i++) {
        struct thm_sender sender = {10 + steps[i].device, 1};
        r[i] = (struct thm_store_request){
            .op = THM_STORE_FIND, .stream = stream, .sender = sender, .csn = 5};
        if (steps[i].append) {
            r[i] = fx_append_of(stream, ++n);
            r[i].append[0].sender = sender;
            r[i].append[0].csn = 5;
        }
        f.store->ops->submit(f.store, &r[i]);
    }
    assert_int_equal(f.store->ops->collect(f.store, done, 7), 7);
    assert_int_equal(r[5].result, THM_OK); /* asked again after all was undone */
    assert_true(r[5].last_csn == 0);
    assert_int_equal(r[6].result, THM_OK);
    assert_true(r[6].last_csn == 0);
    disk.fails = SQLITE_OK;
    assert_int_equal(fx_run(&f, &r[6]), THM_OK);
    assert_true(r[6].last_csn == 0);
    tear_down(&f);
}

/* Appends of a stream, and PUTs, that the owner submitted while it did not know yet of a failure. */
static void what_was_submitted_before_a_failure_was_known_fails_too(void **state)
{
    struct thm_store_request r[6], *done[6];
    struct fixture f;

    (void)state;
    set_up(&f);
    f.config.batch = 2;
    fx_open(&f);
    uint32_t a = fx_stream(&f, "#a").stream, b = fx_stream(&f, "#b").stream;
    r[0] = fx_append_of(a, 1);
    r[1] = (struct thm_store_request){
        .op = THM_STORE_PUT, .record = {.key = "k", .key_len = 1, .value = "1", .value_len = 1}};
    disk.cut_at = disk.operations + 1; /* the first batch fails, and then the disk is well again */
    f.store->ops->submit(f.store, &r[0]);
    f.store->ops->submit(f.store, &r[1]);
    assert_int_equal(f.store->ops->collect(f.store, done, 0), 0); /* done, but not collected */
    disk.cut_at = 0;
    disk.off = false;
    r[2] = fx_append_of(a, 1);
    r[3] = fx_append_of(b, 1);
    r[4] = r[1];
    r[4].record.value = "2";
    for (unsigned i = 2; i < 5; i++)
        f.store->ops->submit(f.store, &r[i]);
    assert_int_equal(f.store->ops->collect(f.store, done, 6), 5);
    assert_int_equal(r[0].result, THM_E_STORE);
    assert_int_equal(r[1].result, THM_E_STORE);
    assert_int_equal(r[2].result, THM_E_STORE);
    assert_int_equal(r[3].result, THM_OK);
    assert_int_equal(r[4].result, THM_E_STORE);
    assert_string_equal(fx_get(&f, "k"), "");
    assert_int_equal(fx_append(&f, a, 1), THM_OK);
    assert_int_equal(fx_put(&f, "k", "3"), THM_OK);
    tear_down(&f);
}

/* --- damage --- */

static void a_damaged_page_fails_who_reads_it(void **state)
{
    static char buf[8192];
    struct fixture f;
    struct thm_store_request r = {
        .op = THM_STORE_READ, .from = 1, .max = 1000, .buf = buf, .cap = sizeof buf};

    (void)state;
    set_up(&f);
    fx_open(&f);
    uint32_t stream = fx_stream(&f, "#lobby").stream, other = fx_stream(&f, "#other").stream;
    fx_append_all(&f, other, 1, 1);
    fx_append_all(&f, stream, 1, 20000);
    fx_close(&f);
    fx_open(&f); /* all is in the database now, and little in memory */
    stream = fx_stream(&f, "#lobby").stream;
    struct mem_content *c = &disk.files[0].now;
    for (size_t page = 20; page < c->size / 4096 - 20; page++)
        memset(c->bytes + page * 4096, 0xee, 16);
    r.stream = stream;
    r.from = 10000;
    assert_int_equal(fx_run(&f, &r), THM_E_STORE);
    assert_int_equal(f.troubles, 1);
    assert_non_null(strstr(f.trouble, "damaged"));
    assert_int_equal(fx_append(&f, stream, 20001), THM_OK);
    assert_int_equal(f.overs, 0); /* it does not get well by that */
    assert_int_equal(fx_run(&f, &r), THM_E_STORE);
    assert_int_equal(f.troubles, 1);
    tear_down(&f);
}

static void change(sqlite3 *db, const char *sql)
{
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* After a run that did not end by close all entries are counted, a few at a time. */
static void a_missing_entry_is_found_after_a_crash(void **state)
{
    struct thm_store_request *done;
    struct fixture f;
    sqlite3 *db;

    (void)state;
    for (int clean = 0; clean <= 1; clean++) {
        set_up(&f);
        fx_open(&f);
        fx_append_all(&f, fx_stream(&f, "#a").stream, 1, 10);
        fx_append_all(&f, fx_stream(&f, "#b").stream, 1, 9000);
        fx_close(&f);
        assert_int_equal(sqlite3_open_v2("store", &db, SQLITE_OPEN_READWRITE, "thimble-mem"), 0);
        change(db, "PRAGMA locking_mode = EXCLUSIVE");
        change(db, "DELETE FROM entries WHERE id = (2 << 40 | 6000)");
        assert_int_equal(sqlite3_changes(db), 1);
        change(db, clean ? "SELECT 1" : "UPDATE meta SET clean = 0");
        sqlite3_close(db);
        fx_open(&f);
        for (int i = 0; i < 20; i++)
            f.store->ops->collect(f.store, &done, 1);
        assert_int_equal(f.troubles, !clean);
        tear_down(&f);
    }
}

/* --- at open --- */

static void a_failing_disk_is_told_at_open(void **state)
{
    static const int errors[] = {SQLITE_FULL, SQLITE_IOERR};
    static const int results[] = {THM_SQLITE_FULL, THM_SQLITE_IO};
    struct fixture f;

    (void)state;
    for (int made = 0; made <= 1; made++)
        for (unsigned i = 0; i < 2; i++) {
            set_up(&f);
            if (made) {
                fx_open(&f);
                fx_close(&f);
            }
            disk.fails = errors[i];
            assert_int_equal(fx_try(&f), results[i]);
            assert_null(f.store);
            disk.fails = SQLITE_OK;
            fx_open(&f);
            tear_down(&f);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_conforms_on_a_failing_disk),
        cmocka_unit_test(a_full_disk_is_told_once_and_gets_over),
        cmocka_unit_test(it_gets_over_without_a_request),
        cmocka_unit_test(a_thread_gets_over_trouble_too),
        cmocka_unit_test(what_failed_is_as_if_it_had_never_been),
        cmocka_unit_test(what_reads_is_answered_among_what_fails),
        cmocka_unit_test(nor_is_anything_left_of_a_sender_that_made_room),
        cmocka_unit_test(what_was_submitted_before_a_failure_was_known_fails_too),
        cmocka_unit_test(a_damaged_page_fails_who_reads_it),
        cmocka_unit_test(a_missing_entry_is_found_after_a_crash),
        cmocka_unit_test(a_failing_disk_is_told_at_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
