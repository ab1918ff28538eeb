/*
 * Records in two slots: the newest valid one, whenever the power goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "thimble/error.h"
#include "thimble/record.h"

#define SLOT    64u
#define CONTENT 20u
#define WHOLE   (THM_RECORD_HEAD + CONTENT + THM_RECORD_TAIL)

/* Storage in which a write may stop half-way. */
static struct {
    struct thm_port port;
    uint8_t slots[2][SLOT];
    size_t power; /* bytes that can still be written */
} storage;

static int read_slot(struct thm_port *port, unsigned slot, void *buf, size_t cap, size_t *n)
{
    assert_ptr_equal(port, &storage.port);
    *n = cap < SLOT ? cap : SLOT;
    memcpy(buf, storage.slots[slot], *n);
    return THM_OK;
}

static int fail_to_read(struct thm_port *port, unsigned slot, void *buf, size_t cap, size_t *n)
{
    (void)port;
    (void)slot;
    (void)buf;
    (void)cap;
    *n = 0;
    return THM_E_PORT;
}

static int write_slot(struct thm_port *port, unsigned slot, const void *buf, size_t len)
{
    size_t n = len < storage.power ? len : storage.power;

    assert_ptr_equal(port, &storage.port);
    assert_true(len <= SLOT);
    memcpy(storage.slots[slot], buf, n);
    storage.power -= n;
    return n == len ? THM_OK : THM_E_PORT;
}

static const struct thm_record fresh = {.port = &storage.port,
                                        .read = read_slot,
                                        .write = write_slot,
                                        .magic = 0x31323334,
                                        .version = 1};

static int erase(void **state)
{
    (void)state;
    memset(&storage, 0, sizeof storage);
    memset(storage.slots, 0xff, sizeof storage.slots);
    storage.power = SIZE_MAX;
    return 0;
}

static int save(struct thm_record *r, uint8_t what)
{
    uint8_t buf[WHOLE];

    memset(buf + THM_RECORD_HEAD, what, CONTENT);
    return thm_record_save(r, buf, CONTENT);
}

/* What the newest record says, after a start; 0: there is none. */
static uint8_t load(struct thm_record *r)
{
    uint8_t buf[WHOLE];

    *r = fresh;
    size_t len = thm_record_load(r, buf, sizeof buf);
    if (len == 0)
        return 0;
    assert_int_equal(len, CONTENT);
    for (unsigned i = 1; i < CONTENT; i++)
        assert_int_equal(buf[THM_RECORD_HEAD + i], buf[THM_RECORD_HEAD]);
    return buf[THM_RECORD_HEAD];
}

static void test_empty_storage_holds_none(void **state)
{
    struct thm_record r;

    (void)state;
    assert_int_equal(load(&r), 0);
    memset(storage.slots, 0, sizeof storage.slots);
    assert_int_equal(load(&r), 0);
}

static void test_the_newest_is_loaded(void **state)
{
    struct thm_record r;

    (void)state;
    load(&r);
    for (uint8_t what = 1; what < 100; what++) {
        assert_int_equal(save(&r, what), THM_OK);
        if (what % 3 == 0)
            assert_int_equal(load(&r), what);
    }
}

/* The saves go to both slots in turn, so that neither wears out before the other. */
static void test_slots_take_turns(void **state)
{
    struct thm_record r;
    uint8_t before[2][SLOT];

    (void)state;
    load(&r);
    for (uint8_t what = 1; what < 10; what++) {
        memcpy(before, storage.slots, sizeof before);
        assert_int_equal(save(&r, what), THM_OK);
        unsigned changed = memcmp(before[0], storage.slots[0], SLOT) != 0;
        assert_int_equal(changed, what % 2);
        assert_memory_equal(before[changed], storage.slots[changed], SLOT);
    }
}

