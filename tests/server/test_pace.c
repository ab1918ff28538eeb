/* Buckets: exact at every boundary, for years; and the table of devices, which nobody gains by crowding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/pace.h"

#define YEAR_MS 31557600000u

static const uint32_t rates[] = {1, 2, 3, 7, 50, 999, 1000, 1001, 65536, 1000003, THM_LIMIT_MAX};
static const uint32_t bursts[] = {1, 2, 3, 50, 1000, 5000, THM_LIMIT_MAX};
static const uint64_t starts[] = {0, 1, 12345, 100ull * YEAR_MS, 1ull << 62};

static void each(void (*check)(struct thm_limit limit, uint64_t start))
{
    for (unsigned r = 0; r < sizeof rates / sizeof *rates; r++)
        for (unsigned b = 0; b < sizeof bursts / sizeof *bursts; b++)
            for (unsigned s = 0; s < sizeof starts / sizeof *starts; s++)
                check((struct thm_limit){rates[r], bursts[b]}, starts[s]);
}

/* --- one bucket ----------------------------------------------------------------------------- */

static void check_burst(struct thm_limit limit, uint64_t start)
{
    struct thm_bucket b = {0};

    if (limit.burst > 1)
        assert_int_equal(thm_bucket_spend(&b, limit, start, limit.burst - 1), 0);
    assert_int_equal(thm_bucket_wait(&b, limit, start), 0);
    assert_int_equal(thm_bucket_spend(&b, limit, start, 1), 0); /* the last one */
    assert_int_equal(thm_bucket_debt(&b, limit, start), 1000ull * limit.burst);
    assert_int_not_equal(thm_bucket_wait(&b, limit, start), 0);
    assert_int_not_equal(thm_bucket_spend(&b, limit, start, 1), 0); /* overdrawn */
}

static void the_burst_passes_and_no_more(void **state)
{
    (void)state;
    each(check_burst);
}

/* An empty bucket has a whole token after exactly as long as the rate takes, rounded up. */
static void check_token(struct thm_limit limit, uint64_t start)
{
    struct thm_bucket b = {0};
    uint64_t first = (1000 + limit.rate - 1) / limit.rate;

    thm_bucket_spend(&b, limit, start, limit.burst);
    assert_int_equal(thm_bucket_wait(&b, limit, start), first);
    assert_int_equal(thm_bucket_wait(&b, limit, start + first - 1), 1);
    assert_int_equal(thm_bucket_wait(&b, limit, start + first), 0);
}

static void a_token_is_there_when_the_rate_says(void **state)
{
    (void)state;
    each(check_token);
}

/* Full after burst / rate, and not a millisecond before; and it stays so for centuries. */
static void check_full(struct thm_limit limit, uint64_t start)
{
    struct thm_bucket b = {0};
    uint64_t full = (1000ull * limit.burst + limit.rate - 1) / limit.rate;

    thm_bucket_spend(&b, limit, start, limit.burst);
    assert_int_not_equal(thm_bucket_debt(&b, limit, start + full - 1), 0);
    assert_int_equal(thm_bucket_debt(&b, limit, start + full), 0);
    for (uint64_t later = full; later < 1ull << 61; later *= 2)
        assert_int_equal(thm_bucket_debt(&b, limit, start + later), 0);
    assert_int_equal(thm_bucket_debt(&b, limit, UINT64_MAX), 0);
}

static void it_fills_up_and_no_further(void **state)
{
    (void)state;
    each(check_full);
}

