/* The server as a whole: its memory, its turns, its end. */
#include "server/internal.h"

#include <string.h>

#include "server/record.h"
#include "thimble/enroll.h"

/* Turns of the store and of connections within one step, so that a store that answers at once does not
 * cost a turn of the loop. */
#define ROUNDS_PER_STEP 8

void thm_server_config_default(struct thm_server_config *config, uint32_t max_clients)
{
    config->max_clients = max_clients;
    config->spare_clients = 16;
    config->max_handshakes = 64;
    config->max_per_address = 48;
    config->max_rooms = 256 + max_clients / 4;
    config->max_users = 2 * max_clients + 64;
    config->memberships = (1 + THM_ROOMS_PER_SESSION) * max_clients; /* nobody takes another's */
    config->states = 4 * max_clients;
    config->blocks = 1024;
    config->appends = 256;
    config->reads = 32;
    config->lines = max_clients + config->spare_clients;
    config->outputs = max_clients + config->spare_clients;
    config->tls_sessions = 2 * max_clients;
    config->devices = 2 * (max_clients + config->spare_clients);
    config->limits[THM_LIMIT_LINES] = (struct thm_limit){THM_LINES_RATE, THM_LINES_BURST};
    config->limits[THM_LIMIT_BYTES] = (struct thm_limit){THM_BYTES_RATE, THM_BYTES_BURST};
    config->limits[THM_LIMIT_JOINS] = (struct thm_limit){THM_JOINS_RATE, THM_JOINS_BURST};
    config->limits[THM_LIMIT_LOGINS] = (struct thm_limit){THM_LOGINS_RATE, THM_LOGINS_BURST};
    config->limits[THM_LIMIT_LOOKUPS] = (struct thm_limit){THM_LOOKUPS_RATE, THM_LOOKUPS_BURST};
    config->auth = THM_AUTH_CERTIFICATE;
    config->logins = 64;
    config->attempts = 1024;
    config->callables = max_clients;
    config->relays = 8 + max_clients / 4;
    config->signings = 64;
    config->invitations = 16384;
}

/* --- memory --------------------------------------------------------------------------------- */

static bool has_accounts(const struct thm_server_config *c)
{
    return c->store != NULL && c->store->records;
}

static struct thm_tls_config tls_config(const struct thm_server_config *config)
{
    uint32_t connections = config->max_clients + config->spare_clients;
    bool enrols = config->sign != NULL && has_accounts(config);

    return (struct thm_tls_config){
        .enroll_alpn = enrols ? THM_ENROLL_ALPN : NULL,
        .admits = thm_invite_admits,
        .role = THM_FOR_SERVER,
        .port = config->port,
        .backend = config->backend,
        .alpn = THM_ALPN,
        .connections = connections,
        .handshakes = config->max_handshakes,
        .in_buffers = connections,
        .out_buffers = connections,
        .sessions = config->tls_sessions,
        .prefer_aes = config->prefer_aes,
    };
}

enum area {
    AREA_SERVER,
    AREA_TLS,
    AREA_CONNECTIONS,
    AREA_USERS,
    AREA_STREAMS,
    AREA_MEMBERSHIPS,
    AREA_STATES,
    AREA_JOBS,
    AREA_READS,
    AREA_LOGINS,
    AREA_ATTEMPTS,
    AREA_LINES,
    AREA_OUTPUTS,
    AREA_DEVICES,
    AREA_BLOCKS,
    AREA_USER_INDEX,
    AREA_ALIAS_INDEX,
    AREA_STREAM_INDEX,
    AREA_DEVICE_INDEX,
    AREA_INVITES,
    AREA_INVITE_INDEX,
#if THM_CALLS > 0
    AREA_CALLABLES,
    AREA_TICKETS,
    AREA_RELAYS,
    AREA_RELAY_BUFFERS,
#endif
    AREAS
};

