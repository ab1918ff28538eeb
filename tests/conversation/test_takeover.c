/* Two clients with the same credentials: the newer one takes over, once, and then there is quiet. */
#include <stdio.h>

#include "conversation.h"
#include "talker.h"

#define QUIET_MS 3600000 /* long enough for any timer to make trouble */

static struct conversation c;

static bool joined(void *ctx)
{
    const struct talker *t = ctx;

    return t->lobby_joined;
}

static const char *play(uint64_t seed)
{
    struct plan plan = conversation_short(seed);
    struct thm_server_stats stats;

    plan.twin = true;
    plan.sayings = 0;
    conversation_init(&c, &plan);
    conversation_serve(&c);
    for (unsigned i = 0; i < 2; i++) {
        talker_start(&c, i);
        if (!sim_world_run_until(c.world, joined, &c.talkers[i], 10000))
            return "a client does not get in";
    }
    sim_world_run_for(c.world, QUIET_MS);
    thm_server_stats(c.server, &stats);
    if (c.talkers[0].ended != THM_E_REPLACED)
        return "the older one was not told that it is replaced";
    if (c.talkers[1].client.state != THM_CLIENT_ONLINE)
        return "the newer one is not online";
    if (stats.accepted != 2 || stats.logins != 2 || stats.sessions != 1 || stats.connections != 1)
        return "there was more than one takeover";
    if (sim_host_open_sockets(c.talkers[0].host) != 0)
        return "the older one leaks a socket";
    return NULL;
}

int main(void)
{
    int failed = 0;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        const char *bad = play(seed);
        if (bad != NULL) {
            failed = 1;
            printf("seed %llu: %s\n", (unsigned long long)seed, bad);
        }
        conversation_free(&c);
    }
    return failed;
}
