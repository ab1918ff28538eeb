/*
 * Connections between two clients, "ali" and "bianca" who calls him: whichever end it is, it judges the other one as a
 * server judges users, and nothing of a session is kept.
 */
#include "thimble/enroll.h"
#include "thimble/wire.h"
#include "tls/internal.h"
#include "tls/joiner.h"

#define DAY ((uint64_t)86400)

static const struct thm_identity *identity(const struct end *e)
{
    return thm_credentials_identity(&e->credentials);
}

/* --- whom they meet --- */

static void expect_met(const struct thm_tls *t, const struct end *whom)
{
    assert_string_equal(t->peer.user, identity(whom)->user);
    assert_string_equal(t->peer.device, identity(whom)->device);
    assert_memory_equal(t->peer.key_hash, identity(whom)->key_hash, THM_KEY_HASH);
    assert_int_equal(t->peer.not_after, identity(whom)->not_after);
    assert_int_equal(t->resumed, 0);
    assert_int_equal(t->enrols, 0);
}

static void both_ends_know_whom_they_met(void **state)
{
    struct scene *s = *state;

    link_open(s->w, &s->l, NULL);
    expect_met(&s->l.client, &s->w->server);
    expect_met(&s->l.server, &s->w->client);
    assert_string_equal(s->l.client.peer.user, "ali");
    assert_string_equal(s->l.server.peer.user, "bianca");
    assert_int_equal(s->l.server.accepted, 1);
    assert_int_equal(s->l.client.accepted, 0);
    assert_memory_equal(thm_tls_server_leaf_hash(&s->l.client),
                        thm_credentials_leaf_hash(&s->w->server.credentials), 32);
    assert_memory_equal(thm_tls_server_leaf_hash(&s->l.server),
                        thm_credentials_leaf_hash(&s->w->server.credentials), 32);
    expect_carried(&s->l.client, &s->l.server, pattern, 40000);
    expect_carried(&s->l.server, &s->l.client, pattern, 40000);
    link_close(s->w, &s->l);
    assert_int_equal(s->l.client.error, THM_OK);
    assert_int_equal(s->l.server.error, THM_OK);
}

static void a_certificate_in_between_is_no_matter(void **state)
{
    struct scene *s = *state;

    end_use(&s->w->client, "root", "below_step", "below_step");
    link_open(s->w, &s->l, NULL);
    expect_met(&s->l.server, &s->w->client);
    link_close(s->w, &s->l);
    end_use(&s->w->server, "root", "below_step", "below_step");
    link_open(s->w, &s->l, NULL);
    expect_met(&s->l.client, &s->w->server);
    link_close(s->w, &s->l);
}

/* One domain has ends of both kinds, and even both of a connection. */
static void one_domain_has_both_ends(void **state)
{
    struct scene *s = *state;
    struct thm_tls_domain *d = s->w->server.domain;
    struct link back;
    thm_socket a, b;

    link_open(s->w, &s->l, NULL);
    memset(&back, 0, sizeof back);
    pair_port_connect(&s->w->port, &a, &b);
    assert_int_equal(thm_tls_accept(&back.server, s->w->client.domain, a), THM_OK);
    assert_int_equal(thm_tls_connect(&back.client, d, b, NULL, NULL), THM_OK);
    link_run(s->w, &back);
    expect_met(&back.client, &s->w->client);
    expect_met(&back.server, &s->w->server);
    assert_int_equal(usage(&s->w->server).engines, 2);
    link_close(s->w, &back);

    memset(&back, 0, sizeof back);
    pair_port_connect(&s->w->port, &a, &b);
    assert_int_equal(thm_tls_accept(&back.server, d, a), THM_OK);
    assert_int_equal(thm_tls_connect(&back.client, d, b, NULL, NULL), THM_OK);
    link_run(s->w, &back);
    expect_met(&back.client, &s->w->server);
    expect_met(&back.server, &s->w->server);
    assert_int_equal(usage(&s->w->server).engines, 3);
    expect_carried(&back.client, &back.server, pattern, 2000);
    link_close(s->w, &back);
    expect_carried(&s->l.client, &s->l.server, pattern, 2000);
    link_close(s->w, &s->l);
}

