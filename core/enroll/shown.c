#include "thimble/enroll.h"

#if THM_ENROLL

#include <string.h>

#include "tls/leaf.h"
#include "tls/profile.h"

/*
 * Both forms are SEQUENCE { to be signed, AlgorithmIdentifier, BIT STRING }, and what is to be signed has the public key in it.
 * All of that but key and signature is always the same.
 */

#define POINT     65
#define SIGNATURE 72 /* bytes of r and s in DER at most */

/* ecdsa-with-SHA256 (RFC 5758, section 3.2) */
#define ALGORITHM 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02

/* CN=thimble invitation, a UTF8String */
#define NAME                                                                                       \
    0x30, 0x1d, 0x31, 0x1b, 0x30, 0x19, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x12, 't', 'h', 'i',   \
        'm', 'b', 'l', 'e', ' ', 'i', 'n', 'v', 'i', 't', 'a', 't', 'i', 'o', 'n'

/* TBSCertificate up to the key, which is its end. Without a version, that is v1, which fits what has no extensions (RFC 5280,
 * section 4.1.2.1). A date before 2050 must be a UTCTime (section 4.1.2.5). */
static const unsigned char certificate[] = {
    0x30,      0x81, 0xca, /* 202 bytes */
    0x02,      0x01, 0x01, /* serialNumber 1 */
    ALGORITHM, NAME, 0x30, 0x20, 0x17, 0x0d, '2',  '4',  '0', '1', '0',  '1', '0',
    '0',       '0',  '0',  '0',  '0',  'Z',  0x18, 0x0f, '9', '9', '9',  '9', '1',
    '2',       '3',  '1',  '2',  '3',  '5',  '9',  '5',  '9', 'Z', NAME,
};
_Static_assert(sizeof certificate + THM_SPKI_PREFIX + POINT == 3 + 0xca, "its length is right");

/* CertificationRequestInfo up to the key: version 0, no name. Behind it: no attributes. */
static const unsigned char request[] = {0x30, 0x62, 0x02, 0x01, 0x00, 0x30, 0x00};
static const unsigned char request_end[] = {0xa0, 0x00};
_Static_assert(sizeof request + THM_SPKI_PREFIX + POINT + sizeof request_end == 2 + 0x62,
               "and its");

static const unsigned char algorithm[] = {ALGORITHM};

/* The longest is the certificate, and its SEQUENCE has a header of 4 bytes. */
_Static_assert(4 + sizeof certificate + THM_SPKI_PREFIX + POINT + sizeof algorithm + 3 +
                       SIGNATURE <=
                   THM_BOOTSTRAP_MAX,
               "THM_BOOTSTRAP_MAX is enough");

static unsigned char *put(unsigned char *to, const unsigned char *bytes, size_t len)
{
    memcpy(to, bytes, len);
    return to + len;
}

/* Signs what lies between `from` and `to`, and puts algorithm and signature behind it. */
static unsigned char *put_signature(unsigned char *to, const unsigned char *from,
                                    const uint8_t *key)
{
    const br_ec_private_key private = {BR_EC_secp256r1, (unsigned char *)(uintptr_t)key,
                                       THM_ENROLL_KEY};
    unsigned char hash[br_sha256_SIZE];
    br_sha256_context sha;
    size_t len;

    br_sha256_init(&sha);
    br_sha256_update(&sha, from, (size_t)(to - from));
    br_sha256_out(&sha, hash);
    to = put(to, algorithm, sizeof algorithm);
    len = THM_SIGN(THM_EC, &br_sha256_vtable, hash, &private, to + 3);
    to[0] = 0x03; /* BIT STRING, all bits of its last byte used */
    to[1] = (unsigned char)(1 + len);
    to[2] = 0;
    return to + 3 + len;
}

static unsigned char *put_key(unsigned char *to, const uint8_t *key)
{
    to = put(to, thm_spki_prefix, sizeof thm_spki_prefix);
    thm_enroll_point(key, to);
    return to + POINT;
}

/* The bytes behind a header have always a length of that many bytes: r and s would have to begin with 16 zeros to change it. */
size_t thm_enroll_certificate(const uint8_t key[THM_ENROLL_KEY], uint8_t der[THM_BOOTSTRAP_MAX])
{
    unsigned char *signed_at = der + 4, *end;
    size_t len;

    end = put(signed_at, certificate, sizeof certificate);
    end = put_key(end, key);
    end = put_signature(end, signed_at, key);
    len = (size_t)(end - signed_at);
    der[0] = 0x30;
    der[1] = 0x82;
    der[2] = (unsigned char)(len >> 8);
    der[3] = (unsigned char)len;
    return 4 + len;
}

size_t thm_enroll_request(const uint8_t key[THM_ENROLL_KEY], uint8_t der[THM_BOOTSTRAP_MAX])
{
    unsigned char *signed_at = der + 3, *end;
    size_t len;

    end = put(signed_at, request, sizeof request);
    end = put_key(end, key);
    end = put(end, request_end, sizeof request_end);
    end = put_signature(end, signed_at, key);
    len = (size_t)(end - signed_at);
    der[0] = 0x30;
    der[1] = 0x81;
    der[2] = (unsigned char)len;
    return 3 + len;
}

#endif
