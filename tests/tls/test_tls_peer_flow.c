/*
 * Connections between two clients: what they send and in what pieces, over sockets that take and give little at a time; and
 * that whatever is lent comes back, however it ends.
 */
#include "tls/internal.h"
#include "tls/scene.h"

/* --- a watch on what is sent --- */

/* What a socket has sent, record by record. */
struct watched {
    size_t have, left; /* bytes of the header that is under way; then of the body */
    uint8_t header[THM_RECORD_HEADER];
    bool encrypted;
    unsigned records;
    size_t longest, longest_encrypted; /* bodies */
};

static struct watched watched[PAIR_SOCKETS + 1];
static const struct thm_port_ops *unwatched;

static void note_record(struct watched *w)
{
    const uint8_t change_cipher_spec = 20;

    w->left = (size_t)w->header[3] << 8 | w->header[4];
    w->records++;
    if (w->encrypted && w->left > w->longest_encrypted)
        w->longest_encrypted = w->left;
    if (!w->encrypted && w->left > w->longest)
        w->longest = w->left;
    if (w->header[0] == change_cipher_spec)
        w->encrypted = true;
    w->have = 0;
}

static enum thm_io send_watched(struct thm_port *port, thm_socket socket, const void *buf,
                                size_t len, size_t *n)
{
    enum thm_io io = unwatched->send(port, socket, buf, len, n);
    struct watched *w = &watched[socket];

    for (size_t i = 0; io == THM_IO_OK && i < *n; i++) {
        if (w->left > 0) {
            w->left--;
            continue;
        }
        w->header[w->have++] = ((const uint8_t *)buf)[i];
        if (w->have == sizeof w->header)
            note_record(w);
    }
    return io;
}

static void watch(struct scene *s)
{
    static struct thm_port_ops ops;

    unwatched = s->w->port.port.ops;
    ops = *unwatched;
    ops.send = send_watched;
    s->w->port.port.ops = &ops;
}

/* What either suite adds to a record's plaintext. */
#define ADDED 24

static void expect_records(thm_socket socket, size_t most)
{
    const struct watched *w = &watched[socket];

    assert_true(w->records >= 3);
    assert_true(w->encrypted);
    assert_in_range(w->longest, 1, most);
    assert_in_range(w->longest_encrypted, 1, most + ADDED);
}

static void forget_records(void)
{
    memset(watched, 0, sizeof watched);
}

/* --- records --- */

static const char *const chains[] = {"bianca", "below_step", "bulky"};
#define CHAINS (sizeof chains / sizeof chains[0])

static void no_record_is_longer_than_a_board_takes(void **state)
{
    struct scene *s = *state;
    size_t longest = 0;

    watch(s);
    for (size_t i = 0; i < CHAINS * CHAINS; i++) {
        thm_socket ends[2];
        end_use(&s->w->client, "root", chains[i / CHAINS], chains[i / CHAINS]);
        end_use(&s->w->server, "both", chains[i % CHAINS], chains[i % CHAINS]);
        forget_records();
        link_open(s->w, &s->l, NULL);
        expect_carried(&s->l.client, &s->l.server, pattern, 40000);
        expect_carried(&s->l.server, &s->l.client, pattern, 40000);
        ends[0] = s->l.client.socket;
        ends[1] = s->l.server.socket;
        link_close(s->w, &s->l);
        for (int end = 0; end < 2; end++) {
            expect_records(ends[end], THM_PEER_RECORD);
            longest = longest < watched[ends[end]].longest ? watched[ends[end]].longest : longest;
            /* what is said goes in those of any client */
            assert_in_range(watched[ends[end]].longest_encrypted, 1, THM_CLIENT_RECORD + ADDED);
        }
    }
    assert_int_equal(longest, THM_PEER_RECORD); /* else this proves nothing */
}

