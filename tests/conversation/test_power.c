/*
 * Conversations over the durable store on a disk whose power fails: test_power [COUNT [FIRST [FAILURES]]]. Whatever the
 * disk kept of what was not synced, what was acknowledged is not lost, nothing comes twice or in another order, and
 * nobody is told of a gap that is none. SIM_SEED=n replays one alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "conversation.h"
#include "sqlite_disk.h"
#include "talker.h"

#define LLU(n) ((unsigned long long)(n))

/* How many of the seeds are played twice, to see that the same seed plays the same. */
#define TWICE_EVERY 50

static struct {
    uint64_t conversations, power_losses, within_writes, acknowledged;
} total;

static void count(const struct conversation *c)
{
    total.conversations++;
    total.power_losses += c->plan.disk->power_losses;
    total.within_writes += c->plan.disk->within_writes;
    for (unsigned i = 0; i < c->plan.talkers; i++)
        for (unsigned csn = 0; csn <= CSN_MAX; csn++)
            total.acknowledged += c->talkers[i].outcome[csn] == ACKED;
}

static const char *play(uint64_t seed, uint64_t *hash)
{
    static char verdict[256];
    struct conversation c;
    uint32_t keep = seed % 3 == 0 ? 20 : 0;
    struct disk *disk = sqlite_disk_new(seed, keep);
    struct plan plan = conversation_durable(seed, disk);

    plan.store.keep = keep;
    conversation_init(&c, &plan);
    const char *bad = conversation_play(&c);
    if (bad == NULL && disk->broken[0] != '\0')
        bad = disk->broken;
    if (bad != NULL)
        snprintf(verdict, sizeof verdict, "%s", bad);
    *hash = sim_world_trace_hash(c.world);
    count(&c);
    conversation_free(&c);
    sqlite_disk_free(disk);
    return bad != NULL ? verdict : NULL;
}

int main(int argc, char **argv)
{
    uint64_t seeds = argc > 1 ? strtoull(argv[1], NULL, 10) : 100;
    uint64_t first = sim_seed(argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
    unsigned enough = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 10, failed = 0;

    if (getenv("SIM_SEED") != NULL)
        seeds = 1;
    for (uint64_t seed = first; seed < first + seeds && failed < enough; seed++) {
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
    printf("%llu conversations, %llu losses of power, %llu of them within a write; %llu messages "
           "acknowledged; %u failed\n",
           LLU(total.conversations), LLU(total.power_losses), LLU(total.within_writes),
           LLU(total.acknowledged), failed);
    return failed == 0 ? 0 : 1;
}
