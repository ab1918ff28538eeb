/* Getting in, and being gone. */
#include "server/internal.h"

#include <string.h>

#include "tls/wipe.h"

/* What a client is told to wait while the store has trouble, seconds. */
#define STORE_RETRY_S 5

/* Whether a session may send requests of a type. */
static bool takes(const struct thm_server_config *config, enum thm_type type)
{
    if (type == THM_MSG_HELLO || type == THM_MSG_AUTH_REQUEST)
        return false;
    if (type == THM_MSG_ENROLL_REQUEST)
        return config->sign != NULL;
#if THM_CALLS > 0
    if (type == THM_MSG_REGISTER)
        return config->callables > 0;
    if (type == THM_MSG_RELAY)
        return config->callables > 0 && config->relays > 0;
#endif
    return (thm_type_flags(type) & THM_FROM_CLIENT) != 0;
}

/* The requests that a session may send, for auth_reply. */
static size_t command_words(const struct thm_server_config *config, char *buf, size_t cap)
{
    struct thm_text t;

    thm_text_init(&t, buf, cap);
    for (unsigned type = 1; type < THM_TYPES_END; type++) {
        if (!takes(config, (enum thm_type)type))
            continue;
        if (t.len > 0)
            thm_text_char(&t, ' ');
        thm_text_str(&t, thm_type_word((enum thm_type)type));
    }
    return t.len;
}

void thm_login_refuse(struct thm_server *s, struct connection *c, int code, const char *reason,
                      const char *data, int64_t retry_s)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_AUTH_REPLY);
    THM_SET(&m, STATUS, "REFUSED");
    THM_SET(&m, CODE, thm_error_word(code));
    THM_SET(&m, REASON, reason != NULL ? reason : thm_error_text(code));
    if (data != NULL)
        THM_SET(&m, DATA, data);
    if (retry_s >= 0)
        thm_msg_num(&m, THM_KEY_RETRY_AFTER, (uint64_t)retry_s);
    thm_output_last(s, c, &m);
    s->stats.refused++;
    thm_conn_end(s, c, code);
}

/* The same device is here already: the newer session wins, and the older one is told so. */
static void replace(struct thm_server *s, struct connection *older, const struct connection *c)
{
    char address[THM_ADDRESS_TEXT_MAX];
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_REPLACED);
    THM_SET(&m, REASON, thm_error_text(THM_E_REPLACED));
    thm_address_text(&c->address, address);
    THM_SET(&m, ADDRESS, address);
    thm_output_last(s, older, &m);
    thm_conn_end(s, older, THM_E_REPLACED);
}

static void take_hello(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    c->client = thm_msg_get_num(m, THM_KEY_CLIENT, thm_server_random(s));
    c->polite = thm_msg_has(m, THM_KEY_CREDIT);
    uint64_t credit = thm_msg_get_num(m, THM_KEY_CREDIT, THM_CREDIT_DEFAULT);
    c->credit = (uint32_t)(credit < THM_CREDIT_MAX ? credit : THM_CREDIT_MAX);
    c->max_message = thm_msg_get_num(m, THM_KEY_MAX_MESSAGE, THM_TEXT_MAX);
    c->resumes = thm_msg_get_num(m, THM_KEY_RESUME, 0) != 0;
    c->receipts = thm_msg_get_num(m, THM_KEY_RECEIPTS, 0) != 0;
    thm_slice_copy(c->agent, sizeof c->agent, thm_msg_get(m, THM_KEY_AGENT));
}

static void say_granted(struct thm_server *s, struct connection *c, const char *proof)
{
    char words[601];
    const struct user *u = user_at(s, c->user);
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_AUTH_REPLY);
    THM_SET(&m, STATUS, "GRANTED");
    THM_SET(&m, USERID, u->id);
    THM_SET(&m, DEVICE, c->tls.peer.device);
    THM_SET(&m, ALIAS, u->alias);
    THM_SET(&m, SERVER, s->config.name);
    thm_msg_num(&m, THM_KEY_TIME, s->utc_ms);
    thm_msg_num(&m, THM_KEY_CREDIT, c->credit);
    thm_msg_num(&m, THM_KEY_MAX_MESSAGE, (uint64_t)THM_PARTS_MAX * THM_TEXT_MAX);
    thm_msg_str(&m, THM_KEY_COMMANDS, words, command_words(&s->config, words, sizeof words));
    if (proof != NULL)
        THM_SET(&m, DATA, proof);
    thm_output_msg(s, c, &m);
    c->sent = 0; /* what follows counts against the credit */
}

/* The user stays online while one session of his replaces another: he keeps alias and absence. */
static void begin_session(struct thm_server *s, struct connection *c, uint32_t user)
{
    struct connection *older =
        thm_user_session(s, user, c->tls.peer.device, strlen(c->tls.peer.device));

    thm_user_add_session(s, user, c);
    s->sessions++;
    s->stats.logins++;
    if (older != NULL)
        replace(s, older, c);
}

