/* What is typed, what is sent for it, and what is printed of the server's answers. */
#include "client/transcript.h"

/* --- typed ---------------------------------------------------------------------------------- */

static void typed_lines(void **state)
{
    static const struct {
        const char *typed;
        int code;
        const char *sent; /* NULL: nothing */
    } rows[] = {
        {"hello", THM_OK, "{'msgtype':'say','room':'#lobby','csn':1,'text':'hello'}"},
        {" /hello", THM_OK, "{'msgtype':'say','room':'#lobby','csn':1,'text':' /hello'}"},
        {"//hello", THM_OK, "{'msgtype':'say','room':'#lobby','csn':1,'text':'/hello'}"},
        {"", THM_OK, NULL},
        {"  \t ", THM_OK, NULL},
        {"/", THM_E_COMMAND, NULL},
        {"/nonsense x", THM_E_COMMAND, NULL},
        {"/whisper bob hi there", THM_OK,
         "{'msgtype':'whisper','to':'bob','csn':1,'text':'hi there'}"},
        {"/w bob@phone  hi", THM_OK, "{'msgtype':'whisper','to':'bob@phone','csn':1,'text':'hi'}"},
        {"/w bob", THM_E_ARGUMENT, NULL},
        {"/w Bob hi", THM_E_ARGUMENT, NULL},
        {"/w", THM_E_ARGUMENT, NULL},
        {"/r hi", THM_E_ARGUMENT, NULL},
        {"/list", THM_OK, "{'msgtype':'list'}"},
        {"/list all", THM_E_ARGUMENT, NULL},
        {"/quit now", THM_E_ARGUMENT, NULL},
        {"/rooms", THM_OK, "{'msgtype':'rooms'}"},
        {"/who", THM_OK, "{'msgtype':'who','room':'#lobby'}"},
        {"/who ops", THM_OK, "{'msgtype':'who','room':'#ops'}"},
        {"/who #OPS", THM_E_ARGUMENT, NULL},
        {"/whois Bob the Great", THM_OK, "{'msgtype':'whois','text':'Bob the Great'}"},
        {"/whois", THM_E_ARGUMENT, NULL},
        {"/alias Ali Baba", THM_OK, "{'msgtype':'alias','alias':'Ali Baba'}"},
        {"/alias", THM_E_ARGUMENT, NULL},
        {"/alias a  b", THM_E_ARGUMENT, NULL},
        {"/history", THM_OK, "{'msgtype':'history','room':'#lobby','count':20}"},
        {"/history 5", THM_OK, "{'msgtype':'history','room':'#lobby','count':5}"},
        {"/history 0", THM_E_ARGUMENT, NULL},
        {"/history five", THM_E_ARGUMENT, NULL},
        {"/history 99999999999999999999999", THM_E_ARGUMENT, NULL},
        {"/topic", THM_OK, "{'msgtype':'topic','room':'#lobby'}"},
        {"/topic Tea at five", THM_OK, "{'msgtype':'topic','room':'#lobby','topic':'Tea at five'}"},
        {"/topic -", THM_OK, "{'msgtype':'topic','room':'#lobby','topic':''}"},
        {"/away for tea", THM_OK, "{'msgtype':'away','away':'for tea'}"},
        {"/away", THM_OK, "{'msgtype':'away'}"},
        {"/status", THM_OK, "{'msgtype':'status'}"},
        {"/cmd pump@p3 on now", THM_OK,
         "{'msgtype':'cmd','to':'pump@p3','id':'c1','text':'on now'}"},
        {"/cmd pump@p3", THM_E_ARGUMENT, NULL},
        {"/join", THM_E_ARGUMENT, NULL},
        {"/join #ops", THM_OK, "{'msgtype':'join','room':'#ops'}"},
        {"/join #a b", THM_E_ARGUMENT, NULL},
        {"/part", THM_OK, "{'msgtype':'leave','room':'#lobby'}"},
        {"/part #ops", THM_E_NO_ROOM, NULL},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        setup(state);
        int code = type(rows[i].typed);
        if (code != rows[i].code)
            fail_msg("%s gives %d", rows[i].typed, code);
        if (rows[i].sent != NULL)
            fake_sent(rows[i].sent);
        fake_sent_nothing();
        if (code != THM_OK && printed_len == 0)
            fail_msg("%s fails without a word", rows[i].typed);
    }
}

