/* The log in memory: who loses blocks, and that a place never leads astray. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "thimble/stream.h"

static struct thm_blocks *make_pool(uint32_t blocks)
{
    size_t size = thm_blocks_size(blocks);
    void *memory = malloc(size);
    struct thm_blocks *pool;

    memset(memory, 0xa5, size); /* nothing relies on zeroed memory */
    assert_int_equal(thm_blocks_init(&pool, memory, size, blocks), THM_OK);
    assert_int_equal(thm_blocks_free(pool), blocks);
    return pool;
}

/* An entry whose content follows from `life` and its number. */
static struct thm_entry make_entry(uint32_t life, uint64_t n, char line[THM_LINE_MAX])
{
    uint32_t chosen = (uint32_t)(n * 2654435761u) ^ life * 40503u;
    struct thm_entry e = {.n = n, .line = line, .len = 1 + chosen % 700};

    if (chosen % 11 == 0)
        e.len = THM_LINE_MAX;
    if (chosen % 5 == 0)
        e.for_device = chosen + 1ull;
    for (size_t i = 0; i < e.len; i++)
        line[i] = (char)(chosen + i * (1 + life % 7));
    return e;
}

/* Appends the next entry; gives its length. */
static size_t append(struct thm_log *log, uint32_t life)
{
    char line[THM_LINE_MAX];
    struct thm_entry e = make_entry(life, log->head + 1, line);

    assert_int_equal(thm_log_append(log, &e), THM_OK);
    return e.len;
}

static void check_get(const struct thm_log *log, uint32_t life, uint64_t n,
                      struct thm_log_place *place)
{
    char line[THM_LINE_MAX];
    struct thm_entry got, wanted = make_entry(life, n, line);
    bool held = n >= log->first && n <= log->head;

    assert_true(thm_log_get(log, n, place, &got) == held);
    if (!held)
        return;
    assert_true(got.n == n && place->n == n);
    assert_true(got.for_device == wanted.for_device);
    assert_int_equal(got.len, wanted.len);
    assert_memory_equal(got.line, line, got.len);
}

static void wrong_sizes_are_told(void **state)
{
    struct thm_blocks *pool;
    size_t size = thm_blocks_size(3);
    void *memory = malloc(size);

    (void)state;
    assert_int_equal(thm_blocks_init(&pool, memory, size, 0), THM_E_CONFIG);
    assert_int_equal(thm_blocks_init(&pool, memory, size, (1u << 20) + 1), THM_E_CONFIG);
    assert_int_equal(thm_blocks_init(&pool, memory, size - 1, 3), THM_E_MEMORY);
    free(memory);
}

static void only_the_next_number_is_taken(void **state)
{
    struct thm_blocks *pool = make_pool(2);
    struct thm_log_place place = {0};
    struct thm_log log;
    char line[THM_LINE_MAX + 1] = "x";
    struct thm_entry e = {.line = line, .len = 1};

    (void)state;
    thm_log_init(&log, pool, 41);
    assert_true(log.first == 42 && log.head == 41);
    assert_false(thm_log_get(&log, 41, &place, &e));
    for (e.n = 40; e.n <= 44; e.n++)
        assert_int_equal(thm_log_append(&log, &e), e.n >= 42 ? THM_OK : THM_E_STATE);
    e.n = 46;
    assert_int_equal(thm_log_append(&log, &e), THM_E_STATE);
    e.n = 45;
    e.len = THM_LINE_MAX + 1;
    assert_int_equal(thm_log_append(&log, &e), THM_E_LINE_TOO_LONG);
    assert_true(log.first == 42 && log.head == 44);
    free(pool);
}

static void a_flood_leaves_small_inboxes_intact(void **state)
{
    enum { BLOCKS = 64, INBOXES = 20 };
    struct thm_blocks *pool = make_pool(BLOCKS);
    struct thm_log inbox[INBOXES], room;
    size_t flooded = 0;

    (void)state;
    for (unsigned i = 0; i < INBOXES; i++) {
        thm_log_init(&inbox[i], pool, 0);
        append(&inbox[i], i);
    }
    thm_log_init(&room, pool, 0);
    while (flooded < 100u * BLOCKS * THM_BLOCK)
        flooded += append(&room, 99);
    for (unsigned i = 0; i < INBOXES; i++) {
        struct thm_log_place place = {0};
        assert_true(inbox[i].first == 1);
        check_get(&inbox[i], i, 1, &place);
    }
    assert_int_equal(room.blocks, BLOCKS - INBOXES);
    assert_int_equal(thm_blocks_free(pool), 0);
    free(pool);
}

static void of_equals_the_one_that_grew_first_pays(void **state)
{
    struct thm_blocks *pool = make_pool(3);
    struct thm_log log[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        thm_log_init(&log[i], pool, 0);
        append(&log[i], i);
    }
    assert_true(log[0].first == 2 && log[0].blocks == 0);
    for (unsigned i = 1; i < 4; i++)
        assert_true(log[i].first == 1 && log[i].blocks == 1);
    free(pool);
}

/* Fills one block and begins another. */
static void add_a_block(struct thm_log *log, uint32_t life)
{
    uint32_t newest = log->newest;

    while (log->newest == newest)
        append(log, life);
}

