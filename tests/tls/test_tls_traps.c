/*
 * What our own client never does, and a server must withstand; and servers that our client must refuse.
 * Each trap of BearSSL 0.6 that could let somebody in has its test here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tls/internal.h"
#include "tls/raw_peer.h"

/* Everything of a test that has one raw peer. */
struct scene {
    struct world *w;
    struct raw_peer r;
    struct thm_tls ours;
};

static int set_up(void **state)
{
    static struct scene scene;

    memset(&scene, 0, sizeof scene);
    scene.w = world_new();
    raw_client_init(&scene.r, scene.w);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    world_free(s->w);
    return 0;
}

/* Runs the client, expects that the server refused it so, and that the client was told by an alert. */
static void expect_server_refuses(struct scene *s, int error, int alert)
{
    raw_client_go(&s->r, &s->ours, NULL);
    raw_run(&s->r, &s->ours);
    assert_string_equal(thm_error_word(s->ours.error), thm_error_word(error));
    assert_int_equal(raw_alert(&s->r), alert);
    assert_false(raw_is_open(&s->r));
    raw_end(&s->r, &s->ours);
}

static void refuses_certificate(struct scene *s, const char *chain, const char *key, int error,
                                int alert)
{
    raw_client_init(&s->r, s->w);
    raw_client_certificate(&s->r, chain, key);
    expect_server_refuses(s, error, alert);
}

static void the_right_client_gets_in(void **state)
{
    struct scene *s = *state;

    raw_client_go(&s->r, &s->ours, NULL);
    raw_run(&s->r, &s->ours);
    assert_int_equal(s->ours.phase, THM_TLS_OPEN);
    assert_string_equal(s->ours.peer.user, "ali");
    raw_say(&s->r, &s->ours, "hello", 5);
    raw_end(&s->r, &s->ours);
}

static void no_certificate_is_refused(void **state)
{
    struct scene *s = *state;

    raw_client_certificate(&s->r, NULL, NULL);
    expect_server_refuses(s, THM_E_NO_CERT, BR_ALERT_HANDSHAKE_FAILURE);
}

static void only_users_of_our_ca_get_in(void **state)
{
    struct scene *s = *state;

    refuses_certificate(s, "stranger", "stranger", THM_E_UNTRUSTED, BR_ALERT_UNKNOWN_CA);
    refuses_certificate(s, "server2", "server2", THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE);
    refuses_certificate(s, "tampered.der", "ali", THM_E_UNTRUSTED, BR_ALERT_UNKNOWN_CA);
    refuses_certificate(s, "leaf_signed", "leaf_signed", THM_E_UNTRUSTED, BR_ALERT_UNKNOWN_CA);
    refuses_certificate(s, "eku", "eku", THM_E_CERT, BR_ALERT_BAD_CERTIFICATE);
    refuses_certificate(s, "sealed", "sealed", THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE);
    refuses_certificate(s, "ali", "bianca", THM_E_TLS, BR_ALERT_DECRYPT_ERROR);
    refuses_certificate(s, "p384", "p384", THM_E_CERT, BR_ALERT_BAD_CERTIFICATE);
    refuses_certificate(s, "user_sha384", "user_sha384", THM_E_CERT, BR_ALERT_BAD_CERTIFICATE);
}

static void a_name_that_is_not_exactly_a_user_is_refused(void **state)
{
    static const char *const bad[] = {"no_san",    "two_uris", "web_uri",     "upper",
                                      "no_device", "two_ats",  "dot_first",   "too_long",
                                      "zero_byte", "cn_only",  "user_and_dns"};
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuses_certificate(s, bad[i], bad[i], THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE);
}

static void long_chains_are_refused_before_they_are_verified(void **state)
{
    struct scene *s = *state;

    refuses_certificate(s, "deep_chain", "deep", THM_E_CHAIN, BR_ALERT_BAD_CERTIFICATE);
    raw_client_init(&s->r, s->w);
    raw_client_certificate(&s->r, "below_step", "below_step");
    raw_client_go(&s->r, &s->ours, NULL);
    raw_run(&s->r, &s->ours);
    assert_int_equal(s->ours.phase, THM_TLS_OPEN);
    raw_end(&s->r, &s->ours);
}

