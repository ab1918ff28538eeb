#include "server/moderator.h"

#include <stdio.h>
#include <string.h>

void durable(struct rig *r)
{
    r->durable = true;
    r->store_config.records = 500;
}

/* --- what the operator asks ------------------------------------------------------------------ */

struct asked asked;

void on_done(struct thm_admin_request *request, int result)
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

int ask(struct rig *r, struct thm_admin_request request)
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

int room(struct rig *r, enum thm_admin_op op, const char *name, unsigned set,
         struct thm_room_rules rules)
{
    struct thm_admin_request request = {.op = op, .set = set, .rules = rules};
    strcpy(request.room, name);
    return ask(r, request);
}

int deed(struct rig *r, const char *name, const char *user, enum thm_deed what)
{
    struct thm_admin_request request = {.op = THM_ADMIN_ROOM_USER, .deed = what};
    strcpy(request.room, name);
    strcpy(request.user, user);
    return ask(r, request);
}

const char *users(struct rig *r, const char *name)
{
    struct thm_admin_request request = {.op = THM_ADMIN_ROOM_USERS};
    strcpy(request.room, name);
    assert_int_equal(ask(r, request), THM_OK);
    return asked.rows;
}

const char *rooms(struct rig *r)
{
    assert_int_equal(ask(r, (struct thm_admin_request){.op = THM_ADMIN_ROOM_LIST}), THM_OK);
    return asked.rows;
}

/* --- people ---------------------------------------------------------------------------------- */

struct peer *member(struct rig *r, unsigned who, const char *name)
{
    struct peer *p = rig_login(r, who, "{'msgtype':'hello','resume':true,'credit':60000}");
    sayf(p, "{'msgtype':'join','room':'%s'}", name);
    expect(p, "{'msgtype':'joined',*");
    return p;
}

/* Says it and waits until it is stored. */
void say_stored(struct peer *p, const char *name, const char *text)
{
    sayf(p, "{'msgtype':'say','room':'%s','text':'%s'}", name, text);
    char pattern[1100];
    snprintf(pattern, sizeof pattern, "{'msgtype':'message','room':'%s',*'text':'%s'}", name, text);
    expect_later(p, pattern);
}

void refused(struct peer *p, const char *line, const char *code)
{
    char pattern[100];
    say(p, line);
    snprintf(pattern, sizeof pattern, "{'msgtype':'error',*'code':'%s',*", code);
    expect_later(p, pattern);
}

/* What of the lobby `p` is told by history: the texts, one after the other. */
void expect_past(struct peer *p, const char *name, const char *texts)
{
    rig_pass(p->rig, 50);
    p->next = p->count; /* what came before */
    sayf(p, "{'msgtype':'history','room':'%s','count':100}", name);
    for (; *texts != '\0'; texts++) {
        char pattern[100];
        snprintf(pattern, sizeof pattern, "{'msgtype':'past',*'text':'%c'}", *texts);
        expect(p, pattern);
    }
    expect(p, "{'msgtype':'end',*'in':'history'}");
}
