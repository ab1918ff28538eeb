/* What opening may come to: each case has its own result, and a sentence that says what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "sqlite/fixture.h"

/* Opening must come to `result`, and its sentence hold the path and `word`. */
static void refuses(struct fixture *f, int result, const char *word)
{
    assert_int_equal(fx_try(f), result);
    assert_null(f->store);
    assert_non_null(strstr(f->why, f->config.path));
    assert_non_null(strstr(f->why, word));
}

/* `recent`: 0: all entries lie as they came. */
static void make_with(struct fixture *f, uint32_t recent)
{
    fx_init(f);
    f->config.recent = recent;
    fx_open(f);
    fx_append_all(f, fx_stream(f, "#lobby").stream, 1, 2000);
    fx_close(f);
}

static void make(struct fixture *f)
{
    make_with(f, 0);
}

static void a_second_process_is_refused(void **state)
{
    struct fixture f, second;
    sqlite3 *db;

    (void)state;
    fx_init(&f);
    fx_open(&f);
    second = f;
    refuses(&second, THM_SQLITE_LOCKED, "another program");
    assert_int_equal(fx_put(&f, "key", "value"), THM_OK);
    fx_close(&f);

    assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE", 0, 0, 0),
                     SQLITE_OK);
    refuses(&f, THM_SQLITE_LOCKED, "another program");
    sqlite3_close(db);
    fx_open(&f);
    assert_string_equal(fx_get(&f, "key"), "value");
    fx_clean(&f);
}

static void a_wrong_place_is_told(void **state)
{
    struct fixture f;

    (void)state;
    fx_init(&f);
    f.config.path = fx_path(&f, "missing/store.db");
    refuses(&f, THM_SQLITE_NO_ACCESS, "directory exists");
    f.config.path = f.directory;
    refuses(&f, THM_SQLITE_NO_ACCESS, "can't be opened");
    char lock[80];
    snprintf(lock, sizeof lock, "%s-lock", f.directory);
    unlink(lock);
    f.config.path = f.path;
    fx_clean(&f);
}

/* As somebody whom the modes of files bind. Gives what opening gave. */
static int open_as_nobody(struct fixture *f)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(99);
        int result = fx_try(f);
        _exit(result != THM_SQLITE_OK && strstr(f->why, "can't be written") == NULL ? 98 : result);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

static void what_cant_be_written_is_told(void **state)
{
    struct fixture f;

    (void)state;
    make(&f);
    chmod(f.path, 0444);
    chmod(fx_path(&f, "store.db-lock"), 0666);
    chmod(f.directory, 0777);
    assert_int_equal(open_as_nobody(&f), THM_SQLITE_READ_ONLY);
    chmod(f.path, 0666);
    chmod(f.directory, 0555);
    assert_int_equal(open_as_nobody(&f), THM_SQLITE_READ_ONLY);
    unlink(fx_path(&f, "store.db-lock"));
    assert_int_equal(open_as_nobody(&f), THM_SQLITE_READ_ONLY);
    chmod(f.directory, 0777);
    assert_int_equal(open_as_nobody(&f), THM_SQLITE_OK);
    fx_clean(&f);
}

static void overwrite(const char *path, long at, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "r+b");

    assert_non_null(file);
    fseek(file, at, SEEK_SET);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void damage_is_told(void **state)
{
    static const long places[] = {0, 100, 4096, 3 * 4096, 12 * 4096};
    struct fixture f;
    char garbage[600];

    (void)state;
    memset(garbage, 0xa5, sizeof garbage);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        make(&f);
        overwrite(f.path, places[i], garbage, sizeof garbage);
        refuses(&f, THM_SQLITE_DAMAGED, "backup");
        fx_clean(&f);
    }
    make(&f);
    assert_int_equal(truncate(f.path, 20000), 0);
    refuses(&f, THM_SQLITE_DAMAGED, "backup");
    fx_clean(&f);
    fx_init(&f);
    FILE *text = fopen(f.path, "w");
    fputs("This is a text of some length, and no database at all. It is longer than a header is, "
          "so that it can't pass for one that was cut off.\n",
          text);
    fclose(text);
    refuses(&f, THM_SQLITE_DAMAGED, "not a database");
    fx_clean(&f);
}

static void a_missing_entry_is_damage(void **state)
{
    struct fixture f;

    (void)state;
    make_with(&f, 0);
    fx_open(&f);
    assert_int_equal(fx_append(&f, fx_stream(&f, "#lobby").stream, 2001),
                     THM_OK); /* alone: it lies as it came */
    fx_close(&f);
    fx_sql(f.path, "DELETE FROM recent WHERE id = (SELECT max(id) FROM recent)");
    refuses(&f, THM_SQLITE_DAMAGED, "backup");
    fx_clean(&f);
    make_with(&f, 1000);
    fx_sql(f.path, "DELETE FROM entries WHERE id = (SELECT max(id) FROM entries)");
    refuses(&f, THM_SQLITE_DAMAGED, "backup");
    fx_clean(&f);
    make(&f);
    fx_sql(f.path, "DROP TABLE records");
    refuses(&f, THM_SQLITE_DAMAGED, "backup");
    fx_clean(&f);
}

