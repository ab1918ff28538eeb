/* What a client says, takes and tells: nothing lost, nothing twice, nothing out of order. */
#include "client/fake.h"

#include <stdio.h>
#include <stdlib.h>

static void say(const char *to, const char *text)
{
    assert_int_equal(thm_client_say(&fake.client, to, text, strlen(text), NULL), THM_OK);
}

static void line(const char *format, ...)
{
    char buf[2 * THM_LINE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(buf, sizeof buf, format, args);
    va_end(args);
    fake_line(buf);
}

static void sent(const char *format, ...)
{
    char buf[2 * THM_LINE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(buf, sizeof buf, format, args);
    va_end(args);
    fake_sent(buf);
}

/* An entry of #lobby by bob, "text N". `csn` 0: he gave none. */
static void entry(unsigned n, unsigned csn)
{
    char id[40] = "";

    if (csn != 0)
        snprintf(id, sizeof id, "'id':'0b0b0b0b-%u',", csn);
    line("{'msgtype':'message','room':'#lobby','n':%u,'time':1,'from':'bob','device':'d',"
         "'alias':'bob',%s'text':'text %u'}",
         n, id, n);
}

static void joined(const char *room, const char *incarnation, unsigned n, unsigned after)
{
    line("{'msgtype':'joined','room':'%s','incarnation':'%s','n':%u,'after':%u}", room, incarnation,
         n, after);
}

#define FIRST_LOG  "0000000000000001"
#define SECOND_LOG "0000000000000002"
#define INBOX_LOG  "00000000000000aa"

/* Online and in #lobby, whose head is `n`. */
static void in_lobby(unsigned n)
{
    fake_init();
    assert_int_equal(thm_client_join(&fake.client, "#lobby"), THM_OK);
    fake_login();
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk'}");
    joined("@ali", INBOX_LOG, 0, 0);
    joined("#lobby", FIRST_LOG, n, n);
    fake_wait(THM_ACK_DELAY_MS);
    fake_skip_sent();
    fake_skip_told();
}

/* A new connection in which inbox and lobby are joined again. */
static void again(const char *lobby_log, unsigned head, unsigned after)
{
    fake_reconnect();
    fake_skip_sent();
    joined("@ali", INBOX_LOG, 0, 0);
    joined("#lobby", lobby_log, head, after);
    fake_told("joined");
    fake_told("joined");
}

/* --- getting in ----------------------------------------------------------------------------- */

static void hello_says_all(void **state)
{
    (void)state;
    fake_init();
    fake.config.alias = "Ali \xc3\xa4";
    fake.config.agent = "test 1";
    fake.config.credit = 8192;
    fake.config.max_message = 64000;
    assert_int_equal(thm_client_init(&fake.client, &fake.config), THM_OK);
    assert_int_equal(thm_client_start(&fake.client, fake.now), THM_OK);
    struct thm_event up = {FAKE_TAG, THM_EV_RESOLVED | THM_EV_WRITE};
    thm_client_step(&fake.client, fake.now, &up, 1);
    const char *hello = fake_next_sent();
    assert_non_null(hello);
    assert_non_null(strstr(hello, "\"msgtype\":\"hello\""));
    assert_non_null(strstr(hello, "\"alias\":\"Ali \xc3\xa4\""));
    assert_non_null(strstr(hello, "\"agent\":\"test 1\""));
    assert_non_null(strstr(hello, "\"credit\":8192"));
    assert_non_null(strstr(hello, "\"resume\":true"));
    assert_non_null(strstr(hello, "\"max_message\":64000"));
    assert_non_null(strstr(hello, "\"client\":\"0807060504030201\""));
    assert_int_equal(fake.utc_s, 1700000000);
}

static void rooms_are_joined_after_login(void **state)
{
    (void)state;
    fake_init();
    assert_int_equal(thm_client_join(&fake.client, "#a"), THM_OK);
    fake_login();
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali'}");
    fake_sent("{'msgtype':'join','room':'@ali'}");
    fake_sent("{'msgtype':'join','room':'#a'}");
    assert_int_equal(thm_client_join(&fake.client, "#b"), THM_OK);
    assert_int_equal(thm_client_deadline(&fake.client), 0);
    fake_step();
    fake_sent("{'msgtype':'join','room':'#b'}");
    fake_sent_nothing();
    assert_int_equal(thm_client_join(&fake.client, "b"), THM_E_KEY_RANGE);
    assert_int_equal(thm_client_join(&fake.client, "@ali"), THM_E_KEY_RANGE);
}

static void rooms_never_take_the_inboxs_place(void **state)
{
    char room[16];

    (void)state;
    fake_init();
    for (int i = 0; i < THM_CLIENT_STREAMS - 1; i++) {
        snprintf(room, sizeof room, "#r%d", i);
        assert_int_equal(thm_client_join(&fake.client, room), THM_OK);
    }
    assert_int_equal(thm_client_join(&fake.client, "#more"), THM_E_LIMIT);
    fake_login();
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali'}");
    fake_sent("{'msgtype':'join','room':'@ali'}");
    for (int i = 0; i < THM_CLIENT_STREAMS - 1; i++)
        sent("{'msgtype':'join','room':'#r%d'}", i);
}

static void leaving_and_coming_back(void **state)
{
    (void)state;
    in_lobby(0);
    assert_int_equal(thm_client_leave(&fake.client, "#ops"), THM_E_NO_ROOM);
    assert_int_equal(thm_client_leave(&fake.client, "#lobby"), THM_OK);
    fake_step();
    fake_sent("{'msgtype':'leave','room':'#lobby'}");
    entry(1, 0); /* was on its way */
    fake_told_nothing();
    assert_int_equal(thm_client_say(&fake.client, "#lobby", "x", 1, NULL), THM_E_NO_ROOM);
    assert_int_equal(thm_client_join(&fake.client, "#lobby"), THM_OK);
    fake_step();
    fake_sent("{'msgtype':'join','room':'#lobby'}");
    fake_line("{'msgtype':'left','room':'#lobby'}"); /* the answer to the leave */
    joined("#lobby", FIRST_LOG, 1, 1);
    fake_told("left");
    fake_told("joined");
    entry(2, 0);
    fake_told("message text 2");
}

static void leaving_and_staying_after_all(void **state)
{
    (void)state;
    in_lobby(0);
    assert_int_equal(thm_client_leave(&fake.client, "#lobby"), THM_OK);
    assert_int_equal(thm_client_leave(&fake.client, "#lobby"), THM_E_NO_ROOM);
    assert_int_equal(thm_client_say(&fake.client, "#lobby", "x", 1, NULL), THM_E_NO_ROOM);
    assert_int_equal(thm_client_join(&fake.client, "#lobby"), THM_OK);
    fake_step();
    fake_sent_nothing();
    entry(1, 0);
    fake_told("message text 1");
}

static void a_refused_room_is_not_asked_for_again(void **state)
{
    (void)state;
    in_lobby(0);
    assert_int_equal(thm_client_join(&fake.client, "#secret"), THM_OK);
    fake_step();
    fake_sent("{'msgtype':'join','room':'#secret'}");
    fake_line("{'msgtype':'error','code':'not-allowed','reason':'no','in':'join',"
              "'room':'#secret'}");
    fake_told("error");
    fake_reconnect();
    fake_sent("{'msgtype':'join','room':'@ali','incarnation':'" INBOX_LOG "','after':0}");
    fake_sent("{'msgtype':'join','room':'#lobby','incarnation':'" FIRST_LOG "','after':0}");
    fake_sent_nothing();
}

static void a_store_that_fails_is_asked_again(void **state)
{
    (void)state;
    in_lobby(0);
    assert_int_equal(thm_client_join(&fake.client, "#ops"), THM_OK);
    say("#ops", "hello");
    fake_step();
    fake_sent("{'msgtype':'join','room':'#ops'}");
    fake_sent_nothing(); /* what is said there waits, for it would be refused */
    fake_line("{'msgtype':'error','code':'store','reason':'no','in':'join','room':'#ops'}");
    fake_told_nothing();
    fake_sent_nothing();
    assert_true(thm_client_deadline(&fake.client) <= fake.now + THM_RETRY_MS);
    fake_wait(THM_RETRY_MS);
    fake_skip_sent();
    joined("#ops", FIRST_LOG, 0, 0);
    fake_sent("{'msgtype':'say','room':'#ops','csn':1,'text':'hello'}");
}

/* --- taking entries ------------------------------------------------------------------------- */

static void entries_are_taken_once_and_in_order(void **state)
{
    (void)state;
    in_lobby(4);
    entry(5, 1);
    entry(6, 2);
    entry(5, 1);
    entry(6, 2);
    entry(7, 3);
    fake_told("message text 5");
    fake_told("message text 6");
    fake_told("message text 7");
    fake_told_nothing();
}

static void a_reconnect_resumes_behind_the_last_entry(void **state)
{
    (void)state;
    in_lobby(4);
    entry(5, 0);
    entry(6, 0);
    fake_skip_told();
    fake_reconnect();
    fake_sent("{'msgtype':'join','room':'@ali','incarnation':'" INBOX_LOG "','after':0}");
    fake_sent("{'msgtype':'join','room':'#lobby','incarnation':'" FIRST_LOG "','after':6}");
    joined("@ali", INBOX_LOG, 0, 0);
    joined("#lobby", FIRST_LOG, 8, 5); /* the server's copy of the cursor is behind: ours rules */
    fake_skip_told();
    fake_wait(THM_ACK_DELAY_MS);
    sent("{'msgtype':'ack','bytes':%u}", (unsigned)fake.client.received); /* no cursor moved */
    entry(6, 0);
    fake_told_nothing();
    entry(7, 0);
    fake_told("message text 7");
}

static void a_missing_number_without_a_gap_breaks_the_connection(void **state)
{
    (void)state;
    in_lobby(4);
    entry(6, 0);
    fake_told("waiting key-range");
    assert_false(fake.tls_open);
}

static void a_gap_is_told_and_moves_on(void **state)
{
    (void)state;
    in_lobby(4);
    fake_line("{'msgtype':'gap','room':'#lobby','incarnation':'" FIRST_LOG "','first':5,'last':9,"
              "'reason':'retention'}");
    fake_told("gap");
    entry(10, 0);
    fake_told("message text 10");
    fake_line("{'msgtype':'gap','room':'#lobby','incarnation':'" FIRST_LOG "','first':3,'last':6}");
    entry(11, 0); /* a gap never moves back */
    fake_told("gap");
    fake_told("message text 11");
}

static void a_skip_moves_the_cursor_in_silence(void **state)
{
    (void)state;
    in_lobby(0);
    line("{'msgtype':'skip','room':'@ali','n':1}");
    fake_told_nothing();
    line("{'msgtype':'whisper','room':'@ali','n':2,'from':'bob','to':'ali','text':'psst'}");
    fake_told("whisper psst");
    fake_reconnect();
    fake_sent("{'msgtype':'join','room':'@ali','incarnation':'" INBOX_LOG "','after':2}");
}

static void a_restarted_server_repeats_nothing(void **state)
{
    (void)state;
    in_lobby(0);
    entry(1, 40);
    entry(2, 41);
    fake_skip_told();
    again(SECOND_LOG, 3, 0);
    fake_line("{'msgtype':'gap','room':'#lobby','incarnation':'" SECOND_LOG "',"
              "'reason':'restarted'}");
    fake_told("gap");
    entry(1, 40); /* bob sent them again: he had no answer */
    entry(2, 41);
    fake_told_nothing();
    entry(3, 42);
    fake_told("message text 3");
    fake_reconnect();
    fake_sent("{'msgtype':'join','room':'@ali','incarnation':'" INBOX_LOG "','after':0}");
    fake_sent("{'msgtype':'join','room':'#lobby','incarnation':'" SECOND_LOG "','after':3}");
}

static void the_same_number_of_another_sender_is_new(void **state)
{
    (void)state;
    in_lobby(0);
    entry(1, 41);
    const char *others[] = {
        "'from':'bob','device':'d','alias':'bob','id':'0b0b0b0c-41'",  /* he lost his state */
        "'from':'bob','device':'e','alias':'bob','id':'0b0b0b0b-41'",  /* another device */
        "'from':'bobb','device':'d','alias':'bob','id':'0b0b0b0b-41'", /* somebody else */
        "'from':'bob','device':'d','alias':'bob','id':'0b0b0b0b-x'",   /* no csn at all */
        "'from':'bob','device':'d','alias':'bob','id':'0b0b0b0b-x'"};
    fake_told("message text 1");
    for (unsigned i = 0; i < 5; i++) {
        line("{'msgtype':'message','room':'#lobby','n':%u,'time':1,%s,'text':'%u'}", i + 2,
             others[i], i);
        char told[32];
        snprintf(told, sizeof told, "message %u", i);
        fake_told(told);
    }
}

static void a_log_that_went_back_starts_anew(void **state)
{
    (void)state;
    in_lobby(0);
    entry(1, 1);
    entry(2, 2);
    fake_skip_told();
    again(FIRST_LOG, 1, 0); /* the same log, but its second entry is lost */
    fake_line("{'msgtype':'gap','room':'#lobby','incarnation':'" FIRST_LOG "',"
              "'reason':'restarted'}");
    fake_told("gap");
    entry(1, 1);
    fake_told_nothing();
    entry(2, 3);
    fake_told("message text 2");
}

static void a_gap_that_was_cut_off_is_told_again(void **state)
{
    (void)state;
    in_lobby(0);
    entry(1, 1);
    fake_skip_told();
    again(SECOND_LOG, 1, 0);
    fake_reconnect(); /* before the gap came: the cursor to state is still the old one */
    fake_sent("{'msgtype':'join','room':'@ali','incarnation':'" INBOX_LOG "','after':0}");
    fake_sent("{'msgtype':'join','room':'#lobby','incarnation':'" FIRST_LOG "','after':1}");
    joined("@ali", INBOX_LOG, 0, 0);
    joined("#lobby", SECOND_LOG, 1, 0);
    fake_told("joined");
    fake_told("joined");
    fake_line("{'msgtype':'gap','room':'#lobby','incarnation':'" SECOND_LOG "',"
              "'reason':'restarted'}");
    fake_told("gap");
}

static void a_new_log_under_a_running_session(void **state)
{
    (void)state;
    in_lobby(7);
    fake_line("{'msgtype':'gap','room':'#lobby','incarnation':'" SECOND_LOG "',"
              "'reason':'restarted'}");
    fake_told("gap");
    entry(1, 0);
    fake_told("message text 1");
}

static void lines_of_other_streams_are_dropped(void **state)
{
    (void)state;
    in_lobby(0);
    fake_line("{'msgtype':'message','room':'#other','n':9,'time':1,'from':'b','device':'d',"
              "'alias':'b','text':'x'}");
    fake_line("{'msgtype':'gap','room':'#other','incarnation':'" FIRST_LOG "'}");
    fake_told_nothing();
    assert_true(fake.tls_open);
}

static void senders_are_told_apart(void **state)
{
    const unsigned people = 40;

    (void)state;
    in_lobby(0);
    for (unsigned n = 1; n <= 2 * people; n++) {
        line("{'msgtype':'message','room':'#lobby','n':%u,'time':1,'from':'u%u','device':'d',"
             "'alias':'a','id':'00000001-1','text':'x'}",
             n, n % people);
        if (n <= people)
            fake_told("message x");
        fake_told_nothing(); /* the second of each is a repetition */
    }
}

static void more_senders_than_are_remembered(void **state)
{
    (void)state;
    in_lobby(0);
    for (unsigned n = 1; n <= 3 * THM_CLIENT_SENDERS; n++) {
        line("{'msgtype':'message','room':'#lobby','n':%u,'time':1,'from':'u%u','device':'d',"
             "'alias':'a','id':'00000001-1','text':'%u'}",
             n, n, n);
        char told[32];
        snprintf(told, sizeof told, "message %u", n);
        fake_told(told);
    }
    fake_skip_sent();
    unsigned n = 3 * THM_CLIENT_SENDERS; /* the latest is known */
    line("{'msgtype':'message','room':'#lobby','n':%u,'time':1,'from':'u%u','device':'d',"
         "'alias':'a','id':'00000001-1','text':'x'}",
         n + 1, n);
    fake_told_nothing();
}

/* --- credit --------------------------------------------------------------------------------- */

static void bytes_are_acknowledged_after_a_while(void **state)
{
    (void)state;
    in_lobby(0);
    uint64_t before = fake.client.received;
    entry(1, 0);
    fake_sent_nothing();
    assert_int_equal(thm_client_deadline(&fake.client), fake.now + THM_ACK_DELAY_MS);
    fake_wait(THM_ACK_DELAY_MS - 1);
    fake_sent_nothing();
    fake_wait(1);
    sent("{'msgtype':'ack','room':'#lobby','n':1,'bytes':%u}", (unsigned)fake.client.received);
    assert_int_equal(fake.client.received - before, fake.in_len);
    fake_sent_nothing();
    fake_wait(10 * THM_ACK_DELAY_MS);
    fake_sent_nothing();
}

static void half_the_credit_is_acknowledged_at_once(void **state)
{
    (void)state;
    in_lobby(0);
    unsigned n = 0;
    uint64_t before = fake.client.reported;
    while (fake.client.received - before < THM_CLIENT_CREDIT / 2 && n < 10000) {
        fake_sent_nothing();
        entry(++n, 0);
    }
    sent("{'msgtype':'ack','room':'#lobby','n':%u,'bytes':%u}", n, (unsigned)fake.client.received);
    fake_sent_nothing();
}

static void counting_starts_behind_auth_reply(void **state)
{
    (void)state;
    fake_init();
    fake_login();
    /* both lines in one record */
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali'}\n"
              "{'msgtype':'notice','text':'hi'}");
    assert_int_equal(fake.client.received, strlen("{'msgtype':'notice','text':'hi'}\n"));
}

static void repetitions_cost_credit_too(void **state)
{
    (void)state;
    in_lobby(4);
    uint64_t before = fake.client.received;
    entry(3, 0);
    assert_true(fake.client.received > before);
    fake_wait(THM_ACK_DELAY_MS);
    sent("{'msgtype':'ack','bytes':%u}", (unsigned)fake.client.received);
}

/* --- saying --------------------------------------------------------------------------------- */

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

/* Texts of random lengths and answers of random numbers, with reconnects in between, against a plain model of what
 * must be sent. */
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

static void requests_need_a_session(void **state)
{
    struct thm_msg m;

    (void)state;
    fake_init();
    thm_msg_init(&m, THM_MSG_LIST);
    assert_int_equal(thm_client_request(&fake.client, &m), THM_E_STATE);
    fake_online();
    assert_int_equal(thm_client_request(&fake.client, &m), THM_OK);
    fake_step();
    fake_sent("{'msgtype':'list'}");
    thm_msg_init(&m, THM_MSG_WHO);
    assert_int_equal(thm_client_request(&fake.client, &m), THM_E_KEY_MISSING);
    fake.write_room = 0;
    thm_msg_init(&m, THM_MSG_STATUS);
    int code = THM_OK;
    for (int i = 0; i < 1000 && code == THM_OK; i++)
        code = thm_client_request(&fake.client, &m);
    assert_int_equal(code, THM_E_LIMIT);
}

/* --- bad servers ---------------------------------------------------------------------------- */

static void what_no_server_may_say(void **state)
{
    static const struct {
        const char *line, *told;
    } rows[] = {
        {"garbage", "waiting json"},
        {"{'msgtype':'hello'}", "waiting direction"},
        {"{'msgtype':'gap'}", "waiting key-missing"},
        {"{'msgtype':'joined','room':7}", "waiting key-type"},
        {"{'msgtype':'message','room':'#lobby','n':1}", "waiting key-missing"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in_lobby(0);
        fake_line(rows[i].line);
        fake_told(rows[i].told);
        fake_told_nothing();
        assert_false(fake.tls_open);
    }
}

static void what_a_newer_server_may_say(void **state)
{
    (void)state;
    in_lobby(0);
    fake_line("{'msgtype':'fanfare','loud':true}");
    fake_line("{'msgtype':'notice','text':'hi','fanfare':[1,{'a':null}]}");
    fake_told("notice");
    assert_true(fake.tls_open);
}

static void an_endless_line_ends_the_connection(void **state)
{
    static char a[3000];

    (void)state;
    in_lobby(0);
    memset(a, 'a', sizeof a);
    fake_bytes(a, 1000);
    fake_told_nothing();
    fake_bytes(a, 1000);
    fake_bytes(a, 1000);
    fake_told("waiting line-too-long");
}

static void lines_before_the_login(void **state)
{
    (void)state;
    fake_init();
    assert_int_equal(thm_client_join(&fake.client, "#lobby"), THM_OK);
    fake_login();
    entry(1, 0);
    joined("#lobby", FIRST_LOG, 0, 0);
    fake_line("{'msgtype':'accepted','csn':1,'room':'#lobby','n':1}");
    fake_told_nothing();
    fake_line("{'msgtype':'auth_reply','status':'GRANTED'}"); /* as whom? */
    fake_told("waiting key-missing");
}

static char kept[THM_LINE_MAX];

static void keep(const struct thm_client_event *event)
{
    if (event->kind == THM_CLIENT_LINE && event->msg->type == THM_MSG_MESSAGE)
        snprintf(kept, sizeof kept, "%.*s", (int)event->len, event->line);
}

static void the_line_is_told_as_it_came(void **state)
{
    const char *raw = "{\"msgtype\":\"message\",\"room\":\"#lobby\",\"n\":1,\"time\":1,\"from\":"
                      "\"b\",\"device\":\"d\",\"alias\":\"b\",\"text\":\"\\u0041\\n\",\"new\":1}";

    (void)state;
    in_lobby(0);
    fake.on_event = keep;
    fake_bytes(raw, 30);
    fake_bytes(raw + 30, strlen(raw) - 30);
    fake_bytes("\n", 1);
    assert_string_equal(kept, raw);
    fake_told("message A\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_says_all),
        cmocka_unit_test(rooms_are_joined_after_login),
        cmocka_unit_test(rooms_never_take_the_inboxs_place),
        cmocka_unit_test(leaving_and_coming_back),
        cmocka_unit_test(leaving_and_staying_after_all),
        cmocka_unit_test(a_refused_room_is_not_asked_for_again),
        cmocka_unit_test(a_store_that_fails_is_asked_again),
        cmocka_unit_test(entries_are_taken_once_and_in_order),
        cmocka_unit_test(a_reconnect_resumes_behind_the_last_entry),
        cmocka_unit_test(a_missing_number_without_a_gap_breaks_the_connection),
        cmocka_unit_test(a_gap_is_told_and_moves_on),
        cmocka_unit_test(a_skip_moves_the_cursor_in_silence),
        cmocka_unit_test(a_restarted_server_repeats_nothing),
        cmocka_unit_test(the_same_number_of_another_sender_is_new),
        cmocka_unit_test(a_log_that_went_back_starts_anew),
        cmocka_unit_test(a_gap_that_was_cut_off_is_told_again),
        cmocka_unit_test(a_new_log_under_a_running_session),
        cmocka_unit_test(lines_of_other_streams_are_dropped),
        cmocka_unit_test(senders_are_told_apart),
        cmocka_unit_test(more_senders_than_are_remembered),
        cmocka_unit_test(bytes_are_acknowledged_after_a_while),
        cmocka_unit_test(half_the_credit_is_acknowledged_at_once),
        cmocka_unit_test(counting_starts_behind_auth_reply),
        cmocka_unit_test(repetitions_cost_credit_too),
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
        cmocka_unit_test(requests_need_a_session),
        cmocka_unit_test(what_no_server_may_say),
        cmocka_unit_test(what_a_newer_server_may_say),
        cmocka_unit_test(an_endless_line_ends_the_connection),
        cmocka_unit_test(lines_before_the_login),
        cmocka_unit_test(the_line_is_told_as_it_came),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
