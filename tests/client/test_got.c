/* What a console prints of receipts: the news about the latest whisper to somebody, and nothing else. */
#include "client/transcript.h"

static unsigned inbox; /* its newest entry */

static void whispered_by(const char *device, const char *to, const char *id)
{
    char line[400];

    snprintf(line, sizeof line,
             "{'msgtype':'whisper','room':'@ali','n':%u,'time':1699920000000,'from':'ali',"
             "'device':'%s','alias':'ali','to':'%s','id':'%s','text':'x'}",
             ++inbox, device, to, id);
    fake_line(line);
    forget_printed();
}

static void whispered(const char *to, const char *id)
{
    whispered_by("desk", to, id);
}

static void receipt(const char *from, const char *device, const char *id, const char *status)
{
    char line[400];

    snprintf(line, sizeof line,
             "{'msgtype':'receipt','status':'%s','room':'@ali','n':%u,'time':1,'from':'%s',"
             "'device':'%s','to':'ali','id':'%s'}",
             status, ++inbox, from, device, id);
    fake_line(line);
}

static int begin(void **state)
{
    inbox = 0;
    return setup(state);
}

static void the_first_device_counts_and_reading_is_news(void **state)
{
    (void)state;
    whispered("bob", "5f3a9c01-42");
    receipt("bob", "phone", "5f3a9c01-42", "delivered");
    expect("n|* bob@phone has got what you whispered");
    receipt("bob", "desk", "5f3a9c01-42", "delivered");
    receipt("bob", "phone", "5f3a9c01-42", "delivered");
    expect_nothing();
    receipt("bob", "desk", "5f3a9c01-42", "read");
    expect("n|* bob has read what you whispered");
    receipt("bob", "phone", "5f3a9c01-42", "read");
    receipt("bob", "tv", "5f3a9c01-42", "delivered");
    expect_nothing();
}

static void only_the_latest_whisper_is_news(void **state)
{
    (void)state;
    whispered("bob", "5f3a9c01-42");
    whispered("carol", "5f3a9c01-43");
    whispered("bob@phone", "5f3a9c01-44");
    receipt("bob", "phone", "5f3a9c01-42", "delivered");
    expect_nothing();
    receipt("carol", "d", "5f3a9c01-43", "delivered");
    expect("n|* carol@d has got what you whispered");
    receipt("bob", "phone", "5f3a9c01-44", "read");
    expect("n|* bob has read what you whispered");
    whispered("bob", "5f3a9c01-100"); /* numbers, not texts, are compared */
    receipt("bob", "phone", "5f3a9c01-44", "read");
    receipt("bob", "phone", "5f3a9c01-99", "read");
    expect_nothing();
    receipt("bob", "phone", "5f3a9c01-100", "delivered");
    expect("n|* bob@phone has got what you whispered");
    whispered_by("phone", "bob", "00c0ffee-1"); /* another device of one's own */
    receipt("bob", "phone", "5f3a9c01-100", "read");
    expect_nothing();
    receipt("bob", "phone", "00c0ffee-1", "read");
    expect("n|* bob has read what you whispered");
}

/* It was whispered before this console began. */
static void a_receipt_may_come_for_what_is_not_known_here(void **state)
{
    (void)state;
    receipt("bob", "phone", "5f3a9c01-9", "delivered");
    expect("n|* bob@phone has got what you whispered");
    receipt("bob", "phone", "5f3a9c01-10", "delivered");
    expect("n|* bob@phone has got what you whispered");
    receipt("bob", "phone", "5f3a9c01-9", "read");
    expect_nothing();
    receipt("bob", "phone", "5f3a9c01-10", "read");
    expect("n|* bob has read what you whispered");
}

static void odd_receipts_do_no_harm(void **state)
{
    (void)state;
    receipt("ali", "phone", "5f3a9c01-1", "read"); /* one's own is no news */
    expect_nothing();
    receipt("bob", "d", "x", "eaten"); /* a word of a later version's: it is there at least */
    expect("n|* bob@d has got what you whispered");
    receipt("bob", "d", "5f3a9c01-", "read");
    receipt("bob", "d", "123456789", "read");
    expect_nothing();
    whispered("bob", "5f3a9c01-1");
    receipt("bob", "d", "5f3a9c01-18446744073709551617", "read");
    receipt("bob", "d", "5f3a9c01", "read");
    expect_nothing();
}

static void many_can_be_told_apart(void **state)
{
    char user[8], line[80];

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < THM_CLIENT_RECEIPTS; i++) {
            snprintf(user, sizeof user, "u%u", i);
            if (round == 0)
                whispered(user, "5f3a9c01-42");
            receipt(user, "d", "5f3a9c01-42", "delivered");
            snprintf(line, sizeof line, "n|* u%u@d has got what you whispered", i);
            if (round == 0)
                expect(line);
            expect_nothing();
        }
    }
}

static void a_person_says_what_may_be_told(void **state)
{
    (void)state;
    type("/receipts");
    expect("n|* receipts for whispers: none");
    assert_int_equal(type("/receipts read"), THM_OK);
    expect("n|* receipts for whispers: read");
    assert_int_equal(fake.client.config.receipts, THM_RECEIPTS_READ);
    assert_int_equal(type("/receipts all"), THM_E_ARGUMENT);
    expect("!|! use /receipts [LEVEL]: LEVEL is none, delivered or read");
    type("/receipts");
    expect("n|* receipts for whispers: read");
    type("/receipts none");
    assert_int_equal(fake.client.config.receipts, THM_RECEIPTS_NONE);
    fake_sent_nothing();
}

static void a_server_may_know_nothing_of_it(void **state)
{
    (void)state;
    fake_skip_told();
    fake_reconnect();
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','commands':'say'}");
    forget_printed();
    assert_int_equal(type("/receipts"), THM_E_COMMAND);
    expect("!|! /receipts: this server does not support that");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_first_device_counts_and_reading_is_news, begin),
        cmocka_unit_test_setup(only_the_latest_whisper_is_news, begin),
        cmocka_unit_test_setup(a_receipt_may_come_for_what_is_not_known_here, begin),
        cmocka_unit_test_setup(odd_receipts_do_no_harm, begin),
        cmocka_unit_test_setup(many_can_be_told_apart, begin),
        cmocka_unit_test_setup(a_person_says_what_may_be_told, begin),
        cmocka_unit_test_setup(a_server_may_know_nothing_of_it, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
