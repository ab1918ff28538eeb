/* What the console prints when something goes wrong. */
#include "client/transcript.h"

static void offline_requests_say_so(void **state)
{
    (void)state;
    fake.cut = true;
    fake_step();
    forget_printed();
    assert_int_equal(type("/list"), THM_E_STATE);
    expect("!|! /list: not connected just now: try again in a moment");
    assert_int_equal(type("but this waits"), THM_OK);
    expect("n#lobby|(waiting) but this waits");
    assert_int_equal(type("/w bob@phone and this"), THM_OK);
    expect("n|(waiting) -> bob@phone: and this");
    expect_nothing();
}

static void a_room_that_refuses(void **state)
{
    (void)state;
    type("/join #secret");
    expect_prompt("#secret> ");
    fake_line("{'msgtype':'error','code':'not-allowed','reason':'members only','in':'join',"
              "'room':'#secret'}");
    expect("!#secret|! #secret: members only");
    assert_int_equal(console.errors, 1);
    expect_prompt("#lobby> ");
}

static void a_lost_message_is_told(void **state)
{
    (void)state;
    type("/w nobody hi");
    fake_line("{'msgtype':'refused','code':'no-such-user','reason':'who?','csn':1,'to':'nobody'}");
    expect("!|! not delivered to nobody: nobody of that name is known here: who? (\"hi\")");
    type("an umlaut at the fortieth byte is not c\xc3\xbct in two");
    fake_line("{'msgtype':'refused','code':'no-such-room','room':'#lobby',"
              "'reason':'you are not in that room: join it first','csn':2}");
    expect("!|! not delivered to #lobby: you are not in that room: join it first "
           "(\"an umlaut at the fortieth byte is not c ...\")");
    assert_int_equal(console.errors, 2);
}

static void a_store_that_fails_is_told_once_and_once_that_it_works(void **state)
{
    (void)state;
    type("one");
    type("two");
    fake_line("{'msgtype':'error','code':'store','in':'say','reason':'the disk is full'}");
    expect("!|! the disk is full");
    fake_line("{'msgtype':'error','code':'store','in':'say','reason':'the disk is full'}");
    fake_line("{'msgtype':'error','code':'store','in':'join','room':'#ops','reason':'x'}");
    expect_nothing();
    fake_line("{'msgtype':'stored','csn':1,'room':'#lobby','n':1}");
    expect("n|* the server stores again");
    fake_line("{'msgtype':'stored','csn':2,'room':'#lobby','n':2}");
    expect_nothing();
    assert_int_equal(console.errors, 0);
}

static void refuse(unsigned csn)
{
    char line[200];

    snprintf(line, sizeof line,
             "{'msgtype':'refused','code':'limit','reason':'full','csn':%u,'room':'#lobby'}", csn);
    fake_line(line);
}

static void parts_that_are_lost_are_told_once(void **state)
{
    static char text[4000];

    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(thm_console_line(&console, text, sizeof text), THM_OK);
    fake_step();
    fake_line("{'msgtype':'accepted','csn':1,'room':'#lobby','n':1}");
    refuse(2);
    expect_somewhere("! not delivered to #lobby: ");
    forget_printed();
    refuse(3);
    refuse(4);
    expect_nothing();
    type("another");
    refuse(5);
    expect_somewhere("(\"another\")");
}

static void a_text_that_is_too_long(void **state)
{
    static char text[THM_PARTS_MAX * THM_TEXT_MAX + 1];

    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(thm_console_line(&console, text, sizeof text), THM_E_PARTS);
    expect("!|! too long: 64001 bytes, and a message has at most 64 parts of up to 1000");
}

static void errors_name_what_they_are_about(void **state)
{
    static const struct {
        const char *typed, *answer, *printed;
    } rows[] = {
        {"/whois Bo \xe2\x80\xae", "'in':'whois','code':'no-such-user','reason':'x'",
         "!|! nobody called Bo \\u{202E} is known here"},
        {"/whois bob", "'in':'whois','code':'not-online','reason':'x'", "!|! bob is not online"},
        {"/alias Bob", "'in':'alias','code':'alias-taken','reason':'x'",
         "!|! the alias Bob is in use or is somebody's user id"},
        {"/who #tea", "'in':'who','code':'no-such-room','reason':'x','room':'#tea'",
         "!#tea|! you are not in #tea: enter it with /join"},
        {"/cmd pump@p9 on", "'in':'cmd','code':'not-online','reason':'x','to':'pump@p9'",
         "!|! pump@p9 is not online"},
        {"/topic x", "'in':'topic','code':'not-allowed','reason':'not here','room':'#lobby'",
         "!#lobby|! #lobby: not here"},
        {"/whois bob", "'in':'list','code':'no-such-user','reason':'not known'", "!|! not known"},
        {"/list", "'code':'json','reason':'the line is not one JSON object'",
         "!|! the line is not one JSON object"},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[THM_LINE_MAX];
        setup(state);
        type(rows[i].typed);
        snprintf(line, sizeof line, "{'msgtype':'error',%s}", rows[i].answer);
        fake_line(line);
        expect(rows[i].printed);
        expect_nothing();
        assert_int_equal(console.errors, 1);
    }
}

static void an_alias_that_is_taken_at_login(void **state)
{
    (void)state;
    fake_line("{'msgtype':'alias','alias':'The Boss'}");
    fake_skip_told();
    fake_reconnect(); /* as ali, says the server */
    forget_printed();
    fake_line("{'msgtype':'error','code':'alias-taken','reason':'x','in':'hello','key':'alias'}");
    expect("!|! the alias The Boss is in use or is somebody's user id");
    assert_int_equal(console.errors, 0);
}

