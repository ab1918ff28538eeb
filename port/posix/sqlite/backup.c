/*
 * A copy of the running database, a few pages at a time between transactions. What is written meanwhile goes into
 * the copy too: SQLite sees to that, as both are done by one connection.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* Pages of a step, 256 KB; and how many steps are synced at a time, so that the last sync is no longer one. */
#define STEP_PAGES 64
#define SYNC_STEPS 4

static bool sync_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return synced;
}

/* Whether a copy may have a path: where nothing is, or another copy. Above all not the database itself. */
static bool may_have(const char *path)
{
    sqlite3 *db = NULL;
    int64_t copied = 0;

    if (access(path, F_OK) != 0)
        return true; /* making it says why, if it can't be made */
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
        thm_sql_value(db, "SELECT copied FROM meta", &copied) != SQLITE_ROW)
        copied = 0;
    sqlite3_close(db);
    return copied == 1;
}

static void end_copy(struct sqlite_store *s, int sqlite)
{
    struct copying *c = &s->copying;
    struct thm_sqlite_backup *backup = c->backup;

    sqlite3_backup_finish(c->state);
    sqlite3_close(c->db);
    if (c->part != NULL && sqlite != SQLITE_OK)
        unlink(c->part);
    free(c->part);
    *c = (struct copying){0};
    backup->result = THM_SQLITE_OK;
    backup->sentence = "the copy is written";
    if (sqlite != SQLITE_OK)
        backup->result = thm_sql_explain(sqlite, &backup->sentence);
    atomic_store(&s->mail.copied, backup);
    thm_sql_wake(s);
}

static int start_copy(struct sqlite_store *s)
{
    struct copying *c = &s->copying;
    size_t size = strlen(c->backup->path) + sizeof ".part";
    int fd, code;

    if (!may_have(c->backup->path))
        return SQLITE_MISMATCH;
    c->part = malloc(size);
    if (c->part == NULL)
        return SQLITE_NOMEM;
    snprintf(c->part, size, "%s.part", c->backup->path);
    unlink(c->part);
    fd = open(c->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return SQLITE_CANTOPEN;
    close(fd);
    code = sqlite3_open_v2(c->part, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = thm_sql_text(c->db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                                   "PRAGMA cache_size = 256");
    if (code != SQLITE_OK)
        return code;
    c->state = sqlite3_backup_init(c->db, "main", s->db, "main");
    return c->state != NULL ? SQLITE_OK : sqlite3_errcode(c->db);
}

/* Makes the copy whole: marked, one file, on the disk, under its name. */
static int finish_copy(struct copying *c)
{
    int code = sqlite3_backup_finish(c->state);

    c->state = NULL;
    if (code == SQLITE_OK)
        code = thm_sql_text(c->db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE;"
                                   "UPDATE meta SET copied = 1, clean = 1");
    if (code != SQLITE_OK)
        return code;
    code = sqlite3_close(c->db);
    c->db = NULL;
    if (code == SQLITE_OK && (!sync_file(c->part) || rename(c->part, c->backup->path) != 0 ||
                              !thm_sql_sync_directory(c->backup->path)))
        code = SQLITE_IOERR;
    return code;
}

bool thm_sql_copy(struct sqlite_store *s)
{
    struct copying *c = &s->copying;
    int code = SQLITE_OK;

    if (c->backup == NULL) {
        c->backup = atomic_exchange(&s->mail.backup, NULL);
        if (c->backup == NULL)
            return false;
        code = start_copy(s);
    }
    if (code == SQLITE_OK)
        code = sqlite3_backup_step(c->state, STEP_PAGES);
    if (code == SQLITE_OK && ++c->steps % SYNC_STEPS == 0)
        code = sync_file(c->part) ? SQLITE_OK : SQLITE_IOERR;
    if (code == SQLITE_OK)
        return true;
    if (code == SQLITE_DONE)
        code = finish_copy(c);
    end_copy(s, code);
    return true;
}

void thm_sql_copy_abort(struct sqlite_store *s)
{
    if (s->copying.backup != NULL)
        end_copy(s, SQLITE_ABORT);
}
