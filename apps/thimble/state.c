#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "thimble/wire.h"

#include "exit_codes.h"
#include "files.h"
#include "options.h"
#include "report.h"

static int lock(struct state *s, const char *path, const char *user, const char *device)
{
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock < 0)
        return report_fail(EXIT_FAILED, "can't write %s: %s (--state DIR names another place)",
                           path, strerror(errno));
    if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
        return OPTIONS_OK;
    if (errno != EWOULDBLOCK)
        return report_fail(EXIT_FAILED, "can't lock %s: %s (--state DIR names another place)", path,
                           strerror(errno));
    return report_fail(EXIT_LOCKED,
                       "another thimble is running as %s@%s: give this one a --device of its own "
                       "(or, to take over from it, another --state DIR)",
                       user, device);
}

static void read_alias(struct state *s)
{
    size_t len;
    char *text = file_read(s->alias_file, &len);
    if (!text)
        return;
    text[strcspn(text, "\n")] = '\0';
    if (thm_key_check(THM_KEY_ALIAS, text, strlen(text)) == THM_OK)
        s->alias = text;
    else
        free(text);
}

static void read_inbox(struct state *s)
{
    size_t len;
    char *text = file_read(s->inbox_file, &len);
    if (text && sscanf(text, "%" SCNx64 " %" SCNu64, &s->inbox_incarnation, &s->inbox_n) != 2)
        s->inbox_incarnation = s->inbox_n = 0;
    free(text);
}

int state_open(struct state *s, const char *folder, const char *user, const char *device)
{
    char *own = folder ? text_format("%s", folder) : path_of_user("XDG_STATE_HOME", ".local/state");
    if (!own)
        return report_fail(EXIT_USAGE, "there is no home directory: name a place by --state DIR");
    if (path_make(own) < 0) {
        int code = report_fail(EXIT_FAILED, "can't make %s: %s (--state DIR names another place)",
                               own, strerror(errno));
        free(own);
        return code;
    }
    char *path = text_format("%s/%s@%s.lock", own, user, device);
    s->history = text_format("%s/%s@%s.history", own, user, device);
    s->inbox_file = text_format("%s/%s@%s.inbox", own, user, device);
    s->alias_file = text_format("%s/%s@%s.alias", own, user, device);
    int result = lock(s, path, user, device);
    if (result == OPTIONS_OK) {
        read_alias(s);
        read_inbox(s);
    }
    free(path);
    free(own);
    return result;
}

/* Replaces a file whole. */
static void write_file(const char *path, const char *text)
{
    char *fresh = text_format("%s.new", path);
    size_t len = strlen(text);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, text, len) == (ssize_t)len;
    if (fd >= 0)
        good &= close(fd) == 0;
    if (!good || rename(fresh, path) < 0)
        report("can't write %s: %s", path, strerror(errno));
    free(fresh);
}

void state_set_alias(struct state *s, const char *alias, size_t len)
{
    char *line = text_format("%.*s\n", (int)len, alias);
    write_file(s->alias_file, line);
    free(line);
}

void state_set_inbox(struct state *s, uint64_t incarnation, uint64_t n)
{
    if (incarnation == s->inbox_incarnation && n == s->inbox_n)
        return;
    s->inbox_incarnation = incarnation;
    s->inbox_n = n;
    char *line = text_format("%016" PRIx64 " %" PRIu64 "\n", incarnation, n);
    write_file(s->inbox_file, line);
    free(line);
}