/* One list of all that a server's memory holds: sizes and reports are made from it. */
static void areas(const struct thm_server_config *c, struct thm_server_cost out[AREAS])
{
    uint32_t connections = c->max_clients + c->spare_clients;
    uint32_t streams = c->max_rooms + c->max_users;
    struct thm_tls_config tls = tls_config(c);
    bool accounts = has_accounts(c), enrols = accounts && c->sign != NULL;
    const struct thm_server_cost rows[AREAS] = {
        [AREA_SERVER] = {"server", sizeof(struct thm_server), 1},
        [AREA_TLS] = {"TLS engines, buffers and sessions", thm_tls_domain_size(&tls), 1},
        [AREA_CONNECTIONS] = {"connections", sizeof(struct connection), connections},
        [AREA_USERS] = {"users", sizeof(struct user), c->max_users},
        [AREA_STREAMS] = {"rooms and inboxes", sizeof(struct stream), streams},
        [AREA_MEMBERSHIPS] = {"memberships", sizeof(struct membership), c->memberships},
        [AREA_STATES] = {"retained states", sizeof(struct state), c->states},
        [AREA_JOBS] = {"messages on their way to the store", sizeof(struct job), c->appends},
        [AREA_READS] = {"reads from the store", sizeof(struct read_job), c->reads},
        [AREA_LOGINS] = {"logins by passcode", sizeof(struct login), accounts ? c->logins : 0},
        [AREA_ATTEMPTS] = {"wrong passcodes", thm_attempts_size(c->attempts), accounts ? 1 : 0},
        [AREA_LINES] = {"partial lines", THM_LINE_MAX, c->lines},
        [AREA_OUTPUTS] = {"output buffers", THM_OUT_BUFFER, c->outputs},
        [AREA_DEVICES] = {"limits of devices", sizeof(struct thm_pace_device), c->devices},
        [AREA_BLOCKS] = {"newest entries", thm_blocks_size(c->blocks), 1},
        [AREA_USER_INDEX] = {"index of users", thm_index_size(c->max_users), 1},
        [AREA_ALIAS_INDEX] = {"index of aliases", thm_index_size(c->max_users), 1},
        [AREA_STREAM_INDEX] = {"index of rooms and inboxes", thm_index_size(streams), 1},
        [AREA_DEVICE_INDEX] = {"index of devices", thm_index_size(c->devices), 1},
        [AREA_INVITES] = {"invitations", sizeof(struct invite), enrols ? c->invitations : 0},
        [AREA_INVITE_INDEX] = {"index of invitations", thm_index_size(c->invitations),
                               enrols ? 1 : 0},
#if THM_CALLS > 0
        [AREA_CALLABLES] = {"devices that can be called", sizeof(struct callable), c->callables},
        [AREA_TICKETS] = {"tickets of calls", sizeof(struct ticket),
                          c->callables > 0 ? THM_TICKETS_EACH * (size_t)c->max_clients : 0},
        [AREA_RELAYS] = {"ends of relays", sizeof(struct relay_end), 2 * (size_t)c->relays},
        [AREA_RELAY_BUFFERS] = {"relayed bytes that wait", THM_RELAY_WINDOW, 2 * (size_t)c->relays},
#endif
    };

    memcpy(out, rows, sizeof rows);
}

/* Each area starts at a multiple of 16, and so does each item of a pool. */
static size_t area_bytes(const struct thm_server_cost *row)
{
    return thm_pool_size(row->each, 1) * row->count;
}

size_t thm_server_size(const struct thm_server_config *config, struct thm_server_cost *cost,
                       unsigned cap)
{
    struct thm_server_cost rows[AREAS];
    size_t total = 0;

    areas(config, rows);
    for (unsigned i = 0; i < AREAS; i++) {
        total += area_bytes(&rows[i]);
        if (cost != NULL && i + 1 < cap)
            cost[i] = rows[i];
    }
    if (cost != NULL && cap > 0)
        cost[cap <= AREAS ? cap - 1 : AREAS].what = NULL;
    return total;
}

