#include "seeds.h"

#include <stdio.h>
#include <stdlib.h>

#include "conversation.h"

struct seeds play_seeds(int argc, char **argv, unsigned twice_every,
                        const char *(*play)(uint64_t seed, uint64_t *hash))
{
    struct seeds seeds = {.count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100};
    uint64_t first = sim_seed(argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
    unsigned enough = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 10;

    if (getenv("SIM_SEED") != NULL)
        seeds.count = 1;
    for (uint64_t seed = first; seed < first + seeds.count && seeds.failed < enough; seed++) {
        uint64_t hash, again;
        const char *bad = play(seed, &hash);
        if (bad == NULL && seed % twice_every == 0) {
            bad = play(seed, &again);
            if (bad == NULL && hash != again)
                bad = "it plays otherwise the second time";
        }
        if (bad != NULL) {
            seeds.failed++;
            printf("seed %llu: %s\n", LLU(seed), bad);
        }
    }
    return seeds;
}
