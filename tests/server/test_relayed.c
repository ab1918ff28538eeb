/* What is relayed: bytes of others, never more than a few of them at a time, and behind the chat. */
#include <stdio.h>
#include <string.h>

#include "server/caller.h"

#define WINDOW THM_RELAY_WINDOW

/* --- how much ---------------------------------------------------------------------------------- */

/* Expects that both ends were told that it was too much. */
static void expect_broken(struct rig *r, struct two *t)
{
    expect_later(t->u0, RELAY_CLOSED("relay-credit"));
    expect_later(t->u1, RELAY_CLOSED("relay-credit"));
    rig_pass(r, 50);
    assert_int_equal(rig_stats(r).relays, 0);
    assert_int_equal(rig_stats(r).relay_buffers_used, 0);
}

static void expect_nothing_but_the_end(struct two *t)
{
    expect(t->u1, RELAY_CLOSED("relay-credit"));
    expect(t->u0, RELAY_CLOSED("relay-credit"));
    assert_int_equal(rig_stats(t->u0->rig).relays, 0);
}

static void nothing_is_sent_to_one_who_has_not_agreed(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_start(&r, &t, NULL);
    caller_ticket(t.u0, "u1@default", t.id);
    sayf(t.u0, "{'msgtype':'relay','id':'%s','to':'u1@default','bytes':8192}", t.id);
    expect(t.u1, "{'msgtype':'relay','from':'u0',*");
    sayf(t.u0, "{'msgtype':'relay','id':'%s','data':'AA=='}", t.id);
    expect_nothing_but_the_end(&t);
    rig_end(&r);
}

static void no_more_is_sent_than_the_receiver_takes(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_relay(&r, &t, 1000);
    struct flow f = flow_of(t.u0, t.u1, t.id);
    flow_say(&f, 1000);
    flow_hear_all(&f);
    assert_int_equal(f.heard, 1000);
    sayf(t.u1, "{'msgtype':'relay','id':'%s','bytes':900}", t.id); /* it only grows */
    expect_nothing(t.u0);
    sayf(t.u1, "{'msgtype':'relay','id':'%s','bytes':1010}", t.id);
    assert_int_equal(number_of(expect(t.u0, "{'msgtype':'relay',*'bytes':*}"), "bytes"), 1010);
    flow_say(&f, 11);
    expect_broken(&r, &t);
    rig_end(&r);
}

/* Says all that may be said to a receiver that acknowledges nothing, until that is nothing more. */
static void saturate(struct flow *f)
{
    for (unsigned quiet = 0; quiet < 20; quiet++) {
        if (flow_say_allowed(f, UINT64_MAX) > 0)
            quiet = 0;
        rig_pass(f->from->rig, 10);
        while (f->from->next < f->from->count)
            assert_true(flow_hear_told(f, next_line(f->from)));
        acknowledge(f->from);
    }
    assert_true(f->said == f->told);
    assert_true(rig_stats(f->from->rig).relay_buffers_used > 0);
}

/* A receiver that reads nothing: a window waits for it, whatever it has granted, and its sender chats on. */
static void a_receiver_that_does_not_read_costs_a_window(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_start(&r, &t, NULL);
    struct peer *u2 = rig_member(&r, 2);
    say(t.u0, "{'msgtype':'join','room':'#lobby'}");
    expect(t.u0, "{'msgtype':'joined',*");
    caller_forget(t.u0);
    caller_relay(t.u0, t.u1, "u1@default", 1000000, t.id);
    sim_world_faults(r.world, &(struct sim_faults){.send_buffer = 2048, .recv_buffer = 2048});
    struct flow f = flow_of(t.u0, t.u1, t.id);
    f.told = WINDOW;
    t.u1->deaf = true;
    saturate(&f);
    assert_in_range(f.said, WINDOW, 65536 + WINDOW); /* what it had credit for, and a window */
    assert_int_equal(rig_stats(&r).relay_buffers_used, 1);
    for (int csn = 1; csn <= 50; csn++) {
        sayf(t.u0, "{'msgtype':'say','csn':%d,'text':'x'}", csn);
        expect_later(t.u0, "{'msgtype':'accepted',*");
        expect_later(u2, "{'msgtype':'message',*");
    }
    caller_forget(t.u0);
    peer_listen(t.u1);
    rig_pass(&r, 100);
    acknowledge(t.u1);
    flow_hear_all(&f);
    assert_int_equal(f.heard, f.said);
    assert_int_equal(rig_stats(&r).relay_buffers_used, 0);
    rig_end(&r);
}

