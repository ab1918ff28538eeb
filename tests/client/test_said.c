/* How the console prints what people say. */
#include "client/transcript.h"

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
    fake_line("{'msgtype':'message','room':'#lobby','n':1,'time':1699920000000," BY_BOB
              ",'text':'one\\n[00:00] eve: two\\n\\nthree\\n'}");
    expect("m#lobby|[00:00] bob: one");
    expect("m#lobby|        | [00:00] eve: two");
    expect("m#lobby|        | ");
    expect("m#lobby|        | three");
    fake_line("{'msgtype':'message','room':'#lobby','n':2,'time':1699920000000," BY_BOB
              ",'text':'\xe2\x80\xaexyz'}");
    expect("m#lobby|[00:00] bob: \\u{202E}xyz");
    expect_nothing();
}

static void nothing_reaches_the_terminal_raw(void **state)
{
    (void)state;
    fake_line(
        "{'msgtype':'message','room':'#lobby','n':1,'time':1699920000000,'from':'bob','device':'d',"
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
                 "{'msgtype':'message','room':'#lobby','n':%u,'time':1699920000000," BY_BOB
                 ",'text':'%s'}",
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
    fake_line("{'msgtype':'whisper','room':'@ali','n':1,'time':1699920000000," BY_BOB
              ",'to':'ali','text':'psst'}");
    expect("p@ali|[00:00] bob whispers (the server can read this): psst");
    assert_int_equal(type("/r what?"), THM_OK);
    fake_sent("{'msgtype':'whisper','to':'bob','csn':1,'text':'what?'}");
    fake_line("{'msgtype':'whisper','room':'@ali','n':2,'time':1699920000000,'from':'ali','device':"
              "'desk',"
              "'alias':'ali','to':'bob','text':'what?'}");
    expect("p@ali|[00:00] -> bob (the server can read this): what?");
    assert_string_equal(console.reply_to, "bob");
}

static void long_messages(void **state)
{
    (void)state;
    fake_line("{'msgtype':'message','room':'#lobby','n':1,'time':1699920000000," BY_BOB
              ",'part':1,'parts':2,'of':5,'text':'one, '}");
    expect_nothing();
    fake_line(
        "{'msgtype':'message','room':'#lobby','n':2,'time':1699920000000,'from':'eve','device':'d',"
        "'alias':'eve','text':'hi'}");
    expect("m#lobby|[00:00] eve: hi");
    fake_line("{'msgtype':'message','room':'#lobby','n':3,'time':1699920000000," BY_BOB
              ",'part':2,'parts':2,'of':5,'text':'two'}");
    expect("m#lobby|[00:00] bob: one, two");
    fake_line("{'msgtype':'message','room':'#lobby','n':4,'time':1699920000000," BY_BOB
              ",'part':1,'parts':3,'of':7,'text':'never'}");
    fake_line("{'msgtype':'message','room':'#lobby','n':5,'time':1699920000000," BY_BOB
              ",'text':'sorry'}");
    expect("!#lobby|! bob did not finish a long message (part 1 of 3) never");
    expect("m#lobby|[00:00] bob: sorry");
    fake_line("{'msgtype':'message','room':'#lobby','n':6,'time':1699920000000," BY_BOB
              ",'part':9,'parts':9,'of':7,'text':'end'}");
    expect("m#lobby|[00:00] bob: (part 9 of 9) end");
}

static void history(void **state)
{
    (void)state;
    fake_line("{'msgtype':'past','room':'#lobby','n':1,'time':1699920000000," BY_BOB
              ",'text':'ali, hi'}");
    expect("n#lobby|-- history of #lobby");
    expect("m#lobby|[00:00] bob: ali, hi");
    fake_line("{'msgtype':'past','room':'#lobby','n':2,'time':1699919999999," BY_BOB
              ",'text':'hm'}");
    expect("m#lobby|[2023-11-13 23:59] bob: hm");
    fake_line("{'msgtype':'end','in':'history','count':2,'room':'#lobby'}");
    expect("n#lobby|-- end of history: 2 (there is nothing before)");
    fake_line("{'msgtype':'past','room':'#ops','n':1,'time':1699920000000," BY_BOB ",'text':'x'}");
    expect("n#ops|-- history of #ops");
    expect("m#ops|#ops [00:00] bob: x");
}

static void what_is_not_of_today_has_its_date(void **state)
{
    (void)state;
    offset_minutes = 120; /* it is the 15th here, 00:13 */
    fake_line("{'msgtype':'whisper','room':'@ali','n':1,'time':1699999199999," BY_BOB
              ",'to':'ali','text':'old'}");
    expect("p@ali|[2023-11-14 23:59] bob whispers (the server can read this): old");
    fake_line("{'msgtype':'whisper','room':'@ali','n':2,'time':1699999200000," BY_BOB
              ",'to':'ali','text':'new'}");
    expect("p@ali|[00:00] bob whispers (the server can read this): new");
    fake.now += 86400000;
    fake_line("{'msgtype':'whisper','room':'@ali','n':3,'time':1700086400000," BY_BOB
              ",'to':'ali','text':'a day later'}");
    expect("p@ali|[00:13] bob whispers (the server can read this): a day later");
}

static void dates(void **state)
{
    static const struct {
        unsigned long long ms;
        const char *date;
    } rows[] = {
        {0, "1970-01-01 00:00"},
        {68214840000, "1972-02-29 12:34"},
        {946684740000, "1999-12-31 23:59"},
        {951782400000, "2000-02-29 00:00"},
        {1709283900000, "2024-03-01 09:05"},
        {4107542340000, "2100-02-28 23:59"},
        {4107542400000, "2100-03-01 00:00"},
        {12622780740000, "2369-12-31 23:59"},
        {12622780800000, "2370-01-01 00:00"},
        {13574599200000, "2400-02-29 10:00"},
        {253402300740000, "9999-12-31 23:59"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[THM_LINE_MAX], out[THM_LINE_MAX];
        snprintf(line, sizeof line, "{'msgtype':'server','server':'chat','since':%llu}",
                 rows[i].ms + 59999);
        fake_line(line);
        snprintf(out, sizeof out, "n|* chat, up since %s", rows[i].date);
        expect(out);
    }
}

/* Bob says a line of `parts` parts, each of 500 times this character of two bytes. */
static void say_long_line(const char *character, int parts)
{
    static char text[1001], line[2 * THM_LINE_MAX];

    for (int i = 0; i < 500; i++)
        memcpy(text + 2 * i, character, 2);
    for (int part = 1; part <= parts; part++) {
        snprintf(line, sizeof line,
                 "{'msgtype':'message','room':'#lobby','n':%d,'time':1699920000000," BY_BOB
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

static void a_long_line_is_printed_in_pieces(void **state)
{
    (void)state;
    say_long_line("\xc3\xa4", THM_PARTS_MAX);
    assert_int_equal(count_printed("\xc3\xa4", 2), THM_PARTS_MAX * 500);
    assert_int_equal(count_printed("", 1), 1);
    assert_true(pieces >= THM_PARTS_MAX * 1000 / THM_CONSOLE_LINE);
    assert_true(pieces <= THM_PARTS_MAX * 1000 / (THM_CONSOLE_LINE - 4) + 1);
}

static void nothing_is_cut_between_two_pieces(void **state)
{
    (void)state;
    say_long_line("\xc2\xad", THM_PARTS_MAX); /* invisible: three times as long when shown */
    assert_int_equal(count_printed("\\u{AD}", 6), THM_PARTS_MAX * 500);
    assert_int_equal(count_printed("\\x{", 3), 0);
    assert_int_equal(count_printed("", 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(messages, setup),
        cmocka_unit_test_setup(a_text_never_looks_like_another_line, setup),
        cmocka_unit_test_setup(nothing_reaches_the_terminal_raw, setup),
        cmocka_unit_test_setup(being_named, setup),
        cmocka_unit_test_setup(whispers, setup),
        cmocka_unit_test_setup(long_messages, setup),
        cmocka_unit_test_setup(history, setup),
        cmocka_unit_test_setup(dates, setup),
        cmocka_unit_test_setup(what_is_not_of_today_has_its_date, setup),
        cmocka_unit_test_setup(a_long_line_is_printed_in_pieces, setup),
        cmocka_unit_test_setup(nothing_is_cut_between_two_pieces, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
