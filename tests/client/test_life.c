/* States and their deadlines: how a client comes back, and when it does not. */
#include "client/fake.h"

#define STEPS_MAX 1000

static uint64_t deadline(void)
{
    return thm_client_deadline(&fake.client);
}

static void event(uint32_t what)
{
    struct thm_event e = {FAKE_TAG, what};

    thm_client_step(&fake.client, fake.now, &e, 1);
}

static void start(void)
{
    fake_init();
    assert_int_equal(thm_client_start(&fake.client, fake.now), THM_OK);
    fake_told("dialling ok");
}

static void wait_out(void)
{
    fake_wait(deadline() > fake.now ? deadline() - fake.now : 0);
}

/* --- configuration -------------------------------------------------------------------------- */

static int init_with(void (*spoil)(struct thm_client_config *config))
{
    static struct thm_client client;

    fake_init();
    spoil(&fake.config);
    return thm_client_init(&client, &fake.config);
}

static void no_name(struct thm_client_config *config)
{
    config->server_name = "";
}
static void no_host(struct thm_client_config *config)
{
    config->host = "";
}
static void no_credentials(struct thm_client_config *config)
{
    config->credentials = NULL;
}
static void bad_alias(struct thm_client_config *config)
{
    config->alias = " x";
}
static void bad_agent(struct thm_client_config *config)
{
    config->agent = "a\nb";
}
static void small_credit(struct thm_client_config *config)
{
    config->credit = 2 * THM_LINE_MAX - 1;
}
static void large_credit(struct thm_client_config *config)
{
    config->credit = THM_CREDIT_MAX + 1;
}
static void small_memory(struct thm_client_config *config)
{
    config->tls_memory_size = thm_client_tls_size() - 1;
}
static void entropy_fails(struct thm_client_config *config)
{
    (void)config;
    fake.no_entropy = true;
}

static void bad_configurations(void **state)
{
    (void)state;
    assert_int_equal(init_with(no_name), THM_E_NAME_EMPTY);
    assert_int_equal(init_with(no_host), THM_E_CONFIG);
    assert_int_equal(init_with(no_credentials), THM_E_CONFIG);
    assert_int_equal(init_with(bad_alias), THM_E_CONFIG);
    assert_int_equal(init_with(bad_agent), THM_E_CONFIG);
    assert_int_equal(init_with(small_credit), THM_E_CONFIG);
    assert_int_equal(init_with(large_credit), THM_E_CONFIG);
    assert_int_equal(init_with(small_memory), THM_E_MEMORY);
    assert_int_equal(init_with(entropy_fails), THM_E_ENTROPY);
}

/* --- deadlines ------------------------------------------------------------------------------ */

static void dialling_takes_only_so_long(void **state)
{
    (void)state;
    start();
    event(THM_EV_RESOLVED);
    assert_int_equal(deadline(), fake.now + THM_CONNECT_MS);
    fake_wait(THM_CONNECT_MS - 1);
    fake_told_nothing();
    fake_wait(1);
    fake_told("waiting timeout");
    assert_false(fake.socket_open);
}

static void events_of_others_are_left_alone(void **state)
{
    struct thm_event other = {FAKE_TAG + 1, THM_EV_WRITE};

    (void)state;
    start();
    thm_client_step(&fake.client, fake.now, &other, 1);
    fake_told_nothing();
}

static void a_handshake_takes_only_so_long(void **state)
{
    (void)state;
    start();
    fake.quiet_handshake = true;
    event(THM_EV_WRITE);
    fake_told("handshake ok");
    assert_int_equal(deadline(), fake.now + THM_HANDSHAKE_MS);
    fake_wait(THM_HANDSHAKE_MS);
    fake_told("waiting timeout");
    assert_false(fake.tls_open);
    assert_int_equal(fake.sessions_cleared, 1);
}

static void a_login_takes_only_so_long(void **state)
{
    (void)state;
    fake_init();
    fake_login();
    assert_int_equal(deadline(), fake.now + THM_LOGIN_MS);
    fake_line("{'msgtype':'notice','text':'patience'}");
    fake_told("notice");
    fake_wait(THM_LOGIN_MS);
    fake_told("waiting timeout");
    assert_int_equal(fake.sessions_cleared, 0);
}

