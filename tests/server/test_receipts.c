/* Receipts for whispers: whose inbox they go to, who gets them, and what is answered to those that can't be taken. */
#include "server/rig.h"

#include <stdio.h>

#include "server/prover.h"

#define TAKES "{'msgtype':'hello','resume':true,'receipts':true,'credit':65536}"

/* Logged in as one who takes receipts, in his inbox, which has `n` entries; what it has is not read. */
static struct peer *in_inbox(struct rig *r, unsigned who, const char *hello, unsigned n)
{
    struct peer *p = rig_login(r, who, hello);

    sayf(p, "{'msgtype':'join','room':'@u%u'}", who == U1_PHONE ? 1 : who);
    assert_int_equal(number_of(expect(p, "{'msgtype':'joined','room':'@*"), "n"), n);
    return p;
}

static void a_receipt_is_an_entry_of_the_whisperers_inbox(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = in_inbox(&r, 0, TAKES, 0), *u1 = in_inbox(&r, 1, TAKES, 0);
    say(u0, "{'msgtype':'whisper','to':'u1','csn':1,'text':'psst'}");
    expect(u0, "{'msgtype':'accepted',*");
    expect(u0, "{'msgtype':'whisper',*'n':1,*");
    char id[256];
    string_of(expect(u1, "{'msgtype':'whisper',*'n':1,*"), "id", id);
    sayf(u1, "{'msgtype':'receipt','to':'u0','id':'%s','status':'delivered'}", id);
    const char *line = expect(u0, "{'msgtype':'receipt','status':'delivered','room':'@u0','n':2,"
                                  "'time':1800000*,'from':'u1','device':'default','to':'u0','id':"
                                  "'*-1'}");
    char again[256];
    assert_string_equal(string_of(line, "id", again), id);
    /* he himself gets nothing, and nobody speaks for another */
    sayf(u1, "{'msgtype':'receipt','to':'u0','id':'%s','status':'read','from':'u2','n':99}", id);
    expect(u0, "{'msgtype':'receipt','status':'read','room':'@u0','n':3,*'from':'u1',*");
    expect_nothing(u1);
    assert_int_equal(rig_stats(&r).messages, 1);
    rig_end(&r);
}

static void who_does_not_take_receipts_skips_them(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *desk = in_inbox(&r, 1, TAKES, 0);
    struct peer *phone = in_inbox(&r, U1_PHONE, "{'msgtype':'hello','resume':true}", 0);
    struct peer *u0 = in_inbox(&r, 0, TAKES, 0);
    say(u0, "{'msgtype':'receipt','to':'u1','id':'5f3a9c01-42','status':'read'}");
    expect(desk, "{'msgtype':'receipt',*'room':'@u1','n':1,*");
    expect(phone, "{'msgtype':'skip','room':'@u1','n':1}");
    expect_nothing(phone);
    say(u0, "{'msgtype':'whisper','to':'u1','csn':1,'text':'x'}");
    expect(phone, "{'msgtype':'whisper',*'n':2,*");
    rig_end(&r);
}

/* The whisperer was away when it came. From the log in memory, and from the store. */
static void a_receipt_waits_for_who_is_away(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = in_inbox(&r, 0, TAKES, 0);
    peer_close(u0);
    struct peer *u1 = in_inbox(&r, 1, TAKES, 0);
    say(u1, "{'msgtype':'receipt','to':'u0','id':'5f3a9c01-42','status':'delivered'}");
    say(u1, "{'msgtype':'ping'}");
    expect(u1, "{'msgtype':'pong'}");
    in_inbox(&r, 0, TAKES, 1);
    rig_restart(&r); /* its store lives on */
    u0 = in_inbox(&r, 0, TAKES, 1);
    expect(u0, "{'msgtype':'receipt','status':'delivered','room':'@u0','n':1,*'id':'5f3a9c01-42'}");
    u0 = in_inbox(&r, 0, "{'msgtype':'hello','resume':true}", 1);
    expect(u0, "{'msgtype':'skip','room':'@u0','n':1}");
    rig_end(&r);
}

static void the_past_has_no_receipts(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = in_inbox(&r, 0, TAKES, 0), *u1 = in_inbox(&r, 1, TAKES, 0);
    for (int i = 0; i < 2; i++) {
        say(u1, "{'msgtype':'whisper','to':'u0','text':'x'}");
        say(u1, "{'msgtype':'receipt','to':'u0','id':'5f3a9c01-42','status':'read'}");
        expect(u0, "{'msgtype':'whisper',*");
        expect(u0, "{'msgtype':'receipt',*");
    }
    say(u0, "{'msgtype':'history','room':'@u0','count':3}"); /* entries, of which one is told */
    expect(u0, "{'msgtype':'past',*'n':3,*");
    expect(u0, "{'msgtype':'end','room':'@u0','first':2,'count':1,'in':'history'}");
    say(u0, "{'msgtype':'history','room':'@u0','before':3,'count':1}");
    expect(u0, "{'msgtype':'end','room':'@u0','first':2,'count':0,'in':'history'}");
    say(u0, "{'msgtype':'history','room':'@u0','before':2,'count':1}");
    expect(u0, "{'msgtype':'past',*'n':1,*");
    expect(u0, "{'msgtype':'end','room':'@u0','count':1,'in':'history'}");
    rig_end(&r);
}

