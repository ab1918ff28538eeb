#include "stream/store_conformance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "stream/record_checks.h"
#include "stream/store_rig.h"

/* --- the checks --- */

static void opening_makes_a_stream_once(struct rig *rig)
{
    struct thm_store_request lobby = rig_open(rig, "#lobby");
    struct thm_store_request other = rig_open(rig, "@lobby");
    struct thm_store_request again = rig_open(rig, "#lobby");

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
    first = rig_open(rig, name).stream;
    name[THM_ROOM_MAX - 1] = 'b';
    assert_true(rig_open(rig, name).stream != first);
}

static void what_was_appended_is_read(struct rig *rig)
{
    uint32_t stream = rig_open(rig, "#lobby").stream;

    rig_append(rig, stream, 1, 40);
    assert_true(rig_head(rig, stream) == 40);
    assert_int_equal(rig_read(rig, stream, 1, 100, SIZE_MAX), 40);
    assert_int_equal(rig_read(rig, stream, 17, 5, SIZE_MAX), 5);
    assert_int_equal(rig_read(rig, stream, 40, 5, SIZE_MAX), 1);
    assert_int_equal(rig_read(rig, stream, 41, 5, SIZE_MAX), 0);
    assert_int_equal(rig_read(rig, stream, 1, 0, SIZE_MAX), 0);
}

static void a_read_gives_what_fits_and_at_least_one(struct rig *rig)
{
    uint32_t stream = rig_open(rig, "#lobby").stream;
    uint64_t n = 1;

    rig_append(rig, stream, 1, 40);
    while (n <= 40) {
        unsigned count = rig_read(rig, stream, n, 100, THM_LINE_MAX + 64);
        assert_true(count >= 1);
        n += count;
    }
    assert_true(n == 41);
}

static void a_wrong_number_changes_nothing(struct rig *rig)
{
    static const uint64_t wrong[] = {0, 1, 3, 5, UINT64_MAX};
    uint32_t stream = rig_open(rig, "#lobby").stream;

    rig_append(rig, stream, 1, 3);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(rig_append_csn(rig, stream, wrong[i], (struct thm_sender){1, 2}, 9),
                         THM_E_STATE);
    assert_true(rig_head(rig, stream) == 3);
    rig_check_find(rig, stream, (struct thm_sender){1, 2}, 9, 0, 0);
    rig_append(rig, stream, 4, 4);
}

static void an_unknown_id_is_refused(struct rig *rig)
{
    static char buf[THM_LINE_MAX + 64];
    uint32_t stream = rig_open(rig, "#lobby").stream;
    uint32_t unknown[] = {0, stream + 1, UINT32_MAX};

    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        struct thm_store_request *r = rig_add(rig, THM_STORE_READ, unknown[i]);
        r->from = r->max = 1;
        r->buf = buf;
        r->cap = sizeof buf;
        assert_int_equal(rig_run(rig, r), THM_E_STATE);
        assert_int_equal(rig_run(rig, rig_add(rig, THM_STORE_FIND, unknown[i])), THM_E_STATE);
        assert_int_equal(rig_run(rig, rig_add_append(rig, unknown[i], 1)), THM_E_STATE);
    }
}

static void two_appends_are_one_transaction(struct rig *rig)
{
    struct thm_sender ali = {1, 10};
    uint32_t to = rig_open(rig, "@bianca").stream, own = rig_open(rig, "@ali").stream;
    struct thm_store_request *r;

    for (uint64_t second = 1; second <= 2; second++) { /* 2 is not the next number */
        r = rig_add_append(rig, to, second);
        r->append[0].sender = ali;
        r->append[0].csn = second;
        rig_add_second(rig, r, own, 1);
        assert_int_equal(rig_run(rig, r), second == 1 ? THM_OK : THM_E_STATE);
        assert_true(rig_head(rig, to) == 1 && rig_head(rig, own) == 1);
        rig_check_find(rig, to, ali, 2, 1, 0);
    }
    r = rig_add_append(rig, to, 2);
    rig_add_second(rig, r, 0, 1);
    assert_int_equal(rig_run(rig, r), THM_E_STATE);
    assert_true(rig_head(rig, to) == 1);
}

static void both_appends_may_be_to_one_stream(struct rig *rig)
{
    uint32_t stream = rig_open(rig, "@ali").stream;
    struct thm_store_request *r = rig_add_append(rig, stream, 1);

    rig_add_second(rig, r, stream, 2);
    assert_int_equal(rig_run(rig, r), THM_OK);
    assert_true(r->head == 2);
    assert_int_equal(rig_read(rig, stream, 1, 9, SIZE_MAX), 2);
}

