/*
 * Certificates: a client that gets its first one, which is all that it does; and one that renews its own over the session
 * that it has.
 *
 * A request is written into the output as Base64, and a certificate is decoded where its line lies: neither needs memory.
 */
#include "client/internal.h"

#if THM_ENROLL

#include "util/base64.h"
#include "util/text.h"

/* A certificate is good for weeks: nobody is in a hurry, but a server that many ask at once would be. */
#define AGAIN_MS 3600000u /* after which is asked again */
#define SPREAD_MS                                                                                  \
    1800000u            /* over which those spread at most whose time comes while they are online */
#define LEAST_MS 60000u /* between two times in any case */

/* --- asking -------------------------------------------------------------------------------------- */

/* Writes the line with nothing between the quotes of `data`, and then the Base64 in there. */
static int put_request(struct thm_client *c, const uint8_t *request, size_t len)
{
    static const char end[] = "\"}\n";
    const size_t end_len = sizeof end - 1;
    const uint32_t before = c->out_len - c->out_sent;
    struct thm_text t;
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_ENROLL_REQUEST);
    THM_SET(&m, DATA, "");
    int code = thm_session_put(c, &m);
    if (code != THM_OK)
        return code;
    size_t at = c->out_len - end_len;
    thm_text_init(&t, c->phase.session.out + at, THM_CLIENT_OUT - at);
    thm_text_base64(&t, request, len);
    thm_text_str(&t, end);
    c->out_len = t.truncated ? before : (uint32_t)(at + t.len);
    return t.truncated ? THM_E_LIMIT : THM_OK;
}

void thm_enrol_start(struct thm_client *c)
{
    put_request(c, c->config.request, c->config.request_len); /* there is nothing else in `out` */
    c->requested = true;
}

int thm_client_enroll(struct thm_client *c, const uint8_t *request, size_t len)
{
    if (c->state != THM_CLIENT_ONLINE || !c->issues || c->requested)
        return THM_E_STATE;
    if (len == 0 || len > THM_CSR_MAX)
        return THM_E_CSR;
    c->busy = true;
    int code = put_request(c, request, len);
    c->requested = code == THM_OK;
    return code;
}

/* --- the answer ---------------------------------------------------------------------------------- */

/* Decodes the certificate where it lies. */
static int read_certificate(const struct thm_msg *m, struct thm_client_event *e)
{
    struct thm_slice data = thm_msg_get(m, THM_KEY_CERTIFICATE);
    uint8_t *der = (uint8_t *)(uintptr_t)data.data; /* the line is the client's */
    size_t len;

    if (data.len == 0 || !thm_msg_has(m, THM_KEY_USERID) || !thm_msg_has(m, THM_KEY_DEVICE))
        return THM_E_KEY_MISSING;
    if (!thm_base64_read(data.data, data.len, der, data.len, &len))
        return THM_E_CERT;
    e->certificate = der;
    e->certificate_len = len;
    return THM_OK;
}

static int read_answer(const struct thm_msg *m, struct thm_client_event *e)
{
    if (thm_msg_is(m, THM_KEY_STATUS, "GRANTED"))
        return read_certificate(m, e);
    if (thm_msg_is(m, THM_KEY_STATUS, "CONTINUE"))
        return THM_E_APPROVAL;
    return thm_msg_code(m, THM_E_NOT_ALLOWED);
}

/* A client that enrols ends with its certificate or a refusal for good; else it comes back with the same request. */
static void conclude(struct thm_client *c, int code, const struct thm_msg *m)
{
    bool asks_back = thm_msg_get_num(m, THM_KEY_RETRY_AFTER, 0) > 0;
    bool final = thm_msg_is(m, THM_KEY_STATUS, "REFUSED") && !thm_msg_has(m, THM_KEY_RETRY_AFTER);

    if (code == THM_OK) {
        thm_client_turn(c, THM_MACHINE_STOP, THM_OK, m);
        c->busy = true;
        return;
    }
    thm_session_heed(c, m);
    if (asks_back)
        c->attempts = 0; /* it says by itself how long is long enough */
    thm_client_turn(c, final ? THM_MACHINE_FINAL : THM_MACHINE_FAILED, code, m);
}

/* A session goes on, and the next time that RENEWS is told has been set. */
static void postpone(struct thm_client *c, const struct thm_msg *m)
{
    uint64_t wait = thm_msg_get_num(m, THM_KEY_RETRY_AFTER, 0) * 1000;

    if (!thm_msg_has(m, THM_KEY_RETRY_AFTER))
        return;
    if (wait < LEAST_MS)
        wait = LEAST_MS;
    c->renew_at = c->now + wait + thm_client_jitter(c, LEAST_MS);
}

