#include "sim_internal.h"

#include <string.h>

enum { SLOTS_MAX = 65535 };

/* Handles -------------------------------------------------------------------------------------- */

struct sim_sock *sim_sock_new(struct sim_host *host, enum sim_sock_kind kind, uint32_t tag,
                              uint32_t *slot)
{
    if (kind == SIM_SOCK_LISTENER && host->listener_count == SIM_LISTENERS)
        return NULL;
    if (host->free_count > 0) {
        *slot = host->free_slots[--host->free_count];
    } else {
        if (host->sock_used == SLOTS_MAX)
            return NULL;
        if (host->sock_used == host->sock_cap) {
            host->sock_cap = host->sock_cap * 2 + 16;
            host->socks = sim_realloc(host->socks, host->sock_cap * sizeof host->socks[0]);
            host->free_slots =
                sim_realloc(host->free_slots, host->sock_cap * sizeof host->free_slots[0]);
        }
        *slot = host->sock_used++;
        host->socks[*slot].generation = 0;
    }
    struct sim_sock *sock = &host->socks[*slot];
    *sock = (struct sim_sock){
        .kind = kind,
        .generation = (uint16_t)(sock->generation + 1),
        .tag = tag,
        .read_armed = true,
        .want = 1,
    };
    if (kind == SIM_SOCK_LISTENER)
        host->listeners[host->listener_count++] = *slot;
    host->open++;
    return sock;
}

thm_socket sim_sock_handle(const struct sim_host *host, uint32_t slot)
{
    return (thm_socket)host->socks[slot].generation << 16 | (slot + 1);
}

struct sim_sock *sim_sock_get(struct sim_host *host, thm_socket s, enum sim_sock_kind kind,
                              const char *call, uint32_t *slot)
{
    uint32_t at = (s & 0xffff) - 1;

    if (at >= host->sock_used || host->socks[at].kind == SIM_SOCK_FREE ||
        host->socks[at].generation != s >> 16) {
        sim_breach(host, "%s: handle %#x is %s", call, s, s == 0 ? "none" : "closed");
        return NULL;
    }
    if (kind != SIM_SOCK_FREE && host->socks[at].kind != kind) {
        sim_breach(host, "%s: handle %#x is %s listener", call, s,
                   kind == SIM_SOCK_LISTENER ? "no" : "a");
        return NULL;
    }
    *slot = at;
    return &host->socks[at];
}

static void forget_listener(struct sim_host *host, uint32_t slot)
{
    unsigned at = 0;

    while (host->listeners[at] != slot)
        at++;
    host->listeners[at] = host->listeners[--host->listener_count];
}

void sim_sock_close(struct sim_host *host, uint32_t slot, enum sim_close how)
{
    struct sim_sock *sock = &host->socks[slot];
    struct sim_conn *conn = sock->conn, *waiting = sock->backlog_first;
    unsigned side = sock->side;

    if (sock->kind == SIM_SOCK_FREE)
        return;
    if (sock->kind == SIM_SOCK_LISTENER)
        forget_listener(host, slot);
    sock->kind = SIM_SOCK_FREE;
    sock->queued = false;
    host->free_slots[host->free_count++] = slot;
    host->open--;
    while (waiting != NULL) {
        struct sim_conn *next = waiting->backlog_next;
        sim_end_abort(waiting, 1, how != SIM_CLOSE_SILENT);
        waiting = next;
    }
    if (conn == NULL)
        return;
    if (how == SIM_CLOSE_FLUSH)
        sim_end_close(conn, side);
    else
        sim_end_abort(conn, side, how == SIM_CLOSE_RESET);
}

struct sim_sock *sim_host_listener(struct sim_host *host, const struct thm_address *to,
                                   uint32_t *slot)
{
    for (unsigned i = 0; i < host->listener_count; i++) {
        struct sim_sock *sock = &host->socks[host->listeners[i]];
        if (sock->address.number != to->number)
            continue;
        if (sim_address_any(&sock->address) || sim_address_any(to) ||
            memcmp(sock->address.ip, to->ip, sizeof to->ip) == 0) {
            *slot = host->listeners[i];
            return sock;
        }
    }
    return NULL;
}

/* Readiness ------------------------------------------------------------------------------------ */