static void an_unknown_command_names_the_way_out(void **state)
{
    (void)state;
    type("/smile\x1b[2J wide");
    expect("!|! /smile\\u{1B}[2J: unknown command: /help lists them; start the line with // to "
           "send it as text");
}

static void a_wrong_argument_shows_the_right_form(void **state)
{
    (void)state;
    type("/whisper bob");
    expect("!|! use /whisper USER TEXT: to whom, and what? (the server can read this)");
    type("/part #ops");
    expect("!|! you are not in #ops");
    type("/rooms now");
    expect("!|! use /rooms: nothing goes behind it");
}

static void a_text_of_a_program_goes_as_it_is(void **state)
{
    (void)state;
    assert_int_equal(thm_console_text(&console, "/etc", 4), THM_OK);
    assert_int_equal(thm_console_text(&console, "quit", 4), THM_OK);
    assert_int_equal(thm_console_text(&console, "  ", 2), THM_OK);
    fake_step();
    fake_sent("{'msgtype':'say','room':'#lobby','csn':1,'text':'/etc'}");
    fake_sent("{'msgtype':'say','room':'#lobby','csn':2,'text':'quit'}");
    fake_sent_nothing();
    assert_false(console.quitting);
    fake_line("{'msgtype':'accepted','csn':1,'room':'#lobby','n':1}");
    fake_line("{'msgtype':'accepted','csn':2,'room':'#lobby','n':2}");
    type("/part");
    forget_printed();
    assert_int_equal(thm_console_text(&console, "lost", 4), THM_E_NO_ROOM);
    expect("!|! you are in no room: enter one with /join #ROOM");
}

static void quitting(void **state)
{
    (void)state;
    assert_int_equal(type("quitter"), THM_OK);
    assert_false(console.quitting);
    assert_int_equal(type("quit"), THM_OK);
    assert_true(console.quitting);
    setup(state);
    assert_int_equal(type("/quit now"), THM_E_ARGUMENT);
    assert_false(console.quitting);
    assert_int_equal(type("/quit"), THM_OK);
    assert_true(console.quitting);
}

static void help_lists_every_command(void **state)
{
    const struct thm_command *command = thm_console_commands();

    (void)state;
    type("/help");
    for (; command->name != NULL; command++) {
        char start[64];
        if (command->needs == THM_MSG_REGISTER)
            continue; /* of who takes part in direct sessions: test_direct.c */
        snprintf(start, sizeof start, "n|* %s%s%s %s", command->name,
                 command->brief != NULL ? ", " : "", command->brief != NULL ? command->brief : "",
                 command->args);
        expect_somewhere(start);
        expect_somewhere(command->help);
    }
    expect_somewhere("The server can read all that is said, in private too.");
    forget_printed();
    type("/help w");
    expect("n|* /whisper, /w USER TEXT     Says something to one person, or to USER@DEVICE.");
    expect_nothing();
}

static void a_full_queue_is_no_error(void **state)
{
    char line[1000];
    int code = THM_OK;

    (void)state;
    memset(line, 'a', sizeof line);
    for (int i = 0; i < 1000 && code == THM_OK; i++)
        code = thm_console_line(&console, line, sizeof line);
    assert_int_equal(code, THM_E_LIMIT);
    expect_nothing();
}

static void a_command_waits_for_the_answer_to_the_one_before(void **state)
{
    static const struct {
        const char *typed, *unrelated, *answer;
    } rows[] = {
        {"/list", "{'msgtype':'end','in':'who'}", "{'msgtype':'end','in':'list'}"},
        {"/rooms", "{'msgtype':'end','in':'list'}", "{'msgtype':'end','in':'rooms'}"},
        {"/who", "{'msgtype':'notice','text':'x'}", "{'msgtype':'end','in':'who'}"},
        {"/history", "{'msgtype':'end','in':'who'}", "{'msgtype':'end','in':'history'}"},
        {"/whois x", "{'msgtype':'error','in':'alias','code':'limit','reason':'x'}",
         "{'msgtype':'error','in':'whois','code':'no-such-user','reason':'x'}"},
        {"/topic", "{'msgtype':'away'}", "{'msgtype':'topic','room':'#lobby'}"},
        {"/away", "{'msgtype':'alias','alias':'x'}", "{'msgtype':'away'}"},
        {"/alias x", "{'msgtype':'away'}", "{'msgtype':'alias','alias':'x'}"},
        {"/status", "{'msgtype':'end','in':'who'}", "{'msgtype':'server','server':'x'}"},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        setup(state);
        assert_int_equal(type(rows[i].typed), THM_OK);
        fake_line(rows[i].unrelated);
        fake_skip_sent();
        assert_int_equal(type("/list"), THM_E_LIMIT);
        fake_sent_nothing();
        assert_int_equal(type("a text need not wait"), THM_OK);
        assert_int_equal(type("/w bob nor this"), THM_OK);
        assert_int_equal(type("/help"), THM_OK);
        fake_line(rows[i].answer);
        assert_int_equal(type("/list"), THM_OK);
    }
}

