/* A client and its console with a board's limits: everything a desktop's can be told and asked fits. */
#include "client/transcript.h"

static char said[THM_TEXT_MAX + 1];

/* 500 times a character of two bytes. */
static const char *long_text(const char *character)
{
    for (unsigned i = 0; i < THM_TEXT_MAX; i += 2)
        memcpy(said + i, character, 2);
    return said;
}

static void bob_says(const char *more, const char *text)
{
    char line[2 * THM_LINE_MAX];

    snprintf(line, sizeof line,
             "{'msgtype':'message','room':'#lobby','n':%u,'time':1699920000000," BY_BOB
             ",%s'text':'%s'}",
             (unsigned)fake.client.streams[1].n + 1, more, text);
    fake_line(line);
}

static void a_long_message_passes_through_a_small_buffer(void **state)
{
    char expected[THM_TEXT_MAX + 64];

    (void)state;
    bob_says("", long_text("\xc3\xa4"));
    snprintf(expected, sizeof expected, "m#lobby|[00:00] bob: %s", said);
    expect(expected);
    expect_nothing();
    assert_true(pieces > THM_TEXT_MAX / THM_CONSOLE_LINE);
    forget_printed();
    bob_says("", long_text("\xc2\xad")); /* invisible: each is shown as an escape */
    for (size_t at = strlen("m#lobby|[00:00] bob: "); at < printed_len - 1; at += 6)
        assert_memory_equal(printed + at, "\\u{AD}", 6);
    assert_int_equal(strlen(printed), printed_len - 1);
}

static void parts_are_printed_one_by_one(void **state)
{
    (void)state;
    bob_says("'part':1,'parts':2,'of':1,", "one");
    expect("m#lobby|[00:00] bob: (part 1 of 2) one");
    bob_says("'part':2,'parts':2,'of':1,", "two");
    expect("m#lobby|[00:00] bob: (part 2 of 2) two");
}

/* As many senders as are remembered are: none of them pushes out another. */
static void every_sender_that_there_is_room_for_is_remembered(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < THM_CLIENT_SENDERS; i++) {
            char line[THM_LINE_MAX], expected[64];
            snprintf(line, sizeof line,
                     "{'msgtype':'message','room':'#lobby','n':%u,'time':1699920000000,"
                     "'from':'u%u','device':'d','alias':'u%u','id':'00000001-1','text':'x'}",
                     (unsigned)fake.client.streams[1].n + 1, i * i, i * i);
            fake_line(line);
            snprintf(expected, sizeof expected, "m#lobby|[00:00] u%u: x", i * i);
            if (round == 0)
                expect(expected);
            expect_nothing(); /* the second time it is a repetition */
        }
    }
}

static void check_event(const struct thm_client_event *event)
{
    if (event->kind != THM_CLIENT_LINE)
        return;
    assert_null(event->line);
    assert_int_equal(event->len, 0);
}

static void an_event_has_no_raw_line(void **state)
{
    (void)state;
    fake.on_event = check_event;
    fake_skip_told();
    bob_says("", "a\\u0041");
    fake_told("message aA");
    fake_bytes("{\"msgtype\":\"notice\",\"text\":\"in two", 34);
    fake_bytes(" reads\"}\n", 9);
    fake_told("notice");
}

static void two_messages_can_wait(void **state)
{
    const char *to = "a1234567890123456789012345678901@b1234567890123456789012345678901";

    (void)state;
    long_text("\xc3\xa4");
    assert_int_equal(thm_client_say(&fake.client, to, said, THM_TEXT_MAX, NULL), THM_OK);
    assert_int_equal(thm_client_say(&fake.client, to, said, THM_TEXT_MAX, NULL), THM_OK);
    assert_int_equal(thm_client_say(&fake.client, to, "x", 1, NULL), THM_E_LIMIT);
    fake_step();
    assert_non_null(fake_next_sent());
    assert_non_null(fake_next_sent());
}

