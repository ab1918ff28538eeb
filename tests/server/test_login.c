/* Getting in: hello in all its forms, who takes whose place, and who finds no room. */
#include "server/rig.h"

#include <string.h>

static void only_little_is_said_before_hello(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_open(&r, 0);
    say(u0, "{'msgtype':'list'}");
    expect(u0, "{'msgtype':'error','code':'not-granted','in':'list','reason':'*'}");
    say(u0, "{'msgtype':'ack','bytes':0}");
    expect(u0, "{'msgtype':'error','code':'not-granted','in':'ack','reason':'*'}");
    say(u0, "{'msgtype':'lookup_request','lookup':'u0','id':'x'}");
    expect(u0, "{'msgtype':'lookup_reply','status':'NOTFOUND','id':'x','address':'',"
               "'key_hash':'','port':0,'ticket':''}");
    say(u0, "{'msgtype':'quit'}");
    expect(u0, "{'msgtype':'goodbye','reason':'bye'}");
    expect_end(u0, 1000);
    rig_pass(&r, 100);
    assert_int_equal(rig_stats(&r).connections, 0); /* at once */
    rig_end(&r);
}

static void a_plain_hello_joins_inbox_and_lobby(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_open(&r, 0);
    say(u0, "{'msgtype':'hello'}");
    expect(
        u0,
        "{'msgtype':'auth_reply','status':'GRANTED','time':1800000*,'userid':'u0',"
        "'device':'default','alias':'u0','credit':8192,'max_message':64000,'server':'rig',"
        "'commands':'register lookup_request relay say whisper receipt join leave ack history "
        "state alias topic away list rooms who whois status moderate cmd result ping pong quit'}");
    expect(u0, "{'msgtype':'joined','room':'@u0','incarnation':'*','n':0,'after':0}");
    expect(u0,
           "{'msgtype':'joined','room':'#lobby','incarnation':'*','n':0,'after':0,'members':1}");
    expect_nothing(u0);
    rig_end(&r);
}

static void hello_may_say_more(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_open(&r, 0);
    say(u0, "{'msgtype':'hello','client':'0123456789abcdef','credit':10000000,'resume':true,"
            "'alias':'Zoe \xc3\xa9','agent':'tests','max_message':5000}");
    expect(u0, "{'msgtype':'auth_reply',*'alias':'Zoe \xc3\xa9','credit':65536,*}");
    expect_nothing(u0);
    say(u0, "{'msgtype':'whois','text':'zoe \xc3\xa9'}");
    expect(u0, "{'msgtype':'user','userid':'u0','device':'default','alias':'Zoe \xc3\xa9',"
               "'since':1800000*,'max_message':5000,'agent':'tests','rooms':'','address':'10.*:*',"
               "'key_hash':'*'}");
    expect(u0, "{'msgtype':'end','count':1,'in':'whois'}");
    say(u0, "{'msgtype':'hello'}");
    expect(u0, "{'msgtype':'error','code':'state','in':'hello','reason':'*'}");
    say(u0, "{'msgtype':'auth_request'}");
    expect(u0, "{'msgtype':'error','code':'state','in':'auth_request','reason':'*'}");
    rig_end(&r);
}

static void an_auth_request_serves_as_hello(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_open(&r, 0);
    say(u0, "{'msgtype':'auth_request','userid':'u0'}");
    expect(u0, "{'msgtype':'auth_reply','status':'GRANTED',*");
    expect(u0, "{'msgtype':'joined','room':'@u0',*");
    expect(u0, "{'msgtype':'joined','room':'#lobby',*");
    struct peer *u1 = rig_open(&r, 1);
    say(u1, "{'msgtype':'auth_request','userid':'u0'}");
    expect(u1, "{'msgtype':'auth_reply','status':'REFUSED','code':'not-allowed','reason':'*'}");
    expect_end(u1, 1000);
    assert_int_equal(rig_stats(&r).sessions, 1);
    rig_end(&r);
}

