/*
 * What is dropped: of a stream that grows, in the transaction of its growth, about as much as came; of the others, and
 * what is too old, in a walk through all streams. The walk after a crash also looks whether every entry is there.
 */
#include "internal.h"

#define WALK_EVERY_MS 600000
/* A step of the walk: entries that are dropped, streams that are looked at, entries that are counted. */
#define STEP_DROPS   256
#define STEP_STREAMS 64
#define STEP_COUNTS  2000

static const struct thm_sqlite_retention *rule_of(const struct sqlite_store *s, const char *name)
{
    return name[0] == '@' ? &s->config.inboxes : &s->config.rooms;
}

static bool too_many(const struct thm_sqlite_retention *rule, const struct extent *x)
{
    return (rule->count > 0 && x->head - x->first + 1 > rule->count) ||
           (rule->bytes > 0 && x->bytes > rule->bytes);
}

/* How far the oldest entries have to go, `most` at most: moves `x` behind them. False: reading failed. */
static bool look(struct sqlite_store *s, const struct thm_sqlite_retention *rule, int64_t row,
                 struct extent *x, uint64_t most)
{
    int got = 0;

    thm_sql_int(s, Q_ENTRY_OLD, 1, thm_sql_key(row, x->first));
    thm_sql_int(s, Q_ENTRY_OLD, 2, thm_sql_key(row, x->head));
    thm_sql_int(s, Q_ENTRY_OLD, 3, most);
    while (x->first <= x->head && (got = thm_sql_row(s, Q_ENTRY_OLD)) > 0) {
        uint64_t time = thm_sql_column(s, Q_ENTRY_OLD, 1);
        uint64_t len = thm_sql_column(s, Q_ENTRY_OLD, 2);
        if (!too_many(rule, x) && (rule->age_ms == 0 || time + rule->age_ms >= s->utc))
            break;
        x->bytes -= len < x->bytes ? len : x->bytes; /* a wrong sum must not drop more and more */
        x->first++;
    }
    if (got > 0)
        thm_sql_reset(s, Q_ENTRY_OLD);
    return got >= 0;
}

bool thm_sql_drop(struct sqlite_store *s, int64_t row, struct extent *x, uint64_t last,
                  uint64_t bytes)
{
    struct extent left = {last + 1, x->head, bytes, x->senders};

    if (!thm_sql_senders_keep(s, row, &left, last))
        return false;
    for (enum statement q = Q_ENTRY_DROP; q <= Q_RECENT_DROP; q++) {
        thm_sql_int(s, q, 1, thm_sql_key(row, x->first));
        thm_sql_int(s, q, 2, thm_sql_key(row, last));
        if (!thm_sql_run(s, q))
            return false;
    }
    *x = left;
    return true;
}

/* Drops the oldest entries of a stream, `most` at most; `*dropped` counts them. */
static bool drop(struct sqlite_store *s, const struct thm_sqlite_retention *rule, int64_t row,
                 struct extent *x, uint64_t most, uint64_t *dropped)
{
    struct extent left = *x;

    if (!look(s, rule, row, &left, most))
        return false;
    *dropped = left.first - x->first;
    if (*dropped == 0)
        return true;
    return thm_sql_begin(s) && thm_sql_drop(s, row, x, left.first - 1, left.bytes);
}

void thm_sql_trim(struct sqlite_store *s)
{
    for (uint32_t i = 0; i < s->streams.dirties && !s->failed; i++) {
        struct stream *stream = &s->streams.slots[s->streams.dirty[i]];
        const struct thm_sqlite_retention *rule = rule_of(s, stream->name);
        uint64_t most = 2 * (stream->now.head - stream->kept.head), dropped;
        if (too_many(rule, &stream->now))
            drop(s, rule, stream->row, &stream->now, most, &dropped);
    }
}

/* --- the walk --- */

/* One stream of the walk, as the database has it. */
struct visit {
    int64_t row;
    struct extent extent;
    char name[THM_ROOM_MAX + 1];
};

