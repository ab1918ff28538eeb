/* Saying: messages, whispers, what becomes of a csn, and how credit holds it all back. */
#include "server/rig.h"

#include <stdio.h>
#include <string.h>

/* --- messages ------------------------------------------------------------------------------- */

static void a_message_reaches_all_members_and_its_sender(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    expect(u0, "{'msgtype':'presence',*");
    say(u0, "{'msgtype':'say','text':'no csn'}");
    const char *own =
        expect(u0, "{'msgtype':'message','room':'#lobby','n':1,'time':1800000*,'from':'u0',"
                   "'device':'default','alias':'u0','text':'no csn'}");
    assert_string_equal(expect(u1, "{'msgtype':'message',*"), own);
    say(u0, "{'msgtype':'say','room':'#lobby','csn':7,'text':'a \\u0022b\\u0022 "
            "\\n\\t\xf0\x9f\xa7\xb5'}");
    expect(
        u0,
        "{'msgtype':'accepted','room':'#lobby','incarnation':'*','n':2,'time':1800000*,'csn':7}");
    expect(u0, "{'msgtype':'message',*,'id':'*-7','text':'a \\'b\\' \\n\\t\xf0\x9f\xa7\xb5'}");
    expect_later(u1, "{'msgtype':'message',*'n':2,*");
    rig_end(&r);
}

static void a_message_to_a_room_one_is_not_in_is_refused(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    say(u0, "{'msgtype':'say','room':'#else','csn':1,'text':'x'}");
    expect(u0, "{'msgtype':'refused','room':'#else','csn':1,'code':'no-such-room','reason':'*'}");
    say(u0, "{'msgtype':'say','room':'#else','text':'x'}");
    expect(u0, "{'msgtype':'refused','room':'#else','code':'no-such-room','reason':'*'}");
    say(u0, "{'msgtype':'say','room':'@u0','csn':2,'text':'x'}");
    expect(u0, "{'msgtype':'refused','room':'@u0','csn':2,'code':'not-allowed','reason':'*'}");
    say(u0, "{'msgtype':'say','csn':3,'text':'x'}"); /* a refused csn holds nothing up */
    expect(u0, "{'msgtype':'accepted',*'n':1,*'csn':3}");
    rig_end(&r);
}

static void parts_are_numbered_in_full_or_not_at_all(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    say(u0, "{'msgtype':'say','csn':1,'part':1,'parts':2,'of':1,'text':'x'}");
    expect(u0, "{'msgtype':'accepted',*");
    expect(u0, "{'msgtype':'message',*'part':1,'parts':2,'of':1,'text':'x'}");
    say(u0, "{'msgtype':'say','csn':2,'part':2,'parts':2,'text':'x'}");
    expect(u0, "{'msgtype':'refused',*'csn':2,'code':'parts',*");
    say(u0, "{'msgtype':'say','csn':3,'part':3,'parts':2,'of':1,'text':'x'}");
    expect(u0, "{'msgtype':'refused',*'csn':3,'code':'parts',*");
    rig_end(&r);
}

static void a_csn_is_taken_once(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 =
        rig_login(&r, 0, "{'msgtype':'hello','resume':true,'client':'00000000000000aa'}");
    say(u0, "{'msgtype':'join','room':'#lobby'}");
    expect(u0, "{'msgtype':'joined',*'n':0,'after':0,*");
    say(u0, "{'msgtype':'say','csn':2,'text':'two'}");
    expect(u0, "{'msgtype':'accepted',*'n':1,*'csn':2}");
    expect(u0, "{'msgtype':'message',*");
    say(u0, "{'msgtype':'say','csn':2,'text':'again'}");
    expect(u0, "{'msgtype':'accepted','room':'#lobby','incarnation':'*','n':1,'csn':2}");
    say(u0, "{'msgtype':'say','csn':1,'text':'too late'}");
    expect(u0, "{'msgtype':'refused','room':'#lobby','csn':1,'code':'csn','reason':'*'}");
    /* after a reconnect as well: the store knows */
    u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true,'client':'00000000000000aa'}");
    say(u0, "{'msgtype':'join','room':'#lobby'}");
    expect(u0, "{'msgtype':'joined',*'n':1,*'csn':2,*");
    say(u0, "{'msgtype':'say','csn':2,'text':'again'}");
    expect(u0, "{'msgtype':'accepted',*'n':1,'csn':2}");
    /* another client of the same device counts on its own */
    u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true,'client':'00000000000000bb'}");
    say(u0, "{'msgtype':'join','room':'#lobby'}");
    expect(u0,
           "{'msgtype':'joined','room':'#lobby','incarnation':'*','n':1,'after':1,'members':1}");
    say(u0, "{'msgtype':'say','csn':1,'text':'mine'}");
    expect(u0, "{'msgtype':'accepted',*'n':2,*'csn':1}");
    rig_end(&r);
}

