#include "sim_internal.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_BUFFER = 128 * 1024 }; /* holds THM_CREDIT_MAX, as a server sets its own */

static void arrive(void *owner);

/* Connections ---------------------------------------------------------------------------------- */

static void pipe_init(struct sim_conn *conn, struct sim_pipe *pipe, uint32_t size)
{
    pipe->conn = conn;
    pipe->ring = malloc(size);
    pipe->size = size;
    pipe->timer.fire = arrive;
    pipe->timer.owner = pipe;
}

struct sim_conn *sim_conn_new(struct sim_host *dialler)
{
    struct sim_world *world = dialler->world;
    const struct sim_faults *faults = &world->faults;
    struct sim_conn *conn = sim_alloc(sizeof *conn);

    conn->world = world;
    conn->send_buffer = faults->send_buffer != 0 ? faults->send_buffer : DEFAULT_BUFFER;
    conn->recv_buffer = faults->recv_buffer != 0 ? faults->recv_buffer : DEFAULT_BUFFER;
    conn->ends[0].host = dialler;
    conn->ends[0].state = SIM_END_OPEN;
    uint32_t window = conn->recv_buffer > SIM_WANT_MAX ? conn->recv_buffer : SIM_WANT_MAX;
    for (int i = 0; i < 2; i++)
        pipe_init(conn, &conn->ends[i].out, conn->send_buffer + window);
    conn->next = world->conns;
    if (conn->next != NULL)
        conn->next->prev = conn;
    world->conns = conn;
    return conn;
}

void sim_conn_free(struct sim_conn *conn)
{
    struct sim_world *world = conn->world;

    for (int i = 0; i < 2; i++) {
        sim_timer_clear(world, &conn->ends[i].out.timer);
        free(conn->ends[i].out.ring);
    }
    sim_timer_clear(world, &conn->dial);
    free(conn->name);
    if (conn->prev != NULL)
        conn->prev->next = conn->next;
    else
        world->conns = conn->next;
    if (conn->next != NULL)
        conn->next->prev = conn->prev;
    free(conn);
}

static bool observed(const struct sim_end *end)
{
    return end->state == SIM_END_OPEN || end->state == SIM_END_BACKLOG;
}

void sim_conn_reap(struct sim_conn *conn)
{
    if (!observed(&conn->ends[0]) && !observed(&conn->ends[1]))
        sim_conn_free(conn);
}

void sim_conn_reset(struct sim_conn *conn)
{
    sim_note(conn->world, conn->ends[0].host, "reset", conn->ends[0].address.number, 0);
    for (int i = 0; i < 2; i++)
        sim_pipe_abort(&conn->ends[i].out);
}

uint64_t sim_conn_blocked(const struct sim_conn *conn)
{
    uint64_t until = 0;

    if (conn->ends[0].host == conn->ends[1].host)
        return 0;
    for (int i = 0; i < 2; i++) {
        const struct sim_host *host = conn->ends[i].host;
        if (host == NULL)
            continue;
        if (host->dark)
            return SIM_FOREVER;
        if (host->partitioned_until > until)
            until = host->partitioned_until;
    }
    return until > conn->world->now ? until : 0;
}

void sim_conn_unblock(struct sim_conn *conn)
{
    for (int i = 0; i < 2; i++) {
        sim_timer_clear(conn->world, &conn->ends[i].out.timer);
        sim_pipe_kick(&conn->ends[i].out);
    }
    sim_dial_kick(conn);
}

uint64_t sim_latency(struct sim_world *world)
{
    const struct sim_faults *faults = &world->faults;
    uint64_t ms = faults->latency_ms != 0 ? faults->latency_ms : 1;

    return faults->jitter_ms == 0 ? ms : ms + sim_world_random(world, faults->jitter_ms + 1);
}

/* Pipes ---------------------------------------------------------------------------------------- */

static unsigned side_of(const struct sim_pipe *pipe)
{
    return pipe == &pipe->conn->ends[0].out ? 0 : 1;
}

static struct sim_end *receiver(const struct sim_pipe *pipe)
{
    return &pipe->conn->ends[1 - side_of(pipe)];
}

uint32_t sim_pipe_room(const struct sim_pipe *pipe)
{
    return pipe->conn->send_buffer - pipe->flying;
}

