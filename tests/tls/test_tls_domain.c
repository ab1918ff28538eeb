/*
 * A domain: what it needs, what it lends when, and that all of it comes back however a connection
 * goes.
 */
#include "tls/scene.h"

/* --- configuration --- */

static void bad_configurations_are_refused(void **state)
{
    struct scene *s = *state;
    struct thm_tls_config config = s->w->server.config;
    struct thm_tls_domain *d;
    struct thm_tls t;

    assert_int_equal(thm_tls_domain_init(&d, s->w->server.memory, s->w->server.size - 1, &config),
                     THM_E_MEMORY);
    assert_int_equal(thm_tls_domain_init(&d, (unsigned char *)s->w->server.memory + 8,
                                         s->w->server.size, &config),
                     THM_E_MEMORY);
    config.alpn = "";
    assert_int_equal(thm_tls_domain_init(&d, s->w->server.memory, s->w->server.size, &config),
                     THM_E_CONFIG);
    config = s->w->server.config;
    config.in_buffers = 0;
    assert_int_equal(thm_tls_domain_init(&d, s->w->server.memory, s->w->server.size, &config),
                     THM_E_CONFIG);
    assert_int_equal(
        thm_tls_domain_init(&d, s->w->server.memory, s->w->server.size, &s->w->server.config),
        THM_OK);
    assert_int_equal(thm_tls_accept(&t, d, 1), THM_E_STATE); /* no credentials yet */
    thm_tls_domain_set(d, &s->w->server.credentials, NULL);
    assert_int_equal(thm_tls_connect(&t, d, 1, SERVER_NAME, NULL), THM_E_STATE);
    s->w->server.domain = d;
}

static void former_credentials_are_used_until_handshakes_end(void **state)
{
    static struct thm_credentials next;
    struct scene *s = *state;
    struct thm_tls_domain *d = s->w->server.domain;

    assert_int_equal(load(&next, "both", "server2", "server2", THM_FOR_SERVER), THM_OK);
    link_start(s->w, &s->l, NULL);
    thm_tls_advance(&s->l.client, 0, s->w->client_utc);
    thm_tls_advance(&s->l.server, 0, s->w->server_utc);
    thm_tls_domain_set(d, &next, NULL);
    assert_true(thm_tls_domain_uses(d, &s->w->server.credentials));
    assert_true(thm_tls_domain_uses(d, &next));
    link_run(s->w, &s->l);
    assert_int_equal(s->l.server.phase, THM_TLS_OPEN);
    assert_memory_equal(thm_tls_server_leaf_hash(&s->l.server),
                        thm_credentials_leaf_hash(&s->w->server.credentials), 32);
    assert_false(thm_tls_domain_uses(d, &s->w->server.credentials));
    link_close(s->w, &s->l);
}

/* --- entropy --- */

static void without_entropy_there_is_no_tls(void **state)
{
    struct scene *s = *state;
    struct thm_tls_domain *d;
    unsigned opened = 0;

    s->w->port.no_entropy = true;
    assert_int_equal(
        thm_tls_domain_init(&d, s->w->server.memory, s->w->server.size, &s->w->server.config),
        THM_E_ENTROPY);
    assert_null(d);
    s->w->port.no_entropy = false;
    end_remake(&s->w->server);
    s->w->port.no_entropy = true;
    for (;; opened++) {
        link_start(s->w, &s->l, NULL);
        link_run(s->w, &s->l);
        if (s->l.client.phase != THM_TLS_OPEN)
            break;
        link_close(s->w, &s->l);
    }
    assert_in_range(opened, 1, 256); /* what was seeded lasts that long, and no longer */
    assert_int_equal(s->l.client.error, THM_E_ENTROPY);
    thm_tls_abort(&s->l.server, THM_OK);
    s->w->port.no_entropy = false;
    link_open(s->w, &s->l, NULL);
    link_close(s->w, &s->l);
}

/* --- lending --- */