/* max_fragment_length: who asks for less gets less, who asks for more gets no more. */
static void nobody_can_ask_for_longer_ones(void **state)
{
    static const size_t asked[] = {512, 1024, 2048, 4096};
    struct scene *s = *state;

    watch(s);
    end_use(&s->w->server, "both", "bulky", "bulky");
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        size_t most = asked[i] < THM_PEER_RECORD ? asked[i] : THM_PEER_RECORD;
        thm_socket ours;
        forget_records();
        raw_client_init(&s->r, s->w);
        s->r.in_len = asked[i] + 325;
        s->r.out_len = asked[i] + 85;
        raw_client_go(&s->r, &s->l.server, NULL);
        ours = s->l.server.socket;
        raw_run(&s->r, &s->l.server);
        assert_int_equal(s->l.server.phase, THM_TLS_OPEN);
        assert_int_equal(watched[ours].longest, most);
        raw_end(&s->r, &s->l.server);
        expect_records(ours, most);
    }
}

/* A desktop's own records are not limited by what it takes, so it says what it wants to get. */
static void who_calls_asks_for_short_ones(void **state)
{
    struct scene *s = *state;
    thm_socket theirs;

    watch(s);
    forget_records();
    raw_server_init(&s->r, s->w, "bulky", "bulky");
    raw_server_go(&s->r, &s->l.client);
    theirs = s->r.socket;
    raw_run(&s->r, &s->l.client);
    assert_int_equal(s->l.client.phase, THM_TLS_OPEN);
    assert_int_equal(watched[theirs].longest, THM_PEER_RECORD);
    raw_end(&s->r, &s->l.client);
}

/* Whoever is ready first may talk at once: his words stand right behind the handshake's last record. */
static void data_may_follow_the_handshake_at_once(void **state)
{
    struct scene *s = *state;
    unsigned char *data;
    size_t n;

    link_start(s->w, &s->l, NULL);
    while (s->l.server.phase != THM_TLS_OPEN) {
        thm_tls_advance(&s->l.client, 0, s->w->client_utc);
        thm_tls_advance(&s->l.server, 0, s->w->server_utc);
    }
    assert_int_equal(s->l.client.phase, THM_TLS_HANDSHAKE);
    assert_int_equal(thm_tls_write(&s->l.server, "hello", 5, &n), THM_IO_OK);
    assert_int_equal(thm_tls_advance(&s->l.client, 0, s->w->client_utc), THM_TLS_OPEN);
    assert_int_equal(thm_tls_read(&s->l.client, &data, &n), THM_IO_OK);
    assert_int_equal(n, 5);
    assert_memory_equal(data, "hello", 5);
    thm_tls_consume(&s->l.client, n);
    link_close(s->w, &s->l);
}

/* --- sockets that are narrow, as a relay's are --- */

static void a_narrow_path_suffices(void **state)
{
    static const struct {
        size_t most, capacity;
    } paths[] = {{1, PAIR_BUFFER}, {7, PAIR_BUFFER}, {0, 100}, {0, 720}, {3, 40}, {1, 40}};
    struct scene *s = *state;

    end_use(&s->w->client, "root", "below_step", "below_step");
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        s->w->port.most = paths[i].most;
        s->w->port.capacity = paths[i].capacity;
        link_open(s->w, &s->l, NULL);
        expect_carried(&s->l.client, &s->l.server, pattern, 3000);
        expect_carried(&s->l.server, &s->l.client, pattern, 3000);
        link_close(s->w, &s->l);
    }
}

/* --- lending --- */

_Alignas(16) static unsigned char lent[THM_TLS_HANDSHAKE_SIZE + 64];

static void make_small(struct end *e)
{
    e->config.connections = e->config.handshakes = 1;
    e->config.in_buffers = e->config.out_buffers = 1;
    e->config.handshake_memory = lent;
    end_remake(e);
}

static void expect_lent(size_t from, size_t to, unsigned char byte)
{
    for (size_t i = from; i < to; i++)
        assert_int_equal(lent[i], byte);
}

