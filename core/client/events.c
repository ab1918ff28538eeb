/*
 * What the console prints for an event of the client.
 */
#include "client/console.h"

static bool is_inbox(struct thm_slice stream)
{
    return stream.len > 0 && stream.data[0] == '@';
}

static void show(struct thm_console *c, const struct thm_msg *m, const char *format)
{
    thm_show_begin(c, THM_STYLE_NOTICE, thm_msg_get(m, THM_KEY_ROOM));
    thm_show_format(c, format, m);
    thm_show_end(c);
}

/* --- what a line does besides being printed; false: nothing (more) is to be printed ---------- */

static bool on_joined(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice room = thm_msg_get(m, THM_KEY_ROOM);

    return !is_inbox(room) && thm_console_enter(c, room); /* else after a reconnect: no news */
}

static bool on_left(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice room = thm_msg_get(m, THM_KEY_ROOM);

    if (thm_console_room(c, room) < 0 || thm_follow_find(c->config.client, room) != NULL)
        return false; /* it was said when it was asked for, or entered again since */
    bool current = thm_slice_is(room, c->room);
    thm_console_exit(c, room);
    if (current)
        c->room[0] = '\0'; /* what is being typed is not for another room */
    return true;
}

static bool on_gap(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice stream = thm_msg_get(m, THM_KEY_ROOM);
    uint64_t first = thm_msg_get_num(m, THM_KEY_FIRST, 0);
    uint64_t last = thm_msg_get_num(m, THM_KEY_LAST, 0);
    bool dropped = first >= 1 && last >= first;

#if THM_CONSOLE_PAGES
    int place = thm_console_room(c, stream);
    if (!dropped && place >= 0)
        c->rooms[place].oldest = 0; /* numbers begin anew */
#endif
    thm_show_begin(c, THM_STYLE_ERROR, stream);
    thm_show_str(c, dropped ? "! " : THM_T("! the server has lost earlier "));
    thm_show_format(c, is_inbox(stream) ? "whispers" : THM_T("messages of {room}"), m);
    if (dropped) {
        thm_show_str(c, !THM_MODERATION || !thm_msg_is(m, THM_KEY_REASON, "not a member")
                            ? THM_T(" that are no longer kept: ")
                            : " from before you came, or while you were away from the room: ");
        thm_show_uint(c, last - first + 1);
        thm_show_format(c, THM_T(" ({first}-{last})"), m);
    }
    thm_show_end(c);
    return false;
}

static bool on_presence(struct thm_console *c, const struct thm_msg *m)
{
    static const struct {
        const char *event, *format;
    } deeds[] = {
        {"alias", THM_T("* {userid} is now called {alias}")},
        {"away", THM_T("* " THM_SHOW_WHO " is away[: {away}]")},
        {"back", THM_T("* " THM_SHOW_WHO " is back")},
    };
    const char *format = THM_T("* " THM_SHOW_WHO " {event}");

    if (!thm_msg_has(m, THM_KEY_USERID)) { /* in a large room members are only counted */
        show(c, m, THM_T("* [{joined}|0] joined, [{left}|0] left[, {members} here]"));
        return false;
    }
    if (thm_msg_is(m, THM_KEY_USERID, thm_show_own_user(c)))
        return false;
    thm_console_note_name(c, m);
    for (unsigned i = 0; i < sizeof deeds / sizeof deeds[0]; i++)
        if (thm_msg_is(m, THM_KEY_EVENT, deeds[i].event))
            format = deeds[i].format;
    show(c, m, format);
    return false;
}

static bool on_user(struct thm_console *c, const struct thm_msg *m)
{
    thm_console_note_name(c, m);
    return true;
}

#if THM_MODERATION
#define ROOM_RULES "[, {access}][, history-{history}]"
#else
#define ROOM_RULES ""
#endif

static bool on_room(struct thm_console *c, const struct thm_msg *m)
{
    thm_show_start(c, THM_STYLE_NOTICE, "* ");
    c->piece.room = thm_msg_get(m, THM_KEY_ROOM);
    thm_show_format(c, THM_T("{room}[, members: {members}][, topic: {topic}]") ROOM_RULES, m);
    thm_show_end(c);
    return false;
}

#if THM_MODERATION
#define BY "* [{from}|the operator] "

