#include "exchange.h"

void exchange_new(struct exchange *x)
{
    static struct thm_scram_keys keys; /* of ali: derived once, since it is slow */
    struct thm_scram_job job;

    if (keys.iterations == 0) {
        assert_int_equal(thm_scram_keys_start(&job, &keys, PASSCODE, strlen(PASSCODE),
                                              (const uint8_t *)"0123456789abcdef", 16,
                                              THM_SCRAM_ITERATIONS_MIN),
                         THM_SCRAM_OK);
        while (!thm_scram_keys_step(&job, 1000))
            ;
    }
    memset(x, 0, sizeof *x);
    x->keys = keys;
    thm_scram_verifier_of(&keys, &x->verifier);
    x->unknown.iterations = THM_SCRAM_ITERATIONS_MIN;
    memset(x->unknown.secret, 0x5e, sizeof x->unknown.secret);
    memset(x->leaf_hash, 0x1e, sizeof x->leaf_hash);
    memset(x->client_entropy, 0xc1, sizeof x->client_entropy);
    memset(x->server_entropy, 0x5a, sizeof x->server_entropy);
}

enum thm_scram exchange_hear_first(struct exchange *x, const char *message)
{
    return thm_scram_server_first(&x->server, message, strlen(message), x->leaf_hash);
}

void exchange_answer(struct exchange *x, const char *user)
{
    const struct thm_scram_verifier *known;

    assert_int_equal(
        thm_scram_client_start(&x->client, user, x->client_entropy, x->leaf_hash, x->client_first),
        THM_SCRAM_OK);
    assert_int_equal(exchange_hear_first(x, x->client_first), THM_SCRAM_OK);
    assert_string_equal(x->server.user, user);
    known = strcmp(user, "ali") == 0 ? &x->verifier : NULL;
    assert_int_equal(thm_scram_server_challenge(&x->server, known, &x->unknown, x->server_entropy,
                                                x->server_first),
                     THM_SCRAM_OK);
    assert_int_equal(
        thm_scram_client_challenge(&x->client, x->server_first, strlen(x->server_first)),
        THM_SCRAM_OK);
    if (!known) { /* with the right passcode, even */
        x->keys.salt_len = x->client.salt_len;
        memcpy(x->keys.salt, x->client.salt, x->client.salt_len);
    }
    assert_int_equal(thm_scram_client_answer(&x->client, &x->keys, x->client_final), THM_SCRAM_OK);
}

enum thm_scram exchange_final(struct exchange *x, const char *message)
{
    return thm_scram_server_final(&x->server, message, strlen(message), x->server_final);
}

enum thm_scram exchange_verify(struct exchange *x, const char *message)
{
    return thm_scram_client_verify(&x->client, message, strlen(message));
}

bool holds(const void *memory, size_t size, const void *secret, size_t len)
{
    const unsigned char *bytes = memory, *wanted = secret;
    const size_t run = len < 16 ? len : 16;

    for (size_t from = 0; from + run <= len; from++)
        for (size_t at = 0; at + run <= size; at++)
            if (memcmp(bytes + at, wanted + from, run) == 0)
                return true;
    return false;
}
