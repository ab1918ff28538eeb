/* Relays: who may open one, how many there are, and how each ends. */
#include <stdio.h>
#include <string.h>

#include "server/caller.h"

/* --- one relay from its beginning to its end --------------------------------------------------- */

static void both_ends_talk_through_it(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    char line[300];
    two_start(&r, &t, NULL);
    caller_ticket(t.u0, "u1", t.id);
    sayf(t.u0, "{'msgtype':'relay','id':'%s','to':'u1@default','bytes':3000}", t.id);
    snprintf(line, sizeof line,
             "{'msgtype':'relay','from':'u0','device':'default','id':'%s','bytes':3000}", t.id);
    expect(t.u1, line);
    expect_nothing(t.u0); /* the other one has not said that it takes part */
    sayf(t.u1, "{'msgtype':'relay','id':'%s','bytes':8192}", t.id);
    snprintf(line, sizeof line, "{'msgtype':'relay','id':'%s','bytes':%u}", t.id, THM_RELAY_WINDOW);
    expect(t.u0, line); /* the server's own number */
    sayf(t.u0, "{'msgtype':'relay','id':'%s','data':'AAEC'}", t.id);
    snprintf(line, sizeof line, "{'msgtype':'relay','id':'%s','data':'AAEC'}", t.id);
    expect(t.u1, line);
    sayf(t.u1, "{'msgtype':'relay','id':'%s','data':'/w=='}", t.id);
    snprintf(line, sizeof line, "{'msgtype':'relay','id':'%s','data':'/w=='}", t.id);
    expect(t.u0, line);
    assert_int_equal(rig_stats(&r).relays, 1);
    assert_int_equal(rig_stats(&r).relay_buffers_used, 0); /* nothing waits */
    sayf(t.u1, "{'msgtype':'relay','id':'%s','status':'closed','code':'declined','reason':'no'}",
         t.id);
    snprintf(line, sizeof line,
             "{'msgtype':'relay','status':'closed','id':'%s','code':'declined','reason':'no'}",
             t.id);
    expect(t.u0, line);
    sayf(t.u0, "{'msgtype':'relay','id':'%s','status':'closed'}", t.id); /* which needs no answer */
    expect_nothing(t.u0);
    expect_nothing(t.u1);
    assert_int_equal(rig_stats(&r).relays, 0);
    rig_end(&r);
}

/* The last words of one who hangs up still arrive, and he need not say why. */
static void what_was_said_comes_before_the_end(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_relay(&r, &t, 8192);
    struct flow f = flow_of(t.u0, t.u1, t.id);
    flow_say(&f, 2000);
    sayf(t.u0, "{'msgtype':'relay','id':'%s','data':'','status':'closed'}", t.id);
    flow_hear_all(&f);
    assert_int_equal(f.heard, 2000);
    assert_string_equal(f.closed, "-");
    rig_end(&r);
}

static void it_ends_with_either_session(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_relay(&r, &t, 8192);
    struct flow f = flow_of(t.u0, t.u1, t.id);
    flow_say(&f, 100);
    say(t.u0, "{'msgtype':'quit'}");
    flow_hear_all(&f);
    assert_int_equal(f.heard, 100);
    assert_string_equal(f.closed, "not-online");
    t.u0 = caller_available(&r, 0, 0);
    caller_relay(t.u0, t.u1, "u1@default", 8192, t.id);
    peer_abort(t.u1);
    expect(t.u0, RELAY_CLOSED("not-online"));
    t.u1 = caller_available(&r, 1, 0);
    caller_relay(t.u0, t.u1, "u1@default", 8192, t.id);
    caller_available(&r, 0, 0); /* takes the place of the other one */
    expect(t.u1, RELAY_CLOSED("not-online"));
    assert_int_equal(rig_stats(&r).relays, 0);
    rig_end(&r);
}

#define open_to(p, target, id, pattern)                                                            \
    do {                                                                                           \
        sayf(p, "{'msgtype':'relay','id':'%s','to':'%s','bytes':8192}", id, target);               \
        expect(p, pattern);                                                                        \
    } while (0)

/* --- who may open one -------------------------------------------------------------------------- */