static void large_certificates_are_refused(void **state)
{
    struct scene *s = *state;

    /* The bytes need not be a certificate: their announced length is enough. */
    s->r.chain[0].data_len = sizeof s->r.der[0];
    s->r.chain[1] = s->r.chain[0];
    br_ssl_client_set_single_ec(&s->r.ssl.client, s->r.chain, 2, &s->r.key, BR_KEYTYPE_SIGN,
                                BR_KEYTYPE_EC, br_ec_get_default(),
                                br_ecdsa_sign_asn1_get_default());
    expect_server_refuses(s, THM_E_CERT, BR_ALERT_BAD_CERTIFICATE);
    {
        static unsigned char large[THM_CERT_MAX + 1];
        br_x509_certificate chain = {large, sizeof large};
        raw_client_init(&s->r, s->w);
        br_ssl_client_set_single_ec(&s->r.ssl.client, &chain, 1, &s->r.key, BR_KEYTYPE_SIGN,
                                    BR_KEYTYPE_EC, br_ec_get_default(),
                                    br_ecdsa_sign_asn1_get_default());
        expect_server_refuses(s, THM_E_CHAIN, BR_ALERT_BAD_CERTIFICATE);
    }
}

static void expired_and_undated_are_refused(void **state)
{
    struct scene *s = *state;

    s->w->server_utc += (uint64_t)40 * 86400;
    refuses_certificate(s, "brief", "brief", THM_E_EXPIRED, BR_ALERT_CERTIFICATE_EXPIRED);
    s->w->server_utc = 86400;
    refuses_certificate(s, "ali", "ali", THM_E_EXPIRED, BR_ALERT_CERTIFICATE_EXPIRED);
    s->w->server_utc = 0;
    refuses_certificate(s, "ali", "ali", THM_E_CLOCK, BR_ALERT_INTERNAL_ERROR);
}

static void revoked_is_refused(void **state)
{
    struct scene *s = *state;
    uint8_t hashes[1][THM_KEY_HASH];
    struct thm_denylist list = {hashes, 1, 1};

    memcpy(hashes[0], thm_credentials_identity(&s->w->client.credentials)->key_hash, 32);
    thm_tls_domain_set(s->w->server.domain, &s->w->server.credentials, &list);
    refuses_certificate(s, "ali", "ali", THM_E_REVOKED, BR_ALERT_CERTIFICATE_REVOKED);
    assert_string_equal(s->ours.peer.user, "ali");
    /* A renewed certificate has the same key. */
    refuses_certificate(s, "renewed", "renewed", THM_E_REVOKED, BR_ALERT_CERTIFICATE_REVOKED);
}

/* --- versions, suites, ALPN --- */

static void old_versions_are_refused(void **state)
{
    struct scene *s = *state;

    for (unsigned version = BR_TLS10; version <= BR_TLS11; version++) {
        raw_client_init(&s->r, s->w);
        br_ssl_engine_set_versions(&s->r.ssl.base, BR_TLS10, version);
        expect_server_refuses(s, THM_E_TLS_VERSION, BR_ALERT_PROTOCOL_VERSION);
    }
}

static void other_suites_are_refused(void **state)
{
    static const uint16_t others[] = {
        BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,   BR_TLS_RSA_WITH_AES_128_GCM_SHA256,
        BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        BR_TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256,
    };
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        raw_client_init(&s->r, s->w);
        br_ssl_engine_set_suites(&s->r.ssl.base, &others[i], 1);
        expect_server_refuses(s, THM_E_TLS_SUITE, BR_ALERT_HANDSHAKE_FAILURE);
    }
}

