#include "auth/scram.h"

#include <string.h>

#include <bearssl.h>

#include "tls/wipe.h"

/* One string for all words, as nobody is in a hurry here. */
const char *thm_scram_word(enum thm_scram reason)
{
    static const char words[] =
#define THM_SCRAM_A_WORD(name, word, sentence) word "\0"
        THM_SCRAM_REASONS(THM_SCRAM_A_WORD);
#undef THM_SCRAM_A_WORD

    return thm_text_nth(words, (unsigned)reason);
}

const char *thm_scram_text(enum thm_scram reason)
{
    static const char sentences[] =
#define THM_SCRAM_A_SENTENCE(name, word, sentence) sentence "\0"
        THM_SCRAM_REASONS(THM_SCRAM_A_SENTENCE);
#undef THM_SCRAM_A_SENTENCE
    const char *sentence = thm_text_nth(sentences, (unsigned)reason);

    return sentence[0] != '\0' ? sentence : thm_scram_word(reason);
}

/* --- keyed hashes --- */

void thm_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                     uint8_t out[THM_SCRAM_KEY])
{
    br_hmac_key_context keyed;
    br_hmac_context hmac;

    br_hmac_key_init(&keyed, &br_sha256_vtable, key, key_len);
    br_hmac_init(&hmac, &keyed, 0);
    br_hmac_update(&hmac, data, len);
    br_hmac_out(&hmac, out);
    thm_wipe(&hmac, sizeof hmac);
    thm_wipe(&keyed, sizeof keyed);
}

void thm_sha256(const void *data, size_t len, uint8_t out[THM_SCRAM_KEY])
{
    br_sha256_context sha;

    br_sha256_init(&sha);
    br_sha256_update(&sha, data, len);
    br_sha256_out(&sha, out);
    thm_wipe(&sha, sizeof sha);
}

bool thm_same_secret(const uint8_t *a, const uint8_t *b, size_t len)
{
    volatile uint8_t differences = 0;

    for (size_t i = 0; i < len; i++)
        differences = (uint8_t)(differences | (a[i] ^ b[i]));
    return differences == 0;
}

void thm_scram_split(const uint8_t salted[THM_SCRAM_KEY], uint8_t client_key[THM_SCRAM_KEY],
                     uint8_t server_key[THM_SCRAM_KEY])
{
    thm_hmac_sha256(salted, THM_SCRAM_KEY, "Client Key", 10, client_key);
    thm_hmac_sha256(salted, THM_SCRAM_KEY, "Server Key", 10, server_key);
}

enum thm_scram thm_scram_judge(size_t salt_len, uint32_t iterations)
{
    if (salt_len < THM_SCRAM_SALT_MIN || salt_len > THM_SCRAM_SALT_MAX)
        return THM_SCRAM_BAD_SALT;
    if (iterations < THM_SCRAM_ITERATIONS_MIN)
        return THM_SCRAM_TOO_FEW;
    return iterations > THM_SCRAM_ITERATIONS_MAX ? THM_SCRAM_TOO_MANY : THM_SCRAM_OK;
}

/* --- syntax --- */

bool thm_scram_take(struct thm_scram_reader *r, char name, struct thm_scram_value *value)
{
    const char *comma;

    if (r->left < 3 || r->at[0] != name || r->at[1] != '=')
        return false;
    comma = memchr(r->at + 2, ',', r->left - 2);
    value->data = r->at + 2;
    value->len = (comma ? (size_t)(comma - r->at) : r->left) - 2;
    r->comma = comma != NULL;
    r->at += 2 + value->len + r->comma;
    r->left -= 2 + value->len + r->comma;
    return value->len > 0 && !memchr(value->data, '\0', value->len);
}

enum thm_scram thm_scram_why(const struct thm_scram_reader *r)
{
    return r->left >= 2 && r->at[0] == 'm' && r->at[1] == '=' ? THM_SCRAM_EXTENSION
                                                              : THM_SCRAM_MALFORMED;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

enum thm_scram thm_scram_skip(struct thm_scram_reader *r, char last)
{
    static const char known[] = "anmrcsipve"; /* each has one place, or is mandatory */
    struct thm_scram_value ignored;

    while (r->left > 0 && (last == 0 || r->at[0] != last)) {
        char name = r->at[0];
        if (strchr(known, name) || !is_letter(name))
            return thm_scram_why(r);
        if (!thm_scram_take(r, name, &ignored))
            return THM_SCRAM_MALFORMED;
    }
    return last == 0 && r->comma ? THM_SCRAM_MALFORMED : THM_SCRAM_OK;
}

bool thm_scram_is_nonce(struct thm_scram_value nonce)
{
    for (size_t i = 0; i < nonce.len; i++)
        if (nonce.data[i] < 0x21 || nonce.data[i] > 0x7e || nonce.data[i] == ',')
            return false;
    return nonce.len > 0;
}

uint32_t thm_scram_number(struct thm_scram_value value)
{
    uint32_t number = 0;

    if (value.len == 0 || value.len > 9 || value.data[0] == '0')
        return 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return 0;
        number = 10 * number + (uint32_t)(value.data[i] - '0');
    }
    return number;
}

/* --- what is signed --- */

bool thm_scram_say(struct thm_scram_said *said, const char *text, size_t len)
{
    if (len > sizeof said->text - said->len)
        return false;
    memcpy(said->text + said->len, text, len);
    said->len = (uint16_t)(said->len + len);
    return true;
}

void thm_scram_sign(const struct thm_scram_said *said, const char *rest, size_t rest_len,
                    const uint8_t key[THM_SCRAM_KEY], uint8_t signature[THM_SCRAM_KEY])
{
    br_hmac_key_context keyed;
    br_hmac_context hmac;

    br_hmac_key_init(&keyed, &br_sha256_vtable, key, THM_SCRAM_KEY);
    br_hmac_init(&hmac, &keyed, 0);
    br_hmac_update(&hmac, said->text, said->len);
    br_hmac_update(&hmac, rest, rest_len);
    br_hmac_out(&hmac, signature);
    thm_wipe(&hmac, sizeof hmac);
    thm_wipe(&keyed, sizeof keyed);
}

void thm_scram_bind(struct thm_scram_said *said, const uint8_t leaf_hash[THM_SCRAM_KEY])
{
    _Static_assert(THM_SCRAM_HEADER_LEN + THM_SCRAM_KEY == sizeof said->binding,
                   "both fit exactly");

    memcpy(said->binding, THM_SCRAM_HEADER, THM_SCRAM_HEADER_LEN);
    memcpy(said->binding + THM_SCRAM_HEADER_LEN, leaf_hash, THM_SCRAM_KEY);
    said->binding_len = sizeof said->binding;
}
