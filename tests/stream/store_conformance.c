#include "stream/store_conformance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { BATCH = 16, SENDERS = 3 };

/* What a check works with: the store, and the requests that it has in flight together. */
struct rig {
    const struct thm_store_suite *suite;
    struct thm_store *store;
    struct thm_store_request requests[BATCH];
    unsigned used;
    uint64_t random;
};

/* --- entries whose content follows from their stream and number --- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static uint32_t below(struct rig *rig, uint32_t limit)
{
    rig->random += 0x9e3779b97f4a7c15;
    return (uint32_t)(mix(rig->random) % limit);
}

static char lines[BATCH * 2][THM_LINE_MAX]; /* borrowed by the entries in flight */

static struct thm_entry make_entry(uint32_t stream, uint64_t n, char line[THM_LINE_MAX])
{
    uint64_t chosen = mix(stream * 1000003ull + n);
    struct thm_entry e = {.n = n, .line = line, .len = 1 + chosen % 300};

    if (chosen % 16 == 1)
        e.len = THM_LINE_MAX - chosen / 16 % 3;
    if (chosen % 5 == 2)
        e.for_device = chosen | 1;
    for (size_t i = 0; i < e.len; i++)
        line[i] = (char)(mix(chosen + i / 8) >> i % 8 * 8);
    return e;
}

static void check_entry(uint32_t stream, const struct thm_entry *got)
{
    char line[THM_LINE_MAX];
    struct thm_entry wanted = make_entry(stream, got->n, line);

    assert_int_equal(got->len, wanted.len);
    assert_true(got->for_device == wanted.for_device);
    assert_memory_equal(got->line, line, wanted.len);
}

/* --- requests --- */

static struct thm_store_request *add(struct rig *rig, enum thm_store_op op, uint32_t stream)
{
    struct thm_store_request *r = &rig->requests[rig->used++];

    assert_true(rig->used <= BATCH);
    *r = (struct thm_store_request){.op = op, .stream = stream, .owner = rig, .tag = rig->used};
    return r;
}

static struct thm_store_request *add_append(struct rig *rig, uint32_t stream, uint64_t n)
{
    struct thm_store_request *r = add(rig, THM_STORE_APPEND, 0);

    r->appends = 1;
    r->append[0].stream = stream;
    r->append[0].entry = make_entry(stream, n, lines[rig->used * 2 - 2]);
    return r;
}

static void add_second(struct rig *rig, struct thm_store_request *r, uint32_t stream, uint64_t n)
{
    r->appends = 2;
    r->append[1] = (struct thm_store_append){.stream = stream};
    r->append[1].entry = make_entry(stream, n, lines[(r - rig->requests) * 2 + 1]);
}

static bool touches(const struct thm_store_request *r, uint32_t stream)
{
    if (r->op != THM_STORE_APPEND)
        return r->stream == stream;
    return r->append[0].stream == stream || (r->appends == 2 && r->append[1].stream == stream);
}

static bool share_a_stream(const struct thm_store_request *a, const struct thm_store_request *b)
{
    if (a->op != THM_STORE_APPEND)
        return touches(b, a->stream);
    return touches(b, a->append[0].stream) || (a->appends == 2 && touches(b, a->append[1].stream));
}

/* Submits those requests that `pending` names and collects them all. */
static void run_once(struct rig *rig, const bool pending[BATCH])
{
    struct thm_store_request *order[BATCH];
    unsigned submitted = 0, collected = 0;

    for (unsigned i = 0; i < rig->used; i++) {
        if (!pending[i])
            continue;
        submitted++;
        while (rig->store->ops->submit(rig->store, &rig->requests[i]) != THM_OK)
            collected += rig->store->ops->collect(rig->store, order + collected, BATCH);
    }
    while (collected < submitted) {
        if (rig->suite->wait != NULL)
            rig->suite->wait(rig->suite->ctx, rig->store);
        collected += rig->store->ops->collect(rig->store, order + collected, 3);
        assert_true(collected <= submitted);
    }
    for (unsigned later = 0; later < collected; later++) {
        assert_ptr_equal(order[later]->owner, rig);
        for (unsigned early = 0; early < later; early++)
            if (share_a_stream(order[early], order[later]))
                assert_true(order[early]->tag < order[later]->tag);
    }
    assert_int_equal(rig->store->ops->collect(rig->store, order, 1), 0);
}

