/* Limits of a device: what is too much waits, whole and in order; others don't notice; and its user is told. */
#include "server/paster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes place for more: a peer of the test keeps 4,096 lines. */
static void forget(struct peer *p)
{
    for (unsigned i = 0; i < p->count; i++)
        free(p->lines[i]);
    p->next = p->count = 0;
}

static uint64_t now(const struct rig *r)
{
    return sim_host_now(r->host);
}

/* --- pasting -------------------------------------------------------------------------------- */

static void quick(struct rig *r)
{
    lines_only(r);
    r->config.limits[THM_LIMIT_LINES] = (struct thm_limit){200, 1000};
}

static void a_long_paste_arrives_whole_and_in_order(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, quick);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_plain(&r, 1);
    expect(u0, "{'msgtype':'presence',*'userid':'u1',*'joined'}");
    uint64_t begun = now(&r);
    unsigned told = 0, heard = 0;
    for (unsigned at = 0; at < 5000; at += 1000) {
        paste(u0, at, 1000);
        told += read_messages(u0, at, 1000);
        heard += read_messages(u1, at, 1000);
        if (at == 0)
            assert_true(now(&r) - begun < 500); /* the first thousand at once */
        forget(u0);
        forget(u1);
    }
    uint64_t took = now(&r) - begun; /* (5000 - 1000) / 200 s */
    assert_in_range(took, 19500, 20500);
    assert_int_equal(told, 1);
    assert_int_equal(heard, 0);
    struct thm_server_stats s = rig_stats(&r);
    assert_in_range(s.lines_paced, 3900, 4000);
    assert_int_equal(r.logged, 1);
    rig_end(&r);
}

/* All of it lies in the socket and in TLS at once, and the sender has gone. */
static void it_arrives_whole_when_its_sender_is_gone(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_plain(&r, 1);
    paste(u0, 0, 500);
    rig_pass(&r, 100);
    say(u0, "{'msgtype':'quit'}");
    assert_int_equal(read_messages(u1, 0, 500), 0);
    expect(u1, "{'msgtype':'presence',*'userid':'u0',*'left'}");
    rig_end(&r);
}

static void who_pastes_is_told_what_and_how_fast(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_plain(&r, 0);
    paste(u0, 0, 100 + 50 + 49); /* below 2 s */
    assert_int_equal(read_messages(u0, 0, 199), 0);
    expect_nothing(u0);
    assert_int_equal(r.logged, 0);
    rig_pass(&r, 10000);
    paste(u0, 0, 100 + 50 + 60);
    expect_later(u0,
                 "{'msgtype':'notice','time':*,'text':'you send faster than this server takes it "
                 "from one device: 50 lines a second now; nothing is lost, and all stays in "
                 "order'}");
    assert_int_equal(r.logged, 1);
    rig_end(&r);
}

static void and_again_at_most_once_a_minute(void **state)
{
    (void)state;
    struct rig r;
    unsigned told = 0;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_plain(&r, 0);
    /* 130 s without a pause, window by window */
    for (unsigned at = 0; at < 6600; at += 50) {
        paste(u0, at, 50);
        told += read_messages(u0, at, 50);
        forget(u0);
    }
    assert_int_equal(told, 3); /* after 2 s, 62 s and 122 s */
    assert_int_equal(r.logged, 3);
    rig_end(&r);
}

/* Who acknowledges nothing has no credit for a notice; he gets it when he has. */
static void the_notice_waits_for_credit(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true,'credit':4096}");
    say(u0, "{'msgtype':'join','room':'#lobby'}");
    expect(u0, "{'msgtype':'joined',*");
    for (unsigned i = 0; i < 90; i++) {
        if (i == 40)
            assert_true(u0->bytes <= 4096);
        for (unsigned n = 0; i == 40 && n < u0->count; n++)
            assert_null(strstr(u0->lines[n], "notice"));
        if (i >= 40)
            acknowledge(u0);
        paste(u0, 10 * i, 10); /* twice as fast as is taken */
        rig_pass(&r, 100);
    }
    expect_later(u0, "{'msgtype':'notice',*");
    rig_end(&r);
}

/* --- one device, another device ------------------------------------------------------------- */

static void coming_back_brings_nothing(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_plain(&r, 1);
    paste(u0, 0, 100);
    read_messages(u1, 0, 100);
    peer_close(u0);
    expect(u1, "{'msgtype':'presence',*'left'}");
    uint64_t begun = now(&r);
    struct peer *again = rig_plain(&r, 0); /* its own hello does not wait */
    assert_true(now(&r) - begun < 500);
    expect(u1, "{'msgtype':'presence',*'joined'}");
    paste(again, 0, 100);
    read_messages(u1, 0, 100);
    assert_in_range(now(&r) - begun, 1950, 2100); /* 100 / 50 s */
    peer_abort(again);
    expect(u1, "{'msgtype':'presence',*'left'}");
    struct peer *third = rig_plain(&r, 0);
    expect(u1, "{'msgtype':'presence',*'joined'}");
    paste(third, 0, 50);
    read_messages(u1, 0, 50);
    assert_in_range(now(&r) - begun, 2950, 3200);
    rig_end(&r);
}

