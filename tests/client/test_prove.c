/* Login by passcode as the client does it; the test is the server, honest or not. */
#include "client/lobby.h"
#include "client/asker.h"

/* --- the client ------------------------------------------------------------------------------ */

/* Steps until something is sent. Returns how many were needed. */
static unsigned derive(void)
{
    unsigned steps = 0;

    while (fake.out_len == fake.out_at) {
        assert_int_equal(thm_client_deadline(&fake.client), 0);
        fake_step();
        assert_true(++steps < 1000);
    }
    return steps;
}

static void login_until_asked(void)
{
    fake_login();
    fake_skip_told();
    asked_for_a_passcode();
    challenge();
}

static void start(void)
{
    fake_init();
    memset(fake.leaf_hash, 7, sizeof fake.leaf_hash);
    new_verifier(PASSCODE, SALT, 4096);
    login_until_asked();
}

static void next_connection(void)
{
    assert_int_equal(fake.client.state, THM_CLIENT_WAITING);
    fake_dial_again();
    asked_for_a_passcode();
    challenge();
}

static void give(const char *passcode)
{
    assert_int_equal(thm_client_passcode(&fake.client, passcode, strlen(passcode)), THM_OK);
}

/* --- the way in ------------------------------------------------------------------------------ */

static void a_passcode_is_asked_for_and_proven(void **state)
{
    (void)state;
    start();
    fake_told("asked 4096");
    assert_string_equal(fake.last.proof->user, "ali");
    assert_int_equal(fake.last.proof->salt_len, THM_SCRAM_SALT);
    assert_memory_equal(fake.last.proof->salt, SALT, THM_SCRAM_SALT);
    assert_int_equal(fake.last.proof->wrong, THM_SCRAM_OK);
    assert_int_equal(thm_client_deadline(&fake.client), fake.now + THM_PROOF_MS); /* at rest */
    give(PASSCODE);
    assert_int_equal(thm_client_passcode(&fake.client, "x", 1), THM_E_STATE);
    assert_in_range(derive(), 4096 / THM_CLIENT_ITERATIONS, 4096 / THM_CLIENT_ITERATIONS + 1);
    assert_int_equal(judge(), THM_SCRAM_OK);
    fake_told_nothing();
    grant(message);
    granted();
}

static bool answered;

static void answer_at_once(const struct thm_client_event *e)
{
    if (e->kind != THM_CLIENT_ASKED)
        return;
    give(PASSCODE);
    answered = true;
}

static void it_may_be_given_from_within_the_event(void **state)
{
    (void)state;
    fake_init();
    fake.on_event = answer_at_once;
    new_verifier(PASSCODE, SALT, 4096);
    login_until_asked();
    assert_true(answered);
    derive();
    assert_int_equal(judge(), THM_SCRAM_OK);
    grant(message);
    fake_skip_told();
    fake_sent("{'msgtype':'join','room':'@ali'}");
}

static void keys_serve_as_well(void **state)
{
    struct thm_scram_job job;
    struct thm_scram_keys keys, others;

    (void)state;
    start();
    thm_scram_keys_start(&job, &keys, PASSCODE, strlen(PASSCODE), (const uint8_t *)SALT,
                         THM_SCRAM_SALT, 4096);
    assert_true(thm_scram_keys_step(&job, 4096));
    others = keys;
    others.salt[0] ^= 1;
    assert_int_equal(thm_client_keys(&fake.client, &others), THM_E_KEY);
    others = keys;
    others.iterations++;
    assert_int_equal(thm_client_keys(&fake.client, &others), THM_E_KEY);
    memset(&others, 0, sizeof others);
    assert_memory_equal(&fake.client.login.keys, &others, sizeof others); /* they are not kept */
    assert_int_equal(thm_client_keys(&fake.client, &keys), THM_OK);
    assert_int_equal(thm_client_keys(&fake.client, &keys), THM_E_STATE);
    fake_step();
    assert_int_equal(judge(), THM_SCRAM_OK);
    grant(message);
    fake_skip_told();
}

