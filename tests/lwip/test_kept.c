/*
 * What outlives a restart: the seed that is never used twice, the count of boots, and a time that only goes forward.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arch/cc.h"
#include "kept.h"
#include "thimble/board.h"

#define FLOOR_MS 1700000000000u /* UTC: the build, or the provisioning */
#define HOUR_MS  3600000u
#define DAY_S    86400u
#define DRAWN    32

/* A board of which a loss of power, or time, can be had. */
static struct {
    uint8_t slots[THM_BOARD_SLOTS][THM_BOARD_SLOT_SIZE];
    size_t power; /* bytes that can still be written */
    unsigned writes;
    bool failed; /* the last one */
    uint64_t now_ms;
    uint8_t noise, id;
    bool has_noise;
} board;

int thm_board_storage_read(unsigned slot, void *buf, size_t len)
{
    memcpy(buf, board.slots[slot], len);
    return THM_OK;
}

int thm_board_storage_write(unsigned slot, const void *buf, size_t len)
{
    size_t n = len < board.power ? len : board.power;

    memcpy(board.slots[slot], buf, n);
    board.power -= n;
    board.writes++;
    board.failed = n < len;
    return board.failed ? THM_E_PORT : THM_OK;
}

uint64_t thm_board_now_ms(void)
{
    return board.now_ms;
}

size_t thm_board_noise(void *buf, size_t cap)
{
    assert_true(cap > 0);
    memcpy(buf, &board.noise, 1);
    return board.has_noise;
}

size_t thm_board_unique_id(void *buf, size_t cap)
{
    assert_true(cap > 0);
    memcpy(buf, &board.id, 1);
    return 1;
}

static uint8_t factory[THM_LWIP_SEED];
static struct thm_lwip_config config;
static struct thm_port_lwip port;

static int erase(void **state)
{
    (void)state;
    memset(&board, 0, sizeof board);
    memset(board.slots, 0xff, sizeof board.slots);
    board.power = SIZE_MAX;
    memset(factory, 0x5a, sizeof factory);
    config = (struct thm_lwip_config){
        .factory_seed = factory, .time_floor_ms = FLOOR_MS, .provision = 1};
    return 0;
}

/* The board is switched on, its clock at 0; what it first draws. */
static int boot(uint8_t drawn[DRAWN])
{
    board.now_ms = 0;
    int code = thm_lwip_kept_start(&config);
    if (code == THM_OK)
        assert_int_equal(thm_lwip_entropy(&port.base, drawn, DRAWN), THM_OK);
    return code;
}

static uint64_t utc(void)
{
    uint64_t ms = 0;

    assert_int_equal(thm_lwip_utc(&port.base, &ms), THM_OK);
    return ms;
}

static bool trust(uint64_t utc_ms)
{
    const uint64_t far_away = FLOOR_MS / 1000 + 3650 * DAY_S;

    return thm_lwip_trust_time(&port, utc_ms, far_away, far_away);
}

/* --- the seed ------------------------------------------------------------------------------------ */

static void test_every_boot_draws_something_else(void **state)
{
    enum { BOOTS = 50 };
    uint8_t drawn[BOOTS][DRAWN];

    (void)state;
    for (unsigned i = 0; i < BOOTS; i++) {
        assert_int_equal(boot(drawn[i]), THM_OK);
        assert_int_equal(thm_lwip_boots(&port), i + 1);
        for (unsigned k = 0; k < i; k++)
            assert_memory_not_equal(drawn[k], drawn[i], DRAWN);
    }
}

/* Before the next seed is stored, nothing is to be had; and what one boot could not store, the next one does not draw. */
static void test_the_power_goes_while_the_seed_is_stored(void **state)
{
    enum { RECORD = 80, BOOTS = 4 };
    uint8_t drawn[RECORD * BOOTS][DRAWN], nothing[DRAWN];
    unsigned used = 0;

    (void)state;
    for (size_t power = 0; power < RECORD; power++) {
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(boot(drawn[used++]), THM_OK);
        board.power = power;
        if (boot(drawn[used]) == THM_OK) /* the record is shorter */
            used++;
        else
            assert_int_equal(thm_lwip_entropy(&port.base, nothing, DRAWN), THM_E_ENTROPY);
        board.power = SIZE_MAX;
        assert_int_equal(boot(drawn[used++]), THM_OK);
    }
    assert_true(used > RECORD * 3 && used < RECORD * BOOTS);
    for (unsigned i = 0; i < used; i++)
        for (unsigned k = 0; k < i; k++)
            assert_memory_not_equal(drawn[k], drawn[i], DRAWN);
}

