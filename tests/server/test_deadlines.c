/* Time: every deadline, handshakes that wait for their turn, and clocks that jump. */
#include "server/host.h"

#include <string.h>

static void ends_after(struct rig *r, struct peer *p, uint64_t ms)
{
    rig_pass(r, ms - 1000);
    assert_false(p->broken);
    expect_end(p, 2000);
}

/* --- deadlines ------------------------------------------------------------------------------ */

static void a_silent_connection_ends(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    r.watched = "refused";
    struct peer *p = rig_dial(&r, 0, NULL);
    p->silent = true;
    rig_pass(&r, THM_HANDSHAKE_MS - 1000);
    assert_int_equal(rig_stats(&r).connections, 1);
    rig_pass(&r, 2000);
    assert_int_equal(rig_stats(&r).connections, 0);
    assert_int_equal(r.logged_code, THM_E_TIMEOUT);
    rig_end(&r);
}

static void who_says_no_hello_is_told_and_ended(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *p = rig_open(&r, 0);
    rig_pass(&r, THM_LOGIN_MS / 2);
    say(p, "{'msgtype':'lookup_request','lookup':'u0'}"); /* buys no time */
    expect(p, "{'msgtype':'lookup_reply',*");
    ends_after(&r, p, THM_LOGIN_MS / 2);
    expect(p, "{'msgtype':'goodbye','code':'timeout','reason':'*'}");
    rig_end(&r);
}

static void a_silent_session_ends_and_a_ping_keeps_it(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    expect(u0, "{'msgtype':'presence',*");
    rig_pass(&r, THM_IDLE_MS - 5000);
    say(u0, "{'msgtype':'ping'}");
    expect(u0, "{'msgtype':'pong'}");
    rig_pass(&r, 10000);
    assert_true(u1->broken);
    expect(u1, "{'msgtype':'goodbye','code':'idle','reason':'*'}");
    expect(u0, "{'msgtype':'presence',*'userid':'u1',*'left'}");
    rig_pass(&r, THM_IDLE_MS - 20000);
    assert_false(u0->broken);
    ends_after(&r, u0, 10000);
    rig_end(&r);
}

/* It stated no credit, or more than it reads, and stops reading: its record stays half sent. */
static void who_grants_more_than_he_reads_is_dropped(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    sim_world_faults(r.world, &(struct sim_faults){.send_buffer = 2048, .recv_buffer = 2048});
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    u1->deaf = true;
    for (int i = 0; i < 300; i++)
        sayf(u0, "{'msgtype':'say','text':'%d ................................................'}",
             i);
    expect_later(u0, "{'msgtype':'message',*'n':300,*"); /* costs the others nothing */
    acknowledge(u0);
    for (int i = 0; i < 5; i++) { /* that it speaks on is no help */
        say(u1, "{'msgtype':'ping'}");
        rig_pass(&r, (THM_STALL_MS - 10000) / 5);
    }
    assert_int_equal(rig_stats(&r).sessions, 2);
    r.watched = "close";
    rig_pass(&r, 20000);
    assert_int_equal(rig_stats(&r).sessions, 1);
    assert_int_equal(r.logged_code, THM_E_SLOW);
    rig_end(&r);
}

/* It reads a little now and then: that is progress. */
static void who_reads_slowly_is_not_dropped(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    sim_world_faults(r.world, &(struct sim_faults){.send_buffer = 2048, .recv_buffer = 2048});
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    u1->deaf = true;
    for (int i = 0; i < 300; i++)
        sayf(u0, "{'msgtype':'say','text':'%d ................................................'}",
             i);
    for (int i = 0; i < 6; i++) {
        rig_pass(&r, THM_STALL_MS - 10000);
        assert_int_equal(rig_stats(&r).sessions, 2);
        acknowledge(u0);
        sim_world_faults(r.world,
                         &(struct sim_faults){.short_recv_ppm = SIM_ALWAYS, .short_max = 1500});
        peer_listen(u1);
        rig_pass(&r, 1);
        u1->deaf = true;
    }
    rig_end(&r);
}

