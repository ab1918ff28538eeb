/*
 * A log and a cursor, never a queue.
 *
 * Everything that is delivered is an entry of a stream: a room ("#lobby") or a user's inbox ("@ali").
 * Entries are numbered 1, 2, 3 ... without holes, and a number exists only once the store has taken
 * the entry. An entry is one encoded line of the wire, the same bytes for every receiver.
 *
 * Two things live here: the log in memory (struct thm_log over a pool of blocks), which serves the newest
 * entries, and the interface of stores (struct thm_store), which keep all that is kept.
 */
#ifndef THIMBLE_STREAM_H
#define THIMBLE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thimble/config.h"
#include "thimble/error.h"

/* Who sent an entry: the device's key and the client's incarnation. Both 0: nobody (the server). */
struct thm_sender {
    uint64_t device; /* first 8 bytes of the device's key hash, big endian */
    uint64_t client; /* the client's incarnation */
};

/* One entry. `line` is borrowed; what is appended to a log must not lie in a block of its pool. */
struct thm_entry {
    uint64_t n;          /* its number in the stream, from 1 */
    uint64_t for_device; /* 0: for every device; else thm_device_tag() of the only one */
    const char *line;    /* the encoded line with its newline */
    size_t len;          /* bytes of it, 1 to THM_LINE_MAX */
};

/** Stands for a device's name in thm_entry.for_device: a 64-bit hash, never 0. */
uint64_t thm_device_tag(const char *device, size_t len);

/* ------------------------------------------------------------------------------------------- */
/* The log in memory                                                                             */
/* ------------------------------------------------------------------------------------------- */

/*
 * A pool of THM_BLOCK-byte blocks, shared by many logs. Under pressure the log with the most blocks loses
 * its oldest, so a noisy room can't evict quiet inboxes; of several that have as many, the one that
 * grew to it longest ago. All operations are O(1) but the search for an entry away from a reader's place,
 * which is O(log blocks). A block spends 48 bytes on itself and 2 on each entry, 10 where it is for one
 * device. Blocks that were never used are never touched.
 */
struct thm_blocks;

/** Bytes of memory for `blocks` blocks (1 to 2^20), whatever the number of logs that share them. */
size_t thm_blocks_size(uint32_t blocks);

/**
 * Makes a pool in the caller's memory (16-byte aligned), kept until the pool is no longer used.
 *
 * @return THM_OK, THM_E_MEMORY (`size` is too small), THM_E_CONFIG (`blocks` out of its range)
 */
int thm_blocks_init(struct thm_blocks **out, void *memory, size_t size, uint32_t blocks);

/** Blocks that no log holds. */
uint32_t thm_blocks_free(const struct thm_blocks *pool);

/* One log; embedded by its owner. */
struct thm_log {
    struct thm_blocks *pool;
    uint32_t oldest, newest;     /* blocks, 0: none */
    uint32_t blocks;             /* how many it holds */
    uint64_t first;              /* number of the oldest entry held; head + 1 when none is */
    uint64_t head;               /* number of the newest entry, 0: none ever */
    struct thm_log *prev, *next; /* neighbours among logs with as many blocks */
};

/**
 * Starts an empty log whose next entry is head + 1. A log that holds blocks is released first, and places
 * of its earlier life are zeroed. The pool points at the log: it stays where it is while it holds blocks.
 */
void thm_log_init(struct thm_log *log, struct thm_blocks *pool, uint64_t head);

/**
 * Appends entry `e->n`, which must be head + 1. May evict the oldest block of the fullest log, this one
 * included.
 *
 * @return THM_OK, THM_E_STATE (not the next number), THM_E_LINE_TOO_LONG
 */
int thm_log_append(struct thm_log *log, const struct thm_entry *e);

/** Gives all blocks back; the log goes on as if its entries up to head had been dropped. */
void thm_log_release(struct thm_log *log);

/* A place in a log. Zeroed: nowhere yet. Stays safe to use when its block is evicted and used again. */
struct thm_log_place {
    uint32_t block;
    uint16_t life;   /* tells this use of the block from later ones */
    uint16_t offset; /* bytes, within the block */
    uint64_t n;      /* the entry that lies there */
};

/**
 * Gives entry `n`: in O(1) when `place` is at it or just before it, else by searching the log's blocks, in
 * O(log blocks), and then within one block.
 *
 * @param place  where the reader was; moved on
 * @param e      receives the entry; valid until the next append to any log of the pool
 * @return true; false when the log does not hold n (n < first: read the store; n > head: not there yet)
 */