static void it_takes_a_ticket_of_ones_own_for_that_device(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_start(&r, &t, NULL);
    struct peer *u2 = caller_available(&r, 2, 0), *phone = caller_available(&r, U1_PHONE, 0);
    char expired[TICKET];
    caller_ticket(t.u0, "u1@default", expired);
    rig_pass(&r, THM_TICKET_MS);
    caller_ticket(t.u0, "u1@default", t.id);
    open_to(t.u0, "u1@default", expired, RELAY_CLOSED("unverified"));
    open_to(t.u0, "u1@phone", t.id, RELAY_CLOSED("unverified"));
    open_to(t.u0, "u2@default", t.id, RELAY_CLOSED("unverified"));
    open_to(t.u0, "u1", t.id, RELAY_CLOSED("unverified"));
    open_to(t.u0, "u9@default", t.id, RELAY_CLOSED("unverified"));
    open_to(u2, "u1@default", t.id, RELAY_CLOSED("unverified")); /* stolen */
    open_to(t.u1, "u0@default", t.id, RELAY_CLOSED("unverified"));
    open_to(t.u0, "u1@default", "00112233445566778899aabbccddeeff", RELAY_CLOSED("unverified"));
    open_to(t.u0, "u1@default", "x", RELAY_CLOSED("unverified"));
    /* who has no ticket learns nothing of who is there */
    open_to(t.u0, "u3@default", "x", RELAY_CLOSED("unverified"));
    expect_nothing(t.u1);
    expect_nothing(phone);
    sayf(t.u0, "{'msgtype':'relay','id':'%s','to':'u1@default','bytes':1}", t.id);
    expect(t.u1, "{'msgtype':'relay','from':'u0',*"); /* it is as good as it was */
    sayf(t.u1, "{'msgtype':'lookup_request','lookup':'u0@default','ticket':'%s'}", t.id);
    expect(t.u1, "{'msgtype':'lookup_reply','status':'SUCCESS',*"); /* and not used up by that */
    rig_end(&r);
}

static void a_ticket_that_was_looked_up_opens_one_relay(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_start(&r, &t, NULL);
    caller_ticket(t.u0, "u1@default", t.id);
    sayf(t.u1, "{'msgtype':'lookup_request','lookup':'u0@default','ticket':'%s'}", t.id);
    expect(t.u1, "{'msgtype':'lookup_reply','status':'SUCCESS',*");
    sayf(t.u0, "{'msgtype':'relay','id':'%s','to':'u1@default','bytes':1}", t.id);
    expect(t.u1, "{'msgtype':'relay','from':'u0',*");
    sayf(t.u0, "{'msgtype':'relay','id':'%s','to':'u1@default','bytes':1}", t.id);
    expect(t.u0, "{'msgtype':'error','to':'u1@default','id':'*','code':'state','key':'to','in':"
                 "'relay',*");
    sayf(t.u1, "{'msgtype':'relay','id':'%s','status':'closed'}", t.id);
    expect(t.u0, "{'msgtype':'relay','status':'closed','id':'*'}");
    open_to(t.u0, "u1@default", t.id, RELAY_CLOSED("unverified"));
    rig_end(&r);
}

static void whoever_left_is_not_online(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_start(&r, &t, NULL);
    caller_ticket(t.u0, "u1@default", t.id);
    peer_close(t.u1);
    rig_pass(&r, 100);
    open_to(t.u0, "u1@default", t.id, RELAY_CLOSED("not-online"));
    rig_end(&r);
}

static void what_is_no_relay_of_ones_own_is_no_call(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_relay(&r, &t, 8192);
    struct peer *u2 = caller_available(&r, 2, 0);
    sayf(u2, "{'msgtype':'relay','id':'%s','data':'AAAA'}", t.id); /* somebody else's */
    expect(u2, RELAY_CLOSED("no-such-call"));
    sayf(u2, "{'msgtype':'relay','id':'%s','bytes':100000}", t.id);
    expect(u2, RELAY_CLOSED("no-such-call"));
    sayf(u2, "{'msgtype':'relay','id':'%s','status':'closed'}", t.id);
    expect_nothing(u2); /* that is never answered */
    expect_nothing(t.u0);
    expect_nothing(t.u1);
    sayf(t.u0, "{'msgtype':'relay','id':'%s','status':'open'}", t.id);
    expect(t.u0, "{'msgtype':'error','id':'*','code':'key-range','key':'status','in':'relay',*");
    struct flow f = flow_of(t.u0, t.u1, t.id);
    flow_say(&f, 10); /* nothing has come of all that */
    flow_hear_all(&f);
    assert_int_equal(f.heard, 10);
    rig_end(&r);
}

