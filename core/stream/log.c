/*
 * The log in memory: a chain of blocks out of a shared pool.
 *
 * A block holds consecutive entries as records: two bytes of length, eight of the device where the entry
 * is for one only, the line. Blocks of a log are counted 1, 2, 3 ... and block s also points back at block
 * s & (s - 1), which is s without its lowest set bit: with these and the plain neighbours, any block is found
 * in a number of steps that grows with the logarithm of their number.
 *
 * Logs that hold equally many blocks form a ring, so the fullest log is known without a search.
 */
#include "thimble/stream.h"

#include <string.h>

struct block_head {
    struct thm_log *log;   /* whose it is; NULL: free */
    uint64_t first, last;  /* numbers of its entries */
    uint64_t seq;          /* its count in the log */
    uint32_t older, newer; /* neighbours in the log; in the free list only `older` */
    uint32_t back;         /* block seq & (seq - 1), which may have been evicted; 0: none */
    uint16_t used;         /* bytes of records */
    uint16_t life;         /* which use of the block this is */
};

struct block {
    struct block_head head;
    uint8_t records[THM_BLOCK - sizeof(struct block_head)];
};

#define RECORD_FOR_DEVICE 0x8000u /* in a record's length: a device tag follows */
#define RECORD_MAX        (2 + 8 + THM_LINE_MAX)

_Static_assert(sizeof(struct block) == THM_BLOCK, "THM_BLOCK is a multiple of 8");
_Static_assert(sizeof((struct block *)0)->records >= RECORD_MAX, "a block holds any entry");
_Static_assert(THM_LINE_MAX < RECORD_FOR_DEVICE, "a length leaves room for the flag");

/* Blocks are known by their place from 1; 0 is none. */
struct thm_blocks {
    struct block *blocks;
    struct thm_log *
        *rings; /* rings[k]: the logs of k blocks, at the one that has been there longest */
    uint32_t count;
    uint32_t fresh; /* so many were ever in use; those behind are untouched */
    uint32_t free;  /* first of the blocks that were given back */
    uint32_t unused;
    uint32_t most; /* blocks of the fullest log */
};

#define BLOCKS_MAX (1u << 20)
#define ALIGN      16u

