/*
 * Loss of power at any moment: whatever the disk kept of what was not synced, nothing that was completed is missing,
 * nothing is there in part or twice, and what is asked about it is answered right.
 *
 *   test_sqlite_power [WORLDS [FIRST_SEED]]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sqlite/mem_vfs.h"
#include "thimble/sqlite_store.h"

enum {
    STREAMS = 3,
    SENDERS = 2,
    KEYS = 3,
    LIVES = 12, /* of a world's store: between two there is a loss of power, or an orderly end */
    BURSTS = 8, /* in a life */
    BURST = 10, /* requests, at most */
    SAID_MAX = LIVES * BURSTS * BURST,
    KEEP = 40,     /* entries that the first stream keeps */
    DEVICES = 1000 /* the first sender's device */
};

/* What is known of a request: under way; completed; failed, so that it is there only if the power failed before the
 * next commit; failed for good. */
enum fate { FLYING, KEPT, UNSURE, GONE };

struct said {
    enum fate fate;
    bool put;
    unsigned stream[2], streams; /* PUT: stream[0] is the key */
    uint64_t n[2];
    unsigned sender;
    uint64_t csn;
    char text[24]; /* the line, or the value: its place in the world */
    struct thm_store_request request;
};

struct world {
    uint64_t seed;
    struct mem_disk disk;
    struct thm_store *store;
    uint32_t id[STREAMS];
    uint64_t incarnation[STREAMS];
    uint64_t tail[STREAMS];  /* the last number that was given */
    uint64_t first[STREAMS]; /* the highest that was seen */
    uint64_t csn;
    struct said said[SAID_MAX];
    unsigned count;
};

static uint64_t first_seed = 1;
static unsigned worlds = 400;

#define CHECK(w, condition)                                                                        \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("seed %llu: %s", (unsigned long long)(w)->seed, #condition);                  \
    } while (0)

static const char *const names[STREAMS] = {"#a", "@a", "@b"};
static const char *const keys[KEYS] = {"x", "y", "z"};

/* --- the store --- */

static uint64_t a_clock(void *ctx)
{
    (void)ctx;
    return 1700000000000;
}

static int entropy(void *ctx, void *buf, size_t len)
{
    struct world *w = ctx;

    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = (uint8_t)mem_disk_below(&w->disk, 256);
    return THM_OK;
}

static int open_store(struct world *w)
{
    const struct thm_sqlite_config config = {.path = "store",
                                             .vfs = "thimble-mem",
                                             .batch = 1 + mem_disk_below(&w->disk, 8),
                                             .streams = 4,
                                             .senders = 2 + mem_disk_below(&w->disk, 8),
                                             .recent = 1 + mem_disk_below(&w->disk, 12000),
                                             .rooms = {.count = KEEP},
                                             .ctx = w,
                                             .entropy = entropy,
                                             .utc_ms = a_clock};
    char why[200];

    return thm_sqlite_store_open(&w->store, &config, why, sizeof why);
}

/* Collects until nothing comes any more; completed requests get their fate. */
static void collect(struct world *w)
{
    struct thm_store_request *done[BURST];
    unsigned got;

    while ((got = w->store->ops->collect(w->store, done, BURST)) > 0)
        for (unsigned i = 0; i < got; i++) {
            struct said *s = done[i]->owner;
            if (s == NULL)
                continue;
            s->fate = done[i]->result == THM_OK ? KEPT : UNSURE;
            CHECK(w, done[i]->result == THM_OK || done[i]->result == THM_E_STORE ||
                         done[i]->result == THM_E_STATE);
        }
}

static int run(struct world *w, struct thm_store_request *r)
{
    r->owner = NULL;
    w->store->ops->submit(w->store, r);
    collect(w);
    return r->result;
}

/* Asks for all heads. False: the power is off. */
static bool open_streams(struct world *w)
{
    for (unsigned i = 0; i < STREAMS; i++) {
        struct thm_store_request r = {.op = THM_STORE_OPEN};
        strcpy(r.name, names[i]);
        if (run(w, &r) != THM_OK)
            return false;
        CHECK(w, w->incarnation[i] == 0 || r.incarnation == w->incarnation[i] || r.head == 0);
        CHECK(w, r.first >= w->first[i]);
        w->id[i] = r.stream;
        w->incarnation[i] = r.incarnation;
        w->tail[i] = r.head;
        w->first[i] = r.first;
    }
    return true;
}

/* --- saying --- */

