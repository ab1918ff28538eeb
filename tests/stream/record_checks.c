#include "stream/record_checks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* --- requests about records --- */

static struct thm_store_request *add_put(struct rig *rig, uint8_t kind, const char *key,
                                         const char *value)
{
    struct thm_store_request *r = rig_add(rig, THM_STORE_PUT, 0);

    r->record = (struct thm_store_record){.kind = kind,
                                          .key = key,
                                          .key_len = (uint8_t)strlen(key),
                                          .value = value,
                                          .value_len = (uint16_t)strlen(value)};
    return r;
}

static void put(struct rig *rig, uint8_t kind, const char *key, const char *value)
{
    assert_int_equal(rig_run(rig, add_put(rig, kind, key, value)), THM_OK);
}

static void check_get(struct rig *rig, uint8_t kind, const char *key, const char *value)
{
    static char buf[THM_RECORD_MAX];
    struct thm_store_request *r = rig_add(rig, THM_STORE_GET, 0);

    r->record =
        (struct thm_store_record){.kind = kind, .key = key, .key_len = (uint8_t)strlen(key)};
    r->buf = buf;
    r->cap = sizeof buf;
    assert_int_equal(rig_run(rig, r), THM_OK);
    assert_int_equal(r->len, strlen(value));
    assert_memory_equal(buf, value, r->len);
}

/* Runs a LIST and gives the request, whose buffer is static. */
static struct thm_store_request *list(struct rig *rig, uint8_t kind, const char *prefix,
                                      const void *after, size_t after_len, size_t cap)
{
    static char buf[16384];
    struct thm_store_request *r = rig_add(rig, THM_STORE_LIST, 0);

    r->record = (struct thm_store_record){.kind = kind,
                                          .key = after,
                                          .key_len = (uint8_t)after_len,
                                          .prefix = prefix,
                                          .prefix_len = (uint8_t)strlen(prefix)};
    r->buf = buf;
    r->cap = cap;
    assert_int_equal(rig_run(rig, r), THM_OK);
    return r;
}

/* Checks that a LIST gives these keys and no more. */
static void check_list(struct rig *rig, uint8_t kind, const char *prefix, const char *after,
                       const char *const *keys)
{
    struct thm_store_request *r = list(rig, kind, prefix, after, strlen(after), 16384);
    struct thm_record record;
    size_t at = 0;

    for (; *keys != NULL; keys++) {
        assert_true(thm_record_next(r, &at, &record));
        assert_int_equal(record.key_len, strlen(*keys));
        assert_memory_equal(record.key, *keys, record.key_len);
    }
    assert_false(thm_record_next(r, &at, &record));
}

/* --- the checks --- */

static void what_was_put_is_got(struct rig *rig)
{
    check_get(rig, 1, "ali", "");
    put(rig, 1, "ali", "first");
    put(rig, 2, "ali", "of another kind");
    put(rig, 1, "al", "of another key");
    check_get(rig, 1, "ali", "first");
    put(rig, 1, "ali", "second, longer");
    check_get(rig, 1, "ali", "second, longer");
    check_get(rig, 2, "ali", "of another kind");
    put(rig, 1, "ali", "");
    put(rig, 1, "nobody", "");
    check_get(rig, 1, "ali", "");
    check_get(rig, 1, "al", "of another key");
    check_get(rig, 2, "ali", "of another kind");
}

static void a_record_may_have_its_full_length(struct rig *rig)
{
    static char key[THM_RECORD_KEY + 1], value[THM_RECORD_MAX + 1], text[THM_RECORD_MAX];
    struct thm_store_request *r;
    struct thm_record record;
    size_t at = 0;

    memset(key, 'k', THM_RECORD_KEY);
    memset(value, 'v', THM_RECORD_MAX);
    put(rig, 255, key, value);
    key[THM_RECORD_KEY - 1] = 'l';
    put(rig, 255, key, value);
    memset(text, 'v', sizeof text);
    check_get(rig, 255, key, value);
    r = list(rig, 255, "", "", 0, THM_LINE_MAX + 64); /* only one fits */
    assert_true(thm_record_next(r, &at, &record));
    assert_int_equal(record.key_len, THM_RECORD_KEY);
    assert_int_equal(record.value_len, THM_RECORD_MAX);
    assert_memory_equal(record.value, text, sizeof text);
    assert_false(thm_record_next(r, &at, &record));
}

