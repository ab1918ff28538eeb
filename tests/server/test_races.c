/* Rooms whose rules change while people come, go, ask and speak: who is out is out, and of a room that was removed nothing
 * is in the next one of its name. */
#include "server/moderator.h"

#include <stdio.h>
#include <string.h>

#define STEPS 40

static struct peer *login(struct rig *r, unsigned who, unsigned credit)
{
    char hello[100];

    snprintf(hello, sizeof hello, "{'msgtype':'hello','resume':true,'credit':%u}", credit);
    return rig_login(r, who, hello);
}

/* Lets the store do `passes` steps. */
static void step(struct rig *r, unsigned passes)
{
    rig_pass(r, 10);
    rig_poke(r);
    r->store.pass = passes;
    rig_poke(r);
    rig_pass(r, 5);
}

static void catch_up(struct rig *r)
{
    rig_store_on_time(r);
    rig_pass(r, 100);
}

static bool heard(const struct peer *p, const char *what)
{
    for (unsigned i = 0; i < p->count; i++)
        if (strstr(p->lines[i], what) != NULL)
            return true;
    return false;
}

static void ban(struct peer *moderator, const char *user)
{
    sayf(moderator, "{'msgtype':'moderate','room':'#den','action':'ban','userid':'%s'}", user);
}

/* Somebody uses up his credit, so that he can't be told anything unasked. */
static void spend_credit(struct peer *p, struct peer *by)
{
    for (unsigned i = 0; i < 40; i++)
        say_stored(by, "#den", "x");
    rig_pass(p->rig, 50);
}

/* What a moderator asked for before he was banned, and was not done yet, is not done any more. */
static void a_banned_moderator_s_requests_are_void(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u1 = member(&r, 1, "#den"), *phone = member(&r, U1_PHONE, "#den");
    struct peer *u0 = member(&r, 0, "#den");
    say(u1, "{'msgtype':'moderate','room':'#den','action':'op','userid':'u0'}");
    expect_later(u1, "{'msgtype':'moderated',*");
    r.store.late = true;
    ban(u0, "u1");
    rig_pass(&r, 10);
    say(u1, "{'msgtype':'moderate','room':'#den','action':'unban','userid':'u1'}");
    rig_pass(&r, 10);
    say(phone, "{'msgtype':'moderate','room':'#den','action':'op','userid':'u1'}");
    rig_pass(&r, 10);
    catch_up(&r);
    expect_later(phone, "{'msgtype':'error',*'code':'not-moderator',*");
    assert_string_equal(users(&r, "#den"), "u0 member moderator\nu1 banned\n");
    rig_end(&r);
}

static void a_ban_overtakes_a_member_s_other_device(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3 * 14; i++) {
        struct rig r;
        rig_start(&r, durable);
        struct peer *u0 = member(&r, 0, "#den");
        member(&r, 1, "#den");
        struct peer *phone = login(&r, U1_PHONE, 60000);
        rig_pass(&r, 10);
        r.store.late = true;
        for (unsigned k = 0; k < STEPS; k++) {
            if (k == i / 3)
                ban(u0, "u1");
            if (k == 5)
                say(phone, "{'msgtype':'join','room':'#den'}");
            step(&r, i % 3 == 2 ? 1 + k % 2 : 1 + i % 3);
        }
        catch_up(&r);
        say_stored(u0, "#den", "secret");
        rig_pass(&r, 20);
        assert_false(heard(phone, "secret"));
        assert_string_equal(users(&r, "#den"), "u0 member moderator\nu1 banned\n");
        rig_end(&r);
    }
}