static void say_entry(struct world *w, struct said *s, unsigned i)
{
    unsigned stream = s->stream[i];

    s->n[i] = ++w->tail[stream];
    s->request.append[i] =
        (struct thm_store_append){.stream = w->id[stream],
                                  .entry = {.n = s->n[i], .line = s->text, .len = strlen(s->text)},
                                  .sender = {DEVICES + s->sender, 7},
                                  .csn = i == 0 || mem_disk_below(&w->disk, 2) == 0 ? s->csn : 0};
    s->request.append[i].sender.client = 7;
}

static void say(struct world *w)
{
    struct said *s = &w->said[w->count];

    memset(s, 0, sizeof *s);
    snprintf(s->text, sizeof s->text, "%u\n", w->count++);
    s->put = mem_disk_below(&w->disk, 4) == 0;
    s->request.owner = s;
    if (s->put) {
        s->stream[0] = mem_disk_below(&w->disk, KEYS);
        s->request.op = THM_STORE_PUT;
        s->request.record = (struct thm_store_record){.key = keys[s->stream[0]],
                                                      .key_len = 1,
                                                      .value = s->text,
                                                      .value_len = (uint16_t)strlen(s->text)};
    } else {
        s->streams = s->request.appends = 1 + mem_disk_below(&w->disk, 2);
        s->stream[0] = mem_disk_below(&w->disk, STREAMS);
        s->stream[1] = (s->stream[0] + 1) % STREAMS;
        s->sender = mem_disk_below(&w->disk, SENDERS);
        s->csn = w->csn += 1 + mem_disk_below(&w->disk, 3);
        s->request.op = THM_STORE_APPEND;
        for (unsigned i = 0; i < s->streams; i++)
            say_entry(w, s, i);
    }
    w->store->ops->submit(w->store, &s->request);
}

/* After something was kept, what failed before it is not there and will never be. */
static void settle(struct world *w, unsigned from)
{
    bool kept = false;

    for (unsigned i = w->count; i-- > 0;) {
        kept = kept || (i >= from && w->said[i].fate == KEPT);
        if (kept && w->said[i].fate == UNSURE)
            w->said[i].fate = GONE;
    }
}

/* One life of the store; it ends when the power does, or when enough was said. */
static void live(struct world *w)
{
    for (unsigned burst = 0; burst < BURSTS && open_streams(w); burst++) {
        unsigned from = w->count, count = 1 + mem_disk_below(&w->disk, BURST);
        for (unsigned i = 0; i < count; i++)
            say(w);
        collect(w);
        settle(w, from);
    }
}

/* --- what is there --- */

/* What was said that has this place as its text. */
static unsigned place_of(struct world *w, const char *text, size_t len)
{
    char buf[24] = "";

    CHECK(w, len > 1 && len < sizeof buf && text[len - 1] == '\n');
    memcpy(buf, text, len);
    CHECK(w, (unsigned)atoi(buf) < w->count);
    return (unsigned)atoi(buf);
}

/* Reads a stream: numbers without holes, each entry one that was said there, in that order; marks what is there. */
static void check_stream(struct world *w, unsigned stream, uint8_t *there)
{
    static char buf[8192];
    struct thm_store_request r = {.op = THM_STORE_READ,
                                  .stream = w->id[stream],
                                  .from = 1,
                                  .max = 50,
                                  .buf = buf,
                                  .cap = sizeof buf};
    uint64_t n = w->first[stream];
    long before = -1;

    do {
        struct thm_entry e;
        size_t at = 0;
        CHECK(w, run(w, &r) == THM_OK);
        for (; thm_read_next(&r, &at, &e); n++) {
            unsigned place = place_of(w, e.line, e.len), i = 0;
            struct said *s = &w->said[place];
            CHECK(w, e.n == n && !s->put && (long)place > before);
            while (i < s->streams && s->stream[i] != stream)
                i++;
            CHECK(w, i < s->streams && s->n[i] == n && s->fate != GONE);
            there[place] |= (uint8_t)(1 << i);
            before = (long)place;
        }
        r.from = n;
    } while (r.len > 0);
    CHECK(w, n == w->tail[stream] + 1);
}

/* What retention dropped counts as there. */
static uint8_t dropped(const struct world *w, const struct said *s)
{
    uint8_t mask = 0;

    for (unsigned i = 0; i < s->streams; i++)
        if (s->n[i] < w->first[s->stream[i]])
            mask |= (uint8_t)(1 << i);
    return mask;
}