static void silence_is_pinged_and_then_given_up(void **state)
{
    (void)state;
    fake_init();
    fake_online();
    fake_wait(THM_PING_MS - THM_ACK_DELAY_MS - 1);
    fake_sent_nothing();
    fake_wait(1);
    fake_sent("{'msgtype':'ping'}");
    assert_int_equal(deadline(), fake.now + THM_PONG_MS);
    fake_line("{'msgtype':'pong'}");
    fake_told_nothing();
    fake_wait(THM_ACK_DELAY_MS);
    fake_skip_sent();
    fake_wait(THM_PING_MS - THM_ACK_DELAY_MS);
    fake_sent("{'msgtype':'ping'}");
    fake_wait(THM_PONG_MS - 1);
    fake_told_nothing();
    fake_wait(1);
    fake_told("waiting timeout");
}

static void an_answer_stays_out_only_so_long(void **state)
{
    (void)state;
    fake_init();
    fake_online();
    assert_int_equal(thm_client_say(&fake.client, "bob", "a", 1, NULL), THM_OK);
    fake_step();
    for (uint64_t waited = 0; waited < THM_ANSWER_MS; waited += THM_ANSWER_MS / 2) {
        fake_line("{'msgtype':'ping'}"); /* it lives, but does not answer */
        fake_told_nothing();
        fake_wait(THM_ANSWER_MS / 2);
    }
    fake_told("waiting timeout");

    fake_init();
    assert_int_equal(thm_client_join(&fake.client, "#tea"), THM_OK);
    fake_online(); /* only the inbox is joined */
    fake_wait(THM_ANSWER_MS - THM_ACK_DELAY_MS - 1);
    fake_told_nothing();
    fake_wait(THM_ACK_DELAY_MS + 1);
    fake_told("waiting timeout");
}

static void a_ping_is_answered(void **state)
{
    (void)state;
    fake_init();
    fake_online();
    fake_line("{'msgtype':'ping','id':'x1'}");
    fake_sent("{'msgtype':'pong','id':'x1'}");
    fake_told_nothing();
}

static void the_applications_own_ping(void **state)
{
    struct thm_msg m;

    (void)state;
    fake_init();
    fake_online();
    thm_msg_init(&m, THM_MSG_PING);
    THM_SET(&m, ID, "last");
    assert_int_equal(thm_client_request(&fake.client, &m), THM_OK);
    fake_step();
    fake_sent("{'msgtype':'ping','id':'last'}");
    fake_line("{'msgtype':'pong'}");
    fake_told_nothing();
    fake_line("{'msgtype':'pong','id':'last'}");
    fake_told("pong");
}

/* --- coming back ---------------------------------------------------------------------------- */

static void waits_grow_and_stay_below_the_cap(void **state)
{
    uint64_t longest = 0, cap = THM_BACKOFF_BASE_MS;

    (void)state;
    fake_init();
    fake.dial_code = THM_E_LIMIT;
    assert_int_equal(thm_client_start(&fake.client, fake.now), THM_OK);
    for (int i = 0; i < STEPS_MAX; i++) {
        assert_int_equal(fake.last.state, THM_CLIENT_WAITING);
        assert_true(fake.last.retry_ms <= cap);
        if (fake.last.retry_ms > longest)
            longest = fake.last.retry_ms;
        cap = cap * 2 < THM_BACKOFF_CAP_MS ? cap * 2 : THM_BACKOFF_CAP_MS;
        fake_skip_told();
        wait_out();
    }
    assert_true(longest > THM_BACKOFF_CAP_MS * 9 / 10);
    assert_int_equal(fake.dials, STEPS_MAX + 1);
}

static void a_stable_session_resets_the_waits(void **state)
{
    (void)state;
    fake_init();
    fake_online();
    fake.client.attempts = 10;
    fake_wait(THM_STABLE_MS - THM_ACK_DELAY_MS - 1);
    fake.cut = true;
    fake_step();
    assert_int_equal(fake.client.attempts, 11);

    fake_init();
    fake_online();
    fake.client.attempts = 10;
    fake_wait(THM_STABLE_MS);
    fake.cut = true;
    fake_step();
    assert_int_equal(fake.client.attempts, 1);
}

