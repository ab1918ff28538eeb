/* How a client gets its first certificate. */
#include <stdio.h>

#include "client/fake.h"
#include "thimble/enroll.h"
#include "util/base64.h"

#define REQUEST "{'msgtype':'enroll_request','data':'AQIDBA=='}"
#define CERTIFICATE                                                                                \
    "{'msgtype':'enroll_reply','status':'GRANTED','userid':'ali','device':'desk','certificate':'"  \
    "MIIB'}"

static const uint8_t request[] = {1, 2, 3, 4};
static const uint8_t certificate[] = {0x30, 0x82, 0x01};

static void begin(const uint8_t *bytes, size_t len)
{
    fake_init();
    fake.alpn = THM_ENROLL_ALPN;
    fake.config.request = bytes;
    fake.config.request_len = len;
    assert_int_equal(thm_client_init(&fake.client, &fake.config), THM_OK);
    assert_int_equal(thm_client_start(&fake.client, fake.now), THM_OK);
    fake_dial();
}

/* The request is what is said first, and all that is. */
static void enrolling(void)
{
    begin(request, sizeof request);
    fake_sent(REQUEST);
    fake_sent_nothing();
}

/* It comes back after `least` to `least + more` ms and says the same. */
static void comes_back(uint64_t least, uint64_t more)
{
    uint64_t until = thm_client_deadline(&fake.client);

    assert_in_range(until, fake.now + least, fake.now + least + more);
    fake.now = until;
    fake_dial();
    fake_sent(REQUEST);
    fake_sent_nothing();
}

static void a_certificate_is_told_and_that_is_the_end(void **state)
{
    (void)state;
    enrolling();
    fake_line(CERTIFICATE);
    fake_told("issued ok 3");
    fake_told("leaving ok");
    assert_int_equal(thm_client_deadline(&fake.client), 0);
    fake_step();
    fake_told("ended ok");
    fake_sent_nothing(); /* no quit either */
    assert_false(fake.tls_open);
    assert_int_equal(thm_client_deadline(&fake.client), UINT64_MAX);
}

static void check_certificate(const struct thm_client_event *e)
{
    if (e->kind != THM_CLIENT_ISSUED)
        return;
    assert_int_equal(e->certificate_len, sizeof certificate);
    assert_memory_equal(e->certificate, certificate, sizeof certificate);
    assert_int_equal(e->msg->type, THM_MSG_ENROLL_REPLY);
    assert_memory_equal(thm_msg_get(e->msg, THM_KEY_DEVICE).data, "desk", 4);
    assert_false(thm_msg_has(e->msg, THM_KEY_DATA));
}

static void it_comes_decoded(void **state)
{
    (void)state;
    enrolling();
    fake.on_event = check_certificate;
    fake_bytes("{\"msgtype\":\"enroll_reply\",\"status\":\"GRANTED\",", 45);
    fake_told_nothing();
    fake_line("'userid':'ali','device':'desk','certificate':'MIIB'}");
    fake_told("issued ok 3");
}

/* The server may close right behind its answer, and say more before that. */
static void whatever_else_comes_does_not_matter(void **state)
{
    (void)state;
    enrolling();
    fake.cut = true;
    fake_line(CERTIFICATE "\n{'msgtype':'enroll_reply','status':'REFUSED','code':'signer'}");
    fake_told("issued ok 3");
    fake_told("leaving ok");
    fake_step();
    fake_told("ended ok");
    fake_told_nothing();
}

static void the_longest_request_and_certificate(void **state)
{
    static uint8_t long_request[THM_CSR_MAX];
    char line_text[THM_LINE_MAX] = "{'msgtype':'enroll_reply','status':'GRANTED','userid':'ali',"
                                   "'device':'desk','certificate':'";
    size_t len = strlen(line_text), data = THM_BASE64_LEN(THM_ISSUED_MAX);

    (void)state;
    begin(long_request, sizeof long_request);
    const char *sent_line = fake_next_sent();
    assert_non_null(sent_line);
    assert_int_equal(strlen(sent_line), strlen("{'msgtype':'enroll_request','data':''}") +
                                            THM_BASE64_LEN(sizeof long_request));
    memset(line_text + len, 'A', data);
    strcpy(line_text + len + data, "'}");
    fake_line(line_text);
    fake_told("issued ok 720");

    fake.config.request_len++;
    assert_int_equal(thm_client_init(&fake.client, &fake.config), THM_E_CONFIG);
    fake.config.request_len = 0;
    assert_int_equal(thm_client_init(&fake.client, &fake.config), THM_E_CONFIG);
}