/* The answer was cut off with the connection while the message was on its way. */
static void a_message_under_way_is_found_by_its_csn(void **state)
{
    static const char hello[] = "{'msgtype':'hello','resume':true,'client':'00000000000000aa'}";

    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_login(&r, 0, hello);
    say(u0, "{'msgtype':'join','room':'#lobby'}");
    expect(u0, "{'msgtype':'joined',*");
    r.store.late = true;
    say(u0, "{'msgtype':'say','csn':1,'text':'one'}");
    rig_pass(&r, 50);
    peer_abort(u0);
    u0 = rig_login(&r, 0, hello);
    say(u0, "{'msgtype':'join','room':'#lobby'}");
    say(u0, "{'msgtype':'say','csn':1,'text':'one'}");
    rig_pass(&r, 50);
    rig_store_on_time(&r);
    expect(u0, "{'msgtype':'joined',*'csn':1*");
    expect_later(u0, "{'msgtype':'accepted',*'n':1,*'csn':1}");
    expect_nothing(u0);
    assert_int_equal(rig_stats(&r).messages, 1);
    rig_end(&r);
}

/* What is under way to one room says nothing of another. */
static void a_message_under_way_elsewhere_is_another(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    say(u0, "{'msgtype':'join','room':'#b'}");
    say(u0, "{'msgtype':'say','room':'#b','csn':5,'text':'b'}");
    expect_later(u0, "{'msgtype':'message','room':'#b',*");
    r.store.late = true;
    say(u0, "{'msgtype':'say','csn':3,'text':'lobby'}");
    say(u0, "{'msgtype':'say','room':'#b','csn':3,'text':'b'}");
    rig_pass(&r, 50);
    rig_store_on_time(&r);
    expect(u0, "{'msgtype':'refused','room':'#b','csn':3,'code':'csn',*");
    expect(u0, "{'msgtype':'accepted','room':'#lobby',*'csn':3}");
    rig_end(&r);
}

/* However much a client sends at once, so many are on their way, and each is answered. */
static void a_window_of_messages_is_on_its_way_at_a_time(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    r.store.late = true;
    for (int i = 1; i <= 50; i++)
        sayf(u0, "{'msgtype':'say','csn':%d,'text':'%d'}", i, i);
    rig_pass(&r, 100);
    assert_in_range(rig_stats(&r).appends_used, 1, THM_WINDOW);
    rig_store_on_time(&r);
    int accepted = 0, messages = 0;
    while (accepted < 50 || messages < 50) {
        const char *line = next_line(u0);
        if (fits(line, "{'msgtype':'accepted',*"))
            assert_int_equal(number_of(line, "csn"), ++accepted);
        else
            assert_int_equal(number_of(line, "n"), ++messages);
    }
    expect_nothing(u0);
    rig_end(&r);
}

/* --- whispers ------------------------------------------------------------------------------- */

static void a_whisper_reaches_both_inboxes(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0);
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    say(u1, "{'msgtype':'join','room':'@u1'}");
    expect(u1, "{'msgtype':'joined','room':'@u1',*");
    say(u0, "{'msgtype':'whisper','to':'u1','csn':1,'text':'psst'}");
    expect(u0, "{'msgtype':'accepted','room':'@u0',*'n':1,*'csn':1}");
    expect(u0, "{'msgtype':'whisper','room':'@u0','n':1,'time':*,'from':'u0','device':'default','"
               "alias':'u0','to':"
               "'u1','id':'*-1','text':'psst'}");
    expect(u1, "{'msgtype':'whisper','room':'@u1','n':1,*'from':'u0',*'to':'u1',*'text':'psst'}");
    say(u0, "{'msgtype':'whisper','to':'u0','csn':2,'text':'note'}"); /* to oneself: once */
    expect(u0, "{'msgtype':'accepted','room':'@u0',*'n':2,*");
    expect(u0, "{'msgtype':'whisper','room':'@u0','n':2,*'to':'u0',*");
    expect_nothing(u0);
    rig_end(&r);
}