/* 1: `*v` is the stream behind `row`; 0: there is none; -1: reading failed. */
static int next_stream(struct sqlite_store *s, int64_t row, struct visit *v)
{
    int got;

    thm_sql_int(s, Q_STREAM_NEXT, 1, (uint64_t)row);
    got = thm_sql_row(s, Q_STREAM_NEXT);
    if (got <= 0)
        return got;
    *v = (struct visit){
        .row = (int64_t)thm_sql_column(s, Q_STREAM_NEXT, 0),
        .extent = {thm_sql_column(s, Q_STREAM_NEXT, 2), thm_sql_column(s, Q_STREAM_NEXT, 3),
                   thm_sql_column(s, Q_STREAM_NEXT, 4), thm_sql_column(s, Q_STREAM_NEXT, 5)}};
    sqlite3_snprintf(sizeof v->name, v->name, "%s",
                     (const char *)sqlite3_column_text(s->statements[Q_STREAM_NEXT], 1));
    thm_sql_reset(s, Q_STREAM_NEXT);
    return 1;
}

static bool write_extent(struct sqlite_store *s, const struct visit *v)
{
    struct stream *stream = thm_sql_stream_find(&s->streams, v->name);

    if (stream != NULL) { /* the commit writes it */
        stream->now = v->extent;
        thm_sql_stream_dirty(&s->streams, stream);
        return true;
    }
    thm_sql_int(s, Q_STREAM_SET, 1, (uint64_t)v->row);
    thm_sql_int(s, Q_STREAM_SET, 2, v->extent.first);
    thm_sql_int(s, Q_STREAM_SET, 3, v->extent.head);
    thm_sql_int(s, Q_STREAM_SET, 4, v->extent.bytes);
    thm_sql_int(s, Q_STREAM_SET, 5, v->extent.senders);
    return thm_sql_run(s, Q_STREAM_SET);
}

/* Counts a stretch of a stream's entries, which reads them. True: the stream is through. */
static bool count_entries(struct sqlite_store *s, const struct visit *v)
{
    uint64_t from = s->walk.n > v->extent.first ? s->walk.n : v->extent.first;
    uint64_t to = from + STEP_COUNTS - 1 < v->extent.head ? from + STEP_COUNTS - 1 : v->extent.head;

    if (!s->walk.verify || from > v->extent.head)
        return true;
    thm_sql_int(s, Q_ENTRY_COUNT, 1, thm_sql_key(v->row, from));
    thm_sql_int(s, Q_ENTRY_COUNT, 2, thm_sql_key(v->row, to));
    if (thm_sql_row(s, Q_ENTRY_COUNT) > 0) {
        if (thm_sql_column(s, Q_ENTRY_COUNT, 0) != to - from + 1)
            thm_sql_damaged(s);
        thm_sql_reset(s, Q_ENTRY_COUNT);
    }
    s->walk.n = to + 1;
    return to == v->extent.head;
}

static void end_walk(struct sqlite_store *s)
{
    s->walk = (struct walk){.again_ms = s->utc + WALK_EVERY_MS};
}

/* Whether another walk is due. A clock that was set back makes it due at once. */
static bool walk_due(const struct sqlite_store *s)
{
    bool aged = s->config.rooms.age_ms > 0 || s->config.inboxes.age_ms > 0;

    return aged && (s->utc >= s->walk.again_ms || s->utc + WALK_EVERY_MS < s->walk.again_ms);
}

/* Looks at one stream. `*work` grows by what was done. False: the walk is over, or something failed. */
static bool visit(struct sqlite_store *s, unsigned *work)
{
    const struct thm_sqlite_retention *rule;
    uint64_t dropped = 0;
    struct visit v;

    if (next_stream(s, s->walk.row, &v) <= 0)
        return false;
    rule = rule_of(s, v.name);
    if ((too_many(rule, &v.extent) || rule->age_ms > 0) && v.extent.first <= v.extent.head &&
        (!drop(s, rule, v.row, &v.extent, STEP_DROPS, &dropped) ||
         (dropped > 0 && !write_extent(s, &v))))
        return false;
    *work += STEP_DROPS / STEP_STREAMS + (unsigned)dropped;
    if (dropped == STEP_DROPS)
        return true; /* there may be more */
    if (count_entries(s, &v)) {
        s->walk.row = v.row;
        s->walk.n = 0;
    } else {
        *work += STEP_DROPS;
    }
    return true;
}

bool thm_sql_walk(struct sqlite_store *s)
{
    unsigned work = 0;
    bool more = true;

    if (!s->walk.active && walk_due(s))
        s->walk = (struct walk){.active = true};
    if (!s->walk.active)
        return false;
    while (more && !s->failed && work < STEP_DROPS)
        more = visit(s, &work);
    if (s->failed)
        thm_sql_rollback(s);
    else
        thm_sql_commit(s);
    if (!more)
        end_walk(s);
    return more;
}
