/* How a client gets in, what it asks for, how it grants credit, and what no server may say. */
#include "client/lobby.h"

#include <stdio.h>

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

/* --- requests ------------------------------------------------------------------------------- */

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
        cmocka_unit_test(requests_need_a_session),
        cmocka_unit_test(bytes_are_acknowledged_after_a_while),
        cmocka_unit_test(half_the_credit_is_acknowledged_at_once),
        cmocka_unit_test(counting_starts_behind_auth_reply),
        cmocka_unit_test(repetitions_cost_credit_too),
        cmocka_unit_test(what_no_server_may_say),
        cmocka_unit_test(what_a_newer_server_may_say),
        cmocka_unit_test(an_endless_line_ends_the_connection),
        cmocka_unit_test(lines_before_the_login),
        cmocka_unit_test(the_line_is_told_as_it_came),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
