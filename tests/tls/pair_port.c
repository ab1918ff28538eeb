#include "tls/pair_port.h"

#include <stdlib.h>
#include <string.h>

#include "thimble/error.h"

static struct pair_port *self(struct thm_port *port)
{
    return (struct pair_port *)(void *)port;
}

static struct pair_end *end_of(struct pair_port *p, thm_socket s)
{
    return &p->ends[s - 1];
}

thm_socket pair_port_peer(thm_socket s)
{
    return ((s - 1) ^ 1u) + 1;
}

static bool fails(struct pair_port *p)
{
    return ++p->calls == p->fail_at;
}

static struct pair_end *usable(struct pair_port *p, thm_socket s)
{
    if (s == THM_SOCKET_NONE || s > PAIR_SOCKETS || !end_of(p, s)->open)
        abort(); /* a stale handle is a bug of the code under test */
    if (fails(p))
        end_of(p, s)->reset = true;
    return end_of(p, s);
}

static size_t cut(const struct pair_port *p, size_t n)
{
    return p->most != 0 && n > p->most ? p->most : n;
}

static enum thm_io recv_(struct thm_port *port, thm_socket s, void *buf, size_t cap, size_t *n)
{
    struct pair_port *p = self(port);
    struct pair_end *mine = usable(p, s), *from = end_of(p, pair_port_peer(s));

    *n = 0;
    if (from->len == 0 && (mine->reset || from->reset))
        return THM_IO_ERROR;
    if (from->len == 0)
        return from->finished ? THM_IO_EOF : THM_IO_AGAIN;
    *n = cut(p, cap < from->len ? cap : from->len);
    memcpy(buf, from->bytes, *n);
    from->len -= *n;
    memmove(from->bytes, from->bytes + *n, from->len);
    p->moved += *n;
    return THM_IO_OK;
}

static enum thm_io send_(struct thm_port *port, thm_socket s, const void *buf, size_t len,
                         size_t *n)
{
    struct pair_port *p = self(port);
    struct pair_end *mine = usable(p, s), *to = end_of(p, pair_port_peer(s));
    size_t room = p->capacity > mine->len ? p->capacity - mine->len : 0;

    *n = 0;
    if (mine->reset || to->reset || mine->finished)
        return THM_IO_ERROR;
    if (room == 0)
        return THM_IO_AGAIN;
    *n = cut(p, len < room ? len : room);
    if (to->open) { /* else it falls into the void */
        memcpy(mine->bytes + mine->len, buf, *n);
        mine->len += *n;
    }
    p->moved += *n;
    p->sends++;
    return THM_IO_OK;
}

static enum thm_io want(struct thm_port *port, thm_socket s, size_t n)
{
    struct pair_port *p = self(port);
    struct pair_end *mine = usable(p, s), *from = end_of(p, pair_port_peer(s));

    if (n == 0 || n > 16709)
        abort();
    if (from->len >= n || from->len >= p->capacity) /* there is no room for the others */
        return THM_IO_OK;
    if (mine->reset || from->reset)
        return THM_IO_ERROR;
    return from->finished ? THM_IO_EOF : THM_IO_AGAIN;
}

static void shutdown_(struct thm_port *port, thm_socket s)
{
    end_of(self(port), s)->finished = true;
}

static void close_(struct thm_port *port, thm_socket s)
{
    struct pair_end *mine = end_of(self(port), s);

    mine->finished = true;
    mine->open = false;
}

static void abort_(struct thm_port *port, thm_socket s)
{
    struct pair_end *mine = end_of(self(port), s);

    mine->reset = true;
    mine->open = false;
    mine->len = 0;
}

/* Different at every call, so that no two connections share a seed; the tests need no secrets. */
static int entropy(struct thm_port *port, void *buf, size_t len)
{
    struct pair_port *p = self(port);
    unsigned char *bytes = buf;

    if (fails(p) || p->no_entropy)
        return THM_E_ENTROPY;
    for (size_t i = 0; i < len; i++) { /* splitmix64: never twice the same */
        uint64_t x = p->random += 0x9e3779b97f4a7c15u;
        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
        x = (x ^ x >> 27) * 0x94d049bb133111ebu;
        bytes[i] = (unsigned char)(x ^ x >> 31);
    }
    return THM_OK;
}

void pair_port_init(struct pair_port *p)
{
    static const struct thm_port_ops ops = {
        .recv = recv_,
        .send = send_,
        .want = want,
        .shutdown = shutdown_,
        .close = close_,
        .abort = abort_,
        .entropy = entropy,
    };

    memset(p, 0, sizeof *p);
    p->port.ops = &ops;
    p->capacity = PAIR_BUFFER;
}

void pair_port_connect(struct pair_port *p, thm_socket *a, thm_socket *b)
{
    for (thm_socket s = 1; s < PAIR_SOCKETS; s += 2) {
        struct pair_end *one = end_of(p, s), *two = end_of(p, s + 1);
        if (one->open || two->open)
            continue;
        one->finished = two->finished = one->reset = two->reset = false;
        one->len = two->len = 0;
        one->open = two->open = true;
        *a = s;
        *b = s + 1;
        return;
    }
    abort();
}

unsigned pair_port_open(const struct pair_port *p)
{
    unsigned count = 0;

    for (unsigned i = 0; i < PAIR_SOCKETS; i++)
        count += p->ends[i].open;
    return count;
}
