/* Every pool used up, one at a time: a clear word to whom it meets, no harm to others, and all well afterwards. */
#include "server/rig.h"

#include <stdio.h>
#include <string.h>

/* --- rooms, memberships, states ------------------------------------------------------------- */

static void two_rooms(struct rig *r)
{
    r->config.max_rooms = 2;
}

static void there_may_be_no_more_rooms(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, two_rooms);
    struct peer *u0 = rig_plain(&r, 0);
    say(u0, "{'msgtype':'join','room':'#b'}");
    expect(u0, "{'msgtype':'joined',*");
    say(u0, "{'msgtype':'join','room':'#c'}");
    expect(u0,
           "{'msgtype':'error','room':'#c','code':'limit','key':'room','in':'join','reason':'*'}");
    rig_plain(&r, 1); /* rooms take nobody his inbox */
    say(u0, "{'msgtype':'leave','room':'#b'}");
    say(u0, "{'msgtype':'join','room':'#c'}"); /* an empty one makes place */
    expect_later(u0, "{'msgtype':'joined','room':'#c',*");
    for (int i = 0; i < 100; i++) {
        say(u0, "{'msgtype':'leave','room':'#c'}");
        say(u0, "{'msgtype':'join','room':'#d'}");
        say(u0, "{'msgtype':'leave','room':'#d'}");
        say(u0, "{'msgtype':'join','room':'#c'}");
        expect_later(u0, "{'msgtype':'joined','room':'#c',*'members':1}");
    }
    rig_end(&r);
}

static void a_session_may_be_in_so_many_rooms(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0);
    for (int i = 1; i < THM_ROOMS_PER_SESSION; i++) {
        sayf(u0, "{'msgtype':'join','room':'#%02d'}", i);
        expect(u0, "{'msgtype':'joined',*");
    }
    say(u0, "{'msgtype':'join','room':'#too-many'}");
    expect(u0, "{'msgtype':'error','room':'#too-many','code':'limit',*");
    say(u0, "{'msgtype':'whois','text':'u0'}"); /* all of them fit in its row */
    expect(u0, "{'msgtype':'user',*'rooms':'*#01*',*");
    rig_end(&r);
}

static void three_memberships(struct rig *r)
{
    r->config.max_clients = 2;
    r->config.memberships = 3;
}

static void memberships_may_run_out(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, three_memberships);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_login(&r, 1, "{'msgtype':'hello'}");
    expect(u1, "{'msgtype':'joined','room':'@u1',*");
    expect(
        u1,
        "{'msgtype':'error','room':'#lobby','code':'limit','key':'room','in':'join','reason':'*'}");
    peer_close(u0);
    rig_pass(&r, 100);
    say(u1, "{'msgtype':'join','room':'#lobby'}");
    expect(u1, "{'msgtype':'joined','room':'#lobby',*'members':1}");
    rig_end(&r);
}

static void two_states(struct rig *r)
{
    r->config.states = 2;
}

static void states_of_those_who_left_make_place(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, two_states);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1), *u2 = rig_member(&r, 2);
    say(u0, "{'msgtype':'state','text':'zero'}");
    expect_later(u0, "{'msgtype':'state',*'zero'}");
    say(u1, "{'msgtype':'state','text':'one'}");
    expect_later(u0, "{'msgtype':'state',*'one'}");
    say(u2, "{'msgtype':'state','text':'two'}");
    expect_later(u2, "{'msgtype':'error','code':'limit','in':'state',*");
    say(u1, "{'msgtype':'state','text':'one more'}"); /* who has one may change it */
    expect_later(u0, "{'msgtype':'state',*'one more'}");
    peer_close(u0);
    rig_pass(&r, 100);
    say(u2, "{'msgtype':'state','text':'two'}");
    expect_later(u2, "{'msgtype':'state',*'from':'u2',*'two'}");
    struct peer *u3 = rig_member(&r, 3);
    expect(u3, "{'msgtype':'state',*'from':'u1',*'one more'}");
    expect(u3, "{'msgtype':'state',*'from':'u2',*'two'}");
    expect_nothing(u3);
    rig_end(&r);
}

static void the_store_may_have_no_more_streams(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_plain(&r, 0);
    r.store.limit = 2;
    say(u0, "{'msgtype':'join','room':'#b'}");
    expect(u0,
           "{'msgtype':'error','room':'#b','code':'limit','key':'room','in':'join','reason':'*'}");
    say(u0, "{'msgtype':'whisper','to':'u1','csn':1,'text':'x'}");
    expect(u0, "{'msgtype':'refused','room':'@u0','csn':1,'code':'limit','reason':'*'}");
    say(u0, "{'msgtype':'join','room':'#b'}");
    expect(u0, "{'msgtype':'joined','room':'#b',*");
    rig_end(&r);
}

