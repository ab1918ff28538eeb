/*
 * Enrolment's protocol beside the other one: who is admitted by which, what is remembered of it, and what the server shows.
 */
#include "tls/internal.h"
#include "tls/joiner.h"

/* --- who is admitted --- */

static void who_has_an_invitation_is_admitted(void **state)
{
    struct scene *s = *state;

    joins(s, NULL);
    know_pin(s, "root");
    joins(s, NULL);
    assert_int_equal(admission.asked, 2);
}

static void users_come_as_before(void **state)
{
    struct scene *s = *state;

    end_use(&s->w->client, "root", "ali", "ali");
    s->w->client.config.alpn = "thimble/1";
    end_remake(&s->w->client);
    link_open(s->w, &s->l, NULL);
    assert_int_equal(s->l.server.enrols, 0);
    assert_string_equal(s->l.server.peer.user, "ali");
    link_close(s->w, &s->l);
    assert_int_equal(admission.asked, 0);
}

static void an_unknown_invitation_is_refused_at_both_ends(void **state)
{
    struct scene *s = *state;

    joiner.hash[31] ^= 1;
    expect_refused(s->w, THM_E_INVITATION, THM_E_INVITATION);
    know_pin(s, "root");
    expect_refused(s->w, THM_E_INVITATION, THM_E_INVITATION);
    assert_int_equal(admission.asked, 2);
}

static void a_server_that_does_not_enrol_says_so(void **state)
{
    struct scene *s = *state;

    s->w->server.config.enroll_alpn = NULL;
    end_remake(&s->w->server);
    expect_refused(s->w, THM_E_ALPN, THM_E_ALPN);
}

/* A raw client that comes by a protocol. */
static void raw_by(struct scene *s, const char *alpn)
{
    raw_client_init(&s->r, s->w);
    s->r.alpn[0] = alpn;
}

/* ... with these bytes as its chain, and this key. */
static void raw_shows(struct scene *s, const unsigned char *const ders[], const size_t lens[],
                      size_t count, const uint8_t key[32])
{
    for (size_t i = 0; i < count; i++) {
        memcpy(s->r.der[i], ders[i], lens[i]);
        s->r.chain[i] = (br_x509_certificate){s->r.der[i], lens[i]};
    }
    memcpy(s->r.scalar, key, sizeof s->r.scalar);
    s->r.key = (br_ec_private_key){BR_EC_secp256r1, s->r.scalar, sizeof s->r.scalar};
    br_ssl_client_set_single_ec(&s->r.ssl.client, s->r.chain, count, &s->r.key, BR_KEYTYPE_SIGN,
                                BR_KEYTYPE_EC, br_ec_get_default(),
                                br_ecdsa_sign_asn1_get_default());
}

static void raw_shows_invitation(struct scene *s)
{
    const unsigned char *der = joiner.der;

    raw_shows(s, &der, &joiner.parts.chain[0].len, 1, joiner.key);
}

static void raw_is_refused(struct scene *s, int error, int alert)
{
    raw_client_go(&s->r, &s->l.server, NULL);
    raw_run(&s->r, &s->l.server);
    assert_string_equal(thm_error_word(s->l.server.error), thm_error_word(error));
    assert_int_equal(s->l.server.enrols, 0);
    assert_int_equal(raw_alert(&s->r), alert);
    assert_false(raw_is_open(&s->r));
    raw_end(&s->r, &s->l.server);
}

/* Who has seen an invitation's certificate, but not the invitation. */
static void the_key_of_an_invitation_must_be_there(void **state)
{
    const unsigned char *der = joiner.der;
    uint8_t other[THM_ENROLL_KEY];
    struct scene *s = *state;

    raw_by(s, THM_ENROLL_ALPN);
    raw_shows_invitation(s);
    raw_client_go(&s->r, &s->l.server, NULL);
    raw_run(&s->r, &s->l.server);
    assert_int_equal(s->l.server.phase, THM_TLS_OPEN);
    raw_end(&s->r, &s->l.server);
    thm_enroll_derive_key((const uint8_t *)"another", 7, other);
    raw_by(s, THM_ENROLL_ALPN);
    raw_shows(s, &der, &joiner.parts.chain[0].len, 1, other);
    raw_is_refused(s, THM_E_TLS, BR_ALERT_DECRYPT_ERROR);
    assert_int_equal(admission.asked, 2); /* it was the proof that failed */
}

