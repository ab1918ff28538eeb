/*
 * Transactions, in the database and in memory. What is in memory is as the transaction under way has it; a stream
 * remembers how it was before, a sender is read anew when it comes to nothing.
 */
#include "internal.h"

/* Pages of the WAL from which on it is moved into the database: 4 MB. */
#define CHECKPOINT_PAGES 1000

bool thm_sql_begin(struct sqlite_store *s)
{
    if (!s->writing)
        s->writing = thm_sql_run(s, Q_BEGIN);
    return s->writing;
}

int thm_sql_count_recent(struct sqlite_store *s)
{
    char text[80];
    int64_t bytes = 0;
    int code;

    sqlite3_snprintf(sizeof text, text, "SELECT total(length(line) + %d) FROM recent", ENTRY_MORE);
    code = thm_sql_value(s->db, text, &bytes);
    s->recent = s->recent_kept = (uint64_t)bytes;
    return code == SQLITE_ROW ? SQLITE_OK : code;
}

static bool write_streams(struct sqlite_store *s)
{
    s->touched = s->touched / 2 + s->streams.dirties;
    s->added /= 2;
    for (uint32_t i = 0; i < s->streams.dirties; i++) {
        struct stream *stream = &s->streams.slots[s->streams.dirty[i]];
        s->added += (uint32_t)(stream->now.head - stream->kept.head);
        if (!thm_sql_senders_keep(s, stream->row, &stream->now, 0))
            return false;
        thm_sql_int(s, Q_STREAM_SET, 1, (uint64_t)stream->row);
        thm_sql_int(s, Q_STREAM_SET, 2, stream->now.first);
        thm_sql_int(s, Q_STREAM_SET, 3, stream->now.head);
        thm_sql_int(s, Q_STREAM_SET, 4, stream->now.bytes);
        thm_sql_int(s, Q_STREAM_SET, 5, stream->now.senders);
        if (!thm_sql_run(s, Q_STREAM_SET))
            return false;
    }
    return true;
}

static void settle(struct sqlite_store *s, bool undo)
{
    struct streams *t = &s->streams;

    for (uint32_t i = 0; i < t->dirties; i++) {
        struct stream *stream = &t->slots[t->dirty[i]];
        stream->dirty = false;
        if (undo && stream->fresh)
            thm_sql_stream_forget(t, stream);
        else if (undo)
            stream->now = stream->kept;
        else
            stream->kept = stream->now;
        stream->fresh = false;
    }
    t->dirties = 0;
    thm_sql_senders_settle(&s->senders, undo);
    if (undo)
        s->recent = s->recent_kept;
    s->recent_kept = s->recent;
    s->writing = false;
}

void thm_sql_rollback(struct sqlite_store *s)
{
    /* After some errors SQLite has done it by itself. */
    if (sqlite3_get_autocommit(s->db) == 0)
        thm_sql_run(s, Q_ROLLBACK);
    settle(s, true);
    s->failed = false;
}

static void reach(const struct sqlite_store *s, enum thm_sqlite_point point)
{
    if (s->config.point != NULL)
        s->config.point(s->config.ctx, point);
}

static bool write_all(struct sqlite_store *s)
{
    if (s->failed || sqlite3_get_autocommit(s->db) != 0 || !write_streams(s))
        return false;
    reach(s, THM_SQLITE_BEFORE_COMMIT);
    if (s->config.point != NULL) { /* else the pages are written by the commit itself */
        int code = sqlite3_db_cacheflush(s->db);
        if (code != SQLITE_OK && code != SQLITE_BUSY) {
            thm_sql_failed(s, code);
            return false;
        }
        reach(s, THM_SQLITE_IN_COMMIT);
    }
    return thm_sql_run(s, Q_COMMIT);
}

bool thm_sql_commit(struct sqlite_store *s)
{
    if (!s->writing)
        return true;
    if (!write_all(s)) {
        thm_sql_rollback(s);
        return false;
    }
    reach(s, THM_SQLITE_AFTER_COMMIT);
    settle(s, false);
    thm_sql_well(s);
    return true;
}

void thm_sql_checkpoint(struct sqlite_store *s)
{
    int pages = 0, moved = 0;

    if (s->wal_pages < CHECKPOINT_PAGES)
        return;
    s->wal_pages = 0;
    /* If it fails, all is still in the WAL; the next transactions say whether there is trouble. */
    (void)sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
}

/* In a transaction of its own, after what was waited for is handed out: nobody waits for it, and if it fails, as on a disk
 * that is almost full, nothing else does. */
void thm_sql_move_recent(struct sqlite_store *s)
{
    uint64_t bytes = s->recent;

    if (bytes < s->config.recent || bytes < s->recent_again)
        return;
    s->recent_again = 0;
    if (thm_sql_begin(s) && thm_sql_run(s, Q_ENTRY_MOVE) && thm_sql_run(s, Q_ENTRY_MOVED)) {
        s->recent = 0;
        thm_sql_commit(s);
    } else {
        thm_sql_rollback(s);
    }
    if (s->recent > 0)
        s->recent_again = bytes + s->config.recent / 8 + 1;
}
