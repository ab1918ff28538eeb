/* The emulated port, call by call: it does what port.h says, no less and no more. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sim_probe.h"

/* Readiness ------------------------------------------------------------------------------------- */

static void a_condition_is_reported_once_until_found_gone(void **state)
{
    (void)state;
    struct probe_pair p;
    size_t n;

    probe_connect(&p, 1, NULL);
    probe_send(&p, 10);
    assert_int_equal(probe_told(&p.b, 2), THM_EV_READ);
    probe_send(&p, 10);
    assert_int_equal(probe_told(&p.b, 2), 0);
    assert_int_equal(probe_get(&p.b, p.to, 20, &n), THM_IO_OK);
    assert_int_equal(n, 20);
    probe_send(&p, 10);
    assert_int_equal(probe_told(&p.b, 2), 0);
    assert_int_equal(probe_get(&p.b, p.to, 20, &n), THM_IO_OK);
    assert_int_equal(n, 10);
    probe_send(&p, 10);
    assert_int_equal(probe_told(&p.b, 2), THM_EV_READ);
    assert_int_equal(probe_get(&p.b, p.to, 10, &n), THM_IO_OK);
    assert_int_equal(probe_get(&p.b, p.to, 10, &n), THM_IO_AGAIN);
    probe_send(&p, 10);
    assert_int_equal(probe_told(&p.b, 2), THM_EV_READ);
    sim_world_free(p.world);
}

static void a_full_buffer_reports_room_when_the_peer_reads(void **state)
{
    (void)state;
    struct probe_pair p;
    uint8_t bytes[1000] = {0};
    size_t n;

    probe_connect(&p, 1, &(struct sim_faults){.send_buffer = 600, .recv_buffer = 700});
    assert_int_equal(p.a.ops->send(p.a.port, p.from, bytes, 1000, &n), THM_IO_OK);
    assert_int_equal(n, 600);
    assert_int_equal(p.a.ops->send(p.a.port, p.from, bytes, 1000, &n), THM_IO_AGAIN);
    sim_world_run_for(p.world, 100);
    assert_int_equal(probe_told(&p.a, 2), THM_EV_WRITE);
    assert_int_equal(p.a.ops->send(p.a.port, p.from, bytes, 1000, &n), THM_IO_OK);
    assert_int_equal(n, 600);
    sim_world_run_for(p.world, 100);
    assert_int_equal(probe_told(&p.a, 2), THM_EV_WRITE); /* 100 of them fitted the receiver */
    assert_int_equal(p.a.ops->send(p.a.port, p.from, bytes, 1000, &n), THM_IO_OK);
    assert_int_equal(n, 100);
    sim_world_run_for(p.world, 100);
    assert_int_equal(probe_told(&p.a, 2), 0);
    assert_int_equal(probe_get(&p.b, p.to, 1000, &n), THM_IO_OK);
    assert_int_equal(n, 700);
    sim_world_run_for(p.world, 100);
    assert_int_equal(probe_told(&p.a, 2), THM_EV_WRITE);
    sim_world_free(p.world);
}

static void what_a_short_transfer_left_is_reported(void **state)
{
    (void)state;
    struct probe_pair p;
    size_t n;

    probe_connect(&p, 1, &(struct sim_faults){.short_recv_ppm = SIM_ALWAYS});
    probe_send(&p, 3);
    assert_int_equal(probe_told(&p.b, 2), THM_EV_READ);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(probe_get(&p.b, p.to, 10, &n), THM_IO_OK);
        assert_int_equal(n, 1);
        assert_int_equal(probe_get(&p.b, p.to, 10, &n), THM_IO_AGAIN);
        sim_world_run_for(p.world, 1);
        assert_int_equal(probe_told(&p.b, 2), i < 2 ? THM_EV_READ : 0);
    }
    sim_world_faults(p.world, &(struct sim_faults){.short_send_ppm = SIM_ALWAYS});
    assert_int_equal(probe_put(&p.a, p.from, "abc"), 1);
    assert_int_equal(p.a.ops->send(p.a.port, p.from, "bc", 2, &n), THM_IO_AGAIN);
    sim_world_run_for(p.world, 1);
    assert_int_equal(probe_told(&p.a, 2), THM_EV_WRITE);
    sim_world_free(p.world);
}