/* --- what can't be started --- */

static void neither_a_name_nor_a_session_is_taken(void **state)
{
    struct scene *s = *state;
    struct thm_tls_session session = {0};
    struct thm_tls t = {0};

    assert_int_equal(thm_tls_connect(&t, s->w->client.domain, 1, SERVER_NAME, NULL), THM_E_STATE);
    assert_int_equal(thm_tls_connect(&t, s->w->client.domain, 1, "", NULL), THM_E_STATE);
    assert_int_equal(thm_tls_connect(&t, s->w->client.domain, 1, NULL, &session), THM_E_STATE);
    assert_int_equal(t.phase, THM_TLS_IDLE);
}

static void only_a_user_can_be_a_peer(void **state)
{
    static struct thm_credentials server, nobody;
    static uint8_t key[THM_ENROLL_KEY], der[THM_BOOTSTRAP_MAX];
    const struct thm_credentials *const bad[] = {NULL, &server, &nobody};
    static struct thm_ca_pin pin;
    struct thm_credential_parts parts = {.chain = {{.der = der}}, .chain_len = 1, .key = key};
    struct scene *s = *state;
    struct thm_tls_domain *d = s->w->client.domain;
    struct thm_tls t = {0};

    assert_int_equal(load(&server, "root", "server", "server", THM_FOR_SERVER), THM_OK);
    thm_enroll_bootstrap_key((const uint8_t *)"an invitation's!", key);
    parts.chain[0].len = thm_enroll_certificate(key, der);
    parts.pin = &pin;
    assert_int_equal(thm_credentials_set(&nobody, &parts, THM_FOR_ENROLMENT), THM_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        thm_tls_domain_set(d, bad[i], NULL);
        assert_int_equal(thm_tls_accept(&t, d, 1), THM_E_STATE);
        assert_int_equal(thm_tls_connect(&t, d, 1, NULL, NULL), THM_E_STATE);
    }
}

static void a_peers_domain_has_nothing_of_a_servers(void **state)
{
    struct scene *s = *state;
    struct thm_tls_config config = s->w->client.config;
    struct thm_tls_domain *d;
    size_t peers = thm_tls_domain_size(&config);

    config.sessions = 1;
    assert_int_equal(thm_tls_domain_init(&d, s->w->client.memory, s->w->client.size, &config),
                     THM_E_CONFIG);
    config.sessions = 0;
    config.enroll_alpn = THM_ENROLL_ALPN;
    config.admits = admits;
    assert_int_equal(thm_tls_domain_init(&d, s->w->client.memory, s->w->client.size, &config),
                     THM_E_CONFIG);
    config.enroll_alpn = NULL;
    config.role = THM_FOR_CLIENT; /* its engines are shorter, and that is all */
    assert_int_equal(thm_tls_domain_size(&config) +
                         thm_pool_size(sizeof(struct thm_engine), config.connections) -
                         thm_pool_size(sizeof(br_ssl_client_context), config.connections),
                     peers);
    config.role = THM_FOR_SERVER;
    assert_true(thm_tls_domain_size(&config) >= peers + sizeof(struct thm_serving));
}

/* --- who is refused --- */