static void an_idle_connection_holds_an_engine_alone(void **state)
{
    struct scene *s = *state;

    link_open(s->w, &s->l, NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(usage(&s->w->server).engines, 1);
        assert_int_equal(usage(&s->w->server).handshakes, 0);
        assert_int_equal(usage(&s->w->server).in_buffers, 0);
        assert_int_equal(usage(&s->w->server).out_buffers, 0);
        expect_carried(&s->l.client, &s->l.server, pattern, 3000);
        expect_carried(&s->l.server, &s->l.client, pattern, 40000);
    }
    link_close(s->w, &s->l);
}

static void half_a_record_holds_nothing(void **state)
{
    struct scene *s = *state;
    struct thm_port *port = &s->w->port.port;
    struct pair_end *wire;
    unsigned char *data, record[1000];
    size_t n, whole;

    link_open(s->w, &s->l, NULL);
    wire = wire_from(s, &s->l.client);
    write_all(&s->l.client, 500);
    whole = wire->len;
    memcpy(record, wire->bytes, whole);
    wire->len = 0;
    for (size_t i = 0; i < whole; i++) {
        assert_int_equal(thm_tls_read(&s->l.server, &data, &n), THM_IO_AGAIN);
        assert_int_equal(usage(&s->w->server).in_buffers, 0);
        assert_false(thm_tls_starved(&s->l.server));
        port->ops->send(port, s->l.client.socket, &record[i], 1, &n);
    }
    assert_int_equal(read_all(&s->l.server, 0), 500);
    link_close(s->w, &s->l);
}

static void a_buffer_stays_until_all_is_consumed(void **state)
{
    struct scene *s = *state;
    struct link other;
    unsigned char *data;
    size_t n;

    s->w->server.config.in_buffers = 1;
    end_remake(&s->w->server);
    link_open(s->w, &s->l, NULL);
    link_open(s->w, &other, NULL);
    write_all(&s->l.client, 100);
    write_all(&other.client, 100);
    assert_int_equal(thm_tls_read(&s->l.server, &data, &n), THM_IO_OK);
    assert_int_equal(n, 100);
    thm_tls_consume(&s->l.server, 60);
    assert_int_equal(usage(&s->w->server).in_buffers, 1);
    assert_int_equal(thm_tls_read(&other.server, &data, &n), THM_IO_AGAIN);
    assert_true(thm_tls_starved(&other.server));
    assert_int_equal(thm_tls_read(&s->l.server, &data, &n), THM_IO_OK);
    assert_int_equal(n, 40);
    assert_memory_equal(data, pattern + 60, 40);
    thm_tls_consume(&s->l.server, 40);
    assert_int_equal(usage(&s->w->server).in_buffers, 0);
    assert_int_equal(read_all(&other.server, 0), 100);
    assert_false(thm_tls_starved(&other.server));
    link_close(s->w, &s->l);
    link_close(s->w, &other);
}

static void without_an_output_buffer_nothing_is_taken(void **state)
{
    struct scene *s = *state;
    struct link other;

    s->w->server.config.out_buffers = 1;
    end_remake(&s->w->server);
    link_open(s->w, &s->l, NULL);
    link_open(s->w, &other, NULL);
    s->w->port.capacity = 100;
    assert_int_equal(write_all(&s->l.server, 1000), 1000);
    assert_true(thm_tls_holds_output(&s->l.server));
    assert_int_equal(write_all(&other.server, 1000), 0);
    assert_false(thm_tls_holds_output(&other.server));
    s->w->port.capacity = PAIR_BUFFER;
    assert_int_equal(thm_tls_flush(&s->l.server), THM_IO_OK);
    assert_int_equal(write_all(&other.server, 1000), 1000);
    assert_int_equal(read_all(&s->l.client, 0), 1000);
    assert_int_equal(read_all(&other.client, 0), 1000);
    link_close(s->w, &s->l);
    link_close(s->w, &other);
}

/* --- handshake slots --- */