static void test_a_board_that_can_not_store_does_not_start(void **state)
{
    uint8_t drawn[DRAWN];

    (void)state;
    board.power = 0;
    assert_int_equal(boot(drawn), THM_E_ENTROPY);
    assert_int_equal(thm_lwip_entropy(&port.base, drawn, DRAWN), THM_E_ENTROPY);
}

/* With both records damaged the count begins anew, but what is left of the seeds still counts. */
static void test_damaged_slots_give_another_seed(void **state)
{
    uint8_t first[DRAWN], drawn[2][DRAWN];

    (void)state;
    assert_int_equal(boot(first), THM_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(boot(drawn[i]), THM_OK);
        board.slots[0][20] ^= 1;
        board.slots[1][20] ^= 1;
        assert_int_equal(boot(drawn[i]), THM_OK);
        assert_int_equal(thm_lwip_boots(&port), 1);
        assert_memory_not_equal(drawn[i], first, DRAWN);
    }
    assert_memory_not_equal(drawn[0], drawn[1], DRAWN);
}

/* Whatever differs between two boards, or two boots, differs in what they draw. */
static void test_everything_counts(void **state)
{
    static const uint8_t secret[4] = {1, 2, 3, 4};
    enum { VARIANTS = 6 };
    uint8_t drawn[VARIANTS][DRAWN], again[DRAWN];

    (void)state;
    for (unsigned i = 0; i < VARIANTS; i++) {
        erase(NULL);
        factory[31] = i == 1 ? 1 : 0;
        board.id = i == 2;
        board.has_noise = i == 3;
        config.secret = i >= 4 ? secret : NULL;
        config.secret_len = i == 4 ? 3 : 4;
        assert_int_equal(boot(drawn[i]), THM_OK);
        for (unsigned k = 0; k < i; k++)
            assert_memory_not_equal(drawn[k], drawn[i], DRAWN);
    }
    erase(NULL);
    factory[31] = 0;
    assert_int_equal(boot(again), THM_OK);
    assert_memory_equal(again, drawn[0], DRAWN); /* by itself, nothing is random here */
}

/* RFC 6528: four microseconds a step for the same two ends, and nothing to be foreseen for others, or after a restart,
 * even if the same numbers are used at the same time of the clock. */
static void test_sequence_numbers(void **state)
{
    enum { BOOTS = 20 };
    uint8_t drawn[DRAWN];
    uint32_t numbers[BOOTS];

    (void)state;
    for (unsigned i = 0; i < BOOTS; i++) {
        assert_int_equal(boot(drawn), THM_OK);
        numbers[i] = thm_lwip_isn(1, 2, 3, 4);
        for (unsigned k = 0; k < i; k++)
            assert_int_not_equal(numbers[k], numbers[i]);
        assert_int_not_equal(thm_lwip_isn(0, 2, 3, 4), numbers[i]);
        assert_int_not_equal(thm_lwip_isn(1, 0, 3, 4), numbers[i]);
        assert_int_not_equal(thm_lwip_isn(1, 2, 0, 4), numbers[i]);
        assert_int_not_equal(thm_lwip_isn(1, 2, 3, 0), numbers[i]);
        board.now_ms += 1000;
        assert_int_equal(thm_lwip_isn(1, 2, 3, 4), (uint32_t)(numbers[i] + 250000));
    }
}

/* --- time ---------------------------------------------------------------------------------------- */

static void start(void)
{
    uint8_t drawn[DRAWN];

    assert_int_equal(boot(drawn), THM_OK);
}

static void test_time_begins_at_the_floor_and_goes_on(void **state)
{
    (void)state;
    start();
    assert_int_equal(utc(), FLOOR_MS);
    board.now_ms += 12345;
    assert_int_equal(utc(), FLOOR_MS + 12345);
}

static void test_a_later_time_is_taken_and_kept(void **state)
{
    (void)state;
    start();
    board.now_ms = 1000;
    assert_true(trust(FLOOR_MS + 24 * HOUR_MS));
    board.now_ms = 1500;
    assert_int_equal(utc(), FLOOR_MS + 24 * HOUR_MS + 500);
    start();
    assert_int_equal(utc(), FLOOR_MS + 24 * HOUR_MS);
}

