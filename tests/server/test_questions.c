/* Questions, and answers that are longer than a buffer. */
#include "server/rig.h"

#include <stdio.h>
#include <string.h>

static void list_names_all_sessions(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0),
                *phone = rig_login(&r, U1_PHONE, "{'msgtype':'hello','resume':true}");
    say(phone, "{'msgtype':'away','away':'not here'}");
    expect(phone, "{'msgtype':'away','away':'not here'}");
    say(u0, "{'msgtype':'list'}");
    expect(u0, "{'msgtype':'user','userid':'u0','device':'default','alias':'u0','since':1800000*,'"
               "rooms':'#lobby'}");
    expect(u0, "{'msgtype':'user','userid':'u1','device':'phone','alias':'u1','since':1800000*,'"
               "away':'not here',"
               "'rooms':''}");
    expect(u0, "{'msgtype':'end','count':2,'in':'list'}");
    rig_end(&r);
}

static void who_names_a_room_one_is_in(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    say(u0, "{'msgtype':'join','room':'#b'}");
    expect(u0, "{'msgtype':'joined',*");
    say(u0, "{'msgtype':'who','room':'#lobby'}");
    expect(u0, "{'msgtype':'user','userid':'u0',*'rooms':'*#lobby*'}");
    expect(u0, "{'msgtype':'end','room':'#lobby','count':1,'in':'who'}");
    say(u0, "{'msgtype':'who','room':'#c'}");
    expect(u0, "{'msgtype':'error','room':'#c','code':'no-such-room','key':'room','in':'who','"
               "reason':'*'}");
    rig_end(&r);
}

static void whois_tells_who_is_behind_a_name(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true}");
    rig_login(&r, 1,
              "{'msgtype':'hello','resume':true,'alias':'Em Ma','agent':'a \\u0022board\\u0022'}");
    rig_login(&r, U1_PHONE, "{'msgtype':'hello','resume':true}");
    static const char *const names[] = {"u1", "U1", "Em Ma", "em mA"};
    for (unsigned i = 0; i < 4; i++) {
        sayf(u0, "{'msgtype':'whois','text':'%s'}", names[i]);
        expect(
            u0,
            "{'msgtype':'user','userid':'u1','device':'default','alias':'Em "
            "Ma',*'max_message':1000,'agent':'a "
            "\\'board\\'','rooms':'','key_hash':'*'}"); /* and no address: that is his business */
        expect(u0, "{'msgtype':'user','userid':'u1','device':'phone',*");
        expect(u0, "{'msgtype':'end','count':2,'in':'whois'}");
    }
    say(u0, "{'msgtype':'whois','text':'u0'}");
    expect(u0, "{'msgtype':'user','userid':'u0',*'address':'10.*:*',*");
    expect(u0, "{'msgtype':'end','count':1,*");
    say(u0, "{'msgtype':'whois','text':'nobody'}");
    expect(u0, "{'msgtype':'error','code':'no-such-user','key':'text','in':'whois','reason':'*'}");
    peer_abort(rig_login(&r, 2, "{'msgtype':'hello','resume':true}"));
    rig_pass(&r, 100);
    say(u0, "{'msgtype':'whois','text':'u2'}");
    expect(u0, "{'msgtype':'error','code':'not-online',*'in':'whois',*");
    rig_end(&r);
}

static void rooms_and_status_tell_of_the_server(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0);
    say(u0, "{'msgtype':'join','room':'#b'}");
    expect(u0, "{'msgtype':'joined',*");
    say(u0, "{'msgtype':'topic','room':'#b','topic':'tea'}");
    expect(u0, "{'msgtype':'topic',*");
    say(u0, "{'msgtype':'rooms'}");
    expect(u0, "{'msgtype':'room','room':'#lobby','members':1}");
    expect(u0, "{'msgtype':'room','room':'#b','members':1,'topic':'tea'}");
    expect(u0, "{'msgtype':'end','count':2,'in':'rooms'}");
    say(u0, "{'msgtype':'status'}");
    expect(u0, "{'msgtype':'server','time':1800000*,'credit':8192,'count':0,'members':1,'since':"
               "1800000*,'server':"
               "'rig'}");
    rig_end(&r);
}

/* --- history -------------------------------------------------------------------------------- */

static void long_texts(struct peer *p, unsigned from, unsigned to)
{
    char text[900];

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    for (unsigned i = from; i <= to; i++)
        sayf(p, "{'msgtype':'say','csn':%u,'text':'%u %s'}", i, i, text);
}

static void expect_past(struct peer *p, unsigned from, unsigned to)
{
    for (unsigned n = from; n <= to; n++)
        assert_int_equal(number_of(expect(p, "{'msgtype':'past','room':'#lobby',*"), "n"), n);
    char pattern[100], before[20] = "";
    if (from > 1 && from <= to)
        snprintf(before, sizeof before, "'first':%u,", from);
    snprintf(pattern, sizeof pattern,
             "{'msgtype':'end','room':'#lobby',%s'count':%u,'in':'history'}", before,
             to + 1 - from);
    expect(p, pattern);
}

static struct peer *with_history(struct rig *r, unsigned entries)
{
    struct peer *u0 = rig_member(r, 0);

    long_texts(u0, 1, entries);
    for (unsigned i = 1; i <= 2 * entries; i++) {
        next_line(u0);
        if (i % 20 == 0)
            acknowledge(u0);
    }
    acknowledge(u0);
    return u0;
}

