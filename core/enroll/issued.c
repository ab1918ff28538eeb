/*
 * What came of a request: whether it is a certificate for the key that was asked for, and until when.
 */
#include "thimble/enroll.h"

#if THM_ENROLL

#include <string.h>

#include "tls/leaf.h"
#include "wire/words.h"

#define SPKI     91 /* bytes of the SubjectPublicKeyInfo of a P-256 key */
#define SEQUENCE 0x30
#define VERSION  0xa0

_Static_assert(THM_SPKI_PREFIX + 65 == SPKI, "a prefix and a point");

/* What is left of a piece of DER. */
struct der {
    const uint8_t *at, *end;
};

/* Steps to the value of the element that comes next, whose tag that has to be; false: it is another one, or not whole. Lengths
 * have the forms that occur in a certificate of up to 64 KB. */
static bool enter(struct der *d, uint8_t tag, size_t *len)
{
    size_t left = (size_t)(d->end - d->at), head = 2;

    if (left < 2 || d->at[0] != tag)
        return false;
    *len = d->at[1];
    if (*len >= 0x80) {
        head += *len & 0x7f;
        if (head > 4 || head == 2 || head > left)
            return false;
        *len = head == 3 ? d->at[2] : (size_t)d->at[2] << 8 | d->at[3];
    }
    d->at += head;
    return *len <= left - head;
}

static bool skip(struct der *d)
{
    size_t len;

    if (d->at == d->end || !enter(d, d->at[0], &len))
        return false;
    d->at += len;
    return true;
}

/* Goes to the public key: serialNumber, signature, issuer, validity and subject lie before it (RFC 5280, section 4.1). */
static bool find_key(struct der *d)
{
    size_t len;

    if (!enter(d, SEQUENCE, &len) || d->at + len != d->end || !enter(d, SEQUENCE, &len))
        return false;
    d->end = d->at + len;
    if (len > 0 && d->at[0] == VERSION && !skip(d))
        return false;
    for (unsigned i = 0; i < 5; i++)
        if (!skip(d))
            return false;
    return d->end - d->at >= SPKI;
}

static bool is_of_key(const uint8_t *der, size_t len, const uint8_t key_hash[THM_KEY_HASH])
{
    struct der d = {der, der + len};
    br_sha256_context sha;
    uint8_t hash[br_sha256_SIZE];

    if (!find_key(&d))
        return false;
    br_sha256_init(&sha);
    br_sha256_update(&sha, d.at, SPKI);
    br_sha256_out(&sha, hash);
    return memcmp(hash, key_hash, sizeof hash) == 0;
}

int thm_enroll_read(const uint8_t *der, size_t len, const struct thm_msg *reply,
                    const uint8_t key_hash[THM_KEY_HASH], struct thm_identity *who)
{
    struct thm_validity validity;

    memset(who, 0, sizeof *who);
    thm_validity_start(&validity);
    thm_validity_push(&validity, der, len);
    who->not_after = thm_validity_end(&validity);
    if (len == 0 || len > THM_ISSUED_MAX || who->not_after == 0)
        return THM_E_CERT;
    if (!is_of_key(der, len, key_hash))
        return THM_E_KEY;
    memcpy(who->key_hash, key_hash, THM_KEY_HASH);
    thm_slice_copy(who->user, sizeof who->user, thm_msg_get(reply, THM_KEY_USERID));
    thm_slice_copy(who->device, sizeof who->device, thm_msg_get(reply, THM_KEY_DEVICE));
    return who->user[0] != '\0' && who->device[0] != '\0' ? THM_OK : THM_E_KEY_MISSING;
}

void thm_enroll_secret_hash(const uint8_t secret[THM_ENROLL_SECRET], uint8_t hash[THM_KEY_HASH])
{
    br_sha256_context sha;

    br_sha256_init(&sha);
    br_sha256_update(&sha, secret, THM_ENROLL_SECRET);
    br_sha256_out(&sha, hash);
}

#endif
