/* The operator's commands for rooms: thm_server_admin() in words. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commands.h"

#define NAMES "1 to %d of a-z 0-9 . _ - that begin with a letter or digit"

/* "room kick" as the audit log has it: "room-kick". */
static void event_of(const struct thm_admin_request *r, char event[24])
{
    const char *what = "set";
    if (r->op == THM_ADMIN_ROOM_ADD)
        what = "create";
    else if (r->op == THM_ADMIN_ROOM_REMOVE)
        what = "remove";
    else if (r->op == THM_ADMIN_ROOM_USER)
        what = thm_deed_word(r->deed);
    snprintf(event, 24, "room-%s", what);
}

static void note(struct call *call, int result)
{
    const struct thm_admin_request *r = &call->request;
    char event[24];
    event_of(r, event);
    audit_act(call->host->audit,
              &(struct audit_act){.event = event,
                                  .by = call->by,
                                  .user = r->op == THM_ADMIN_ROOM_USER ? r->user : NULL,
                                  .room = r->room,
                                  .detail = call->detail,
                                  .code = result});
}

/* --- what became of it --------------------------------------------------------------------------- */

/* What the operator can do about it. */
static const struct {
    int code;
    bool user; /* it is about the user, not the room */
    const char *sentence;
} failures[] = {
    {THM_E_EXISTS, false, "it is there already: room set changes its rules"},
    {THM_E_UNKNOWN_ROOM, false, "there is no such room: room list names them"},
    {THM_E_NO_USER, true, "is not known here: user list names who is"},
    {THM_E_NOT_MEMBER, true, "is not in the room, nor invited"},
    {THM_E_BANNED, true, "is banned: room unban first"},
    {THM_E_STORE, false,
     "nothing was changed, since the database can't be written now: ask again when it can"},
};

static void refuse(struct call *call, int result)
{
    const struct thm_admin_request *r = &call->request;
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (failures[i].code != result)
            continue;
        call_refuse(call, thm_error_word(result), "%s%s%s%s%s", r->room, r->room[0] ? ": " : "",
                    failures[i].user ? r->user : "", failures[i].user ? " " : "",
                    failures[i].sentence);
        return;
    }
    call_refuse(call, thm_error_word(result), "%s: %s", r->room, thm_error_text(result));
}

static void say_done(struct call *call)
{
    static const char *const deeds[THM_DEEDS_END] = {
        [THM_DEED_INVITE] = "may join",   [THM_DEED_KICK] = "is sent away",
        [THM_DEED_BAN] = "is banned",     [THM_DEED_UNBAN] = "is not banned any more",
        [THM_DEED_OP] = "is a moderator", [THM_DEED_DEOP] = "is no moderator any more",
    };
    const struct thm_admin_request *r = &call->request;
    if (r->op == THM_ADMIN_ROOM_USER)
        call_line(call, "%s: %s %s", r->room, r->user, deeds[r->deed]);
    else
        call_line(call, "%s %s%s%s", r->room,
                  r->op == THM_ADMIN_ROOM_ADD      ? "is there"
                  : r->op == THM_ADMIN_ROOM_REMOVE ? "is removed, with all that was said in it"
                                                   : "is changed",
                  call->detail[0] ? ": " : "", call->detail);
}

static void on_done(struct thm_admin_request *request, int result)
{
    struct call *call = request->owner;
    note(call, result);
    if (result != THM_OK) {
        refuse(call, result);
        return;
    }
    say_done(call);
    call_ok(call);
}

/* --- lists ---------------------------------------------------------------------------------------- */

