/* Rooms: who comes and goes, in small rooms and in large ones (here: of more than three), topics and states. */
#include "server/rig.h"

#include <string.h>

_Static_assert(THM_SMALL_ROOM == 3, "made for small_config.h");

/* --- joining -------------------------------------------------------------------------------- */

static void a_cursor_says_where_delivery_starts(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    char incarnation[256];
    for (int i = 1; i <= 5; i++)
        sayf(u0, "{'msgtype':'say','text':'%d'}", i);
    expect_later(u0, "{'msgtype':'message',*'n':5,*");
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    say(u1, "{'msgtype':'join','room':'#lobby'}"); /* none: behind the newest */
    string_of(expect(u1, "{'msgtype':'joined',*'n':5,'after':5,'members':2}"), "incarnation",
              incarnation);
    expect_nothing(u1);
    sayf(u1, "{'msgtype':'join','room':'#lobby','incarnation':'%s','after':3}", incarnation);
    expect(u1, "{'msgtype':'joined',*'n':5,'after':3,'members':2}");
    expect(u1, "{'msgtype':'message',*'n':4,*");
    expect(u1, "{'msgtype':'message',*'n':5,*");
    expect_nothing(u1);
    say(u1,
        "{'msgtype':'join','room':'#lobby','incarnation':'00000000000000ff','after':3}"); /* another log */
    expect(u1, "{'msgtype':'joined',*'n':5,'after':0,*");
    expect(u1, "{'msgtype':'gap','room':'#lobby','incarnation':'*','reason':'restarted'}");
    for (int i = 1; i <= 5; i++)
        assert_int_equal(number_of(expect(u1, "{'msgtype':'message',*"), "n"), i);
    sayf(u1, "{'msgtype':'join','room':'#lobby','incarnation':'%s','after':9}",
         incarnation); /* not there yet */
    expect(u1, "{'msgtype':'joined',*'after':0,*");
    expect(u1, "{'msgtype':'gap',*'reason':'restarted'}");
    rig_end(&r);
}

/* What the store tells who joins is older than what was said behind his request, and is no number to go on with; not even
 * while the store is full. */
static void joining_does_not_disturb_the_numbers(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0),
                *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    r.store.late = true;
    say(u1, "{'msgtype':'join','room':'#lobby'}");
    rig_pass(&r, 10);
    say(u0, "{'msgtype':'say','csn':1,'text':'1'}");
    rig_pass(&r, 10);
    r.store.busy = true;
    say(u0, "{'msgtype':'say','csn':2,'text':'2'}");
    say(u0, "{'msgtype':'say','csn':3,'text':'3'}");
    rig_pass(&r, 10);
    r.store.busy = false;
    rig_store_on_time(&r);
    expect_later(u0, "{'msgtype':'accepted',*'n':1,*'csn':1}");
    expect_later(u0, "{'msgtype':'accepted',*'n':2,*'csn':2}");
    expect_later(u0, "{'msgtype':'accepted',*'n':3,*'csn':3}");
    rig_end(&r);
}

static void leaving_ends_what_a_room_sends(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    say(u1, "{'msgtype':'leave','room':'#lobby'}");
    expect(u1, "{'msgtype':'left','room':'#lobby'}");
    expect_later(u0, "{'msgtype':'presence',*'userid':'u1',*'members':1,'event':'left'}");
    say(u0, "{'msgtype':'say','text':'x'}");
    expect(u0, "{'msgtype':'message',*");
    expect_nothing(u1);
    say(u1, "{'msgtype':'join','room':'#b'}");
    say(u1, "{'msgtype':'join','room':'#c'}");
    say(u1, "{'msgtype':'join','room':'#d'}");
    say(u1, "{'msgtype':'leave','room':'#c'}"); /* any of them */
    say(u1, "{'msgtype':'leave','room':'#b'}");
    expect_later(u1, "{'msgtype':'left','room':'#b'}");
    say(u1, "{'msgtype':'leave','room':'#lobby'}");
    expect(u1, "{'msgtype':'error','room':'#lobby','code':'no-such-room','key':'room','in':'leave',"
               "'reason':'*'}");
    rig_end(&r);
}

