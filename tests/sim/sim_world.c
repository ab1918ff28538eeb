#include "sim_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *sim_alloc(size_t size)
{
    void *p = calloc(1, size);

    if (p == NULL) {
        fputs("sim: out of memory\n", stderr);
        abort();
    }
    return p;
}

void *sim_realloc(void *old, size_t size)
{
    void *p = realloc(old, size);

    if (p == NULL) {
        fputs("sim: out of memory\n", stderr);
        abort();
    }
    return p;
}

/* Randomness ----------------------------------------------------------------------------------- */

uint64_t sim_seed(uint64_t fallback)
{
    const char *given = getenv("SIM_SEED");

    return given != NULL ? strtoull(given, NULL, 0) : fallback;
}

uint64_t sim_random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t sim_world_random(struct sim_world *world, uint64_t below)
{
    return sim_random_next(&world->rng) % below;
}

uint64_t sim_random_size(struct sim_world *world, uint64_t max)
{
    return max <= 1 ? 1 : 1 + sim_world_random(world, max);
}

bool sim_chance(struct sim_world *world, uint32_t ppm)
{
    return ppm != 0 && sim_world_random(world, SIM_ALWAYS) < ppm;
}

/* Trace ---------------------------------------------------------------------------------------- */

static void mix(struct sim_world *world, uint64_t value)
{
    uint64_t state = world->hash ^ value;

    world->hash = sim_random_next(&state);
}

void sim_note(struct sim_world *world, const struct sim_host *host, const char *what, uint64_t a,
              uint64_t b)
{
    uint64_t word = 0;

    memcpy(&word, what, strnlen(what, sizeof word));
    mix(world, world->now);
    mix(world, word ^ (host != NULL ? host->id : 0u));
    mix(world, a);
    mix(world, b);
    if (world->trace)
        fprintf(stderr, "sim %8llu %-10s %-12s %llu %llu\n", (unsigned long long)world->now,
                host != NULL ? host->name : "-", what, (unsigned long long)a,
                (unsigned long long)b);
}

void sim_note_bytes(struct sim_world *world, const uint8_t *bytes, size_t len)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ bytes[i]) * 0x100000001b3u;
    mix(world, h);
}

uint64_t sim_world_trace_hash(const struct sim_world *world)
{
    return world->hash;
}

void sim_world_on_breach(struct sim_world *world, void (*breach)(void *ctx, const char *what),
                         void *ctx)
{
    world->breach = breach;
    world->breach_ctx = ctx;
}

void sim_breach(struct sim_host *host, const char *format, ...)
{
    struct sim_world *world = host->world;
    char what[200];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (world->breach != NULL) {
        world->breach(world->breach_ctx, what);
        return;
    }
    fprintf(stderr, "sim: seed %llu, at %llu ms, host %s broke the contract of port.h: %s\n",
            (unsigned long long)world->seed, (unsigned long long)world->now, host->name, what);
    abort();
}

/* Timers --------------------------------------------------------------------------------------- */

