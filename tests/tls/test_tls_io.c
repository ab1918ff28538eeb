/*
 * Records: what one write becomes, what a bad record does, and how a connection ends.
 */
#include "tls/scene.h"

/* --- records and writes --- */

static void one_write_is_one_send(void **state)
{
    struct scene *s = *state;
    uint64_t before;
    size_t overhead = 5 + 8 + 16;

    link_open(s->w, &s->l, NULL);
    before = s->w->port.sends;
    write_all(&s->l.server, 16384);
    assert_int_equal(s->w->port.sends, before + 1);
    assert_int_equal(wire_from(s, &s->l.server)->len, 16384 + overhead);
    assert_int_equal(read_all(&s->l.client, 0), 16384);
    /* More takes as few records as the protocol allows, also after a small one. */
    write_all(&s->l.server, 3000);
    assert_int_equal(read_all(&s->l.client, 0), 3000);
    write_all(&s->l.server, 35000);
    assert_int_equal(wire_from(s, &s->l.server)->len, 35000 + 3 * overhead);
    assert_int_equal(read_all(&s->l.client, 0), 35000);
    before = s->w->port.sends - 1;
    /* A client's records are small, but they travel together. */
    write_all(&s->l.client, 3000);
    assert_int_equal(s->w->port.sends, before + 2);
    assert_int_equal(wire_from(s, &s->l.client)->len, 3000 + 6 * overhead);
    assert_int_equal(read_all(&s->l.server, 0), 3000);
    link_close(s->w, &s->l);
}

static void a_full_socket_loses_nothing(void **state)
{
    struct scene *s = *state;
    size_t sent = 0, received = 0, n;

    link_open(s->w, &s->l, NULL);
    s->w->port.capacity = 17001; /* a record fits, two don't */
    while (received < sizeof pattern) {
        assert_int_equal(thm_tls_write(&s->l.server, pattern + sent, sizeof pattern - sent, &n),
                         THM_IO_OK);
        sent += n;
        received += read_all(&s->l.client, received);
        assert_true(received <= sent);
        assert_int_not_equal(thm_tls_flush(&s->l.server), THM_IO_ERROR);
    }
    assert_int_equal(sent, received);
    assert_false(thm_tls_holds_output(&s->l.server));
    link_close(s->w, &s->l);
}

static void one_byte_at_a_time_is_enough(void **state)
{
    struct scene *s = *state;
    struct thm_tls_session session = {0};

    s->w->port.most = 1;
    for (int i = 0; i < 2; i++) {
        link_open(s->w, &s->l, &session);
        assert_int_equal(s->l.server.resumed, i);
        expect_carried(&s->l.client, &s->l.server, pattern, 1200);
        expect_carried(&s->l.server, &s->l.client, pattern, 1200);
        link_close(s->w, &s->l);
        assert_int_equal(s->l.client.error, THM_OK);
        assert_int_equal(s->l.server.error, THM_OK);
    }
}

static void a_changed_byte_ends_the_connection(void **state)
{
    struct scene *s = *state;
    unsigned char *data;
    size_t n;

    link_open(s->w, &s->l, NULL);
    write_all(&s->l.client, 500);
    wire_from(s, &s->l.client)->bytes[100] ^= 1;
    assert_int_equal(thm_tls_read(&s->l.server, &data, &n), THM_IO_ERROR);
    assert_int_equal(s->l.server.error, THM_E_TLS_RECORD);
    assert_int_equal(s->l.server.bearssl_error, BR_ERR_BAD_MAC);
    assert_int_equal(thm_tls_read(&s->l.server, &data, &n), THM_IO_ERROR);
    assert_int_equal(thm_tls_write(&s->l.server, "x", 1, &n), THM_IO_ERROR);
    link_close(s->w, &s->l);
}

static void a_record_too_large_is_refused_by_its_header(void **state)
{
    static const unsigned char headers[][5] = {{23, 3, 3, 0xff, 0xff}, {23, 3, 3, 0, 0},
                                               {23, 3, 3, 0, 1},       {23, 3, 1, 0, 40},
                                               {99, 3, 3, 0, 40},      {22, 3, 3, 0, 4}};
    struct scene *s = *state;
    unsigned char *data;
    size_t n;

    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct pair_end *wire;
        link_open(s->w, &s->l, NULL);
        wire = wire_from(s, &s->l.client);
        memset(wire->bytes, 0, 100);
        memcpy(wire->bytes, headers[i], 5);
        wire->len = 100;
        assert_int_equal(thm_tls_read(&s->l.server, &data, &n), THM_IO_ERROR);
        assert_int_not_equal(s->l.server.error, THM_OK);
        link_close(s->w, &s->l);
    }
}

static void empty_records_are_borne_but_not_for_ever(void **state)
{
    struct scene *s = *state;
    struct thm_port *port = &s->w->port.port;
    size_t n, len;
    unsigned char *data;

    raw_client_init(&s->r, s->w);
    raw_client_go(&s->r, &s->l.server, NULL);
    raw_run(&s->r, &s->l.server);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < (round == 0 ? 20 : 200); i++) {
            br_ssl_engine_flush(&s->r.ssl.base, 1);
            data = br_ssl_engine_sendrec_buf(&s->r.ssl.base, &len);
            assert_int_equal(port->ops->send(port, s->r.socket, data, len, &n), THM_IO_OK);
            br_ssl_engine_sendrec_ack(&s->r.ssl.base, n);
        }
        if (round == 0)
            raw_say(&s->r, &s->l.server, "data", 4);
    }
    assert_int_equal(thm_tls_read(&s->l.server, &data, &n), THM_IO_ERROR);
    assert_int_equal(s->l.server.error, THM_E_TLS_RECORD);
    raw_end(&s->r, &s->l.server);
}