bool thm_log_get(const struct thm_log *log, uint64_t n, struct thm_log_place *place,
                 struct thm_entry *e);

/* ------------------------------------------------------------------------------------------- */
/* Stores                                                                                        */
/* ------------------------------------------------------------------------------------------- */

/*
 * What a store does. Results: THM_OK; THM_E_STORE: it failed, nothing changed, it may be tried again;
 * THM_E_STATE: see below; THM_E_LIMIT: no more streams.
 *
 * Ids of streams are for one run of the store. A store that holds a limited number of streams may drop one
 * to make room for another; its id is then stale (THM_E_STATE), and opening the name again makes a
 * new incarnation. Who uses the store keeps its own record of the streams it has open.
 *
 * An append is all or nothing. It is refused with THM_E_STATE when an id is stale, a number is not the next,
 * or a csn is not above the last that the sender's client had taken there (FIND says what became of it).
 * When one fails with THM_E_STORE, so does every later one of its streams that was submitted before the failure
 * was collected: their numbers would leave a hole.
 *
 * Beside the streams a store keeps small records, each a value under a kind and a key: what a server has to remember
 * of accounts, rooms and devices. A PUT takes effect after all that was submitted before it and before
 * all that was submitted later, and completes in that order too. When one fails with THM_E_STORE, so does
 * every later PUT that was submitted before the failure was collected: an older value must not come last. A
 * request whose key or value has a length out of its range, or whose buffer is too small, is
 * refused with THM_E_STATE; a PUT for which there is no room, with THM_E_LIMIT.
 */
enum thm_store_op {
    THM_STORE_OPEN,   /* finds or makes a stream, which is then kept until it is released */
    THM_STORE_APPEND, /* appends to one or two streams in one transaction */
    THM_STORE_READ,   /* reads entries into the caller's buffer */
    THM_STORE_EMPTY,  /* drops all entries of a stream for good; its numbers go on */
    THM_STORE_FIND,   /* what a sender's csn became */
    THM_STORE_GET, /* a record's value, into the caller's buffer; `len` 0: there is no such record */
    THM_STORE_PUT, /* sets a record; an empty value erases it */
    THM_STORE_LIST /* records of a kind into the caller's buffer, in the order of their keys' bytes */
};

/* One append: an entry, and the number that its sender gave it. */
struct thm_store_append {
    uint32_t stream;          /* id that OPEN gave */
    struct thm_entry entry;   /* n must be the stream's head + 1 */
    struct thm_sender sender; /* whose csn is taken with this entry, in the same transaction */
    uint64_t csn;             /* 0: none */
};

/* What a GET, a PUT or a LIST is about. */
struct thm_store_record {
    uint8_t kind;       /* the caller's own; no store interprets it */
    uint8_t key_len;    /* 1 to THM_RECORD_KEY; LIST: 0 to start at the first */
    uint8_t prefix_len; /* LIST: 0 to THM_RECORD_KEY */
    uint16_t value_len; /* PUT: 0 to THM_RECORD_MAX */
    const void *key;    /* LIST: only records after this key, which need not exist */
    const void *prefix; /* LIST: only records whose key begins so */
    const void *value;  /* PUT */
};

/*
 * A request. The caller owns it and what it points to, and leaves all of it alone from submit until it
 * comes out of collect. Requests of one stream complete in the order in which they were submitted.
 */
struct thm_store_request {
    enum thm_store_op op;
    int result;                  /* see enum thm_store_op */
    uint32_t stream;             /* READ, FIND, EMPTY: id; OPEN: receives it */
    char name[THM_ROOM_MAX + 1]; /* OPEN */
    /* OPEN and READ receive these, APPEND (for the first stream) too */
    uint64_t incarnation; /* random, made with the stream's storage, never 0 */
    uint64_t first;       /* oldest entry kept; head + 1 when none is */
    uint64_t head;        /* newest entry, 0: none ever */
    union {
        struct thm_store_append append[2]; /* APPEND */
        struct thm_store_record record;    /* GET, PUT, LIST */
    };
    unsigned appends; /* APPEND: 1 or 2 */
    /* READ: entries from `from` on, oldest first, as many as fit in whole */
    uint64_t from; /* at least 1; when it is below `first`, reading starts at `first` */
    unsigned max;  /* at most so many entries */
    /* READ and LIST: lent, THM_LINE_MAX + 64 bytes at least; GET: THM_RECORD_MAX at least */
    void *buf;
    size_t cap;
    /* Receives the bytes used: a GET's value; else walk them by thm_read_next(), thm_record_next(). */
    size_t len;
    /* FIND */
    struct thm_sender sender;
    uint64_t csn;      /* 0: only `last_csn` is asked for */
    uint64_t last_csn; /* receives the highest csn taken from that sender in this stream, 0: none */
    /* Receives the entry that `csn` became; 0: none, or it is no longer known. Known is, while the sender is
     * remembered, every one of the THM_WINDOW csn up to last_csn. */
    uint64_t n;
    /* the caller's own */
    void *owner;
    uint32_t tag;
    /* the store's own */
    uint64_t due;
    struct thm_store_request *next;
};

