/* The emulated network keeps the promises of port.h, under every fault, and can be replayed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "sim_net.h"
#include "sim_talk.h"

/* Every knob alone ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    bool lossy; /* breaks connections: the talk starts anew until the faults stop */
    struct sim_faults faults;
} knobs[] = {
    {"calm", false, {0}},
    {"1-byte sends", false, {.short_send_ppm = SIM_ALWAYS, .short_max = 1}},
    {"1-byte recvs", false, {.short_recv_ppm = SIM_ALWAYS, .short_max = 1}},
    {"1-byte both", false, {.short_send_ppm = SIM_ALWAYS, .short_recv_ppm = SIM_ALWAYS}},
    {"short transfers",
     false,
     {.short_send_ppm = 500000, .short_recv_ppm = 500000, .short_max = 700}},
    {"tiny buffers", false, {.send_buffer = 600, .recv_buffer = 600}},
    {"1-byte buffers", false, {.send_buffer = 1, .recv_buffer = 1}},
    {"latency", false, {.latency_ms = 90}},
    {"jitter", false, {.jitter_ms = 300}},
    {"stalls", false, {.stall_ppm = 300000, .stall_ms = 4000}},
    {"partitions", false, {.partition_ppm = 200000, .partition_ms = 9000}},
    {"backlog of one", false, {.backlog = 1}},
    {"shuffled", false, {.shuffle = true}},
    {"spurious", false, {.spurious_ppm = 500000}},
    {"duplicates", false, {.duplicate_ppm = 500000}},
    {"utc jumps", false, {.utc_jump_ppm = 300000, .utc_jump_ms = 900000}},
    {"entropy", false, {.entropy_ppm = 500000}},
    {"nv", false, {.nv_fail_ppm = 500000, .nv_torn_ppm = 500000}},
    {"clock jumps", true, {.clock_jump_ppm = 30000, .clock_jump_ms = 600000}},
    {"resets", true, {.reset_ppm = 200000}},
    {"cuts", true, {.cut_ppm = 200000}},
    {"unresolved", true, {.resolve_fail_ppm = 700000}},
    {"refused", true, {.refuse_ppm = 700000}},
    {"ignored", true, {.ignore_ppm = 700000}},
    {"rude close", true, {.rude_close_ppm = SIM_ALWAYS}},
};

static void every_knob_alone_keeps_the_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof knobs / sizeof knobs[0]; i++)
        for (uint64_t seed = 1; seed <= 8; seed++) {
            struct talk talk;
            talk_start(&talk, seed, &knobs[i].faults, 30000, knobs[i].lossy ? 20000 : 0);
            if (knobs[i].lossy) {
                sim_world_run_for(talk.world, 100000);
                sim_world_faults(talk.world, NULL);
            }
            if (!talk_finish(&talk, 3600000))
                fail_msg("%s, seed %u: the talk hangs", knobs[i].name, (unsigned)seed);
            talk_end(&talk);
        }
}

static void after_any_mixture_of_faults_all_converges(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct talk talk;
        struct sim_faults faults = sim_faults_draw(seed);
        faults.cut_ppm = seed % 2 == 0 ? 1000 : 0;
        talk_start(&talk, seed, &faults, 20000, 20000);
        sim_world_run_for(talk.world, 120000);
        sim_world_faults(talk.world, NULL);
        if (!talk_finish(&talk, 600000))
            fail_msg("seed %u: the talk hangs", (unsigned)seed);
        talk_end(&talk);
    }
}

static void any_one_failing_call_is_survived(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        uint64_t nth = 1, made = 0;
        do {
            struct talk talk;
            talk_start(&talk, 7, NULL, 3000, 20000);
            struct sim_host *host = side == 0 ? talk.caller.host : talk.callee.host;
            sim_host_fail_call(host, nth);
            if (!talk_finish(&talk, 600000))
                fail_msg("call %u of side %u failed and the talk hangs", (unsigned)nth, side);
            made = sim_host_calls(host);
            talk_end(&talk);
        } while (++nth <= made);
        assert_true(nth > 5);
    }
}

/* Replay ---------------------------------------------------------------------------------------- */

static uint64_t hash_of(uint64_t seed)
{
    struct talk talk;
    struct sim_faults faults = sim_faults_draw(seed);

    talk_start(&talk, seed, &faults, 20000, 20000);
    sim_world_run_for(talk.world, 60000);
    uint64_t hash = sim_world_trace_hash(talk.world);
    sim_world_free(talk.world);
    return hash;
}

