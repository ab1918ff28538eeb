#include "server/pace.h"

#include <string.h>

#define TOKEN 1000u /* thousandths */

/* --- buckets -------------------------------------------------------------------------------- */

uint64_t thm_bucket_debt(const struct thm_bucket *b, struct thm_limit limit, uint64_t now)
{
    uint64_t passed = now > b->at ? now - b->at : 0;

    if (limit.rate == 0 || (passed >> 32 != 0 && passed > b->debt / limit.rate))
        return 0;
    uint64_t paid = passed * limit.rate; /* below 2^62, or no more than the debt */
    return paid < b->debt ? b->debt - paid : 0;
}

static uint64_t time_for(uint64_t thousandths, struct thm_limit limit)
{
    return (thousandths + limit.rate - 1) / limit.rate;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Once overdrawn, a little is saved up before it goes on, so that it goes on for more than one line; never so much
 * that the bucket could run over in the last millisecond of it. */
static uint64_t to_save(struct thm_limit limit, uint64_t all)
{
    return all > limit.rate ? least(all - limit.rate, (uint64_t)limit.rate * THM_PACE_TICK_MS) : 0;
}

uint64_t thm_bucket_spend(struct thm_bucket *b, struct thm_limit limit, uint64_t now,
                          uint32_t tokens)
{
    uint64_t all = (uint64_t)limit.burst * TOKEN;
    uint64_t most = all + (uint64_t)limit.rate * THM_PACE_WAIT_MS;
    uint64_t debt = thm_bucket_debt(b, limit, now) + (uint64_t)tokens * TOKEN;

    if (limit.rate == 0)
        return 0;
    b->at = now;
    b->debt = least(debt, most);
    if (b->debt <= all)
        return 0;
    return time_for(b->debt - all + to_save(limit, all), limit);
}

uint64_t thm_bucket_wait(const struct thm_bucket *b, struct thm_limit limit, uint64_t now)
{
    uint64_t all = (uint64_t)limit.burst * TOKEN;
    uint64_t debt = thm_bucket_debt(b, limit, now) + TOKEN;

    return limit.rate == 0 || debt <= all ? 0 : time_for(debt - all, limit);
}

/* --- devices -------------------------------------------------------------------------------- */

struct sought {
    const struct thm_pace *pace;
    const uint8_t *key;
};

static bool is_sought(const void *ctx, uint32_t number)
{
    const struct sought *sought = ctx;

    return memcmp(thm_pace_at(sought->pace, number)->key, sought->key, THM_KEY_HASH) == 0;
}

static uint64_t hash_of(const struct thm_pace *p, const uint8_t *key)
{
    return thm_hash(&p->hash_key, key, THM_KEY_HASH);
}

static struct thm_links links_of(const struct thm_pace *p)
{
    return THM_LINKS(&p->devices, struct thm_pace_device, link);
}

static bool owes(const struct thm_pace *p, const struct thm_pace_device *d, uint64_t now)
{
    for (unsigned kind = 0; kind < THM_LIMITS; kind++)
        if (thm_bucket_debt(&d->buckets[kind], p->limits[kind], now) != 0)
            return true;
    return false;
}

static void put_away(struct thm_pace *p, uint32_t number, uint64_t now)
{
    struct thm_pace_device *d = thm_pace_at(p, number);

    d->owes = owes(p, d, now);
    thm_list_append(d->owes ? &p->owing : &p->rested, links_of(p), number);
}

static void take_out(struct thm_pace *p, uint32_t number)
{
    struct thm_pace_device *d = thm_pace_at(p, number);

    thm_list_remove(d->owes ? &p->owing : &p->rested, links_of(p), number);
}

/* The record that can best be done without; it is in no list and no index any more. 0: none. */
static uint32_t give_way(struct thm_pace *p, uint64_t now)
{
    uint32_t number;

    while ((number = p->owing.first) != 0 && !owes(p, thm_pace_at(p, number), now)) {
        take_out(p, number);
        put_away(p, number, now);
    }
    number = p->rested.first != 0 ? p->rested.first : p->owing.first;
    if (number == 0)
        return 0;
    take_out(p, number);
    thm_index_remove(&p->index, hash_of(p, thm_pace_at(p, number)->key), number);
    return number;
}

/* A record for a newcomer: a new one, one that owes nothing, or one with all that it owes. */
static uint32_t record_for(struct thm_pace *p, const uint8_t *key, uint64_t now)
{
    uint32_t number = thm_pool_take(&p->devices);

    if (number == 0)
        number = give_way(p, now);
    if (number == 0)
        return 0;
    struct thm_pace_device *d = thm_pace_at(p, number);
    memcpy(d->key, key, THM_KEY_HASH);
    d->row_since = d->row_end = d->logged_at = 0;
    thm_index_add(&p->index, hash_of(p, key), number);
    return number;
}

uint64_t thm_pace_ready_at(const struct thm_pace *p, const uint8_t key[THM_KEY_HASH])
{
    const struct sought sought = {p, key};
    uint32_t number = thm_index_find(&p->index, hash_of(p, key), is_sought, &sought);

    return number == THM_INDEX_NONE ? 0 : thm_pace_at(p, number)->ready_at;
}

uint32_t thm_pace_enter(struct thm_pace *p, const uint8_t key[THM_KEY_HASH], uint64_t now)
{
    const struct sought sought = {p, key};
    uint32_t number = thm_index_find(&p->index, hash_of(p, key), is_sought, &sought);

    if (number == THM_INDEX_NONE)
        number = record_for(p, key, now);
    else if (thm_pace_at(p, number)->connections == 0)
        take_out(p, number);
    if (number != 0)
        thm_pace_at(p, number)->connections++;
    return number;
}

void thm_pace_leave(struct thm_pace *p, uint32_t number, uint64_t now)
{
    if (--thm_pace_at(p, number)->connections == 0)
        put_away(p, number, now);
}

void thm_pace_spend(struct thm_pace *p, uint32_t number, enum thm_limit_kind kind, uint32_t tokens,
                    uint64_t now)
{
    struct thm_pace_device *d = thm_pace_at(p, number);
    uint64_t wait = thm_bucket_spend(&d->buckets[kind], p->limits[kind], now, tokens);

    if (wait == 0 || now + wait <= d->ready_at)
        return;
    d->ready_at = now + wait;
    d->why = (uint8_t)kind;
}
