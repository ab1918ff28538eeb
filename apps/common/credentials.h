/* Credentials from files, with messages that name the file at fault. */
#ifndef THIMBLE_CREDENTIALS_H
#define THIMBLE_CREDENTIALS_H

#include "thimble/tls.h"

struct credential_files {
    const char *cafile, *cert, *key;
};

/**
 * Reads the three files.
 *
 * @param c    receives the credentials
 * @param why  receives one sentence when it fails: which file, what is wrong, what to do
 * @return THM_OK, or a negative code
 */
int credentials_read(struct thm_credentials *c, const struct credential_files *files,
                     enum thm_role role, char *why, size_t cap);

#endif
