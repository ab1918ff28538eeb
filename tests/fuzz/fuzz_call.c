/*
 * A server and another client, both hostile: whatever they say about direct sessions, lines are taken in order, nothing is
 * carried that was not verified, no place is lost, and what is said back is valid.
 *
 * The input is a list of lines. The first byte of each says what it is: 'S' the server says it, 'P' the other client on the
 * path that it has; 'E' somebody came by a path, 'D' a call goes out, 'Q' and has got through to its request, 'A' is answered,
 * 'H' hung up, 'T' a text is said, 'W' time passes, 'R' the connection to the server breaks and comes back.
 */
#include "fuzz/fuzz.h"

#include "call/internal.h"

static struct thm_client client;
static struct thm_calls calls;
static struct thm_credentials credentials;
static uint64_t heard[THM_CALLS];

static int random_bytes(struct thm_port *port, void *buf, size_t len)
{
    (void)port;
    memset(buf, 7, len);
    return THM_OK;
}

static int no_connection(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                         thm_socket *out)
{
    (void)port, (void)tag, (void)out;
    assert(strlen(host) > 0 && number != 0);
    return THM_E_CONNECT;
}

static int no_address(struct thm_port *port, thm_socket s, struct thm_address *out)
{
    (void)port, (void)s, (void)out;
    return THM_E_PORT;
}

static struct thm_port_ops ops = {
    .entropy = random_bytes, .connect = no_connection, .peer_addr = no_address};
static struct thm_port port = {&ops};

static void on_client(void *ctx, const struct thm_client_event *event)
{
    (void)ctx, (void)event;
}

static void on_call(void *ctx, const struct thm_call_event *e)
{
    (void)ctx;
    if (e->kind == THM_CALL_STANDS)
        heard[e->call] = 0;
    if (e->kind == THM_CALL_TEXT)
        assert(calls.calls[e->call].taken == ++heard[e->call]);
    assert(e->kind == THM_CALL_FOUND || e->call < THM_CALLS);
}

static void start(void)
{
    static unsigned char point[65] = {4}, key[32] = {1}, der[300] = {0x30};
    static _Alignas(16) unsigned char memory[1 << 20];
    struct thm_credential_parts parts = {.ca = {{point, 2, point}},
                                         .ca_count = 1,
                                         .chain = {{der, sizeof der}},
                                         .chain_len = 1,
                                         .key = key,
                                         .identity = {.user = "ali", .device = "d"}};
    struct thm_calls_config config = {.port = &port,
                                      .client = &client,
                                      .credentials = &credentials,
                                      .tls_memory = memory,
                                      .tls_memory_size = sizeof memory,
                                      .on_event = on_call};

    assert(thm_credentials_set(&credentials, &parts, THM_FOR_CLIENT) == THM_OK);
    memset(&client, 0, sizeof client);
    client.config.port = &port;
    client.config.on_event = on_client;
    client.state = THM_CLIENT_ONLINE;
    assert(thm_calls_tls_size() <= sizeof memory);
    assert(thm_calls_init(&calls, &config) == THM_OK);
    thm_tls_domain_set(calls.domain, NULL, NULL); /* no TLS: paths are put where they are wanted */
    calls.online = true;
    memset(heard, 0, sizeof heard);
}

/* What goes to the server, and to the other client, must be lines that they understand. */
static void check_lines(const char *bytes, size_t len, unsigned from)
{
    static char line[THM_LINE_MAX], copy[2 * THM_CLIENT_OUT + THM_CALL_OUT];
    struct thm_line_reader reader = {.buf = line};
    struct thm_slice got;
    struct thm_fault fault;
    struct thm_msg m;
    size_t at = 0, taken;

    memcpy(copy, bytes, len);
    while (at < len) {
        assert(thm_line_feed(&reader, copy + at, len - at, &taken, &got) == 1);
        at += taken;
        assert(thm_wire_decode((char *)(uintptr_t)got.data, got.len, from, &m, &fault) == THM_OK);
    }
}

static void check_sent(void)
{
    thm_directory_fill(&calls);
    thm_call_relay_fill(&calls);
    check_lines(client.phase.session.out, client.out_len, THM_FROM_CLIENT);
    client.out_len = client.out_sent = 0;
    for (unsigned i = 0; i < THM_CALL_PATHS; i++) {
        struct thm_path *p = &calls.paths[i];
        if (!thm_path_talks(p) && p->state != THM_PATH_CLOSING)
            continue;
        thm_talk_fill(&calls, p);
        check_lines(p->phase.session.out, p->out_len, THM_FROM_PEER);
        p->out_len = p->out_sent = 0;
        if (p->state == THM_PATH_CLOSING && !p->reply_due && !p->quit_due)
            thm_path_turn(&calls, p, THM_PATH_FAILED, THM_OK);
    }
}