/* The power goes after any byte of the first save, or of a later one; and again in the save after the restart. */
static void lose_power(uint8_t saved_before)
{
    struct thm_record r;

    for (size_t first = 0; first <= WHOLE; first++)
        for (size_t second = 0; second <= WHOLE; second++) {
            erase(NULL);
            load(&r);
            for (uint8_t what = 1; what <= saved_before; what++)
                assert_int_equal(save(&r, what), THM_OK);
            storage.power = first;
            assert_int_equal(save(&r, 77) == THM_OK, first == WHOLE);
            uint8_t newest = first == WHOLE ? 77 : saved_before;
            assert_int_equal(load(&r), newest);
            storage.power = second;
            assert_int_equal(save(&r, 78) == THM_OK, second == WHOLE);
            newest = second == WHOLE ? 78 : newest;
            assert_int_equal(load(&r), newest);
            storage.power = SIZE_MAX;
            assert_int_equal(save(&r, 79), THM_OK);
            assert_int_equal(load(&r), 79);
        }
}

static void test_the_power_goes_at_any_byte(void **state)
{
    (void)state;
    lose_power(0);
    lose_power(1);
    lose_power(2);
}

/* A save that failed is made up for by the next one, without a restart. */
static void test_a_failed_save_is_tried_again(void **state)
{
    struct thm_record r;

    (void)state;
    load(&r);
    assert_int_equal(save(&r, 1), THM_OK);
    storage.power = 5;
    assert_int_equal(save(&r, 2), THM_E_PORT);
    storage.power = SIZE_MAX;
    assert_int_equal(save(&r, 3), THM_OK);
    assert_int_equal(load(&r), 3);
}

/* Any bit of any byte: the other slot's record counts. */
static void test_damage_is_noticed(void **state)
{
    struct thm_record r;

    (void)state;
    for (unsigned bit = 0; bit < 8 * WHOLE; bit++) {
        erase(NULL);
        load(&r);
        assert_int_equal(save(&r, 1), THM_OK);
        assert_int_equal(save(&r, 2), THM_OK);
        storage.slots[1][bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(load(&r), 1);
        storage.slots[0][bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(load(&r), 0);
        assert_int_equal(save(&r, 3), THM_OK);
        assert_int_equal(load(&r), 3);
    }
}

static void test_another_owner_or_version_is_none(void **state)
{
    struct thm_record r, other = fresh;
    uint8_t buf[WHOLE];

    (void)state;
    load(&r);
    assert_int_equal(save(&r, 1), THM_OK);
    other.magic++;
    assert_int_equal(thm_record_load(&other, buf, sizeof buf), 0);
    other = fresh;
    other.version++;
    assert_int_equal(thm_record_load(&other, buf, sizeof buf), 0);
    other = fresh;
    assert_int_equal(thm_record_load(&other, buf, sizeof buf - 1), 0);
    other.read = fail_to_read;
    assert_int_equal(thm_record_load(&other, buf, sizeof buf), 0);
}

/* After four thousand million saves the count begins anew, and the newest is still the newest. */
static void test_the_count_may_overflow(void **state)
{
    struct thm_record r;

    (void)state;
    load(&r);
    r.count = UINT32_MAX - 3;
    for (uint8_t what = 1; what < 8; what++) {
        assert_int_equal(save(&r, what), THM_OK);
        assert_int_equal(load(&r), what);
    }
}

/* The check value of CRC-32/ISO-HDLC. */
static void test_crc32(void **state)
{
    (void)state;
    assert_int_equal(thm_crc32("123456789", 9), 0xcbf43926);
    assert_int_equal(thm_crc32("", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_empty_storage_holds_none, erase),
        cmocka_unit_test_setup(test_the_newest_is_loaded, erase),
        cmocka_unit_test_setup(test_slots_take_turns, erase),
        cmocka_unit_test_setup(test_the_power_goes_at_any_byte, erase),
        cmocka_unit_test_setup(test_a_failed_save_is_tried_again, erase),
        cmocka_unit_test_setup(test_damage_is_noticed, erase),
        cmocka_unit_test_setup(test_another_owner_or_version_is_none, erase),
        cmocka_unit_test_setup(test_the_count_may_overflow, erase),
        cmocka_unit_test(test_crc32),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
