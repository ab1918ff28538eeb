/*
 * Lists of pool items, by number: doubly linked, the link inside the item. One item may be in several lists
 * through several links.
 */
#ifndef THM_UTIL_LIST_H
#define THM_UTIL_LIST_H

#include "util/pool.h"

/* A place in a list. Zeroed when the item is in none, or is the only one. */
struct thm_link {
    uint32_t prev, next; /* 0: the end */
};

struct thm_list {
    uint32_t first, last; /* 0: the list is empty */
};

/* Where the links of a list lie: in the items of a pool, `offset` bytes from their start. */
struct thm_links {
    const struct thm_pool *pool;
    size_t offset;
};
#define THM_LINKS(pool, type, member) ((struct thm_links){(pool), offsetof(type, member)})

/** The link of an item. */
static inline struct thm_link *thm_link_at(struct thm_links links, uint32_t number)
{
    return (struct thm_link *)(void *)((unsigned char *)thm_pool_at(links.pool, number) +
                                       links.offset);
}

/** Puts an item that is not in the list at its end. */
void thm_list_append(struct thm_list *list, struct thm_links links, uint32_t number);

/** Puts an item that is not in the list behind one that is, or before all (0). */
void thm_list_insert(struct thm_list *list, struct thm_links links, uint32_t number,
                     uint32_t behind);

/** Takes an item that is in the list out of it. */
void thm_list_remove(struct thm_list *list, struct thm_links links, uint32_t number);

#endif