static void other_curves_are_refused(void **state)
{
    static br_ec_impl x25519_only;
    struct scene *s = *state;

    x25519_only = br_ec_c25519_m31;
    br_ssl_engine_set_ec(&s->r.ssl.base, &x25519_only);
    expect_server_refuses(s, THM_E_TLS_SUITE, BR_ALERT_HANDSHAKE_FAILURE);
}

static void the_protocol_must_be_named(void **state)
{
    struct scene *s = *state;

    br_ssl_engine_set_protocol_names(&s->r.ssl.base, NULL, 0);
    expect_server_refuses(s, THM_E_ALPN, BR_ALERT_NO_APPLICATION_PROTOCOL);
    raw_client_init(&s->r, s->w);
    s->r.alpn[0] = "http/1.1";
    expect_server_refuses(s, THM_E_ALPN, BR_ALERT_NO_APPLICATION_PROTOCOL);
    raw_client_init(&s->r, s->w);
    s->r.alpn[1] = "http/1.1";
    br_ssl_engine_set_protocol_names(&s->r.ssl.base, s->r.alpn, 2);
    raw_client_go(&s->r, &s->ours, NULL);
    raw_run(&s->r, &s->ours);
    assert_int_equal(s->ours.phase, THM_TLS_OPEN);
    raw_end(&s->r, &s->ours);
}

static void garbage_is_refused_at_its_first_bytes(void **state)
{
    static const char *const garbage[] = {
        "GET / HTTP/1.1\r\n\r\n", "{\"msgtype\":\"hello\"}\n", "\x16\x03\x01\xff\xff zzzz",
        "\x80\x2e\x01\x03\x01\x00\x15", "\x17\x03\x03\x20\x20 zzzz"};
    struct scene *s = *state;
    struct thm_port *port = &s->w->port.port;

    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        thm_socket mine, theirs;
        size_t n;
        pair_port_connect(&s->w->port, &mine, &theirs);
        assert_int_equal(thm_tls_accept(&s->ours, s->w->server.domain, theirs), THM_OK);
        port->ops->send(port, mine, garbage[i], strlen(garbage[i]) + (i == 3), &n);
        assert_int_equal(thm_tls_advance(&s->ours, 0, s->w->server_utc), THM_TLS_CLOSED);
        assert_int_equal(s->ours.error, THM_E_TLS);
        port->ops->close(port, mine);
    }
}

/* --- renegotiation, resumption --- */

static void a_connection_keeps_its_user(void **state)
{
    struct scene *s = *state;
    unsigned char *data;
    size_t len;

    raw_client_go(&s->r, &s->ours, NULL);
    raw_run(&s->r, &s->ours);
    assert_int_equal(s->ours.phase, THM_TLS_OPEN);
    raw_client_certificate(&s->r, "bianca", "bianca");
    assert_true(br_ssl_engine_renegotiate(&s->r.ssl.base));
    raw_run(&s->r, &s->ours);
    assert_int_equal(thm_tls_read(&s->ours, &data, &len), THM_IO_AGAIN);
    raw_run(&s->r, &s->ours);
    assert_int_equal(raw_alert(&s->r), BR_ALERT_NO_RENEGOTIATION);
    assert_string_equal(s->ours.peer.user, "ali");
    raw_end(&s->r, &s->ours);
}

/* A session of ali's, agreed on by a raw client. */
static br_ssl_session_parameters make_session(struct scene *s)
{
    br_ssl_session_parameters session;

    raw_client_go(&s->r, &s->ours, NULL);
    raw_run(&s->r, &s->ours);
    assert_int_equal(s->ours.phase, THM_TLS_OPEN);
    br_ssl_engine_get_session_parameters(&s->r.ssl.base, &session);
    raw_end(&s->r, &s->ours);
    return session;
}

static void resume(struct scene *s, const br_ssl_session_parameters *session)
{
    raw_client_go(&s->r, &s->ours, session);
    raw_run(&s->r, &s->ours);
}

