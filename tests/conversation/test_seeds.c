/*
 * Whole conversations, one a seed: test_seeds [COUNT [FIRST [FAILURES]]]. A failure names its seed; SIM_SEED=n replays it
 * alone. After so many failures (10) it is enough.
 */
#include <stdio.h>
#include <stdlib.h>

#include "conversation.h"

#define LLU(n) ((unsigned long long)(n))

/* How many of the seeds are played twice, to see that the same seed plays the same. */
#define TWICE_EVERY 25

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
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100;
    uint64_t first = sim_seed(argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
    unsigned enough = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 10, failed = 0;

    if (getenv("SIM_SEED") != NULL)
        count = 1;
    for (uint64_t seed = first; seed < first + count && failed < enough; seed++) {
        uint64_t hash, again;
        const char *bad = play(seed, &hash);
        if (bad == NULL && seed % TWICE_EVERY == 0) {
            bad = play(seed, &again);
            if (bad == NULL && hash != again)
                bad = "it plays otherwise the second time";
        }
        if (bad != NULL) {
            failed++;
            printf("seed %llu: %s\n", LLU(seed), bad);
        }
    }
    printf("%llu conversations, %u failed\n", LLU(count), failed);
    return failed == 0 ? 0 : 1;
}
