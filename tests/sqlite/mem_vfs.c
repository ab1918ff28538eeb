#include "sqlite/mem_vfs.h"

#include <stdlib.h>
#include <string.h>

struct open_file {
    sqlite3_file base;
    struct mem_disk *disk;
    struct mem_disk_file *file;
    bool syncs_names; /* with its next sync, those of all files */
};

uint32_t mem_disk_below(struct mem_disk *disk, uint32_t limit)
{
    uint64_t x = disk->random += 0x9e3779b97f4a7c15;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return (uint32_t)((x ^ x >> 31) % limit);
}

/* --- contents --- */

static void resize(struct mem_content *c, size_t size)
{
    if (size > c->cap) {
        c->cap = size * 2;
        c->bytes = realloc(c->bytes, c->cap);
        if (c->bytes == NULL)
            abort();
    }
    if (size > c->size)
        memset(c->bytes + c->size, 0, size - c->size);
    c->size = size;
}

static void copy(struct mem_content *to, const struct mem_content *from)
{
    resize(to, from->size);
    if (from->size > 0)
        memcpy(to->bytes, from->bytes, from->size);
    to->there = from->there;
}

/* --- what befalls operations --- */

/* What an operation that changes something answers; SQLITE_OK: it is done. */
static int befalls(struct mem_disk *disk)
{
    disk->operations++;
    if (disk->cut_at != 0 && disk->operations >= disk->cut_at)
        disk->off = true;
    if (disk->off)
        return SQLITE_IOERR;
    if (disk->fails != SQLITE_OK)
        return disk->fails;
    if (disk->fail_one_in != 0 && mem_disk_below(disk, disk->fail_one_in) == 0)
        return mem_disk_below(disk, 2) == 0 ? SQLITE_FULL : SQLITE_IOERR;
    return SQLITE_OK;
}

/* One sector as it was, or as it is: no more and no less is kept of what was not synced. */
static void settle_sector(struct mem_disk *disk, struct mem_disk_file *f, size_t at)
{
    size_t end = at + MEM_SECTOR;

    if (end > f->now.size)
        end = f->now.size;
    if (end > f->synced.size)
        end = f->synced.size;
    if (at < end && mem_disk_below(disk, 2) == 0)
        memcpy(f->synced.bytes + at, f->now.bytes + at, end - at);
}

void mem_disk_crash(struct mem_disk *disk)
{
    /* One in four: of what was not synced nothing is there; one in four: all. */
    uint32_t fate = mem_disk_below(disk, 4);

    for (unsigned i = 0; i < MEM_FILES; i++) {
        struct mem_disk_file *f = &disk->files[i];
        if (fate == 1)
            copy(&f->synced, &f->now);
        if (fate > 1) {
            if (mem_disk_below(disk, 2) == 0)
                f->synced.there = f->now.there;
            if (mem_disk_below(disk, 2) == 0)
                resize(&f->synced, f->now.size);
            for (size_t at = 0; at < f->now.size; at += MEM_SECTOR)
                settle_sector(disk, f, at);
        }
        if (!f->synced.there)
            resize(&f->synced, 0);
        copy(&f->now, &f->synced);
    }
    disk->off = false;
    disk->cut_at = 0;
}

/* --- the methods of a file --- */

static struct open_file *of(sqlite3_file *file)
{
    return (struct open_file *)(void *)file;
}

static int on_close(sqlite3_file *file)
{
    (void)file;
    return SQLITE_OK;
}

static int on_read(sqlite3_file *file, void *buf, int len, sqlite3_int64 offset)
{
    const struct mem_content *c = &of(file)->file->now;
    size_t at = (size_t)offset, want = (size_t)len, got = at < c->size ? c->size - at : 0;

    if (of(file)->disk->off)
        return SQLITE_IOERR_READ;
    if (got > want)
        got = want;
    if (got > 0)
        memcpy(buf, c->bytes + at, got);
    if (got == want)
        return SQLITE_OK;
    memset((char *)buf + got, 0, want - got);
    return SQLITE_IOERR_SHORT_READ;
}

static int on_write(sqlite3_file *file, const void *buf, int len, sqlite3_int64 offset)
{
    struct mem_content *c = &of(file)->file->now;
    size_t end = (size_t)offset + (size_t)len;
    int code = befalls(of(file)->disk);

    if (code != SQLITE_OK)
        return code == SQLITE_IOERR ? SQLITE_IOERR_WRITE : code;
    if (end > c->size)
        resize(c, end);
    memcpy(c->bytes + offset, buf, (size_t)len);
    return SQLITE_OK;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (befalls(of(file)->disk) != SQLITE_OK)
        return SQLITE_IOERR_TRUNCATE;
    resize(&of(file)->file->now, (size_t)size);
    return SQLITE_OK;
}

static int on_sync(sqlite3_file *file, int flags)
{
    struct mem_disk *disk = of(file)->disk;
    struct mem_disk_file *f = of(file)->file;

    (void)flags;
    if (befalls(disk) != SQLITE_OK)
        return SQLITE_IOERR_FSYNC;
    for (unsigned i = 0; i < MEM_FILES && of(file)->syncs_names; i++)
        disk->files[i].synced.there = disk->files[i].now.there;
    of(file)->syncs_names = false;
    copy(&f->synced, &f->now);
    return SQLITE_OK;
}