static void a_seed_replays_its_run(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        assert_int_equal(hash_of(seed), hash_of(seed));
        assert_int_not_equal(hash_of(seed), hash_of(seed + 1));
    }
}

/* Death and separation -------------------------------------------------------------------------- */

/* A talk that is half-way through. */
static void start_midway(struct talk *talk, uint64_t seed, uint64_t patience)
{
    const struct sim_faults slow = {.latency_ms = 20, .send_buffer = 16000};

    talk_start(talk, seed, &slow, 500000, patience);
    sim_world_run_for(talk->world, 200);
    assert_in_range(talk->caller.received, 1, 499999);
    assert_in_range(talk->callee.received, 1, 499999);
    assert_int_equal(talk->caller.broken + talk->callee.broken, 0);
}

static void a_killed_host_comes_back(void **state)
{
    (void)state;
    for (int how = SIM_DEATH_RESET; how <= SIM_DEATH_SILENT; how++)
        for (unsigned side = 0; side < 2; side++) {
            struct talk talk;
            start_midway(&talk, 3, 20000);
            struct talker *dead = side == 0 ? &talk.caller : &talk.callee;
            sim_host_kill(dead->host, (enum sim_death)how);
            assert_int_equal(sim_host_open_sockets(dead->host), 0);
            sim_world_run_for(talk.world, 5000);
            talker_run(dead);
            assert_true(talk_finish(&talk, 600000));
            talk_end(&talk);
        }
}

static void a_reset_death_is_told_and_a_silent_one_is_not(void **state)
{
    (void)state;
    for (int how = SIM_DEATH_RESET; how <= SIM_DEATH_SILENT; how++) {
        struct talk talk;
        start_midway(&talk, 3, 0);
        sim_host_kill(talk.callee.host, (enum sim_death)how);
        sim_world_run_for(talk.world, 500);
        assert_int_equal(talk.caller.broken > 0, how == SIM_DEATH_RESET);
        if (how == SIM_DEATH_SILENT) { /* a system that has come back knows no old connection */
            talker_run(&talk.callee);
            sim_world_run_for(talk.world, 500);
            assert_int_equal(talk.caller.broken, 1);
        }
        sim_world_free(talk.world);
    }
}

static void a_partition_heals(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        struct talk talk;
        start_midway(&talk, 5, 0);
        sim_host_partition(side == 0 ? talk.caller.host : talk.callee.host, SIM_FOREVER);
        uint64_t before = talk.caller.received + talk.callee.received;
        sim_world_run_for(talk.world, 500000);
        assert_int_equal(talk.caller.received + talk.callee.received, before);
        sim_host_partition(side == 0 ? talk.caller.host : talk.callee.host, 0);
        assert_true(talk_finish(&talk, 60000));
        assert_int_equal(talk.caller.broken + talk.callee.broken, 0);
        talk_end(&talk);
    }
}

static void a_calm_ends_what_chance_began(void **state)
{
    (void)state;
    const struct sim_faults long_ones[] = {
        {.stall_ppm = 300000, .stall_ms = 100000000},
        {.partition_ppm = 300000, .partition_ms = 100000000},
    };

    for (int i = 0; i < 2; i++) {
        struct talk talk;
        talk_start(&talk, 4, &long_ones[i], 50000, 0);
        sim_world_run_for(talk.world, 1000);
        assert_false(talk.caller.done);
        sim_world_faults(talk.world, NULL);
        assert_true(talk_finish(&talk, 3000));
        talk_end(&talk);
    }
}

static void a_cut_is_noticed_by_deadlines_alone(void **state)
{
    (void)state;
    struct talk talk;
    start_midway(&talk, 6, 20000);
    sim_host_cut(talk.callee.host);
    sim_world_run_for(talk.world, 19000);
    assert_int_equal(talk.caller.broken + talk.caller.late, 0);
    assert_true(talk_finish(&talk, 600000));
    assert_int_equal(talk.caller.broken, 0);
    assert_int_equal(talk.caller.late, 1);
    talk_end(&talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_knob_alone_keeps_the_bytes),
        cmocka_unit_test(after_any_mixture_of_faults_all_converges),
        cmocka_unit_test(any_one_failing_call_is_survived),
        cmocka_unit_test(a_seed_replays_its_run),
        cmocka_unit_test(a_killed_host_comes_back),
        cmocka_unit_test(a_reset_death_is_told_and_a_silent_one_is_not),
        cmocka_unit_test(a_partition_heals),
        cmocka_unit_test(a_calm_ends_what_chance_began),
        cmocka_unit_test(a_cut_is_noticed_by_deadlines_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
