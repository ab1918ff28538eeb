/* Who was in a room when, and who may read what therefore. */
#include "server/moderator.h"
#include "server/prover.h"

#include <stdio.h>
#include <string.h>

static void who_joins_reads_what_follows(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = member(&r, 0, "#lobby");
    say_stored(u0, "#lobby", "a");
    struct peer *u1 = member(&r, 1, "#lobby");
    say_stored(u0, "#lobby", "b");
    expect_later(u1, "{'msgtype':'message',*'text':'b'}");
    expect_past(u1, "#lobby", "b");
    expect_past(u0, "#lobby", "ab");
    rig_end(&r);
}

/* A cursor that a client states opens no past either. */
static void a_stated_cursor_opens_no_past(void **state)
{
    (void)state;
    struct rig r;
    char incarnation[256];
    rig_start(&r, durable);
    struct peer *u0 = rig_login(&r, 0, "{'msgtype':'hello','resume':true,'credit':60000}");
    say(u0, "{'msgtype':'join','room':'#lobby'}");
    string_of(expect(u0, "{'msgtype':'joined',*"), "incarnation", incarnation);
    say_stored(u0, "#lobby", "a");
    say_stored(u0, "#lobby", "b");
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'credit':60000}");
    sayf(u1, "{'msgtype':'join','room':'#lobby','after':0,'incarnation':'%s'}", incarnation);
    expect(u1, "{'msgtype':'joined',*");
    expect(u1, "{'msgtype':'gap',*'first':1,'last':2,'reason':'not a member'}");
    say_stored(u0, "#lobby", "c");
    expect(u1, "{'msgtype':'message',*'n':3,*'text':'c'}");
    /* of another log it is the same, in one gap */
    peer_close(u1);
    u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'credit':60000}");
    say(u1, "{'msgtype':'join','room':'#lobby','after':0,'incarnation':'00000000000000aa'}");
    expect(u1, "{'msgtype':'joined',*'after':2,*");
    expect(u1, "{'msgtype':'gap',*'last':2,'reason':'restarted'}");
    expect(u1, "{'msgtype':'message',*'n':3,*'text':'c'}");
    rig_end(&r);
}

/* Who only goes offline stays a member, over a restart of the server too; who leaves does not. */
static void a_member_stays_until_he_leaves(void **state)
{
    (void)state;
    struct rig r;
    char incarnation[256];
    rig_start(&r, durable);
    struct peer *u0 = member(&r, 0, "#lobby");
    struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'credit':60000}");
    say(u1, "{'msgtype':'join','room':'#lobby'}");
    string_of(expect(u1, "{'msgtype':'joined',*"), "incarnation", incarnation);
    say_stored(u0, "#lobby", "a");
    peer_close(u1);
    rig_restart(&r);
    u0 = member(&r, 0, "#lobby");
    say_stored(u0, "#lobby", "b");
    u1 = member(&r, 1, "#lobby");
    expect_past(u1, "#lobby", "ab");
    say(u1, "{'msgtype':'leave','room':'#lobby'}");
    expect_later(u1, "{'msgtype':'left','room':'#lobby'}");
    say_stored(u0, "#lobby", "c");
    sayf(u1, "{'msgtype':'join','room':'#lobby','after':1,'incarnation':'%s'}", incarnation);
    expect(u1, "{'msgtype':'joined',*");
    expect(u1, "{'msgtype':'message',*'text':'b'}");
    expect(u1, "{'msgtype':'gap',*'first':3,'last':3,'reason':'not a member'}");
    say_stored(u0, "#lobby", "d");
    expect_later(u1, "{'msgtype':'message',*'text':'d'}");
    expect_past(u1, "#lobby", "abd");
    /* page by page: of an entry that he may not read nothing is told, but that there are older ones */
    say(u1, "{'msgtype':'history','room':'#lobby','count':1,'before':4}");
    expect(u1, "{'msgtype':'end','room':'#lobby','first':3,'count':0,'in':'history'}");
    say(u1, "{'msgtype':'history','room':'#lobby','count':2,'before':3}");
    expect(u1, "{'msgtype':'past',*'text':'a'}");
    expect(u1, "{'msgtype':'past',*'text':'b'}");
    expect(u1, "{'msgtype':'end','room':'#lobby','count':2,'in':'history'}");
    rig_restart(&r); /* now it is read from the store */
    u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'credit':60000}");
    sayf(u1, "{'msgtype':'join','room':'#lobby','after':1,'incarnation':'%s'}", incarnation);
    expect(u1, "{'msgtype':'joined',*");
    expect(u1, "{'msgtype':'message',*'text':'b'}");
    expect(u1, "{'msgtype':'gap',*'first':3,'last':3,'reason':'not a member'}");
    expect(u1, "{'msgtype':'message',*'text':'d'}");
    rig_end(&r);
}