struct bad {
    const char *chain, *key;
    int error, alert;
};
static const struct bad all_bad[] = {
    {"server2", "server2", THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE},
    {"server_and_uri", "server_and_uri", THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE},
    {"user_and_dns", "user_and_dns", THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE},
    {"no_san", "no_san", THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE},
    {"two_uris", "two_uris", THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE},
    {"web_uri", "web_uri", THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE},
    {"zero_byte", "zero_byte", THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE},
    {"cn_only", "cn_only", THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE},
    {"sealed", "sealed", THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE},
    {"stranger", "stranger", THM_E_UNTRUSTED, BR_ALERT_UNKNOWN_CA},
    {"impostor", "impostor", THM_E_UNTRUSTED, BR_ALERT_UNKNOWN_CA},
    {"leaf_signed", "leaf_signed", THM_E_UNTRUSTED, BR_ALERT_UNKNOWN_CA},
    {"tampered.der", "ali", THM_E_UNTRUSTED, BR_ALERT_UNKNOWN_CA},
    {"user_sha384", "user_sha384", THM_E_CERT, BR_ALERT_BAD_CERTIFICATE},
    {"deep_chain", "deep", THM_E_CHAIN, BR_ALERT_BAD_CERTIFICATE},
    {"ali", "bianca", THM_E_TLS, BR_ALERT_DECRYPT_ERROR},
};

/* Our end is the one that `accepts`; the other shows this. */
static void show(struct scene *s, bool accepts, const char *chain, const char *key)
{
    if (accepts) {
        raw_client_init(&s->r, s->w);
        raw_client_certificate(&s->r, chain, key);
    } else {
        raw_server_init(&s->r, s->w, chain, key);
    }
}

static struct thm_tls *meet(struct scene *s, bool accepts)
{
    struct thm_tls *ours = accepts ? &s->l.server : &s->l.client;

    if (accepts)
        raw_client_go(&s->r, ours, NULL);
    else
        raw_server_go(&s->r, ours);
    raw_run(&s->r, ours);
    return ours;
}

static void expect_refusal(struct scene *s, bool accepts, int error, int alert)
{
    struct thm_tls *ours = meet(s, accepts);

    assert_string_equal(thm_error_word(ours->error), thm_error_word(error));
    assert_int_equal(ours->phase, accepts ? THM_TLS_CLOSING : THM_TLS_CLOSED);
    assert_int_equal(raw_alert(&s->r), alert);
    assert_false(raw_is_open(&s->r));
    assert_nothing_lent(s->w);
    raw_end(&s->r, ours);
}

static void expect_meeting(struct scene *s, bool accepts, const char *user)
{
    struct thm_tls *ours = meet(s, accepts);

    assert_int_equal(ours->phase, THM_TLS_OPEN);
    assert_string_equal(ours->peer.user, user);
    raw_say(&s->r, ours, "hello", 5);
    raw_end(&s->r, ours);
}

static void only_users_of_our_ca_are_met(void **state)
{
    struct scene *s = *state;

    for (int accepts = 0; accepts < 2; accepts++) {
        for (size_t i = 0; i < sizeof all_bad / sizeof all_bad[0]; i++) {
            show(s, accepts, all_bad[i].chain, all_bad[i].key);
            expect_refusal(s, accepts, all_bad[i].error, all_bad[i].alert);
        }
        /* Nobody is expected by the domain: whom the caller has not asked for is met as well. */
        show(s, accepts, "ali", "ali");
        expect_meeting(s, accepts, "ali");
        show(s, accepts, "bianca", "bianca");
        expect_meeting(s, accepts, "bianca");
    }
}

static void who_shows_nothing_is_refused(void **state)
{
    struct scene *s = *state;

    raw_client_init(&s->r, s->w);
    raw_client_certificate(&s->r, NULL, NULL);
    expect_refusal(s, true, THM_E_NO_CERT, BR_ALERT_HANDSHAKE_FAILURE);
}

static int choose_nothing(const br_ssl_server_policy_class **policy,
                          const br_ssl_server_context *server, br_ssl_server_choices *choices)
{
    (void)policy, (void)server;
    choices->cipher_suite = BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
    choices->algo_id = 0xff00 + br_sha256_ID;
    choices->chain = NULL;
    choices->chain_len = 0;
    return 1;
}

