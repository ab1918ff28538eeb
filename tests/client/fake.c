#include "client/fake.h"

#include <stdio.h>

#define FAKE_START 1000000

struct fake fake;

/* --- the port ------------------------------------------------------------------------------- */

static int fake_connect(struct thm_port *port, const char *host, uint16_t number, uint32_t tag,
                        thm_socket *out)
{
    (void)port;
    assert_string_equal(host, "chat.example");
    assert_int_equal(number, 8443);
    assert_int_equal(tag, FAKE_TAG);
    fake.dials++;
    if (fake.dial_code != THM_OK)
        return fake.dial_code;
    assert_false(fake.socket_open);
    fake.socket_open = true;
    *out = 1;
    return THM_OK;
}

static enum thm_io fake_want(struct thm_port *port, thm_socket s, size_t n)
{
    (void)port, (void)s, (void)n;
    return fake.refuse ? THM_IO_ERROR : THM_IO_AGAIN;
}

static void fake_abort(struct thm_port *port, thm_socket s)
{
    (void)port, (void)s;
    assert_true(fake.socket_open);
    fake.socket_open = false;
}

static int fake_entropy(struct thm_port *port, void *buf, size_t len)
{
    (void)port;
    for (size_t i = 0; i < len; i++)
        ((unsigned char *)buf)[i] = (unsigned char)(i + 1);
    return fake.no_entropy ? THM_E_ENTROPY : THM_OK;
}

static int fake_utc(struct thm_port *port, uint64_t *ms)
{
    (void)port;
    *ms = fake.utc_ms + fake.now - FAKE_START;
    return fake.no_clock ? THM_E_CLOCK : THM_OK;
}

static const struct thm_port_ops ops = {.connect = fake_connect,
                                        .want = fake_want,
                                        .abort = fake_abort,
                                        .entropy = fake_entropy,
                                        .utc = fake_utc};
static struct thm_port port = {&ops};

/* --- TLS ------------------------------------------------------------------------------------ */

/* The handshake owns its memory: what it leaves there is nothing that a client could use. */
static unsigned char *handshake_memory;

static void use_handshake_memory(unsigned char byte)
{
    memset(handshake_memory, byte, THM_TLS_HANDSHAKE_SIZE);
}

static void check_handshake_memory(unsigned char byte)
{
    for (size_t i = 0; i < THM_TLS_HANDSHAKE_SIZE; i++)
        assert_int_equal(handshake_memory[i], byte);
}

size_t thm_tls_domain_size(const struct thm_tls_config *config)
{
    assert_int_equal(config->role, THM_FOR_CLIENT);
    assert_non_null(config->handshake_memory);
    return 64;
}

int thm_tls_domain_init(struct thm_tls_domain **out, void *memory, size_t size,
                        const struct thm_tls_config *config)
{
    assert_string_equal(config->alpn, fake.alpn);
    assert_non_null(config->handshake_memory);
    assert_int_equal((uintptr_t)config->handshake_memory % 16, 0);
    handshake_memory = config->handshake_memory;
    *out = memory;
    return size < 64 ? THM_E_MEMORY : THM_OK;
}

void thm_tls_domain_set(struct thm_tls_domain *d, const struct thm_credentials *credentials,
                        const struct thm_denylist *denylist)
{
    (void)d, (void)denylist;
    assert_non_null(credentials);
    fake.credentials = credentials;
}

void thm_tls_session_clear(struct thm_tls_session *session)
{
    (void)session;
    fake.sessions_cleared++;
}

int thm_tls_connect(struct thm_tls *t, struct thm_tls_domain *domain, thm_socket socket,
                    const char *server_name, struct thm_tls_session *session)
{
    (void)domain, (void)session;
    assert_int_equal(socket, 1);
    assert_string_equal(server_name, "chat");
    assert_true(t->phase == THM_TLS_IDLE || t->phase == THM_TLS_CLOSED);
    memset(t, 0, sizeof *t);
    t->phase = THM_TLS_HANDSHAKE;
    use_handshake_memory(0x5A);
    fake.tls_open = true;
    fake.in_at = fake.in_len = fake.out_at = fake.out_len = 0;
    return THM_OK;
}

static void end_tls(struct thm_tls *t, int error)
{
    t->phase = THM_TLS_CLOSED;
    t->error = (int16_t)error;
    memset(fake.in, 'x', sizeof fake.in); /* its buffer is somebody else's now */
    fake.tls_open = fake.socket_open = false;
    fake.cut = false;
}

