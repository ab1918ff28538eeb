/* What a person is told while a machine joins, and when that is given up: with a client that does as it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "exit_codes.h"
#include "invited.h"
#include "options.h"
#include "report.h"
#include "thimble/client.h"
#include "thimble/port_posix.h"

/* --- in place of the client, the port, the folder, and standard error ------------------------- */

static struct thm_client_config config;
static const struct thm_client_event
    *script; /* one a step; the last is ENDED, or time passes for ever */
static unsigned steps;
static uint64_t now, started; /* ms */
static char said[4096];
static int keeps; /* what home_keep() says */
static unsigned kept;

size_t thm_client_tls_size(void)
{
    return 64;
}

int thm_client_init(struct thm_client *c, const struct thm_client_config *given)
{
    (void)c;
    config = *given;
    return THM_OK;
}

int thm_client_start(struct thm_client *c, uint64_t now_ms)
{
    (void)c, (void)now_ms;
    return THM_OK;
}

uint64_t thm_client_deadline(const struct thm_client *c)
{
    (void)c;
    return UINT64_MAX;
}

static bool has_more(void)
{
    return script[steps].kind != THM_CLIENT_LINE; /* which an enrolling client hardly tells */
}

void thm_client_step(struct thm_client *c, uint64_t now_ms, const struct thm_event *events, int n)
{
    (void)c, (void)now_ms, (void)events, (void)n;
    if (has_more())
        config.on_event(config.ctx, &script[steps++]);
}

static int fake_wait(struct thm_port *port, uint64_t until_ms, struct thm_event *events,
                     unsigned cap)
{
    (void)port, (void)events, (void)cap;
    if (!has_more()) {
        assert_true(until_ms != UINT64_MAX); /* it would hang */
        now = until_ms;
    }
    return 0;
}

uint64_t thm_port_posix_now_ms(void)
{
    return now;
}

int thm_credentials_set(struct thm_credentials *c, const struct thm_credential_parts *parts,
                        enum thm_role role)
{
    (void)c;
    assert_int_equal(role, THM_FOR_ENROLMENT);
    assert_int_equal(parts->chain_len, 1);
    assert_int_equal(parts->ca_count, 0);
    assert_memory_equal(parts->pin->hash, "0123456789abcdef", THM_CA_PIN);
    return THM_OK;
}

int home_keep(struct home *h, const struct joined *joined)
{
    (void)h;
    kept++;
    assert_string_equal(joined->user, "ali");
    assert_string_equal(joined->device, "desk");
    assert_int_equal(joined->certificate_len, 3);
    return keeps;
}

static void keep_words(const char *format, va_list args)
{
    size_t len = strlen(said);

    vsnprintf(said + len, sizeof said - len, format, args);
    strcat(said, "\n");
}

void report(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    keep_words(format, args);
    va_end(args);
}

int report_fail(int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    keep_words(format, args);
    va_end(args);
    return code;
}

/* --- a run ------------------------------------------------------------------------------------ */

static char who[2 * THM_ID_MAX + 2];

static int run(const struct thm_client_event *events)
{
    static const struct thm_port_ops ops = {.wait = fake_wait};
    static const uint8_t key[THM_ENROLL_KEY] = {1};
    static struct thm_port port = {&ops};
    struct thm_invitation to = {.host = "chat", .port = 8443, .server_name = "chat"};
    struct home home = {0};

    memcpy(to.ca, "0123456789abcdef", sizeof to.ca);
    script = events;
    steps = 0;
    now = started = 1000000;
    said[0] = '\0';
    kept = 0;
    who[0] = '\0';
    return invited_join(&home, &port, &to, key, 60, who);
}

static void tells(const char *words)
{
    if (strstr(said, words) == NULL)
        fail_msg("no \"%s\" in:\n%s", words, said);
}

static unsigned count(const char *words)
{
    unsigned n = 0;

    for (const char *at = said; (at = strstr(at, words)) != NULL; at++)
        n++;
    return n;
}

