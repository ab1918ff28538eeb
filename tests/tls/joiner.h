/*
 * Who joins a server with an invitation, for the tests of both ends.
 */
#ifndef TEST_TLS_JOINER_H
#define TEST_TLS_JOINER_H

#include "tls/parts.h"
#include "tls/scene.h"

#include "thimble/enroll.h"

/* His key, and what is shown and known of it. */
struct joiner {
    uint8_t key[THM_ENROLL_KEY], hash[THM_KEY_HASH], der[THM_BOOTSTRAP_MAX];
    struct parts ca;
    struct thm_ca_pin pin;
    struct thm_credential_parts parts;
};
extern struct joiner joiner;

/* What the server admits. */
struct admission {
    bool all; /* everybody, so that others than the joiner are refused for another reason */
    unsigned asked;
};
extern struct admission admission;
bool admits(void *ctx, const uint8_t key_hash[THM_KEY_HASH]);

/** cmocka's fixture: a scene whose server enrols; its client is the joiner, who knows its CA. */
int set_up_joiner(void **state);

/** The joiner knows the CA "root"; or, of a certificate, only the hash of its key. */
void know_ca(struct scene *s);
void know_pin(struct scene *s, const char *name);

/** Connects, and expects that the server admits the joiner and nothing more. */
void joins(struct scene *s, struct thm_tls_session *session);

#endif
