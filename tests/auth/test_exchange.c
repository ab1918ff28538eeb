/*
 * Whole logins, and what somebody could try who has only a part of what it takes.
 */
#include "exchange.h"

#include "util/base64.h"

static void the_right_passcode(void **state)
{
    static struct exchange x;

    (void)state;
    exchange_new(&x);
    exchange_answer(&x, "ali");
    assert_string_equal(x.client_first, "p=tls-server-end-point,,n=ali,r=wcHBwcHBwcHBwcHBwcHBwcHB");
    assert_string_equal(x.server_first, "r=wcHBwcHBwcHBwcHBwcHBwcHB"
                                        "WlpaWlpaWlpaWlpaWlpaWlpa"
                                        ",s=MDEyMzQ1Njc4OWFiY2RlZg==,i=4096");
    assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_OK);
    assert_string_equal(x.server.user, "ali");
    assert_int_equal(exchange_verify(&x, x.server_final), THM_SCRAM_OK);
}

static void another_passcode(void **state)
{
    static struct exchange x;

    (void)state;
    exchange_new(&x);
    x.keys.client_key[31] ^= 1;
    exchange_answer(&x, "ali");
    assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_PROOF);
    assert_string_equal(x.server_final, "e=invalid-proof");
    assert_int_equal(exchange_verify(&x, x.server_final), THM_SCRAM_REFUSED);
    assert_int_equal(x.client.refusal, THM_SCRAM_PROOF);
}

/* Somebody in between with a certificate that the client trusts sees a proof that is of no use elsewhere. */
static void another_certificate(void **state)
{
    static struct exchange x;

    (void)state;
    exchange_new(&x);
    exchange_answer(&x, "ali");
    memset(&x.server, 0, sizeof x.server);
    x.leaf_hash[0] ^= 1;
    assert_int_equal(exchange_hear_first(&x, x.client_first), THM_SCRAM_OK);
    assert_int_equal(thm_scram_server_challenge(&x.server, &x.verifier, &x.unknown,
                                                x.server_entropy, x.server_first),
                     THM_SCRAM_OK);
    assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_BINDING);
    assert_string_equal(x.server_final, "e=channel-bindings-dont-match");
    assert_int_equal(exchange_verify(&x, x.server_final), THM_SCRAM_REFUSED);
    assert_int_equal(x.client.refusal, THM_SCRAM_BINDING);
}

/* ... and can't put the right one in, since it is signed. */
static void the_binding_is_signed(void **state)
{
    static struct exchange x;
    uint8_t bound[56];
    char forged[THM_SCRAM_MESSAGE];
    struct thm_text t;

    (void)state;
    exchange_new(&x);
    exchange_answer(&x, "ali");
    x.leaf_hash[0] ^= 1;
    exchange_hear_first(&x, x.client_first);
    assert_int_equal(thm_scram_server_challenge(&x.server, &x.verifier, &x.unknown,
                                                x.server_entropy, x.server_first),
                     THM_SCRAM_OK);
    memcpy(bound, "p=tls-server-end-point,,", 24);
    memcpy(bound + 24, x.leaf_hash, 32);
    thm_text_init(&t, forged, sizeof forged);
    thm_text_str(&t, "c=");
    thm_text_base64(&t, bound, sizeof bound);
    thm_text_str(&t, strchr(x.client_final, ','));
    assert_int_equal(exchange_final(&x, forged), THM_SCRAM_PROOF);
}

static void a_replayed_exchange(void **state)
{
    static struct exchange x;
    static char first[THM_SCRAM_MESSAGE], final[THM_SCRAM_MESSAGE];

    (void)state;
    exchange_new(&x);
    exchange_answer(&x, "ali");
    strcpy(first, x.client_first);
    strcpy(final, x.client_final);
    assert_int_equal(exchange_final(&x, final), THM_SCRAM_OK);
    /* The same message again, and again from the start. */
    assert_int_equal(exchange_final(&x, final), THM_SCRAM_STATE);
    assert_string_equal(x.server_final, "");
    x.server_entropy[0] ^= 1;
    assert_int_equal(exchange_hear_first(&x, first), THM_SCRAM_OK);
    assert_int_equal(thm_scram_server_challenge(&x.server, &x.verifier, &x.unknown,
                                                x.server_entropy, x.server_first),
                     THM_SCRAM_OK);
    assert_int_equal(exchange_final(&x, final), THM_SCRAM_NONCE);
    assert_string_equal(x.server_final, "e=other-error");
}

