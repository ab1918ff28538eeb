/*
 * Orders of use: rings of items that lie in an array of the caller's, the longest unused first. An item
 * is in one ring at a time.
 */
#ifndef THM_STREAM_ORDER_H
#define THM_STREAM_ORDER_H

#include <stddef.h>
#include <stdint.h>

#define THM_ORDER_NONE UINT32_MAX

struct thm_order_link {
    uint32_t prev, next;
};

struct thm_order {
    struct thm_order_link
        *links; /* of the items, then one for each ring, where it begins and ends */
    uint32_t items;
};

/** Bytes of memory for `items` items in `rings` rings. */
size_t thm_order_size(uint32_t items, uint32_t rings);

/** Makes the rings, empty, in `memory` (4-byte aligned), which the order keeps. */
void thm_order_init(struct thm_order *order, void *memory, uint32_t items, uint32_t rings);

/** Puts an item that is in no ring into one, as the last used. */
void thm_order_add(struct thm_order *order, uint32_t ring, uint32_t item);

/** Moves an item that is in some ring into one, as the last used. */
void thm_order_touch(struct thm_order *order, uint32_t ring, uint32_t item);

/** The item that was unused for longest, or THM_ORDER_NONE. */
uint32_t thm_order_oldest(const struct thm_order *order, uint32_t ring);

#endif
