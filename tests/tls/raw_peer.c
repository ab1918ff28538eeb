#include "tls/raw_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tls/credentials.h"
#include "tls/pem.h"

/* --- reading certificates that thm_credentials would refuse --- */

static bool any_certificate(const char *name)
{
    return strcmp(name, "CERTIFICATE") == 0;
}

static int begin_der(void *ctx)
{
    struct raw_peer *r = ctx;

    assert_true(r->chain_len < 16);
    r->chain[r->chain_len] = (br_x509_certificate){r->der[r->chain_len], 0};
    return THM_OK;
}

static void push_der(void *ctx, const void *der, size_t len)
{
    struct raw_peer *r = ctx;
    br_x509_certificate *c = &r->chain[r->chain_len];

    assert_true(c->data_len + len <= sizeof r->der[0]);
    memcpy(c->data + c->data_len, der, len);
    c->data_len += len;
}

static int end_der(void *ctx)
{
    ((struct raw_peer *)ctx)->chain_len++;
    return THM_OK;
}

static bool any_key(const char *name)
{
    return strstr(name, "PRIVATE KEY") != NULL;
}

static int begin_key(void *ctx)
{
    br_skey_decoder_init(ctx);
    return THM_OK;
}

static void push_key(void *ctx, const void *der, size_t len)
{
    br_skey_decoder_push(ctx, der, len);
}

static int end_key(void *ctx)
{
    return br_skey_decoder_last_error(ctx) == 0 ? THM_OK : THM_E_KEY;
}

static void read_own(struct raw_peer *r, const char *chain, const char *key)
{
    static const struct thm_pem_reader certificates = {any_certificate, begin_der, push_der,
                                                       end_der};
    static const struct thm_pem_reader keys = {any_key, begin_key, push_key, end_key};
    struct {
        br_skey_decoder_context decoder;
        unsigned char guard[64];
    } k;
    char name[64];
    size_t len;
    char *text;
    const br_ec_private_key *ec;

    r->chain_len = 0;
    strcpy(name, chain);
    text = read_cert_file(strchr(name, '.') ? name : strcat(name, ".crt"), &len);
    assert_true(thm_pem_read(text, len, &certificates, r) > 0);
    free(text);
    strcpy(name, key);
    text = read_cert_file(strcat(name, ".key"), &len);
    assert_true(thm_pem_read(text, len, &keys, &k) == 1);
    free(text);
    ec = br_skey_decoder_get_ec(&k.decoder);
    assert_non_null(ec);
    memset(r->scalar, 0, sizeof r->scalar);
    memcpy(r->scalar + sizeof r->scalar - ec->xlen, ec->x, ec->xlen);
    r->key = (br_ec_private_key){ec->curve, r->scalar, sizeof r->scalar};
}

/* --- setting up --- */

static void common_init(struct raw_peer *r, struct world *w)
{
    memset(r, 0, sizeof *r);
    r->world = w;
    r->alpn[0] = w->server.config.alpn;
    r->in_len = sizeof r->in;
    r->out_len = sizeof r->out;
}

void raw_client_init(struct raw_peer *r, struct world *w)
{
    const struct thm_loaded *server = thm_loaded(&w->server.credentials);
    br_ec_public_key point = {BR_EC_secp256r1, r->server_point, sizeof r->server_point};

    common_init(r, w);
    br_ec_p256_m31.mulgen(r->server_point, server->scalar, 32, BR_EC_secp256r1);
    br_ssl_client_init_full(&r->ssl.client, &r->x509, NULL, 0);
    br_ssl_engine_set_versions(&r->ssl.base, BR_TLS12, BR_TLS12);
    br_x509_knownkey_init_ec(&r->trust_one, &point, BR_KEYTYPE_SIGN | BR_KEYTYPE_KEYX);
    br_ssl_engine_set_x509(&r->ssl.base, &r->trust_one.vtable);
    br_ssl_engine_set_protocol_names(&r->ssl.base, r->alpn, 1);
    raw_client_certificate(r, "ali", "ali");
}

void raw_client_certificate(struct raw_peer *r, const char *chain, const char *key)
{
    if (!chain) {
        br_ssl_client_set_client_certificate(&r->ssl.client, NULL);
        return;
    }
    read_own(r, chain, key);
    br_ssl_client_set_single_ec(&r->ssl.client, r->chain, r->chain_len, &r->key, BR_KEYTYPE_SIGN,
                                BR_KEYTYPE_EC, br_ec_get_default(),
                                br_ecdsa_sign_asn1_get_default());
}

