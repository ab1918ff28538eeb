/*
 * Latency at a fixed rate. Each message has a time at which it is due, whether the server keeps up or not,
 * and its latency counts from then: a server that stalls can't hide the messages that it delayed.
 */
#include <stdlib.h>

#include "group.h"
#include "loop.h"
#include "report.h"
#include "scenario.h"

#define PAYLOAD   128
#define RECEIVERS 100
#define RATE      10000 /* deliveries a second */

static const uint64_t interval_ns = UINT64_C(1000000000) / (RATE / RECEIVERS);

/* One round. */
struct run {
    struct publisher publisher; /* first: the callback gets it */
    uint64_t start_ns, first;   /* when message number `first` is due */
    double *ms;
    size_t count;
};

static uint64_t due(const struct run *r, uint64_t seq)
{
    return r->start_ns + (seq - r->first) * interval_ns;
}

static void came(struct publisher *p, struct client *c, uint64_t seq)
{
    struct run *r = (struct run *)p;

    (void)c;
    r->ms[r->count++] = (double)(int64_t)(now_ns() - due(r, seq)) / 1e6;
}

/* Receives p50, p99 and CPU per delivery. */
static void measure(struct run *r, unsigned seconds, double *p50, double *p99, double *cpu)
{
    struct publisher *p = &r->publisher;
    uint64_t messages = (uint64_t)seconds * RATE / RECEIVERS, deliveries = messages * RECEIVERS;
    uint64_t last = p->said + messages, target = p->group->messages + deliveries;

    r->ms = calloc(deliveries, sizeof *r->ms);
    if (r->ms == NULL)
        die("out of memory");
    r->count = 0;
    r->first = p->said;
    r->start_ns = now_ns() + interval_ns;
    double before = server_cpu_us(p->group->server);
    while (p->said < last) {
        loop_turn(due(r, p->said));
        while (p->said < last && now_ns() >= due(r, p->said))
            publisher_say(p);
    }
    publisher_run(p, 0, 0, target - p->group->messages);
    *cpu = (server_cpu_us(p->group->server) - before) / (double)deliveries;
    *p50 = percentile(r->ms, r->count, 50);
    *p99 = percentile(r->ms, r->count, 99);
    free(r->ms);
}

void scenario_latency(struct bench *b)
{
    static struct run runs[SERVERS_MAX];
    static struct group groups[SERVERS_MAX];
    double values[3][SERVERS_MAX][ROUNDS_MAX];
    struct table t;

    for (unsigned s = 0; s < b->count; s++) {
        uint32_t size = group_size(&b->servers[s], RECEIVERS);
        group_init(&groups[s], &b->servers[s], size, "#latency");
        group_grow(&groups[s], size);
        publisher_init(&runs[s].publisher, &groups[s], RECEIVERS, PAYLOAD);
        runs[s].publisher.on_message = came;
    }
    for (unsigned r = 0; r < b->effort.rounds; r++) {
        for (unsigned s = 0; s < b->count; s++)
            measure(&runs[s], b->effort.seconds, &values[0][s][r], &values[1][s][r],
                    &values[2][s][r]);
    }

    table_init(&t, "Latency at 10,000 deliveries/s to 100 receivers, from when a message was due");
    table_column(&t, "p50, ms");
    table_column(&t, "p99, ms");
    table_column(&t, "server CPU, µs per delivery");
    for (unsigned s = 0; s < b->count; s++) {
        group_close(&groups[s]);
        for (unsigned c = 0; c < t.columns; c++)
            t.values[s][c] = median(values[c][s], b->effort.rounds);
    }
    table_print(&t, b, true);
    target_share(&t, b, 1, "mosquitto", 1);
    target_share(&t, b, 1, "ngircd", 1);
}