static void push(struct sim_pipe *pipe, uint32_t len, uint32_t flags)
{
    struct sim_world *world = pipe->conn->world;
    uint64_t due = world->now + sim_latency(world);

    /* Each waits for the one before it, so bytes stay in order whenever they are due. */
    if (pipe->count == SIM_SEGMENTS) {
        struct sim_segment *last = &pipe->segments[(pipe->first + pipe->count - 1) % SIM_SEGMENTS];
        last->len += len;
        last->flags |= flags;
        last->due = due;
    } else {
        pipe->segments[(pipe->first + pipe->count++) % SIM_SEGMENTS] =
            (struct sim_segment){.len = len, .flags = flags, .due = due};
    }
    sim_pipe_kick(pipe);
}

/* The place of the byte that is `offset` after the oldest; *len is cut to what lies in one piece. */
static uint8_t *ring_at(struct sim_pipe *pipe, uint32_t offset, uint32_t *len)
{
    uint32_t place = (pipe->at + offset) % pipe->size;

    if (*len > pipe->size - place)
        *len = pipe->size - place;
    return pipe->ring + place;
}

void sim_pipe_write(struct sim_pipe *pipe, const uint8_t *bytes, uint32_t len)
{
    uint32_t held = pipe->arrived + pipe->flying;

    for (uint32_t done = 0, part; done < len; done += part) {
        part = len - done;
        uint8_t *to = ring_at(pipe, held + done, &part);
        memcpy(to, bytes + done, part);
    }
    pipe->flying += len;
    push(pipe, len, 0);
}

void sim_pipe_read(struct sim_pipe *pipe, uint8_t *buf, uint32_t len)
{
    for (uint32_t done = 0, part; buf != NULL && done < len; done += part) {
        part = len - done;
        const uint8_t *from = ring_at(pipe, done, &part);
        memcpy(buf + done, from, part);
    }
    pipe->at = (pipe->at + len) % pipe->size;
    pipe->arrived -= len;
    if (pipe->arrived == 0 && pipe->flying == 0)
        pipe->at = 0; /* keeps to the same few pages */
    sim_pipe_kick(pipe);
}

void sim_pipe_signal(struct sim_pipe *pipe, uint32_t flags)
{
    if ((flags & SIM_SEGMENT_FIN) != 0)
        pipe->finished = true;
    if ((flags & SIM_SEGMENT_RST) != 0)
        pipe->reset = true;
    push(pipe, 0, flags);
}

/* Loses what is under way. */
static void drop(struct sim_pipe *pipe)
{
    pipe->flying = 0;
    pipe->count = 0;
    sim_timer_clear(pipe->conn->world, &pipe->timer);
}

void sim_pipe_abort(struct sim_pipe *pipe)
{
    uint32_t purge = sim_world_random(pipe->conn->world, 2) == 0 ? SIM_SEGMENT_PURGE : 0;

    drop(pipe);
    sim_pipe_signal(pipe, SIM_SEGMENT_RST | purge);
}

/* How many bytes the receiver takes now. */
static uint32_t window(const struct sim_pipe *pipe)
{
    const struct sim_end *to = receiver(pipe);
    uint32_t limit = pipe->conn->recv_buffer;

    if (to->state == SIM_END_OPEN && to->host->socks[to->slot].want > limit)
        limit = to->host->socks[to->slot].want;
    return limit > pipe->arrived ? limit - pipe->arrived : 0;
}

void sim_pipe_kick(struct sim_pipe *pipe)
{
    struct sim_conn *conn = pipe->conn;
    const struct sim_segment *next = &pipe->segments[pipe->first];

    if (pipe->timer.place != 0 || pipe->count == 0 || pipe->cut || conn->stage != SIM_DIAL_DONE)
        return;
    if (next->len > 0 && window(pipe) == 0)
        return;
    uint64_t due = next->due;
    uint64_t blocked = sim_conn_blocked(conn);
    if (blocked > due)
        due = blocked;
    if (pipe->stalled_until > due)
        due = pipe->stalled_until;
    sim_timer_set(conn->world, &pipe->timer, due);
}

/* Lets chance strike; true if the segment does not arrive now. */
static bool misfortune(struct sim_pipe *pipe)
{
    struct sim_conn *conn = pipe->conn;
    struct sim_world *world = conn->world;
    const struct sim_faults *faults = &world->faults;
    struct sim_host *to = receiver(pipe)->host;

    if (sim_chance(world, faults->stall_ppm)) {
        pipe->stalled_until = world->now + sim_random_size(world, faults->stall_ms);
        sim_note(world, to, "stall", pipe->stalled_until, 0);
    } else if (sim_chance(world, faults->cut_ppm)) {
        pipe->cut = true;
        sim_note(world, to, "cut", 0, 0);
    } else if (to->partitioned_until <= world->now && sim_chance(world, faults->partition_ppm)) {
        to->partitioned_until = world->now + sim_random_size(world, faults->partition_ms);
        to->partition_by_chance = true;
        sim_note(world, to, "partition", to->partitioned_until, 0);
    } else if (!pipe->reset && sim_chance(world, faults->reset_ppm)) {
        sim_conn_reset(conn);
    } else {
        return false;
    }
    return true;
}