static void lengths_out_of_range_are_refused(struct rig *rig)
{
    static char zeros[2 * THM_LINE_MAX];
    static const struct {
        enum thm_store_op op;
        uint8_t key_len, prefix_len;
        uint16_t value_len;
        size_t cap;
    } wrong[] = {
        {THM_STORE_PUT, 0, 0, 1, 0},
        {THM_STORE_PUT, THM_RECORD_KEY + 1, 0, 1, 0},
        {THM_STORE_PUT, 1, 0, THM_RECORD_MAX + 1, 0},
        {THM_STORE_GET, 0, 0, 0, THM_RECORD_MAX},
        {THM_STORE_GET, THM_RECORD_KEY + 1, 0, 0, THM_RECORD_MAX},
        {THM_STORE_GET, 1, 0, 0, THM_RECORD_MAX - 1},
        {THM_STORE_LIST, THM_RECORD_KEY + 1, 0, 0, THM_LINE_MAX + 64},
        {THM_STORE_LIST, 0, THM_RECORD_KEY + 1, 0, THM_LINE_MAX + 64},
        {THM_STORE_LIST, 0, 0, 0, THM_LINE_MAX + 63},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct thm_store_request *r = rig_add(rig, wrong[i].op, 0);
        r->record = (struct thm_store_record){.key = zeros,
                                              .key_len = wrong[i].key_len,
                                              .prefix = zeros,
                                              .prefix_len = wrong[i].prefix_len,
                                              .value = zeros,
                                              .value_len = wrong[i].value_len};
        r->buf = zeros;
        r->cap = wrong[i].cap;
        assert_int_equal(rig_run(rig, r), THM_E_STATE);
    }
}

static void records_are_listed_in_order(struct rig *rig)
{
    static const char *const keys[] = {"b", "a", "ba", "\xff", "ab", "b\x01", "\xff\xff", "c"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        put(rig, 7, keys[i], "value");
        put(rig, 6, "of the kind before", "value");
        put(rig, 8, "of the kind behind", "value");
    }
    check_list(rig, 7, "", "",
               (const char *const[]){"a", "ab", "b", "b\x01", "ba", "c", "\xff", "\xff\xff", NULL});
    check_list(rig, 7, "b", "", (const char *const[]){"b", "b\x01", "ba", NULL});
    check_list(rig, 7, "b", "b", (const char *const[]){"b\x01", "ba", NULL});
    check_list(rig, 7, "b", "ab", (const char *const[]){"b", "b\x01", "ba", NULL});
    check_list(rig, 7, "b", "ba", (const char *const[]){NULL});
    check_list(rig, 7, "\xff", "", (const char *const[]){"\xff", "\xff\xff", NULL});
    check_list(rig, 7, "", "bb", (const char *const[]){"c", "\xff", "\xff\xff", NULL});
    check_list(rig, 7, "bx", "", (const char *const[]){NULL});
    check_list(rig, 5, "", "", (const char *const[]){NULL});
    check_list(rig, 9, "", "", (const char *const[]){NULL});
}

static void of_several_puts_the_last_counts(struct rig *rig)
{
    static const char *const values[] = {"1", "2", "", "4", "5", "6", "7"};
    uint32_t stream = rig_open(rig, "#lobby").stream;

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        add_put(rig, 1, "key", values[i]);
        rig_add_append(rig, stream, i + 1);
    }
    rig_settle(rig);
    check_get(rig, 1, "key", "7");
    assert_true(rig_head(rig, stream) == 7);
}

static void records_are_there_again(struct rig *rig)
{
    put(rig, 1, "ali", "one");
    put(rig, 1, "bianca", "two");
    put(rig, 1, "ali", "");
    if (rig->suite->reopen == NULL)
        return;
    rig->store = rig->suite->reopen(rig->suite->ctx, rig->store);
    check_get(rig, 1, "ali", "");
    check_get(rig, 1, "bianca", "two");
}