/* Runs the batch until nothing of it fails for the store's sake, and empties it. */
static void settle(struct rig *rig)
{
    bool pending[BATCH], again;

    for (unsigned i = 0; i < BATCH; i++)
        pending[i] = true;
    do {
        again = false;
        run_once(rig, pending);
        for (unsigned i = 0; i < rig->used; i++) {
            const struct thm_store_request *r = &rig->requests[i];
            if (pending[i] && r->op == THM_STORE_APPEND && r->result == THM_E_STORE)
                for (unsigned j = i + 1; j < rig->used; j++)
                    if (pending[j] && rig->requests[j].op == THM_STORE_APPEND &&
                        share_a_stream(r, &rig->requests[j]))
                        assert_int_equal(rig->requests[j].result, THM_E_STORE);
            pending[i] = pending[i] && r->result == THM_E_STORE;
            again = again || pending[i];
        }
    } while (again);
    rig->used = 0;
}

/* The same for the only request in flight. */
static int result_of(struct rig *rig, const struct thm_store_request *r)
{
    assert_int_equal(rig->used, 1);
    settle(rig);
    return r->result;
}

static struct thm_store_request open_stream(struct rig *rig, const char *name)
{
    struct thm_store_request *r = add(rig, THM_STORE_OPEN, 0);

    memcpy(r->name, name, strlen(name) + 1);
    assert_int_equal(result_of(rig, r), THM_OK);
    return *r;
}

static void append(struct rig *rig, uint32_t stream, uint64_t from, uint64_t to)
{
    for (uint64_t n = from; n <= to; n++)
        assert_int_equal(result_of(rig, add_append(rig, stream, n)), THM_OK);
}

static int append_csn(struct rig *rig, uint32_t stream, uint64_t n, struct thm_sender sender,
                      uint64_t csn)
{
    struct thm_store_request *r = add_append(rig, stream, n);

    r->append[0].sender = sender;
    r->append[0].csn = csn;
    return result_of(rig, r);
}

static void check_find(struct rig *rig, uint32_t stream, struct thm_sender sender, uint64_t csn,
                       uint64_t last_csn, uint64_t n)
{
    struct thm_store_request *r = add(rig, THM_STORE_FIND, stream);

    r->sender = sender;
    r->csn = csn;
    assert_int_equal(result_of(rig, r), THM_OK);
    assert_true(r->last_csn == last_csn);
    assert_true(r->n == n);
}

/* Walks what a READ gave: consecutive entries from r->from on, each as it was appended; how many. */
static unsigned check_read(const struct thm_store_request *r)
{
    uint64_t n = r->from > r->first ? r->from : r->first;
    struct thm_entry e;
    unsigned count = 0;
    size_t at = 0;

    assert_true(r->len <= r->cap);
    for (; thm_read_next(r, &at, &e); count++, n++) {
        assert_true(e.n == n);
        check_entry(r->stream, &e);
    }
    assert_true(at == r->len);
    assert_true(count <= r->max);
    assert_true(count == 0 || n - 1 <= r->head);
    return count;
}

static unsigned read_entries(struct rig *rig, uint32_t stream, uint64_t from, unsigned max,
                             size_t cap)
{
    static char buf[65536];
    struct thm_store_request *r = add(rig, THM_STORE_READ, stream);

    r->from = from;
    r->max = max;
    r->buf = buf;
    r->cap = cap < sizeof buf ? cap : sizeof buf;
    assert_int_equal(result_of(rig, r), THM_OK);
    return check_read(r);
}

static uint64_t head_of(struct rig *rig, uint32_t stream)
{
    static char buf[THM_LINE_MAX + 64];
    struct thm_store_request *r = add(rig, THM_STORE_READ, stream);

    r->from = UINT64_MAX;
    r->buf = buf;
    r->cap = sizeof buf;
    assert_int_equal(result_of(rig, r), THM_OK);
    return r->head;
}

/* --- the checks --- */