static void an_answer_that_never_comes_is_not_awaited_for_ever(void **state)
{
    (void)state;
    type("/topic");
    assert_int_equal(type("/list"), THM_E_LIMIT);
    fake_wait(THM_ANSWER_MS);
    assert_int_equal(type("/list"), THM_OK);
}

static void a_command_waits_for_its_room(void **state)
{
    (void)state;
    assert_int_equal(thm_console_line(&console, "/join #ops", 10), THM_OK);
    assert_int_equal(type("/topic Tea"), THM_E_LIMIT); /* join was not even sent */
    assert_int_equal(type("/topic Tea"), THM_E_LIMIT);
    assert_int_equal(type("/part"), THM_E_LIMIT);
    fake_sent("{'msgtype':'join','room':'#ops'}");
    fake_sent_nothing();
    fake_line(OPS "'n':0,'after':0}");
    assert_int_equal(type("/topic Tea"), THM_OK);
    fake_sent("{'msgtype':'topic','room':'#ops','topic':'Tea'}");
    assert_int_equal(type("/join #closed"), THM_OK);
    assert_int_equal(type("/part"), THM_E_LIMIT);
    fake_line("{'msgtype':'error','code':'not-allowed','reason':'no','in':'join',"
              "'room':'#closed'}");
    forget_printed();
    assert_int_equal(type("/part"), THM_OK);
    expect("n|* you left #lobby");
}

static void leaving_waits_for_what_was_said(void **state)
{
    (void)state;
    type("bye");
    fake_skip_sent();
    assert_int_equal(type("/part"), THM_E_LIMIT);
    fake_sent_nothing();
    fake_line("{'msgtype':'accepted','csn':1,'room':'#lobby','n':1}");
    assert_int_equal(type("/part"), THM_OK);
    fake_sent("{'msgtype':'leave','room':'#lobby'}");
}

static void commands_are_echoed_once(void **state)
{
    (void)state;
    console.config.echo_commands = true;
    type("/whois\x1b[2J bob");
    expect("n|> /whois\\u{1B}[2J bob");
    expect_somewhere("unknown command");
    forget_printed();
    type("/who");
    expect("n|> /who");
    assert_int_equal(type("/list"), THM_E_LIMIT);
    expect_nothing();
    fake_line("{'msgtype':'end','in':'who','count':0}");
    forget_printed();
    type("/list");
    expect("n|> /list");
    type("/w bob it comes back by itself");
    type("so does this");
    expect_nothing();
}

static void a_command_that_is_tried_again_is_not_echoed_again(void **state)
{
    char line[1000];
    unsigned echoed = 0;

    (void)state;
    console.config.echo_commands = true;
    memset(line, 'x', sizeof line);
    memcpy(line, "/cmd a@b ", 9);
    while (thm_console_line(&console, line, sizeof line) == THM_OK)
        echoed++;
    assert_int_equal(thm_console_line(&console, line, sizeof line), THM_E_LIMIT);
    fake_step();
    assert_int_equal(thm_console_line(&console, line, sizeof line), THM_OK);
    for (size_t at = 0; at < printed_len; at += strlen(printed + at) + 1)
        echoed--;
    assert_int_equal(echoed + 1, 0);
}

/* --- rooms ---------------------------------------------------------------------------------- */

