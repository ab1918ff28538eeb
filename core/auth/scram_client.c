/*
 * A client's end of SCRAM.
 */
#include <string.h>

#include "auth/scram.h"
#include "tls/wipe.h"
#include "util/base64.h"

enum { IDLE, FIRST_SENT, CHALLENGED, ANSWERED };

void thm_scram_client_wipe(struct thm_scram_client *c)
{
    thm_wipe(c, sizeof *c);
}

/* The exchange is over; of all that it held only the verdict stays. */
static enum thm_scram end(struct thm_scram_client *c, enum thm_scram verdict)
{
    thm_scram_client_wipe(c);
    return verdict;
}

/* A name as RFC 5802, section 5.1 writes it. */
static void put_name(struct thm_text *t, const char *name)
{
    for (; *name != '\0'; name++) {
        if (*name == ',')
            thm_text_str(t, "=2C");
        else if (*name == '=')
            thm_text_str(t, "=3D");
        else
            thm_text_char(t, *name);
    }
}

enum thm_scram thm_scram_client_say_first(struct thm_scram_client *c, const char *user,
                                          const char *nonce, struct thm_text *message)
{
    size_t header = message->len, len = strlen(user);

    if (len == 0 || len > THM_ID_MAX)
        return THM_SCRAM_USER;
    thm_text_str(message, "n=");
    put_name(message, user);
    thm_text_str(message, ",r=");
    thm_text_str(message, nonce);
    if (message->truncated ||
        !thm_scram_say(&c->said, message->data + header, message->len - header))
        return THM_SCRAM_USER;
    c->said.nonce_len = (uint8_t)strlen(nonce);
    c->said.nonce_at = (uint16_t)(c->said.len - c->said.nonce_len);
    c->phase = FIRST_SENT;
    return THM_SCRAM_OK;
}

enum thm_scram thm_scram_client_start(struct thm_scram_client *c, const char *user,
                                      const uint8_t entropy[THM_SCRAM_ENTROPY],
                                      const uint8_t leaf_hash[THM_SCRAM_KEY],
                                      char message[THM_SCRAM_MESSAGE])
{
    char nonce[THM_BASE64_LEN(THM_SCRAM_ENTROPY) + 1];
    struct thm_text t;
    enum thm_scram verdict;

    memset(c, 0, sizeof *c);
    thm_scram_bind(&c->said, leaf_hash);
    thm_text_init(&t, nonce, sizeof nonce);
    thm_text_base64(&t, entropy, THM_SCRAM_ENTROPY);
    thm_text_init(&t, message, THM_SCRAM_MESSAGE);
    thm_text_str(&t, THM_SCRAM_HEADER);
    verdict = thm_scram_client_say_first(c, user, nonce, &t);
    if (verdict != THM_SCRAM_OK)
        message[0] = '\0';
    return verdict == THM_SCRAM_OK ? verdict : end(c, verdict);
}

/* Whether the server's nonce is ours and more. */
static bool extends(const struct thm_scram_said *said, struct thm_scram_value nonce)
{
    return thm_scram_is_nonce(nonce) && nonce.len > said->nonce_len &&
           memcmp(nonce.data, said->text + said->nonce_at, said->nonce_len) == 0;
}

static enum thm_scram hear_challenge(struct thm_scram_client *c, const char *message, size_t len)
{
    struct thm_scram_reader r = {message, len, false};
    struct thm_scram_value nonce, salt, iterations;
    uint8_t long_salt[THM_SCRAM_MESSAGE / 4 * 3];
    enum thm_scram verdict;
    size_t salt_len;

    if (len > THM_SCRAM_MESSAGE)
        return THM_SCRAM_MALFORMED;
    if (!thm_scram_take(&r, 'r', &nonce))
        return thm_scram_why(&r);
    if (!thm_scram_take(&r, 's', &salt) || !thm_scram_take(&r, 'i', &iterations))
        return THM_SCRAM_MALFORMED;
    verdict = thm_scram_skip(&r, 0);
    if (verdict != THM_SCRAM_OK)
        return verdict;
    if (!extends(&c->said, nonce) || nonce.len > THM_SCRAM_NONCE_BOTH)
        return THM_SCRAM_NONCE;
    if (!thm_base64_read(salt.data, salt.len, long_salt, sizeof long_salt, &salt_len) ||
        thm_scram_number(iterations) == 0)
        return THM_SCRAM_MALFORMED;
    verdict = thm_scram_judge(salt_len, thm_scram_number(iterations));
    if (verdict != THM_SCRAM_OK)
        return verdict;
    c->iterations = thm_scram_number(iterations);
    c->salt_len = (uint8_t)salt_len;
    memcpy(c->salt, long_salt, salt_len);
    c->said.nonce_len = (uint8_t)nonce.len;
    c->said.nonce_at = (uint16_t)(c->said.len + 3); /* behind ",r=" */
    if (!thm_scram_say(&c->said, ",", 1) || !thm_scram_say(&c->said, message, len) ||
        !thm_scram_say(&c->said, ",", 1))
        return THM_SCRAM_MALFORMED;
    c->phase = CHALLENGED;
    return THM_SCRAM_OK;
}