/* Overdrawn, it goes on when that is made good and a little saved, and not a millisecond before. */
static void check_overdrawn(struct thm_limit limit, uint64_t start)
{
    struct thm_bucket b = {0};
    uint64_t all = 1000ull * limit.burst;
    uint64_t saved = (uint64_t)limit.rate * THM_PACE_TICK_MS;

    if (saved + limit.rate > all)
        saved = all > limit.rate ? all - limit.rate : 0;
    thm_bucket_spend(&b, limit, start, limit.burst);
    uint64_t wait = thm_bucket_spend(&b, limit, start, 1);
    assert_true(wait > 0 && wait <= THM_PACE_WAIT_MS + THM_PACE_TICK_MS + 1);
    assert_true(thm_bucket_debt(&b, limit, start + wait) <= all - saved);
    assert_true(thm_bucket_debt(&b, limit, start + wait - 1) > all - saved);
}

static void what_is_overdrawn_is_made_good_first(void **state)
{
    (void)state;
    each(check_overdrawn);
}

static void check_forgiven(struct thm_limit limit, uint64_t start)
{
    struct thm_bucket b = {0};

    for (int i = 0; i < 3; i++)
        assert_in_range(thm_bucket_spend(&b, limit, start, UINT32_MAX), 1,
                        THM_PACE_WAIT_MS + THM_PACE_TICK_MS + 1);
}

static void no_wait_is_longer_than_the_bound(void **state)
{
    (void)state;
    each(check_forgiven);
}

static void a_clock_that_goes_back_brings_nothing(void **state)
{
    (void)state;
    const struct thm_limit limit = {10, 10};
    struct thm_bucket b = {0};

    thm_bucket_spend(&b, limit, 5000, 10);
    assert_int_equal(thm_bucket_debt(&b, limit, 4000), 10000);
    assert_int_not_equal(thm_bucket_spend(&b, limit, 4000, 1), 0);
}

static void rate_0_is_no_limit(void **state)
{
    (void)state;
    const struct thm_limit limit = {0, 0};
    struct thm_bucket b = {0};

    for (int i = 0; i < 100; i++)
        assert_int_equal(thm_bucket_spend(&b, limit, 1, UINT32_MAX), 0);
    assert_int_equal(thm_bucket_wait(&b, limit, 1), 0);
    assert_int_equal(thm_bucket_debt(&b, limit, 1), 0);
}

/* Somebody takes whenever he may, for so long: as much as there is, to the token. */
static uint64_t take_all(struct thm_limit limit, uint64_t start, uint64_t ms)
{
    struct thm_bucket b = {0};
    uint64_t taken = 0, now = start, last = start;

    while (now <= start + ms) {
        last = now;
        now += thm_bucket_spend(&b, limit, now, 1);
        taken++;
    }
    /* What the bucket holds at the end is exactly what came in and was not taken. */
    uint64_t debt = thm_bucket_debt(&b, limit, last);
    assert_int_equal(1000 * taken, (last - start) * limit.rate + debt);
    return taken;
}

static void nothing_drifts(void **state)
{
    (void)state;
    for (unsigned r = 0; r < sizeof rates / sizeof *rates && rates[r] <= 1001; r++) {
        const uint64_t ms = 3600000 / rates[r] * 100;
        const struct thm_limit limit = {rates[r], 20};
        uint64_t due = 20 + ms * rates[r] / 1000;
        assert_in_range(take_all(limit, 77, ms), due - rates[r] * THM_PACE_TICK_MS / 1000 - 1,
                        due + 1);
    }
}

/* One line in a while, never more than the rate, for three years: never a wait. */
static void who_keeps_to_the_rate_never_waits(void **state)
{
    (void)state;
    const struct thm_limit limit = {1, 2};
    struct thm_bucket b = {0};

    for (uint64_t now = 0; now < 3ull * YEAR_MS; now += 86400)
        assert_int_equal(thm_bucket_spend(&b, limit, now, now % 864000 == 0 ? 2 : 1), 0);
    b = (struct thm_bucket){0};
    for (uint64_t now = 0; now < 3000000; now += 1000)
        assert_int_equal(thm_bucket_spend(&b, limit, now, 1), 0);
}

/* --- devices -------------------------------------------------------------------------------- */

#define PLACES 4

static struct thm_pace p;

