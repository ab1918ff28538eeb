/*
 * A joiner who knows his CA by its hash alone; and what credentials and domains for enrolment are made of.
 */
#include <stdlib.h>

#include "tls/joiner.h"

/* --- a CA that is known by its hash --- */

static void the_ca_is_kept(void **state)
{
    struct scene *s = *state;
    size_t len;
    char *der = read_cert_file("root.der", &len);

    know_pin(s, "root");
    joins(s, NULL);
    assert_int_equal(joiner.pin.ca_len, len);
    assert_memory_equal(joiner.pin.ca, der, len);
    /* Also if it is not the first. */
    end_use(&s->w->server, "both", "server", "server");
    joins(s, NULL);
    assert_int_equal(joiner.pin.ca_len, len);
    assert_memory_equal(joiner.pin.ca, der, len);
    free(der);
}

static void refuses_server(struct scene *s, const char *pin, const char *chain, const char *key,
                           int error)
{
    know_pin(s, pin);
    raw_server_init(&s->r, s->w, chain, key);
    s->r.alpn[0] = THM_ENROLL_ALPN;
    raw_server_go(&s->r, &s->l.client);
    raw_run(&s->r, &s->l.client);
    assert_string_equal(thm_error_word(s->l.client.error), thm_error_word(error));
    assert_int_equal(joiner.pin.ca_len, 0);
    raw_end(&s->r, &s->l.client);
}

static void only_a_server_of_the_pinned_ca_is_trusted(void **state)
{
    struct scene *s = *state;

    refuses_server(s, "root", "server", "server", THM_E_UNTRUSTED);
    refuses_server(s, "root", "server_others", "server", THM_E_UNTRUSTED);
    refuses_server(s, "other", "server_both", "server", THM_E_UNTRUSTED);
    refuses_server(s, "root", "impostor_root", "impostor", THM_E_UNTRUSTED);
    refuses_server(s, "root", "elsewhere_root", "elsewhere", THM_E_SERVER_NAME);
    refuses_server(s, "root", "bianca_root", "bianca", THM_E_ROLE);
    /* The hash of what is no CA: of the leaf itself, and of a certificate of which it is signed. */
    refuses_server(s, "server", "server", "server", THM_E_UNTRUSTED);
    refuses_server(s, "signs_servers", "below_no_ca", "below_no_ca", THM_E_UNTRUSTED);
    /* One in between is not waited for. */
    end_use(&s->w->server, "root", "server_step", "server_step");
    know_pin(s, "root");
    expect_refused(s->w, THM_E_CERT_REJECTED, THM_E_UNTRUSTED);
    know_pin(s, "step");
    joins(s, NULL);
}

static void each_byte_of_the_hash_counts(void **state)
{
    struct scene *s = *state;

    for (size_t i = 0; i < THM_CA_PIN; i++) {
        know_pin(s, "root");
        joiner.pin.hash[i] ^= 0x10;
        expect_refused(s->w, THM_E_CERT_REJECTED, THM_E_UNTRUSTED);
        assert_int_equal(joiner.pin.ca_len, 0);
    }
}

static void the_server_must_have_its_key(void **state)
{
    struct scene *s = *state;

    know_pin(s, "root");
    raw_server_init(&s->r, s->w, "server_both", "server2");
    s->r.alpn[0] = THM_ENROLL_ALPN;
    raw_server_go(&s->r, &s->l.client);
    raw_run(&s->r, &s->l.client);
    assert_string_equal(thm_error_word(s->l.client.error), "tls");
    assert_int_equal(raw_alert(&s->r), BR_ALERT_DECRYPT_ERROR);
    raw_end(&s->r, &s->l.client);
}

static void dates_count_under_a_pin_too(void **state)
{
    struct scene *s = *state;

    know_pin(s, "root");
    s->w->client_utc += (uint64_t)3651 * 86400;
    expect_refused(s->w, THM_E_CERT_REJECTED, THM_E_EXPIRED);
    s->w->client_utc = 0;
    expect_refused(s->w, THM_E_TLS, THM_E_CLOCK);
    assert_int_equal(joiner.pin.ca_len, 0);
}