/* Who has no credit to be told that he is out can't come back in by joining what he was in. */
static void who_is_out_is_out_though_he_was_not_told(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 14; at++) {
        struct rig r;
        rig_start(&r, durable);
        struct peer *u0 = member(&r, 0, "#den"), *u1 = login(&r, 1, 4096);
        say(u1, "{'msgtype':'join','room':'#den'}");
        expect(u1, "{'msgtype':'joined',*");
        spend_credit(u1, u0);
        r.store.late = true;
        for (unsigned k = 0; k < STEPS; k++) {
            if (k == at)
                ban(u0, "u1");
            if (k == 5)
                say(u1, "{'msgtype':'join','room':'#den'}");
            step(&r, 1);
        }
        catch_up(&r);
        say_stored(u0, "#den", "secret");
        say(u1, "{'msgtype':'history','room':'#den'}");
        say(u1, "{'msgtype':'say','room':'#den','csn':9,'text':'still here'}");
        expect_later(u1, "{'msgtype':'refused',*'code':'no-such-room',*");
        assert_false(heard(u1, "secret"));
        rig_end(&r);
    }
}

/* Questions that wait until there is room for their answers are not answered to who was sent away meanwhile. */
static void who_is_out_gets_no_late_answers(void **state)
{
    static const char *const questions[] = {"history", "who"};
    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        static char batch[20000];
        size_t len = 0;
        struct rig r;
        rig_start(&r, durable);
        struct peer *u0 = member(&r, 0, "#den"), *u1 = login(&r, 1, 4096);
        say(u1, "{'msgtype':'join','room':'#den'}");
        expect(u1, "{'msgtype':'joined',*");
        u1->deaf = true;
        for (unsigned k = 0; k < 20 + 3 * i; k++)
            len += (size_t)sprintf(
                batch + len, "{\"msgtype\":\"moderate\",\"room\":\"#elsewhere-elsewhere\"}\n");
        len += (size_t)sprintf(batch + len, "{\"msgtype\":\"%s\",\"room\":\"#den\"}\n",
                               questions[i % 2]);
        for (unsigned k = 0; k < 60; k++) {
            send_bytes(u1, batch, len);
            rig_pass(&r, 50);
        }
        rig_pass(&r, 1000);
        ban(u0, "u1");
        expect_later(u0, "{'msgtype':'moderated',*");
        struct peer *u2 = member(&r, 2, "#den");
        say_stored(u0, "#den", "secret");
        rig_pass(&r, 500);
        peer_listen(u1);
        rig_pass(&r, 3000);
        assert_false(heard(u1, "secret"));
        assert_false(heard(u1, "\"userid\":\"u2\""));
        (void)u2;
        rig_end(&r);
    }
}

/* A user whose one device leaves while the other joins is in the room, or he is not: as it is kept, so it is. */
static void leaving_beside_joining_is_one_or_the_other(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 10; at++) {
        struct rig r;
        rig_start(&r, durable);
        struct peer *u0 = member(&r, 0, "#den");
        struct peer *u1 = member(&r, 1, "#den"), *phone = login(&r, U1_PHONE, 60000);
        rig_pass(&r, 50);
        r.store.late = true;
        say(phone, "{'msgtype':'join','room':'#den'}");
        rig_pass(&r, 10);
        for (unsigned k = 0; k < at; k++)
            step(&r, 1);
        say(u1, "{'msgtype':'leave','room':'#den'}");
        rig_pass(&r, 10);
        catch_up(&r);
        say_stored(u0, "#den", "hello");
        rig_pass(&r, 20);
        bool in = strstr(users(&r, "#den"), "u1 member") != NULL;
        assert_true(in == heard(phone, "hello"));
        rig_end(&r);
    }
}

/* A leave that the store could not keep at once is kept later. */
static void a_leave_is_kept_after_trouble(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    member(&r, 0, "#den");
    struct peer *u1 = member(&r, 1, "#den");
    for (unsigned fail = 1; fail < 6; fail++) {
        r.store.late = true;
        say(u1, "{'msgtype':'leave','room':'#den'}");
        rig_pass(&r, 20);
        r.store.fail = fail;
        catch_up(&r);
        rig_pass(&r, 2000);
        r.store.fail = 0;
        assert_string_equal(users(&r, "#den"), "u0 member moderator\n");
        say(u1, "{'msgtype':'join','room':'#den'}");
        expect_later(u1, "{'msgtype':'joined',*");
    }
    rig_end(&r);
}

