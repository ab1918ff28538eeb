/*
 * Whatever either end of a login by passcode is told: it keeps to its memory, takes nothing without a proof, and what it
 * takes is of the form it says. The first byte chooses what the rest is: one of the four messages, or a verifier.
 */
#include "fuzz/fuzz.h"

#include "auth/scram.h"

static const uint8_t entropy[THM_SCRAM_ENTROPY] = "of the fuzzer's ow";
static const uint8_t leaf_hash[THM_SCRAM_KEY] = "of a server's certificate";

static struct thm_scram_keys keys = {
    .iterations = THM_SCRAM_ITERATIONS_MIN, .salt_len = 16, .salt = "0123456789abcdef"};
static struct thm_scram_verifier verifier;
static const struct thm_scram_unknown unknown = {{1}, THM_SCRAM_ITERATIONS_MIN};
static struct thm_scram_client client;
static struct thm_scram_server server;
static char message[THM_SCRAM_MESSAGE];

static void check_length(void)
{
    assert(memchr(message, '\0', sizeof message) != NULL);
}

static void client_first(const char *data, size_t len)
{
    if (thm_scram_server_first(&server, data, len, leaf_hash) != THM_SCRAM_OK)
        return;
    assert(len > THM_SCRAM_HEADER_LEN &&
           memcmp(data, THM_SCRAM_HEADER "n=", THM_SCRAM_HEADER_LEN + 2) == 0);
    assert(server.user[0] != '\0' && strlen(server.user) <= THM_ID_MAX);
    assert(thm_scram_server_challenge(&server, &verifier, &unknown, entropy, message) ==
           THM_SCRAM_OK);
    check_length();
    assert(thm_scram_server_final(&server, data, len, message) != THM_SCRAM_OK);
    check_length();
}

/* What a client takes from a server extends its nonce, and is worth what it says. */
static void server_first(const char *data, size_t len)
{
    assert(thm_scram_client_start(&client, "ali", entropy, leaf_hash, message) == THM_SCRAM_OK);
    const char *nonce = strstr(message, ",r=") + 3;
    if (thm_scram_client_challenge(&client, data, len) != THM_SCRAM_OK)
        return;
    assert(len > 26 && memcmp(data + 2, nonce, 24) == 0);
    assert(client.iterations >= THM_SCRAM_ITERATIONS_MIN &&
           client.iterations <= THM_SCRAM_ITERATIONS_MAX);
    assert(client.salt_len >= THM_SCRAM_SALT_MIN && client.salt_len <= THM_SCRAM_SALT_MAX);
    struct thm_scram_keys theirs = keys;
    theirs.iterations = client.iterations;
    theirs.salt_len = client.salt_len;
    memcpy(theirs.salt, client.salt, client.salt_len);
    assert(thm_scram_client_answer(&client, &theirs, message) == THM_SCRAM_OK);
    check_length();
    assert(strstr(message, ",p=") != NULL);
}

/* A login up to client-final, which is the fuzzer's: only the right one gets in. */
static void finals(const char *data, size_t len, bool of_server)
{
    static char final[THM_SCRAM_MESSAGE];
    assert(thm_scram_client_start(&client, "ali", entropy, leaf_hash, message) == THM_SCRAM_OK);
    assert(thm_scram_server_first(&server, message, strlen(message), leaf_hash) == THM_SCRAM_OK);
    assert(thm_scram_server_challenge(&server, &verifier, &unknown, entropy, message) ==
           THM_SCRAM_OK);
    assert(thm_scram_client_challenge(&client, message, strlen(message)) == THM_SCRAM_OK);
    assert(thm_scram_client_answer(&client, &keys, final) == THM_SCRAM_OK);
    if (of_server) {
        assert(thm_scram_server_final(&server, final, strlen(final), message) == THM_SCRAM_OK);
        if (thm_scram_client_verify(&client, data, len) == THM_SCRAM_OK)
            assert(len >= strlen(message) && memcmp(data, message, strlen(message)) == 0);
        return;
    }
    if (thm_scram_server_final(&server, data, len, message) == THM_SCRAM_OK)
        assert(len == strlen(final) && memcmp(data, final, len) == 0);
    check_length();
}

/* What is taken is printed as it was. */
static void stored(const char *data, size_t len)
{
    struct thm_scram_verifier v;
    char text[THM_SCRAM_VERIFIER_TEXT];
    if (thm_scram_verifier_parse(&v, data, len) != THM_SCRAM_OK)
        return;
    thm_scram_verifier_print(&v, text);
    assert(strlen(text) == len && memcmp(text, data, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char exactly[1024]; /* ASan sees what is read behind it only at the end of an object */
    if (size < 1 || size > sizeof exactly)
        return 0;
    thm_scram_verifier_of(&keys, &verifier);
    size_t len = size - 1;
    char *text = exactly + sizeof exactly - len;
    memcpy(text, data + 1, len);
    switch (data[0]) {
    case '1': client_first(text, len); break;
    case '2': server_first(text, len); break;
    case '3': finals(text, len, false); break;
    case '4': finals(text, len, true); break;
    default: stored(text, len); break;
    }
    return 0;
}
