/* Getting in by passcode: the exchange, each way in which it fails, and what that costs whoever guesses. */
#include "server/prover.h"

#include <stdio.h>
#include <string.h>

#include "server/host.h"

#define WRONG_1                                                                                    \
    "{'msgtype':'auth_reply','status':'REFUSED','retry_after':0,'code':'passcode',"                \
    "'reason':'the passcode is wrong','data':'e=invalid-proof'}"
#define WRONG_2                                                                                    \
    "{'msgtype':'auth_reply','status':'REFUSED','retry_after':1,'code':'passcode',"                \
    "'reason':'the passcode is wrong','data':'e=invalid-proof'}"
#define EARLY                                                                                      \
    "{'msgtype':'auth_reply','status':'REFUSED','retry_after':*,'code':'passcode','reason':'too "  \
    "many*'}"

/* --- the right one --------------------------------------------------------------------------- */

static void a_passcode_lets_in(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    rig_start(&r, with_passcodes);
    r.watched = "login";
    add_user(&r, "u0", PASSCODE);
    prove_until_final(&p, rig_open(&r, 0),
                      "{'msgtype':'hello','alias':'Zoe','credit':65536,'agent':'tests'}");
    assert_int_equal(rig_stats(&r).sessions, 0);
    assert_int_equal(rig_stats(&r).logins_used, 1);
    assert_int_equal(r.logged, 0);
    prove_final(&p, PASSCODE);
    string_of(expect(p.peer, "{'msgtype':'auth_reply','status':'GRANTED','time':*,'userid':'u0',"
                             "'device':'default','alias':'Zoe','credit':65536,*'data':'v=*'}"),
              "data", p.data);
    assert_int_equal(thm_scram_client_verify(&p.scram, p.data, strlen(p.data)), THM_SCRAM_OK);
    expect(p.peer, "{'msgtype':'joined','room':'@u0',*");
    expect(p.peer, "{'msgtype':'joined','room':'#lobby',*");
    assert_int_equal(rig_stats(&r).logins_used, 0);
    assert_int_equal(r.logged, 1);
    say(p.peer, "{'msgtype':'say','text':'here I am','csn':1}");
    expect(p.peer, "{'msgtype':'accepted',*");
    rig_end(&r);
}

static void an_auth_request_begins_it_too(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    rig_start(&r, with_passcodes);
    add_user(&r, "u0", PASSCODE);
    prove_until_final(&p, rig_open(&r, 0), "{'msgtype':'auth_request','userid':'u0'}");
    prove_final(&p, PASSCODE);
    expect_granted(&p);
    rig_end(&r);
}

static void a_user_may_have_a_policy_of_his_own(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    rig_start(&r, with_passcodes);
    assert_int_equal(
        admin(&r, THM_ADMIN_USER_ADD, "u0", THM_ADMIN_AUTH, THM_AUTH_CERTIFICATE, false, NULL),
        THM_OK);
    rig_plain(&r, 0);
    rig_end(&r);
    rig_start(&r, with_records);
    assert_int_equal(admin(&r, THM_ADMIN_USER_ADD, "u1", THM_ADMIN_AUTH | THM_ADMIN_VERIFIER,
                           THM_AUTH_PASSCODE, false, PASSCODE),
                     THM_OK);
    rig_plain(&r, 0);
    prove(&p, rig_open(&r, 1), PASSCODE);
    expect_granted(&p);
    rig_end(&r);
}

/* --- what is said out of turn ---------------------------------------------------------------- */

static void only_little_is_said_while_it_is_proven(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    rig_start(&r, with_passcodes);
    struct peer *u0 = rig_open(&r, 0);
    prove_hello(&p, u0, "{'msgtype':'hello'}");
    say(u0, "{'msgtype':'say','text':'x'}");
    expect(u0, "{'msgtype':'error','code':'not-granted','in':'say','reason':'*'}");
    say(u0, "{'msgtype':'hello'}");
    expect(u0, "{'msgtype':'error','code':'state','in':'hello','reason':'*'}");
    say(u0, "{'msgtype':'lookup_request','lookup':'u0'}");
    expect(u0, "{'msgtype':'lookup_reply','status':'NOTFOUND',*");
    say(u0, "{'msgtype':'auth_request','data':'x'}");
    expect(u0, "{'msgtype':'error','code':'key-missing','key':'mechanism','in':'auth_request',*");
    say(u0, "{'msgtype':'auth_request','mechanism':'PLAIN','data':'x'}");
    expect(u0, "{'msgtype':'error','code':'key-range','key':'mechanism','in':'auth_request',*");
    say(u0, "{'msgtype':'auth_request','mechanism':'SCRAM-SHA-256','data':'x'}");
    expect(u0, "{'msgtype':'error','code':'key-range','key':'mechanism','in':'auth_request',*");
    say(u0, "{'msgtype':'auth_request','mechanism':'SCRAM-SHA-256-PLUS'}");
    expect(u0, "{'msgtype':'error','code':'key-missing','key':'data','in':'auth_request',*");
    say(u0, "{'msgtype':'quit'}");
    expect(u0, "{'msgtype':'goodbye','reason':'bye'}");
    expect_end(u0, 1000);
    rig_end(&r);
}

