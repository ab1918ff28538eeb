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

#define READERS  3 /* who read on, the publisher among them where it gets a copy */
#define WINDOW   16
#define SAMPLES  ((size_t)1 << 20)
#define QUIET_NS (UINT64_C(1000) * 1000000)

/* A line of IRC has 512 bytes. */
static size_t payload(const struct server *s)
{
    return s->protocol == &protocol_irc ? 400 : 1000;
}

struct run {
    struct publisher publisher; /* first: the callbacks get it */
    uint64_t said_ns[WINDOW * 2];
    double *ms;
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
        r->ms[r->count++] = (double)(now_ns() - r->said_ns[seq % (2 * (size_t)WINDOW)]) / 1e6;
}

/* Publishes, and gives the CPU per delivery to those who read, and their p99 latency in ms. */
static void publish(struct run *r, uint64_t messages, double *cpu, double *p99)
{
    struct publisher *p = &r->publisher;
    double before = server_cpu_us(p->group->server);

    r->count = 0;
    publisher_run(p, messages, WINDOW, messages * READERS);
    *cpu = (server_cpu_us(p->group->server) - before) / (double)(messages * READERS);
    *p99 = percentile(r->ms, r->count, 99);
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

/* For thimble a loss that nobody is told of is no figure but a fault. */
static void describe(char *fate, size_t cap, const struct client *still, uint64_t published)
{
    const struct server *s = still->group->server;
    uint64_t vanished = published - still->messages - still->missed;
    bool closed = still->phase == PHASE_CLOSED;

    snprintf(fate, cap,
             "%s; it then got %" PRIu64 " messages, was told of %" PRIu64 " missed in %" PRIu64
             " gaps, and %" PRIu64 " of %" PRIu64 " vanished",
             closed ? "disconnected" : "kept", still->messages, still->missed, still->gaps,
             vanished, published);
    if (s->protocol == &protocol_thimble && (closed || vanished != 0))
        die("%s: the reader was %s", s->label, fate);
}

static void measure(struct server *s, unsigned megabytes, double *values, char *fate, size_t cap)
{
    struct run r = {.ms = calloc(SAMPLES, sizeof(double))};
    struct publisher *p = &r.publisher;
    struct group g;
    uint32_t readers = group_size(s, READERS);

    if (r.ms == NULL)
        die("out of memory");
    group_init(&g, s, readers + 1, "#stall");
    group_grow(&g, readers);
    publisher_init(p, &g, READERS, payload(s));
    p->on_message = came;
    p->on_say = said;
    uint64_t messages = (uint64_t)megabytes * 1000000 / p->size;
    publish(&r, messages / 10, &values[0], &values[2]);

    group_grow(&g, readers + 1);
    struct client *still = &g.clients[readers];
    still->may_close = true;
    client_pause(still, true);
    double memory_kb = server_memory_kb(s);
    publish(&r, messages, &values[1], &values[3]);
    values[4] = (server_memory_kb(s) - memory_kb) / 1e3;
    catch_up(still, p->said - 1);
    describe(fate, cap, still, messages);
    group_close(&g);
    free(r.ms);
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
    table_column(&t, "p99 before, ms");
    table_column(&t, "p99 meanwhile");
    table_column(&t, "memory grew, MB");
    for (unsigned i = 0; i < b->count; i++)
        measure(&b->servers[i], b->effort.stall_mb, t.values[i], fates[i], sizeof fates[i]);
    table_print(&t, b, false);
    printf("thimbled's memory is its store, which keeps what the reader may still want.\n\n");
    for (unsigned i = 0; i < b->count; i++)
        printf("- %s: the reader was %s\n", b->servers[i].label, fates[i]);
}