/* Who answers can't do so in TLS: an empty chain is an error of the protocol. */
static void who_answers_with_nothing_is_refused(void **state)
{
    struct scene *s = *state;
    br_ssl_server_policy_class policy;

    raw_server_init(&s->r, s->w, "ali", "ali");
    thm_engine_choose_by(&s->r.ssl.server, &policy, choose_nothing);
    expect_refusal(s, false, THM_E_TLS, BR_ALERT_HANDSHAKE_FAILURE);
}

/* What a joiner of a server shows, whose key it takes as proof of an invitation. */
static void self_signed_is_refused(void **state)
{
    static uint8_t der[THM_BOOTSTRAP_MAX];
    struct scene *s = *state;

    for (int accepts = 0; accepts < 2; accepts++) {
        show(s, accepts, "ali", "ali");
        thm_enroll_bootstrap_key((const uint8_t *)"an invitation's!", s->r.scalar);
        s->r.chain[0].data = der;
        s->r.chain[0].data_len = thm_enroll_certificate(s->r.scalar, der);
        expect_refusal(s, accepts, THM_E_UNTRUSTED, BR_ALERT_UNKNOWN_CA);
    }
}

static void expired_and_undated_are_refused(void **state)
{
    struct scene *s = *state;
    const uint64_t now = s->w->server_utc;

    for (int accepts = 0; accepts < 2; accepts++) {
        s->w->server_utc = now + 29 * DAY;
        show(s, accepts, "brief", "brief");
        expect_meeting(s, accepts, "ali");
        s->w->server_utc = now + 31 * DAY;
        show(s, accepts, "brief", "brief");
        expect_refusal(s, accepts, THM_E_EXPIRED, BR_ALERT_CERTIFICATE_EXPIRED);
        s->w->server_utc = DAY;
        show(s, accepts, "ali", "ali");
        expect_refusal(s, accepts, THM_E_EXPIRED, BR_ALERT_CERTIFICATE_EXPIRED);
        s->w->server_utc = 0;
        show(s, accepts, "ali", "ali");
        expect_refusal(s, accepts, THM_E_CLOCK, BR_ALERT_INTERNAL_ERROR);
    }
}

static void revoked_is_refused(void **state)
{
    struct scene *s = *state;
    uint8_t hashes[1][THM_KEY_HASH];
    struct thm_denylist list = {hashes, 1, 1};
    struct thm_identity ali = *identity(&s->w->server);

    memcpy(hashes[0], ali.key_hash, sizeof hashes[0]);
    thm_tls_domain_set(s->w->server.domain, &s->w->server.credentials, &list);
    thm_tls_domain_set(s->w->client.domain, &s->w->client.credentials, &list);
    for (int accepts = 0; accepts < 2; accepts++) {
        show(s, accepts, "renewed", "renewed"); /* ali's key */
        memset(&s->l, 0, sizeof s->l);
        expect_refusal(s, accepts, THM_E_REVOKED, BR_ALERT_CERTIFICATE_REVOKED);
        assert_string_equal((accepts ? &s->l.server : &s->l.client)->peer.user, ali.user);
        show(s, accepts, "bianca", "bianca");
        expect_meeting(s, accepts, "bianca");
    }
}

/* The other's certificate was judged, and the handshake is not over. */
static void revoked_in_between_is_refused(void **state)
{
    struct scene *s = *state;
    uint8_t hashes[1][THM_KEY_HASH];
    struct thm_denylist list = {hashes, 1, 1};

    memcpy(hashes[0], identity(&s->w->server)->key_hash, sizeof hashes[0]);
    link_start(s->w, &s->l, NULL);
    for (int i = 0; i < 2; i++) {
        thm_tls_advance(&s->l.client, 0, s->w->client_utc);
        thm_tls_advance(&s->l.server, 0, s->w->server_utc);
    }
    assert_int_equal(s->l.client.phase, THM_TLS_HANDSHAKE);
    assert_true(thm_slot_of(&s->l.client)->guard.verified);
    thm_tls_domain_set(s->w->client.domain, &s->w->client.credentials, &list);
    link_run(s->w, &s->l);
    assert_int_equal(s->l.client.phase, THM_TLS_CLOSED);
    assert_int_equal(s->l.client.error, THM_E_REVOKED);
    thm_tls_close(&s->l.server);
    link_run(s->w, &s->l);
}