static int set_up(void **state)
{
    static _Alignas(16) unsigned char devices[8192];
    static _Alignas(16) unsigned char index[1024];

    (void)state;
    memset(&p, 0, sizeof p);
    memset(devices, 0xa5, sizeof devices);
    assert_true(thm_pool_size(sizeof(struct thm_pace_device), PLACES) <= sizeof devices);
    assert_true(thm_index_size(PLACES) <= sizeof index);
    thm_pool_init(&p.devices, devices, sizeof(struct thm_pace_device), PLACES);
    thm_index_init(&p.index, index, PLACES);
    p.hash_key = (struct thm_hash_key){1, 2};
    for (unsigned kind = 0; kind < THM_LIMITS; kind++)
        p.limits[kind] = (struct thm_limit){10, 100};
    return 0;
}

static const uint8_t *key(unsigned n)
{
    static uint8_t bytes[THM_KEY_HASH];

    bytes[THM_KEY_HASH - 1] = (uint8_t)n; /* all of the hash counts */
    return bytes;
}

static uint32_t enter(unsigned n, uint64_t now)
{
    return thm_pace_enter(&p, key(n), now);
}

static uint64_t debt_of(uint32_t number, uint64_t now)
{
    return thm_bucket_debt(&thm_pace_at(&p, number)->buckets[THM_LIMIT_LINES],
                           p.limits[THM_LIMIT_LINES], now);
}

/* Comes, uses lines, and leaves. */
static void visit(unsigned n, uint32_t lines, uint64_t now)
{
    uint32_t number = enter(n, now);

    thm_pace_spend(&p, number, THM_LIMIT_LINES, lines, now);
    thm_pace_leave(&p, number, now);
}

static void a_device_has_one_record(void **state)
{
    (void)state;
    uint32_t a = enter(1, 0), b = enter(2, 0);

    assert_int_not_equal(a, b);
    assert_int_equal(enter(1, 0), a); /* a second connection */
    thm_pace_spend(&p, a, THM_LIMIT_LINES, 60, 0);
    thm_pace_leave(&p, a, 0);
    thm_pace_leave(&p, a, 0);
    assert_int_equal(enter(1, 0), a); /* it came back */
    assert_int_equal(debt_of(a, 0), 60000);
    assert_int_equal(debt_of(b, 0), 0);
}

static void those_that_are_connected_stay(void **state)
{
    (void)state;
    for (unsigned n = 0; n < PLACES; n++)
        assert_int_not_equal(enter(n, 0), 0);
    assert_int_equal(enter(99, 0), 0);
    thm_pace_leave(&p, enter(2, 0), 0); /* one of its two */
    assert_int_equal(enter(99, 0), 0);
}

static void so_do_those_that_came_back(void **state)
{
    (void)state;
    for (unsigned n = 0; n < PLACES; n++)
        visit(n, 0, n);
    uint32_t back = enter(0, 10);
    for (unsigned n = 1; n < PLACES; n++)
        assert_int_not_equal(enter(10 + n, 10), back);
    assert_int_equal(enter(99, 10), 0);
}

static void the_longest_away_that_owes_nothing_gives_way(void **state)
{
    (void)state;
    visit(1, 100, 0); /* owes until 10,000 */
    visit(2, 0, 1);
    visit(3, 0, 2);
    visit(4, 100, 3);
    visit(5, 100, 4); /* takes 2's */
    assert_int_equal(debt_of(enter(1, 4), 4), 99960);
    visit(6, 100, 5); /* 3's */
    assert_int_equal(debt_of(enter(4, 5), 5), 99980);
    assert_int_equal(debt_of(enter(5, 5), 5), 99990);
}

static void who_has_made_it_good_gives_way_as_well(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= PLACES; n++)
        visit(n, n == 1 ? 10 : 100, 0);
    assert_int_equal(debt_of(enter(9, 1000), 1000), 0); /* 1 has waited long enough, just */
    set_up(NULL);
    for (unsigned n = 1; n <= PLACES; n++)
        visit(n, n == 1 ? 10 : 100, 0);
    assert_int_equal(debt_of(enter(9, 999), 999), 10);
}

