#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what was taken ------------------------------------------------------------------------- */

const struct ledger_life *ledger_life(const struct ledger *l, uint64_t incarnation)
{
    for (unsigned i = 0; i < l->life_count; i++)
        if (l->lives[i].incarnation == incarnation)
            return &l->lives[i];
    return NULL;
}

const struct ledger_life *ledger_youngest(const struct ledger *l, struct thm_slice stream)
{
    for (unsigned i = l->life_count; i-- > 0;)
        if (strlen(l->lives[i].stream) == stream.len &&
            memcmp(l->lives[i].stream, stream.data, stream.len) == 0)
            return &l->lives[i];
    return NULL;
}

const struct ledger_entry *ledger_entry(const struct ledger_life *life, uint64_t n)
{
    return n >= 1 && n <= life->head ? &life->entries[n - 1] : NULL;
}

static bool same(const struct thm_msg *a, const struct thm_msg *b, enum thm_key key)
{
    struct thm_slice x = thm_msg_get(a, key), y = thm_msg_get(b, key);

    return x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
}

bool ledger_same(const struct thm_msg *a, const struct thm_msg *b)
{
    return a->type != THM_MSG_RECEIPT && b->type != THM_MSG_RECEIPT && same(a, b, THM_KEY_FROM) &&
           same(a, b, THM_KEY_DEVICE) && same(a, b, THM_KEY_ID);
}

static struct ledger_life *life_of_id(struct ledger *l, uint32_t id)
{
    for (unsigned i = l->life_count; i-- > 0;)
        if (l->lives[i].id == id)
            return &l->lives[i];
    return NULL;
}

static void broke(struct ledger *l, const char *what, const char *stream, uint64_t n)
{
    if (l->broken[0] == '\0')
        snprintf(l->broken, sizeof l->broken, "%s: entry %llu of %s", what, (unsigned long long)n,
                 stream);
}

static void note_kept(struct ledger *l, struct ledger_life *life, const struct thm_store_request *r)
{
    if (r->first > life->first)
        life->first = r->first;
    if (l->disk != NULL && r->first > 1 &&
        (l->plan.keep == 0 || life->head - r->first + 1 < l->plan.keep))
        broke(l, "not kept any more", life->stream, r->first - 1);
}

/* A durable store never begins a stream anew. */
static void note_life(struct ledger *l, const struct thm_store_request *r)
{
    struct thm_slice stream = {r->name, strlen(r->name)};

    if (l->disk != NULL && ledger_youngest(l, stream) != NULL)
        broke(l, "in another incarnation", r->name, r->head);
    l->lives = realloc(l->lives, (l->life_count + 1) * sizeof *l->lives);
    l->lives[l->life_count] = (struct ledger_life){.incarnation = r->incarnation, .first = 1};
    strcpy(l->lives[l->life_count++].stream, r->name);
}

static void note_open(struct ledger *l, const struct thm_store_request *r)
{
    struct ledger_life *life;

    if (ledger_life(l, r->incarnation) == NULL)
        note_life(l, r);
    life = (struct ledger_life *)(uintptr_t)ledger_life(l, r->incarnation);
    life->id = r->stream;
    if (r->head != life->head)
        broke(l, "opened at another number", life->stream, r->head);
    note_kept(l, life, r);
}

static void note_entry(struct ledger *l, struct ledger_life *life, const struct thm_entry *entry)
{
    struct ledger_entry e = {.for_device = entry->for_device, .len = entry->len - 1};
    struct thm_fault fault;

    if (life == NULL || entry->n != life->head + 1) {
        broke(l, "not the next number", life != NULL ? life->stream : "?", entry->n);
        return;
    }
    e.line = memcpy(malloc(e.len), entry->line, e.len);
    e.decoded = memcpy(malloc(e.len), entry->line, e.len);
    if (thm_wire_decode(e.decoded, e.len, THM_FROM_SERVER, &e.msg, &fault) != THM_OK)
        broke(l, "not a line that can be delivered", life->stream, entry->n);
    /* A whisper is in two logs. When the store forgets one, it comes again to the other. */
    for (uint64_t n = 1; l->plan.streams >= STREAMS && n <= life->head; n++)
        if (ledger_same(&life->entries[n - 1].msg, &e.msg))
            broke(l, "in the log for the second time", life->stream, entry->n);
    life->entries = realloc(life->entries, (life->head + 1) * sizeof *life->entries);
    life->entries[life->head++] = e;
}

