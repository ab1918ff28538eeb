/* Every call of the port fails once: a short conversation is played again and again, and in the Nth the Nth call of one
 * host fails, until there is no Nth. */
#include <stdio.h>
#include <stdlib.h>

#include "conversation.h"
#include "talker.h"

/* Plays with one failing call; true: it was reached. */
static bool play(bool of_server, uint64_t nth, unsigned *failed)
{
    struct conversation c;
    struct plan plan = conversation_short(1);

    conversation_init(&c, &plan);
    struct sim_host *host = of_server ? c.server_host : c.talkers[1].host;
    sim_host_fail_call(host, nth);
    const char *bad = conversation_play(&c);
    bool reached = sim_host_calls(host) >= nth;
    if (bad != NULL) {
        (*failed)++;
        printf("call %llu of the %s: %s\n", (unsigned long long)nth,
               of_server ? "server" : "client", bad);
    }
    conversation_free(&c);
    return reached;
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    unsigned failed = 0;

    for (unsigned of_server = 0; of_server < 2; of_server++) {
        uint64_t nth = first;
        while (play(of_server != 0, nth, &failed))
            nth++;
        printf("%s: %llu calls\n", of_server ? "server" : "client", (unsigned long long)(nth - 1));
    }
    printf("%u failed\n", failed);
    return failed == 0 ? 0 : 1;
}
