/*
 * Inside the SQLite store. But for struct mailbox and what is said to be the owner's, all of it belongs to the
 * thread that works: the store's own, or the owner when there is none.
 */
#ifndef THM_SQLITE_INTERNAL_H
#define THM_SQLITE_INTERNAL_H

#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "stream/order.h"
#include "thimble/sqlite_store.h"
#include "util/hash.h"

#define APPLICATION_ID 0x74686d62 /* "thmb" */

/* An entry's row is its stream's row in the upper bits and its number in the lower ones, so that a
 * stream's entries lie side by side. */
#define N_BITS     40
#define STREAM_MAX ((INT64_C(1) << (63 - N_BITS)) - 1)
/* What an entry takes beside its line, about. */
#define ENTRY_MORE 64

/* --- prepared statements --- */

/* Entries lie in one of two tables. */
#define ADD(table)                                                                                 \
    "INSERT INTO " table " (id, time, for_device, sender, line, client, csn) "                     \
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
#define RANGE "id BETWEEN ?1 AND ?2"
#define BOTH(columns, more)                                                                        \
    "SELECT " columns " FROM entries WHERE " RANGE more " UNION ALL "                              \
    "SELECT " columns " FROM recent WHERE " RANGE more

/* X(name, SQL) */
#define STATEMENTS(X)                                                                              \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(STREAM_GET, "SELECT id, incarnation, first, head, bytes, senders FROM streams "              \
                  "WHERE name = ?1")                                                               \
    X(STREAM_ADD, "INSERT INTO streams (name, incarnation, first, head, bytes) "                   \
                  "VALUES (?1, ?2, 1, 0, 0)")                                                      \
    X(STREAM_SET, "UPDATE streams SET first = ?2, head = ?3, bytes = ?4, senders = ?5 "            \
                  "WHERE id = ?1")                                                                 \
    X(STREAM_NEXT, "SELECT id, name, first, head, bytes, senders FROM streams WHERE id > ?1 "      \
                   "ORDER BY id LIMIT 1")                                                          \
    X(ENTRY_ADD, ADD("entries"))                                                                   \
    X(RECENT_ADD, ADD("recent"))                                                                   \
    X(ENTRY_MOVE, "INSERT INTO entries (id, time, for_device, sender, line, client, csn) "         \
                  "SELECT id, time, for_device, sender, line, client, csn FROM recent "            \
                  "ORDER BY id")                                                                   \
    X(ENTRY_MOVED, "DELETE FROM recent")                                                           \
    X(ENTRY_READ, BOTH("id, for_device, line", "") " ORDER BY id")                                 \
    X(ENTRY_OLD, BOTH("id, time, length(line)", "") " ORDER BY id LIMIT ?3")                       \
    X(ENTRY_COUNT, "SELECT count(*), sum(length(line)) FROM (" BOTH("line", "") ")")               \
    X(ENTRY_DROP, "DELETE FROM entries WHERE " RANGE)                                              \
    X(RECENT_DROP, "DELETE FROM recent WHERE " RANGE)                                              \
    X(ENTRY_SENDERS, BOTH("id, sender, client, csn", " AND csn > 0") " ORDER BY id")               \
    X(ENTRY_SENDER, BOTH("id, client, csn", " AND sender = ?3 AND csn > 0") " ORDER BY id")        \
    X(SENDER_GET, "SELECT client, csn, taken, numbers FROM senders "                               \
                  "WHERE stream = ?1 AND device = ?2")                                             \
    X(SENDER_SET, "REPLACE INTO senders (stream, device, client, csn, taken, numbers) "            \
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                                               \
    /* The nearest one is read where it is not there: the time is not to tell, see SECURITY.md. */ \
    X(RECORD_GET, "SELECT key, value FROM records WHERE kind = ?1 AND key <= ?2"                   \
                  " ORDER BY key DESC LIMIT 1")                                                    \
    X(RECORD_SET, "REPLACE INTO records (kind, key, value) VALUES (?1, ?2, ?3)")                   \
    X(RECORD_ERASE, "DELETE FROM records WHERE kind = ?1 AND key = ?2")                            \
    X(RECORD_LIST, "SELECT key, value FROM records WHERE kind = ?1 AND key >= ?2 ORDER BY key")    \
    X(META_GET, "SELECT life, token, token_before, files, copied, clean FROM meta")                \
    X(META_SET, "UPDATE meta SET life = ?1, token = ?2, token_before = ?3, files = ?4, "           \
                "copied = 0, clean = ?5")

enum statement {
#define STATEMENT_ENUM(name, sql) Q_##name,
    STATEMENTS(STATEMENT_ENUM)
#undef STATEMENT_ENUM
        STATEMENTS_ALL
};

/* --- streams in memory --- */

struct extent {
    uint64_t first, head, bytes;
    uint64_t senders; /* the entry up to which the table of senders has what they had taken */
};

struct stream {
    int64_t row;
    uint64_t incarnation; /* as it is given out */
    struct extent now;    /* in the transaction under way */
    struct extent kept;   /* on the disk */
    uint64_t broke;       /* the last batch in which one of its appends failed */
    uint32_t generation;  /* which use of the slot this is */
    bool used, dirty;
    bool handed_out; /* the owner was given its id, and has not released it */
    bool fresh;      /* made in the transaction under way */
    char name[THM_ROOM_MAX + 1];
};

enum { RELEASED, OPEN, ORDERS };

struct streams {
    struct stream *slots;
    struct thm_index names;
    struct thm_order order;
    struct thm_hash_key key;
    uint32_t *dirty; /* those changed in the transaction under way */
    uint32_t dirties, cap, fresh, slot_bits;
};

/* --- senders in memory --- */

struct sender {
    int64_t stream; /* row */
    struct thm_sender from;
    uint64_t last;          /* the highest csn taken, 0: none */
    uint32_t taken;         /* bit i: csn last - i was taken */
    uint32_t n[THM_WINDOW]; /* n[csn % THM_WINDOW]: the low half of what it became */
    uint64_t written;       /* the settling in which it was written last */
    bool used, dirty;       /* dirty: changed in the transaction under way */
};

struct senders {
    struct sender *slots;
    struct thm_index index;
    struct thm_order order;
    struct thm_hash_key key;
    uint32_t *dirty; /* at most one for each append of a batch; may name one twice */
    uint32_t dirties, cap, fresh;
    bool spilled;       /* a dirty one made room */
    uint64_t settlings; /* so far */
};

/* --- between the owner and the thread --- */

struct mailbox {
    _Atomic(struct thm_store_request *) submitted; /* the latest first */
    _Atomic(struct thm_store_request *) completed; /* likewise */
    _Atomic(struct thm_sqlite_backup *) backup, copied;
    _Atomic(const char *) trouble; /* what to tell, NULL: all is well */
    atomic_uint released;          /* a stack of slots, from 1 */
    uint32_t *released_next;       /* by slot */
    uint32_t *released_id;         /* by slot: the id it was released by */
    atomic_bool asleep, stop;
    sem_t wake;
};

/* Whom a database belongs to, as its one row of meta says. */
struct identity {
    uint64_t life;  /* mixed into every incarnation */
    uint64_t token; /* what PATH-lock should hold; what it held before is as good */
    uint64_t held;  /* what it holds, 0: nothing */
    uint64_t files; /* stands for the files' inodes */
    bool clean;     /* the last run ended by close */
};

/* A walk through all streams, in small steps. */
struct walk {
    bool active, verify;
    int64_t row;       /* of the stream that is looked at, or was last */
    uint64_t n;        /* verifying: the entry to go on with */
    uint64_t again_ms; /* when the next one begins */
};

struct copying {
    struct thm_sqlite_backup *backup;
    sqlite3 *db;
    sqlite3_backup *state;
    char *part; /* the file that is written */
    unsigned steps;
};

struct sqlite_store {
    struct thm_store store;
    struct thm_sqlite_config config;
    char *path;
    int lock; /* descriptor of PATH-lock, -1: none */
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS_ALL];
    struct streams streams;
    struct senders senders;
    struct identity identity;
    uint64_t utc; /* of the batch */
    uint64_t batch;
    uint64_t put_broke; /* the last batch in which a PUT failed */
    uint32_t added,
        touched;     /* entries, and the streams that they went to, in the last few transactions */
    uint64_t recent; /* bytes in the table of recent entries, about, */
    uint64_t recent_kept; /* and on the disk */
    uint64_t
        recent_again; /* how many it has to be before moving them is tried again, after it failed */
    bool writing;     /* a transaction is under way */
    bool failed;      /* and can't be committed */
    bool damaged;
    int error; /* SQLite's last one */
    int wal_pages;
    unsigned busy; /* batches since the last look at other work */
    uint64_t token_ms;
    struct walk walk;
    struct copying copying;
    struct thm_store_request *pending, **pending_end; /* taken from the mailbox, in order */
    struct mailbox mail;
    pthread_t thread;
    bool running;
    /* the owner's */
    uint64_t collected;                           /* batches of which all was handed out */
    struct thm_store_request *ready, **ready_end; /* to be handed out, in order */
    uint32_t *owned;                              /* by slot: the id that is open, 0: none */
    const char *told;                             /* the trouble that was told */
    bool copies;                                  /* a copy is under way */
};

