/* Rooms with rules: who may join, and who may say so. */
#include "server/moderator.h"

#include <stdio.h>
#include <string.h>

/* --- who may join ------------------------------------------------------------------------------ */

static void who_makes_a_room_moderates_it(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = member(&r, 0, "#den"), *u1 = member(&r, 1, "#den");
    assert_string_equal(users(&r, "#den"), "u0 member moderator\nu1 member\n");
    refused(u1, "{'msgtype':'moderate','room':'#den','action':'kick','userid':'u0'}",
            "not-moderator");
    refused(u1, "{'msgtype':'moderate','room':'#den','action':'open'}", "not-moderator");
    refused(u0, "{'msgtype':'moderate','room':'#den','action':'dance'}", "key-range");
    refused(u0, "{'msgtype':'moderate','room':'#den','action':'kick'}", "key-missing");
    refused(u0, "{'msgtype':'moderate','room':'#den','action':'kick','userid':'u3'}", "not-member");
    refused(u0, "{'msgtype':'moderate','room':'#den','action':'ban','userid':'nobody'}",
            "no-such-user");
    refused(u0, "{'msgtype':'moderate','room':'#lobby','action':'open'}", "no-such-room");
    say(u0, "{'msgtype':'moderate','room':'#den','action':'op','userid':'u1'}");
    expect_later(u0, "{'msgtype':'moderated',*'userid':'u1',*'action':'op'}");
    expect_later(u1, "{'msgtype':'moderated',*'from':'u0',*'userid':'u1',*'action':'op'}");
    say(u1, "{'msgtype':'moderate','room':'#den','action':'deop','userid':'u0'}");
    expect_later(u1, "{'msgtype':'moderated',*'userid':'u0',*'action':'deop'}");
    refused(u0, "{'msgtype':'moderate','room':'#den','action':'open'}", "not-moderator");
    rig_end(&r);
}

/* Nobody makes the lobby: it has the moderators that the operator appoints. */
static void the_lobby_has_no_moderator_by_itself(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = member(&r, 0, "#lobby");
    refused(u0, "{'msgtype':'moderate','room':'#lobby','action':'invite-only'}", "not-moderator");
    assert_int_equal(deed(&r, "#lobby", "u0", THM_DEED_OP), THM_OK);
    expect(u0, "{'msgtype':'moderated','room':'#lobby','userid':'u0','action':'op'}");
    say(u0, "{'msgtype':'moderate','room':'#lobby','action':'invite-only'}");
    expect(u0, "{'msgtype':'moderated',*'action':'invite-only'}");
    rig_end(&r);
}

static void an_invite_only_room_is_for_whom_it_invites(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = member(&r, 0, "#den"), *u1 = member(&r, 1, "#den");
    say(u0, "{'msgtype':'moderate','room':'#den','action':'invite-only'}");
    expect_later(u0, "{'msgtype':'moderated',*'action':'invite-only'}");
    struct peer *u2 = member(&r, 2, "#lobby");
    refused(u2, "{'msgtype':'join','room':'#den'}", "invite-only");
    /* to others it is not there at all */
    say(u2, "{'msgtype':'rooms'}");
    expect(u2, "{'msgtype':'room','room':'#lobby',*");
    expect(u2, "{'msgtype':'end',*'count':1,*");
    say(u2, "{'msgtype':'whois','text':'u1'}");
    assert_null(strstr(expect(u2, "{'msgtype':'user',*"), "#den"));
    expect(u2, "{'msgtype':'end',*");
    say(u1, "{'msgtype':'whois','text':'u0'}");
    expect_later(u1, "{'msgtype':'user',*'rooms':'#den'*");
    /* a member may come back, */
    peer_close(u1);
    u1 = member(&r, 1, "#den");
    /* and who is invited may come */
    say(u0, "{'msgtype':'moderate','room':'#den','action':'invite','userid':'u2'}");
    expect_later(u0, "{'msgtype':'moderated',*'action':'invite'}");
    expect(u2, "{'msgtype':'moderated','room':'#den','from':'u0','userid':'u2','action':'invite'}");
    say(u2, "{'msgtype':'join','room':'#den'}");
    expect(u2, "{'msgtype':'joined','room':'#den',*'members':3*");
    assert_string_equal(users(&r, "#den"), "u0 member moderator\nu1 member\nu2 member invited\n");
    rig_end(&r);
}