static void a_place_outlives_its_block(void **state)
{
    struct thm_blocks *pool = make_pool(1);
    struct thm_log a, b;
    struct thm_log_place place = {0}, other = {0};

    (void)state;
    thm_log_init(&a, pool, 0);
    thm_log_init(&b, pool, 0);
    append(&a, 1);
    append(&a, 1);
    check_get(&a, 1, 2, &place);
    for (unsigned i = 0; i < 4; i++)
        append(&b, 2); /* takes the only block; same numbers, other entries */
    check_get(&b, 2, 2, &other);
    check_get(&a, 1, 2, &place);
    assert_true(a.first == 3 && a.head == 2);
    check_get(&b, 2, 3, &place); /* a place in another log is no place in this one */
    for (unsigned i = 0; i < 2; i++)
        append(&a, 1); /* takes it back */
    check_get(&a, 1, 3, &place);
    check_get(&a, 1, 4, &place);

    /* The log begins anew with the same numbers in the same block: the old place must not be used. */
    thm_log_release(&a);
    thm_log_init(&a, pool, 0);
    for (unsigned i = 0; i < 8; i++)
        append(&a, 5);
    check_get(&a, 5, 4, &place);
    free(pool);
}

/* A block counts its uses in 16 bits: a place that is 65,536 uses old looks like one of now. */
static void a_very_old_place_is_known_as_such(void **state)
{
    struct thm_blocks *pool = make_pool(1);
    struct thm_log log;
    struct thm_log_place old = {0}, place;

    (void)state;
    thm_log_init(&log, pool, 0);
    append(&log, 1);
    check_get(&log, 1, 1, &old);
    for (uint32_t uses = 0; uses < 65536; uses++) {
        struct thm_entry e = {.line = "\n", .len = 1};
        thm_log_release(&log);
        e.n = log.head + 1;
        assert_int_equal(thm_log_append(&log, &e), THM_OK);
    }
    append(&log, 1);
    place = old;
    check_get(&log, 1, log.head, &place);
    free(pool);
}

static void any_entry_of_a_long_log_is_found(void **state)
{
    enum { BLOCKS = 300 };
    struct thm_blocks *pool = make_pool(BLOCKS);
    struct thm_log log;

    (void)state;
    thm_log_init(&log, pool, 0);
    for (unsigned i = 0; i < 3 * BLOCKS; i++) { /* the later ones evict */
        add_a_block(&log, 1);
        for (uint64_t n = log.first; n <= log.head; n += 1 + (log.head - log.first) / 37) {
            struct thm_log_place place = {0};
            check_get(&log, 1, n, &place);
        }
    }
    assert_int_equal(log.blocks, BLOCKS);
    thm_log_release(&log);
    assert_int_equal(thm_blocks_free(pool), BLOCKS);
    assert_true(log.first == log.head + 1);
    append(&log, 1);
    free(pool);
}

/* --- against a model: entries follow from (life, number), so only numbers are kept --- */

enum { LOGS = 5, READERS = 4, POOL = 12, STEPS = 60000 };

struct model {
    struct thm_blocks *pool;
    struct thm_log log[LOGS];
    uint32_t life[LOGS];
    uint64_t head[LOGS], first[LOGS];
    struct thm_log_place place[LOGS][READERS];
};

static uint32_t below(uint32_t limit)
{
    return (uint32_t)rand() % limit;
}

static void step(struct model *m, unsigned i)
{
    struct thm_log *log = &m->log[i];
    uint32_t what = below(1000);
    struct thm_log_place *place = &m->place[i][below(READERS)];

    if (what < 400) {
        append(log, m->life[i]);
        m->head[i]++;
    } else if (what < 401) {
        thm_log_release(log);
        assert_true(log->first == log->head + 1);
    } else if (what < 402) { /* begins anew; the readers' places stay as they were */
        thm_log_release(log);
        m->life[i] += LOGS;
        m->head[i] = below(3);
        m->first[i] = 0;
        thm_log_init(log, m->pool, m->head[i]);
    } else if (what < 800) {
        check_get(log, m->life[i], place->n + 1, place);
    } else {
        check_get(log, m->life[i], below((uint32_t)m->head[i] + 2), place);
    }
}

static void whatever_is_done_agrees_with_the_model(void **state)
{
    struct model m = {.pool = make_pool(POOL)};

    (void)state;
    srand(7);
    for (unsigned i = 0; i < LOGS; i++) {
        m.life[i] = i;
        thm_log_init(&m.log[i], m.pool, 0);
    }
    for (unsigned s = 0; s < STEPS; s++) {
        uint32_t blocks = 0;
        step(&m, below(LOGS));
        for (unsigned i = 0; i < LOGS; i++) {
            blocks += m.log[i].blocks;
            assert_true(m.log[i].head == m.head[i]);
            assert_true(m.log[i].first >= m.first[i] && m.log[i].first <= m.head[i] + 1);
            assert_true((m.log[i].blocks == 0) == (m.log[i].first == m.head[i] + 1));
            m.first[i] = m.log[i].first;
        }
        assert_int_equal(blocks + thm_blocks_free(m.pool), POOL);
    }
    free(m.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_sizes_are_told),
        cmocka_unit_test(only_the_next_number_is_taken),
        cmocka_unit_test(a_flood_leaves_small_inboxes_intact),
        cmocka_unit_test(of_equals_the_one_that_grew_first_pays),
        cmocka_unit_test(a_place_outlives_its_block),
        cmocka_unit_test(a_very_old_place_is_known_as_such),
        cmocka_unit_test(any_entry_of_a_long_log_is_found),
        cmocka_unit_test(whatever_is_done_agrees_with_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