static void the_latest_csn_are_known(struct rig *rig)
{
    struct thm_sender ali = {1, 10}, bianca = {2, 10};
    uint32_t stream = rig_open(rig, "#lobby").stream;
    uint64_t last;

    for (uint64_t i = 1; i <= 20; i++) { /* every third is bianca's, ali's csn rise by 2 */
        assert_int_equal(i % 3 == 0 ? rig_append_csn(rig, stream, i, bianca, i)
                                    : rig_append_csn(rig, stream, i, ali, 2 * i),
                         THM_OK);
    }
    for (uint64_t csn = 1; csn <= 40; csn++) { /* the older ones may be known, but not wrongly */
        uint64_t right = csn % 2 == 0 && csn / 2 % 3 != 0 ? csn / 2 : 0;
        uint64_t found = rig_find(rig, stream, ali, csn, &last);
        assert_true(found == right || (found == 0 && csn + THM_WINDOW <= 40));
    }
    rig_check_find(rig, stream, ali, 41, 40, 0);
    rig_check_find(rig, stream, bianca, 18, 18, 18);
    rig_check_find(rig, stream, bianca, 17, 18, 0);
    rig_check_find(rig, stream, bianca, 0, 18, 0);
    rig_check_find(rig, rig_open(rig, "#other").stream, ali, 40, 0, 0);
}

static void a_csn_is_taken_once(struct rig *rig)
{
    struct thm_sender ali = {1, 10}, anew = {1, 11};
    uint32_t stream = rig_open(rig, "#lobby").stream;

    assert_int_equal(rig_append_csn(rig, stream, 1, ali, 5), THM_OK);
    assert_int_equal(rig_append_csn(rig, stream, 2, ali, 5), THM_E_STATE);
    assert_int_equal(rig_append_csn(rig, stream, 2, ali, 4), THM_E_STATE);
    assert_true(rig_head(rig, stream) == 1);
    rig_check_find(rig, stream, anew, 5, 0, 0);
    assert_int_equal(rig_append_csn(rig, stream, 2, anew, 6), THM_OK);
    rig_check_find(rig, stream, anew, 6, 6, 2);
    rig_check_find(rig, stream, anew, 5, 6, 0);
}

static void a_csn_is_taken_once_in_one_transaction(struct rig *rig)
{
    uint32_t stream = rig_open(rig, "#lobby").stream;
    struct thm_store_request *r = rig_add_append(rig, stream, 1);

    rig_add_second(rig, r, stream, 2);
    r->append[0].sender = r->append[1].sender = (struct thm_sender){1, 10};
    r->append[0].csn = r->append[1].csn = 7;
    assert_int_equal(rig_run(rig, r), THM_E_STATE);
    assert_true(rig_head(rig, stream) == 0);
}

static void appends_may_be_many_in_flight(struct rig *rig)
{
    uint32_t a = rig_open(rig, "#a").stream, b = rig_open(rig, "#b").stream;

    for (uint64_t round = 0; round < 20; round++) {
        for (uint64_t i = 1; i <= RIG_BATCH / 2; i++) {
            rig_add_append(rig, a, round * RIG_BATCH / 2 + i);
            rig_add_append(rig, b, round * RIG_BATCH / 2 + i);
        }
        rig_settle(rig);
        for (unsigned i = 0; i < RIG_BATCH; i++)
            assert_int_equal(rig->requests[i].result, THM_OK);
    }
    assert_true(rig_head(rig, a) == 10 * RIG_BATCH && rig_head(rig, b) == 10 * RIG_BATCH);
}

static void what_was_kept_is_there_again(struct rig *rig)
{
    struct thm_sender ali = {1, 10};
    struct thm_store_request before = rig_open(rig, "#lobby"), after;

    rig_append(rig, before.stream, 1, 20);
    assert_int_equal(rig_append_csn(rig, before.stream, 21, ali, 5), THM_OK);
    if (rig->suite->reopen == NULL)
        return;
    rig->store = rig->suite->reopen(rig->suite->ctx, rig->store);
    after = rig_open(rig, "#lobby");
    assert_true(after.incarnation == before.incarnation && after.head == 21);
    if (after.stream == before.stream) /* contents follow from the id */
        assert_int_equal(rig_read(rig, after.stream, 1, 100, SIZE_MAX), 21);
    rig_check_find(rig, after.stream, ali, 5, 5, 21);
    rig_append(rig, after.stream, 22, 22);
}

