/* How a client renews its certificate, without anybody noticing. */
#include "client/lobby.h"

#define MINUTE  60000
#define HOUR    3600000
#define OFFERS  "'commands':'say whisper enroll_request join'"
#define REQUEST "{'msgtype':'enroll_request','data':'AQIDBA=='}"
#define CERTIFICATE                                                                                \
    "{'msgtype':'enroll_reply','status':'GRANTED','userid':'ali','device':'desk','certificate':'"  \
    "MIIB'}"

static const uint8_t request[] = {1, 2, 3, 4};

static void granted(const char *more)
{
    line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk'%s}", more);
    fake_told("online ok");
}

/* Online with a certificate that is to be renewed in `left` ms, at a server that makes some, or not. */
static void online(int64_t left, const char *more)
{
    fake_init();
    fake.config.renew_at_s = (uint64_t)((int64_t)(fake.utc_ms + 1) + left) / 1000;
    assert_int_equal(thm_client_init(&fake.client, &fake.config), THM_OK);
    fake_login();
    granted(more);
    fake_told("auth_reply");
    joined("@ali", INBOX_LOG, 0, 0);
    fake_skip_sent();
}

static void reconnect(void)
{
    fake.cut = true;
    fake_step();
    fake_told("waiting closed");
    fake.now = thm_client_deadline(&fake.client);
    fake_dial();
    granted("," OFFERS);
    fake_told("auth_reply");
    joined("@ali", INBOX_LOG, 0, 0);
    fake_told("joined");
    fake_skip_sent();
}

/* Lets time pass with a server that answers pings, until something is told; returns when. */
static uint64_t next_renewal(uint64_t limit)
{
    uint64_t end = fake.now + limit;

    fake_skip_told();
    while (fake.now < end) {
        uint64_t until = thm_client_deadline(&fake.client);
        fake.now = until < fake.now ? fake.now : until < end ? until : end;
        fake_step();
        const char *sent_line = fake_next_sent();
        if (sent_line != NULL && strstr(sent_line, "ping") != NULL)
            fake_line("{'msgtype':'pong'}");
        fake_skip_sent();
        if (fake.log_len > 0)
            break;
    }
    assert_int_equal(fake.client.state, THM_CLIENT_ONLINE);
    return fake.now;
}

static void it_is_told_at_once_if_it_is_time(void **state)
{
    (void)state;
    online(0, "," OFFERS);
    fake_told("joined");
    fake_told_nothing();
    online(-1000, "," OFFERS);
    fake_told("renews");
    fake_told("joined");
    fake_told_nothing();
}

static void not_if_the_server_makes_none(void **state)
{
    (void)state;
    online(-1000, ",'commands':'say enroll_requests'");
    fake_told("joined");
    next_renewal(3 * HOUR);
    fake_told_nothing();
    assert_int_equal(thm_client_enroll(&fake.client, request, sizeof request), THM_E_STATE);
    online(-1000, "");
    fake_told("joined");
    fake_told_nothing();
}

static void not_if_it_never_is_to_be(void **state)
{
    (void)state;
    online(-1000, "," OFFERS);
    fake_init();
    fake_login();
    granted("," OFFERS);
    joined("@ali", INBOX_LOG, 0, 0);
    next_renewal(3 * HOUR);
    fake_told_nothing();
}

static void it_is_told_when_the_time_comes(void **state)
{
    (void)state;
    online(50 * (int64_t)HOUR, "," OFFERS);
    uint64_t start = fake.now;
    uint64_t told = next_renewal(60 * (uint64_t)HOUR);
    fake_told("renews");
    assert_in_range(told, start + 50 * (uint64_t)HOUR, start + 51 * (uint64_t)HOUR);
}

/* A clock that is set while the client is online; or that is not set. */
static void clocks_are_set(void **state)
{
    (void)state;
    online(5000 * (int64_t)HOUR, "," OFFERS);
    fake.utc_ms += 5001 * (uint64_t)HOUR;
    next_renewal(HOUR);
    fake_told("renews");
    fake_init();
    fake.no_clock = true;
    fake.config.renew_at_s = 1;
    assert_int_equal(thm_client_init(&fake.client, &fake.config), THM_OK);
    fake_login();
    granted("," OFFERS);
    joined("@ali", INBOX_LOG, 0, 0);
    fake_told("auth_reply");
    fake_told("joined");
    fake_told_nothing();
    fake.no_clock = false;
    next_renewal(HOUR);
    fake_told("renews");
}