static void note(struct ledger *l, const struct thm_store_request *r)
{
    struct ledger_life *life = r->op == THM_STORE_READ ? life_of_id(l, r->stream) : NULL;

    if (r->op == THM_STORE_OPEN && r->result == THM_OK)
        note_open(l, r);
    for (unsigned i = 0; r->op == THM_STORE_APPEND && r->result == THM_OK && i < r->appends; i++)
        note_entry(l, life_of_id(l, r->append[i].stream), &r->append[i].entry);
    if (life != NULL && r->result == THM_OK)
        note_kept(l, life, r);
    else if (life != NULL && r->result == THM_E_STATE)
        life->gone = true;
}

/* --- the store ------------------------------------------------------------------------------ */

static bool chance(const struct ledger *l, uint32_t ppm)
{
    return !l->calm && ppm != 0 && sim_world_random(l->world, SIM_ALWAYS) < ppm;
}

static unsigned fault(void *ctx, const struct thm_store_request *request, int *result)
{
    const struct ledger *l = ctx;

    if (request == l->own)
        return 0;
    if (chance(l, l->plan.fail_ppm) || sim_world_now(l->world) < l->down_until)
        *result = THM_E_STORE;
    if (chance(l, l->plan.late_ppm))
        return 1 + (unsigned)sim_world_random(l->world, l->plan.late_max);
    return 0;
}

static int submit(struct thm_store *store, struct thm_store_request *request)
{
    struct ledger *l = (struct ledger *)(void *)store;
    int code;

    if (chance(l, l->plan.busy_ppm))
        return THM_E_LIMIT;
    code = l->inner->ops->submit(l->inner, request);
    l->under_way += code == THM_OK;
    return code;
}

/* A slow disk lets all wait; what is submitted meanwhile goes into one transaction. Once its power is off, nobody is told
 * anything, not even what was written before. */
static unsigned collect_durable(struct ledger *l, struct thm_store_request **done, unsigned cap)
{
    bool down = sim_world_now(l->world) < l->down_until;
    unsigned count;

    if (l->stalled == 0 && chance(l, l->plan.late_ppm))
        l->stalled = 1 + (unsigned)sim_world_random(l->world, l->plan.late_max);
    if (l->disk->ops->is_off(l->disk) || (l->stalled > 0 && l->stalled-- > 0 && !l->calm))
        return 0;
    l->disk->ops->fail(l->disk, down ? SIM_ALWAYS : l->calm ? 0 : l->plan.fail_ppm);
    count = l->inner->ops->collect(l->inner, done, cap);
    return l->disk->ops->is_off(l->disk) ? 0 : count;
}

static unsigned collect(struct thm_store *store, struct thm_store_request **done, unsigned cap)
{
    struct ledger *l = (struct ledger *)(void *)store;
    unsigned count = l->disk != NULL ? collect_durable(l, done, cap)
                                     : l->inner->ops->collect(l->inner, done, cap);

    for (unsigned i = 0; i < count; i++)
        note(l, done[i]);
    l->under_way -= count;
    return count;
}

static void release(struct thm_store *store, uint32_t stream)
{
    const struct ledger *l = (struct ledger *)(void *)store;

    l->inner->ops->release(l->inner, stream);
}

static const struct thm_store_ops ops = {submit, collect, release};

static void make_ram_store(struct ledger *l)
{
    struct thm_ram_store_config config = {
        .blocks = l->plan.blocks,
        .streams = l->plan.streams,
        .senders = 64,
        .records = l->plan.records,
        .seed = sim_world_random(l->world, UINT64_MAX),
        .fault = fault,
        .fault_ctx = l,
    };
    size_t size = thm_ram_store_size(&config);

    l->memory = aligned_alloc(16, (size + 15) & ~(size_t)15);
    if (thm_ram_store_init(&l->inner, l->memory, size, &config) != THM_OK)
        abort();
}

static void start(struct ledger *l)
{
    if (l->disk != NULL)
        l->inner = l->disk->ops->start(l->disk);
    else
        make_ram_store(l);
    l->under_way = l->stalled = 0;
    l->store =
        (struct thm_store){.ops = &ops, .durable = l->inner->durable, .records = l->inner->records};
}

