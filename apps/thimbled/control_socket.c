#include "control_socket.h"

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

static bool fail(char *why, size_t cap, const char *what, const char *path)
{
    snprintf(why, cap, "the control socket: can't %s %s: %s", what, path, strerror(errno));
    return false;
}

static bool find_group(const char *name, gid_t *group, char *why, size_t cap)
{
    char *end;
    const struct group *found = getgrnam(name);
    unsigned long number = strtoul(name, &end, 10);
    if (!found && (name[0] < '0' || name[0] > '9' || *end)) {
        snprintf(why, cap, "there is no group '%s' for the control socket", name);
        return false;
    }
    *group = found ? found->gr_gid : (gid_t)number;
    return true;
}

static bool check_length(const char *path, char *why, size_t cap)
{
    const size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (strlen(path) <= most)
        return true;
    snprintf(why, cap, "the control socket's path has more than %zu bytes: %s", most, path);
    return false;
}

/* Without privileges a file can be given to groups that one is a member of. */
static bool give(const char *path, gid_t group, mode_t mode, char *why, size_t cap)
{
    struct stat info;
    if (stat(path, &info) == 0 && (info.st_gid == group || chown(path, (uid_t)-1, group) == 0) &&
        chmod(path, mode) == 0)
        return true;
    snprintf(why, cap, "the control socket: can't give %s to the group %lu: %s%s", path,
             (unsigned long)group, strerror(errno),
             errno == EPERM ? "; the server's user has to be a member of it" : "");
    return false;
}

/* Makes the folder. One that is only ours is opened for the group, which could not pass it otherwise. */
static bool make_folder(const char *path, const gid_t *group, char *why, size_t cap)
{
    char *folder = path_beside(path, "");
    struct stat info;
    size_t len = strlen(folder);
    if (len > 1)
        folder[len - 1] = '\0';
    bool done = len == 0 || path_make(folder) == 0 || fail(why, cap, "make", folder);
    if (done && len > 0 && group && stat(folder, &info) == 0 && info.st_uid == geteuid() &&
        (info.st_mode & 077) == 0)
        done = give(folder, *group, 0710, why, cap);
    free(folder);
    return done;
}

/* PATH-lock is held as long as the server lives, so that a socket without one is known to be left behind. */
static enum control_result take_lock(int *out, const char *path, char *why, size_t cap)
{
    enum control_result result = CONTROL_OPEN;
    char *lock = text_format("%s-lock", path);
    *out = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*out < 0) {
        fail(why, cap, "open", lock);
        result = CONTROL_FAILED;
    } else if (flock(*out, LOCK_EX | LOCK_NB) < 0) {
        snprintf(why, cap,
                 "another thimbled answers at the control socket %s: stop it, or give this one "
                 "another by --control FILE, or none by --control none",
                 path);
        result = CONTROL_TAKEN;
    }
    free(lock);
    return result;
}

static bool clear_place(const char *path, char *why, size_t cap)
{
    struct stat info;
    if (lstat(path, &info) < 0)
        return errno == ENOENT || fail(why, cap, "look at", path);
    if (!S_ISSOCK(info.st_mode)) {
        snprintf(why, cap, "the control socket: %s is there and is no socket", path);
        return false;
    }
    return unlink(path) == 0 || fail(why, cap, "replace", path);
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

static bool listen_there(int *out, const char *path, const gid_t *group, char *why, size_t cap)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind_there(fd, path)) {
        *out = fd;
        if (group && !give(path, *group, 0660, why, cap))
            return false;
        return listen(fd, WAITING) == 0 || fail(why, cap, "listen at", path);
    }
    fail(why, cap, "make", path);
    if (fd >= 0)
        close(fd);
    return false;
}

enum control_result control_socket_open(struct control_socket *s, const char *path,
                                        const char *group, char *why, size_t cap)
{
    gid_t id;
    *s = (struct control_socket){.fd = -1, .lock = -1};
    if (!check_length(path, why, cap) || (group && !find_group(group, &id, why, cap)) ||
        !make_folder(path, group ? &id : NULL, why, cap))
        return CONTROL_FAILED;
    s->path = text_format("%s", path);
    enum control_result result = take_lock(&s->lock, path, why, cap);
    if (result == CONTROL_OPEN &&
        (!clear_place(path, why, cap) || !listen_there(&s->fd, path, group ? &id : NULL, why, cap)))
        result = CONTROL_FAILED;
    if (result != CONTROL_OPEN)
        control_socket_close(s);
    return result;
}

void control_socket_close(struct control_socket *s)
{
    if (s->fd >= 0) {
        unlink(s->path);
        close(s->fd);
    }
    if (s->lock >= 0)
        close(s->lock);
    free(s->path);
    *s = (struct control_socket){.fd = -1, .lock = -1};
}
