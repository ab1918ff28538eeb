/* Transcripts: what is typed and what is sent for it, what comes and what is printed. */
#include "client/fake.h"

#include <stdio.h>
#include <stdlib.h>

#include "thimble/console.h"

static struct thm_console console;
static char printed[1 << 20];
static size_t printed_len, printed_at;
static int offset_minutes;

static void print(void *ctx, enum thm_style style, const char *room, const char *text, size_t len)
{
    (void)ctx;
    assert_int_equal(strlen(text), len);
    assert_null(strchr(text, '\n'));
    printed_len += (size_t)snprintf(printed + printed_len, sizeof printed - printed_len, "%c%s|%s",
                                    "mo@pn!"[style], room, text) +
                   1;
    assert_true(printed_len < sizeof printed);
}

static int utc_offset(void *ctx, uint64_t utc_ms)
{
    (void)ctx, (void)utc_ms;
    return offset_minutes;
}

static void forget_printed(void)
{
    printed_len = printed_at = 0;
}

/* The next printed line: a letter for the style, the stream, "|", the text. */
static void expect(const char *text)
{
    assert_string_equal(printed_at < printed_len ? printed + printed_at : "(nothing)", text);
    printed_at += strlen(printed + printed_at) + 1;
}

static void expect_nothing(void)
{
    assert_string_equal(printed_at < printed_len ? printed + printed_at : "(nothing)", "(nothing)");
}

/* `text` stands somewhere in what was printed. */
static void expect_somewhere(const char *text)
{
    bool found = false;

    for (size_t at = printed_at; at < printed_len && !found; at += strlen(printed + at) + 1)
        found = strstr(printed + at, text) != NULL;
    if (!found)
        fail_msg("nowhere printed: %s", text);
}

static int type(const char *line)
{
    int code = thm_console_line(&console, line, strlen(line));

    fake_step();
    return code;
}

static void tell_console(const struct thm_client_event *event)
{
    thm_console_event(&console, event);
}

#define LOBBY "{'msgtype':'joined','room':'#lobby','incarnation':'0000000000000001',"

static int setup(void **state)
{
    static char parts[THM_CONSOLE_PARTS_MEMORY];
    struct thm_console_config config = {.client = &fake.client,
                                        .print = print,
                                        .utc_offset = utc_offset,
                                        .parts_memory = parts,
                                        .parts_memory_size = sizeof parts};

    (void)state;
    offset_minutes = 0;
    fake_init();
    thm_console_init(&console, &config);
    fake.on_event = tell_console;
    thm_client_join(&fake.client, "#lobby");
    fake_online();
    fake_line(LOBBY "'n':0,'after':0}");
    fake_wait(THM_ACK_DELAY_MS);
    fake_skip_sent();
    forget_printed();
    return 0;
}

static int setup_two_rooms(void **state)
{
    setup(state);
    assert_int_equal(type("/join #ops"), THM_OK);
    fake_line("{'msgtype':'joined','room':'#ops','incarnation':'0000000000000003','n':0,"
              "'after':0}");
    assert_int_equal(type("/join lobby"), THM_OK); /* back */
    fake_skip_sent();
    forget_printed();
    return 0;
}

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
    expect("!|! you are not in that room: join it first");
}