static void an_invitation_is_good_for_nothing_else(void **state)
{
    struct scene *s = *state;

    admission.all = true;
    raw_by(s, "thimble/1");
    raw_shows_invitation(s);
    raw_is_refused(s, THM_E_UNTRUSTED, BR_ALERT_UNKNOWN_CA);
    assert_int_equal(admission.asked, 0);
}

/* Even if their keys were admitted. */
static void who_has_a_certificate_does_not_enrol(void **state)
{
    static const char *const trusted[] = {"ali", "server2", "no_san", "below_step"};
    struct scene *s = *state;

    admission.all = true;
    for (size_t i = 0; i < sizeof trusted / sizeof trusted[0]; i++) {
        raw_by(s, THM_ENROLL_ALPN);
        raw_client_certificate(&s->r, trusted[i], trusted[i]);
        raw_is_refused(s, THM_E_ROLE, BR_ALERT_UNSUPPORTED_CERTIFICATE);
    }
    assert_int_equal(admission.asked, 0);
}

static void nothing_but_one_certificate_of_a_p256_key_is_shown(void **state)
{
    const unsigned char *const twice[] = {joiner.der, joiner.der};
    const size_t len = joiner.parts.chain[0].len, lens[] = {len, len};
    struct scene *s = *state;

    raw_by(s, THM_ENROLL_ALPN);
    raw_client_certificate(&s->r, NULL, NULL);
    raw_is_refused(s, THM_E_NO_CERT, BR_ALERT_HANDSHAKE_FAILURE);
    raw_by(s, THM_ENROLL_ALPN);
    raw_client_certificate(&s->r, "stranger", "stranger");
    raw_is_refused(s, THM_E_INVITATION, BR_ALERT_CERTIFICATE_UNKNOWN);
    admission.all = true;
    admission.asked = 0;
    raw_by(s, THM_ENROLL_ALPN);
    raw_client_certificate(&s->r, "p384_stranger", "p384_stranger");
    raw_is_refused(s, THM_E_CERT, BR_ALERT_BAD_CERTIFICATE);
    raw_by(s, THM_ENROLL_ALPN);
    raw_client_certificate(&s->r, "deep_chain", "deep");
    raw_is_refused(s, THM_E_CHAIN, BR_ALERT_BAD_CERTIFICATE);
    raw_by(s, THM_ENROLL_ALPN);
    raw_client_certificate(&s->r, "stranger_other", "stranger");
    raw_is_refused(s, THM_E_UNTRUSTED, BR_ALERT_UNKNOWN_CA);
    raw_by(s, THM_ENROLL_ALPN);
    raw_shows(s, twice, lens, 2, joiner.key);
    raw_client_go(&s->r, &s->l.server, NULL);
    raw_run(&s->r, &s->l.server);
    assert_int_not_equal(s->l.server.phase, THM_TLS_OPEN);
    assert_int_not_equal(s->l.server.error, THM_OK);
    raw_end(&s->r, &s->l.server);
    assert_int_equal(admission.asked, 0);
}

static void without_a_clock_nobody_is_admitted(void **state)
{
    struct scene *s = *state;

    s->w->server_utc = 0;
    expect_refused(s->w, THM_E_CLOCK, THM_E_TLS);
    s->w->server_utc = 1000; /* before any invitation */
    expect_refused(s->w, THM_E_EXPIRED, THM_E_INVITATION);
    assert_int_equal(admission.asked, 0);
}

static void a_revoked_key_is_not_admitted(void **state)
{
    static uint8_t hashes[1][THM_KEY_HASH];
    static const struct thm_denylist denylist = {hashes, 1, 1};
    struct scene *s = *state;

    memcpy(hashes[0], joiner.hash, THM_KEY_HASH);
    thm_tls_domain_set(s->w->server.domain, &s->w->server.credentials, &denylist);
    expect_refused(s->w, THM_E_REVOKED, THM_E_REVOKED);
    assert_int_equal(admission.asked, 0);
    raw_by(s, "thimble/1");
    raw_shows_invitation(s);
    raw_is_refused(s, THM_E_UNTRUSTED, BR_ALERT_UNKNOWN_CA);
    memcpy(hashes[0], thm_loaded(&s->w->server.credentials)->identity.key_hash, THM_KEY_HASH);
    know_pin(s, "root");
    thm_tls_domain_set(s->w->client.domain, &s->w->client.credentials, &denylist);
    expect_refused(s->w, THM_E_REVOKED, THM_E_REVOKED);
}

/* --- the two protocols do not mix --- */

