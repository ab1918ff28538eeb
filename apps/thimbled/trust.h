/*
 * Certificates and deny-list as files: read whole, taken over only when all are good. What was in use
 * before lives on until no handshake needs it.
 */
#ifndef THIMBLED_TRUST_H
#define THIMBLED_TRUST_H

#include <stddef.h>

#include "thimble/enroll.h"
#include "thimble/server.h"

#include "settings.h"

struct trust;

/**
 * Reads the files that the settings name and hands them to the server.
 *
 * @param trust  the former one or NULL; receives the new one
 * @param why    receives one sentence when it fails; then everything stays as it was
 * @return THM_OK, or a negative code
 */
int trust_load(struct trust **trust, struct thm_server *server, const struct settings *settings,
               char *why, size_t cap);

/** What the operator should know of what is in use: see credentials_check(). */
void trust_check(const struct trust *trust, const struct settings *settings,
                 void (*say)(void *ctx, bool ended, const char *text), void *ctx);

/** Frees former ones that are no longer used. */
void trust_tidy(struct trust *trust, const struct thm_server *server);

/** Frees all of them; the server is gone. NULL does nothing. */
void trust_free(struct trust *trust);

/** Devices that are denied. */
unsigned trust_denied(const struct trust *trust);

/** Whether this one is. */
bool trust_denies(const struct trust *trust, const uint8_t key_hash[THM_KEY_HASH]);

/**
 * How invitations name this server, its CA, and where they lead; the port is set by the caller, and stays unless the settings
 * name one.
 *
 * @param why  receives a sentence when it fails
 */
bool trust_here(const struct trust *trust, const struct settings *settings,
                struct thm_invitation *invitation, char *why, size_t cap);

/** Whether a certificate, DER, is by a CA that is trusted here: its holder is let in by it. */
bool trust_vouches(const struct trust *trust, const uint8_t *der, size_t len);

/** When the server's certificate ends: seconds since 1970. */
uint64_t trust_ends(const struct trust *trust);

#endif
