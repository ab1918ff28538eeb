/*
 * A server's end of SCRAM.
 */
#include <string.h>

#include "auth/scram.h"
#include "thimble/wire.h"
#include "tls/wipe.h"
#include "util/base64.h"

enum { IDLE, FIRST_HEARD, CHALLENGED };

_Static_assert(THM_SCRAM_BARE + 1 + 2 + THM_SCRAM_NONCE_BOTH + 3 +
                       THM_BASE64_LEN(THM_SCRAM_SALT_MAX) + 3 + 6 + 1 <=
                   sizeof((struct thm_scram_said *)0)->text,
               "what a server signs always fits");

void thm_scram_server_wipe(struct thm_scram_server *s)
{
    thm_wipe(s, sizeof *s);
}

/* The exchange is over: what stays is whom it was about. */
static enum thm_scram end(struct thm_scram_server *s, enum thm_scram verdict)
{
    thm_wipe(s->stored_key, sizeof s->stored_key);
    thm_wipe(s->server_key, sizeof s->server_key);
    thm_wipe(&s->said, sizeof s->said);
    s->phase = IDLE;
    s->known = 0;
    return verdict;
}

/* Takes the GS2 header off. It says first how the client binds, then for whom it acts. */
static enum thm_scram hear_header(struct thm_scram_reader *r)
{
    static const char type[] = "tls-server-end-point";
    struct thm_scram_value binding;

    if (r->left >= 2 && (r->at[0] == 'n' || r->at[0] == 'y') && r->at[1] == ',')
        return THM_SCRAM_NO_BINDING;
    if (!thm_scram_take(r, 'p', &binding))
        return THM_SCRAM_MALFORMED;
    if (binding.len != sizeof type - 1 || memcmp(binding.data, type, binding.len) != 0)
        return THM_SCRAM_BINDING_TYPE;
    if (r->left >= 2 && r->at[0] == 'a' && r->at[1] == '=')
        return THM_SCRAM_AUTHZID;
    if (r->left < 1 || r->at[0] != ',')
        return THM_SCRAM_MALFORMED;
    r->at++;
    r->left--;
    return THM_SCRAM_OK;
}

/* A name out of the form of RFC 5802, section 5.1: UTF-8 without control characters. */
static bool read_name(struct thm_scram_value text, char name[THM_ID_MAX + 1])
{
    size_t len = 0;

    for (size_t at = 0, n; at < text.len; at += n) {
        uint32_t code;
        const char *c = text.data + at;
        n = thm_utf8_next(c, text.len - at, &code);
        if (n == 0 || code < 0x20 || code == 0x7f || len + n > THM_ID_MAX)
            return false;
        memcpy(name + len, c, n);
        if (code == '=') {
            if (text.len - at < 3 || (memcmp(c, "=2C", 3) != 0 && memcmp(c, "=3D", 3) != 0))
                return false;
            name[len] = c[1] == '2' ? ',' : '=';
            len++;
            n = 3;
        } else {
            len += n;
        }
    }
    name[len] = '\0';
    return len > 0;
}

enum thm_scram thm_scram_server_hear_first(struct thm_scram_server *s, const char *bare, size_t len)
{
    struct thm_scram_reader r = {bare, len, false};
    struct thm_scram_value name, nonce;
    enum thm_scram verdict;

    if (len > THM_SCRAM_BARE)
        return THM_SCRAM_MALFORMED;
    if (!thm_scram_take(&r, 'n', &name))
        return thm_scram_why(&r);
    if (!thm_scram_take(&r, 'r', &nonce) || !thm_scram_is_nonce(nonce) ||
        nonce.len > THM_SCRAM_NONCE_PART)
        return THM_SCRAM_MALFORMED;
    verdict = thm_scram_skip(&r, 0);
    if (verdict != THM_SCRAM_OK)
        return verdict;
    if (!read_name(name, s->user))
        return THM_SCRAM_USER;
    s->said.nonce_at = (uint16_t)(nonce.data - bare);
    s->said.nonce_len = (uint8_t)nonce.len;
    thm_scram_say(&s->said, bare, len);
    s->phase = FIRST_HEARD;
    return THM_SCRAM_OK;
}

