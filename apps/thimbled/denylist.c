#include "denylist.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

static bool write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno != EINTR)
            return false;
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* Writes the new list beside the old one, with its mode. */
static bool write_beside(const char *beside, const char *old, const char *text, size_t len,
                         const char *line)
{
    struct stat info = {.st_mode = 0644};
    (void)stat(old, &info);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool done = write_all(fd, text, len) &&
                write_all(fd, "\n", len > 0 && text[len - 1] != '\n') && /* edited by hand */
                write_all(fd, line, strlen(line)) && write_all(fd, "\n", 1) &&
                fchmod(fd, info.st_mode & 0777) == 0 && fsync(fd) == 0;
    int error = errno;
    if (close(fd) < 0 && done)
        return false;
    errno = error;
    return done;
}

bool denylist_append(const char *path, const char *line, char *why, size_t cap)
{
    size_t len = 0;
    char *file = realpath(path, NULL), *beside = file ? text_format("%s.new", file) : NULL;
    char *text = file ? file_read(file, &len) : NULL;
    bool done = false;
    if (text) {
        unlink(beside); /* of a server that was cut off here */
        done = write_beside(beside, file, text, len, line) && rename(beside, file) == 0;
    }
    if (done) {
        (void)path_sync(file);
    } else {
        snprintf(why, cap, "can't %s %s: %s", text ? "write beside" : "read", path,
                 strerror(errno));
        if (text)
            unlink(beside);
    }
    free(text);
    free(beside);
    free(file);
    return done;
}
