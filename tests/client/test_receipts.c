/* Receipts for whispers, as a client makes them: for whom, when, and that none is lost. */
#include "client/lobby.h"

#include <stdio.h>

#define GRANTED                                                                                    \
    "{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk',"                   \
    "'commands':'say whisper receipt join'}"

static unsigned inbox; /* its newest entry */

static void granted(const char *reply)
{
    fake_line(reply);
    joined("@ali", INBOX_LOG, inbox, inbox);
    fake_wait(THM_ACK_DELAY_MS);
    fake_skip_sent();
    fake_skip_told();
}

static void online(enum thm_receipts receipts, const char *reply)
{
    fake_init();
    thm_client_set_receipts(&fake.client, receipts);
    fake_login();
    inbox = 0;
    granted(reply);
}

/* What is sent from then on is not read. */
static void reconnect(void)
{
    fake.cut = true;
    fake_step();
    fake_dial_again();
    fake_line(GRANTED);
    joined("@ali", INBOX_LOG, inbox, inbox);
    fake_skip_sent();
}

static void whisper_as(const char *from, const char *id)
{
    line("{'msgtype':'whisper','room':'@ali','n':%u,'time':1,'from':'%s','device':'d','alias':'x',"
         "'to':'ali'%s%s%s,'text':'x'}",
         ++inbox, from, *id ? ",'id':'" : "", id, *id ? "'" : "");
}

static void whisper(const char *from, unsigned csn)
{
    char id[24];

    snprintf(id, sizeof id, "0b0b0b0b-%u", csn);
    whisper_as(from, id);
}

/* Passes over acknowledgements. */
static void skip_acks(void)
{
    size_t from = fake.out_at;
    const char *line;

    while ((line = fake_next_sent()) != NULL && strstr(line, "\"msgtype\":\"ack\"") != NULL)
        from = fake.out_at;
    fake.out_at = from;
}

static void told(const char *status, const char *to, unsigned csn)
{
    skip_acks();
    sent("{'msgtype':'receipt','status':'%s','to':'%s','id':'0b0b0b0b-%u'}", status, to, csn);
}

static void told_no_more(void)
{
    skip_acks();
    fake_sent_nothing();
}

static void due(void)
{
    fake_wait(THM_ACK_DELAY_MS);
}

static void a_client_says_that_it_takes_receipts(void **state)
{
    struct thm_event events[] = {{FAKE_TAG, THM_EV_RESOLVED}, {FAKE_TAG, THM_EV_WRITE}};

    (void)state;
    fake_init();
    assert_int_equal(thm_client_start(&fake.client, fake.now), THM_OK);
    thm_client_step(&fake.client, fake.now, events, 2);
    fake_sent("{'msgtype':'hello','client':'0807060504030201','credit':32768,'resume':true,"
              "'receipts':true}");
}

static void each_whisperer_is_told_of_his_latest(void **state)
{
    (void)state;
    online(THM_RECEIPTS_DELIVERED, GRANTED);
    for (unsigned i = 1; i <= 3; i++) {
        whisper("bob", i);
        whisper("carol", 10 * i);
    }
    fake_wait(THM_ACK_DELAY_MS - 1);
    told_no_more(); /* never at once */
    assert_int_equal(thm_client_deadline(&fake.client), fake.now + 1);
    due();
    assert_non_null(strstr(fake_next_sent(), "\"msgtype\":\"ack\"")); /* comes first */
    told("delivered", "bob", 3);
    told("delivered", "carol", 30);
    told_no_more();
    due();
    told_no_more();
    assert_true(thm_client_deadline(&fake.client) > fake.now + THM_ACK_DELAY_MS);
}

static void some_whispers_are_nobodys_concern(void **state)
{
    (void)state;
    online(THM_RECEIPTS_DELIVERED, GRANTED);
    whisper("ali", 1); /* his own, from another device as well */
    whisper_as("bob", "");
    whisper("carol", 1); /* which holds up nobody else */
    line("{'msgtype':'skip','room':'@ali','n':%u}", ++inbox);
    due();
    told("delivered", "carol", 1);
    told_no_more();
    online(THM_RECEIPTS_NONE, GRANTED);
    whisper("bob", 1);
    thm_client_read(&fake.client);
    due();
    told_no_more();
    online(THM_RECEIPTS_READ, "{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':"
                              "'desk','commands':'say receipts'}"); /* an older server's */
    whisper("bob", 1);
    due();
    told_no_more();
}

static void reading_is_told_where_that_is_allowed(void **state)
{
    (void)state;
    online(THM_RECEIPTS_READ, GRANTED);
    whisper("bob", 1);
    whisper("carol", 1);
    thm_client_read(&fake.client); /* before the other could be told */
    whisper("carol", 2);
    due();
    told("read", "bob", 1);
    told("delivered", "carol", 2);
    due();
    told_no_more();
    thm_client_read(&fake.client);
    thm_client_read(&fake.client);
    assert_int_equal(thm_client_deadline(&fake.client), fake.now + THM_ACK_DELAY_MS);
    due();
    told("read", "carol", 2);
    told_no_more();
}

static void what_was_read_before_that_was_allowed_is_not_told(void **state)
{
    (void)state;
    online(THM_RECEIPTS_DELIVERED, GRANTED);
    whisper("bob", 1);
    due();
    told("delivered", "bob", 1);
    thm_client_read(&fake.client);
    thm_client_set_receipts(&fake.client, THM_RECEIPTS_READ);
    thm_client_read(&fake.client);
    due();
    told_no_more();
    whisper("bob", 2);
    thm_client_read(&fake.client);
    thm_client_set_receipts(&fake.client, THM_RECEIPTS_DELIVERED);
    due();
    told("delivered", "bob", 2);
    whisper("bob", 3);
    thm_client_set_receipts(&fake.client, THM_RECEIPTS_NONE);
    due();
    told_no_more();
}