static void on_answer(struct thm_client *c, struct thm_msg *m)
{
    struct thm_client_event e = {.kind = THM_CLIENT_ISSUED, .state = c->state, .msg = m};

    if (!c->requested)
        return;
    c->requested = false;
    e.code = read_answer(m, &e);
    m->has &= ~THM_HAS(CERTIFICATE);
    if (!thm_enrol_is(c) && e.code != THM_OK)
        postpone(c, m);
    c->config.on_event(c->config.ctx, &e);
    if (thm_enrol_is(c))
        conclude(c, e.code, m);
}

bool thm_enrol_line(struct thm_client *c, struct thm_msg *m)
{
    bool answers = m->type == THM_MSG_ENROLL_REPLY ||
                   (m->type == THM_MSG_ERROR && c->requested &&
                    thm_msg_is(m, THM_KEY_IN, thm_type_word(THM_MSG_ENROLL_REQUEST)));

    if (answers)
        on_answer(c, m);
    return answers || (thm_enrol_is(c) && m->type != THM_MSG_ERROR && m->type != THM_MSG_NOTICE);
}

/* --- renewal ------------------------------------------------------------------------------------- */

void thm_enrol_reset(struct thm_client *c)
{
    c->issues = c->requested = false;
    c->renew_at = THM_NEVER;
}

/* Milliseconds until the certificate is to be renewed; 0: it is time. */
static uint64_t time_left(const struct thm_client *c)
{
    struct thm_port *port = c->config.port;
    uint64_t utc_ms, due_ms = c->config.renew_at_s * 1000;

    if (port->ops->utc(port, &utc_ms) != THM_OK)
        return THM_NEVER;
    return utc_ms < due_ms ? due_ms - utc_ms : 0;
}

/* Looks at once; or, after RENEWS was told, when that may be told again. Who has little time must not wait for long. */
static void look_soon(struct thm_client *c)
{
    uint64_t left = time_left(c);

    c->spread_ms = left < 8 * SPREAD_MS ? (uint32_t)left / 8 : SPREAD_MS;
    c->renew_at = c->now;
    if (c->has_asked && c->now - c->asked_at < LEAST_MS)
        c->renew_at = c->asked_at + LEAST_MS;
    if (!c->issues || c->config.renew_at_s == 0)
        c->renew_at = THM_NEVER;
}

void thm_enrol_granted(struct thm_client *c, const struct thm_msg *granted)
{
    struct thm_slice words = thm_msg_get(granted, THM_KEY_COMMANDS);

    while (words.len > 0 && !c->issues)
        c->issues = thm_slice_is(thm_slice_word(&words), thm_type_word(THM_MSG_ENROLL_REQUEST));
    look_soon(c);
}

/* Clocks are set while time passes, so that it is looked at now and then. */
static void look(struct thm_client *c)
{
    struct thm_client_event e = {.kind = THM_CLIENT_RENEWS, .state = c->state};
    uint64_t left = time_left(c);

    if (left > 0) {
        c->renew_at =
            c->now + (left > AGAIN_MS ? AGAIN_MS : left + thm_client_jitter(c, c->spread_ms));
        return;
    }
    c->requested = false; /* who has not answered in all that time will not */
    c->has_asked = true;
    c->asked_at = c->now;
    c->renew_at = c->now + AGAIN_MS + thm_client_jitter(c, AGAIN_MS / 4);
    c->config.on_event(c->config.ctx, &e);
}

void thm_enrol_run(struct thm_client *c)
{
    if (c->state == THM_CLIENT_ONLINE && c->now >= c->renew_at)
        look(c);
}

uint64_t thm_enrol_deadline(const struct thm_client *c)
{
    return c->renew_at;
}

bool thm_client_set_credentials(struct thm_client *c, const struct thm_credentials *credentials,
                                uint64_t renew_at_s)
{
    if (c->state == THM_CLIENT_HANDSHAKE || (THM_CLIENT_PASSCODE && c->state == THM_CLIENT_PROVING))
        return false;
    thm_tls_domain_set(c->domain, credentials, NULL);
    thm_tls_session_clear(&c->session); /* which the former ones have made */
    c->config.credentials = credentials;
    c->config.renew_at_s = renew_at_s;
    c->has_asked = false;
    if (c->state == THM_CLIENT_ONLINE)
        look_soon(c);
    return true;
}

#endif
