/*
 * Login by passcode: the client's end of SCRAM-SHA-256-PLUS in auth_request lines.
 *
 * The passcode is the application's; keys are derived from it a little in each step, whatever becomes of the connection
 * meanwhile: who types slowly types once. They serve every later login that has the same salt, until one was refused.
 *
 * A device that keeps keys in place of a passcode has them configured. They fit, or it ends: trying again with the same
 * ones would change nothing.
 */
#include "client/internal.h"

#if THM_CLIENT_PASSCODE

#include "tls/wipe.h"

enum step {
    STEP_NONE,
    STEP_FIRST, /* client-first is sent */
    STEP_ASKED, /* the application was asked */
    STEP_WAITS, /* for the keys, which are being derived */
    STEP_FINAL  /* client-final is sent */
};

static void put(struct thm_client *c, const char *data)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_AUTH_REQUEST);
    THM_SET(&m, MECHANISM, THM_SCRAM_MECHANISM);
    THM_SET(&m, DATA, data);
    thm_session_put(c, &m);
}

/* This login can't come to anything, and no other one would. */
static void give_up(struct thm_client *c, enum thm_scram why, const struct thm_msg *m)
{
    c->login.wrong = (uint8_t)why;
    thm_client_turn(c, THM_MACHINE_FINAL, THM_E_PASSCODE, m);
}

void thm_prove_start(struct thm_client *c)
{
    struct thm_client_login *l = &c->login;
    const char *user = thm_credentials_identity(c->config.credentials)->user;
    struct thm_port *port = c->config.port;
    uint8_t entropy[THM_SCRAM_ENTROPY];
    char message[THM_SCRAM_MESSAGE];

    if (l->wrong != THM_SCRAM_OK)
        l->before = l->wrong;
    l->wrong = THM_SCRAM_OK;
    if (port->ops->entropy(port, entropy, sizeof entropy) != THM_OK) {
        thm_client_fail(c, THM_E_ENTROPY, NULL);
        return;
    }
    enum thm_scram began = thm_scram_client_start(&l->scram, user, entropy,
                                                  thm_tls_server_leaf_hash(&c->tls), message);
    thm_wipe(entropy, sizeof entropy);
    if (began != THM_SCRAM_OK) {
        give_up(c, began, NULL);
        return;
    }
    l->step = STEP_FIRST;
    put(c, message);
}

void thm_prove_reset(struct thm_client *c)
{
    thm_scram_client_wipe(&c->login.scram);
    c->login.step = STEP_NONE;
}

/* --- keys ------------------------------------------------------------------------------------ */

/* False: they are another passcode's. */
static bool answer_with(struct thm_client *c, const struct thm_scram_keys *keys)
{
    struct thm_client_login *l = &c->login;
    char message[THM_SCRAM_MESSAGE];

    if (thm_scram_client_answer(&l->scram, keys, message) != THM_SCRAM_OK)
        return false;
    l->step = STEP_FINAL;
    put(c, message);
    c->busy = true;
    return true;
}

static void answer_unasked(struct thm_client *c, const struct thm_msg *m)
{
    const struct thm_scram_keys *keys = c->config.keys;

    if (keys == NULL)
        give_up(c, THM_SCRAM_NO_KEYS, m);
    else if (!answer_with(c, keys))
        give_up(c, THM_SCRAM_OTHER_KEYS, m);
}

#if THM_CLIENT_DERIVES

static void forget_keys(struct thm_client_login *l)
{
    thm_wipe(&l->keys, sizeof l->keys); /* which fit no salt then */
}

/* Answers with the keys that there are. False: they are none, or another passcode's. */
static bool answer(struct thm_client *c)
{
    return answer_with(c, &c->login.keys);
}

static void ask(struct thm_client *c)
{
    struct thm_client_login *l = &c->login;
    struct thm_client_event e = {
        .kind = THM_CLIENT_ASKED, .state = THM_CLIENT_PROVING, .proof = &l->proof};

    l->step = STEP_ASKED;
    l->proof.user = thm_credentials_identity(c->config.credentials)->user;
    l->proof.salt = l->scram.salt;
    l->proof.salt_len = l->scram.salt_len;
    l->proof.iterations = l->scram.iterations;
    l->proof.wrong = (enum thm_scram)l->before;
    c->config.on_event(c->config.ctx, &e);
}