static void an_inbox_is_its_users_alone(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    say(u0, "{'msgtype':'join','room':'@u1'}");
    expect(u0, "{'msgtype':'error','room':'@u1','code':'not-allowed','key':'room','in':'join','"
               "reason':'*'}");
    say(u0, "{'msgtype':'join','room':'@u'}");
    expect(u0, "{'msgtype':'error',*'not-allowed',*");
    say(u0, "{'msgtype':'join','room':'@u0'}");
    expect(u0, "{'msgtype':'joined','room':'@u0','incarnation':'*','n':0,'after':0}");
    rig_end(&r);
}

/* --- presence ------------------------------------------------------------------------------- */

static void a_small_room_hears_names(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    expect(u0, "{'msgtype':'presence','room':'#lobby','userid':'u1','alias':'u1','members':2,'"
               "event':'joined'}");
    say(u1, "{'msgtype':'alias','alias':'Em'}");
    expect(u0, "{'msgtype':'presence',*'userid':'u1','alias':'Em','members':2,'event':'alias'}");
    say(u1, "{'msgtype':'away','away':'at lunch'}");
    expect(u0, "{'msgtype':'presence',*'event':'away','away':'at lunch'}");
    say(u1, "{'msgtype':'away'}");
    expect(u0, "{'msgtype':'presence',*'members':2,'event':'back'}");
    say(u1, "{'msgtype':'away','away':''}"); /* is no news */
    expect_nothing(u0);
    peer_abort(u1);
    expect(u0, "{'msgtype':'presence',*'userid':'u1',*'members':1,'event':'left'}");
    rig_end(&r);
}

static void a_user_comes_with_his_first_device_and_leaves_with_his_last(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0), *desk = rig_member(&r, 1);
    expect(u0, "{'msgtype':'presence',*'userid':'u1',*'event':'joined'}");
    struct peer *phone = rig_member(&r, U1_PHONE);
    say(phone, "{'msgtype':'alias','alias':'Em'}");
    expect(phone, "{'msgtype':'alias','alias':'Em'}");
    expect(u0, "{'msgtype':'presence',*'alias':'Em','members':3,'event':'alias'}");
    peer_close(desk);
    expect_nothing(u0); /* once is enough, and he is still there */
    say(phone, "{'msgtype':'away','away':'x'}");
    expect(u0, "{'msgtype':'presence',*'members':2,'event':'away',*");
    peer_close(phone);
    expect(u0, "{'msgtype':'presence',*'members':1,'event':'left'}");
    expect_nothing(u0);
    rig_end(&r);
}

/* A member that takes nothing unasked: answers, which are never withheld, have used its credit up. */
static struct peer *without_credit(struct rig *r, unsigned who)
{
    struct peer *p = rig_login(r, who, "{'msgtype':'hello','resume':true,'credit':4096}");

    say(p, "{'msgtype':'join','room':'#lobby'}");
    expect(p, "{'msgtype':'joined',*");
    for (int i = 0; i < 80; i++)
        say(p, "{'msgtype':'ping','id':'0123456789012345678901234567890123456789'}");
    for (int i = 0; i < 80; i++)
        expect(p, "{'msgtype':'pong',*");
    return p;
}

/* The device with which a user came may go before all have heard of him. */
static void a_user_is_announced_whichever_device_stays(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = without_credit(&r, 0), *desk = rig_member(&r, 1),
                *phone = rig_member(&r, U1_PHONE);
    say(phone, "{'msgtype':'away','away':'soon back'}");
    expect(phone, "{'msgtype':'away',*");
    peer_close(desk);
    rig_pass(&r, 50);
    acknowledge(u0);
    expect(
        u0,
        "{'msgtype':'presence',*'userid':'u1',*'members':2,'event':'joined','away':'soon back'}");
    expect_nothing(u0);
    rig_end(&r);
}