static void quitting(void **state)
{
    (void)state;
    assert_int_equal(type("quitter"), THM_OK);
    assert_false(console.quitting);
    assert_int_equal(type("quit"), THM_OK);
    assert_true(console.quitting);
    setup(state);
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

static void offline_requests_say_so(void **state)
{
    (void)state;
    fake.cut = true;
    fake_step();
    forget_printed();
    assert_int_equal(type("/list"), THM_E_STATE);
    expect("!|! not connected just now: try again in a moment");
    assert_int_equal(type("but this waits"), THM_OK);
    expect_nothing();
}

/* --- said ----------------------------------------------------------------------------------- */

#define BY_BOB "'from':'bob','device':'d','alias':'bob'"

static void messages(void **state)
{
    (void)state;
    offset_minutes = 60;
    fake_line("{'msgtype':'message','room':'#lobby','n':1,'time':1700000000000," BY_BOB
              ",'text':'hi'}");
    expect("m#lobby|[23:13] bob: hi");
    fake_line("{'msgtype':'message','room':'#lobby','n':2,'time':1700000000000,'from':'eve',"
              "'device':'d','alias':'bob: I agree','text':'so do I'}");
    expect("m#lobby|[23:13] eve(bob: I agree): so do I"); /* the user id first */
    fake_line("{'msgtype':'message','room':'#lobby','n':3,'time':1700000000000,'from':'ali',"
              "'device':'phone','alias':'ali','text':'ali says'}");
    expect("o#lobby|[23:13] ali: ali says");
}

static void a_text_never_looks_like_another_line(void **state)
{
    (void)state;
    fake_line("{'msgtype':'message','room':'#lobby','n':1,'time':0," BY_BOB
              ",'text':'one\\n[00:00] eve: two\\n\\nthree\\n'}");
    expect("m#lobby|[00:00] bob: one");
    expect("m#lobby|        | [00:00] eve: two");
    expect("m#lobby|        | ");
    expect("m#lobby|        | three");
    fake_line("{'msgtype':'message','room':'#lobby','n':2,'time':0," BY_BOB
              ",'text':'\xe2\x80\xaexyz'}");
    expect("m#lobby|[00:00] bob: \\u{202E}xyz");
    expect_nothing();
}

static void nothing_reaches_the_terminal_raw(void **state)
{
    (void)state;
    fake_line("{'msgtype':'message','room':'#lobby','n':1,'time':0,'from':'bob','device':'d',"
              "'alias':'bob','text':'a\\tb \\u200b'}");
    expect("m#lobby|[00:00] bob: a b \\u{200B}");
}

static void being_named(void **state)
{
    static const struct {
        const char *text;
        bool named;
    } rows[] = {
        {"ali?", true},         {"Hey ALI!", true},
        {"kali", false},        {"alibi", false},
        {"(ali)", true},        {"al i", false},
        {"ali_", false},        {"\xc3\xa4li ali", true},
        {"ali\xc3\xa4", false}, {"the boss is here", true},
        {"theboss", false},
    };
    unsigned n = 0;

    (void)state;
    fake_line("{'msgtype':'alias','alias':'The Boss'}");
    expect("n|* you are now called The Boss");
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[THM_LINE_MAX], out[THM_LINE_MAX];
        snprintf(line, sizeof line,
                 "{'msgtype':'message','room':'#lobby','n':%u,'time':0," BY_BOB ",'text':'%s'}",
                 ++n, rows[i].text);
        fake_line(line);
        snprintf(out, sizeof out, "%c#lobby|[00:00] bob: %s", rows[i].named ? '@' : 'm',
                 rows[i].text);
        expect(out);
    }
}

static void whispers(void **state)
{
    (void)state;
    fake_line("{'msgtype':'whisper','room':'@ali','n':1,'time':0," BY_BOB
              ",'to':'ali','text':'psst'}");
    expect("p@ali|[00:00] bob whispers (the server can read this): psst");
    assert_int_equal(type("/r what?"), THM_OK);
    fake_sent("{'msgtype':'whisper','to':'bob','csn':1,'text':'what?'}");
    fake_line("{'msgtype':'whisper','room':'@ali','n':2,'time':0,'from':'ali','device':'desk',"
              "'alias':'ali','to':'bob','text':'what?'}");
    expect("p@ali|[00:00] -> bob (the server can read this): what?");
    assert_string_equal(console.reply_to, "bob");
}

static void long_messages(void **state)
{
    (void)state;
    fake_line("{'msgtype':'message','room':'#lobby','n':1,'time':0," BY_BOB
              ",'part':1,'parts':2,'of':5,'text':'one, '}");
    expect_nothing();
    fake_line("{'msgtype':'message','room':'#lobby','n':2,'time':0,'from':'eve','device':'d',"
              "'alias':'eve','text':'hi'}");
    expect("m#lobby|[00:00] eve: hi");
    fake_line("{'msgtype':'message','room':'#lobby','n':3,'time':0," BY_BOB
              ",'part':2,'parts':2,'of':5,'text':'two'}");
    expect("m#lobby|[00:00] bob: one, two");
    fake_line("{'msgtype':'message','room':'#lobby','n':4,'time':0," BY_BOB
              ",'part':1,'parts':3,'of':7,'text':'never'}");
    fake_line("{'msgtype':'message','room':'#lobby','n':5,'time':0," BY_BOB ",'text':'sorry'}");
    expect("!#lobby|! bob did not finish a long message (part 1 of 3) never");
    expect("m#lobby|[00:00] bob: sorry");
    fake_line("{'msgtype':'message','room':'#lobby','n':6,'time':0," BY_BOB
              ",'part':9,'parts':9,'of':7,'text':'end'}");
    expect("m#lobby|[00:00] bob: (part 9 of 9) end");
}