static void few_users(struct rig *r)
{
    r->config.max_clients = 2;
    r->config.max_users = 4;
}

static void whispers_to_many_who_are_not_here_find_room(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, few_users);
    struct peer *u0 = rig_plain(&r, 0);
    for (int i = 1; i <= 30; i++) {
        sayf(u0, "{'msgtype':'whisper','to':'somebody-%d','csn':%d,'text':'x'}", i, i);
        expect(u0, "{'msgtype':'accepted',*");
        expect(u0, "{'msgtype':'whisper',*");
    }
    rig_plain(&r, 1);
    rig_end(&r);
}

static void two_inboxes(struct rig *r)
{
    r->config.max_clients = r->config.max_users = 2;
}

static void there_may_be_no_more_inboxes(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, two_inboxes);
    struct peer *u0 = rig_plain(&r, 0), *u1 = rig_plain(&r, 1);
    say(u0, "{'msgtype':'whisper','to':'u2','csn':1,'text':'x'}");
    expect_later(u0, "{'msgtype':'refused','room':'@u0',*'csn':1,'code':'limit','reason':'*'}");
    peer_close(u1);
    rig_pass(&r, 100);
    say(u0, "{'msgtype':'whisper','to':'u2','csn':2,'text':'x'}");
    expect_later(u0, "{'msgtype':'accepted',*'csn':2}");
    rig_end(&r);
}

/* --- jobs, reads, buffers ------------------------------------------------------------------- */

static void two_appends(struct rig *r)
{
    r->config.appends = 2;
}

static void who_finds_no_job_waits_for_one(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, two_appends);
    struct peer *p[4];
    for (unsigned i = 0; i < 4; i++)
        p[i] = rig_member(&r, i);
    r.store.late = true;
    for (int csn = 1; csn <= 10; csn++)
        for (unsigned i = 0; i < 4; i++)
            sayf(p[i], "{'msgtype':'say','csn':%d,'text':'x'}", csn);
    rig_pass(&r, 100);
    assert_int_equal(rig_stats(&r).appends_used, 2);
    peer_abort(p[0]); /* one that waits goes away */
    rig_pass(&r, 100);
    rig_store_on_time(&r);
    for (unsigned i = 1; i < 4; i++)
        for (int csn = 1; csn <= 10; csn++) {
            expect_later(p[i], "{'msgtype':'accepted',*");
            assert_int_equal(number_of(p[i]->lines[p[i]->next - 1], "csn"), csn);
        }
    rig_end(&r);
}

static void one_read(struct rig *r)
{
    r->config.reads = 1;
    r->config.blocks = 1;
}

static void who_finds_no_read_waits_for_one(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, one_read);
    struct peer *u0 = rig_member(&r, 0);
    char incarnation[256];
    for (int i = 1; i <= 100; i++)
        sayf(u0, "{'msgtype':'say','text':'%d'}", i);
    expect_later(u0, "{'msgtype':'message',*'n':100,*");
    acknowledge(u0);
    say(u0, "{'msgtype':'join','room':'#lobby'}");
    string_of(expect(u0, "{'msgtype':'joined',*"), "incarnation", incarnation);
    struct peer *p[3];
    r.store.late = true;
    for (unsigned i = 0; i < 3; i++) {
        p[i] = rig_login(&r, i + 1, "{'msgtype':'hello','resume':true,'credit':65536}");
        sayf(p[i], "{'msgtype':'join','room':'#lobby','incarnation':'%s','after':0}", incarnation);
    }
    rig_store_on_time(&r);
    for (unsigned i = 0; i < 3; i++) {
        expect(p[i], "{'msgtype':'joined',*'after':0,*");
        for (unsigned n = 1; n <= 100;) {
            const char *line = next_line(p[i]);
            if (fits(line, "{'msgtype':'message',*"))
                assert_int_equal(number_of(line, "n"), n++);
        }
    }
    rig_end(&r);
}

static void one_line(struct rig *r)
{
    r->config.lines = 1;
}

static void who_finds_no_buffer_for_half_a_line_is_told(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, one_line);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    send_bytes(u0, "{\"msgtype\"", 10);
    rig_pass(&r, 50);
    send_bytes(u1, "{\"msgtype\"", 10);
    expect(u1, "{'msgtype':'goodbye','retry_after':1,'code':'limit','reason':'*'}");
    expect_end(u1, 1000);
    send_bytes(u0, ":\"ping\"}\n", 9);
    expect_later(u0, "{'msgtype':'pong'}");
    u1 = rig_member(&r, 1);
    send_bytes(u1, "{\"msgtype\"", 10);
    rig_pass(&r, 50);
    send_bytes(u1, ":\"ping\"}\n", 9);
    expect(u1, "{'msgtype':'pong'}");
    rig_end(&r);
}

