#include "local_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "files.h"

#define WAITING 16 /* in the kernel, for accept */

/* Where the sentence goes that says why not. */
struct reason {
    const struct socket_words *words;
    char *why;
    size_t cap;
};

static bool fail(const struct reason *r, const char *what, const char *path)
{
    snprintf(r->why, r->cap, "the %s: can't %s %s: %s", r->words->name, what, path,
             strerror(errno));
    return false;
}

static bool find_group(const char *name, gid_t *group, const struct reason *r)
{
    char *end;
    const struct group *found = getgrnam(name);
    unsigned long number = strtoul(name, &end, 10);
    if (!found && (name[0] < '0' || name[0] > '9' || *end)) {
        snprintf(r->why, r->cap, "there is no group '%s' for the %s", name, r->words->name);
        return false;
    }
    *group = found ? found->gr_gid : (gid_t)number;
    return true;
}

static bool check_length(const char *path, const struct reason *r)
{
    const size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (strlen(path) <= most)
        return true;
    snprintf(r->why, r->cap, "the %s's path has more than %zu bytes: %s", r->words->name, most,
             path);
    return false;
}

/* Without privileges a file can be given to groups that one is a member of. */
static bool give(const char *path, gid_t group, mode_t mode, const struct reason *r)
{
    struct stat info;
    if (stat(path, &info) == 0 && (info.st_gid == group || chown(path, (uid_t)-1, group) == 0) &&
        chmod(path, mode) == 0)
        return true;
    if (errno == EPERM)
        snprintf(r->why, r->cap,
                 "the %s: can't give %s to the group %lu: %s's user has to be a member of it",
                 r->words->name, path, (unsigned long)group, r->words->program);
    else
        snprintf(r->why, r->cap, "the %s: can't give %s to the group %lu: %s", r->words->name, path,
                 (unsigned long)group, strerror(errno));
    return false;
}

/* Makes the folder. One that is only ours is opened for the group, which could not pass it otherwise. */
static bool make_folder(const char *path, const gid_t *group, const struct reason *r)
{
    char *folder = path_beside(path, "");
    struct stat info;
    size_t len = strlen(folder);
    if (len > 1)
        folder[len - 1] = '\0';
    bool done = len == 0 || path_make(folder) == 0 || fail(r, "make", folder);
    if (done && len > 0 && group && stat(folder, &info) == 0 && info.st_uid == geteuid() &&
        (info.st_mode & 077) == 0)
        done = give(folder, *group, 0710, r);
    free(folder);
    return done;
}

/* PATH-lock is held as long as the program lives, so that a socket without one is known to be left behind. */
static enum socket_result take_lock(int *out, const char *path, const struct reason *r)
{
    enum socket_result result = SOCKET_OPEN;
    char *lock = text_format("%s-lock", path);
    *out = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*out < 0) {
        fail(r, "open", lock);
        result = SOCKET_FAILED;
    } else if (flock(*out, LOCK_EX | LOCK_NB) < 0) {
        snprintf(r->why, r->cap, "another %s answers at the %s %s: stop it, or %s",
                 r->words->program, r->words->name, path, r->words->cure);
        result = SOCKET_TAKEN;
    }
    free(lock);
    return result;
}

static bool clear_place(const char *path, const struct reason *r)
{
    struct stat info;
    if (lstat(path, &info) < 0)
        return errno == ENOENT || fail(r, "look at", path);
    if (!S_ISSOCK(info.st_mode)) {
        snprintf(r->why, r->cap, "the %s: %s is there and is no socket", r->words->name, path);
        return false;
    }
    return unlink(path) == 0 || fail(r, "replace", path);
}

static bool bind_there(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    mode_t mask = umask(0177);
    int bound = bind(fd, (const struct sockaddr *)&address, sizeof address);
    umask(mask);
    return bound == 0;
}

static bool listen_there(int *out, const char *path, const gid_t *group, const struct reason *r)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind_there(fd, path)) {
        *out = fd;
        if (group && !give(path, *group, 0660, r))
            return false;
        return listen(fd, WAITING) == 0 || fail(r, "listen at", path);
    }
    fail(r, "make", path);
    if (fd >= 0)
        close(fd);
    return false;
}

enum socket_result local_socket_open(struct local_socket *s, const struct socket_words *words,
                                     const char *path, const char *group, char *why, size_t cap)
{
    const struct reason reason = {words, why, cap}, *r = &reason;
    gid_t id;
    *s = (struct local_socket){.fd = -1, .lock = -1};
    if (!check_length(path, r) || (group && !find_group(group, &id, r)) ||
        !make_folder(path, group ? &id : NULL, r))
        return SOCKET_FAILED;
    s->path = text_format("%s", path);
    enum socket_result result = take_lock(&s->lock, path, r);
    if (result == SOCKET_OPEN &&
        (!clear_place(path, r) || !listen_there(&s->fd, path, group ? &id : NULL, r)))
        result = SOCKET_FAILED;
    if (result != SOCKET_OPEN)
        local_socket_close(s);
    return result;
}

void local_socket_close(struct local_socket *s)
{
    if (s->fd >= 0) {
        unlink(s->path);
        close(s->fd);
    }
    if (s->lock >= 0)
        close(s->lock);
    free(s->path);
    *s = (struct local_socket){.fd = -1, .lock = -1};
}
