/*
 * The conversations of the seeds once more, over a store that keeps accounts and with users who prove their passcodes:
 * test_passcodes [COUNT [FIRST]]. Whatever breaks, everybody gets in by the right passcode, is asked for it once and
 * never told that it is wrong.
 */
#include <stdio.h>
#include <stdlib.h>

#include "conversation.h"
#include "talker.h"

static const char *judge(struct conversation *c)
{
    const char *bad = conversation_play(c);

    for (unsigned i = 0; bad == NULL && i < c->plan.talkers; i++) {
        if (c->talkers[i].asked == 0)
            bad = "somebody got in without a passcode";
        else if (c->talkers[i].asked > 1)
            bad = "somebody was asked again";
    }
    return bad;
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100;
    uint64_t first = sim_seed(argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
    unsigned failed = 0;

    if (getenv("SIM_SEED") != NULL)
        count = 1;
    for (uint64_t seed = first; seed < first + count && failed < 10; seed++) {
        struct conversation c;
        struct plan plan = conversation_plan(seed);
        plan.passcodes = true;
        if (plan.store.fail_ppm != 0 || plan.store.busy_ppm != 0)
            plan.steady = false; /* who can't be looked up comes again */
        plan.store.records = 16;
        conversation_init(&c, &plan);
        const char *bad = judge(&c);
        if (bad != NULL) {
            failed++;
            printf("seed %llu: %s\n", (unsigned long long)seed, bad);
        }
        conversation_free(&c);
    }
    printf("%llu conversations by passcode, %u failed\n", (unsigned long long)count, failed);
    return failed == 0 ? 0 : 1;
}
