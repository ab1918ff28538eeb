/*
 * Direct sessions as the application sees them: made, run, and ended.
 */
#include "call/internal.h"

#if THM_CALLS > 0

/* Handshakes at a time, where there is more than one path; and buffers of TLS. */
#define HANDSHAKES (THM_CALL_PATHS == 1 ? 1 : 4)

static struct thm_tls_config tls_config(void *handshake_memory)
{
    return (struct thm_tls_config){.role = THM_FOR_PEER,
                                   .alpn = THM_PEER_ALPN,
                                   .connections = THM_CALL_PATHS,
                                   .handshakes = HANDSHAKES,
                                   .in_buffers = HANDSHAKES,
                                   .out_buffers = HANDSHAKES,
                                   .handshake_memory =
                                       THM_CALL_PATHS == 1 ? handshake_memory : NULL};
}

size_t thm_calls_tls_size(void)
{
    char elsewhere; /* the handshake's memory is no part of it */
    struct thm_tls_config config = tls_config(&elsewhere);

    return thm_tls_domain_size(&config);
}

/* --- init ----------------------------------------------------------------------------------------- */

static int init_tls(struct thm_calls *k)
{
    struct thm_tls_config config = tls_config(k->paths[0].phase.handshake);

    config.port = &k->port;
    config.backend = k->config.backend;
    config.prefer_aes = k->config.prefer_aes;
    int code =
        thm_tls_domain_init(&k->domain, k->config.tls_memory, k->config.tls_memory_size, &config);
    if (code == THM_OK)
        thm_tls_domain_set(k->domain, k->config.credentials, NULL);
    return code;
}

static int start_listening(struct thm_calls *k)
{
    struct thm_port *port = k->config.port;
    uint16_t first = k->config.number != 0 ? k->config.number : THM_CALL_PORT;
    uint16_t ports = k->config.number != 0 ? k->config.ports : THM_CALL_PORTS;
    int code = THM_E_IN_USE;

    if (k->config.listen == NULL)
        return THM_OK;
    for (uint32_t i = 0; i == 0 || (i < ports && code == THM_E_IN_USE && first + i <= 65535); i++) {
        k->number = (uint16_t)(first + i);
        code = port->ops->listen(port, k->config.listen, k->number, k->config.tag, &k->listener);
    }
    if (code != THM_OK)
        k->number = 0;
    return code;
}

int thm_calls_init(struct thm_calls *k, const struct thm_calls_config *config)
{
    if (config->port == NULL || config->client == NULL || config->credentials == NULL ||
        config->on_event == NULL)
        return THM_E_CONFIG;
    memset(k, 0, sizeof *k);
    k->port.ops = &thm_call_sockets;
    k->config = *config;
    k->auto_answer = config->auto_answer;
    k->find_by = THM_NEVER;
    int code = init_tls(k);
    return code == THM_OK ? start_listening(k) : code;
}

uint16_t thm_calls_number(const struct thm_calls *k)
{
    return k->number;
}

void thm_calls_set_credentials(struct thm_calls *k, const struct thm_credentials *credentials)
{
    k->config.credentials = credentials;
    k->registered = false;
    k->due = true;
    thm_tls_domain_set(k->domain, credentials, NULL);
}

void thm_calls_set_availability(struct thm_calls *k, enum thm_availability availability)
{
    k->availability = (uint8_t)availability;
    k->due = true;
}

void thm_calls_auto_answer(struct thm_calls *k, bool on)
{
    k->auto_answer = on;
}

const struct thm_call *thm_call_at(const struct thm_calls *k, unsigned call)
{
    return call < THM_CALLS ? &k->calls[call] : NULL;
}

/* --- calling -------------------------------------------------------------------------------------- */

static bool is_target(const char *target)
{
    return thm_key_check(THM_KEY_LOOKUP, target, strlen(target)) == THM_OK;
}

int thm_call_dial(struct thm_calls *k, const char *target, unsigned *call)
{
    struct thm_call *c = thm_session_free(k);

    if (!is_target(target))
        return THM_E_KEY_RANGE;
    if (!k->online || k->stopping)
        return THM_E_STATE;
    struct thm_path *p = c != NULL ? thm_path_take(k) : NULL;
    if (p == NULL)
        return THM_E_LIMIT;
    strcpy(c->target, target);
    c->state = THM_CALL_CALLING;
    c->attempt = thm_path_place(k, p);
    p->call = thm_call_place(k, c);
    *call = thm_call_place(k, c) - 1u;
    k->due = true;
    thm_path_turn(k, p, THM_PATH_LOOK_UP, THM_OK);
    return THM_OK;
}

