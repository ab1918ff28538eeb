/*
 * What the console prints for an event of the client. Everything that comes from elsewhere passes
 * thm_show_safe() or thm_show_text().
 */
#include "client/console.h"

static bool is_inbox(struct thm_slice stream)
{
    return stream.len > 0 && stream.data[0] == '@';
}

/* What a stream holds: "messages of #lobby", "whispers". */
static void append_messages(struct thm_text *t, struct thm_slice stream)
{
    if (is_inbox(stream)) {
        thm_text_str(t, "whispers");
    } else {
        thm_text_str(t, "messages of ");
        thm_show_safe(t, stream);
    }
}

/* --- streams -------------------------------------------------------------------------------- */

static void begin_notice(struct thm_console *c, struct thm_text *t, const struct thm_msg *m)
{
    thm_show_begin(c, t, thm_msg_get(m, THM_KEY_ROOM));
    thm_text_str(t, "* ");
}

static void end_notice(struct thm_console *c, struct thm_text *t, const struct thm_msg *m)
{
    thm_show_end(c, t, THM_STYLE_NOTICE, thm_msg_get(m, THM_KEY_ROOM));
}

static void append_members(struct thm_text *t, const struct thm_msg *m, const char *lead)
{
    thm_show_key(t, m, THM_KEY_MEMBERS, lead);
    if (thm_msg_has(m, THM_KEY_MEMBERS))
        thm_text_str(t, " here");
}

static void show_joined(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice room = thm_msg_get(m, THM_KEY_ROOM);
    struct thm_text t;

    if (is_inbox(room) || !thm_console_enter(c, room))
        return; /* after a reconnect there is nothing new in that */
    begin_notice(c, &t, m);
    thm_text_str(&t, "you are in ");
    thm_show_safe(&t, room);
    append_members(&t, m, "; ");
    if (thm_msg_get(m, THM_KEY_TOPIC).len > 0)
        thm_show_key(&t, m, THM_KEY_TOPIC, "; topic: ");
    end_notice(c, &t, m);
}

static void show_left(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice room = thm_msg_get(m, THM_KEY_ROOM);
    struct thm_text t;

    if (thm_console_room(c, room) < 0 || thm_follow_find(c->config.client, room) != NULL)
        return; /* it was said when it was asked for, or entered again since */
    thm_console_exit(c, room);
    begin_notice(c, &t, m);
    thm_text_str(&t, "the server took you out of ");
    thm_show_safe(&t, room);
    thm_show_key(&t, m, THM_KEY_REASON, ": ");
    end_notice(c, &t, m);
}

static void show_gap(struct thm_console *c, const struct thm_msg *m)
{
    uint64_t first = thm_msg_get_num(m, THM_KEY_FIRST, 0);
    uint64_t last = thm_msg_get_num(m, THM_KEY_LAST, 0);
    struct thm_slice stream = thm_msg_get(m, THM_KEY_ROOM);
    struct thm_text t;

    thm_show_begin(c, &t, stream);
    if (first >= 1 && last >= first) {
        thm_text_str(&t, "! ");
        append_messages(&t, stream);
        thm_text_str(&t, " that are no longer kept: ");
        thm_text_uint(&t, last - first + 1, 0);
        thm_text_str(&t, " (");
        thm_text_uint(&t, first, 0);
        thm_text_char(&t, '-');
        thm_text_uint(&t, last, 0);
        thm_text_char(&t, ')');
    } else {
        thm_text_str(&t, "! the server was restarted and has lost the earlier ");
        append_messages(&t, stream);
    }
    thm_show_end(c, &t, THM_STYLE_ERROR, stream);
}

static void show_topic(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_text t;

    begin_notice(c, &t, m);
    thm_text_str(&t, "topic of ");
    thm_show_safe(&t, thm_msg_get(m, THM_KEY_ROOM));
    thm_text_str(&t, thm_msg_get(m, THM_KEY_TOPIC).len > 0 ? ": " : ": none");
    thm_show_safe(&t, thm_msg_get(m, THM_KEY_TOPIC));
    if (thm_msg_get(m, THM_KEY_TOPIC).len > 0)
        thm_show_key(&t, m, THM_KEY_FROM, ", set by ");
    end_notice(c, &t, m);
}