static void who_floods_is_cut_off(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_relay(&r, &t, 1000000);
    struct flow f = flow_of(t.u0, t.u1, t.id);
    f.told = WINDOW;
    saturate(&f);
    uint64_t allowed = f.said;
    flow_say(&f, 150000);
    expect(t.u0, RELAY_CLOSED("relay-credit"));
    expect(t.u0, RELAY_CLOSED("no-such-call")); /* the rest of it */
    assert_int_equal(rig_stats(&r).relay_buffers_used, 0);
    assert_int_equal(rig_stats(&r).relayed_bytes, allowed);
    flow_hear_all(&f);
    acknowledge(t.u1);
    flow_hear_all(&f);
    assert_string_equal(f.closed, "relay-credit");
    assert_true(f.heard < allowed); /* what waited is dropped */
    assert_int_equal(rig_stats(&r).relays, 0);
    rig_end(&r);
}

/* So a stream comes whole and in order, and its credit is told now and then, not for each line. */
static void much_passes_both_ways(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    const uint64_t all = 300000;
    two_relay(&r, &t, 8192);
    struct flow f[2] = {flow_of(t.u0, t.u1, t.id), flow_of(t.u1, t.u0, t.id)};
    struct peer *ends[2] = {t.u0, t.u1};
    uint64_t granted[2] = {8192, 8192};
    f[0].told = f[1].told = WINDOW; /* as both were told */
    uint64_t begun = sim_host_now(r.host);
    f[1].shift = 77;
    while (f[0].heard < all || f[1].heard < all) {
        for (unsigned i = 0; i < 2; i++)
            flow_say_allowed(&f[i], all);
        rig_pass(&r, 5);
        for (unsigned i = 0; i < 2; i++) {
            while (ends[i]->next < ends[i]->count) {
                const char *line = next_line(ends[i]);
                assert_true(flow_hear(&f[!i], line) || flow_hear_told(&f[i], line));
            }
            acknowledge(ends[i]);
            if (f[!i].heard + 4096 >= granted[i]) {
                granted[i] = f[!i].heard + 8192;
                sayf(ends[i], "{'msgtype':'relay','id':'%s','bytes':%llu}", t.id,
                     (unsigned long long)granted[i]);
            }
        }
        assert_true(sim_host_now(r.host) - begun < 60000);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(f[i].heard, all);
        assert_true(f[i].told_lines <= all / (WINDOW / 2) + 1);
        assert_true(f[i].lines <= all / 720 + all / 720 / 4);
    }
    assert_int_equal(rig_stats(&r).relayed_bytes, 2 * all);
    rig_end(&r);
}

/* A receiver may grant little at a time, and the sender never hangs. */
static void little_is_granted_at_a_time(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_relay(&r, &t, 100);
    struct flow f = flow_of(t.u0, t.u1, t.id);
    f.told = 100;
    for (uint64_t granted = 100; granted <= 3000; granted += 100) {
        if (granted > 100) {
            sayf(t.u1, "{'msgtype':'relay','id':'%s','bytes':%llu}", t.id,
                 (unsigned long long)granted);
            assert_true(flow_hear_told(&f, next_line(t.u0)));
        }
        assert_int_equal(flow_say_allowed(&f, UINT64_MAX), 100);
        assert_true(flow_hear(&f, next_line(t.u1)));
        assert_int_equal(f.heard, granted);
    }
    rig_end(&r);
}

static void what_is_no_base64_changes_nothing(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_relay(&r, &t, 8192);
    static const char *const bad[] = {"A", "AA", "AAA", "AB==", "A===", "AA-_", "AA==AA==", "A A="};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sayf(t.u0, "{'msgtype':'relay','id':'%s','data':'%s'}", t.id, bad[i]);
        expect(t.u0, "{'msgtype':'error','id':'*','code':'key-range','key':'data','in':'relay',*");
    }
    expect_nothing(t.u1);
    struct flow f = flow_of(t.u0, t.u1, t.id);
    flow_say(&f, WINDOW);
    flow_hear_all(&f);
    assert_int_equal(f.heard, WINDOW);
    rig_end(&r);
}

/* --- behind the chat ---------------------------------------------------------------------------- */