/* One connection at a time, of either kind, its handshake where the caller keeps other things else. */
static void one_connection_is_either_end_in_its_turn(void **state)
{
    struct scene *s = *state;

    make_small(&s->w->server);
    for (int i = 0; i < 4; i++) {
        struct thm_tls other = {0}, *small = i % 2 ? &s->l.client : &s->l.server;
        thm_socket a, b;
        memset(lent, 0x5a, sizeof lent);
        memset(&s->l, 0, sizeof s->l);
        pair_port_connect(&s->w->port, &a, &b);
        assert_int_equal(
            thm_tls_accept(&s->l.server, (i % 2 ? &s->w->client : &s->w->server)->domain, a),
            THM_OK);
        assert_int_equal(thm_tls_connect(&s->l.client,
                                         (i % 2 ? &s->w->server : &s->w->client)->domain, b, NULL,
                                         NULL),
                         THM_OK);
        link_run(s->w, &s->l);
        assert_int_equal(small->phase, THM_TLS_OPEN);
        assert_string_equal(small->peer.user, "bianca");
        expect_lent(0, THM_TLS_HANDSHAKE_SIZE, 0);
        expect_lent(THM_TLS_HANDSHAKE_SIZE, sizeof lent, 0x5a);
        memset(lent, 0x5a, sizeof lent);
        expect_carried(&s->l.client, &s->l.server, pattern, 3000);
        expect_carried(&s->l.server, &s->l.client, pattern, 3000);
        assert_int_equal(thm_tls_connect(&other, s->w->server.domain, 1, NULL, NULL), THM_E_LIMIT);
        link_close(s->w, &s->l);
        expect_lent(0, sizeof lent, 0x5a);
    }
}

/* However many steps it has done: each time it is ended, and all is back. */
static void an_end_can_be_ended_in_any_state(void **state)
{
    struct scene *s = *state;

    make_small(&s->w->server);
    for (int steps = 0; steps < 12; steps++) {
        for (int who = 0; who < 2; who++) {
            struct link *l = &s->l;
            memset(lent, 0x5a, sizeof lent);
            link_start(s->w, l, NULL);
            for (int i = 0; i < steps; i++) {
                if (i % 2 == 0)
                    thm_tls_advance(&l->client, 0, s->w->client_utc);
                else
                    thm_tls_advance(&l->server, 0, s->w->server_utc);
            }
            if (who == 0)
                thm_tls_close(&l->server);
            else
                thm_tls_abort(&l->server, THM_E_TIMEOUT);
            assert_int_equal(usage(&s->w->server).handshakes, 0);
            assert_int_equal(lent[100],
                             lent[THM_TLS_HANDSHAKE_SIZE - 100]); /* wiped, or never used */
            thm_tls_close(&l->client);
            link_run(s->w, l);
            assert_int_equal(l->client.phase, THM_TLS_CLOSED);
            assert_int_equal(l->server.phase, THM_TLS_CLOSED);
            assert_nothing_lent(s->w);
            assert_int_equal(pair_port_open(&s->w->port), 0);
        }
    }
}

static void who_is_called_while_busy_waits_his_turn(void **state)
{
    struct scene *s = *state;
    struct thm_tls_domain *d;
    struct link other;

    s->w->server.config.handshakes = 1;
    end_remake(&s->w->server);
    d = s->w->server.domain;
    thm_tls_domain_now(d, 1000);
    link_start(s->w, &s->l, NULL);
    link_start(s->w, &other, NULL);
    thm_tls_advance(&s->l.client, 0, s->w->client_utc);
    thm_tls_advance(&other.client, 0, s->w->client_utc);
    assert_int_equal(thm_tls_advance(&s->l.server, 0, s->w->server_utc), THM_TLS_HANDSHAKE);
    assert_int_equal(thm_tls_advance(&other.server, 0, s->w->server_utc), THM_TLS_QUEUED);
    assert_int_equal(usage(&s->w->server).engines, 1);
    assert_null(thm_tls_evict(d, 1000000, 0)); /* an order that only servers keep */
    thm_tls_abort(&s->l.server, THM_E_TIMEOUT);
    link_run(s->w, &other);
    assert_int_equal(other.server.phase, THM_TLS_OPEN);
    thm_tls_abort(&s->l.client, THM_OK);
    link_close(s->w, &other);
}

