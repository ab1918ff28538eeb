#include "sim_internal.h"

#include <string.h>

enum { RETRY_MS = 1000 }; /* TCP's first repetition of a SYN */

static void advance(void *owner);

static void after(struct sim_conn *conn, enum sim_dial_stage stage, uint64_t ms)
{
    conn->stage = stage;
    sim_timer_set(conn->world, &conn->dial, conn->world->now + ms);
}

void sim_dial_start(struct sim_conn *conn, const char *name, uint16_t number)
{
    conn->dial.fire = advance;
    conn->dial.owner = conn;
    conn->ends[1].address.number = number;
    if (name != NULL) {
        conn->name = sim_alloc(strlen(name) + 1);
        memcpy(conn->name, name, strlen(name));
    }
    after(conn, name != NULL ? SIM_DIAL_RESOLVE : SIM_DIAL_SYN, sim_latency(conn->world));
}

void sim_dial_kick(struct sim_conn *conn)
{
    bool waits = conn->stage != SIM_DIAL_DONE && conn->stage != SIM_DIAL_IGNORED;

    if (waits && !conn->ends[0].broken && conn->dial.place == 0)
        sim_timer_set(conn->world, &conn->dial, conn->world->now + RETRY_MS);
}

bool sim_dialling(const struct sim_conn *conn, unsigned side)
{
    return side == 0 && conn->stage != SIM_DIAL_DONE && !conn->ends[0].broken;
}

static void tell_outcome(struct sim_conn *conn)
{
    struct sim_end *end = &conn->ends[0];

    if (end->state == SIM_END_OPEN) {
        struct sim_sock *sock = &end->host->socks[end->slot];
        sock->write_armed = true;
        /* Of a failure port.h promises WRITE and no more. */
        sock->told_broken = end->broken && sim_world_random(conn->world, 2) == 0;
    }
    sim_end_kick(end);
}

static void fail(struct sim_conn *conn)
{
    sim_note(conn->world, conn->ends[0].host, "dial fails", conn->stage, 0);
    conn->ends[0].broken = true;
    tell_outcome(conn);
}

static void resolve(struct sim_conn *conn)
{
    struct sim_world *world = conn->world;
    struct sim_host *self = conn->ends[0].host;
    struct sim_host *host =
        strcmp(conn->name, "localhost") == 0 ? self : sim_host_by_name(world, conn->name);

    if (host == NULL || sim_chance(world, world->faults.resolve_fail_ppm)) {
        fail(conn);
        return;
    }
    struct thm_address *to = &conn->ends[1].address;
    *to = sim_host_address(host, to->number);
    conn->resolved = true;
    after(conn, SIM_DIAL_SYN, sim_latency(world));
    sim_end_kick(&conn->ends[0]);
}

static void join_backlog(struct sim_conn *conn, struct sim_sock *listener)
{
    if (listener->backlog_last != NULL)
        listener->backlog_last->backlog_next = conn;
    else
        listener->backlog_first = conn;
    listener->backlog_last = conn;
    listener->backlog_count++;
    conn->ends[1].state = SIM_END_BACKLOG;
}

/* The SYN reaches the host that was dialled. */
static void knock(struct sim_conn *conn)
{
    struct sim_world *world = conn->world;
    const struct sim_faults *faults = &world->faults;
    struct sim_end *callee = &conn->ends[1];
    uint32_t slot;

    if (callee->host == NULL || callee->host->shielded || sim_chance(world, faults->ignore_ppm)) {
        conn->stage = SIM_DIAL_IGNORED;
        return;
    }
    struct sim_sock *listener = sim_host_listener(callee->host, &callee->address, &slot);
    if (listener == NULL || sim_chance(world, faults->refuse_ppm)) {
        after(conn, SIM_DIAL_REFUSED, sim_latency(world));
    } else if (listener->backlog_count >= (faults->backlog != 0 ? faults->backlog : 128)) {
        after(conn, SIM_DIAL_SYN, RETRY_MS);
    } else {
        join_backlog(conn, listener);
        sim_sock_kick(callee->host, slot);
        after(conn, SIM_DIAL_ANSWER, sim_latency(world));
    }
}

/* The answer reaches the dialler. */
static void established(struct sim_conn *conn)
{
    conn->stage = SIM_DIAL_DONE;
    if (conn->ends[0].state != SIM_END_OPEN) /* it has died meanwhile and knows nothing */
        sim_pipe_signal(&conn->ends[0].out, SIM_SEGMENT_RST);
    tell_outcome(conn);
    sim_conn_unblock(conn);
}

/* The next stage, when its time has come. */
static void advance(void *owner)
{
    struct sim_conn *conn = owner;

    if (conn->stage == SIM_DIAL_SYN)
        conn->ends[1].host = sim_host_by_address(conn->ends[0].host, &conn->ends[1].address);
    uint64_t blocked = sim_conn_blocked(conn);
    if (blocked != 0) {
        if (blocked != SIM_FOREVER)
            after(conn, conn->stage, blocked - conn->world->now + RETRY_MS);
        return;
    }
    switch (conn->stage) {
    case SIM_DIAL_RESOLVE: resolve(conn); break;
    case SIM_DIAL_SYN: knock(conn); break;
    case SIM_DIAL_ANSWER: established(conn); break;
    case SIM_DIAL_REFUSED: fail(conn); break;
    case SIM_DIAL_IGNORED:
    case SIM_DIAL_DONE: break;
    }
}