enum thm_scram thm_scram_server_first(struct thm_scram_server *s, const char *message, size_t len,
                                      const uint8_t leaf_hash[THM_SCRAM_KEY])
{
    struct thm_scram_reader r = {message, len, false};
    enum thm_scram verdict;

    memset(s, 0, sizeof *s);
    thm_scram_bind(&s->said, leaf_hash);
    verdict = hear_header(&r);
    if (verdict == THM_SCRAM_OK)
        verdict = thm_scram_server_hear_first(s, r.at, r.left);
    if (verdict != THM_SCRAM_OK)
        thm_scram_server_wipe(s);
    return verdict;
}

/* HMAC(secret, what, user): the same each time, and nothing that anybody else can tell from random. */
static void invent(const uint8_t secret[32], char what, const char *user,
                   uint8_t out[THM_SCRAM_KEY])
{
    static const char label[] = "thimble: a verifier for nobody: ";
    char text[sizeof label - 1 + 1 + THM_ID_MAX + 1];
    struct thm_text t;

    thm_text_init(&t, text, sizeof text);
    thm_text_str(&t, label);
    thm_text_char(&t, what);
    thm_text_str(&t, user);
    thm_hmac_sha256(secret, 32, t.data, t.len, out);
}

static void invent_verifier(const struct thm_scram_unknown *unknown, const char *user,
                            struct thm_scram_verifier *v)
{
    uint8_t salt[THM_SCRAM_KEY];

    v->iterations = unknown->iterations;
    v->salt_len = THM_SCRAM_SALT;
    invent(unknown->secret, 's', user, salt);
    memcpy(v->salt, salt, THM_SCRAM_SALT);
    invent(unknown->secret, 'c', user, v->stored_key);
    invent(unknown->secret, 'v', user, v->server_key);
}

static void put_challenge(const struct thm_scram_server *s, const struct thm_scram_verifier *v,
                          const char *nonce, struct thm_text *t)
{
    thm_text_str(t, "r=");
    thm_text_bytes(t, s->said.text + s->said.nonce_at, s->said.nonce_len);
    thm_text_str(t, nonce);
    thm_text_str(t, ",s=");
    thm_text_base64(t, v->salt, v->salt_len);
    thm_text_str(t, ",i=");
    thm_text_uint(t, v->iterations, 0);
}

enum thm_scram thm_scram_server_say_challenge(struct thm_scram_server *s,
                                              const struct thm_scram_verifier *verifier,
                                              const struct thm_scram_unknown *unknown,
                                              const char *nonce, char message[THM_SCRAM_MESSAGE])
{
    struct thm_scram_verifier invented;
    enum thm_scram verdict;
    struct thm_text t;

    message[0] = '\0';
    if (s->phase != FIRST_HEARD)
        return end(s, THM_SCRAM_STATE);
    invent_verifier(unknown, s->user,
                    &invented); /* for everybody, so that all take the same work */
    s->known = verifier != NULL;
    if (!verifier)
        verifier = &invented;
    verdict = thm_scram_judge(verifier->salt_len, verifier->iterations);
    if (verdict == THM_SCRAM_OK) {
        thm_text_init(&t, message, THM_SCRAM_MESSAGE);
        put_challenge(s, verifier, nonce, &t);
        s->said.nonce_at = (uint16_t)(s->said.len + 3); /* behind ",r=" */
        s->said.nonce_len = (uint8_t)(s->said.nonce_len + strlen(nonce));
        thm_scram_say(&s->said, ",", 1);
        thm_scram_say(&s->said, t.data, t.len);
        thm_scram_say(&s->said, ",", 1);
        memcpy(s->stored_key, verifier->stored_key, sizeof s->stored_key);
        memcpy(s->server_key, verifier->server_key, sizeof s->server_key);
        s->phase = CHALLENGED;
    }
    thm_wipe(&invented, sizeof invented);
    return verdict == THM_SCRAM_OK ? verdict : end(s, verdict);
}

