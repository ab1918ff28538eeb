/*
 * sim_net.h: an emulated network in one thread, for tests: deterministic, seeded, with faults.
 *
 * A world has one seed, one clock and any number of hosts. Each host owns a `struct thm_port`, which
 * the unchanged core uses, and runs one program: a step and a deadline callback, as an application's
 * loop over wait() would call them. Everything that happens is drawn from the seed; the same seed
 * gives the same sim_world_trace_hash().
 *
 * The port does no more than port.h promises: a readiness that a call did not find gone is not
 * reported again, a short recv after CLOSED brings no READ, and so on. A program that breaks the
 * contract (a stale handle, bytes sent after shutdown ...) ends the test with a message.
 *
 *     struct sim_world *world = sim_world_new(sim_seed(1));
 *     struct sim_host *server = sim_host_new(world, "server");
 *     sim_host_run(server, &(struct sim_program){ctx, step, deadline});
 *     ...
 *     assert_true(sim_world_run_until(world, all_received, ctx, 60000));
 *     sim_world_free(world);
 *
 * With SIM_TRACE in the environment every event is printed to stderr.
 */
#ifndef SIM_NET_H
#define SIM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thimble/port.h"

struct sim_world;
struct sim_host;

/* No end: of a partition, of a deadline. */
#define SIM_FOREVER UINT64_MAX

/* Probability of 1 in the unit that all of struct sim_faults uses: parts per million. */
#define SIM_ALWAYS 1000000u

/*
 * What goes wrong. All 0 is a calm network: 1 ms of latency, whole transfers, ample buffers.
 * A `_ppm` is the probability of its fault each time that it could happen; `_ms` its largest size,
 * drawn evenly from 1 on.
 */
struct sim_faults {
    /* Transfers: cut to 1..short_max bytes (0 counts as 1) although more would go. */
    uint32_t short_send_ppm;
    uint32_t short_recv_ppm;
    uint32_t short_max;

    /* Socket buffers of new connections, in bytes; 0: 128 KB. A receiver that asks for more by
     * want() gets it. */
    uint32_t send_buffer;
    uint32_t recv_buffer;

    /* Every segment takes latency_ms (0 counts as 1), and up to jitter_ms more. */
    uint32_t latency_ms;
    uint32_t jitter_ms;

    /* The link, drawn for each segment that arrives: */
    uint32_t stall_ppm; /* one direction delivers nothing for up to stall_ms, then goes on */
    uint32_t stall_ms;
    uint32_t reset_ppm;     /* both ends get a reset; what is under way is lost */
    uint32_t cut_ppm;       /* one direction drops everything for good, and nobody is told */
    uint32_t partition_ppm; /* the receiving host is cut off for up to partition_ms */
    uint32_t partition_ms;

    /* Connecting: */
    uint32_t resolve_fail_ppm; /* the name is not resolved */
    uint32_t refuse_ppm;       /* refused, as if nobody listened */
    uint32_t ignore_ppm;       /* never answered */
    uint32_t backlog;          /* connections that wait for accept; more are tried again each
                                * second, as TCP does; 0: 128 */

    /* Closing: data for a closed end is answered by a reset that also takes what the peer has
     * not read yet (as BSD and Windows do), rather than one that follows the last byte. */
    uint32_t rude_close_ppm;

    /* Readiness: */
    bool shuffle;           /* events of simultaneous things in any order, small batches, the bits
                             * of one socket apart */
    uint32_t spurious_ppm;  /* READ or WRITE (ACCEPT) for no reason, drawn for each step */
    uint32_t duplicate_ppm; /* an event is reported a second time */

    /* The host, drawn for each step (clocks) or call: */
    uint32_t clock_jump_ppm; /* the monotonic clock jumps forward */
    uint32_t clock_jump_ms;
    uint32_t utc_jump_ppm; /* UTC jumps forward or back */
    uint32_t utc_jump_ms;
    uint32_t entropy_ppm; /* entropy() fails */
    uint32_t nv_fail_ppm; /* nv_read and nv_write fail and change nothing */
    uint32_t nv_torn_ppm; /* nv_write fails and leaves a slot half old, half new */
};

/* The program that a host runs; `step` and `deadline` are an application's loop around the core. */
struct sim_program {
    void *ctx;
    /* Called with what wait() gave (n >= 0 events), when there is any, when the deadline has come,
     * or after sim_host_poke(). */
    void (*step)(void *ctx, uint64_t now_ms, const struct thm_event *events, int n);
    /* When step wants to be called at the latest, on the host's clock; SIM_FOREVER: not at all.
     * Asked after every step. NULL: never. */
    uint64_t (*deadline)(void *ctx);
};

/** How a host's program dies. */
enum sim_death {
    SIM_DEATH_RESET, /* the process dies, its system resets all connections, refuses new ones */
    SIM_DEATH_SILENT /* the power fails: nobody is told; after a restart, old peers get a reset */
};

