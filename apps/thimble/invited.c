#include "invited.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thimble/client.h"
#include "thimble/port_posix.h"

#include "exit_codes.h"
#include "options.h"
#include "report.h"

#define EVENTS 8
#define TAG    1

/* Why it ended, for good. */
enum over { GOES_ON, KEPT, GAVE_UP };

struct invited {
    struct home *home;
    const struct thm_invitation *to;
    const uint8_t *key;
    uint8_t request[THM_BOOTSTRAP_MAX], shown[THM_BOOTSTRAP_MAX], bootstrap[THM_ENROLL_KEY];
    size_t request_len;
    struct thm_ca_pin pin;
    struct thm_credentials credentials;
    struct thm_client client;
    char *who;
    uint64_t now, give_up_at, timeout; /* ms */
    bool dialled, proven, awaited;     /* that was said */
    bool ended;                        /* the client */
    int cause;                         /* THM_E_*: why the last attempt failed */
    int told;                          /* the last one that was said */
    enum over over;
    int result; /* OPTIONS_OK, or an exit code after a message */
};

static int give_up(struct invited *j, int result)
{
    j->over = GAVE_UP;
    j->result = result;
    return result;
}

/* --- what happens ------------------------------------------------------------------------------- */

static void say_proven(const struct invited *j)
{
    char text[THM_INVITATION_TEXT];
    thm_invitation_print(j->to, text);
    const char *ca = strchr(text, '/'); /* between the first two */
    if (ca)
        report("the server is proven by CA %.*s", (int)strcspn(ca + 1, "/"), ca + 1);
    explicit_bzero(text, sizeof text);
}

static void say_approval(struct invited *j, const struct thm_msg *m)
{
    uint64_t wait = thm_msg_get_num(m, THM_KEY_RETRY_AFTER, 0);
    j->give_up_at = j->now + wait * 1000 + j->timeout; /* somebody has answered */
    if (!j->awaited)
        report("somebody has to approve this machine first: tell whoever invited you its code, "
               "%06u; waiting (after Ctrl-C, the same command goes on)",
               thm_enroll_code(j->request, j->request_len));
    j->awaited = true;
}

/* The server's words, or else what the code says. */
static const char *words(const struct thm_client_event *e, char *text, size_t cap)
{
    struct thm_slice reason = {"", 0};
    if (e->msg)
        reason = thm_msg_get(e->msg, THM_KEY_REASON);
    snprintf(text, cap, "%.*s", (int)reason.len, reason.data);
    return reason.len > 0 ? text : thm_error_text(e->code);
}

/* Why an attempt failed that is followed by another; once, until it is something else. */
static void say_cause(struct invited *j, const struct thm_client_event *e)
{
    char text[THM_SHORT_MAX + 1];
    j->cause = e->code;
    if (e->code == THM_OK || e->code == THM_E_APPROVAL || e->code == j->told)
        return;
    j->told = e->code;
    report("%s; trying again", words(e, text, sizeof text));
}

static void on_state(struct invited *j, const struct thm_client_event *e)
{
    bool v6 = strchr(j->to->host, ':') != NULL;
    if (e->state == THM_CLIENT_DIALLING && !j->dialled) {
        report("connecting to %s%s%s:%u ...", v6 ? "[" : "", j->to->host, v6 ? "]" : "",
               j->to->port);
        j->dialled = true;
    }
    if (e->state == THM_CLIENT_LOGIN && !j->proven) {
        say_proven(j);
        j->proven = true;
    }
    if (e->state == THM_CLIENT_WAITING && j->over == GOES_ON)
        say_cause(j, e);
}

/* --- the answer --------------------------------------------------------------------------------- */

static void keep(struct invited *j, const struct thm_client_event *e)
{
    char user[THM_ID_MAX + 1], device[THM_ID_MAX + 1];
    const struct joined joined = {.invitation = j->to,
                                  .pin = &j->pin,
                                  .certificate = e->certificate,
                                  .certificate_len = e->certificate_len,
                                  .key = j->key,
                                  .user = user,
                                  .device = device};
    struct thm_slice u = thm_msg_get(e->msg, THM_KEY_USERID);
    struct thm_slice d = thm_msg_get(e->msg, THM_KEY_DEVICE);
    snprintf(user, sizeof user, "%.*s", (int)u.len, u.data);
    snprintf(device, sizeof device, "%.*s", (int)d.len, d.data);
    snprintf(j->who, 2 * THM_ID_MAX + 2, "%s@%s", user, device);
    j->result = home_keep(j->home, &joined);
    j->over = j->result == OPTIONS_OK ? KEPT : GAVE_UP;
}

static void on_issued(struct invited *j, const struct thm_client_event *e)
{
    bool lies = thm_msg_get(e->msg, THM_KEY_STATUS).len == strlen("GRANTED") &&
                memcmp(thm_msg_get(e->msg, THM_KEY_STATUS).data, "GRANTED", 7) == 0;
    if (e->code == THM_OK)
        keep(j, e);
    else if (lies)
        give_up(j, report_fail(EXIT_CREDENTIALS, "what the server sent can't be used: %s",
                               thm_error_text(e->code)));
    else if (e->code == THM_E_APPROVAL)
        say_approval(j, e->msg);
}