/* --- ends --- */

static void a_goodbye_is_told_from_a_cut(void **state)
{
    struct scene *s = *state;
    struct thm_port *port = &s->w->port.port;
    struct pair_end *wire;
    unsigned char *data;
    size_t n;

    link_open(s->w, &s->l, NULL);
    thm_tls_close(&s->l.client);
    assert_int_equal(thm_tls_read(&s->l.server, &data, &n), THM_IO_EOF);
    assert_int_equal(s->l.server.error, THM_OK);
    link_close(s->w, &s->l);

    link_open(s->w, &s->l, NULL); /* FIN alone, between records */
    port->ops->shutdown(port, s->l.client.socket);
    assert_int_equal(thm_tls_read(&s->l.server, &data, &n), THM_IO_EOF);
    assert_int_equal(s->l.server.error, THM_E_CLOSED);
    link_close(s->w, &s->l);

    for (size_t left = 3; left < 500; left += 400) { /* FIN in a header, and in a record */
        link_open(s->w, &s->l, NULL);
        wire = wire_from(s, &s->l.client);
        write_all(&s->l.client, 500);
        wire->len = left;
        port->ops->shutdown(port, s->l.client.socket);
        assert_int_equal(thm_tls_read(&s->l.server, &data, &n), THM_IO_ERROR);
        assert_int_equal(s->l.server.error, THM_E_CLOSED);
        link_close(s->w, &s->l);
    }

    link_open(s->w, &s->l, NULL); /* RST */
    thm_tls_abort(&s->l.client, THM_OK);
    assert_int_equal(thm_tls_read(&s->l.server, &data, &n), THM_IO_ERROR);
    assert_int_equal(s->l.server.error, THM_E_PORT);
    link_close(s->w, &s->l);
}

static void closing_with_data_unread_says_goodbye_all_the_same(void **state)
{
    struct scene *s = *state;
    unsigned char *data;
    size_t n;

    link_open(s->w, &s->l, NULL);
    write_all(&s->l.client, 500);
    assert_int_equal(thm_tls_read(&s->l.server, &data, &n), THM_IO_OK);
    write_all(&s->l.client, 500); /* and more that nobody will read */
    thm_tls_close(&s->l.server);
    assert_int_equal(usage(&s->w->server).engines, 0);
    assert_int_equal(thm_tls_read(&s->l.client, &data, &n), THM_IO_EOF);
    assert_int_equal(s->l.client.error, THM_OK);
    link_close(s->w, &s->l);
}

static void last_words_and_goodbye_are_one_send(void **state)
{
    struct scene *s = *state;
    unsigned char *data;
    size_t n;
    uint64_t before;

    link_open(s->w, &s->l, NULL);
    before = s->w->port.sends;
    thm_tls_cork(&s->l.server);
    write_all(&s->l.server, 500);
    assert_false(thm_tls_holds_output(&s->l.server));
    thm_tls_close(&s->l.server);
    assert_int_equal(s->w->port.sends, before + 1);
    assert_int_equal(thm_tls_read(&s->l.client, &data, &n), THM_IO_OK);
    assert_int_equal(n, 500);
    assert_memory_equal(data, pattern, n);
    thm_tls_consume(&s->l.client, n);
    assert_int_equal(thm_tls_read(&s->l.client, &data, &n), THM_IO_EOF);
    assert_int_equal(s->l.client.error, THM_OK);
    link_close(s->w, &s->l);
}

static void closing_first_sends_what_is_held(void **state)
{
    struct scene *s = *state;
    unsigned char *data;
    size_t n, written, got = 0;
    enum thm_io io = THM_IO_AGAIN;

    link_open(s->w, &s->l, NULL);
    s->w->port.capacity = 17000;
    written = write_all(&s->l.server, sizeof pattern);
    assert_in_range(written, 17000, sizeof pattern);
    assert_true(thm_tls_holds_output(&s->l.server));
    thm_tls_close(&s->l.server);
    assert_int_equal(s->l.server.phase, THM_TLS_CLOSING);
    while (io == THM_IO_AGAIN) {
        thm_tls_advance(&s->l.server, 0, s->w->server_utc);
        while ((io = thm_tls_read(&s->l.client, &data, &n)) == THM_IO_OK) {
            assert_memory_equal(data, pattern + got, n);
            got += n;
            thm_tls_consume(&s->l.client, n);
        }
    }
    assert_int_equal(io, THM_IO_EOF);
    assert_int_equal(s->l.client.error, THM_OK);
    assert_int_equal(got, written);
    link_close(s->w, &s->l);
}

static void what_came_before_a_broken_send_can_be_read(void **state)
{
    struct scene *s = *state;
    size_t n;

    link_open(s->w, &s->l, NULL);
    write_all(&s->l.server, 100);
    wire_from(s, &s->l.client)->reset = true;
    assert_int_equal(thm_tls_write(&s->l.client, "x", 1, &n), THM_IO_ERROR);
    assert_int_equal(read_all(&s->l.client, 0), 100);
    link_close(s->w, &s->l);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(one_write_is_one_send),
        TEST(a_full_socket_loses_nothing),
        TEST(one_byte_at_a_time_is_enough),
        TEST(a_changed_byte_ends_the_connection),
        TEST(a_record_too_large_is_refused_by_its_header),
        TEST(empty_records_are_borne_but_not_for_ever),
        TEST(a_goodbye_is_told_from_a_cut),
        TEST(closing_with_data_unread_says_goodbye_all_the_same),
        TEST(last_words_and_goodbye_are_one_send),
        TEST(closing_first_sends_what_is_held),
        TEST(what_came_before_a_broken_send_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
