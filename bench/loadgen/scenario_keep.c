/*
 * What is to survive a crash: messages that the server acknowledges once they are kept, each sender in a room of his
 * own with W of them outstanding. And what a device gets that was away for long.
 */
#include <stdio.h>

#include "group.h"
#include "loop.h"
#include "protocol.h"
#include "report.h"
#include "scenario.h"

#define SENDERS     50
#define PAYLOAD     128
#define PATIENCE_NS (UINT64_C(60) * 1000000000)
#define QUIET_NS    (UINT64_C(300) * 1000000)

static const struct {
    unsigned senders, window;
    const char *per_second, *cpu;
    unsigned share; /* of the messages of a round */
} cases[] = {
    {1, 1, "1 sender, W=1: /s", "CPU", 20},
    {1, 16, "1 sender, W=16: /s", "CPU", 4},
    {SENDERS, 16, "50 senders, W=16: /s", "CPU", 1},
};
enum { CASES = sizeof cases / sizeof *cases };

static void room_of(unsigned i, char room[32])
{
    snprintf(room, 32, "#keep%u", i);
}

static void enter(struct group *g)
{
    uint64_t give_up = now_ns() + PATIENCE_NS;
    char room[32];

    for (unsigned i = 0; i < SENDERS; i++) {
        room_of(i, room);
        g->server->protocol->join(&g->clients[i], room);
    }
    while (g->joined < SENDERS) {
        loop_turn(give_up);
        if (now_ns() > give_up)
            die("%s: %u of %u are in their rooms", g->server->label, g->joined, SENDERS);
    }
}

static void say(struct group *g, unsigned i, uint64_t seq)
{
    char text[PAYLOAD], room[32];

    room_of(i, room);
    payload_write(text, sizeof text, seq);
    g->server->protocol->say(&g->clients[i], room, text, sizeof text);
}

/* Messages a second, and microseconds of the server's CPU for each. */
static void measure(struct group *g, unsigned senders, unsigned window, uint64_t count,
                    double *rate, double *cpu)
{
    uint64_t each = count / senders, give_up = now_ns() + PATIENCE_NS, said[SENDERS], last[SENDERS];
    uint64_t target = g->stored + each * senders, arrived = g->messages + each * senders;
    double cpu_before = server_cpu_us(g->server);
    uint64_t begun = now_ns();

    for (unsigned i = 0; i < senders; i++) {
        said[i] = g->clients[i].stored;
        last[i] = said[i] + each;
    }
    while (g->stored < target) {
        for (unsigned i = 0; i < senders; i++)
            while (said[i] < last[i] && said[i] - g->clients[i].stored < window)
                say(g, i, said[i]++);
        loop_turn(give_up);
        if (now_ns() > give_up)
            die("%s: %llu messages are not acknowledged", g->server->label,
                (unsigned long long)(target - g->stored));
    }
    *rate = (double)(each * senders) * 1e9 / (double)(now_ns() - begun);
    while (g->messages < arrived && now_ns() < give_up)
        loop_turn(give_up);
    *cpu = (server_cpu_us(g->server) - cpu_before) / (double)(each * senders);
}

static void measure_case(struct bench *b, struct group *groups, unsigned c, struct table *t)
{
    static double rate[SERVERS_MAX][ROUNDS_MAX], cpu[SERVERS_MAX][ROUNDS_MAX];
    unsigned at_rate = table_column(t, cases[c].per_second);
    unsigned at_cpu = table_column(t, cases[c].cpu), rounds = b->effort.rounds;

    for (unsigned r = 0; r < rounds; r++)
        for (unsigned s = 0; s < b->count; s++)
            measure(&groups[s], cases[c].senders, cases[c].window, b->effort.kept / cases[c].share,
                    &rate[s][r], &cpu[s][r]);
    for (unsigned s = 0; s < b->count; s++) {
        t->values[s][at_rate] = median(rate[s], rounds);
        t->values[s][at_cpu] = median(cpu[s], rounds);
    }
}

void scenario_keep(struct bench *b)
{
    static struct group groups[SERVERS_MAX];
    struct table t;

    table_init(&t, "Kept messages of 128 B, each sender in a room of his own: acknowledged per "
                   "second, and the server's CPU for each, µs");
    for (unsigned s = 0; s < b->count; s++) {
        group_init(&groups[s], &b->servers[s], SENDERS, "");
        group_grow(&groups[s], SENDERS);
        enter(&groups[s]);
    }
    for (unsigned c = 0; c < CASES; c++)
        measure_case(b, groups, c, &t);
    for (unsigned s = 0; s < b->count; s++)
        group_close(&groups[s]);
    table_print(&t, b, false);
    if (b->count < 2)
        return;
    printf("- 50 senders: %.0f stored per second, at least 10,000\n", t.values[0][4]);
    target_limit("CPU beyond the store in memory, one by one", t.values[0][1] - t.values[1][1], 120,
                 " µs");
    target_limit("CPU beyond the store in memory, 16 to one room", t.values[0][3] - t.values[1][3],
                 15, " µs");
    target_limit("CPU beyond the store in memory, 16 to each of 50 rooms",
                 t.values[0][5] - t.values[1][5], 15, " µs");
}

/* The inbox of the first client is full: thimble-fill has made it. */
void scenario_catchup(struct bench *b)
{
    struct server *server = &b->servers[0];

    for (unsigned r = 0; r < b->effort.rounds; r++) {
        struct group g;
        uint64_t give_up = now_ns() + PATIENCE_NS, last = 0;
        double cpu = server_cpu_us(server);
        group_init(&g, server, 1, "");
        group_grow(&g, 1);
        uint64_t begun = now_ns(), latest = begun;
        server->protocol->join(&g.clients[0], "@u0");
        while (now_ns() < give_up && (g.messages == 0 || now_ns() - latest < QUIET_NS)) {
            loop_turn(now_ns() + QUIET_NS / 10);
            if (g.messages != last) {
                last = g.messages;
                latest = now_ns();
            }
        }
        cpu = server_cpu_us(server) - cpu;
        printf("- catch-up of %llu messages: %.0f per second, at least 50,000; %.2f µs of the "
               "server's CPU each\n",
               (unsigned long long)g.messages, (double)g.messages * 1e9 / (double)(latest - begun),
               cpu / (double)g.messages);
        group_close(&g);
    }
}