static void a_banned_user_stays_out(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = member(&r, 0, "#den"), *u1 = member(&r, 1, "#den");
    struct peer *phone = member(&r, U1_PHONE, "#den");
    say_stored(u1, "#den", "a");
    say(u0, "{'msgtype':'moderate','room':'#den','action':'ban','userid':'u1','reason':'spam'}");
    expect_later(u1, "{'msgtype':'left','room':'#den',*'code':'banned','reason':'u0: spam'}");
    expect_later(phone, "{'msgtype':'left','room':'#den',*'code':'banned','reason':'u0: spam'}");
    expect_later(u0, "{'msgtype':'moderated',*'userid':'u1',*'reason':'spam','action':'ban'}");
    refused(u1, "{'msgtype':'join','room':'#den'}", "banned");
    say(u1, "{'msgtype':'say','room':'#den','csn':7,'text':'b'}");
    expect(u1, "{'msgtype':'refused',*'code':'no-such-room',*");
    say(u1, "{'msgtype':'history','room':'#den'}");
    expect(u1, "{'msgtype':'error',*'code':'no-such-room',*");
    rig_restart(&r); /* the ban is kept */
    u0 = member(&r, 0, "#den");
    u1 = member(&r, 1, "#lobby");
    refused(u1, "{'msgtype':'join','room':'#den'}", "banned");
    refused(u0, "{'msgtype':'moderate','room':'#den','action':'invite','userid':'u1'}", "banned");
    say(u0, "{'msgtype':'moderate','room':'#den','action':'unban','userid':'u1'}");
    expect_later(u0, "{'msgtype':'moderated',*'action':'unban'}");
    say(u1, "{'msgtype':'join','room':'#den'}");
    expect(u1, "{'msgtype':'joined','room':'#den',*");
    rig_end(&r);
}

/* Who is sent away reads nothing that follows, even without credit to be told so. */
static void who_is_sent_away_hears_no_more(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = member(&r, 0, "#den");
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'credit':4096}");
    say(u1, "{'msgtype':'join','room':'#den'}");
    expect(u1, "{'msgtype':'joined',*");
    for (unsigned i = 0; i < 40;
         i++) /* more than its credit: what is left of that is less than one message */
        say_stored(u0, "#den", "x");
    char reason[201];
    memset(reason, 'r', 200);
    reason[200] = '\0';
    sayf(u0, "{'msgtype':'moderate','room':'#den','action':'kick','userid':'u1','reason':'%s'}",
         reason);
    expect_later(u0, "{'msgtype':'moderated',*'action':'kick'}");
    say_stored(u0, "#den", "secret");
    for (unsigned i = 0; i < 20; i++)
        expect_later(u1, "{'msgtype':'message',*'text':'x'}");
    rig_pass(&r, 100);
    while (u1->next < u1->count)
        expect(u1, "{'msgtype':'message',*'text':'x'}");
    expect_nothing(u1);
    acknowledge(u1);
    expect(u1, "{'msgtype':'left','room':'#den',*'code':'sent-away',*");
    expect_nothing(u1);
    say(u1, "{'msgtype':'join','room':'#den'}"); /* the room is open: he may come back */
    expect(u1, "{'msgtype':'joined',*");
    rig_end(&r);
}

#define JOIN_AT 5  /* more steps than an operation has */
#define STEPS   16 /* and as many as a join has more */

/* A user joins #den, which is there, while the operator asks for something, a step of the store's at a time: the join
 * begins at step JOIN_AT, the operation at step `at`. */
