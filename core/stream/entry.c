#include "thimble/stream.h"

#include <string.h>

#include "util/hash.h"

uint64_t thm_device_tag(const char *device, size_t len)
{
    /* Tags are kept with their entries, so they must be the same in every run: the key is no secret. */
    static const struct thm_hash_key fixed = {0, 0};
    uint64_t tag = thm_hash(&fixed, device, len);

    return tag != 0 ? tag : 1;
}

/* What precedes each line in a READ's buffer; copied in and out, as nothing there is aligned. */
struct read_head {
    uint64_t n;
    uint64_t for_device;
    uint32_t len;
};

_Static_assert(sizeof(struct read_head) <= 64, "the smallest buffer of a READ holds any entry");

bool thm_read_put(struct thm_store_request *request, const struct thm_entry *e)
{
    struct read_head head = {e->n, e->for_device, (uint32_t)e->len};
    uint8_t *at = (uint8_t *)request->buf + request->len;

    if (request->cap - request->len < sizeof head + e->len)
        return false;
    memcpy(at, &head, sizeof head);
    memcpy(at + sizeof head, e->line, e->len);
    request->len += sizeof head + e->len;
    return true;
}

bool thm_read_next(const struct thm_store_request *request, size_t *at, struct thm_entry *e)
{
    const uint8_t *from = (const uint8_t *)request->buf + *at;
    struct read_head head;

    if (*at >= request->len)
        return false;
    memcpy(&head, from, sizeof head);
    *e = (struct thm_entry){head.n, head.for_device, (const char *)from + sizeof head, head.len};
    *at += sizeof head + head.len;
    return true;
}
