#include <string.h>

#include <bearssl.h>

#include "thimble/auth.h"
#include "tls/wipe.h"

_Static_assert(sizeof(br_hmac_key_context) <= sizeof((struct thm_pbkdf2 *)0)->key,
               "BearSSL's keyed state fits in what the header shows");

static br_hmac_key_context *key_of(struct thm_pbkdf2 *p)
{
    return (br_hmac_key_context *)(void *)p->key;
}

void thm_pbkdf2_start(struct thm_pbkdf2 *p, const void *passcode, size_t len, const uint8_t *salt,
                      size_t salt_len, uint32_t iterations)
{
    static const unsigned char first_block[] = {0, 0, 0, 1};
    br_hmac_context hmac;

    br_hmac_key_init(key_of(p), &br_sha256_vtable, passcode, len);
    br_hmac_init(&hmac, key_of(p), 0);
    br_hmac_update(&hmac, salt, salt_len);
    br_hmac_update(&hmac, first_block, sizeof first_block);
    br_hmac_out(&hmac, p->u);
    memcpy(p->sum, p->u, sizeof p->sum);
    p->left = iterations > 0 ? iterations - 1 : 0;
    thm_wipe(&hmac, sizeof hmac);
}

bool thm_pbkdf2_step(struct thm_pbkdf2 *p, uint32_t iterations)
{
    uint32_t n = iterations < p->left ? iterations : p->left;
    br_hmac_context hmac;

    if (n == 0)
        return p->left == 0;
    for (p->left -= n; n > 0; n--) {
        br_hmac_init(&hmac, key_of(p), 0);
        br_hmac_update(&hmac, p->u, sizeof p->u);
        br_hmac_out(&hmac, p->u);
        for (size_t i = 0; i < sizeof p->u; i++)
            p->sum[i] ^= p->u[i];
    }
    thm_wipe(&hmac, sizeof hmac);
    return p->left == 0;
}

bool thm_pbkdf2_done(struct thm_pbkdf2 *p, uint8_t out[THM_SCRAM_KEY])
{
    if (p->left > 0)
        return false;
    memcpy(out, p->sum, sizeof p->sum);
    thm_wipe(p, sizeof *p);
    return true;
}
