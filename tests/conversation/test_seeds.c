/* Whole conversations, one a seed: test_seeds [COUNT [FIRST]]. A failure names its seed; SIM_SEED replays it. */
#include <stdio.h>
#include <stdlib.h>

#include "conversation.h"

int main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100;
    uint64_t first = sim_seed(argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
    unsigned failed = 0;

    if (getenv("SIM_SEED") != NULL)
        count = 1;
    for (uint64_t seed = first; seed < first + count; seed++) {
        struct conversation c;
        struct plan plan = conversation_plan(seed);
        conversation_start(&c, &plan);
        const char *bad = conversation_play(&c);
        if (bad != NULL) {
            failed++;
            printf("seed %llu: %s\n", (unsigned long long)seed, bad);
        }
        conversation_free(&c);
    }
    printf("%llu passed, %u failed\n", (unsigned long long)(count - failed), failed);
    return failed == 0 ? 0 : 1;
}