static void history(void **state)
{
    (void)state;
    fake_line("{'msgtype':'past','room':'#lobby','n':1,'time':0," BY_BOB ",'text':'ali, hi'}");
    expect("m#lobby|[00:00] bob: ali, hi");
    fake_line("{'msgtype':'end','in':'history','count':1,'room':'#lobby'}");
    expect("n#lobby|-- end of history: 1");
}

/* --- rooms ---------------------------------------------------------------------------------- */

static void prompt(const char *expected)
{
    char buf[128];

    assert_int_equal(thm_console_prompt(&console, buf, sizeof buf), strlen(expected));
    assert_string_equal(buf, expected);
}

static void another_room(void **state)
{
    (void)state;
    prompt("#lobby> ");
    fake_line("{'msgtype':'message','room':'#ops','n':1,'time':0," BY_BOB ",'text':'x'}");
    expect("m#ops|#ops [00:00] bob: x");
    fake_line("{'msgtype':'message','room':'#ops','n':2,'time':0," BY_BOB ",'text':'ali'}");
    expect("@#ops|#ops [00:00] bob: ali");
    prompt("#lobby [#ops 2]> ");
    type("/join #ops");
    prompt("#ops> ");
    fake_sent_nothing(); /* it was joined before */
    type("in ops");
    fake_sent("{'msgtype':'say','room':'#ops','csn':1,'text':'in ops'}");
    fake_line("{'msgtype':'message','room':'#lobby','n':1,'time':0,'from':'ali','device':'d',"
              "'alias':'ali','text':'mine'}");
    prompt("#ops> "); /* what one says oneself is not unread */
    fake_line("{'msgtype':'message','room':'#ops','n':3,'time':0," BY_BOB ",'text':'x'}");
    prompt("#ops> "); /* nor what one sees */
}

static void leaving_rooms(void **state)
{
    (void)state;
    type("/part");
    expect("n|* you left #lobby");
    prompt("#ops> ");
    fake_line("{'msgtype':'left','room':'#lobby'}");
    expect_nothing();
    fake_line("{'msgtype':'left','room':'#ops','reason':'closed'}");
    expect("n#ops|#ops * the server took you out of #ops: closed");
    prompt("no room> ");
    assert_int_equal(type("anybody?"), THM_E_NO_ROOM);
    expect("!|! you are in no room: enter one with /join #ROOM");
    assert_int_equal(type("/who"), THM_E_ARGUMENT);
    assert_int_equal(type("/topic x"), THM_E_ARGUMENT);
    assert_int_equal(type("/history"), THM_E_ARGUMENT);
    assert_int_equal(type("/part"), THM_E_ARGUMENT);
}

static void a_room_that_refuses(void **state)
{
    (void)state;
    type("/join #secret");
    prompt("#secret> ");
    fake_line("{'msgtype':'error','code':'not-allowed','reason':'members only','in':'join',"
              "'room':'#secret'}");
    expect("!#secret|! members only: #secret");
    prompt("#lobby> ");
}