static int lay_out(struct thm_server *s, unsigned char *memory)
{
    struct thm_pool *const pools[AREAS] = {
        [AREA_CONNECTIONS] = &s->connections,
        [AREA_USERS] = &s->users,
        [AREA_STREAMS] = &s->streams,
        [AREA_MEMBERSHIPS] = &s->memberships,
        [AREA_STATES] = &s->states,
        [AREA_JOBS] = &s->jobs,
        [AREA_READS] = &s->reads,
        [AREA_LOGINS] = &s->logins,
        [AREA_LINES] = &s->lines,
        [AREA_OUTPUTS] = &s->outputs,
        [AREA_DEVICES] = &s->pace.devices,
        [AREA_INVITES] = &s->invites,
#if THM_CALLS > 0
        [AREA_CALLABLES] = &s->callables,
        [AREA_TICKETS] = &s->tickets,
        [AREA_RELAYS] = &s->relay_ends,
        [AREA_RELAY_BUFFERS] = &s->relay_buffers,
#endif
    };
    const struct thm_server_config *c = &s->config;
    uint32_t streams = c->max_rooms + c->max_users;
    struct thm_tls_config tls = tls_config(c);
    struct thm_server_cost rows[AREAS];

    tls.admits_ctx = s;
    unsigned char *at[AREAS];

    areas(c, rows);
    for (unsigned i = 0; i < AREAS; i++) {
        at[i] = memory;
        memory += area_bytes(&rows[i]);
        if (pools[i] != NULL)
            thm_pool_init(pools[i], at[i], rows[i].each, (uint32_t)rows[i].count);
    }
    thm_index_init(&s->user_index, at[AREA_USER_INDEX], c->max_users);
    thm_index_init(&s->alias_index, at[AREA_ALIAS_INDEX], c->max_users);
    thm_index_init(&s->stream_index, at[AREA_STREAM_INDEX], streams);
    if (thm_invites_kept(s))
        thm_index_init(&s->invite_index, at[AREA_INVITE_INDEX], c->invitations);
    thm_index_init(&s->pace.index, at[AREA_DEVICE_INDEX], c->devices);
    if (has_accounts(c))
        thm_attempts_init(&s->attempts, at[AREA_ATTEMPTS], c->attempts, &s->hash_key);
    int code = thm_blocks_init(&s->blocks, at[AREA_BLOCKS], rows[AREA_BLOCKS].each, c->blocks);
    if (code != THM_OK)
        return code;
    return thm_tls_domain_init(&s->tls, at[AREA_TLS], rows[AREA_TLS].each, &tls);
}

static bool limits_valid(const struct thm_server_config *c)
{
    for (unsigned kind = 0; kind < THM_LIMITS; kind++) {
        const struct thm_limit *l = &c->limits[kind];
        if (l->rate > THM_LIMIT_MAX || l->burst > THM_LIMIT_MAX || (l->rate != 0 && l->burst == 0))
            return false;
    }
    return c->devices >= c->max_clients + c->spare_clients;
}

static bool accounts_valid(const struct thm_server_config *c)
{
    if (!has_accounts(c))
        return c->auth != THM_AUTH_PASSCODE;
    return c->logins > 0 && c->attempts > 0 && c->attempts <= 1u << 20;
}

static bool enrolment_valid(const struct thm_server_config *c)
{
    return c->sign == NULL || (c->signings > 0 && c->invitations > 0 && c->invitations <= 1u << 24);
}

static bool calls_valid(const struct thm_server_config *c)
{
    return c->callables <= 1u << 24 && c->relays <= 1u << 24;
}

static bool config_valid(const struct thm_server_config *c)
{
    return c->port != NULL && c->store != NULL && c->name != NULL &&
           thm_key_check(THM_KEY_SERVER, c->name, strlen(c->name)) == THM_OK &&
           c->max_clients > 0 && c->spare_clients >= 2 && c->max_handshakes > 0 &&
           c->max_per_address > 0 && c->max_rooms > 0 && c->max_users >= c->max_clients &&
           c->memberships >= c->max_clients && c->states > 0 && c->blocks > 0 && c->appends > 0 &&
           c->reads > 0 && c->lines > 0 && c->outputs > 0 && limits_valid(c) && accounts_valid(c) &&
           enrolment_valid(c) && calls_valid(c);
}

