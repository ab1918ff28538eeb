/*
 * Enrolment: how a machine or a board gets its certificate, and renews it.
 *
 * An invitation is one word, which somebody is given: where the server is, by which hash its CA is known, and a
 * secret. The secret gives the bootstrap key; whoever shows a self-signed certificate of that key is admitted to the
 * protocol THM_ENROLL_ALPN, for one thing: to send a certificate request (PKCS#10) for a key that was born where it
 * stays. The server knows of the bootstrap key its hash and no more.
 *
 * Keys are P-256 scalars, 32 bytes, big-endian; requests and certificates are DER. Nothing here allocates or blocks.
 */
#ifndef THIMBLE_ENROLL_H
#define THIMBLE_ENROLL_H

#include <stddef.h>
#include <stdint.h>

#include "thimble/port.h"
#include "thimble/tls.h"
#include "thimble/wire.h"

#define THM_ENROLL_ALPN   "thimble-enroll/1"
#define THM_ENROLL_SECRET 16 /* bytes of an invitation's secret */
#define THM_ENROLL_KEY    32 /* bytes of a private key */

/* --- the invitation --------------------------------------------------------------------------- */

/* The longest host name, with its terminator (RFC 1035, section 2.3.4). */
#define THM_HOST_MAX 254
/* The longest invitation as text, with its terminator. */
#define THM_INVITATION_TEXT (2 * THM_HOST_MAX + 70)

struct thm_invitation {
    char host[THM_HOST_MAX];        /* to dial: a name or an address, IPv6 without brackets */
    uint16_t port;                  /* TCP */
    char server_name[THM_HOST_MAX]; /* that the server's certificate has to carry; never "" */
    uint8_t ca[THM_CA_PIN];         /* the first bytes of the hash of the CA's public key */
    uint8_t secret[THM_ENROLL_SECRET];
};

/**
 * Reads an invitation: THM1:HOST:PORT/CA/SECRET, or THM1:HOST:PORT/CA/SECRET/NAME where the server's name is not the
 * host that is dialled. CA and SECRET are 16 bytes in base64url without padding (RFC 4648, section 5); an IPv6 address stands
 * in brackets. There is one text for each invitation: a NAME that is the HOST, or bits that belong to no byte, are refused.
 *
 * @param text  `len` bytes; blanks around it are skipped, and "thimble join " before it, as it is printed
 * @return THM_OK, or THM_E_TOKEN, with `invitation` wiped
 */
int thm_invitation_read(struct thm_invitation *invitation, const char *text, size_t len);

/**
 * Sets where an invitation leads: HOST or HOST:PORT; without PORT that one stays.
 *
 * @return THM_OK, or THM_E_TOKEN: it is none of these; then `host` is undefined
 */
int thm_invitation_host(struct thm_invitation *invitation, const char *text, size_t len);

/** Writes one, terminated; the reverse. Host and name must be what thm_invitation_read() takes. Returns the bytes written,
 * without the terminator. */
size_t thm_invitation_print(const struct thm_invitation *invitation,
                            char text[THM_INVITATION_TEXT]);

/* --- keys ------------------------------------------------------------------------------------- */

/**
 * The bootstrap key of a secret: DeriveKeyPair of DHKEM(P-256, HKDF-SHA256) (RFC 9180, section 7.1.3) with
 * "thimble-enroll/1" and the secret, one behind the other, as its input keying material.
 */
void thm_enroll_bootstrap_key(const uint8_t secret[THM_ENROLL_SECRET], uint8_t key[THM_ENROLL_KEY]);

/** DeriveKeyPair itself, for any input keying material. */
void thm_enroll_derive_key(const uint8_t *ikm, size_t len, uint8_t key[THM_ENROLL_KEY]);

/**
 * Draws a new key from the port's entropy: candidates are tested (FIPS 186-4, B.4.2).
 *
 * @return THM_OK or THM_E_ENTROPY
 */
int thm_enroll_new_key(struct thm_port *port, uint8_t key[THM_ENROLL_KEY]);