static void a_session_belongs_to_who_made_it(void **state)
{
    struct scene *s = *state;
    br_ssl_session_parameters session = make_session(s);

    /* Without a certificate, or with another's, it is ali who comes back: nobody else could. */
    raw_client_init(&s->r, s->w);
    raw_client_certificate(&s->r, NULL, NULL);
    resume(s, &session);
    assert_int_equal(s->ours.phase, THM_TLS_OPEN);
    assert_int_equal(s->ours.resumed, 1);
    assert_string_equal(s->ours.peer.user, "ali");
    raw_end(&s->r, &s->ours);
    raw_client_init(&s->r, s->w);
    raw_client_certificate(&s->r, "bianca", "bianca");
    resume(s, &session);
    assert_string_equal(s->ours.peer.user, "ali");
    raw_end(&s->r, &s->ours);
}

static void a_session_found_is_not_a_session_resumed(void **state)
{
    static const uint16_t chacha[] = {BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256};
    struct scene *s = *state;
    br_ssl_session_parameters session = make_session(s);

    /* The server finds ali's session, but the suite is not offered any more: a full handshake. */
    raw_client_init(&s->r, s->w);
    raw_client_certificate(&s->r, "bianca", "bianca");
    br_ssl_engine_set_suites(&s->r.ssl.base, chacha, 1);
    resume(s, &session);
    assert_int_equal(s->ours.phase, THM_TLS_OPEN);
    assert_int_equal(s->ours.resumed, 0);
    assert_string_equal(s->ours.peer.user, "bianca");
    raw_end(&s->r, &s->ours);
    raw_client_init(&s->r, s->w);
    raw_client_certificate(&s->r, NULL, NULL);
    br_ssl_engine_set_suites(&s->r.ssl.base, chacha, 1);
    resume(s, &session);
    assert_string_equal(thm_error_word(s->ours.error), "no-certificate");
    raw_end(&s->r, &s->ours);
}

static void a_session_without_the_secret_is_worth_nothing(void **state)
{
    struct scene *s = *state;
    br_ssl_session_parameters session = make_session(s);
    struct thm_tls_usage usage;

    session.master_secret[7] ^= 1;
    raw_client_init(&s->r, s->w);
    resume(s, &session);
    assert_false(raw_is_open(&s->r));
    assert_int_not_equal(s->ours.phase, THM_TLS_OPEN);
    raw_end(&s->r, &s->ours);
    thm_tls_domain_usage(s->w->server.domain, &usage);
    assert_int_equal(usage.resumed, 0);
}

static void a_resumed_session_names_the_protocol_too(void **state)
{
    struct scene *s = *state;
    br_ssl_session_parameters session = make_session(s);

    raw_client_init(&s->r, s->w);
    s->r.alpn[0] = "http/1.1";
    resume(s, &session);
    assert_string_equal(thm_error_word(s->ours.error), "alpn");
    assert_int_equal(raw_alert(&s->r), BR_ALERT_NO_APPLICATION_PROTOCOL);
    raw_end(&s->r, &s->ours);
    raw_client_init(&s->r, s->w);
    br_ssl_engine_set_protocol_names(&s->r.ssl.base, NULL, 0);
    resume(s, &session);
    assert_string_equal(thm_error_word(s->ours.error), "alpn");
    assert_int_equal(raw_alert(&s->r), BR_ALERT_NO_APPLICATION_PROTOCOL);
    raw_end(&s->r, &s->ours);
}

/*
 * The second line: were the engine ever to let a client finish without a proof (here it is told to), the
 * connection still isn't anybody's, and nothing of it is remembered.
 */
