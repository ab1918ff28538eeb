/* What a proof is worth to somebody in between: it is bound to the certificate, to the user, and to one login. */
#include "server/prover.h"

#include <stdio.h>
#include <string.h>

#include "server/host.h"

#define WRONG_1                                                                                    \
    "{'msgtype':'auth_reply','status':'REFUSED','retry_after':0,'code':'passcode',"                \
    "'reason':'the passcode is wrong','data':'e=invalid-proof'}"

/* --- attacks ---------------------------------------------------------------------------------- */

static void nobody_logs_in_as_another_user(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    rig_start(&r, with_passcodes);
    r.watched = "refused";
    add_user(&r, "u1", PASSCODE);
    prove_hello(&p, rig_open(&r, 0), "{'msgtype':'hello'}");
    prove_first(&p, "u1");
    expect(p.peer, "{'msgtype':'auth_reply','status':'REFUSED','code':'not-allowed','reason':'*'}");
    expect_end(p.peer, 1000);
    assert_int_equal(r.logged_code, THM_E_NOT_ALLOWED);
    struct peer *u0 = rig_open(&r, 0);
    say(u0, "{'msgtype':'auth_request','userid':'u1'}");
    expect(u0, "{'msgtype':'auth_reply','status':'REFUSED','code':'not-allowed','reason':'*'}");
    prove_hello(&p, rig_open(&r, 0), "{'msgtype':'hello'}");
    say(p.peer, "{'msgtype':'auth_request','userid':'u1','mechanism':'SCRAM-SHA-256-PLUS',"
                "'data':'p=tls-server-end-point,,n=u0,r=abcdefghijklmnopqrstuvwx'}");
    expect(p.peer, "{'msgtype':'auth_reply','status':'REFUSED','code':'not-allowed','reason':'*'}");
    rig_end(&r);
}

static void without_the_binding_there_is_no_login(void **state)
{
    (void)state;
    static const struct {
        const char *first, *reason;
    } bad[] = {
        {"n,,n=u0,r=abcdefghijklmnopqrstuvwx",
         "the login must be bound to the server's certificate"},
        {"y,,n=u0,r=abcdefghijklmnopqrstuvwx",
         "the login must be bound to the server's certificate"},
        {"p=tls-unique,,n=u0,r=abcdefghijklmnopqrstuvwx",
         "the login can be bound by tls-server-end-point only"},
        {"p=tls-server-end-point,a=u1,n=u0,r=abcdefghijklmnopqrstuvwx",
         "nobody can act for somebody else"},
        {"", "a message of the login is not of its form"},
    };
    struct rig r;
    struct prover p;
    rig_start(&r, with_passcodes);
    add_user(&r, "u0", PASSCODE);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char refusal[256];
        prove_hello(&p, rig_open(&r, 0), "{'msgtype':'hello'}");
        sayf(p.peer, "{'msgtype':'auth_request','mechanism':'SCRAM-SHA-256-PLUS','data':'%s'}",
             bad[i].first);
        snprintf(refusal, sizeof refusal,
                 "{\"msgtype\":\"auth_reply\",\"status\":\"REFUSED\",\"code\":\"passcode\","
                 "\"reason\":\"%s\"}",
                 bad[i].reason);
        assert_string_equal(next_line(p.peer), refusal);
        expect_end(p.peer, 1000);
    }
    rig_end(&r);
}

static void what_was_said_once_is_worth_nothing_later(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    struct thm_scram_job job;
    struct thm_scram_keys keys;
    char first[THM_SCRAM_MESSAGE], final[THM_SCRAM_MESSAGE];
    const uint8_t entropy[THM_SCRAM_ENTROPY] = "replayed";
    rig_start(&r, with_passcodes);
    add_user(&r, "u0", PASSCODE);
    for (unsigned i = 0; i < 2; i++) { /* the second time by somebody who has heard the first */
        prove_hello(&p, rig_open(&r, 0), "{'msgtype':'hello','resume':true}");
        if (i == 0)
            thm_scram_client_start(&p.scram, "u0", entropy, thm_tls_server_leaf_hash(&p.peer->tls),
                                   first);
        sayf(p.peer, "{'msgtype':'auth_request','mechanism':'SCRAM-SHA-256-PLUS','data':'%s'}",
             first);
        string_of(expect(p.peer, "{'msgtype':'auth_reply','status':'CONTINUE',*"), "data", p.data);
        if (i == 0) {
            assert_int_equal(thm_scram_client_challenge(&p.scram, p.data, strlen(p.data)),
                             THM_SCRAM_OK);
            thm_scram_keys_start(&job, &keys, PASSCODE, strlen(PASSCODE), p.scram.salt,
                                 p.scram.salt_len, p.scram.iterations);
            assert_true(thm_scram_keys_step(&job, p.scram.iterations));
            thm_scram_client_answer(&p.scram, &keys, final);
        }
        sayf(p.peer, "{'msgtype':'auth_request','mechanism':'SCRAM-SHA-256-PLUS','data':'%s'}",
             final);
        if (i == 0)
            expect_granted(&p);
        else
            expect(p.peer,
                   "{'msgtype':'auth_reply','status':'REFUSED','retry_after':0,'code':"
                   "'passcode','reason':'an answer belongs to another login','data':'e=*'}");
    }
    rig_end(&r);
}

