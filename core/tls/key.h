/* A private key as files hold it. */
#ifndef THM_TLS_KEY_H
#define THM_TLS_KEY_H

#include <stddef.h>
#include <stdint.h>

#define THM_SCALAR 32 /* bytes of a private key */

/**
 * Reads a P-256 key in PEM or DER, PKCS#8 or SEC1. Missing when THM_CREDENTIALS_MAX is 0.
 *
 * @return THM_OK; THM_E_PEM; THM_E_KEY: it is not one P-256 key. `scalar` is zero then
 */
int thm_key_read(const char *text, size_t len, uint8_t scalar[THM_SCALAR]);

#endif
