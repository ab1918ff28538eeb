/*
 * Whose database this is. A copy that is put back in the place of the original must not pass for it: what was
 * appended to the original since is not in it, and its numbers are given out a second time. So every incarnation
 * is mixed with the database's life, and a copy gets another life. It is told apart by
 *
 * - the mark that a backup bears,
 * - the inodes of the file and of PATH-lock, which a copy to another place does not have,
 * - a token, drawn anew at every open and close and every ten minutes between, which is in the database and in
 *   PATH-lock: a copy that is written over the original has an older one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

uint64_t thm_sql_random(struct sqlite_store *s)
{
    uint64_t drawn = 0;

    for (int tries = 0; drawn == 0 && tries < 3; tries++) {
        bool got = s->config.entropy != NULL
                       ? s->config.entropy(s->config.ctx, &drawn, sizeof drawn) == THM_OK
                       : getrandom(&drawn, sizeof drawn, 0) == sizeof drawn;
        if (!got)
            drawn = 0;
    }
    return drawn;
}

uint64_t thm_sql_incarnation(const struct sqlite_store *s, uint64_t random)
{
    struct thm_hash_key key = {s->identity.life, 0};
    uint64_t mixed = thm_hash(&key, &random, sizeof random);

    return mixed != 0 ? mixed : 1;
}

/* --- the lock --- */

/* Makes the file if it is not there, for the owner's eyes only; SQLite gives PATH-wal the same mode. Gives its inode. */
static int touch_file(const char *path, uint64_t *inode)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd < 0)
        return errno;
    int error = fstat(fd, &st) == 0 ? 0 : errno;
    *inode = (uint64_t)st.st_ino;
    close(fd);
    return error;
}

bool thm_sql_sync_directory(const char *path)
{
    char *directory = strdup(path);
    char *slash = directory != NULL ? strrchr(directory, '/') : NULL;
    int fd;

    if (slash != NULL)
        slash[slash == directory] = '\0';
    fd = directory != NULL ? open(slash != NULL ? directory : ".", O_RDONLY | O_CLOEXEC) : -1;
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    free(directory);
    return synced;
}

static uint64_t read_token(int fd)
{
    char text[17] = "";

    if (pread(fd, text, 16, 0) != 16)
        return 0;
    return strtoull(text, NULL, 16);
}

static int take_lock(struct sqlite_store *s, const char *lock_path, const char **sentence)
{
    uint64_t inode = 0;
    struct stat st;
    int error;

    s->lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (s->lock < 0)
        return thm_sql_explain_errno(errno, sentence);
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return thm_sql_explain(SQLITE_BUSY, sentence);
        return thm_sql_explain_errno(errno, sentence);
    }
    error = fstat(s->lock, &st) == 0 ? touch_file(s->path, &inode) : errno;
    if (error == 0 && !thm_sql_sync_directory(s->path))
        error = errno;
    if (error != 0)
        return thm_sql_explain_errno(error, sentence);
    struct thm_hash_key key = {inode, (uint64_t)st.st_ino};
    s->identity.files = thm_hash(&key, "files", 5);
    s->identity.held = read_token(s->lock);
    return THM_SQLITE_OK;
}

int thm_sql_lock(struct sqlite_store *s, const char **sentence)
{
    size_t size = strlen(s->path) + sizeof "-lock";
    char *lock_path = malloc(size);
    int result;

    if (lock_path == NULL)
        return thm_sql_explain(SQLITE_NOMEM, sentence);
    snprintf(lock_path, size, "%s-lock", s->path);
    result = take_lock(s, lock_path, sentence);
    free(lock_path);
    return result;
}

void thm_sql_unlock(struct sqlite_store *s)
{
    if (s->lock >= 0)
        close(s->lock);
    s->lock = -1;
}

/* --- lives and tokens --- */

static bool write_token(struct sqlite_store *s)
{
    char text[18];

    if (s->lock < 0)
        return true;
    snprintf(text, sizeof text, "%016llx\n", (unsigned long long)s->identity.token);
    if (pwrite(s->lock, text, 17, 0) != 17 || fsync(s->lock) != 0)
        return false;
    s->identity.held = s->identity.token;
    return true;
}

/* The database first: it accepts what the file holds until the next time too. */
bool thm_sql_new_token(struct sqlite_store *s, bool clean)
{
    uint64_t token = thm_sql_random(s);

    if (token == 0 || !thm_sql_begin(s)) {
        s->failed = false;
        return false;
    }
    thm_sql_int(s, Q_META_SET, 1, s->identity.life);
    thm_sql_int(s, Q_META_SET, 2, token);
    thm_sql_int(s, Q_META_SET, 3, s->identity.held);
    thm_sql_int(s, Q_META_SET, 4, s->identity.files);
    thm_sql_int(s, Q_META_SET, 5, clean);
    thm_sql_run(s, Q_META_SET);
    if (!thm_sql_commit(s))
        return false;
    s->identity.token = token;
    return write_token(s);
}

bool thm_sql_identify(struct sqlite_store *s)
{
    uint64_t token, before, files;
    bool copied;

    if (thm_sql_row(s, Q_META_GET) <= 0)
        return false;
    s->identity.life = thm_sql_column(s, Q_META_GET, 0);
    token = thm_sql_column(s, Q_META_GET, 1);
    before = thm_sql_column(s, Q_META_GET, 2);
    files = thm_sql_column(s, Q_META_GET, 3);
    copied = thm_sql_column(s, Q_META_GET, 4) != 0;
    s->identity.clean = thm_sql_column(s, Q_META_GET, 5) != 0;
    thm_sql_reset(s, Q_META_GET);
    if (s->lock >= 0)
        copied = copied || files != s->identity.files || s->identity.held == 0 ||
                 (s->identity.held != token && s->identity.held != before);
    if (copied)
        s->identity.life = thm_sql_random(s);
    return s->identity.life != 0 && thm_sql_new_token(s, false);
}
