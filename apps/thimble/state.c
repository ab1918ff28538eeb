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

/* Of a name that is read: one more than may be. */
#define NAME_DIGITS "34"
_Static_assert(THM_ROOM_MAX + 1 == 34, "NAME_DIGITS");

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

/* A line of the file: "#lobby 5f3a9c0112345678 42". */
static bool read_cursor(const char *line, struct cursor *c)
{
    char name[THM_ROOM_MAX + 2];
    if (sscanf(line, "%" NAME_DIGITS "s %" SCNx64 " %" SCNu64, name, &c->incarnation, &c->n) != 3 ||
        strlen(name) > THM_ROOM_MAX)
        return false;
    memcpy(c->name, name, strlen(name) + 1);
    return thm_key_check(THM_KEY_ROOM, c->name, strlen(c->name)) == THM_OK && c->incarnation != 0;
}

static void read_cursors(struct state *s)
{
    size_t len;
    char *text = file_read(s->cursor_file, &len), *rest = text, *line;
    while (text && (line = strsep(&rest, "\n")) != NULL && s->cursor_count < THM_CLIENT_STREAMS)
        s->cursor_count += read_cursor(line, &s->cursors[s->cursor_count]);
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
    s->cursor_file = text_format("%s/%s@%s.cursors", own, user, device);
    s->unsent_file = text_format("%s/%s@%s.unsent", own, user, device);
    s->known_file = text_format("%s/%s.known", own, user);
    s->alias_file = text_format("%s/%s@%s.alias", own, user, device);
    int result = lock(s, path, user, device);
    if (result == OPTIONS_OK) {
        read_alias(s);
        read_cursors(s);
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

const struct cursor *state_cursor(const struct state *s, const char *name)
{
    for (unsigned i = 0; i < s->cursor_count; i++)
        if (strcmp(s->cursors[i].name, name) == 0)
            return &s->cursors[i];
    return NULL;
}

static bool is_among(const struct cursor *cursors, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(cursors[i].name, name) == 0)
            return true;
    return false;
}

/* Takes down where the client is, and where former runs were that this one did not go. */
static unsigned take_cursors(const struct state *s, const struct thm_client *client,
                             struct cursor *cursors)
{
    unsigned count = 0;
    for (unsigned i = 0; i < THM_CLIENT_STREAMS; i++) {
        struct cursor *c = &cursors[count];
        const char *name;
        if (!thm_client_cursor(client, i, &name, &c->incarnation, &c->n))
            continue;
        strcpy(c->name, name);
        c->followed = true;
        count++;
    }
    for (unsigned i = 0; i < s->cursor_count && count < THM_CLIENT_STREAMS; i++)
        if (!s->cursors[i].followed && !is_among(cursors, count, s->cursors[i].name))
            cursors[count++] = s->cursors[i];
    return count;
}

void state_keep_cursors(struct state *s, const struct thm_client *client)
{
    struct cursor now[THM_CLIENT_STREAMS];
    char text[THM_CLIENT_STREAMS * (THM_ROOM_MAX + 40) + 1] = "";
    size_t len = 0;
    memset(now, 0, sizeof now);
    unsigned count = take_cursors(s, client, now);
    if (count == 0 || (count == s->cursor_count && memcmp(now, s->cursors, sizeof now) == 0))
        return;
    memcpy(s->cursors, now, sizeof now);
    s->cursor_count = count;
    for (unsigned i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s %016" PRIx64 " %" PRIu64 "\n",
                                now[i].name, now[i].incarnation, now[i].n);
    write_file(s->cursor_file, text);
}