enum thm_tls_phase thm_tls_advance(struct thm_tls *t, uint32_t what, uint64_t utc_s)
{
    (void)what;
    fake.utc_s = utc_s;
    if (t->phase == THM_TLS_HANDSHAKE)
        check_handshake_memory(0x5A);
    if (t->phase == THM_TLS_HANDSHAKE && !fake.quiet_handshake) {
        if (fake.handshake_error != THM_OK)
            end_tls(t, fake.handshake_error);
        else
            t->phase = THM_TLS_OPEN;
        use_handshake_memory('\n');
    }
    return (enum thm_tls_phase)t->phase;
}

enum thm_io thm_tls_read(struct thm_tls *t, unsigned char **data, size_t *len)
{
    assert_int_equal(t->phase, THM_TLS_OPEN);
    if (fake.in_at < fake.in_len) {
        *data = (unsigned char *)fake.in + fake.in_at;
        *len = fake.in_len - fake.in_at;
        return THM_IO_OK;
    }
    return fake.cut ? THM_IO_EOF : THM_IO_AGAIN;
}

void thm_tls_consume(struct thm_tls *t, size_t n)
{
    assert_int_equal(t->phase, THM_TLS_OPEN);
    assert_true(n <= fake.in_len - fake.in_at);
    fake.in_at += n;
}

enum thm_io thm_tls_flush(struct thm_tls *t)
{
    assert_int_equal(t->phase, THM_TLS_OPEN);
    return THM_IO_OK;
}

enum thm_io thm_tls_write(struct thm_tls *t, const void *data, size_t len, size_t *n)
{
    assert_int_equal(t->phase, THM_TLS_OPEN);
    assert_true(len > 0);
    if (len > fake.largest_record)
        fake.largest_record = len;
    *n = len < fake.write_room ? len : fake.write_room;
    assert_true(*n <= sizeof fake.out - fake.out_len);
    memcpy(fake.out + fake.out_len, data, *n);
    fake.out_len += *n;
    return THM_IO_OK;
}

void thm_tls_close(struct thm_tls *t)
{
    end_tls(t, THM_OK);
}

void thm_tls_abort(struct thm_tls *t, int error)
{
    end_tls(t, error);
}

const uint8_t *thm_tls_server_leaf_hash(const struct thm_tls *t)
{
    assert_int_equal(t->phase, THM_TLS_OPEN);
    return fake.leaf_hash;
}

const struct thm_identity *thm_credentials_identity(const struct thm_credentials *c)
{
    static const struct thm_identity identity = {.user = "ali", .device = "desk"};

    (void)c;
    return &identity;
}

/* --- what the client tells ------------------------------------------------------------------ */

static int describe(char *to, size_t cap, const struct thm_client_event *e)
{
    const char *why = e->code == THM_OK ? "ok" : thm_error_word(e->code);
    struct thm_slice text = {"", 0};

    switch (e->kind) {
    case THM_CLIENT_STATE: return snprintf(to, cap, "%s %s", thm_client_state_word(e->state), why);
    case THM_CLIENT_ENDED: return snprintf(to, cap, "ended %s", why);
    case THM_CLIENT_ACKED: return snprintf(to, cap, "acked %u", (unsigned)e->csn);
    case THM_CLIENT_LOST: return snprintf(to, cap, "lost %u %s", (unsigned)e->csn, why);
    case THM_CLIENT_RENEWS: return snprintf(to, cap, "renews");
    case THM_CLIENT_ISSUED:
        return snprintf(to, cap, "issued %s %u", why, (unsigned)e->certificate_len);
    case THM_CLIENT_ASKED: return snprintf(to, cap, "asked %u", (unsigned)e->proof->iterations);
    case THM_CLIENT_LINE: break;
    }
    if (e->msg->type == THM_MSG_MESSAGE || e->msg->type == THM_MSG_WHISPER)
        text = thm_msg_get(e->msg, THM_KEY_TEXT);
    return snprintf(to, cap, "%s%s%.*s", thm_type_word(e->msg->type), text.len > 0 ? " " : "",
                    (int)text.len, text.data);
}

static void on_event(void *ctx, const struct thm_client_event *event)
{
    assert_ptr_equal(ctx, &fake);
    int n = describe(fake.log + fake.log_len, sizeof fake.log - fake.log_len, event);
    fake.log_len += (size_t)n + 1; /* each is terminated */
    assert_true(fake.log_len < sizeof fake.log);
    fake.last = *event;
    if (fake.on_event != NULL)
        fake.on_event(event);
}

static const char *next_told(void)
{
    const char *event = fake.log + fake.log_at;

    if (fake.log_at == fake.log_len)
        return NULL;
    fake.log_at += strlen(event) + 1;
    return event;
}

void fake_told(const char *event)
{
    const char *told = next_told();

    assert_string_equal(told != NULL ? told : "(nothing)", event);
}

void fake_told_nothing(void)
{
    const char *told = next_told();

    assert_string_equal(told != NULL ? told : "(nothing)", "(nothing)");
}