/* Why no connection will do better, and what to do then. NULL: as the server says. */
static const struct {
    int code;
    enum exit_code exit_code;
    const char *sentence;
} endings[] = {
    {THM_E_INVITATION, EXIT_REFUSED,
     "the server does not know this invitation, or not any more: ask for another one"},
    {THM_E_ALPN, EXIT_REFUSED, "nobody can join by that server: ask whoever runs it"},
    {THM_E_UNTRUSTED, EXIT_UNTRUSTED,
     "what answers there is not the server of this invitation: its CA is another one"},
    {THM_E_EXPIRED, EXIT_UNTRUSTED,
     "the server's certificate has ended, or is not valid yet: is this machine's clock right?"},
    {THM_E_SERVER_NAME, EXIT_UNTRUSTED,
     "the server's certificate is for another name than the invitation says"},
    {THM_E_ROLE, EXIT_UNTRUSTED, NULL},
    {THM_E_CHAIN, EXIT_UNTRUSTED, NULL},
    {THM_E_NO_CERT, EXIT_UNTRUSTED, NULL},
    {THM_E_TLS_VERSION, EXIT_UNTRUSTED, "what answers there is no thimble server"},
    {THM_E_TLS_SUITE, EXIT_UNTRUSTED, "what answers there is no thimble server"},
};

static void on_ended(struct invited *j, const struct thm_client_event *e)
{
    char text[THM_SHORT_MAX + 1];
    const char *sentence = words(e, text, sizeof text);
    int exit_code = EXIT_REFUSED;
    j->ended = true;
    if (j->over != GOES_ON)
        return;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && !e->msg; i++) {
        if (endings[i].code != e->code)
            continue;
        exit_code = (int)endings[i].exit_code;
        sentence = endings[i].sentence ? endings[i].sentence : sentence;
    }
    give_up(j, report_fail(exit_code, "%s", sentence));
}

static void on_event(void *ctx, const struct thm_client_event *e)
{
    struct invited *j = ctx;
    switch (e->kind) {
    case THM_CLIENT_STATE: on_state(j, e); break;
    case THM_CLIENT_ISSUED: on_issued(j, e); break;
    case THM_CLIENT_ENDED: on_ended(j, e); break;
    default: break;
    }
}

/* --- the connection ----------------------------------------------------------------------------- */

static int open_credentials(struct invited *j)
{
    size_t len = thm_enroll_certificate(j->bootstrap, j->shown);
    const struct thm_credential_parts parts = {
        .chain = {{j->shown, len}}, .chain_len = 1, .key = j->bootstrap, .pin = &j->pin};
    int code = thm_credentials_set(&j->credentials, &parts, THM_FOR_ENROLMENT);
    return code == THM_OK ? OPTIONS_OK
                          : report_fail(EXIT_FAILED, "can't start: %s", thm_error_text(code));
}

static int run(struct invited *j, struct thm_port *port)
{
    j->now = thm_port_posix_now_ms();
    j->give_up_at = j->now + j->timeout;
    thm_client_start(&j->client, j->now);
    while (!j->ended && j->over != GAVE_UP) {
        struct thm_event events[EVENTS];
        uint64_t until = thm_client_deadline(&j->client);
        if (j->over == GOES_ON && j->give_up_at < until)
            until = j->give_up_at;
        int n = port->ops->wait(port, until, events, EVENTS);
        j->now = thm_port_posix_now_ms();
        thm_client_step(&j->client, j->now, events, n < 0 ? 0 : n);
        if (n < 0)
            return report_fail(EXIT_FAILED, "%s", thm_error_text(n));
        if (j->over == GOES_ON && j->now >= j->give_up_at)
            give_up(j, report_fail(EXIT_UNREACHED,
                                   "%s:%u: no certificate came: %s; the same command goes on later",
                                   j->to->host, j->to->port,
                                   thm_error_text(j->cause ? j->cause : THM_E_TIMEOUT)));
    }
    return j->result;
}

static int connect_to(struct invited *j, struct thm_port *port)
{
    size_t tls_size = thm_client_tls_size();
    void *memory = aligned_alloc(16, (tls_size + 15) & ~(size_t)15);
    const struct thm_client_config config = {.port = port,
                                             .credentials = &j->credentials,
                                             .host = j->to->host,
                                             .number = j->to->port,
                                             .server_name = j->to->server_name,
                                             .request = j->request,
                                             .request_len = j->request_len,
                                             .tag = TAG,
                                             .tls_memory = memory,
                                             .tls_memory_size = tls_size,
                                             .on_event = on_event,
                                             .ctx = j};
    int code = memory ? thm_client_init(&j->client, &config) : THM_E_MEMORY;
    int result = code == THM_OK ? run(j, port)
                                : report_fail(EXIT_FAILED, "can't start: %s", thm_error_text(code));
    explicit_bzero(&j->client, sizeof j->client);
    if (memory)
        explicit_bzero(memory, tls_size);
    free(memory);
    return result;
}

int invited_join(struct home *home, struct thm_port *port, const struct thm_invitation *invitation,
                 const uint8_t key[THM_ENROLL_KEY], unsigned timeout, char who[2 * THM_ID_MAX + 2])
{
    struct invited *j = calloc(1, sizeof *j);
    if (!j)
        return report_fail(EXIT_FAILED, "%s", thm_error_text(THM_E_MEMORY));
    j->home = home;
    j->to = invitation;
    j->key = key;
    j->who = who;
    j->timeout = timeout * UINT64_C(1000);
    j->result = OPTIONS_OK;
    memcpy(j->pin.hash, invitation->ca, sizeof j->pin.hash);
    thm_enroll_bootstrap_key(invitation->secret, j->bootstrap);
    j->request_len = thm_enroll_request(key, j->request);
    int result = open_credentials(j);
    if (result == OPTIONS_OK)
        result = connect_to(j, port);
    explicit_bzero(j, sizeof *j);
    free(j);
    return result;
}