/* Data reached an end that has no reader any more. */
static void answer_closed(struct sim_conn *conn, struct sim_end *end)
{
    if (end->broken || end->out.reset)
        return;
    if (end->state == SIM_END_ORPHAN && sim_chance(conn->world, conn->world->faults.rude_close_ppm))
        sim_pipe_abort(&end->out);
    else
        sim_pipe_signal(&end->out, SIM_SEGMENT_RST);
}

static void take_flags(struct sim_pipe *pipe, struct sim_end *to, uint32_t flags)
{
    if ((flags & SIM_SEGMENT_FIN) != 0)
        to->eof = true;
    if ((flags & SIM_SEGMENT_RST) == 0 || to->broken)
        return;
    to->broken = true;
    if ((flags & SIM_SEGMENT_PURGE) != 0)
        sim_pipe_read(pipe, NULL, pipe->arrived);
    if (!to->out.reset) /* a reset of its own still goes its way */
        drop(&to->out);
}

/* The first segment arrives, or as much of it as the receiver has room for. */
static void arrive(void *owner)
{
    struct sim_pipe *pipe = owner;
    struct sim_conn *conn = pipe->conn;
    struct sim_end *to = receiver(pipe);
    struct sim_segment *segment = &pipe->segments[pipe->first];

    if (sim_conn_blocked(conn) != 0 || misfortune(pipe)) {
        sim_pipe_kick(pipe);
        return;
    }
    uint32_t room = window(pipe);
    uint32_t len = segment->len < room ? segment->len : room;
    segment->len -= len;
    pipe->flying -= len;
    pipe->arrived += len;
    uint32_t flags = 0;
    if (segment->len == 0) {
        flags = segment->flags;
        pipe->first = (pipe->first + 1) % SIM_SEGMENTS;
        pipe->count--;
    }
    sim_note(conn->world, to->host, "arrive", len, flags);
    if ((!observed(to) || to->broken) && pipe->arrived > 0) {
        sim_pipe_read(pipe, NULL, pipe->arrived);
        answer_closed(conn, to);
    }
    take_flags(pipe, to, flags);
    sim_end_kick(to);
    sim_end_kick(&conn->ends[side_of(pipe)]); /* its buffer has room */
    sim_pipe_kick(pipe);
}

/* Ends ----------------------------------------------------------------------------------------- */

void sim_end_close(struct sim_conn *conn, unsigned side)
{
    struct sim_end *end = &conn->ends[side];
    struct sim_pipe *in = &conn->ends[1 - side].out;

    if ((side == 0 && conn->stage != SIM_DIAL_DONE) || end->broken) {
        sim_end_abort(conn, side, true);
        return;
    }
    end->state = SIM_END_ORPHAN;
    if (!end->out.finished)
        sim_pipe_signal(&end->out, SIM_SEGMENT_FIN);
    if (in->arrived > 0) {
        sim_pipe_read(in, NULL, in->arrived);
        answer_closed(conn, end);
    }
    sim_conn_reap(conn);
}

void sim_end_abort(struct sim_conn *conn, unsigned side, bool told)
{
    struct sim_end *end = &conn->ends[side];
    struct sim_pipe *in = &conn->ends[1 - side].out;

    end->state = SIM_END_GONE;
    if (!told) {
        drop(&end->out);
    } else if (!end->broken) {
        if (side == 0 && conn->stage == SIM_DIAL_ANSWER) {
            sim_timer_clear(conn->world, &conn->dial);
            conn->stage = SIM_DIAL_DONE; /* the other system must hear of it */
        }
        sim_pipe_abort(&end->out);
    }
    sim_pipe_read(in, NULL, in->arrived);
    sim_conn_reap(conn);
}

void sim_end_fail(struct sim_conn *conn, unsigned side)
{
    struct sim_end *end = &conn->ends[side];
    struct sim_pipe *in = &conn->ends[1 - side].out;

    if (end->broken)
        return;
    end->broken = true;
    sim_pipe_abort(&end->out);
    sim_pipe_read(in, NULL, in->arrived);
    sim_end_kick(end);
}