/* Those whose time comes together don't ask together. */
static void many_spread(void **state)
{
    uint64_t first = UINT64_MAX, last = 0;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        online(10 * (int64_t)HOUR, "," OFFERS);
        fake.client.secret += i * UINT64_C(0x9E3779B97F4A7C15);
        uint64_t start = fake.now, told = next_renewal(20 * (uint64_t)HOUR) - start;
        first = told < first ? told : first;
        last = told > last ? told : last;
    }
    assert_true(last - first > 10 * MINUTE);
}

/* A certificate of a minute is not spread over half an hour. */
static void who_has_little_time_hurries(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        online(40000, "," OFFERS);
        fake.client.secret += i * UINT64_C(0x9E3779B97F4A7C15);
        uint64_t start = fake.now;
        assert_in_range(next_renewal(HOUR) - start, 40000, 45000);
    }
}

static void it_is_told_again(void **state)
{
    (void)state;
    online(-1000, "," OFFERS);
    fake_told("renews");
    for (unsigned i = 0; i < 10; i++) {
        uint64_t start = fake.now, told = next_renewal(2 * (uint64_t)HOUR);
        fake_told("renews");
        fake_told_nothing();
        assert_in_range(told - start, HOUR, HOUR * 5 / 4);
    }
}

static void it_is_told_again_in_the_next_connection(void **state)
{
    (void)state;
    online(-1000, "," OFFERS);
    fake_told("renews");
    fake_told("joined");
    uint64_t start = fake.now;
    reconnect();
    fake_told_nothing();
    assert_int_equal(next_renewal(HOUR), start + MINUTE);
    fake_told("renews");
    fake_wait(2 * MINUTE);
    fake_line("{'msgtype':'pong'}");
    fake_skip_told();
    fake.cut = true;
    fake_step();
    fake_told("waiting closed");
    fake.now = thm_client_deadline(&fake.client);
    fake_dial();
    granted("," OFFERS);
    fake_told("auth_reply");
    fake_told("renews");
}

static void ask(void)
{
    assert_int_equal(thm_client_enroll(&fake.client, request, sizeof request), THM_OK);
    assert_int_equal(thm_client_deadline(&fake.client), 0);
    fake_step();
    fake_sent(REQUEST);
    fake_skip_told();
}

static void nobody_notices(void **state)
{
    static struct thm_credentials fresh;

    (void)state;
    online(-1000, "," OFFERS);
    ask();
    assert_int_equal(thm_client_enroll(&fake.client, request, sizeof request), THM_E_STATE);
    fake_line(CERTIFICATE);
    fake_told("issued ok 3");
    fake_told_nothing();
    fake_sent_nothing();
    assert_int_equal(fake.sessions_cleared, 0);
    assert_true(
        thm_client_set_credentials(&fake.client, &fresh, fake.utc_ms / 1000 + 10 * (HOUR / 1000)));
    assert_ptr_equal(fake.credentials, &fresh);
    assert_int_equal(fake.sessions_cleared, 1); /* which was the former ones' */
    assert_int_equal(fake.client.state, THM_CLIENT_ONLINE);
    assert_int_equal(fake.dials, 1);
    uint64_t start = fake.now;
    assert_true(next_renewal(20 * (uint64_t)HOUR) - start >= 9 * (uint64_t)HOUR);
    fake_told("renews");
}