void fake_skip_told(void)
{
    fake.log_at = fake.log_len = 0;
}

/* --- both ends ------------------------------------------------------------------------------ */

void fake_init(void)
{
    static struct thm_credentials credentials;
    static _Alignas(16) unsigned char memory[64];

    memset(&fake, 0, sizeof fake);
    fake.write_room = SIZE_MAX;
    fake.now = FAKE_START;
    fake.utc_ms = 1700000000999;
    fake.alpn = THM_ALPN;
    fake.config = (struct thm_client_config){.port = &port,
                                             .credentials = &credentials,
                                             .host = "chat.example",
                                             .number = 8443,
                                             .server_name = "chat",
                                             .tag = FAKE_TAG,
                                             .tls_memory = memory,
                                             .tls_memory_size = sizeof memory,
                                             .on_event = on_event,
                                             .ctx = &fake};
    assert_int_equal(thm_client_init(&fake.client, &fake.config), THM_OK);
}

void fake_step(void)
{
    thm_client_step(&fake.client, fake.now, NULL, 0);
}

void fake_wait(uint64_t ms)
{
    fake.now += ms;
    fake_step();
}

static void connected(void)
{
    struct thm_event events[] = {
        {FAKE_TAG + 1, THM_EV_CLOSED}, {FAKE_TAG, THM_EV_RESOLVED}, {FAKE_TAG, THM_EV_WRITE}};

    thm_client_step(&fake.client, fake.now, events, 3);
}

void fake_connect_now(void)
{
    fake_step();
    connected();
}

void fake_dial(void)
{
    fake_connect_now();
    fake_told("dialling ok");
    fake_told("handshake ok");
    fake_told("login ok");
}

void fake_login(void)
{
    assert_int_equal(thm_client_start(&fake.client, fake.now), THM_OK);
    fake_dial();
    assert_non_null(fake_next_sent());
}

static void grant(void)
{
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk',"
              "'alias':'ali','time':1700000000000,'credit':32768}");
    fake_told("online ok");
    fake_told("auth_reply");
}

void fake_online(void)
{
    fake_login();
    grant();
    fake_sent("{'msgtype':'join','room':'@ali'}");
    fake_line("{'msgtype':'joined','room':'@ali','incarnation':'00000000000000aa','n':0,"
              "'after':0}");
    fake_told("joined");
    fake_wait(THM_ACK_DELAY_MS);
    fake_skip_sent();
}

void fake_reconnect(void)
{
    fake.cut = true;
    fake_step();
    fake_told("waiting closed");
    if (fake.client.state == THM_CLIENT_WAITING)
        fake.now = thm_client_deadline(&fake.client);
    fake_dial();
    assert_non_null(fake_next_sent());
    grant();
}

void fake_dial_again(void)
{
    fake.now = fake.client.deadline;
    fake_step();
    connected();
    fake_skip_told();
    fake_skip_sent();
}

void fake_bytes(const void *bytes, size_t len)
{
    assert_true(fake.tls_open);
    if (fake.in_at == fake.in_len)
        fake.in_at = fake.in_len = 0;
    assert_true(len <= sizeof fake.in - fake.in_len);
    memcpy(fake.in + fake.in_len, bytes, len);
    fake.in_len += len;
    fake_step();
}

/* The line with " for '. */
static const char *quoted(const char *line)
{
    static char buf[4 * THM_LINE_MAX];
    size_t len = strlen(line);

    assert_true(len < sizeof buf);
    for (size_t i = 0; i <= len; i++)
        buf[i] = line[i] == '\'' ? '"' : line[i];
    return buf;
}

void fake_line(const char *line)
{
    char buf[4 * THM_LINE_MAX];
    int n = snprintf(buf, sizeof buf, "%s\n", quoted(line));

    fake_bytes(buf, (size_t)n);
}

const char *fake_next_sent(void)
{
    static char line[THM_LINE_MAX];
    const char *start = fake.out + fake.out_at;
    const char *newline = memchr(start, '\n', fake.out_len - fake.out_at);

    if (newline == NULL)
        return NULL;
    size_t len = (size_t)(newline - start);
    assert_true(len < sizeof line);
    memcpy(line, start, len);
    line[len] = '\0';
    fake.out_at += len + 1;
    return line;
}

void fake_sent(const char *line)
{
    const char *sent = fake_next_sent();

    assert_string_equal(sent != NULL ? sent : "(nothing)", quoted(line));
}

void fake_sent_nothing(void)
{
    const char *sent = fake_next_sent();

    assert_string_equal(sent != NULL ? sent : "(nothing)", "(nothing)");
}

void fake_skip_sent(void)
{
    fake.out_at = fake.out_len = 0;
}