static void test_time_never_goes_back(void **state)
{
    (void)state;
    start();
    assert_false(trust(FLOOR_MS));
    assert_false(trust(0));
    assert_true(trust(FLOOR_MS + HOUR_MS));
    assert_false(trust(FLOOR_MS + HOUR_MS));
    board.now_ms += 5000;
    assert_false(trust(FLOOR_MS + HOUR_MS + 5000));
    assert_true(trust(FLOOR_MS + HOUR_MS + 5001));
    start();
    assert_false(trust(FLOOR_MS + HOUR_MS));
    assert_int_equal(utc(), FLOOR_MS + HOUR_MS);
}

/* A time beyond either certificate would make the board refuse its own server, or itself, for good. */
static void test_a_time_beyond_a_certificate_is_refused(void **state)
{
    const uint64_t end = FLOOR_MS / 1000 + DAY_S, later = end + DAY_S;

    (void)state;
    start();
    assert_false(thm_lwip_trust_time(&port, end * 1000 + 1000, end, later));
    assert_false(thm_lwip_trust_time(&port, end * 1000 + 1000, later, end));
    assert_false(thm_lwip_trust_time(&port, UINT64_MAX, later, later));
    assert_int_equal(utc(), FLOOR_MS);
    assert_true(thm_lwip_trust_time(&port, end * 1000, end, later));
    start();
    assert_int_equal(utc(), end * 1000);
}

/* A board that was locked out by its clock is provisioned again; a new build moves the floor alone. */
static void test_provisioning_resets_the_time(void **state)
{
    (void)state;
    start();
    assert_true(trust(FLOOR_MS + 100 * HOUR_MS));
    config.time_floor_ms = FLOOR_MS + HOUR_MS;
    start();
    assert_int_equal(utc(), FLOOR_MS + 100 * HOUR_MS);
    config.time_floor_ms = FLOOR_MS + 200 * HOUR_MS;
    start();
    assert_int_equal(utc(), FLOOR_MS + 200 * HOUR_MS);
    config.time_floor_ms = FLOOR_MS + HOUR_MS;
    config.provision = 2;
    start();
    assert_int_equal(utc(), FLOOR_MS + HOUR_MS);
    start();
    assert_int_equal(utc(), FLOOR_MS + HOUR_MS);
}

/* A client that logs in every minute does not wear its storage out: one write an hour is enough. */
static void test_hardly_later_times_are_not_stored(void **state)
{
    (void)state;
    start();
    unsigned before = board.writes;
    for (unsigned minute = 1; minute <= 600; minute++) {
        board.now_ms += 59000;
        assert_true(trust(FLOOR_MS + minute * 60000u));
    }
    assert_int_equal(board.writes - before, 10);
    start();
    assert_int_equal(utc(), FLOOR_MS + 10 * HOUR_MS);
}

/* A time that can't be stored counts until the next boot, and the seed of that one is still unused. */
static void test_the_power_goes_while_the_time_is_stored(void **state)
{
    uint8_t before[DRAWN], after[DRAWN];

    (void)state;
    for (size_t power = 0; power < 80; power++) {
        erase(NULL);
        assert_int_equal(boot(before), THM_OK);
        board.power = power;
        assert_true(trust(FLOOR_MS + 24 * HOUR_MS));
        assert_int_equal(utc(), FLOOR_MS + 24 * HOUR_MS);
        bool stored = !board.failed;
        board.power = SIZE_MAX;
        assert_int_equal(boot(after), THM_OK);
        assert_memory_not_equal(before, after, DRAWN);
        assert_int_equal(utc(), stored ? FLOOR_MS + 24 * HOUR_MS : FLOOR_MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_every_boot_draws_something_else, erase),
        cmocka_unit_test_setup(test_the_power_goes_while_the_seed_is_stored, erase),
        cmocka_unit_test_setup(test_a_board_that_can_not_store_does_not_start, erase),
        cmocka_unit_test_setup(test_damaged_slots_give_another_seed, erase),
        cmocka_unit_test_setup(test_everything_counts, erase),
        cmocka_unit_test_setup(test_sequence_numbers, erase),
        cmocka_unit_test_setup(test_time_begins_at_the_floor_and_goes_on, erase),
        cmocka_unit_test_setup(test_a_later_time_is_taken_and_kept, erase),
        cmocka_unit_test_setup(test_time_never_goes_back, erase),
        cmocka_unit_test_setup(test_a_time_beyond_a_certificate_is_refused, erase),
        cmocka_unit_test_setup(test_provisioning_resets_the_time, erase),
        cmocka_unit_test_setup(test_hardly_later_times_are_not_stored, erase),
        cmocka_unit_test_setup(test_the_power_goes_while_the_time_is_stored, erase),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
