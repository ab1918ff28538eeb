/* Copies of a database, and processes that are killed: an incarnation stays as it is but where a copy was put back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "sqlite/fixture.h"

/* Opens the store for a moment: the incarnation of #lobby. */
static uint64_t life(struct fixture *f)
{
    fx_open(f);
    struct thm_store_request r = fx_stream(f, "#lobby");
    fx_close(f);
    return r.incarnation;
}

static void make(struct fixture *f)
{
    fx_init(f);
    fx_open(f);
    fx_append_all(f, fx_stream(f, "#lobby").stream, 1, 100);
    fx_put(f, "key", "value");
}

/* --- copies by other programs --- */

static void a_store_stays_what_it_is(void **state)
{
    struct fixture f;

    (void)state;
    make(&f);
    fx_close(&f);
    uint64_t was = life(&f);
    for (unsigned i = 0; i < 5; i++)
        assert_true(life(&f) == was);
    fx_clean(&f);
}

static void a_copy_elsewhere_is_another(void **state)
{
    struct fixture f;

    (void)state;
    make(&f);
    fx_close(&f);
    uint64_t was = life(&f);
    fx_copy(f.path, fx_path(&f, "copy.db"));
    fx_copy(fx_path(&f, "store.db-lock"), fx_path(&f, "copy.db-lock")); /* as cp -r does */
    f.config.path = fx_path(&f, "copy.db");
    uint64_t copied = life(&f);
    assert_true(copied != was);
    assert_true(life(&f) == copied);
    f.config.path = f.path;
    assert_true(life(&f) == was);
    fx_clean(&f);
}

/* Written over the original, whose inode it keeps. */
static void an_older_copy_put_back_is_another(void **state)
{
    struct fixture f;

    (void)state;
    make(&f);
    fx_close(&f);
    uint64_t was = life(&f);
    fx_copy(f.path, fx_path(&f, "copy.db"));
    assert_true(life(&f) == was);
    fx_copy(fx_path(&f, "copy.db"), f.path);
    uint64_t back = life(&f);
    assert_true(back != was);
    assert_true(life(&f) == back);
    fx_clean(&f);
}

/* Made while the store ran, and put back over it after the same run. */
static void a_copy_of_the_same_run_is_another(void **state)
{
    struct thm_store_request *done;
    struct fixture f;

    (void)state;
    for (int crash = 0; crash <= 1; crash++) {
        make(&f);
        fx_close(&f);
        uint64_t was = life(&f);
        fx_open(&f);
        fx_copy(f.path, fx_path(&f, "copy.db"));
        fx_append_all(&f, fx_stream(&f, "#lobby").stream, 101, 200);
        if (crash) { /* no token is drawn by closing, but one was after ten minutes */
            f.utc += 600001;
            f.store->ops->collect(f.store, &done, 1);
            fx_copy(fx_path(&f, "store.db-lock"), fx_path(&f, "lock"));
        }
        fx_close(&f);
        if (crash)
            fx_copy(fx_path(&f, "lock"), fx_path(&f, "store.db-lock"));
        fx_copy(fx_path(&f, "copy.db"), f.path);
        assert_true(life(&f) != was);
        fx_clean(&f);
    }
}

static void without_its_lock_file_it_is_another(void **state)
{
    struct fixture f;

    (void)state;
    make(&f);
    fx_close(&f);
    uint64_t was = life(&f);
    unlink(fx_path(&f, "store.db-lock"));
    assert_true(life(&f) != was);
    fx_clean(&f);
}

/* --- backups --- */

struct backup {
    struct thm_sqlite_backup backup;
    unsigned calls;
    int result;
    const char *sentence;
};

static void on_done(struct thm_sqlite_backup *backup, int result, const char *sentence)
{
    struct backup *b = backup->owner;

    b->calls++;
    b->result = result;
    b->sentence = sentence;
}

