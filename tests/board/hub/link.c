#include "link.h"

#include <string.h>

static void insert(struct link *l, const struct frame *f, uint64_t due)
{
    unsigned at = l->count;
    if (l->count == LINK_FRAMES)
        return;
    while (at > 0 && l->queue[at - 1].due > due)
        at--;
    memmove(&l->queue[at + 1], &l->queue[at], (l->count - at) * sizeof l->queue[0]);
    l->queue[at].due = due;
    l->queue[at].frame.len = f->len;
    memcpy(l->queue[at].frame.bytes, f->bytes, f->len);
    l->count++;
}

void link_put(struct link *l, const struct frame *f, uint64_t now_ms)
{
    const struct faults *faults = &l->faults;
    if (faults->cut || random_percent(&l->random, faults->loss))
        return;
    for (int copies = random_percent(&l->random, faults->duplicate) ? 2 : 1; copies > 0; copies--) {
        uint64_t due = now_ms + faults->delay + random_below(&l->random, faults->jitter + 1);
        if (random_percent(&l->random, faults->reorder))
            due += LINK_HOLD_MS;
        insert(l, f, due);
    }
}

const struct frame *link_next(const struct link *l, uint64_t now_ms)
{
    return l->count > 0 && l->queue[0].due <= now_ms ? &l->queue[0].frame : NULL;
}

void link_drop(struct link *l)
{
    l->count--;
    memmove(&l->queue[0], &l->queue[1], l->count * sizeof l->queue[0]);
}

uint64_t link_due(const struct link *l)
{
    return l->count > 0 ? l->queue[0].due : UINT64_MAX;
}

void link_cut(struct link *l, bool cut)
{
    l->faults.cut = cut;
    if (cut)
        l->count = 0;
}
