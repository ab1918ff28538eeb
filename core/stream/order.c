#include "stream/order.h"

size_t thm_order_size(uint32_t items, uint32_t rings)
{
    return ((size_t)items + rings) * sizeof(struct thm_order_link);
}

void thm_order_init(struct thm_order *order, void *memory, uint32_t items, uint32_t rings)
{
    order->links = memory;
    order->items = items;
    for (uint32_t end = items; end < items + rings; end++)
        order->links[end] = (struct thm_order_link){end, end};
}

void thm_order_add(struct thm_order *order, uint32_t ring, uint32_t item)
{
    uint32_t end = order->items + ring;
    uint32_t last = order->links[end].prev;

    order->links[item] = (struct thm_order_link){last, end};
    order->links[last].next = item;
    order->links[end].prev = item;
}

void thm_order_touch(struct thm_order *order, uint32_t ring, uint32_t item)
{
    struct thm_order_link link = order->links[item];

    order->links[link.prev].next = link.next;
    order->links[link.next].prev = link.prev;
    thm_order_add(order, ring, item);
}

uint32_t thm_order_oldest(const struct thm_order *order, uint32_t ring)
{
    uint32_t oldest = order->links[order->items + ring].next;

    return oldest < order->items ? oldest : THM_ORDER_NONE;
}
