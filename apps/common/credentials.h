/* Credentials from files, with messages that name the file at fault. */
#ifndef THIMBLE_CREDENTIALS_H
#define THIMBLE_CREDENTIALS_H

#include <stdbool.h>

#include "thimble/tls.h"

struct credential_files {
    const char *cafile, *cert, *key;
    const char
        *users_cafile; /* of a server: CAs that are trusted beside cafile's, behind them; or NULL */
};

/**
 * Reads the files.
 *
 * @param c    receives the credentials
 * @param why  receives one sentence when it fails: which file, what is wrong, what to do
 * @return THM_OK, or a negative code
 */
int credentials_read(struct thm_credentials *c, const struct credential_files *files,
                     enum thm_role role, char *why, size_t cap);

/**
 * Says what the person should know of credentials that work: that the certificate has ended or will soon, or that everybody
 * on this machine can read the key.
 *
 * @param renew_at_s  UTC, when it is to be renewed by itself; 0: nobody does that
 * @param say         called with one sentence for each; `ended` when nobody accepts the certificate any more
 */
void credentials_check(const struct thm_credentials *c, const struct credential_files *files,
                       uint64_t renew_at_s, void (*say)(void *ctx, bool ended, const char *text),
                       void *ctx);

#endif