/* Who was told that he left has left, also when the server stops at that moment. */
static void a_leave_is_kept_at_a_stop(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 6; at++) {
        struct rig r;
        rig_start(&r, durable);
        member(&r, 0, "#den");
        struct peer *u1 = member(&r, 1, "#den");
        rig_pass(&r, 50);
        r.store.late = true;
        say(u1, "{'msgtype':'leave','room':'#den'}");
        rig_pass(&r, 10);
        for (unsigned k = 0; k < at; k++)
            step(&r, 1);
        thm_server_shutdown(r.server);
        rig_poke(&r);
        catch_up(&r);
        rig_pass(&r, 3000);
        assert_true(heard(u1, "\"left\""));
        rig_restart(&r);
        assert_string_equal(users(&r, "#den"), "u0 member moderator\n");
        rig_end(&r);
    }
}

/* While the store is down, who leaves a room is not cut off from the others. */
static void who_leaves_waits_for_no_store(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    member(&r, 0, "#den");
    struct peer *u1 = member(&r, 1, "#den");
    rig_pass(&r, 100);
    r.store.fail = 1000000;
    say(u1, "{'msgtype':'leave','room':'#den'}");
    say(u1, "{'msgtype':'ping'}");
    expect(u1, "{'msgtype':'left',*");
    expect(u1, "{'msgtype':'pong'}");
    r.store.fail = 0;
    rig_pass(&r, 1000);
    assert_string_equal(users(&r, "#den"), "u0 member moderator\n");
    rig_end(&r);
}

/* --- removal ----------------------------------------------------------------------------------- */

static void begin_removal(struct rig *r, struct thm_admin_request *removal)
{
    *removal =
        (struct thm_admin_request){.op = THM_ADMIN_ROOM_REMOVE, .room = "#den", .done = on_done};
    asked = (struct asked){.done = false};
    assert_int_equal(thm_server_admin(r->server, removal), THM_OK);
    rig_poke(r);
}

/* A room that nobody was in is closed, too. */
static void nobody_gets_into_an_empty_room_that_goes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3 * 25; i++) {
        struct thm_admin_request removal;
        struct rig r;
        rig_start(&r, durable);
        say_stored(member(&r, 0, "#den"), "#den", "old");
        rig_pass(&r, 100);
        rig_restart(&r);
        struct peer *u1 = login(&r, 1, 60000);
        rig_pass(&r, 10);
        r.store.late = true;
        for (unsigned k = 0; k < STEPS; k++) {
            if (k == 5)
                begin_removal(&r, &removal);
            if (k == i / 3)
                say(u1, "{'msgtype':'join','room':'#den'}");
            step(&r, i % 3 == 2 ? 1 + k % 2 : 1 + i % 3);
        }
        catch_up(&r);
        assert_true(asked.done && asked.result == THM_OK);
        bool in = *users(&r, "#den") != '\0';
        if (in)
            assert_string_equal(asked.rows, "u1 member moderator\n");
        assert_string_equal(rooms(&r), in ? "#den 1\n" : "");
        say(u1, "{'msgtype':'say','room':'#den','csn':1,'text':'x'}");
        expect_later(u1, in ? "{'msgtype':'stored',*" : "{'msgtype':'refused',*");
        rig_end(&r);
    }
}

static void what_waits_to_be_said_goes_with_the_room(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = member(&r, 0, "#den");
    rig_pass(&r, 100);
    r.store.fail = 1;
    say(u0, "{'msgtype':'say','room':'#den','csn':1,'text':'secret of the old room'}");
    rig_pass(&r, 5);
    r.store.fail = 0;
    assert_int_equal(
        room(&r, THM_ADMIN_ROOM_REMOVE, "#den", 0, (struct thm_room_rules){.since_ms = 0}), THM_OK);
    expect_later(u0, "{'msgtype':'refused',*'code':'no-such-room',*");
    rig_pass(&r, 1000);
    struct peer *u1 = member(&r, 1, "#den");
    expect_past(u1, "#den", "");
    assert_string_equal(users(&r, "#den"), "u1 member moderator\n");
    rig_end(&r);
}

