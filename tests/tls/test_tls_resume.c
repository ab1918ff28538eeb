/*
 * Resumption: whatever a certificate proved once is judged again each time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tls/fixture.h"

#define DAY ((uint64_t)86400)

struct scene {
    struct world *w;
    struct thm_tls_session session;
    struct link l;
    uint8_t hashes[1][THM_KEY_HASH];
    struct thm_denylist denylist;
};

/* A session is agreed on and remembered by both ends. */
static void start(struct scene *s)
{
    link_open(s->w, &s->l, &s->session);
    link_close(s->w, &s->l);
}

static int set_up(void **state)
{
    static struct scene scene;

    memset(&scene, 0, sizeof scene);
    scene.w = world_new();
    scene.denylist = (struct thm_denylist){scene.hashes, 1, 1};
    start(&scene);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    world_free(((struct scene *)*state)->w);
    return 0;
}

/* Connects again and says whether the session was resumed, by both ends' account. */
static bool resumes(struct scene *s)
{
    bool resumed;

    link_open(s->w, &s->l, &s->session);
    assert_int_equal(s->l.server.resumed, s->l.client.resumed);
    assert_string_equal(s->l.server.peer.user, "ali");
    resumed = s->l.server.resumed;
    link_close(s->w, &s->l);
    return resumed;
}

static void expect_failure(struct scene *s, int server_error, int client_error)
{
    link_start(s->w, &s->l, &s->session);
    link_run(s->w, &s->l);
    assert_string_equal(thm_error_word(s->l.server.error), thm_error_word(server_error));
    assert_string_equal(thm_error_word(s->l.client.error), thm_error_word(client_error));
}

static void a_session_is_resumed_again_and_again(void **state)
{
    struct scene *s = *state;

    for (int i = 0; i < 3; i++)
        assert_true(resumes(s));
    thm_tls_session_clear(&s->session);
    assert_false(resumes(s));
    assert_true(resumes(s));
}

static void a_revoked_device_is_not_resumed(void **state)
{
    struct scene *s = *state;

    memcpy(s->hashes[0], thm_credentials_identity(&s->w->client.credentials)->key_hash, 32);
    thm_tls_domain_set(s->w->server.domain, &s->w->server.credentials, &s->denylist);
    expect_failure(s, THM_E_REVOKED, THM_E_REVOKED);
    /* The session is gone, also after the device was forgiven. */
    thm_tls_domain_set(s->w->server.domain, &s->w->server.credentials, NULL);
    assert_false(resumes(s));
}

static void revoking_in_the_middle_of_a_handshake_counts(void **state)
{
    struct scene *s = *state;

    memcpy(s->hashes[0], thm_credentials_identity(&s->w->client.credentials)->key_hash, 32);
    link_start(s->w, &s->l, &s->session);
    thm_tls_advance(&s->l.client, 0, s->w->client_utc); /* ClientHello */
    thm_tls_advance(&s->l.server, 0, s->w->server_utc); /* the session is found */
    assert_int_equal(s->l.server.phase, THM_TLS_HANDSHAKE);
    thm_tls_domain_set(s->w->server.domain, &s->w->server.credentials, &s->denylist);
    link_run(s->w, &s->l);
    assert_string_equal(thm_error_word(s->l.server.error), "revoked");
    thm_tls_close(&s->l.client);
    link_run(s->w, &s->l);
}

static void an_expired_certificate_is_not_resumed(void **state)
{
    struct scene *s = *state;

    end_use(&s->w->client, "root", "brief", "brief");
    start(s);
    assert_true(resumes(s));
    s->w->server_utc += 29 * DAY - THM_SESSION_S + 1000;
    assert_false(resumes(s)); /* too old, so made anew a little before the certificate ends */
    assert_true(resumes(s));
    s->w->server_utc += DAY;
    expect_failure(s, THM_E_EXPIRED, THM_E_CERT_REJECTED);
}

static void a_session_ages(void **state)
{
    struct scene *s = *state;

    s->w->server_utc += THM_SESSION_S;
    assert_true(resumes(s));
    s->w->server_utc += 1;
    assert_false(resumes(s));
}

static void without_a_clock_nothing_is_resumed(void **state)
{
    struct scene *s = *state;

    s->w->server_utc = 0;
    expect_failure(s, THM_E_CLOCK, THM_E_TLS);
    s->w->server_utc = s->w->client_utc;
    s->w->client_utc = 0;
    expect_failure(s, THM_E_TLS, THM_E_CLOCK);
}

static void other_cas_end_all_sessions(void **state)
{
    struct scene *s = *state;

    end_use(&s->w->server, "both", "server", "server");
    assert_false(resumes(s));
    assert_true(resumes(s));
    end_use(&s->w->client, "both", "ali", "ali");
    assert_false(resumes(s));
    assert_true(resumes(s));
}

