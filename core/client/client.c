/*
 * The client's life: states, their deadlines, and what the application is told.
 */
#include "client/internal.h"
#include "thimble/enroll.h"
#include "tls/wipe.h"

#define CREDIT_MIN (2 * THM_LINE_MAX)

static void go_online(struct thm_client *c);

/* What a state is given to do and how long it may take. */
static const struct {
    const char *word;
    uint32_t limit_ms; /* 0: as long as it takes */
    void (*enter)(struct thm_client *c);
} states[THM_CLIENT_STATES] = {
    [THM_CLIENT_STOPPED] = {"stopped", 0, NULL},
    [THM_CLIENT_DIALLING] = {"dialling", THM_CONNECT_MS, thm_link_dial},
    [THM_CLIENT_HANDSHAKE] = {"handshake", THM_HANDSHAKE_MS, thm_link_secure},
    [THM_CLIENT_LOGIN] = {"login", THM_LOGIN_MS, thm_session_hello},
    [THM_CLIENT_ONLINE] = {"online", 0, go_online},
    [THM_CLIENT_WAITING] = {"waiting", 0, NULL}, /* see backoff() */
    [THM_CLIENT_LEAVING] = {"leaving", THM_CLOSE_MS, thm_session_quit},
#if THM_CLIENT_PASSCODE
    [THM_CLIENT_PROVING] = {"proving", THM_PROOF_MS, thm_prove_start},
#endif
};

const char *thm_client_state_word(enum thm_client_state state)
{
    return (unsigned)state < THM_CLIENT_STATES ? states[state].word : "unknown";
}

static struct thm_tls_config tls_config(void *handshake_memory)
{
    return (struct thm_tls_config){.role = THM_FOR_CLIENT,
                                   .alpn = THM_ALPN,
                                   .connections = 1,
                                   .handshakes = 1,
                                   .in_buffers = 1,
                                   .out_buffers = 1,
                                   .handshake_memory = handshake_memory};
}

size_t thm_client_tls_size(void)
{
    char elsewhere; /* the handshake's memory is no part of it */
    struct thm_tls_config config = tls_config(&elsewhere);

    return thm_tls_domain_size(&config);
}

/* --- init ----------------------------------------------------------------------------------- */

static bool acceptable(enum thm_key key, const char *text)
{
    return text == NULL || thm_key_check(key, text, strlen(text)) == THM_OK;
}

static int check_config(const struct thm_client_config *config)
{
    bool credit_ok =
        config->credit == 0 || (config->credit >= CREDIT_MIN && config->credit <= THM_CREDIT_MAX);

    if (config->server_name == NULL || config->server_name[0] == '\0')
        return THM_E_NAME_EMPTY;
    if (config->port == NULL || config->credentials == NULL || config->host == NULL ||
        config->host[0] == '\0' || config->on_event == NULL || !credit_ok)
        return THM_E_CONFIG;
    if (!acceptable(THM_KEY_ALIAS, config->alias) || !acceptable(THM_KEY_AGENT, config->agent))
        return THM_E_CONFIG;
    if (config->max_message != 0 && config->max_message < THM_TEXT_MAX)
        return THM_E_CONFIG;
#if THM_RECEIPTS
    if (config->receipts > THM_RECEIPTS_READ)
        return THM_E_CONFIG;
#endif
#if THM_ENROLL
    if (config->request != NULL && (config->request_len == 0 || config->request_len > THM_CSR_MAX))
        return THM_E_CONFIG;
#endif
    return THM_OK;
}

static int init_tls(struct thm_client *c)
{
    struct thm_tls_config config = tls_config(c->phase.handshake);

    config.port = c->config.port;
    config.backend = c->config.backend;
    config.prefer_aes = c->config.prefer_aes;
#if THM_ENROLL
    if (thm_enrol_is(c))
        config.alpn = THM_ENROLL_ALPN;
#endif
    int code =
        thm_tls_domain_init(&c->domain, c->config.tls_memory, c->config.tls_memory_size, &config);
    if (code == THM_OK)
        thm_tls_domain_set(c->domain, c->config.credentials, NULL);
    return code;
}