bool thm_login_grant(struct thm_server *s, struct connection *c, struct thm_slice alias,
                     const char *proof)
{
    uint32_t user = thm_conn_too_many(s, c) ? 0 : thm_user_need(s, c->tls.peer.user);
    int code = THM_OK;

    if (user == 0) {
        thm_conn_full(s, c);
        return false;
    }
    c->since = s->utc_ms;
    c->auto_join = c->resumes ? 0 : 2;
    begin_session(s, c, user);
    if (c->namesake)
        code = THM_E_ALIAS_TAKEN;
    else if (alias.len > 0)
        code = thm_user_set_alias(s, c, alias);
    c->state = (uint8_t)thm_conn_next((enum thm_conn_state)c->state, CONN_GRANTED);
    thm_conn_deadline(s, c, DEADLINE_IDLE);
    say_granted(s, c, proof);
    if (code != THM_OK) {
        struct thm_msg hello;
        thm_msg_init(&hello, THM_MSG_HELLO);
        thm_input_error(s, c, &hello, code, "alias");
    }
    thm_log_event(s, THM_LOG_INFO, "login", c, THM_OK, c->agent);
    thm_conn_look(s, c, LOOK_READ | LOOK_WRITE);
    if (c->auto_join != 0)
        thm_join_auto(s, c);
    return true;
}

/* --- what the account says ------------------------------------------------------------------- */

/* Hands a request about a record to the store. The value comes into, or from, the job's first line. */
static void submit(struct thm_server *s, struct job *j, enum job_step step, uint8_t kind,
                   const char *key, size_t value_len)
{
    bool put = step == JOB_PUT_ACCOUNT || step == JOB_PUT_SECRET;

    j->step = (uint8_t)step;
    j->request.op = put ? THM_STORE_PUT : THM_STORE_GET;
    j->request.record = (struct thm_store_record){.kind = kind,
                                                  .key = key,
                                                  .key_len = (uint8_t)strlen(key),
                                                  .value = j->line[0],
                                                  .value_len = (uint16_t)value_len};
    j->request.buf = j->line[0];
    j->request.cap = sizeof j->line[0];
    thm_job_submit(s, j);
}

void thm_login_note(struct thm_server *s, struct job *j, const struct thm_fields *record)
{
    memcpy(j->line[0], record->text, record->len);
    submit(s, j, JOB_PUT_ACCOUNT, THM_KIND_USER_RECORD, j->from, record->len);
}

static void done(struct thm_server *s, struct job *j)
{
    thm_wipe(j->line[0], sizeof j->line[0]);
    thm_job_give(s, j);
}

/* The connection whose login a job is for, if it still waits. */
static struct connection *waits_for(struct thm_server *s, const struct job *j)
{
    struct connection *c = thm_conn_if(s, j->connection, j->serial);

    return c != NULL && c->state == CONN_LOGIN ? c : NULL;
}

/* By certificate alone: whoever has one gets an account. */
static void admit(struct thm_server *s, struct connection *c, struct job *j,
                  struct account *account, struct thm_fields *record)
{
    bool changed = thm_account_seen(account, s->utc_ms) && thm_account_write(account, record);

    j->waited_for = false;
    c->jobs--;
    if (thm_login_grant(s, c, thm_slice_of(j->alias), NULL) && changed &&
        j->epoch == s->account_epoch)
        thm_login_note(s, j, record);
    else
        done(s, j);
}

static void got_account(struct thm_server *s, struct connection *c, struct job *j)
{
    struct thm_fields record = {.len = (uint16_t)j->request.len};
    struct account account;

    memcpy(record.text, j->line[0], record.len);
    bool readable = thm_account_read(&account, &record);
    enum thm_auth_policy policy = account.auth != THM_AUTH_DEFAULT ? account.auth : s->config.auth;
    if (!readable) {
        thm_log_event(s, THM_LOG_ERROR, "account-damaged", c, THM_E_STORE, NULL);
        thm_login_refuse(s, c, THM_E_STORE,
                         "the account can't be read: ask whoever runs the server", NULL, -1);
    } else if (account.suspended) {
        thm_log_event(s, THM_LOG_WARNING, "refused", c, THM_E_SUSPENDED, NULL);
        thm_login_refuse(s, c, THM_E_SUSPENDED, NULL, NULL, -1);
    } else if (policy == THM_AUTH_PASSCODE && !s->unknown_kept) {
        /* the account is asked for again afterwards: it may have changed meanwhile */
        submit(s, j, JOB_GET_SECRET, THM_KIND_SERVER_RECORD, THM_UNKNOWN_RECORD, 0);
        j = NULL;
    } else if (policy == THM_AUTH_PASSCODE) {
        thm_proof_ask(s, c, j, &account, &record);
    } else {
        admit(s, c, j, &account, &record);
        j = NULL;
    }
    thm_wipe(&account, sizeof account);
    thm_wipe(&record, sizeof record);
    if (j != NULL)
        done(s, j);
}