/* The ledger's own requests are answered at once. */
static bool ask(struct ledger *l, struct thm_store_request *r)
{
    struct thm_store_request *done;

    l->own = r;
    if (l->inner->ops->submit(l->inner, r) != THM_OK ||
        l->inner->ops->collect(l->inner, &done, 1) != 1 || done != r)
        abort();
    l->own = NULL;
    return r->result == THM_OK;
}

void ledger_put(struct ledger *l, uint8_t kind, const char *key, const char *value)
{
    struct thm_store_request put = {.op = THM_STORE_PUT,
                                    .record = {.kind = kind,
                                               .key = key,
                                               .key_len = (uint8_t)strlen(key),
                                               .value = value,
                                               .value_len = (uint16_t)strlen(value)}};

    if (!ask(l, &put))
        abort();
}

void ledger_init(struct ledger *l, struct sim_world *world, const struct store_plan *plan,
                 struct disk *disk)
{
    *l = (struct ledger){.world = world, .plan = *plan, .disk = disk};
    if (disk != NULL)
        disk->world = world;
    start(l);
}

void ledger_settle(struct ledger *l)
{
    struct thm_store_request *done[32];

    for (unsigned i = 0; i <= l->plan.late_max + 32; i++)
        collect(&l->store, done, 32);
}

void ledger_lose(struct ledger *l)
{
    for (unsigned i = 0; i < l->life_count; i++)
        l->lives[i].id = 0;
    free(l->memory);
    start(l);
}

/* --- after a restart of a durable store ----------------------------------------------------- */

/* What was completed is as it was; what follows was under way, and was written before the end. */
static void compare(struct ledger *l, struct ledger_life *life, const struct thm_entry *entry)
{
    const struct ledger_entry *e = ledger_entry(life, entry->n);

    if (e == NULL)
        note_entry(l, life, entry);
    else if (e->for_device != entry->for_device || e->len != entry->len - 1 ||
             memcmp(e->line, entry->line, e->len) != 0)
        broke(l, "no longer what it was", life->stream, entry->n);
}

static void compare_all(struct ledger *l, struct ledger_life *life,
                        const struct thm_store_request *opened)
{
    static char buf[65536];
    struct thm_store_request read = {.op = THM_STORE_READ,
                                     .stream = opened->stream,
                                     .from = opened->first,
                                     .max = 100,
                                     .buf = buf,
                                     .cap = sizeof buf};

    while (read.from <= opened->head) {
        struct thm_entry e = {.n = 0};
        size_t at = 0;
        if (!ask(l, &read) || read.len == 0) {
            broke(l, "not there", life->stream, read.from);
            return;
        }
        for (; thm_read_next(&read, &at, &e); read.from++) {
            if (e.n != read.from)
                broke(l, "a hole before", life->stream, e.n);
            compare(l, life, &e);
        }
    }
}

static void audit(struct ledger *l, struct ledger_life *life)
{
    struct thm_store_request open = {.op = THM_STORE_OPEN};

    strcpy(open.name, life->stream);
    if (!ask(l, &open) || open.incarnation != life->incarnation) {
        broke(l, "in another incarnation", life->stream, open.head);
        return;
    }
    life->id = open.stream;
    if (open.head < life->head)
        broke(l, "lost", life->stream, open.head + 1);
    compare_all(l, life, &open);
    note_kept(l, life, &open);
    l->inner->ops->release(l->inner, open.stream);
}

void ledger_restart(struct ledger *l, enum disk_end end)
{
    l->disk->ops->stop(l->disk, end);
    start(l);
    for (unsigned i = 0; i < l->life_count; i++)
        audit(l, &l->lives[i]);
}

void ledger_free(struct ledger *l)
{
    for (unsigned i = 0; i < l->life_count; i++) {
        for (uint64_t n = 0; n < l->lives[i].head; n++) {
            free(l->lives[i].entries[n].line);
            free(l->lives[i].entries[n].decoded);
        }
        free(l->lives[i].entries);
    }
    free(l->lives);
    free(l->memory);
    if (l->disk != NULL)
        l->disk->ops->stop(l->disk, DISK_ORDERLY);
}