static void nobody_relays(struct rig *r)
{
    r->config.relays = 0;
}

static void a_server_may_relay_nothing(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_start(&r, &t, nobody_relays);
    caller_ticket(t.u0, "u1@default", t.id);
    open_to(t.u0, "u1@default", t.id, RELAY_CLOSED("not-allowed"));
    rig_end(&r);
}

/* --- how many ---------------------------------------------------------------------------------- */

static void two_relays(struct rig *r)
{
    r->config.relays = 2;
}

static void so_many_there_may_be(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    char ids[3][TICKET];
    two_start(&r, &t, two_relays);
    caller_relay(t.u0, t.u1, "u1@default", 1, ids[0]);
    caller_relay(t.u1, t.u0, "u0@default", 1, ids[1]);
    caller_ticket(t.u0, "u1@default", ids[2]);
    open_to(t.u0, "u1@default", ids[2], RELAY_CLOSED("full"));
    sayf(t.u0, "{'msgtype':'relay','id':'%s','status':'closed'}", ids[0]);
    expect(t.u1, "{'msgtype':'relay','status':'closed',*");
    sayf(t.u0, "{'msgtype':'relay','id':'%s','to':'u1@default','bytes':1}", ids[2]);
    expect(t.u1, "{'msgtype':'relay','from':'u0',*"); /* the ticket is as good as it was */
    rig_end(&r);
}

static void many_relays(struct rig *r)
{
    r->config.relays = 3 * THM_RELAYS_EACH;
}

static void so_many_a_device_may_take_part_in(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    char ids[THM_RELAYS_EACH + 1][TICKET], others[TICKET];
    two_start(&r, &t, many_relays);
    struct peer *u2 = caller_available(&r, 2, 0);
    for (unsigned i = 0; i < THM_RELAYS_EACH; i++)
        caller_relay(t.u0, t.u1, "u1@default", 1, ids[i]);
    caller_ticket(t.u0, "u2@default", ids[THM_RELAYS_EACH]);
    open_to(t.u0, "u2@default", ids[THM_RELAYS_EACH], RELAY_CLOSED("limit"));
    caller_ticket(u2, "u1@default", others);
    open_to(u2, "u1@default", others, RELAY_CLOSED("busy"));
    sayf(t.u1, "{'msgtype':'relay','id':'%s','status':'closed'}", ids[3]);
    expect(t.u0, "{'msgtype':'relay','status':'closed',*");
    sayf(u2, "{'msgtype':'relay','id':'%s','to':'u1@default','bytes':1}", others);
    expect(t.u1, "{'msgtype':'relay','from':'u2',*");
    assert_int_equal(rig_stats(&r).relays, THM_RELAYS_EACH);
    rig_end(&r);
}

/* One who is asked and says nothing keeps nobody's place for long. */
static void who_never_takes_part_is_given_up(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_start(&r, &t, NULL);
    caller_ticket(t.u0, "u1@default", t.id);
    sayf(t.u0, "{'msgtype':'relay','id':'%s','to':'u1@default','bytes':1}", t.id);
    expect(t.u1, "{'msgtype':'relay','from':'u0',*");
    rig_pass(&r, THM_TICKET_MS - 1000);
    expect_nothing(t.u0);
    rig_pass(&r, 1000);
    expect(t.u0, RELAY_CLOSED("no-answer"));
    expect(t.u1, RELAY_CLOSED("no-answer"));
    assert_int_equal(rig_stats(&r).relays, 0);
    caller_ticket(t.u0, "u1@default", t.id);
    sayf(t.u0, "{'msgtype':'relay','id':'%s','to':'u1@default','bytes':1}", t.id);
    expect(t.u1, "{'msgtype':'relay','from':'u0',*");
    sayf(t.u1, "{'msgtype':'relay','id':'%s','status':'closed','code':'declined'}", t.id);
    expect(t.u0, "{'msgtype':'relay','status':'closed',*'declined'}");
    struct peer *u2 = caller_available(&r, 2, 0); /* says nothing, and leaves */
    caller_ticket(t.u0, "u2@default", t.id);
    sayf(t.u0, "{'msgtype':'relay','id':'%s','to':'u2@default','bytes':1}", t.id);
    expect(u2, "{'msgtype':'relay','from':'u0',*");
    peer_abort(u2);
    expect(t.u0, RELAY_CLOSED("not-online"));
    caller_relay(t.u0, t.u1, "u1@default", 1, t.id); /* who takes part stays */
    rig_pass(&r, 2 * THM_TICKET_MS);
    assert_int_equal(rig_stats(&r).relays, 1);
    rig_end(&r);
}