int thm_server_init(struct thm_server **out, void *memory, size_t size,
                    const struct thm_server_config *config)
{
    struct thm_server *s = memory;
    uint64_t seed[3];

    if (!config_valid(config))
        return THM_E_CONFIG;
    if (size < thm_server_size(config, NULL, 0))
        return THM_E_MEMORY;
    memset(s, 0, sizeof *s);
    s->config = *config;
    int code = config->port->ops->entropy(config->port, seed, sizeof seed);
    if (code != THM_OK)
        return code;
    s->hash_key.k0 = seed[0];
    s->hash_key.k1 = seed[1];
    s->random = seed[2];
    s->pace.hash_key = s->hash_key;
    memcpy(s->pace.limits, config->limits, sizeof s->pace.limits);
    s->unknown.iterations = THM_SCRAM_ITERATIONS;
    code = lay_out(s, memory);
    if (code == THM_OK)
        *out = s;
    return code;
}

/* --- small services for the other files ------------------------------------------------------ */

uint64_t thm_server_random(struct thm_server *s)
{
    /* SplitMix64 (Steele, Lea and Flood, 2014) */
    uint64_t z = s->random += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void thm_log_event(struct thm_server *s, enum thm_log_level level, const char *event,
                   const struct connection *c, int code, const char *detail)
{
    struct thm_log_record r = {.level = level, .event = event, .code = code, .detail = detail};

    if (s->config.log == NULL)
        return;
    if (c != NULL) {
        r.connection = c->serial;
        r.address = &c->address;
        if (c->tls.peer.user[0] != '\0') {
            r.user = c->tls.peer.user;
            r.device = c->tls.peer.device;
            r.key_hash = c->tls.peer.key_hash;
        }
        if (c->user != 0 && c->state == CONN_ONLINE)
            r.alias = user_at(s, c->user)->alias;
    }
    s->config.log(s->config.log_ctx, &r);
}

/* --- credentials ---------------------------------------------------------------------------- */

void thm_server_set_credentials(struct thm_server *s, const struct thm_credentials *credentials,
                                const struct thm_denylist *denylist)
{
    thm_tls_domain_set(s->tls, credentials, denylist);
    for (uint32_t n = 1; n <= s->connections.fresh; n++) {
        struct connection *c = conn_at(s, n);
        if (conn_talks(c) && thm_denylist_has(denylist, c->tls.peer.key_hash))
            thm_conn_goodbye(s, c, THM_E_REVOKED, thm_error_text(THM_E_REVOKED), 0);
    }
}

bool thm_server_uses(const struct thm_server *s, const struct thm_credentials *credentials)
{
    return thm_tls_domain_uses(s->tls, credentials);
}

/* --- turns ---------------------------------------------------------------------------------- */

int thm_server_listen(struct thm_server *s, const char *host, uint16_t number,
                      struct thm_address *bound)
{
    struct thm_port *port = s->config.port;
    thm_socket *socket = &s->listeners[s->listener_count];

    if (s->listener_count == LISTENERS_MAX)
        return THM_E_LIMIT;
    int code =
        port->ops->listen(port, host, number, THM_SERVER_TAG_FIRST + s->listener_count, socket);
    if (code != THM_OK)
        return code;
    s->listener_count++;
    return bound == NULL ? THM_OK : port->ops->peer_addr(port, *socket, bound);
}

static void tell_time(struct thm_server *s, uint64_t now_ms)
{
    uint64_t utc;

    s->now = now_ms;
    if (s->stats.turns == 0)
        s->started = now_ms;
    if (s->config.port->ops->utc(s->config.port, &utc) == THM_OK) {
        s->utc_ms = utc;
        if (s->started_utc == 0)
            s->started_utc = utc;
    }
    thm_tls_domain_now(s->tls, now_ms);
}

static void take_events(struct thm_server *s, const struct thm_event *events, int n)
{
    for (int i = 0; i < n; i++) {
        uint32_t tag = events[i].tag;
        if (tag < THM_SERVER_TAG_FIRST)
            continue;
        tag -= THM_SERVER_TAG_FIRST;
        if (tag < LISTENERS_MAX)
            s->accepting = true;
        else
            thm_conn_events(s, tag - LISTENERS_MAX, events[i].what);
    }
    if (s->accepting)
        thm_conn_accept(s);
}

/* Runs the connections that are in the list now; those that come in meanwhile wait for the next round. */
static void run_connections(struct thm_server *s)
{
    uint32_t last = s->look_last, number;

    while ((number = s->look_first) != 0) {
        struct connection *c = conn_at(s, number);
        s->look_first = c->look_next;
        if (s->look_first == 0)
            s->look_last = 0;
        thm_conn_run(s, c);
        if (number == last)
            return;
    }
}

void thm_server_step(struct thm_server *s, uint64_t now_ms, const struct thm_event *events, int n)
{
    tell_time(s, now_ms);
    s->stats.turns++;
    take_events(s, events, n);
    thm_hold_wake(s);
    run_connections(s);
    thm_conn_expire(s);
    thm_presence_expire(s);
    thm_relay_expire(s);
    s->unfinished = true;
    for (unsigned round = 0; round < ROUNDS_PER_STEP && s->unfinished; round++) {
        run_connections(s);
        thm_say_run(s);
        thm_append_run(s);
        thm_record_run(s);
        thm_invites_run(s);
        thm_operations_run(s);
        unsigned done = thm_store_collect(s);
        thm_stream_wake_members(s);
        thm_conn_wake_waiting(s);
        s->unfinished = done > 0 || s->look_first != 0;
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return b != 0 && b < a ? b : a;
}

uint64_t thm_server_deadline(const struct thm_server *s)
{
    uint64_t at = UINT64_MAX;

    /* What was asked for between two steps, as a goodbye, is looked at as well. */
    if (s->unfinished || s->look_first != 0)
        return 0;
    for (unsigned kind = DEADLINE_NONE + 1; kind < DEADLINE_KINDS; kind++)
        if (s->deadlines[kind].first != 0)
            at = earlier(at, conn_at(s, s->deadlines[kind].first)->deadline);
    if (s->count_first != 0)
        at = earlier(at, stream_at(s, s->count_first)->count_due);
    at = earlier(at, thm_hold_deadline(s));
    at = earlier(at, thm_relay_deadline(s));
    at = earlier(at, s->append_retry);
    at = earlier(at, s->ask_retry);
    at = earlier(at, thm_record_deadline(s));
    if (thm_operations_deadline(s) <= s->now)
        return 0;
    at = earlier(at, thm_operations_deadline(s));
    at = earlier(at, thm_invites_deadline(s));
    if (s->wait[WAIT_READ].first != 0 && s->read_retry > s->now)
        at = earlier(at, s->read_retry);
    at = earlier(at, s->admit_at);
    return s->stopping && s->now < s->stop_by ? earlier(at, s->stop_by) : at;
}

/* --- the end -------------------------------------------------------------------------------- */

void thm_server_shutdown(struct thm_server *s)
{
    struct thm_port *port = s->config.port;

    if (s->stopping)
        return;
    s->stopping = true;
    s->stop_by = s->now + THM_CLOSE_MS;
    for (unsigned i = 0; i < s->listener_count; i++)
        port->ops->close(port, s->listeners[i]);
    s->listener_count = 0;
    for (uint32_t n = 1; n <= s->connections.fresh; n++) {
        struct connection *c = conn_at(s, n);
        c->stranger = c->state != CONN_ONLINE && c->state != CONN_LEAVING;
        if (conn_talks(c))
            thm_conn_goodbye(s, c, THM_E_SHUTDOWN, thm_error_text(THM_E_SHUTDOWN), 1);
        else if (c->state == CONN_HANDSHAKE)
            thm_conn_drop(s, c, THM_E_SHUTDOWN);
    }
}

/* Whether all are gone, but for those who were not logged in: that may be somebody at a prompt, who hears nothing. */
static bool all_gone(const struct thm_server *s)
{
    uint32_t strangers = 0;

    for (uint32_t n = 1; n <= s->connections.fresh; n++) {
        const struct connection *c = conn_at(s, n);
        strangers += c->state != CONN_FREE && c->stranger && c->out_len == c->out_sent;
    }
    return s->connections.used == strangers;
}

bool thm_server_idle(const struct thm_server *s)
{
    return s->stopping &&
           (s->stop_by <= s->now || (all_gone(s) && s->append_first == 0 &&
                                     s->operations.first == NULL && thm_record_idle(s)));
}