static void entering(void **state)
{
    (void)state;
    type("/join tea");
    fake_line("{'msgtype':'joined','room':'#tea','incarnation':'0000000000000009','n':5,'after':5,"
              "'members':3,'topic':'Earl Grey'}");
    expect("n#tea|* you are in #tea; here: 3; topic: Earl Grey");
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
         "!@ali|! messages of your whispers that are no longer kept: 1 (1-1)"},
        {"{'msgtype':'gap','room':'#lobby','incarnation':'0000000000000001',"
         "'reason':'restarted'}",
         "!#lobby|! the server restarted; what it had not kept of #lobby is gone"},
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
         "n#lobby|* 120 joined, 3 left, here: 9000"},
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
        {"{'msgtype':'notice','text':'soon','from':'root','time':0}",
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

static void a_lost_message_is_told(void **state)
{
    (void)state;
    type("/w nobody hi");
    fake_line("{'msgtype':'refused','code':'no-such-user','reason':'who?','csn':1,'to':'nobody'}");
    expect("!|! not delivered: nobody of that name is known here: who?");
}

static void the_connection_comes_and_goes(void **state)
{
    (void)state;
    type("/away tea");
    fake_skip_told();
    fake_reconnect();
    assert_non_null(strstr(printed, "! not connected: the connection was closed by the other "
                                    "side; next attempt in "));
    printed_at = strlen(printed) + 1;
    expect("n|* connected again");
    expect_nothing();
    fake_sent("{'msgtype':'away','away':'tea'}"); /* the server has forgotten it */
    forget_printed();
    fake_line(LOBBY "'n':0,'after':0}");
    expect_nothing(); /* one never left it */
    fake_line("{'msgtype':'goodbye','code':'kicked','reason':'behave'}");
    expect("!|! the operator ended the session: behave");
}

static void being_replaced(void **state)
{
    (void)state;
    fake_line("{'msgtype':'replaced','reason':'a newer session','address':'192.0.2.1:5'}");
    expect("!|! another session of the same device took over: a newer session, at 192.0.2.1:5");
}

static void welcome(void **state)
{
    (void)state;
    fake_init();
    setup(state);
    console.welcomed = false;
    thm_client_stop(&fake.client);
    fake_step();
    fake_skip_told();
    fake_login();
    forget_printed();
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk',"
              "'alias':'Ali','server':'chat','commands':'list say'}");
    expect("n|* you are ali(Ali) on desk, at chat");
    expect("n|* the server understands: list say");
    expect("n|* /help lists what you can type");
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
    fake_line("{'msgtype':'message','room':'#lobby','n':1,'time':0," BY_BOB ",'text':'x'}");
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

/* Bob says a line of `parts` parts, each of 500 times this character of two bytes. */
static void say_long_line(const char *character, int parts)
{
    static char text[1001], line[2 * THM_LINE_MAX];

    for (int i = 0; i < 500; i++)
        memcpy(text + 2 * i, character, 2);
    for (int part = 1; part <= parts; part++) {
        snprintf(line, sizeof line,
                 "{'msgtype':'message','room':'#lobby','n':%d,'time':0," BY_BOB
                 ",'part':%d,'parts':%d,'of':1,'text':'%s'}",
                 part, part, parts, text);
        fake_line(line);
    }
}

static unsigned count_printed(const char *what, size_t len)
{
    unsigned n = 0;

    for (size_t at = 0; at + len <= printed_len; at++)
        n += memcmp(printed + at, what, len) == 0;
    return n;
}

static void the_longest_line_is_printed_whole(void **state)
{
    (void)state;
    say_long_line("\xc3\xa4", THM_PARTS_MAX);
    assert_int_equal(count_printed("\xc3\xa4", 2), THM_PARTS_MAX * 500);
    assert_int_equal(count_printed("", 1), 1);
}

static void a_line_longer_than_the_buffer_is_printed_in_pieces(void **state)
{
    (void)state;
    say_long_line("\xc2\xad", THM_PARTS_MAX); /* invisible: three times as long when shown */
    assert_int_equal(count_printed("\\u{AD}", 6), THM_PARTS_MAX * 500);
    assert_int_equal(count_printed("\\x{", 3), 0); /* never cut within a character */
    assert_true(count_printed("", 1) > 1 && count_printed("", 1) < 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed_lines),
        cmocka_unit_test_setup(an_unknown_command_names_the_way_out, setup),
        cmocka_unit_test_setup(a_wrong_argument_shows_the_right_form, setup),
        cmocka_unit_test_setup(quitting, setup),
        cmocka_unit_test_setup(help_lists_every_command, setup),
        cmocka_unit_test_setup(a_full_queue_is_no_error, setup),
        cmocka_unit_test_setup(offline_requests_say_so, setup),
        cmocka_unit_test_setup(messages, setup),
        cmocka_unit_test_setup(a_text_never_looks_like_another_line, setup),
        cmocka_unit_test_setup(nothing_reaches_the_terminal_raw, setup),
        cmocka_unit_test_setup(being_named, setup),
        cmocka_unit_test_setup(whispers, setup),
        cmocka_unit_test_setup(long_messages, setup),
        cmocka_unit_test_setup(history, setup),
        cmocka_unit_test_setup(another_room, setup_two_rooms),
        cmocka_unit_test_setup(leaving_rooms, setup_two_rooms),
        cmocka_unit_test_setup(a_room_that_refuses, setup),
        cmocka_unit_test_setup(entering, setup),
        cmocka_unit_test(lines_and_what_is_printed),
        cmocka_unit_test_setup(a_terminal_obeys_nobody, setup),
        cmocka_unit_test_setup(a_lost_message_is_told, setup),
        cmocka_unit_test_setup(the_connection_comes_and_goes, setup),
        cmocka_unit_test_setup(being_replaced, setup),
        cmocka_unit_test(welcome),
        cmocka_unit_test_setup(words_are_completed, setup_two_rooms),
        cmocka_unit_test_setup(the_longest_line_is_printed_whole, setup),
        cmocka_unit_test_setup(a_line_longer_than_the_buffer_is_printed_in_pieces, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
