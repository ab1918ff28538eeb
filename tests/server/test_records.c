/* What a durable store keeps beside the streams: topics and states, over a restart of the server. */
#include "server/rig.h"

#include <stdio.h>
#include <string.h>

static void durable(struct rig *r)
{
    r->durable = true;
    r->store_config.records = 64;
}

static void topic_and_states_survive_a_restart(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    say(u0, "{'msgtype':'topic','room':'#lobby','topic':'pumps \\u00e4nd more'}");
    say(u1, "{'msgtype':'state','text':'pump 3 on'}");
    say(u0, "{'msgtype':'state','text':'41 C'}");
    say(u1, "{'msgtype':'state','text':'pump 3 off'}");
    rig_pass(&r, 100);
    rig_restart(&r); /* goodbye is said before the second is over: it is written all the same */
    u0 = rig_login(&r, 2, "{'msgtype':'hello','resume':true}");
    say(u0, "{'msgtype':'join','room':'#lobby'}");
    expect(u0, "{'msgtype':'joined','room':'#lobby',*'topic':'pumps *nd more'}");
    expect_later(u0, "{'msgtype':'state',*'from':'u0',*'text':'41 C'}");
    expect(u0, "{'msgtype':'state',*'from':'u1','device':'default',*'text':'pump 3 off'}");
    expect_nothing(u0);
    say(u0, "{'msgtype':'topic','room':'#lobby'}");
    expect(u0, "{'msgtype':'topic',*'from':'u0',*");
    u1 = rig_member(&r, 1);
    say(u1, "{'msgtype':'state','text':'on again'}");
    expect(u0, "{'msgtype':'presence',*");
    expect(u0, "{'msgtype':'state',*'from':'u1',*'text':'on again'}");
    rig_end(&r);
}

static void what_was_taken_away_stays_away(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = rig_member(&r, 0);
    say(u0, "{'msgtype':'topic','room':'#lobby','topic':'x'}");
    say(u0, "{'msgtype':'state','text':'y'}");
    rig_pass(&r, 1500);
    say(u0, "{'msgtype':'topic','room':'#lobby','topic':''}");
    say(u0, "{'msgtype':'state','text':''}");
    rig_pass(&r, 1500);
    rig_restart(&r);
    u0 = rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    say(u0, "{'msgtype':'join','room':'#lobby'}");
    expect(u0, "{'msgtype':'joined','room':'#lobby',*'members':1}");
    expect_nothing(u0);
    rig_end(&r);
}

/* The end waits for what is written, but not for its second to pass. */
static void the_end_waits_for_what_is_written(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *p[4];
    for (unsigned i = 0; i < 4; i++) {
        p[i] = rig_member(&r, i);
        say(p[i], "{'msgtype':'state','text':'x'}");
    }
    say(p[0],
        "{'msgtype':'topic','room':'#lobby','topic':'x'}"); /* more than is written at a time */
    rig_pass(&r, 100);
    r.store.late = true;
    thm_server_shutdown(r.server);
    rig_poke(&r);
    rig_pass(&r, 100);
    for (unsigned i = 0; i < 4; i++)
        peer_abort(p[i]);
    rig_pass(&r, 300);
    assert_int_equal(rig_stats(&r).connections, 0);
    for (unsigned i = 0; i < 5; i++) {
        assert_false(thm_server_idle(r.server));
        r.store.pass = 1;
        rig_poke(&r);
        rig_pass(&r, 10);
    }
    rig_store_on_time(&r);
    rig_pass(&r, 100);
    assert_true(thm_server_idle(r.server));
    rig_end(&r);
}

/* A state that changes all the time costs one write a second. */
static void changes_are_written_once_a_second(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = rig_member(&r, 0);
    unsigned before = r.store.submitted;
    for (int i = 0; i < 100; i++) {
        sayf(u0, "{'msgtype':'state','text':'%d'}", i);
        rig_pass(&r, 100);
    }
    assert_in_range(r.store.submitted - before, 8, 11);
    rig_end(&r);
}