static struct peer *join_meets(struct rig *r, struct thm_admin_request *request, unsigned at)
{
    rig_start(r, durable);
    member(r, 0, "#den");
    struct peer *u1 = rig_login(r, 1, "{'msgtype':'hello','resume':true,'credit':60000}");
    rig_pass(r, 10);
    asked = (struct asked){.done = false};
    request->done = on_done;
    strcpy(request->room, "#den");
    r->store.late = true;
    for (unsigned i = 0; i < 30; i++) {
        if (i == at)
            assert_int_equal(thm_server_admin(r->server, request), THM_OK);
        rig_poke(r); /* of two that begin in the same step it goes first */
        if (i == JOIN_AT)
            say(u1, "{'msgtype':'join','room':'#den'}");
        rig_pass(r, 10);
        rig_poke(r);
        r->store.pass = 1;
        rig_poke(r);
        rig_pass(r, 5);
    }
    rig_store_on_time(r);
    rig_pass(r, 50);
    assert_true(asked.done && asked.result == THM_OK);
    return u1;
}

static void a_ban_overtakes_a_join(void **state)
{
    (void)state;
    for (unsigned at = 0; at < STEPS; at++) {
        struct rig r;
        struct thm_admin_request ban = {
            .op = THM_ADMIN_ROOM_USER, .deed = THM_DEED_BAN, .user = "u1"};
        struct peer *u1 = join_meets(&r, &ban, at);
        assert_string_equal(users(&r, "#den"), "u0 member moderator\nu1 banned\n");
        say(u1, "{'msgtype':'say','room':'#den','csn':1,'text':'x'}");
        expect_later(u1, "{'msgtype':'refused',*'code':'no-such-room',*");
        rig_end(&r);
    }
}

static void an_appointment_and_a_join_both_count(void **state)
{
    (void)state;
    for (unsigned at = 0; at < STEPS; at++) {
        struct rig r;
        struct thm_admin_request op = {
            .op = THM_ADMIN_ROOM_USER, .deed = THM_DEED_OP, .user = "u1"};
        struct peer *u1 = join_meets(&r, &op, at);
        assert_string_equal(users(&r, "#den"), "u0 member moderator\nu1 member moderator\n");
        say(u1, "{'msgtype':'moderate','room':'#den','action':'history-all'}");
        expect_later(u1, "{'msgtype':'moderated',*'action':'history-all'}");
        rig_end(&r);
    }
}

/* Who joins a room that is being removed is in the one after it, or in none. */
static void nobody_is_left_in_a_removed_room(void **state)
{
    (void)state;
    for (unsigned at = 0; at < STEPS; at++) {
        struct rig r;
        struct thm_admin_request removal = {.op = THM_ADMIN_ROOM_REMOVE};
        struct peer *u1 = join_meets(&r, &removal, at);
        bool in = *users(&r, "#den") != '\0';
        assert_string_equal(rooms(&r), in ? "#den 1\n" : "");
        say(u1, "{'msgtype':'say','room':'#den','csn':1,'text':'x'}");
        expect_later(u1, in ? "{'msgtype':'stored',*"
                            : "{'msgtype':'refused',*'code':'no-such-room',*");
        rig_end(&r);
    }
}

/* Who makes a room may be gone before it is kept: it has its rules all the same. */
static void a_room_is_kept_without_its_maker(void **state)
{
    (void)state;
    for (unsigned calls = 1; calls < 9; calls++) {
        struct rig r;
        rig_start(&r, durable);
        struct peer *u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true,'credit':60000}");
        rig_pass(&r, 20);
        r.store.late = true;
        say(u0, "{'msgtype':'join','room':'#den'}");
        rig_pass(&r, 10);
        for (unsigned i = 1; i < calls; i++) {
            r.store.pass = 1;
            rig_poke(&r);
            rig_pass(&r, 5);
        }
        assert_int_equal(thm_server_kick(r.server, "u0", "enough"), 1);
        rig_store_on_time(&r);
        rig_pass(&r, 50);
        bool made = *users(&r, "#den") != '\0';
        assert_string_equal(rooms(&r), made ? "#den 0\n" : "");
        rig_end(&r);
    }
}

/* --- the operator ------------------------------------------------------------------------------ */