/* A relay that takes all that it can leaves some credit, and what is said comes before what waits. */
static void the_chat_comes_first(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    rig_start(&r, NULL);
    t.u0 = caller_available(&r, 0, 0);
    t.u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'credit':8192}");
    say(t.u1, "{'msgtype':'register'}");
    expect(t.u1, "{'msgtype':'register',*");
    say(t.u1, "{'msgtype':'join','room':'#lobby'}");
    expect(t.u1, "{'msgtype':'joined',*");
    say(t.u0, "{'msgtype':'join','room':'#lobby'}");
    expect(t.u1, "{'msgtype':'presence',*");
    caller_forget(t.u0);
    acknowledge(t.u1);
    caller_relay(t.u0, t.u1, "u1@default", 1000000, t.id);
    struct flow f = flow_of(t.u0, t.u1, t.id);
    f.told = WINDOW;
    saturate(&f);
    flow_hear_all(&f); /* all that comes while nothing is acknowledged */
    assert_true(f.heard > 3000 && f.said > f.heard);
    uint64_t heard = f.heard;
    for (int i = 1; i <= 5; i++) {
        sayf(t.u0, "{'msgtype':'say','text':'%d'}", i);
        expect(t.u1, "{'msgtype':'message',*'text':'*'}"); /* at once, without an acknowledgement */
    }
    say(t.u1, "{'msgtype':'status'}");
    expect(t.u1, "{'msgtype':'server',*"); /* answers as well */
    say(t.u0, "{'msgtype':'topic','room':'#lobby','topic':'tea'}");
    expect(t.u1, "{'msgtype':'topic',*");
    caller_forget(t.u0);
    acknowledge(t.u1);
    flow_hear_all(&f);
    assert_true(f.heard > heard);
    assert_true(flow_hear_told(&f, next_line(t.u0))); /* and who sends hears that at once */
    rig_end(&r);
}

/* Those who don't acknowledge get it as their connection takes it. */
static void one_without_credit_is_relayed_to_as_well(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    rig_start(&r, NULL);
    t.u0 = caller_available(&r, 0, 0);
    t.u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    say(t.u1, "{'msgtype':'register'}");
    expect(t.u1, "{'msgtype':'register',*");
    caller_relay(t.u0, t.u1, "u1@default", 1000000, t.id);
    struct flow f = flow_of(t.u0, t.u1, t.id);
    f.told = WINDOW;
    uint64_t begun = sim_host_now(r.host);
    while (f.heard < 100000) {
        flow_say_allowed(&f, 100000);
        rig_pass(&r, 10);
        while (t.u0->next < t.u0->count)
            assert_true(flow_hear_told(&f, next_line(t.u0)));
        flow_hear_all(&f);
        acknowledge(t.u0);
        assert_true(sim_host_now(r.host) - begun < 60000);
    }
    rig_end(&r);
}

/* Two that have much to relay to the same device get on equally. */
static void relays_take_turns(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    char other[TICKET];
    rig_start(&r, NULL);
    t.u0 = caller_available(&r, 0, 0);
    struct peer *u2 = caller_available(&r, 2, 0);
    t.u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'credit':4096}");
    say(t.u1, "{'msgtype':'register'}");
    expect(t.u1, "{'msgtype':'register',*");
    caller_relay(t.u0, t.u1, "u1@default", 1000000, t.id);
    caller_relay(u2, t.u1, "u1@default", 1000000, other);
    struct flow f[2] = {flow_of(t.u0, t.u1, t.id), flow_of(u2, t.u1, other)};
    flow_say(&f[0], WINDOW);
    rig_pass(&r, 50);
    flow_say(&f[1], WINDOW);
    rig_pass(&r, 50);
    while (f[0].heard + f[1].heard < 2 * WINDOW) {
        acknowledge(t.u1);
        rig_pass(&r, 50);
        while (t.u1->next < t.u1->count) {
            const char *line = next_line(t.u1);
            assert_true(flow_hear(&f[0], line) || flow_hear(&f[1], line));
            if (f[0].heard < WINDOW && f[1].heard > 0) /* the first was alone until then */
                assert_true(f[1].heard + 3000 >= f[0].heard && f[0].heard + 720 >= f[1].heard);
        }
    }
    rig_end(&r);
}

/* --- limits, log, numbers ---------------------------------------------------------------------- */

static void few_lines(struct rig *r)
{
    r->config.limits[THM_LIMIT_LINES] = (struct thm_limit){1, 20};
    r->config.limits[THM_LIMIT_BYTES] = (struct thm_limit){2000, 40000};
}