/* A client may have its certificate, and chat, and want another one, all in the same memory. */
static void it_goes_on_with_the_certificate(void **state)
{
    (void)state;
    enrolling();
    assert_int_equal(thm_client_prepare(&fake.client, fake.config.credentials, NULL, 0, 0),
                     THM_E_STATE);
    thm_client_join(&fake.client, "#ops");
    thm_client_say(&fake.client, "#ops", "typed before", 12, NULL);
    fake_line(CERTIFICATE);
    fake_told("issued ok 3");
    fake_told("leaving ok");
    fake_step();
    fake_told("ended ok");
    fake_sent_nothing();

    assert_int_equal(thm_client_prepare(&fake.client, fake.config.credentials, request, 0, 0),
                     THM_E_CSR);
    assert_int_equal(
        thm_client_prepare(&fake.client, fake.config.credentials, request, THM_CSR_MAX + 1, 0),
        THM_E_CSR);
    fake.alpn = "thimble/1";
    assert_int_equal(thm_client_prepare(&fake.client, fake.config.credentials, NULL, 0, 77),
                     THM_OK);
    assert_int_equal(thm_client_start(&fake.client, fake.now), THM_OK);
    fake_dial();
    assert_non_null(strstr(fake_next_sent(), "hello"));
    assert_int_equal(thm_client_pending(&fake.client), 1);
    assert_int_equal(fake.client.config.renew_at_s, 77);
}

static void a_refusal_is_final(void **state)
{
    (void)state;
    enrolling();
    fake_line(
        "{'msgtype':'enroll_reply','status':'REFUSED','code':'invitation-expired','reason':'no'}");
    fake_told("issued invitation-expired 0");
    fake_told("ended invitation-expired");
    assert_int_equal(thm_client_deadline(&fake.client), UINT64_MAX);

    enrolling();
    fake_line("{'msgtype':'enroll_reply','status':'REFUSED'}");
    fake_told("issued not-allowed 0");
    fake_told("ended not-allowed");
}

static void a_refusal_for_now_is_not(void **state)
{
    (void)state;
    enrolling();
    fake_line("{'msgtype':'enroll_reply','status':'REFUSED','code':'signer','reason':'no',"
              "'retry_after':7}");
    fake_told("issued signer 0");
    fake_told("waiting signer");
    comes_back(7000, THM_BACKOFF_BASE_MS);
    fake_line(CERTIFICATE);
    fake_told("issued ok 3");
}

static void approval_is_waited_for_as_long_as_it_takes(void **state)
{
    (void)state;
    enrolling();
    for (unsigned i = 0; i < 100; i++) {
        fake_line("{'msgtype':'enroll_reply','status':'CONTINUE','retry_after':5}");
        fake_told("issued approval 0");
        fake_told("waiting approval");
        comes_back(5000, THM_BACKOFF_BASE_MS); /* not later each time */
    }
    fake_line(CERTIFICATE);
    fake_told("issued ok 3");
    fake_told("leaving ok");
}

/* A server that does not say how long must not be asked without a pause. */
static void waits_grow_if_the_server_says_none(void **state)
{
    (void)state;
    enrolling();
    for (unsigned i = 0; i < 20; i++) {
        fake_line("{'msgtype':'enroll_reply','status':'CONTINUE','retry_after':0}");
        fake_told("issued approval 0");
        fake_told("waiting approval");
        comes_back(0, THM_BACKOFF_CAP_MS);
    }
    assert_int_equal(fake.client.attempts, 20);
}

/* The answer is lost: the same request goes again. */
static void a_lost_answer(void **state)
{
    (void)state;
    enrolling();
    fake.cut = true;
    fake_step();
    fake_told("waiting closed");
    comes_back(0, THM_BACKOFF_BASE_MS);
    fake_wait(THM_LOGIN_MS);
    fake_told("waiting timeout");
    comes_back(0, 2 * THM_BACKOFF_BASE_MS);
    fake_line(CERTIFICATE);
    fake_told("issued ok 3");
}

