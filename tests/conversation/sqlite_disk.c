#include "sqlite_disk.h"

#include <stdio.h>
#include <stdlib.h>

#include "conversation.h"
#include "sqlite/mem_vfs.h"
#include "thimble/sqlite_store.h"

#define VFS        "thimble-conversation"
#define CUT_WITHIN 80 /* operations: a transaction of one message is some 15 of them */

struct sqlite_disk {
    struct disk disk; /* first: what conversations are given */
    struct mem_disk memory;
    struct thm_store *store;
    uint64_t seed;
    uint32_t keep;
    bool failing; /* writes may fail: that the store says so is no news */
};

static struct sqlite_disk *of(struct disk *disk)
{
    return (struct sqlite_disk *)(void *)disk;
}

/* --- what the store asks for ---------------------------------------------------------------- */

static int entropy(void *ctx, void *buf, size_t len)
{
    struct sqlite_disk *d = ctx;

    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = (uint8_t)mem_disk_below(&d->memory, 256);
    return THM_OK;
}

static uint64_t utc_ms(void *ctx)
{
    const struct sqlite_disk *d = ctx;

    return CONVERSATION_UTC + (d->disk.world != NULL ? sim_world_now(d->disk.world) : 0);
}

static void trouble(void *ctx, const char *sentence)
{
    struct sqlite_disk *d = ctx;

    if (!d->failing && !d->memory.off && d->disk.broken[0] == '\0')
        snprintf(d->disk.broken, sizeof d->disk.broken, "the store is in trouble: %s", sentence);
}

/* --- opening -------------------------------------------------------------------------------- */

static int open_store(struct sqlite_disk *d, char *why, size_t cap)
{
    const struct thm_sqlite_config config = {.path = "store",
                                             .vfs = VFS,
                                             .batch = 1 + mem_disk_below(&d->memory, 8),
                                             .streams = 16,
                                             .senders = 2 + mem_disk_below(&d->memory, 16),
                                             .recent = 1 + mem_disk_below(&d->memory, 12000),
                                             .rooms = {.count = d->keep},
                                             .inboxes = {.count = d->keep},
                                             .ctx = d,
                                             .trouble = trouble,
                                             .entropy = entropy,
                                             .utc_ms = utc_ms};

    return thm_sqlite_store_open(&d->store, &config, why, cap);
}

static void close_store(struct sqlite_disk *d)
{
    if (d->store != NULL)
        thm_sqlite_store_close(d->store);
    d->store = NULL;
}

static void cut_soon(struct disk *disk)
{
    struct mem_disk *m = &of(disk)->memory;

    m->cut_at = m->operations + 1 + mem_disk_below(m, CUT_WITHIN);
}

static void lose_power(struct sqlite_disk *d)
{
    d->disk.power_losses++;
    d->disk.within_writes += d->memory.off;
    d->memory.off = true;
    close_store(d);
    mem_disk_crash(&d->memory);
}

static struct thm_store *start(struct disk *disk)
{
    struct sqlite_disk *d = of(disk);
    char why[200];

    d->disk.ops->fail(disk, 0);
    for (;;) {
        if (mem_disk_below(&d->memory, 4) == 0)
            cut_soon(disk);
        int result = open_store(d, why, sizeof why);
        d->memory.cut_at = 0;
        if (result == THM_SQLITE_OK && !d->memory.off)
            return d->store;
        if (!d->memory.off) {
            printf("seed %llu: it can't be opened: %s\n", (unsigned long long)d->seed, why);
            exit(1);
        }
        lose_power(d);
    }
}

/* --- the other operations ------------------------------------------------------------------- */

static void stop(struct disk *disk, enum disk_end end)
{
    if (end == DISK_ORDERLY)
        close_store(of(disk));
    else
        lose_power(of(disk));
}

static bool is_off(const struct disk *disk)
{
    return ((const struct sqlite_disk *)(const void *)disk)->memory.off;
}

static void fail(struct disk *disk, uint32_t ppm)
{
    of(disk)->failing = ppm != 0;
    of(disk)->memory.fail_one_in = ppm != 0 ? SIM_ALWAYS / ppm : 0;
}

static const struct disk_ops ops = {start, stop, cut_soon, is_off, fail};

struct disk *sqlite_disk_new(uint64_t seed, uint32_t keep)
{
    struct sqlite_disk *d = calloc(1, sizeof *d);

    if (d == NULL)
        abort();
    d->disk.ops = &ops;
    d->seed = seed;
    d->keep = keep;
    mem_disk_init(&d->memory, VFS, seed);
    return &d->disk;
}

void sqlite_disk_free(struct disk *disk)
{
    struct sqlite_disk *d = of(disk);

    close_store(d);
    mem_disk_free(&d->memory);
    free(d);
}