/* Replayed, with the nonce put right: that is signed as well. */
static void a_replayed_proof(void **state)
{
    static struct exchange x;
    static char final[THM_SCRAM_MESSAGE];

    (void)state;
    exchange_new(&x);
    exchange_answer(&x, "ali");
    strcpy(final, x.client_final);
    x.server_entropy[0] ^= 1;
    assert_int_equal(exchange_hear_first(&x, x.client_first), THM_SCRAM_OK);
    assert_int_equal(thm_scram_server_challenge(&x.server, &x.verifier, &x.unknown,
                                                x.server_entropy, x.server_first),
                     THM_SCRAM_OK);
    memcpy(strstr(final, ",r=") + 3, x.server_first + 2, 48);
    assert_int_equal(exchange_final(&x, final), THM_SCRAM_PROOF);
}

/* What a thief of the store has: StoredKey and ServerKey, in place of ClientKey. */
static void a_stolen_verifier(void **state)
{
    static struct exchange x;
    uint8_t stored_key[32], server_key[32];

    (void)state;
    for (int i = 0; i < 2; i++) {
        exchange_new(&x);
        memcpy(stored_key, x.verifier.stored_key, 32);
        memcpy(server_key, x.verifier.server_key, 32);
        memcpy(x.keys.client_key, i == 0 ? stored_key : server_key, 32);
        exchange_answer(&x, "ali");
        assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_PROOF);
    }
    /* The other way to do it: HMAC(StoredKey, ...) is what a server expects, the XOR of nothing with it is not a key. */
    exchange_new(&x);
    exchange_answer(&x, "ali");
    char *proof = strstr(x.client_final, ",p=");
    uint8_t signature[32];
    struct thm_text t;
    thm_scram_sign(&x.server.said, x.client_final, (size_t)(proof - x.client_final), stored_key,
                   signature);
    thm_text_init(&t, proof + 3, 45);
    thm_text_base64(&t, signature, 32);
    assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_PROOF);
}

/* A server that holds the certificate's key, but no verifier. */
static void a_server_that_knows_nothing(void **state)
{
    static struct exchange x;
    char last[THM_SCRAM_MESSAGE];

    (void)state;
    exchange_new(&x);
    exchange_answer(&x, "ali");
    x.server.server_key[0] ^= 1;
    assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_OK);
    assert_int_equal(exchange_verify(&x, x.server_final), THM_SCRAM_SERVER);
    /* The last one's signature is none for this one, and none at all is none either. */
    exchange_answer(&x, "ali");
    assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_OK);
    strcpy(last, x.server_final);
    x.client_entropy[0] ^= 1;
    exchange_answer(&x, "ali");
    assert_int_equal(exchange_verify(&x, last), THM_SCRAM_SERVER);
    exchange_answer(&x, "ali");
    assert_int_equal(exchange_verify(&x, "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
                     THM_SCRAM_SERVER);
}

/* Up to the last word, with the passcode or without, nobody is told who is there. */
static void somebody_who_is_not_there(void **state)
{
    static struct exchange known, x, again;

    (void)state;
    exchange_new(&known);
    known.keys.client_key[0] ^= 1;
    exchange_answer(&known, "ali");
    assert_int_equal(exchange_final(&known, known.client_final), THM_SCRAM_PROOF);
    exchange_new(&x);
    exchange_answer(&x, "ila");
    assert_int_equal(strlen(x.server_first), strlen(known.server_first));
    assert_memory_equal(x.server_first, known.server_first, 2 + 48 + 3);
    assert_string_not_equal(x.server_first, known.server_first);
    assert_string_equal(strstr(x.server_first, ",i="), strstr(known.server_first, ",i="));
    assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_PROOF);
    assert_string_equal(x.server_final, known.server_final);
    /* The same salt each time; another for another name, or another server. */
    exchange_new(&again);
    exchange_answer(&again, "ila");
    assert_string_equal(again.server_first, x.server_first);
    exchange_answer(&again, "eve");
    assert_string_not_equal(again.server_first, x.server_first);
    exchange_new(&again);
    again.unknown.secret[31] ^= 1;
    exchange_answer(&again, "ila");
    assert_string_not_equal(again.server_first, x.server_first);
}

/* Even whoever knew the invented keys would not get in. */
static void nobody_logs_in_as_somebody_who_is_not_there(void **state)
{
    static struct exchange x;

    (void)state;
    exchange_new(&x);
    exchange_answer(&x, "ila");
    memcpy(x.server.stored_key, x.verifier.stored_key, 32);
    assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_PROOF);
}

