/*
 * From a passcode to what each end keeps of it.
 */
#include <string.h>

#include "auth/scram.h"
#include "tls/wipe.h"
#include "util/base64.h"

#define PREFIX "SCRAM-SHA-256$"

_Static_assert(sizeof PREFIX - 1 + 6 + 1 + THM_BASE64_LEN(THM_SCRAM_SALT_MAX) + 1 +
                       2 * THM_BASE64_LEN(THM_SCRAM_KEY) + 1 <
                   THM_SCRAM_VERIFIER_TEXT,
               "any verifier fits its text");

enum thm_scram thm_scram_keys_start(struct thm_scram_job *job, struct thm_scram_keys *keys,
                                    const void *passcode, size_t len, const uint8_t *salt,
                                    size_t salt_len, uint32_t iterations)
{
    enum thm_scram verdict = thm_scram_judge(salt_len, iterations);

    memset(job, 0, sizeof *job);
    memset(keys, 0, sizeof *keys);
    if (verdict != THM_SCRAM_OK)
        return verdict;
    job->keys = keys;
    keys->iterations = iterations;
    keys->salt_len = (uint8_t)salt_len;
    memcpy(keys->salt, salt, salt_len);
    thm_pbkdf2_start(&job->pbkdf2, passcode, len, salt, salt_len, iterations);
    return THM_SCRAM_OK;
}

bool thm_scram_keys_step(struct thm_scram_job *job, uint32_t iterations)
{
    uint8_t salted[THM_SCRAM_KEY];

    if (!thm_pbkdf2_step(&job->pbkdf2, iterations))
        return false;
    thm_pbkdf2_done(&job->pbkdf2, salted);
    thm_scram_split(salted, job->keys->client_key, job->keys->server_key);
    thm_wipe(salted, sizeof salted);
    thm_wipe(job, sizeof *job);
    return true;
}

void thm_scram_keys_cancel(struct thm_scram_job *job)
{
    if (job->keys)
        thm_wipe(job->keys, sizeof *job->keys);
    thm_wipe(job, sizeof *job);
}

void thm_scram_verifier_of(const struct thm_scram_keys *keys, struct thm_scram_verifier *verifier)
{
    verifier->iterations = keys->iterations;
    verifier->salt_len = keys->salt_len;
    memcpy(verifier->salt, keys->salt, sizeof verifier->salt);
    thm_sha256(keys->client_key, sizeof keys->client_key, verifier->stored_key);
    memcpy(verifier->server_key, keys->server_key, sizeof verifier->server_key);
}

enum thm_scram thm_scram_verifier_make(struct thm_scram_verifier *verifier, const void *passcode,
                                       size_t len, const uint8_t *salt, size_t salt_len,
                                       uint32_t iterations)
{
    struct thm_scram_keys keys;
    struct thm_scram_job job;
    enum thm_scram verdict =
        thm_scram_keys_start(&job, &keys, passcode, len, salt, salt_len, iterations);

    if (verdict != THM_SCRAM_OK)
        return verdict;
    thm_scram_keys_step(&job, iterations);
    thm_scram_verifier_of(&keys, verifier);
    thm_wipe(&keys, sizeof keys);
    return THM_SCRAM_OK;
}

void thm_scram_verifier_print(const struct thm_scram_verifier *verifier,
                              char text[THM_SCRAM_VERIFIER_TEXT])
{
    struct thm_text t;

    thm_text_init(&t, text, THM_SCRAM_VERIFIER_TEXT);
    thm_text_str(&t, PREFIX);
    thm_text_uint(&t, verifier->iterations, 0);
    thm_text_char(&t, ':');
    thm_text_base64(&t, verifier->salt, verifier->salt_len);
    thm_text_char(&t, '$');
    thm_text_base64(&t, verifier->stored_key, sizeof verifier->stored_key);
    thm_text_char(&t, ':');
    thm_text_base64(&t, verifier->server_key, sizeof verifier->server_key);
}

/* Takes what stands before `end`, or all of it for 0. False: there is no such end. */
static bool take_until(struct thm_scram_value *rest, char end, struct thm_scram_value *taken)
{
    const char *found = end != 0 ? memchr(rest->data, end, rest->len) : rest->data + rest->len;

    if (!found)
        return false;
    *taken = (struct thm_scram_value){rest->data, (size_t)(found - rest->data)};
    rest->data += taken->len + (end != 0);
    rest->len -= taken->len + (end != 0);
    return true;
}

static bool is_key(struct thm_scram_value text, uint8_t key[THM_SCRAM_KEY])
{
    size_t n;

    return thm_base64_read(text.data, text.len, key, THM_SCRAM_KEY, &n) && n == THM_SCRAM_KEY;
}

static enum thm_scram parse(struct thm_scram_verifier *v, const char *text, size_t len)
{
    const size_t prefix = sizeof PREFIX - 1;
    struct thm_scram_value rest, iterations, salt, stored_key, server_key;
    uint8_t long_salt[THM_BASE64_LEN(THM_SCRAM_VERIFIER_TEXT) / 4 * 3];
    size_t salt_len;

    if (len >= THM_SCRAM_VERIFIER_TEXT || len < prefix || memcmp(text, PREFIX, prefix) != 0)
        return THM_SCRAM_MALFORMED;
    rest = (struct thm_scram_value){text + prefix, len - prefix};
    if (!take_until(&rest, ':', &iterations) || !take_until(&rest, '$', &salt) ||
        !take_until(&rest, ':', &stored_key) || !take_until(&rest, 0, &server_key) ||
        !is_key(stored_key, v->stored_key) || !is_key(server_key, v->server_key) ||
        !thm_base64_read(salt.data, salt.len, long_salt, sizeof long_salt, &salt_len))
        return THM_SCRAM_MALFORMED;
    v->iterations = thm_scram_number(iterations);
    if (v->iterations == 0)
        return THM_SCRAM_MALFORMED;
    if (thm_scram_judge(salt_len, v->iterations) != THM_SCRAM_OK)
        return thm_scram_judge(salt_len, v->iterations);
    memcpy(v->salt, long_salt, salt_len);
    v->salt_len = (uint8_t)salt_len;
    return THM_SCRAM_OK;
}

enum thm_scram thm_scram_verifier_parse(struct thm_scram_verifier *verifier, const char *text,
                                        size_t len)
{
    enum thm_scram verdict;

    memset(verifier, 0, sizeof *verifier);
    verdict = parse(verifier, text, len);
    if (verdict != THM_SCRAM_OK)
        thm_wipe(verifier, sizeof *verifier);
    return verdict;
}