/* On a slow disk the topic and states of the last second come after the removal began. */
static void topic_and_states_go_with_the_room(void **state)
{
    (void)state;
    for (unsigned ms = 50; ms < 400; ms += 30) {
        struct thm_admin_request removal;
        struct rig r;
        rig_start(&r, durable);
        struct peer *u0 = member(&r, 0, "#den");
        say(u0, "{'msgtype':'state','room':'#den','text':'old state'}");
        say(u0, "{'msgtype':'topic','room':'#den','topic':'old topic'}");
        rig_pass(&r, 50);
        r.store.late = true;
        begin_removal(&r, &removal);
        for (unsigned i = 0; i < STEPS; i++) {
            rig_pass(&r, ms);
            step(&r, 1);
        }
        catch_up(&r);
        rig_pass(&r, 1500);
        assert_int_equal(asked.result, THM_OK);
        rig_restart(&r);
        struct peer *u1 = login(&r, 1, 60000);
        say(u1, "{'msgtype':'join','room':'#den'}");
        rig_pass(&r, 100);
        assert_false(heard(u1, "old"));
        rig_end(&r);
    }
}

/* Who wishes to join while the room goes has its topic read, which is not the next one's. */
static void what_is_read_meanwhile_goes_with_the_room(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 30; at++) {
        struct thm_admin_request removal;
        struct rig r;
        rig_start(&r, durable);
        struct peer *u0 = member(&r, 0, "#den"), *u1 = login(&r, 1, 60000);
        say(u0, "{'msgtype':'state','room':'#den','text':'old state'}");
        say(u0, "{'msgtype':'topic','room':'#den','topic':'old topic'}");
        rig_pass(&r, 1500);
        r.store.late = true;
        for (unsigned i = 0; i < STEPS; i++) {
            if (i == 5)
                begin_removal(&r, &removal);
            if (i == at)
                say(u1, "{'msgtype':'join','room':'#den'}");
            step(&r, 1);
        }
        catch_up(&r);
        assert_int_equal(asked.result, THM_OK);
        struct peer *u2 = login(&r, 2, 60000);
        say(u2, "{'msgtype':'join','room':'#den'}");
        rig_pass(&r, 100);
        assert_false(heard(u2, "old"));
        rig_end(&r);
    }
}

/* A client that comes back to a removed room does not make it anew. */
static void a_removed_room_does_not_come_back(void **state)
{
    (void)state;
    struct rig r;
    char incarnation[256];
    rig_start(&r, durable);
    struct peer *u0 = login(&r, 0, 60000);
    say(u0, "{'msgtype':'join','room':'#den'}");
    string_of(expect(u0, "{'msgtype':'joined',*"), "incarnation", incarnation);
    say_stored(u0, "#den", "x");
    peer_close(u0);
    rig_pass(&r, 50);
    assert_int_equal(
        room(&r, THM_ADMIN_ROOM_REMOVE, "#den", 0, (struct thm_room_rules){.since_ms = 0}), THM_OK);
    for (unsigned again = 0; again < 2; again++) {
        u0 = login(&r, 0, 60000);
        sayf(u0, "{'msgtype':'join','room':'#den','after':1,'incarnation':'%s'}", incarnation);
        expect(u0, "{'msgtype':'error',*'code':'unknown-room',*'in':'join',*");
        assert_string_equal(rooms(&r), "");
        rig_restart(&r);
    }
    member(&r, 1, "#den"); /* who asks for it makes it */
    assert_string_equal(rooms(&r), "#den 1\n");
    rig_end(&r);
}

