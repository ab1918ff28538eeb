/*
 * What requests do. Each works in the transaction under way and gives its result; `failed` says that the
 * transaction can't be committed.
 */
#include <string.h>

#include "internal.h"

static void report(const struct stream *stream, struct thm_store_request *r)
{
    r->incarnation = stream->incarnation;
    r->first = stream->now.first;
    r->head = stream->now.head;
}

/* --- OPEN --- */

/* Reads a stream that is not in memory. 1: `*stream` has it, NULL for want of room; 0: there is none; -1: failed. */
static int read_stream(struct sqlite_store *s, const char *name, struct stream **stream)
{
    struct stream *got;
    int rows;

    sqlite3_bind_text(s->statements[Q_STREAM_GET], 1, name, -1, SQLITE_STATIC);
    rows = thm_sql_row(s, Q_STREAM_GET);
    if (rows <= 0)
        return rows;
    got = *stream = thm_sql_stream_add(&s->streams, name);
    if (got != NULL) {
        got->row = (int64_t)thm_sql_column(s, Q_STREAM_GET, 0);
        got->incarnation = thm_sql_incarnation(s, thm_sql_column(s, Q_STREAM_GET, 1));
        got->now.first = thm_sql_column(s, Q_STREAM_GET, 2);
        got->now.head = thm_sql_column(s, Q_STREAM_GET, 3);
        got->now.bytes = thm_sql_column(s, Q_STREAM_GET, 4);
        got->now.senders = thm_sql_column(s, Q_STREAM_GET, 5);
        got->kept = got->now;
    }
    thm_sql_reset(s, Q_STREAM_GET);
    return 1;
}

static struct stream *make_stream(struct sqlite_store *s, const char *name)
{
    struct stream *stream = thm_sql_stream_add(&s->streams, name);
    uint64_t random;

    if (stream == NULL)
        return NULL;
    random = thm_sql_random(s);
    stream->fresh = true;
    thm_sql_stream_dirty(&s->streams, stream); /* from here on a rollback forgets it */
    sqlite3_bind_text(s->statements[Q_STREAM_ADD], 1, name, -1, SQLITE_STATIC);
    thm_sql_int(s, Q_STREAM_ADD, 2, random);
    if (random == 0)
        s->failed = true;
    if (random == 0 || !thm_sql_begin(s) || !thm_sql_run(s, Q_STREAM_ADD))
        return stream;
    stream->row = sqlite3_last_insert_rowid(s->db);
    stream->incarnation = thm_sql_incarnation(s, random);
    stream->now.first = 1;
    if (stream->row > STREAM_MAX)
        s->failed = true;
    return stream;
}

/* `make`: when there is no such stream, one is made; else that fails. */
static int do_open(struct sqlite_store *s, struct thm_store_request *r, bool make)
{
    struct stream *stream = thm_sql_stream_find(&s->streams, r->name);

    if (stream == NULL) {
        int rows = read_stream(s, r->name, &stream);
        if (rows < 0 || (rows == 0 && !make))
            return THM_E_STORE;
        if (rows == 0)
            stream = make_stream(s, r->name);
    }
    if (stream == NULL)
        return THM_E_LIMIT;
    thm_sql_stream_touch(&s->streams, stream, true);
    r->stream = thm_sql_stream_id(&s->streams, stream);
    report(stream, r);
    return THM_OK;
}

/* --- APPEND --- */

/* Entries for each stream from which on a page or two of its own cost less than being moved later. */
#define SHARE_MIN 8