static void get_account(struct thm_server *s, struct job *j)
{
    j->epoch = s->account_epoch;
    submit(s, j, JOB_GET_ACCOUNT, THM_KIND_USER_RECORD, j->from, 0);
}

/* The secret is there, or one is drawn, which is kept from then on. */
static void got_secret(struct thm_server *s, struct connection *c, struct job *j)
{
    struct thm_port *port = s->config.port;
    size_t len = sizeof s->unknown.secret;

    if (j->request.len == len) {
        memcpy(s->unknown.secret, j->line[0], len);
        s->unknown_kept = true;
        get_account(s, j);
        return;
    }
    if (!s->unknown_drawn && port->ops->entropy(port, s->unknown.secret, len) != THM_OK) {
        thm_login_refuse(s, c, THM_E_ENTROPY, NULL, NULL, 1);
        done(s, j);
        return;
    }
    s->unknown_drawn = true;
    memcpy(j->line[0], s->unknown.secret, len);
    submit(s, j, JOB_PUT_SECRET, THM_KIND_SERVER_RECORD, THM_UNKNOWN_RECORD, len);
}

void thm_login_step(struct thm_server *s, struct job *j)
{
    struct connection *c = waits_for(s, j);
    int result = j->request.result;

    if (result != THM_OK)
        thm_log_event(s, THM_LOG_ERROR, "store-failed", c, result, "account");
    if (j->step == JOB_PUT_SECRET)
        s->unknown_kept |= result == THM_OK;
    if (j->step == JOB_PUT_ACCOUNT || c == NULL) {
        done(s, j);
    } else if (result != THM_OK) {
        thm_login_refuse(s, c, THM_E_STORE, "the accounts can't be read now", NULL, STORE_RETRY_S);
        done(s, j);
    } else if (j->step == JOB_GET_NAMESAKE) {
        c->namesake = j->request.len > 0;
        get_account(s, j);
    } else if (j->step == JOB_GET_ACCOUNT) {
        got_account(s, c, j);
    } else if (j->step == JOB_GET_SECRET) {
        got_secret(s, c, j);
    } else {
        get_account(s, j);
    }
}

/* --- the first line -------------------------------------------------------------------------- */

static void begin(struct thm_server *s, struct connection *c, const struct thm_msg *hello)
{
    struct thm_slice alias = thm_msg_get(hello, THM_KEY_ALIAS);

    if (!thm_hold_login(s, c))
        return;
    if (thm_conn_too_many(s, c)) {
        thm_conn_full(s, c);
        return;
    }
    if (thm_accounts_removing(s, c->tls.peer.user)) {
        thm_login_refuse(s, c, THM_E_STORE, "the account is being removed just now", NULL, 1);
        return;
    }
    take_hello(s, c, hello);
    if (!s->config.store->records) {
        thm_login_grant(s, c, alias, NULL);
        return;
    }
    struct job *j = thm_job_take(s, c, JOB_GET_ACCOUNT, true);
    thm_slice_copy(j->alias, sizeof j->alias, alias);
    thm_slice_copy(j->from, sizeof j->from, thm_slice_of(c->tls.peer.user));
    if (thm_user_may_be(s, c, alias, j->to))
        submit(s, j, JOB_GET_NAMESAKE, THM_KIND_USER_RECORD, j->to, 0);
    else
        get_account(s, j);
}

void thm_login_hello(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    if (c->state == CONN_LOGIN)
        begin(s, c, m);
    else
        thm_input_error(s, c, m, THM_E_STATE, NULL);
}

void thm_login_auth_request(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    struct thm_slice user = thm_msg_get(m, THM_KEY_USERID);

    if (c->state == CONN_ONLINE) {
        thm_input_error(s, c, m, THM_E_STATE, NULL);
    } else if (user.len > 0 && !thm_slice_is(user, c->tls.peer.user)) {
        thm_log_event(s, THM_LOG_WARNING, "refused", c, THM_E_NOT_ALLOWED, NULL);
        thm_login_refuse(s, c, THM_E_NOT_ALLOWED, NULL, NULL, -1);
    } else if (c->state == CONN_PROVING) {
        thm_proof_request(s, c, m);
    } else {
        struct thm_msg hello;
        thm_msg_init(&hello, THM_MSG_HELLO);
        begin(s, c, &hello);
    }
}

void thm_login_leave(struct thm_server *s, struct connection *c)
{
    thm_call_leave(s, c);
    while (c->memberships != 0)
        thm_member_remove(s, c, c->memberships);
    thm_user_remove_session(s, c);
    s->sessions--;
    thm_log_event(s, THM_LOG_INFO, "logout", c, c->code, NULL);
}
