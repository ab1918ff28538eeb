#include "server/invite.h"

#include <string.h>

#include "util/base64.h"
#include "util/text.h"
#include "wire/words.h"

_Static_assert(sizeof "user" + THM_ID_MAX + 1 + sizeof "device" + THM_ID_MAX + 1 + sizeof "since" +
                       17 + sizeof "expires" + 17 + sizeof "revoked" + 4 + sizeof "request" +
                       2 * THM_KEY_HASH + 1 + sizeof "certificate" +
                       THM_BASE64_LEN(THM_ISSUED_MAX) + 1 <=
                   THM_RECORD_MAX,
               "an invitation that is used fits its record");
_Static_assert(THM_BASE64_LEN(THM_ISSUED_MAX) <= 960, "a certificate fits its key on the wire");
_Static_assert(2 * THM_INVITE_ID <= THM_RECORD_KEY, "an id fits a record's key");

void thm_invite_key(const uint8_t id[THM_INVITE_ID], char key[THM_INVITE_KEY])
{
    char hex[THM_INVITE_KEY + 1];
    struct thm_text t;

    thm_text_init(&t, hex, sizeof hex);
    thm_text_hex(&t, id, THM_INVITE_ID);
    memcpy(key, hex, THM_INVITE_KEY);
}

bool thm_invite_id(const void *key, size_t len, uint8_t id[THM_INVITE_ID])
{
    return thm_hex_bytes(key, len, id, THM_INVITE_ID);
}

/* --- the record ------------------------------------------------------------------------------ */

static bool read_name(const struct thm_fields *f, const char *field, char name[THM_ID_MAX + 1])
{
    struct thm_slice s = thm_fields_get(f, field);

    if (thm_kind_check(THM_KIND_ID, s.data, s.len, 1, THM_ID_MAX) != THM_OK)
        return false;
    thm_slice_copy(name, THM_ID_MAX + 1, s);
    return true;
}

static bool read_use(struct invite_record *i, const struct thm_fields *f)
{
    struct thm_slice request = thm_fields_get(f, "request");

    i->certificate = thm_fields_get(f, "certificate");
    i->used = request.len > 0;
    if (!i->used)
        return i->certificate.len == 0;
    return i->certificate.len > 0 &&
           thm_hex_bytes(request.data, request.len, i->request, sizeof i->request);
}

bool thm_invite_read(struct invite_record *i, const struct thm_fields *f)
{
    struct thm_slice revoked = thm_fields_get(f, "revoked");

    memset(i, 0, sizeof *i);
    i->revoked = thm_slice_is(revoked, "yes");
    return thm_fields_valid(f) && read_name(f, "user", i->user) &&
           read_name(f, "device", i->device) && thm_fields_get_num(f, "since", &i->since_ms) &&
           thm_fields_get_num(f, "expires", &i->expires_ms) && i->revoked == (revoked.len > 0) &&
           read_use(i, f);
}

static bool write_use(const struct invite_record *i, struct thm_fields *f)
{
    char request[2 * THM_KEY_HASH + 1], certificate[THM_BASE64_LEN(THM_ISSUED_MAX) + 1];
    struct thm_text t;

    if (!i->used)
        return true;
    thm_text_init(&t, request, sizeof request);
    thm_text_hex(&t, i->request, sizeof i->request);
    if (i->certificate.len >= sizeof certificate)
        return false;
    thm_slice_copy(certificate, sizeof certificate, i->certificate);
    return thm_fields_set(f, "request", request) && thm_fields_set(f, "certificate", certificate);
}

bool thm_invite_write(const struct invite_record *i, struct thm_fields *f)
{
    f->len = 0;
    return thm_fields_set(f, "user", i->user) && thm_fields_set(f, "device", i->device) &&
           thm_fields_set_num(f, "since", i->since_ms) &&
           thm_fields_set_num(f, "expires", i->expires_ms) &&
           thm_fields_set(f, "revoked", i->revoked ? "yes" : NULL) && write_use(i, f);
}
