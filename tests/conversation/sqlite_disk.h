/* sqlite_disk.h: the SQLite store, without its thread, over a disk in memory. All that it does comes from its seed. */
#ifndef SQLITE_DISK_H
#define SQLITE_DISK_H

#include "disk.h"

/** Makes an empty one; there is one at a time. `keep`: entries of each stream that its retention leaves, 0: all. */
struct disk *sqlite_disk_new(uint64_t seed, uint32_t keep);
void sqlite_disk_free(struct disk *disk);

#endif
