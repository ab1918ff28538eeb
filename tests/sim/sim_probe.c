#include "sim_probe.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "thimble/error.h"

static void step(void *ctx, uint64_t now_ms, const struct thm_event *events, int n)
{
    struct probe *p = ctx;

    p->steps++;
    p->now = now_ms;
    if (now_ms >= p->deadline)
        p->deadline = SIM_FOREVER;
    for (int i = 0; i < n; i++) {
        p->told[events[i].tag] |= events[i].what;
        p->times[events[i].tag]++;
    }
}

static uint64_t deadline(void *ctx)
{
    return ((struct probe *)ctx)->deadline;
}

static void probe_start(struct probe *p, struct sim_world *world, const char *name)
{
    *p = (struct probe){.host = sim_host_new(world, name), .deadline = SIM_FOREVER};
    p->port = sim_host_port(p->host);
    p->ops = p->port->ops;
    sim_host_run(p->host, &(struct sim_program){p, step, deadline});
}

uint32_t probe_told(struct probe *p, uint32_t tag)
{
    uint32_t what = p->told[tag];

    p->told[tag] = 0;
    p->times[tag] = 0;
    return what;
}

void probe_hosts(struct probe_pair *p, uint64_t seed, const struct sim_faults *faults)
{
    *p = (struct probe_pair){.world = sim_world_new(seed)};
    sim_world_faults(p->world, faults);
    probe_start(&p->a, p->world, "a");
    probe_start(&p->b, p->world, "b");
    assert_int_equal(p->b.ops->listen(p->b.port, "0.0.0.0", 80, 1, &p->listener), THM_OK);
}

void probe_connect(struct probe_pair *p, uint64_t seed, const struct sim_faults *faults)
{
    probe_hosts(p, seed, faults);
    assert_int_equal(p->a.ops->connect(p->a.port, "b", 80, 2, &p->from), THM_OK);
    sim_world_run_for(p->world, 1000);
    assert_int_equal(probe_told(&p->b, 1), THM_EV_ACCEPT);
    assert_int_equal(p->b.ops->accept(p->b.port, p->listener, 2, &p->to), THM_IO_OK);
    assert_int_equal(probe_told(&p->a, 2), THM_EV_RESOLVED | THM_EV_WRITE);
}

size_t probe_put(struct probe *p, thm_socket s, const char *text)
{
    size_t n;

    assert_int_equal(p->ops->send(p->port, s, text, strlen(text), &n), THM_IO_OK);
    return n;
}

void probe_send(struct probe_pair *p, size_t len)
{
    static const uint8_t zeros[20000];
    size_t n;

    assert_int_equal(p->a.ops->send(p->a.port, p->from, zeros, len, &n), THM_IO_OK);
    assert_int_equal(n, len);
    sim_world_run_for(p->world, 100);
}

enum thm_io probe_get(struct probe *p, thm_socket s, size_t cap, size_t *n)
{
    static uint8_t sink[20000];

    return p->ops->recv(p->port, s, sink, cap, n);
}