/* --- statements.c --- */

/** Prepares all statements. SQLITE_OK or SQLite's error. */
int thm_sql_prepare(struct sqlite_store *s);
void thm_sql_finalize(struct sqlite_store *s);
/** Steps a statement that gives no rows, and resets it. False: it failed, which is noted. */
bool thm_sql_run(struct sqlite_store *s, enum statement q);
/** Steps once: 1 a row (to be reset), 0 none (it is reset), -1 it failed (likewise). */
int thm_sql_row(struct sqlite_store *s, enum statement q);
void thm_sql_reset(struct sqlite_store *s, enum statement q);
void thm_sql_int(struct sqlite_store *s, enum statement q, int at, uint64_t value);
void thm_sql_blob(struct sqlite_store *s, enum statement q, int at, const void *data, size_t len);
uint64_t thm_sql_column(struct sqlite_store *s, enum statement q, int at);

/** Runs text; SQLite's result. */
int thm_sql_text(sqlite3 *db, const char *sql);
/** The integer that text gives in its first row. SQLite's result: SQLITE_ROW when there was one. */
int thm_sql_value(sqlite3 *db, const char *sql, int64_t *value);

static inline uint64_t thm_sql_key(int64_t stream, uint64_t n)
{
    return (uint64_t)stream << N_BITS | n;
}