static bool earlier(const struct sim_timer *a, const struct sim_timer *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void place(struct sim_world *world, struct sim_timer *timer, size_t at)
{
    world->heap[at] = timer;
    timer->place = at;
}

/* Moves a timer, whose place is free, to where it belongs. */
static void sift(struct sim_world *world, struct sim_timer *timer, size_t at)
{
    while (at > 1 && earlier(timer, world->heap[at / 2])) {
        place(world, world->heap[at / 2], at);
        at /= 2;
    }
    for (;;) {
        size_t child = 2 * at;
        if (child < world->heap_count && earlier(world->heap[child + 1], world->heap[child]))
            child++;
        if (child > world->heap_count || !earlier(world->heap[child], timer))
            break;
        place(world, world->heap[child], at);
        at = child;
    }
    place(world, timer, at);
}

void sim_timer_clear(struct sim_world *world, struct sim_timer *timer)
{
    size_t at = timer->place;

    if (at == 0)
        return;
    timer->place = 0;
    struct sim_timer *last = world->heap[world->heap_count--];
    if (last != timer)
        sift(world, last, at);
}

void sim_timer_set(struct sim_world *world, struct sim_timer *timer, uint64_t due)
{
    sim_timer_clear(world, timer);
    if (due == SIM_FOREVER)
        return;
    if (world->heap_count + 1 >= world->heap_cap) {
        world->heap_cap = world->heap_cap * 2 + 64;
        world->heap = sim_realloc(world->heap, world->heap_cap * sizeof world->heap[0]);
    }
    timer->due = due > world->now ? due : world->now;
    timer->order = world->faults.shuffle ? sim_random_next(&world->rng) : world->order++;
    sift(world, timer, ++world->heap_count);
}

static void fire_next(struct sim_world *world)
{
    struct sim_timer *timer = world->heap[1];

    world->now = timer->due;
    sim_timer_clear(world, timer);
    timer->fire(timer->owner);
}

/* The world ------------------------------------------------------------------------------------ */

struct sim_world *sim_world_new(uint64_t seed)
{
    struct sim_world *world = sim_alloc(sizeof *world);

    world->seed = seed;
    world->rng = seed;
    world->hash = seed;
    world->trace = getenv("SIM_TRACE") != NULL;
    return world;
}

void sim_world_free(struct sim_world *world)
{
    if (world == NULL)
        return;
    while (world->conns != NULL)
        sim_conn_free(world->conns);
    for (unsigned i = 0; i < world->host_count; i++)
        sim_host_free(world->hosts[i]);
    free(world->hosts);
    free(world->runnable);
    free(world->heap);
    free(world);
}

void sim_world_faults(struct sim_world *world, const struct sim_faults *faults)
{
    world->faults = faults != NULL ? *faults : (struct sim_faults){0};
    for (unsigned i = 0; i < world->host_count; i++)
        if (world->hosts[i]->partition_by_chance)
            world->hosts[i]->partitioned_until = 0;
    for (struct sim_conn *conn = world->conns; conn != NULL; conn = conn->next) {
        conn->ends[0].out.stalled_until = 0;
        conn->ends[1].out.stalled_until = 0;
        sim_conn_unblock(conn);
    }
}

uint64_t sim_world_now(const struct sim_world *world)
{
    return world->now;
}

static void run_one_host(struct sim_world *world)
{
    size_t pick = sim_world_random(world, world->runnable_count);
    struct sim_host *host = world->runnable[pick];

    world->runnable[pick] = world->runnable[--world->runnable_count];
    host->runnable = false;
    sim_host_turn(host);
}

bool sim_world_step(struct sim_world *world)
{
    bool timer = world->heap_count > 0;

    if (world->runnable_count == 0) {
        if (timer)
            fire_next(world);
        return timer;
    }
    /* A host that is late finds more that has happened meanwhile. */
    if (timer && world->faults.shuffle && world->heap[1]->due == world->now &&
        sim_world_random(world, 2) == 0)
        fire_next(world);
    else
        run_one_host(world);
    return true;
}

/* One step, but none beyond `end`. */
static bool step_before(struct sim_world *world, uint64_t end)
{
    if (world->runnable_count == 0 && (world->heap_count == 0 || world->heap[1]->due > end))
        return false;
    return sim_world_step(world);
}

bool sim_world_run_until(struct sim_world *world, bool (*done)(void *ctx), void *ctx,
                         uint64_t limit_ms)
{
    uint64_t end = world->now + limit_ms;

    while (!done(ctx))
        if (!step_before(world, end))
            return false;
    return true;
}

void sim_world_run_for(struct sim_world *world, uint64_t ms)
{
    uint64_t end = world->now + ms;

    while (step_before(world, end)) {
    }
    world->now = end;
}

/* 0 twice in three, else up to `max`. */
static uint32_t draw(uint64_t *state, uint32_t max)
{
    uint64_t r = sim_random_next(state);

    return r % 3 != 0 ? 0 : (uint32_t)(r / 3 % max) + 1;
}

struct sim_faults sim_faults_draw(uint64_t seed)
{
    uint64_t state = seed ^ 0x5eed;
    struct sim_faults f = {
        .short_send_ppm = draw(&state, SIM_ALWAYS),
        .short_recv_ppm = draw(&state, SIM_ALWAYS),
        .short_max = draw(&state, 300),
        .latency_ms = draw(&state, 100),
        .jitter_ms = draw(&state, 200),
        .stall_ppm = draw(&state, 20000),
        .stall_ms = draw(&state, 5000),
        .reset_ppm = draw(&state, 3000),
        .partition_ppm = draw(&state, 1000),
        .partition_ms = draw(&state, 30000),
        .refuse_ppm = draw(&state, 200000),
        .ignore_ppm = draw(&state, 100000),
        .resolve_fail_ppm = draw(&state, 100000),
        .backlog = draw(&state, 4),
        .shuffle = draw(&state, 1) != 0,
        .spurious_ppm = draw(&state, 200000),
        .duplicate_ppm = draw(&state, 200000),
        .clock_jump_ppm = draw(&state, 500),
        .clock_jump_ms = draw(&state, 600000),
        .utc_jump_ppm = draw(&state, 1000),
        .utc_jump_ms = draw(&state, 600000),
    };
    uint32_t buffer = draw(&state, 4000);

    if (buffer != 0) {
        f.send_buffer = 600 + buffer;
        f.recv_buffer = 600 + draw(&state, 4000);
    }
    return f;
}