static void events_repeat_and_come_for_no_reason_if_asked(void **state)
{
    (void)state;
    struct probe_pair p;
    unsigned spurious = 0;

    probe_connect(&p, 1, NULL);
    sim_world_faults(p.world, &(struct sim_faults){.duplicate_ppm = SIM_ALWAYS});
    probe_send(&p, 1);
    assert_true(p.b.times[2] > 1);
    sim_world_faults(p.world, &(struct sim_faults){.spurious_ppm = SIM_ALWAYS});
    probe_told(&p.a, 2);
    for (int i = 0; i < 50; i++) {
        sim_host_poke(p.a.host);
        sim_world_run_for(p.world, 1);
        spurious |= probe_told(&p.a, 2);
    }
    assert_int_equal(spurious, THM_EV_READ | THM_EV_WRITE);
    sim_world_free(p.world);
}

/* want ------------------------------------------------------------------------------------------ */

static void want_reports_only_what_is_wholly_there(void **state)
{
    (void)state;
    struct probe_pair p;
    size_t n;

    probe_connect(&p, 1, NULL);
    assert_int_equal(p.b.ops->want(p.b.port, p.to, 5), THM_IO_AGAIN);
    probe_send(&p, 4);
    assert_int_equal(probe_told(&p.b, 2), 0);
    probe_send(&p, 1);
    assert_int_equal(probe_told(&p.b, 2), THM_EV_READ);
    assert_int_equal(p.b.ops->want(p.b.port, p.to, 5), THM_IO_OK);
    assert_int_equal(p.b.ops->want(p.b.port, p.to, 6), THM_IO_AGAIN);
    probe_send(&p, 3);
    assert_int_equal(probe_told(&p.b, 2), THM_EV_READ);
    assert_int_equal(probe_get(&p.b, p.to, 100, &n), THM_IO_OK);
    assert_int_equal(n, 8);
    probe_send(&p, 5); /* the setting stays */
    assert_int_equal(probe_told(&p.b, 2), 0);
    probe_send(&p, 1);
    assert_int_equal(probe_told(&p.b, 2), THM_EV_READ);
    sim_world_free(p.world);
}

static void what_want_promised_comes_in_one_piece(void **state)
{
    (void)state;
    struct probe_pair p;
    size_t n;

    probe_connect(&p, 1, NULL);
    sim_world_faults(p.world, &(struct sim_faults){.short_recv_ppm = SIM_ALWAYS});
    probe_send(&p, 50);
    assert_int_equal(p.b.ops->want(p.b.port, p.to, 30), THM_IO_OK);
    assert_int_equal(probe_get(&p.b, p.to, 5, &n), THM_IO_OK);
    assert_int_equal(n, 5);
    assert_int_equal(probe_get(&p.b, p.to, 100, &n), THM_IO_OK);
    assert_int_equal(n, 25);
    assert_int_equal(p.b.ops->want(p.b.port, p.to, 20), THM_IO_AGAIN); /* "not arrived yet" */
    probe_told(&p.b, 2);
    sim_world_run_for(p.world, 1);
    assert_int_equal(probe_told(&p.b, 2), THM_EV_READ);
    assert_int_equal(probe_get(&p.b, p.to, 100, &n), THM_IO_OK);
    assert_int_equal(n, 20);
    sim_world_free(p.world);
}

static void want_opens_a_small_window(void **state)
{
    (void)state;
    struct probe_pair p;

    probe_connect(&p, 1, &(struct sim_faults){.recv_buffer = 600});
    probe_send(&p, 16709);
    assert_int_equal(p.b.ops->want(p.b.port, p.to, 16709), THM_IO_AGAIN);
    probe_told(&p.b, 2);
    sim_world_run_for(p.world, 100);
    assert_int_equal(probe_told(&p.b, 2), THM_EV_READ);
    sim_world_free(p.world);
}

/* Ends ------------------------------------------------------------------------------------------ */

static void eof_comes_after_the_last_byte_and_closed_is_told(void **state)
{
    (void)state;
    struct probe_pair p;
    size_t n;

    probe_connect(&p, 1, NULL);
    assert_int_equal(p.b.ops->want(p.b.port, p.to, 100), THM_IO_AGAIN);
    probe_put(&p.a, p.from, "bye");
    p.a.ops->close(p.a.port, p.from);
    sim_world_run_for(p.world, 100);
    assert_int_equal(probe_told(&p.b, 2), THM_EV_READ | THM_EV_CLOSED);
    assert_int_equal(p.b.ops->want(p.b.port, p.to, 100), THM_IO_EOF);
    assert_int_equal(probe_get(&p.b, p.to, 10, &n), THM_IO_OK);
    assert_int_equal(n, 3);
    sim_world_run_for(p.world, 100);
    assert_int_equal(probe_told(&p.b, 2), 0); /* after CLOSED one reads on by oneself */
    assert_int_equal(probe_get(&p.b, p.to, 10, &n), THM_IO_EOF);
    assert_int_equal(probe_put(&p.b, p.to, "too late"), 8);
    sim_world_run_for(p.world, 100);
    assert_int_equal(probe_told(&p.b, 2), THM_EV_CLOSED);
    assert_int_equal(p.b.ops->send(p.b.port, p.to, "x", 1, &n), THM_IO_ERROR);
    p.b.ops->close(p.b.port, p.to);
    assert_int_equal(sim_host_open_sockets(p.a.host), 0);
    assert_int_equal(sim_host_open_sockets(p.b.host), 1);
    sim_world_free(p.world);
}