/* A member who could not be told keeps nothing of the room that was. */
static void a_state_goes_with_the_room(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u1 = login(&r, 1, 4096), *u2 = member(&r, 2, "#other");
    struct peer *u3 = member(&r, 3, "#other");
    say(u1, "{'msgtype':'join','room':'#den'}");
    expect(u1, "{'msgtype':'joined',*");
    say(u1, "{'msgtype':'state','room':'#den','text':'mine'}");
    rig_pass(&r, 1500);
    for (unsigned i = 0; i < 60; i++) /* answers use up his credit */
        say(u1, "{'msgtype':'moderate','room':'#den'}");
    rig_pass(&r, 200);
    assert_int_equal(
        room(&r, THM_ADMIN_ROOM_REMOVE, "#den", 0, (struct thm_room_rules){.since_ms = 0}), THM_OK);
    say(u2, "{'msgtype':'state','room':'#other','text':'of u2'}");
    say(u3, "{'msgtype':'state','room':'#other','text':'of u3'}");
    rig_pass(&r, 50);
    say(u1, "{'msgtype':'join','room':'#den'}");
    rig_pass(&r, 50);
    for (unsigned i = 0; i < 5; i++) {
        say(u1, "{'msgtype':'state','room':'#den','text':'mine again'}");
        say(u2, "{'msgtype':'state','room':'#other','text':'of u2 again'}");
        rig_pass(&r, 50);
    }
    assert_false(heard(u2, "mine"));
    assert_false(heard(u3, "mine"));
    rig_end(&r);
}

/* The operator makes a room while somebody joins it: one of them makes it, and it is as he made it after a restart. */
static void a_room_is_made_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3 * 20; i++) {
        struct rig r;
        struct thm_admin_request add = {.op = THM_ADMIN_ROOM_ADD,
                                        .room = "#den",
                                        .set = THM_ADMIN_INVITE_ONLY,
                                        .rules = {.invite_only = true},
                                        .done = on_done};
        rig_start(&r, durable);
        struct peer *u1 = login(&r, 1, 60000);
        rig_pass(&r, 10);
        asked = (struct asked){.done = false};
        r.store.late = true;
        for (unsigned k = 0; k < STEPS; k++) {
            if (k == i / 3)
                assert_int_equal(thm_server_admin(r.server, &add), THM_OK);
            rig_poke(&r);
            if (k == 8)
                say(u1, "{'msgtype':'join','room':'#den'}");
            step(&r, i % 3 == 2 ? 1 + k % 2 : 1 + i % 3);
        }
        catch_up(&r);
        bool by_operator = asked.result == THM_OK;
        rig_restart(&r);
        struct peer *u2 = login(&r, 2, 60000);
        say(u2, "{'msgtype':'join','room':'#den'}");
        rig_pass(&r, 50);
        assert_true(by_operator != heard(u2, "\"joined\""));
        assert_true(by_operator == (strstr(users(&r, "#den"), "moderator") == NULL));
        rig_end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_banned_moderator_s_requests_are_void),
        cmocka_unit_test(a_ban_overtakes_a_member_s_other_device),
        cmocka_unit_test(who_is_out_is_out_though_he_was_not_told),
        cmocka_unit_test(who_is_out_gets_no_late_answers),
        cmocka_unit_test(leaving_beside_joining_is_one_or_the_other),
        cmocka_unit_test(a_leave_is_kept_after_trouble),
        cmocka_unit_test(a_leave_is_kept_at_a_stop),
        cmocka_unit_test(who_leaves_waits_for_no_store),
        cmocka_unit_test(nobody_gets_into_an_empty_room_that_goes),
        cmocka_unit_test(what_waits_to_be_said_goes_with_the_room),
        cmocka_unit_test(topic_and_states_go_with_the_room),
        cmocka_unit_test(what_is_read_meanwhile_goes_with_the_room),
        cmocka_unit_test(a_removed_room_does_not_come_back),
        cmocka_unit_test(a_state_goes_with_the_room),
        cmocka_unit_test(a_room_is_made_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
