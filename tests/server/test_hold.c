/* Limits of a device: what is too much waits, whole and in order; others don't notice; and its user is told. */
#include "server/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Limits of 50 lines a second, 100 at once; no others. */
static void lines_only(struct rig *r)
{
    memset(r->config.limits, 0, sizeof r->config.limits);
    r->config.limits[THM_LIMIT_LINES] = (struct thm_limit){50, 100};
    r->watched = "paced";
}

/* Says so many lines at once, as a paste does. */
static void paste(struct peer *p, unsigned from, unsigned count)
{
    char line[96];

    for (unsigned i = from; i < from + count; i++) {
        int len = snprintf(line, sizeof line, "{\"msgtype\":\"say\",\"text\":\"line %u\"}\n", i);
        send_bytes(p, line, (size_t)len);
    }
}

struct wanted {
    struct peer *p;
    unsigned lines; /* in all */
};

static bool has_lines(void *ctx)
{
    const struct wanted *w = ctx;

    return w->p->broken || w->p->count >= w->lines;
}

/* Waits until a peer has got so many lines more. */
static bool gets(struct peer *p, unsigned lines, uint64_t ms)
{
    struct wanted w = {p, p->next + lines};

    return sim_world_run_until(p->rig->world, has_lines, &w, ms);
}

/* Takes the next `count` messages; whatever else comes is counted as notices. Fails if one is missing or out of order. */
static unsigned read_messages(struct peer *p, unsigned from, unsigned count)
{
    char text[256], want[32];
    unsigned notices = 0;

    for (unsigned i = from; i < from + count;) {
        const char *line = next_line(p);
        if (strstr(line, "\"msgtype\":\"notice\"") != NULL) {
            notices++;
            continue;
        }
        snprintf(want, sizeof want, "line %u", i++);
        assert_string_equal(string_of(line, "text", text), want);
    }
    return notices;
}

/* Makes place for more: a peer of the test keeps 4,096 lines. */
static void forget(struct peer *p)
{
    for (unsigned i = 0; i < p->count; i++)
        free(p->lines[i]);
    p->next = p->count = 0;
}

static uint64_t now(const struct rig *r)
{
    return sim_host_now(r->host);
}

/* --- pasting -------------------------------------------------------------------------------- */

static void quick(struct rig *r)
{
    lines_only(r);
    r->config.limits[THM_LIMIT_LINES] = (struct thm_limit){200, 1000};
}

static void a_long_paste_arrives_whole_and_in_order(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, quick);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_plain(&r, 1);
    expect(u0, "{'msgtype':'presence',*'userid':'u1',*'joined'}");
    uint64_t begun = now(&r);
    unsigned told = 0, heard = 0;
    for (unsigned at = 0; at < 5000; at += 1000) {
        paste(u0, at, 1000);
        told += read_messages(u0, at, 1000);
        heard += read_messages(u1, at, 1000);
        if (at == 0)
            assert_true(now(&r) - begun < 500); /* the first thousand at once */
        forget(u0);
        forget(u1);
    }
    uint64_t took = now(&r) - begun; /* (5000 - 1000) / 200 s */
    assert_in_range(took, 19500, 20500);
    assert_int_equal(told, 1);
    assert_int_equal(heard, 0);
    struct thm_server_stats s = rig_stats(&r);
    assert_in_range(s.lines_paced, 3900, 4000);
    assert_int_equal(r.logged, 1);
    rig_end(&r);
}

/* All of it lies in the socket and in TLS at once, and the sender has gone. */
static void it_arrives_whole_when_its_sender_is_gone(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_plain(&r, 1);
    paste(u0, 0, 500);
    rig_pass(&r, 100);
    say(u0, "{'msgtype':'quit'}");
    assert_int_equal(read_messages(u1, 0, 500), 0);
    expect(u1, "{'msgtype':'presence',*'userid':'u0',*'left'}");
    rig_end(&r);
}