static void a_whisper_may_be_for_one_device(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0);
    struct peer *desk = rig_plain(&r, 1), *phone = rig_plain(&r, U1_PHONE);
    say(u0, "{'msgtype':'whisper','to':'u1@phone','csn':1,'text':'psst'}");
    expect(phone, "{'msgtype':'whisper','room':'@u1','n':1,*'to':'u1@phone',*'text':'psst'}");
    expect(desk, "{'msgtype':'skip','room':'@u1','n':1}");
    expect_nothing(desk);
    rig_end(&r);
}

static void a_whisper_waits_for_who_is_away(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0);
    say(u0, "{'msgtype':'whisper','to':'u1','csn':1,'text':'one'}");
    say(u0, "{'msgtype':'whisper','to':'u1@phone','csn':2,'text':'two'}");
    say(u0, "{'msgtype':'whisper','to':'u1','csn':3,'text':'three'}");
    expect_later(u0, "{'msgtype':'whisper',*'n':3,*");
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    say(u1, "{'msgtype':'join','room':'@u1'}");
    expect(u1, "{'msgtype':'joined','room':'@u1',*'n':3,'after':0}");
    expect(u1, "{'msgtype':'whisper',*'n':1,*'text':'one'}");
    expect(u1, "{'msgtype':'skip','room':'@u1','n':2}");
    expect(u1, "{'msgtype':'whisper',*'n':3,*'text':'three'}");
    say(u1, "{'msgtype':'history','room':'@u1'}");
    expect(u1, "{'msgtype':'past',*'n':1,*");
    expect(u1, "{'msgtype':'past',*'n':3,*");
    expect(u1, "{'msgtype':'end','room':'@u1','count':2,'in':'history'}");
    rig_end(&r);
}

static void a_whisper_to_nobody_is_refused_after_a_while(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0);
    say(u0, "{'msgtype':'whisper','to':'u9','csn':1,'text':'still coming back?'}");
    expect(u0, "{'msgtype':'accepted',*");
    expect(u0, "{'msgtype':'whisper',*");
    rig_pass(&r, 61000);
    say(u0, "{'msgtype':'whisper','to':'u8','csn':2,'text':'x'}");
    expect(u0, "{'msgtype':'refused','room':'@u0','csn':2,'code':'no-such-user','reason':'*'}");
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    say(u1, "{'msgtype':'whisper','to':'u0','csn':1,'text':'without an inbox'}");
    expect(u1, "{'msgtype':'refused','room':'@u1','csn':1,'code':'no-such-room','reason':'*'}");
    rig_end(&r);
}

/* --- credit --------------------------------------------------------------------------------- */

static void with_records(struct rig *r)
{
    r->durable = true;
    r->store_config.records = 16;
}

/* What is said next must not overtake it: a lower csn is refused for good. */
static void a_whisper_waits_while_the_store_can_not_tell_who_is_there(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    peer_close(rig_plain(&r, 1));
    rig_pass(&r, 2000);
    rig_restart(&r); /* it has forgotten whom it saw */
    struct peer *u0 = rig_plain(&r, 0);
    rig_pass(&r, 2000); /* nothing else is on its way to the store */
    r.store.fail = 3;
    say(u0, "{'msgtype':'whisper','to':'u1','csn':1,'text':'are you there?'}");
    say(u0, "{'msgtype':'whisper','to':'u0','csn':2,'text':'to myself'}");
    expect(u0, "{'msgtype':'error',*'code':'store','in':'whisper',*");
    expect_later(u0, "{'msgtype':'stored','room':'@u0',*'n':1,*'csn':1}");
    expect_later(u0, "{'msgtype':'stored','room':'@u0',*'n':2,*'csn':2}");
    assert_int_equal(r.store.fail, 0);
    r.store.fail = 1000000;
    say(u0, "{'msgtype':'whisper','to':'u2','csn':3,'text':'and you?'}");
    expect_later(u0, "{'msgtype':'error',*'code':'store',*");
    peer_abort(u0);
    rig_pass(&r, THM_IDLE_MS); /* it takes nothing from it meanwhile, and so hears of it late */
    unsigned before = r.store.submitted;
    rig_pass(&r, 1000);
    assert_int_equal(r.store.submitted, before); /* nobody is asked for any more */
    r.store.fail = 0;
    rig_end(&r);
}

