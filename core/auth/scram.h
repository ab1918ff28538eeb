/*
 * What both ends of SCRAM share: the keyed hashes of RFC 5802, section 3, the syntax of its messages (section 7), and the
 * text that both sign.
 */
#ifndef THM_AUTH_SCRAM_H
#define THM_AUTH_SCRAM_H

#include "thimble/auth.h"
#include "util/text.h"

#define THM_SCRAM_HEADER     "p=tls-server-end-point,,"
#define THM_SCRAM_HEADER_LEN (sizeof THM_SCRAM_HEADER - 1)
/* Characters of one end's part of the nonce, and of both together. Ours have 24. */
#define THM_SCRAM_NONCE_PART 64
#define THM_SCRAM_NONCE_BOTH (2 * THM_SCRAM_NONCE_PART)
/* Bytes of the longest client-first-bare that a server takes. */
#define THM_SCRAM_BARE 216

/* --- keyed hashes --- */

void thm_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                     uint8_t out[THM_SCRAM_KEY]);
void thm_sha256(const void *data, size_t len, uint8_t out[THM_SCRAM_KEY]);

/** Whether both hold the same, in a time that does not tell where they differ. */
bool thm_same_secret(const uint8_t *a, const uint8_t *b, size_t len);

/** ClientKey and ServerKey of a SaltedPassword. */
void thm_scram_split(const uint8_t salted[THM_SCRAM_KEY], uint8_t client_key[THM_SCRAM_KEY],
                     uint8_t server_key[THM_SCRAM_KEY]);

/** THM_SCRAM_OK, or which of them is out of the range that config.h gives. */
enum thm_scram thm_scram_judge(size_t salt_len, uint32_t iterations);

/* --- syntax --- */

/* A message, taken apart from the front. */
struct thm_scram_reader {
    const char *at;
    size_t left;
    bool comma; /* one was taken: something has to follow */
};

struct thm_scram_value {
    const char *data;
    size_t len;
};

/** Takes "<name>=<value>" and the comma behind it. False: something else stands there, or the value is empty. */
bool thm_scram_take(struct thm_scram_reader *r, char name, struct thm_scram_value *value);

/**
 * Takes the extensions in the end of a message, which are ignored: letters that have no meaning here.
 *
 * @param last  a letter before which to stop; 0: none, and everything is taken
 * @return THM_SCRAM_OK; THM_SCRAM_EXTENSION for a mandatory one; THM_SCRAM_MALFORMED
 */
enum thm_scram thm_scram_skip(struct thm_scram_reader *r, char last);

/** Why something else stands where an attribute was to be: a mandatory extension, or bad form. */
enum thm_scram thm_scram_why(const struct thm_scram_reader *r);

/** Whether a nonce is of printable ASCII without a comma. */
bool thm_scram_is_nonce(struct thm_scram_value nonce);

/** The number that a value is, in decimal without leading zeros, at most 9 digits; 0 for anything else. */
uint32_t thm_scram_number(struct thm_scram_value value);

/* --- what is signed --- */

/** Appends to what was said. False: there is no room, nothing was appended. */
bool thm_scram_say(struct thm_scram_said *said, const char *text, size_t len);

/** Signs what was said and `rest` with a key. */
void thm_scram_sign(const struct thm_scram_said *said, const char *rest, size_t rest_len,
                    const uint8_t key[THM_SCRAM_KEY], uint8_t signature[THM_SCRAM_KEY]);

/** Sets what is bound to: the GS2 header and the certificate's hash. */
void thm_scram_bind(struct thm_scram_said *said, const uint8_t leaf_hash[THM_SCRAM_KEY]);

/*
 * --- seams for tests: the same exchange with a nonce, and a binding, that are given. RFC 7677's example has none ---
 *
 * The binding is in `said` already: its text is empty, nothing else is set.
 */

/** Writes client-first-bare behind what `message` holds already. */
enum thm_scram thm_scram_client_say_first(struct thm_scram_client *c, const char *user,
                                          const char *nonce, struct thm_text *message);
/** Takes client-first-bare. */
enum thm_scram thm_scram_server_hear_first(struct thm_scram_server *s, const char *bare,
                                           size_t len);
enum thm_scram thm_scram_server_say_challenge(struct thm_scram_server *s,
                                              const struct thm_scram_verifier *verifier,
                                              const struct thm_scram_unknown *unknown,
                                              const char *nonce, char message[THM_SCRAM_MESSAGE]);

#endif