/* Section 8 of the design: nobody gets used to sending it. */
static void a_passcode_is_never_taken(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    rig_start(&r, with_passcodes);
    r.watched = "bad-line";
    struct peer *u0 = rig_open(&r, 0);
    const char *refusal = "{'msgtype':'error','code':'not-allowed','key':'passcode','reason':"
                          "'a passcode is never sent*'}";
    say(u0, "{'msgtype':'hello','passcode':'secret'}");
    expect(u0, refusal);
    say(u0,
        "{'msgtype':'auth_request','userid':'u0','passcode' \t:\t'5ebe2294ecd0e0f08eab7690d2'}");
    expect(u0, refusal);
    assert_int_equal(r.logged, 2);
    say(u0, "{'msgtype':'quit-not','x':{'passcode':1}}");
    expect(u0, refusal);
    prove_hello(&p, u0, "{'msgtype':'hello','agent':'passcode','a\\'passcode':1}");
    say(u0, "{'passcode':'secret','msgtype':'auth_request'}");
    expect(u0, refusal);
    rig_end(&r);
}

/* --- the wrong one --------------------------------------------------------------------------- */

static void a_wrong_one_is_refused_and_waits_grow(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    rig_start(&r, with_passcodes);
    r.watched = "refused";
    add_user(&r, "u1", PASSCODE);
    prove(&p, rig_open(&r, 1), "wrong horse");
    expect(p.peer, WRONG_1);
    assert_int_equal(thm_scram_client_verify(&p.scram, "e=invalid-proof", 15), THM_SCRAM_REFUSED);
    expect_end(p.peer, 1000);
    assert_int_equal(r.logged, 1);
    assert_int_equal(r.logged_code, THM_E_PASSCODE);
    assert_string_equal(r.logged_detail, "invalid-proof");
    prove(&p, rig_open(&r, 1), "wrong horse");
    expect(p.peer, WRONG_2);
    prove_hello(&p, rig_open(&r, 1), "{'msgtype':'hello'}"); /* too early */
    prove_first(&p, "u1");
    expect(p.peer, EARLY);
    expect_end(p.peer, 1000);
    assert_string_equal(r.logged_detail, "too-early");
    assert_int_equal(rig_stats(&r).passcodes_failed, 2);
    /* the phone is another device */
    prove(&p, rig_open(&r, U1_PHONE), PASSCODE);
    expect_granted(&p);
    rig_pass(&r, 1000);
    prove(&p, rig_open(&r, 1), PASSCODE);
    expect_granted(&p);
    peer_close(p.peer);
    rig_pass(&r, 100);
    prove(&p, rig_open(&r, 1), "wrong horse"); /* forgotten: the first one is free again */
    expect(p.peer, WRONG_1);
    rig_end(&r);
}

static void twenty_wrong_ones_suspend_a_device(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    rig_start(&r, with_passcodes);
    add_user(&r, "u1", PASSCODE);
    for (unsigned i = 0; i < THM_ATTEMPTS_SUSPEND - 1; i++) {
        prove(&p, rig_open(&r, 1), "wrong horse");
        expect(p.peer, "{'msgtype':'auth_reply','status':'REFUSED','retry_after':*");
        expect_end(p.peer, 1000);
        rig_pass(&r, THM_ATTEMPTS_WAIT_MAX_MS);
    }
    prove(&p, rig_open(&r, 1), "wrong horse");
    expect(p.peer, "{'msgtype':'auth_reply','status':'REFUSED','code':'passcode',*'data':'e=*'}");
    rig_pass(&r, THM_ATTEMPTS_WAIT_MAX_MS);
    prove_hello(&p, rig_open(&r, 1), "{'msgtype':'hello'}");
    prove_first(&p, "u1");
    expect(p.peer, "{'msgtype':'auth_reply','status':'REFUSED','code':'passcode','reason':"
                   "'too many wrong passcodes on this device*'}");
    /* the operator resumes */
    assert_int_equal(
        admin(&r, THM_ADMIN_USER_SET, "u1", THM_ADMIN_SUSPENDED, THM_AUTH_DEFAULT, false, NULL),
        THM_OK);
    prove(&p, rig_open(&r, 1), PASSCODE);
    expect_granted(&p);
    rig_end(&r);
}