static void who_offers_both_protocols_enrols_by_none(void **state)
{
    static const char *const orders[][2] = {{THM_ENROLL_ALPN, "thimble/1"},
                                            {"thimble/1", THM_ENROLL_ALPN}};
    struct scene *s = *state;

    admission.all = true;
    for (int i = 0; i < 2; i++) {
        raw_by(s, orders[i][0]);
        s->r.alpn[1] = orders[i][1];
        br_ssl_engine_set_protocol_names(&s->r.ssl.base, s->r.alpn, 2);
        raw_client_go(&s->r, &s->l.server, NULL);
        raw_run(&s->r, &s->l.server);
        assert_int_equal(s->l.server.phase, THM_TLS_OPEN);
        assert_int_equal(s->l.server.enrols, 0);
        assert_string_equal(s->l.server.peer.user, "ali");
        assert_string_equal(br_ssl_engine_get_selected_protocol(&s->r.ssl.base), "thimble/1");
        raw_end(&s->r, &s->l.server);
        raw_by(s, orders[i][0]);
        s->r.alpn[1] = orders[i][1];
        br_ssl_engine_set_protocol_names(&s->r.ssl.base, s->r.alpn, 2);
        raw_shows_invitation(s);
        raw_is_refused(s, THM_E_UNTRUSTED, BR_ALERT_UNKNOWN_CA);
    }
    assert_int_equal(admission.asked, 0);
}

static br_ssl_session_parameters session_of(struct scene *s)
{
    br_ssl_session_parameters session;

    raw_client_go(&s->r, &s->l.server, NULL);
    raw_run(&s->r, &s->l.server);
    assert_int_equal(s->l.server.phase, THM_TLS_OPEN);
    br_ssl_engine_get_session_parameters(&s->r.ssl.base, &session);
    raw_end(&s->r, &s->l.server);
    return session;
}

static void comes_back(struct scene *s, const br_ssl_session_parameters *session)
{
    raw_client_go(&s->r, &s->l.server, session);
    raw_run(&s->r, &s->l.server);
}

static void nothing_of_an_enrolment_is_resumed(void **state)
{
    struct scene *s = *state;
    br_ssl_session_parameters session;

    raw_by(s, THM_ENROLL_ALPN);
    raw_shows_invitation(s);
    session = session_of(s);
    assert_int_equal(usage(&s->w->server).sessions, 0);
    raw_by(s, "thimble/1");
    raw_shows_invitation(s);
    comes_back(s, &session);
    assert_string_equal(thm_error_word(s->l.server.error), "untrusted");
    raw_end(&s->r, &s->l.server);
    raw_by(s, "thimble/1");
    comes_back(s, &session);
    assert_int_equal(s->l.server.resumed, 0);
    assert_string_equal(s->l.server.peer.user, "ali");
    raw_end(&s->r, &s->l.server);
    /* Each time the invitation is looked at. */
    raw_by(s, THM_ENROLL_ALPN);
    raw_shows_invitation(s);
    joiner.hash[0] ^= 1;
    comes_back(s, &session);
    assert_string_equal(thm_error_word(s->l.server.error), "invitation");
    raw_end(&s->r, &s->l.server);
}

static void our_client_does_not_remember_an_enrolment(void **state)
{
    static const struct thm_tls_session none;
    struct thm_tls_session session = {0};
    struct scene *s = *state;

    for (int i = 0; i < 2; i++) {
        joins(s, &session);
        assert_memory_equal(&session, &none, sizeof none);
        know_pin(s, "root");
    }
    assert_int_equal(usage(&s->w->server).sessions, 0);
}

static void a_users_session_does_not_enrol(void **state)
{
    struct scene *s = *state;
    br_ssl_session_parameters session;

    admission.all = true;
    raw_by(s, "thimble/1");
    session = session_of(s);
    /* Not resumed: who comes so has to show what everybody shows. */
    raw_by(s, THM_ENROLL_ALPN);
    comes_back(s, &session);
    assert_string_equal(thm_error_word(s->l.server.error), "role");
    raw_end(&s->r, &s->l.server);
    raw_by(s, THM_ENROLL_ALPN);
    raw_client_certificate(&s->r, NULL, NULL);
    comes_back(s, &session);
    assert_string_equal(thm_error_word(s->l.server.error), "no-certificate");
    raw_end(&s->r, &s->l.server);
    raw_by(s, THM_ENROLL_ALPN);
    raw_shows_invitation(s);
    comes_back(s, &session);
    assert_int_equal(s->l.server.phase, THM_TLS_OPEN);
    assert_int_equal(s->l.server.resumed, 0);
    assert_int_equal(s->l.server.enrols, 1);
    assert_string_equal(s->l.server.peer.user, "");
    raw_end(&s->r, &s->l.server);
    /* Offering both, it goes on as what it was. */
    raw_by(s, THM_ENROLL_ALPN);
    s->r.alpn[1] = "thimble/1";
    br_ssl_engine_set_protocol_names(&s->r.ssl.base, s->r.alpn, 2);
    comes_back(s, &session);
    assert_int_equal(s->l.server.resumed, 1);
    assert_int_equal(s->l.server.enrols, 0);
    assert_string_equal(s->l.server.peer.user, "ali");
    raw_end(&s->r, &s->l.server);
}