static void opening_makes_a_stream_once(struct rig *rig)
{
    struct thm_store_request lobby = open_stream(rig, "#lobby");
    struct thm_store_request other = open_stream(rig, "@lobby");
    struct thm_store_request again = open_stream(rig, "#lobby");

    assert_true(lobby.incarnation != 0 && lobby.head == 0 && lobby.first == 1);
    assert_true(other.stream != lobby.stream && other.incarnation != lobby.incarnation);
    assert_true(again.stream == lobby.stream && again.incarnation == lobby.incarnation);
}

static void a_name_may_have_its_full_length(struct rig *rig)
{
    char name[THM_ROOM_MAX + 1];
    uint32_t first;

    memset(name, 'a', sizeof name);
    name[0] = '#';
    name[THM_ROOM_MAX] = '\0';
    first = open_stream(rig, name).stream;
    name[THM_ROOM_MAX - 1] = 'b';
    assert_true(open_stream(rig, name).stream != first);
}

static void what_was_appended_is_read(struct rig *rig)
{
    uint32_t stream = open_stream(rig, "#lobby").stream;

    append(rig, stream, 1, 40);
    assert_true(head_of(rig, stream) == 40);
    assert_int_equal(read_entries(rig, stream, 1, 100, SIZE_MAX), 40);
    assert_int_equal(read_entries(rig, stream, 17, 5, SIZE_MAX), 5);
    assert_int_equal(read_entries(rig, stream, 40, 5, SIZE_MAX), 1);
    assert_int_equal(read_entries(rig, stream, 41, 5, SIZE_MAX), 0);
    assert_int_equal(read_entries(rig, stream, 1, 0, SIZE_MAX), 0);
}

static void a_read_gives_what_fits_and_at_least_one(struct rig *rig)
{
    uint32_t stream = open_stream(rig, "#lobby").stream;
    uint64_t n = 1;

    append(rig, stream, 1, 40);
    while (n <= 40) {
        unsigned count = read_entries(rig, stream, n, 100, THM_LINE_MAX + 64);
        assert_true(count >= 1);
        n += count;
    }
    assert_true(n == 41);
}

static void a_wrong_number_changes_nothing(struct rig *rig)
{
    static const uint64_t wrong[] = {0, 1, 3, 5, UINT64_MAX};
    uint32_t stream = open_stream(rig, "#lobby").stream;

    append(rig, stream, 1, 3);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(append_csn(rig, stream, wrong[i], (struct thm_sender){1, 2}, 9),
                         THM_E_STATE);
    assert_true(head_of(rig, stream) == 3);
    check_find(rig, stream, (struct thm_sender){1, 2}, 9, 0, 0);
    append(rig, stream, 4, 4);
}

static void an_unknown_id_is_refused(struct rig *rig)
{
    static char buf[THM_LINE_MAX + 64];
    uint32_t stream = open_stream(rig, "#lobby").stream;
    uint32_t unknown[] = {0, stream + 1, UINT32_MAX};

    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        struct thm_store_request *r = add(rig, THM_STORE_READ, unknown[i]);
        r->from = r->max = 1;
        r->buf = buf;
        r->cap = sizeof buf;
        assert_int_equal(result_of(rig, r), THM_E_STATE);
        assert_int_equal(result_of(rig, add(rig, THM_STORE_FIND, unknown[i])), THM_E_STATE);
        assert_int_equal(result_of(rig, add_append(rig, unknown[i], 1)), THM_E_STATE);
    }
}

static void two_appends_are_one_transaction(struct rig *rig)
{
    struct thm_sender ali = {1, 10};
    uint32_t to = open_stream(rig, "@bianca").stream, own = open_stream(rig, "@ali").stream;
    struct thm_store_request *r;

    for (uint64_t second = 1; second <= 2; second++) { /* 2 is not the next number */
        r = add_append(rig, to, second);
        r->append[0].sender = ali;
        r->append[0].csn = second;
        add_second(rig, r, own, 1);
        assert_int_equal(result_of(rig, r), second == 1 ? THM_OK : THM_E_STATE);
        assert_true(head_of(rig, to) == 1 && head_of(rig, own) == 1);
        check_find(rig, to, ali, 2, 1, 0);
    }
    r = add_append(rig, to, 2);
    add_second(rig, r, 0, 1);
    assert_int_equal(result_of(rig, r), THM_E_STATE);
    assert_true(head_of(rig, to) == 1);
}