static bool on_moderated(struct thm_console *c, const struct thm_msg *m)
{
    static const char *const deeds[THM_DEEDS_END] = {
        [THM_DEED_INVITE] = BY "lets {userid} join {room}",
        [THM_DEED_KICK] = BY "sent {userid} away from {room}[: {reason}]",
        [THM_DEED_BAN] = BY "banned {userid} from {room}[: {reason}]",
        [THM_DEED_UNBAN] = BY "took back that {userid} is banned from {room}",
        [THM_DEED_OP] = BY "made {userid} a moderator of {room}",
        [THM_DEED_DEOP] = BY "took the moderator's rights in {room} from {userid}",
    };
    static const char *const rules[THM_RULES_END] = {
        [THM_RULE_OPEN] = BY "lets everybody join {room}",
        [THM_RULE_INVITE_ONLY] = BY "made {room} invite-only",
        [THM_RULE_HISTORY_JOINED] = BY "lets who joins {room} read only what is said from then on",
        [THM_RULE_HISTORY_ALL] = BY "lets who joins {room} later read all that was said before",
    };
    struct thm_slice action = thm_msg_get(m, THM_KEY_ACTION);
    enum thm_deed deed = thm_deed_find(action.data, action.len);
    enum thm_rule rule = thm_rule_find(action.data, action.len);

    if (deed == THM_DEED_INVITE && thm_msg_is(m, THM_KEY_USERID, thm_show_own_user(c)))
        show(c, m, BY "invites you: /join {room}");
    else if (deed < THM_DEEDS_END)
        show(c, m, deeds[deed]);
    else if (rule < THM_RULES_END)
        show(c, m, rules[rule]);
    return false;
}
#endif

#if THM_CONSOLE_PAGES
static void show_page_end(struct thm_console *c, const struct thm_msg *m)
{
    bool more = thm_msg_has(m, THM_KEY_FIRST);

    if (more)
        thm_console_showed(c, thm_msg_get(m, THM_KEY_ROOM), m->v[THM_KEY_FIRST].num);
    show(c, m,
         more ? "-- end of {in}: [{count}|0] (/history more shows what was before)"
              : "-- end of {in}: [{count}|0] (there is nothing before)");
}
#endif

static bool on_end(struct thm_console *c, const struct thm_msg *m)
{
    if (thm_msg_is(m, THM_KEY_IN, "history")) {
        c->in_history = false;
#if THM_CONSOLE_PAGES
        show_page_end(c, m);
        return false;
#endif
    }
    return true;
}

/* A terminal obeys nobody. */
static bool on_cmd(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice user = thm_msg_get(m, THM_KEY_FROM), device = thm_msg_get(m, THM_KEY_DEVICE);
    struct thm_slice id = thm_msg_get(m, THM_KEY_ID);
    char target[2 * THM_ID_MAX + 2];
    struct thm_msg answer;
    struct thm_text t;

    if (user.len == 0)
        return true;
    thm_text_init(&t, target, sizeof target);
    thm_text_bytes(&t, user.data, user.len);
    thm_text_str(&t, device.len > 0 ? "@" : "");
    thm_text_bytes(&t, device.data, device.len);
    thm_msg_init(&answer, THM_MSG_RESULT);
    thm_msg_str(&answer, THM_KEY_TO, t.data, t.len);
    thm_msg_str(&answer, THM_KEY_ID, id.data, id.len);
    THM_SET(&answer, STATUS, "refused");
    THM_SET(&answer, TEXT, "this is a terminal: no commands here");
    thm_client_request(c->config.client, &answer);
    return true;
}

/* The commands that do something here. */
static void show_commands(struct thm_console *c)
{
    thm_show_start(c, THM_STYLE_NOTICE, THM_T("* commands:"));
    for (const struct thm_command *command = thm_console_commands(); command->name; command++) {
        if (!thm_console_supports(c, command->needs))
            continue;
        thm_show_str(c, " ");
        thm_show_str(c, command->name);
    }
    thm_show_str(c, THM_T(" (/help explains them)"));
    thm_show_end(c);
}

static bool on_welcome(struct thm_console *c, const struct thm_msg *m)
{
    thm_console_learn(c, m);
    if (c->welcomed)
        return false;
    c->welcomed = true;
    show(c, m, THM_T("* you are " THM_SHOW_WHO "[ on {device}][, at {server}]"));
    show_commands(c);
    return false;
}

/* --- what is printed for a line -------------------------------------------------------------- */

