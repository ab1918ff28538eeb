#include "server/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/host.h"
#include "server/rig.h"
#include "tls/credentials.h"

#define WAIT_MS 5000 /* for what is expected */

/* --- certificates --------------------------------------------------------------------------- */

static size_t read_pem(const char *name, const char *suffix, char *data, size_t cap)
{
    const char *dir = getenv("THM_TEST_CERTS");
    char path[512];

    snprintf(path, sizeof path, "%s/%s%s", dir != NULL ? dir : ".", name, suffix);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("%s can't be read: set THM_TEST_CERTS to what tests/certs.sh makes", path);
    size_t len = fread(data, 1, cap - 1, f);
    data[len] = '\0';
    fclose(f);
    return len;
}

const struct thm_credentials *credentials_of(const char *name, enum thm_role role)
{
    static struct {
        char name[64];
        struct thm_credentials credentials;
    } loaded[16];
    static unsigned count;
    char ca[8192], chain[8192], key[8192];

    for (unsigned i = 0; i < count; i++)
        if (strcmp(loaded[i].name, name) == 0)
            return &loaded[i].credentials;
    assert_true(count < sizeof loaded / sizeof loaded[0]);
    snprintf(loaded[count].name, sizeof loaded[count].name, "%s", name);
    size_t ca_len = read_pem("ca", ".crt", ca, sizeof ca);
    size_t chain_len = read_pem(name, ".crt", chain, sizeof chain);
    size_t key_len = read_pem(name, ".key", key, sizeof key);
    assert_int_equal(thm_credentials_load(&loaded[count].credentials, ca, ca_len, chain, chain_len,
                                          key, key_len, role),
                     THM_OK);
    return &loaded[count++].credentials;
}

/* --- lines come and go ---------------------------------------------------------------------- */

static void take_line(struct peer *p, struct thm_slice line)
{
    assert_true(p->count < PEER_LINES);
    char *copy = malloc(line.len + 1);
    memcpy(copy, line.data, line.len);
    copy[line.len] = '\0';
    p->lines[p->count++] = copy;
    p->bytes += line.len + 1;
    if (strstr(copy, "\"status\":\"GRANTED\"") != NULL)
        p->bytes = 0;
}

static void take_lines(struct peer *p, char *data, size_t len)
{
    p->reader.buf = p->line;
    while (len > 0) {
        struct thm_slice line;
        size_t taken;
        int got = thm_line_feed(&p->reader, data, len, &taken, &line);
        assert_true(got >= 0);
        if (got == 1)
            take_line(p, line);
        data += taken;
        len -= taken;
    }
}

static void receive(struct peer *p)
{
    while (!p->deaf && p->tls.phase == THM_TLS_OPEN) {
        unsigned char *data;
        size_t len;
        enum thm_io io = thm_tls_read(&p->tls, &data, &len);
        if (io == THM_IO_AGAIN)
            return;
        if (io != THM_IO_OK) {
            thm_tls_abort(&p->tls, THM_E_CLOSED);
            return;
        }
        take_lines(p, (char *)data, len);
        thm_tls_consume(&p->tls, len);
    }
}

static void transmit(struct peer *p)
{
    size_t n = 1;

    if (p->tls.phase != THM_TLS_OPEN || thm_tls_flush(&p->tls) != THM_IO_OK)
        return;
    while (p->out_len > 0 && n > 0) {
        if (thm_tls_write(&p->tls, p->out, p->out_len, &n) != THM_IO_OK)
            return;
        p->out_len -= n;
        memmove(p->out, p->out + n, p->out_len);
    }
}

void peer_move(struct peer *p, uint32_t what)
{
    if (p->broken || p->silent)
        return;
    if (p->tls.phase == THM_TLS_IDLE) {
        if ((what & (THM_EV_WRITE | THM_EV_CLOSED)) == 0)
            return;
        assert_int_equal(thm_tls_connect(&p->tls, p->domain, p->socket, "server", p->session),
                         THM_OK);
    }
    if (thm_tls_advance(&p->tls, what, RIG_UTC / 1000) == THM_TLS_OPEN) {
        receive(p);
        transmit(p);
    }
    p->broken = p->tls.phase == THM_TLS_CLOSED;
}