static void the_longest_answer_of_a_board_fits(void **state)
{
    char word[41], target[66], text[THM_TEXT_MAX + 1];
    struct thm_msg m;

    (void)state;
    memset(word, 'w', sizeof word);
    memset(text, 'x', sizeof text);
    memset(text, '"', THM_TEXT_ESCAPED_MAX - THM_TEXT_MAX); /* each is two bytes */
    memset(target, 'a', sizeof target);
    target[THM_ID_MAX] = '@';
    thm_msg_init(&m, THM_MSG_RESULT);
    thm_msg_str(&m, THM_KEY_STATUS, word, 16);
    thm_msg_str(&m, THM_KEY_TO, target, 65);
    thm_msg_str(&m, THM_KEY_ID, word, 40);
    thm_msg_str(&m, THM_KEY_CODE, word, 32);
    thm_msg_str(&m, THM_KEY_TEXT, text, THM_TEXT_MAX);
    assert_int_equal(thm_client_request(&fake.client, &m), THM_OK);
    assert_int_equal(thm_client_request(&fake.client, &m), THM_E_LIMIT); /* not now */
    fake_step();
    assert_int_equal(thm_client_request(&fake.client, &m), THM_OK);
    fake_step();
    fake_skip_sent();
    thm_msg_str(&m, THM_KEY_FROM, target, 32); /* which a server ignores: it knows */
    thm_msg_str(&m, THM_KEY_DEVICE, target, 32);
    assert_int_equal(thm_client_request(&fake.client, &m), THM_E_LINE_TOO_LONG); /* never */
}

/* Where receipts are left out nobody is asked for any, and none is made. */
static void no_receipts_are_made(void **state)
{
    struct thm_event events[] = {{FAKE_TAG, THM_EV_RESOLVED}, {FAKE_TAG, THM_EV_WRITE}};
    const char *line;

    (void)state;
    fake_init();
    assert_int_equal(thm_client_start(&fake.client, fake.now), THM_OK);
    thm_client_step(&fake.client, fake.now, events, 2);
    fake_sent("{'msgtype':'hello','client':'0807060504030201','credit':4096,'resume':true}");
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk',"
              "'commands':'say whisper receipt join'}");
    fake_line("{'msgtype':'joined','room':'@ali','incarnation':'00000000000000aa','n':0,"
              "'after':0}");
    fake_skip_sent();
    fake_line("{'msgtype':'whisper','room':'@ali','n':1,'time':1," BY_BOB
              ",'to':'ali','id':'0b0b0b0b-1','text':'x'}");
    fake_line("{'msgtype':'skip','room':'@ali','n':2}"); /* a receipt */
    fake_wait(2 * THM_ACK_DELAY_MS);
    while ((line = fake_next_sent()) != NULL)
        assert_non_null(strstr(line, "\"msgtype\":\"ack\""));
    assert_int_equal(fake.client.state, THM_CLIENT_ONLINE);
}

static void the_past_has_one_page(void **state)
{
    (void)state;
    assert_int_equal(type("/history more"), THM_E_ARGUMENT);
    expect("!|! use /history [N]: N is a number from 1 to 99999");
    fake_line("{'msgtype':'end','room':'#lobby','first':7,'count':2,'in':'history'}");
    expect("n#lobby|-- end of history: 2");
    assert_int_equal(type("/receipts"), THM_E_COMMAND);
}

static void last_words_outlive_the_connection(void **state)
{
    (void)state;
    fake_line("{'msgtype':'goodbye','code':'kicked','reason':'behave'}");
    expect("!|! the operator ended the session: behave");
}

static void help_and_completion(void **state)
{
    char word[40];

    (void)state;
    type("/help");
    expect_somewhere("n|* /whisper, /w USER TEXT     Says something to one person, or to "
                     "USER@DEVICE.");
    assert_int_equal(thm_console_complete(&console, "/who #l", 7, 0, word, sizeof word), 6);
    assert_string_equal(word, "#lobby");
    bob_says("", "hi");
    assert_int_equal(thm_console_complete(&console, "bo", 2, 0, word, sizeof word), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_long_message_passes_through_a_small_buffer, setup),
        cmocka_unit_test_setup(parts_are_printed_one_by_one, setup),
        cmocka_unit_test_setup(every_sender_that_there_is_room_for_is_remembered, setup),
        cmocka_unit_test_setup(an_event_has_no_raw_line, setup),
        cmocka_unit_test_setup(two_messages_can_wait, setup),
        cmocka_unit_test_setup(the_longest_answer_of_a_board_fits, setup),
        cmocka_unit_test_setup(no_receipts_are_made, setup),
        cmocka_unit_test_setup(the_past_has_one_page, setup),
        cmocka_unit_test_setup(last_words_outlive_the_connection, setup),
        cmocka_unit_test_setup(help_and_completion, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
