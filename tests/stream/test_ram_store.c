/* The RAM store: what every store promises, and what follows from its fixed size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "stream/store_conformance.h"

/* --- the conformance suite, prompt, late, failing --- */

static struct thm_store *make_store(const struct thm_ram_store_config *config)
{
    size_t size = thm_ram_store_size(config);
    void *memory = malloc(size);
    struct thm_store *store;

    assert_int_equal(thm_ram_store_init(&store, memory, size, config), THM_OK);
    assert_ptr_equal(store, memory);
    assert_false(store->durable);
    return store;
}

static struct thm_store *make_from_ctx(void *ctx)
{
    return make_store(ctx);
}

static void destroy(void *ctx, struct thm_store *store)
{
    (void)ctx;
    free(store);
}

static void conforms(unsigned (*fault)(void *, const struct thm_store_request *, int *))
{
    uint32_t random = 1;
    struct thm_ram_store_config config = {.blocks = 1024,
                                          .streams = 8,
                                          .senders = 64,
                                          .records = 64,
                                          .seed = 1,
                                          .fault = fault,
                                          .fault_ctx = &random};
    struct thm_store_suite suite = {.ctx = &config, .make = make_from_ctx, .destroy = destroy};

    thm_store_conformance(&suite);
}

static uint32_t draw(void *ctx)
{
    uint32_t *random = ctx;

    *random = *random * 1664525 + 1013904223;
    return *random >> 16;
}

static unsigned late(void *ctx, const struct thm_store_request *r, int *result)
{
    (void)r;
    (void)result;
    return draw(ctx) % 4;
}

static unsigned late_and_failing(void *ctx, const struct thm_store_request *r, int *result)
{
    (void)r;
    if (draw(ctx) % 4 == 0)
        *result = THM_E_STORE;
    return draw(ctx) % 4;
}

static void prompt_store_conforms(void **state)
{
    (void)state;
    conforms(NULL);
}

static void late_store_conforms(void **state)
{
    (void)state;
    conforms(late);
}

static void failing_store_conforms(void **state)
{
    (void)state;
    conforms(late_and_failing);
}

/* --- one request after the other --- */

static void submit(struct thm_store *store, struct thm_store_request *r)
{
    assert_int_equal(store->ops->submit(store, r), THM_OK);
}

static unsigned collect(struct thm_store *store, struct thm_store_request *done[8])
{
    return store->ops->collect(store, done, 8);
}

static int run(struct thm_store *store, struct thm_store_request *r)
{
    struct thm_store_request *done[8];

    submit(store, r);
    assert_int_equal(collect(store, done), 1);
    assert_ptr_equal(done[0], r);
    return r->result;
}

static struct thm_store_request open_stream(struct thm_store *store, const char *name)
{
    struct thm_store_request r = {.op = THM_STORE_OPEN};

    memcpy(r.name, name, strlen(name) + 1);
    assert_int_equal(run(store, &r), THM_OK);
    return r;
}

static struct thm_store_request an_append(uint32_t stream, uint64_t n)
{
    struct thm_store_request r = {.op = THM_STORE_APPEND, .appends = 1};

    r.append[0].stream = stream;
    r.append[0].entry = (struct thm_entry){.n = n, .line = "line\n", .len = 5};
    return r;
}

static int append(struct thm_store *store, uint32_t stream, uint64_t n)
{
    struct thm_store_request r = an_append(stream, n);

    return run(store, &r);
}

/* --- what its size means --- */

static void wrong_sizes_are_told(void **state)
{
    const struct thm_ram_store_config good = {.blocks = 4, .streams = 4, .senders = 4};
    struct thm_ram_store_config bad[] = {good, good, good, good, good};
    size_t size = thm_ram_store_size(&good);
    void *memory = malloc(size);
    struct thm_store *store;

    (void)state;
    bad[0].blocks = 0;
    bad[1].streams = 0;
    bad[2].senders = 0;
    bad[3].blocks = (1u << 20) + 1;
    bad[4].records = (1u << 20) + 1;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(thm_ram_store_init(&store, memory, size, &bad[i]), THM_E_CONFIG);
    assert_int_equal(thm_ram_store_init(&store, memory, size - 1, &good), THM_E_MEMORY);
    assert_int_equal(thm_ram_store_init(&store, memory, size, &good), THM_OK);
    free(memory);
}

