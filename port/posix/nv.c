/*
 * Non-volatile memory: the files slot0 and slot1. A new one is written beside the old one and then
 * renamed over it, so that a crash leaves either the old content or the new.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix.h"

#define SLOTS 2u

static const char *const slot_name[SLOTS] = {"slot0", "slot1"};
static const char *const temporary_name[SLOTS] = {"slot0.new", "slot1.new"};

int posix_nv_read(struct thm_port *port, unsigned slot, void *buf, size_t cap, size_t *n)
{
    const struct posix *p = posix_of(port);
    uint8_t *at = buf;

    *n = 0;
    if (slot >= SLOTS)
        return THM_E_ARGUMENT;
    if (p->nv_dir < 0)
        return THM_OK;
    int fd = openat(p->nv_dir, slot_name[slot], O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? THM_OK : THM_E_PORT;
    ssize_t got = 1;
    while (*n < cap && got > 0) {
        got = read(fd, at + *n, cap - *n);
        if (got > 0)
            *n += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    close(fd);
    return got < 0 ? THM_E_PORT : THM_OK;
}

static bool write_all(int fd, const uint8_t *at, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* A temporary file that a crash has left is replaced: its mode may be another. */
static bool write_temporary(int dir, const char *name, const void *buf, size_t len)
{
    unlinkat(dir, name, 0);
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return false;
    bool written = write_all(fd, buf, len) && fsync(fd) == 0;
    return close(fd) == 0 && written;
}

int posix_nv_write(struct thm_port *port, unsigned slot, const void *buf, size_t len)
{
    const struct posix *p = posix_of(port);

    if (slot >= SLOTS)
        return THM_E_ARGUMENT;
    if (p->nv_dir < 0)
        return THM_E_STATE;
    if (!write_temporary(p->nv_dir, temporary_name[slot], buf, len) ||
        renameat(p->nv_dir, temporary_name[slot], p->nv_dir, slot_name[slot]) != 0) {
        unlinkat(p->nv_dir, temporary_name[slot], 0);
        return THM_E_PORT;
    }
    return fsync(p->nv_dir) == 0 ? THM_OK : THM_E_PORT;
}
