/*
 * SHA-256: the backend hashes like BearSSL, and either goes on from the other's state.
 */
#include "fixture.h"

#define BYTES 300 /* more than four blocks */

static const struct thm_tls_backend *ours(void)
{
    const struct thm_tls_backend *b = thm_libcrypto_backend();

    assert_non_null(b);
    return b;
}

static void hash(const br_hash_class *class, const unsigned char *data, size_t len, size_t cut,
                 unsigned char digest[br_sha256_SIZE])
{
    br_sha256_context c;

    class->init(&c.vtable);
    assert_ptr_equal(c.vtable, class);
    c.vtable->update(&c.vtable, data, cut);
    c.vtable->out(&c.vtable, digest); /* which ends nothing */
    c.vtable->update(&c.vtable, data + cut, len - cut);
    c.vtable->out(&c.vtable, digest);
}

static void test_all_lengths(void **state)
{
    unsigned char data[BYTES], a[br_sha256_SIZE], b[br_sha256_SIZE];

    (void)state;
    assert_int_equal(ours()->sha256->desc, br_sha256_vtable.desc);
    assert_int_equal(ours()->sha256->context_size, br_sha256_vtable.context_size);
    random_bytes(data, sizeof data);
    for (size_t len = 0; len <= sizeof data; len++) {
        for (size_t cut = 0; cut <= len; cut += 7) {
            hash(ours()->sha256, data, len, cut, a);
            hash(&br_sha256_vtable, data, len, cut, b);
            assert_memory_equal(a, b, sizeof a);
        }
    }
}

/* Hashes `data`, the first block by one class and the others by the other. */
static void hand_over(const br_hash_class *first, const br_hash_class *second,
                      const unsigned char data[BYTES], unsigned char digest[br_sha256_SIZE])
{
    unsigned char between[br_sha256_SIZE];
    br_sha256_context c;

    first->init(&c.vtable);
    first->update(&c.vtable, data, 64);
    uint64_t count = first->state(&c.vtable, between);
    assert_int_equal(count, 64);
    second->init(&c.vtable);
    second->set_state(&c.vtable, between, count);
    second->update(&c.vtable, data + 64, BYTES - 64);
    second->out(&c.vtable, digest);
}

static void test_states_are_interchangeable(void **state)
{
    unsigned char data[BYTES], a[br_sha256_SIZE], b[br_sha256_SIZE];

    (void)state;
    random_bytes(data, sizeof data);
    hash(&br_sha256_vtable, data, sizeof data, 0, b);
    hand_over(&br_sha256_vtable, ours()->sha256, data, a);
    assert_memory_equal(a, b, sizeof a);
    hand_over(ours()->sha256, &br_sha256_vtable, data, a);
    assert_memory_equal(a, b, sizeof a);
}

static void test_prf(void **state)
{
    unsigned char secret[48], parts[2][32], a[BYTES], b[BYTES];
    const br_tls_prf_seed_chunk seed[] = {{parts[0], sizeof parts[0]}, {parts[1], sizeof parts[1]}};

    (void)state;
    random_bytes(secret, sizeof secret);
    random_bytes(parts, sizeof parts);
    for (size_t len = 0; len <= sizeof a; len++) {
        memset(a, 1, sizeof a);
        memset(b, 1, sizeof b);
        ours()->prf_sha256(a, len, secret, sizeof secret, "key expansion", len % 3, seed);
        br_tls12_sha256_prf(b, len, secret, sizeof secret, "key expansion", len % 3, seed);
        assert_memory_equal(a, b, sizeof a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_lengths),
        cmocka_unit_test(test_states_are_interchangeable),
        cmocka_unit_test(test_prf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