/* Who could take nothing for a while is told the latest, once. */
static void only_the_latest_of_each_is_told(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = without_credit(&r, 0), *u2 = rig_member(&r, 2);
    for (int i = 0; i < 10; i++)
        sayf(u2, "{'msgtype':'alias','alias':'number %d'}", i);
    expect_later(u2, "{'msgtype':'alias','alias':'number 9'}");
    expect_nothing(u0);
    acknowledge(u0);
    expect(u0,
           "{'msgtype':'presence',*'userid':'u2','alias':'number 9','members':2,'event':'joined'}");
    expect_nothing(u0);
    rig_end(&r);
}

/* Another one comes and goes so often, and leaves. */
static void come_and_go(struct rig *r, unsigned who, unsigned times)
{
    struct peer *p = rig_login(r, who, "{'msgtype':'hello','resume':true}");

    for (unsigned i = 0; i < times; i++) {
        say(p, "{'msgtype':'join','room':'#lobby'}");
        say(p, "{'msgtype':'leave','room':'#lobby'}");
        expect_later(p, "{'msgtype':'left',*");
    }
    peer_close(p);
    rig_pass(r, 100);
}

static void who_left_is_known_by_name_for_a_while(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = without_credit(&r, 0);
    come_and_go(&r, 2, 3);
    acknowledge(u0);
    expect(u0, "{'msgtype':'presence',*'userid':'u2','alias':'u2','members':1,'event':'left'}");
    rig_end(&r);
}

static void many_who_left_are_counted(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = without_credit(&r, 0);
    come_and_go(&r, 2, 20);
    acknowledge(u0);
    expect(u0, "{'msgtype':'presence','room':'#lobby','members':1,'joined':20,'left':20}");
    expect_nothing(u0);
    rig_end(&r);
}

static void two_remembered_users(struct rig *r)
{
    r->config.max_clients = r->config.max_users = 2;
}

/* The record of who left is somebody else's now: he must not be said to have left. */
static void a_forgotten_users_name_is_not_mistaken(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, two_remembered_users);
    struct peer *u0 = without_credit(&r, 0);
    come_and_go(&r, 2, 1);
    rig_login(&r, 3, "{'msgtype':'hello','resume':true}");
    acknowledge(u0);
    expect(u0, "{'msgtype':'presence','room':'#lobby','members':1,'joined':1,'left':1}");
    rig_end(&r);
}

/* --- large rooms ---------------------------------------------------------------------------- */

static void a_large_room_hears_counts(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *p[5];
    for (unsigned i = 0; i < 3; i++)
        p[i] = rig_member(&r, i);
    expect(p[0], "{'msgtype':'presence',*'userid':'u1',*");
    expect(p[0], "{'msgtype':'presence',*'userid':'u2',*'members':3,*");
    expect(p[1], "{'msgtype':'presence',*'userid':'u2',*");
    p[3] = rig_member(&r, 3); /* the room is large now */
    say(p[3], "{'msgtype':'alias','alias':'Em'}");
    expect_nothing(p[0]);
    rig_pass(&r, THM_COUNT_INTERVAL_MS - 500);
    expect(p[0], "{'msgtype':'presence','room':'#lobby','members':4,'joined':1,'left':0}");
    expect(p[1], "{'msgtype':'presence','room':'#lobby','members':4,'joined':1,'left':0}");
    rig_pass(&r, 3 * THM_COUNT_INTERVAL_MS);
    expect_nothing(p[0]); /* nothing changed, nothing is told */
    peer_close(p[3]);
    expect(
        p[0],
        "{'msgtype':'presence',*'userid':'u3',*'members':3,'event':'left'}"); /* it is small again */
    p[4] = rig_member(&r, 3);
    rig_pass(&r, THM_COUNT_INTERVAL_MS);
    expect(p[0], "{'msgtype':'presence','room':'#lobby','members':4,'joined':1,'left':0}");
    expect_nothing(p[0]);
    rig_end(&r);
}