/* One who begins many logins has no more guesses, and leaves the others their places. */
static void a_device_proves_once_at_a_time(void **state)
{
    (void)state;
    struct rig r;
    struct prover p[4];
    rig_start(&r, with_passcodes);
    add_user(&r, "u1", PASSCODE);
    for (unsigned i = 0; i < 4; i++) {
        prove_until_final(&p[i], rig_open(&r, 1), "{'msgtype':'hello'}");
        if (i == 0)
            continue;
        expect(p[i - 1].peer, "{'msgtype':'auth_reply','status':'REFUSED','code':'replaced',*");
        expect_end(p[i - 1].peer, 1000);
        assert_int_equal(rig_stats(&r).logins_used, 1);
    }
    prove_final(&p[3], "wrong horse");
    expect(p[3].peer, WRONG_1);
    assert_int_equal(rig_stats(&r).passcodes_failed, 1);
    rig_end(&r);
}

/* --- those who are not there ------------------------------------------------------------------ */

/* The challenge, and the answer to a proof, of a login of u0's. */
static void look(struct rig *r, const char *passcode, char challenge[256], char answer[512])
{
    struct prover p;

    prove(&p, rig_open(r, 0), passcode);
    snprintf(challenge, 256, "%s", strstr(p.data, ",s="));
    snprintf(answer, 512, "%s", next_line(p.peer));
}

static void a_user_without_a_passcode_looks_like_any_other(void **state)
{
    (void)state;
    struct rig r;
    char known[256], unknown[256], again[256], renewed[256], wrong[512], none[512];
    rig_start(&r, with_passcodes);
    add_user(&r, "u0", PASSCODE);
    look(&r, "wrong horse", known, wrong);
    rig_end(&r);
    rig_start(&r, with_passcodes); /* no account */
    look(&r, PASSCODE, unknown, none);
    assert_string_equal(none, wrong);
    assert_int_equal(strlen(unknown), strlen(known)); /* as long a salt, as many iterations */
    rig_pass(&r, 100);
    look(&r, PASSCODE, again, none);
    assert_string_equal(again, unknown); /* the salt of nobody stays the same, */
    /* also of an account without a passcode, */
    assert_int_equal(admin(&r, THM_ADMIN_USER_ADD, "u0", 0, THM_AUTH_DEFAULT, false, NULL), THM_OK);
    rig_pass(&r, 2000);
    look(&r, PASSCODE, again, none);
    assert_string_equal(again, unknown);
    /* and over a restart of the server */
    rig_restart(&r);
    look(&r, PASSCODE, renewed, none);
    assert_string_equal(renewed, unknown);
    rig_end(&r);
}

static void suspended_ones_are_told_so(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    rig_start(&r, with_passcodes);
    r.watched = "refused";
    add_user(&r, "u0", PASSCODE);
    assert_int_equal(
        admin(&r, THM_ADMIN_USER_SET, "u0", THM_ADMIN_SUSPENDED, THM_AUTH_DEFAULT, true, NULL),
        THM_OK);
    struct peer *u0 = rig_open(&r, 0);
    say(u0, "{'msgtype':'hello'}");
    expect(u0, "{'msgtype':'auth_reply','status':'REFUSED','code':'suspended','reason':"
               "'the account is suspended: ask whoever runs the server'}");
    expect_end(u0, 1000);
    assert_int_equal(r.logged, 1);
    assert_int_equal(r.logged_code, THM_E_SUSPENDED);
    assert_int_equal(
        admin(&r, THM_ADMIN_USER_SET, "u0", THM_ADMIN_SUSPENDED, THM_AUTH_DEFAULT, false, NULL),
        THM_OK);
    prove(&p, rig_open(&r, 0), PASSCODE);
    expect_granted(&p);
    rig_end(&r);
}