static void the_operator_makes_and_removes_rooms(void **state)
{
    (void)state;
    struct rig r;
    const struct thm_room_rules closed = {.invite_only = true}, open = {.invite_only = false};
    rig_start(&r, durable);
    assert_int_equal(room(&r, THM_ADMIN_ROOM_SET, "#den", THM_ADMIN_INVITE_ONLY, closed),
                     THM_E_UNKNOWN_ROOM);
    assert_int_equal(room(&r, THM_ADMIN_ROOM_REMOVE, "#den", 0, open), THM_E_UNKNOWN_ROOM);
    assert_int_equal(deed(&r, "#den", "u0", THM_DEED_BAN), THM_E_UNKNOWN_ROOM);
    assert_int_equal(room(&r, THM_ADMIN_ROOM_ADD, "den", 0, open), THM_E_KEY_RANGE);
    assert_int_equal(room(&r, THM_ADMIN_ROOM_ADD, "#den", THM_ADMIN_INVITE_ONLY, closed), THM_OK);
    assert_int_equal(room(&r, THM_ADMIN_ROOM_ADD, "#den", 0, open), THM_E_EXISTS);
    struct peer *u0 = member(&r, 0, "#lobby");
    refused(u0, "{'msgtype':'join','room':'#den'}", "invite-only");
    assert_int_equal(deed(&r, "#den", "u0", THM_DEED_OP), THM_OK); /* may join, too */
    say(u0, "{'msgtype':'join','room':'#den'}");
    expect_later(u0, "{'msgtype':'joined','room':'#den',*");
    assert_string_equal(rooms(&r), "#den invite-only 1\n#lobby 1\n");
    say(u0, "{'msgtype':'topic','room':'#den','topic':'old'}");
    expect(u0, "{'msgtype':'topic',*");
    say(u0, "{'msgtype':'state','room':'#den','text':'old'}");
    expect(u0, "{'msgtype':'state',*");
    say_stored(u0, "#den", "old");
    rig_pass(&r, 1500);
    assert_int_equal(room(&r, THM_ADMIN_ROOM_REMOVE, "#den", 0, open), THM_OK);
    expect(u0, "{'msgtype':'left','room':'#den',*'code':'room-removed',*");
    assert_string_equal(rooms(&r), "#lobby 1\n");
    assert_string_equal(users(&r, "#den"), "");
    /* made anew by whoever comes, it is another room */
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'credit':60000}");
    say(u1, "{'msgtype':'join','room':'#den'}");
    assert_null(strstr(expect(u1, "{'msgtype':'joined','room':'#den',*"), "topic"));
    expect_nothing(u1);
    expect_past(u1, "#den", "");
    assert_string_equal(users(&r, "#den"), "u1 member moderator\n");
    rig_restart(&r);
    u1 = member(&r, 1, "#den");
    expect_nothing(u1);
    rig_end(&r);
}

/* Who gets a certificate of the name later is somebody else. */
static void a_removed_account_leaves_the_rooms(void **state)
{
    (void)state;
    struct rig r;
    struct thm_admin_request removal = {.op = THM_ADMIN_USER_REMOVE, .user = "u1"};
    rig_start(&r, durable);
    struct peer *u0 = member(&r, 0, "#den"), *u1 = member(&r, 1, "#den");
    say(u1, "{'msgtype':'join','room':'#own'}");
    expect_later(u1, "{'msgtype':'joined','room':'#own',*");
    say_stored(u0, "#den", "a");
    for (unsigned i = 0; i < 60; i++) { /* more than a page of standings */
        char name[8];
        snprintf(name, sizeof name, "#m%u", i);
        assert_int_equal(room(&r, THM_ADMIN_ROOM_ADD, name, 0, (struct thm_room_rules){0}), THM_OK);
        assert_int_equal(deed(&r, name, i % 2 ? "u0" : "u1", THM_DEED_INVITE), THM_OK);
    }
    assert_int_equal(deed(&r, "#m1", "u1", THM_DEED_BAN), THM_OK);
    assert_int_equal(ask(&r, removal), THM_OK);
    assert_string_equal(users(&r, "#den"), "u0 member moderator\n");
    assert_string_equal(users(&r, "#own"), "");
    assert_string_equal(users(&r, "#m58"), "");
    assert_string_equal(users(&r, "#m59"), "u0 invited\n");
    assert_string_equal(users(&r, "#m1"), "u0 invited\nu1 banned\n");
    u1 = member(&r, 1, "#den");
    expect_past(u1, "#den", "");
    rig_end(&r);
}

