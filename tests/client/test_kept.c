/* A device that keeps keys in place of a passcode: nobody is asked, and nothing is tried twice that can't come to
 * anything. With a desktop's limits, and with a board's, which has nothing to derive keys by. */
#include "client/asker.h"
#include "client/lobby.h"

static struct thm_scram_keys keys;

/* As if they came with PASSCODE, and as whoever provisions a device has them. */
static void make_keys(void)
{
    struct thm_scram_job job;

    assert_int_equal(thm_scram_keys_start(&job, &keys, PASSCODE, strlen(PASSCODE),
                                          (const uint8_t *)SALT, THM_SCRAM_SALT, 4096),
                     THM_SCRAM_OK);
    assert_true(thm_scram_keys_step(&job, 4096));
}

static void login(const struct thm_scram_keys *kept)
{
    fake_init();
    memset(fake.leaf_hash, 7, sizeof fake.leaf_hash);
    fake.client.config.keys = kept;
    fake_login();
    fake_skip_told();
    asked_for_a_passcode();
    challenge();
}

static void ended(enum thm_scram why)
{
    static const struct thm_client_login nothing;

    fake_told("ended passcode");
    assert_int_equal(fake.last.wrong, why);
    fake_sent_nothing();
    assert_int_equal(thm_client_deadline(&fake.client), UINT64_MAX);
    assert_memory_equal(&fake.client.login, &nothing, sizeof nothing);
}

static void nobody_is_asked(void **state)
{
    (void)state;
    new_verifier(PASSCODE, SALT, 4096);
    login(&keys);
    fake_told_nothing();
    assert_int_equal(judge(), THM_SCRAM_OK);
    grant(message);
    granted();
    fake.cut = true;
    fake_step();
    fake_dial_again();
    asked_for_a_passcode();
    challenge();
    fake_told_nothing();
    assert_int_equal(judge(), THM_SCRAM_OK);
    grant(message);
    granted();
}

static void a_passcode_that_was_changed_ends_it(void **state)
{
    (void)state;
    new_verifier("another horse", "another salt...", 4096);
    login(&keys);
    ended(THM_SCRAM_OTHER_KEYS);
    new_verifier(PASSCODE, SALT, 4097);
    login(&keys);
    ended(THM_SCRAM_OTHER_KEYS);
    assert_int_equal(thm_client_start(&fake.client, fake.now), THM_OK); /* as often as one likes */
    new_verifier(PASSCODE, SALT, 4096);
    login(&keys);
    assert_int_equal(judge(), THM_SCRAM_OK);
    grant(message);
    granted();
}

static void changed_while_it_was_online(void **state)
{
    (void)state;
    new_verifier(PASSCODE, SALT, 4096);
    login(&keys);
    judge();
    grant(message);
    granted();
    fake.cut = true;
    fake_step();
    new_verifier("another horse", "another salt...", 4096);
    fake_dial_again();
    asked_for_a_passcode();
    challenge();
    ended(THM_SCRAM_OTHER_KEYS);
}

/* The server would have it try again in two seconds. */
static void a_refused_proof_is_not_tried_again(void **state)
{
    (void)state;
    new_verifier("another horse", SALT, 4096);
    login(&keys);
    assert_int_equal(judge(), THM_SCRAM_PROOF);
    refuse();
    ended(THM_SCRAM_OTHER_KEYS);
}

static void what_is_too_early_is(void **state)
{
    (void)state;
    new_verifier(PASSCODE, SALT, 4096);
    login(&keys);
    line("{'msgtype':'auth_reply','status':'REFUSED','retry_after':7,'code':'passcode',"
         "'reason':'too many'}");
    fake_told("waiting passcode");
    assert_int_equal(fake.last.wrong, THM_SCRAM_OK);
    assert_true(fake.last.retry_ms >= 7000);
}

static void a_server_that_can_prove_nothing_is_not_believed(void **state)
{
    (void)state;
    new_verifier(PASSCODE, SALT, 4096);
    login(&keys);
    judge();
    message[5] ^= 1;
    grant(message);
    ended(THM_SCRAM_SERVER);
    login(&keys);
    judge();
    grant("");
    fake_told("ended passcode");
    assert_int_not_equal(fake.last.wrong, THM_SCRAM_OK);
}

static void without_keys(void **state)
{
    (void)state;
    new_verifier(PASSCODE, SALT, 4096);
    login(NULL);
    if (THM_CLIENT_DERIVES)
        fake_told("asked 4096");
    else
        ended(THM_SCRAM_NO_KEYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_asked),
        cmocka_unit_test(a_passcode_that_was_changed_ends_it),
        cmocka_unit_test(changed_while_it_was_online),
        cmocka_unit_test(a_refused_proof_is_not_tried_again),
        cmocka_unit_test(what_is_too_early_is),
        cmocka_unit_test(a_server_that_can_prove_nothing_is_not_believed),
        cmocka_unit_test(without_keys),
    };
    make_keys();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