/* All or nothing, what was completed in any case, and nothing behind what is missing. */
static void check_said(struct world *w, const uint8_t *there)
{
    bool missing = false;

    for (unsigned place = 0; place < w->count; place++) {
        struct said *s = &w->said[place];
        uint8_t all = (uint8_t)((1 << s->streams) - 1);
        uint8_t found = there[place] != 0 ? (uint8_t)(there[place] | dropped(w, s)) : 0;
        if (s->put)
            continue;
        if (found == 0 && s->fate == KEPT)
            found = dropped(w, s);
        CHECK(w, found == 0 || found == all);
        CHECK(w, s->fate != KEPT || found == all);
        CHECK(w, s->fate != FLYING || found == 0 || !missing);
        missing = missing || (s->fate == FLYING && found == 0 && dropped(w, s) == 0);
        s->fate = found == all ? KEPT : GONE;
    }
}

static void check_records(struct world *w)
{
    char buf[THM_RECORD_MAX];

    for (unsigned key = 0; key < KEYS; key++) {
        struct thm_store_request r = {.op = THM_STORE_GET,
                                      .record = {.key = keys[key], .key_len = 1},
                                      .buf = buf,
                                      .cap = sizeof buf};
        unsigned value = 0;
        CHECK(w, run(w, &r) == THM_OK);
        if (r.len > 0) {
            value = place_of(w, buf, r.len);
            CHECK(w, w->said[value].put && w->said[value].stream[0] == key &&
                         w->said[value].fate != GONE);
            w->said[value].fate = KEPT;
        }
        for (unsigned i = 0; i < w->count; i++) {
            struct said *s = &w->said[i];
            if (!s->put || s->stream[0] != key)
                continue;
            CHECK(w, s->fate != KEPT || (r.len > 0 && i <= value));
            if (s->fate != KEPT)
                s->fate = GONE;
        }
    }
}

/* The csn of a sender in a stream, against what is there. */
static void check_csn(struct world *w, unsigned stream, unsigned sender)
{
    struct thm_store_request r = {
        .op = THM_STORE_FIND, .stream = w->id[stream], .sender = {DEVICES + sender, 7}};
    uint64_t last = 0, n_of[THM_WINDOW] = {0};

    for (unsigned place = 0; place < w->count; place++) {
        const struct said *s = &w->said[place];
        for (unsigned i = 0; i < s->streams && !s->put && s->fate == KEPT; i++) {
            uint64_t csn = s->request.append[i].csn;
            if (s->stream[i] != stream || s->sender != sender || csn == 0)
                continue;
            CHECK(w, csn > last);
            while (last < csn)
                n_of[++last % THM_WINDOW] = 0;
            n_of[csn % THM_WINDOW] = s->n[i];
        }
    }
    for (uint64_t behind = 0; behind < THM_WINDOW && behind < last; behind++) {
        r.csn = last - behind;
        CHECK(w, run(w, &r) == THM_OK);
        CHECK(w, r.last_csn == last && r.n == n_of[r.csn % THM_WINDOW]);
    }
}

static void check_all(struct world *w)
{
    uint8_t there[SAID_MAX] = {0};

    CHECK(w, open_store(w) == THM_SQLITE_OK);
    CHECK(w, open_streams(w));
    for (unsigned i = 0; i < STREAMS; i++)
        check_stream(w, i, there);
    check_said(w, there);
    check_records(w);
    for (unsigned i = 0; i < STREAMS * SENDERS; i++)
        check_csn(w, i / SENDERS, i % SENDERS);
    thm_sqlite_store_close(w->store);
}

/* --- the test --- */

static void run_world(uint64_t seed)
{
    static struct world w;

    memset(&w, 0, sizeof w);
    w.seed = seed;
    mem_disk_init(&w.disk, "thimble-mem", seed);
    for (unsigned life = 0; life < LIVES; life++) {
        /* Sometimes it fails while the store is opened, sometimes never. */
        w.disk.cut_at = w.disk.operations + 1 + mem_disk_below(&w.disk, 10 << life % 5);
        w.disk.fail_one_in = seed % 2 == 0 ? 60 : 0;
        if (open_store(&w) == THM_SQLITE_OK) {
            live(&w);
            thm_sqlite_store_close(w.store);
        }
        w.disk.fail_one_in = 0;
        mem_disk_crash(&w.disk);
        check_all(&w);
    }
    mem_disk_free(&w.disk);
}

static void nothing_completed_is_ever_lost(void **state)
{
    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + worlds; seed++)
        run_world(seed);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_completed_is_ever_lost)};

    if (argc > 1)
        worlds = (unsigned)atoi(argv[1]);
    if (argc > 2)
        first_seed = strtoull(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