static size_t aligned(size_t size)
{
    return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static size_t rings_size(uint32_t blocks)
{
    return aligned((blocks + 1) * sizeof(struct thm_log *));
}

size_t thm_blocks_size(uint32_t blocks)
{
    return aligned(sizeof(struct thm_blocks)) + rings_size(blocks) + (size_t)blocks * THM_BLOCK;
}

int thm_blocks_init(struct thm_blocks **out, void *memory, size_t size, uint32_t blocks)
{
    struct thm_blocks *pool = memory;
    uint8_t *rings = (uint8_t *)memory + aligned(sizeof *pool);

    if (blocks == 0 || blocks > BLOCKS_MAX)
        return THM_E_CONFIG;
    if (size < thm_blocks_size(blocks))
        return THM_E_MEMORY;
    *pool = (struct thm_blocks){.count = blocks, .unused = blocks};
    pool->rings = (struct thm_log **)(void *)rings;
    pool->blocks = (struct block *)(void *)(rings + rings_size(blocks));
    for (uint32_t i = 0; i <= blocks; i++)
        pool->rings[i] = NULL;
    *out = pool;
    return THM_OK;
}

uint32_t thm_blocks_free(const struct thm_blocks *pool)
{
    return pool->unused;
}

static struct block *block_at(const struct thm_blocks *pool, uint32_t block)
{
    return &pool->blocks[block - 1];
}

/* --- which log is the fullest --- */

static void ring_leave(struct thm_log *log)
{
    struct thm_log **ring = &log->pool->rings[log->blocks];

    if (log->blocks == 0)
        return;
    log->prev->next = log->next;
    log->next->prev = log->prev;
    if (*ring == log)
        *ring = log->next == log ? NULL : log->next;
}

static void ring_enter(struct thm_log *log)
{
    struct thm_log **ring = &log->pool->rings[log->blocks];

    log->prev = log->next = log;
    if (log->blocks == 0)
        return;
    if (*ring == NULL) {
        *ring = log;
        return;
    }
    log->next = *ring;
    log->prev = (*ring)->prev;
    log->prev->next = log;
    log->next->prev = log;
}

/* A log changes by one block at a time, so that `most` is never off by more than one. */
static void set_blocks(struct thm_log *log, uint32_t blocks)
{
    struct thm_blocks *pool = log->pool;

    ring_leave(log);
    log->blocks = blocks;
    ring_enter(log);
    if (blocks > pool->most)
        pool->most = blocks;
    else if (pool->rings[pool->most] == NULL)
        pool->most--;
}

/* --- blocks come and go --- */

static void drop_oldest(struct thm_log *log)
{
    struct thm_blocks *pool = log->pool;
    uint32_t dropped = log->oldest;
    struct block_head *head = &block_at(pool, dropped)->head;

    log->oldest = head->newer;
    if (log->oldest == 0)
        log->newest = 0;
    log->first = head->last + 1;
    head->log = NULL;
    head->older = pool->free;
    pool->free = dropped;
    pool->unused++;
    set_blocks(log, log->blocks - 1);
}

/* A block to write to: used before, untouched, or taken from the fullest log. */
static uint32_t take_block(struct thm_blocks *pool)
{
    uint32_t taken;

    if (pool->unused == 0)
        drop_oldest(pool->rings[pool->most]);
    pool->unused--;
    if (pool->free == 0) {
        taken = ++pool->fresh;
        block_at(pool, taken)->head.life = 0;
        return taken;
    }
    taken = pool->free;
    pool->free = block_at(pool, taken)->head.older;
    return taken;
}

/* Whether a log that holds blocks still holds its block of that count. */
static bool holds(const struct thm_log *log, uint64_t seq)
{
    return seq >= block_at(log->pool, log->oldest)->head.seq;
}

/* The block seq & (seq - 1): block seq - 1 has as many bits set below, which are cleared one by one. */
static uint32_t back_from(const struct thm_log *log, uint64_t seq)
{
    uint64_t target = seq & (seq - 1);
    uint32_t block = log->newest;

    if (log->newest == 0 || !holds(log, target))
        return 0;
    while (block_at(log->pool, block)->head.seq != target)
        block = block_at(log->pool, block)->head.back;
    return block;
}

static void add_block(struct thm_log *log)
{
    uint32_t added = take_block(log->pool); /* may have been this log's own oldest */
    struct block_head *head = &block_at(log->pool, added)->head;
    uint16_t life = head->life;

    *head = (struct block_head){.log = log, .first = log->head + 1, .last = log->head, .seq = 1};
    head->life = (uint16_t)(life + 1);
    if (log->newest == 0) {
        log->oldest = added;
    } else {
        struct block_head *before = &block_at(log->pool, log->newest)->head;
        before->newer = added;
        head->older = log->newest;
        head->seq = before->seq + 1;
        head->back = back_from(log, head->seq);
    }
    log->newest = added;
    set_blocks(log, log->blocks + 1);
}

/* --- records --- */

static size_t record_size(const struct thm_entry *e)
{
    return 2 + (e->for_device != 0 ? 8u : 0u) + e->len;
}

static void record_write(uint8_t *at, const struct thm_entry *e)
{
    uint16_t word = (uint16_t)e->len;

    if (e->for_device != 0) {
        word |= RECORD_FOR_DEVICE;
        memcpy(at + 2, &e->for_device, 8);
    }
    memcpy(at, &word, 2);
    memcpy(at + record_size(e) - e->len, e->line, e->len);
}

static void record_read(const uint8_t *at, uint64_t n, struct thm_entry *e)
{
    uint16_t word;

    memcpy(&word, at, 2);
    *e = (struct thm_entry){.n = n, .len = word & (RECORD_FOR_DEVICE - 1)};
    if (word & RECORD_FOR_DEVICE)
        memcpy(&e->for_device, at + 2, 8);
    e->line = (const char *)at + record_size(e) - e->len;
}

/* --- the log --- */

void thm_log_init(struct thm_log *log, struct thm_blocks *pool, uint64_t head)
{
    *log = (struct thm_log){.pool = pool, .first = head + 1, .head = head};
}

int thm_log_append(struct thm_log *log, const struct thm_entry *e)
{
    struct block *block;

    if (e->n != log->head + 1)
        return THM_E_STATE;
    if (e->len > THM_LINE_MAX)
        return THM_E_LINE_TOO_LONG;
    if (log->newest == 0 ||
        sizeof block->records - block_at(log->pool, log->newest)->head.used < record_size(e))
        add_block(log);
    block = block_at(log->pool, log->newest);
    record_write(block->records + block->head.used, e);
    block->head.used = (uint16_t)(block->head.used + record_size(e));
    block->head.last = e->n;
    log->head = e->n;
    return THM_OK;
}

void thm_log_release(struct thm_log *log)
{
    while (log->blocks > 0)
        drop_oldest(log);
}

/* The block in which the log holds entry n, which it does hold. */
static uint32_t find_block(const struct thm_log *log, uint64_t n)
{
    uint32_t at = log->newest;

    for (;;) {
        const struct block_head *head = &block_at(log->pool, at)->head;
        if (head->first <= n)
            return at;
        if (head->back != 0 && holds(log, head->seq & (head->seq - 1)) &&
            block_at(log->pool, head->back)->head.last >= n)
            at = head->back;
        else
            at = head->older;
    }
}

/* The block of a place, if it is still in the same use; else NULL. */
static const struct block_head *place_block(const struct thm_log *log,
                                            const struct thm_log_place *place)
{
    const struct block_head *head;

    if (place->block == 0)
        return NULL;
    head = &block_at(log->pool, place->block)->head;
    if (head->log != log || head->life != place->life || place->n < head->first ||
        place->n > head->last)
        return NULL;
    return head;
}

bool thm_log_get(const struct thm_log *log, uint64_t n, struct thm_log_place *place,
                 struct thm_entry *e)
{
    const struct block_head *head = place_block(log, place);

    if (n < log->first || n > log->head)
        return false;
    if (head == NULL || n < place->n || n > head->last) {
        place->block = head != NULL && n == head->last + 1 ? head->newer : find_block(log, n);
        head = &block_at(log->pool, place->block)->head;
        place->life = head->life;
        place->offset = 0;
        place->n = head->first;
    }
    for (;; place->n++) {
        record_read(block_at(log->pool, place->block)->records + place->offset, place->n, e);
        if (place->n == n)
            return true;
        place->offset = (uint16_t)(place->offset + record_size(e));
    }
}
