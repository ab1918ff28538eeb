/*
 * Little memory: a handshake slot that its user has other uses for, and one pair of buffers for
 * everything.
 */
#include "tls/scene.h"

_Alignas(16) static unsigned char lent[THM_TLS_HANDSHAKE_SIZE + 64];

/* One connection at a time, its handshake slot in `lent`. */
static void make_small(struct end *e)
{
    e->config.connections = e->config.handshakes = 1;
    e->config.in_buffers = e->config.out_buffers = 1;
    e->config.handshake_memory = lent;
    memset(lent, 0x5a, sizeof lent);
    end_remake(e);
}

static void expect_lent(size_t from, size_t to, unsigned char byte)
{
    for (size_t i = from; i < to; i++)
        assert_int_equal(lent[i], byte);
}

/* What the user keeps there; nothing may touch it. */
static void use_for_something_else(void)
{
    memset(lent, 0x5a, sizeof lent);
}

static void the_slot_lies_where_the_user_says(void **state)
{
    struct scene *s = *state;
    struct thm_tls_config config = s->w->client.config;
    size_t own;

    config.connections = config.handshakes = config.in_buffers = config.out_buffers = 1;
    own = thm_tls_domain_size(&config);
    config.handshake_memory = lent;
    assert_in_range(own - thm_tls_domain_size(&config), THM_TLS_HANDSHAKE_SIZE - 32,
                    THM_TLS_HANDSHAKE_SIZE + 16);
}

static void it_is_used_in_handshakes_alone(void **state)
{
    struct scene *s = *state;
    struct thm_tls_session session = {0};
    struct thm_tls other = {0};

    make_small(&s->w->client);
    for (int resumed = 0; resumed < 2; resumed++) {
        use_for_something_else();
        link_open(s->w, &s->l, &session);
        assert_int_equal(s->l.client.resumed, resumed);
        assert_string_equal(s->l.client.peer.user, ""); /* not what lay there */
        expect_lent(0, THM_TLS_HANDSHAKE_SIZE, 0);
        expect_lent(THM_TLS_HANDSHAKE_SIZE, sizeof lent, 0x5a);
        use_for_something_else();
        expect_carried(&s->l.client, &s->l.server, pattern, 3000);
        expect_carried(&s->l.server, &s->l.client, pattern, 40000);
        assert_int_equal(thm_tls_connect(&other, s->w->client.domain, 1, SERVER_NAME, NULL),
                         THM_E_LIMIT);
        assert_true(thm_tls_domain_uses(s->w->client.domain, &s->w->client.credentials));
        link_close(s->w, &s->l);
        expect_lent(0, sizeof lent, 0x5a);
    }
}

static void it_is_wiped_however_a_handshake_ends(void **state)
{
    struct scene *s = *state;

    make_small(&s->w->client);
    link_start(s->w, &s->l, NULL);
    thm_tls_abort(&s->l.client, THM_OK); /* before its first step */
    expect_lent(0, THM_TLS_HANDSHAKE_SIZE, 0);
    thm_tls_abort(&s->l.server, THM_OK);

    use_for_something_else();
    link_start(s->w, &s->l, NULL);
    for (int i = 0; i < 2; i++) { /* the server's certificate is judged */
        thm_tls_advance(&s->l.client, 0, s->w->client_utc);
        thm_tls_advance(&s->l.server, 0, s->w->server_utc);
    }
    assert_int_equal(s->l.client.phase, THM_TLS_HANDSHAKE);
    thm_tls_abort(&s->l.client, THM_OK);
    expect_lent(0, THM_TLS_HANDSHAKE_SIZE, 0);
    thm_tls_abort(&s->l.server, THM_OK);

    use_for_something_else();
    end_use(&s->w->server, "root", "elsewhere", "elsewhere");
    expect_refused(s->w, THM_E_CERT_REJECTED, THM_E_SERVER_NAME);
    expect_lent(0, THM_TLS_HANDSHAKE_SIZE, 0);
}