void raw_server_init(struct raw_peer *r, struct world *w, const char *chain, const char *key)
{
    const struct thm_loaded *own = thm_loaded(&w->server.credentials);

    common_init(r, w);
    read_own(r, chain, key);
    br_ssl_server_init_full_ec(&r->ssl.server, r->chain, r->chain_len, BR_KEYTYPE_EC, &r->key);
    br_ssl_engine_set_versions(&r->ssl.base, BR_TLS12, BR_TLS12);
    br_ssl_engine_set_default_ecdsa(&r->ssl.base);
    br_x509_minimal_init_full(&r->x509, own->anchors, own->anchor_count);
    thm_set_time(&r->x509, w->server_utc);
    br_ssl_engine_set_x509(&r->ssl.base, &r->x509.vtable);
    br_ssl_server_set_trust_anchor_names_alt(&r->ssl.server, own->anchors, own->anchor_count);
    br_ssl_engine_set_protocol_names(&r->ssl.base, r->alpn, 1);
    br_ssl_session_cache_lru_init(&r->cache, r->cache_store, sizeof r->cache_store);
    br_ssl_server_set_cache(&r->ssl.server, &r->cache.vtable);
}

static void set_buffers(struct raw_peer *r)
{
    br_ssl_engine_set_buffers_bidi(&r->ssl.base, r->in, r->in_len, r->out, r->out_len);
}

void raw_client_go(struct raw_peer *r, struct thm_tls *server,
                   const br_ssl_session_parameters *session)
{
    thm_socket theirs;

    pair_port_connect(&r->world->port, &r->socket, &theirs);
    assert_int_equal(thm_tls_accept(server, r->world->server.domain, theirs), THM_OK);
    set_buffers(r);
    if (session)
        br_ssl_engine_set_session_parameters(&r->ssl.base, session);
    assert_true(br_ssl_client_reset(&r->ssl.client, expected_name(r->world), session != NULL));
}

void raw_server_go(struct raw_peer *r, struct thm_tls *client)
{
    thm_socket theirs;

    pair_port_connect(&r->world->port, &r->socket, &theirs);
    assert_int_equal(
        thm_tls_connect(client, r->world->client.domain, theirs, expected_name(r->world), NULL),
        THM_OK);
    set_buffers(r);
    assert_true(br_ssl_server_reset(&r->ssl.server));
}

/* --- running --- */

static void pump(struct raw_peer *r)
{
    struct thm_port *port = &r->world->port.port;
    unsigned char *buf;
    size_t len, n;

    for (bool moved = true; moved;) {
        moved = false;
        while ((buf = br_ssl_engine_sendrec_buf(&r->ssl.base, &len)) != NULL &&
               port->ops->send(port, r->socket, buf, len, &n) == THM_IO_OK) {
            br_ssl_engine_sendrec_ack(&r->ssl.base, n);
            moved = true;
        }
        while ((buf = br_ssl_engine_recvrec_buf(&r->ssl.base, &len)) != NULL &&
               port->ops->recv(port, r->socket, buf, len, &n) == THM_IO_OK) {
            br_ssl_engine_recvrec_ack(&r->ssl.base, n);
            moved = true;
        }
    }
}

void raw_step(struct raw_peer *r, struct thm_tls *ours)
{
    pump(r);
    thm_tls_advance(ours, 0, r->world->server_utc);
}

void raw_run(struct raw_peer *r, struct thm_tls *ours)
{
    uint64_t moved;
    int phase;

    do {
        moved = r->world->port.moved;
        phase = ours->phase;
        raw_step(r, ours);
    } while (moved != r->world->port.moved || phase != ours->phase);
}

bool raw_is_open(const struct raw_peer *r)
{
    return (br_ssl_engine_current_state(&r->ssl.base) & BR_SSL_SENDAPP) != 0;
}

int raw_error(const struct raw_peer *r)
{
    return br_ssl_engine_current_state(&r->ssl.base) == BR_SSL_CLOSED
               ? br_ssl_engine_last_error(&r->ssl.base)
               : -1;
}

int raw_alert(const struct raw_peer *r)
{
    int e = raw_error(r);

    return e >= BR_ERR_RECV_FATAL_ALERT && e < BR_ERR_SEND_FATAL_ALERT ? e - BR_ERR_RECV_FATAL_ALERT
                                                                       : -1;
}

void raw_say(struct raw_peer *r, struct thm_tls *ours, const void *data, size_t len)
{
    size_t room, n, got = 0;
    unsigned char *buf = br_ssl_engine_sendapp_buf(&r->ssl.base, &room), *in;

    assert_non_null(buf);
    assert_true(room >= len);
    memcpy(buf, data, len);
    br_ssl_engine_sendapp_ack(&r->ssl.base, len);
    br_ssl_engine_flush(&r->ssl.base, 0);
    while (got < len) {
        pump(r);
        assert_int_equal(thm_tls_read(ours, &in, &n), THM_IO_OK);
        assert_memory_equal(in, (const unsigned char *)data + got, n);
        thm_tls_consume(ours, n);
        got += n;
    }
    assert_int_equal(got, len);
}

void raw_end(struct raw_peer *r, struct thm_tls *ours)
{
    struct thm_port *port = &r->world->port.port;

    port->ops->close(port, r->socket);
    thm_tls_close(ours);
    thm_tls_advance(ours, 0, r->world->server_utc);
    assert_int_equal(ours->phase, THM_TLS_CLOSED);
}