static void a_new_stream_replaces_one_that_was_released(void **state)
{
    struct thm_ram_store_config config = {.blocks = 8, .streams = 3, .senders = 4, .seed = 5};
    struct thm_store *store = make_store(&config);
    struct thm_store_request a = open_stream(store, "#a"), c = open_stream(store, "#c");
    struct thm_store_request find = {.op = THM_STORE_FIND, .stream = a.stream}, b, d, again;

    (void)state;
    assert_int_equal(append(store, a.stream, 1), THM_OK);
    assert_int_equal(append(store, c.stream, 1), THM_OK);
    b = open_stream(store, "#b");
    d = (struct thm_store_request){.op = THM_STORE_OPEN, .name = "#d"};
    assert_int_equal(run(store, &d), THM_E_LIMIT); /* all are open */
    store->ops->release(store, a.stream);
    store->ops->release(store, b.stream);
    d = open_stream(store,
                    "#d"); /* in place of #b, which never had an entry, though it was used last */
    assert_int_equal(append(store, b.stream, 1), THM_E_STATE);
    assert_int_equal(append(store, a.stream, 2), THM_OK);
    assert_int_equal(append(store, c.stream, 2), THM_OK);
    assert_int_equal(append(store, d.stream, 1), THM_OK);
    assert_int_equal(run(store, &find), THM_OK);

    store->ops->release(store, c.stream);
    again = open_stream(store, "#b"); /* in place of #a: #c was used later */
    assert_true(again.incarnation != b.incarnation && again.head == 0);
    assert_int_equal(append(store, a.stream, 3), THM_E_STATE);
    assert_true(open_stream(store, "#c").head == 2);
    assert_true(open_stream(store, "#d").head == 1);
    free(store);
}

static void new_rooms_drive_out_rooms_before_inboxes(void **state)
{
    struct thm_ram_store_config config = {.blocks = 8, .streams = 3, .senders = 4, .seed = 5};
    struct thm_store *store = make_store(&config);
    struct thm_store_request inbox = open_stream(store, "@ali"), room;
    char name[] = "#a";

    (void)state;
    assert_int_equal(append(store, inbox.stream, 1), THM_OK);
    store->ops->release(store, inbox.stream);
    for (unsigned i = 0; i < 20; i++) {
        name[1] = (char)('a' + i);
        room = open_stream(store, name);
        assert_int_equal(append(store, room.stream, 1), THM_OK);
        store->ops->release(store, room.stream);
    }
    assert_true(open_stream(store, "@ali").head == 1);
    free(store);
}

static void ids_stay_apart_while_streams_come_and_go(void **state)
{
    struct thm_ram_store_config config = {.blocks = 8, .streams = 2, .senders = 4, .seed = 5};
    struct thm_store *store = make_store(&config);
    uint32_t stale[2] = {0, 0};
    char name[] = "#aa";

    (void)state;
    for (unsigned i = 0; i < 600; i++) {
        struct thm_store_request r;
        name[1] = (char)('a' + i % 25);
        name[2] = (char)('a' + i % 26);
        r = open_stream(store, name);
        assert_int_equal(append(store, r.stream, 1), THM_OK);
        if (i >= 2)
            assert_int_equal(append(store, stale[i % 2], 2), THM_E_STATE);
        store->ops->release(store, r.stream);
        stale[i % 2] = r.stream;
    }
    free(store);
}

static void the_longest_silent_sender_is_forgotten(void **state)
{
    struct thm_ram_store_config config = {.blocks = 8, .streams = 2, .senders = 2, .seed = 5};
    struct thm_store *store = make_store(&config);
    uint32_t stream = open_stream(store, "#a").stream;
    static const uint64_t devices[] = {1, 2, 1, 3}; /* 3 makes the table forget 2 */

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct thm_store_request r = an_append(stream, i + 1);
        r.append[0].sender.device = devices[i];
        r.append[0].csn = i + 1;
        assert_int_equal(run(store, &r), THM_OK);
    }
    for (uint64_t device = 1; device <= 3; device++) {
        struct thm_store_request r = {.op = THM_STORE_FIND, .stream = stream, .csn = device + 1};
        r.sender.device = device;
        assert_int_equal(run(store, &r), THM_OK);
        assert_true(r.last_csn == (device == 2 ? 0 : device + (device == 1 ? 2 : 1)));
    }
    free(store);
}