/* What could not be written is written when the store works again, in its latest form. */
static void a_failing_store_loses_no_change(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    say(u0, "{'msgtype':'topic','room':'#lobby','topic':'first'}");
    say(u0, "{'msgtype':'state','text':'a'}");
    say(u1, "{'msgtype':'state','text':'b'}");
    r.store.fail = 1000000;
    unsigned before = r.store.submitted;
    rig_pass(&r, 5000);
    assert_in_range(r.store.submitted - before, 3, 30);
    say(u0, "{'msgtype':'topic','room':'#lobby','topic':'second'}");
    rig_pass(&r, 1000);
    r.store.fail = 0;
    rig_pass(&r, 3000);
    rig_restart(&r);
    u0 = rig_login(&r, 2, "{'msgtype':'hello','resume':true}");
    say(u0, "{'msgtype':'join','room':'#lobby'}");
    expect(u0, "{'msgtype':'joined',*'topic':'second'}");
    expect_later(u0, "{'msgtype':'state',*'text':'a'}");
    expect(u0, "{'msgtype':'state',*'text':'b'}");
    rig_end(&r);
}

/* Two who come at the same moment both read: nothing is there twice. */
static void several_may_come_at_once(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    for (unsigned i = 0; i < 4; i++) {
        struct peer *p = rig_member(&r, i);
        sayf(p, "{'msgtype':'state','text':'%u %0230u'}", i, 0);
    }
    rig_pass(&r, 1500);
    rig_restart(&r);
    struct peer *p[2];
    for (unsigned i = 0; i < 2; i++)
        p[i] = rig_login(&r, i, "{'msgtype':'hello','resume':true,'credit':65536}");
    r.store.late = true;
    for (unsigned i = 0; i < 2; i++)
        say(p[i], "{'msgtype':'join','room':'#lobby'}");
    rig_pass(&r, 500); /* both have come */
    for (unsigned pass = 0; pass < 20; pass++) {
        r.store.pass = 1;
        rig_poke(&r);
        rig_pass(&r, 10);
    }
    rig_store_on_time(&r);
    for (unsigned i = 0; i < 2; i++) {
        expect_later(p[i], "{'msgtype':'joined',*");
        for (unsigned k = 0; k < 4; k++) {
            char pattern[100];
            snprintf(pattern, sizeof pattern, "{'msgtype':'state',*'from':'u%u',*", k);
            expect_later(p[i], pattern);
        }
    }
    rig_pass(&r, 100);
    struct peer *late = rig_login(&r, 2, "{'msgtype':'hello','resume':true,'credit':65536}");
    say(late, "{'msgtype':'join','room':'#lobby'}");
    expect(late, "{'msgtype':'joined',*");
    for (unsigned k = 0; k < 4; k++)
        expect(late, "{'msgtype':'state',*");
    expect_nothing(late);
    rig_end(&r);
}

/* Without a durable store nothing of the kind is asked of it. */
static void another_store_is_spared(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    unsigned before = r.store.submitted;
    say(u0, "{'msgtype':'topic','room':'#lobby','topic':'x'}");
    say(u0, "{'msgtype':'state','text':'y'}");
    rig_pass(&r, 3000);
    assert_int_equal(r.store.submitted, before);
    rig_end(&r);
}

/* What was acknowledged by a durable store is `stored`, and nobody sees it before. */
static void stored_is_said_after_the_store_has_it(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    expect(u0, "{'msgtype':'presence',*");
    r.store.late = true;
    say(u0, "{'msgtype':'say','csn':1,'text':'x'}");
    rig_pass(&r, 5000);
    expect_nothing(u0);
    expect_nothing(u1);
    rig_store_on_time(&r);
    expect(u0, "{'msgtype':'stored',*'csn':1}");
    expect(u0, "{'msgtype':'message',*");
    expect(u1, "{'msgtype':'message',*");
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topic_and_states_survive_a_restart),
        cmocka_unit_test(what_was_taken_away_stays_away),
        cmocka_unit_test(the_end_waits_for_what_is_written),
        cmocka_unit_test(changes_are_written_once_a_second),
        cmocka_unit_test(a_failing_store_loses_no_change),
        cmocka_unit_test(several_may_come_at_once),
        cmocka_unit_test(another_store_is_spared),
        cmocka_unit_test(stored_is_said_after_the_store_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