static void what_is_not_acknowledged_is_not_exceeded(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'credit':4096}");
    say(u1, "{'msgtype':'join','room':'#lobby'}");
    for (int i = 1; i <= 100; i++)
        sayf(u0, "{'msgtype':'say','text':'%d %s'}", i,
             "................................................");
    rig_pass(&r, 500);
    assert_in_range(u1->bytes, 3500, 4096);
    say(u1, "{'msgtype':'ping'}"); /* an answer is never withheld */
    expect_later(u1, "{'msgtype':'pong'}");
    unsigned n = 0;
    for (unsigned i = 0; i < u1->count; i++)
        n = fits(u1->lines[i], "{'msgtype':'message',*") ? (unsigned)number_of(u1->lines[i], "n")
                                                         : n;
    for (;;) {
        uint64_t before = u1->bytes;
        acknowledge(u1);
        rig_pass(&r, 100);
        assert_true(u1->bytes - before <= 4096);
        while (u1->next < u1->count) {
            const char *line = next_line(u1);
            if (fits(line, "{'msgtype':'message',*"))
                assert_int_equal(number_of(line, "n"), ++n);
        }
        if (u1->bytes == before)
            break;
    }
    assert_int_equal(n, 100);
    rig_end(&r);
}

/* A busy room takes no other's turn. */
static void no_room_starves_another(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'credit':4096}");
    static const char *const quiet[] = {"#b", "#c"};
    say(u1, "{'msgtype':'join','room':'#b'}");
    say(u1, "{'msgtype':'join','room':'#lobby'}");
    say(u1, "{'msgtype':'join','room':'#c'}");
    for (int i = 0; i < 2; i++)
        sayf(u0, "{'msgtype':'join','room':'%s'}", quiet[i]);
    for (int i = 1; i <= 200; i++)
        say(u0, "{'msgtype':'say','text':'................................................'}");
    for (int i = 0; i < 2; i++)
        sayf(u0, "{'msgtype':'say','room':'%s','text':'quiet'}", quiet[i]);
    rig_pass(&r, 500);
    acknowledge(u1);
    rig_pass(&r, 100);
    unsigned heard = 0;
    for (unsigned i = 0; i < u1->count; i++)
        heard += fits(u1->lines[i], "*'text':'quiet'}");
    assert_int_equal(heard, 2);
    rig_end(&r);
}

static void too_much_can_not_be_acknowledged(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true,'credit':4096}");
    say(u0, "{'msgtype':'ack','bytes':1}");
    expect(u0, "{'msgtype':'error','code':'key-range','key':'bytes','in':'ack','reason':'*'}");
    acknowledge(u0);
    say(u0, "{'msgtype':'ack','room':'#lobby','n':3}");
    expect_nothing(u0);
    rig_end(&r);
}

/* --- what is no message --------------------------------------------------------------------- */

static void a_bad_line_is_answered_and_the_session_goes_on(void **state)
{
    static const struct {
        const char *line, *answer;
    } bad[] = {
        {"hello", "*'code':'json',*"},
        {"[]", "*'code':'json',*"},
        {"{}", "*'code':'no-msgtype',*"},
        {"{'msgtype':'sya','text':'x'}", "*'code':'unknown-msgtype',*"},
        {"{'msgtype':'say'}", "*'code':'key-missing','in':'say',*"},
        {"{'msgtype':'say','text':7}", "*'code':'key-type','in':'say',*"},
        {"{'msgtype':'say','text':'x','csn':0}", "*'code':'key-range','in':'say',*"},
        {"{'msgtype':'say','text':'x','text':'y'}", "*'code':'key-twice','in':'say',*"},
        {"{'msgtype':'say','text':'\xff'}", "*'code':'utf8',*"},
        {"{'msgtype':'say','text':'\\u0007'}", "*'code':'control-character',*"},
        {"{'msgtype':'message','room':'#lobby','n':1,'time':1,'from':'u0','device':'d','alias':'x',"
         "'text':'x'}",
         "*'code':'direction',*"},
    };

    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        say(u0, bad[i].line);
        char pattern[256];
        snprintf(pattern, sizeof pattern, "{'msgtype':'error',%s", bad[i].answer);
        expect(u0, pattern);
    }
    char text[1100];
    memset(text, 'x', sizeof text);
    text[1001] = '\0';
    sayf(u0, "{'msgtype':'say','text':'%s'}", text);
    expect(u0, "{'msgtype':'error','code':'text-too-long','in':'say',*");
    char line[5000];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    send_bytes(u0, line, sizeof line);
    expect(u0, "{'msgtype':'error','code':'line-too-long',*");
    send_bytes(u0, "\n\r\n\n", 4);
    say(u0, "{'msgtype':'ping','unknown':{'a':[1,2]}}");
    expect(u0, "{'msgtype':'pong'}");
    expect_nothing(u0);
    rig_end(&r);
}