/* Who has read the store can't log in by what is in it. */
static void a_stolen_verifier_is_no_passcode(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    struct thm_scram_verifier stolen;
    struct thm_scram_keys keys = {0};
    char message[THM_SCRAM_MESSAGE];
    rig_start(&r, with_passcodes);
    add_user(&r, "u0", PASSCODE);
    verifier_of(&stolen, PASSCODE);
    keys.iterations = stolen.iterations;
    keys.salt_len = stolen.salt_len;
    memcpy(keys.salt, stolen.salt, sizeof keys.salt);
    memcpy(keys.client_key, stolen.stored_key, sizeof keys.client_key);
    memcpy(keys.server_key, stolen.server_key, sizeof keys.server_key);
    prove_until_final(&p, rig_open(&r, 0), "{'msgtype':'hello'}");
    assert_int_equal(thm_scram_client_answer(&p.scram, &keys, message), THM_SCRAM_OK);
    sayf(p.peer, "{'msgtype':'auth_request','mechanism':'SCRAM-SHA-256-PLUS','data':'%s'}",
         message);
    expect(p.peer, WRONG_1);
    rig_end(&r);
}

/* --- sessions of TLS that are resumed ---------------------------------------------------------- */

static struct peer *open_with(struct rig *r, struct thm_tls_session *session)
{
    struct peer *p = rig_dial(r, 0, NULL);

    p->session = session;
    assert_true(sim_world_run_until(r->world, rig_is_open, p, 5000));
    assert_false(p->broken);
    return p;
}

/* It is bound to the certificate that the client has once seen, whatever the server has got since. */
static void a_resumed_session_is_bound_as_well(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    struct thm_tls_session session = {0};
    uint8_t before[32];
    rig_start(&r, with_passcodes);
    add_user(&r, "u0", PASSCODE);
    prove(&p, open_with(&r, &session), PASSCODE);
    expect_granted(&p);
    assert_false(p.peer->tls.resumed);
    memcpy(before, thm_tls_server_leaf_hash(&p.peer->tls), sizeof before);
    peer_close(p.peer);
    rig_pass(&r, 100);
    prove(&p, open_with(&r, &session), PASSCODE);
    expect_granted(&p);
    assert_true(p.peer->tls.resumed);
    peer_close(p.peer);
    rig_pass(&r, 100);
    thm_server_set_credentials(r.server, credentials_of("server/renewed", THM_FOR_SERVER), NULL);
    prove(&p, open_with(&r, &session), PASSCODE);
    expect_granted(&p);
    assert_true(p.peer->tls.resumed);
    assert_memory_equal(thm_tls_server_leaf_hash(&p.peer->tls), before, sizeof before);
    prove(&p, open_with(&r, NULL), PASSCODE);
    expect_granted(&p);
    assert_memory_not_equal(thm_tls_server_leaf_hash(&p.peer->tls), before, sizeof before);
    rig_end(&r);
}

/* A proof that somebody in between was given is bound to his certificate, not to ours. */
static void a_proof_for_another_certificate_is_refused(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    char message[THM_SCRAM_MESSAGE];
    const uint8_t entropy[THM_SCRAM_ENTROPY] = "x", his[32] = "the hash of his certificate";
    rig_start(&r, with_passcodes);
    add_user(&r, "u0", PASSCODE);
    prove_hello(&p, rig_open(&r, 0), "{'msgtype':'hello'}");
    thm_scram_client_start(&p.scram, "u0", entropy, his, message);
    sayf(p.peer, "{'msgtype':'auth_request','mechanism':'SCRAM-SHA-256-PLUS','data':'%s'}",
         message);
    string_of(expect(p.peer, "{'msgtype':'auth_reply','status':'CONTINUE',*"), "data", p.data);
    thm_scram_client_challenge(&p.scram, p.data, strlen(p.data));
    prove_final(&p, PASSCODE);
    expect(p.peer, "{'msgtype':'auth_reply','status':'REFUSED','retry_after':0,'code':'passcode',"
                   "'reason':'the login is bound to another server*','data':"
                   "'e=channel-bindings-dont-match'}");
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_logs_in_as_another_user),
        cmocka_unit_test(without_the_binding_there_is_no_login),
        cmocka_unit_test(what_was_said_once_is_worth_nothing_later),
        cmocka_unit_test(a_stolen_verifier_is_no_passcode),
        cmocka_unit_test(a_resumed_session_is_bound_as_well),
        cmocka_unit_test(a_proof_for_another_certificate_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
