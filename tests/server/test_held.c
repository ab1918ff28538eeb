/* Limits of a device: what is free, what of lines is not limited but in other ways, and what waiting costs. */
#include "server/paster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t now(const struct rig *r)
{
    return sim_host_now(r->host);
}

/* --- what keeps a session going ------------------------------------------------------------- */

static void slow(struct rig *r)
{
    lines_only(r);
    r->config.limits[THM_LIMIT_LINES] = (struct thm_limit){1, 1};
    r->config.limits[THM_LIMIT_BYTES] = (struct thm_limit){10, 100}; /* a long line: a minute */
}

/* At the slowest rates that there are, a ping behind one line too many waits no longer than the bound. */
static void a_ping_is_answered_in_time(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, slow);
    const uint64_t bound = THM_PACE_WAIT_MS + 2 * THM_PACE_TICK_MS;
    struct peer *u0 = rig_plain(&r, 0);
    for (unsigned i = 0; i < 5; i++) {
        sayf(u0, "{'msgtype':'say','text':'%0900u'}", i);
        say(u0, "{'msgtype':'ping','id':'p'}");
        assert_true(hears(u0, 1, bound)); /* the message, behind the last ping */
        uint64_t begun = now(&r);
        if (fits(next_line(u0), "{'msgtype':'notice',*"))
            next_line(u0);
        assert_true(hears(u0, 1, bound));
        if (fits(next_line(u0), "{'msgtype':'notice',*"))
            expect(u0, "{'msgtype':'pong',*");
        assert_in_range(now(&r) - begun, 4900, bound);
    }
    say(u0, "{'msgtype':'quit'}");
    expect_later(u0, "{'msgtype':'goodbye',*");
    rig_end(&r);
}

/* Pings, acknowledgements and pongs are no lines: any number of them leaves a bot its allowance. */
static void what_keeps_a_session_going_is_free(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_plain(&r, 0);
    uint64_t begun = now(&r);
    for (unsigned i = 0; i < 500; i++) {
        say(u0, "{'msgtype':'ping'}");
        expect(u0, "{'msgtype':'pong'}");
        acknowledge(u0);
        say(u0, "{'msgtype':'pong'}");
    }
    paste(u0, 0, 100);
    read_messages(u0, 0, 100);
    assert_true(now(&r) - begun < 20000);
    assert_int_equal(rig_stats(&r).lines_paced, 0);
    rig_end(&r);
}

/* --- the other limits ----------------------------------------------------------------------- */

static void few_joins(struct rig *r)
{
    memset(r->config.limits, 0, sizeof r->config.limits);
    r->config.limits[THM_LIMIT_JOINS] = (struct thm_limit){2, 4};
    r->config.limits[THM_LIMIT_LOOKUPS] = (struct thm_limit){4, 4};
}

static void rooms_are_entered_in_turn(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, few_joins);
    struct peer *u0 = rig_plain(&r, 0); /* one: the lobby; an inbox is free */
    uint64_t begun = now(&r);
    for (unsigned i = 0; i < 10; i++)
        sayf(u0, "{'msgtype':'join','room':'#r%u'}", i);
    say(u0, "{'msgtype':'join','room':'@u0'}");
    char room[16], text[256];
    for (unsigned i = 0; i < 10; i++) {
        const char *line = next_line(u0);
        if (fits(line, "{'msgtype':'notice',*2 rooms a second*"))
            line = next_line(u0);
        snprintf(room, sizeof room, "#r%u", i);
        assert_string_equal(string_of(line, "room", text), room);
    }
    assert_in_range(now(&r) - begun, 3000, 3100); /* 3 at once, one overdrawn, 6 in turn */
    rig_end(&r);
}

static void questions_are_answered_in_turn(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, few_joins);
    struct peer *u0 = rig_plain(&r, 0);
    static const char *const questions[] = {
        "{'msgtype':'list'}",
        "{'msgtype':'who','room':'#lobby'}",
        "{'msgtype':'whois','text':'u0'}",
        "{'msgtype':'rooms'}",
        "{'msgtype':'history','room':'#lobby'}",
        "{'msgtype':'lookup_request','lookup':'u0'}",
    };
    uint64_t begun = now(&r);
    for (unsigned i = 0; i < 12; i++)
        say(u0, questions[i % 6]);
    say(u0, "{'msgtype':'ping'}");
    expect_later(u0, "{'msgtype':'pong'}");
    assert_in_range(now(&r) - begun, 2000, 2150); /* (12 - 4) / 4 s */
    rig_end(&r);
}

static void few_logins(struct rig *r)
{
    memset(r->config.limits, 0, sizeof r->config.limits);
    r->config.limits[THM_LIMIT_LOGINS] = (struct thm_limit){1, 3};
    r->watched = "paced";
}

static void logins_are_refused_with_the_time_to_wait(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, few_logins);
    for (unsigned i = 0; i < 3; i++)
        peer_abort(rig_plain(&r, 0));
    uint64_t refused = rig_stats(&r).refused;
    struct peer *u0 = rig_open(&r, 0);
    say(u0, "{'msgtype':'hello'}");
    expect(u0, "{'msgtype':'auth_reply','status':'REFUSED','retry_after':1,'code':'limit','reason':"
               "'this device logs in too often: the next time in 1 s'}");
    expect_end(u0, 1000);
    assert_int_equal(rig_stats(&r).refused, refused + 1);
    assert_int_equal(r.logged, 1);
    struct peer *u1 = rig_plain(&r, 1); /* another device is let in */
    (void)u1;
    rig_pass(&r, 1000); /* who waits as told is let in */
    rig_plain(&r, 0);
    u0 = rig_open(&r, 0);
    say(u0, "{'msgtype':'auth_request'}"); /* the same door */
    expect(u0, "{'msgtype':'auth_reply','status':'REFUSED',*");
    assert_int_equal(r.logged, 1); /* once a minute */
    rig_end(&r);
}