static void a_goodbye_that_nobody_reads_ends_as_well(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    sim_world_faults(r.world, &(struct sim_faults){.send_buffer = 2048, .recv_buffer = 2048});
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    u1->deaf = true;
    for (int i = 0; i < 100; i++)
        sayf(u0, "{'msgtype':'say','text':'%d ................................................'}",
             i);
    rig_pass(&r, 1000);
    thm_server_kick(r.server, "u1", "out");
    rig_poke(&r);
    rig_pass(&r, THM_CLOSE_MS - 1000);
    assert_int_equal(rig_stats(&r).connections, 2);
    assert_int_equal(rig_stats(&r).sessions, 1); /* it is no session any more, though */
    rig_pass(&r, 2000);
    assert_int_equal(rig_stats(&r).connections, 1);
    rig_end(&r);
}

/* A host that slept: what came meanwhile counts. */
static void a_jump_of_the_clock_ends_nobody_who_spoke(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    expect(u0, "{'msgtype':'presence',*");
    say(u0, "{'msgtype':'ping'}");
    sim_host_partition(r.host, 5);
    rig_pass(&r, 2);
    sim_host_partition(r.host, 0);
    sim_host_jump(r.host, THM_IDLE_MS + 1);
    rig_pass(&r, 1000);
    assert_true(u1->broken);
    assert_false(u0->broken);
    expect_later(u0, "{'msgtype':'pong'}");
    rig_end(&r);
}

/* --- handshakes ----------------------------------------------------------------------------- */

static void two_slots(struct rig *r)
{
    r->config.max_clients = 20;
    r->config.max_users = 20;
    r->config.max_handshakes = 2;
    r->config.max_per_address = 2;
}

static bool all_open(void *ctx)
{
    const struct rig *r = ctx;

    for (unsigned i = 0; i < r->peer_count; i++)
        if (r->peers[i]->tls.phase != THM_TLS_OPEN)
            return false;
    return true;
}

static void handshakes_wait_for_a_slot(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, two_slots);
    for (unsigned i = 0; i < 12; i++)
        rig_dial(&r, i % 4, NULL);
    for (unsigned i = 0; i < 30; i++) {
        assert_in_range(rig_stats(&r).tls.handshakes, 0, 2);
        rig_pass(&r, 1);
    }
    assert_true(sim_world_run_until(r.world, all_open, &r, 5000));
    rig_end(&r);
}

static void one_slot_an_address(struct rig *r)
{
    two_slots(r);
    r->config.max_handshakes = 10;
    r->config.max_per_address = 1;
}

static void an_address_has_so_many_slots(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, one_slot_an_address);
    struct peer *first = rig_dial(&r, 0, NULL);
    for (unsigned i = 0; i < 5; i++)
        rig_dial(&r, i % 4, first);
    struct peer *other = rig_dial(&r, 1, NULL);
    bool other_was_first = false;
    for (unsigned i = 0; i < 30; i++) {
        assert_in_range(rig_stats(&r).tls.handshakes, 0, 2);
        rig_pass(&r, 1);
        other_was_first |= other->tls.phase == THM_TLS_OPEN && !all_open(&r);
    }
    assert_true(sim_world_run_until(r.world, all_open, &r, 5000));
    assert_true(other_was_first);
    rig_end(&r);
}

/* Half a handshake, and then nothing. */
static struct peer *half_open(struct rig *r)
{
    struct peer *p = rig_dial(r, 0, NULL);

    for (int i = 0; i < 50 && p->tls.phase == THM_TLS_IDLE; i++)
        rig_pass(r, 1);
    p->silent = true;
    rig_pass(r, 20);
    return p;
}

static void silent_handshakes_keep_nobody_out(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, two_slots);
    half_open(&r);
    half_open(&r);
    assert_int_equal(rig_stats(&r).tls.handshakes, 2);
    r.watched = "refused";
    struct peer *u1 = rig_dial(&r, 1, NULL);
    rig_pass(&r, 500);
    assert_int_equal(u1->tls.phase, THM_TLS_HANDSHAKE); /* patience, for a second */
    rig_pass(&r, 1500);
    assert_int_equal(u1->tls.phase, THM_TLS_OPEN);
    assert_int_equal(r.logged, 1); /* one made place for one */
    assert_int_equal(r.logged_code, THM_E_TIMEOUT);
    rig_end(&r);
}

static void few_connections(struct rig *r)
{
    r->config.max_clients = 2;
    r->config.spare_clients = 2;
}

