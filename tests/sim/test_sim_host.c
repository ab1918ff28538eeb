/* The emulated hosts: how connections come about and fail, clocks, memory, and breaches. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <bearssl.h>

#include "sim_probe.h"
#include "thimble/error.h"

/* Dialling -------------------------------------------------------------------------------------- */

/* Dials and returns what was told within 10 s. */
static uint32_t dial(struct probe_pair *p, const char *host, uint16_t number)
{
    assert_int_equal(p->a.ops->connect(p->a.port, host, number, 2, &p->from), THM_OK);
    sim_world_run_for(p->world, 10000);
    return probe_told(&p->a, 2);
}

static enum thm_io first_send(struct probe_pair *p)
{
    size_t n;

    return p->a.ops->send(p->a.port, p->from, "x", 1, &n);
}

static void names_are_resolved_and_addresses_dialled(void **state)
{
    (void)state;
    const char *to[] = {"b", "10.0.0.2", NULL};

    for (int i = 0; to[i] != NULL; i++) {
        struct probe_pair p;
        struct thm_address address;
        probe_hosts(&p, 1, NULL);
        assert_int_equal(dial(&p, to[i], 80), (i == 0 ? THM_EV_RESOLVED : 0) | THM_EV_WRITE);
        assert_int_equal(p.b.ops->accept(p.b.port, p.listener, 2, &p.to), THM_IO_OK);
        assert_int_equal(p.a.ops->peer_addr(p.a.port, p.from, &address), THM_OK);
        assert_int_equal(address.number, 80);
        assert_memory_equal(address.ip, "\x0a\0\0\x02", 4);
        assert_int_equal(p.b.ops->peer_addr(p.b.port, p.to, &address), THM_OK);
        assert_int_equal(address.family, 4);
        assert_memory_equal(address.ip, "\x0a\0\0\x01", 4);
        sim_world_free(p.world);
    }
}