static void suspending_ends_sessions_and_logins(void **state)
{
    (void)state;
    struct rig r;
    struct prover in, on_its_way, other;
    const char *goodbye = "{'msgtype':'goodbye','code':'suspended','reason':'*'}";
    rig_start(&r, with_passcodes);
    add_user(&r, "u1", PASSCODE);
    add_user(&r, "u0", PASSCODE);
    prove(&other, rig_open(&r, 0), PASSCODE);
    expect_granted(&other);
    prove(&in, rig_open(&r, 1), PASSCODE);
    expect_granted(&in);
    prove_until_final(&on_its_way, rig_open(&r, U1_PHONE), "{'msgtype':'hello'}");
    assert_int_equal(
        admin(&r, THM_ADMIN_USER_SET, "u1", THM_ADMIN_SUSPENDED, THM_AUTH_DEFAULT, true, NULL),
        THM_OK);
    prove_final(&on_its_way, PASSCODE);
    expect(in.peer, goodbye);
    expect(on_its_way.peer, goodbye);
    expect_end(in.peer, 1000);
    expect_end(on_its_way.peer, 1000);
    expect_nothing(other.peer);
    rig_end(&r);
}

/* A passcode that was changed because somebody had seen it is worth nothing from then on. */
static void a_login_that_began_before_a_change_is_begun_anew(void **state)
{
    (void)state;
    struct rig r;
    struct prover p, other;
    rig_start(&r, with_passcodes);
    add_user(&r, "u0", PASSCODE);
    add_user(&r, "u1", PASSCODE);
    prove_until_final(&p, rig_open(&r, 0), "{'msgtype':'hello'}");
    prove_until_final(&other, rig_open(&r, 1), "{'msgtype':'hello'}");
    assert_int_equal(admin(&r, THM_ADMIN_USER_SET, "u0", THM_ADMIN_VERIFIER, THM_AUTH_DEFAULT,
                           false, "another horse"),
                     THM_OK);
    prove_final(&p, PASSCODE);
    expect(p.peer, "{'msgtype':'goodbye','retry_after':1,'code':'state','reason':"
                   "'the account was changed: log in again'}");
    prove_final(&other, PASSCODE);
    expect_granted(&other);
    prove(&p, rig_open(&r, 0), PASSCODE);
    expect(p.peer, WRONG_1);
    prove(&p, rig_open(&r, 0), "another horse");
    expect_granted(&p);
    rig_end(&r);
}

/* --- limits ----------------------------------------------------------------------------------- */

static void it_has_two_minutes(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    rig_start(&r, with_passcodes);
    add_user(&r, "u0", PASSCODE);
    prove_until_final(&p, rig_open(&r, 0), "{'msgtype':'hello'}");
    rig_pass(&r, THM_PROOF_MS - 1000);
    assert_false(p.peer->broken);
    rig_pass(&r, 2000);
    expect(p.peer, "{'msgtype':'goodbye','code':'timeout','reason':'*'}");
    expect_end(p.peer, 1000);
    assert_int_equal(rig_stats(&r).logins_used, 0);
    rig_end(&r);
}

static void two_logins(struct rig *r)
{
    with_passcodes(r);
    r->config.logins = 2;
}

static void only_so_many_at_a_time(void **state)
{
    (void)state;
    struct rig r;
    struct prover p[2];
    rig_start(&r, two_logins);
    add_user(&r, "u0", PASSCODE);
    for (unsigned i = 0; i < 2; i++)
        prove_hello(&p[i], rig_open(&r, i), "{'msgtype':'hello'}");
    struct peer *u2 = rig_open(&r, 2);
    say(u2, "{'msgtype':'hello'}");
    expect(u2, "{'msgtype':'auth_reply','status':'REFUSED','retry_after':5,'code':'full',*");
    expect_end(u2, 1000);
    peer_abort(p[1].peer);
    rig_pass(&r, 100);
    prove_hello(&p[1], rig_open(&r, 2), "{'msgtype':'hello'}");
    rig_end(&r);
}

static void two_per_address(struct rig *r)
{
    with_passcodes(r);
    r->config.max_per_address = 2;
}

static void only_so_many_from_an_address(void **state)
{
    (void)state;
    struct rig r;
    struct prover p[2];
    rig_start(&r, two_per_address);
    prove_hello(&p[0], rig_open(&r, 0), "{'msgtype':'hello'}");
    for (unsigned i = 1; i < 3; i++) {
        struct peer *next = rig_dial(&r, i, p[0].peer);
        assert_true(sim_world_run_until(r.world, rig_is_open, next, 5000));
        if (i < 2) {
            prove_hello(&p[1], next, "{'msgtype':'hello'}");
            continue;
        }
        say(next, "{'msgtype':'hello'}");
        expect(next, "{'msgtype':'auth_reply','status':'REFUSED','retry_after':5,'code':'full',*");
    }
    prove_hello(&p[1], rig_open(&r, 3), "{'msgtype':'hello'}");
    rig_end(&r);
}

/* --- a store with trouble ----------------------------------------------------------------------- */

