/*
 * Login by passcode: SCRAM-SHA-256-PLUS (core/auth) in auth_request lines, docs/PROTOCOL.md section 4.
 *
 * Whether there is such a user, and whether he has a passcode, is not told before his proof has failed: then all look alike.
 */
#include "server/internal.h"

#include <string.h>

#include "tls/wipe.h"

/* What a client is told to wait when all places for logins by passcode are taken, seconds. */
#define BUSY_RETRY_S 5

static const char too_many_wrong[] = "too many wrong passcodes: wait before trying again";
static const char suspended_by_wrong[] =
    "too many wrong passcodes on this device: ask whoever runs the server, or wait a day";

void thm_proof_forget(struct thm_server *s, struct connection *c)
{
    if (c->login == 0)
        return;
    thm_wipe(login_at(s, c->login), sizeof(struct login));
    thm_pool_give(&s->logins, c->login);
    c->login = 0;
}

static void say_continue(struct thm_server *s, struct connection *c, const char *data)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_AUTH_REPLY);
    THM_SET(&m, STATUS, "CONTINUE");
    THM_SET(&m, MECHANISM, THM_SCRAM_MECHANISM);
    if (data != NULL)
        THM_SET(&m, DATA, data);
    thm_output_msg(s, c, &m);
}

/* A device proves one passcode at a time, so that none can hold all places: a newer login ends the older. */
static void end_former(struct thm_server *s, const struct connection *c)
{
    for (uint32_t n = 1; n <= s->logins.fresh; n++) {
        uint32_t number = login_at(s, n)->connection;
        struct connection *former = number != 0 ? conn_at(s, number) : NULL;
        if (former != NULL &&
            memcmp(former->tls.peer.key_hash, c->tls.peer.key_hash, THM_KEY_HASH) == 0)
            thm_login_refuse(s, former, THM_E_REPLACED, NULL, NULL, -1);
    }
}

void thm_proof_ask(struct thm_server *s, struct connection *c, const struct job *j,
                   struct account *account, struct thm_fields *record)
{
    end_former(s, c);
    bool busy = thm_conn_address_busy(s, c, DEADLINE_PROOF);
    uint32_t number = busy ? 0 : thm_pool_take(&s->logins);

    if (number == 0) {
        thm_log_event(s, THM_LOG_WARNING, "refused", c, THM_E_FULL, "logins");
        thm_login_refuse(s, c, THM_E_FULL, NULL, NULL, BUSY_RETRY_S);
        return;
    }
    struct login *l = login_at(s, number);
    c->login = number;
    l->connection = conn_number(s, c);
    strcpy(l->alias, j->alias);
    l->epoch = j->epoch;
    l->known = account->has_passcode;
    l->verifier = account->verifier;
    l->touch = thm_account_seen(account, s->utc_ms) && thm_account_write(account, record);
    l->record = *record;
    c->state = (uint8_t)thm_conn_next((enum thm_conn_state)c->state, CONN_ASKED);
    thm_conn_deadline(s, c, DEADLINE_PROOF);
    say_continue(s, c, NULL);
}

/* --- refusing -------------------------------------------------------------------------------- */

static void refuse(struct thm_server *s, struct connection *c, const char *word, const char *reason,
                   const char *data, int64_t retry_s)
{
    thm_log_event(s, THM_LOG_WARNING, "refused", c, THM_E_PASSCODE, word);
    thm_login_refuse(s, c, THM_E_PASSCODE, reason, data, retry_s);
}

/* Seconds that this device has to wait; -1: until it is resumed. */
static int64_t wait_s(const struct thm_server *s, const struct connection *c)
{
    bool suspended;
    uint64_t ms =
        thm_attempts_may(&s->attempts, s->now, c->tls.peer.key_hash, c->tls.peer.user, &suspended);

    return suspended && ms > 0 ? -1 : ((int64_t)ms + 999) / 1000;
}

/* Whether it is too early for another attempt; then it was refused. */
static bool too_early(struct thm_server *s, struct connection *c)
{
    int64_t wait = wait_s(s, c);

    if (wait == 0)
        return false;
    if (wait < 0)
        refuse(s, c, "too-many", suspended_by_wrong, NULL, wait);
    else
        refuse(s, c, "too-early", too_many_wrong, NULL, wait);
    return true;
}