/* --- schema.c --- */

/** Tells which version a database has, 0: none yet. THM_SQLITE_OK, _FOREIGN, _NEWER, or -1: `*sqlite` says. */
int thm_sql_version(sqlite3 *db, int64_t *version, int *sqlite);
/** Makes the tables, or brings them up to date. SQLITE_OK or SQLite's error. */
int thm_sql_migrate(sqlite3 *db, int64_t version);

/* --- identity.c: the lock, lives and copies --- */

/** Takes PATH-lock and makes sure that PATH is there. A value of enum thm_sqlite_result, with a sentence. */
int thm_sql_lock(struct sqlite_store *s, const char **sentence);
void thm_sql_unlock(struct sqlite_store *s);
/** Makes the names in a file's directory durable. False: errno says why not. */
bool thm_sql_sync_directory(const char *path);
/** Reads whose database it is, gives it a new life when it is a copy, and marks it as open. False: it failed. */
bool thm_sql_identify(struct sqlite_store *s);
/** Writes a new token, so that older copies are told apart. False: it failed. */
bool thm_sql_new_token(struct sqlite_store *s, bool clean);
/** A random number, 0 when there was none to be had. */
uint64_t thm_sql_random(struct sqlite_store *s);
/** What is given out for a stream's own random number. */
uint64_t thm_sql_incarnation(const struct sqlite_store *s, uint64_t random);

/* --- trouble.c --- */

/** The result and the sentence for one of SQLite's errors. */
int thm_sql_explain(int sqlite, const char **sentence);
/** The same for one of the system's; 0: a file could not be opened. */
int thm_sql_explain_errno(int error, const char **sentence);
/** Notes that SQLite failed; what is under way can't be committed. */
void thm_sql_failed(struct sqlite_store *s, int sqlite);
void thm_sql_damaged(struct sqlite_store *s);
/** Notes that writing works. */
void thm_sql_well(struct sqlite_store *s);

/* --- streams.c --- */

bool thm_sql_streams_init(struct sqlite_store *s);
void thm_sql_streams_free(struct streams *t);
uint32_t thm_sql_stream_id(const struct streams *t, const struct stream *stream);
/** NULL: the id is stale or was never one. */
struct stream *thm_sql_stream(const struct streams *t, uint32_t id);
struct stream *thm_sql_stream_find(const struct streams *t, const char *name);
/** A slot for a stream that has none; NULL: all are open. */
struct stream *thm_sql_stream_add(struct streams *t, const char *name);
/** Forgets a stream that turned out not to be there. */
void thm_sql_stream_forget(struct streams *t, struct stream *stream);
void thm_sql_stream_touch(struct streams *t, struct stream *stream, bool open);
void thm_sql_stream_dirty(struct streams *t, struct stream *stream);