enum thm_scram thm_scram_server_challenge(struct thm_scram_server *s,
                                          const struct thm_scram_verifier *verifier,
                                          const struct thm_scram_unknown *unknown,
                                          const uint8_t entropy[THM_SCRAM_ENTROPY],
                                          char message[THM_SCRAM_MESSAGE])
{
    char nonce[THM_BASE64_LEN(THM_SCRAM_ENTROPY) + 1];
    struct thm_text t;

    thm_text_init(&t, nonce, sizeof nonce);
    thm_text_base64(&t, entropy, THM_SCRAM_ENTROPY);
    return thm_scram_server_say_challenge(s, verifier, unknown, nonce, message);
}

/* Whether HMAC(StoredKey, AuthMessage) XOR ClientProof is the key that StoredKey is the hash of. */
static bool is_proven(const struct thm_scram_server *s, const char *unproven, size_t len,
                      const uint8_t proof[THM_SCRAM_KEY])
{
    uint8_t client_key[THM_SCRAM_KEY], hash[THM_SCRAM_KEY];
    bool same;

    thm_scram_sign(&s->said, unproven, len, s->stored_key, client_key);
    for (size_t i = 0; i < THM_SCRAM_KEY; i++)
        client_key[i] ^= proof[i];
    thm_sha256(client_key, sizeof client_key, hash);
    same = thm_same_secret(hash, s->stored_key, sizeof hash);
    thm_wipe(client_key, sizeof client_key);
    thm_wipe(hash, sizeof hash);
    return same & (s->known != 0);
}

static enum thm_scram hear_final(const struct thm_scram_server *s, const char *message, size_t len,
                                 uint8_t signature[THM_SCRAM_KEY])
{
    struct thm_scram_reader r = {message, len, false};
    struct thm_scram_value binding, nonce, proof_text;
    uint8_t bound[sizeof s->said.binding], proof[THM_SCRAM_KEY];
    const struct thm_scram_said *said = &s->said;
    enum thm_scram verdict;
    size_t n, unproven;

    if (!thm_scram_take(&r, 'c', &binding) || !thm_scram_take(&r, 'r', &nonce))
        return thm_scram_why(&r);
    verdict = thm_scram_skip(&r, 'p');
    if (verdict != THM_SCRAM_OK)
        return verdict;
    unproven = (size_t)(r.at - message) - 1; /* without the comma */
    if (!thm_scram_take(&r, 'p', &proof_text) || r.left > 0 || r.comma ||
        !thm_base64_read(proof_text.data, proof_text.len, proof, sizeof proof, &n) ||
        n != sizeof proof)
        return THM_SCRAM_MALFORMED;
    if (!thm_base64_read(binding.data, binding.len, bound, sizeof bound, &n) ||
        n != said->binding_len || !thm_same_secret(bound, said->binding, n))
        return THM_SCRAM_BINDING;
    if (nonce.len != said->nonce_len ||
        !thm_same_secret((const uint8_t *)nonce.data, (const uint8_t *)said->text + said->nonce_at,
                         nonce.len))
        return THM_SCRAM_NONCE;
    thm_scram_sign(said, message, unproven, s->server_key, signature);
    return is_proven(s, message, unproven, proof) ? THM_SCRAM_OK : THM_SCRAM_PROOF;
}

enum thm_scram thm_scram_server_final(struct thm_scram_server *s, const char *message, size_t len,
                                      char reply[THM_SCRAM_MESSAGE])
{
    uint8_t signature[THM_SCRAM_KEY] = {0};
    enum thm_scram verdict;
    struct thm_text t;

    thm_text_init(&t, reply, THM_SCRAM_MESSAGE);
    if (s->phase != CHALLENGED)
        return end(s, THM_SCRAM_STATE);
    verdict = hear_final(s, message, len, signature);
    if (verdict == THM_SCRAM_OK) {
        thm_text_str(&t, "v=");
        thm_text_base64(&t, signature, sizeof signature);
    } else {
        thm_text_str(&t, "e=");
        thm_text_str(&t, thm_scram_word(verdict));
    }
    thm_wipe(signature, sizeof signature);
    return end(s, verdict);
}
