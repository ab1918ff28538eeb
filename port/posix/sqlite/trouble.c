/* SQLite's errors, as what an operator reads. */
#include <errno.h>

#include "internal.h"

static const struct {
    int sqlite; /* primary or extended; the first that fits counts */
    int result;
    const char *sentence;
} errors[] = {
    {SQLITE_FULL, THM_SQLITE_FULL, "the disk is full: make room, it goes on by itself"},
    {SQLITE_READONLY, THM_SQLITE_READ_ONLY,
     "the database can't be written: check the owner and mode of the file and its directory, and "
     "whether the file system is mounted read-only"},
    {SQLITE_CORRUPT, THM_SQLITE_DAMAGED,
     "the database is damaged: stop the server, keep the file, and put the latest backup in its "
     "place"},
    {SQLITE_NOTADB, THM_SQLITE_DAMAGED,
     "the file is not a database, or its beginning is damaged: put the latest backup in its "
     "place"},
    {SQLITE_BUSY, THM_SQLITE_LOCKED,
     "another program has the database open: end it (a second server, or an sqlite3 shell)"},
    {SQLITE_LOCKED, THM_SQLITE_LOCKED,
     "another program has the database open: end it (a second server, or an sqlite3 shell)"},
    {SQLITE_CANTOPEN, THM_SQLITE_NO_ACCESS,
     "the database, or a file beside it, can't be opened: check that its directory exists and "
     "belongs to the server's user"},
    {SQLITE_MISMATCH, THM_SQLITE_FOREIGN,
     "something is there that is no copy of a thimble database: name another file"},
    {SQLITE_PERM, THM_SQLITE_NO_ACCESS, "the database can't be opened: check its owner and mode"},
    {SQLITE_ABORT, THM_SQLITE_IO, "the store was closed before the copy was whole"},
    {SQLITE_NOMEM, THM_SQLITE_MEMORY, "the system has no memory left"},
    {SQLITE_IOERR, THM_SQLITE_IO,
     "the system can't read or write the database: see the kernel's log (dmesg) for the disk's "
     "errors"},
};

int thm_sql_explain(int sqlite, const char **sentence)
{
    *sentence = "the database gave an unexpected error";
    if (sqlite == SQLITE_IOERR_NOMEM)
        sqlite = SQLITE_NOMEM;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].sqlite == (sqlite & 0xff)) {
            *sentence = errors[i].sentence;
            return errors[i].result;
        }
    return THM_SQLITE_IO;
}

int thm_sql_explain_errno(int error, const char **sentence)
{
    int sqlite = SQLITE_IOERR;

    if (error == 0)
        sqlite = SQLITE_CANTOPEN;
    else if (error == EACCES || error == EPERM || error == EROFS)
        sqlite = SQLITE_READONLY;
    else if (error == ENOENT || error == ENOTDIR || error == EISDIR || error == ELOOP)
        sqlite = SQLITE_CANTOPEN;
    else if (error == ENOSPC || error == EDQUOT)
        sqlite = SQLITE_FULL;
    return thm_sql_explain(sqlite, sentence);
}

/* What the system said last of the database, or of the WAL (which SQLite calls the journal). */
static int last_errno(struct sqlite_store *s, int which)
{
    sqlite3_file *file = NULL;
    int error = 0;

    if (sqlite3_file_control(s->db, "main", which, &file) == SQLITE_OK && file != NULL &&
        file->pMethods != NULL)
        (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error);
    return error;
}

static bool is_full(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/* SQLite calls a disk full only where the system says ENOSPC; a quota, or a limit on files, comes to the same. */
static int of_space(struct sqlite_store *s, int sqlite)
{
    bool full =
        (sqlite & 0xff) == SQLITE_IOERR && (is_full(last_errno(s, SQLITE_FCNTL_JOURNAL_POINTER)) ||
                                            is_full(last_errno(s, SQLITE_FCNTL_FILE_POINTER)));

    return full ? SQLITE_FULL : sqlite;
}

void thm_sql_failed(struct sqlite_store *s, int sqlite)
{
    const char *sentence;

    sqlite = of_space(s, sqlite);
    if (thm_sql_explain(sqlite, &sentence) == THM_SQLITE_DAMAGED)
        s->damaged = true;
    s->failed = true;
    s->error = sqlite;
    atomic_store(&s->mail.trouble, sentence);
}

void thm_sql_damaged(struct sqlite_store *s)
{
    bool failed = s->failed;

    thm_sql_failed(s, SQLITE_CORRUPT);
    s->failed = failed;
}

void thm_sql_well(struct sqlite_store *s)
{
    /* Damage does not go away because another page could be written. */
    if (!s->damaged && atomic_load_explicit(&s->mail.trouble, memory_order_relaxed) != NULL)
        atomic_store(&s->mail.trouble, NULL);
}