/** The seed for a test: SIM_SEED from the environment, else `fallback`. */
uint64_t sim_seed(uint64_t fallback);

/**
 * A mixture of faults, drawn from a seed: some off, some mild, some harsh; entropy and nv faults
 * and cuts are left off, for they need a test that expects them.
 *
 * @param seed  drawn from this alone, so a test can change single knobs afterwards
 */
struct sim_faults sim_faults_draw(uint64_t seed);

/* The world ------------------------------------------------------------------------------------ */

/** Makes an empty, calm world; freed, with all its hosts, by sim_world_free(). */
struct sim_world *sim_world_new(uint64_t seed);
void sim_world_free(struct sim_world *world);

/**
 * Sets what goes wrong from now on. Stalls and partitions by chance end now (sim_host_partition()
 * ones do not); connections that were cut stay dead, and buffers keep their sizes.
 *
 * @param faults  copied; NULL: a calm network
 */
void sim_world_faults(struct sim_world *world, const struct sim_faults *faults);

/** The world's clock, in ms since its making. Hosts see clocks of their own. */
uint64_t sim_world_now(const struct sim_world *world);

/** A number from the world's generator, 0 .. below - 1 (below >= 1). */
uint64_t sim_world_random(struct sim_world *world, uint64_t below);

/** Does the next thing: one step of one host, or one event on the network, advancing the clock to
 * it. @return false when nothing is left to happen */
bool sim_world_step(struct sim_world *world);

/**
 * Runs until `done(ctx)`, which is asked after every step.
 *
 * @param limit_ms  how much of the world's time it may take
 * @return false when the time is up or nothing is left to happen before `done` says so
 */
bool sim_world_run_until(struct sim_world *world, bool (*done)(void *ctx), void *ctx,
                         uint64_t limit_ms);

/** Runs for `ms` of the world's time. */
void sim_world_run_for(struct sim_world *world, uint64_t ms);

/** A hash of everything that happened: times, events, results, bytes. */
uint64_t sim_world_trace_hash(const struct sim_world *world);

/**
 * Sets who is told of a breach of contract. Without one it is printed with seed and time, and the
 * test is aborted. When `breach` returns, the offending call fails without any effect.
 */
void sim_world_on_breach(struct sim_world *world, void (*breach)(void *ctx, const char *what),
                         void *ctx);

/* Hosts ---------------------------------------------------------------------------------------- */

/**
 * Adds a host. Its addresses are its name, 10.0.x.y (see sim_host_ip()), and 127.0.0.1 or ::1 from
 * itself. Its clock starts anywhere; UTC is not set.
 *
 * @param name  what others give to connect; must stay valid; unique in the world
 */
struct sim_host *sim_host_new(struct sim_world *world, const char *name);

/** The host's port, valid as long as the world. */
struct thm_port *sim_host_port(struct sim_host *host);

/** The host's numeric address, "10.0.0.1" for the first. */
const char *sim_host_ip(const struct sim_host *host);

/** Starts the host's program, or starts it anew after sim_host_kill(); step is called soon.
 * @param program  copied */
void sim_host_run(struct sim_host *host, const struct sim_program *program);

/** Ends the program and all its sockets; non-volatile memory and clocks stay. May be called from
 * the program's own step, which then must not use the port any more. */
void sim_host_kill(struct sim_host *host, enum sim_death how);

/** Has step called soon: after the test did something to the program from outside. */
void sim_host_poke(struct sim_host *host);

/** Cuts the host off from all others for `ms`: SIM_FOREVER until the next call, 0 heals it. TCP
 * goes on where it was. */
void sim_host_partition(struct sim_host *host, uint64_t ms);

/** Whether nobody can connect to the host, as behind an address translator: who tries hears nothing. */
void sim_host_shield(struct sim_host *host, bool shielded);

/** Cuts all present connections of the host for good, nobody is told; new ones work. */
void sim_host_cut(struct sim_host *host);

/** Resets all present connections of the host. */
void sim_host_reset(struct sim_host *host);

/** The host's monotonic clock, as step is given it. */
uint64_t sim_host_now(const struct sim_host *host);

/** Advances the host's monotonic clock, as after a suspend. UTC follows. */
void sim_host_jump(struct sim_host *host, uint64_t ms);

/** Sets UTC (ms since 1970), which then runs; or unsets it. */
void sim_host_set_utc(struct sim_host *host, uint64_t ms);
void sim_host_unset_utc(struct sim_host *host);

/** How many handles are open: 0 at the end, or there is a leak. */
unsigned sim_host_open_sockets(const struct sim_host *host);

/** How many calls that can fail (all but shutdown, close, abort, wait and wake) were made. */
uint64_t sim_host_calls(const struct sim_host *host);

/**
 * Lets one coming call fail. A failed recv, send, want breaks its connection, accept loses the one
 * it would have given, nv_write tears the slot.
 *
 * @param nth  1: the next call that can fail; 0: none
 */
void sim_host_fail_call(struct sim_host *host, uint64_t nth);

#endif
