#include "auth/attempts.h"

#include <string.h>

_Static_assert(sizeof(struct thm_attempt) % 8 == 0, "the index lies behind the places");

size_t thm_attempts_size(uint32_t cap)
{
    return cap * sizeof(struct thm_attempt) + thm_index_size(cap);
}

void thm_attempts_init(struct thm_attempts *a, void *memory, uint32_t cap,
                       const struct thm_hash_key *key)
{
    memset(a, 0, sizeof *a);
    a->places = memory;
    a->cap = cap;
    a->key = *key;
    memset(memory, 0, cap * sizeof(struct thm_attempt));
    thm_index_init(&a->index, a->places + cap, cap);
}

/* --- finding --- */

/* Whom an entry is about, in the form in which it is hashed. */
struct subject {
    const struct thm_attempts *a;
    uint8_t tag[THM_ATTEMPT_TAG];
    char user[THM_ID_MAX + 1];
};

static uint64_t hash_of(const struct thm_attempts *a, const uint8_t *tag, const char *user)
{
    uint8_t bytes[THM_ATTEMPT_TAG + THM_ID_MAX];
    size_t len = strlen(user);

    memcpy(bytes, tag, THM_ATTEMPT_TAG);
    memcpy(bytes + THM_ATTEMPT_TAG, user, len);
    return thm_hash(&a->key, bytes, THM_ATTEMPT_TAG + len);
}

/* A name that is too long is nobody's; it counts as its beginning. */
static struct subject subject_of(const struct thm_attempts *a, const uint8_t *device,
                                 const char *user)
{
    struct subject s = {.a = a};
    const char *end = memchr(user, '\0', THM_ID_MAX);

    memcpy(s.tag, device, sizeof s.tag);
    memcpy(s.user, user, end ? (size_t)(end - user) : THM_ID_MAX);
    return s;
}

static bool is_about(const void *ctx, uint32_t place)
{
    const struct subject *s = ctx;
    const struct thm_attempt *e = &s->a->places[place];

    return memcmp(e->tag, s->tag, sizeof s->tag) == 0 && strcmp(e->user, s->user) == 0;
}

static struct thm_attempt *find(const struct subject *s)
{
    uint32_t place = thm_index_find(&s->a->index, hash_of(s->a, s->tag, s->user), is_about, s);

    return place == THM_INDEX_NONE ? NULL : &s->a->places[place];
}

static void forget(struct thm_attempts *a, struct thm_attempt *e)
{
    thm_index_remove(&a->index, hash_of(a, e->tag, e->user), (uint32_t)(e - a->places));
    memset(e, 0, sizeof *e);
}

/* --- judging --- */

/* Failures that still count. */
static unsigned failures_of(const struct thm_attempt *e, uint64_t now_ms)
{
    return now_ms - e->last_ms < THM_ATTEMPTS_FORGET_MS ? e->failures : 0;
}

static uint64_t wait_after(unsigned failures)
{
    uint64_t wait = THM_ATTEMPTS_WAIT_MS;

    if (failures < 2)
        return 0;
    if (failures >= THM_ATTEMPTS_SUSPEND)
        return THM_ATTEMPTS_FORGET_MS;
    for (unsigned i = 2; i < failures && wait < THM_ATTEMPTS_WAIT_MAX_MS; i++)
        wait *= 2;
    return wait < THM_ATTEMPTS_WAIT_MAX_MS ? wait : THM_ATTEMPTS_WAIT_MAX_MS;
}

uint64_t thm_attempts_may(const struct thm_attempts *a, uint64_t now_ms, const uint8_t *device,
                          const char *user, bool *suspended)
{
    const struct subject s = subject_of(a, device, user);
    const struct thm_attempt *e = find(&s);
    uint64_t wait, waited;
    unsigned failures;

    if (!e)
        e = &a->rest;
    if (e == &a->rest && a->index.count < a->cap)
        failures = 0; /* there are places again */
    else
        failures = failures_of(e, now_ms);
    if (suspended)
        *suspended = failures >= THM_ATTEMPTS_SUSPEND;
    wait = wait_after(failures);
    waited = now_ms - e->last_ms;
    return waited < wait ? wait - waited : 0;
}

/* --- counting --- */

static unsigned count(struct thm_attempt *e, uint64_t now_ms, unsigned before)
{
    unsigned failures = before + 1;

    e->failures = (uint8_t)(failures < UINT8_MAX ? failures : UINT8_MAX);
    e->last_ms = now_ms;
    return e->failures;
}

/* The entry that can best be done without; NULL when all are suspended. */
static struct thm_attempt *least(const struct thm_attempts *a, uint64_t now_ms)
{
    struct thm_attempt *best = NULL;

    for (uint32_t i = 0; i < a->cap; i++) {
        struct thm_attempt *e = &a->places[i];
        unsigned failures = failures_of(e, now_ms);
        if (e->failures == 0)
            return e;
        if (failures >= THM_ATTEMPTS_SUSPEND)
            continue;
        if (!best || failures < failures_of(best, now_ms) ||
            (failures == failures_of(best, now_ms) && e->last_ms < best->last_ms))
            best = e;
    }
    return best;
}

/* Nobody is suspended for what others did. */
static unsigned at_most(unsigned failures, unsigned most)
{
    return failures < most ? failures : most;
}

unsigned thm_attempts_failed(struct thm_attempts *a, uint64_t now_ms, const uint8_t *device,
                             const char *user)
{
    const struct subject s = subject_of(a, device, user);
    struct thm_attempt *e = find(&s);
    unsigned inherited;

    if (e)
        return count(e, now_ms, failures_of(e, now_ms));
    e = least(a, now_ms);
    if (!e)
        return count(&a->rest, now_ms,
                     at_most(failures_of(&a->rest, now_ms), THM_ATTEMPTS_SUSPEND - 2));
    inherited = at_most(failures_of(e, now_ms), THM_ATTEMPTS_SUSPEND - 2);
    if (e->failures > 0)
        forget(a, e);
    memcpy(e->tag, s.tag, sizeof e->tag);
    memcpy(e->user, s.user, sizeof e->user);
    thm_index_add(&a->index, hash_of(a, e->tag, e->user), (uint32_t)(e - a->places));
    return count(e, now_ms, inherited);
}

void thm_attempts_succeeded(struct thm_attempts *a, const uint8_t *device, const char *user)
{
    const struct subject s = subject_of(a, device, user);
    struct thm_attempt *e = find(&s);

    if (e)
        forget(a, e);
}

void thm_attempts_clear(struct thm_attempts *a, const char *user)
{
    for (uint32_t i = 0; i < a->cap; i++)
        if (a->places[i].failures > 0 && strcmp(a->places[i].user, user) == 0)
            forget(a, &a->places[i]);
}
