/*
 * Whole connections between our own two ends: who is let in, as whom, and resumption.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tls/fixture.h"

static void full_handshake_proves_both(void **state)
{
    struct world *w = world_new();
    struct link l;

    (void)state;
    link_open(w, &l, NULL);
    assert_string_equal(l.server.peer.user, "ali");
    assert_string_equal(l.server.peer.device, "desk");
    assert_int_equal(l.server.peer.not_after, read_cert_number("ali.end"));
    assert_memory_equal(l.server.peer.key_hash,
                        thm_credentials_identity(&w->client.credentials)->key_hash, 32);
    assert_string_equal(l.client.peer.user, "");
    assert_int_equal(l.client.peer.not_after,
                     thm_credentials_identity(&w->server.credentials)->not_after);
    assert_memory_equal(l.client.peer.key_hash,
                        thm_credentials_identity(&w->server.credentials)->key_hash, 32);
    assert_memory_equal(thm_tls_server_leaf_hash(&l.client),
                        thm_credentials_leaf_hash(&w->server.credentials), 32);
    assert_memory_equal(thm_tls_server_leaf_hash(&l.server),
                        thm_credentials_leaf_hash(&w->server.credentials), 32);
    expect_carried(&l.client, &l.server, "hello\n", 6);
    expect_carried(&l.server, &l.client, "welcome\n", 8);
    link_close(w, &l);
    assert_int_equal(l.client.error, THM_OK);
    assert_int_equal(l.server.error, THM_OK);
    world_free(w);
}

static void resumption_keeps_the_identity(void **state)
{
    struct world *w = world_new();
    struct thm_tls_session session = {0};
    struct thm_tls_usage usage;
    struct link l;

    (void)state;
    link_open(w, &l, &session);
    assert_int_equal(l.server.resumed, 0);
    link_close(w, &l);
    for (int i = 0; i < 3; i++) {
        link_open(w, &l, &session);
        assert_int_equal(l.server.resumed, 1);
        assert_int_equal(l.client.resumed, 1);
        assert_string_equal(l.server.peer.user, "ali");
        assert_string_equal(l.server.peer.device, "desk");
        assert_int_equal(l.client.peer.not_after,
                         thm_credentials_identity(&w->server.credentials)->not_after);
        assert_memory_equal(l.client.peer.key_hash,
                            thm_credentials_identity(&w->server.credentials)->key_hash, 32);
        expect_carried(&l.client, &l.server, "again", 5);
        link_close(w, &l);
    }
    thm_tls_domain_usage(w->server.domain, &usage);
    assert_int_equal(usage.full, 1);
    assert_int_equal(usage.resumed, 3);
    assert_int_equal(usage.sessions, 1);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_handshake_proves_both),
        cmocka_unit_test(resumption_keeps_the_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
