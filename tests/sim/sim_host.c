#include "sim_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURN_EVENTS = 64, IDLE_STEPS_MAX = 1000 };

/* Making and finding --------------------------------------------------------------------------- */

static void deadline_comes(void *owner)
{
    struct sim_host *host = owner;

    host->due = true;
    sim_host_runnable(host);
}

struct sim_host *sim_host_new(struct sim_world *world, const char *name)
{
    struct sim_host *host = sim_alloc(sizeof *host);

    if (world->host_count == world->host_cap) {
        world->host_cap = world->host_cap * 2 + 8;
        world->hosts = sim_realloc(world->hosts, world->host_cap * sizeof world->hosts[0]);
        world->runnable = sim_realloc(world->runnable, world->host_cap * sizeof world->runnable[0]);
    }
    world->hosts[world->host_count++] = host;
    host->port.ops = &sim_port_ops;
    host->world = world;
    host->name = name;
    host->id = (uint16_t)world->host_count;
    snprintf(host->ip, sizeof host->ip, "10.0.%u.%u", host->id >> 8 & 255u, host->id & 255u);
    host->clock_offset = sim_world_random(world, (uint64_t)1 << 40);
    host->entropy_state = sim_random_next(&world->rng);
    host->timer.fire = deadline_comes;
    host->timer.owner = host;
    return host;
}

void sim_host_free(struct sim_host *host)
{
    free(host->nv[0].data);
    free(host->nv[1].data);
    free(host->socks);
    free(host->free_slots);
    free(host->ready);
    free(host);
}

struct thm_port *sim_host_port(struct sim_host *host)
{
    return &host->port;
}

const char *sim_host_ip(const struct sim_host *host)
{
    return host->ip;
}

struct thm_address sim_host_address(const struct sim_host *host, uint16_t number)
{
    return (struct thm_address){
        .family = 4,
        .ip = {10, 0, (uint8_t)(host->id >> 8), (uint8_t)host->id},
        .number = number,
    };
}

struct sim_host *sim_host_by_name(struct sim_world *world, const char *name)
{
    for (unsigned i = 0; i < world->host_count; i++)
        if (strcmp(world->hosts[i]->name, name) == 0)
            return world->hosts[i];
    return NULL;
}

static bool loopback(const struct thm_address *a)
{
    static const uint8_t six[16] = {[15] = 1};

    return a->family == 4 ? a->ip[0] == 127 : memcmp(a->ip, six, sizeof six) == 0;
}

struct sim_host *sim_host_by_address(struct sim_host *from, const struct thm_address *to)
{
    unsigned id = (unsigned)to->ip[2] << 8 | to->ip[3];

    if (loopback(to))
        return from;
    if (to->family != 4 || to->ip[0] != 10 || to->ip[1] != 0 || id == 0 ||
        id > from->world->host_count)
        return NULL;
    return from->world->hosts[id - 1];
}

bool sim_address_any(const struct thm_address *a)
{
    static const uint8_t zero[16];

    return memcmp(a->ip, zero, sizeof zero) == 0;
}

/* Running -------------------------------------------------------------------------------------- */

uint64_t sim_host_now(const struct sim_host *host)
{
    return host->world->now + host->clock_offset;
}

void sim_host_runnable(struct sim_host *host)
{
    struct sim_world *world = host->world;

    if (host->runnable || host->program.step == NULL)
        return;
    host->runnable = true;
    world->runnable[world->runnable_count++] = host;
}

static void set_deadline(struct sim_host *host)
{
    uint64_t now = sim_host_now(host), deadline = SIM_FOREVER;

    if (host->program.deadline != NULL)
        deadline = host->program.deadline(host->program.ctx);
    if (deadline != SIM_FOREVER)
        deadline = host->world->now + (deadline > now ? deadline - now : 0);
    sim_timer_set(host->world, &host->timer, deadline);
}

static void play_with_clocks(struct sim_host *host)
{
    struct sim_world *world = host->world;
    const struct sim_faults *faults = &world->faults;

    if (sim_chance(world, faults->clock_jump_ppm)) {
        host->clock_offset += sim_random_size(world, faults->clock_jump_ms);
        sim_note(world, host, "clock jumps", host->clock_offset, 0);
    }
    if (host->utc_set && sim_chance(world, faults->utc_jump_ppm)) {
        uint64_t by = sim_random_size(world, faults->utc_jump_ms);
        host->utc_offset += sim_world_random(world, 2) == 0 ? by : 0 - by;
        sim_note(world, host, "utc jumps", host->utc_offset, 0);
    }
}