static void another_room(void **state)
{
    (void)state;
    expect_prompt("#lobby> ");
    fake_line("{'msgtype':'message','room':'#ops','n':1,'time':1699920000000," BY_BOB
              ",'text':'x'}");
    expect("m#ops|#ops [00:00] bob: x");
    fake_line("{'msgtype':'message','room':'#ops','n':2,'time':1699920000000," BY_BOB
              ",'text':'ali'}");
    expect("@#ops|#ops [00:00] bob: ali");
    expect_prompt("#lobby [#ops 2]> ");
    type("/join #ops");
    expect_prompt("#ops> ");
    fake_sent_nothing(); /* it was joined before */
    type("in ops");
    fake_sent("{'msgtype':'say','room':'#ops','csn':1,'text':'in ops'}");
    fake_line(
        "{'msgtype':'message','room':'#lobby','n':1,'time':1699920000000,'from':'ali','device':'d',"
        "'alias':'ali','text':'mine'}");
    expect_prompt("#ops> "); /* what one says oneself is not unread */
    fake_line("{'msgtype':'message','room':'#ops','n':3,'time':1699920000000," BY_BOB
              ",'text':'x'}");
    expect_prompt("#ops> "); /* nor what one sees */
}

static void leaving_rooms(void **state)
{
    (void)state;
    type("/part");
    expect("n|* you left #lobby");
    expect_prompt("#ops> ");
    fake_line("{'msgtype':'left','room':'#lobby'}");
    expect_nothing();
    fake_line("{'msgtype':'left','room':'#ops','reason':'closed'}");
    expect("n#ops|#ops * the server took you out of #ops: closed");
    expect_prompt("no room> ");
    assert_int_equal(type("anybody?"), THM_E_NO_ROOM);
    expect("!|! you are in no room: enter one with /join #ROOM");
    assert_int_equal(type("/who"), THM_E_ARGUMENT);
    assert_int_equal(type("/topic x"), THM_E_ARGUMENT);
    assert_int_equal(type("/history"), THM_E_ARGUMENT);
    assert_int_equal(type("/part"), THM_E_ARGUMENT);
}

/* What was meant for a room that one was sent away from goes to no other. */
static void sent_away_in_the_middle_of_a_line(void **state)
{
    (void)state;
    fake_line("{'msgtype':'left','room':'#lobby','code':'sent-away','reason':'ali: enough'}");
    expect("n#lobby|#lobby * the server took you out of #lobby: ali: enough");
    expect_prompt("no room> ");
    fake_skip_sent();
    assert_int_equal(type("for the lobby only"), THM_E_NO_ROOM);
    fake_sent_nothing();
    expect("!|! you are in no room: enter one with /join #ROOM");
    type("/join #ops");
    expect_prompt("#ops> ");
}

static void entering(void **state)
{
    (void)state;
    type("/join tea");
    fake_line("{'msgtype':'joined','room':'#tea','incarnation':'0000000000000009','n':5,'after':5,"
              "'members':3,'topic':'Earl Grey'}");
    expect("n#tea|* you are in #tea; 3 here; topic: Earl Grey");
}

/* --- the rest ------------------------------------------------------------------------------- */