static void counts_come_at_intervals(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *p[4];
    for (unsigned i = 0; i < 4; i++)
        p[i] = rig_member(&r, i);
    struct peer *phone = rig_login(&r, U1_PHONE, "{'msgtype':'hello','resume':true}");
    say(phone, "{'msgtype':'join','room':'#lobby'}");
    rig_pass(&r, 2 * THM_COUNT_INTERVAL_MS);
    unsigned before = p[0]->next = p[0]->count;
    for (int i = 0; i < 100; i++) { /* 20 s; the room stays large */
        say(p[3], "{'msgtype':'leave','room':'#lobby'}");
        say(p[3], "{'msgtype':'join','room':'#lobby'}");
        rig_pass(&r, 200);
    }
    rig_pass(&r, THM_COUNT_INTERVAL_MS);
    assert_in_range(p[0]->count - before, 4, 5);
    uint64_t joined = 0, left = 0;
    while (p[0]->next < p[0]->count) {
        const char *line = expect(p[0], "{'msgtype':'presence',*'members':*,'joined':*,'left':*}");
        joined += number_of(line, "joined");
        left += number_of(line, "left");
    }
    assert_int_equal(joined, 100);
    assert_int_equal(left, 100);
    rig_end(&r);
}

/* Two large rooms at a time; and who leaves is counted when nobody comes. */
static void rooms_count_side_by_side(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *p[5];
    for (unsigned i = 0; i < 5; i++) {
        p[i] = rig_member(&r, i);
        say(p[i], "{'msgtype':'join','room':'#b'}");
        expect_later(p[i], "{'msgtype':'joined','room':'#b',*");
    }
    rig_pass(&r, 2 * THM_COUNT_INTERVAL_MS);
    p[0]->next = p[0]->count;
    say(p[3], "{'msgtype':'leave','room':'#b'}");
    say(p[3], "{'msgtype':'leave','room':'#lobby'}");
    rig_pass(&r, THM_COUNT_INTERVAL_MS);
    expect(p[0], "{'msgtype':'presence','room':'#*','members':4,'joined':0,'left':1}");
    expect(p[0], "{'msgtype':'presence','room':'#*','members':4,'joined':0,'left':1}");
    expect_nothing(p[0]);
    say(p[3], "{'msgtype':'join','room':'#b'}"); /* who comes hears of nothing that was before */
    rig_pass(&r, THM_COUNT_INTERVAL_MS);
    p[3]->next = p[3]->count;
    say(p[2], "{'msgtype':'leave','room':'#b'}");
    rig_pass(&r, THM_COUNT_INTERVAL_MS);
    expect(p[3], "{'msgtype':'presence','room':'#b','members':4,'joined':0,'left':1}");
    rig_end(&r);
}

/* --- topics --------------------------------------------------------------------------------- */

static void a_topic_is_told_to_all_and_to_who_comes(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    expect(u0, "{'msgtype':'presence',*");
    say(u0, "{'msgtype':'topic','room':'#lobby'}");
    expect(u0, "{'msgtype':'topic','room':'#lobby','topic':''}");
    say(u1, "{'msgtype':'topic','room':'#lobby','topic':'tea'}");
    expect(u0, "{'msgtype':'topic','room':'#lobby','time':1800000*,'from':'u1','topic':'tea'}");
    expect(u1, "{'msgtype':'topic','room':'#lobby','time':1800000*,'from':'u1','topic':'tea'}");
    say(u0, "{'msgtype':'topic','room':'#lobby'}");
    expect(u0, "{'msgtype':'topic','room':'#lobby','time':1800000*,'from':'u1','topic':'tea'}");
    expect_nothing(u1); /* a question is no news */
    struct peer *u2 = rig_login(&r, 2, "{'msgtype':'hello','resume':true}");
    say(u2, "{'msgtype':'join','room':'#lobby'}");
    expect(u2, "{'msgtype':'joined',*'members':3,'topic':'tea'}");
    expect_nothing(u2);
    sim_host_set_utc(r.host, RIG_UTC - 3600000); /* a clock that is set back hides nothing */
    say(u0, "{'msgtype':'topic','room':'#lobby','topic':'more tea'}");
    expect(u2, "{'msgtype':'topic',*'topic':'more tea'}");
    say(u2, "{'msgtype':'topic','room':'#else','topic':'x'}");
    expect(u2, "{'msgtype':'error','room':'#else','code':'no-such-room',*'in':'topic',*");
    rig_end(&r);
}