/* A client may send all that it has in one go. */
static void what_follows_hello_at_once_waits_for_its_turn(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_open(&r, 0);
    say(u0, "{'msgtype':'hello'}");
    for (int i = 1; i <= 40; i++)
        sayf(u0, "{'msgtype':'say','text':'%d'}", i);
    say(u0, "{'msgtype':'history','room':'#lobby','count':1}");
    say(u0, "{'msgtype':'quit'}");
    expect_later(u0, "{'msgtype':'joined','room':'#lobby',*");
    for (int i = 1; i <= 40; i++)
        assert_int_equal(number_of(expect(u0, "{'msgtype':'message',*"), "n"), i);
    expect(u0, "{'msgtype':'past',*'n':40,*'text':'40'}");
    expect(u0, "{'msgtype':'end',*");
    expect(u0, "{'msgtype':'goodbye','reason':'bye'}");
    expect_end(u0, 1000);
    rig_end(&r);
}

/* --- aliases -------------------------------------------------------------------------------- */

static void an_alias_is_nobody_elses(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true,'alias':'Bo'}");
    struct peer *u1 = rig_open(&r, 1);
    say(u1, "{'msgtype':'hello','resume':true,'alias':'bO'}");
    expect(u1, "{'msgtype':'auth_reply',*'alias':'u1',*");
    expect(u1, "{'msgtype':'error',*'code':'alias-taken','key':'alias','in':'hello','reason':'*'}");
    say(u1, "{'msgtype':'alias','alias':'BO'}");
    expect(u1, "{'msgtype':'error',*'code':'alias-taken',*'in':'alias',*");
    say(u1, "{'msgtype':'alias','alias':'U0'}"); /* a user's id, in other letters */
    expect(u1, "{'msgtype':'error',*'code':'alias-taken',*");
    say(u1, "{'msgtype':'alias','alias':'U1'}"); /* one's own */
    expect(u1, "{'msgtype':'alias','alias':'U1'}");
    say(u0, "{'msgtype':'alias','alias':'u0'}");
    expect(u0, "{'msgtype':'alias','alias':'u0'}");
    say(u1, "{'msgtype':'alias','alias':'bo'}"); /* free again */
    expect(u1, "{'msgtype':'alias','alias':'bo'}");
    peer_close(u1);
    rig_pass(&r, 100);
    rig_login(&r, 2, "{'msgtype':'hello','resume':true}");
    say(u0, "{'msgtype':'alias','alias':'Bo'}"); /* free since he left */
    expect(u0, "{'msgtype':'alias','alias':'Bo'}");
    say(u0, "{'msgtype':'alias','alias':'u1'}"); /* but his id stays his */
    expect(u0, "{'msgtype':'error',*'code':'alias-taken',*");
    rig_end(&r);
}

static void an_alias_may_be_changed_without_end(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true}");
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    for (int i = 0; i < 300; i++) {
        sayf(u0, "{'msgtype':'alias','alias':'alias %d'}", i);
        expect(u0, "{'msgtype':'alias',*");
    }
    say(u1, "{'msgtype':'alias','alias':'alias 299'}");
    expect(u1, "{'msgtype':'error',*'code':'alias-taken',*");
    say(u1, "{'msgtype':'alias','alias':'alias 298'}");
    expect(u1, "{'msgtype':'alias','alias':'alias 298'}");
    rig_end(&r);
}

static void who_logs_in_takes_his_id_back(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0);
    struct peer *u2 = rig_plain(&r, 2);
    expect(u0, "{'msgtype':'presence','room':'#lobby','userid':'u2',*'event':'joined'*");
    say(u0, "{'msgtype':'alias','alias':'U1'}"); /* nobody of that name is known yet */
    expect(u0, "{'msgtype':'alias','alias':'U1'}");
    expect(u2, "{'msgtype':'presence',*'userid':'u0','alias':'U1',*'event':'alias'*");
    rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    expect(u0, "{'msgtype':'alias','alias':'u0','reason':'*'}");
    expect(u2, "{'msgtype':'presence',*'userid':'u0','alias':'u0',*'event':'alias'*");
    rig_end(&r);
}