static void a_bad_receipt_is_answered(void **state)
{
    static const struct {
        const char *line, *answer;
    } bad[] = {
        {"'to':'u1','id':'a-1','status':'eaten'}",
         "'to':'u1','id':'a-1','code':'key-range','key':'status','in':'receipt',*"},
        {"'to':'u1@phone','id':'a-1','status':'read'}",
         "'to':'u1@phone','id':'a-1','code':'key-range','key':'to','in':'receipt',*"},
        {"'to':'u1','status':'read'}", "'code':'key-missing','in':'receipt',*id*"},
        {"'to':'u1','id':'a b','status':'read'}", "'code':'key-range','in':'receipt',*id*"},
    };

    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = in_inbox(&r, 0, TAKES, 0);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char pattern[200];
        sayf(u0, "{'msgtype':'receipt',%s", bad[i].line);
        snprintf(pattern, sizeof pattern, "{'msgtype':'error',%s", bad[i].answer);
        expect(u0, pattern);
    }
    rig_pass(&r, 61000);
    say(u0, "{'msgtype':'receipt','to':'u9','id':'a-1','status':'read'}");
    expect(u0, "{'msgtype':'error','to':'u9','id':'a-1','code':'no-such-user','in':'receipt',*");
    expect_nothing(u0);
    rig_end(&r);
}

/* The store knows a user whom this server has not seen yet. */
static void a_user_may_be_known_by_record(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    in_inbox(&r, 0, TAKES, 0);
    rig_restart(&r);
    struct peer *u1 = in_inbox(&r, 1, TAKES, 0);
    say(u1, "{'msgtype':'receipt','to':'u9','id':'a-1','status':'read'}");
    expect(u1, "{'msgtype':'error','to':'u9','id':'a-1','code':'no-such-user','in':'receipt',*");
    say(u1, "{'msgtype':'receipt','to':'u0','id':'a-1','status':'read'}");
    say(u1, "{'msgtype':'receipt','to':'u0','id':'a-2','status':'read'}");
    struct peer *u0 = in_inbox(&r, 0, TAKES, 2);
    expect(u0, "{'msgtype':'receipt',*'n':1,*'id':'a-1'}");
    expect(u0, "{'msgtype':'receipt',*'n':2,*'id':'a-2'}");
    expect_nothing(u1);
    rig_end(&r);
}

/* Whoever asks may be gone when the store answers; or the store can't. */
static void the_store_may_fail_to_tell(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    struct peer *u1 = in_inbox(&r, 1, TAKES, 0);
    r.store.fail = 1;
    say(u1, "{'msgtype':'receipt','to':'u9','id':'a-1','status':'read'}");
    expect(u1, "{'msgtype':'error','to':'u9','id':'a-1','code':'store','in':'receipt',*");
    r.store.late = true;
    say(u1, "{'msgtype':'receipt','to':'u9','id':'a-1','status':'read'}");
    rig_pass(&r, 50);
    peer_abort(u1);
    rig_pass(&r, 50);
    rig_store_on_time(&r);
    rig_end(&r);
}

/* What a client tells by itself is no concern of its user's while it waits; what he says is. */
static void a_receipt_waits_for_the_store_without_a_word(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = in_inbox(&r, 0, TAKES, 0), *u1 = in_inbox(&r, 1, TAKES, 0);
    r.store.fail = 1000000;
    say(u1, "{'msgtype':'receipt','to':'u0','id':'a-1','status':'read'}");
    rig_pass(&r, 1000);
    expect_nothing(u1);
    say(u1, "{'msgtype':'whisper','to':'u0','csn':1,'text':'x'}");
    expect(u1, "{'msgtype':'error','code':'store','in':'say',*");
    r.store.fail = 0;
    expect(u0, "{'msgtype':'receipt',*'n':1,*");
    expect(u0, "{'msgtype':'whisper',*'n':2,*");
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_is_an_entry_of_the_whisperers_inbox),
        cmocka_unit_test(who_does_not_take_receipts_skips_them),
        cmocka_unit_test(a_receipt_waits_for_who_is_away),
        cmocka_unit_test(the_past_has_no_receipts),
        cmocka_unit_test(a_bad_receipt_is_answered),
        cmocka_unit_test(a_user_may_be_known_by_record),
        cmocka_unit_test(the_store_may_fail_to_tell),
        cmocka_unit_test(a_receipt_waits_for_the_store_without_a_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