/* Whether an append may follow `before`, which goes first in the same request, or NULL. */
static int check_append(struct sqlite_store *s, const struct thm_store_request *r,
                        const struct thm_store_append *a, const struct thm_store_append *before)
{
    const struct stream *stream = thm_sql_stream(&s->streams, a->stream);
    bool same_stream = before != NULL && before->stream == a->stream;
    const struct sender *sender;
    uint64_t last;

    if (stream == NULL)
        return THM_E_STATE;
    if (stream->broke > r->due)
        return THM_E_STORE;
    if (a->entry.n != stream->now.head + (same_stream ? 2 : 1) || a->entry.len < 1 ||
        a->entry.len > THM_LINE_MAX || a->entry.n >> N_BITS != 0)
        return THM_E_STATE;
    if (a->csn == 0)
        return THM_OK;
    sender = thm_sql_sender(s, stream, a->sender.device);
    if (sender == NULL)
        return THM_E_STORE;
    last = thm_sql_sender_last(sender, a->sender.client);
    if (same_stream && before->csn != 0 && before->sender.device == a->sender.device)
        last = before->csn;
    return a->csn > last ? THM_OK : THM_E_STATE;
}

/* Writes an entry where its stream's are when the last transactions had many entries for each stream, so that pages are
 * shared; else beside what came before it. */
static bool add_entry(struct sqlite_store *s, const struct stream *stream,
                      const struct thm_store_append *a)
{
    bool direct = s->touched > 0 && s->added >= SHARE_MIN * s->touched;
    enum statement q = direct ? Q_ENTRY_ADD : Q_RECENT_ADD;

    thm_sql_int(s, q, 1, thm_sql_key(stream->row, a->entry.n));
    thm_sql_int(s, q, 2, s->utc);
    thm_sql_int(s, q, 3, a->entry.for_device);
    thm_sql_int(s, q, 4, a->sender.device);
    thm_sql_blob(s, q, 5, a->entry.line, a->entry.len);
    thm_sql_int(s, q, 6, a->csn != 0 ? a->sender.client : 0);
    thm_sql_int(s, q, 7, a->csn);
    if (!direct)
        s->recent += a->entry.len + ENTRY_MORE;
    return thm_sql_run(s, q);
}

static bool apply_append(struct sqlite_store *s, const struct thm_store_append *a)
{
    struct stream *stream = thm_sql_stream(&s->streams, a->stream);
    struct sender *sender = NULL;

    if (a->csn != 0) {
        sender = thm_sql_sender(s, stream, a->sender.device);
        if (sender == NULL)
            return false;
    }
    if (!add_entry(s, stream, a))
        return false;
    thm_sql_stream_dirty(&s->streams, stream);
    stream->now.head = a->entry.n;
    stream->now.bytes += a->entry.len;
    if (sender != NULL)
        thm_sql_sender_take(s, sender, a->sender.client, a->csn, a->entry.n);
    return true;
}

static int do_append(struct sqlite_store *s, struct thm_store_request *r)
{
    if (r->appends < 1 || r->appends > 2)
        return THM_E_STATE;
    for (unsigned i = 0; i < r->appends; i++) {
        int result = check_append(s, r, &r->append[i], i > 0 ? &r->append[i - 1] : NULL);
        if (result != THM_OK)
            return result;
    }
    for (unsigned i = 0; i < r->appends; i++)
        if (!thm_sql_begin(s) || !apply_append(s, &r->append[i]))
            return THM_E_STORE;
    report(thm_sql_stream(&s->streams, r->append[0].stream), r);
    return THM_OK;
}

void thm_sql_broke(struct sqlite_store *s, const struct thm_store_request *r)
{
    if (r->op == THM_STORE_PUT && s->put_broke <= r->due)
        s->put_broke = s->batch;
    for (unsigned i = 0; r->op == THM_STORE_APPEND && i < r->appends; i++) {
        struct stream *stream = thm_sql_stream(&s->streams, r->append[i].stream);
        if (stream != NULL && stream->broke <= r->due)
            stream->broke = s->batch;
    }
}

/* --- READ and FIND --- */