int thm_client_init(struct thm_client *c, const struct thm_client_config *config)
{
    uint64_t seeds[2];
    int code = check_config(config);

    if (code != THM_OK)
        return code;
    memset(c, 0, sizeof *c);
    c->config = *config;
    if (config->credit == 0)
        c->config.credit = THM_CLIENT_CREDIT;
    if (config->alias != NULL)
        memcpy(c->alias, config->alias, strlen(config->alias) + 1);
    if (config->port->ops->entropy(config->port, seeds, sizeof seeds) != THM_OK)
        return THM_E_ENTROPY;
    c->incarnation = seeds[0];
    c->secret = seeds[1];
    c->next_csn = 1;
    c->deadline = THM_NEVER;
    thm_session_reset(c);
    return init_tls(c);
}

#if THM_ENROLL
int thm_client_prepare(struct thm_client *c, const struct thm_credentials *credentials,
                       const uint8_t *request, size_t request_len, uint64_t renew_at_s)
{
    if (c->state != THM_CLIENT_STOPPED)
        return THM_E_STATE;
    if (request != NULL && (request_len == 0 || request_len > THM_CSR_MAX))
        return THM_E_CSR;
    c->config.credentials = credentials;
    c->config.request = request;
    c->config.request_len = request_len;
    c->config.renew_at_s = renew_at_s;
    c->has_asked = false;
    thm_tls_session_clear(&c->session);
    return init_tls(c);
}
#endif

/* --- states --------------------------------------------------------------------------------- */

uint32_t thm_client_jitter(const struct thm_client *c, uint32_t most)
{
    struct thm_slice now = {(const char *)&c->now, sizeof c->now};

    return (uint32_t)thm_follow_hash(c, 0, now) % (most + 1);
}

/* Full jitter, on top of what the server asked for. */
static uint32_t backoff(struct thm_client *c)
{
    uint32_t most = THM_BACKOFF_BASE_MS;

    for (uint32_t i = 0; i < c->attempts && most < THM_BACKOFF_CAP_MS; i++)
        most *= 2;
    if (most > THM_BACKOFF_CAP_MS)
        most = THM_BACKOFF_CAP_MS;
    uint32_t wait = c->min_wait_ms + thm_client_jitter(c, most);
    c->attempts++;
    c->min_wait_ms = 0;
    return wait;
}

static void go_online(struct thm_client *c)
{
    c->was_online = true;
    c->online_since = c->now;
    c->ping_at = c->now + THM_PING_MS;
}

/* What a connection leaves behind when its state is left. */
static void end_connection(struct thm_client *c, enum thm_client_state from)
{
    if (from == THM_CLIENT_HANDSHAKE)
        thm_tls_session_clear(&c->session);
    if (from == THM_CLIENT_ONLINE && c->now - c->online_since >= THM_STABLE_MS)
        c->attempts = 0;
    thm_link_drop(c);
    thm_session_reset(c);
    thm_prove_reset(c);
}

void thm_client_turn(struct thm_client *c, enum thm_machine_event event, int code,
                     const struct thm_msg *msg)
{
    enum thm_client_state from = c->state, to = thm_machine_next(from, event);
    struct thm_client_event e = {.kind =
                                     to == THM_CLIENT_STOPPED ? THM_CLIENT_ENDED : THM_CLIENT_STATE,
                                 .state = to,
                                 .code = from == THM_CLIENT_LEAVING ? THM_OK : code,
                                 .msg = msg};

    if (to == from)
        return;
    if (to == THM_CLIENT_STOPPED || to == THM_CLIENT_WAITING)
        end_connection(c, from);
    c->state = (uint8_t)to;
    c->deadline = states[to].limit_ms != 0 ? c->now + states[to].limit_ms : THM_NEVER;
    if (to == THM_CLIENT_WAITING) {
        e.retry_ms = backoff(c);
        c->deadline = c->now + e.retry_ms;
    }
#if THM_CLIENT_PASSCODE
    e.wrong = (enum thm_scram)(from == THM_CLIENT_PROVING ? c->login.wrong : THM_SCRAM_OK);
    if (to == THM_CLIENT_STOPPED)
        thm_wipe(&c->login, sizeof c->login);
#endif
    c->config.on_event(c->config.ctx, &e);
    if (states[to].enter != NULL)
        states[to].enter(c); /* may turn again, so it comes last */
}