static void a_half_closed_stream_still_carries_answers(void **state)
{
    (void)state;
    struct probe_pair p;
    size_t n;

    probe_connect(&p, 1, NULL);
    p.a.ops->shutdown(p.a.port, p.from);
    sim_world_run_for(p.world, 10);
    assert_int_equal(probe_told(&p.b, 2), THM_EV_READ | THM_EV_CLOSED);
    probe_put(&p.b, p.to, "answer");
    sim_world_run_for(p.world, 10);
    assert_int_equal(probe_told(&p.a, 2), THM_EV_READ);
    assert_int_equal(probe_get(&p.a, p.from, 10, &n), THM_IO_OK);
    assert_int_equal(n, 6);
    sim_world_free(p.world);
}

static void a_closed_end_flushes_through_a_small_buffer(void **state)
{
    (void)state;
    struct probe_pair p;
    size_t n, total = 0;

    probe_connect(&p, 1, &(struct sim_faults){.recv_buffer = 10});
    probe_send(&p, 500);
    p.a.ops->close(p.a.port, p.from);
    for (int i = 0; i < 100; i++) {
        sim_world_run_for(p.world, 10);
        if (probe_get(&p.b, p.to, 100, &n) == THM_IO_EOF)
            break;
        total += n;
    }
    assert_int_equal(total, 500);
    sim_world_free(p.world);
}

static void an_abort_breaks_the_other_end(void **state)
{
    (void)state;
    unsigned lost = 0;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct probe_pair p;
        size_t n;
        probe_connect(&p, seed, NULL);
        probe_send(&p, 5);
        probe_put(&p.a, p.from, "dropped");
        p.a.ops->abort(p.a.port, p.from);
        sim_world_run_for(p.world, 10);
        assert_int_equal(probe_told(&p.b, 2), THM_EV_READ | THM_EV_CLOSED);
        if (probe_get(&p.b, p.to, 10, &n) == THM_IO_OK)
            assert_int_equal(n, 5);
        else
            lost++;
        assert_int_equal(probe_get(&p.b, p.to, 10, &n), THM_IO_ERROR);
        assert_int_equal(p.b.ops->send(p.b.port, p.to, "x", 1, &n), THM_IO_ERROR);
        sim_world_free(p.world);
    }
    assert_in_range(lost, 1, 19); /* as systems differ */
}

static void a_reset_reaches_both_ends(void **state)
{
    (void)state;
    struct probe_pair p;
    size_t n;

    probe_connect(&p, 1, NULL);
    sim_host_reset(p.a.host);
    sim_world_run_for(p.world, 10);
    assert_true((probe_told(&p.a, 2) & THM_EV_CLOSED) != 0);
    assert_true((probe_told(&p.b, 2) & THM_EV_CLOSED) != 0);
    assert_int_equal(probe_get(&p.a, p.from, 10, &n), THM_IO_ERROR);
    assert_int_equal(probe_get(&p.b, p.to, 10, &n), THM_IO_ERROR);
    sim_world_free(p.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_condition_is_reported_once_until_found_gone),
        cmocka_unit_test(a_full_buffer_reports_room_when_the_peer_reads),
        cmocka_unit_test(what_a_short_transfer_left_is_reported),
        cmocka_unit_test(events_repeat_and_come_for_no_reason_if_asked),
        cmocka_unit_test(want_reports_only_what_is_wholly_there),
        cmocka_unit_test(what_want_promised_comes_in_one_piece),
        cmocka_unit_test(want_opens_a_small_window),
        cmocka_unit_test(eof_comes_after_the_last_byte_and_closed_is_told),
        cmocka_unit_test(a_half_closed_stream_still_carries_answers),
        cmocka_unit_test(a_closed_end_flushes_through_a_small_buffer),
        cmocka_unit_test(an_abort_breaks_the_other_end),
        cmocka_unit_test(a_reset_reaches_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
