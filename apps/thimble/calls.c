#include "calls.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report.h"
#include "session.h"

#define STOP_MS 2000u /* for last words */

/* --- opening ------------------------------------------------------------------------------------ */

/* A person is there to answer; a program says that it does. */
static bool takes_part(const struct session *s)
{
    const struct settings *o = s->settings;
    return s->front->calls || o->listen || o->auto_answer || o->relay_only;
}

static void on_event(void *ctx, const struct thm_call_event *event)
{
    struct session *s = ctx;
    s->front->call(s, event);
    if (event->kind == THM_CALL_TEXT)
        session_count(s);
}

/* The server tells others the address from which it sees this device: a family that it does not use is of no use. */
static const char *any_address(const struct settings *o)
{
    return strchr(o->host, ':') ? "::" : "0.0.0.0";
}

static void say_not_listening(const struct thm_calls_config *config, int code)
{
    unsigned first = config->number ? config->number : THM_CALL_PORT;
    unsigned last = config->number ? config->number : THM_CALL_PORT + THM_CALL_PORTS - 1;
    report("can't listen for direct sessions on %s, port %u%s%.0u: %s; others get through by the "
           "server's relay",
           config->listen, first, last > first ? " to " : "", last > first ? last : 0,
           code == THM_E_IN_USE ? "in use" : thm_error_text(code));
}

int calls_open(struct session *s)
{
    const struct settings *o = s->settings;
    size_t tls_size = thm_calls_tls_size();
    struct thm_calls_config config = {.port = &s->port.port,
                                      .client = &s->client,
                                      .credentials = s->credentials,
                                      .listen =
                                          o->listen_address ? o->listen_address : any_address(o),
                                      .number = o->listen_number,
                                      .ports = 1,
                                      .known_as = (uint16_t)o->known_as,
                                      .relay_only = o->relay_only,
                                      .auto_answer = o->auto_answer || s->front->answers,
                                      .tag = TAG_CALLS,
                                      .tls_memory_size = tls_size,
                                      .on_event = on_event,
                                      .ctx = s};
    if (!takes_part(s))
        return OPTIONS_OK;
    config.tls_memory = aligned_alloc(16, (tls_size + 15) & ~(size_t)15);
    if (o->no_listen || o->relay_only)
        config.listen = NULL;
    int code = thm_calls_init(&s->calls, &config);
    if (code != THM_OK && config.listen) {
        say_not_listening(&config, code);
        config.listen = NULL;
        code = thm_calls_init(&s->calls, &config);
    }
    s->takes_calls = code == THM_OK;
    return code == THM_OK ? OPTIONS_OK
                          : report_fail(EXIT_FAILED, "can't start: %s", thm_error_text(code));
}

/* --- the console -------------------------------------------------------------------------------- */

static bool recall_key(void *ctx, struct thm_identity *who, uint64_t *since_s)
{
    const struct session *s = ctx;
    return known_find(s->state.known_file, who, since_s);
}

static void remember_key(void *ctx, const struct thm_identity *who)
{
    const struct session *s = ctx;
    known_keep(s->state.known_file, who, (uint64_t)time(NULL));
}

void calls_console(struct session *s, struct thm_console_config *config)
{
    if (!s->takes_calls)
        return;
    config->calls = &s->calls;
    config->recall_key = recall_key;
    config->remember_key = remember_key;
}

/* --- the loop ----------------------------------------------------------------------------------- */

/* What the server says to them alone. */
static bool is_theirs(const struct thm_msg *m)
{
    static const char *const asked[] = {"lookup_request", "relay"};
    struct thm_slice in = thm_msg_get(m, THM_KEY_IN);
    for (unsigned i = 0; i < sizeof asked / sizeof asked[0] && m->type == THM_MSG_ERROR; i++)
        if (in.len == strlen(asked[i]) && memcmp(in.data, asked[i], in.len) == 0)
            return true;
    return m->type == THM_MSG_REGISTER || m->type == THM_MSG_LOOKUP_REPLY ||
           m->type == THM_MSG_RELAY;
}

bool calls_client_event(struct session *s, const struct thm_client_event *event)
{
    if (!s->takes_calls)
        return true;
    thm_calls_client_event(&s->calls, event);
    return event->kind != THM_CLIENT_LINE || !is_theirs(event->msg);
}

void calls_step(struct session *s, const struct thm_event *events, int n)
{
    if (!s->takes_calls)
        return;
    thm_calls_step(&s->calls, s->now, events, n);
    if ((s->leaving || s->ended) && s->calls_by == 0) {
        s->calls_by = s->now + STOP_MS;
        thm_calls_stop(&s->calls);
    }
}

uint64_t calls_deadline(const struct session *s)
{
    if (!s->takes_calls)
        return UINT64_MAX;
    uint64_t until = thm_calls_deadline(&s->calls);
    if ((s->leaving || s->ended) && s->calls_by == 0)
        return 0;
    bool waits = s->calls_by > 0 && !thm_calls_idle(&s->calls);
    return waits && s->calls_by < until ? s->calls_by : until;
}

bool calls_settled(const struct session *s)
{
    if (!s->takes_calls)
        return true;
    return s->calls_by > 0 && (thm_calls_idle(&s->calls) || s->now >= s->calls_by);
}

bool calls_all_said(const struct session *s)
{
    for (unsigned i = 0; s->takes_calls && i < THM_CALLS; i++) {
        const struct thm_call *call = thm_call_at(&s->calls, i);
        if (call->said > call->acked)
            return false;
    }
    return true;
}
