/* The keyed hash against its published vectors, and the index against a plain array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "util/hash.h"

/* From the reference implementation: key 00 01 .. 0f, input 00 01 .. of the given length. */
static void hash_agrees_with_published_vectors(void **state)
{
    static const struct {
        size_t len;
        uint64_t hash;
    } vectors[] = {{0, 0x726fdb47dd0e0e31},
                   {1, 0x74f839c593dc67fd},
                   {8, 0x93f5f5799a932462},
                   {15, 0xa129ca6149be45e5}};
    struct thm_hash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    uint8_t input[16];

    (void)state;
    for (unsigned i = 0; i < sizeof input; i++)
        input[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        assert_true(thm_hash(&key, input, vectors[i].len) == vectors[i].hash);
}

enum { CAP = 48 };

struct model {
    uint64_t hash[CAP]; /* 0: not in the index */
    uint64_t wanted;
};

static bool same(const void *ctx, uint32_t value)
{
    const struct model *m = ctx;

    return m->hash[value] == m->wanted;
}

/* Few distinct low bits, so that chains collide, wrap around and overlap; the high bits tell apart what
 * the index itself can't. */
static uint64_t crowded_hash(uint32_t value)
{
    return (uint64_t)(value + 1) << 32 | (value * 7 % 5 + 61);
}

static void index_finds_what_was_added_and_nothing_else(void **state)
{
    struct model m = {{0}, 0};
    struct thm_index index;
    void *memory = malloc(thm_index_size(CAP));
    uint32_t held = 0;

    (void)state;
    srand(1);
    thm_index_init(&index, memory, CAP);
    for (int step = 0; step < 20000; step++) {
        uint32_t v = (uint32_t)rand() % CAP;
        uint64_t hash = crowded_hash(v);
        if (m.hash[v] == 0) {
            assert_true(thm_index_add(&index, hash, v));
            m.hash[v] = hash;
            held++;
        } else {
            assert_true(thm_index_remove(&index, hash, v));
            m.hash[v] = 0;
            held--;
        }
        assert_int_equal(index.count, held);
        for (uint32_t i = 0; i < CAP; i++) {
            m.wanted = crowded_hash(i);
            assert_int_equal(thm_index_find(&index, m.wanted, same, &m),
                             m.hash[i] != 0 ? i : THM_INDEX_NONE);
        }
    }
    free(memory);
}

static void index_refuses_more_than_its_cap(void **state)
{
    struct thm_index index;
    void *memory = malloc(thm_index_size(3));

    (void)state;
    thm_index_init(&index, memory, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_true(thm_index_add(&index, 7, i));
    assert_false(thm_index_add(&index, 7, 3));
    assert_false(thm_index_remove(&index, 7, 3));
    assert_true(thm_index_remove(&index, 7, 1));
    assert_true(thm_index_add(&index, 7, 3));
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_agrees_with_published_vectors),
        cmocka_unit_test(index_finds_what_was_added_and_nothing_else),
        cmocka_unit_test(index_refuses_more_than_its_cap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