/* --- making and ending ---------------------------------------------------------------------- */

static void dial(struct peer *p, struct rig *r, struct host *host, const char *alpn)
{
    struct thm_port *port = sim_host_port(host->sim);
    const struct thm_tls_config config = {.role = THM_FOR_CLIENT,
                                          .port = port,
                                          .alpn = alpn,
                                          .connections = 1,
                                          .handshakes = 1,
                                          .in_buffers = 1,
                                          .out_buffers = 1};
    size_t size = (thm_tls_domain_size(&config) + 15) & ~(size_t)15;

    p->rig = r;
    p->host = host;
    p->out = malloc(PEER_OUT);
    p->memory = aligned_alloc(16, size);
    assert_int_equal(thm_tls_domain_init(&p->domain, p->memory, size, &config), THM_OK);
    thm_tls_domain_set(p->domain, p->credentials, NULL);
    assert_true(host->count < PEERS);
    host->peers[host->count++] = p;
    assert_int_equal(
        port->ops->connect(port, sim_host_ip(r->host), RIG_PORT, host->count, &p->socket), THM_OK);
}

struct peer *peer_new(struct rig *r, const char *who, struct host *host)
{
    struct peer *p = calloc(1, sizeof *p);

    p->credentials = credentials_of(who, THM_FOR_CLIENT);
    dial(p, r, host, THM_ALPN);
    return p;
}

/* Trusts the CA that everybody has. */
struct peer *peer_invited(struct rig *r, const uint8_t secret[THM_ENROLL_SECRET], struct host *host)
{
    const struct thm_loaded *known = thm_loaded(credentials_of("server/server", THM_FOR_SERVER));
    struct peer *p = calloc(1, sizeof *p);
    struct thm_credential_parts parts = {.ca_count = 1, .chain_len = 1};

    thm_enroll_bootstrap_key(secret, p->key);
    parts.ca[0].name = known->anchors[0].dn.data;
    parts.ca[0].name_len = known->anchors[0].dn.len;
    parts.ca[0].point = known->anchors[0].pkey.key.ec.q;
    parts.chain[0].der = p->certificate;
    parts.chain[0].len = thm_enroll_certificate(p->key, p->certificate);
    parts.key = p->key;
    assert_int_equal(thm_credentials_set(&p->own, &parts, THM_FOR_ENROLMENT), THM_OK);
    p->credentials = &p->own;
    dial(p, r, host, THM_ENROLL_ALPN);
    return p;
}

void peer_free(struct peer *p)
{
    for (unsigned i = 0; i < p->count; i++)
        free(p->lines[i]);
    free(p->memory);
    free(p->out);
    free(p);
}

/* A peer that has not begun with TLS has only its socket. */
static void end(struct peer *p, void (*how)(struct thm_port *port, thm_socket s))
{
    how(sim_host_port(p->host->sim), p->socket);
    p->broken = true;
}

void peer_close(struct peer *p)
{
    struct thm_port *port = sim_host_port(p->host->sim);

    if (p->broken)
        return;
    if (p->tls.phase == THM_TLS_IDLE)
        end(p, port->ops->close);
    else
        thm_tls_close(&p->tls);
    sim_host_poke(p->host->sim);
}

void peer_abort(struct peer *p)
{
    struct thm_port *port = sim_host_port(p->host->sim);

    if (p->broken)
        return;
    if (p->tls.phase == THM_TLS_IDLE)
        end(p, port->ops->abort);
    else
        thm_tls_abort(&p->tls, THM_E_CLOSED);
    p->broken = true;
}

/* --- saying --------------------------------------------------------------------------------- */

