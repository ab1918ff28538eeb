/*
 * A connection between the two nodes, dialled by OWN (tag DIALLED) and accepted by PEER (tag ACCEPTED), and short forms of
 * the port's calls for its ends.
 */
#ifndef TEST_LWIP_PAIR_H
#define TEST_LWIP_PAIR_H

#include "lwip/world.h"

struct pair {
    struct world *w;
    struct node *own, *peer;
    thm_socket o, p;
};

static inline struct pair connected(void **state)
{
    struct world *w = *state;
    struct pair c = {.w = w, .own = &w->nodes[OWN], .peer = &w->nodes[PEER]};

    connect_both(w, &c.o, &c.p);
    return c;
}

static inline enum thm_io own_recv(const struct pair *c, void *buf, size_t cap, size_t *n)
{
    return c->own->ops->recv(c->own->port, c->o, buf, cap, n);
}

static inline enum thm_io own_send(const struct pair *c, const void *buf, size_t len, size_t *n)
{
    return c->own->ops->send(c->own->port, c->o, buf, len, n);
}

static inline enum thm_io own_want(const struct pair *c, size_t n)
{
    return c->own->ops->want(c->own->port, c->o, n);
}

static inline void own_close(const struct pair *c)
{
    c->own->ops->close(c->own->port, c->o);
}

static inline void peer_send(const struct pair *c, const void *buf, size_t len)
{
    send_all(c->w, PEER, c->p, ACCEPTED, buf, len);
}

static inline void peer_close(const struct pair *c)
{
    c->peer->ops->close(c->peer->port, c->p);
}

static inline void peer_abort(const struct pair *c)
{
    c->peer->ops->abort(c->peer->port, c->p);
}

#endif