int thm_client_passcode(struct thm_client *c, const void *passcode, size_t len)
{
    struct thm_client_login *l = &c->login;

    if (c->state != THM_CLIENT_PROVING || l->step != STEP_ASKED)
        return THM_E_STATE;
    if (passcode == NULL) {
        give_up(c, (enum thm_scram)l->before, NULL);
        return THM_OK;
    }
    forget_keys(l);
    thm_scram_keys_start(
        &l->job, &l->keys, passcode, len, l->scram.salt, l->scram.salt_len,
        l->scram.iterations); /* which are in their range: the challenge was taken */
    l->deriving = true;
    l->step = STEP_WAITS;
    return THM_OK;
}

int thm_client_keys(struct thm_client *c, const struct thm_scram_keys *keys)
{
    struct thm_client_login *l = &c->login;

    if (c->state != THM_CLIENT_PROVING || l->step != STEP_ASKED)
        return THM_E_STATE;
    l->keys = *keys;
    if (answer(c))
        return THM_OK;
    forget_keys(l);
    return THM_E_KEY;
}

bool thm_prove_runs(const struct thm_client *c)
{
    return c->login.deriving;
}

void thm_prove_run(struct thm_client *c)
{
    struct thm_client_login *l = &c->login;

    if (!l->deriving || !thm_scram_keys_step(&l->job, THM_CLIENT_ITERATIONS))
        return;
    l->deriving = false;
    if (c->state == THM_CLIENT_PROVING && l->step == STEP_WAITS && !answer(c))
        ask(c);
}

static void find_keys(struct thm_client *c, const struct thm_msg *m)
{
    if (c->config.keys != NULL)
        answer_unasked(c, m);
    else if (c->login.deriving)
        c->login.step = STEP_WAITS;
    else if (!answer(c))
        ask(c);
}

/* The keys were refused: those of a passcode are forgotten, and it is asked for anew; those that are kept stay as they
 * are. */
static bool are_refused_for_good(struct thm_client *c)
{
    forget_keys(&c->login);
    return c->config.keys != NULL;
}

#else

static void find_keys(struct thm_client *c, const struct thm_msg *m)
{
    answer_unasked(c, m);
}

static bool are_refused_for_good(struct thm_client *c)
{
    (void)c;
    return true;
}

#endif

/* --- what the server says ---------------------------------------------------------------------- */

static void on_challenge(struct thm_client *c, const struct thm_msg *m)
{
    struct thm_slice data = thm_msg_get(m, THM_KEY_DATA);
    enum thm_scram got = thm_scram_client_challenge(&c->login.scram, data.data, data.len);

    if (got != THM_SCRAM_OK)
        give_up(c, got, m);
    else
        find_keys(c, m);
}

/* Only a proof of the server's own makes GRANTED true. */
static void on_granted(struct thm_client *c, const struct thm_msg *m)
{
    struct thm_slice data = thm_msg_get(m, THM_KEY_DATA);
    enum thm_scram got = thm_scram_client_verify(&c->login.scram, data.data, data.len);

    if (got != THM_SCRAM_OK) {
        give_up(c, got == THM_SCRAM_STATE ? THM_SCRAM_SERVER : got, m);
        return;
    }
    c->login.before = THM_SCRAM_OK;
    c->login.step = STEP_NONE;
    thm_session_granted(c, m);
}

static void on_refused(struct thm_client *c, const struct thm_msg *m)
{
    struct thm_client_login *l = &c->login;
    struct thm_slice data = thm_msg_get(m, THM_KEY_DATA);
    bool final = !thm_msg_has(m, THM_KEY_RETRY_AFTER);

    if (l->step == STEP_FINAL &&
        thm_scram_client_verify(&l->scram, data.data, data.len) == THM_SCRAM_REFUSED) {
        l->wrong = l->scram.refusal;
        if (are_refused_for_good(c)) {
            final = true;
            if (l->wrong == THM_SCRAM_PROOF) /* which nobody has typed */
                l->wrong = THM_SCRAM_OTHER_KEYS;
        }
    }
    thm_session_heed(c, m);
    thm_client_turn(c, final ? THM_MACHINE_FINAL : THM_MACHINE_FAILED,
                    thm_msg_code(m, THM_E_NOT_ALLOWED), m);
}

void thm_prove_reply(struct thm_client *c, const struct thm_msg *m)
{
    if (thm_msg_is(m, THM_KEY_STATUS, "GRANTED"))
        on_granted(c, m);
    else if (thm_msg_is(m, THM_KEY_STATUS, "REFUSED"))
        on_refused(c, m);
    else
        on_challenge(c, m);
}

#endif
