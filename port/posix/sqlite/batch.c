/*
 * Group commit: one transaction of whatever is pending.
 */
#include <time.h>

#include "internal.h"

/* Batches between two looks at other work while requests keep coming. */
#define BUSY_BATCHES 8
/* How often PATH-lock gets a new token, and how often writing is tried when nobody asks for it. */
#define TOKEN_EVERY_MS 600000
#define TRY_EVERY_MS   1000

void thm_sql_clock(struct sqlite_store *s)
{
    struct timespec t;

    if (s->config.utc_ms != NULL) {
        s->utc = s->config.utc_ms(s->config.ctx);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &t);
    s->utc = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Does the first requests of those pending, as many as go into one transaction; gives the last one. */
static struct thm_store_request *do_requests(struct sqlite_store *s)
{
    struct thm_store_request *r = s->pending, *last = r;

    for (uint32_t i = 0; r != NULL && i < s->config.batch; i++, r = r->next) {
        last = r;
        if (s->failed)
            continue;
        r->result = thm_sql_carry_out(s, r);
        if (r->result == THM_E_STORE && !s->failed)
            thm_sql_broke(s, r);
    }
    return last;
}

/* The transaction came to nothing, and with it what its requests wrote. What only reads is done again: what failed had no
 * effect, so the database as it is now is what a read after it finds, whatever the first answer was. */
static void fail_all(struct sqlite_store *s, const struct thm_store_request *end)
{
    for (struct thm_store_request *r = s->pending; r != end; r = r->next) {
        struct stream *stream =
            r->op == THM_STORE_OPEN ? thm_sql_stream_find(&s->streams, r->name) : NULL;
        r->result = thm_sql_read_again(s, r);
        if (r->result == THM_E_STORE)
            thm_sql_broke(s, r);
        if (r->result != THM_OK && stream != NULL && !stream->handed_out)
            thm_sql_stream_touch(&s->streams, stream, false); /* or nobody would ever release it */
    }
}

/* Turns the batch round, the latest first, as the mailbox wants it. `due` becomes its number, and in the lowest bit
 * whether it is the last one. */
static void complete(struct sqlite_store *s, struct thm_store_request *last)
{
    struct thm_store_request *r = s->pending, *first = r, *rest = last->next, *chain = NULL;

    while (r != rest) {
        struct thm_store_request *next = r->next;
        if (r->op == THM_STORE_OPEN && r->result == THM_OK)
            thm_sql_stream(&s->streams, r->stream)->handed_out = true;
        r->due = s->batch << 1 | (r == last);
        r->next = chain;
        chain = r;
        r = next;
    }
    s->pending = rest;
    if (rest == NULL)
        s->pending_end = &s->pending;
    thm_sql_hand_over(s, chain, first);
}

bool thm_sql_batch(struct sqlite_store *s)
{
    struct thm_store_request *last;
    bool kept;

    if (s->pending == NULL)
        return false;
    thm_sql_clock(s);
    s->batch++;
    last = do_requests(s);
    if (!s->failed)
        thm_sql_trim(s);
    kept = !s->failed;
    if (kept)
        kept = thm_sql_commit(s);
    else
        thm_sql_rollback(s);
    if (!kept)
        fail_all(s, last->next);
    complete(s, last);
    thm_sql_move_recent(s);
    thm_sql_checkpoint(s);
    return true;
}

/* A new token now and then; and while there is trouble, because writing it tells whether that is over. */
static void renew_token(struct sqlite_store *s)
{
    bool trouble = atomic_load_explicit(&s->mail.trouble, memory_order_relaxed) != NULL;
    uint64_t every = trouble ? TRY_EVERY_MS : TOKEN_EVERY_MS;

    if (s->utc >= s->token_ms && s->utc - s->token_ms < every)
        return;
    s->token_ms = s->utc;
    if (thm_sql_new_token(s, false) == trouble)
        thm_sql_wake(s); /* it began or is over */
}

bool thm_sql_house(struct sqlite_store *s)
{
    if ((s->pending != NULL || atomic_load(&s->mail.submitted) != NULL) && ++s->busy < BUSY_BATCHES)
        return true;
    s->busy = 0;
    thm_sql_clock(s);
    renew_token(s);
    bool more = thm_sql_walk(s);
    more = thm_sql_copy(s) || more;
    thm_sql_checkpoint(s);
    return more || s->pending != NULL;
}