static void all_sessions_of_a_user_hear_of_his_alias(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *desk = rig_plain(&r, 1);
    struct peer *phone = rig_login(&r, U1_PHONE, "{'msgtype':'hello','resume':true,'alias':'Em'}");
    expect(desk, "{'msgtype':'alias','alias':'Em'}");
    say(desk, "{'msgtype':'alias','alias':'Emma'}");
    expect(desk, "{'msgtype':'alias','alias':'Emma'}");
    expect_nothing(desk);
    expect(phone, "{'msgtype':'alias','alias':'Emma'}");
    peer_close(desk);
    rig_pass(&r, 100);
    say(phone, "{'msgtype':'list'}"); /* he keeps it while one of them is there */
    expect(phone, "{'msgtype':'user','userid':'u1','device':'phone','alias':'Emma',*");
    rig_end(&r);
}

/* --- one session a device ------------------------------------------------------------------- */

static void a_newer_session_replaces_the_older(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *older = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'alias':'Em'}");
    struct peer *phone = rig_login(&r, U1_PHONE, "{'msgtype':'hello','resume':true}");
    say(older, "{'msgtype':'away','away':'lunch'}");
    expect(older, "{'msgtype':'away','away':'lunch'}");
    struct peer *newer = rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    expect(older, "{'msgtype':'replaced','reason':'*','address':'10.*:*'}");
    expect_end(older, 1000);
    say(newer, "{'msgtype':'ping','id':'a'}");
    expect(newer, "{'msgtype':'pong','id':'a'}");
    expect_nothing(phone); /* another device, another session */
    assert_int_equal(rig_stats(&r).sessions, 2);
    rig_end(&r);
}

static void what_a_user_is_outlives_a_replaced_session(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    rig_login(&r, 0, "{'msgtype':'hello','resume':true,'alias':'Zoe'}");
    struct peer *newer = rig_open(&r, 0);
    say(newer, "{'msgtype':'hello','resume':true}");
    expect(newer, "{'msgtype':'auth_reply',*'alias':'Zoe',*");
    rig_end(&r);
}

/* The older session is in the middle of everything: a walk, a join, messages on their way. */
static void a_session_can_be_replaced_at_any_moment(void **state)
{
    static const char *const amid[] = {
        "{'msgtype':'history','room':'#lobby'}", "{'msgtype':'join','room':'#other'}",
        "{'msgtype':'say','csn':2,'text':'under way'}", "{'msgtype':'say','csn':1,'text':'again'}"};

    (void)state;
    for (unsigned i = 0; i < sizeof amid / sizeof amid[0]; i++) {
        struct rig r;
        rig_start(&r, NULL);
        struct peer *older = rig_plain(&r, 0);
        say(older, "{'msgtype':'say','csn':1,'text':'one'}");
        expect_later(older, "{'msgtype':'message',*");
        r.store.late = true;
        say(older, amid[i]);
        rig_pass(&r, 100);
        struct peer *newer = rig_login(&r, 0, "{'msgtype':'hello','resume':true}");
        expect(older, "{'msgtype':'replaced',*");
        rig_store_on_time(&r);
        expect_end(older, 1000);
        assert_int_equal(older->next, older->count); /* replaced was the last word */
        say(newer, "{'msgtype':'join','room':'#other'}");
        expect(newer, "{'msgtype':'joined','room':'#other',*'members':1}");
        rig_end(&r);
    }
}

/* Who joins goes away between the two steps of it. */
static void a_join_may_lose_its_session_at_any_step(void **state)
{
    (void)state;
    for (unsigned steps = 0; steps < 2; steps++) {
        struct rig r;
        rig_start(&r, NULL);
        struct peer *u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true}");
        r.store.late = true;
        r.store.pass = steps;
        say(u0, "{'msgtype':'join','room':'#lobby'}");
        rig_pass(&r, 50);
        thm_server_kick(r.server, "u0", "out");
        rig_poke(&r);
        expect(u0, "{'msgtype':'goodbye',*");
        expect_end(u0, 1000);
        rig_pass(&r, 50);
        assert_int_equal(rig_stats(&r).connections, 0);
        assert_int_equal(rig_stats(&r).appends_used, 1);
        rig_store_on_time(&r);
        rig_pass(&r, 50);
        assert_int_equal(rig_stats(&r).appends_used, 0);
        rig_end(&r);
    }
}

