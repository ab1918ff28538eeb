/*
 * RFC 7677's example, section 3. It has no channel binding, which thimble insists on: so what is tested is what lies below
 * the public functions, by the seams that scram.h has for it.
 */
#include "unit.h"

#include "auth/scram.h"
#include "hex.h"
#include "util/base64.h"

#define CLIENT_NONCE "rOprNGfwEbeRWgbNEkqO"
#define SERVER_NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define CLIENT_FIRST "n,,n=user,r=" CLIENT_NONCE
#define SERVER_FIRST "r=" CLIENT_NONCE SERVER_NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define CLIENT_FINAL                                                                               \
    "c=biws,r=" CLIENT_NONCE SERVER_NONCE ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define SERVER_FINAL "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static const uint8_t salt[] = {0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e,
                               0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81};

/* The RFC has the messages only; what lies between was computed from its formulas by Python's hmac and hashlib, which
 * also arrive at its messages. */
static void the_values_in_between(void **state)
{
    static const char unproven[] = "c=biws,r=" CLIENT_NONCE SERVER_NONCE;
    uint8_t salted[32], client_key[32], stored_key[32], server_key[32], signature[32];
    struct thm_scram_said said = {0};
    struct thm_pbkdf2 p;
    char text[48];
    struct thm_text t;

    (void)state;
    thm_pbkdf2_start(&p, "pencil", 6, salt, sizeof salt, 4096);
    assert_true(thm_pbkdf2_step(&p, 4095));
    assert_true(thm_pbkdf2_done(&p, salted));
    assert_hex(salted, "c4a49510323ab4f952cac1fa99441939e78ea74d6be81ddf7096e87513dc615d");
    thm_scram_split(salted, client_key, server_key);
    assert_hex(client_key, "a60fc923d67e8644a92d16b96eda5ef4656b0c725c484374be25535576996e8b");
    assert_hex(server_key, "c1f3cbc1c13a9d35a14c0990eed97629ea225863e566a4314ab99f3f00e5d9d5");
    thm_sha256(client_key, 32, stored_key);
    assert_hex(stored_key, "586e5df283e6dceb5c3e791d8b8528ec191e664045ce971792e2e6b5bb13e2a6");

    assert_true(thm_scram_say(&said, "n=user,r=" CLIENT_NONCE ",", 9 + 20 + 1));
    assert_true(thm_scram_say(&said, SERVER_FIRST ",", sizeof SERVER_FIRST));
    thm_scram_sign(&said, unproven, sizeof unproven - 1, stored_key, signature);
    for (int i = 0; i < 32; i++)
        signature[i] ^= client_key[i];
    thm_text_init(&t, text, sizeof text);
    thm_text_base64(&t, signature, 32);
    assert_string_equal(text, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    thm_scram_sign(&said, unproven, sizeof unproven - 1, server_key, signature);
    thm_text_init(&t, text, sizeof text);
    thm_text_base64(&t, signature, 32);
    assert_string_equal(text, SERVER_FINAL + 2);
}

static void bind_to_nothing(struct thm_scram_said *said)
{
    memcpy(said->binding, "n,,", 3);
    said->binding_len = 3;
}

static void the_client(void **state)
{
    struct thm_scram_client c = {0};
    struct thm_scram_keys keys;
    struct thm_scram_job job;
    char message[THM_SCRAM_MESSAGE];
    struct thm_text t;

    (void)state;
    bind_to_nothing(&c.said);
    thm_text_init(&t, message, sizeof message);
    thm_text_str(&t, "n,,");
    assert_int_equal(thm_scram_client_say_first(&c, "user", CLIENT_NONCE, &t), THM_SCRAM_OK);
    assert_string_equal(message, CLIENT_FIRST);
    assert_int_equal(thm_scram_client_challenge(&c, SERVER_FIRST, sizeof SERVER_FIRST - 1),
                     THM_SCRAM_OK);
    assert_int_equal(c.iterations, 4096);
    assert_int_equal(c.salt_len, sizeof salt);
    assert_memory_equal(c.salt, salt, sizeof salt);
    assert_int_equal(
        thm_scram_keys_start(&job, &keys, "pencil", 6, c.salt, c.salt_len, c.iterations),
        THM_SCRAM_OK);
    assert_true(thm_scram_keys_step(&job, UINT32_MAX));
    assert_int_equal(thm_scram_client_answer(&c, &keys, message), THM_SCRAM_OK);
    assert_string_equal(message, CLIENT_FINAL);
    assert_int_equal(thm_scram_client_verify(&c, SERVER_FINAL, sizeof SERVER_FINAL - 1),
                     THM_SCRAM_OK);
}

static void the_server(void **state)
{
    struct thm_scram_server s = {0};
    struct thm_scram_verifier verifier;
    struct thm_scram_unknown unknown = {{0}, 4096};
    char message[THM_SCRAM_MESSAGE];

    (void)state;
    assert_int_equal(thm_scram_verifier_make(&verifier, "pencil", 6, salt, sizeof salt, 4096),
                     THM_SCRAM_OK);
    bind_to_nothing(&s.said);
    assert_int_equal(thm_scram_server_hear_first(&s, CLIENT_FIRST + 3, sizeof CLIENT_FIRST - 4),
                     THM_SCRAM_OK);
    assert_string_equal(s.user, "user");
    assert_int_equal(thm_scram_server_say_challenge(&s, &verifier, &unknown, SERVER_NONCE, message),
                     THM_SCRAM_OK);
    assert_string_equal(message, SERVER_FIRST);
    assert_int_equal(thm_scram_server_final(&s, CLIENT_FINAL, sizeof CLIENT_FINAL - 1, message),
                     THM_SCRAM_OK);
    assert_string_equal(message, SERVER_FINAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_values_in_between),
        cmocka_unit_test(the_client),
        cmocka_unit_test(the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
