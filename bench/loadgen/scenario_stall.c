/*
 * A reader that stands still while much is published: what the others notice, what becomes of it, and what it
 * gets when it reads on.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "group.h"
#include "loop.h"
#include "protocol.h"
#include "report.h"
#include "scenario.h"

#define RECEIVERS 4 /* the last one stands still */
#define WINDOW    16
#define SAMPLES   ((size_t)1 << 20)
#define QUIET_NS  (UINT64_C(1000) * 1000000)

/* A line of IRC has 512 bytes. */
static size_t payload(const struct server *s)
{
    return s->protocol == &protocol_irc ? 400 : 1000;
}

struct run {
    struct publisher publisher; /* first: the callbacks get it */
    uint64_t said_ns[WINDOW * 2];
    double *us;
    size_t count;
};

static void said(struct publisher *p, uint64_t seq)
{
    ((struct run *)p)->said_ns[seq % (2 * (size_t)WINDOW)] = now_ns();
}

static void came(struct publisher *p, struct client *c, uint64_t seq)
{
    struct run *r = (struct run *)p;

    /* of one other reader */
    if (c == &p->group->clients[1] && r->count < SAMPLES)
        r->us[r->count++] = (double)(now_ns() - r->said_ns[seq % (2 * (size_t)WINDOW)]) / 1e3;
}

/* Publishes to `readers` of the receivers. Gives CPU per delivery to them and p99 latency, µs. */
static void publish(struct run *r, uint64_t messages, unsigned readers, double *cpu, double *p99)
{
    struct publisher *p = &r->publisher;
    double before = server_cpu_us(p->group->server);

    r->count = 0;
    publisher_run(p, messages, WINDOW, messages * readers);
    *cpu = (server_cpu_us(p->group->server) - before) / (double)(messages * readers);
    *p99 = percentile(r->us, r->count, 99);
}

/* Reads on until the last message has come, the server has closed, or nothing comes any more. */
static void catch_up(struct client *c, uint64_t last)
{
    uint64_t quiet = now_ns() + QUIET_NS, before = c->messages;

    client_pause(c, false);
    while (c->phase != PHASE_CLOSED && c->next <= last && now_ns() < quiet) {
        loop_turn(quiet);
        if (c->messages != before) {
            before = c->messages;
            quiet = now_ns() + QUIET_NS;
        }
    }
}

static void measure(struct bench *b, unsigned i, struct table *t, char *fate, size_t cap)
{
    struct server *s = &b->servers[i];
    struct run r = {.us = calloc(SAMPLES, sizeof(double))};
    struct publisher *p = &r.publisher;
    struct group g;
    uint32_t size = group_size(s, RECEIVERS);

    if (r.us == NULL)
        die("out of memory");
    group_init(&g, s, size, "#stall");
    group_grow(&g, size);
    publisher_init(p, &g, RECEIVERS, payload(s));
    p->on_message = came;
    p->on_say = said;
    uint64_t messages = (uint64_t)b->effort.stall_mb * 1000000 / p->size;
    publish(&r, messages / 10, RECEIVERS, &t->values[i][0], &t->values[i][2]);

    struct client *still = &g.clients[RECEIVERS - 1];
    double memory_kb = server_memory_kb(s);
    still->may_close = true;
    client_pause(still, true);
    uint64_t had = still->messages;
    publish(&r, messages, RECEIVERS - 1, &t->values[i][1], &t->values[i][3]);
    t->values[i][4] = (server_memory_kb(s) - memory_kb) / 1e3;
    catch_up(still, p->said - 1);

    uint64_t got = still->messages - had, silent = messages - got - still->missed;
    snprintf(fate, cap,
             "%s, then got %" PRIu64 ", was told to miss %" PRIu64 " by %" PRIu64 " gaps, %" PRIu64
             " vanished of %" PRIu64,
             still->phase == PHASE_CLOSED ? "disconnected" : "kept", got, still->missed,
             still->gaps, silent, messages);
    group_close(&g);
    free(r.us);
}

void scenario_stall(struct bench *b)
{
    char title[128], fates[SERVERS_MAX][256];
    struct table t;

    snprintf(title, sizeof title,
             "A reader that stands still while %u MB are published: the others",
             b->effort.stall_mb);
    table_init(&t, title);
    table_column(&t, "CPU before, µs per delivery");
    table_column(&t, "CPU meanwhile");
    table_column(&t, "p99 before, µs");
    table_column(&t, "p99 meanwhile");
    table_column(&t, "memory grew, MB");
    for (unsigned i = 0; i < b->count; i++)
        measure(b, i, &t, fates[i], sizeof fates[i]);
    table_print(&t, b);
    for (unsigned i = 0; i < b->count; i++)
        printf("- %s: the reader was %s\n", b->servers[i].label, fates[i]);
}