static void on_room(struct thm_admin_request *request, const struct thm_kept_room *room)
{
    struct call *call = request->owner;
    char since[16];
    time_t seconds = (time_t)(room->rules.since_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(since, sizeof since, "%Y-%m-%d", &tm);
    call_line(call, "%-24s %4u online  %-11s history %-6s since %s%s%s", room->room,
              (unsigned)room->online,
              room->damaged
                  ? "damaged"
                  : thm_rule_word(room->rules.invite_only ? THM_RULE_INVITE_ONLY : THM_RULE_OPEN),
              room->rules.history_all ? "all" : "joined", since, room->topic[0] ? "  " : "",
              room->topic);
    call->count++;
}

static void on_user(struct thm_admin_request *request, const struct thm_room_user *user)
{
    struct call *call = request->owner;
    call_line(call, "%-24s %-10s %-9s %-7s %s", user->user,
              user->damaged  ? "damaged"
              : user->member ? "member"
                             : "away",
              user->moderator ? "moderator" : "", user->invited ? "invited" : "",
              user->banned ? "banned" : "");
    call->count++;
}

static void on_list_done(struct thm_admin_request *request, int result)
{
    struct call *call = request->owner;
    const char *what = request->op == THM_ADMIN_ROOM_LIST ? "room" : "user";
    if (result != THM_OK) {
        refuse(call, result);
        return;
    }
    call_line(call, "%u %s%s", (unsigned)call->count, what, call->count == 1 ? "" : "s");
    call_ok(call);
}

/* Of a server that keeps no records: the rooms that somebody is in. */
static bool next_live(struct call *call)
{
    struct thm_room_info info;
    if (!thm_server_next_room(call->host->server, &call->at, &info)) {
        call_line(call, "%u room%s", (unsigned)call->count, call->count == 1 ? "" : "s");
        call_ok(call);
        return false;
    }
    call_line(call, "%-24s %4u online, %8" PRIu64 " messages  %s", info.name,
              (unsigned)info.members, info.n, info.topic);
    call->count++;
    return true;
}

/* --- the commands --------------------------------------------------------------------------------- */

/* Hands the request on. What comes of it is told by on_done(). */
static void ask(struct call *call)
{
    int code = thm_server_admin(call->host->server, &call->request);
    if (code == THM_E_STATE && call->request.op == THM_ADMIN_ROOM_LIST)
        call->walk = next_live;
    else if (code == THM_E_STATE)
        call_refuse(call, "state", "this server keeps no rooms: its store has no place for them");
    else if (code == THM_E_KEY_RANGE)
        call_refuse(call, "argument", "'%s' can't be a user: " NAMES, call->request.user,
                    THM_ID_MAX);
    else if (code != THM_OK)
        call_refuse(call, thm_error_word(code), "%s", thm_error_text(code));
}

/* Begins a request about the room that `args` names first, with or without its #, and moves on behind it. */
static bool about_room(struct call *call, const char **args, enum thm_admin_op op)
{
    char word[THM_ROOM_MAX + 1];
    call->request = (struct thm_admin_request){
        .op = op, .room_row = on_room, .user_row = on_user, .done = on_done, .owner = call};
    bool whole =
        call_word(args, word, sizeof word) && (word[0] == '#' || strlen(word) < THM_ROOM_MAX);
    if (whole)
        snprintf(call->request.room, sizeof call->request.room, "%s%s", word[0] == '#' ? "" : "#",
                 word);
    if (whole &&
        thm_key_check(THM_KEY_ROOM, call->request.room, strlen(call->request.room)) == THM_OK)
        return true;
    if (whole)
        call_refuse(call, "argument", "'%s' can't be a room: " NAMES, call->request.room,
                    THM_ID_MAX);
    else
        call_refuse(call, "argument", **args ? "a room's name is too long" : "which room?");
    return false;
}

/* Reads rules up to the end. False: refused. */
static bool take_rules(struct call *call, const char *args)
{
    char word[32];
    snprintf(call->detail, sizeof call->detail, "%s", args);
    while (*args) {
        enum thm_rule rule =
            call_word(&args, word, sizeof word) ? thm_rule_find(word, strlen(word)) : THM_RULES_END;
        if (rule == THM_RULES_END) {
            call_refuse(call, "argument", "a rule is " THM_RULES_TEXT);
            return false;
        }
        thm_admin_set_rule(&call->request, rule);
    }
    return true;
}

void run_room_create(struct call *call, const char *args)
{
    if (about_room(call, &args, THM_ADMIN_ROOM_ADD) && take_rules(call, args))
        ask(call);
}

void run_room_set(struct call *call, const char *args)
{
    if (!about_room(call, &args, THM_ADMIN_ROOM_SET))
        return;
    if (*args == '\0')
        call_refuse(call, "argument", "which rule? " THM_RULES_TEXT);
    else if (take_rules(call, args))
        ask(call);
}

void run_room_remove(struct call *call, const char *args)
{
    if (!about_room(call, &args, THM_ADMIN_ROOM_REMOVE))
        return;
    if (*args)
        call_refuse(call, "argument", "nothing follows the room: '%s'", args);
    else
        ask(call);
}

void run_room_list(struct call *call, const char *args)
{
    (void)args;
    call->request = (struct thm_admin_request){
        .op = THM_ADMIN_ROOM_LIST, .room_row = on_room, .done = on_list_done, .owner = call};
    ask(call);
}

void run_room_users(struct call *call, const char *args)
{
    if (!about_room(call, &args, THM_ADMIN_ROOM_USERS))
        return;
    call->request.done = on_list_done;
    ask(call);
}

static void do_deed(struct call *call, const char *args, enum thm_deed deed)
{
    struct thm_admin_request *r = &call->request;
    bool reason = deed == THM_DEED_KICK || deed == THM_DEED_BAN;
    if (!about_room(call, &args, THM_ADMIN_ROOM_USER))
        return;
    r->deed = deed;
    if (!call_word(&args, r->user, sizeof r->user)) {
        call_refuse(call, "argument", *args ? "a user's name is too long" : "which user?");
    } else if (*args && !reason) {
        call_refuse(call, "argument", "nothing follows the user: '%s'", args);
    } else if (*args && thm_key_check(THM_KEY_REASON, args, strlen(args)) != THM_OK) {
        call_refuse(call, "argument", "a reason is at most %d bytes of visible characters",
                    THM_SHORT_MAX);
    } else {
        snprintf(r->reason, sizeof r->reason, "%s", args);
        snprintf(call->detail, sizeof call->detail, "%.90s", args);
        ask(call);
    }
}

void run_room_invite(struct call *call, const char *args)
{
    do_deed(call, args, THM_DEED_INVITE);
}

void run_room_kick(struct call *call, const char *args)
{
    do_deed(call, args, THM_DEED_KICK);
}

void run_room_ban(struct call *call, const char *args)
{
    do_deed(call, args, THM_DEED_BAN);
}

void run_room_unban(struct call *call, const char *args)
{
    do_deed(call, args, THM_DEED_UNBAN);
}

void run_room_op(struct call *call, const char *args)
{
    do_deed(call, args, THM_DEED_OP);
}

void run_room_deop(struct call *call, const char *args)
{
    do_deed(call, args, THM_DEED_DEOP);
}