static void records_are_as_many_as_configured(void **state)
{
    struct thm_ram_store_config config = {.blocks = 2, .streams = 1, .senders = 1, .seed = 5};
    struct thm_store_request put = {.op = THM_STORE_PUT,
                                    .record = {.key_len = 1, .value = "v", .value_len = 1}};

    (void)state;
    for (config.records = 0; config.records <= 2; config.records++) {
        struct thm_store *store = make_store(&config);
        char key[] = "a";
        put.record.key = key;
        for (uint32_t i = 0; i < config.records; i++, key[0]++)
            assert_int_equal(run(store, &put), THM_OK);
        assert_int_equal(run(store, &put), THM_E_LIMIT);
        put.record.value_len = 0;
        assert_int_equal(run(store, &put), THM_OK); /* there was none to erase */
        key[0]--;
        assert_int_equal(run(store, &put), THM_OK);
        put.record.value_len = 1;
        assert_int_equal(run(store, &put), config.records > 0 ? THM_OK : THM_E_LIMIT);
        free(store);
    }
}

static void a_flooded_room_leaves_the_inbox_alone(void **state)
{
    struct thm_ram_store_config config = {.blocks = 8, .streams = 4, .senders = 4, .seed = 5};
    struct thm_store *store = make_store(&config);
    uint32_t inbox = open_stream(store, "@ali").stream, room = open_stream(store, "#a").stream;
    uint64_t flood = 100u * 8u * THM_BLOCK / 5;
    struct thm_store_request r;

    (void)state;
    assert_int_equal(append(store, inbox, 1), THM_OK);
    for (uint64_t n = 1; n <= flood; n++)
        assert_int_equal(append(store, room, n), THM_OK);
    r = open_stream(store, "@ali");
    assert_true(r.first == 1 && r.head == 1);
    r = open_stream(store, "#a");
    assert_true(r.first > 1 && r.head == flood);
    free(store);
}

static void a_read_from_before_the_oldest_starts_there(void **state)
{
    struct thm_ram_store_config config = {.blocks = 2, .streams = 1, .senders = 1, .seed = 5};
    struct thm_store *store = make_store(&config);
    uint32_t stream = open_stream(store, "#a").stream;
    char buf[THM_LINE_MAX + 64];
    struct thm_store_request r = {
        .op = THM_STORE_READ, .from = 1, .max = 1, .buf = buf, .cap = sizeof buf};
    struct thm_entry e;
    size_t at = 0;

    (void)state;
    for (uint64_t n = 1; n <= 5000; n++)
        assert_int_equal(append(store, stream, n), THM_OK);
    r.stream = stream;
    assert_int_equal(run(store, &r), THM_OK);
    assert_true(r.first > 1 && r.first < r.head);
    assert_true(thm_read_next(&r, &at, &e));
    assert_true(e.n == r.first);
    assert_false(thm_read_next(&r, &at, &e));
    free(store);
}

/* --- faults --- */

/* Says what is to befall the next request. */
struct plan {
    unsigned wait;
    int result;
};

static unsigned as_planned(void *ctx, const struct thm_store_request *r, int *result)
{
    const struct plan *plan = ctx;

    (void)r;
    *result = plan->result;
    return plan->wait;
}

static void a_late_request_holds_up_its_stream_only(void **state)
{
    struct plan plan = {0, THM_OK};
    struct thm_ram_store_config config = {
        .blocks = 8, .streams = 4, .senders = 4, .fault = as_planned, .fault_ctx = &plan};
    struct thm_store *store = make_store(&config);
    uint32_t a = open_stream(store, "#a").stream, b = open_stream(store, "#b").stream;
    struct thm_store_request late_a = an_append(a, 1), next_a = an_append(a, 2);
    struct thm_store_request prompt_b = an_append(b, 1), *done[8];

    (void)state;
    plan.wait = 2;
    submit(store, &late_a);
    plan.wait = 0;
    submit(store, &next_a);
    submit(store, &prompt_b);
    assert_int_equal(collect(store, done), 1);
    assert_ptr_equal(done[0], &prompt_b);
    assert_int_equal(collect(store, done), 0);
    assert_int_equal(collect(store, done), 2);
    assert_ptr_equal(done[0], &late_a);
    assert_ptr_equal(done[1], &next_a);
    assert_int_equal(collect(store, done), 0);
    free(store);
}

