/*
 * The keys that certificates were made for, of each device: so that all of them can be revoked, whoever has them, also after
 * a restart.
 *
 *     kind                    key                      value
 *     THM_KIND_KEY_RECORD     user@device DIGITS       lines: hash, since, ends (ms, UTC)
 *
 * DIGITS are the first 16 hexadecimal ones of the hash.
 */
#include "server/internal.h"

#include <string.h>

_Static_assert(2 * THM_ID_MAX + 2 + 16 <= THM_RECORD_KEY, "a device and a key fit a record's key");

/* "user@device ", which the keys of its records begin with. */
static void device_text(struct thm_text *t, const char *user, const char *device)
{
    thm_text_str(t, user);
    thm_text_char(t, '@');
    thm_text_str(t, device);
    thm_text_char(t, ' ');
}

size_t thm_key_record(const struct thm_signing *signing, uint64_t utc_ms, char key[THM_RECORD_KEY],
                      struct thm_fields *fields)
{
    char digits[2 * THM_KEY_HASH + 1];
    struct thm_text t;

    thm_text_init(&t, digits, sizeof digits);
    thm_text_hex(&t, signing->key_hash, THM_KEY_HASH);
    fields->len = 0;
    thm_fields_set(fields, "hash", digits);
    thm_fields_set_num(fields, "since", utc_ms);
    thm_fields_set_num(fields, "ends", signing->not_after_s * 1000);
    thm_text_init(&t, key, THM_RECORD_KEY);
    device_text(&t, signing->user, signing->device);
    thm_text_bytes(&t, digits, 16);
    return t.len;
}

size_t thm_key_prefix(const struct thm_signing *signing, char prefix[THM_RECORD_KEY])
{
    struct thm_text t;

    thm_text_init(&t, prefix, THM_RECORD_KEY);
    device_text(&t, signing->user, signing->device);
    return t.len;
}

/* False: it can't be read. */
static bool read_key(const struct thm_record *record, uint8_t hash[THM_KEY_HASH], uint64_t *ends_ms)
{
    struct thm_fields fields = {.len = (uint16_t)record->value_len};
    struct thm_slice digits;

    memcpy(fields.text, record->value, record->value_len);
    digits = thm_fields_get(&fields, "hash");
    return thm_fields_valid(&fields) &&
           thm_hex_bytes(digits.data, digits.len, hash, THM_KEY_HASH) &&
           thm_fields_get_num(&fields, "ends", ends_ms);
}

bool thm_key_is_other(const struct thm_record *record, const uint8_t key_hash[THM_KEY_HASH],
                      uint64_t utc_ms)
{
    uint8_t hash[THM_KEY_HASH];
    uint64_t ends_ms;

    return read_key(record, hash, &ends_ms) && ends_ms > utc_ms &&
           memcmp(hash, key_hash, THM_KEY_HASH) != 0;
}

/* --- as operations.c asks ---------------------------------------------------------------------- */

void thm_keys_start(struct thm_server *s)
{
    struct operations *o = &s->operations;
    struct thm_text t;

    thm_operation_key(o, "", 0);
    thm_text_init(&t, o->prefix, sizeof o->prefix);
    device_text(&t, o->first->user, o->first->device);
    o->prefix_len = (uint8_t)t.len;
    o->step = 1;
    thm_operation_ask(o, THM_STORE_LIST, THM_KIND_KEY_RECORD);
}

static void tell(struct thm_admin_request *r, const struct thm_record *record)
{
    uint8_t hash[THM_KEY_HASH];
    uint64_t ends_ms;

    if (read_key(record, hash, &ends_ms))
        r->key_row(r, hash, ends_ms);
}

void thm_keys_answered(struct thm_server *s)
{
    struct operations *o = &s->operations;
    struct thm_record record;
    bool any = false;

    for (size_t at = 0; thm_record_next(&o->request, &at, &record); any = true) {
        tell(o->first, &record);
        memcpy(o->key, record.key, record.key_len); /* the prefix stays */
        o->key_len = (uint8_t)record.key_len;
    }
    if (!any)
        thm_operation_finish(s, THM_OK);
}
