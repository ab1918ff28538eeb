/*
 * Direct sessions by seeds: devices call each other, talk and hang up at random while the network does all that it can, and the
 * server dies. What must hold: lines come once and in order; when all is calm whoever still has a session has it with one who
 * has the same, and hears all; in the end nothing is left.
 *
 *     test_seeds COUNT FIRST      SIM_SEED=42 plays seed 42 alone, SIM_TRACE=1 prints all that happens
 */
#include "unit.h"

#include "phones.h"

#include <stdio.h>
#include <stdlib.h>

#define DEVICES 4
#define ACTIONS 60
#define BUSY_MS 3000 /* longest, between two actions */
#define CALM_MS 400000

static struct phones all;
static uint64_t seed;
static const unsigned who[DEVICES] = {0, 1, 2, 4};

static void check(bool holds, const char *what)
{
    if (!holds)
        fail_msg("seed %llu: %s", (unsigned long long)seed, what);
}

static uint64_t draw(uint64_t below)
{
    return sim_world_random(all.world, below);
}

static struct phone *any(void)
{
    return &all.phone[who[draw(DEVICES)]];
}

/* --- what may happen ---------------------------------------------------------------------------------- */

static void dial(void)
{
    static const char *const targets[] = {"u0", "u1", "u2", "u1@phone", "u1@default", "u3"};
    struct phone *p = any();
    unsigned call;

    thm_calls_step(&p->calls, sim_host_now(p->host), NULL, 0);
    thm_call_dial(&p->calls, targets[draw(6)], &call);
}

static void answer_or_not(struct phone *p)
{
    for (unsigned i = 0; i < THM_CALLS; i++) {
        if (thm_call_at(&p->calls, i)->state != THM_CALL_RINGING)
            continue;
        if (draw(4) == 0)
            thm_call_decline(&p->calls, i);
        else
            thm_call_answer(&p->calls, i);
    }
}

static void hang_up(struct phone *p)
{
    thm_call_hang_up(&p->calls, (unsigned)draw(3));
}

static void restart_server(void)
{
    sim_host_kill(all.server_host, draw(2) == 0 ? SIM_DEATH_RESET : SIM_DEATH_SILENT);
    sim_world_run_for(all.world, draw(5000));
    phones_serve(&all);
}

static void say(struct phone *p)
{
    for (unsigned i = 0; i < THM_CALLS; i++) {
        enum thm_call_state state = thm_call_at(&p->calls, i)->state;
        if (state == THM_CALL_TALKING || state == THM_CALL_MENDING)
            phone_say(p, i, 1 + draw(40));
    }
}

static void act(void)
{
    struct phone *p = any();

    switch (draw(14)) {
    case 0:
    case 1:
    case 2: dial(); break;
    case 3:
    case 4: answer_or_not(p); break;
    case 5: hang_up(p); break;
    case 6: sim_host_reset(p->host); break;
    case 7: sim_host_cut(p->host); break;
    case 8: sim_host_shield(p->host, draw(2) == 0); break;
    case 9:
        if (draw(3) == 0)
            restart_server();
        break;
    case 10: thm_calls_set_availability(&p->calls, (enum thm_availability)draw(3)); break;
    case 11: sim_host_partition(p->host, draw(20000)); break;
    default: say(p); break;
    }
    for (unsigned i = 0; i < DEVICES; i++)
        sim_host_poke(all.phone[who[i]].host);
}

/* --- what must hold ------------------------------------------------------------------------------------ */

static bool stands(const struct thm_call *c)
{
    return c->state == THM_CALL_TALKING;
}

/* The device and place of the other end of a session. */
static struct phone *other_end(const struct phone *p, unsigned call, unsigned *place)
{
    struct phone *found = NULL;

    for (unsigned i = 0; i < DEVICES; i++) {
        struct phone *q = &all.phone[who[i]];
        for (unsigned j = 0; j < THM_CALLS && q != p; j++) {
            const struct thm_call *c = thm_call_at(&q->calls, j);
            if (!stands(c) || strcmp(c->id, thm_call_at(&p->calls, call)->id) != 0)
                continue;
            check(found == NULL, "one session has three ends");
            found = q;
            *place = j;
        }
    }
    return found;
}