/* One abuser with more keys than there are records takes turns with them: together no more than one use of every record,
 * and the rate. */
static void a_crowd_of_keys_gains_nothing(void **state)
{
    (void)state;
    uint64_t taken = 0, now = 0;

    for (unsigned turn = 0; turn < 50000; turn++, now += 2) {
        uint32_t number = enter(turn % 97, now);
        while (thm_pace_at(&p, number)->ready_at <= now) {
            thm_pace_spend(&p, number, THM_LIMIT_LINES, 1, now);
            taken++;
        }
        thm_pace_leave(&p, number, now);
    }
    assert_in_range(taken, PLACES * 100, PLACES * (100 + 1) + PLACES * 10 * now / 1000);
}

/* The victim of a crowd's crowding is not the better for it either. */
static void a_known_abuser_is_not_washed_out(void **state)
{
    (void)state;
    visit(1, 150, 0); /* overdrawn */
    for (unsigned n = 2; n < 200; n++)
        visit(n, 0, n); /* honest ones */
    uint32_t number = enter(1, 200);
    assert_true(thm_pace_at(&p, number)->ready_at > 200);
    assert_int_equal(debt_of(number, 200), 148000);
}

static void kinds_are_counted_apart(void **state)
{
    (void)state;
    uint32_t number = enter(1, 0);

    thm_pace_spend(&p, number, THM_LIMIT_JOINS, 100, 0);
    thm_pace_spend(&p, number, THM_LIMIT_LINES, 100, 0);
    assert_int_equal(thm_pace_at(&p, number)->ready_at, 0);
    thm_pace_spend(&p, number, THM_LIMIT_JOINS, 1, 0);
    assert_int_equal(thm_pace_at(&p, number)->why, THM_LIMIT_JOINS);
    assert_int_equal(thm_pace_at(&p, number)->ready_at, 150); /* 0.1 s, and what is saved */
    thm_pace_spend(&p, number, THM_LIMIT_LINES, 3, 0);
    assert_int_equal(thm_pace_at(&p, number)->why, THM_LIMIT_LINES);
    assert_int_equal(thm_pace_at(&p, number)->ready_at, 350);
    thm_pace_spend(&p, number, THM_LIMIT_JOINS, 1, 0); /* 250, earlier than what it waits for */
    assert_int_equal(thm_pace_at(&p, number)->why, THM_LIMIT_LINES);
    assert_int_equal(thm_pace_at(&p, number)->ready_at, 350);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_burst_passes_and_no_more),
        cmocka_unit_test(a_token_is_there_when_the_rate_says),
        cmocka_unit_test(it_fills_up_and_no_further),
        cmocka_unit_test(what_is_overdrawn_is_made_good_first),
        cmocka_unit_test(no_wait_is_longer_than_the_bound),
        cmocka_unit_test(a_clock_that_goes_back_brings_nothing),
        cmocka_unit_test(rate_0_is_no_limit),
        cmocka_unit_test(nothing_drifts),
        cmocka_unit_test(who_keeps_to_the_rate_never_waits),
        cmocka_unit_test_setup(a_device_has_one_record, set_up),
        cmocka_unit_test_setup(those_that_are_connected_stay, set_up),
        cmocka_unit_test_setup(so_do_those_that_came_back, set_up),
        cmocka_unit_test_setup(the_longest_away_that_owes_nothing_gives_way, set_up),
        cmocka_unit_test_setup(who_has_made_it_good_gives_way_as_well, set_up),
        cmocka_unit_test_setup(a_crowd_of_keys_gains_nothing, set_up),
        cmocka_unit_test_setup(a_known_abuser_is_not_washed_out, set_up),
        cmocka_unit_test_setup(kinds_are_counted_apart, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