/* --- nothing is lost ------------------------------------------------------------------------ */

#define CROWD 150

/* All of a crowd whisper at once. */
static void crowd_whispers(void)
{
    static char lines[CROWD * 160];
    size_t len = 0;

    for (unsigned i = 0; i < CROWD; i++)
        len += (size_t)snprintf(lines + len, sizeof lines - len,
                                "{\"msgtype\":\"whisper\",\"room\":\"@ali\",\"n\":%u,\"from\":"
                                "\"u%u\",\"device\":\"d\",\"to\":\"ali\",\"id\":\"0b0b0b0b-%u\","
                                "\"text\":\"x\"}\n",
                                ++inbox, i, i + 1);
    fake_bytes(lines, len);
}

static void expect_crowd(void)
{
    for (unsigned i = 0; i < CROWD; i++) {
        char to[12];
        snprintf(to, sizeof to, "u%u", i);
        told("delivered", to, i + 1);
    }
    told_no_more();
}

static void when_many_whisper_at_once_receipts_go_earlier(void **state)
{
    (void)state;
    online(THM_RECEIPTS_DELIVERED, GRANTED);
    crowd_whispers();
    due();
    expect_crowd();
}

static void while_nothing_can_be_sent_no_more_is_taken(void **state)
{
    (void)state;
    online(THM_RECEIPTS_DELIVERED, GRANTED);
    fake.write_room = 0;
    crowd_whispers();
    assert_true(fake.in_at < fake.in_len);
    assert_true(fake.client.streams[0].n >= THM_CLIENT_RECEIPTS);
    fake.write_room = SIZE_MAX;
    fake_step();
    assert_int_equal(fake.in_at, fake.in_len);
    due();
    expect_crowd();
}

static void what_a_connection_may_have_lost_is_told_again(void **state)
{
    (void)state;
    online(THM_RECEIPTS_DELIVERED, GRANTED);
    whisper("bob", 1);
    reconnect(); /* before it was sent */
    due();
    told("delivered", "bob", 1);
    reconnect(); /* before the server has taken it, for all that is known */
    due();
    told("delivered", "bob", 1);
    fake_line("{'msgtype':'pong'}");
    reconnect();
    due();
    told_no_more();
    whisper("bob", 2);
    due();
    told("delivered", "bob", 2);
    say("bob", "hm");
    fake_step();
    fake_skip_sent();
    line("{'msgtype':'stored','csn':1,'room':'@ali','n':%u}", inbox);
    reconnect();
    due();
    told_no_more();
}

static void who_leaves_tells_first(void **state)
{
    (void)state;
    online(THM_RECEIPTS_DELIVERED, GRANTED);
    whisper("bob", 1);
    thm_client_stop(&fake.client);
    fake_step();
    told("delivered", "bob", 1);
    sent("{'msgtype':'quit'}");
}

static void nobody_hears_of_a_receipt_that_was_not_taken(void **state)
{
    (void)state;
    online(THM_RECEIPTS_DELIVERED, GRANTED);
    whisper("bob", 1);
    due();
    told("delivered", "bob", 1);
    fake_skip_told();
    fake_line("{'msgtype':'error','to':'bob','id':'0b0b0b0b-1','code':'no-such-user','in':"
              "'receipt','reason':'x'}");
    fake_told_nothing();
    due();
    told_no_more();
    fake_line("{'msgtype':'error','to':'bob','id':'0b0b0b0b-1','code':'store','in':'receipt',"
              "'reason':'x'}");
    fake_told_nothing();
    fake_wait(THM_RETRY_MS);
    due();
    told("delivered", "bob", 1);
}

/* --- those of others ------------------------------------------------------------------------ */

/* All bear the id of a whisper, and none is a repetition for that. */
static void receipts_are_entries_like_others(void **state)
{
    static const char *const statuses[] = {"delivered", "delivered", "read"};

    (void)state;
    online(THM_RECEIPTS_NONE, GRANTED);
    for (unsigned i = 0; i < 3; i++) {
        line("{'msgtype':'receipt','status':'%s','room':'@ali','n':%u,'time':1,'from':'bob',"
             "'device':'d','to':'ali','id':'08070605-1'}",
             statuses[i], ++inbox);
        fake_told("receipt");
    }
    due();
    told_no_more();
    reconnect();
    fake_skip_told();
    line("{'msgtype':'receipt','status':'read','room':'@ali','n':%u,'time':1,'from':'bob',"
         "'device':'d','to':'ali','id':'08070605-1'}",
         inbox);
    fake_told_nothing(); /* taken before */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_says_that_it_takes_receipts),
        cmocka_unit_test(each_whisperer_is_told_of_his_latest),
        cmocka_unit_test(some_whispers_are_nobodys_concern),
        cmocka_unit_test(reading_is_told_where_that_is_allowed),
        cmocka_unit_test(what_was_read_before_that_was_allowed_is_not_told),
        cmocka_unit_test(when_many_whisper_at_once_receipts_go_earlier),
        cmocka_unit_test(while_nothing_can_be_sent_no_more_is_taken),
        cmocka_unit_test(what_a_connection_may_have_lost_is_told_again),
        cmocka_unit_test(who_leaves_tells_first),
        cmocka_unit_test(nobody_hears_of_a_receipt_that_was_not_taken),
        cmocka_unit_test(receipts_are_entries_like_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