/* Lines may come a byte a record. */
static void a_line_may_come_in_pieces(void **state)
{
    static const char line[] = "{\"msgtype\":\"ping\",\"id\":\"x\"}\n{\"msg";

    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    for (size_t i = 0; i < sizeof line - 1; i++) {
        send_bytes(u0, line + i, 1);
        rig_pass(&r, 5);
    }
    expect(u0, "{'msgtype':'pong','id':'x'}");
    assert_int_equal(rig_stats(&r).lines_used, 1);
    say(u0, "type':'ping'}");
    expect(u0, "{'msgtype':'pong'}");
    assert_int_equal(rig_stats(&r).lines_used, 0);
    rig_end(&r);
}

/* --- commands ------------------------------------------------------------------------------- */

static void a_command_and_its_result_find_their_way(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true}");
    struct peer *desk = rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    struct peer *phone = rig_login(&r, U1_PHONE, "{'msgtype':'hello','resume':true}");
    say(u0, "{'msgtype':'cmd','to':'u1@phone','id':'c1','text':'pump on','deadline':500}");
    expect(phone, "{'msgtype':'cmd','from':'u0','device':'default','to':'u1@phone','id':'c1','"
                  "deadline':500,'text':"
                  "'pump on'}");
    expect_nothing(desk);
    say(phone, "{'msgtype':'result','to':'u0@default','id':'c1','status':'ok','text':'on'}");
    expect(u0, "{'msgtype':'result','status':'ok','from':'u1','device':'phone','to':'u0@default','"
               "id':'c1','text':"
               "'on'}");
    say(u0,
        "{'msgtype':'cmd','to':'u1','id':'c2','text':'x','from':'u9'}"); /* nobody speaks for another */
    expect(desk, "{'msgtype':'cmd','from':'u0',*");
    expect(phone, "{'msgtype':'cmd','from':'u0',*");
    say(u0, "{'msgtype':'cmd','to':'u2','id':'c3','text':'x'}");
    expect(u0, "{'msgtype':'error','to':'*','id':'c3','code':'not-online',*'in':'cmd',*");
    say(u0, "{'msgtype':'cmd','to':'u1@tv','id':'c4','text':'x'}");
    expect(u0, "{'msgtype':'error','to':'*','id':'c4','code':'not-online',*");
    say(u0, "{'msgtype':'cmd','id':'c5','text':'x'}");
    expect(u0, "{'msgtype':'error','id':'c5','code':'key-missing','key':'to','in':'cmd',*");
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_reaches_all_members_and_its_sender),
        cmocka_unit_test(a_message_to_a_room_one_is_not_in_is_refused),
        cmocka_unit_test(parts_are_numbered_in_full_or_not_at_all),
        cmocka_unit_test(a_csn_is_taken_once),
        cmocka_unit_test(a_message_under_way_is_found_by_its_csn),
        cmocka_unit_test(a_message_under_way_elsewhere_is_another),
        cmocka_unit_test(a_window_of_messages_is_on_its_way_at_a_time),
        cmocka_unit_test(a_whisper_reaches_both_inboxes),
        cmocka_unit_test(a_whisper_may_be_for_one_device),
        cmocka_unit_test(a_whisper_waits_for_who_is_away),
        cmocka_unit_test(a_whisper_to_nobody_is_refused_after_a_while),
        cmocka_unit_test(a_whisper_waits_while_the_store_can_not_tell_who_is_there),
        cmocka_unit_test(what_is_not_acknowledged_is_not_exceeded),
        cmocka_unit_test(no_room_starves_another),
        cmocka_unit_test(too_much_can_not_be_acknowledged),
        cmocka_unit_test(a_bad_line_is_answered_and_the_session_goes_on),
        cmocka_unit_test(a_line_may_come_in_pieces),
        cmocka_unit_test(a_command_and_its_result_find_their_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
