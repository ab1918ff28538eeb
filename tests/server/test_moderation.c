/* Rooms with rules: who may join, who may read what, and who may say so. */
#include "server/prover.h"

#include <stdio.h>
#include <string.h>

#include "thimble/admin.h"

static void durable(struct rig *r)
{
    r->durable = true;
    r->store_config.records = 64;
}

/* --- what the operator asks ------------------------------------------------------------------ */

static struct asked {
    int result;
    bool done;
    char rows[2000];
} asked;

static void on_done(struct thm_admin_request *request, int result)
{
    (void)request;
    asked.result = result;
    asked.done = true;
}

static void on_room(struct thm_admin_request *request, const struct thm_kept_room *room)
{
    size_t len = strlen(asked.rows);
    (void)request;
    snprintf(asked.rows + len, sizeof asked.rows - len, "%s%s%s%s %u\n", room->room,
             room->rules.invite_only ? " invite-only" : "",
             room->rules.history_all ? " history-all" : "", room->damaged ? " damaged" : "",
             (unsigned)room->online);
}

static void on_user(struct thm_admin_request *request, const struct thm_room_user *user)
{
    size_t len = strlen(asked.rows);
    (void)request;
    snprintf(asked.rows + len, sizeof asked.rows - len, "%s%s%s%s%s\n", user->user,
             user->member ? " member" : "", user->moderator ? " moderator" : "",
             user->invited ? " invited" : "", user->banned ? " banned" : "");
}

static int ask(struct rig *r, struct thm_admin_request request)
{
    request.done = on_done;
    request.room_row = on_room;
    request.user_row = on_user;
    asked = (struct asked){.done = false};
    int code = thm_server_admin(r->server, &request);
    if (code != THM_OK)
        return code;
    for (unsigned i = 0; i < 200 && !asked.done; i++) {
        rig_poke(r);
        rig_pass(r, 1);
    }
    assert_true(asked.done);
    return asked.result;
}

static int room(struct rig *r, enum thm_admin_op op, const char *name, unsigned set,
                struct thm_room_rules rules)
{
    struct thm_admin_request request = {.op = op, .set = set, .rules = rules};
    strcpy(request.room, name);
    return ask(r, request);
}

static int deed(struct rig *r, const char *name, const char *user, enum thm_deed what)
{
    struct thm_admin_request request = {.op = THM_ADMIN_ROOM_USER, .deed = what};
    strcpy(request.room, name);
    strcpy(request.user, user);
    return ask(r, request);
}

static const char *users(struct rig *r, const char *name)
{
    struct thm_admin_request request = {.op = THM_ADMIN_ROOM_USERS};
    strcpy(request.room, name);
    assert_int_equal(ask(r, request), THM_OK);
    return asked.rows;
}

static const char *rooms(struct rig *r)
{
    assert_int_equal(ask(r, (struct thm_admin_request){.op = THM_ADMIN_ROOM_LIST}), THM_OK);
    return asked.rows;
}

/* --- people ---------------------------------------------------------------------------------- */

static struct peer *member(struct rig *r, unsigned who, const char *name)
{
    struct peer *p = rig_login(r, who, "{'msgtype':'hello','resume':true,'credit':60000}");
    sayf(p, "{'msgtype':'join','room':'%s'}", name);
    expect(p, "{'msgtype':'joined',*");
    return p;
}

/* Says it and waits until it is stored. */
static void say_stored(struct peer *p, const char *name, const char *text)
{
    sayf(p, "{'msgtype':'say','room':'%s','text':'%s'}", name, text);
    char pattern[1100];
    snprintf(pattern, sizeof pattern, "{'msgtype':'message','room':'%s',*'text':'%s'}", name, text);
    expect_later(p, pattern);
}

static void refused(struct peer *p, const char *line, const char *code)
{
    char pattern[100];
    say(p, line);
    snprintf(pattern, sizeof pattern, "{'msgtype':'error',*'code':'%s',*", code);
    expect_later(p, pattern);
}

/* What of the lobby `p` is told by history: the texts, one after the other. */
static void expect_past(struct peer *p, const char *name, const char *texts)
{
    sayf(p, "{'msgtype':'history','room':'%s','count':100}", name);
    for (; *texts != '\0'; texts++) {
        char pattern[100];
        snprintf(pattern, sizeof pattern, "{'msgtype':'past',*'text':'%c'}", *texts);
        expect_later(p, pattern);
    }
    expect(p, "{'msgtype':'end',*'in':'history'}");
}

/* --- who may read what ------------------------------------------------------------------------ */

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
    expect(u1, "{'msgtype':'gap',*'reason':'restarted'}");
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
    expect(u2, "{'msgtype':'end',*");
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
    expect_later(u1, "{'msgtype':'left','room':'#den',*'code':'banned','reason':'spam'}");
    expect_later(phone, "{'msgtype':'left','room':'#den',*'code':'banned','reason':'spam'}");
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

/* A change of one's standing counts for a join that is on its way. */
static void a_ban_overtakes_a_join(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, durable);
    struct peer *u0 = member(&r, 0, "#den");
    for (unsigned completions = 1; completions < 8; completions++) {
        struct peer *u1 = rig_login(&r, 1, "{'msgtype':'hello','resume':true,'credit':60000}");
        rig_pass(&r, 10);
        r.store.late = true;
        say(u1, "{'msgtype':'join','room':'#den'}");
        rig_pass(&r, 10);
        for (unsigned i = 0; i < completions; i++) {
            r.store.pass = 1;
            rig_poke(&r);
            rig_pass(&r, 5);
        }
        say(u0, "{'msgtype':'moderate','room':'#den','action':'ban','userid':'u1'}");
        rig_pass(&r, 10);
        rig_store_on_time(&r);
        expect_later(u0, "{'msgtype':'moderated',*'action':'ban'}");
        rig_pass(&r, 100);
        assert_string_equal(users(&r, "#den"), "u0 member moderator\nu1 banned\n");
        say(u1, "{'msgtype':'say','room':'#den','csn':1,'text':'x'}");
        expect_later(u1, "{'msgtype':'refused',*'code':'no-such-room',*");
        peer_close(u1);
        assert_int_equal(deed(&r, "#den", "u1", THM_DEED_UNBAN), THM_OK);
    }
    rig_end(&r);
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
        cmocka_unit_test(who_joins_reads_what_follows),
        cmocka_unit_test(a_stated_cursor_opens_no_past),
        cmocka_unit_test(a_member_stays_until_he_leaves),
        cmocka_unit_test(the_last_device_ends_the_stay),
        cmocka_unit_test(a_room_may_open_its_past),
        cmocka_unit_test(who_makes_a_room_moderates_it),
        cmocka_unit_test(the_lobby_has_no_moderator_by_itself),
        cmocka_unit_test(an_invite_only_room_is_for_whom_it_invites),
        cmocka_unit_test(a_banned_user_stays_out),
        cmocka_unit_test(who_is_sent_away_hears_no_more),
        cmocka_unit_test(a_ban_overtakes_a_join),
        cmocka_unit_test(the_operator_makes_and_removes_rooms),
        cmocka_unit_test(what_failed_can_be_asked_again),
        cmocka_unit_test(a_removal_that_failed_can_be_asked_again),
        cmocka_unit_test(without_records_all_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