static void both_appends_may_be_to_one_stream(struct rig *rig)
{
    uint32_t stream = open_stream(rig, "@ali").stream;
    struct thm_store_request *r = add_append(rig, stream, 1);

    add_second(rig, r, stream, 2);
    assert_int_equal(result_of(rig, r), THM_OK);
    assert_true(r->head == 2);
    assert_int_equal(read_entries(rig, stream, 1, 9, SIZE_MAX), 2);
}

static void the_latest_csn_are_known(struct rig *rig)
{
    struct thm_sender ali = {1, 10}, bianca = {2, 10};
    uint32_t stream = open_stream(rig, "#lobby").stream;

    for (uint64_t i = 1; i <= 20; i++) { /* every third is bianca's, ali's csn rise by 2 */
        assert_int_equal(i % 3 == 0 ? append_csn(rig, stream, i, bianca, i)
                                    : append_csn(rig, stream, i, ali, 2 * i),
                         THM_OK);
    }
    for (uint64_t csn = 41 - THM_WINDOW; csn <= 40; csn++)
        check_find(rig, stream, ali, csn, 40, csn % 2 == 0 && csn / 2 % 3 != 0 ? csn / 2 : 0);
    check_find(rig, stream, ali, 41, 40, 0);
    check_find(rig, stream, bianca, 18, 18, 18);
    check_find(rig, stream, bianca, 17, 18, 0);
    check_find(rig, stream, bianca, 0, 18, 0);
    check_find(rig, open_stream(rig, "#other").stream, ali, 40, 0, 0);
}

static void a_csn_is_taken_once(struct rig *rig)
{
    struct thm_sender ali = {1, 10}, anew = {1, 11};
    uint32_t stream = open_stream(rig, "#lobby").stream;

    assert_int_equal(append_csn(rig, stream, 1, ali, 5), THM_OK);
    assert_int_equal(append_csn(rig, stream, 2, ali, 5), THM_E_STATE);
    assert_int_equal(append_csn(rig, stream, 2, ali, 4), THM_E_STATE);
    assert_true(head_of(rig, stream) == 1);
    assert_int_equal(append_csn(rig, stream, 2, anew, 5), THM_OK);
    check_find(rig, stream, anew, 5, 5, 2);
}

static void a_csn_is_taken_once_in_one_transaction(struct rig *rig)
{
    uint32_t stream = open_stream(rig, "#lobby").stream;
    struct thm_store_request *r = add_append(rig, stream, 1);

    add_second(rig, r, stream, 2);
    r->append[0].sender = r->append[1].sender = (struct thm_sender){1, 10};
    r->append[0].csn = r->append[1].csn = 7;
    assert_int_equal(result_of(rig, r), THM_E_STATE);
    assert_true(head_of(rig, stream) == 0);
}

static void appends_may_be_many_in_flight(struct rig *rig)
{
    uint32_t a = open_stream(rig, "#a").stream, b = open_stream(rig, "#b").stream;

    for (uint64_t round = 0; round < 20; round++) {
        for (uint64_t i = 1; i <= BATCH / 2; i++) {
            add_append(rig, a, round * BATCH / 2 + i);
            add_append(rig, b, round * BATCH / 2 + i);
        }
        settle(rig);
        for (unsigned i = 0; i < BATCH; i++)
            assert_int_equal(rig->requests[i].result, THM_OK);
    }
    assert_true(head_of(rig, a) == 10 * BATCH && head_of(rig, b) == 10 * BATCH);
}

static void what_was_kept_is_there_again(struct rig *rig)
{
    struct thm_sender ali = {1, 10};
    struct thm_store_request before = open_stream(rig, "#lobby"), after;

    append(rig, before.stream, 1, 20);
    assert_int_equal(append_csn(rig, before.stream, 21, ali, 5), THM_OK);
    if (rig->suite->reopen == NULL)
        return;
    rig->store = rig->suite->reopen(rig->suite->ctx, rig->store);
    after = open_stream(rig, "#lobby");
    assert_true(after.incarnation == before.incarnation && after.head == 21);
    if (after.stream == before.stream) /* contents follow from the id */
        assert_int_equal(read_entries(rig, after.stream, 1, 100, SIZE_MAX), 21);
    check_find(rig, after.stream, ali, 5, 5, 21);
    append(rig, after.stream, 22, 22);
}