static void reconnecting_asks_nobody(void **state)
{
    (void)state;
    start();
    give(PASSCODE);
    derive();
    judge();
    grant(message);
    fake.cut = true;
    fake_step();
    next_connection();
    fake_told_nothing();
    assert_int_equal(judge(), THM_SCRAM_OK); /* at once */
    grant(message);
    granted();
    new_verifier("another horse", "another salt...", 4097); /* the passcode was changed */
    fake.cut = true;
    fake_step();
    next_connection();
    fake_told("asked 4097");
    give("another horse");
    derive();
    assert_int_equal(judge(), THM_SCRAM_OK);
    grant(message);
    granted();
}

/* Who types slowly types once. */
static void keys_outlive_the_connection_that_they_were_asked_for_in(void **state)
{
    (void)state;
    start();
    give(PASSCODE);
    fake_step();
    fake.cut = true;
    fake_step();
    assert_int_equal(fake.client.state, THM_CLIENT_WAITING);
    while (fake.client.login.deriving)
        fake_step();
    next_connection();
    fake_told_nothing();
    assert_int_equal(judge(), THM_SCRAM_OK);
    /* and while they are still being derived the next login waits for them */
    fake.cut = true;
    fake_step();
    new_verifier(PASSCODE, "another salt...", 600000);
    next_connection();
    fake_told("asked 600000");
    give(PASSCODE);
    fake.cut = true;
    fake_step();
    next_connection();
    fake_told_nothing();
    fake_sent_nothing();
    derive();
    assert_int_equal(judge(), THM_SCRAM_OK);
    grant(message);
    granted();
}

/* --- what does not go well --------------------------------------------------------------------- */

static void a_wrong_one_is_asked_for_anew_when_the_server_lets(void **state)
{
    (void)state;
    start();
    fake_told("asked 4096");
    give("wrong horse");
    derive();
    assert_int_equal(judge(), THM_SCRAM_PROOF);
    refuse();
    fake_told("waiting passcode");
    assert_int_equal(fake.last.wrong, THM_SCRAM_PROOF);
    assert_in_range(fake.last.retry_ms, 2000, 2000 + THM_BACKOFF_BASE_MS);
    fake_wait(1999);
    fake_told_nothing();
    next_connection();
    fake_told("asked 4096");
    assert_int_equal(fake.last.proof->wrong, THM_SCRAM_PROOF);
    give(PASSCODE);
    derive();
    assert_int_equal(judge(), THM_SCRAM_OK);
    grant(message);
    granted();
    fake.cut = true;
    fake_step();
    fake_told("waiting closed");
    assert_int_equal(fake.last.wrong, THM_SCRAM_OK);
    new_verifier(PASSCODE, "another salt...", 4096); /* that one was right: all is forgotten */
    next_connection();
    fake_told("asked 4096");
    assert_int_equal(fake.last.proof->wrong, THM_SCRAM_OK);
}

static void too_early_is_told_and_final_is_final(void **state)
{
    (void)state;
    fake_init();
    fake_login();
    fake_skip_told();
    asked_for_a_passcode();
    sent_data();
    line("{'msgtype':'auth_reply','status':'REFUSED','retry_after':7,'code':'passcode',"
         "'reason':'too many'}");
    fake_told("waiting passcode");
    assert_int_equal(fake.last.wrong, THM_SCRAM_OK);
    assert_true(fake.last.retry_ms >= 7000);
    next_connection();
    line("{'msgtype':'auth_reply','status':'REFUSED','code':'passcode','reason':'too many'}");
    fake_skip_told();
    assert_int_equal(fake.client.state, THM_CLIENT_STOPPED);
    assert_int_equal(fake.last.code, THM_E_PASSCODE);
    start();
    fake_told("asked 4096");
    line("{'msgtype':'auth_reply','status':'REFUSED','code':'suspended','reason':'no'}");
    fake_told("ended suspended");
}

