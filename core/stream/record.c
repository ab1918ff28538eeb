/* Records as they pass between a store and its user. */
#include "thimble/stream.h"

#include <string.h>

/* What precedes each record in a LIST's buffer; copied in and out, as nothing there is aligned. */
struct head {
    uint16_t key_len;
    uint16_t value_len;
};

_Static_assert(sizeof(struct head) + THM_RECORD_KEY + THM_RECORD_MAX <= THM_LINE_MAX + 64,
               "the smallest buffer of a LIST holds any record");

bool thm_record_put(struct thm_store_request *request, const struct thm_record *record)
{
    struct head head = {(uint16_t)record->key_len, (uint16_t)record->value_len};
    uint8_t *at = (uint8_t *)request->buf + request->len;

    if (request->cap - request->len < sizeof head + record->key_len + record->value_len)
        return false;
    memcpy(at, &head, sizeof head);
    memcpy(at + sizeof head, record->key, record->key_len);
    memcpy(at + sizeof head + record->key_len, record->value, record->value_len);
    request->len += sizeof head + record->key_len + record->value_len;
    return true;
}

bool thm_record_next(const struct thm_store_request *request, size_t *at, struct thm_record *record)
{
    const uint8_t *from = (const uint8_t *)request->buf + *at;
    struct head head;

    if (*at >= request->len)
        return false;
    memcpy(&head, from, sizeof head);
    *record = (struct thm_record){.key = from + sizeof head,
                                  .key_len = head.key_len,
                                  .value = from + sizeof head + head.key_len,
                                  .value_len = head.value_len};
    *at += sizeof head + head.key_len + head.value_len;
    return true;
}

bool thm_record_valid(const struct thm_store_request *request)
{
    const struct thm_store_record *record = &request->record;

    if (record->key_len > THM_RECORD_KEY)
        return false;
    if (request->op == THM_STORE_LIST)
        return record->prefix_len <= THM_RECORD_KEY && request->cap >= THM_LINE_MAX + 64;
    if (request->op == THM_STORE_GET)
        return record->key_len > 0 && request->cap >= THM_RECORD_MAX;
    return record->key_len > 0 && record->value_len <= THM_RECORD_MAX;
}
