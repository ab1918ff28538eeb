/*
 * sim_probe.h: programs for the emulated network that do nothing but remember what they were told,
 * so that a test makes the port's calls itself.
 */
#ifndef SIM_PROBE_H
#define SIM_PROBE_H

#include "sim_net.h"

struct probe {
    struct sim_host *host;
    struct thm_port *port;
    const struct thm_port_ops *ops;
    uint32_t told[10];  /* by tag: the events since probe_told() */
    unsigned times[10]; /* how many */
    unsigned steps;
    uint64_t deadline; /* for one step */
    uint64_t now;      /* of the last step */
};

/* Host "a", which dials, and host "b", whose listener (TCP port 80) has tag 1. */
struct probe_pair {
    struct sim_world *world;
    struct probe a, b;
    thm_socket listener;
    thm_socket from, to; /* a's and b's end of their connection, both with tag 2 */
};

/** Makes the hosts; nothing is connected yet. */
void probe_hosts(struct probe_pair *p, uint64_t seed, const struct sim_faults *faults);

/** Makes the hosts and connects them. */
void probe_connect(struct probe_pair *p, uint64_t seed, const struct sim_faults *faults);

/** What the tag was told since the last time. */
uint32_t probe_told(struct probe *p, uint32_t tag);

/** Sends text, and says how much of it was taken. */
size_t probe_put(struct probe *p, thm_socket s, const char *text);

/** Sends `len` (up to 20,000) bytes from a to b and lets them arrive. */
void probe_send(struct probe_pair *p, size_t len);

/** Receives up to `cap` (up to 20,000) bytes. */
enum thm_io probe_get(struct probe *p, thm_socket s, size_t cap, size_t *n);

#endif