/* Whoever reads records has room for what may be written. */
static void records_that_are_too_long_are_damaged(void **state)
{
    static char buffer[THM_LINE_MAX + 64];
    struct thm_store_request list = {
        .op = THM_STORE_LIST, .record = {.key = ""}, .buf = buffer, .cap = sizeof buffer};
    struct fixture f;
    struct thm_record record;
    size_t at = 0;

    (void)state;
    fx_init(&f);
    fx_open(&f);
    assert_int_equal(fx_put(&f, "a", "1"), THM_OK);
    fx_close(&f);
    fx_sql(f.path, "INSERT INTO records VALUES (0, zeroblob(300), x'31');"
                   "INSERT INTO records VALUES (0, x'62', zeroblob(1500) || x'31');"
                   "INSERT INTO records VALUES (0, x'63', zeroblob(1000000));"
                   "INSERT INTO records VALUES (0, x'64', x'34')");
    fx_open(&f);
    assert_int_equal(fx_run(&f, &list), THM_OK);
    for (const char *key = "abcd"; *key != '\0'; key++) {
        assert_true(thm_record_next(&list, &at, &record));
        assert_int_equal(record.key_len, 1);
        assert_int_equal(record.key[0], *key);
        assert_int_equal(record.value_len, 1);
        assert_int_equal(record.value[0], *key == 'a' ? '1' : *key == 'd' ? '4' : '\0');
    }
    assert_false(thm_record_next(&list, &at, &record));
    assert_string_equal(fx_get(&f, "b"), "");
    assert_string_equal(fx_get(&f, "d"), "4");
    fx_close(&f);
    fx_clean(&f);
}

/* The first letter of a database's journal mode. */
static int journal_of(const char *path)
{
    sqlite3_stmt *statement;
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &statement, NULL), 0);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int letter = sqlite3_column_text(statement, 0)[0];
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return letter;
}

static void other_databases_are_refused(void **state)
{
    struct fixture f;

    (void)state;
    make(&f);
    fx_sql(f.path, "PRAGMA user_version = 1000");
    refuses(&f, THM_SQLITE_NEWER, "newer thimble");
    fx_sql(f.path, "PRAGMA user_version = 2");
    fx_open(&f);
    fx_clean(&f);

    fx_init(&f);
    fx_sql(f.path, "CREATE TABLE somebody_elses (x); INSERT INTO somebody_elses VALUES (1)");
    refuses(&f, THM_SQLITE_FOREIGN, "another program");
    assert_int_equal(journal_of(f.path), 'd'); /* it is as it was */
    fx_sql(f.path, "DROP TABLE somebody_elses; PRAGMA application_id = 7");
    refuses(&f, THM_SQLITE_FOREIGN, "another program");
    fx_clean(&f);
}

/* What 0.1 had in the time of its first schema: every csn in the table of senders, none with its entry. */
static void an_older_database_is_brought_up_to_date(void **state)
{
    static const char former[] =
        "ALTER TABLE entries DROP COLUMN client; ALTER TABLE entries DROP COLUMN csn;"
        "ALTER TABLE streams DROP COLUMN senders; DROP TABLE recent;"
        "INSERT INTO streams VALUES (9, '#old', 77, 1, 2, 10);"
        "INSERT INTO entries VALUES (9 << 40 | 1, 0, 0, 5, 'one.\n'), (9 << 40 | 2, 0, 0, 5, "
        "'two.\n');"
        "INSERT INTO senders VALUES (9, 5, 10, 42, 3, zeroblob(4 * 16));"
        "PRAGMA user_version = 1";
    struct thm_store_request find = {.op = THM_STORE_FIND, .sender = {5, 10}}, append;
    struct fixture f;

    (void)state;
    make_with(&f, 1000);
    fx_sql(f.path, former);
    for (int again = 0; again <= 1; again++) {
        fx_open(&f);
        struct thm_store_request old = fx_stream(&f, "#old");
        assert_true(old.first == 1 && old.head == 2 + (uint64_t)again);
        find.stream = old.stream;
        assert_int_equal(fx_run(&f, &find), THM_OK);
        assert_int_equal(find.last_csn, 42 + again);
        append = fx_append_of(old.stream, old.head + 1);
        append.append[0].sender = find.sender;
        append.append[0].csn = 42 + (uint64_t)again;
        assert_int_equal(fx_run(&f, &append), THM_E_STATE); /* it was taken */
        append.append[0].csn++;
        assert_int_equal(fx_run(&f, &append), THM_OK);
        fx_close(&f);
    }
    fx_clean(&f);
}

/* Nobody but the server's user reads what is in it. */
static void files_are_for_the_owner_alone(void **state)
{
    static const char *const names[] = {"store.db", "store.db-lock", "store.db-wal"};
    struct fixture f;
    struct stat st;

    (void)state;
    fx_init(&f);
    umask(0);
    fx_open(&f);
    fx_put(&f, "key", "value");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(stat(fx_path(&f, names[i]), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    fx_clean(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_process_is_refused),
        cmocka_unit_test(a_wrong_place_is_told),
        cmocka_unit_test(what_cant_be_written_is_told),
        cmocka_unit_test(damage_is_told),
        cmocka_unit_test(a_missing_entry_is_damage),
        cmocka_unit_test(records_that_are_too_long_are_damaged),
        cmocka_unit_test(other_databases_are_refused),
        cmocka_unit_test(an_older_database_is_brought_up_to_date),
        cmocka_unit_test(files_are_for_the_owner_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