/* Relayed lines are no lines of the chat, but their bytes are bytes. */
static void only_its_bytes_count(void **state)
{
    (void)state;
    struct rig r;
    struct two t;
    two_start(&r, &t, few_lines);
    caller_relay(t.u0, t.u1, "u1@default", 1000000, t.id);
    struct flow f = flow_of(t.u0, t.u1, t.id);
    uint64_t begun = sim_host_now(r.host);
    for (unsigned i = 0; i < 100; i++)
        flow_say(&f, 1);
    while (f.heard < 100)
        flow_hear(&f, next_line(t.u1));
    assert_true(sim_host_now(r.host) - begun < 1000);
    f.told = WINDOW;
    while (f.heard < 40000) { /* some 54 KB of lines */
        flow_say_allowed(&f, 40000);
        rig_pass(&r, 50);
        while (t.u0->next < t.u0->count)
            flow_hear_told(&f, next_line(t.u0));
        while (t.u1->next < t.u1->count)
            flow_hear(&f, next_line(t.u1));
        acknowledge(t.u0);
        acknowledge(t.u1);
    }
    assert_in_range(sim_host_now(r.host) - begun, 8000, 20000);
    rig_end(&r);
}

/* --- whatever happens --------------------------------------------------------------------------- */

/* What four people may do with relays in any order, one of them reading now and then. */
static void any(struct rig *r, struct peer *p[4], char ids[8][TICKET], unsigned i)
{
    unsigned who = (unsigned)sim_world_random(r->world, 4);
    unsigned k = (unsigned)sim_world_random(r->world, 8);
    unsigned whom = (unsigned)sim_world_random(r->world, 4);
    char ticket[256];

    if (p[who]->broken)
        p[who] = caller_available(r, who, 0);
    switch (sim_world_random(r->world, 9)) {
    case 0:
    case 1:
        sayf(p[who], "{'msgtype':'lookup_request','lookup':'u%u'}", whom);
        peer_listen(p[who]);
        rig_pass(r, 5);
        for (unsigned n = p[who]->count; n > p[who]->next; n--)
            if (string_of(p[who]->lines[n - 1], "ticket", ticket)[0] != '\0') {
                strcpy(ids[k], ticket);
                break;
            }
        sayf(p[who], "{'msgtype':'relay','id':'%s','to':'u%u@default','bytes':9000}", ids[k], whom);
        break;
    case 2: sayf(p[who], "{'msgtype':'relay','id':'%s','bytes':%u}", ids[k], i * 100); break;
    case 3:
    case 4:
        for (unsigned n = 0; n < 1 + whom * 2; n++)
            flow_say(&(struct flow){.from = p[who], .id = ids[k]}, 720);
        break;
    case 5: p[who]->deaf = true; break;
    case 6:
        peer_listen(p[who]);
        acknowledge(p[who]);
        break;
    case 7: sayf(p[who], "{'msgtype':'relay','id':'%s','status':'closed'}", ids[k]); break;
    default:
        if (i % 5 == 0)
            peer_abort(p[who]);
        break;
    }
    rig_pass(r, 2);
}

static void nothing_stays_whatever_happens(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 6; seed++) {
        struct rig r;
        struct peer *p[4];
        char ids[8][TICKET] = {"x", "x", "x", "x", "x", "x", "x", "x"};
        rig_start(&r, NULL);
        for (unsigned i = 0; i < seed; i++)
            sim_world_random(r.world, 2);
        for (unsigned i = 0; i < 4; i++)
            p[i] = caller_available(&r, i, 0);
        for (unsigned i = 0; i < 400 && r.peer_count < PEERS - 4; i++)
            any(&r, p, ids, i);
        assert_true(rig_stats(&r).relay_buffers_used <= 2 * rig_stats(&r).relays);
        assert_true(rig_stats(&r).relays_opened > 5);
        rig_end(&r); /* and all pools are whole */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_sent_to_one_who_has_not_agreed),
        cmocka_unit_test(no_more_is_sent_than_the_receiver_takes),
        cmocka_unit_test(a_receiver_that_does_not_read_costs_a_window),
        cmocka_unit_test(who_floods_is_cut_off),
        cmocka_unit_test(much_passes_both_ways),
        cmocka_unit_test(little_is_granted_at_a_time),
        cmocka_unit_test(what_is_no_base64_changes_nothing),
        cmocka_unit_test(the_chat_comes_first),
        cmocka_unit_test(one_without_credit_is_relayed_to_as_well),
        cmocka_unit_test(relays_take_turns),
        cmocka_unit_test(only_its_bytes_count),
        cmocka_unit_test(nothing_stays_whatever_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
