/*
 * Between the owner and the thread: stacks that one side pushes on and the other takes whole, so nobody ever waits
 * for a lock. The thread sleeps on a semaphore when there is nothing to do.
 */
#include <errno.h>
#include <time.h>

#include "internal.h"

/* How long it sleeps at most: other work than requests has time, unless writing is to be tried again. */
#define SLEEP_S         30
#define SLEEP_TROUBLE_S 1

static struct sqlite_store *store_of(struct thm_store *store)
{
    return (struct sqlite_store *)(void *)store;
}

/* --- the owner's side --- */

static void wake_thread(struct sqlite_store *s)
{
    if (atomic_exchange(&s->mail.asleep, false))
        sem_post(&s->mail.wake);
}

static int submit(struct thm_store *store, struct thm_store_request *r)
{
    struct sqlite_store *s = store_of(store);
    struct thm_store_request *top = atomic_load_explicit(&s->mail.submitted, memory_order_relaxed);

    /* Of an append or a PUT that failed in a later batch the owner does not know yet. */
    r->due = s->collected;
    do
        r->next = top;
    while (!atomic_compare_exchange_weak(&s->mail.submitted, &top, r));
    wake_thread(s);
    return THM_OK;
}

/* Moves what is completed to the end of what is ready. */
static void fetch(struct sqlite_store *s)
{
    struct thm_store_request *top = atomic_exchange(&s->mail.completed, NULL), *chain = NULL;
    struct thm_store_request **end = s->ready_end;

    if (top == NULL)
        return;
    s->ready_end = &top->next;
    while (top != NULL) {
        struct thm_store_request *next = top->next;
        top->next = chain;
        chain = top;
        top = next;
    }
    *end = chain;
}

/* What the owner is told outside of requests. */
static void tell(struct sqlite_store *s)
{
    const char *trouble = atomic_load(&s->mail.trouble);
    struct thm_sqlite_backup *copied = atomic_exchange(&s->mail.copied, NULL);

    if (trouble != NULL && s->told == NULL && s->config.trouble != NULL)
        s->config.trouble(s->config.ctx, trouble);
    if (trouble == NULL && s->told != NULL && s->config.over != NULL)
        s->config.over(s->config.ctx);
    s->told = trouble;
    s->copies = s->copies && copied == NULL;
    if (copied != NULL)
        copied->done(copied, copied->result, copied->sentence);
}

/* Without a thread: all that is pending, or else a step of other work. */
static void work(struct sqlite_store *s)
{
    thm_sql_take(s);
    if (!thm_sql_batch(s))
        thm_sql_house(s);
    while (thm_sql_batch(s))
        ;
}

static unsigned collect(struct thm_store *store, struct thm_store_request **done, unsigned cap)
{
    struct sqlite_store *s = store_of(store);
    unsigned count = 0;

    if (!s->config.threaded)
        work(s);
    fetch(s);
    while (count < cap && s->ready != NULL) {
        struct thm_store_request *r = s->ready;
        s->ready = r->next;
        if (s->ready == NULL)
            s->ready_end = &s->ready;
        s->collected = (r->due >> 1) - 1 + (r->due & 1);
        if (r->op == THM_STORE_OPEN && r->result == THM_OK)
            s->owned[(r->stream & ((1u << s->streams.slot_bits) - 1)) - 1] = r->stream;
        done[count++] = r;
    }
    tell(s);
    return count;
}

static void release(struct thm_store *store, uint32_t id)
{
    struct sqlite_store *s = store_of(store);
    uint32_t slot = (id & ((1u << s->streams.slot_bits) - 1)) - 1;
    unsigned top;

    if (slot >= s->streams.cap || s->owned[slot] != id)
        return;
    s->owned[slot] = 0;
    s->mail.released_id[slot] = id;
    top = atomic_load_explicit(&s->mail.released, memory_order_relaxed);
    do
        s->mail.released_next[slot] = top;
    while (!atomic_compare_exchange_weak(&s->mail.released, &top, slot + 1));
}

const struct thm_store_ops thm_sql_ops = {submit, collect, release};

int thm_sqlite_store_backup(struct thm_store *store, struct thm_sqlite_backup *backup)
{
    struct sqlite_store *s = store_of(store);

    if (s->copies)
        return THM_E_LIMIT;
    s->copies = true;
    atomic_store(&s->mail.backup, backup);
    wake_thread(s);
    return THM_OK;
}

/* --- the thread's side --- */

/* Requests first: what was released before one of them was submitted is seen too, and an OPEN among them comes
 * after it. */
void thm_sql_take(struct sqlite_store *s)
{
    struct thm_store_request *top = NULL, *chain = NULL;
    unsigned slot;

    if (atomic_load_explicit(&s->mail.submitted, memory_order_relaxed) != NULL)
        top = atomic_exchange(&s->mail.submitted, NULL);
    slot = atomic_exchange(&s->mail.released, 0);
    while (slot != 0) {
        uint32_t next = s->mail.released_next[slot - 1];
        struct stream *stream = thm_sql_stream(&s->streams, s->mail.released_id[slot - 1]);
        if (stream != NULL) {
            stream->handed_out = false;
            thm_sql_stream_touch(&s->streams, stream, false);
        }
        slot = next;
    }
    if (top == NULL)
        return;
    struct thm_store_request **end = s->pending_end;
    s->pending_end = &top->next;
    while (top != NULL) {
        struct thm_store_request *next = top->next;
        top->next = chain;
        chain = top;
        top = next;
    }
    *end = chain;
}

void thm_sql_hand_over(struct sqlite_store *s, struct thm_store_request *latest,
                       struct thm_store_request *earliest)
{
    struct thm_store_request *top = atomic_load_explicit(&s->mail.completed, memory_order_relaxed);

    do
        earliest->next = top;
    while (!atomic_compare_exchange_weak(&s->mail.completed, &top, latest));
    thm_sql_wake(s);
}

void thm_sql_wake(const struct sqlite_store *s)
{
    if (s->config.threaded && s->config.wake != NULL)
        s->config.wake(s->config.ctx);
}

static bool has_mail(struct sqlite_store *s)
{
    return atomic_load(&s->mail.submitted) != NULL || atomic_load(&s->mail.stop) ||
           atomic_load(&s->mail.backup) != NULL;
}

static void sleep_until_woken(struct sqlite_store *s)
{
    bool trouble = atomic_load_explicit(&s->mail.trouble, memory_order_relaxed) != NULL;
    struct timespec until;

    atomic_store(&s->mail.asleep, true);
    if (!has_mail(s)) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += trouble ? SLEEP_TROUBLE_S : SLEEP_S;
        while (sem_timedwait(&s->mail.wake, &until) != 0 && errno == EINTR)
            ;
    }
    atomic_store(&s->mail.asleep, false);
}

void *thm_sql_thread(void *store)
{
    struct sqlite_store *s = store;

    for (;;) {
        bool stop = atomic_load(&s->mail.stop), more;
        thm_sql_take(s);
        more = thm_sql_batch(s);
        if (stop && !more)
            return NULL;
        if (!stop && thm_sql_house(s))
            more = true;
        if (!more)
            sleep_until_woken(s);
    }
}
