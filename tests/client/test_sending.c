/* What a client says: in order, as far as the window goes, and again until it is answered. */
#include "client/lobby.h"

#include <stdio.h>
#include <stdlib.h>

static void at_most_a_window_is_unanswered(void **state)
{
    char text[16];

    (void)state;
    in_lobby(0);
    for (unsigned i = 1; i <= THM_WINDOW + 4; i++) {
        snprintf(text, sizeof text, "%u", i);
        say("#lobby", text);
    }
    fake_step();
    for (unsigned i = 1; i <= THM_WINDOW; i++)
        sent("{'msgtype':'say','room':'#lobby','csn':%u,'text':'%u'}", i, i);
    fake_sent_nothing();
    assert_int_equal(thm_client_pending(&fake.client), THM_WINDOW + 4);
    fake_line("{'msgtype':'accepted','csn':1,'room':'#lobby','n':1}");
    fake_told("acked 1");
    sent("{'msgtype':'say','room':'#lobby','csn':%u,'text':'%u'}", THM_WINDOW + 1, THM_WINDOW + 1);
    fake_sent_nothing();
    assert_int_equal(thm_client_pending(&fake.client), THM_WINDOW + 3);
}

static void answers_may_come_in_any_order(void **state)
{
    (void)state;
    in_lobby(0);
    say("#lobby", "a");
    say("bob", "b");
    say("#lobby", "c");
    fake_step();
    fake_line("{'msgtype':'stored','csn':2,'room':'@ali','n':1}");
    fake_told("acked 2");
    fake_line("{'msgtype':'stored','csn':2,'room':'@ali','n':1}"); /* said twice, told once */
    fake_line("{'msgtype':'stored','csn':9,'room':'@ali','n':1}");
    fake_told_nothing();
    fake_line("{'msgtype':'stored','csn':3,'room':'#lobby','n':2}");
    fake_line("{'msgtype':'stored','csn':1,'room':'#lobby','n':1}");
    fake_told("acked 3");
    fake_told("acked 1");
    assert_int_equal(thm_client_pending(&fake.client), 0);
    fake_skip_sent();
    for (unsigned i = 0; i < THM_WINDOW; i++)
        say("#lobby", "x"); /* the whole window is free again */
    fake_step();
    for (unsigned i = 0; i < THM_WINDOW; i++)
        sent("{'msgtype':'say','room':'#lobby','csn':%u,'text':'x'}", i + 4);
}

static void what_is_unanswered_is_sent_again_in_order(void **state)
{
    (void)state;
    in_lobby(0);
    say("#lobby", "a");
    say("bob@phone", "b");
    say("#lobby", "c");
    fake_step();
    fake_line("{'msgtype':'stored','csn':2,'room':'@ali','n':1}");
    fake_told("acked 2");
    fake_reconnect();
    say("#lobby", "d");
    fake_step();
    fake_skip_sent(); /* joins: nothing is said before they are answered */
    joined("@ali", INBOX_LOG, 0, 0);
    fake_sent_nothing();
    joined("#lobby", FIRST_LOG, 0, 0);
    fake_sent("{'msgtype':'say','room':'#lobby','csn':1,'text':'a'}");
    fake_sent("{'msgtype':'say','room':'#lobby','csn':3,'text':'c'}");
    fake_sent("{'msgtype':'say','room':'#lobby','csn':4,'text':'d'}");
    fake_sent_nothing();
}

static void what_is_said_offline_is_sent_later(void **state)
{
    (void)state;
    fake_init();
    assert_int_equal(thm_client_join(&fake.client, "#lobby"), THM_OK);
    say("#lobby", "early");
    fake_login();
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali'}");
    joined("@ali", INBOX_LOG, 0, 0);
    fake_skip_sent();
    joined("#lobby", FIRST_LOG, 0, 0);
    fake_sent("{'msgtype':'say','room':'#lobby','csn':1,'text':'early'}");
}

static void a_refusal_is_final(void **state)
{
    (void)state;
    in_lobby(0);
    say("nobody", "x");
    fake_step();
    fake_sent("{'msgtype':'whisper','to':'nobody','csn':1,'text':'x'}");
    fake_line("{'msgtype':'refused','code':'no-such-user','reason':'unknown','csn':1}");
    fake_told("lost 1 no-such-user");
    assert_int_equal(thm_client_pending(&fake.client), 0);
    fake_reconnect();
    fake_skip_sent();
    joined("@ali", INBOX_LOG, 0, 0);
    joined("#lobby", FIRST_LOG, 0, 0);
    fake_sent_nothing();
}

static void a_failing_store_is_no_answer(void **state)
{
    (void)state;
    in_lobby(0);
    say("#lobby", "x");
    fake_step();
    fake_sent("{'msgtype':'say','room':'#lobby','csn':1,'text':'x'}");
    fake_line("{'msgtype':'error','code':'store','reason':'failed','in':'say'}");
    fake_told("error"); /* a person may want to know */
    fake_told_nothing();
    fake_wait(THM_RETRY_MS);
    fake_skip_told();
    sent("{'msgtype':'ack','bytes':%u}", (unsigned)fake.client.received);
    fake_sent("{'msgtype':'say','room':'#lobby','csn':1,'text':'x'}");
}