struct thm_store;

struct thm_store_ops {
    /* Takes a request; never blocks. THM_OK, or THM_E_LIMIT: its queue is full, try again after collect. */
    int (*submit)(struct thm_store *store, struct thm_store_request *request);
    /* Hands out up to `cap` completed requests; returns how many. Called in every turn of the loop;
     * a store with a thread of its own calls the port's wake when there is something to collect. */
    unsigned (*collect)(struct thm_store *store, struct thm_store_request **done, unsigned cap);
    /* Says that no request for a stream is under way or follows until it is opened again. A store that holds a
     * limited number of streams may then let it go; before that, never. A stale id is ignored. */
    void (*release)(struct thm_store *store, uint32_t stream);
};

/* The head of every store's own context. */
struct thm_store {
    const struct thm_store_ops *ops;
    bool durable; /* what it takes survives a crash: it is `stored`; else it is only `accepted` */
    bool records; /* it keeps records: a GET finds what a PUT has set */
};

/** Walks what a READ put into its buffer. `*at` starts at 0. False at the end. `e->line` lies in the buffer. */
bool thm_read_next(const struct thm_store_request *request, size_t *at, struct thm_entry *e);

/** For stores: puts an entry behind what a READ has in its buffer (at first, `len` is 0). False: no space. */
bool thm_read_put(struct thm_store_request *request, const struct thm_entry *e);

/* One record of a LIST; `key` and `value` lie in the request's buffer. */
struct thm_record {
    const uint8_t *key, *value;
    size_t key_len, value_len;
};

/**
 * Walks what a LIST put into its buffer. `*at` starts at 0. False at the end: the next LIST goes on after the last
 * key, until one gives nothing.
 */
bool thm_record_next(const struct thm_store_request *request, size_t *at,
                     struct thm_record *record);

/** For stores: puts a record behind what a LIST has in its buffer (at first, `len` is 0). False: no space. */
bool thm_record_put(struct thm_store_request *request, const struct thm_record *record);

/** For stores: whether the lengths in a GET, PUT or LIST are within their ranges. */
bool thm_record_valid(const struct thm_store_request *request);

/* ------------------------------------------------------------------------------------------- */
/* The RAM store                                                                                 */
/* ------------------------------------------------------------------------------------------- */

struct thm_ram_store_config {
    uint32_t blocks; /* THM_BLOCK bytes each, 1 to 2^20: what all streams together keep */
    /* Rooms and inboxes, 1 to 2^20, and at least as many as are open at a time. When there are more, one that was
     * released makes room: one that never had an entry, else a room, else an inbox, the longest unused
     * first; so who makes rooms drives nobody's inbox out. */
    uint32_t streams;
    /* (stream, device) pairs whose csn is remembered, 1 to 2^24; the longest silent is forgotten. */
    uint32_t senders;
    /* Records, 0 to 2^20, some 1.1 KB each; one more than that is THM_E_LIMIT. */
    uint32_t records;
    uint64_t seed; /* random and secret: incarnations are drawn from it, hashing is keyed with it */
    /* For tests: complete late and fail. Called once a request; may be NULL. Returns how many collects
     * the completion waits (0: none), and through *result a code to fail with (THM_OK: don't). */
    unsigned (*fault)(void *ctx, const struct thm_store_request *request, int *result);
    void *fault_ctx;
};

/** Bytes of memory that a RAM store takes. */
size_t thm_ram_store_size(const struct thm_ram_store_config *config);

/** Makes a RAM store in the caller's memory (16-byte aligned). THM_OK, THM_E_MEMORY, THM_E_CONFIG. */
int thm_ram_store_init(struct thm_store **out, void *memory, size_t size,
                       const struct thm_ram_store_config *config);

#endif