/* Every place belongs to somebody who knows of it. */
static void check_places(void)
{
    for (unsigned i = 0; i < THM_CALLS; i++) {
        struct thm_call *c = &calls.calls[i];
        struct thm_path *p = thm_path_at(&calls, c->path), *a = thm_path_at(&calls, c->attempt);
        assert(c->state != THM_CALL_TALKING || (p != NULL && p->state == THM_PATH_CARRYING));
        assert(p == NULL || p->call == i + 1);
        assert(a == NULL || a->call == i + 1);
        assert(c->acked <= c->said && c->sent <= c->said && c->acked <= c->sent);
    }
    for (unsigned i = 0; i < THM_CALL_PATHS; i++) {
        struct thm_path *p = &calls.paths[i];
        struct thm_call *c = thm_call_of(&calls, p->call);
        assert(p->state != THM_PATH_CARRYING ||
               (c != NULL && thm_same_key(c->peer.key_hash, p->tls.peer.key_hash)));
    }
}

static void hear_server(const char *text, size_t len)
{
    static char line[THM_LINE_MAX];
    struct thm_msg m;
    struct thm_fault fault;

    len = len < sizeof line ? len : sizeof line;
    memcpy(line, text, len);
    if (thm_wire_decode(line, len, THM_FROM_SERVER, &m, &fault) != THM_OK)
        return;
    struct thm_client_event e = {.kind = THM_CLIENT_LINE, .state = THM_CLIENT_ONLINE, .msg = &m};
    thm_calls_client_event(&calls, &e);
}

static void hear_peer(const char *text, size_t len)
{
    static char bytes[3 * THM_LINE_MAX];

    if (len == 0)
        return;
    struct thm_path *p = &calls.paths[(unsigned char)text[0] % THM_CALL_PATHS];
    len = len < sizeof bytes ? len : sizeof bytes - 1;
    memcpy(bytes, text + 1, len - 1);
    bytes[len - 1] = '\n';
    thm_talk_take(&calls, p, bytes, len);
}

static void stand_secured(struct thm_path *p, const struct thm_identity *who,
                          enum thm_path_state state)
{
    p->reader = (struct thm_line_reader){.buf = p->phase.session.line};
    p->tls.peer = *who;
    p->state = (uint8_t)state;
}

static void come(void)
{
    static const struct thm_identity who = {.user = "bea", .device = "d", .key_hash = {0xaa}};
    struct thm_path *p = thm_path_take(&calls);

    if (p != NULL)
        stand_secured(p, &who, THM_PATH_EXPECTING);
}

/* Our calls that the server has answered get through. */
static void get_through(void)
{
    for (unsigned i = 0; i < THM_CALL_PATHS; i++) {
        struct thm_path *p = &calls.paths[i];
        const struct thm_call *c = thm_call_of(&calls, p->call);
        if (c == NULL || !c->known ||
            (p->state != THM_PATH_OPENING && p->state != THM_PATH_DIALLING))
            continue;
        stand_secured(p, &c->peer, THM_PATH_REQUESTING);
        p->request_due = true;
    }
}

static void pass_time(void)
{
    calls.now += THM_RING_MS / 2;
    for (unsigned i = 0; i < THM_CALLS; i++)
        thm_session_run(&calls, &calls.calls[i]);
}

static void reconnect(void)
{
    static const struct thm_client_event gone = {.kind = THM_CLIENT_STATE,
                                                 .state = THM_CLIENT_WAITING};

    thm_calls_client_event(&calls, &gone);
    calls.online = true;
    calls.registered = false;
}

static void act(char what, const char *rest, size_t len)
{
    static const char *const targets[] = {"bea", "bea@d", "cid"};
    unsigned n = len > 0 ? (unsigned char)rest[0] : 0, call;

    switch (what) {
    case 'S': hear_server(rest, len); break;
    case 'P': hear_peer(rest, len); break;
    case 'E': come(); break;
    case 'D': thm_call_dial(&calls, targets[n % 3], &call); break;
    case 'Q': get_through(); break;
    case 'A': thm_call_answer(&calls, n % THM_CALLS); break;
    case 'H': thm_call_hang_up(&calls, n % THM_CALLS); break;
    case 'T':
        if (len > 0)
            thm_call_say(&calls, n % THM_CALLS, rest + 1, len - 1);
        break;
    case 'W': pass_time(); break;
    case 'R': reconnect(); break;
    default: break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data, *end = at + size;

    start();
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((newline != NULL ? newline : end) - at);
        if (len > 0)
            act(at[0], at + 1, len - 1);
        check_sent();
        check_places();
        at += len + 1;
    }
    return 0;
}
