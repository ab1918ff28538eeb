/*
 * Credentials that were taken apart beforehand do what loaded ones do, and incomplete ones nothing.
 */
#include "tls/parts.h"
#include "tls/credentials.h"
#include "tls/scene.h"

static void parts_of_ali(struct parts *p)
{
    parts_read(p, "root", "ali");
    memcpy(p->parts.identity.user, "ali", 4);
    memcpy(p->parts.identity.device, "desk", 5);
}

static void they_are_what_loading_gives(void **state)
{
    static struct parts p;
    struct thm_credentials loaded, c;
    const struct thm_identity *a, *b;

    (void)state;
    parts_of_ali(&p);
    assert_int_equal(thm_credentials_set(&c, &p.parts, THM_FOR_CLIENT), THM_OK);
    assert_int_equal(load(&loaded, "root", "ali", "ali", THM_FOR_CLIENT), THM_OK);
    a = thm_credentials_identity(&c);
    b = thm_credentials_identity(&loaded);
    assert_string_equal(a->user, b->user);
    assert_string_equal(a->device, b->device);
    assert_memory_equal(a->key_hash, b->key_hash, THM_KEY_HASH);
    assert_int_equal(a->not_after, b->not_after);
    assert_memory_equal(thm_credentials_leaf_hash(&c), thm_credentials_leaf_hash(&loaded), 32);
    assert_memory_equal(thm_loaded(&c)->ca_hash, thm_loaded(&loaded)->ca_hash, 32);
}

static void nothing_is_copied(void **state)
{
    static struct parts p;
    struct thm_credentials c;
    size_t len;

    (void)state;
    parts_of_ali(&p);
    assert_int_equal(thm_credentials_set(&c, &p.parts, THM_FOR_CLIENT), THM_OK);
    assert_ptr_equal(thm_credentials_der(&c, 0, &len), p.der[0]);
    assert_int_equal(len, p.parts.chain[0].len);
    assert_null(thm_credentials_der(&c, 1, &len));
    assert_ptr_equal(thm_loaded(&c)->key.x, p.key);
    thm_credentials_wipe(&c);
    assert_null(thm_loaded(&c)->key.x);
}

/* Both ends: full, resumed, and with an intermediate certificate. */
static void both_ends_are_content_with_them(void **state)
{
    static struct parts server, client;
    struct scene *s = *state;
    struct thm_tls_session session = {0};

    parts_read(&server, "root", "server");
    parts_of_ali(&client);
    assert_int_equal(thm_credentials_set(&s->w->server.credentials, &server.parts, THM_FOR_SERVER),
                     THM_OK);
    assert_int_equal(thm_credentials_set(&s->w->client.credentials, &client.parts, THM_FOR_CLIENT),
                     THM_OK);
    end_remake(&s->w->server);
    end_remake(&s->w->client);
    for (int i = 0; i < 2; i++) {
        link_open(s->w, &s->l, &session);
        assert_int_equal(s->l.client.resumed, i);
        assert_string_equal(s->l.server.peer.user, "ali");
        expect_carried(&s->l.client, &s->l.server, pattern, 2000);
        link_close(s->w, &s->l);
    }
    parts_read(&client, "root", "below_step");
    memcpy(client.parts.identity.user, "ali", 4);
    assert_int_equal(client.parts.chain_len, 2);
    assert_int_equal(thm_credentials_set(&s->w->client.credentials, &client.parts, THM_FOR_CLIENT),
                     THM_OK);
    thm_tls_domain_set(s->w->client.domain, &s->w->client.credentials, NULL);
    link_open(s->w, &s->l, NULL);
    link_close(s->w, &s->l);
}

static void expect_error(const struct thm_credential_parts *parts, enum thm_role role, int error)
{
    static const unsigned char zero[sizeof(struct thm_credentials)];
    struct thm_credentials c;

    memset(&c, 0x5a, sizeof c);
    assert_string_equal(thm_error_word(thm_credentials_set(&c, parts, role)),
                        thm_error_word(error));
    assert_memory_equal(&c, zero, sizeof c);
}

static void what_is_missing_is_named(void **state)
{
    static const unsigned char compressed[] = {2};
    static struct parts p;
    struct thm_credential_parts q;

    (void)state;
    parts_of_ali(&p);
#define WITH(change, error) (q = p.parts, change, expect_error(&q, THM_FOR_CLIENT, error))
    WITH(q.ca_count = 0, THM_E_CA);
    WITH(q.ca_count = THM_CA_MAX + 1, THM_E_CA);
    WITH(q.ca_count = 2, THM_E_CA); /* the second isn't there */
    WITH(q.ca[0].name_len = 0, THM_E_CA);
    WITH(q.ca[0].point = compressed, THM_E_CA);
    WITH(q.chain_len = 0, THM_E_CERT);
    WITH(q.chain_len = THM_CHAIN_MAX + 1, THM_E_CERT);
    WITH(q.chain[0].len = 0, THM_E_CERT);
    WITH(q.chain[0].len = THM_CERT_MAX + 1, THM_E_CERT);
    WITH(q.chain[0].der = NULL, THM_E_CERT);
    WITH(q.key = NULL, THM_E_KEY);
    WITH(q.identity.user[0] = '\0', THM_E_ROLE);
    expect_error(&p.parts, THM_FOR_SERVER, THM_E_ROLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_what_loading_gives),
        cmocka_unit_test(nothing_is_copied),
        cmocka_unit_test_setup_teardown(both_ends_are_content_with_them, set_up, tear_down),
        cmocka_unit_test(what_is_missing_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