static void a_hello_that_is_not_whole_holds_nothing(void **state)
{
    struct scene *s = *state;
    struct thm_port *port = &s->w->port.port;
    static struct thm_tls half_open[100];
    thm_socket peers[100];
    size_t n;

    for (size_t i = 0; i < 100; i++) {
        thm_socket theirs;
        pair_port_connect(&s->w->port, &peers[i], &theirs);
        assert_int_equal(thm_tls_accept(&half_open[i], s->w->server.domain, theirs), THM_OK);
        port->ops->send(port, peers[i], "\x16\x03\x01\x00\x40hello", i % 11, &n);
        assert_int_equal(thm_tls_advance(&half_open[i], 0, s->w->server_utc), THM_TLS_HELLO);
    }
    assert_int_equal(usage(&s->w->server).handshakes, 0);
    assert_int_equal(usage(&s->w->server).engines, 0);
    link_open(s->w, &s->l, NULL);
    link_close(s->w, &s->l);
    for (size_t i = 0; i < 100; i++) {
        port->ops->close(port, peers[i]);
        assert_int_equal(thm_tls_advance(&half_open[i], THM_EV_CLOSED, s->w->server_utc),
                         THM_TLS_CLOSED);
        assert_int_equal(half_open[i].error, THM_E_CLOSED);
    }
}

static void a_stalled_handshake_makes_room(void **state)
{
    enum { SLOTS = 8 };
    struct scene *s = *state;
    struct link stalled[SLOTS];
    struct thm_tls_domain *d = s->w->server.domain;

    s->w->client.config.handshakes = SLOTS + 1;
    end_remake(&s->w->client);
    for (unsigned i = 0; i < SLOTS; i++) {
        thm_tls_domain_now(d, 1000 + i);
        link_start(s->w, &stalled[i], NULL);
        thm_tls_advance(&stalled[i].client, 0, s->w->client_utc);
        assert_int_equal(thm_tls_advance(&stalled[i].server, 0, s->w->server_utc),
                         THM_TLS_HANDSHAKE);
    }
    thm_tls_domain_now(d, 2000); /* the first one goes on, by a whole record */
    thm_tls_advance(&stalled[0].client, 0, s->w->client_utc);
    wire_from(s, &stalled[0].client)->len -= 20; /* ... and no more */
    thm_tls_advance(&stalled[0].server, 0, s->w->server_utc);
    thm_tls_domain_now(d, 3000); /* the second one only trickles */
    thm_tls_advance(&stalled[1].client, 0, s->w->client_utc);
    wire_from(s, &stalled[1].client)->len = 20;
    thm_tls_advance(&stalled[1].server, 0, s->w->server_utc);

    link_start(s->w, &s->l, NULL);
    thm_tls_advance(&s->l.client, 0, s->w->client_utc);
    assert_int_equal(thm_tls_advance(&s->l.server, 0, s->w->server_utc), THM_TLS_QUEUED);
    assert_null(thm_tls_evict(d, 3000, 2001));
    assert_ptr_equal(thm_tls_evict(d, 3000, 1999), &stalled[1].server);
    assert_int_equal(stalled[1].server.error, THM_E_TIMEOUT);
    assert_int_equal(stalled[1].server.phase, THM_TLS_CLOSED);
    link_run(s->w, &s->l);
    assert_int_equal(s->l.server.phase, THM_TLS_OPEN);
    assert_ptr_equal(thm_tls_evict(d, 3000, 0), &stalled[2].server);
    link_close(s->w, &s->l);
    for (unsigned i = 0; i < SLOTS; i++) {
        thm_tls_abort(&stalled[i].client, THM_OK);
        thm_tls_abort(&stalled[i].server, THM_OK);
    }
}

static void a_handshake_of_idle_talk_is_ended(void **state)
{
    static const unsigned char warning[] = {21, 3, 3, 0, 2, 1, 90};
    struct scene *s = *state;
    struct thm_port *port = &s->w->port.port;
    size_t n;

    link_start(s->w, &s->l, NULL);
    thm_tls_advance(&s->l.client, 0, s->w->client_utc);
    for (int i = 0; i < 1000; i++)
        port->ops->send(port, s->l.client.socket, warning, sizeof warning, &n);
    thm_tls_advance(&s->l.server, 0, s->w->server_utc);
    assert_int_equal(s->l.server.phase, THM_TLS_CLOSED);
    thm_tls_abort(&s->l.client, THM_OK);
}

/* --- all together --- */