static void who_pastes_is_told_what_and_how_fast(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_plain(&r, 0);
    paste(u0, 0, 100 + 50 + 49); /* below 2 s */
    assert_int_equal(read_messages(u0, 0, 199), 0);
    expect_nothing(u0);
    assert_int_equal(r.logged, 0);
    rig_pass(&r, 10000);
    paste(u0, 0, 100 + 50 + 60);
    expect_later(u0,
                 "{'msgtype':'notice','time':*,'text':'you send faster than this server takes it "
                 "from one device: 50 lines a second now; nothing is lost, and all stays in "
                 "order'}");
    assert_int_equal(r.logged, 1);
    rig_end(&r);
}

static void and_again_at_most_once_a_minute(void **state)
{
    (void)state;
    struct rig r;
    unsigned told = 0;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_plain(&r, 0);
    /* 130 s without a pause, window by window */
    for (unsigned at = 0; at < 6600; at += 50) {
        paste(u0, at, 50);
        told += read_messages(u0, at, 50);
        forget(u0);
    }
    assert_int_equal(told, 3); /* after 2 s, 62 s and 122 s */
    assert_int_equal(r.logged, 3);
    rig_end(&r);
}

/* Who acknowledges nothing has no credit for a notice; he gets it when he has. */
static void the_notice_waits_for_credit(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true,'credit':4096}");
    say(u0, "{'msgtype':'join','room':'#lobby'}");
    expect(u0, "{'msgtype':'joined',*");
    for (unsigned i = 0; i < 90; i++) {
        if (i == 40)
            assert_true(u0->bytes <= 4096);
        for (unsigned n = 0; i == 40 && n < u0->count; n++)
            assert_null(strstr(u0->lines[n], "notice"));
        if (i >= 40)
            acknowledge(u0);
        paste(u0, 10 * i, 10); /* twice as fast as is taken */
        rig_pass(&r, 100);
    }
    expect_later(u0, "{'msgtype':'notice',*");
    rig_end(&r);
}

/* --- one device, another device ------------------------------------------------------------- */

static void coming_back_brings_nothing(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_plain(&r, 1);
    paste(u0, 0, 100);
    read_messages(u1, 0, 100);
    peer_close(u0);
    expect(u1, "{'msgtype':'presence',*'left'}");
    uint64_t begun = now(&r);
    struct peer *again = rig_plain(&r, 0); /* its own hello does not wait */
    assert_true(now(&r) - begun < 500);
    expect(u1, "{'msgtype':'presence',*'joined'}");
    paste(again, 0, 100);
    read_messages(u1, 0, 100);
    assert_in_range(now(&r) - begun, 1950, 2100); /* 100 / 50 s */
    peer_abort(again);
    expect(u1, "{'msgtype':'presence',*'left'}");
    struct peer *third = rig_plain(&r, 0);
    expect(u1, "{'msgtype':'presence',*'joined'}");
    paste(third, 0, 50);
    read_messages(u1, 0, 50);
    assert_in_range(now(&r) - begun, 2950, 3200);
    rig_end(&r);
}

static void few_bytes(struct rig *r)
{
    memset(r->config.limits, 0, sizeof r->config.limits);
    r->config.limits[THM_LIMIT_BYTES] = (struct thm_limit){1000, 2000};
}

/* Before login everything counts for the device as well, on all its connections together. */
static void two_connections_have_one_allowance(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, few_bytes);
    struct peer *a = rig_open(&r, 0), *b = rig_open(&r, 0), *other = rig_open(&r, 1);
    char noise[999];
    memset(noise, 'x', sizeof noise);
    noise[998] = '\n';
    send_bytes(a, noise, sizeof noise);
    expect(a, "{'msgtype':'error',*");
    send_bytes(b, noise, sizeof noise);
    expect(b, "{'msgtype':'error',*");
    uint64_t begun = now(&r);
    send_bytes(b, noise, 999); /* overdrawn by this one */
    expect(b, "{'msgtype':'error',*");
    say(a, "{'msgtype':'hello'}"); /* which the first connection feels */
    say(other, "{'msgtype':'hello'}");
    expect(other, "{'msgtype':'auth_reply','status':'GRANTED',*");
    assert_true(now(&r) - begun < 100);
    expect(a, "{'msgtype':'auth_reply','status':'GRANTED',*");
    assert_in_range(now(&r) - begun, 950, 1200);
    rig_end(&r);
}