static void long_text_goes_in_parts(void **state)
{
    static char text[2500];
    char expected[THM_LINE_MAX];
    uint64_t csn;

    (void)state;
    in_lobby(0);
    say("#lobby", "first");
    memset(text, 'a', sizeof text);
    assert_int_equal(thm_client_say(&fake.client, "#lobby", text, sizeof text, &csn), THM_OK);
    assert_int_equal(csn, 4);
    fake_step();
    fake_sent("{'msgtype':'say','room':'#lobby','csn':1,'text':'first'}");
    for (int part = 1; part <= 3; part++) {
        snprintf(expected, sizeof expected,
                 "{'msgtype':'say','room':'#lobby','csn':%d,'part':%d,'parts':3,'of':2,"
                 "'text':'%.*s'}",
                 part + 1, part, part < 3 ? 1000 : 500, text);
        fake_sent(expected);
    }
    fake_sent_nothing();
}

static void what_cannot_be_said_is_told_at_once(void **state)
{
    static char text[THM_PARTS_MAX * THM_TEXT_MAX + 1];

    (void)state;
    in_lobby(0);
    memset(text, 'a', sizeof text);
    assert_int_equal(thm_client_say(&fake.client, "#lobby", text, sizeof text, NULL), THM_E_PARTS);
    assert_int_equal(thm_client_say(&fake.client, "#lobby", text, sizeof text - 1, NULL), THM_OK);
    uint32_t pending = thm_client_pending(&fake.client);
    assert_int_equal(thm_client_say(&fake.client, "#lobby", text, 20000, NULL), THM_E_LIMIT);
    assert_int_equal(thm_client_pending(&fake.client), pending); /* all of it or nothing */
    assert_int_equal(thm_client_say(&fake.client, "#lobby", "\xff", 1, NULL), THM_E_UTF8);
    assert_int_equal(thm_client_say(&fake.client, "#lobby", "\x1b", 1, NULL), THM_E_CONTROL);
    assert_int_equal(thm_client_say(&fake.client, "Bob", "x", 1, NULL), THM_E_KEY_RANGE);
    assert_int_equal(thm_client_say(&fake.client, "@bob", "x", 1, NULL), THM_E_KEY_RANGE);
    assert_int_equal(thm_client_say(&fake.client, "#UP", "x", 1, NULL), THM_E_KEY_RANGE);
    assert_int_equal(thm_client_say(&fake.client, "#ops", "x", 1, NULL), THM_E_NO_ROOM);
}

/* Texts of random lengths and answers of random numbers, with reconnects in between, against a plain
 * model of what must be sent. */
static void the_queue_keeps_order_under_any_load(void **state)
{
    static char text[4000];
    unsigned answered = 0, highest = 0;

    (void)state;
    in_lobby(0);
    srand(1);
    memset(text, 'q', sizeof text);
    for (unsigned round = 0; round < 3000; round++) {
        thm_client_say(&fake.client, "#lobby", text, (size_t)rand() % sizeof text, NULL);
        fake_step();
        const char *got;
        while ((got = fake_next_sent()) != NULL) {
            const char *csn = strstr(got, "\"csn\":");
            if (csn == NULL)
                continue;
            unsigned number = (unsigned)atoi(csn + 6);
            assert_true(number == highest + 1 && number <= answered + THM_WINDOW);
            highest = number;
        }
        fake_skip_sent();
        while (answered < highest && rand() % 8 != 0)
            line("{'msgtype':'accepted','csn':%u,'room':'#lobby','n':1}", ++answered);
        if (rand() % 40 == 0) {
            fake_skip_told();
            again(FIRST_LOG, 0, 0);
            fake.out_at = 0;
            highest = answered;
        }
        fake_skip_told();
        assert_int_equal(thm_client_pending(&fake.client), fake.client.next_csn - 1 - answered);
    }
    assert_true(answered > 3000);
}

static void small_records_and_short_writes(void **state)
{
    static char text[900];

    (void)state;
    in_lobby(0);
    fake.largest_record = 0;
    fake.write_room = 1;
    memset(text, 'a', sizeof text - 1);
    for (int i = 0; i < 9; i++)
        say("#lobby", text);
    for (int i = 0; i < 10000; i++)
        fake_step();
    for (unsigned i = 1; i <= 9; i++)
        sent("{'msgtype':'say','room':'#lobby','csn':%u,'text':'%s'}", i, text);
    assert_int_equal(fake.largest_record, THM_CLIENT_RECORD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_most_a_window_is_unanswered),
        cmocka_unit_test(answers_may_come_in_any_order),
        cmocka_unit_test(what_is_unanswered_is_sent_again_in_order),
        cmocka_unit_test(what_is_said_offline_is_sent_later),
        cmocka_unit_test(a_refusal_is_final),
        cmocka_unit_test(a_failing_store_is_no_answer),
        cmocka_unit_test(long_text_goes_in_parts),
        cmocka_unit_test(what_cannot_be_said_is_told_at_once),
        cmocka_unit_test(the_queue_keeps_order_under_any_load),
        cmocka_unit_test(small_records_and_short_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
