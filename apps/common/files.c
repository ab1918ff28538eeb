#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *read_all(int fd, size_t *len)
{
    size_t cap = 4096, used = 0;
    char *data = malloc(cap + 1);
    while (data) {
        ssize_t n = read(fd, data + used, cap - used);
        if (n == 0) {
            data[used] = '\0';
            *len = used;
            return data;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || used + (size_t)n > FILES_MAX) {
            if (n > 0)
                errno = EFBIG;
            break;
        }
        used += (size_t)n;
        if (used == cap) {
            cap *= 2;
            char *more = realloc(data, cap + 1);
            if (!more)
                break;
            data = more;
        }
    }
    free(data);
    return NULL;
}

char *file_read(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    char *data = read_all(fd, len);
    int error = errno;
    close(fd);
    errno = error;
    return data;
}

ssize_t file_first_line(int fd, char *line, size_t cap)
{
    const char *end = NULL;
    size_t len = 0;

    while (!end && len < cap) {
        ssize_t n = read(fd, line + len, cap - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        end = memchr(line + len, '\n', (size_t)n);
        len += (size_t)n;
    }
    if (end)
        len = (size_t)(end - line);
    if (len > 0 && len < cap && line[len - 1] == '\r')
        len--;
    return (ssize_t)len;
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

int file_replace(const char *path, const void *data, size_t len, mode_t mode)
{
    char *fresh = text_format("%s.new", path);
    unlink(fresh); /* with permissions of its own, or a link to elsewhere */
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool good = fd >= 0 && fchmod(fd, mode) == 0 && write_all(fd, data, len) && fsync(fd) == 0;
    if (fd >= 0)
        good &= close(fd) == 0;
    good = good && rename(fresh, path) == 0 && path_sync(path);
    int error = errno;
    if (!good && fd >= 0)
        unlink(fresh);
    free(fresh);
    errno = error;
    return good ? 0 : -1;
}

char *text_format(const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        abort();
    return text;
}

char *path_beside(const char *beside, const char *name)
{
    const char *slash = strrchr(beside, '/');
    int folder = slash ? (int)(slash - beside) + 1 : 0;
    return text_format("%.*s%s", folder, beside, name);
}

static const char *home(void)
{
    const char *path = getenv("HOME");
    if (path && path[0] == '/')
        return path;
    const struct passwd *user = getpwuid(getuid());
    return user ? user->pw_dir : NULL;
}

char *path_of_user(const char *variable, const char *fallback)
{
    const char *path = getenv(variable);
    if (path && path[0] == '/')
        return text_format("%s/thimble", path);
    path = home();
    return path ? text_format("%s/%s/thimble", path, fallback) : NULL;
}

int path_make_last(const char *path)
{
    return mkdir(path, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

int path_make(const char *path)
{
    char *copy = text_format("%s", path);
    int result = 0;
    for (char *p = copy + 1; result == 0; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char end = *p;
        *p = '\0';
        if (mkdir(copy, 0700) < 0 && errno != EEXIST)
            result = -1;
        *p = end;
        if (end == '\0')
            break;
    }
    free(copy);
    return result;
}

bool path_sync(const char *path)
{
    char *folder = path_beside(path, ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    free(folder);
    return synced;
}