static void who_could_not_be_reached(void **state)
{
    (void)state;
    start();
    fake.refuse = true;
    event(THM_EV_WRITE);
    fake_told("waiting resolve");

    start();
    event(THM_EV_RESOLVED);
    fake.refuse = true;
    event(THM_EV_WRITE);
    fake_told("waiting connect");
    fake.refuse = false;
    wait_out();
    fake_told("dialling ok");
    assert_int_equal(fake.dials, 2);
}

static void certificates_are_final_until_the_first_session(void **state)
{
    static const int codes[] = {THM_E_UNTRUSTED, THM_E_EXPIRED, THM_E_SERVER_NAME,
                                THM_E_ROLE,      THM_E_ALPN,    THM_E_CERT_REJECTED};

    (void)state;
    for (unsigned i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        start();
        fake.handshake_error = codes[i];
        event(THM_EV_WRITE);
        assert_int_equal(fake.last.kind, THM_CLIENT_ENDED);
        assert_int_equal(fake.last.code, codes[i]);
        assert_int_equal(deadline(), UINT64_MAX);

        fake_init();
        fake_online();
        fake.cut = true;
        fake_step();
        if (fake.client.state == THM_CLIENT_WAITING)
            wait_out();
        fake.handshake_error = codes[i];
        event(THM_EV_WRITE);
        assert_int_equal(fake.last.state, THM_CLIENT_WAITING);
        assert_int_equal(fake.last.code, codes[i]);
    }
}

static void a_revoked_device_never_comes_back(void **state)
{
    (void)state;
    fake_init();
    fake_online();
    fake.cut = true;
    fake_step();
    if (fake.client.state == THM_CLIENT_WAITING)
        wait_out();
    fake.handshake_error = THM_E_REVOKED;
    event(THM_EV_WRITE);
    assert_int_equal(fake.last.kind, THM_CLIENT_ENDED);

    fake_init();
    fake_online();
    fake_line("{'msgtype':'goodbye','reason':'revoked','code':'revoked'}");
    fake_told("ended revoked");
}

static void other_failures_are_tried_again(void **state)
{
    static const int codes[] = {THM_E_CLOSED, THM_E_TLS, THM_E_CLOCK, THM_E_TLS_RECORD};

    (void)state;
    for (unsigned i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        start();
        fake.handshake_error = codes[i];
        event(THM_EV_WRITE);
        assert_int_equal(fake.last.state, THM_CLIENT_WAITING);
    }
}

/* --- what the server decides ---------------------------------------------------------------- */

static void answers_to_hello(void **state)
{
    static const struct {
        const char *line, *told;
        uint32_t least_wait;
    } rows[] = {
        {"{'msgtype':'auth_reply','status':'REFUSED','code':'not-allowed','reason':'no'}",
         "ended not-allowed", 0},
        {"{'msgtype':'auth_reply','status':'REFUSED','code':'full','reason':'no',"
         "'retry_after':30}",
         "waiting full", 30000},
        {"{'msgtype':'auth_reply','status':'CONTINUE','mechanism':'SCRAM-SHA-256'}",
         "ended passcode", 0},
        {"{'msgtype':'auth_reply','status':'CONTINUE'}", "ended passcode", 0},
        {"{'msgtype':'full','retry_after':7}", "waiting full", 7000},
        {"{'msgtype':'goodbye','reason':'bye','code':'shutdown','retry_after':5}",
         "waiting shutdown", 5000},
        {"{'msgtype':'goodbye','reason':'bye'}", "waiting closed", 0},
        {"{'msgtype':'goodbye','reason':'out','code':'kicked'}", "ended kicked", 0},
        {"{'msgtype':'replaced'}", "ended replaced", 0},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake_init();
        fake_login();
        fake_line(rows[i].line);
        fake_told(rows[i].told);
        assert_false(fake.tls_open);
        if (strncmp(rows[i].told, "ended", 5) == 0)
            assert_int_equal(deadline(), UINT64_MAX);
        else
            assert_true(deadline() >= fake.now + rows[i].least_wait &&
                        deadline() <= fake.now + rows[i].least_wait + 2 * THM_BACKOFF_BASE_MS);
    }
}

static void what_the_server_asked_for_holds_once(void **state)
{
    (void)state;
    fake_init();
    fake_online();
    fake_line("{'msgtype':'goodbye','reason':'bye','code':'shutdown','retry_after':60}");
    fake_told("waiting shutdown");
    wait_out();
    fake.refuse = true;
    event(THM_EV_WRITE);
    assert_int_equal(fake.last.state, THM_CLIENT_WAITING);
    assert_true(fake.last.retry_ms <= THM_BACKOFF_CAP_MS);
}