/* --- against a model --- */

enum { KEYS = 20, STEPS = 200 };

struct model {
    uint8_t kind[KEYS];
    uint8_t key[KEYS][THM_RECORD_KEY];
    uint8_t key_len[KEYS];
    uint8_t value[KEYS][RIG_BATCH][THM_RECORD_MAX]; /* one for each request of a batch */
    uint16_t value_len[KEYS];
    unsigned current[KEYS]; /* which of them counts */
};

/* Keys that begin alike, so that many are each other's prefix. */
static void draw_keys(struct rig *rig, struct model *m)
{
    memset(m, 0, sizeof *m);
    for (unsigned k = 0; k < KEYS; k++) {
        m->kind[k] = (uint8_t)(k % 2);
        m->key_len[k] = (uint8_t)(1 + k * (THM_RECORD_KEY - 1) / (KEYS - 1));
        for (unsigned i = 0; i < m->key_len[k]; i++)
            m->key[k][i] = (uint8_t)(rig_below(rig, 60) == 0 ? 255 : 0);
    }
}

static void put_some(struct rig *rig, struct model *m)
{
    unsigned count = 1 + rig_below(rig, RIG_BATCH);

    for (unsigned i = 0; i < count; i++) {
        unsigned k = rig_below(rig, KEYS);
        struct thm_store_request *r = rig_add(rig, THM_STORE_PUT, 0);
        m->current[k] = i;
        m->value_len[k] = (uint16_t)(rig_below(rig, 3) == 0 ? 0 : rig_below(rig, THM_RECORD_MAX));
        memset(m->value[k][i], (int)rig_below(rig, 256), m->value_len[k]);
        r->record = (struct thm_store_record){.kind = m->kind[k],
                                              .key = m->key[k],
                                              .key_len = m->key_len[k],
                                              .value = m->value[k][i],
                                              .value_len = m->value_len[k]};
    }
    rig_settle(rig);
}

static void check_record(const struct model *m, uint8_t kind, const struct thm_record *got)
{
    for (unsigned k = 0; k < KEYS; k++)
        if (m->kind[k] == kind && m->key_len[k] == got->key_len &&
            memcmp(m->key[k], got->key, got->key_len) == 0) {
            assert_int_equal(got->value_len, m->value_len[k]);
            assert_memory_equal(got->value, m->value[k][m->current[k]], got->value_len);
            return;
        }
    fail_msg("a record that was never put");
}

/* Walks all records of a kind by small buffers. */
static void check_all(struct rig *rig, const struct model *m, uint8_t kind)
{
    uint8_t last[THM_RECORD_KEY];
    size_t last_len = 0;
    unsigned wanted = 0, count = 0;
    bool more = true;

    for (unsigned k = 0; k < KEYS; k++)
        wanted += m->kind[k] == kind && m->value_len[k] > 0;
    while (more) {
        struct thm_store_request *r =
            list(rig, kind, "", last, last_len, THM_LINE_MAX + 64 + rig_below(rig, 2000));
        struct thm_record record;
        size_t at = 0;
        for (more = false; thm_record_next(r, &at, &record); more = true, count++) {
            check_record(m, kind, &record);
            last_len = record.key_len;
            memcpy(last, record.key, last_len);
        }
    }
    assert_int_equal(count, wanted);
}

static void records_agree_with_a_model(struct rig *rig)
{
    static struct model m;

    draw_keys(rig, &m);
    for (unsigned step = 0; step < STEPS; step++) {
        put_some(rig, &m);
        check_all(rig, &m, (uint8_t)rig_below(rig, 2));
    }
}

void (*const thm_record_checks[])(struct rig *rig) = {
    what_was_put_is_got,
    a_record_may_have_its_full_length,
    lengths_out_of_range_are_refused,
    records_are_listed_in_order,
    of_several_puts_the_last_counts,
    records_are_there_again,
    records_agree_with_a_model,
    NULL,
};