/* Whatever a server answers, the session goes on, and nothing is shown. */
static void no_answer_ends_a_session(void **state)
{
    static const struct {
        const char *line, *told;
        uint64_t least, most;
    } rows[] = {
        {"{'msgtype':'enroll_reply','status':'GRANTED'}", "issued key-missing 0", HOUR,
         HOUR * 5 / 4},
        {"{'msgtype':'enroll_reply','status':'GRANTED','userid':'ali','device':'desk','certificate'"
         ":'?'}",
         "issued certificate 0", HOUR, HOUR * 5 / 4},
        {"{'msgtype':'enroll_reply','status':'CONTINUE','retry_after':5}", "issued approval 0",
         MINUTE, 2 * MINUTE},
        {"{'msgtype':'enroll_reply','status':'REFUSED','code':'signer','reason':'no',"
         "'retry_after':600}",
         "issued signer 0", 10 * MINUTE, 11 * MINUTE},
        {"{'msgtype':'enroll_reply','status':'REFUSED','code':'not-allowed','reason':'no'}",
         "issued not-allowed 0", HOUR, HOUR * 5 / 4},
        {"{'msgtype':'error','code':'limit','in':'enroll_request','reason':'no'}", "issued limit 0",
         HOUR, HOUR * 5 / 4},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        online(-1000, "," OFFERS);
        uint64_t start = fake.now;
        ask();
        fake_line(rows[i].line);
        fake_told(rows[i].told);
        fake_line(rows[i].line); /* nobody asked again */
        if (strstr(rows[i].line, "error") != NULL)
            fake_told("error");
        fake_told_nothing();
        uint64_t told = next_renewal(2 * (uint64_t)HOUR);
        fake_told("renews");
        assert_in_range(told - start, rows[i].least, rows[i].most);
        assert_int_equal(fake.dials, 1);
    }
}

static void an_answer_that_never_comes(void **state)
{
    (void)state;
    online(-1000, "," OFFERS);
    ask();
    next_renewal(2 * (uint64_t)HOUR);
    fake_told("renews");
    ask();
    reconnect();
    fake_line(CERTIFICATE); /* of nothing that was asked in this connection */
    fake_told_nothing();
    ask();
    fake_line(CERTIFICATE);
    fake_told("issued ok 3");
}

static void requests_that_cannot_be_sent(void **state)
{
    static const uint8_t large[THM_CSR_MAX + 1];
    struct thm_msg m;

    (void)state;
    online(-1000, "," OFFERS);
    assert_int_equal(thm_client_enroll(&fake.client, request, 0), THM_E_CSR);
    assert_int_equal(thm_client_enroll(&fake.client, large, sizeof large), THM_E_CSR);
    thm_msg_init(&m, THM_MSG_WHOIS);
    THM_SET(&m, TEXT, "a person of whom something is asked many times");
    unsigned count = 0;
    fake.write_room = 0;
    while (thm_client_request(&fake.client, &m) == THM_OK)
        count++;
    assert_int_equal(thm_client_enroll(&fake.client, large, THM_CSR_MAX), THM_E_LIMIT);
    fake.write_room = SIZE_MAX;
    fake_step();
    while (count-- > 0)
        assert_non_null(strstr(fake_next_sent(), "whois"));
    fake_sent_nothing(); /* nothing of it is left */
    assert_int_equal(thm_client_enroll(&fake.client, large, THM_CSR_MAX), THM_OK);
}

static void credentials_wait_for_a_handshake(void **state)
{
    static struct thm_credentials fresh;

    (void)state;
    online(-1000, "," OFFERS);
    const struct thm_credentials *former = fake.credentials;
    fake.cut = true;
    fake_step();
    fake.now = thm_client_deadline(&fake.client);
    fake.quiet_handshake = true;
    fake_connect_now();
    assert_int_equal(fake.client.state, THM_CLIENT_HANDSHAKE);
    assert_false(thm_client_set_credentials(&fake.client, &fresh, 0));
    assert_ptr_equal(fake.credentials, former);
    fake.quiet_handshake = false;
    fake_step();
    assert_int_equal(fake.client.state, THM_CLIENT_LOGIN);
    assert_true(thm_client_set_credentials(&fake.client, &fresh, 0));
    assert_ptr_equal(fake.credentials, &fresh);
    fake_skip_told();
    granted("," OFFERS);
    fake_told("auth_reply");
    fake_told_nothing(); /* these are never to be renewed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_told_at_once_if_it_is_time),
        cmocka_unit_test(not_if_the_server_makes_none),
        cmocka_unit_test(not_if_it_never_is_to_be),
        cmocka_unit_test(it_is_told_when_the_time_comes),
        cmocka_unit_test(clocks_are_set),
        cmocka_unit_test(many_spread),
        cmocka_unit_test(who_has_little_time_hurries),
        cmocka_unit_test(it_is_told_again),
        cmocka_unit_test(it_is_told_again_in_the_next_connection),
        cmocka_unit_test(nobody_notices),
        cmocka_unit_test(no_answer_ends_a_session),
        cmocka_unit_test(an_answer_that_never_comes),
        cmocka_unit_test(requests_that_cannot_be_sent),
        cmocka_unit_test(credentials_wait_for_a_handshake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
