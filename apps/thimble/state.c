#include "state.h"

#include <errno.h>
#include <fcntl.h>
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
    s->alias_file = text_format("%s/%s@%s.alias", own, user, device);
    int result = lock(s, path, user, device);
    if (result == OPTIONS_OK)
        read_alias(s);
    free(path);
    free(own);
    return result;
}

void state_set_alias(struct state *s, const char *alias, size_t len)
{
    int fd = open(s->alias_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char *line = text_format("%.*s\n", (int)len, alias);
    if (fd < 0 || write(fd, line, len + 1) < 0)
        report("can't write %s: %s", s->alias_file, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(line);
}