static void start(struct fixture *f, struct backup *b, const char *path)
{
    *b = (struct backup){.backup = {.path = path, .done = on_done, .owner = b}};
    assert_int_equal(thm_sqlite_store_backup(f->store, &b->backup), THM_OK);
}

/* A backup is made while messages come; it holds all of some moment, and is another store. */
static void a_backup_is_whole_and_another(void **state)
{
    struct fixture f;

    (void)state;
    for (int threaded = 0; threaded <= 1; threaded++) {
        struct backup b, second;
        make(&f);
        fx_close(&f);
        uint64_t was = life(&f), n = 100;
        f.config.threaded = threaded;
        fx_open(&f);
        uint32_t stream = fx_stream(&f, "#lobby").stream;
        fx_append_all(&f, stream, n + 1, n + 5000);
        n += 5000;
        start(&f, &b, fx_path(&f, "backup.db"));
        assert_int_equal(thm_sqlite_store_backup(f.store, &second.backup), THM_E_LIMIT);
        for (unsigned i = 0; b.calls == 0; i++) {
            struct thm_store_request *done;
            fx_append_all(&f, stream, n + 1, n + 10);
            n += 10;
            f.store->ops->collect(f.store, &done, 1);
            assert_true(i < 100000);
        }
        assert_int_equal(b.result, THM_SQLITE_OK);
        fx_close(&f);
        assert_int_equal(access(fx_path(&f, "backup.db.part"), F_OK), -1);
        assert_int_equal(access(fx_path(&f, "backup.db-wal"), F_OK), -1);

        fx_copy(fx_path(&f, "backup.db"), f.path); /* put back */
        fx_open(&f);
        struct thm_store_request r = fx_stream(&f, "#lobby");
        assert_true(r.incarnation != was);
        assert_true(r.head >= 5100 && r.head <= n && r.head % 10 == 0);
        assert_string_equal(fx_get(&f, "key"), "value");
        fx_append_all(&f, r.stream, r.head + 1, r.head + 10);
        fx_close(&f);
        assert_true(life(&f) == r.incarnation);
        fx_clean(&f);
    }
}

/* Two backups put back are each other's strangers too. */
static void each_restored_backup_is_another(void **state)
{
    struct thm_store_request *done;
    struct fixture f;
    struct backup b;
    uint64_t lives[3];

    (void)state;
    make(&f);
    lives[0] = fx_stream(&f, "#lobby").incarnation;
    start(&f, &b, fx_path(&f, "backup.db"));
    while (b.calls == 0)
        f.store->ops->collect(f.store, &done, 1);
    fx_copy(fx_path(&f, "store.db-lock"), fx_path(&f, "lock"));
    fx_close(&f);
    fx_copy(fx_path(&f, "lock"), fx_path(&f, "store.db-lock")); /* as if it had crashed */
    for (unsigned i = 1; i < 3; i++) {
        fx_copy(fx_path(&f, "backup.db"), f.path);
        lives[i] = life(&f);
    }
    assert_true(lives[0] != lives[1] && lives[0] != lives[2] && lives[1] != lives[2]);
    fx_clean(&f);
}

static int back_up(struct fixture *f, const char *name)
{
    struct thm_store_request *done;
    struct backup b;

    start(f, &b, fx_path(f, name));
    while (b.calls == 0)
        f->store->ops->collect(f->store, &done, 1);
    return b.result;
}

/* An operator's slip must not cost the database, or any other file. */
static void a_backup_takes_no_place_but_a_backups(void **state)
{
    struct fixture f;

    (void)state;
    make(&f);
    fx_copy(fx_path(&f, "store.db-lock"), fx_path(&f, "note.txt"));
    assert_int_equal(back_up(&f, "store.db"), THM_SQLITE_FOREIGN);
    assert_int_equal(back_up(&f, "store.db-lock"), THM_SQLITE_FOREIGN);
    assert_int_equal(back_up(&f, "note.txt"), THM_SQLITE_FOREIGN);
    assert_int_equal(back_up(&f, "."), THM_SQLITE_FOREIGN);
    assert_int_equal(back_up(&f, "backup.db"), THM_SQLITE_OK);
    assert_int_equal(back_up(&f, "backup.db"), THM_SQLITE_OK);
    uint64_t was = fx_stream(&f, "#lobby").incarnation;
    fx_close(&f);
    assert_true(life(&f) == was);
    fx_clean(&f);
}