/* An answer; as good as four others. */
static const struct thm_msg *answer(const char *status, const char *reason, uint64_t retry_after)
{
    static struct thm_msg ring[4];
    static unsigned next;
    struct thm_msg *m = &ring[next++ % 4];

    thm_msg_init(m, THM_MSG_ENROLL_REPLY);
    thm_msg_str(m, THM_KEY_STATUS, status, strlen(status));
    THM_SET(m, USERID, "ali");
    THM_SET(m, DEVICE, "desk");
    if (reason != NULL)
        THM_SET(m, REASON, reason);
    if (retry_after > 0)
        thm_msg_num(m, THM_KEY_RETRY_AFTER, retry_after);
    return m;
}

#define STATE(to)                                                                                  \
    {                                                                                              \
        .kind = THM_CLIENT_STATE, .state = THM_CLIENT_##to                                         \
    }
#define WAITING(why)                                                                               \
    {                                                                                              \
        .kind = THM_CLIENT_STATE, .state = THM_CLIENT_WAITING, .code = (why)                       \
    }
#define CONNECTED STATE(DIALLING), STATE(HANDSHAKE), STATE(LOGIN)
#define ISSUED(why, m)                                                                             \
    {                                                                                              \
        .kind = THM_CLIENT_ISSUED, .code = (why), .msg = (m)                                       \
    }
#define ENDED(why, m)                                                                              \
    {                                                                                              \
        .kind = THM_CLIENT_ENDED, .code = (why), .msg = (m)                                        \
    }
#define CERTIFICATE                                                                                \
    {                                                                                              \
        .kind = THM_CLIENT_ISSUED, .msg = answer("GRANTED", NULL, 0), .certificate = der,          \
        .certificate_len = 3                                                                       \
    }
#define NO_MORE                                                                                    \
    {                                                                                              \
        .kind = THM_CLIENT_LINE                                                                    \
    }

static const uint8_t der[] = {0x30, 1, 0};

static void it_joins(void **state)
{
    const struct thm_client_event events[] = {CONNECTED, CERTIFICATE, STATE(LEAVING),
                                              ENDED(THM_OK, NULL)};

    (void)state;
    keeps = OPTIONS_OK;
    assert_int_equal(run(events), OPTIONS_OK);
    assert_string_equal(who, "ali@desk");
    assert_int_equal(kept, 1);
    tells("connecting to chat:8443 ...\nthe server is proven by CA ");
    assert_int_equal(count("\n"), 2);
    assert_int_equal(config.request_len > 0, true);
}

static void what_is_not_kept_is_no_success(void **state)
{
    const struct thm_client_event events[] = {CONNECTED, CERTIFICATE, ENDED(THM_OK, NULL)};

    (void)state;
    keeps = EXIT_CREDENTIALS;
    assert_int_equal(run(events), EXIT_CREDENTIALS);
    keeps = OPTIONS_OK;
}

/* An hour of waiting, in which the code is said once. */
static void approval(void **state)
{
    const struct thm_msg *later = answer("CONTINUE", NULL, 180);
    const struct thm_client_event round[] = {ISSUED(THM_E_APPROVAL, later), WAITING(THM_E_APPROVAL),
                                             CONNECTED};
    const struct thm_client_event first[] = {CONNECTED},
                                  last[] = {CERTIFICATE, ENDED(THM_OK, NULL)};
    struct thm_client_event events[3 + 20 * 5 + 2], *at = events;

    (void)state;
    memcpy(at, first, sizeof first);
    at += 3;
    for (unsigned i = 0; i < 20; i++, at += 5)
        memcpy(at, round, sizeof round);
    memcpy(at, last, sizeof last);
    assert_int_equal(run(events), OPTIONS_OK);
    assert_int_equal(count("somebody has to approve this machine first"), 1);
    assert_int_equal(count("trying again"), 0);
    assert_int_equal(count("proven by"), 1);
}

static void waiting_for_approval_ends_when_nobody_answers_any_more(void **state)
{
    const struct thm_client_event events[] = {CONNECTED,
                                              ISSUED(THM_E_APPROVAL, answer("CONTINUE", NULL, 30)),
                                              WAITING(THM_E_APPROVAL),
                                              STATE(DIALLING),
                                              WAITING(THM_E_CONNECT),
                                              NO_MORE};

    (void)state;
    assert_int_equal(run(events), EXIT_UNREACHED);
    assert_int_equal(now, started + 30000 + 60000);
    tells("the same command goes on later");
}

