/*
 * identity.h: users by the hundred, with certificates signed directly under a CA that thimble-ca made.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "thimble/tls.h"

/** Reads DIR/ca.crt and DIR/ca.key. Whatever fails here or below ends the program with a message. */
void identity_open(const char *dir);

/** Makes a user's key and certificate, in memory only, for struct thm_client_config; never freed. */
const struct thm_credentials *identity_new(const char *user, const char *device);

/** Reads a user's DIR/users/NAME.crt and .key; NAME is "user@device". */
const struct thm_credentials *identity_user(const char *dir, const char *name);

/** Reads a server's DIR/server/HOST.crt and .key. */
const struct thm_credentials *identity_server(const char *dir, const char *host);

#endif