static void lines_and_what_is_printed(void **state)
{
    static const struct {
        const char *line, *printed;
    } rows[] = {
        {"{'msgtype':'gap','room':'#lobby','incarnation':'0000000000000001','first':12,"
         "'last':48}",
         "!#lobby|! messages of #lobby that are no longer kept: 37 (12-48)"},
        {"{'msgtype':'gap','room':'@ali','incarnation':'00000000000000aa','first':1,'last':1}",
         "!@ali|! whispers that are no longer kept: 1 (1-1)"},
        {"{'msgtype':'gap','room':'@ali','incarnation':'00000000000000ab',"
         "'reason':'restarted'}",
         "!@ali|! the server has lost earlier whispers"},
        {"{'msgtype':'gap','room':'#lobby','incarnation':'0000000000000001',"
         "'reason':'restarted'}",
         "!#lobby|! the server has lost earlier messages of #lobby"},
        {"{'msgtype':'presence','room':'#lobby','userid':'bob','alias':'Bob','event':'joined'}",
         "n#lobby|* bob(Bob) joined"},
        {"{'msgtype':'presence','room':'#lobby','userid':'bob','event':'left'}",
         "n#lobby|* bob left"},
        {"{'msgtype':'presence','room':'#lobby','userid':'bob','event':'away','away':'tea'}",
         "n#lobby|* bob is away: tea"},
        {"{'msgtype':'presence','room':'#lobby','userid':'bob','event':'back'}",
         "n#lobby|* bob is back"},
        {"{'msgtype':'presence','room':'#lobby','userid':'bob','alias':'Bob','event':'alias'}",
         "n#lobby|* bob is now called Bob"},
        {"{'msgtype':'presence','room':'#lobby','userid':'ali','event':'joined'}", NULL},
        {"{'msgtype':'presence','room':'#lobby','joined':120,'left':3,'members':9000}",
         "n#lobby|* 120 joined, 3 left, 9000 here"},
        {"{'msgtype':'state','room':'#lobby','from':'pump','device':'p3','text':'41 C'}",
         "n#lobby|= pump@p3: 41 C"},
        {"{'msgtype':'topic','room':'#lobby','topic':'Tea','from':'bob'}",
         "n#lobby|* topic of #lobby: Tea, set by bob"},
        {"{'msgtype':'topic','room':'#lobby'}", "n#lobby|* topic of #lobby: none"},
        {"{'msgtype':'away','away':'tea'}", "n|* you are away: tea"},
        {"{'msgtype':'away'}", "n|* you are back"},
        {"{'msgtype':'user','userid':'bob','device':'d','alias':'Bob','rooms':'#lobby #ops',"
         "'since':1700000000000,'away':'tea'}",
         "n|* bob@d, called Bob, in #lobby #ops, since 2023-11-14 22:13, away: tea"},
        {"{'msgtype':'room','room':'#tea','members':2,'topic':'Earl Grey'}",
         "n#tea|* #tea, members: 2, topic: Earl Grey"},
        {"{'msgtype':'end','in':'list','count':12}", "n|-- end of list: 12"},
        {"{'msgtype':'server','server':'chat','since':0,'count':3,'members':2}",
         "n|* chat, up since 1970-01-01 00:00, sessions: 2, messages: 3"},
        {"{'msgtype':'notice','text':'soon','from':'root','time':1699920000000}",
         "n|[00:00] * notice from root: soon"},
        {"{'msgtype':'error','code':'alias-taken','reason':'taken','in':'alias'}", "!|! taken"},
        {"{'msgtype':'result','id':'c1','status':'ok','from':'pump','device':'p3','text':'on'}",
         "n|= pump@p3 ok: on"},
        {"{'msgtype':'lookup_reply','status':'NOTFOUND'}", NULL},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        setup(state);
        fake_line(rows[i].line);
        if (rows[i].printed != NULL)
            expect(rows[i].printed);
        expect_nothing();
    }
}

static void a_terminal_obeys_nobody(void **state)
{
    (void)state;
    fake_line("{'msgtype':'cmd','id':'c7','from':'eve','device':'x','text':'reboot'}");
    expect("n|= eve@x sent a command, which was refused: reboot");
    fake_sent("{'msgtype':'result','status':'refused','to':'eve@x','id':'c7',"
              "'text':'this is a terminal: no commands here'}");
}

/* The first login, at a server that supports these requests. */
static void come_anew(void **state, const char *commands)
{
    char line[THM_LINE_MAX];

    setup(state);
    console.welcomed = false;
    thm_client_leave(&fake.client, "#lobby");
    thm_client_stop(&fake.client);
    fake_step();
    fake_skip_told();
    fake_login();
    forget_printed();
    snprintf(line, sizeof line,
             "{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk',"
             "'alias':'Ali','server':'chat','commands':'%s'}",
             commands);
    fake_line(line);
    fake_skip_sent();
}

static void welcome(void **state)
{
    (void)state;
    come_anew(state, "list lookup_request join say who");
    expect("n|* you are ali(Ali) on desk, at chat");
    expect("n|* commands: /join /list /who /status /help /quit (/help explains them)");
    expect_nothing();
}

static void what_the_server_does_not_support(void **state)
{
    come_anew(state, "whois say");
    forget_printed();
    assert_int_equal(type("/topic"), THM_E_COMMAND);
    expect("!|! /topic: this server does not support that");
    assert_int_equal(type("/who"), THM_E_COMMAND);
    expect("!|! /who: this server does not support that");
    assert_int_equal(type("/whois bob"), THM_OK);
    fake_line("{'msgtype':'end','in':'whois'}");
    fake_skip_sent();
    forget_printed();
    assert_int_equal(type("/status"), THM_OK);
    expect("n|* online, as ali@desk; messages not yet confirmed: 0");
    fake_sent_nothing();
    type("/help");
    for (size_t at = 0; at < printed_len; at += strlen(printed + at) + 1)
        assert_null(strstr(printed + at, "/topic"));
}

