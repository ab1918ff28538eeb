/*
 * Idle connections: what each keeps of the server's memory, and for a chat what announcing an arriving crowd
 * costs beside its handshakes. The servers should be fresh.
 */
#include <stdio.h>
#include <string.h>

#include "group.h"
#include "identity.h"
#include "loop.h"
#include "protocol.h"
#include "report.h"
#include "scenario.h"

#define SETTLE_NS (UINT64_C(500) * 1000000)

static void settle(void)
{
    uint64_t until = now_ns() + SETTLE_NS;

    while (now_ns() < until)
        loop_turn(until);
}

/* An IRC server tells every member of every arrival: a crowd in one channel is beyond it. */
static const char *meeting_place(const struct server *s)
{
    return s->protocol->echoes ? "#lobby" : "";
}

/* Lets a crowd arrive twice: into the room, and for its handshakes alone. Returns the CPU seconds. */
static double arrival(struct server *s, uint32_t count, const char *room)
{
    struct group g;
    double before = server_cpu_us(s);

    group_init(&g, s, count, room);
    group_grow(&g, count);
    double spent = server_cpu_us(s) - before;
    group_close(&g);
    return spent / 1e6;
}

static double grow_and_weigh(struct group *g, uint32_t count, double empty_kb)
{
    group_grow(g, count);
    settle();
    return (server_memory_kb(g->server) - empty_kb) / count;
}

void scenario_idle(struct bench *b)
{
    const unsigned *crowd = b->effort.crowd;
    char heads[3][64];
    struct table t;

    identity_prepare(crowd[1]);
    table_init(&t, "Idle connections: server memory, KB each");
    for (unsigned c = 0; c < 2; c++) {
        snprintf(heads[c], sizeof heads[c], "%u connections", crowd[c]);
        table_column(&t, heads[c]);
    }
    snprintf(heads[2], sizeof heads[2], "arrival of %u, CPU s", crowd[1]);
    table_column(&t, heads[2]);
    table_column(&t, "the same, joining nothing");
    for (unsigned i = 0; i < b->count; i++) {
        struct server *s = &b->servers[i];
        struct group g;
        double empty_kb = server_memory_kb(s), before = server_cpu_us(s);
        group_init(&g, s, crowd[1], meeting_place(s));
        t.values[i][0] = grow_and_weigh(&g, crowd[0], empty_kb);
        t.values[i][1] = grow_and_weigh(&g, crowd[1], empty_kb);
        t.values[i][2] = (server_cpu_us(s) - before) / 1e6;
        group_close(&g);
        if (i == 0)
            t.values[i][3] = arrival(s, crowd[1], "");
    }
    table_print(&t, b, false);
    printf("The clients of IRC servers join nothing: there every arrival is told to every "
           "member.\n\n");
    target_limit("Memory of an idle connection", t.values[0][1], 8, " KB");
    target_limit("Announcements of the arrival / its handshakes",
                 t.values[0][2] / t.values[0][3] - 1, 0.1, "");
}