/** The public point, and its hash as everybody who knows the device has it (SHA-256 of SubjectPublicKeyInfo). */
void thm_enroll_point(const uint8_t key[THM_ENROLL_KEY], uint8_t point[65]);
void thm_enroll_key_hash(const uint8_t key[THM_ENROLL_KEY], uint8_t hash[THM_KEY_HASH]);

/* --- what is shown and sent ------------------------------------------------------------------- */

/* Bytes of what the following two write at most. */
#define THM_BOOTSTRAP_MAX 320

/**
 * Writes the self-signed certificate of a bootstrap key: X.509 v1, as it has no extensions (RFC 5280, section 4.1.2.1),
 * valid from 2024 on without an end (section 4.1.2.5), its name says nothing. The same for the same key.
 *
 * @return bytes written
 */
size_t thm_enroll_certificate(const uint8_t key[THM_ENROLL_KEY], uint8_t der[THM_BOOTSTRAP_MAX]);

/**
 * Writes the certificate request of a key (RFC 2986) with an empty subject: who it is for is not the requester's to say. The
 * same for the same key (RFC 6979), so that a request that is sent again is known to be the same.
 *
 * @return bytes written
 */
size_t thm_enroll_request(const uint8_t key[THM_ENROLL_KEY], uint8_t der[THM_BOOTSTRAP_MAX]);

/**
 * The short code of a request, by which a person who is to approve it knows it from others: the first 20 bits of its SHA-256,
 * modulo 1,000,000. Shown with six digits.
 */
unsigned thm_enroll_code(const uint8_t *request, size_t len);

/* --- what comes back ---------------------------------------------------------------------------- */

/**
 * Reads a certificate that was issued, without the decoders that a board does not have: whether it is for the key that it was
 * asked for, and until when. That it is a good one will be seen by the server.
 *
 * @param reply     the line that it came in: whom it is for
 * @param key_hash  of the key that it has to be for
 * @param who       receives user, device, key hash and end
 * @return THM_OK; THM_E_CERT: it can't be read, or is longer than THM_ISSUED_MAX; THM_E_KEY: it is for another key;
 *         THM_E_KEY_MISSING: it is for nobody
 */
int thm_enroll_read(const uint8_t *der, size_t len, const struct thm_msg *reply,
                    const uint8_t key_hash[THM_KEY_HASH], struct thm_identity *who);

/** SHA-256 of an invitation's secret: by it a device knows later which one it was that it came by. */
void thm_enroll_secret_hash(const uint8_t secret[THM_ENROLL_SECRET], uint8_t hash[THM_KEY_HASH]);

/* --- files -------------------------------------------------------------------------------------- */

/**
 * The hash of the key that a request is for: of the first P-256 key in it. Does not look at anything else, nor whether that
 * key has signed it.
 *
 * @return false: there is none
 */
bool thm_enroll_requested_key(const uint8_t *request, size_t len, uint8_t hash[THM_KEY_HASH]);

/**
 * Reads a private key as files hold it: PEM or DER, PKCS#8 or SEC1. Missing when THM_CREDENTIALS_MAX is 0.
 *
 * @return THM_OK; THM_E_PEM; THM_E_KEY: it is not one P-256 key. `key` is wiped then
 */
int thm_enroll_read_key(const char *text, size_t len, uint8_t key[THM_ENROLL_KEY]);

/**
 * Reads the one certificate in a file, PEM or DER. Missing when THM_CREDENTIALS_MAX is 0.
 *
 * @param der  receives it, at most `cap` bytes
 * @return its bytes; 0: there is none, there are several, or it is longer
 */
size_t thm_enroll_read_certificate(const char *text, size_t len, uint8_t *der, size_t cap);

/* Bytes of `len` bytes of DER as PEM, terminator included. */
#define THM_PEM_MAX(len) ((len) / 48 * 65 + 65 + 2 * 32)
#define THM_KEY_PEM      THM_PEM_MAX(128)

/** Writes a key (RFC 5915), or a certificate, as PEM (RFC 7468), terminated. Returns the bytes written. */
size_t thm_enroll_write_key(const uint8_t key[THM_ENROLL_KEY], char pem[THM_KEY_PEM]);
size_t thm_enroll_write_certificate(const uint8_t *der, size_t len, char *pem);

#endif
