#include "identity.h"

#if THM_ENROLL

#include <stddef.h>
#include <string.h>

#include "thimble/board.h"
#include "tls/wipe.h"

#define MAGIC   0x49524854u /* "THRI" */
#define VERSION 1u

/* Bytes of the content without a certificate. */
#define BARE offsetof(struct identity_content, certificate)

_Static_assert(offsetof(struct identity, content) ==
                   offsetof(struct identity, head) + THM_RECORD_HEAD,
               "the content lies behind the record's head");
_Static_assert(THM_RECORD_HEAD + sizeof(struct identity_content) <=
                   THM_BOARD_SLOT_BYTES(THM_BOARD_LARGE_SLOT),
               "it fits in a slot");
_Static_assert(sizeof(struct identity_first) <= THM_ISSUED_MAX + THM_RECORD_TAIL,
               "what comes before a certificate has room where that will lie");

/* --- the record ----------------------------------------------------------------------------------- */

static unsigned large(unsigned slot)
{
    return THM_BOARD_LARGE_SLOT + 2 * slot;
}

static bool unreadable; /* a slot was; else what is not there was never written */

static int read_slot(struct thm_port *port, unsigned slot, void *buf, size_t cap, size_t *n)
{
    int code = thm_board_storage_read(large(slot), buf, cap);
    (void)port;
    *n = code == THM_OK ? cap : 0;
    unreadable |= code != THM_OK;
    return code;
}

static int write_slot(struct thm_port *port, unsigned slot, const void *buf, size_t len)
{
    (void)port;
    return thm_board_storage_write(large(slot), buf, len);
}

static uint8_t *bytes_of(struct identity *id)
{
    return (uint8_t *)id + offsetof(struct identity, head);
}

static int save(struct identity *id)
{
    return thm_record_save(&id->record, bytes_of(id), BARE + id->content.certificate_len);
}

int identity_load(struct identity *id, const uint8_t secret[THM_ENROLL_SECRET])
{
    struct identity_content *c = &id->content;
    uint8_t hash[THM_KEY_HASH];
    id->record = (struct thm_record){
        .read = read_slot, .write = write_slot, .magic = MAGIC, .version = VERSION};
    unreadable = false;
    size_t len = thm_record_load(&id->record, bytes_of(id), THM_RECORD_HEAD + sizeof *c);
    thm_enroll_secret_hash(secret, hash);
    if (!unreadable && len >= BARE && c->certificate_len <= THM_ISSUED_MAX &&
        len == BARE + c->certificate_len && memcmp(c->invitation, hash, sizeof hash) == 0)
        return THM_OK;
    thm_wipe(c, sizeof *c);
    return unreadable ? THM_E_PORT : THM_E_KEY;
}

/* --- the key -------------------------------------------------------------------------------------- */

/* Functions that are called once stay by themselves: what they need would stay below all that follows. */
#define ONCE __attribute__((noinline))

ONCE int identity_bear(struct identity *id, struct thm_port *port,
                       const uint8_t secret[THM_ENROLL_SECRET])
{
    struct identity_content *c = &id->content;
    memset(c, 0, sizeof *c);
    thm_enroll_secret_hash(secret, c->invitation);
    int code = thm_enroll_new_key(port, c->key);
    if (code == THM_OK) {
        thm_enroll_key_hash(c->key, c->who.key_hash);
        code = save(id);
    }
    if (code != THM_OK)
        thm_wipe(c, sizeof *c);
    return code;
}

ONCE void identity_begin(struct identity *id, const uint8_t secret[THM_ENROLL_SECRET])
{
    struct identity_first *first = &id->content.first;
    thm_enroll_bootstrap_key(secret, first->key);
    first->shown_len = (uint16_t)thm_enroll_certificate(first->key, first->shown);
    first->request_len = (uint16_t)thm_enroll_request(id->content.key, first->request);
}

/* --- the certificate ------------------------------------------------------------------------------ */

/* Two thirds of the time from now on, rounded up; of more than 136 years, of those. */
static uint64_t renew_at(uint64_t not_after, uint64_t utc_s)
{
    uint64_t left = not_after - utc_s;
    uint32_t seconds = left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
    return utc_s + seconds - seconds / 3;
}

ONCE int identity_take(struct identity *id, const struct thm_client_event *issued, uint64_t utc_s,
                       bool renewal)
{
    struct identity_content *c = &id->content;
    struct thm_identity who;
    int code = thm_enroll_read(issued->certificate, issued->certificate_len, issued->msg,
                               c->who.key_hash, &who);
    if (code != THM_OK)
        return code;
    if (who.not_after < c->who.not_after + !renewal || who.not_after <= utc_s)
        return THM_E_EXPIRED;
    c->who = who;
    c->renew_at_s = renew_at(who.not_after, utc_s);
    memcpy(c->certificate, issued->certificate,
           issued->certificate_len); /* over the bootstrap key */
    c->certificate_len = (uint16_t)issued->certificate_len;
    return save(id);
}

#endif