/* Where the store fails in the middle, what was asked can be asked again. */
static void what_failed_can_be_asked_again(void **state)
{
    (void)state;
    for (unsigned calls = 1; calls < 12; calls++) {
        struct rig r;
        rig_start(&r, durable);
        struct peer *u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true,'credit':60000}");
        rig_pass(&r, 20);
        r.store.late = true;
        say(u0, "{'msgtype':'join','room':'#den'}");
        rig_pass(&r, 10);
        for (unsigned i = 1; i < calls; i++) {
            r.store.pass = 1;
            rig_poke(&r);
            rig_pass(&r, 5);
        }
        r.store.fail = 1;
        rig_store_on_time(&r);
        rig_pass(&r, 50);
        r.store.fail = 0;
        say(u0, "{'msgtype':'join','room':'#den'}");
        expect_later(u0, "{'msgtype':'joined','room':'#den',*");
        rig_pass(&r, 50);
        assert_string_equal(users(&r, "#den"), "u0 member moderator\n");
        assert_string_equal(rooms(&r), "#den 1\n");
        rig_end(&r);
    }
}

/* A removal that failed half-way leaves a room that can be entered, and removed. */
static void a_removal_that_failed_can_be_asked_again(void **state)
{
    (void)state;
    for (unsigned calls = 0; calls < 12; calls++) {
        struct rig r;
        struct thm_admin_request request = {
            .op = THM_ADMIN_ROOM_REMOVE, .room = "#den", .done = on_done};
        rig_start(&r, durable);
        struct peer *u0 = member(&r, 0, "#den");
        say(u0, "{'msgtype':'state','room':'#den','text':'old'}");
        say_stored(u0, "#den", "old");
        rig_pass(&r, 1500);
        asked = (struct asked){.done = false};
        r.store.late = true;
        assert_int_equal(thm_server_admin(r.server, &request), THM_OK);
        for (unsigned i = 0; i < calls; i++) {
            rig_poke(&r);
            rig_pass(&r, 5);
            r.store.pass = 1;
        }
        r.store.fail = 1;
        rig_poke(&r);
        rig_store_on_time(&r);
        rig_pass(&r, 50);
        r.store.fail = 0;
        assert_true(asked.done);
        bool removed = asked.result == THM_OK;
        say(u0, "{'msgtype':'join','room':'#den'}");
        expect_later(u0, "{'msgtype':'joined','room':'#den',*");
        assert_int_equal(
            room(&r, THM_ADMIN_ROOM_REMOVE, "#den", 0, (struct thm_room_rules){.since_ms = 0}),
            THM_OK);
        assert_string_equal(rooms(&r), "");
        assert_true(removed || calls < 11);
        rig_end(&r);
    }
}

/* A store without records has rooms as ever: open, and with their past. */
static void without_records_all_is_open(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    struct peer *u0 = member(&r, 0, "#den");
    say_stored(u0, "#den", "a");
    struct peer *u1 = member(&r, 1, "#den");
    expect_past(u1, "#den", "a");
    refused(u0, "{'msgtype':'moderate','room':'#den','action':'open'}", "not-moderator");
    say(u0, "{'msgtype':'moderate','room':'#den'}");
    expect_later(u0, "{'msgtype':'room','room':'#den',*'access':'open','history':'all'}");
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_makes_a_room_moderates_it),
        cmocka_unit_test(the_lobby_has_no_moderator_by_itself),
        cmocka_unit_test(an_invite_only_room_is_for_whom_it_invites),
        cmocka_unit_test(a_banned_user_stays_out),
        cmocka_unit_test(who_is_sent_away_hears_no_more),
        cmocka_unit_test(a_ban_overtakes_a_join),
        cmocka_unit_test(an_appointment_and_a_join_both_count),
        cmocka_unit_test(nobody_is_left_in_a_removed_room),
        cmocka_unit_test(a_room_is_kept_without_its_maker),
        cmocka_unit_test(the_operator_makes_and_removes_rooms),
        cmocka_unit_test(a_removed_account_leaves_the_rooms),
        cmocka_unit_test(what_failed_can_be_asked_again),
        cmocka_unit_test(a_removal_that_failed_can_be_asked_again),
        cmocka_unit_test(without_records_all_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
