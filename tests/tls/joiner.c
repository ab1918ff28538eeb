#include "tls/joiner.h"

#include "tls/leaf.h"

struct joiner joiner;

struct admission admission;

bool admits(void *ctx, const uint8_t key_hash[THM_KEY_HASH])
{
    assert_ptr_equal(ctx, &admission);
    admission.asked++;
    return admission.all || memcmp(key_hash, joiner.hash, THM_KEY_HASH) == 0;
}

/* The hash of a certificate's key, as an invitation has it. */
static void pin_key_of(const char *name)
{
    static struct parts p;

    memset(&joiner.pin, 0x5a, sizeof joiner.pin);
    parts_read(&p, name, "ali");
    br_x509_pkey key = {.key_type = BR_KEYTYPE_EC,
                        .key.ec = {BR_EC_secp256r1, p.point, sizeof p.point}};
    uint8_t hash[THM_KEY_HASH];
    assert_int_equal(thm_leaf_key_hash(&key, hash), THM_OK);
    memcpy(joiner.pin.hash, hash, sizeof joiner.pin.hash);
}

static void use_joiner(struct scene *s)
{
    assert_int_equal(
        thm_credentials_set(&s->w->client.credentials, &joiner.parts, THM_FOR_ENROLMENT), THM_OK);
    s->w->client.config.alpn = THM_ENROLL_ALPN;
    end_remake(&s->w->client);
}

void know_ca(struct scene *s)
{
    parts_read(&joiner.ca, "root", "ali");
    joiner.parts.ca[0] = joiner.ca.parts.ca[0];
    joiner.parts.ca_count = 1;
    joiner.parts.pin = NULL;
    use_joiner(s);
}

void know_pin(struct scene *s, const char *name)
{
    pin_key_of(name);
    joiner.parts.ca_count = 0;
    joiner.parts.pin = &joiner.pin;
    use_joiner(s);
}

int set_up_joiner(void **state)
{
    static const uint8_t secret[THM_ENROLL_SECRET] = "an invitation's";
    struct scene *s;

    set_up(state);
    s = *state;
    memset(&joiner, 0, sizeof joiner);
    memset(&admission, 0, sizeof admission);
    thm_enroll_bootstrap_key(secret, joiner.key);
    thm_enroll_key_hash(joiner.key, joiner.hash);
    joiner.parts.chain[0].der = joiner.der;
    joiner.parts.chain[0].len = thm_enroll_certificate(joiner.key, joiner.der);
    joiner.parts.chain_len = 1;
    joiner.parts.key = joiner.key;
    know_ca(s);
    s->w->server.config.enroll_alpn = THM_ENROLL_ALPN;
    s->w->server.config.admits = admits;
    s->w->server.config.admits_ctx = &admission;
    end_remake(&s->w->server);
    return 0;
}

void joins(struct scene *s, struct thm_tls_session *session)
{
    link_open(s->w, &s->l, session);
    assert_int_equal(s->l.server.enrols, 1);
    assert_int_equal(s->l.server.resumed, 0);
    assert_string_equal(s->l.server.peer.user, "");
    assert_string_equal(s->l.server.peer.device, "");
    assert_memory_equal(s->l.server.peer.key_hash, joiner.hash, THM_KEY_HASH);
    expect_carried(&s->l.client, &s->l.server, pattern, 2000);
    expect_carried(&s->l.server, &s->l.client, pattern, 2000);
    link_close(s->w, &s->l);
}