/* --- people --------------------------------------------------------------------------------- */

/* One member did something. */
static void append_deed(struct thm_text *t, const struct thm_msg *m)
{
    struct thm_slice event = thm_msg_get(m, THM_KEY_EVENT);

    if (thm_slice_is(event, "alias")) {
        thm_show_safe(t, thm_msg_get(m, THM_KEY_USERID));
        thm_text_str(t, " is now called ");
        thm_show_safe(t, thm_msg_get(m, THM_KEY_ALIAS));
        return;
    }
    thm_show_sender(t, m);
    if (thm_slice_is(event, "away")) {
        thm_text_str(t, " is away");
        if (thm_msg_get(m, THM_KEY_AWAY).len > 0)
            thm_show_key(t, m, THM_KEY_AWAY, ": ");
    } else if (thm_slice_is(event, "back")) {
        thm_text_str(t, " is back");
    } else {
        thm_text_char(t, ' ');
        thm_show_safe(t, event);
    }
}

/* In a large room members are only counted. */
static void append_counts(struct thm_text *t, const struct thm_msg *m)
{
    thm_text_uint(t, thm_msg_get_num(m, THM_KEY_JOINED, 0), 0);
    thm_text_str(t, " joined, ");
    thm_text_uint(t, thm_msg_get_num(m, THM_KEY_LEFT, 0), 0);
    thm_text_str(t, " left");
    append_members(t, m, ", ");
}

static void show_presence(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_text t;

    if (thm_slice_is(thm_msg_get(m, THM_KEY_USERID), thm_show_own_user(c)))
        return;
    begin_notice(c, &t, m);
    if (thm_msg_has(m, THM_KEY_USERID)) {
        thm_console_note_name(c, m);
        append_deed(&t, m);
    } else {
        append_counts(&t, m);
    }
    end_notice(c, &t, m);
}

static void append_device(struct thm_text *t, const struct thm_msg *m)
{
    thm_show_safe(t,
                  thm_msg_get(m, thm_msg_has(m, THM_KEY_USERID) ? THM_KEY_USERID : THM_KEY_FROM));
    thm_show_key(t, m, THM_KEY_DEVICE, "@");
}

static void show_state(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice room = thm_msg_get(m, THM_KEY_ROOM);
    struct thm_text t;

    thm_show_begin(c, &t, room);
    thm_text_str(&t, "= ");
    append_device(&t, m);
    thm_text_str(&t, ": ");
    thm_show_text(c, &t, THM_STYLE_NOTICE, room, thm_msg_get(m, THM_KEY_TEXT));
}

static void show_user(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice user = thm_msg_get(m, THM_KEY_USERID), alias = thm_msg_get(m, THM_KEY_ALIAS);
    struct thm_text t;

    thm_console_note_name(c, m);
    begin_notice(c, &t, m);
    append_device(&t, m);
    if (alias.len > 0 && !(alias.len == user.len && memcmp(alias.data, user.data, user.len) == 0))
        thm_show_key(&t, m, THM_KEY_ALIAS, ", called ");
    thm_show_key(&t, m, THM_KEY_STATUS, ", ");
    thm_show_key(&t, m, THM_KEY_ROOMS, ", in ");
    if (thm_msg_has(m, THM_KEY_SINCE)) {
        thm_text_str(&t, ", since ");
        thm_show_date(c, &t, thm_msg_get_num(m, THM_KEY_SINCE, 0));
    }
    if (thm_msg_get(m, THM_KEY_AWAY).len > 0)
        thm_show_key(&t, m, THM_KEY_AWAY, ", away: ");
    thm_show_key(&t, m, THM_KEY_AGENT, ", with ");
    thm_show_key(&t, m, THM_KEY_ADDRESS, ", from ");
    thm_show_key(&t, m, THM_KEY_KEY_HASH, ", key ");
    thm_show_key(&t, m, THM_KEY_TEXT, ", state: ");
    end_notice(c, &t, m);
}