void send_bytes(struct peer *p, const char *bytes, size_t len)
{
    assert_true(p->out_len + len <= PEER_OUT);
    memcpy(p->out + p->out_len, bytes, len);
    p->out_len += len;
    sim_host_poke(p->host->sim);
}

void say(struct peer *p, const char *line)
{
    size_t len = strlen(line);
    char *copy = malloc(len + 1);

    for (size_t i = 0; i < len; i++)
        copy[i] = line[i] == '\'' ? '"' : line[i];
    copy[len] = '\n';
    send_bytes(p, copy, len + 1);
    free(copy);
}

void sayf(struct peer *p, const char *format, ...)
{
    char line[4096];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    say(p, line);
}

void acknowledge(struct peer *p)
{
    sayf(p, "{'msgtype':'ack','bytes':%llu}", (unsigned long long)p->bytes);
}

void peer_listen(struct peer *p)
{
    p->deaf = false;
    sim_host_poke(p->host->sim);
}

/* --- expecting ------------------------------------------------------------------------------ */

static bool char_fits(char c, char pattern)
{
    return c == (pattern == '\'' ? '"' : pattern);
}

bool fits(const char *line, const char *pattern)
{
    if (*pattern == '*')
        return fits(line, pattern + 1) || (*line != '\0' && fits(line + 1, pattern));
    if (*line == '\0' || *pattern == '\0')
        return *line == *pattern;
    return char_fits(*line, *pattern) && fits(line + 1, pattern + 1);
}

static const char *value_of(const char *line, const char *key)
{
    char quoted[64];

    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(line, quoted);
    return at != NULL ? at + strlen(quoted) : NULL;
}

uint64_t number_of(const char *line, const char *key)
{
    const char *at = value_of(line, key);

    return at != NULL ? strtoull(at, NULL, 10) : 0;
}

const char *string_of(const char *line, const char *key, char buf[256])
{
    const char *at = value_of(line, key);

    buf[0] = '\0';
    if (at != NULL)
        sscanf(at, "\"%255[^\"]", buf);
    return buf;
}

static bool has_line(void *ctx)
{
    const struct peer *p = ctx;

    return p->next < p->count || p->broken;
}

static bool is_broken(void *ctx)
{
    return ((const struct peer *)ctx)->broken;
}

static const char *await_line(struct peer *p, uint64_t ms)
{
    sim_world_run_until(p->rig->world, has_line, p, ms);
    return p->next < p->count ? p->lines[p->next++] : NULL;
}

const char *next_line(struct peer *p)
{
    const char *line = await_line(p, WAIT_MS);

    if (line == NULL)
        fail_msg("no line comes%s", p->broken ? ": the connection has ended" : "");
    return line;
}

static void wrong(const char *what, const char *pattern, const char *file, int line)
{
    print_error("%s:%d: expected %s\n", file, line, pattern);
    print_error("%s:%d: got %s\n", file, line, what != NULL ? what : "nothing");
    fail();
}

const char *expect_at(struct peer *p, const char *pattern, const char *file, int line)
{
    const char *got = await_line(p, WAIT_MS);

    if (got == NULL || !fits(got, pattern))
        wrong(got, pattern, file, line);
    return got;
}

unsigned expect_later_at(struct peer *p, const char *pattern, const char *file, int line)
{
    unsigned before = 0;
    const char *got;

    while ((got = await_line(p, WAIT_MS)) != NULL && !fits(got, pattern))
        before++;
    if (got == NULL)
        wrong(got, pattern, file, line);
    return before;
}

void expect_nothing_at(struct peer *p, const char *file, int line)
{
    const char *got = await_line(p, 100);

    if (got != NULL || p->broken)
        wrong(got != NULL ? got : "the end", "nothing", file, line);
}

void expect_end_at(struct peer *p, uint64_t ms, const char *file, int line)
{
    if (!sim_world_run_until(p->rig->world, is_broken, p, ms))
        wrong("a connection that goes on", "its end", file, line);
}