static void the_connection_comes_and_goes(void **state)
{
    (void)state;
    type("/away tea");
    fake_line("{'msgtype':'away','away':'tea'}");
    forget_printed();
    fake_skip_told();
    fake_reconnect();
    expect(
        "!|! the connection is lost: the connection was closed by the other side (trying again)");
    expect("n|* connected again");
    expect_nothing();
    fake_sent("{'msgtype':'away','away':'tea'}"); /* the server has forgotten it */
    forget_printed();
    fake_line(LOBBY "'n':0,'after':0}");
    expect_nothing(); /* one never left it */
    fake_line("{'msgtype':'goodbye','code':'kicked','reason':'behave'}");
    expect("!|! the operator ended the session: behave");
}

/* Attempts that fail, for `ms`. */
static void fail_for(uint64_t ms, int code)
{
    uint64_t end = fake.now + ms;

    fake.dial_code = code;
    while (fake.now < end) {
        uint64_t next = thm_client_deadline(&fake.client);
        fake_wait(next < end ? next - fake.now : end - fake.now);
    }
}

/* What the client knows better than the server's line says. */
static void keys_of_another_passcode_are_told_in_one_sentence(void **state)
{
    const struct thm_client_event event = {.kind = THM_CLIENT_ENDED,
                                           .state = THM_CLIENT_STOPPED,
                                           .code = THM_E_PASSCODE,
                                           .wrong = THM_SCRAM_OTHER_KEYS};
    (void)state;
    thm_console_event(&console, &event);
    expect("!|! the passcode was changed at the server since this device was given its keys: "
           "provision it anew");
    expect_nothing();
}

static void a_server_that_stays_away_is_told_once(void **state)
{
    (void)state;
    fake_line("{'msgtype':'goodbye','code':'shutdown','reason':'the server is going down'}");
    expect("!|! the connection is lost: the server is going down (trying again)");
    fail_for(THM_CONSOLE_REMIND_MS - 1, THM_E_CONNECT);
    assert_true(fake.dials > 10);
    expect_nothing();
    fail_for(THM_BACKOFF_CAP_MS + 1, THM_E_CONNECT);
    expect("!|! still not connected: the server can't be reached (trying again)");
    fail_for(2 * THM_BACKOFF_CAP_MS, THM_E_RESOLVE); /* another reason */
    expect("!|! still not connected: the host name could not be resolved (trying again)");
    expect_nothing();
}

static void a_server_that_was_never_reached(void **state)
{
    (void)state;
    thm_client_stop(&fake.client);
    fake_wait(THM_CLOSE_MS);
    forget_printed();
    console.welcomed = false;
    fake.dial_code = THM_E_CONNECT;
    assert_int_equal(thm_client_start(&fake.client, fake.now), THM_OK);
    expect("!|! can't get to chat.example:8443: the server could not be reached: is it running, "
           "and are host and port right? (trying again)");
    fail_for(THM_CONSOLE_REMIND_MS / 2, THM_E_CONNECT);
    expect_nothing();
}

static void an_answer_lost_with_the_connection_is_told_once(void **state)
{
    (void)state;
    type("/whois bob");
    fake.cut = true;
    fake_step();
    expect_somewhere("! the answer to /whois was lost with the connection: ask again");
    forget_printed();
    fail_for(2 * THM_BACKOFF_CAP_MS, THM_E_CONNECT);
    expect_nothing();
    assert_int_equal(console.errors, 1);
}

static void after_a_reconnect_one_can_ask_again(void **state)
{
    (void)state;
    type("/whois bob");
    fake_skip_told();
    fake_reconnect();
    expect_somewhere("! the answer to /whois was lost with the connection: ask again");
    fake_line(LOBBY "'n':0,'after':0}");
    assert_int_equal(type("/whois bob"), THM_OK);
}

static void being_replaced(void **state)
{
    (void)state;
    fake_line("{'msgtype':'replaced','address':'192.0.2.1:5',"
              "'reason':'another session of the same device took over'}");
    expect("!|! another session of the same device took over, at 192.0.2.1:5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(offline_requests_say_so, setup),
        cmocka_unit_test_setup(a_room_that_refuses, setup),
        cmocka_unit_test_setup(a_lost_message_is_told, setup),
        cmocka_unit_test_setup(parts_that_are_lost_are_told_once, setup),
        cmocka_unit_test_setup(a_text_that_is_too_long, setup),
        cmocka_unit_test(errors_name_what_they_are_about),
        cmocka_unit_test_setup(an_alias_that_is_taken_at_login, setup),
        cmocka_unit_test_setup(the_connection_comes_and_goes, setup),
        cmocka_unit_test_setup(keys_of_another_passcode_are_told_in_one_sentence, setup),
        cmocka_unit_test_setup(a_server_that_stays_away_is_told_once, setup),
        cmocka_unit_test_setup(a_server_that_was_never_reached, setup),
        cmocka_unit_test_setup(an_answer_lost_with_the_connection_is_told_once, setup),
        cmocka_unit_test_setup(after_a_reconnect_one_can_ask_again, setup),
        cmocka_unit_test_setup(a_store_that_fails_is_told_once_and_once_that_it_works, setup),
        cmocka_unit_test_setup(being_replaced, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