static const struct {
    const char *format;                                             /* see thm_show_format() */
    bool (*before)(struct thm_console *c, const struct thm_msg *m); /* false: it prints itself */
    uint8_t type;                                                   /* enum thm_type */
} lines[] = {
    {NULL, on_welcome, THM_MSG_AUTH_REPLY},
    {NULL, thm_show_said, THM_MSG_MESSAGE},
    {NULL, thm_show_said, THM_MSG_WHISPER},
    {NULL, thm_show_said, THM_MSG_PAST},
#if THM_RECEIPTS
    {NULL, thm_got_receipt, THM_MSG_RECEIPT},
#endif
    {NULL, on_gap, THM_MSG_GAP},
    {NULL, on_presence, THM_MSG_PRESENCE},
    {NULL, on_room, THM_MSG_ROOM},
#if THM_MODERATION
    {NULL, on_moderated, THM_MSG_MODERATED},
#endif
    {NULL, thm_trouble_line, THM_MSG_ERROR},
    {NULL, thm_trouble_line, THM_MSG_REFUSED},
    {THM_T("* you are in {room}[; {members} here][; topic: {topic}]"), on_joined, THM_MSG_JOINED},
    {THM_T("* the server took you out of {room}[: {reason}]"), on_left, THM_MSG_LEFT},
    {THM_T("* topic of {room}: [{topic}[, set by {from}]|none]"), NULL, THM_MSG_TOPIC},
    {THM_T("{time}= " THM_SHOW_DEVICE ": {text}"), NULL, THM_MSG_STATE},
    {THM_T("* " THM_SHOW_DEVICE "[, called {nick}][, {status}][, in {rooms}][, since {since}]"
           "[, away: {away}][, with {agent}][, from {address}][, key {key_hash}][, state: {text}]"),
     on_user, THM_MSG_USER},
    {THM_T("-- end of {in}[: {count}]"), on_end, THM_MSG_END},
    {THM_T("* you are now called {alias}[: {reason}]"), NULL, THM_MSG_ALIAS},
    {THM_T("* you are [away: {away}|back]"), NULL, THM_MSG_AWAY},
    {THM_T("* {server}[, up since {since}][, sessions: {members}][, messages: {count}]"), NULL,
     THM_MSG_SERVER},
    {THM_T("{time}* notice[ from {from}]: {text}"), NULL, THM_MSG_NOTICE},
    {THM_T("= " THM_SHOW_DEVICE " sent a command, which was refused: {text}"), on_cmd, THM_MSG_CMD},
    {THM_T("= " THM_SHOW_DEVICE " {status}[, {code}][: {text}]"), NULL, THM_MSG_RESULT},
};

static void show_line(struct thm_console *c, const struct thm_msg *m)
{
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (lines[i].type == m->type && (lines[i].before == NULL || lines[i].before(c, m)))
            show(c, m, lines[i].format);
    thm_console_answered(c, m);
}

/* --- events --------------------------------------------------------------------------------- */

static void say_away_again(struct thm_console *c)
{
    struct thm_msg m;

    if (c->away[0] == '\0')
        return;
    thm_msg_init(&m, THM_MSG_AWAY);
    THM_SET(&m, AWAY, c->away);
    thm_client_request(c->config.client, &m);
}

static void show_state_change(struct thm_console *c, const struct thm_client_event *e)
{
    switch (e->state) {
    case THM_CLIENT_WAITING: thm_trouble_cut(c, e); break;
    case THM_CLIENT_LOGIN: /* the answer may be that somebody else has that alias */
        c->asked.type = THM_MSG_HELLO;
        thm_slice_copy(c->asked.about, sizeof c->asked.about,
                       thm_slice_of(c->config.client->alias));
        break;
    case THM_CLIENT_ONLINE:
        thm_trouble_over(c);
        say_away_again(c);
        break;
    default: break;
    }
}

void thm_console_event(struct thm_console *c, const struct thm_client_event *event)
{
    switch (event->kind) {
    case THM_CLIENT_STATE: show_state_change(c, event); break;
    case THM_CLIENT_LINE: show_line(c, event->msg); break;
    case THM_CLIENT_ACKED: thm_trouble_stored(c); break;
    case THM_CLIENT_ASKED: /* the application's */
    case THM_CLIENT_RENEWS:
    case THM_CLIENT_ISSUED: break;
    case THM_CLIENT_LOST: thm_trouble_lost(c, event); break;
    case THM_CLIENT_ENDED:
        if (event->code != THM_OK)
            thm_trouble_ended(c, event);
        break;
    }
}
