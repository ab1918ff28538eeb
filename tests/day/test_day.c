/*
 * A board's day: 24 hours of chat, rain, storm and silence, in which nothing leaks and nothing is lost.
 */
#include "day/day.h"

#include <stdio.h>
#include <stdlib.h>

#define HOUR_MS     3600000u
#define DEAD_MS     200000u /* until everybody has noticed that a connection is dead */
#define CALM_MS     100000u /* and is back */
#define LINGER_MS   150000u /* until lwIP is through with what was closed */
#define STILL_TRIES 50      /* of 100 ms */
#define HAPPEN_MAX  90000u  /* ms that a cut, or a silence of the name server, lasts at most */

enum happening {
    CUT,         /* the cable, and nobody is told */
    KILL,        /* the server dies and starts anew */
    KILL_UNSEEN, /* and the board is not told */
    GOODBYE,     /* the server ends and starts anew */
    OFF_AND_ON,  /* the board */
    SILENCE,     /* of the name server, when the board needs it */
    HAPPENINGS
};

/* Kinds of hours. */
static const struct mood {
    uint32_t pause_ms;    /* longest, between two sayings; 0: nothing is said */
    unsigned lose_one_in; /* frames */
    unsigned delay_ms;
    unsigned happenings; /* an hour */
    unsigned may_happen; /* set of 1 << enum happening */
    uint32_t dark_ms;    /* at most: the cable is cut for so long */
} moods[] = {
    {.pause_ms = 20000},
    {.pause_ms = 60000, .lose_one_in = 15, .delay_ms = 60, .happenings = 4, .may_happen = 1 << CUT},
    {.pause_ms = 0},
    {.pause_ms = 60000,
     .lose_one_in = 40,
     .delay_ms = 20,
     .happenings = 12,
     .may_happen = (1 << HAPPENINGS) - 1},
    {.pause_ms = 120000, .dark_ms = HOUR_MS},
    {.pause_ms = 5000, .delay_ms = 5, .happenings = 3, .may_happen = 1 << KILL | 1 << GOODBYE},
};
#define MOODS (sizeof moods / sizeof moods[0])

static void cut(struct day *d, uint64_t until)
{
    d->cuts++;
    d->cut_until = until;
}

static void happen(struct day *d, enum happening what)
{
    uint64_t until = d->world->now_ms + day_draw(d, HAPPEN_MAX);

    switch (what) {
    case CUT: cut(d, until); break;
    case KILL: day_kill_server(d); break;
    case KILL_UNSEEN:
        cut(d, until);
        day_run(d, 1);
        day_kill_server(d);
        break;
    case GOODBYE: day_end_server(d); break;
    case OFF_AND_ON: day_restart_board(d); break;
    case SILENCE:
        d->silent_until = until;
        day_kill_server(d);
        break;
    case HAPPENINGS: break;
    }
}

static enum happening draw_happening(struct day *d, unsigned may_happen)
{
    for (;;) {
        unsigned what = day_draw(d, HAPPENINGS);
        if (may_happen >> what & 1)
            return (enum happening)what;
    }
}

static void set_mood(struct day *d, const struct mood *m)
{
    d->world->lose_one_in = m->lose_one_in;
    d->world->delay_ms = m->delay_ms;
    for (unsigned i = 0; i < TALKERS; i++)
        d->talkers[i].pause_ms = m->pause_ms;
    if (m->dark_ms > 0)
        cut(d, d->world->now_ms + day_draw(d, m->dark_ms));
}

static void pass_hour(struct day *d, const struct mood *m)
{
    const uint64_t until = d->world->now_ms + HOUR_MS - DEAD_MS - LINGER_MS;

    set_mood(d, m);
    for (unsigned i = 0; i < m->happenings; i++) {
        day_run(d, 1 + day_draw(d, 2 * (HOUR_MS / 2 - DEAD_MS) / m->happenings));
        happen(d, draw_happening(d, m->may_happen));
    }
    if (d->world->now_ms < until)
        day_run(d, until - d->world->now_ms);
}

/* --- what must be given back --------------------------------------------------------------------------- */

static void expect_usage(const struct day *d, unsigned which, uint32_t connections, uint32_t timers)
{
    struct thm_lwip_usage u;

    d->world->nodes[which].api->usage(&u);
    if (u.sockets != connections || u.pcbs != connections || u.segments != 0 ||
        u.pool_buffers != 0 || u.heap != 0 || u.timers != timers)
        fail_msg("node %u, which has %u sockets and %u timers by rights, has lent %u sockets, %u "
                 "pcbs, %u segments, %u buffers, %u bytes, %u timers",
                 which, connections, timers, u.sockets, u.pcbs, u.segments, u.pool_buffers,
                 (unsigned)u.heap, u.timers);
}