/* Nothing of it can be read any more, but its numbers and what was taken from whom go on. */
static void an_emptied_stream_goes_on(struct rig *rig)
{
    struct thm_sender ali = {1, 10};
    struct thm_store_request before = rig_open(rig, "#lobby"), after;
    uint32_t other = rig_open(rig, "#other").stream;

    rig_append(rig, before.stream, 1, 20);
    rig_append(rig, other, 1, 3);
    assert_int_equal(rig_append_csn(rig, before.stream, 21, ali, 5), THM_OK);
    assert_int_equal(rig_run(rig, rig_add(rig, THM_STORE_EMPTY, before.stream)), THM_OK);
    assert_int_equal(rig_run(rig, rig_add(rig, THM_STORE_EMPTY, UINT32_MAX)), THM_E_STATE);
    assert_int_equal(rig_read(rig, before.stream, 1, 100, SIZE_MAX), 0);
    assert_int_equal(rig_read(rig, other, 1, 100, SIZE_MAX), 3);
    if (rig->suite->reopen != NULL)
        rig->store = rig->suite->reopen(rig->suite->ctx, rig->store);
    after = rig_open(rig, "#lobby");
    assert_true(after.incarnation == before.incarnation && after.first == 22 && after.head == 21);
    assert_int_equal(rig_append_csn(rig, after.stream, 22, ali, 5), THM_E_STATE);
    rig_append(rig, after.stream, 22, 24);
    assert_int_equal(rig_read(rig, after.stream, 1, 100, SIZE_MAX), 3);
}

/* --- against a model --- */

enum { MODEL_STREAMS = 4, MODEL_STEPS = 400, SENDERS = 3 };

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
    uint32_t sender = rig_below(rig, SENDERS);
    uint64_t jump = 1 + rig_below(rig, 3);

    m->head++;
    if (rig_below(rig, 4) == 0)
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
    unsigned count = 1 + rig_below(rig, RIG_BATCH);

    for (unsigned i = 0; i < count; i++) {
        uint32_t first = rig_below(rig, MODEL_STREAMS), second = rig_below(rig, MODEL_STREAMS);
        struct thm_store_request *r = rig_add_append(rig, models[first].id, models[first].head + 1);
        model_append(rig, &models[first], &r->append[0]);
        if (rig_below(rig, 4) == 0 && second != first) {
            rig_add_second(rig, r, models[second].id, models[second].head + 1);
            model_append(rig, &models[second], &r->append[1]);
        }
    }
    rig_settle(rig);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(rig->requests[i].result, THM_OK);
}

static void model_questions(struct rig *rig, const struct model_stream *m)
{
    uint32_t sender = rig_below(rig, SENDERS);
    uint64_t last = m->last_csn[sender];
    uint64_t behind = rig_below(rig, THM_WINDOW);
    uint64_t from = 1 + rig_below(rig, (uint32_t)m->head + 1);

    assert_true(rig_head(rig, m->id) == m->head);
    if (rig_read(rig, m->id, from, 1 + rig_below(rig, 50), 4096 + rig_below(rig, 8192)) == 0)
        assert_true(from > m->head);
    if (behind < last)
        rig_check_find(rig, m->id, model_sender(sender), last - behind, last,
                       m->n_of[sender][(last - behind) % THM_WINDOW]);
}

static void whatever_is_done_agrees_with_the_model(struct rig *rig)
{
    static const char *const names[MODEL_STREAMS] = {"#a", "#b", "@a", "@b"};
    struct model_stream models[MODEL_STREAMS];

    memset(models, 0, sizeof models);
    for (unsigned i = 0; i < MODEL_STREAMS; i++)
        models[i].id = rig_open(rig, names[i]).stream;
    for (unsigned step = 0; step < MODEL_STEPS; step++) {
        model_appends(rig, models);
        model_questions(rig, &models[rig_below(rig, MODEL_STREAMS)]);
    }
}

static void run_check(const struct thm_store_suite *suite, void (*check)(struct rig *rig),
                      uint64_t seed)
{
    struct rig rig = {.suite = suite, .random = seed};

    rig.store = suite->make(suite->ctx);
    check(&rig);
    suite->destroy(suite->ctx, rig.store);
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
        an_emptied_stream_goes_on,
        whatever_is_done_agrees_with_the_model,
    };

    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        run_check(suite, checks[i], i);
    for (size_t i = 0; thm_record_checks[i] != NULL; i++)
        run_check(suite, thm_record_checks[i], i);
}