/* --- what it costs -------------------------------------------------------------------------- */

static void slow_lines(struct rig *r)
{
    lines_only(r);
    r->config.limits[THM_LIMIT_LINES] = (struct thm_limit){1, 40};
}

struct cost {
    uint64_t turns, visits;
};

/* What one who is at no limit costs, saying 10 messages in 0.5 s. */
static struct cost cost_of_talk(struct rig *r, struct peer *p)
{
    struct thm_server_stats a = rig_stats(r);

    for (unsigned i = 0; i < 10; i++) {
        say(p, "{'msgtype':'say','room':'#own','text':'x'}");
        rig_pass(r, 50);
    }
    struct thm_server_stats b = rig_stats(r);
    p->next = p->count;
    return (struct cost){b.turns - a.turns, b.visits - a.visits};
}

static void who_waits_costs_nothing(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, slow_lines);
    struct peer *held[3] = {rig_plain(&r, 0), rig_plain(&r, 2), rig_plain(&r, 3)};
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true}");
    say(u1, "{'msgtype':'join','room':'#own'}");
    expect(u1, "{'msgtype':'joined',*");
    rig_pass(&r, 5000);
    struct cost alone = cost_of_talk(&r, u1);
    for (unsigned i = 0; i < 3; i++)
        paste(held[i], 0, 60);
    rig_pass(&r, 300);
    assert_int_equal(rig_stats(&r).devices_paced, 3);
    struct thm_server_stats a = rig_stats(&r);
    rig_pass(&r, 400); /* each goes on once a second */
    struct thm_server_stats b = rig_stats(&r);
    assert_int_equal(b.turns - a.turns, 0);
    assert_int_equal(b.visits - a.visits, 0);
    while (rig_stats(&r).lines_paced < 3 * 2)
        rig_pass(&r, 10);
    rig_pass(&r, 200);
    struct cost beside = cost_of_talk(&r, u1);
    assert_int_equal(beside.turns, alone.turns);
    assert_int_equal(beside.visits, alone.visits);
    rig_pass(&r, 20000);
    assert_int_equal(rig_stats(&r).devices_paced, 0); /* all is taken */
    rig_end(&r);
}

static void who_goes_is_in_no_list(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, slow_lines);
    struct peer *u0 = rig_plain(&r, 0), *u2 = rig_plain(&r, 2), *u3 = rig_plain(&r, 3);
    paste(u0, 0, 60);
    paste(u2, 0, 60);
    paste(u3, 0, 60);
    rig_pass(&r, 300);
    assert_int_equal(rig_stats(&r).devices_paced, 3);
    peer_abort(u2); /* which is seen when input is taken next */
    rig_pass(&r, 1100);
    assert_int_equal(rig_stats(&r).devices_paced, 2);
    thm_server_kick(r.server, "u0", "enough");
    rig_poke(&r);
    rig_pass(&r, 50);
    assert_int_equal(rig_stats(&r).devices_paced, 1);
    struct peer *again = rig_login(&r, 3, "{'msgtype':'hello'}"); /* takes the older one's place */
    expect_later(u3, "{'msgtype':'replaced',*");
    (void)again;
    rig_pass(&r, 2000);
    assert_int_equal(rig_stats(&r).devices_paced, 0);
    rig_end(&r);
}

/* --- the configuration ---------------------------------------------------------------------- */

static int init_with(struct thm_limit limit, uint32_t devices)
{
    static struct rig r;
    struct thm_server *s;

    rig_start(&r, NULL);
    struct thm_server_config config = r.config;
    config.limits[THM_LIMIT_JOINS] = limit;
    config.devices = devices;
    size_t size = (thm_server_size(&config, NULL, 0) + 15) & ~(size_t)15;
    void *memory = aligned_alloc(16, size);
    memset(memory, 0, size);
    int code = thm_server_init(&s, memory, size, &config);
    free(memory);
    rig_end(&r);
    return code;
}

static void limits_are_checked(void **state)
{
    (void)state;
    assert_int_equal(init_with((struct thm_limit){1, 1}, 24), THM_OK);
    assert_int_equal(init_with((struct thm_limit){0, 0}, 24), THM_OK);
    assert_int_equal(init_with((struct thm_limit){1, 0}, 24), THM_E_CONFIG);
    assert_int_equal(init_with((struct thm_limit){THM_LIMIT_MAX, THM_LIMIT_MAX}, 24), THM_OK);
    assert_int_equal(init_with((struct thm_limit){THM_LIMIT_MAX + 1, 1}, 24), THM_E_CONFIG);
    assert_int_equal(init_with((struct thm_limit){1, THM_LIMIT_MAX + 1}, 24), THM_E_CONFIG);
    assert_int_equal(init_with((struct thm_limit){1, 1}, 23), THM_E_CONFIG); /* 8 + 16 may come */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ping_is_answered_in_time),
        cmocka_unit_test(what_keeps_a_session_going_is_free),
        cmocka_unit_test(rooms_are_entered_in_turn),
        cmocka_unit_test(questions_are_answered_in_turn),
        cmocka_unit_test(logins_are_refused_with_the_time_to_wait),
        cmocka_unit_test(who_waits_costs_nothing),
        cmocka_unit_test(who_goes_is_in_no_list),
        cmocka_unit_test(limits_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