/* A step without events at the same instant, again and again, never ends. */
static void watch_for_livelock(struct sim_host *host, int events)
{
    if (events != 0 || host->idle_at != host->world->now) {
        host->idle_at = host->world->now;
        host->idle_steps = 0;
    } else if (++host->idle_steps == IDLE_STEPS_MAX) {
        sim_breach(host, "deadline: stays in the past, so that wait would never wait");
        host->idle_steps = 0;
    }
}

void sim_host_turn(struct sim_host *host)
{
    struct sim_world *world = host->world;
    struct thm_event events[TURN_EVENTS];
    unsigned cap = world->faults.shuffle ? (unsigned)sim_random_size(world, 8) : TURN_EVENTS;

    /* Spurious events come only beside a real reason, or they would never end. */
    if (host->program.step == NULL ||
        !(host->ready_count > 0 || host->woken || host->due || host->poked))
        return;
    play_with_clocks(host);
    sim_host_spurious(host);
    int n = host->port.ops->wait(&host->port, 0, events, cap);
    if (n > 0 || host->due || host->poked) {
        watch_for_livelock(host, host->poked ? 1 : n);
        host->due = host->poked = false;
        sim_note(world, host, "step", (uint64_t)n, sim_host_now(host));
        host->program.step(host->program.ctx, sim_host_now(host), events, n);
        if (host->program.step != NULL)
            set_deadline(host);
    }
    if (host->ready_count > 0 || host->woken)
        sim_host_runnable(host);
}

static void unblock_all(struct sim_host *host)
{
    for (struct sim_conn *conn = host->world->conns; conn != NULL; conn = conn->next)
        if (conn->ends[0].host == host || conn->ends[1].host == host)
            sim_conn_unblock(conn);
}

void sim_host_run(struct sim_host *host, const struct sim_program *program)
{
    sim_note(host->world, host, "run", 0, 0);
    host->program = *program;
    if (host->dark) {
        host->dark = false;
        unblock_all(host);
    }
    sim_host_poke(host);
}

void sim_host_poke(struct sim_host *host)
{
    host->poked = true;
    sim_host_runnable(host);
}

void sim_host_kill(struct sim_host *host, enum sim_death how)
{
    bool told = how == SIM_DEATH_RESET;
    struct sim_conn *conn, *next;

    sim_note(host->world, host, "kill", how, 0);
    host->program = (struct sim_program){0};
    host->woken = host->poked = host->due = false;
    host->dark = !told;
    sim_timer_clear(host->world, &host->timer);
    for (uint32_t slot = 0; slot < host->sock_used; slot++)
        sim_sock_close(host, slot, told ? SIM_CLOSE_RESET : SIM_CLOSE_SILENT);
    for (conn = told ? NULL : host->world->conns; conn != NULL; conn = next) {
        next = conn->next;
        for (unsigned side = 0; side < 2; side++)
            if (conn->ends[side].host == host && conn->ends[side].state == SIM_END_ORPHAN) {
                sim_end_abort(conn, side, false); /* may free it */
                break;
            }
    }
    host->ready_count = 0;
}

/* Faults on demand ----------------------------------------------------------------------------- */

void sim_host_partition(struct sim_host *host, uint64_t ms)
{
    uint64_t now = host->world->now;

    host->partitioned_until = ms == SIM_FOREVER ? SIM_FOREVER : now + ms;
    host->partition_by_chance = false;
    unblock_all(host);
}

void sim_host_cut(struct sim_host *host)
{
    for (struct sim_conn *conn = host->world->conns; conn != NULL; conn = conn->next)
        if (conn->ends[0].host == host || conn->ends[1].host == host)
            conn->ends[0].out.cut = conn->ends[1].out.cut = true;
}

void sim_host_reset(struct sim_host *host)
{
    for (struct sim_conn *conn = host->world->conns; conn != NULL; conn = conn->next)
        if (conn->ends[0].host == host || conn->ends[1].host == host)
            sim_conn_reset(conn);
}

void sim_host_jump(struct sim_host *host, uint64_t ms)
{
    host->clock_offset += ms;
    if (host->program.step != NULL)
        set_deadline(host);
}

void sim_host_set_utc(struct sim_host *host, uint64_t ms)
{
    host->utc_set = true;
    host->utc_offset = ms - sim_host_now(host);
}

void sim_host_unset_utc(struct sim_host *host)
{
    host->utc_set = false;
}

unsigned sim_host_open_sockets(const struct sim_host *host)
{
    return host->open;
}

uint64_t sim_host_calls(const struct sim_host *host)
{
    return host->calls;
}

void sim_host_fail_call(struct sim_host *host, uint64_t nth)
{
    host->fail_at = nth == 0 ? 0 : host->calls + nth;
}

void sim_host_shield(struct sim_host *host, bool shielded)
{
    host->shielded = shielded;
}