enum thm_scram thm_scram_client_challenge(struct thm_scram_client *c, const char *message,
                                          size_t len)
{
    enum thm_scram verdict = THM_SCRAM_STATE;

    if (c->phase == FIRST_SENT)
        verdict = hear_challenge(c, message, len);
    return verdict == THM_SCRAM_OK ? verdict : end(c, verdict);
}

/* ClientProof = ClientKey XOR HMAC(StoredKey, AuthMessage) */
static void prove(const struct thm_scram_client *c, const struct thm_scram_keys *keys,
                  const struct thm_text *unsigned_part, uint8_t proof[THM_SCRAM_KEY])
{
    uint8_t stored_key[THM_SCRAM_KEY];

    thm_sha256(keys->client_key, sizeof keys->client_key, stored_key);
    thm_scram_sign(&c->said, unsigned_part->data, unsigned_part->len, stored_key, proof);
    for (size_t i = 0; i < THM_SCRAM_KEY; i++)
        proof[i] ^= keys->client_key[i];
    thm_wipe(stored_key, sizeof stored_key);
}

enum thm_scram thm_scram_client_answer(struct thm_scram_client *c,
                                       const struct thm_scram_keys *keys,
                                       char message[THM_SCRAM_MESSAGE])
{
    uint8_t proof[THM_SCRAM_KEY];
    struct thm_text t;

    message[0] = '\0';
    if (c->phase != CHALLENGED)
        return end(c, THM_SCRAM_STATE);
    if (keys->iterations != c->iterations || keys->salt_len != c->salt_len ||
        memcmp(keys->salt, c->salt, c->salt_len) != 0)
        return THM_SCRAM_OTHER_KEYS;
    thm_text_init(&t, message, THM_SCRAM_MESSAGE);
    thm_text_str(&t, "c=");
    thm_text_base64(&t, c->said.binding, c->said.binding_len);
    thm_text_str(&t, ",r=");
    thm_text_bytes(&t, c->said.text + c->said.nonce_at, c->said.nonce_len);
    prove(c, keys, &t, proof);
    thm_scram_sign(&c->said, t.data, t.len, keys->server_key, c->server_signature);
    thm_text_str(&t, ",p=");
    thm_text_base64(&t, proof, sizeof proof);
    thm_wipe(proof, sizeof proof);
    thm_wipe(&c->said, sizeof c->said);
    c->phase = ANSWERED;
    return THM_SCRAM_OK;
}

/* What the server gives as its reason; THM_SCRAM_REFUSED for a word that is none of ours. */
static enum thm_scram reason_of(struct thm_scram_value word)
{
    for (unsigned reason = THM_SCRAM_MALFORMED; reason < THM_SCRAM_OTHER_KEYS; reason++) {
        const char *known = thm_scram_word((enum thm_scram)reason);
        if (strcmp(known, "other-error") != 0 && strlen(known) == word.len &&
            memcmp(known, word.data, word.len) == 0)
            return (enum thm_scram)reason;
    }
    return THM_SCRAM_REFUSED;
}

static enum thm_scram hear_verdict(struct thm_scram_client *c, const char *message, size_t len,
                                   enum thm_scram *refusal)
{
    struct thm_scram_reader r = {message, len, false};
    struct thm_scram_value value;
    uint8_t signature[THM_SCRAM_KEY];
    bool refused = thm_scram_take(&r, 'e', &value);
    enum thm_scram verdict;
    size_t n;

    if (!refused && !thm_scram_take(&r, 'v', &value))
        return thm_scram_why(&r);
    verdict = thm_scram_skip(&r, 0);
    if (verdict != THM_SCRAM_OK)
        return verdict;
    if (refused) {
        *refusal = reason_of(value);
        return THM_SCRAM_REFUSED;
    }
    if (!thm_base64_read(value.data, value.len, signature, sizeof signature, &n) ||
        n != sizeof signature)
        return THM_SCRAM_MALFORMED;
    return thm_same_secret(signature, c->server_signature, sizeof signature) ? THM_SCRAM_OK
                                                                             : THM_SCRAM_SERVER;
}

enum thm_scram thm_scram_client_verify(struct thm_scram_client *c, const char *message, size_t len)
{
    enum thm_scram verdict = THM_SCRAM_STATE, refusal = THM_SCRAM_OK;

    if (c->phase == ANSWERED)
        verdict = hear_verdict(c, message, len, &refusal);
    end(c, verdict);
    c->refusal = (uint8_t)refusal;
    return verdict;
}
