/* What is played under a seed. */
#include "conversation.h"

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static bool one_in(uint64_t *state, unsigned n)
{
    return next(state) % n == 0;
}

static struct store_plan draw_store(uint64_t *state)
{
    struct store_plan plan = {.blocks = 256, .streams = 64};

    if (one_in(state, 4))
        plan.blocks = 6;
    if (one_in(state, 3)) {
        plan.late_ppm = 300000;
        plan.late_max = 20;
    }
    if (one_in(state, 12)) {
        plan.late_ppm = 600000;
        plan.late_max = 200;
    }
    if (one_in(state, 3))
        plan.fail_ppm = one_in(state, 2) ? 300000 : 20000;
    if (one_in(state, 6))
        plan.busy_ppm = 50000;
    return plan;
}

/* Leaves only what no connection may break of. */
static void make_steady(struct plan *plan)
{
    struct sim_faults *f = &plan->faults;

    plan->steady = true;
    plan->happenings = 0;
    f->reset_ppm = f->partition_ppm = f->refuse_ppm = f->ignore_ppm = f->resolve_fail_ppm = 0;
    f->clock_jump_ppm = f->utc_jump_ppm = 0;
}

struct plan conversation_plan(uint64_t seed)
{
    uint64_t state = seed ^ 0x91a9;
    struct plan plan = {.seed = seed,
                        .faults = sim_faults_draw(seed),
                        .store = draw_store(&state),
                        .talkers = TALKERS_MAX,
                        .sayings = SAYINGS_MAX,
                        .pause_ms = one_in(&state, 4) ? 200 : 8000,
                        .faulty_ms = 120000,
                        .happenings = (unsigned)(next(&state) % 4),
                        .store_survives = one_in(&state, 2),
                        .tight = one_in(&state, 3),
                        .backend = !one_in(&state, 8)};

    for (unsigned i = 0; i < HAPPENINGS; i++)
        plan.may_happen |= one_in(&state, 3) ? 1u << i : 0;
    if (plan.may_happen == 0)
        plan.may_happen = 1u << HAPPEN_KILL;
    if (one_in(&state, 4))
        make_steady(&plan);
    else if (one_in(&state, 8))
        plan.faults.cut_ppm = 2000;
    if (!plan.steady && one_in(&state, 6))
        plan.faults.entropy_ppm = 50000;
    return plan;
}

/* The power is lost while people talk. Every third conversation has no other trouble than that and the disk's. */
struct plan conversation_durable(uint64_t seed, struct disk *disk)
{
    static const uint32_t pauses[] = {200, 1000, 8000}, failures[] = {0, 0, 2000, 20000};
    uint64_t state = seed ^ 0xd15c;
    struct plan plan = conversation_plan(seed);

    plan.disk = disk;
    plan.store.fail_ppm = failures[next(&state) % 4];
    plan.store.busy_ppm = one_in(&state, 3) ? 100000 : 0;
    plan.pause_ms = pauses[next(&state) % 3];
    plan.faulty_ms = plan.pause_ms * 10 + 6000;
    plan.happenings = 4 + (unsigned)(next(&state) % 6);
    plan.may_happen |= 1u << HAPPEN_KILL;
    plan.steady = false;
    if (one_in(&state, 3)) {
        plan.may_happen = 1u << HAPPEN_KILL | 1u << HAPPEN_SHUTDOWN;
        plan.faults = (struct sim_faults){0};
    }
    return plan;
}

struct plan conversation_short(uint64_t seed)
{
    return (struct plan){.seed = seed,
                         .store = {.blocks = 64, .streams = 16},
                         .talkers = 2,
                         .sayings = 4,
                         .pause_ms = 20,
                         .faulty_ms = 100,
                         .late_fault = true,
                         .backend = true};
}
