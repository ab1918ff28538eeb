/*
 * The table of sockets. A handle is generation << index_bits | index; the generation rises whenever
 * a socket is given back, so that a stale handle finds nothing. Entries never used stay untouched.
 */
#include <string.h>

#include "posix.h"

static uint32_t index_of(const struct posix *p, const struct posix_socket *s)
{
    return (uint32_t)(s - p->sockets);
}

void posix_list_add(struct posix *p, struct posix_list *list, struct posix_socket *s)
{
    uint32_t index = index_of(p, s);

    s->next = POSIX_NO_INDEX;
    s->prev = list->last;
    if (list->last == POSIX_NO_INDEX)
        list->first = index;
    else
        p->sockets[list->last].next = index;
    list->last = index;
}

void posix_list_remove(struct posix *p, struct posix_list *list, struct posix_socket *s)
{
    if (s->prev == POSIX_NO_INDEX)
        list->first = s->next;
    else
        p->sockets[s->prev].next = s->next;
    if (s->next == POSIX_NO_INDEX)
        list->last = s->prev;
    else
        p->sockets[s->next].prev = s->prev;
}

struct posix_socket *posix_list_first(struct posix *p, const struct posix_list *list)
{
    return list->first == POSIX_NO_INDEX ? NULL : &p->sockets[list->first];
}

bool posix_is_full(const struct posix *p)
{
    return p->free.first == POSIX_NO_INDEX && p->used == p->max_sockets;
}

struct posix_socket *posix_new(struct posix *p, uint32_t tag)
{
    struct posix_socket *s = posix_list_first(p, &p->free);

    if (s) {
        posix_list_remove(p, &p->free, s);
    } else if (p->used < p->max_sockets) {
        s = &p->sockets[p->used++];
        s->generation = 1;
    } else {
        return NULL;
    }
    uint32_t generation = s->generation;
    memset(s, 0, sizeof *s);
    s->generation = generation;
    s->fd = -1;
    s->tag = tag;
    s->want = s->lowat = 1;
    return s;
}

void posix_free(struct posix *p, struct posix_socket *s)
{
    uint32_t last_generation = UINT32_MAX >> p->index_bits;

    s->state = POSIX_FREE;
    s->fd = -1;
    s->generation = s->generation == last_generation ? 1 : s->generation + 1;
    posix_list_add(p, &p->free, s);
}

thm_socket posix_handle(const struct posix *p, const struct posix_socket *s)
{
    return s->generation << p->index_bits | index_of(p, s);
}

struct posix_socket *posix_find(struct posix *p, thm_socket handle)
{
    uint32_t index = handle & ((1u << p->index_bits) - 1);

    if (index >= p->used)
        return NULL;
    struct posix_socket *s = &p->sockets[index];
    if (s->state == POSIX_FREE || s->generation != handle >> p->index_bits)
        return NULL;
    return s;
}