static void connect_badly(struct scene *s, int i)
{
    static const char *const who[] = {"ali", "stranger", "no_san", NULL, "below_step", "two_uris"};
    const char *name = who[i % 6];

    raw_client_init(&s->r, s->w);
    raw_client_certificate(&s->r, name, name);
    raw_client_go(&s->r, &s->l.server, NULL);
    if (i % 7 == 0)
        thm_tls_abort(&s->l.server, THM_OK);
    else
        raw_run(&s->r, &s->l.server);
    s->w->port.port.ops->close(&s->w->port.port, s->r.socket);
    thm_tls_close(&s->l.server);
    thm_tls_advance(&s->l.server, 0, s->w->server_utc);
    assert_int_equal(s->l.server.phase, THM_TLS_CLOSED);
}

static void nothing_leaks_over_200_connections(void **state)
{
    struct scene *s = *state;
    struct thm_tls_session session = {0};
    struct thm_tls_usage u;

    for (int i = 0; i < 200; i++) {
        if (i % 4 != 0) {
            connect_badly(s, i);
        } else {
            link_open(s->w, &s->l, i % 8 == 0 ? &session : NULL);
            expect_carried(&s->l.client, &s->l.server, pattern, 2000);
            link_close(s->w, &s->l);
        }
        assert_nothing_lent(s->w);
        assert_int_equal(pair_port_open(&s->w->port), 0);
    }
    u = usage(&s->w->server);
    assert_true(u.full > 20 && u.resumed > 20 && u.failed > 80);
}

/* Connect, talk, close; every call of the port fails once in its turn. */
static bool converse(struct scene *s, struct thm_tls_session *session)
{
    unsigned char *data;
    size_t n;
    bool heard = false;

    link_start(s->w, &s->l, session);
    link_run(s->w, &s->l);
    if (s->l.client.phase == THM_TLS_OPEN)
        thm_tls_write(&s->l.client, pattern, 100, &n);
    if (s->l.server.phase == THM_TLS_OPEN && thm_tls_read(&s->l.server, &data, &n) == THM_IO_OK) {
        assert_memory_equal(data, pattern, n);
        thm_tls_consume(&s->l.server, n);
        thm_tls_write(&s->l.server, pattern, 100, &n);
    }
    if (s->l.client.phase == THM_TLS_OPEN && thm_tls_read(&s->l.client, &data, &n) == THM_IO_OK) {
        assert_memory_equal(data, pattern, n);
        thm_tls_consume(&s->l.client, n);
        heard = true;
    }
    thm_tls_close(&s->l.client);
    thm_tls_close(&s->l.server);
    link_run(s->w, &s->l);
    assert_int_equal(s->l.client.phase, THM_TLS_CLOSED);
    assert_int_equal(s->l.server.phase, THM_TLS_CLOSED);
    assert_nothing_lent(s->w);
    assert_int_equal(pair_port_open(&s->w->port), 0);
    return heard;
}

static void any_call_of_the_port_may_fail(void **state)
{
    struct scene *s = *state;
    struct thm_tls_session session = {0};
    unsigned failures = 0;

    for (uint64_t nth = 1;; nth++) {
        struct thm_tls_session *with = nth % 2 ? &session : NULL;
        bool heard;
        s->w->port.fail_at = s->w->port.calls + nth;
        heard = converse(s, with);
        if (s->w->port.calls < s->w->port.fail_at && nth > 60) {
            assert_true(heard);
            break;
        }
        failures += !heard;
    }
    assert_true(failures > 20);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(bad_configurations_are_refused),
        TEST(former_credentials_are_used_until_handshakes_end),
        TEST(without_entropy_there_is_no_tls),
        TEST(an_idle_connection_holds_an_engine_alone),
        TEST(half_a_record_holds_nothing),
        TEST(a_buffer_stays_until_all_is_consumed),
        TEST(without_an_output_buffer_nothing_is_taken),
        TEST(a_hello_that_is_not_whole_holds_nothing),
        TEST(a_stalled_handshake_makes_room),
        TEST(a_handshake_of_idle_talk_is_ended),
        TEST(nothing_leaks_over_200_connections),
        TEST(any_call_of_the_port_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