static void without_proof_nobody_is_adopted(void **state)
{
    static const uint16_t chacha[] = {BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256};
    static const char *const unproven[] = {NULL, "stranger", "server2"};
    struct scene *s = *state;
    br_ssl_session_parameters session = make_session(s);
    struct thm_tls_usage before, after;

    thm_tls_domain_usage(s->w->server.domain, &before);
    for (size_t i = 0; i < sizeof unproven / sizeof unproven[0]; i++) {
        raw_client_init(&s->r, s->w);
        raw_client_certificate(&s->r, unproven[i], unproven[i]);
        br_ssl_engine_set_suites(&s->r.ssl.base, chacha, 1);
        raw_client_go(&s->r, &s->ours, &session); /* found, but not resumed */
        raw_step(&s->r, &s->ours);
        br_ssl_engine_add_flags(&thm_engine_of(&s->ours)->ssl.base, BR_OPT_TOLERATE_NO_CLIENT_AUTH);
        raw_run(&s->r, &s->ours);
        assert_true(raw_is_open(&s->r));
        assert_string_equal(thm_error_word(s->ours.error), "no-certificate");
        raw_end(&s->r, &s->ours);
    }
    thm_tls_domain_usage(s->w->server.domain, &after);
    assert_int_equal(after.sessions, before.sessions);
    assert_int_equal(after.full, before.full);
}

static unsigned judge(struct thm_guard *guard, const struct raw_peer *r)
{
    const br_x509_class **x509 = &guard->vtable;

    (*x509)->start_chain(x509, NULL);
    assert_null((*x509)->get_pkey(x509, NULL));
    for (size_t i = 0; i < r->chain_len; i++) {
        (*x509)->start_cert(x509, (uint32_t)r->chain[i].data_len);
        (*x509)->append(x509, r->chain[i].data, r->chain[i].data_len);
        (*x509)->end_cert(x509);
    }
    return (*x509)->end_chain(x509);
}

static void the_guard_gives_a_key_only_of_whom_it_verified(void **state)
{
    static const char *const refused[] = {"stranger", "server2", "no_san", "deep_chain"};
    struct scene *s = *state;
    const struct thm_loaded *own = thm_loaded(&s->w->server.credentials);
    const struct thm_denylist *nobody = NULL;
    struct thm_guard guard;

    thm_guard_init(&guard, THM_FOR_CLIENT, own, &br_ec_p256_m31, &br_ecdsa_i31_vrfy_asn1, &nobody);
    guard.utc_s = s->w->server_utc;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        raw_client_init(&s->r, s->w);
        assert_int_equal(judge(&guard, &s->r), 0); /* ali */
        assert_non_null(guard.vtable->get_pkey(&guard.vtable, NULL));
        raw_client_certificate(&s->r, refused[i], i == 3 ? "deep" : refused[i]);
        assert_int_not_equal(judge(&guard, &s->r), 0);
        assert_null(guard.vtable->get_pkey(&guard.vtable, NULL));
        assert_false(guard.verified);
    }
}

/* --- servers that our client refuses --- */

static void expect_client_refuses(struct scene *s, const char *chain, const char *key, int error,
                                  int alert)
{
    raw_server_init(&s->r, s->w, chain, key);
    raw_server_go(&s->r, &s->ours);
    raw_run(&s->r, &s->ours);
    assert_string_equal(thm_error_word(s->ours.error), thm_error_word(error));
    assert_int_equal(raw_alert(&s->r), alert);
    raw_end(&s->r, &s->ours);
}

static void only_the_expected_server_is_trusted(void **state)
{
    struct scene *s = *state;

    expect_client_refuses(s, "impostor", "impostor", THM_E_UNTRUSTED, BR_ALERT_UNKNOWN_CA);
    expect_client_refuses(s, "elsewhere", "elsewhere", THM_E_SERVER_NAME, BR_ALERT_BAD_CERTIFICATE);
    expect_client_refuses(s, "bianca", "bianca", THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE);
    expect_client_refuses(s, "cn_host", "cn_host", THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE);
    expect_client_refuses(s, "cn_only", "cn_only", THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE);
    expect_client_refuses(s, "server_and_uri", "server_and_uri", THM_E_ROLE,
                          BR_ALERT_UNSUPPORTED_CERTIFICATE);
    expect_client_refuses(s, "server", "server2", THM_E_TLS, BR_ALERT_DECRYPT_ERROR);
    /* What tls-server-end-point binds to is SHA-256 of the leaf because no other hash signs it (RFC 5929, section 4.1). */
    expect_client_refuses(s, "server_sha384", "server_sha384", THM_E_CERT,
                          BR_ALERT_BAD_CERTIFICATE);
    expect_client_refuses(s, "server_sha512", "server_sha512", THM_E_CERT,
                          BR_ALERT_BAD_CERTIFICATE);
}

