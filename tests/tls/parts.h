/*
 * Credentials taken apart, as a board's provisioning does it beforehand.
 */
#ifndef TEST_TLS_PARTS_H
#define TEST_TLS_PARTS_H

#include "thimble/tls.h"

struct parts {
    struct thm_credential_parts parts; /* points to the rest */
    size_t name_len;
    unsigned char name[512], point[65], key[32];
    unsigned char der[THM_CHAIN_MAX][THM_CERT_MAX];
};

/** Takes CA.crt, NAME.crt and NAME.key apart. The identity's user and device are left empty. */
void parts_read(struct parts *p, const char *ca, const char *name);

#endif