/* --- a full server -------------------------------------------------------------------------- */

static void two_clients(struct rig *r)
{
    r->config.max_clients = 2;
}

static void a_full_server_says_so(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, two_clients);
    rig_plain(&r, 0);
    struct peer *u1 = rig_plain(&r, 1);
    struct peer *u2 = rig_open(&r, 2);
    expect(u2, "{'msgtype':'full','retry_after':30,'reason':'*'}");
    expect_end(u2, 1000);
    assert_int_equal(rig_stats(&r).refused, 1);
    assert_int_equal(rig_stats(&r).accepted, 3);
    assert_int_equal(rig_stats(&r).logins, 2);
    rig_login(&r, 1, "{'msgtype':'hello'}"); /* who is there may take his own place */
    expect_later(u1, "{'msgtype':'replaced',*");
    peer_close(r.peers[0]);
    rig_pass(&r, 100);
    rig_plain(&r, 2);
    rig_end(&r);
}

/* All of them come before anybody has said hello. */
static void no_more_get_in_than_there_is_room_for(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, two_clients);
    struct peer *p[4];
    for (unsigned i = 0; i < 4; i++)
        p[i] = rig_open(&r, i);
    for (unsigned i = 0; i < 4; i++) {
        say(p[i], "{'msgtype':'hello','resume':true}");
        expect(p[i], i < 2 ? "{'msgtype':'auth_reply',*" : "{'msgtype':'full',*");
    }
    assert_int_equal(rig_stats(&r).sessions, 2);
    rig_end(&r);
}

static void one_remembered_user(struct rig *r)
{
    r->config.max_clients = r->config.max_users = 1;
}

static void users_who_left_make_room(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, one_remembered_user);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 3; i++) {
            struct peer *p = rig_login(&r, i, "{'msgtype':'hello'}");
            expect_later(p, "{'msgtype':'joined','room':'#lobby',*");
            sayf(p, "{'msgtype':'whisper','to':'u%u','csn':%u,'text':'note'}", i, round + 1);
            expect_later(p, "{'msgtype':'whisper',*");
            sayf(p, "{'msgtype':'history','room':'@u%u'}", i);
            expect_later(p, "{'msgtype':'end',*");
            sayf(p, "{'msgtype':'whois','text':'u%u'}", i);
            expect(p, "{'msgtype':'user',*");
            peer_close(p);
            rig_pass(&r, 100);
            assert_int_equal(rig_stats(&r).users, 1);
        }
    }
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_little_is_said_before_hello),
        cmocka_unit_test(a_plain_hello_joins_inbox_and_lobby),
        cmocka_unit_test(hello_may_say_more),
        cmocka_unit_test(an_auth_request_serves_as_hello),
        cmocka_unit_test(what_follows_hello_at_once_waits_for_its_turn),
        cmocka_unit_test(an_alias_is_nobody_elses),
        cmocka_unit_test(an_alias_may_be_changed_without_end),
        cmocka_unit_test(who_logs_in_takes_his_id_back),
        cmocka_unit_test(all_sessions_of_a_user_hear_of_his_alias),
        cmocka_unit_test(a_newer_session_replaces_the_older),
        cmocka_unit_test(what_a_user_is_outlives_a_replaced_session),
        cmocka_unit_test(a_session_can_be_replaced_at_any_moment),
        cmocka_unit_test(a_join_may_lose_its_session_at_any_step),
        cmocka_unit_test(a_full_server_says_so),
        cmocka_unit_test(no_more_get_in_than_there_is_room_for),
        cmocka_unit_test(users_who_left_make_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