int thm_calls_find(struct thm_calls *k, const char *target)
{
    if (!is_target(target))
        return THM_E_KEY_RANGE;
    if (!k->online || k->stopping)
        return THM_E_STATE;
    if (k->find[0] != '\0')
        return THM_E_LIMIT;
    strcpy(k->find, target);
    k->find_due = k->due = true;
    k->find_by = k->now + THM_LOOKUP_MS;
    return THM_OK;
}

/* --- the client ----------------------------------------------------------------------------------- */

/* Relays end with the connection to the server, and so does what was asked. */
static void went_offline(struct thm_calls *k)
{
    k->online = false;
    memset(k->farewells, 0, sizeof k->farewells);
    for (unsigned i = 0; i < THM_CALL_PATHS; i++) {
        struct thm_path *p = &k->paths[i];
        if (p->state == THM_PATH_LOOKUP || p->state == THM_PATH_CHECKING)
            p->ask_due = true;
        if (p->relayed)
            p->relay.closed = p->pending = true;
    }
}

static void on_line(struct thm_calls *k, const struct thm_msg *m)
{
    switch (m->type) {
    case THM_MSG_LOOKUP_REPLY: thm_directory_reply(k, m); break;
    case THM_MSG_RELAY: thm_call_relay_line(k, m); break;
    case THM_MSG_ERROR: thm_directory_error(k, m); break;
    default: break;
    }
}

/* Whether a server has a directory, as it says at login. */
static bool supports(const struct thm_msg *granted)
{
    struct thm_slice words = thm_msg_get(granted, THM_KEY_COMMANDS);

    while (words.len > 0)
        if (thm_slice_is(thm_slice_word(&words), thm_type_word(THM_MSG_REGISTER)))
            return true;
    return false;
}

void thm_calls_client_event(struct thm_calls *k, const struct thm_client_event *event)
{
    bool online = event->state == THM_CLIENT_ONLINE;

    if (event->kind == THM_CLIENT_LINE) {
        on_line(k, event->msg);
    } else if (event->kind == THM_CLIENT_STATE || event->kind == THM_CLIENT_ENDED) {
        if (k->online && !online)
            went_offline(k);
        if (online && !k->online) {
            k->registered = false;
            k->online = event->msg != NULL && supports(event->msg);
        }
    }
}

/* --- running -------------------------------------------------------------------------------------- */

static uint32_t events_of(const struct thm_event *events, int n, uint32_t tag)
{
    uint32_t what = 0;

    for (int i = 0; i < n; i++)
        if (events[i].tag == tag && events[i].what != THM_EV_WOKEN)
            what |= events[i].what;
    return what;
}

static void give_up_finding(struct thm_calls *k)
{
    struct thm_call_event e = {.kind = THM_CALL_FOUND, .code = THM_E_TIMEOUT};

    k->find[0] = '\0';
    k->find_due = false;
    k->find_by = THM_NEVER;
    thm_session_tell(k, NULL, &e);
}

void thm_calls_step(struct thm_calls *k, uint64_t now_ms, const struct thm_event *events, int n)
{
    k->now = now_ms;
    k->due = false;
    if (k->number != 0 && events_of(events, n, k->config.tag) != 0)
        thm_path_admit(k);
    for (unsigned i = 0; i < THM_CALLS; i++)
        thm_session_run(k, &k->calls[i]);
    for (unsigned i = 0; i < THM_CALL_PATHS; i++)
        thm_path_move(k, &k->paths[i], events_of(events, n, k->config.tag + 1 + i));
    if (k->now >= k->find_by)
        give_up_finding(k);
    thm_directory_fill(k);
    thm_call_relay_fill(k);
}

uint64_t thm_calls_deadline(const struct thm_calls *k)
{
    uint64_t until = k->due ? 0 : k->find_by;

    for (unsigned i = 0; i < THM_CALLS; i++)
        until = thm_earlier(until, thm_session_deadline(k, &k->calls[i]));
    for (unsigned i = 0; i < THM_CALL_PATHS; i++) {
        const struct thm_path *p = &k->paths[i];
        if (p->pending)
            return 0;
        if (p->state != THM_PATH_FREE)
            until = thm_earlier(until, thm_earlier(p->deadline, p->ping_at));
    }
    return until;
}

void thm_calls_stop(struct thm_calls *k)
{
    k->stopping = true;
    for (unsigned i = 0; i < THM_CALLS; i++)
        thm_call_hang_up(k, i);
    for (unsigned i = 0; i < THM_CALL_PATHS; i++)
        if (k->paths[i].call == 0)
            thm_path_stop(k, &k->paths[i], false);
    if (k->number != 0)
        k->config.port->ops->close(k->config.port, k->listener);
    k->number = 0;
}

bool thm_calls_idle(const struct thm_calls *k)
{
    for (unsigned i = 0; i < THM_CALL_PATHS; i++)
        if (k->paths[i].state != THM_PATH_FREE)
            return false;
    return true;
}

#endif
