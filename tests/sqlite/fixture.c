#include "sqlite/fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static void on_wake(void *ctx)
{
    struct fixture *f = ctx;

    sem_post(&f->woken);
}

static uint64_t on_clock(void *ctx)
{
    const struct fixture *f = ctx;

    return f->utc;
}

static void on_trouble(void *ctx, const char *sentence)
{
    struct fixture *f = ctx;

    f->troubles++;
    f->trouble = sentence;
}

static void on_over(void *ctx)
{
    struct fixture *f = ctx;

    f->overs++;
}

void fx_init(struct fixture *f)
{
    /* In memory where that can be had: thousands of syncs would take most of the time. */
    const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    memset(f, 0, sizeof *f);
    snprintf(f->directory, sizeof f->directory, "%s/thimble-XXXXXX", tmp);
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->path, sizeof f->path, "%s/store.db", f->directory);
    sem_init(&f->woken, 0, 0);
    f->utc = 1700000000000;
    f->config = (struct thm_sqlite_config){.path = f->path,
                                           .streams = 64,
                                           .senders = 64,
                                           .recent = 20000,
                                           .ctx = f,
                                           .wake = on_wake,
                                           .utc_ms = on_clock,
                                           .trouble = on_trouble,
                                           .over = on_over};
}

void fx_clean(struct fixture *f)
{
    DIR *directory;
    struct dirent *entry;

    fx_close(f);
    directory = opendir(f->directory);
    while ((entry = readdir(directory)) != NULL)
        if (entry->d_name[0] != '.')
            unlink(fx_path(f, entry->d_name));
    closedir(directory);
    assert_int_equal(rmdir(f->directory), 0);
    sem_destroy(&f->woken);
}

int fx_try(struct fixture *f)
{
    f->why[0] = '\0';
    return thm_sqlite_store_open(&f->store, &f->config, f->why, sizeof f->why);
}

void fx_open(struct fixture *f)
{
    int result = fx_try(f);

    if (result != THM_SQLITE_OK)
        fail_msg("%d: %s", result, f->why);
    assert_true(f->store->durable);
}

void fx_close(struct fixture *f)
{
    if (f->store != NULL)
        thm_sqlite_store_close(f->store);
    f->store = NULL;
}

void fx_wait(struct fixture *f)
{
    struct timespec until;

    if (!f->config.threaded)
        return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 2000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    sem_timedwait(&f->woken, &until);
}

int fx_run(struct fixture *f, struct thm_store_request *r)
{
    struct thm_store_request *done;

    assert_int_equal(f->store->ops->submit(f->store, r), THM_OK);
    while (f->store->ops->collect(f->store, &done, 1) == 0)
        fx_wait(f);
    assert_ptr_equal(done, r);
    return r->result;
}

struct thm_store_request fx_stream(struct fixture *f, const char *name)
{
    struct thm_store_request r = {.op = THM_STORE_OPEN};

    memcpy(r.name, name, strlen(name) + 1);
    assert_int_equal(fx_run(f, &r), THM_OK);
    return r;
}

struct thm_store_request fx_append_of(uint32_t stream, uint64_t n)
{
    struct thm_store_request r = {.op = THM_STORE_APPEND, .appends = 1};

    r.append[0].stream = stream;
    r.append[0].entry = (struct thm_entry){.n = n, .line = "line\n", .len = 5};
    return r;
}

int fx_append(struct fixture *f, uint32_t stream, uint64_t n)
{
    struct thm_store_request r = fx_append_of(stream, n);

    return fx_run(f, &r);
}

enum { AT_ONCE = 500 };

void fx_append_all(struct fixture *f, uint32_t stream, uint64_t from, uint64_t to)
{
    static struct thm_store_request r[AT_ONCE];
    struct thm_store_request *done[AT_ONCE];

    while (from <= to) {
        unsigned count = 0, got = 0;
        for (; from <= to && count < AT_ONCE; from++, count++) {
            r[count] = fx_append_of(stream, from);
            f->store->ops->submit(f->store, &r[count]);
        }
        while (got < count) {
            fx_wait(f);
            got += f->store->ops->collect(f->store, done, AT_ONCE);
        }
        for (unsigned i = 0; i < count; i++)
            assert_int_equal(r[i].result, THM_OK);
    }
}

const char *fx_get(struct fixture *f, const char *key)
{
    static char buf[THM_RECORD_MAX + 1];
    struct thm_store_request r = {.op = THM_STORE_GET,
                                  .record = {.key = key, .key_len = (uint8_t)strlen(key)},
                                  .buf = buf,
                                  .cap = THM_RECORD_MAX};

    assert_int_equal(fx_run(f, &r), THM_OK);
    buf[r.len] = '\0';
    return buf;
}

int fx_put(struct fixture *f, const char *key, const char *value)
{
    struct thm_store_request r = {.op = THM_STORE_PUT,
                                  .record = {.key = key,
                                             .key_len = (uint8_t)strlen(key),
                                             .value = value,
                                             .value_len = (uint16_t)strlen(value)}};

    return fx_run(f, &r);
}

void fx_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    char *error = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
    sqlite3_close(db);
}

const char *fx_path(const struct fixture *f, const char *name)
{
    static char paths[2][400];
    static unsigned turn;
    char *path = paths[turn++ % 2];

    snprintf(path, sizeof paths[0], "%s/%s", f->directory, name);
    return path;
}

void fx_copy(const char *from, const char *to)
{
    char buf[4096];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t n;

    assert_true(in != NULL && out != NULL);
    while ((n = fread(buf, 1, sizeof buf, in)) > 0)
        assert_int_equal(fwrite(buf, 1, n, out), n);
    fclose(in);
    assert_int_equal(fclose(out), 0);
}