static void nobody_answers(void **state)
{
    const struct thm_client_event events[] = {
        STATE(DIALLING), WAITING(THM_E_RESOLVE), STATE(DIALLING), WAITING(THM_E_CONNECT),
        STATE(DIALLING), WAITING(THM_E_CONNECT), NO_MORE};

    (void)state;
    assert_int_equal(run(events), EXIT_UNREACHED);
    assert_int_equal(now, started + 60000);
    assert_int_equal(count("trying again"), 2); /* once for each reason */
    assert_int_equal(count("connecting to"), 1);
    tells("chat:8443: no certificate came: the server could not be reached");
}

static void a_refusal_for_now_counts_as_no_answer(void **state)
{
    const struct thm_msg *m = answer("REFUSED", "the signer sleeps", 10);
    const struct thm_client_event events[] = {
        CONNECTED,
        ISSUED(THM_E_SIGNER, m),
        {.kind = THM_CLIENT_STATE, .state = THM_CLIENT_WAITING, .code = THM_E_SIGNER, .msg = m},
        NO_MORE};

    (void)state;
    assert_int_equal(run(events), EXIT_UNREACHED);
    tells("the signer sleeps; trying again");
    assert_int_equal(now, started + 60000);
}

static void refusals(void **state)
{
    const struct thm_client_event named[] = {
        CONNECTED, ISSUED(THM_E_INVITATION_USED, answer("REFUSED", "used on Monday", 0)),
        ENDED(THM_E_INVITATION_USED, answer("REFUSED", "used on Monday", 0))};
    const struct thm_client_event nameless[] = {
        CONNECTED, ISSUED(THM_E_INVITATION_EXPIRED, answer("REFUSED", NULL, 0)),
        ENDED(THM_E_INVITATION_EXPIRED, answer("REFUSED", NULL, 0))};

    (void)state;
    assert_int_equal(run(named), EXIT_REFUSED);
    tells("used on Monday\n");
    assert_int_equal(run(nameless), EXIT_REFUSED);
    tells("this invitation has run out: ask for another one\n");
}

static void who_is_not_the_server(void **state)
{
    static const struct {
        int code, exit_code;
        const char *words;
    } rows[] = {
        {THM_E_INVITATION, EXIT_REFUSED, "does not know this invitation"},
        {THM_E_ALPN, EXIT_REFUSED, "nobody can join by that server"},
        {THM_E_UNTRUSTED, EXIT_UNTRUSTED, "not the server of this invitation"},
        {THM_E_SERVER_NAME, EXIT_UNTRUSTED, "for another name than the invitation says"},
        {THM_E_EXPIRED, EXIT_UNTRUSTED, "clock"},
        {THM_E_ROLE, EXIT_UNTRUSTED, "is not for this role"},
        {THM_E_TLS_VERSION, EXIT_UNTRUSTED, "no thimble server"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct thm_client_event events[] = {STATE(DIALLING), STATE(HANDSHAKE),
                                                  ENDED(rows[i].code, NULL)};
        assert_int_equal(run(events), rows[i].exit_code);
        tells(rows[i].words);
        assert_int_equal(count("\n"), 2);
    }
}

static void a_lying_answer(void **state)
{
    const struct thm_client_event events[] = {CONNECTED,
                                              ISSUED(THM_E_KEY_MISSING, answer("GRANTED", NULL, 0)),
                                              WAITING(THM_E_KEY_MISSING), NO_MORE};

    (void)state;
    assert_int_equal(run(events), EXIT_CREDENTIALS);
    assert_int_equal(now, started);
    assert_int_equal(kept, 0);
    tells("what the server sent can't be used");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_joins),
        cmocka_unit_test(what_is_not_kept_is_no_success),
        cmocka_unit_test(approval),
        cmocka_unit_test(waiting_for_approval_ends_when_nobody_answers_any_more),
        cmocka_unit_test(nobody_answers),
        cmocka_unit_test(a_refusal_for_now_counts_as_no_answer),
        cmocka_unit_test(refusals),
        cmocka_unit_test(who_is_not_the_server),
        cmocka_unit_test(a_lying_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
