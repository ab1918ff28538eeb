#include "client/asker.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/lobby.h"

static struct thm_scram_server server;
static struct thm_scram_verifier verifier;
char message[THM_SCRAM_MESSAGE];

void new_verifier(const char *passcode, const char *salt, uint32_t iterations)
{
    assert_int_equal(thm_scram_verifier_make(&verifier, passcode, strlen(passcode),
                                             (const uint8_t *)salt, THM_SCRAM_SALT, iterations),
                     THM_SCRAM_OK);
}

void asked_for_a_passcode(void)
{
    line("{'msgtype':'auth_reply','status':'CONTINUE','mechanism':'SCRAM-SHA-256-PLUS'}");
    fake_told("proving ok");
}

/* The data of the auth_request that the client has sent. */
const char *sent_data(void)
{
    static char data[THM_SCRAM_MESSAGE];
    const char *said = fake_next_sent();

    assert_non_null(said);
    assert_int_equal(strncmp(said, "{\"msgtype\":\"auth_request\",", 26), 0);
    const char *at = strstr(said, "\"mechanism\":\"SCRAM-SHA-256-PLUS\",\"data\":\"");
    assert_non_null(at);
    snprintf(data, sizeof data, "%s", at + 41);
    *strchr(data, '"') = '\0';
    return data;
}

/* Takes client-first and answers it. */
void challenge(void)
{
    static const struct thm_scram_unknown unknown = {.iterations = 4096};
    const uint8_t entropy[THM_SCRAM_ENTROPY] = "the server's";
    const char *first = sent_data();

    assert_int_equal(thm_scram_server_first(&server, first, strlen(first), fake.leaf_hash),
                     THM_SCRAM_OK);
    assert_string_equal(server.user, "ali");
    assert_int_equal(thm_scram_server_challenge(&server, &verifier, &unknown, entropy, message),
                     THM_SCRAM_OK);
    line("{'msgtype':'auth_reply','status':'CONTINUE','mechanism':'SCRAM-SHA-256-PLUS',"
         "'data':'%s'}",
         message);
}

enum thm_scram judge(void)
{
    const char *final = sent_data();

    return thm_scram_server_final(&server, final, strlen(final), message);
}

void grant(const char *proof)
{
    line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk','data':'%s'}",
         proof);
}

void granted(void)
{
    fake_told("online ok");
    fake_told("auth_reply");
    fake_sent("{'msgtype':'join','room':'@ali'}");
}

void refuse(void)
{
    line("{'msgtype':'auth_reply','status':'REFUSED','retry_after':2,'code':'passcode',"
         "'reason':'the passcode is wrong','data':'%s'}",
         message);
}