/* One who could not be told yet that a relay was opened, for want of credit, need not hear that it was closed. */
static void what_is_over_before_it_was_told_is_not_told(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    rig_start(&r, NULL);
    t.u0 = caller_available(&r, 0, 0);
    t.u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'credit':4096}");
    say(t.u1, "{'msgtype':'register'}");
    expect(t.u1, "{'msgtype':'register',*");
    for (int i = 0; i < 30; i++) {
        sayf(t.u0, "{'msgtype':'cmd','to':'u1','id':'%d','text':'%0120d'}", i, i);
        rig_pass(&r, 5);
    }
    caller_forget(t.u0);
    caller_forget(t.u1);
    caller_ticket(t.u0, "u1@default", t.id);
    sayf(t.u0, "{'msgtype':'relay','id':'%s','to':'u1@default','bytes':1}", t.id);
    rig_pass(&r, 50);
    assert_int_equal(rig_stats(&r).relays, 1);
    expect_nothing(t.u1);
    sayf(t.u0, "{'msgtype':'relay','id':'%s','status':'closed'}", t.id);
    rig_pass(&r, 50);
    assert_int_equal(rig_stats(&r).relays, 0);
    acknowledge(t.u1);
    expect_nothing(t.u1);
    caller_ticket(t.u0, "u1@default", t.id);
    sayf(t.u0, "{'msgtype':'relay','id':'%s','to':'u1@default','bytes':1}", t.id);
    expect(t.u1, "{'msgtype':'relay','from':'u0',*"); /* with credit it is */
    rig_end(&r);
}

static void the_log_has_its_beginning_and_end(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_start(&r, &t, NULL);
    r.watched = "relay";
    caller_relay(t.u0, t.u1, "u1@default", 8192, t.id);
    assert_int_equal(r.logged, 1);
    assert_string_equal(r.logged_detail, "with u1@default");
    r.watched = "relay-end";
    struct flow there = flow_of(t.u0, t.u1, t.id), back = flow_of(t.u1, t.u0, t.id);
    flow_say(&there, 1000);
    flow_say(&back, 20);
    flow_hear_all(&there);
    rig_pass(&r, 3000);
    sayf(t.u1, "{'msgtype':'relay','id':'%s','status':'closed','code':'busy'}", t.id);
    rig_pass(&r, 50);
    assert_int_equal(r.logged, 2);
    assert_int_equal(r.logged_code, THM_E_BUSY);
    assert_string_equal(r.logged_detail, "with u1@default, 1000 B there, 20 B back, 3 s");
    assert_int_equal(rig_stats(&r).relays_opened, 1);
    assert_int_equal(rig_stats(&r).relayed_bytes, 1020);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_talk_through_it),
        cmocka_unit_test(what_was_said_comes_before_the_end),
        cmocka_unit_test(it_ends_with_either_session),
        cmocka_unit_test(it_takes_a_ticket_of_ones_own_for_that_device),
        cmocka_unit_test(a_ticket_that_was_looked_up_opens_one_relay),
        cmocka_unit_test(whoever_left_is_not_online),
        cmocka_unit_test(what_is_no_relay_of_ones_own_is_no_call),
        cmocka_unit_test(a_server_may_relay_nothing),
        cmocka_unit_test(so_many_there_may_be),
        cmocka_unit_test(so_many_a_device_may_take_part_in),
        cmocka_unit_test(who_never_takes_part_is_given_up),
        cmocka_unit_test(what_is_over_before_it_was_told_is_not_told),
        cmocka_unit_test(the_log_has_its_beginning_and_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
