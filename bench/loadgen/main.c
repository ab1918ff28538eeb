/*
 * The load generator: one process, one thread, many connections to servers that run already.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>

#include "identity.h"
#include "loop.h"
#include "scenario.h"

static const char usage[] =
    "usage: thimble-bench [--quick] --ca DIR SCENARIO SERVER...\n"
    "\n"
    "Loads servers on 127.0.0.1 and prints what it costs them, as "
    "Markdown. 'bench/run' starts them.\n"
    "\n"
    "  --ca DIR   a CA of thimble-ca, which the servers trust; the "
    "clients' certificates are made with it\n"
    "  --quick    do less\n"
    "  --smoke    do next to nothing\n"
    "  SCENARIO   fanout, latency, connect, idle, stall, keep, catchup, renew or call\n"
    "  SERVER     LABEL,PROTOCOL,PORT,PID,TLS: PROTOCOL is thimble, mqtt, "
    "mqtt-kept or irc, TLS is 1.2 or 1.3;\n"
    "             the first is compared with the others. For renew: thimbled, then "
    "thimble-signd\n";

static const struct effort normal = {.rounds = 5,
                                     .deliveries = 60000,
                                     .seconds = 2,
                                     .connects = 100,
                                     .crowd = {1000, 9000},
                                     .kept = 50000,
                                     .stall_mb = 200,
                                     .renewals = 4000,
                                     .calls = 20,
                                     .lines = 20000};
static const struct effort quick = {.rounds = 3,
                                    .deliveries = 12000,
                                    .seconds = 1,
                                    .connects = 40,
                                    .crowd = {200, 800},
                                    .kept = 10000,
                                    .stall_mb = 20,
                                    .renewals = 1000,
                                    .calls = 10,
                                    .lines = 8000};
/* Just enough to see that everything works. */
static const struct effort smoke = {.rounds = 1,
                                    .deliveries = 2000,
                                    .seconds = 1,
                                    .connects = 10,
                                    .crowd = {20, 100},
                                    .kept = 1000,
                                    .stall_mb = 2,
                                    .renewals = 64,
                                    .calls = 2,
                                    .lines = 1000};

static const struct {
    const char *name;
    void (*run)(struct bench *b);
} scenarios[] = {
    {"fanout", scenario_fanout},   {"latency", scenario_latency}, {"connect", scenario_connect},
    {"idle", scenario_idle},       {"stall", scenario_stall},     {"keep", scenario_keep},
    {"catchup", scenario_catchup}, {"renew", scenario_renew},     {"call", scenario_call},
};

_Noreturn static void misuse(void)
{
    fputs(usage, stderr);
    exit(2);
}

static void run(struct bench *b, const char *name)
{
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (strcmp(scenarios[i].name, name) == 0) {
            scenarios[i].run(b);
            for (unsigned s = 0; s < b->count; s++)
                server_check(&b->servers[s]);
            return;
        }
    }
    misuse();
}

int main(int argc, char **argv)
{
    static struct bench b;
    const char *ca = NULL;
    int at = 1;

    b.effort = normal;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        if (strcmp(argv[at], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (strcmp(argv[at], "--quick") == 0)
            b.effort = quick;
        else if (strcmp(argv[at], "--smoke") == 0)
            b.effort = smoke;
        else if (strcmp(argv[at], "--ca") == 0 && at + 1 < argc)
            ca = argv[++at];
        else
            misuse();
    }
    if (ca == NULL || argc - at < 2 || argc - at - 1 > SERVERS_MAX)
        misuse();
    signal(SIGPIPE, SIG_IGN);
    loop_init();
    identity_init(ca);
    const char *scenario = argv[at++];
    for (; at < argc; at++)
        server_parse(&b.servers[b.count++], argv[at]);
    run(&b, scenario);
    return 0;
}
