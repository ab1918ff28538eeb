#include "call/lines.h"

#include <string.h>

#if THM_CALLS > 0

static size_t length_at(const struct thm_call_lines *l, uint32_t at)
{
    return (size_t)l->bytes[at] << 8 | l->bytes[at + 1];
}

size_t thm_lines_room(const struct thm_call_lines *l)
{
    return sizeof l->bytes - (l->tail - l->head);
}

void thm_lines_push(struct thm_call_lines *l, const char *text, size_t len)
{
    if (sizeof l->bytes - l->tail < thm_lines_cost(len)) {
        memmove(l->bytes, l->bytes + l->head, l->tail - l->head);
        l->tail -= l->head;
        l->unsent -= l->head;
        l->head = 0;
    }
    l->bytes[l->tail] = (unsigned char)(len >> 8);
    l->bytes[l->tail + 1] = (unsigned char)len;
    memcpy(l->bytes + l->tail + 2, text, len);
    l->tail += (uint32_t)thm_lines_cost(len);
}

bool thm_lines_next(const struct thm_call_lines *l, struct thm_slice *text)
{
    if (l->unsent == l->tail)
        return false;
    *text = (struct thm_slice){(const char *)l->bytes + l->unsent + 2, length_at(l, l->unsent)};
    return true;
}

void thm_lines_advance(struct thm_call_lines *l)
{
    l->unsent += (uint32_t)thm_lines_cost(length_at(l, l->unsent));
}

void thm_lines_drop(struct thm_call_lines *l)
{
    l->head += (uint32_t)thm_lines_cost(length_at(l, l->head));
    if (l->unsent < l->head) /* by an earlier path: it need not be sent again */
        l->unsent = l->head;
}

#endif
