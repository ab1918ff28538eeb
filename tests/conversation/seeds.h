/* Playing many seeds, as the command line of a test says. */
#ifndef CONVERSATION_SEEDS_H
#define CONVERSATION_SEEDS_H

#include <stdint.h>

#define LLU(n) ((unsigned long long)(n))

/** What was played. */
struct seeds {
    uint64_t count;
    unsigned failed;
};

/**
 * Plays the conversations of PROGRAM [COUNT [FIRST [FAILURES]]] and prints which fail, until there are so many; SIM_SEED=n
 * plays one alone.
 *
 * @param twice_every  each such seed is played twice, to see that the same seed plays the same
 * @param play         plays one: NULL, or what was wrong, until its next call; *hash is of all that happened
 */
struct seeds play_seeds(int argc, char **argv, unsigned twice_every,
                        const char *(*play)(uint64_t seed, uint64_t *hash));

#endif