static void one_output(struct rig *r)
{
    r->config.outputs = 1;
}

static void output_buffers_may_be_fewer_than_sessions(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, one_output);
    struct peer *p[4];
    for (unsigned i = 0; i < 4; i++)
        p[i] = rig_member(&r, i);
    for (int csn = 1; csn <= 20; csn++)
        for (unsigned i = 0; i < 4; i++)
            sayf(p[i], "{'msgtype':'say','csn':%d,'text':'x'}", csn);
    for (unsigned i = 0; i < 4; i++) {
        unsigned messages = 0, accepted = 0;
        while (messages < 80 || accepted < 20) {
            const char *line = next_line(p[i]);
            if (fits(line, "{'msgtype':'message',*"))
                assert_int_equal(number_of(line, "n"), ++messages);
            else if (fits(line, "{'msgtype':'accepted',*"))
                assert_int_equal(number_of(line, "csn"), ++accepted);
        }
    }
    rig_end(&r);
}

/* The only buffer is held by a message that waits for the store; the last word needs none. */
static void the_last_word_needs_no_buffer(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, one_output);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    expect(u0, "{'msgtype':'presence',*");
    r.store.late = true;
    say(u0, "{'msgtype':'say','csn':1,'text':'x'}");
    rig_pass(&r, 50);
    assert_int_equal(rig_stats(&r).outputs_used, 1);
    say(u1, "{'msgtype':'ping'}");
    expect_nothing(u1);
    assert_int_equal(thm_server_kick(r.server, "u1", "out"), 1);
    rig_poke(&r);
    expect(u1, "{'msgtype':'goodbye','code':'kicked','reason':'out'}");
    expect_end(u1, 1000);
    rig_store_on_time(&r);
    expect_later(u0, "{'msgtype':'accepted',*");
    rig_end(&r);
}

/* A peer that reads nothing while its buffer is full hears of its end all the same. */
static void room_is_kept_for_what_is_owed(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    sim_world_faults(r.world, &(struct sim_faults){.send_buffer = 2048, .recv_buffer = 2048});
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    u1->deaf = true;
    r.store.late = true;
    for (int csn = 1; csn <= 16; csn++)
        sayf(u1, "{'msgtype':'say','csn':%d,'text':'%s'}", csn,
             "some text of mine, that takes some room");
    rig_pass(&r, 100);
    for (int i = 0; i < 60; i++)
        sayf(u0, "{'msgtype':'state','text':'%d'}", i);
    rig_store_on_time(&r);
    for (int i = 0; i < 200; i++)
        sayf(u0, "{'msgtype':'say','text':'%d %s'}", i,
             "................................................");
    rig_pass(&r, 1000);
    thm_server_kick(r.server, "u1",
                    "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"");
    rig_poke(&r);
    rig_pass(&r, 100);
    peer_listen(u1);
    expect_later(u1, "{'msgtype':'goodbye','code':'kicked','reason':'\\'\\'*");
    unsigned accepted = 0;
    for (unsigned i = 0; i < u1->count; i++)
        if (fits(u1->lines[i], "{'msgtype':'accepted',*"))
            assert_int_equal(number_of(u1->lines[i], "csn"), ++accepted);
    assert_in_range(accepted, 1, 16);
    rig_end(&r);
}

/* --- the store fails ------------------------------------------------------------------------ */

static void a_failing_store_costs_time_and_no_message(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    r.watched = "store-failed";
    r.store.fail = 7;
    for (int csn = 1; csn <= 10; csn++)
        sayf(u0, "{'msgtype':'say','csn':%d,'text':'%d'}", csn, csn);
    for (int n = 1; n <= 10; n++) {
        char pattern[64];
        snprintf(pattern, sizeof pattern, "{'msgtype':'message',*'n':%d,*'text':'%d'}", n, n);
        expect(u1, pattern);
    }
    assert_true(r.logged > 0);
    assert_int_equal(r.logged_code, THM_E_STORE);
    rig_end(&r);
}

static void a_busy_store_is_asked_again(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    r.store.busy = true;
    say(u0, "{'msgtype':'say','csn':1,'text':'x'}");
    say(u0, "{'msgtype':'history','room':'#lobby'}");
    expect_nothing(u0);
    unsigned submitted = r.store.submitted;
    rig_pass(&r, 1000);
    assert_int_equal(r.store.submitted, submitted);
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true}"); /* may ask again */
    say(u1, "{'msgtype':'join','room':'#lobby'}");
    expect(
        u1,
        "{'msgtype':'error','room':'#lobby','code':'store','key':'room','in':'join','reason':'*'}");
    r.store.busy = false;
    say(u1, "{'msgtype':'join','room':'#lobby'}");
    expect(u1, "{'msgtype':'joined',*");
    expect_later(u0, "{'msgtype':'accepted',*'csn':1}");
    expect_later(u0, "{'msgtype':'past',*'n':1,*");
    rig_end(&r);
}

