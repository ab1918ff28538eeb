/*
 * Keys and certificates as files hold them.
 */
#include "thimble/enroll.h"

#if THM_CREDENTIALS_MAX

#include <bearssl.h>
#include <string.h>

#include "tls/key.h"
#include "tls/wipe.h"

int thm_enroll_read_key(const char *text, size_t len, uint8_t key[THM_ENROLL_KEY])
{
    return thm_key_read(text, len, key);
}

size_t thm_enroll_write_key(const uint8_t key[THM_ENROLL_KEY], char pem[THM_KEY_PEM])
{
    uint8_t scalar[THM_ENROLL_KEY], point[65], der[128];
    const br_ec_private_key sk = {BR_EC_secp256r1, scalar, sizeof scalar};
    const br_ec_public_key pk = {BR_EC_secp256r1, point, sizeof point};

    memcpy(scalar, key, sizeof scalar);
    thm_enroll_point(key, point);
    size_t len = br_encode_ec_raw_der(der, &sk, &pk); /* 121 */
    len = br_pem_encode(pem, der, len, BR_ENCODE_PEM_EC_RAW, BR_PEM_LINE64);
    thm_wipe(scalar, sizeof scalar);
    thm_wipe(der, sizeof der);
    return len;
}

size_t thm_enroll_write_certificate(const uint8_t *der, size_t len, char *pem)
{
    return br_pem_encode(pem, der, len, "CERTIFICATE", BR_PEM_LINE64);
}

#endif
