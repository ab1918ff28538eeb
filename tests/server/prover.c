#include "server/prover.h"

#include <stdio.h>
#include <string.h>

#include "server/host.h"

void with_records(struct rig *r)
{
    r->store_config.records = 64;
}

void with_passcodes(struct rig *r)
{
    with_records(r);
    r->config.auth = THM_AUTH_PASSCODE;
}

/* --- the operator --------------------------------------------------------------------------- */

struct asked {
    bool done;
    int result;
};

static void on_done(struct thm_admin_request *request, int result)
{
    struct asked *a = request->owner;

    a->done = true;
    a->result = result;
}

static bool is_done(void *ctx)
{
    return ((const struct asked *)ctx)->done;
}

void verifier_of(struct thm_scram_verifier *v, const char *passcode)
{
    static const uint8_t salt[THM_SCRAM_SALT] = "sixteen bytes..";

    assert_int_equal(thm_scram_verifier_make(v, passcode, strlen(passcode), salt, sizeof salt,
                                             THM_SCRAM_ITERATIONS_MIN),
                     THM_SCRAM_OK);
}

int admin(struct rig *r, enum thm_admin_op op, const char *user, unsigned set,
          enum thm_auth_policy auth, bool suspended, const char *passcode)
{
    struct asked a = {0};
    struct thm_admin_request request = {
        .op = op, .set = set, .auth = auth, .suspended = suspended, .done = on_done, .owner = &a};
    static const struct thm_scram_verifier nothing;

    snprintf(request.user, sizeof request.user, "%s", user);
    if (passcode != NULL)
        verifier_of(&request.verifier, passcode);
    assert_int_equal(thm_server_admin(r->server, &request), THM_OK);
    rig_poke(r);
    assert_true(sim_world_run_until(r->world, is_done, &a, 5000));
    assert_memory_equal(&request.verifier, &nothing, sizeof nothing); /* wiped */
    return a.result;
}

void add_user(struct rig *r, const char *user, const char *passcode)
{
    assert_int_equal(
        admin(r, THM_ADMIN_USER_ADD, user, THM_ADMIN_VERIFIER, THM_AUTH_DEFAULT, false, passcode),
        THM_OK);
}

/* --- the exchange --------------------------------------------------------------------------- */

void prove_hello(struct prover *p, struct peer *peer, const char *hello)
{
    memset(p, 0, sizeof *p);
    p->peer = peer;
    say(peer, hello);
    expect(peer, "{'msgtype':'auth_reply','status':'CONTINUE','mechanism':'SCRAM-SHA-256-PLUS'}");
}

void prove_first(struct prover *p, const char *user)
{
    static uint8_t entropy[THM_SCRAM_ENTROPY];
    char message[THM_SCRAM_MESSAGE];

    entropy[0]++;
    assert_int_equal(thm_scram_client_start(&p->scram, user, entropy,
                                            thm_tls_server_leaf_hash(&p->peer->tls), message),
                     THM_SCRAM_OK);
    sayf(p->peer, "{'msgtype':'auth_request','mechanism':'SCRAM-SHA-256-PLUS','data':'%s'}",
         message);
}

static void take_challenge(struct prover *p)
{
    string_of(expect(p->peer, "{'msgtype':'auth_reply','status':'CONTINUE','mechanism':"
                              "'SCRAM-SHA-256-PLUS','data':'r=*,s=*,i=4096'}"),
              "data", p->data);
    assert_int_equal(thm_scram_client_challenge(&p->scram, p->data, strlen(p->data)), THM_SCRAM_OK);
}

void prove_final(struct prover *p, const char *passcode)
{
    struct thm_scram_job job;
    struct thm_scram_keys keys;
    char message[THM_SCRAM_MESSAGE];

    assert_int_equal(thm_scram_keys_start(&job, &keys, passcode, strlen(passcode), p->scram.salt,
                                          p->scram.salt_len, p->scram.iterations),
                     THM_SCRAM_OK);
    assert_true(thm_scram_keys_step(&job, p->scram.iterations));
    assert_int_equal(thm_scram_client_answer(&p->scram, &keys, message), THM_SCRAM_OK);
    sayf(p->peer, "{'msgtype':'auth_request','mechanism':'SCRAM-SHA-256-PLUS','data':'%s'}",
         message);
}

void prove_until_final(struct prover *p, struct peer *peer, const char *hello)
{
    prove_hello(p, peer, hello);
    char user[33];
    snprintf(user, sizeof user, "%s", thm_credentials_identity(peer->credentials)->user);
    prove_first(p, user);
    take_challenge(p);
}

void prove(struct prover *p, struct peer *peer, const char *passcode)
{
    prove_until_final(p, peer, "{'msgtype':'hello','resume':true}");
    prove_final(p, passcode);
}

void expect_granted(struct prover *p)
{
    string_of(expect(p->peer, "{'msgtype':'auth_reply','status':'GRANTED',*'data':'v=*'}"), "data",
              p->data);
    assert_int_equal(thm_scram_client_verify(&p->scram, p->data, strlen(p->data)), THM_SCRAM_OK);
}