static void a_lying_answer(void **state)
{
    static const struct {
        const char *line, *told, *then;
    } rows[] = {
        {"'status':'GRANTED','userid':'ali','device':'desk'", "issued key-missing 0",
         "waiting key-missing"},
        {"'status':'GRANTED','userid':'ali','device':'desk','certificate':''",
         "issued key-missing 0", "waiting key-missing"},
        {"'status':'GRANTED','userid':'ali','data':'MIIB'", "issued key-missing 0",
         "waiting key-missing"},
        {"'status':'GRANTED','userid':'ali','device':'desk','certificate':'MII'",
         "issued certificate 0", "waiting certificate"},
        {"'status':'GRANTED','userid':'ali','device':'desk','certificate':'M II'",
         "issued certificate 0", "waiting certificate"},
        {"'status':'PERHAPS'", "issued not-allowed 0", "waiting not-allowed"},
    };
    char line_text[THM_LINE_MAX];

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enrolling();
        snprintf(line_text, sizeof line_text, "{'msgtype':'enroll_reply',%s}", rows[i].line);
        fake_line(line_text);
        fake_told(rows[i].told);
        fake_told(rows[i].then);
        comes_back(0, THM_BACKOFF_BASE_MS);
    }
}

/* Longer than a line may carry: it is no line of this protocol. */
static void an_answer_that_is_too_long(void **state)
{
    char line_text[THM_LINE_MAX] = "{'msgtype':'enroll_reply','status':'GRANTED','certificate':'";
    size_t len = strlen(line_text), data = THM_BASE64_LEN(THM_ISSUED_MAX) + 4;

    (void)state;
    enrolling();
    memset(line_text + len, 'A', data);
    strcpy(line_text + len + data, "'}");
    fake_line(line_text);
    fake_told("waiting key-range");
    comes_back(0, THM_BACKOFF_BASE_MS);
}

static void other_lines_do_not_let_it_in(void **state)
{
    (void)state;
    enrolling();
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk'}");
    fake_line(
        "{'msgtype':'joined','room':'#lobby','incarnation':'00000000000000aa','n':0,'after':0}");
    fake_told_nothing();
    assert_int_equal(fake.client.state, THM_CLIENT_LOGIN);
    fake_line("{'msgtype':'notice','text':'patience'}");
    fake_told("notice");
    fake_line("{'msgtype':'ping'}");
    fake_sent("{'msgtype':'pong'}");
    assert_int_equal(thm_client_enroll(&fake.client, request, sizeof request), THM_E_STATE);
    fake_line("{'msgtype':'full','retry_after':3}");
    fake_told("waiting full");
    comes_back(3000, 2 * THM_BACKOFF_BASE_MS);
    fake_line("{'msgtype':'error','code':'limit','in':'enroll_request','reason':'no'}");
    fake_told("issued limit 0");
    fake_told("waiting limit");
}

static void it_may_be_stopped(void **state)
{
    (void)state;
    enrolling();
    thm_client_stop(&fake.client);
    fake_told("leaving ok");
    fake_step();
    fake_told("ended ok");
    fake_sent_nothing();
}

static void an_invitation_that_is_not_known(void **state)
{
    (void)state;
    begin(request, sizeof request);
    fake_skip_sent();
    fake_line("{'msgtype':'enroll_reply','status':'CONTINUE','retry_after':1}");
    fake_skip_told();
    fake.now = thm_client_deadline(&fake.client);
    fake.handshake_error = THM_E_INVITATION; /* what TLS makes of its refusal */
    fake_connect_now();
    fake_told("dialling ok");
    fake_told("handshake ok");
    fake_told("ended invitation");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_is_told_and_that_is_the_end),
        cmocka_unit_test(it_comes_decoded),
        cmocka_unit_test(whatever_else_comes_does_not_matter),
        cmocka_unit_test(the_longest_request_and_certificate),
        cmocka_unit_test(it_goes_on_with_the_certificate),
        cmocka_unit_test(a_refusal_is_final),
        cmocka_unit_test(a_refusal_for_now_is_not),
        cmocka_unit_test(approval_is_waited_for_as_long_as_it_takes),
        cmocka_unit_test(waits_grow_if_the_server_says_none),
        cmocka_unit_test(a_lost_answer),
        cmocka_unit_test(a_lying_answer),
        cmocka_unit_test(an_answer_that_is_too_long),
        cmocka_unit_test(other_lines_do_not_let_it_in),
        cmocka_unit_test(it_may_be_stopped),
        cmocka_unit_test(an_invitation_that_is_not_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