static void a_server_must_name_the_protocol(void **state)
{
    struct scene *s = *state;

    raw_server_init(&s->r, s->w, "server", "server");
    br_ssl_engine_set_protocol_names(&s->r.ssl.base, NULL, 0);
    raw_server_go(&s->r, &s->ours);
    raw_run(&s->r, &s->ours);
    assert_string_equal(thm_error_word(s->ours.error), "alpn");
    raw_end(&s->r, &s->ours);
}

static void an_empty_server_name_is_refused_at_once(void **state)
{
    struct scene *s = *state;

    assert_int_equal(thm_tls_connect(&s->ours, s->w->client.domain, 1, "", NULL), THM_E_NAME_EMPTY);
    assert_int_equal(thm_tls_connect(&s->ours, s->w->client.domain, 1, NULL, NULL),
                     THM_E_NAME_EMPTY);
}

/* --- records --- */

static void records_of_16_kb_are_taken(void **state)
{
    static unsigned char large[16384];
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (unsigned char)(i * 7 + (i >> 8));
    raw_client_go(&s->r, &s->ours, NULL);
    raw_run(&s->r, &s->ours);
    assert_int_equal(s->ours.phase, THM_TLS_OPEN);
    raw_say(&s->r, &s->ours, large, sizeof large);
    raw_end(&s->r, &s->ours);
}

static void small_peers_get_small_records(void **state)
{
    static unsigned char large[5000];
    struct scene *s = *state;
    size_t n, received = 0;
    unsigned char *buf;

    s->r.in_len = 512 + 325;
    s->r.out_len = 512 + 85;
    raw_client_go(&s->r, &s->ours, NULL);
    raw_run(&s->r, &s->ours);
    assert_int_equal(s->ours.phase, THM_TLS_OPEN);
    assert_int_equal(thm_tls_write(&s->ours, large, sizeof large, &n), THM_IO_OK);
    assert_int_equal(n, sizeof large);
    while (received < sizeof large) {
        raw_run(&s->r, &s->ours);
        buf = br_ssl_engine_recvapp_buf(&s->r.ssl.base, &n);
        assert_non_null(buf);
        assert_true(n <= 512);
        received += n;
        br_ssl_engine_recvapp_ack(&s->r.ssl.base, n);
    }
    raw_end(&s->r, &s->ours);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_right_client_gets_in),
        TEST(no_certificate_is_refused),
        TEST(only_users_of_our_ca_get_in),
        TEST(a_name_that_is_not_exactly_a_user_is_refused),
        TEST(long_chains_are_refused_before_they_are_verified),
        TEST(large_certificates_are_refused),
        TEST(expired_and_undated_are_refused),
        TEST(revoked_is_refused),
        TEST(old_versions_are_refused),
        TEST(other_suites_are_refused),
        TEST(other_curves_are_refused),
        TEST(the_protocol_must_be_named),
        TEST(garbage_is_refused_at_its_first_bytes),
        TEST(a_connection_keeps_its_user),
        TEST(a_session_belongs_to_who_made_it),
        TEST(a_session_found_is_not_a_session_resumed),
        TEST(a_session_without_the_secret_is_worth_nothing),
        TEST(a_resumed_session_names_the_protocol_too),
        TEST(without_proof_nobody_is_adopted),
        TEST(the_guard_gives_a_key_only_of_whom_it_verified),
        TEST(only_the_expected_server_is_trusted),
        TEST(a_server_must_name_the_protocol),
        TEST(an_empty_server_name_is_refused_at_once),
        TEST(records_of_16_kb_are_taken),
        TEST(small_peers_get_small_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
