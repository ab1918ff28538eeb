/* A server that asks for a passcode, honest or not: what the test says in its place. */
#ifndef TESTS_CLIENT_ASKER_H
#define TESTS_CLIENT_ASKER_H

#include "thimble/auth.h"

#define PASSCODE "correct horse"
#define SALT     "sixteen bytes.."

/* What the server would say last: a proof of its own, or why not. */
extern char message[THM_SCRAM_MESSAGE];

/** What the server keeps from now on. */
void new_verifier(const char *passcode, const char *salt, uint32_t iterations);

/** Asks, after hello. */
void asked_for_a_passcode(void);

/** The data of the auth_request that the client has sent. */
const char *sent_data(void);

/** Takes client-first and answers it. */
void challenge(void);

/** Takes client-final. */
enum thm_scram judge(void);

/** Lets it in, by this proof; and expects it to go on as one that is in. */
void grant(const char *proof);
void granted(void);

/** Refuses it, with a time to wait. */
void refuse(void);

#endif