/* --- protocols --- */

static void only_our_protocol_is_spoken(void **state)
{
    struct scene *s = *state;

    raw_client_init(&s->r, s->w);
    br_ssl_engine_set_protocol_names(&s->r.ssl.base, NULL, 0);
    expect_refusal(s, true, THM_E_ALPN, BR_ALERT_NO_APPLICATION_PROTOCOL);
    raw_client_init(&s->r, s->w);
    s->r.alpn[0] = THM_ALPN;
    expect_refusal(s, true, THM_E_ALPN, BR_ALERT_NO_APPLICATION_PROTOCOL);
    raw_client_init(&s->r, s->w);
    s->r.alpn[0] = THM_ENROLL_ALPN;
    expect_refusal(s, true, THM_E_ALPN, BR_ALERT_NO_APPLICATION_PROTOCOL);

    raw_server_init(&s->r, s->w, "ali", "ali");
    s->r.alpn[0] = THM_ALPN;
    br_ssl_engine_add_flags(&s->r.ssl.base, BR_OPT_FAIL_ON_ALPN_MISMATCH);
    raw_server_go(&s->r, &s->l.client);
    raw_run(&s->r, &s->l.client);
    assert_string_equal(thm_error_word(s->l.client.error), "alpn");
    raw_end(&s->r, &s->l.client);
    for (int named = 0; named < 2; named++) { /* one that goes on without */
        raw_server_init(&s->r, s->w, "ali", "ali");
        s->r.alpn[0] = THM_ALPN;
        br_ssl_engine_set_protocol_names(&s->r.ssl.base, s->r.alpn, (size_t)named);
        raw_server_go(&s->r, &s->l.client);
        raw_run(&s->r, &s->l.client);
        assert_string_equal(thm_error_word(s->l.client.error), "alpn");
        raw_end(&s->r, &s->l.client);
    }
}

/* Our own other domains don't meet ours, and would not with the same protocol: the certificates are for others. */
static void a_server_is_no_peer(void **state)
{
    struct scene *s = *state;

    s->w->server.config.role = THM_FOR_SERVER;
    s->w->server.config.alpn = THM_ALPN;
    end_remake(&s->w->server);
    end_use(&s->w->server, "root", "server", "server");
    expect_refused(s->w, THM_E_ALPN, THM_E_ALPN);
    s->w->server.config.alpn = THM_PEER_ALPN;
    end_remake(&s->w->server);
    expect_refused(s->w, THM_E_CERT_REJECTED, THM_E_ROLE);
}

static void a_servers_client_is_no_peer(void **state)
{
    struct scene *s = *state;

    s->w->client.config.role = THM_FOR_CLIENT;
    s->w->client.config.alpn = THM_ALPN;
    end_remake(&s->w->client);
    expect_refused(s->w, THM_E_ALPN, THM_E_ALPN);
    s->w->client.config.alpn = THM_PEER_ALPN;
    end_remake(&s->w->client);
    expect_refused(s->w, THM_E_CERT_REJECTED, THM_E_ROLE);
}

/* --- nothing is resumed, nobody named --- */