/* --- retained states ------------------------------------------------------------------------ */

static void the_latest_state_of_each_device_is_retained(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0), *desk = rig_member(&r, 1),
                *phone = rig_member(&r, U1_PHONE);
    expect(u0, "{'msgtype':'presence',*");
    say(desk, "{'msgtype':'state','text':'one'}");
    expect(u0, "{'msgtype':'state','room':'#lobby','time':1800000*,'from':'u1','device':'default','"
               "text':'one'}");
    say(phone, "{'msgtype':'state','room':'#lobby','text':'two'}");
    expect(u0, "{'msgtype':'state',*'device':'phone','text':'two'}");
    for (int i = 0; i < 100; i++)
        sayf(desk, "{'msgtype':'state','text':'three %d'}", i);
    expect_later(u0, "{'msgtype':'state',*'device':'default','text':'three 99'}");
    expect_nothing(u0);
    peer_abort(desk);
    struct peer *u2 = rig_login(&r, 2, "{'msgtype':'hello','resume':true}");
    say(u2, "{'msgtype':'join','room':'#lobby'}");
    expect(u2, "{'msgtype':'joined',*");
    expect(u2, "{'msgtype':'state',*'device':'phone','text':'two'}");
    expect(u2,
           "{'msgtype':'state',*'device':'default','text':'three 99'}"); /* although it is gone */
    expect_nothing(u2);
    char text[THM_STATE_MAX + 2];
    memset(text, 'x', sizeof text);
    text[THM_STATE_MAX + 1] = '\0';
    sayf(u2, "{'msgtype':'state','text':'%s'}", text);
    expect(u2, "{'msgtype':'error','code':'text-too-long','key':'text','in':'state',*");
    text[THM_STATE_MAX] = '\0';
    sayf(u2, "{'msgtype':'state','text':'%s'}", text);
    expect(u2, "{'msgtype':'state',*'from':'u2',*");
    say(u2, "{'msgtype':'state','room':'#else','text':'x'}");
    expect(u2, "{'msgtype':'error','room':'#else','code':'no-such-room',*");
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cursor_says_where_delivery_starts),
        cmocka_unit_test(joining_does_not_disturb_the_numbers),
        cmocka_unit_test(leaving_ends_what_a_room_sends),
        cmocka_unit_test(an_inbox_is_its_users_alone),
        cmocka_unit_test(a_small_room_hears_names),
        cmocka_unit_test(a_user_comes_with_his_first_device_and_leaves_with_his_last),
        cmocka_unit_test(a_user_is_announced_whichever_device_stays),
        cmocka_unit_test(only_the_latest_of_each_is_told),
        cmocka_unit_test(who_left_is_known_by_name_for_a_while),
        cmocka_unit_test(many_who_left_are_counted),
        cmocka_unit_test(a_forgotten_users_name_is_not_mistaken),
        cmocka_unit_test(a_large_room_hears_counts),
        cmocka_unit_test(counts_come_at_intervals),
        cmocka_unit_test(rooms_count_side_by_side),
        cmocka_unit_test(a_topic_is_told_to_all_and_to_who_comes),
        cmocka_unit_test(the_latest_state_of_each_device_is_retained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