/* Whether a certificate, ours or the server's, stands in the way: a person has to mend that. */
static bool is_certificate(int code)
{
    switch (code) {
    case THM_E_TLS_VERSION:
    case THM_E_TLS_SUITE:
    case THM_E_ALPN:
    case THM_E_NO_CERT:
    case THM_E_UNTRUSTED:
    case THM_E_EXPIRED:
    case THM_E_SERVER_NAME:
    case THM_E_ROLE:
    case THM_E_CHAIN:
#if THM_ENROLL
    case THM_E_INVITATION:
#endif
    case THM_E_CERT_REJECTED: return true;
    default: return false;
    }
}

void thm_client_fail(struct thm_client *c, int code, const struct thm_msg *msg)
{
    bool final = code == THM_E_REVOKED || (is_certificate(code) && !c->was_online);

    thm_client_turn(c, final ? THM_MACHINE_FINAL : THM_MACHINE_FAILED, code, msg);
}

void thm_client_tell(struct thm_client *c, const struct thm_msg *msg, struct thm_slice line)
{
    struct thm_client_event e = {
        .kind = THM_CLIENT_LINE, .state = c->state, .msg = msg, .line = line.data, .len = line.len};

    c->config.on_event(c->config.ctx, &e);
}

/* --- running -------------------------------------------------------------------------------- */

int thm_client_start(struct thm_client *c, uint64_t now_ms)
{
    if (c->state != THM_CLIENT_STOPPED)
        return THM_E_STATE;
    c->now = now_ms;
    c->was_online = false;
    c->attempts = 0;
    c->min_wait_ms = 0;
    thm_client_turn(c, THM_MACHINE_START, THM_OK, NULL);
    return THM_OK;
}

void thm_client_stop(struct thm_client *c)
{
    if (c->state == THM_CLIENT_ONLINE)
        thm_receipts_flush(c);
    thm_client_turn(c, THM_MACHINE_STOP, THM_OK, NULL);
    c->busy = true;
}

/* Timers that fall due while a state lasts. */
static void run_timers(struct thm_client *c)
{
    if (c->now >= c->ping_at) {
        thm_session_ping(c);
        c->ping_at = THM_NEVER;
        c->deadline = c->now + THM_PONG_MS;
    }
    if (c->now >= c->ack_at)
        c->ack_due = true;
    if (c->now >= c->retry_at) {
        c->retry_at = THM_NEVER;
        thm_follow_retry(c);
        thm_queue_rewind(&c->queue);
    }
}

void thm_client_step(struct thm_client *c, uint64_t now_ms, const struct thm_event *events, int n)
{
    uint32_t what = 0;

    c->now = now_ms;
    c->busy = false;
    for (int i = 0; i < n; i++)
        if (events[i].tag == c->config.tag && events[i].what != THM_EV_WOKEN)
            what |= events[i].what;
    if (c->state == THM_CLIENT_ONLINE)
        run_timers(c);
    thm_prove_run(c);
    thm_link_move(c, what);
    if (c->state == THM_CLIENT_ONLINE)
        thm_session_watch(c);
    thm_enrol_run(c);
    if (c->now >= c->deadline)
        thm_client_turn(c, THM_MACHINE_EXPIRED,
                        c->state == THM_CLIENT_WAITING ? THM_OK : THM_E_TIMEOUT, NULL);
}

uint64_t thm_client_deadline(const struct thm_client *c)
{
    if ((c->busy && c->state != THM_CLIENT_STOPPED) || thm_prove_runs(c))
        return 0;
    uint64_t until =
        thm_earlier(thm_earlier(c->deadline, c->answer_by), thm_earlier(c->ping_at, c->retry_at));
    until = thm_earlier(until, thm_receipts_deadline(c));
    until = thm_earlier(until, thm_enrol_deadline(c));
    return c->ack_due ? until : thm_earlier(until, c->ack_at);
}