static void an_old_session_gets_a_full_handshake(void **state)
{
    struct scene *s = *state;
    br_ssl_session_parameters session, next;

    raw_client_init(&s->r, s->w);
    raw_client_go(&s->r, &s->l.server, NULL);
    raw_run(&s->r, &s->l.server);
    assert_int_equal(s->l.server.phase, THM_TLS_OPEN);
    br_ssl_engine_get_session_parameters(&s->r.ssl.base, &session);
    assert_int_equal(session.session_id_len, 32);
    raw_end(&s->r, &s->l.server);

    raw_client_init(&s->r, s->w);
    raw_client_certificate(&s->r, "bianca", "bianca");
    raw_client_go(&s->r, &s->l.server, &session);
    raw_run(&s->r, &s->l.server);
    assert_int_equal(s->l.server.phase, THM_TLS_OPEN);
    assert_int_equal(s->l.server.resumed, 0);
    assert_string_equal(s->l.server.peer.user, "bianca");
    br_ssl_engine_get_session_parameters(&s->r.ssl.base, &next);
    assert_memory_not_equal(next.session_id, session.session_id, 32);
    raw_end(&s->r, &s->l.server);

    raw_client_init(&s->r, s->w); /* nor does it spare a certificate */
    raw_client_certificate(&s->r, NULL, NULL);
    raw_client_go(&s->r, &s->l.server, &session);
    raw_run(&s->r, &s->l.server);
    assert_int_equal(s->l.server.error, THM_E_NO_CERT);
    raw_end(&s->r, &s->l.server);
    assert_int_equal(usage(&s->w->server).sessions, 0);
    assert_int_equal(usage(&s->w->server).resumed, 0);
}

static void who_calls_offers_no_session_and_names_nobody(void **state)
{
    enum { SESSION_ID_LEN = 5 + 4 + 2 + 32 };
    struct scene *s = *state;

    for (int i = 0; i < 2; i++) { /* of one that has a cache, too */
        if (i == 0)
            raw_server_init(&s->r, s->w, "ali", "ali");
        raw_server_go(&s->r, &s->l.client);
        thm_tls_advance(&s->l.client, 0, s->w->client_utc);
        assert_int_equal(wire_from(s, &s->l.client)->bytes[SESSION_ID_LEN], 0);
        raw_run(&s->r, &s->l.client);
        assert_int_equal(s->l.client.phase, THM_TLS_OPEN);
        assert_int_equal(s->l.client.resumed, 0);
        assert_string_equal(br_ssl_engine_get_server_name(&s->r.ssl.base), "");
        raw_end(&s->r, &s->l.client);
    }
    assert_int_equal(usage(&s->w->client).full, 2);
}

/* Whoever asks, as whoever is asked, stays who he was. */
static void a_connection_keeps_its_peer(void **state)
{
    struct scene *s = *state;

    for (int accepts = 0; accepts < 2; accepts++) {
        struct thm_tls *ours;
        unsigned char *data;
        size_t len;
        show(s, accepts, "ali", "ali");
        ours = meet(s, accepts);
        assert_true(br_ssl_engine_renegotiate(&s->r.ssl.base));
        raw_run(&s->r, ours);
        assert_int_equal(thm_tls_read(ours, &data, &len), THM_IO_AGAIN);
        raw_run(&s->r, ours);
        assert_int_equal(raw_alert(&s->r), BR_ALERT_NO_RENEGOTIATION);
        assert_string_equal(ours->peer.user, "ali");
        raw_end(&s->r, ours);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_peers, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(both_ends_know_whom_they_met),
        TEST(a_certificate_in_between_is_no_matter),
        TEST(one_domain_has_both_ends),
        TEST(neither_a_name_nor_a_session_is_taken),
        TEST(only_a_user_can_be_a_peer),
        TEST(a_peers_domain_has_nothing_of_a_servers),
        TEST(only_users_of_our_ca_are_met),
        TEST(who_shows_nothing_is_refused),
        TEST(who_answers_with_nothing_is_refused),
        TEST(self_signed_is_refused),
        TEST(expired_and_undated_are_refused),
        TEST(revoked_is_refused),
        TEST(revoked_in_between_is_refused),
        TEST(only_our_protocol_is_spoken),
        TEST(a_server_is_no_peer),
        TEST(a_servers_client_is_no_peer),
        TEST(an_old_session_gets_a_full_handshake),
        TEST(who_calls_offers_no_session_and_names_nobody),
        TEST(a_connection_keeps_its_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