static void history_is_told_oldest_first(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = with_history(&r, 60);
    say(u0, "{'msgtype':'history','room':'#lobby'}");
    expect_past(u0, 41, 60);
    say(u0, "{'msgtype':'history','room':'#lobby','count':1000}"); /* far more than a buffer */
    say(u0, "{'msgtype':'ping'}");
    expect_past(u0, 1, 60);
    expect(u0, "{'msgtype':'pong'}"); /* answers come in the order of requests */
    rig_end(&r);
}

static void history_goes_back_from_anywhere(void **state)
{
    static const struct {
        unsigned before, count, first, last;
    } asked[] = {
        {60, 5, 55, 59}, {61, 5, 56, 60}, {1000, 5, 56, 60}, {3, 5, 1, 2},
        {2, 1, 1, 1},    {1, 5, 1, 0},    {7, 0, 7, 6},      {8, 7, 1, 7},
    };

    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = with_history(&r, 60);
    for (unsigned i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        sayf(u0, "{'msgtype':'history','room':'#lobby','before':%u,'count':%u}", asked[i].before,
             asked[i].count);
        expect_past(u0, asked[i].first, asked[i].last);
    }
    say(u0, "{'msgtype':'history','room':'#lobby','count':0,'id':'h1'}");
    expect(u0, "{'msgtype':'end','room':'#lobby','id':'h1','count':0,'in':'history'}");
    say(u0, "{'msgtype':'history','room':'#else','id':'h2'}");
    expect(u0,
           "{'msgtype':'error','room':'#else','id':'h2','code':'no-such-room',*'in':'history',*");
    rig_end(&r);
}

static void few_blocks(struct rig *r)
{
    r->config.blocks = 2;
    r->store_config.blocks = 5; /* of 4 KB: some 15 of the messages here */
}

static void what_is_no_longer_kept_is_left_out(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, few_blocks);
    struct peer *u0 = with_history(&r, 60);
    say(u0, "{'msgtype':'history','room':'#lobby','count':1000}");
    unsigned first = (unsigned)number_of(expect(u0, "{'msgtype':'past',*"), "n");
    assert_in_range(first, 40, 55);
    for (unsigned n = first + 1; n <= 60; n++)
        assert_int_equal(number_of(expect(u0, "{'msgtype':'past',*"), "n"), n);
    expect(u0, "{'msgtype':'end','room':'#lobby','count':*,'in':'history'}"); /* nothing before */
    sayf(u0, "{'msgtype':'history','room':'#lobby','before':%u,'count':1}", first + 2);
    expect(u0, "{'msgtype':'past',*");
    assert_int_equal(number_of(expect(u0, "{'msgtype':'end',*"), "first"), first + 1);
    sayf(u0, "{'msgtype':'history','room':'#lobby','before':%u,'count':1}", first + 1);
    expect(u0, "{'msgtype':'past',*");
    expect(u0, "{'msgtype':'end','room':'#lobby','count':1,'in':'history'}");
    sayf(u0, "{'msgtype':'history','room':'#lobby','before':%u}", first);
    expect(u0, "{'msgtype':'end','room':'#lobby','count':0,'in':'history'}");
    rig_end(&r);
}

/* Live messages fill the buffer while a history waits for the store: it is told all the same. */
static void history_is_told_amid_messages(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = with_history(&r, 60), *u1 = rig_member(&r, 1);
    expect(u0, "{'msgtype':'presence',*");
    say(u1, "{'msgtype':'history','room':'#lobby','count':1000}");
    unsigned past = 0, messages = 60;
    for (unsigned i = 61; i <= 200; i += 10) {
        long_texts(u0, i, i + 9);
        rig_pass(&r, 50);
        acknowledge(u0);
        acknowledge(u1);
        rig_pass(&r, 50);
    }
    while (messages < 200) {
        const char *line = next_line(u1);
        if (fits(line, "{'msgtype':'past',*"))
            assert_int_equal(number_of(line, "n"), ++past);
        else if (fits(line, "{'msgtype':'message',*"))
            assert_int_equal(number_of(line, "n"), ++messages);
        acknowledge(u1);
    }
    assert_in_range(past, 60, 70); /* those there when it was asked */
    rig_end(&r);
}

/* What was said before a question has been taken before it is answered. */
static void a_question_waits_for_what_was_said_before(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    r.store.late = true;
    say(u0, "{'msgtype':'say','csn':1,'text':'x'}");
    say(u0, "{'msgtype':'history','room':'#lobby'}");
    expect_nothing(u0);
    rig_store_on_time(&r);
    expect_later(u0, "{'msgtype':'past',*'n':1,*'text':'x'}");
    r.store.late = true;
    say(u0, "{'msgtype':'say','csn':2,'text':'y'}");
    say(u0, "{'msgtype':'quit'}");
    rig_pass(&r, 50);
    rig_store_on_time(&r);
    assert_in_range(expect_later(u0, "{'msgtype':'goodbye','reason':'bye'}"), 2, 3);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_names_all_sessions),
        cmocka_unit_test(who_names_a_room_one_is_in),
        cmocka_unit_test(whois_tells_who_is_behind_a_name),
        cmocka_unit_test(rooms_and_status_tell_of_the_server),
        cmocka_unit_test(history_is_told_oldest_first),
        cmocka_unit_test(history_goes_back_from_anywhere),
        cmocka_unit_test(what_is_no_longer_kept_is_left_out),
        cmocka_unit_test(history_is_told_amid_messages),
        cmocka_unit_test(a_question_waits_for_what_was_said_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