static void a_backup_that_fails_is_told(void **state)
{
    struct thm_store_request *done;
    struct fixture f;
    struct backup b;

    (void)state;
    make(&f);
    start(&f, &b, fx_path(&f, "missing/backup.db"));
    while (b.calls == 0)
        f.store->ops->collect(f.store, &done, 1);
    assert_int_equal(b.result, THM_SQLITE_NO_ACCESS);
    assert_non_null(b.sentence);
    assert_int_equal(f.troubles, 0); /* the store itself is well */
    fx_append_all(&f, fx_stream(&f, "#lobby").stream, 101, 101);

    start(&f, &b, fx_path(&f, "backup.db")); /* closed on the way */
    fx_close(&f);
    assert_int_equal(access(fx_path(&f, "backup.db"), F_OK), -1);
    assert_int_equal(access(fx_path(&f, "backup.db.part"), F_OK), -1);
    fx_clean(&f);
}

/* --- kills --- */

static enum thm_sqlite_point die_at;
static int die_in; /* so many commits */

static void on_point(void *ctx, enum thm_sqlite_point point)
{
    (void)ctx;
    if (point == die_at && --die_in == 0)
        _exit(7);
}

/* In a process of its own: appends one by one until it dies. Gives how many were completed. */
static unsigned append_until_death(struct fixture *f, enum thm_sqlite_point point, int commits)
{
    int ends[2], status;
    unsigned completed = 0;
    char byte;

    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        die_at = point;
        die_in = commits;
        f->config.point = on_point;
        fx_open(f);
        struct thm_store_request s = fx_stream(f, "#lobby");
        for (uint64_t n = s.head + 1;; n++)
            if (fx_append(f, s.stream, n) != THM_OK || write(ends[1], "", 1) != 1)
                _exit(1);
    }
    close(ends[1]);
    while (read(ends[0], &byte, 1) == 1)
        completed++;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 7);
    return completed;
}

/* Commits while the store is opened, its token's among them, and such of appends. */
static void a_killed_store_is_the_same_and_whole(void **state)
{
    struct fixture f;

    (void)state;
    make(&f);
    fx_close(&f);
    f.config.threaded = true;
    uint64_t was = life(&f), head = 100;
    for (int commits = 1; commits <= 12; commits++)
        for (int point = 0; point < 3; point++) {
            head += append_until_death(&f, (enum thm_sqlite_point)point, commits);
            fx_open(&f);
            struct thm_store_request r = fx_stream(&f, "#lobby");
            assert_true(r.incarnation == was);
            if (point == THM_SQLITE_AFTER_COMMIT && commits > 1) /* taken, but nobody was told */
                head++;
            assert_true(r.head == head);
            fx_close(&f);
        }
    fx_clean(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_stays_what_it_is),
        cmocka_unit_test(a_copy_elsewhere_is_another),
        cmocka_unit_test(an_older_copy_put_back_is_another),
        cmocka_unit_test(a_copy_of_the_same_run_is_another),
        cmocka_unit_test(without_its_lock_file_it_is_another),
        cmocka_unit_test(a_backup_is_whole_and_another),
        cmocka_unit_test(each_restored_backup_is_another),
        cmocka_unit_test(a_backup_takes_no_place_but_a_backups),
        cmocka_unit_test(a_backup_that_fails_is_told),
        cmocka_unit_test(a_killed_store_is_the_same_and_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