/* As long as one device of a user's is in the room, so is he. */
static void the_last_device_ends_the_stay(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = member(&r, 0, "#lobby"), *u1 = member(&r, 1, "#lobby");
    struct peer *phone = member(&r, U1_PHONE, "#lobby");
    say(u1, "{'msgtype':'leave','room':'#lobby'}");
    expect_later(u1, "{'msgtype':'left','room':'#lobby'}");
    say_stored(u0, "#lobby", "a");
    expect_later(phone, "{'msgtype':'message',*'text':'a'}");
    assert_string_equal(users(&r, "#lobby"), "u0 member\nu1 member\n");
    say(u1, "{'msgtype':'join','room':'#lobby'}");
    expect(u1, "{'msgtype':'joined',*");
    expect_past(u1, "#lobby", "a");
    rig_end(&r);
}

static void a_room_may_open_its_past(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = member(&r, 0, "#den");
    say_stored(u0, "#den", "a");
    say(u0, "{'msgtype':'moderate','room':'#den','action':'history-all'}");
    expect(u0, "{'msgtype':'moderated','room':'#den','from':'u0','action':'history-all'}");
    struct peer *u1 = member(&r, 1, "#den");
    expect_past(u1, "#den", "a");
    say(u1, "{'msgtype':'moderate','room':'#den'}");
    expect(u1, "{'msgtype':'room','room':'#den','members':2,'access':'open','history':'all'}");
    rig_end(&r);
}

/* A room of a server that knew no rules stays what it was: its past is open, and nobody moderates it. */
static void an_older_room_stays_open(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, with_records);
    struct peer *u0 = member(&r, 0, "#den");
    say_stored(u0, "#den", "a");
    r.store.store.durable = true;
    rig_restart(&r);
    struct peer *u1 = member(&r, 1, "#den");
    expect_past(u1, "#den", "a");
    assert_string_equal(rooms(&r), "#den history-all 1\n");
    assert_string_equal(users(&r, "#den"), "u1 member\n");
    rig_end(&r);
}

/* A room is there although nobody is in it. */
static void rooms_are_listed_that_nobody_is_in(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    for (unsigned i = 0; i < 150;
         i++) { /* more than a page, and than there is room for at a time */
        char name[8];
        snprintf(name, sizeof name, "#r%03u", i);
        assert_int_equal(room(&r, THM_ADMIN_ROOM_ADD, name, 0, (struct thm_room_rules){0}), THM_OK);
    }
    assert_int_equal(room(&r, THM_ADMIN_ROOM_ADD, "#secret", THM_ADMIN_INVITE_ONLY,
                          (struct thm_room_rules){.invite_only = true}),
                     THM_OK);
    struct peer *u1 = member(&r, 1, "#r007");
    say(u1, "{'msgtype':'rooms'}");
    say(u1, "{'msgtype':'ping'}");
    for (unsigned i = 0; i < 150; i++) {
        char pattern[80];
        snprintf(pattern, sizeof pattern, "{'msgtype':'room','room':'#r%03u','members':%u}", i,
                 i == 7);
        expect(u1, pattern);
    }
    expect(u1, "{'msgtype':'end','count':150,'in':'rooms'}");
    expect(u1, "{'msgtype':'pong'}");
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_joins_reads_what_follows),
        cmocka_unit_test(rooms_are_listed_that_nobody_is_in),
        cmocka_unit_test(a_stated_cursor_opens_no_past),
        cmocka_unit_test(a_member_stays_until_he_leaves),
        cmocka_unit_test(the_last_device_ends_the_stay),
        cmocka_unit_test(a_room_may_open_its_past),
        cmocka_unit_test(an_older_room_stays_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
