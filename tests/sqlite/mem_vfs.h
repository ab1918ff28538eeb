/*
 * A disk in memory for SQLite. It keeps what was synced apart from what was only written: when the power fails, each
 * sector that was written since its file's last sync is there or is not, as a seed has it. It may be full or
 * fail as well.
 */
#ifndef THM_TEST_MEM_VFS_H
#define THM_TEST_MEM_VFS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MEM_FILES = 4, MEM_SECTOR = 512 };

struct mem_content {
    uint8_t *bytes;
    size_t size, cap;
    bool there;
};

struct mem_disk_file {
    char name[64];
    struct mem_content now, synced;
};

struct mem_disk {
    sqlite3_vfs vfs;
    struct mem_disk_file files[MEM_FILES];
    uint64_t random;
    uint64_t operations; /* writes, syncs and the like so far */
    uint64_t cut_at;     /* the power fails at this operation; 0: never */
    bool off;            /* it has failed */
    int fails;           /* what writing answers, SQLITE_OK: it works */
    unsigned
        fail_one_in; /* so many operations fail, at random, with SQLITE_FULL or SQLITE_IOERR; 0: none */
};

/** Registers an empty disk with SQLite as the VFS of this name, which must stay. */
void mem_disk_init(struct mem_disk *disk, const char *name, uint64_t seed);

/** Frees it; no database may be open. */
void mem_disk_free(struct mem_disk *disk);

/** The power has failed and is there again: what was not synced is lost or is not. */
void mem_disk_crash(struct mem_disk *disk);

/** A pseudo-random number below `limit`. */
uint32_t mem_disk_below(struct mem_disk *disk, uint32_t limit);

#endif
