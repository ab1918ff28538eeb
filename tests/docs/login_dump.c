/* Prints a whole login by passcode, with all that goes into it, as Markdown, for docs/PROTOCOL.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thimble/auth.h"
#include "thimble/wire.h"

#define PASSCODE   "correct horse battery"
#define SALT       "0123456789abcdef"
#define ITERATIONS 4096

static void need(enum thm_scram result)
{
    if (result != THM_SCRAM_OK)
        exit(1);
}

static void print_hex(const char *what, const uint8_t *bytes, size_t len)
{
    printf("| %s | `", what);
    for (size_t i = 0; i < len; i++)
        printf("%02x", bytes[i]);
    puts("` |");
}

static void print_line(char sign, const struct thm_msg *m)
{
    char line[THM_LINE_MAX];
    size_t len = 0;

    if (thm_wire_encode(m, line, sizeof line, &len) != THM_OK)
        exit(1);
    printf("%c %.*s", sign, (int)len, line);
}

static void request(const char *data)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_AUTH_REQUEST);
    THM_SET(&m, MECHANISM, THM_SCRAM_MECHANISM);
    THM_SET(&m, DATA, data);
    print_line('>', &m);
}

static void reply(const char *status, const char *data)
{
    struct thm_msg m;

    thm_msg_init(&m, THM_MSG_AUTH_REPLY);
    THM_SET(&m, STATUS, status);
    if (strcmp(status, "GRANTED") == 0) {
        THM_SET(&m, USERID, "ali");
        THM_SET(&m, DEVICE, "default");
    } else {
        THM_SET(&m, MECHANISM, THM_SCRAM_MECHANISM);
    }
    if (data != NULL)
        THM_SET(&m, DATA, data);
    print_line('<', &m);
}

int main(void)
{
    const uint8_t ours[THM_SCRAM_ENTROPY + 1] = "client's 18 bytes!";
    const uint8_t theirs[THM_SCRAM_ENTROPY + 1] = "server's 18 bytes!";
    const struct thm_scram_unknown unknown = {.iterations = ITERATIONS};
    struct thm_scram_client client = {0};
    struct thm_scram_server server = {0};
    struct thm_scram_verifier verifier;
    struct thm_scram_keys keys;
    struct thm_scram_job job;
    uint8_t leaf[THM_SCRAM_KEY];
    char message[THM_SCRAM_MESSAGE], final[THM_SCRAM_MESSAGE];
    struct thm_msg hello;

    for (unsigned i = 0; i < sizeof leaf; i++)
        leaf[i] = (uint8_t)i;
    need(thm_scram_keys_start(&job, &keys, PASSCODE, strlen(PASSCODE), (const uint8_t *)SALT,
                              strlen(SALT), ITERATIONS));
    if (!thm_scram_keys_step(&job, ITERATIONS))
        exit(1);
    thm_scram_verifier_of(&keys, &verifier);
    puts("| what goes into it | value |\n|---|---|");
    printf("| passcode | `%s` |\n| salt | `%s` |\n| iterations | %d |\n", PASSCODE, SALT,
           ITERATIONS);
    printf("| random bytes of the client | `%s` |\n| and of the server | `%s` |\n",
           (const char *)ours, (const char *)theirs);
    print_hex("SHA-256 of the server's certificate", leaf, sizeof leaf);
    print_hex("ClientKey, which comes of these", keys.client_key, sizeof keys.client_key);
    print_hex("StoredKey", verifier.stored_key, sizeof verifier.stored_key);
    print_hex("ServerKey", keys.server_key, sizeof keys.server_key);
    puts("\n```text");
    thm_msg_init(&hello, THM_MSG_HELLO);
    print_line('>', &hello);
    reply("CONTINUE", NULL);
    need(thm_scram_client_start(&client, "ali", ours, leaf, message));
    request(message);
    need(thm_scram_server_first(&server, message, strlen(message), leaf));
    need(thm_scram_server_challenge(&server, &verifier, &unknown, theirs, message));
    reply("CONTINUE", message);
    need(thm_scram_client_challenge(&client, message, strlen(message)));
    need(thm_scram_client_answer(&client, &keys, message));
    request(message);
    need(thm_scram_server_final(&server, message, strlen(message), final));
    reply("GRANTED", final);
    need(thm_scram_client_verify(&client, final, strlen(final)));
    puts("```");
    return 0;
}