static void a_hello_that_is_not_whole_holds_nothing(void **state)
{
    struct scene *s = *state;

    link_start(s->w, &s->l, NULL);
    thm_tls_advance(&s->l.client, 0, s->w->client_utc);
    wire_from(s, &s->l.client)->len -= 1;
    assert_int_equal(thm_tls_advance(&s->l.server, 0, s->w->server_utc), THM_TLS_HELLO);
    assert_int_equal(usage(&s->w->server).engines, 0);
    thm_tls_abort(&s->l.client, THM_OK);
    assert_int_equal(thm_tls_advance(&s->l.server, THM_EV_CLOSED, s->w->server_utc),
                     THM_TLS_CLOSED);
}

/* Connect, talk, close; every call of the port fails once in its turn. */
static bool converse(struct scene *s)
{
    unsigned char *data;
    size_t n;
    bool heard = false;

    link_start(s->w, &s->l, NULL);
    link_run(s->w, &s->l);
    if (s->l.client.phase == THM_TLS_OPEN)
        thm_tls_write(&s->l.client, pattern, 100, &n);
    if (s->l.server.phase == THM_TLS_OPEN && thm_tls_read(&s->l.server, &data, &n) == THM_IO_OK) {
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

    for (int small = 0; small < 2; small++) {
        unsigned failures = 0;
        s->w->port.fail_at = 0;
        if (small)
            make_small(&s->w->server);
        for (uint64_t nth = 1;; nth++) {
            bool heard;
            s->w->port.fail_at = s->w->port.calls + nth;
            heard = converse(s);
            if (s->w->port.calls < s->w->port.fail_at) {
                assert_true(heard);
                break;
            }
            failures += !heard;
        }
        assert_true(failures > 20);
    }
}

static void nothing_leaks_over_200_connections(void **state)
{
    static const char *const who[] = {"ali", "stranger", "no_san", "server2", "below_step"};
    struct scene *s = *state;
    struct thm_tls_usage u;

    for (int i = 0; i < 200; i++) {
        const char *name = who[i % 5];
        struct thm_tls *ours = i % 2 ? &s->l.server : &s->l.client;
        if (i % 2) {
            raw_client_init(&s->r, s->w);
            raw_client_certificate(&s->r, i % 9 == 0 ? NULL : name, name);
            raw_client_go(&s->r, ours, NULL);
        } else {
            raw_server_init(&s->r, s->w, name, name);
            raw_server_go(&s->r, ours);
        }
        for (int step = 0; step < i % 7; step++)
            raw_step(&s->r, ours);
        if (i % 11 == 0)
            thm_tls_abort(ours, THM_OK);
        raw_end(&s->r, ours);
        assert_nothing_lent(s->w);
        assert_int_equal(pair_port_open(&s->w->port), 0);
    }
    u = usage(&s->w->server);
    assert_true(u.full > 10 && u.failed > 30 && u.resumed == 0);
    u = usage(&s->w->client);
    assert_true(u.full > 10 && u.failed > 30 && u.resumed == 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_peers, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(no_record_is_longer_than_a_board_takes),
        TEST(nobody_can_ask_for_longer_ones),
        TEST(who_calls_asks_for_short_ones),
        TEST(data_may_follow_the_handshake_at_once),
        TEST(a_narrow_path_suffices),
        TEST(one_connection_is_either_end_in_its_turn),
        TEST(an_end_can_be_ended_in_any_state),
        TEST(who_is_called_while_busy_waits_his_turn),
        TEST(a_hello_that_is_not_whole_holds_nothing),
        TEST(any_call_of_the_port_may_fail),
        TEST(nothing_leaks_over_200_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
