/*
 * The people of SCRAM's tests: ali, who has a passcode at a server, and the server's certificate.
 */
#ifndef TESTS_AUTH_EXCHANGE_H
#define TESTS_AUTH_EXCHANGE_H

#include "unit.h"

#include "auth/scram.h"

#define PASSCODE "correct horse"

/* One login, as far as it has come. */
struct exchange {
    struct thm_scram_client client;
    struct thm_scram_server server;
    struct thm_scram_keys keys;
    struct thm_scram_verifier verifier; /* ali's */
    struct thm_scram_unknown unknown;
    uint8_t leaf_hash[THM_SCRAM_KEY];
    uint8_t client_entropy[THM_SCRAM_ENTROPY], server_entropy[THM_SCRAM_ENTROPY];
    char client_first[THM_SCRAM_MESSAGE], server_first[THM_SCRAM_MESSAGE];
    char client_final[THM_SCRAM_MESSAGE], server_final[THM_SCRAM_MESSAGE];
};

/** Makes all of it, nothing said yet. */
void exchange_new(struct exchange *x);

/** The server's view of who asks. */
enum thm_scram exchange_hear_first(struct exchange *x, const char *message);

/** Goes on until client-first, server-first and client-final are said; client-final is not heard yet. */
void exchange_answer(struct exchange *x, const char *user);

/** Hears client-final and writes server-final. */
enum thm_scram exchange_final(struct exchange *x, const char *message);

/** Hears server-final. */
enum thm_scram exchange_verify(struct exchange *x, const char *message);

/** Whether `len` bytes of a secret, or any 16 of them in a row, stand anywhere in memory. */
bool holds(const void *memory, size_t size, const void *secret, size_t len);

#endif