static void few_bytes(struct rig *r)
{
    memset(r->config.limits, 0, sizeof r->config.limits);
    r->config.limits[THM_LIMIT_BYTES] = (struct thm_limit){1000, 2000};
}

/* Before login everything counts for the device as well, on all its connections together. */
static void two_connections_have_one_allowance(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, few_bytes);
    struct peer *a = rig_open(&r, 0), *b = rig_open(&r, 0), *other = rig_open(&r, 1);
    char noise[999];
    memset(noise, 'x', sizeof noise);
    noise[998] = '\n';
    send_bytes(a, noise, sizeof noise);
    expect(a, "{'msgtype':'error',*");
    send_bytes(b, noise, sizeof noise);
    expect(b, "{'msgtype':'error',*");
    uint64_t begun = now(&r);
    send_bytes(b, noise, 999); /* overdrawn by this one */
    expect(b, "{'msgtype':'error',*");
    say(a, "{'msgtype':'hello'}"); /* which the first connection feels */
    say(other, "{'msgtype':'hello'}");
    expect(other, "{'msgtype':'auth_reply','status':'GRANTED',*");
    assert_true(now(&r) - begun < 100);
    expect(a, "{'msgtype':'auth_reply','status':'GRANTED',*");
    assert_in_range(now(&r) - begun, 950, 1200);
    rig_end(&r);
}

static void another_device_is_not_slowed(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_plain(&r, 1), *phone = rig_plain(&r, U1_PHONE);
    paste(u0, 0, 1000);
    rig_pass(&r, 3000);
    expect_later(u1, "*'line 99'*");
    for (unsigned i = 0; i < 20; i++) {
        uint64_t begun = now(&r);
        sayf(u1, "{'msgtype':'say','text':'between %u'}", i);
        expect_later(u1, "*'between *"); /* and hears the other one meanwhile */
        sayf(phone, "{'msgtype':'ping','id':'%u'}", i);
        expect_later(phone, "{'msgtype':'pong',*");
        assert_true(now(&r) - begun < 50);
    }
    rig_end(&r);
}

/* What others say goes on to who is held, and what he has sent comes in its turn. */
static void who_is_held_hears_on(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_plain(&r, 1);
    paste(u0, 0, 1000);
    rig_pass(&r, 1000);
    u0->next = u0->count;
    uint64_t begun = now(&r);
    say(u1, "{'msgtype':'say','text':'hello'}");
    expect_later(u0, "*'text':'hello'}");
    assert_true(now(&r) - begun < 100);
    rig_end(&r);
}

static void few_places(struct rig *r)
{
    lines_only(r);
    r->config.max_clients = 1;
    r->config.spare_clients = 2;
    r->config.devices = 3;
}

/* All others come and go meanwhile, more than there are records. */
static void a_crowd_washes_nothing_out(void **state)
{
    (void)state;
    static const unsigned crowd[] = {1, 2, 3, U1_PHONE, 1, 2};
    struct rig r;
    rig_start(&r, few_places);
    struct peer *u0 = rig_plain(&r, 0);
    paste(u0, 0, 600);
    rig_pass(&r, 1000);
    peer_abort(u0);
    rig_poke(&r);
    rig_pass(&r, 200);
    uint64_t begun = now(&r);
    for (unsigned i = 0; i < sizeof crowd / sizeof *crowd; i++) {
        peer_abort(rig_plain(&r, crowd[i]));
        rig_pass(&r, 10);
    }
    assert_true(now(&r) - begun < 500);
    struct peer *again = rig_plain(&r, 0);
    paste(again, 0, 100);
    read_messages(again, 0, 100);
    assert_true(now(&r) - begun > 1400); /* with a new record it were at once */
    rig_end(&r);
}

/* By the defaults: a person's paste passes at once, and a bot says 20 lines a second for as long as it likes. */
static void people_and_bots_never_wait(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_plain(&r, 1);
    expect(u0, "{'msgtype':'presence',*'userid':'u1',*'joined'}");
    uint64_t begun = now(&r);
    paste(u0, 0, 1000);
    read_messages(u0, 0, 1000);
    assert_true(now(&r) - begun < 500);
    for (unsigned i = 1000; i < 9000; i += 16) { /* 400 s */
        paste(u0, i, 16);
        assert_int_equal(read_messages(u0, i, 16), 0);
        rig_pass(&r, 800);
        forget(u0);
        forget(u1);
    }
    assert_int_equal(rig_stats(&r).lines_paced, 0);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_paste_arrives_whole_and_in_order),
        cmocka_unit_test(it_arrives_whole_when_its_sender_is_gone),
        cmocka_unit_test(who_pastes_is_told_what_and_how_fast),
        cmocka_unit_test(and_again_at_most_once_a_minute),
        cmocka_unit_test(the_notice_waits_for_credit),
        cmocka_unit_test(coming_back_brings_nothing),
        cmocka_unit_test(two_connections_have_one_allowance),
        cmocka_unit_test(another_device_is_not_slowed),
        cmocka_unit_test(who_is_held_hears_on),
        cmocka_unit_test(a_crowd_washes_nothing_out),
        cmocka_unit_test(people_and_bots_never_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
