/*
 * A session outlives its path: whatever breaks, each line arrives once and in order, or both are told that it is over.
 */
#include "unit.h"

#include "phones.h"

static struct phones all;

static int set_up(void **state)
{
    (void)state;
    phones_init(&all, sim_seed(1));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    phones_expect_quiet(&all);
    phones_free(&all);
    return 0;
}

static bool is_over(struct phone *p)
{
    return p->call[p->last].over;
}

static bool has_moved(struct phone *p)
{
    return p->call[p->last].moved > 0;
}

static bool talks(struct phone *p)
{
    return thm_call_at(&p->calls, p->last)->state == THM_CALL_TALKING;
}

static void hang_up(struct phone *p, unsigned call)
{
    assert_int_equal(thm_call_hang_up(&p->calls, call), THM_OK);
    sim_host_poke(p->host);
}

/* Two that talk while something happens to the network, again and again. */
static void talk_through(unsigned caller, unsigned callee, void (*happen)(struct phone *p),
                         bool to_callee)
{
    unsigned x, y;
    struct phone *a = phone_add(&all, 0, caller), *b = phone_add(&all, 1, callee | PHONE_ANSWERS);

    phones_settle(&all);
    phones_connect(a, b, &x, &y);
    for (unsigned i = 1; i <= 4; i++) {
        phone_say(a, x, 100);
        phone_say(b, y, 50);
        sim_world_run_for(all.world, 3);
        happen(to_callee ? b : a);
        phones_hear(a, x, 50 * i, b, y, 100 * i);
    }
    assert_true(phone_until(a, talks, 60000));
    hang_up(a, x);
    assert_true(phone_until(b, is_over, 60000));
    assert_int_equal(b->call[y].code, THM_OK);
}

static void reset(struct phone *p)
{
    sim_host_reset(p->host);
}

static void cut(struct phone *p)
{
    sim_host_cut(p->host);
}

static void a_direct_path_is_reset(void **state)
{
    (void)state;
    talk_through(0, PHONE_LISTENS, reset, false);
}

static void a_direct_path_is_dead(void **state)
{
    (void)state;
    talk_through(0, PHONE_LISTENS, cut, true);
}

static void a_relay_is_reset(void **state)
{
    (void)state;
    talk_through(0, 0, reset, false);
}

static void a_relay_is_reset_at_the_callee(void **state)
{
    (void)state;
    talk_through(0, 0, reset, true);
}

static void restart_server(struct phone *p)
{
    (void)p;
    phones_kill_server(&all);
    sim_world_run_for(all.world, 500);
    phones_serve(&all);
}

static void the_server_of_a_relay_dies(void **state)
{
    (void)state;
    talk_through(0, 0, restart_server, false);
}

static void the_server_dies_while_two_talk_directly(void **state)
{
    unsigned x, y;

    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    phones_settle(&all);
    phones_connect(a, b, &x, &y);
    phones_kill_server(&all);
    sim_world_run_for(all.world, 300000);
    phone_say(a, x, 100);
    phone_say(b, y, 100);
    phones_hear(a, x, 100, b, y, 100);
    assert_int_equal(a->call[x].moved, 0);
    sim_host_reset(a->host); /* and the path is found again without it */
    phone_say(a, x, 100);
    phone_say(b, y, 100);
    phones_hear(a, x, 200, b, y, 200);
    hang_up(b, y);
    assert_true(phone_until(a, is_over, 5000));
    phones_serve(&all);
    phones_settle(&all);
}

static void a_direct_path_that_does_not_come_back_goes_by_the_relay(void **state)
{
    unsigned x, y;

    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    phones_settle(&all);
    phones_connect(a, b, &x, &y);
    sim_host_shield(b->host, true);
    sim_host_reset(b->host);
    phone_say(a, x, 100);
    phone_say(b, y, 100);
    phones_hear(a, x, 100, b, y, 100);
    assert_true(a->call[x].relayed && b->call[y].relayed);
    sim_host_shield(b->host, false);
    sim_world_run_for(all.world, 2 * THM_CALL_MOVE_MS); /* and back, when it works again */
    phone_say(a, x, 100);
    phones_hear(a, x, 100, b, y, 200);
    assert_false(a->call[x].relayed || b->call[y].relayed);
    hang_up(a, x);
}

static void who_has_gone_for_good_is_given_up(void **state)
{
    unsigned x, y;

    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    phones_settle(&all);
    phones_connect(a, b, &x, &y);
    sim_host_kill(b->host, SIM_DEATH_SILENT);
    b->runs = false;
    phone_say(a, x, 3);
    assert_true(phone_until(a, has_moved, THM_CALL_PING_MS + THM_CALL_PONG_MS + 1000));
    assert_int_equal(thm_call_at(&a->calls, x)->state, THM_CALL_MENDING);
    assert_true(phone_until(a, is_over, THM_MEND_MS + 20000));
    assert_int_equal(a->call[x].code, THM_E_CALL_LOST);
    assert_int_equal(a->call[x].unsaid, 3);
}

static void a_lost_session_may_be_hung_up(void **state)
{
    unsigned x, y;

    (void)state;
    struct phone *a = phone_add(&all, 0, 0), *b = phone_add(&all, 1, PHONE_LISTENS | PHONE_ANSWERS);
    phones_settle(&all);
    phones_connect(a, b, &x, &y);
    sim_host_partition(b->host, SIM_FOREVER);
    phone_say(b, y, 3);
    assert_true(phone_until(a, has_moved, 60000));
    hang_up(a, x);
    assert_true(a->call[x].over);
    sim_host_partition(b->host, 0);
    assert_true(phone_until(b, is_over, THM_MEND_MS + 60000)); /* it had lost its path as well */
}

int main(void)
{
#define EXCHANGE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EXCHANGE(a_direct_path_is_reset),
        EXCHANGE(a_direct_path_is_dead),
        EXCHANGE(a_relay_is_reset),
        EXCHANGE(a_relay_is_reset_at_the_callee),
        EXCHANGE(the_server_of_a_relay_dies),
        EXCHANGE(the_server_dies_while_two_talk_directly),
        EXCHANGE(a_direct_path_that_does_not_come_back_goes_by_the_relay),
        EXCHANGE(who_has_gone_for_good_is_given_up),
        EXCHANGE(a_lost_session_may_be_hung_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