static void a_store_in_trouble_is_no_refusal_for_good(void **state)
{
    (void)state;
    struct rig r;
    struct prover p;
    const char *later = "{'msgtype':'auth_reply','status':'REFUSED','retry_after':5,'code':'store',"
                        "'reason':'*'}";
    rig_start(&r, with_passcodes);
    add_user(&r, "u0", PASSCODE);
    for (unsigned i = 0; i < 3;
         i++) { /* reading the account, reading the secret, keeping the secret */
        struct peer *u = rig_open(&r, i);
        r.store.late = true;
        r.store.fail = i == 0;
        say(u, "{'msgtype':'hello'}");
        rig_pass(&r, 50);
        for (unsigned k = 1; k <= i; k++) {
            r.store.fail = k == i;
            r.store.pass = 1;
            rig_poke(&r);
            rig_pass(&r, 50);
        }
        rig_store_on_time(&r);
        expect(u, later);
        assert_int_equal(r.store.fail, 0);
    }
    struct peer *u2 = rig_open(&r, 2);
    r.store.busy = true;
    say(u2, "{'msgtype':'hello'}");
    expect(u2, later);
    r.store.busy = false;
    unsigned puts = r.store.puts;
    prove(&p, rig_open(&r, 0), PASSCODE);
    expect_granted(&p);
    assert_int_equal(r.store.puts,
                     puts + 2); /* the secret is kept after all, and the login noted */
    rig_end(&r);
}

/* Who was told goodbye while the store was asked hears nothing more. */
static void a_goodbye_is_the_last_word(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    struct peer *u0 = rig_open(&r, 0);
    r.store.late = true;
    say(u0, "{'msgtype':'hello'}");
    rig_pass(&r, 50);
    thm_server_shutdown(r.server);
    rig_store_on_time(&r);
    expect(u0, "{'msgtype':'goodbye','retry_after':1,'code':'shutdown','reason':'*'}");
    expect_end(u0, 1000);
    assert_int_equal(u0->next, u0->count);
    assert_int_equal(rig_stats(&r).logins, 0);
    rig_end(&r);
}

static void a_late_store_is_waited_for(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_passcodes);
    add_user(&r, "u0", PASSCODE);
    struct peer *u0 = rig_open(&r, 0), *u1 = rig_open(&r, 1), *u2 = rig_open(&r, 2);
    r.store.late = true;
    say(u0, "{'msgtype':'hello'}");
    say(u0, "{'msgtype':'list'}"); /* is not looked at before */
    say(u1, "{'msgtype':'hello'}");
    say(u2, "{'msgtype':'hello'}");
    expect_nothing(u0);
    peer_abort(u1); /* goes while it is asked for */
    rig_pass(&r, THM_LOGIN_MS - 1000);
    rig_store_on_time(&r);
    expect(u0, "{'msgtype':'auth_reply','status':'CONTINUE',*");
    expect(u0, "{'msgtype':'error','code':'not-granted','in':'list','reason':'*'}");
    expect(u2, "{'msgtype':'auth_reply','status':'CONTINUE',*");
    r.store.late = true;
    struct peer *u3 = rig_open(&r, 3);
    say(u3, "{'msgtype':'hello'}");
    rig_pass(&r, THM_LOGIN_MS + 1000);
    expect(u3, "{'msgtype':'goodbye','code':'timeout','reason':'*'}");
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_passcode_lets_in),
        cmocka_unit_test(an_auth_request_begins_it_too),
        cmocka_unit_test(a_user_may_have_a_policy_of_his_own),
        cmocka_unit_test(only_little_is_said_while_it_is_proven),
        cmocka_unit_test(a_passcode_is_never_taken),
        cmocka_unit_test(a_wrong_one_is_refused_and_waits_grow),
        cmocka_unit_test(twenty_wrong_ones_suspend_a_device),
        cmocka_unit_test(a_device_proves_once_at_a_time),
        cmocka_unit_test(a_user_without_a_passcode_looks_like_any_other),
        cmocka_unit_test(suspended_ones_are_told_so),
        cmocka_unit_test(suspending_ends_sessions_and_logins),
        cmocka_unit_test(a_login_that_began_before_a_change_is_begun_anew),
        cmocka_unit_test(it_has_two_minutes),
        cmocka_unit_test(only_so_many_at_a_time),
        cmocka_unit_test(only_so_many_from_an_address),
        cmocka_unit_test(a_store_in_trouble_is_no_refusal_for_good),
        cmocka_unit_test(a_goodbye_is_the_last_word),
        cmocka_unit_test(a_late_store_is_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