static void show_room(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_text t;

    thm_show_begin(c, &t, (struct thm_slice){"", 0});
    thm_text_str(&t, "* ");
    thm_show_safe(&t, thm_msg_get(m, THM_KEY_ROOM));
    thm_show_key(&t, m, THM_KEY_MEMBERS, ", members: ");
    if (thm_msg_get(m, THM_KEY_TOPIC).len > 0)
        thm_show_key(&t, m, THM_KEY_TOPIC, ", topic: ");
    end_notice(c, &t, m);
}

static void show_end_of_list(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_text t;

    if (thm_slice_is(thm_msg_get(m, THM_KEY_IN), "history"))
        c->in_history = false;
    thm_show_begin(c, &t, thm_msg_get(m, THM_KEY_ROOM));
    thm_text_str(&t, "-- end of ");
    thm_show_safe(&t, thm_msg_get(m, THM_KEY_IN));
    thm_show_key(&t, m, THM_KEY_COUNT, ": ");
    end_notice(c, &t, m);
}

static void show_alias(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_text t;

    begin_notice(c, &t, m);
    thm_text_str(&t, "you are now called ");
    thm_show_safe(&t, thm_msg_get(m, THM_KEY_ALIAS));
    thm_show_key(&t, m, THM_KEY_REASON, ": ");
    end_notice(c, &t, m);
}

static void show_away(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_text t;
    bool away = thm_msg_get(m, THM_KEY_AWAY).len > 0;

    begin_notice(c, &t, m);
    thm_text_str(&t, away ? "you are away: " : "you are back");
    thm_show_safe(&t, thm_msg_get(m, THM_KEY_AWAY));
    end_notice(c, &t, m);
}

/* --- the server, and boards ----------------------------------------------------------------- */

static void show_server(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_text t;

    begin_notice(c, &t, m);
    thm_show_safe(&t, thm_msg_get(m, THM_KEY_SERVER));
    if (thm_msg_has(m, THM_KEY_SINCE)) {
        thm_text_str(&t, ", up since ");
        thm_show_date(c, &t, thm_msg_get_num(m, THM_KEY_SINCE, 0));
    }
    thm_show_key(&t, m, THM_KEY_MEMBERS, ", sessions: ");
    thm_show_key(&t, m, THM_KEY_COUNT, ", messages: ");
    end_notice(c, &t, m);
}

static void show_server_notice(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice nowhere = {"", 0};
    struct thm_text t;

    thm_show_begin(c, &t, nowhere);
    thm_show_clock(c, &t, m);
    thm_text_str(&t, "* notice");
    thm_show_key(&t, m, THM_KEY_FROM, " from ");
    thm_text_str(&t, ": ");
    thm_show_text(c, &t, THM_STYLE_NOTICE, nowhere, thm_msg_get(m, THM_KEY_TEXT));
}

/* A terminal obeys nobody. */
static void refuse_command(struct thm_console *c, const struct thm_msg *m)
{
    char target[2 * THM_ID_MAX + 2];
    struct thm_msg answer;
    struct thm_text t;

    thm_text_init(&t, target, sizeof target);
    append_device(&t, m);
    thm_msg_init(&answer, THM_MSG_RESULT);
    thm_msg_str(&answer, THM_KEY_TO, t.data, t.len);
    thm_msg_str(&answer, THM_KEY_ID, thm_msg_get(m, THM_KEY_ID).data,
                thm_msg_get(m, THM_KEY_ID).len);
    THM_SET(&answer, STATUS, "refused");
    THM_SET(&answer, TEXT, "this is a terminal: no commands here");
    thm_client_request(c->config.client, &answer);
}