/* A store that is down is not asked without end. */
static void a_store_that_is_down_is_left_alone(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, one_read);
    struct peer *u0 = rig_member(&r, 0);
    for (int i = 1; i <= 100; i++)
        sayf(u0, "{'msgtype':'say','text':'%d'}", i);
    expect_later(u0, "{'msgtype':'message',*'n':100,*");
    r.store.fail = 1000000;
    unsigned submitted = r.store.submitted;
    say(u0, "{'msgtype':'say','csn':1,'text':'x'}");
    say(u0, "{'msgtype':'history','room':'#lobby','before':5}");
    rig_pass(&r, 10000);
    assert_in_range(r.store.submitted - submitted, 50, 400);
    r.store.fail = 0;
    expect(u0, "{'msgtype':'error','code':'store','in':'say',*");
    expect(u0, "{'msgtype':'accepted',*'n':101,*");
    expect_later(u0, "{'msgtype':'end',*'count':4,*");
    rig_end(&r);
}

/* Who waits is told why, once for each time that it fails; the log as well. */
static void trouble_of_the_store_is_told_once(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    expect(u0, "{'msgtype':'presence',*");
    r.watched = "store-failed";
    for (int round = 1; round <= 2; round++) {
        r.store.fail = 1000000;
        thm_server_store_trouble(r.server, "the disk is full");
        sayf(u0, "{'msgtype':'say','csn':%d,'text':'x'}", 2 * round - 1);
        expect(u0, "{'msgtype':'error','code':'store','in':'say','reason':'*: the disk is full'}");
        sayf(u0, "{'msgtype':'say','csn':%d,'text':'y'}", 2 * round);
        rig_pass(&r, 3000);
        expect_nothing(u0);
        expect_nothing(u1);
        sayf(u1, "{'msgtype':'say','csn':%d,'text':'z'}", round);
        expect(u1, "{'msgtype':'error','code':'store','in':'say','reason':'*: the disk is full'}");
        assert_int_equal(r.logged, round);
        thm_server_store_trouble(r.server, NULL);
        r.store.fail = 0;
        expect(u0, "{'msgtype':'accepted',*'csn':*");
        expect_later(u0, "{'msgtype':'message',*'text':'y'}");
        expect_later(u1, "{'msgtype':'message',*'text':'x'}");
        expect(u1, "{'msgtype':'message',*'text':'y'}");
        expect_later(u1, "{'msgtype':'message',*'text':'z'}");
        expect_later(u0, "{'msgtype':'message',*'text':'z'}");
    }
    rig_end(&r);
}

static void a_csn_is_not_refused_because_the_store_fails(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    say(u0, "{'msgtype':'say','csn':1,'text':'x'}");
    expect(u0, "{'msgtype':'accepted',*");
    expect(u0, "{'msgtype':'message',*");
    r.store.busy = true;
    say(u0, "{'msgtype':'say','csn':1,'text':'x'}");
    expect(u0, "{'msgtype':'error','room':'#lobby','code':'store','in':'say',*");
    r.store.busy = false;
    r.store.fail = 1;
    say(u0, "{'msgtype':'say','csn':1,'text':'x'}");
    expect(u0, "{'msgtype':'error','room':'#lobby','code':'store','in':'say',*");
    say(u0, "{'msgtype':'say','csn':1,'text':'x'}");
    expect(u0, "{'msgtype':'accepted',*'n':1,'csn':1}");
    rig_end(&r);
}

static void a_read_that_fails_is_made_again(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = rig_member(&r, 0);
    say(u0, "{'msgtype':'say','text':'x'}");
    expect(u0, "{'msgtype':'message',*");
    r.store.fail = 3;
    unsigned submitted = r.store.submitted;
    say(u0, "{'msgtype':'history','room':'#lobby'}");
    expect(u0, "{'msgtype':'past',*'n':1,*");
    expect(u0, "{'msgtype':'end',*'count':1,*");
    assert_int_equal(r.store.submitted - submitted, 4);
    rig_end(&r);
}