/* The second line: were a session found for who wants to enrol (here it is put there), it would be nobody's. */
static void a_session_under_enrolment_is_adopted_by_nobody(void **state)
{
    struct scene *s = *state;
    br_ssl_session_parameters session;

    raw_by(s, "thimble/1");
    session = session_of(s);
    raw_by(s, "thimble/1");
    raw_client_go(&s->r, &s->l.server, &session);
    raw_step(&s->r, &s->l.server);
    assert_true(thm_slot_of(&s->l.server)->tentative);
    s->l.server.domain->alpn[0] = THM_ENROLL_ALPN; /* what was selected is this now */
    s->l.server.domain->config.enroll_alpn = s->l.server.domain->alpn[0];
    raw_run(&s->r, &s->l.server);
    assert_string_equal(thm_error_word(s->l.server.error), "no-certificate");
    raw_end(&s->r, &s->l.server);
}

/* --- the chain that is shown --- */

static unsigned certificates_shown(struct scene *s)
{
    unsigned count;

    link_start(s->w, &s->l, NULL);
    thm_tls_advance(&s->l.client, 0, s->w->client_utc);
    thm_tls_advance(&s->l.server, 0, s->w->server_utc);
    thm_tls_advance(&s->l.client, 0, s->w->client_utc);
    count = thm_slot_of(&s->l.client)->guard.certificates;
    link_run(s->w, &s->l);
    assert_int_equal(s->l.client.phase, THM_TLS_OPEN);
    link_close(s->w, &s->l);
    return count;
}

static void the_ca_goes_only_with_an_enrolment(void **state)
{
    struct scene *s = *state;

    assert_int_equal(certificates_shown(s), 2);
    end_use(&s->w->server, "both", "server", "server");
    assert_int_equal(certificates_shown(s), 3);
    end_use(&s->w->server, "both", "server_step", "server_step");
    assert_int_equal(certificates_shown(s), THM_CHAIN_MAX);
    assert_int_equal(load(&s->w->client.credentials, "root", "ali", "ali", THM_FOR_CLIENT), THM_OK);
    s->w->client.config.alpn = "thimble/1";
    end_remake(&s->w->client);
    assert_int_equal(certificates_shown(s), 2);
    end_use(&s->w->server, "both", "server", "server");
    assert_int_equal(certificates_shown(s), 1);
}

static void credentials_in_parts_have_no_ca_to_show(void **state)
{
    static struct parts p;
    struct scene *s = *state;

    /* Who knows the CA doesn't mind. */
    parts_read(&p, "root", "server");
    assert_int_equal(thm_credentials_set(&s->w->server.credentials, &p.parts, THM_FOR_SERVER),
                     THM_OK);
    thm_tls_domain_set(s->w->server.domain, &s->w->server.credentials, NULL);
    assert_int_equal(certificates_shown(s), 1);
    know_pin(s, "root");
    expect_refused(s->w, THM_E_CERT_REJECTED, THM_E_UNTRUSTED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_joiner, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(who_has_an_invitation_is_admitted),
        TEST(users_come_as_before),
        TEST(an_unknown_invitation_is_refused_at_both_ends),
        TEST(a_server_that_does_not_enrol_says_so),
        TEST(the_key_of_an_invitation_must_be_there),
        TEST(an_invitation_is_good_for_nothing_else),
        TEST(who_has_a_certificate_does_not_enrol),
        TEST(nothing_but_one_certificate_of_a_p256_key_is_shown),
        TEST(without_a_clock_nobody_is_admitted),
        TEST(a_revoked_key_is_not_admitted),
        TEST(who_offers_both_protocols_enrols_by_none),
        TEST(nothing_of_an_enrolment_is_resumed),
        TEST(our_client_does_not_remember_an_enrolment),
        TEST(a_users_session_does_not_enrol),
        TEST(a_session_under_enrolment_is_adopted_by_nobody),
        TEST(the_ca_goes_only_with_an_enrolment),
        TEST(credentials_in_parts_have_no_ca_to_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
