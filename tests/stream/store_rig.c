#include "stream/store_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* --- entries whose content follows from their stream and number --- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

uint32_t rig_below(struct rig *rig, uint32_t limit)
{
    rig->random += 0x9e3779b97f4a7c15;
    return (uint32_t)(mix(rig->random) % limit);
}

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

struct thm_store_request *rig_add(struct rig *rig, enum thm_store_op op, uint32_t stream)
{
    struct thm_store_request *r = &rig->requests[rig->used++];

    assert_true(rig->used <= RIG_BATCH);
    *r = (struct thm_store_request){.op = op, .stream = stream, .owner = rig, .tag = rig->used};
    return r;
}

struct thm_store_request *rig_add_append(struct rig *rig, uint32_t stream, uint64_t n)
{
    struct thm_store_request *r = rig_add(rig, THM_STORE_APPEND, 0);

    r->appends = 1;
    r->append[0].stream = stream;
    r->append[0].entry = make_entry(stream, n, rig->lines[rig->used - 1][0]);
    return r;
}

void rig_add_second(struct rig *rig, struct thm_store_request *r, uint32_t stream, uint64_t n)
{
    r->appends = 2;
    r->append[1] = (struct thm_store_append){.stream = stream};
    r->append[1].entry = make_entry(stream, n, rig->lines[r - rig->requests][1]);
}

static bool touches(const struct thm_store_request *r, uint32_t stream)
{
    if (r->op >= THM_STORE_GET)
        return false;
    if (r->op != THM_STORE_APPEND)
        return r->stream == stream;
    return r->append[0].stream == stream || (r->appends == 2 && r->append[1].stream == stream);
}

static bool share_a_stream(const struct thm_store_request *a, const struct thm_store_request *b)
{
    if (a->op >= THM_STORE_GET)
        return false;
    if (a->op != THM_STORE_APPEND)
        return touches(b, a->stream);
    return touches(b, a->append[0].stream) || (a->appends == 2 && touches(b, a->append[1].stream));
}

/* Whether one may not overtake the other. */
static bool in_order(const struct thm_store_request *a, const struct thm_store_request *b)
{
    return a->op == THM_STORE_PUT || b->op == THM_STORE_PUT || share_a_stream(a, b);
}

/* Submits those requests that `pending` names and collects them all. */
static void run_once(struct rig *rig, const bool pending[RIG_BATCH])
{
    struct thm_store_request *order[RIG_BATCH];
    unsigned submitted = 0, collected = 0;

    for (unsigned i = 0; i < rig->used; i++) {
        if (!pending[i])
            continue;
        submitted++;
        while (rig->store->ops->submit(rig->store, &rig->requests[i]) != THM_OK)
            collected += rig->store->ops->collect(rig->store, order + collected, RIG_BATCH);
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
            if (in_order(order[early], order[later]))
                assert_true(order[early]->tag < order[later]->tag);
    }
    assert_int_equal(rig->store->ops->collect(rig->store, order, 1), 0);
}

/* Those behind a failed append in one of its streams must have failed with it, and PUTs behind a PUT. */
static void check_behind(const struct rig *rig, const bool pending[RIG_BATCH], unsigned failed)
{
    for (unsigned i = failed + 1; i < rig->used; i++) {
        const struct thm_store_request *r = &rig->requests[i];
        if (pending[i] && r->op == rig->requests[failed].op &&
            (r->op == THM_STORE_PUT || share_a_stream(&rig->requests[failed], r)))
            assert_int_equal(r->result, THM_E_STORE);
    }
}

void rig_settle(struct rig *rig)
{
    bool pending[RIG_BATCH], again;

    for (unsigned i = 0; i < RIG_BATCH; i++)
        pending[i] = true;
    do {
        again = false;
        run_once(rig, pending);
        for (unsigned i = 0; i < rig->used; i++) {
            const struct thm_store_request *r = &rig->requests[i];
            if (pending[i] && r->result == THM_E_STORE &&
                (r->op == THM_STORE_APPEND || r->op == THM_STORE_PUT))
                check_behind(rig, pending, i);
            pending[i] = pending[i] && r->result == THM_E_STORE;
            again = again || pending[i];
        }
    } while (again);
    rig->used = 0;
}

int rig_run(struct rig *rig, const struct thm_store_request *r)
{
    assert_int_equal(rig->used, 1);
    rig_settle(rig);
    return r->result;
}

struct thm_store_request rig_open(struct rig *rig, const char *name)
{
    struct thm_store_request *r = rig_add(rig, THM_STORE_OPEN, 0);

    memcpy(r->name, name, strlen(name) + 1);
    assert_int_equal(rig_run(rig, r), THM_OK);
    return *r;
}

void rig_append(struct rig *rig, uint32_t stream, uint64_t from, uint64_t to)
{
    for (uint64_t n = from; n <= to; n++)
        assert_int_equal(rig_run(rig, rig_add_append(rig, stream, n)), THM_OK);
}

int rig_append_csn(struct rig *rig, uint32_t stream, uint64_t n, struct thm_sender sender,
                   uint64_t csn)
{
    struct thm_store_request *r = rig_add_append(rig, stream, n);

    r->append[0].sender = sender;
    r->append[0].csn = csn;
    return rig_run(rig, r);
}

uint64_t rig_find(struct rig *rig, uint32_t stream, struct thm_sender sender, uint64_t csn,
                  uint64_t *last_csn)
{
    struct thm_store_request *r = rig_add(rig, THM_STORE_FIND, stream);

    r->sender = sender;
    r->csn = csn;
    assert_int_equal(rig_run(rig, r), THM_OK);
    *last_csn = r->last_csn;
    return r->n;
}

void rig_check_find(struct rig *rig, uint32_t stream, struct thm_sender sender, uint64_t csn,
                    uint64_t last_csn, uint64_t n)
{
    uint64_t last;

    assert_true(rig_find(rig, stream, sender, csn, &last) == n);
    assert_true(last == last_csn);
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

unsigned rig_read(struct rig *rig, uint32_t stream, uint64_t from, unsigned max, size_t cap)
{
    static char buf[65536];
    struct thm_store_request *r = rig_add(rig, THM_STORE_READ, stream);

    r->from = from;
    r->max = max;
    r->buf = buf;
    r->cap = cap < sizeof buf ? cap : sizeof buf;
    assert_int_equal(rig_run(rig, r), THM_OK);
    return check_read(r);
}

uint64_t rig_head(struct rig *rig, uint32_t stream)
{
    static char buf[THM_LINE_MAX + 64];
    struct thm_store_request *r = rig_add(rig, THM_STORE_READ, stream);

    r->from = UINT64_MAX;
    r->buf = buf;
    r->cap = sizeof buf;
    assert_int_equal(rig_run(rig, r), THM_OK);
    return r->head;
}