static int do_read(struct sqlite_store *s, struct thm_store_request *r)
{
    struct stream *stream = thm_sql_stream(&s->streams, r->stream);
    sqlite3_stmt *q = s->statements[Q_ENTRY_READ];
    int row = 0;
    uint64_t n;

    r->len = 0;
    if (stream == NULL)
        return THM_E_STATE;
    report(stream, r);
    n = r->from > r->first ? r->from : r->first;
    if (n > r->head || r->max == 0)
        return THM_OK;
    thm_sql_int(s, Q_ENTRY_READ, 1, thm_sql_key(stream->row, n));
    thm_sql_int(s, Q_ENTRY_READ, 2, thm_sql_key(stream->row, r->head));
    for (unsigned i = 0; i < r->max; i++, n++) {
        struct thm_entry e;
        row = thm_sql_row(s, Q_ENTRY_READ);
        if (row <= 0)
            break;
        e = (struct thm_entry){.n =
                                   thm_sql_column(s, Q_ENTRY_READ, 0) - thm_sql_key(stream->row, 0),
                               .for_device = thm_sql_column(s, Q_ENTRY_READ, 1),
                               .line = sqlite3_column_blob(q, 2),
                               .len = (size_t)sqlite3_column_bytes(q, 2)};
        if (e.n != n) { /* a hole: the tree is whole, what is in it is not */
            thm_sql_damaged(s);
            break;
        }
        if (!thm_read_put(r, &e))
            break;
    }
    if (row > 0)
        thm_sql_reset(s, Q_ENTRY_READ);
    return row < 0 ? THM_E_STORE : THM_OK;
}

static int do_empty(struct sqlite_store *s, const struct thm_store_request *r)
{
    struct stream *stream = thm_sql_stream(&s->streams, r->stream);

    if (stream == NULL)
        return THM_E_STATE;
    if (!thm_sql_begin(s))
        return THM_E_STORE;
    thm_sql_stream_dirty(&s->streams, stream);
    return thm_sql_drop(s, stream->row, &stream->now, stream->now.head, 0) ? THM_OK : THM_E_STORE;
}

static int do_find(struct sqlite_store *s, struct thm_store_request *r)
{
    struct stream *stream = thm_sql_stream(&s->streams, r->stream);
    const struct sender *sender;

    if (stream == NULL)
        return THM_E_STATE;
    sender = thm_sql_sender(s, stream, r->sender.device);
    if (sender == NULL)
        return THM_E_STORE;
    r->last_csn = thm_sql_sender_last(sender, r->sender.client);
    r->n = thm_sql_sender_find(sender, r->sender.client, r->csn, stream->now.head);
    return THM_OK;
}

static int do_op(struct sqlite_store *s, struct thm_store_request *r)
{
    switch (r->op) {
    case THM_STORE_OPEN: return do_open(s, r, true);
    case THM_STORE_APPEND: return do_append(s, r);
    case THM_STORE_READ: return do_read(s, r);
    case THM_STORE_EMPTY: return do_empty(s, r);
    case THM_STORE_FIND: return do_find(s, r);
    case THM_STORE_GET:
    case THM_STORE_PUT:
    case THM_STORE_LIST: return thm_sql_record(s, r);
    }
    return THM_E_STATE;
}

int thm_sql_carry_out(struct sqlite_store *s, struct thm_store_request *r)
{
    int result = do_op(s, r);

    /* A page that can't be read fails who asked for it. What others write is not spoiled by that, unless SQLite
     * undid it, which the commit finds. */
    if (r->op == THM_STORE_READ || r->op == THM_STORE_GET || r->op == THM_STORE_LIST)
        s->failed = false;
    return result;
}

int thm_sql_read_again(struct sqlite_store *s, struct thm_store_request *r)
{
    int result = THM_E_STORE;

    if (sqlite3_get_autocommit(s->db) == 0) /* undoing failed as well */
        return result;
    if (r->op == THM_STORE_OPEN)
        result = do_open(s, r, false);
    else if (r->op != THM_STORE_APPEND && r->op != THM_STORE_PUT && r->op != THM_STORE_EMPTY)
        result = do_op(s, r);
    s->failed = false; /* nothing was written that it could spoil */
    return result;
}
