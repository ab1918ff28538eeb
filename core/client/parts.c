#include "client/parts.h"

#include <string.h>

#include "client/internal.h"

struct slot {
    char room[THM_ROOM_MAX + 1];
    char from[THM_ID_MAX + 1];
    char device[THM_ID_MAX + 1];
    uint8_t have, parts; /* have 0: free */
    uint32_t used_at;    /* the pool's clock */
    uint64_t of;
    size_t len;
    char text[];
};
_Static_assert(sizeof(struct slot) + _Alignof(struct slot) <= 256, "the longest messages fit");

static struct slot *slot_at(const struct thm_parts *p, uint32_t i)
{
    return (struct slot *)(void *)(p->memory + i * p->slot_size);
}

void thm_parts_init(struct thm_parts *p, char *memory, size_t size, uint32_t count)
{
    const size_t unit = _Alignof(struct slot);
    size_t odd = (unit - (uintptr_t)memory % unit) % unit;

    *p = (struct thm_parts){0};
    if (memory == NULL || size < odd)
        return;
    size_t share = (size - odd) / count / unit * unit;
    if (share < sizeof(struct slot) + 2 * THM_TEXT_MAX)
        return;
    p->memory = memory + odd;
    p->slot_size = share;
    p->count = count;
    for (uint32_t i = 0; i < p->count; i++)
        slot_at(p, i)->have = 0;
}

static struct slot *find(const struct thm_parts *p, const struct thm_msg *m)
{
    for (uint32_t i = 0; i < p->count; i++) {
        struct slot *s = slot_at(p, i);
        if (s->have > 0 && thm_msg_is(m, THM_KEY_ROOM, s->room) &&
            thm_msg_is(m, THM_KEY_FROM, s->from) && thm_msg_is(m, THM_KEY_DEVICE, s->device))
            return s;
    }
    return NULL;
}

static bool continues(const struct slot *s, const struct thm_msg *m)
{
    return s->of == thm_msg_get_num(m, THM_KEY_OF, 0) &&
           s->parts == thm_msg_get_num(m, THM_KEY_PARTS, 0) &&
           s->have + 1u == thm_msg_get_num(m, THM_KEY_PART, 0);
}

static bool begins(const struct thm_parts *p, const struct thm_msg *m)
{
    uint64_t parts = thm_msg_get_num(m, THM_KEY_PARTS, 0);

    return p->count > 0 && thm_msg_get_num(m, THM_KEY_PART, 0) == 1 && parts > 1 &&
           parts * THM_TEXT_MAX <= p->slot_size - sizeof(struct slot);
}

static struct slot *free_slot(const struct thm_parts *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (slot_at(p, i)->have == 0)
            return slot_at(p, i);
    return NULL;
}

static struct slot *oldest_slot(const struct thm_parts *p)
{
    struct slot *oldest = slot_at(p, 0);

    for (uint32_t i = 1; i < p->count; i++)
        if (p->clock - slot_at(p, i)->used_at > p->clock - oldest->used_at)
            oldest = slot_at(p, i);
    return oldest;
}

bool thm_parts_give_up(struct thm_parts *p, const struct thm_msg *m, struct thm_parts_rest *rest)
{
    struct slot *s = find(p, m);

    if (s != NULL && continues(s, m))
        return false;
    if (s == NULL && begins(p, m) && free_slot(p) == NULL)
        s = oldest_slot(p);
    if (s == NULL)
        return false;
    *rest = (struct thm_parts_rest){s->room, s->from, {s->text, s->len}, s->have, s->parts};
    s->have = 0;
    return true;
}

static struct slot *begin(struct thm_parts *p, const struct thm_msg *m)
{
    struct slot *s = begins(p, m) ? free_slot(p) : NULL;

    if (s == NULL)
        return NULL;
    thm_msg_copy(m, THM_KEY_ROOM, s->room, sizeof s->room);
    thm_msg_copy(m, THM_KEY_FROM, s->from, sizeof s->from);
    thm_msg_copy(m, THM_KEY_DEVICE, s->device, sizeof s->device);
    s->of = thm_msg_get_num(m, THM_KEY_OF, 0);
    s->parts = (uint8_t)thm_msg_get_num(m, THM_KEY_PARTS, 0);
    s->len = 0;
    return s;
}

enum thm_parts_got thm_parts_add(struct thm_parts *p, const struct thm_msg *m,
                                 struct thm_slice *text)
{
    struct thm_slice part = thm_msg_get(m, THM_KEY_TEXT);
    struct slot *s = find(p, m);

    if (s == NULL)
        s = begin(p, m);
    else if (!continues(s, m))
        return THM_PARTS_ALONE;
    if (s == NULL)
        return THM_PARTS_ALONE;
    memcpy(s->text + s->len, part.data, part.len);
    s->len += part.len;
    s->have++;
    s->used_at = p->clock++;
    if (s->have < s->parts)
        return THM_PARTS_HELD;
    s->have = 0;
    *text = (struct thm_slice){s->text, s->len};
    return THM_PARTS_WHOLE;
}