static void a_failed_dial_is_told_by_the_first_send(void **state)
{
    (void)state;
    const struct sim_faults unresolved = {.resolve_fail_ppm = SIM_ALWAYS};
    const struct sim_faults refused = {.refuse_ppm = SIM_ALWAYS};
    const struct {
        const struct sim_faults *faults;
        const char *host;
        uint16_t number;
        bool resolved;
    } cases[] = {
        {NULL, "nobody", 80, false},
        {NULL, "b", 81, true},
        {&unresolved, "b", 80, false},
        {&refused, "b", 80, true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct probe_pair p;
        probe_hosts(&p, 1, cases[i].faults);
        uint32_t told = dial(&p, cases[i].host, cases[i].number);
        assert_true((told & THM_EV_WRITE) != 0);
        assert_int_equal((told & THM_EV_RESOLVED) != 0, cases[i].resolved);
        assert_int_equal(first_send(&p), THM_IO_ERROR);
        sim_world_free(p.world);
    }
}

static void an_ignored_dial_is_never_told(void **state)
{
    (void)state;
    struct probe_pair p;

    probe_hosts(&p, 1, &(struct sim_faults){.ignore_ppm = SIM_ALWAYS});
    assert_int_equal(dial(&p, "10.0.0.2", 80), 0);
    sim_world_run_for(p.world, 10000000);
    assert_int_equal(first_send(&p), THM_IO_AGAIN);
    assert_int_equal(probe_told(&p.a, 2), 0);
    p.a.ops->abort(p.a.port, p.from);
    assert_int_equal(sim_host_open_sockets(p.a.host), 0);
    sim_world_free(p.world);
}

static void a_full_backlog_makes_callers_wait(void **state)
{
    (void)state;
    struct probe_pair p;
    thm_socket first;

    probe_hosts(&p, 1, &(struct sim_faults){.backlog = 1});
    assert_int_equal(dial(&p, "10.0.0.2", 80), THM_EV_WRITE);
    first = p.from;
    assert_int_equal(dial(&p, "10.0.0.2", 80), 0);
    assert_int_equal(p.b.ops->accept(p.b.port, p.listener, 2, &p.to), THM_IO_OK);
    sim_world_run_for(p.world, 2000);
    assert_int_equal(probe_told(&p.a, 2), THM_EV_WRITE);
    p.a.ops->close(p.a.port, first);
    sim_world_free(p.world);
}

static void a_closed_listener_resets_who_waits(void **state)
{
    (void)state;
    struct probe_pair p;

    probe_hosts(&p, 1, NULL);
    assert_int_equal(dial(&p, "10.0.0.2", 80), THM_EV_WRITE);
    p.b.ops->close(p.b.port, p.listener);
    sim_world_run_for(p.world, 100);
    assert_int_equal(probe_told(&p.a, 2), THM_EV_READ | THM_EV_CLOSED);
    assert_int_equal(first_send(&p), THM_IO_ERROR);
    p.a.ops->close(p.a.port, p.from);
    sim_world_free(p.world);
}

static void a_call_that_must_fail_does(void **state)
{
    (void)state;
    struct probe_pair p;
    size_t n;

    probe_connect(&p, 1, NULL);
    sim_host_fail_call(p.a.host, 2);
    assert_int_equal(probe_get(&p.a, p.from, 10, &n), THM_IO_AGAIN);
    assert_int_equal(probe_get(&p.a, p.from, 10, &n), THM_IO_ERROR);
    assert_int_equal(first_send(&p), THM_IO_ERROR);
    sim_world_run_for(p.world, 100);
    assert_true((probe_told(&p.a, 2) & THM_EV_CLOSED) != 0);
    assert_int_equal(probe_told(&p.b, 2), THM_EV_READ | THM_EV_CLOSED);
    assert_int_equal(probe_get(&p.b, p.to, 10, &n), THM_IO_ERROR);
    sim_world_free(p.world);
}

static void a_failed_accept_loses_one_and_tells_of_the_next(void **state)
{
    (void)state;
    struct probe_pair p;

    probe_hosts(&p, 1, NULL);
    dial(&p, "10.0.0.2", 80);
    thm_socket first = p.from;
    dial(&p, "10.0.0.2", 80);
    assert_int_equal(probe_told(&p.b, 1), THM_EV_ACCEPT);
    sim_host_fail_call(p.b.host, 1);
    assert_int_equal(p.b.ops->accept(p.b.port, p.listener, 2, &p.to), THM_IO_ERROR);
    sim_world_run_for(p.world, 100);
    assert_int_equal(probe_told(&p.b, 1), THM_EV_ACCEPT);
    assert_int_equal(p.b.ops->accept(p.b.port, p.listener, 2, &p.to), THM_IO_OK);
    assert_int_equal(first_send(&p), THM_IO_OK);
    p.from = first;
    assert_int_equal(first_send(&p), THM_IO_ERROR);
    sim_world_free(p.world);
}

static void a_listener_has_its_number_for_itself(void **state)
{
    (void)state;
    struct probe_pair p;
    struct thm_address address;
    thm_socket other;

    probe_hosts(&p, 1, NULL);
    assert_int_equal(p.b.ops->listen(p.b.port, "127.0.0.1", 80, 3, &other), THM_E_IN_USE);
    assert_int_equal(p.b.ops->listen(p.b.port, "10.0.0.1", 90, 3, &other), THM_E_ADDRESS);
    assert_int_equal(p.b.ops->listen(p.b.port, "here", 90, 3, &other), THM_E_ADDRESS);
    assert_int_equal(p.b.ops->listen(p.b.port, "::", 0, 3, &other), THM_OK);
    assert_int_equal(p.b.ops->peer_addr(p.b.port, other, &address), THM_OK);
    assert_true(address.number != 0 && address.family == 6);
    p.b.ops->close(p.b.port, p.listener);
    assert_int_equal(p.b.ops->listen(p.b.port, "127.0.0.1", 80, 3, &other), THM_OK);
    sim_world_free(p.world);
}

/* Clocks and memory ----------------------------------------------------------------------------- */

static void deadlines_follow_the_hosts_own_clock(void **state)
{
    (void)state;
    struct probe_pair p;

    probe_hosts(&p, 1, NULL);
    sim_world_run_for(p.world, 10);
    assert_int_not_equal(sim_host_now(p.a.host), sim_host_now(p.b.host));
    uint64_t due = p.a.deadline = sim_host_now(p.a.host) + 5000;
    sim_host_poke(p.a.host);
    sim_world_run_for(p.world, 4999);
    unsigned steps = p.a.steps;
    sim_world_run_for(p.world, 1);
    assert_int_equal(p.a.steps, steps + 1);
    assert_int_equal(p.a.now, due);

    p.a.deadline = sim_host_now(p.a.host) + 600000;
    sim_host_poke(p.a.host);
    sim_world_run_for(p.world, 1);
    steps = p.a.steps;
    sim_host_jump(p.a.host, 600000);
    sim_world_run_for(p.world, 0);
    assert_int_equal(p.a.steps, steps + 1);
    sim_world_free(p.world);
}

static void utc_is_unset_until_set_and_then_runs(void **state)
{
    (void)state;
    struct probe_pair p;
    uint64_t ms = 0;

    probe_hosts(&p, 1, NULL);
    assert_int_equal(p.a.ops->utc(p.a.port, &ms), THM_E_CLOCK);
    sim_host_set_utc(p.a.host, 1700000000000u);
    sim_world_run_for(p.world, 500);
    assert_int_equal(p.a.ops->utc(p.a.port, &ms), THM_OK);
    assert_int_equal(ms, 1700000000500u);
    sim_host_unset_utc(p.a.host);
    assert_int_equal(p.a.ops->utc(p.a.port, &ms), THM_E_CLOCK);
    sim_world_free(p.world);
}

static void clocks_jump_by_chance(void **state)
{
    (void)state;
    const struct sim_faults faults = {.clock_jump_ppm = 500000,
                                      .clock_jump_ms = 1000,
                                      .utc_jump_ppm = SIM_ALWAYS,
                                      .utc_jump_ms = 1000000};
    struct probe_pair p;
    uint64_t before, after;
    bool back = false, forward = false, jumped = false;

    probe_hosts(&p, 1, &faults);
    sim_host_set_utc(p.a.host, 1700000000000u);
    for (int i = 0; i < 40; i++) {
        uint64_t now = sim_host_now(p.a.host);
        p.a.ops->utc(p.a.port, &before);
        sim_host_poke(p.a.host);
        sim_world_run_for(p.world, 1);
        p.a.ops->utc(p.a.port, &after);
        assert_true(sim_host_now(p.a.host) > now);
        jumped = jumped || sim_host_now(p.a.host) > now + 1;
        back = back || after < before;
        forward = forward || after > before + 2000;
    }
    assert_true(jumped && back && forward);
    sim_world_free(p.world);
}

static void entropy_gives_all_or_fails(void **state)
{
    (void)state;
    struct probe_pair p;
    uint8_t one[32], two[32];

    probe_hosts(&p, 1, NULL);
    assert_int_equal(p.a.ops->entropy(p.a.port, one, sizeof one), THM_OK);
    assert_int_equal(p.b.ops->entropy(p.b.port, two, sizeof two), THM_OK);
    assert_memory_not_equal(one, two, sizeof one);
    sim_world_faults(p.world, &(struct sim_faults){.entropy_ppm = SIM_ALWAYS});
    assert_int_equal(p.a.ops->entropy(p.a.port, one, sizeof one), THM_E_ENTROPY);
    sim_world_free(p.world);
}

static void a_tls_engine_has_no_other_entropy(void **state)
{
    (void)state;
    static br_ssl_client_context client;
    static uint8_t buffer[BR_SSL_BUFSIZE_MONO];

    br_ssl_client_zero(&client);
    br_ssl_engine_set_buffer(&client.eng, buffer, sizeof buffer, 0);
    br_ssl_engine_set_hash(&client.eng, br_sha256_ID, &br_sha256_vtable);
    assert_int_equal(br_ssl_client_reset(&client, "name", 0), 0);
    assert_int_equal(br_ssl_engine_last_error(&client.eng), BR_ERR_NO_RANDOM);
}

static void a_torn_write_harms_one_slot_only(void **state)
{
    (void)state;
    struct probe_pair p;
    char buf[10];
    size_t n;
    unsigned damaged = 0;

    probe_hosts(&p, 1, NULL);
    assert_int_equal(p.a.ops->nv_read(p.a.port, 0, buf, sizeof buf, &n), THM_OK);
    assert_int_equal(n, 0);
    for (int i = 0; i < 20; i++) {
        sim_world_faults(p.world, NULL);
        assert_int_equal(p.a.ops->nv_write(p.a.port, 0, "good", 4), THM_OK);
        assert_int_equal(p.a.ops->nv_write(p.a.port, 1, "old.", 4), THM_OK);
        sim_world_faults(p.world, &(struct sim_faults){.nv_torn_ppm = SIM_ALWAYS});
        assert_int_equal(p.a.ops->nv_write(p.a.port, 1, "NEWER", 5), THM_E_PORT);
        sim_host_kill(p.a.host, SIM_DEATH_SILENT);
        assert_int_equal(p.a.ops->nv_read(p.a.port, 0, buf, sizeof buf, &n), THM_OK);
        assert_int_equal(n, 4);
        assert_memory_equal(buf, "good", 4);
        assert_int_equal(p.a.ops->nv_read(p.a.port, 1, buf, sizeof buf, &n), THM_OK);
        damaged += memcmp(buf, "old.", 4) != 0 && memcmp(buf, "NEWER", 5) != 0;
    }
    assert_true(damaged > 0);
    sim_world_faults(p.world, &(struct sim_faults){.nv_fail_ppm = SIM_ALWAYS});
    assert_int_equal(p.a.ops->nv_write(p.a.port, 0, "lost", 4), THM_E_PORT);
    assert_int_equal(p.a.ops->nv_read(p.a.port, 0, buf, sizeof buf, &n), THM_E_PORT);
    sim_world_faults(p.world, NULL);
    assert_int_equal(p.a.ops->nv_read(p.a.port, 0, buf, sizeof buf, &n), THM_OK);
    assert_memory_equal(buf, "good", 4);
    sim_world_free(p.world);
}

static void wake_is_reported_once(void **state)
{
    (void)state;
    struct probe_pair p;

    probe_hosts(&p, 1, NULL);
    p.a.ops->wake(p.a.port);
    p.a.ops->wake(p.a.port);
    sim_world_run_for(p.world, 1);
    assert_int_equal(p.a.times[0], 1);
    assert_int_equal(probe_told(&p.a, 0), THM_EV_WOKEN);
    sim_world_run_for(p.world, 1);
    assert_int_equal(probe_told(&p.a, 0), 0);
    sim_world_free(p.world);
}

/* Breaches -------------------------------------------------------------------------------------- */

static void remember(void *ctx, const char *what)
{
    strncpy(ctx, what, 99);
}

/* Forgets its deadline, which stays in the past. */
static void idle(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    (void)ctx, (void)now_ms, (void)events, (void)n;
}

static uint64_t long_ago(void *ctx)
{
    (void)ctx;
    return 0;
}

static char breach[100];

/* The last call was found out, by the word that it is told with. */
static void assert_breach(const char *word)
{
    if (strstr(breach, word) == NULL)
        fail_msg("\"%s\" was reported instead of \"%s\"", breach, word);
    memset(breach, 0, sizeof breach);
}

static void breaches_of_the_contract_are_found(void **state)
{
    (void)state;
    struct probe_pair p;
    struct thm_event event;
    uint8_t byte = 0;
    size_t n;

    probe_connect(&p, 1, NULL);
    sim_world_on_breach(p.world, remember, breach);
    p.a.ops->recv(p.a.port, p.from, &byte, 0, &n);
    assert_breach("recv: no room");
    p.a.ops->send(p.a.port, p.from, &byte, 0, &n);
    assert_breach("send: nothing");
    p.a.ops->want(p.a.port, p.from, 16710);
    assert_breach("want: 16710");
    p.a.ops->want(p.a.port, p.from, 0);
    assert_breach("want: 0");
    p.a.ops->wait(p.a.port, 0, &event, 0);
    assert_breach("wait: no room");
    p.a.ops->recv(p.a.port, THM_SOCKET_NONE, &byte, 1, &n);
    assert_breach("is none");
    p.b.ops->recv(p.b.port, p.listener, &byte, 1, &n);
    assert_breach("is a listener");
    p.b.ops->accept(p.b.port, p.to, 3, &p.listener);
    assert_breach("is no listener");
    p.a.ops->nv_write(p.a.port, 2, &byte, 1);
    assert_breach("slot 2");
    p.a.ops->shutdown(p.a.port, p.from);
    p.a.ops->send(p.a.port, p.from, &byte, 1, &n);
    assert_breach("after shutdown");
    p.a.ops->close(p.a.port, p.from);
    p.a.ops->close(p.a.port, p.from);
    assert_breach("close: handle");

    thm_socket stale = p.from; /* its place is taken by another */
    assert_int_equal(p.a.ops->connect(p.a.port, "b", 80, 3, &p.from), THM_OK);
    p.a.ops->send(p.a.port, stale, &byte, 1, &n);
    assert_breach("is closed");
    assert_int_equal(sim_host_open_sockets(p.a.host), 1);

    sim_host_run(p.a.host, &(struct sim_program){NULL, idle, long_ago});
    for (int i = 0; i < 3000; i++)
        sim_world_step(p.world);
    assert_breach("stays in the past");
    sim_world_free(p.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_resolved_and_addresses_dialled),
        cmocka_unit_test(a_failed_dial_is_told_by_the_first_send),
        cmocka_unit_test(an_ignored_dial_is_never_told),
        cmocka_unit_test(a_full_backlog_makes_callers_wait),
        cmocka_unit_test(a_closed_listener_resets_who_waits),
        cmocka_unit_test(a_call_that_must_fail_does),
        cmocka_unit_test(a_failed_accept_loses_one_and_tells_of_the_next),
        cmocka_unit_test(a_listener_has_its_number_for_itself),
        cmocka_unit_test(deadlines_follow_the_hosts_own_clock),
        cmocka_unit_test(utc_is_unset_until_set_and_then_runs),
        cmocka_unit_test(clocks_jump_by_chance),
        cmocka_unit_test(entropy_gives_all_or_fails),
        cmocka_unit_test(a_tls_engine_has_no_other_entropy),
        cmocka_unit_test(a_torn_write_harms_one_slot_only),
        cmocka_unit_test(wake_is_reported_once),
        cmocka_unit_test(breaches_of_the_contract_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