/* All places are taken by connections that say nothing: the oldest gives way to who waits in the backlog. */
static void silent_connections_keep_nobody_out(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, few_connections);
    for (int i = 0; i < 4; i++)
        rig_dial(&r, 0, NULL)->silent = true;
    rig_pass(&r, 100);
    assert_int_equal(rig_stats(&r).connections, 4);
    struct peer *u1 = rig_dial(&r, 1, NULL);
    rig_pass(&r, 2000);
    assert_int_equal(u1->tls.phase, THM_TLS_OPEN);
    rig_end(&r);
}

/* An accept that fails is no reason to forget who else waits. */
static void a_failing_accept_is_tried_again(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    for (unsigned nth = 1; nth <= 3; nth++) {
        struct peer *a = rig_dial(&r, 0, NULL), *b = rig_dial(&r, 1, NULL);
        rig_pass(&r, 1);
        sim_host_fail_call(r.host, nth);
        rig_pass(&r, 2000);
        assert_true(a->tls.phase == THM_TLS_OPEN || b->tls.phase == THM_TLS_OPEN);
    }
    rig_end(&r);
}

/* --- the end of a connection ---------------------------------------------------------------- */

/* Who says all and closes has said it; and nobody's last lines are lost to a reset. */
static void who_closes_at_once_has_been_heard(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    say(u1, "{'msgtype':'say','text':'one'}");
    say(u1, "{'msgtype':'say','text':'two'}");
    rig_pass(&r, 1);
    peer_close(u1);
    expect_later(u0, "{'msgtype':'message',*'one'}");
    expect_later(u0, "{'msgtype':'message',*'two'}");
    expect_end(u1, 1000);
    rig_end(&r);
}

static void ignore(void *ctx, const char *what)
{
    (void)ctx;
    (void)what;
}

/* It has closed its half of the TCP connection and listens on. (Its TLS would still send a close_notify.) */
static void who_only_stops_speaking_hears_the_answers(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    struct thm_port *port = sim_host_port(u0->host->sim);
    sim_world_on_breach(r.world, ignore, NULL);
    say(u0, "{'msgtype':'list'}");
    say(u0, "{'msgtype':'ping'}");
    rig_pass(&r, 1);
    port->ops->shutdown(port, u0->tls.socket);
    expect(u0, "{'msgtype':'user',*");
    expect(u0, "{'msgtype':'end',*");
    expect(u0, "{'msgtype':'pong'}");
    expect_end(u0, 1000);
    rig_end(&r);
}

/* One device that opens connections and says nothing keeps nobody out: its oldest give way. */
static void one_device_is_silent_on_few_connections(void **state)
{
    (void)state;
    struct rig r;
    struct peer *silent[10];
    rig_start(&r, NULL);
    for (unsigned i = 0; i < 10; i++)
        silent[i] = rig_open(&r, 0);
    for (unsigned i = 0; i < 6; i++)
        expect_end(silent[i], 100);
    rig_plain(&r, 1);
    say(silent[6], "{'msgtype':'hello'}");
    expect(silent[6], "{'msgtype':'auth_reply','status':'GRANTED',*");
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_device_is_silent_on_few_connections),
        cmocka_unit_test(a_silent_connection_ends),
        cmocka_unit_test(who_says_no_hello_is_told_and_ended),
        cmocka_unit_test(a_silent_session_ends_and_a_ping_keeps_it),
        cmocka_unit_test(who_grants_more_than_he_reads_is_dropped),
        cmocka_unit_test(who_reads_slowly_is_not_dropped),
        cmocka_unit_test(a_goodbye_that_nobody_reads_ends_as_well),
        cmocka_unit_test(a_jump_of_the_clock_ends_nobody_who_spoke),
        cmocka_unit_test(handshakes_wait_for_a_slot),
        cmocka_unit_test(an_address_has_so_many_slots),
        cmocka_unit_test(silent_handshakes_keep_nobody_out),
        cmocka_unit_test(silent_connections_keep_nobody_out),
        cmocka_unit_test(a_failing_accept_is_tried_again),
        cmocka_unit_test(who_closes_at_once_has_been_heard),
        cmocka_unit_test(who_only_stops_speaking_hears_the_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