/* As a board keeps them. */
static void kept_keys_of_another_passcode(void **state)
{
    static struct exchange x;
    struct thm_scram_keys kept;

    (void)state;
    for (int i = 0; i < 4; i++) {
        exchange_new(&x);
        exchange_answer(&x, "ali");
        kept = x.keys;
        kept.salt[15] ^= (uint8_t)(i == 0);
        kept.salt_len = (uint8_t)(kept.salt_len - (i == 1));
        kept.iterations += i == 2;
        thm_scram_client_start(&x.client, "ali", x.client_entropy, x.leaf_hash, x.client_first);
        thm_scram_client_challenge(&x.client, x.server_first, strlen(x.server_first));
        assert_int_equal(thm_scram_client_answer(&x.client, &kept, x.client_final),
                         i < 3 ? THM_SCRAM_OTHER_KEYS : THM_SCRAM_OK);
        if (i < 3)
            assert_string_equal(x.client_final, "");
        /* It can still be asked for the passcode. */
        if (i < 3)
            assert_int_equal(thm_scram_client_answer(&x.client, &x.keys, x.client_final),
                             THM_SCRAM_OK);
        assert_int_equal(exchange_final(&x, x.client_final), THM_SCRAM_OK);
    }
}

static void nothing_out_of_turn(void **state)
{
    static struct exchange x, y;

    (void)state;
    exchange_new(&x);
    assert_int_equal(thm_scram_client_challenge(&x.client, "r=", 2), THM_SCRAM_STATE);
    assert_int_equal(thm_scram_client_answer(&x.client, &x.keys, x.client_final), THM_SCRAM_STATE);
    assert_int_equal(exchange_verify(&x, "v=AAAA"), THM_SCRAM_STATE);
    assert_int_equal(exchange_final(&x, "c="), THM_SCRAM_STATE);
    assert_int_equal(thm_scram_server_challenge(&x.server, &x.verifier, &x.unknown,
                                                x.server_entropy, x.server_first),
                     THM_SCRAM_STATE);
    exchange_answer(&x, "ali");
    y = x;
    assert_int_equal(thm_scram_client_challenge(&y.client, x.server_first, strlen(x.server_first)),
                     THM_SCRAM_STATE);
    assert_int_equal(exchange_verify(&y, "v=AAAA"), THM_SCRAM_STATE); /* it has ended */
    y = x;
    assert_int_equal(thm_scram_client_answer(&y.client, &x.keys, y.client_final), THM_SCRAM_STATE);
    y = x;
    assert_int_equal(thm_scram_server_challenge(&y.server, &x.verifier, &x.unknown,
                                                x.server_entropy, y.server_first),
                     THM_SCRAM_STATE);
    assert_string_equal(y.server_first, "");
    assert_int_equal(exchange_final(&y, x.client_final), THM_SCRAM_STATE);
}

static void no_secret_stays(void **state)
{
    static struct exchange x;
    static struct thm_scram_client client;
    static struct thm_scram_server server;

    (void)state;
    for (int wrong = 0; wrong < 2; wrong++) {
        exchange_new(&x);
        exchange_answer(&x, "ali");
        x.client_final[strlen(x.client_final) - 6] ^= (char)wrong;
        /* While it lasts, the client holds no key, only what it expects to hear. */
        memset(&client, 0, sizeof client);
        assert_memory_equal(&x.client.said, &client.said, sizeof client.said);
        assert_false(holds(&x.client, sizeof client, x.keys.client_key, 32));
        assert_false(holds(&x.client, sizeof client, x.keys.server_key, 32));
        assert_false(holds(&x.client, sizeof client, x.verifier.stored_key, 32));
        assert_true(holds(&x.server, sizeof server, x.verifier.stored_key, 32));
        assert_int_equal(exchange_final(&x, x.client_final),
                         wrong ? THM_SCRAM_PROOF : THM_SCRAM_OK);
        exchange_verify(&x, x.server_final);
        memset(&client, 0, sizeof client);
        client.refusal = wrong ? THM_SCRAM_PROOF : THM_SCRAM_OK;
        assert_memory_equal(&x.client, &client, sizeof client);
        memset(&server, 0, sizeof server);
        strcpy(server.user, "ali");
        assert_memory_equal(&x.server, &server, sizeof server);
    }
    memset(&server, 0, sizeof server);
    exchange_answer(&x, "ali");
    thm_scram_client_wipe(&x.client);
    thm_scram_server_wipe(&x.server);
    client.refusal = 0;
    assert_memory_equal(&x.client, &client, sizeof client);
    assert_memory_equal(&x.server, &server, sizeof server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_passcode),
        cmocka_unit_test(another_passcode),
        cmocka_unit_test(another_certificate),
        cmocka_unit_test(the_binding_is_signed),
        cmocka_unit_test(a_replayed_exchange),
        cmocka_unit_test(a_replayed_proof),
        cmocka_unit_test(a_stolen_verifier),
        cmocka_unit_test(a_server_that_knows_nothing),
        cmocka_unit_test(somebody_who_is_not_there),
        cmocka_unit_test(nobody_logs_in_as_somebody_who_is_not_there),
        cmocka_unit_test(kept_keys_of_another_passcode),
        cmocka_unit_test(nothing_out_of_turn),
        cmocka_unit_test(no_secret_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