static void expect_tls_usage(const struct thm_tls_usage *u, const char *whose, uint32_t engines)
{
    if (u->engines != engines || u->handshakes + u->in_buffers + u->out_buffers != 0)
        fail_msg("TLS of %s, which has %u connections, has lent %u engines, %u handshakes, %u "
                 "input and %u output buffers",
                 whose, engines, u->engines, u->handshakes, u->in_buffers, u->out_buffers);
}

static void expect_server_usage(const struct day *d, uint32_t connections)
{
    struct thm_server_stats s;

    thm_server_stats(d->server, &s);
    expect_tls_usage(&s.tls, "the server", connections);
    assert_int_equal(s.connections, connections);
    assert_int_equal(s.outputs_used + s.lines_used + s.appends_used + s.reads_used, 0);
}

static uint32_t timers_of(const struct world *w, unsigned which)
{
    struct thm_lwip_usage u;

    w->nodes[which].api->usage(&u);
    return u.timers;
}

/* What both nodes have lent while a connection of each client is open, and nothing is under way. */
static void expect_level(const struct day *d, const uint32_t timers[2])
{
    struct thm_tls_usage u;

    expect_usage(d, OWN, 1, timers[OWN]);
    expect_usage(d, PEER, 4, timers[PEER]); /* a listener, two of the server, the neighbour's */
    expect_server_usage(d, TALKERS);
    for (unsigned i = 0; i < TALKERS; i++) {
        thm_tls_domain_usage(d->talkers[i].client.domain, &u);
        expect_tls_usage(&u, i == BOARD ? "the board" : "the neighbour", 1);
        assert_int_equal(thm_client_pending(&d->talkers[i].client), 0);
    }
}

/* Not even a ping is under way. */
static bool is_still(const struct day *d)
{
    struct thm_lwip_usage u;

    for (unsigned which = OWN; which <= PEER; which++) {
        d->world->nodes[which].api->usage(&u);
        if (u.segments + u.pool_buffers != 0)
            return false;
    }
    return true;
}

/* Nothing is said and nothing goes wrong until all are back and have everything. */
static void rest(struct day *d)
{
    set_mood(d, &(struct mood){0});
    d->cut_until = d->silent_until = 0;
    day_run(d, DEAD_MS);
    day_run_until(d, day_converged, CALM_MS, "everybody is back, and all is acknowledged");
    day_run(d, LINGER_MS);
    for (unsigned i = 0; i < STILL_TRIES && !is_still(d); i++)
        day_run(d, 100);
    day_expect_shown(d);
}

/* --- the test -------------------------------------------------------------------------------------------- */

/* A number of the environment, so that other days can be tried. */
static unsigned setting(const char *name, unsigned usual)
{
    const char *text = getenv(name);

    return text ? (unsigned)strtoul(text, NULL, 10) : usual;
}

static unsigned hours(void)
{
    return setting("THM_DAY_HOURS", 24);
}

/* A full handshake for each server, and for each boot of the board; more often than a server is there, none may be needed.
 * What is resumed was cut before. */
static void expect_eventful(struct day *d)
{
    struct talker *b = &d->talkers[BOARD], *n = &d->talkers[NEIGHBOUR];

    talker_count_handshakes(b);
    talker_count_handshakes(n);
    print_message("%u h: %u servers, %u boots, %u cuts; said %u and %u; handshakes of the board "
                  "%u full, %u resumed, of the neighbour %u full; gaps %u and %u\n",
                  hours(), d->lives, d->boots, d->cuts, b->said, n->said, (unsigned)b->full,
                  (unsigned)b->resumed, (unsigned)n->full, b->gaps, n->gaps);
    assert_true(b->full > d->lives / 2 && b->full <= d->lives + d->boots);
    assert_true(b->resumed > 0);
    assert_true(b->resumed <= 3 * d->cuts);
    assert_int_equal(n->full, d->lives);
    assert_int_equal(n->resumed, 0);
    assert_true(b->gaps >= 1 && b->gaps < d->lives && n->gaps == d->lives - 1);
}

static void test_day(void **state)
{
    static struct day day;
    struct day *d = &day;
    struct world *w = *state;
    uint32_t timers[2] = {timers_of(w, OWN), timers_of(w, PEER)}, busy[2];

    day_begin(d, w, setting("THM_DAY_SEED", 20261120));
    rest(d);
    busy[OWN] = timers_of(w, OWN);
    busy[PEER] = timers_of(w, PEER);
    const uint64_t until = w->now_ms + (uint64_t)hours() * HOUR_MS;
    for (unsigned hour = 0; w->now_ms < until; hour++) {
        pass_hour(d, &moods[hour % MOODS]);
        rest(d);
        expect_level(d, busy);
    }
    expect_eventful(d);
    day_leave(d);
    day_run(d, LINGER_MS);
    expect_usage(d, OWN, 0, timers[OWN]);
    expect_usage(d, PEER, 0, timers[PEER]);
    expect_server_usage(d, 0);
    day_end(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_day, set_up_small, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
