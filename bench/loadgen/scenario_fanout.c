/*
 * Fan-out: one publishes, N receive; W messages are in flight. What a delivery costs the server.
 */
#include "group.h"
#include "report.h"
#include "scenario.h"

#define PAYLOAD 128

static const struct {
    uint32_t receivers;
    unsigned window;
    const char *head;
} cases[] = {
    {10, 16, "N=10 W=16"}, {10, 1, "N=10 W=1"},       {100, 16, "N=100 W=16"},
    {100, 1, "N=100 W=1"}, {1000, 16, "N=1000 W=16"}, {1000, 1, "N=1000 W=1"},
};

/* Microseconds of the server's CPU per delivery. */
static double measure(struct publisher *p, unsigned window, unsigned deliveries)
{
    struct server *s = p->group->server;
    uint64_t count = deliveries / p->receivers;
    double before = server_cpu_us(s);

    publisher_run(p, count, window, count * p->receivers);
    return (server_cpu_us(s) - before) / (double)(count * p->receivers);
}

static void measure_all(struct bench *b, struct publisher *publishers, unsigned window,
                        struct table *t, unsigned column)
{
    double values[SERVERS_MAX][ROUNDS_MAX];
    unsigned rounds = b->effort.rounds;

    for (unsigned s = 0; s < b->count; s++)
        measure(&publishers[s], window, b->effort.deliveries / 4); /* warm */
    for (unsigned r = 0; r < rounds; r++) {
        for (unsigned s = 0; s < b->count; s++)
            values[s][r] = measure(&publishers[s], window, b->effort.deliveries);
    }
    for (unsigned s = 0; s < b->count; s++)
        t->values[s][column] = median(values[s], rounds);
}

void scenario_fanout(struct bench *b)
{
    struct group groups[SERVERS_MAX];
    struct publisher publishers[SERVERS_MAX];
    struct table t;
    uint32_t receivers = 0;

    table_init(
        &t, "Fan-out: server CPU, µs per delivery of 128 B; W messages in flight to N receivers");
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i].receivers != receivers) {
            for (unsigned s = 0; s < b->count; s++) {
                if (receivers != 0)
                    group_close(&groups[s]);
                uint32_t size = group_size(&b->servers[s], cases[i].receivers);
                group_init(&groups[s], &b->servers[s], size, "#fanout");
                group_grow(&groups[s], size);
                publisher_init(&publishers[s], &groups[s], cases[i].receivers, PAYLOAD);
            }
            receivers = cases[i].receivers;
        }
        measure_all(b, publishers, cases[i].window, &t, table_column(&t, cases[i].head));
    }
    for (unsigned s = 0; s < b->count; s++)
        group_close(&groups[s]);
    table_print(&t, b, true);
    target_share(&t, b, 2, "mosquitto", 0.25);
    target_share(&t, b, 2, "ngircd", 0.5);
    target_share(&t, b, 3, "mosquitto", 2.0 / 3);
}
