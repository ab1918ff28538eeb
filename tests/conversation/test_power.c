/*
 * Conversations over the durable store on a disk whose power fails: test_power [COUNT [FIRST [FAILURES]]]. Whatever the
 * disk kept of what was not synced, what was acknowledged is not lost, nothing comes twice or in another order, and
 * nobody is told of a gap that is none. SIM_SEED=n replays one alone.
 */
#include <stdio.h>

#include "conversation.h"
#include "seeds.h"
#include "sqlite_disk.h"
#include "talker.h"

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
    struct seeds seeds = play_seeds(argc, argv, 50, play);

    printf("%llu conversations, %llu losses of power, %llu of them within a write; %llu messages "
           "acknowledged; %u failed\n",
           LLU(total.conversations), LLU(total.power_losses), LLU(total.within_writes),
           LLU(total.acknowledged), seeds.failed);
    return seeds.failed == 0 ? 0 : 1;
}