/* What comes behind the leaf may be anything. */
static void what_is_no_certificate_is_no_ca(void **state)
{
    struct scene *s = *state;

    for (size_t cut = 0; cut < 3; cut++) {
        know_pin(s, "root");
        raw_server_init(&s->r, s->w, "server_both", "server");
        s->r.alpn[0] = THM_ENROLL_ALPN;
        if (cut < 2)
            s->r.chain[2].data_len -= 1 + cut * 100;
        else
            memset(s->r.chain[2].data, 0x30, s->r.chain[2].data_len = THM_CERT_MAX);
        raw_server_go(&s->r, &s->l.client);
        raw_run(&s->r, &s->l.client);
        assert_string_equal(thm_error_word(s->l.client.error), "untrusted");
        raw_end(&s->r, &s->l.client);
    }
}

/* --- credentials and configuration --- */

static void expect_set(struct thm_credential_parts p, enum thm_role role, int error)
{
    struct thm_credentials c;

    assert_string_equal(thm_error_word(thm_credentials_set(&c, &p, role)), thm_error_word(error));
}

static void an_invitations_credentials_have_one_trust_and_no_name(void **state)
{
    struct thm_credential_parts p = joiner.parts;

    (void)state;
    expect_set(p, THM_FOR_ENROLMENT, THM_OK);
    expect_set(p, THM_FOR_CLIENT, THM_E_ROLE);
    p.pin = &joiner.pin;
    expect_set(p, THM_FOR_ENROLMENT, THM_E_CA);
    p.ca_count = 0;
    expect_set(p, THM_FOR_ENROLMENT, THM_OK);
    strcpy(p.identity.user, "ali");
    expect_set(p, THM_FOR_ENROLMENT, THM_E_ROLE);
    expect_set(p, THM_FOR_CLIENT, THM_E_CA);
    p.pin = NULL;
    expect_set(p, THM_FOR_ENROLMENT, THM_E_CA);
}

static void a_server_knows_its_name(void **state)
{
    struct thm_credentials c;
    char name[256];

    (void)state;
    assert_int_equal(load(&c, "root", "server", "server", THM_FOR_SERVER), THM_OK);
    assert_int_equal(thm_credentials_server_name(&c, name, sizeof name), 12);
    assert_string_equal(name, SERVER_NAME);
    assert_int_equal(thm_credentials_server_name(&c, name, 13), 12);
    for (size_t cap = 1; cap < 13; cap++) {
        assert_int_equal(thm_credentials_server_name(&c, name, cap), 0);
        assert_string_equal(name, "");
    }
    assert_int_equal(load(&c, "root", "ali", "ali", THM_FOR_CLIENT), THM_OK);
    assert_int_equal(thm_credentials_server_name(&c, name, sizeof name), 0);
    assert_string_equal(name, "");
}

static void expect_config(const struct thm_tls_config *config, int result)
{
    static _Alignas(16) unsigned char memory[4000000];
    struct thm_tls_domain *d;

    assert_string_equal(thm_error_word(thm_tls_domain_init(&d, memory, sizeof memory, config)),
                        thm_error_word(result));
}

static void a_server_that_enrols_can_say_whom(void **state)
{
    struct scene *s = *state;
    struct thm_tls_config config = s->w->server.config;

    config.connections = config.handshakes = config.in_buffers = config.out_buffers = 1;
    expect_config(&config, THM_OK);
    config.admits = NULL;
    expect_config(&config, THM_E_CONFIG);
    config.admits = admits;
    config.enroll_alpn = config.alpn;
    expect_config(&config, THM_E_CONFIG);
    config.enroll_alpn = "";
    expect_config(&config, THM_E_CONFIG);
    config.enroll_alpn = THM_ENROLL_ALPN;
    config.role = THM_FOR_CLIENT;
    expect_config(&config, THM_E_CONFIG);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_joiner, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_ca_is_kept),
        TEST(only_a_server_of_the_pinned_ca_is_trusted),
        TEST(each_byte_of_the_hash_counts),
        TEST(the_server_must_have_its_key),
        TEST(dates_count_under_a_pin_too),
        TEST(what_is_no_certificate_is_no_ca),
        TEST(an_invitations_credentials_have_one_trust_and_no_name),
        TEST(a_server_knows_its_name),
        TEST(a_server_that_enrols_can_say_whom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
