#include "known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "files.h"
#include "report.h"

#define HASH_TEXT (2 * THM_KEY_HASH)

/* --- a line --- */

static bool read_time(const char *text, uint64_t *s)
{
    struct tm t;
    memset(&t, 0, sizeof t);
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &t);
    if (!end || *end)
        return false;
    *s = (uint64_t)timegm(&t);
    return true;
}

static bool read_hash(const char *text, uint8_t hash[THM_KEY_HASH])
{
    unsigned byte;
    for (unsigned i = 0; i < THM_KEY_HASH; i++) {
        if (strspn(text + 2 * (size_t)i, "0123456789abcdef") < 2 ||
            sscanf(text + 2 * (size_t)i, "%2x", &byte) != 1)
            return false;
        hash[i] = (uint8_t)byte;
    }
    return text[HASH_TEXT] == '\0';
}

/* Of names: one more than may be. */
#define NAME_DIGITS "33"
_Static_assert(THM_ID_MAX + 1 == 33, "NAME_DIGITS");

static bool read_line(const char *line, struct thm_identity *who, uint64_t *since_s)
{
    char user[THM_ID_MAX + 2], device[THM_ID_MAX + 2], hash[HASH_TEXT + 2], when[32];
    if (sscanf(line, "%" NAME_DIGITS "[^@ ]@%" NAME_DIGITS "s %65s %31s", user, device, hash,
               when) != 4 ||
        strlen(user) > THM_ID_MAX || strlen(device) > THM_ID_MAX)
        return false;
    memset(who, 0, sizeof *who);
    strcpy(who->user, user);
    strcpy(who->device, device);
    return read_hash(hash, who->key_hash) && read_time(when, since_s);
}

static void write_line(struct buffer *to, const struct thm_identity *who, uint64_t now_s)
{
    char hash[HASH_TEXT + 1], when[32], line[256];
    time_t now = (time_t)now_s;
    struct tm t;
    for (unsigned i = 0; i < THM_KEY_HASH; i++)
        snprintf(hash + 2 * (size_t)i, 3, "%02x", who->key_hash[i]);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &t));
    int len = snprintf(line, sizeof line, "%s@%s %s %s\n", who->user, who->device, hash, when);
    buffer_add(to, line, (size_t)len);
}

/* --- the file --- */

/* NULL: there is none; or it can't be read, which is said. */
static char *read_file(const char *file, bool *failed)
{
    size_t len;
    char *text = file_read(file, &len);
    *failed = !text && errno != ENOENT;
    if (*failed)
        report("can't read %s: %s; keys of others can't be compared with former ones", file,
               strerror(errno));
    return text;
}

bool known_find(const char *file, struct thm_identity *who, uint64_t *since_s)
{
    struct thm_identity each, found;
    uint64_t each_s, found_s = 0;
    bool failed, any = false;
    char *text = read_file(file, &failed), *rest = text, *line;
    while (text && (line = strsep(&rest, "\n")) != NULL) {
        if (!read_line(line, &each, &each_s) || strcmp(each.user, who->user) != 0 ||
            (who->device[0] && strcmp(each.device, who->device) != 0) || (any && each_s < found_s))
            continue;
        found = each;
        found_s = each_s;
        any = true;
    }
    free(text);
    if (!any)
        return false;
    *who = found;
    *since_s = found_s;
    return true;
}

static bool is_of(const char *line, const struct thm_identity *who)
{
    struct thm_identity each;
    uint64_t each_s;
    return read_line(line, &each, &each_s) && strcmp(each.user, who->user) == 0 &&
           strcmp(each.device, who->device) == 0;
}

/* The file as it is to be: without the former key, nor the oldest lines if there are too many. */
static void rewrite(struct buffer *fresh, char *text, const struct thm_identity *who,
                    uint64_t now_s)
{
    char *rest = text, *line;
    size_t lines = 0;
    while (text && (line = strsep(&rest, "\n")) != NULL) {
        if (*line == '\0' || is_of(line, who))
            continue;
        buffer_add(fresh, line, strlen(line));
        buffer_add(fresh, "\n", 1);
        lines++;
    }
    for (; lines >= KNOWN_MAX; lines--)
        buffer_remove(fresh, 0, strcspn(buffer_text(fresh), "\n") + 1);
    write_line(fresh, who, now_s);
}

/* Two devices of one user may keep a key at once; the lock is on the folder, since the file is replaced. */
static int lock_folder(const char *file)
{
    char *folder = path_beside(file, ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd >= 0)
        flock(fd, LOCK_EX);
    return fd;
}

bool known_keep(const char *file, const struct thm_identity *who, uint64_t now_s)
{
    struct buffer fresh = {0};
    int lock = lock_folder(file);
    bool failed, kept;
    char *text = read_file(file, &failed);
    if (!failed)
        rewrite(&fresh, text, who, now_s);
    kept = !failed && file_replace(file, fresh.data, fresh.len, 0600) == 0;
    if (!failed && !kept)
        report("can't write %s: %s; the key of %s@%s is not remembered", file, strerror(errno),
               who->user, who->device);
    if (lock >= 0)
        close(lock);
    buffer_free(&fresh);
    free(text);
    return kept;
}