static void a_new_server_certificate_ends_no_session_but_is_told_apart(void **state)
{
    struct scene *s = *state;
    uint8_t former[32];

    memcpy(former, thm_credentials_leaf_hash(&s->w->server.credentials), sizeof former);
    end_use(&s->w->server, "root", "server2", "server2");
    link_open(s->w, &s->l, &s->session);
    assert_int_equal(s->l.server.resumed, 1);
    /* Both ends bind to the certificate that the client once saw. */
    assert_memory_equal(thm_tls_server_leaf_hash(&s->l.server), former, 32);
    assert_memory_equal(thm_tls_server_leaf_hash(&s->l.client), former, 32);
    link_close(s->w, &s->l);
    thm_tls_session_clear(&s->session);
    link_open(s->w, &s->l, &s->session);
    assert_memory_equal(thm_tls_server_leaf_hash(&s->l.client),
                        thm_credentials_leaf_hash(&s->w->server.credentials), 32);
    assert_memory_equal(thm_tls_server_leaf_hash(&s->l.server),
                        thm_tls_server_leaf_hash(&s->l.client), 32);
    link_close(s->w, &s->l);
}

static void another_name_or_certificate_of_ours_is_another_session(void **state)
{
    struct scene *s = *state;
    thm_socket a, b;

    memset(&s->l, 0, sizeof s->l);
    pair_port_connect(&s->w->port, &a, &b);
    assert_int_equal(thm_tls_accept(&s->l.server, s->w->server.domain, a), THM_OK);
    assert_int_equal(
        thm_tls_connect(&s->l.client, s->w->client.domain, b, "192.0.2.1", &s->session), THM_OK);
    link_run(s->w, &s->l);
    assert_int_equal(s->l.client.phase, THM_TLS_OPEN);
    assert_int_equal(s->l.client.resumed, 0);
    link_close(s->w, &s->l);
    assert_false(resumes(s)); /* the memory holds one session */
    end_use(&s->w->client, "root", "renewed", "renewed");
    assert_false(resumes(s));
}

static void a_client_judges_the_server_again(void **state)
{
    struct scene *s = *state;

    s->w->client_utc += 3651 * DAY;
    expect_failure(s, THM_E_CERT_REJECTED, THM_E_EXPIRED);
    s->w->client_utc = s->w->server_utc;
    memcpy(s->hashes[0], thm_credentials_identity(&s->w->server.credentials)->key_hash, 32);
    thm_tls_domain_set(s->w->client.domain, &s->w->client.credentials, &s->denylist);
    expect_failure(s, THM_E_REVOKED, THM_E_REVOKED);
}

static void the_session_unused_for_longest_gives_way(void **state)
{
    struct scene *s = *state;
    struct thm_tls_session others[16] = {0};
    struct thm_tls_usage usage;

    /* The cache holds 16: ali's first and 15 more; then the first is used, and one more comes. */
    for (int i = 0; i < 16; i++) {
        if (i == 15)
            assert_true(resumes(s));
        link_open(s->w, &s->l, &others[i]);
        link_close(s->w, &s->l);
    }
    thm_tls_domain_usage(s->w->server.domain, &usage);
    assert_int_equal(usage.sessions, 16);
    assert_true(resumes(s));
    for (int i = 1; i < 16; i++) {
        link_open(s->w, &s->l, &others[i]);
        assert_int_equal(s->l.server.resumed, 1);
        link_close(s->w, &s->l);
    }
    link_open(s->w, &s->l, &others[0]);
    assert_int_equal(s->l.server.resumed, 0);
    link_close(s->w, &s->l);
}

/* Whoever is ready first may talk at once: his words stand right behind the handshake's last record. */
static void data_may_follow_the_handshake_at_once(void **state)
{
    struct scene *s = *state;

    for (int resumed = 0; resumed < 2; resumed++) {
        struct thm_tls *first = resumed ? &s->l.client : &s->l.server;
        struct thm_tls *last = resumed ? &s->l.server : &s->l.client;
        unsigned char *data;
        size_t n;
        link_start(s->w, &s->l, resumed ? &s->session : NULL);
        while (first->phase != THM_TLS_OPEN) {
            thm_tls_advance(last, 0, s->w->server_utc);
            thm_tls_advance(first, 0, s->w->server_utc);
        }
        assert_int_equal(last->phase, THM_TLS_HANDSHAKE);
        assert_int_equal(thm_tls_write(first, "hello", 5, &n), THM_IO_OK);
        assert_int_equal(thm_tls_advance(last, 0, s->w->server_utc), THM_TLS_OPEN);
        assert_int_equal(last->resumed, resumed);
        assert_int_equal(thm_tls_read(last, &data, &n), THM_IO_OK);
        assert_int_equal(n, 5);
        assert_memory_equal(data, "hello", 5);
        thm_tls_consume(last, n);
        link_close(s->w, &s->l);
    }
}

static void a_server_without_cache_resumes_nothing(void **state)
{
    struct scene *s = *state;

    s->w->server.config.sessions = 0;
    end_remake(&s->w->server);
    assert_false(resumes(s));
    assert_false(resumes(s));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_resumed_again_and_again),
        TEST(a_revoked_device_is_not_resumed),
        TEST(revoking_in_the_middle_of_a_handshake_counts),
        TEST(an_expired_certificate_is_not_resumed),
        TEST(a_session_ages),
        TEST(without_a_clock_nothing_is_resumed),
        TEST(other_cas_end_all_sessions),
        TEST(a_new_server_certificate_ends_no_session_but_is_told_apart),
        TEST(another_name_or_certificate_of_ours_is_another_session),
        TEST(a_client_judges_the_server_again),
        TEST(the_session_unused_for_longest_gives_way),
        TEST(data_may_follow_the_handshake_at_once),
        TEST(a_server_without_cache_resumes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