static void few_blocks(struct rig *r)
{
    r->config.blocks = 1;
    r->store_config.blocks = 3;
}

/* A reader that fell behind what is kept is told exactly what it missed. */
static void a_gap_names_what_is_no_longer_kept(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, few_blocks);
    struct peer *u0 = rig_member(&r, 0);
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'credit':4096}");
    say(u1, "{'msgtype':'join','room':'#lobby'}");
    expect(u1, "{'msgtype':'joined',*");
    for (int i = 1; i <= 300; i++) {
        sayf(u0, "{'msgtype':'say','text':'%d'}", i);
        if (i % 50 == 0) {
            rig_pass(&r, 50);
            acknowledge(u0);
        }
    }
    rig_pass(&r, 100);
    unsigned n = 0, gaps = 0;
    while (n < 300) {
        acknowledge(u1);
        const char *line = next_line(u1);
        if (fits(line, "{'msgtype':'gap','room':'#lobby','incarnation':'*','first':*,'last':*,'"
                       "reason':'*'}")) {
            assert_int_equal(number_of(line, "first"), n + 1);
            n = (unsigned)number_of(line, "last");
            gaps++;
        } else if (fits(line, "{'msgtype':'message',*")) {
            assert_int_equal(number_of(line, "n"), ++n);
        }
    }
    assert_int_equal(gaps, 1);
    rig_end(&r);
}

static void few_store_streams(struct rig *r)
{
    r->store_config.streams = 2;
}

/* What the server holds open is released behind its back, as if the store had been exchanged. */
static void release_all(struct rig *r)
{
    for (uint32_t id = 0; id < 1000; id++)
        r->store.inner->ops->release(r->store.inner, id);
}

/* The store dropped a room that somebody is in: he is told, and goes on in the new one. */
static void a_room_that_the_store_dropped_starts_anew(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, few_store_streams);
    struct peer *u0 = rig_member(&r, 0), *u1 = rig_member(&r, 1);
    say(u0, "{'msgtype':'say','csn':1,'text':'old'}");
    expect_later(u1, "{'msgtype':'message',*'n':1,*'old'}");
    expect_later(u0, "{'msgtype':'message',*");
    say(u0, "{'msgtype':'join','room':'#b'}");
    say(u0, "{'msgtype':'say','room':'#b','csn':2,'text':'b'}");
    expect_later(u0, "{'msgtype':'message','room':'#b',*");
    release_all(&r);
    say(u0, "{'msgtype':'join','room':'#c'}");
    say(u0, "{'msgtype':'say','room':'#c','csn':3,'text':'c'}");
    expect_later(u0, "{'msgtype':'message','room':'#c',*");
    release_all(&r);
    say(u0, "{'msgtype':'say','csn':4,'text':'new'}");
    expect(u1, "{'msgtype':'gap','room':'#lobby','incarnation':'*','reason':'restarted'}");
    expect(u1, "{'msgtype':'message',*'n':1,*'new'}");
    expect_later(u0, "{'msgtype':'accepted','room':'#lobby',*'n':1,*'csn':4}");
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_may_be_no_more_rooms),
        cmocka_unit_test(a_session_may_be_in_so_many_rooms),
        cmocka_unit_test(memberships_may_run_out),
        cmocka_unit_test(states_of_those_who_left_make_place),
        cmocka_unit_test(the_store_may_have_no_more_streams),
        cmocka_unit_test(whispers_to_many_who_are_not_here_find_room),
        cmocka_unit_test(there_may_be_no_more_inboxes),
        cmocka_unit_test(who_finds_no_job_waits_for_one),
        cmocka_unit_test(who_finds_no_read_waits_for_one),
        cmocka_unit_test(who_finds_no_buffer_for_half_a_line_is_told),
        cmocka_unit_test(output_buffers_may_be_fewer_than_sessions),
        cmocka_unit_test(the_last_word_needs_no_buffer),
        cmocka_unit_test(room_is_kept_for_what_is_owed),
        cmocka_unit_test(a_failing_store_costs_time_and_no_message),
        cmocka_unit_test(a_busy_store_is_asked_again),
        cmocka_unit_test(a_store_that_is_down_is_left_alone),
        cmocka_unit_test(trouble_of_the_store_is_told_once),
        cmocka_unit_test(a_csn_is_not_refused_because_the_store_fails),
        cmocka_unit_test(a_read_that_fails_is_made_again),
        cmocka_unit_test(a_gap_names_what_is_no_longer_kept),
        cmocka_unit_test(a_room_that_the_store_dropped_starts_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