static int on_size(sqlite3_file *file, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)of(file)->file->now.size;
    return SQLITE_OK;
}

static int on_lock(sqlite3_file *file, int level)
{
    (void)file;
    (void)level;
    return SQLITE_OK;
}

static int on_reserved(sqlite3_file *file, int *reserved)
{
    (void)file;
    *reserved = 0;
    return SQLITE_OK;
}

static int on_control(sqlite3_file *file, int op, void *argument)
{
    (void)file;
    (void)op;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int on_sector_size(sqlite3_file *file)
{
    (void)file;
    return MEM_SECTOR;
}

/* A write of one sector does no harm to its neighbours; nothing else is promised. */
static int on_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* --- the methods of the disk --- */

static struct mem_disk *disk_of(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static struct mem_disk_file *find(struct mem_disk *disk, const char *name)
{
    struct mem_disk_file *none = NULL;

    for (unsigned i = 0; i < MEM_FILES; i++) {
        struct mem_disk_file *f = &disk->files[i];
        if (strcmp(f->name, name) == 0)
            return f;
        if (none == NULL && f->name[0] == '\0')
            none = f;
    }
    if (none == NULL || strlen(name) >= sizeof none->name)
        abort();
    strcpy(none->name, name);
    return none;
}

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                   int *out_flags)
{
    static const sqlite3_io_methods methods = {.iVersion = 1,
                                               .xClose = on_close,
                                               .xRead = on_read,
                                               .xWrite = on_write,
                                               .xTruncate = on_truncate,
                                               .xSync = on_sync,
                                               .xFileSize = on_size,
                                               .xLock = on_lock,
                                               .xUnlock = on_lock,
                                               .xCheckReservedLock = on_reserved,
                                               .xFileControl = on_control,
                                               .xSectorSize = on_sector_size,
                                               .xDeviceCharacteristics = on_characteristics};
    struct mem_disk *disk = disk_of(vfs);

    file->pMethods = NULL;
    if (name == NULL || disk->off)
        return SQLITE_CANTOPEN;
    of(file)->disk = disk;
    of(file)->file = find(disk, name);
    /* As in SQLite's own VFS: each time that a journal is opened, its first sync syncs the directory too. */
    of(file)->syncs_names = (flags & SQLITE_OPEN_CREATE) != 0 &&
                            (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0;
    if (!of(file)->file->now.there) {
        int code = (flags & SQLITE_OPEN_CREATE) != 0 ? befalls(disk) : SQLITE_CANTOPEN;
        if (code != SQLITE_OK)
            return code;
        of(file)->file->now.there = true;
        resize(&of(file)->file->now, 0);
    }
    if (out_flags != NULL)
        *out_flags = flags;
    file->pMethods = &methods;
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    struct mem_disk_file *f = find(disk_of(vfs), name);

    if (befalls(disk_of(vfs)) != SQLITE_OK)
        return SQLITE_IOERR_DELETE;
    f->now.there = false;
    resize(&f->now, 0);
    if (sync_directory)
        copy(&f->synced, &f->now);
    return SQLITE_OK;
}

static int on_access(sqlite3_vfs *vfs, const char *name, int flags, int *there)
{
    (void)flags;
    *there = find(disk_of(vfs), name)->now.there;
    return disk_of(vfs)->off ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int on_path(sqlite3_vfs *vfs, const char *name, int cap, char *path)
{
    (void)vfs;
    sqlite3_snprintf(cap, path, "%s", name);
    return SQLITE_OK;
}

static int on_randomness(sqlite3_vfs *vfs, int len, char *buf)
{
    for (int i = 0; i < len; i++)
        buf[i] = (char)mem_disk_below(disk_of(vfs), 256);
    return len;
}

static int on_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static int on_time(sqlite3_vfs *vfs, double *now)
{
    (void)vfs;
    *now = 2460000.5;
    return SQLITE_OK;
}

static int on_last_error(sqlite3_vfs *vfs, int cap, char *text)
{
    (void)vfs;
    (void)cap;
    (void)text;
    return 0;
}

void mem_disk_init(struct mem_disk *disk, const char *name, uint64_t seed)
{
    memset(disk, 0, sizeof *disk);
    disk->random = seed;
    disk->vfs = (sqlite3_vfs){.iVersion = 1,
                              .szOsFile = sizeof(struct open_file),
                              .mxPathname = 64,
                              .zName = name,
                              .pAppData = disk,
                              .xOpen = on_open,
                              .xDelete = on_delete,
                              .xAccess = on_access,
                              .xFullPathname = on_path,
                              .xRandomness = on_randomness,
                              .xSleep = on_sleep,
                              .xCurrentTime = on_time,
                              .xGetLastError = on_last_error};
    if (sqlite3_vfs_register(&disk->vfs, 0) != SQLITE_OK)
        abort();
}

void mem_disk_free(struct mem_disk *disk)
{
    sqlite3_vfs_unregister(&disk->vfs);
    for (unsigned i = 0; i < MEM_FILES; i++) {
        free(disk->files[i].now.bytes);
        free(disk->files[i].synced.bytes);
    }
}