/* --- the exchange ---------------------------------------------------------------------------- */

static void take_first(struct thm_server *s, struct connection *c, struct thm_slice data)
{
    struct login *l = login_at(s, c->login);
    struct thm_port *port = s->config.port;
    uint8_t entropy[THM_SCRAM_ENTROPY];
    char message[THM_SCRAM_MESSAGE];

    enum thm_scram got =
        thm_scram_server_first(&l->scram, data.data, data.len, thm_tls_server_leaf_hash(&c->tls));
    if (got != THM_SCRAM_OK) {
        refuse(s, c, thm_scram_word(got), thm_scram_text(got), NULL, -1);
        return;
    }
    if (strcmp(l->scram.user, c->tls.peer.user) != 0) {
        thm_log_event(s, THM_LOG_WARNING, "refused", c, THM_E_NOT_ALLOWED, NULL);
        thm_login_refuse(s, c, THM_E_NOT_ALLOWED, NULL, NULL, -1);
        return;
    }
    if (too_early(s, c))
        return;
    if (port->ops->entropy(port, entropy, sizeof entropy) != THM_OK) {
        thm_login_refuse(s, c, THM_E_ENTROPY, NULL, NULL, 1);
        return;
    }
    thm_scram_server_challenge(&l->scram, l->known ? &l->verifier : NULL, &s->unknown, entropy,
                               message);
    l->challenged = true;
    say_continue(s, c, message);
}

static void failed(struct thm_server *s, struct connection *c, enum thm_scram why, const char *data)
{
    s->stats.passcodes_failed++;
    thm_attempts_failed(&s->attempts, s->now, c->tls.peer.key_hash, c->tls.peer.user);
    refuse(s, c, thm_scram_word(why), thm_scram_text(why), data, wait_s(s, c));
}

static void proven(struct thm_server *s, struct connection *c, const char *data)
{
    struct login *l = login_at(s, c->login);
    struct job *j = l->touch && l->epoch == s->account_epoch
                        ? thm_job_take(s, c, JOB_PUT_ACCOUNT, false)
                        : NULL;

    thm_attempts_succeeded(&s->attempts, c->tls.peer.key_hash, c->tls.peer.user);
    bool granted = thm_login_grant(s, c, thm_slice_of(l->alias), data);
    if (j != NULL && granted) {
        strcpy(j->from, c->tls.peer.user);
        thm_login_note(s, j, &l->record);
    } else if (j != NULL) {
        thm_job_give(s, j);
    }
    thm_proof_forget(s, c);
}

/* Whether it may try, what it says, and what that counts for are one turn: of many logins that were begun at a time each
 * is judged by what the others have come to. An account that is suspended or changed meanwhile ends its logins, see
 * accounts.c. */
static void take_final(struct thm_server *s, struct connection *c, struct thm_slice data)
{
    char message[THM_SCRAM_MESSAGE];

    if (too_early(s, c))
        return;
    enum thm_scram got =
        thm_scram_server_final(&login_at(s, c->login)->scram, data.data, data.len, message);
    if (got == THM_SCRAM_OK)
        proven(s, c, message);
    else
        failed(s, c, got, message);
}

void thm_proof_request(struct thm_server *s, struct connection *c, const struct thm_msg *m)
{
    if (!thm_msg_is(m, THM_KEY_MECHANISM, THM_SCRAM_MECHANISM))
        thm_input_error(s, c, m,
                        thm_msg_has(m, THM_KEY_MECHANISM) ? THM_E_KEY_RANGE : THM_E_KEY_MISSING,
                        "mechanism");
    else if (!thm_msg_has(m, THM_KEY_DATA))
        thm_input_error(s, c, m, THM_E_KEY_MISSING, "data");
    else if (login_at(s, c->login)->challenged)
        take_final(s, c, thm_msg_get(m, THM_KEY_DATA));
    else
        take_first(s, c, thm_msg_get(m, THM_KEY_DATA));
}
