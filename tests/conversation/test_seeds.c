/*
 * Whole conversations, one a seed: test_seeds [COUNT [FIRST [FAILURES]]]. A failure names its seed; SIM_SEED=n replays it
 * alone. After so many failures (10) it is enough.
 */
#include <stdio.h>

#include "conversation.h"
#include "seeds.h"

static const char *play(uint64_t seed, uint64_t *hash)
{
    static char verdict[256];
    struct conversation c;
    struct plan plan = conversation_plan(seed);

    conversation_init(&c, &plan);
    const char *bad = conversation_play(&c);
    if (bad != NULL)
        snprintf(verdict, sizeof verdict, "%s", bad);
    *hash = sim_world_trace_hash(c.world);
    conversation_free(&c);
    return bad != NULL ? verdict : NULL;
}

int main(int argc, char **argv)
{
    struct seeds seeds = play_seeds(argc, argv, 25, play);

    printf("%llu conversations, %u failed\n", LLU(seeds.count), seeds.failed);
    return seeds.failed == 0 ? 0 : 1;
}