static void show_cmd(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice nowhere = {"", 0};
    struct thm_text t;

    if (thm_msg_has(m, THM_KEY_FROM))
        refuse_command(c, m);
    thm_show_begin(c, &t, nowhere);
    thm_text_str(&t, "= ");
    append_device(&t, m);
    thm_text_str(&t, " sent a command, which was refused: ");
    thm_show_text(c, &t, THM_STYLE_NOTICE, nowhere, thm_msg_get(m, THM_KEY_TEXT));
}

static void show_result(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_slice nowhere = {"", 0};
    struct thm_text t;

    thm_show_begin(c, &t, nowhere);
    thm_text_str(&t, "= ");
    append_device(&t, m);
    thm_show_key(&t, m, THM_KEY_STATUS, " ");
    thm_show_key(&t, m, THM_KEY_CODE, ", ");
    if (thm_msg_has(m, THM_KEY_TEXT))
        thm_text_str(&t, ": ");
    thm_show_text(c, &t, THM_STYLE_NOTICE, nowhere, thm_msg_get(m, THM_KEY_TEXT));
}

/* The commands that do something here. */
static void show_commands(struct thm_console *c)
{
    struct thm_slice nowhere = {"", 0};
    struct thm_text t;

    thm_show_begin(c, &t, nowhere);
    thm_text_str(&t, "* commands:");
    for (const struct thm_command *command = thm_console_commands(); command->name; command++) {
        if (!thm_console_supports(c, command->needs))
            continue;
        thm_text_char(&t, ' ');
        thm_text_str(&t, command->name);
    }
    thm_text_str(&t, " (/help explains them)");
    thm_show_end(c, &t, THM_STYLE_NOTICE, nowhere);
}

static void show_welcome(struct thm_console *c, const struct thm_msg *m)
{
    struct thm_text t;

    thm_console_learn(c, m);
    if (c->welcomed)
        return;
    c->welcomed = true;
    begin_notice(c, &t, m);
    thm_text_str(&t, "you are ");
    thm_show_sender(&t, m);
    thm_show_key(&t, m, THM_KEY_DEVICE, " on ");
    thm_show_key(&t, m, THM_KEY_SERVER, ", at ");
    end_notice(c, &t, m);
    show_commands(c);
}

static void (*const lines[THM_TYPES_END])(struct thm_console *c, const struct thm_msg *m) = {
    [THM_MSG_AUTH_REPLY] = show_welcome,
    [THM_MSG_MESSAGE] = thm_show_said,
    [THM_MSG_WHISPER] = thm_show_said,
    [THM_MSG_PAST] = thm_show_said,
    [THM_MSG_JOINED] = show_joined,
    [THM_MSG_LEFT] = show_left,
    [THM_MSG_GAP] = show_gap,
    [THM_MSG_TOPIC] = show_topic,
    [THM_MSG_PRESENCE] = show_presence,
    [THM_MSG_STATE] = show_state,
    [THM_MSG_USER] = show_user,
    [THM_MSG_ROOM] = show_room,
    [THM_MSG_END] = show_end_of_list,
    [THM_MSG_ALIAS] = show_alias,
    [THM_MSG_AWAY] = show_away,
    [THM_MSG_SERVER] = show_server,
    [THM_MSG_NOTICE] = show_server_notice,
    [THM_MSG_ERROR] = thm_trouble_line,
    [THM_MSG_REFUSED] = thm_trouble_line,
    [THM_MSG_CMD] = show_cmd,
    [THM_MSG_RESULT] = show_result,
};

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

static void show_line(struct thm_console *c, const struct thm_msg *m)
{
    if (lines[m->type] != NULL)
        lines[m->type](c, m);
    thm_console_answered(c, m);
}

void thm_console_event(struct thm_console *c, const struct thm_client_event *event)
{
    switch (event->kind) {
    case THM_CLIENT_STATE: show_state_change(c, event); break;
    case THM_CLIENT_LINE: show_line(c, event->msg); break;
    case THM_CLIENT_ACKED: break;
    case THM_CLIENT_LOST: thm_trouble_lost(c, event); break;
    case THM_CLIENT_ENDED:
        if (event->code != THM_OK)
            thm_trouble_ended(c, event);
        break;
    }
}