static bool is_settled(void *ctx)
{
    (void)ctx;
    for (unsigned i = 0; i < DEVICES; i++) {
        struct phone *p = &all.phone[who[i]];
        if (!p->calls.online)
            return false;
        for (unsigned j = 0; j < THM_CALLS; j++) {
            const struct thm_call *c = thm_call_at(&p->calls, j);
            unsigned place = 0;
            struct phone *q;
            if (c->state != THM_CALL_FREE && !stands(c))
                return false;
            if (!stands(c))
                continue;
            q = other_end(p, j, &place);
            if (q == NULL || p->said[j] < p->say_to[j] || q->call[place].heard < p->said[j])
                return false;
        }
    }
    return true;
}

static void check_pairs(void)
{
    for (unsigned i = 0; i < DEVICES; i++) {
        struct phone *p = &all.phone[who[i]];
        check(!p->breaks_order, "a line was lost, repeated, or came too early");
        for (unsigned j = 0; j < THM_CALLS; j++)
            for (unsigned l = 0; l < j; l++)
                check(!stands(thm_call_at(&p->calls, j)) || !stands(thm_call_at(&p->calls, l)) ||
                          strcmp(p->call[j].peer, p->call[l].peer) != 0,
                      "two sessions with the same device");
    }
}

static unsigned sessions, lines, moves;

static void count(void)
{
    for (unsigned i = 0; i < DEVICES; i++)
        for (unsigned j = 0; j < THM_CALLS; j++) {
            const struct phone_call *c = &all.phone[who[i]].call[j];
            sessions += c->stood > 0;
            lines += (unsigned)c->heard;
            moves += c->moved;
        }
}

static void play(void)
{
    struct sim_faults faults = sim_faults_draw(seed);

    phones_init(&all, seed);
    faults.entropy_ppm = faults.nv_fail_ppm = faults.nv_torn_ppm = 0;
    for (unsigned i = 0; i < DEVICES; i++)
        phone_add(&all, who[i], (unsigned)draw(16));
    phones_settle(&all);
    sim_world_faults(all.world, &faults);
    for (unsigned i = 0; i < ACTIONS; i++) {
        act();
        sim_world_run_for(all.world, draw(8) == 0 ? draw(40000) : draw(BUSY_MS));
        check_pairs();
    }
    sim_world_faults(all.world, NULL);
    for (unsigned i = 0; i < DEVICES; i++)
        sim_host_partition(all.phone[who[i]].host, 0);
    check(sim_world_run_until(all.world, is_settled, NULL, CALM_MS),
          "it does not settle when all is calm");
    for (unsigned i = 0; i < DEVICES; i++)
        say(&all.phone[who[i]]);
    check(sim_world_run_until(all.world, is_settled, NULL, CALM_MS), "what is said is not heard");
    check_pairs();
    count();
    for (unsigned i = 0; i < DEVICES; i++) {
        for (unsigned j = 0; j < THM_CALLS; j++)
            thm_call_hang_up(&all.phone[who[i]].calls, j);
        sim_host_poke(all.phone[who[i]].host);
    }
    phones_expect_quiet(&all);
    phones_free(&all);
}

static unsigned long seeds = 1, first = 1;

static void all_seeds(void **state)
{
    (void)state;
    for (seed = first; seed < first + seeds; seed++)
        play();
    printf("%lu seeds: at the end %u ends of sessions, %u lines heard, %u changes of paths\n",
           seeds, sessions, lines, moves);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_seeds)};

    if (argc > 1)
        seeds = strtoul(argv[1], NULL, 10);
    if (argc > 2)
        first = strtoul(argv[2], NULL, 10);
    if (getenv("SIM_SEED") != NULL) {
        seeds = 1;
        first = sim_seed(1);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