static void a_failed_append_fails_those_behind_it(void **state)
{
    struct plan plan = {0, THM_OK};
    struct thm_ram_store_config config = {
        .blocks = 8, .streams = 4, .senders = 4, .fault = as_planned, .fault_ctx = &plan};
    struct thm_store *store = make_store(&config);
    uint32_t a = open_stream(store, "#a").stream, b = open_stream(store, "#b").stream;
    uint32_t c = open_stream(store, "#c").stream;
    struct thm_store_request fails = an_append(a, 1), both = an_append(a, 2);
    struct thm_store_request behind_both = an_append(b, 2), apart = an_append(c, 1), *done[8];

    (void)state;
    both.appends = 2;
    both.append[1] = an_append(b, 1).append[0];
    plan.result = THM_E_STORE;
    submit(store, &fails);
    plan.result = THM_OK;
    plan.wait = 1; /* so that the others are still out when the first has failed */
    submit(store, &both);
    submit(store, &behind_both);
    submit(store, &apart);
    assert_int_equal(collect(store, done), 1);
    assert_int_equal(fails.result, THM_E_STORE);

    /* Tried again at once, it is taken: only what was submitted before fails. */
    plan.wait = 0;
    submit(store, &fails);
    assert_int_equal(collect(store, done), 4);
    assert_int_equal(both.result, THM_E_STORE);
    assert_int_equal(behind_both.result, THM_E_STORE);
    assert_int_equal(apart.result, THM_OK);
    assert_int_equal(fails.result, THM_OK);
    assert_int_equal(run(store, &both), THM_OK);
    assert_int_equal(run(store, &behind_both), THM_OK);
    free(store);
}

static void a_failure_lasts_until_it_is_collected(void **state)
{
    struct plan plan = {0, THM_OK};
    struct thm_ram_store_config config = {
        .blocks = 8, .streams = 4, .senders = 4, .fault = as_planned, .fault_ctx = &plan};
    struct thm_store *store = make_store(&config);
    uint32_t a = open_stream(store, "#a").stream;
    struct thm_store_request before = {.op = THM_STORE_FIND, .stream = a};
    struct thm_store_request fails = an_append(a, 1), behind = an_append(a, 2), *done[8];

    (void)state;
    submit(store, &before);
    plan = (struct plan){1, THM_E_STORE};
    submit(store, &fails);
    assert_int_equal(collect(store, done), 1);
    assert_ptr_equal(done[0], &before);
    plan = (struct plan){0, THM_OK};
    submit(store, &behind);
    assert_int_equal(collect(store, done), 2);
    assert_int_equal(behind.result, THM_E_STORE);
    free(store);
}

static void collect_hands_out_no_more_than_asked(void **state)
{
    struct thm_ram_store_config config = {.blocks = 8, .streams = 4, .senders = 4};
    struct thm_store *store = make_store(&config);
    uint32_t stream = open_stream(store, "#a").stream;
    struct thm_store_request r[3] = {an_append(stream, 1), an_append(stream, 2),
                                     an_append(stream, 3)};
    struct thm_store_request *done[8];

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        submit(store, &r[i]);
    assert_int_equal(store->ops->collect(store, done, 2), 2);
    assert_ptr_equal(done[1], &r[1]);
    assert_int_equal(collect(store, done), 1);
    assert_ptr_equal(done[0], &r[2]);
    free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prompt_store_conforms),
        cmocka_unit_test(late_store_conforms),
        cmocka_unit_test(failing_store_conforms),
        cmocka_unit_test(wrong_sizes_are_told),
        cmocka_unit_test(a_new_stream_replaces_one_that_was_released),
        cmocka_unit_test(new_rooms_drive_out_rooms_before_inboxes),
        cmocka_unit_test(ids_stay_apart_while_streams_come_and_go),
        cmocka_unit_test(the_longest_silent_sender_is_forgotten),
        cmocka_unit_test(records_are_as_many_as_configured),
        cmocka_unit_test(a_flooded_room_leaves_the_inbox_alone),
        cmocka_unit_test(a_read_from_before_the_oldest_starts_there),
        cmocka_unit_test(a_late_request_holds_up_its_stream_only),
        cmocka_unit_test(a_failed_append_fails_those_behind_it),
        cmocka_unit_test(a_failure_lasts_until_it_is_collected),
        cmocka_unit_test(collect_hands_out_no_more_than_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