/* --- against a model --- */

enum { MODEL_STREAMS = 4, MODEL_STEPS = 400 };

struct model_stream {
    uint32_t id;
    uint64_t head;
    uint64_t last_csn[SENDERS];
    uint64_t n_of[SENDERS][THM_WINDOW]; /* by csn % THM_WINDOW */
};

static struct thm_sender model_sender(uint32_t sender)
{
    return (struct thm_sender){100 + sender, 7};
}

/* Aims an append at the model's next number, and lets the model take it: in the end the store will. */
static void model_append(struct rig *rig, struct model_stream *m, struct thm_store_append *a)
{
    uint32_t sender = below(rig, SENDERS);
    uint64_t jump = 1 + below(rig, 3);

    m->head++;
    if (below(rig, 4) == 0)
        return;
    a->sender = model_sender(sender);
    a->csn = m->last_csn[sender] + jump;
    for (uint64_t csn = m->last_csn[sender] + 1; csn < a->csn; csn++)
        m->n_of[sender][csn % THM_WINDOW] = 0;
    m->n_of[sender][a->csn % THM_WINDOW] = m->head;
    m->last_csn[sender] = a->csn;
}

static void model_appends(struct rig *rig, struct model_stream *models)
{
    unsigned count = 1 + below(rig, BATCH);

    for (unsigned i = 0; i < count; i++) {
        uint32_t first = below(rig, MODEL_STREAMS), second = below(rig, MODEL_STREAMS);
        struct thm_store_request *r = add_append(rig, models[first].id, models[first].head + 1);
        model_append(rig, &models[first], &r->append[0]);
        if (below(rig, 4) == 0 && second != first) {
            add_second(rig, r, models[second].id, models[second].head + 1);
            model_append(rig, &models[second], &r->append[1]);
        }
    }
    settle(rig);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(rig->requests[i].result, THM_OK);
}

static void model_questions(struct rig *rig, const struct model_stream *m)
{
    uint32_t sender = below(rig, SENDERS);
    uint64_t last = m->last_csn[sender];
    uint64_t behind = below(rig, THM_WINDOW);
    uint64_t from = 1 + below(rig, (uint32_t)m->head + 1);

    assert_true(head_of(rig, m->id) == m->head);
    if (read_entries(rig, m->id, from, 1 + below(rig, 50), 4096 + below(rig, 8192)) == 0)
        assert_true(from > m->head);
    if (behind < last)
        check_find(rig, m->id, model_sender(sender), last - behind, last,
                   m->n_of[sender][(last - behind) % THM_WINDOW]);
}

static void whatever_is_done_agrees_with_the_model(struct rig *rig)
{
    static const char *const names[MODEL_STREAMS] = {"#a", "#b", "@a", "@b"};
    struct model_stream models[MODEL_STREAMS];

    memset(models, 0, sizeof models);
    for (unsigned i = 0; i < MODEL_STREAMS; i++)
        models[i].id = open_stream(rig, names[i]).stream;
    for (unsigned step = 0; step < MODEL_STEPS; step++) {
        model_appends(rig, models);
        model_questions(rig, &models[below(rig, MODEL_STREAMS)]);
    }
}

void thm_store_conformance(const struct thm_store_suite *suite)
{
    static void (*const checks[])(struct rig *) = {
        opening_makes_a_stream_once,
        a_name_may_have_its_full_length,
        what_was_appended_is_read,
        a_read_gives_what_fits_and_at_least_one,
        a_wrong_number_changes_nothing,
        an_unknown_id_is_refused,
        two_appends_are_one_transaction,
        both_appends_may_be_to_one_stream,
        the_latest_csn_are_known,
        a_csn_is_taken_once,
        a_csn_is_taken_once_in_one_transaction,
        appends_may_be_many_in_flight,
        what_was_kept_is_there_again,
        whatever_is_done_agrees_with_the_model,
    };

    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        struct rig rig = {.suite = suite, .random = i};
        rig.store = suite->make(suite->ctx);
        checks[i](&rig);
        suite->destroy(suite->ctx, rig.store);
    }
}