static void nothing_is_believed_before_the_server_has_proven_itself(void **state)
{
    static const char *const lies[] = {
        "", "v=", "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "e=other-error", "x"};
    (void)state;
    for (unsigned i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        start();
        fake_told("asked 4096");
        give(PASSCODE);
        derive();
        judge();
        grant(lies[i]);
        fake_told("ended passcode");
        assert_int_not_equal(fake.last.wrong, THM_SCRAM_OK);
        fake_sent_nothing();
    }
    start(); /* GRANTED without a word of proof, before it was answered at all */
    fake_told("asked 4096");
    line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk'}");
    fake_told("ended passcode");
    assert_int_equal(fake.last.wrong, THM_SCRAM_SERVER);
    fake_login();
    fake_skip_told();
    asked_for_a_passcode();
    line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk'}");
    fake_told("ended passcode");
    start(); /* a server that has the verifier of another passcode */
    fake_told("asked 4096");
    give(PASSCODE);
    derive();
    judge();
    message[5] ^= 1;
    grant(message);
    fake_told("ended passcode");
    assert_int_equal(fake.last.wrong, THM_SCRAM_SERVER);
}

static void bad_challenges_end_it(void **state)
{
    static const char *const bad[] = {"", "r=x,s=c2l4dGVlbiBieXRlcy4u,i=4096", "e=other-error"};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        fake_init();
        fake_login();
        fake_skip_told();
        asked_for_a_passcode();
        sent_data();
        line("{'msgtype':'auth_reply','status':'CONTINUE','data':'%s'}", bad[i]);
        fake_told("ended passcode");
        assert_int_not_equal(fake.last.wrong, THM_SCRAM_OK);
        fake_sent_nothing();
    }
    start();
    fake_told("asked 4096"); /* and is asked a second time */
    line("{'msgtype':'auth_reply','status':'CONTINUE','data':'%s'}", message);
    fake_told("ended passcode");
    assert_int_equal(fake.last.wrong, THM_SCRAM_STATE);
    assert_int_equal(thm_client_passcode(&fake.client, PASSCODE, 5), THM_E_STATE);
}

static void the_application_may_have_none(void **state)
{
    (void)state;
    start();
    fake_told("asked 4096");
    assert_int_equal(thm_client_passcode(&fake.client, NULL, 0), THM_OK);
    fake_told("ended passcode");
    assert_int_equal(fake.last.wrong, THM_SCRAM_OK);
}

static void it_ends_in_time_and_leaves_no_secrets(void **state)
{
    static const struct thm_client_login nothing;
    (void)state;
    start();
    fake_told("asked 4096");
    fake_wait(THM_PROOF_MS - 1);
    fake_told_nothing();
    fake_wait(1);
    fake_told("waiting timeout");
    next_connection();
    fake_told("asked 4096");
    give(PASSCODE);
    derive();
    judge();
    grant(message);
    granted();
    thm_client_stop(&fake.client);
    fake_step();
    fake_skip_told();
    assert_int_equal(fake.client.state, THM_CLIENT_STOPPED);
    assert_memory_equal(&fake.client.login, &nothing, sizeof nothing);
    start(); /* leaving while it is asked says quit */
    fake_skip_sent();
    thm_client_stop(&fake.client);
    fake_step();
    fake_sent("{'msgtype':'quit'}");
}

static void without_random_bytes_nothing_is_sent(void **state)
{
    (void)state;
    fake_init();
    fake_login();
    fake_skip_told();
    fake.no_entropy = true;
    line("{'msgtype':'auth_reply','status':'CONTINUE','mechanism':'SCRAM-SHA-256-PLUS'}");
    fake_told("proving ok");
    fake_told("waiting entropy");
    fake_sent_nothing();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_passcode_is_asked_for_and_proven),
        cmocka_unit_test(it_may_be_given_from_within_the_event),
        cmocka_unit_test(keys_serve_as_well),
        cmocka_unit_test(reconnecting_asks_nobody),
        cmocka_unit_test(keys_outlive_the_connection_that_they_were_asked_for_in),
        cmocka_unit_test(a_wrong_one_is_asked_for_anew_when_the_server_lets),
        cmocka_unit_test(too_early_is_told_and_final_is_final),
        cmocka_unit_test(nothing_is_believed_before_the_server_has_proven_itself),
        cmocka_unit_test(bad_challenges_end_it),
        cmocka_unit_test(the_application_may_have_none),
        cmocka_unit_test(it_ends_in_time_and_leaves_no_secrets),
        cmocka_unit_test(without_random_bytes_nothing_is_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