static void a_server_has_it_too(void **state)
{
    struct scene *s = *state;
    struct link other;

    make_small(&s->w->server);
    s->w->server.config.connections = 2;
    s->w->server.config.in_buffers = s->w->server.config.out_buffers = 2;
    end_remake(&s->w->server);
    link_start(s->w, &s->l, NULL);
    link_start(s->w, &other, NULL);
    for (int i = 0; i < 2; i++) {
        thm_tls_advance(i == 0 ? &s->l.client : &other.client, 0, s->w->client_utc);
        thm_tls_advance(i == 0 ? &s->l.server : &other.server, 0, s->w->server_utc);
    }
    assert_int_equal(s->l.server.phase, THM_TLS_HANDSHAKE);
    assert_int_equal(other.server.phase, THM_TLS_QUEUED);
    link_run(s->w, &s->l);
    assert_int_equal(s->l.server.phase, THM_TLS_OPEN);
    expect_lent(0, THM_TLS_HANDSHAKE_SIZE, 0);
    use_for_something_else();
    link_run(s->w, &other);
    assert_int_equal(other.server.phase, THM_TLS_OPEN);
    expect_lent(0, THM_TLS_HANDSHAKE_SIZE, 0);
    link_close(s->w, &s->l);
    link_close(s->w, &other);
}

static void it_holds_one_slot_at_its_place(void **state)
{
    struct scene *s = *state;
    struct thm_tls_config config = s->w->client.config;
    struct thm_tls_domain *d;

    config.handshake_memory = lent;
    config.handshakes = 2;
    assert_int_equal(thm_tls_domain_init(&d, s->w->client.memory, s->w->client.size, &config),
                     THM_E_CONFIG);
    config.handshakes = 1;
    config.handshake_memory = lent + 8;
    assert_int_equal(thm_tls_domain_init(&d, s->w->client.memory, s->w->client.size, &config),
                     THM_E_CONFIG);
}

/* A handshake needs a buffer each way; without, it waits as if for a slot. */
static void a_handshake_waits_for_buffers(void **state)
{
    struct scene *s = *state;
    struct link other;
    unsigned char *data;
    size_t n;

    s->w->server.config.in_buffers = s->w->server.config.out_buffers = 1;
    end_remake(&s->w->server);
    link_open(s->w, &s->l, NULL);
    write_all(&s->l.client, 100);
    assert_int_equal(thm_tls_read(&s->l.server, &data, &n), THM_IO_OK);
    link_start(s->w, &other, NULL);
    thm_tls_advance(&other.client, 0, s->w->client_utc);
    assert_int_equal(thm_tls_advance(&other.server, 0, s->w->server_utc), THM_TLS_QUEUED);
    assert_int_equal(usage(&s->w->server).handshakes, 0);
    assert_int_equal(usage(&s->w->server).engines, 1);
    thm_tls_consume(&s->l.server, n);
    assert_int_equal(thm_tls_advance(&other.server, 0, s->w->server_utc), THM_TLS_HANDSHAKE);
    assert_int_equal(usage(&s->w->server).in_buffers, 1);
    assert_false(thm_tls_holds_output(&other.server)); /* no record of data, that is */
    write_all(&s->l.client, 100);
    assert_int_equal(thm_tls_read(&s->l.server, &data, &n), THM_IO_AGAIN);
    assert_true(thm_tls_starved(&s->l.server));
    link_run(s->w, &other);
    assert_int_equal(other.server.phase, THM_TLS_OPEN);
    assert_int_equal(usage(&s->w->server).in_buffers, 0);
    assert_int_equal(usage(&s->w->server).out_buffers, 0);
    assert_int_equal(read_all(&s->l.server, 0), 100);
    link_close(s->w, &s->l);
    link_close(s->w, &other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_slot_lies_where_the_user_says),    TEST(it_is_used_in_handshakes_alone),
        TEST(it_is_wiped_however_a_handshake_ends), TEST(a_server_has_it_too),
        TEST(it_holds_one_slot_at_its_place),       TEST(a_handshake_waits_for_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