/* --- senders.c --- */

bool thm_sql_senders_init(struct sqlite_store *s);
void thm_sql_senders_free(struct senders *t);
/** The record of a device in a stream, read when it is not in memory; NULL: reading failed. */
struct sender *thm_sql_sender(struct sqlite_store *s, const struct stream *stream, uint64_t device);
/** The last csn of this very client, 0: none. */
uint64_t thm_sql_sender_last(const struct sender *sender, uint64_t client);
/** Notes what a csn became, beside its entry, which says the same in the database. */
void thm_sql_sender_take(struct sqlite_store *s, struct sender *sender, uint64_t client,
                         uint64_t csn, uint64_t n);
/** What a csn became, 0: none, or not known any more. */
uint64_t thm_sql_sender_find(const struct sender *sender, uint64_t client, uint64_t csn,
                             uint64_t head);
/** Before entries up to `drop` go, and when too many would have to be read: writes what a stream's entries say of their
 * senders to the table, and moves `x->senders`. In a transaction. False: it failed. */
bool thm_sql_senders_keep(struct sqlite_store *s, int64_t row, struct extent *x, uint64_t drop);
/** After a commit, or with `undo` after a transaction was rolled back. */
void thm_sql_senders_settle(struct senders *t, bool undo);

/* --- keep.c: transactions --- */

/** Begins a transaction unless one is under way. False: it failed. */
bool thm_sql_begin(struct sqlite_store *s);
/** Counts what lies in the table of recent entries. SQLITE_OK or SQLite's error. */
int thm_sql_count_recent(struct sqlite_store *s);
/** Commits what is under way, if anything is. False: it was rolled back, in memory too. */
bool thm_sql_commit(struct sqlite_store *s);
void thm_sql_rollback(struct sqlite_store *s);
/** Puts recent entries in the order of their streams, once there are so many that this touches few pages for each. */
void thm_sql_move_recent(struct sqlite_store *s);
/** Moves what the WAL holds into the database when it is much. */
void thm_sql_checkpoint(struct sqlite_store *s);

/* --- requests.c, records.c --- */

/** Does what a request asks for, but does not commit it. Its result; `failed` may be set. */
int thm_sql_carry_out(struct sqlite_store *s, struct thm_store_request *r);
/** After a rollback: answers a request that writes nothing, from the database as it is. THM_E_STORE for one that writes. */
int thm_sql_read_again(struct sqlite_store *s, struct thm_store_request *r);
/** Notes that an append or a PUT failed, so that those behind it fail too. */
void thm_sql_broke(struct sqlite_store *s, const struct thm_store_request *r);
int thm_sql_record(struct sqlite_store *s, struct thm_store_request *r);

/* --- retention.c --- */

/** Drops a stream's entries up to `last`, after which the others take `bytes`; what they say of their senders stays. In a
 * transaction. False: it failed. */
bool thm_sql_drop(struct sqlite_store *s, int64_t row, struct extent *x, uint64_t last,
                  uint64_t bytes);

/** Drops what the streams that grew in this transaction may not keep, a little at a time. */
void thm_sql_trim(struct sqlite_store *s);
/** One step through all streams: what is too old, and after a crash whether all is there. True: go on at once. */
bool thm_sql_walk(struct sqlite_store *s);

/* --- backup.c --- */

/** One step of a copy. True: go on at once. */
bool thm_sql_copy(struct sqlite_store *s);
/** Gives up a copy that is under way. */
void thm_sql_copy_abort(struct sqlite_store *s);

/* --- batch.c --- */

/** Reads the clock: `utc` and what is timed by it. */
void thm_sql_clock(struct sqlite_store *s);
/** One transaction of what is pending, and its completion. False: there was nothing. */
bool thm_sql_batch(struct sqlite_store *s);
/** A step of what is not a request's. True: go on at once. */
bool thm_sql_house(struct sqlite_store *s);

/* --- queue.c --- */

extern const struct thm_store_ops thm_sql_ops;
/** Moves what was submitted and released from the mailbox to the thread's side. */
void thm_sql_take(struct sqlite_store *s);
/** Hands a chain of requests, the latest first, over to the owner. */
void thm_sql_hand_over(struct sqlite_store *s, struct thm_store_request *latest,
                       struct thm_store_request *earliest);
/** Tells the owner that there is something to collect. */
void thm_sql_wake(const struct sqlite_store *s);
void *thm_sql_thread(void *store);

#endif