static void another_device_is_not_slowed(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_plain(&r, 1), *phone = rig_plain(&r, U1_PHONE);
    paste(u0, 0, 1000);
    rig_pass(&r, 3000);
    expect_later(u1, "*'line 99'*");
    for (unsigned i = 0; i < 20; i++) {
        uint64_t begun = now(&r);
        sayf(u1, "{'msgtype':'say','text':'between %u'}", i);
        expect_later(u1, "*'between *"); /* and hears the other one meanwhile */
        sayf(phone, "{'msgtype':'ping','id':'%u'}", i);
        expect_later(phone, "{'msgtype':'pong',*");
        assert_true(now(&r) - begun < 50);
    }
    rig_end(&r);
}

/* What others say goes on to who is held, and what he has sent comes in its turn. */
static void who_is_held_hears_on(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, lines_only);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_plain(&r, 1);
    paste(u0, 0, 1000);
    rig_pass(&r, 1000);
    u0->next = u0->count;
    uint64_t begun = now(&r);
    say(u1, "{'msgtype':'say','text':'hello'}");
    expect_later(u0, "*'text':'hello'}");
    assert_true(now(&r) - begun < 100);
    rig_end(&r);
}

static void few_places(struct rig *r)
{
    lines_only(r);
    r->config.max_clients = 1;
    r->config.spare_clients = 2;
    r->config.devices = 3;
}

/* All others come and go meanwhile, more than there are records. */
static void a_crowd_washes_nothing_out(void **state)
{
    (void)state;
    static const unsigned crowd[] = {1, 2, 3, U1_PHONE, 1, 2};
    struct rig r;
    rig_start(&r, few_places);
    struct peer *u0 = rig_plain(&r, 0);
    paste(u0, 0, 600);
    rig_pass(&r, 1000);
    peer_abort(u0);
    rig_poke(&r);
    rig_pass(&r, 200);
    uint64_t begun = now(&r);
    for (unsigned i = 0; i < sizeof crowd / sizeof *crowd; i++) {
        peer_abort(rig_plain(&r, crowd[i]));
        rig_pass(&r, 10);
    }
    assert_true(now(&r) - begun < 500);
    struct peer *again = rig_plain(&r, 0);
    paste(again, 0, 100);
    read_messages(again, 0, 100);
    assert_true(now(&r) - begun > 1400); /* with a new record it were at once */
    rig_end(&r);
}

/* By the defaults: a person's paste passes at once, and a bot says 20 lines a second for as long as it likes. */
static void people_and_bots_never_wait(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_plain(&r, 1);
    expect(u0, "{'msgtype':'presence',*'userid':'u1',*'joined'}");
    uint64_t begun = now(&r);
    paste(u0, 0, 1000);
    read_messages(u0, 0, 1000);
    assert_true(now(&r) - begun < 500);
    for (unsigned i = 1000; i < 9000; i += 16) { /* 400 s */
        paste(u0, i, 16);
        assert_int_equal(read_messages(u0, i, 16), 0);
        rig_pass(&r, 800);
        forget(u0);
        forget(u1);
    }
    assert_int_equal(rig_stats(&r).lines_paced, 0);
    rig_end(&r);
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
        assert_true(gets(u0, 1, bound)); /* the message, behind the last ping */
        uint64_t begun = now(&r);
        if (fits(next_line(u0), "{'msgtype':'notice',*"))
            next_line(u0);
        assert_true(gets(u0, 1, bound));
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
        cmocka_unit_test(a_long_paste_arrives_whole_and_in_order),
        cmocka_unit_test(it_arrives_whole_when_its_sender_is_gone),
        cmocka_unit_test(who_pastes_is_told_what_and_how_fast),
        cmocka_unit_test(and_again_at_most_once_a_minute),
        cmocka_unit_test(the_notice_waits_for_credit),
        cmocka_unit_test(coming_back_brings_nothing),
        cmocka_unit_test(two_connections_have_one_allowance),
        cmocka_unit_test(another_device_is_not_slowed),
        cmocka_unit_test(who_is_held_hears_on),
        cmocka_unit_test(a_crowd_washes_nothing_out),
        cmocka_unit_test(people_and_bots_never_wait),
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