static void completion(const char *line, unsigned index, const char *expected)
{
    char buf[64];

    thm_console_complete(&console, line, strlen(line), index, buf, sizeof buf);
    assert_string_equal(buf, expected);
}

static void words_are_completed(void **state)
{
    char buf[64] = "?";

    (void)state;
    fake_line("{'msgtype':'message','room':'#lobby','n':1,'time':1699920000000," BY_BOB
              ",'text':'x'}");
    fake_line("{'msgtype':'presence','room':'#lobby','userid':'bianca','event':'joined'}");
    completion("/whi", 0, "/whisper");
    completion("/who", 0, "/who");
    completion("/who", 1, "/whois");
    completion("/who", 2, "");
    completion("/who #", 0, "#lobby");
    completion("/who #", 1, "#ops");
    completion("/w b", 0, "bianca"); /* the latest first */
    completion("/w b", 1, "bob");
    completion("hello bo", 0, "bob");
    completion("x/wh", 0, "");
    assert_int_equal(thm_console_complete(&console, "hello ", 6, 0, buf, sizeof buf), 0);
    assert_int_equal(thm_console_complete(&console, "/whi", 4, 0, buf, 3), 0);
}

static void names_and_commands_are_completed(void **state)
{
    (void)state;
    fake_line("{'msgtype':'presence','room':'#lobby','userid':'bianca','alias':'Bib Li',"
              "'event':'joined'}");
    completion("bi", 0, "bianca:");
    completion("bi", 1, "");
    completion("Bi", 0, "Bib Li:");
    completion("#lo", 0, "#lobby");
    completion("hi Bi", 0, "Bib Li");
    completion("/whois Bi", 0, "Bib Li");
    completion("/help /who", 0, "/who");
    completion("/help /who", 1, "/whois");
    completion("/help to", 0, "topic");
    completion("/help topic bi", 0, "bianca");
    fake_line("{'msgtype':'message','room':'#lobby','n':1,'time':0,'from':'bianca','device':'d',"
              "'alias':'bianca','text':'x'}");
    completion("bi", 0, "bianca:");
    completion("bi", 1, "");
    completion("Bi", 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed_lines),
        cmocka_unit_test_setup(an_unknown_command_names_the_way_out, setup),
        cmocka_unit_test_setup(a_wrong_argument_shows_the_right_form, setup),
        cmocka_unit_test_setup(a_text_of_a_program_goes_as_it_is, setup),
        cmocka_unit_test_setup(quitting, setup),
        cmocka_unit_test_setup(help_lists_every_command, setup),
        cmocka_unit_test_setup(a_full_queue_is_no_error, setup),
        cmocka_unit_test_setup(a_command_waits_for_the_answer_to_the_one_before, setup),
        cmocka_unit_test_setup(an_answer_that_never_comes_is_not_awaited_for_ever, setup),
        cmocka_unit_test_setup(a_command_waits_for_its_room, setup),
        cmocka_unit_test_setup(leaving_waits_for_what_was_said, setup),
        cmocka_unit_test_setup(commands_are_echoed_once, setup),
        cmocka_unit_test_setup(a_command_that_is_tried_again_is_not_echoed_again, setup),
        cmocka_unit_test_setup(another_room, setup_two_rooms),
        cmocka_unit_test_setup(leaving_rooms, setup_two_rooms),
        cmocka_unit_test_setup(sent_away_in_the_middle_of_a_line, setup_two_rooms),
        cmocka_unit_test_setup(entering, setup),
        cmocka_unit_test(lines_and_what_is_printed),
        cmocka_unit_test_setup(a_terminal_obeys_nobody, setup),
        cmocka_unit_test(welcome),
        cmocka_unit_test(what_the_server_does_not_support),
        cmocka_unit_test_setup(words_are_completed, setup_two_rooms),
        cmocka_unit_test_setup(names_and_commands_are_completed, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