static void replaced_is_the_end(void **state)
{
    (void)state;
    fake_init();
    fake_online();
    fake_line("{'msgtype':'replaced','reason':'another session'}\n{'msgtype':'notice','text':'x'}");
    fake_told("ended replaced");
    fake_told_nothing();
    assert_false(fake.tls_open);
    fake_wait(1000 * THM_BACKOFF_CAP_MS);
    assert_int_equal(fake.dials, 1);
}

/* --- leaving -------------------------------------------------------------------------------- */

static void quit_is_said(void **state)
{
    (void)state;
    fake_init();
    fake_online();
    thm_client_stop(&fake.client);
    fake_told("leaving ok");
    assert_int_equal(deadline(), 0);
    fake_step();
    fake_sent("{'msgtype':'quit'}");
    fake_told("ended ok");
    assert_false(fake.tls_open);
    assert_int_equal(deadline(), UINT64_MAX);
    assert_int_equal(thm_client_start(&fake.client, fake.now), THM_OK); /* and again */
    fake_told("dialling ok");
}

static void leaving_takes_only_so_long(void **state)
{
    (void)state;
    fake_init();
    fake_online();
    fake.write_room = 0;
    thm_client_stop(&fake.client);
    fake_told("leaving ok");
    fake_step();
    fake_told_nothing();
    fake_wait(THM_CLOSE_MS);
    fake_told("ended ok");
    assert_false(fake.tls_open);
}

static void stop_ends_every_state(void **state)
{
    (void)state;
    fake_init();
    thm_client_stop(&fake.client);
    fake_told_nothing();

    start();
    thm_client_stop(&fake.client);
    fake_told("ended ok");
    assert_false(fake.socket_open);

    start();
    fake.quiet_handshake = true;
    event(THM_EV_WRITE);
    fake_told("handshake ok");
    thm_client_stop(&fake.client);
    fake_told("ended ok");
    assert_false(fake.tls_open);

    start();
    fake.refuse = true;
    event(THM_EV_WRITE);
    fake_skip_told();
    thm_client_stop(&fake.client);
    fake_told("ended ok");
}

static void starting_twice(void **state)
{
    (void)state;
    start();
    assert_int_equal(thm_client_start(&fake.client, fake.now), THM_E_STATE);
}

/* An idle client must not be woken for nothing. */
static void an_idle_client_sleeps(void **state)
{
    unsigned steps = 0;

    (void)state;
    fake_init();
    fake_online();
    uint64_t end = fake.now + 600000;
    while (fake.now < end) {
        wait_out();
        steps++;
        const char *sent = fake_next_sent();
        if (sent != NULL && strstr(sent, "ping") != NULL)
            fake_line("{'msgtype':'pong'}");
        fake_skip_sent();
    }
    assert_true(steps <= 3 * (600000 / THM_PING_MS + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_configurations),
        cmocka_unit_test(dialling_takes_only_so_long),
        cmocka_unit_test(events_of_others_are_left_alone),
        cmocka_unit_test(a_handshake_takes_only_so_long),
        cmocka_unit_test(a_login_takes_only_so_long),
        cmocka_unit_test(silence_is_pinged_and_then_given_up),
        cmocka_unit_test(an_answer_stays_out_only_so_long),
        cmocka_unit_test(a_ping_is_answered),
        cmocka_unit_test(the_applications_own_ping),
        cmocka_unit_test(waits_grow_and_stay_below_the_cap),
        cmocka_unit_test(a_stable_session_resets_the_waits),
        cmocka_unit_test(who_could_not_be_reached),
        cmocka_unit_test(certificates_are_final_until_the_first_session),
        cmocka_unit_test(a_revoked_device_never_comes_back),
        cmocka_unit_test(other_failures_are_tried_again),
        cmocka_unit_test(answers_to_hello),
        cmocka_unit_test(what_the_server_asked_for_holds_once),
        cmocka_unit_test(replaced_is_the_end),
        cmocka_unit_test(quit_is_said),
        cmocka_unit_test(leaving_takes_only_so_long),
        cmocka_unit_test(stop_ends_every_state),
        cmocka_unit_test(starting_twice),
        cmocka_unit_test(an_idle_client_sleeps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
