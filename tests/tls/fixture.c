#include "tls/fixture.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "thimble/wire.h"

static char *read_named(const char *name, const char *suffix, size_t *len)
{
    char file[128];

    snprintf(file, sizeof file, "%s%s", name, strchr(name, '.') ? "" : suffix);
    return read_cert_file(file, len);
}

int load(struct thm_credentials *c, const char *ca, const char *chain, const char *key,
         enum thm_role role)
{
    size_t ca_len, chain_len, key_len;
    char *ca_text = read_named(ca, ".crt", &ca_len);
    char *chain_text = read_named(chain, ".crt", &chain_len);
    char *key_text = read_named(key, ".key", &key_len);
    int result =
        thm_credentials_load(c, ca_text, ca_len, chain_text, chain_len, key_text, key_len, role);

    free(ca_text);
    free(chain_text);
    free(key_text);
    return result;
}

void end_remake(struct end *e)
{
    free(e->memory);
    e->size = thm_tls_domain_size(&e->config);
    e->memory = aligned_alloc(16, e->size);
    memset(e->memory, 0x5a, e->size); /* a domain must not rely on zeroed memory */
    assert_int_equal(thm_tls_domain_init(&e->domain, e->memory, e->size, &e->config), THM_OK);
    thm_tls_domain_set(e->domain, &e->credentials, NULL);
}

void end_use(struct end *e, const char *ca, const char *chain, const char *key)
{
    enum thm_role role = e->config.role == THM_FOR_PEER ? THM_FOR_CLIENT : e->config.role;

    assert_int_equal(load(&e->credentials, ca, chain, key, role), THM_OK);
    thm_tls_domain_set(e->domain, &e->credentials, NULL);
}

static void end_init(struct world *w, struct end *e, enum thm_role role, const char *name)
{
    assert_int_equal(load(&e->credentials, "root", name, name, role), THM_OK);
    e->config = (struct thm_tls_config){
        .role = role,
        .port = &w->port.port,
        .alpn = "thimble/1",
        .connections = 64,
        .handshakes = 8,
        .in_buffers = 16,
        .out_buffers = 16,
        .sessions = role == THM_FOR_SERVER ? 16 : 0,
        .prefer_aes = true,
    };
    end_remake(e);
}

struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);

    pair_port_init(&w->port);
    end_init(w, &w->server, THM_FOR_SERVER, "server");
    end_init(w, &w->client, THM_FOR_CLIENT, "ali");
    w->server_utc = w->client_utc = read_cert_number("ali.end") - (uint64_t)3649 * 86400;
    return w;
}

static void make_peer(struct end *e, const char *name)
{
    e->config.role = THM_FOR_PEER;
    e->config.alpn = THM_PEER_ALPN;
    e->config.sessions = 0;
    end_remake(e);
    end_use(e, "root", name, name);
}

struct world *world_of_peers(void)
{
    struct world *w = world_new();

    make_peer(&w->server, "ali");
    make_peer(&w->client, "bianca");
    return w;
}

const char *expected_name(const struct world *w)
{
    return w->client.config.role == THM_FOR_PEER ? NULL : SERVER_NAME;
}

static void end_assert_nothing_lent(const struct end *e)
{
    struct thm_tls_usage usage;

    thm_tls_domain_usage(e->domain, &usage);
    assert_int_equal(usage.engines, 0);
    assert_int_equal(usage.handshakes, 0);
    assert_int_equal(usage.in_buffers, 0);
    assert_int_equal(usage.out_buffers, 0);
}

void assert_nothing_lent(const struct world *w)
{
    end_assert_nothing_lent(&w->server);
    end_assert_nothing_lent(&w->client);
}

void world_free(struct world *w)
{
    assert_nothing_lent(w);
    assert_int_equal(pair_port_open(&w->port), 0);
    free(w->server.memory);
    free(w->client.memory);
    free(w);
}

void link_start(struct world *w, struct link *l, struct thm_tls_session *session)
{
    thm_socket a, b;

    memset(l, 0, sizeof *l);
    pair_port_connect(&w->port, &a, &b);
    assert_int_equal(thm_tls_accept(&l->server, w->server.domain, a), THM_OK);
    assert_int_equal(thm_tls_connect(&l->client, w->client.domain, b, expected_name(w), session),
                     THM_OK);
}

void link_run(struct world *w, struct link *l)
{
    uint64_t moved;
    int phases;

    do {
        moved = w->port.moved;
        phases = l->server.phase * 16 + l->client.phase;
        thm_tls_advance(&l->client, 0, w->client_utc);
        thm_tls_advance(&l->server, 0, w->server_utc);
    } while (moved != w->port.moved || phases != l->server.phase * 16 + l->client.phase);
}

void link_open(struct world *w, struct link *l, struct thm_tls_session *session)
{
    link_start(w, l, session);
    link_run(w, l);
    if (l->client.phase != THM_TLS_OPEN || l->server.phase != THM_TLS_OPEN)
        fail_msg("client: phase %d, %s (%d); server: phase %d, %s (%d)", l->client.phase,
                 thm_error_word(l->client.error), l->client.bearssl_error, l->server.phase,
                 thm_error_word(l->server.error), l->server.bearssl_error);
}

void link_close(struct world *w, struct link *l)
{
    thm_tls_close(&l->client);
    thm_tls_close(&l->server);
    link_run(w, l);
    assert_int_equal(l->client.phase, THM_TLS_CLOSED);
    assert_int_equal(l->server.phase, THM_TLS_CLOSED);
}

void expect_carried(struct thm_tls *from, struct thm_tls *to, const void *data, size_t len)
{
    const unsigned char *bytes = data;
    size_t sent = 0, received = 0;

    while (received < len) {
        unsigned char *in;
        size_t n, before = sent + received;
        enum thm_io io;
        assert_int_equal(thm_tls_write(from, bytes + sent, len - sent, &n), THM_IO_OK);
        sent += n;
        assert_int_not_equal(thm_tls_flush(from), THM_IO_ERROR);
        while ((io = thm_tls_read(to, &in, &n)) == THM_IO_OK) {
            assert_true(received + n <= sent);
            assert_memory_equal(in, bytes + received, n);
            thm_tls_consume(to, n);
            received += n;
        }
        assert_int_equal(io, THM_IO_AGAIN);
        if (sent == len && received < len && sent + received == before && thm_tls_flush(from))
            continue;
    }
    assert_int_equal(received, len);
}

void expect_refused(struct world *w, int server_error, int client_error)
{
    struct link l;

    link_start(w, &l, NULL);
    link_run(w, &l);
    assert_string_equal(thm_error_word(l.server.error), thm_error_word(server_error));
    assert_string_equal(thm_error_word(l.client.error), thm_error_word(client_error));
    assert_int_equal(l.server.phase, THM_TLS_CLOSED);
    assert_int_equal(l.client.phase, THM_TLS_CLOSED);
    assert_nothing_lent(w);
}