/* What the socket would report now. */
static uint32_t conditions(const struct sim_sock *sock)
{
    uint32_t what = 0;

    if (sock->kind == SIM_SOCK_LISTENER)
        return sock->read_armed && sock->backlog_first != NULL ? THM_EV_ACCEPT : 0;

    const struct sim_conn *conn = sock->conn;
    const struct sim_end *end = &conn->ends[sock->side];
    const struct sim_pipe *in = &conn->ends[1 - sock->side].out;

    if (sock->side == 0 && conn->resolved && !sock->told_resolved)
        what |= THM_EV_RESOLVED;
    if (sim_dialling(conn, sock->side))
        return what;
    /* After CLOSED the caller reads on by itself: no READ. */
    if (sock->read_armed && !sock->told_eof && !sock->told_broken &&
        (in->arrived >= sock->want || end->eof || end->broken))
        what |= THM_EV_READ;
    if (sock->write_armed && (end->broken || sim_pipe_room(&end->out) > 0))
        what |= THM_EV_WRITE;
    if ((end->eof && !sock->told_eof) || (end->broken && !sock->told_broken))
        what |= THM_EV_CLOSED;
    return what;
}

static void enqueue(struct sim_host *host, uint32_t slot)
{
    struct sim_sock *sock = &host->socks[slot];

    if (sock->queued)
        return;
    sock->queued = true;
    if (host->ready_count == host->ready_cap) {
        host->ready_cap = host->ready_cap * 2 + 16;
        host->ready = sim_realloc(host->ready, host->ready_cap * sizeof host->ready[0]);
    }
    host->ready[host->ready_count++] = slot;
    sim_host_runnable(host);
}

void sim_sock_kick(struct sim_host *host, uint32_t slot)
{
    const struct sim_sock *sock = &host->socks[slot];

    if (sock->extra != 0 || conditions(sock) != 0)
        enqueue(host, slot);
}

void sim_end_kick(struct sim_end *end)
{
    if (end->state == SIM_END_OPEN)
        sim_sock_kick(end->host, end->slot);
}

void sim_host_spurious(struct sim_host *host)
{
    struct sim_world *world = host->world;

    if (host->sock_used == 0 || !sim_chance(world, world->faults.spurious_ppm))
        return;
    uint32_t slot = (uint32_t)sim_world_random(world, host->sock_used);
    struct sim_sock *sock = &host->socks[slot];
    if (sock->kind == SIM_SOCK_LISTENER)
        sock->extra |= THM_EV_ACCEPT;
    else if (sock->kind == SIM_SOCK_STREAM && !sim_dialling(sock->conn, sock->side))
        sock->extra |= sim_world_random(world, 2) == 0 ? THM_EV_READ : THM_EV_WRITE;
    else
        return;
    enqueue(host, slot);
}

/* One of the bits that are set in `what`. */
static uint32_t any_bit(struct sim_world *world, uint32_t what)
{
    for (uint64_t skip = sim_world_random(world, 6);; skip--) {
        uint32_t rest = what & (what - 1);
        if (skip == 0 || rest == 0)
            return what & ~rest;
        what = rest;
    }
}

/* What was reported is not reported again until a call finds it gone. */
static void disarm(struct sim_sock *sock, uint32_t told)
{
    if ((told & (THM_EV_READ | THM_EV_ACCEPT)) != 0)
        sock->read_armed = false;
    if ((told & THM_EV_WRITE) != 0)
        sock->write_armed = false;
    if ((told & THM_EV_RESOLVED) != 0)
        sock->told_resolved = true;
    if (sock->kind != SIM_SOCK_STREAM)
        return;
    const struct sim_end *end = &sock->conn->ends[sock->side];
    const struct sim_pipe *in = &sock->conn->ends[1 - sock->side].out;
    if ((told & THM_EV_READ) != 0 && in->arrived >= sock->want && sock->promised < sock->want)
        sock->promised = sock->want;
    if ((told & THM_EV_CLOSED) != 0) {
        sock->told_eof = end->eof;
        sock->told_broken = end->broken;
    }
}

uint32_t sim_sock_report(struct sim_host *host, uint32_t slot)
{
    struct sim_world *world = host->world;
    struct sim_sock *sock = &host->socks[slot];

    if (!sock->queued)
        return 0; /* closed since */
    sock->queued = false;
    sock->recv_held = sock->send_held = false;
    uint32_t real = conditions(sock);
    uint32_t what = real | sock->extra;
    sock->extra = 0;
    if (what != 0 && world->faults.shuffle && sim_world_random(world, 2) == 0)
        what = any_bit(world, what);
    disarm(sock, what & real);
    if ((what & real) != 0 && sim_chance(world, world->faults.duplicate_ppm))
        sock->extra = what & real;
    sim_sock_kick(host, slot);
    return what;
}
